//! Somebody's line to the nodes: a mobile network, the cable of a room. It delays, loses and doubles requests as the ways between nodes do, goes
//! dark in a tunnel, and is cut; bytes of a WebSocket keep their order and are held while it is dark, as TCP has it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use agree::stage::{self, WORLD};
use bytes::Bytes;
use edge::staged::Asked;
use raft::NodeId;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split},
    sync::{Notify, oneshot},
    time::{sleep, timeout},
};

use crate::town::Town;

/// How long one attempt waits. Shorter than what a node takes to give up, so that a retry meets its own first attempt under way.
pub const ATTEMPT_MAX: Duration = Duration::from_secs(4);

/// Who finds the line dark looks again after this long.
const DARK_PAUSE: Duration = Duration::from_millis(50);

/// Bytes under way in one direction of a WebSocket.
const PIPE_BYTES: usize = 64 * 1024;

/// Bytes that are carried at a time.
const CARRIED_BYTES: usize = 4 * 1024;

/// The line of somebody.
#[derive(Default)]
pub struct Line {
    is_dark: AtomicBool,
    cut: Notify,
}

impl Line {
    /// Goes into a tunnel, or comes out of it.
    pub fn set_dark(&self, is_dark: bool) {
        self.is_dark.store(is_dark, Ordering::Relaxed);
    }

    /// Whether nothing comes through.
    #[must_use]
    pub fn is_dark(&self) -> bool {
        self.is_dark.load(Ordering::Relaxed)
    }

    /// Cuts what is connected over it now.
    pub fn cut(&self) {
        self.cut.notify_waiters();
    }

    async fn light(&self) {
        while self.is_dark() {
            sleep(DARK_PAUSE).await;
        }
    }
}

/// How long something takes over a line now.
fn takes(town: &Town) -> Duration {
    let longest = town.world.ways().delay_ms_max;
    town.world.chance().ms(0, longest)
}

fn is_lost(town: &Town) -> bool {
    let lost = town.world.ways().lost_per_mille;
    town.world.chance().per_mille(lost)
}

/// Asks a node; none: nobody knows what became of it.
pub async fn ask(town: &Town, line: &Line, node: NodeId, asked: Asked) -> Option<(u16, Bytes)> {
    let answered = async {
        line.light().await;
        sleep(takes(town)).await;
        if is_lost(town) {
            return std::future::pending().await;
        }
        // Nobody listens: that is heard at once.
        let host = town.hosts.at(node)?;
        let doubled = town.world.ways().doubled_per_mille;
        if town.world.chance().per_mille(doubled) {
            let (host, asked) = (Arc::clone(&host), asked.clone());
            stage::spawn_on(node, async move { drop(host.door.ask(asked).await) });
        }
        let (tell, answer) = oneshot::channel();
        stage::spawn_on(node, async move {
            // Who asked may not wait any more.
            let _ = tell.send(host.door.ask(asked).await);
        });
        let answer = answer.await.ok()?;
        sleep(takes(town)).await;
        line.light().await;
        if is_lost(town) {
            return std::future::pending().await;
        }
        Some(answer)
    };
    timeout(ATTEMPT_MAX, answered).await.ok().flatten()
}

/// Opens the bytes of a WebSocket to a node, on which the node serves a screen; none: nobody listens.
pub fn connect(town: &Arc<Town>, line: &Arc<Line>, node: NodeId) -> Option<DuplexStream> {
    let host = town.hosts.at(node)?;
    let (near, inner) = duplex(PIPE_BYTES);
    let (outer, far) = duplex(PIPE_BYTES);
    stage::spawn_on(node, async move { host.door.show(far).await });
    stage::spawn_on(WORLD, relay(Arc::clone(town), Arc::clone(line), inner, outer));
    Some(near)
}

/// Carries both directions until either ends or the line is cut; then both ends hear that it is over.
async fn relay(town: Arc<Town>, line: Arc<Line>, near: DuplexStream, far: DuplexStream) {
    let (near_read, near_write) = split(near);
    let (far_read, far_write) = split(far);
    tokio::select! {
        biased;
        () = line.cut.notified() => {}
        () = carry(&town, &line, near_read, far_write) => {}
        () = carry(&town, &line, far_read, near_write) => {}
    }
}

async fn carry(town: &Town, line: &Line, mut from: ReadHalf<DuplexStream>, mut to: WriteHalf<DuplexStream>) {
    let mut bytes = vec![0; CARRIED_BYTES];
    loop {
        let count = match from.read(&mut bytes).await {
            Ok(0) | Err(_) => return,
            Ok(count) => count,
        };
        sleep(takes(town)).await;
        line.light().await;
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
