//! Whether a peer's process has ended, which is known much sooner than that a peer is silent.
//!
//! When a process ends, however it ends, its host closes its connections and refuses new ones. A cut line, a stopped
//! process or a host without power does neither: those are found out by silence, as everywhere.

use std::{io::ErrorKind, time::Duration};

use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::{NodeId, Peers, peers::Inner, sync::lock};

/// How long a host may take to refuse; one that takes longer is far away or gone, which is not known here.
const REFUSAL_WAIT_MAX: Duration = Duration::from_millis(250);

/// A host closes the files of a process one after the other: its listener may outlive its connections for a moment.
const TRIES: u32 = 4;

/// Between two tries.
const TRY_PAUSE: Duration = Duration::from_millis(15);

impl Peers {
    /// Resolves when the peer's process is known to have ended: a connection with it was closed, and its host refuses a new
    /// one. Never for a peer that is merely silent, or whose address this node does not know.
    pub async fn ended(&self, node: NodeId) {
        let inner = self.inner();
        let Some(peer) = lock(&inner.peers).get(&node).cloned() else { return std::future::pending().await };
        let mut closings = peer.vitals.closings.subscribe();
        // One that is not connected now may have ended before anybody asked.
        if !peer.is_connected() && inner.is_refused(node).await {
            return;
        }
        loop {
            if closings.changed().await.is_err() {
                return std::future::pending().await;
            }
            if inner.is_refused(node).await {
                return;
            }
        }
    }
}

impl Inner {
    /// Whether the peer's host says that nobody listens at its address.
    async fn is_refused(&self, node: NodeId) -> bool {
        for _ in 0..TRIES {
            let address = lock(&self.peers).get(&node).and_then(|peer| lock(&peer.address).clone());
            let Some(address) = address else { return false };
            match timeout(REFUSAL_WAIT_MAX, TcpStream::connect(&*address)).await {
                Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => return true,
                Ok(Ok(_)) => sleep(TRY_PAUSE).await,
                Ok(Err(_)) | Err(_) => return false,
            }
        }
        false
    }
}
