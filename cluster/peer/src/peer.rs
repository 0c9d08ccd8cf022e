//! What a node knows of one peer: where it is, the connections with it, what waits for it.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use crate::NodeId;
use crate::bus::LiveOutbox;
use crate::call::Serving;
use crate::connection::{Connection, Vitals};
use crate::dial::Dial;
use crate::message::Link;
use crate::sync::lock;

/// What a node knows of one peer.
pub(crate) struct Peer {
    pub(crate) node: NodeId,
    pub(crate) address: Mutex<Option<Arc<str>>>,
    pub(crate) dials: [Dial; Link::ALL.len()],
    pub(crate) accepted: [Mutex<Option<Arc<Connection>>>; Link::ALL.len()],
    pub(crate) serving: [Arc<Serving>; Link::ALL.len()],
    pub(crate) vitals: Arc<Vitals>,
    pub(crate) live: LiveOutbox,
    /// Whether the task that empties `live` has been started.
    pub(crate) pumped: AtomicBool,
}

impl Peer {
    pub(crate) fn new(node: NodeId) -> Self {
        Self {
            node,
            address: Mutex::new(None),
            dials: std::array::from_fn(|_| Dial::new()),
            accepted: std::array::from_fn(|_| Mutex::new(None)),
            serving: std::array::from_fn(|_| Arc::new(Serving::new())),
            vitals: Arc::new(Vitals::new()),
            live: LiveOutbox::default(),
            pumped: AtomicBool::new(false),
        }
    }

    pub(crate) fn accepted(&self, link: Link) -> Option<Arc<Connection>> {
        let accepted = lock(&self.accepted[link.index()]);
        accepted.as_ref().filter(|connection| !connection.is_closed()).cloned()
    }

    pub(crate) fn is_connected(&self) -> bool {
        Link::ALL.iter().any(|link| self.dials[link.index()].up().is_some() || self.accepted(*link).is_some())
    }

    pub(crate) fn disconnect(&self, reason: &str) {
        for dial in &self.dials {
            dial.reset(reason);
        }
        for accepted in &self.accepted {
            let connection = lock(accepted).take();
            connection.inspect(|connection| connection.close(reason));
        }
    }
}
