//! One follower per group on this node: it reads the group's events as they are applied here and hands them to the group's
//! hub. A screen may be served by any node, because each applies every group.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{EventBatch, EventKind, GroupId, Millis, PersonId, Position, Subject};
use tokio::{
    sync::{Semaphore, mpsc, watch},
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use super::{
    hub::{Hub, Join, Picture, SocketId, Wanted},
    message::ResetReason,
    outbox::Outbox,
    places::Places,
    snapshot::{self, position_at},
    view::View,
};
use crate::{
    cluster::{AppliedAt, BelowFloor, Source, read_at},
    limits::{BATCHES_MAX, HEARTBEAT_MS, HUB_REQUESTS_MAX, SNAPSHOTS_BUILT_MAX, WAKE_INTERVAL},
    stop::stopped,
};

/// What a hub is asked to do.
enum Request {
    Join(Join<Outbox>),
    Leave { socket: SocketId, view: Arc<View> },
    Built { view: Arc<View>, picture: Picture },
}

/// The followers of all groups.
pub(crate) struct Fanout {
    requests: BTreeMap<GroupId, mpsc::Sender<Request>>,
    /// Index in group 0 of the newest event that may have changed somebody's rights.
    rights: watch::Receiver<u64>,
    /// Marked when a camera was put: it may lie elsewhere than before, or be sensitive now.
    cameras: watch::Receiver<()>,
    sockets: AtomicU64,
}

impl Fanout {
    /// Follows every group until `stop` says so.
    pub(crate) fn start(source: &Arc<dyn Source>, stop: &watch::Receiver<bool>) -> Self {
        let (changed, rights) = watch::channel(0);
        let mut changed = Some(changed);
        let (put, cameras) = watch::channel(());
        let builds = Arc::new(Semaphore::new(SNAPSHOTS_BUILT_MAX));
        let mut requests = BTreeMap::new();
        for group in GroupId::all() {
            let (sender, receiver) = mpsc::channel(HUB_REQUESTS_MAX);
            let follower = Follower {
                group,
                source: source.clone(),
                builds: builds.clone(),
                // The first group is the command group, where rights live.
                rights: changed.take(),
                cameras: put.clone(),
                built: sender.downgrade(),
            };
            raft::stage::spawn(follower.run(receiver, stop.clone()));
            requests.insert(group, sender);
        }
        Self { requests, rights, cameras, sockets: AtomicU64::new(1) }
    }

    /// A name for a new socket.
    pub(crate) fn name(&self) -> SocketId {
        self.sockets.fetch_add(1, Ordering::Relaxed)
    }

    /// Changes whenever somebody's rights may have.
    pub(crate) fn rights(&self) -> watch::Receiver<u64> {
        self.rights.clone()
    }

    /// Changes whenever a camera was put.
    pub(crate) fn cameras(&self) -> watch::Receiver<()> {
        self.cameras.clone()
    }

    /// Joins every group: where it was in those named in `from`, with a picture in the rest.
    pub(crate) async fn join(
        &self,
        socket: SocketId,
        view: &Arc<View>,
        outbox: &Outbox,
        from: &[Position],
        reset: Option<ResetReason>,
    ) {
        for (group, requests) in &self.requests {
            let from = from.iter().find(|position| position.group == *group).copied();
            let join = Join { socket, view: view.clone(), sink: outbox.clone(), from, reset };
            // A follower that has stopped takes the node with it; the socket learns that from elsewhere.
            let _ = requests.send(Request::Join(join)).await;
        }
    }

    /// Leaves every group.
    pub(crate) async fn leave(&self, socket: SocketId, view: &Arc<View>) {
        for requests in self.requests.values() {
            let _ = requests.send(Request::Leave { socket, view: view.clone() }).await;
        }
    }
}

/// Whether what a screen saw up to `from` may have been seen with other rights than hold now: then its positions are void.
pub(crate) fn rights_may_differ(source: &dyn Source, person: &PersonId, from: &[Position]) -> bool {
    // A screen of another epoch, which is the cluster before it was restored, is told so by each group.
    if from.iter().all(|position| position.epoch != source.epoch()) {
        return false;
    }
    let Some(seen) = from.iter().find(|position| position.group == GroupId::COMMAND) else { return true };
    if seen.epoch != source.epoch() {
        return true;
    }
    let applied = source.applied(GroupId::COMMAND).index;
    let mut reached = seen.index;
    while reached < applied {
        let Ok(batches) = source.events_after(GroupId::COMMAND, reached, BATCHES_MAX) else { return true };
        if batches.iter().any(|batch| changes_rights(batch, Some(person))) {
            return true;
        }
        match batches.last() {
            Some(last) if batches.len() == BATCHES_MAX => reached = last.index,
            _ => break,
        }
    }
    // A screen that has seen more than this node has applied is looked at again when the missing events come.
    false
}

/// Whether the batch may change what the person sees (`None`: anybody).
fn changes_rights(batch: &EventBatch, of: Option<&PersonId>) -> bool {
    batch.events.iter().any(|event| match &event.subject {
        Some(Subject::Person(person)) => of.is_none_or(|of| *of == person.id),
        Some(Subject::District(_)) => true,
        _ => false,
    })
}

/// Whether the batch may change who sees a camera's picture, or on what terms.
fn puts_cameras(batch: &EventBatch) -> bool {
    batch.events.iter().any(|event| event.kind == EventKind::CameraRegistered)
}

/// How far a look at the tail reaches: `applied` was read before it, and it stops at `BATCHES_MAX`.
pub(crate) fn reach(mut batches: Vec<Arc<EventBatch>>, applied: AppliedAt) -> (Vec<Arc<EventBatch>>, u64, Millis) {
    // What came after `applied` was read may not be whole.
    batches.retain(|batch| batch.index <= applied.index);
    match batches.last() {
        Some(last) if batches.len() >= BATCHES_MAX => {
            let (index, at_ms) = (last.index, last.at_ms);
            (batches, index, at_ms)
        }
        _ => (batches, applied.index, applied.at_ms),
    }
}

/// Follows one group.
struct Follower {
    group: GroupId,
    source: Arc<dyn Source>,
    builds: Arc<Semaphore>,
    /// For the command group.
    rights: Option<watch::Sender<u64>>,
    cameras: watch::Sender<()>,
    built: mpsc::WeakSender<Request>,
}

impl Follower {
    async fn run(self, mut requests: mpsc::Receiver<Request>, mut stop: watch::Receiver<bool>) {
        let (at, at_ms, places) = self.seed();
        let mut hub = Hub::new(at, at_ms, places);
        let mut beats = interval(Duration::from_millis(HEARTBEAT_MS));
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut not_before = Instant::now();
        loop {
            let applied = async {
                sleep_until(not_before).await;
                self.source.applied_after(self.group, hub.at().index).await
            };
            // What was applied waits `WAKE_INTERVAL` before it counts again, so that it keeps no request from its turn.
            tokio::select! {
                biased;
                () = stopped(&mut stop) => return,
                _ = beats.tick() => hub.beat(),
                applied = applied => {
                    if applied.is_none() {
                        return;
                    }
                    not_before = Instant::now() + WAKE_INTERVAL;
                    self.pump(&mut hub);
                }
                request = requests.recv() => {
                    let Some(request) = request else { return };
                    let wanted = self.answer(&mut hub, request);
                    self.build(wanted);
                }
            }
        }
    }

    fn answer(&self, hub: &mut Hub<Outbox>, request: Request) -> Wanted {
        let source = self.source.clone();
        let group = self.group;
        let tail = move |index| source.events_after(group, index, BATCHES_MAX);
        match request {
            Request::Join(join) => hub.join(join, &tail),
            Request::Built { view, picture } => hub.built(&view, picture, &tail),
            Request::Leave { socket, view } => {
                hub.leave(socket, &view);
                Wanted::new()
            }
        }
    }

    /// Takes all that is applied by now.
    fn pump(&self, hub: &mut Hub<Outbox>) {
        let source = self.source.clone();
        let group = self.group;
        let tail = move |index| source.events_after(group, index, BATCHES_MAX);
        loop {
            // Read before the batches, which are whole up to here.
            let applied = self.source.applied(self.group);
            if applied.index <= hub.at().index {
                return;
            }
            match self.source.events_after(self.group, hub.at().index, BATCHES_MAX) {
                Ok(batches) => {
                    let (batches, index, at_ms) = reach(batches, applied);
                    let wanted = hub.advance(&batches, index, at_ms, &tail);
                    self.build(wanted);
                    if let Some(rights) = &self.rights
                        && let Some(changed) = batches.iter().rfind(|batch| changes_rights(batch, None))
                    {
                        rights.send_replace(changed.index);
                    }
                    if batches.iter().any(|batch| puts_cameras(batch)) {
                        self.cameras.send_replace(());
                    }
                }
                Err(BelowFloor { floor }) => {
                    tracing::info!(group = %self.group, at = %hub.at(), floor, "screens: the tail has passed by, new pictures");
                    let (at, at_ms, places) = self.seed();
                    let wanted = hub.restart(at, at_ms, places, &tail);
                    self.build(wanted);
                    if let Some(rights) = &self.rights {
                        rights.send_replace(at.index);
                    }
                    self.cameras.send_replace(());
                }
            }
        }
    }

    /// Where the group is, and where its records lie.
    fn seed(&self) -> (Position, Millis, Places) {
        let (applied, places) = read_at(&*self.source, self.group, |state, at| (at, Places::of_state(state)));
        (position_at(&*self.source, self.group, applied.index), applied.at_ms, places)
    }

    /// Has pictures built, elsewhere: a large one takes a while.
    fn build(&self, wanted: Wanted) {
        for view in wanted {
            let (source, group, builds, built) =
                (self.source.clone(), self.group, self.builds.clone(), self.built.clone());
            raft::stage::spawn(async move {
                let Ok(_permit) = builds.acquire_owned().await else { return };
                let of = view.clone();
                let building = raft::stage::blocking(move || Ok(snapshot::build(&*source, group, &of)));
                let (Ok(picture), Some(built)) = (building.await, built.upgrade()) else { return };
                let _ = built.send(Request::Built { view, picture }).await;
            });
        }
    }
}
