//! The way between nodes: it delays, loses and doubles calls, breaks streams off, and is cut in one direction or both. What is in a
//! stream keeps its order, as on a connection.

use std::{
    collections::BTreeSet,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::future::BoxFuture;
use peer::{CallError, Lane};
use raft::{Groups, Incoming, Mesh, NodeId, Outgoing, Stream};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep, sleep_until, timeout_at},
};

use crate::{
    stage::{self, WORLD},
    world::World,
};

/// Messages in one direction of a stream, as `peer` has them: its window.
const WINDOW_MESSAGES: usize = 64;

/// A connection that is silent for so long is dropped, as `peer` does.
const SILENCE_MAX: Duration = Duration::from_secs(3);

/// Who finds a cut looks again after this long.
const CUT_PAUSE: Duration = Duration::from_millis(25);

/// How the ways are at this moment.
#[derive(Clone, Debug)]
pub struct Ways {
    /// Nothing goes from the first to the second.
    pub cut: BTreeSet<(NodeId, NodeId)>,
    /// Of a thousand messages so many are lost; as many streams break off.
    pub lost_per_mille: u64,
    /// Of a thousand calls so many arrive twice.
    pub doubled_per_mille: u64,
    /// A message takes this long at most, in ms.
    pub delay_ms_max: u64,
}

impl Default for Ways {
    fn default() -> Self {
        Self { cut: BTreeSet::new(), lost_per_mille: 0, doubled_per_mille: 0, delay_ms_max: 3 }
    }
}

impl World {
    /// How long a message takes now; `None`: it is lost.
    #[must_use]
    pub fn way(&self, from: NodeId, to: NodeId) -> Option<Duration> {
        let (is_cut, lost, longest) = {
            let ways = self.ways();
            (ways.cut.contains(&(from, to)), ways.lost_per_mille, ways.delay_ms_max)
        };
        let mut chance = self.chance();
        let (is_lost, takes) = (chance.per_mille(lost), chance.ms(0, longest));
        (!is_cut && !is_lost).then_some(takes)
    }

    fn is_cut(&self, from: NodeId, to: NodeId) -> bool {
        self.ways().cut.contains(&(from, to))
    }

    fn is_lost(&self) -> bool {
        let lost = self.ways().lost_per_mille;
        self.chance().per_mille(lost)
    }

    fn is_doubled(&self) -> bool {
        let doubled = self.ways().doubled_per_mille;
        self.chance().per_mille(doubled)
    }
}

fn closed(why: &str) -> CallError {
    CallError::Closed(why.to_owned())
}

/// One node's way to the others.
pub struct Link {
    world: Arc<World>,
    me: NodeId,
}

impl Link {
    /// That of `me`.
    #[must_use]
    pub fn new(world: Arc<World>, me: NodeId) -> Self {
        Self { world, me }
    }

    /// The groups of a node that answers there.
    fn groups(&self, to: NodeId) -> Result<Groups, CallError> {
        match self.world.groups(to) {
            Some(groups) => Ok(groups),
            None if self.world.is_up(to) => Err(CallError::Remote("starting".to_owned())),
            None => Err(CallError::Unreachable("connection refused".to_owned())),
        }
    }
}

/// Runs a call on the node that is asked, as a task of its own.
fn serve(
    me: NodeId,
    to: NodeId,
    kind: u16,
    payload: Bytes,
    groups: Groups,
) -> oneshot::Receiver<Result<Bytes, String>> {
    let (tell, answer) = oneshot::channel();
    stage::spawn_on(to, async move {
        // Who asked may be gone.
        let _ = tell.send(groups.serve_call(me, kind, payload).await);
    });
    answer
}

impl Mesh for Link {
    fn set_address(&self, _node: NodeId, _address: &str) {}

    fn call(
        &self,
        to: NodeId,
        _lane: Lane,
        kind: u16,
        payload: Bytes,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Bytes, CallError>> {
        Box::pin(async move {
            let until = Instant::now() + deadline;
            let ask = async {
                let Some(takes) = self.world.way(self.me, to) else { return std::future::pending().await };
                sleep(takes).await;
                let groups = self.groups(to)?;
                if self.world.is_doubled() {
                    drop(serve(self.me, to, kind, payload.clone(), groups.clone()));
                }
                let answer = serve(self.me, to, kind, payload, groups).await;
                let Some(takes) = self.world.way(to, self.me) else { return std::future::pending().await };
                sleep(takes).await;
                answer.map_err(|_| closed("the node has ended"))?.map_err(CallError::Remote)
            };
            timeout_at(until, ask).await.unwrap_or(Err(CallError::Timeout))
        })
    }

    fn open(&self, to: NodeId, _lane: Lane, kind: u16, header: Bytes) -> BoxFuture<'_, Result<Stream, CallError>> {
        Box::pin(async move {
            let Some(takes) = self.world.way(self.me, to) else {
                sleep(SILENCE_MAX).await;
                return Err(CallError::Unreachable("no connection".to_owned()));
            };
            sleep(takes).await;
            let groups = self.groups(to)?;
            let (tx, far_rx) = pipe(&self.world, self.me, to);
            let (far_tx, rx) = pipe(&self.world, to, self.me);
            stage::spawn_on(to, async move { groups.serve_stream(kind, header, far_tx, far_rx).await });
            Ok::<Stream, _>((Box::new(tx), Box::new(rx)))
        })
    }

    fn publish(&self, topic: u16, key: Bytes, value: Bytes) {
        for to in self.world.node_ids().filter(|to| *to != self.me) {
            let Some(takes) = self.world.way(self.me, to) else { continue };
            let (world, me, key, value) = (Arc::clone(&self.world), self.me, key.clone(), value.clone());
            stage::spawn_on(WORLD, async move {
                sleep(takes).await;
                if let Some(groups) = world.groups(to) {
                    groups.serve_live(me, topic, &key, &value);
                }
            });
        }
    }

    fn is_connected(&self, node: NodeId) -> bool {
        self.world.is_up(node) && !self.world.is_cut(self.me, node) && !self.world.is_cut(node, self.me)
    }

    fn clock_offset_ms(&self, node: NodeId) -> Option<i64> {
        self.is_connected(node).then(|| stage::skew_ms(node) - stage::skew_ms(self.me))
    }

    fn ended(&self, node: NodeId) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let Some(ended) = self.world.ended(node) else { return std::future::pending().await };
            loop {
                let next = ended.notified();
                if self.world.is_up(node) {
                    next.await;
                    continue;
                }
                let takes = self.world.chance().ms(1, 20);
                sleep(takes).await;
                if !self.world.is_up(node) && !self.world.is_cut(self.me, node) && !self.world.is_cut(node, self.me) {
                    return;
                }
                sleep(CUT_PAUSE).await;
            }
        })
    }
}

type Item = (Instant, Bytes);

fn pipe(world: &Arc<World>, from: NodeId, to: NodeId) -> (Tx, Rx) {
    let (tx, rx) = mpsc::channel(WINDOW_MESSAGES);
    let is_closed = Arc::new(AtomicBool::new(false));
    let sender = Tx {
        world: Arc::clone(world),
        from,
        to,
        tx,
        newest: Mutex::new(Instant::now()),
        is_broken: AtomicBool::new(false),
        is_closed: Arc::clone(&is_closed),
    };
    (sender, Rx { world: Arc::clone(world), from, to, rx, head: None, cut_since: None, is_broken: false, is_closed })
}

/// The sending half.
struct Tx {
    world: Arc<World>,
    from: NodeId,
    to: NodeId,
    tx: mpsc::Sender<Item>,
    /// When the newest message arrives: none overtakes it.
    newest: Mutex<Instant>,
    is_broken: AtomicBool,
    is_closed: Arc<AtomicBool>,
}

impl Outgoing for Tx {
    fn send(&self, message: Bytes) -> BoxFuture<'_, Result<(), CallError>> {
        Box::pin(async move {
            if self.is_broken.load(Ordering::Relaxed) || self.world.is_lost() {
                self.is_broken.store(true, Ordering::Relaxed);
                return Err(closed("the connection is reset"));
            }
            let room = self.tx.reserve().await.map_err(|_| closed("the receiver is gone"))?;
            let longest = self.world.ways().delay_ms_max;
            let takes = self.world.chance().ms(0, longest);
            let arrives = {
                let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
                *newest = (Instant::now() + takes).max(*newest);
                *newest
            };
            room.send((arrives, message));
            Ok(())
        })
    }

    fn close(self: Box<Self>) {
        let is_whole = !self.is_broken.load(Ordering::Relaxed) && !self.world.is_cut(self.from, self.to);
        self.is_closed.store(is_whole, Ordering::Relaxed);
    }
}

/// The receiving half.
struct Rx {
    world: Arc<World>,
    from: NodeId,
    to: NodeId,
    rx: mpsc::Receiver<Item>,
    /// On its way: kept here, so that a dropped future loses nothing.
    head: Option<Item>,
    cut_since: Option<Instant>,
    is_broken: bool,
    is_closed: Arc<AtomicBool>,
}

impl Incoming for Rx {
    fn recv(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, CallError>> {
        Box::pin(async move {
            if self.is_broken {
                return Err(closed("the connection is reset"));
            }
            if self.head.is_none() {
                self.head = self.rx.recv().await;
            }
            let Some((arrives, _)) = self.head else {
                let in_order = self.is_closed.load(Ordering::Relaxed);
                return if in_order { Ok(None) } else { Err(closed("the sender went away")) };
            };
            sleep_until(arrives).await;
            while self.world.is_cut(self.from, self.to) {
                let since = *self.cut_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= SILENCE_MAX {
                    self.is_broken = true;
                    self.rx.close();
                    return Err(closed("the connection is silent"));
                }
                sleep(CUT_PAUSE).await;
            }
            self.cut_since = None;
            Ok(self.head.take().map(|(_, message)| message))
        })
    }
}
