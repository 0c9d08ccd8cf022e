//! The nodes of a play: what is up, what is stored, how the ways are, and who watches.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::GroupId;
use raft::{Groups, Node, NodeId, memory::MemoryDisk};
use tokio::{sync::Notify, time::sleep};

use crate::{
    bug::Bug,
    chance::Chance,
    counts::Counts,
    disk::SimDisk,
    history::History,
    judge::{Judges, Verdict, Violation},
    keeper,
    network::{Link, Ways},
    stage,
};

/// Groups that play: the command group and one field group, so that two share each disk's queue.
pub const GROUPS: usize = 2;

/// The field group that plays.
pub const FIELD: GroupId = GroupId(1);

/// The epoch of the cluster.
const EPOCH: u64 = 7;

/// A node whose disk has given an error ends within this time, in ms.
const END_MS_MAX: u64 = 5;

/// Nodes that have heard each other for this long know each other's clocks.
pub const SETTLED_AFTER: Duration = Duration::from_millis(1_500);

/// What a play is made of, beside its seed.
#[derive(Clone, Debug)]
pub struct Play {
    /// Which.
    pub seed: u64,
    /// Nodes.
    pub nodes: u64,
    /// How long the storm lasts.
    pub storm: Duration,
    /// The mistake that is made; none: consensus as it is.
    pub bug: Option<Bug>,
    /// Whether the lines of the history are kept.
    pub keeps_lines: bool,
}

/// Who stands on consensus at each node. Without one, stand-ins act for a leader ([`keeper`]).
pub trait Crew: Send + Sync {
    /// Consensus has started on the node. Called in a task of the node, so that whatever is spawned ends with it.
    fn starts(&self, world: &Arc<World>, node: NodeId, groups: &Groups);
    /// The node's process has ended: its tasks are gone.
    fn ends(&self, node: NodeId);
}

#[derive(Default)]
struct Place {
    groups: Option<Groups>,
    disk: Option<Arc<SimDisk>>,
    /// What the next start finds.
    stored: Option<MemoryDisk>,
    ended: Arc<Notify>,
    /// It has left the cluster and does not start again.
    is_gone: bool,
}

impl Place {
    fn with(stored: MemoryDisk) -> Self {
        Self { stored: Some(stored), ..Self::default() }
    }
}

/// Everything that a play has but its tasks.
pub struct World {
    /// What is played.
    pub play: Play,
    /// Who watches.
    pub judges: Judges,
    /// Rings when somebody has found something.
    pub found: Notify,
    storms: AtomicBool,
    ticks: AtomicU64,
    /// When a fault last came or went.
    changed: Mutex<Duration>,
    violation: Mutex<Option<Violation>>,
    chance: Mutex<Chance>,
    history: Mutex<History>,
    counts: Mutex<Counts>,
    ways: Mutex<Ways>,
    places: Mutex<BTreeMap<NodeId, Place>>,
    /// Who votes once every change that was begun is done.
    members: Mutex<BTreeSet<NodeId>>,
    crew: OnceLock<Arc<dyn Crew>>,
    epoch: u64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// A world in which nothing runs yet.
    #[must_use]
    pub fn new(play: Play) -> Arc<Self> {
        let disks = (1..=play.nodes).map(|id| (id, MemoryDisk::new())).collect();
        let judges = Judges::new(play.nodes);
        Self::on(play, disks, judges, EPOCH)
    }

    /// A world of a cluster that was made of a backup, on what its nodes have stored.
    #[must_use]
    pub fn restored(play: Play, disks: BTreeMap<NodeId, MemoryDisk>) -> Arc<Self> {
        let judges = Judges::off(play.nodes);
        Self::on(play, disks, judges, EPOCH + 1)
    }

    fn on(play: Play, disks: BTreeMap<NodeId, MemoryDisk>, judges: Judges, epoch: u64) -> Arc<Self> {
        Arc::new(Self {
            judges,
            epoch,
            crew: OnceLock::new(),
            members: Mutex::new(disks.keys().copied().collect()),
            found: Notify::new(),
            storms: AtomicBool::new(false),
            ticks: AtomicU64::new(0),
            changed: Mutex::new(Duration::ZERO),
            violation: Mutex::default(),
            chance: Mutex::new(Chance::new(play.seed ^ 0x5eed)),
            history: Mutex::new(History::new(play.keeps_lines)),
            counts: Mutex::default(),
            ways: Mutex::default(),
            places: Mutex::new(disks.into_iter().map(|(id, disk)| (id, Place::with(disk))).collect()),
            play,
        })
    }

    /// Has this crew stand on every node that starts from now on; the first one stays.
    pub fn set_crew(&self, crew: Arc<dyn Crew>) {
        let _ = self.crew.set(crew);
    }

    /// The chance of the world. Never held over an await.
    pub fn chance(&self) -> MutexGuard<'_, Chance> {
        lock(&self.chance)
    }

    /// How the ways are. Never held over an await.
    pub fn ways(&self) -> MutexGuard<'_, Ways> {
        lock(&self.ways)
    }

    /// Adds a line to the history.
    pub fn note(&self, line: fmt::Arguments<'_>) {
        lock(&self.history).note(stage::elapsed(), line);
    }

    /// The history.
    pub fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.history)
    }

    /// Counts something.
    pub fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut lock(&self.counts));
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *lock(&self.counts)
    }

    /// Whether this mistake is made.
    #[must_use]
    pub fn has(&self, bug: Bug) -> bool {
        self.play.bug == Some(bug)
    }

    /// A judge has found something. The first counts: what follows may be its consequence.
    pub fn violate(&self, judge: &'static str, what: fmt::Arguments<'_>) {
        self.note(format_args!("VIOLATION {judge}: {what}"));
        let mut violation = lock(&self.violation);
        if violation.is_none() {
            *violation = Some(Violation { judge, what: what.to_string() });
        }
        self.found.notify_one();
    }

    /// Says what a judge has found, if anything.
    pub fn hold(&self, verdict: Verdict) {
        if let Err(found) = verdict {
            self.violate(found.judge, format_args!("{}", found.what));
        }
    }

    /// What was found first.
    #[must_use]
    pub fn violation(&self) -> Option<Violation> {
        lock(&self.violation).clone()
    }

    /// Whether faults may still come.
    #[must_use]
    pub fn storms(&self) -> bool {
        self.storms.load(Ordering::Relaxed)
    }

    /// Begins or ends the storm.
    pub fn set_storms(&self, storms: bool) {
        self.storms.store(storms, Ordering::Relaxed);
    }

    /// A moment: each is later than all before it.
    pub fn tick(&self) -> u64 {
        self.ticks.fetch_add(1, Ordering::Relaxed)
    }

    /// A fault comes or goes.
    pub fn changes(&self) {
        *lock(&self.changed) = stage::elapsed();
    }

    /// Whether all nodes have been up and have heard each other for a while, with the clocks as they are.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let since = stage::elapsed().saturating_sub(*lock(&self.changed));
        since >= SETTLED_AFTER && self.ways().cut.is_empty() && self.node_ids().all(|node| self.groups(node).is_some())
    }

    /// All nodes that belong to the cluster or are about to, up or not.
    pub fn node_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        let places = lock(&self.places);
        let ids: Vec<NodeId> = places.iter().filter(|(_, place)| !place.is_gone).map(|(id, _)| *id).collect();
        ids.into_iter()
    }

    /// All nodes that ever belonged to it.
    pub fn ever_ids(&self) -> impl Iterator<Item = NodeId> + use<> {
        let ids: Vec<NodeId> = lock(&self.places).keys().copied().collect();
        ids.into_iter()
    }

    /// One of the nodes.
    #[must_use]
    pub fn any(&self) -> NodeId {
        let ids: Vec<NodeId> = self.node_ids().collect();
        self.chance().pick(&ids).copied().unwrap_or(1)
    }

    /// Who votes once every change that was begun is done.
    #[must_use]
    pub fn members(&self) -> BTreeSet<NodeId> {
        lock(&self.members).clone()
    }

    /// A node has come to vote.
    pub fn votes(&self, id: NodeId) {
        lock(&self.members).insert(id);
    }

    /// A node with an empty disk starts, to be taken in.
    pub fn join(self: &Arc<Self>, id: NodeId) {
        lock(&self.places).entry(id).or_insert_with(|| Place::with(MemoryDisk::new()));
        self.start(id);
    }

    /// A node that is out of the cluster ends, and does not come back.
    pub fn leave(&self, id: NodeId) {
        lock(&self.members).remove(&id);
        if let Some(place) = lock(&self.places).get_mut(&id) {
            place.is_gone = true;
        }
        self.kill(id);
    }

    /// All groups that play.
    pub fn group_ids() -> impl Iterator<Item = GroupId> {
        GroupId::all().take(GROUPS)
    }

    /// Whether the node's process runs.
    #[must_use]
    pub fn is_up(&self, node: NodeId) -> bool {
        self.disk(node).is_some()
    }

    /// Consensus on a node that has started.
    #[must_use]
    pub fn groups(&self, node: NodeId) -> Option<Groups> {
        lock(&self.places).get(&node)?.groups.clone()
    }

    /// The disk of a node that runs.
    #[must_use]
    pub fn disk(&self, node: NodeId) -> Option<Arc<SimDisk>> {
        lock(&self.places).get(&node)?.disk.clone()
    }

    /// What is stored at a node, whether it runs or not.
    #[must_use]
    pub fn stored(&self, node: NodeId) -> Option<MemoryDisk> {
        let places = lock(&self.places);
        let place = places.get(&node)?;
        place.disk.as_ref().map(|disk| disk.written().clone()).or_else(|| place.stored.clone())
    }

    /// Rings when the node's process ends.
    #[must_use]
    pub fn ended(&self, node: NodeId) -> Option<Arc<Notify>> {
        Some(Arc::clone(&lock(&self.places).get(&node)?.ended))
    }

    /// Where the founders are.
    fn founders(&self) -> BTreeMap<NodeId, Node> {
        (1..=self.play.nodes).map(|id| (id, Self::address_of(id))).collect()
    }

    /// Where a node is reached.
    #[must_use]
    pub fn address_of(id: NodeId) -> Node {
        Node { peer_address: format!("node-{id}:7001"), public_url: String::new() }
    }

    /// Starts a node on what it has stored. Nothing, when it runs.
    pub fn start(self: &Arc<Self>, id: NodeId) {
        let disk = {
            let mut places = lock(&self.places);
            let Some(place) = places.get_mut(&id).filter(|place| !place.is_gone) else { return };
            let Some(stored) = place.stored.take() else { return };
            let disk = Arc::new(SimDisk::new(Arc::clone(self), id, stored));
            place.disk = Some(Arc::clone(&disk));
            disk
        };
        self.changes();
        self.note(format_args!("node {id} starts"));
        self.judges.starts(self, id);
        stage::spawn_on(id, Arc::clone(&disk).run());
        let world = Arc::clone(self);
        stage::spawn_on(id, async move {
            let link = Link::new(Arc::clone(&world), id);
            match Groups::start_first(id, world.epoch, Arc::clone(&disk) as Arc<_>, link, GROUPS).await {
                Ok(groups) => world.started(id, groups).await,
                Err(_) if disk.is_broken() => {}
                Err(error) => world.violate("start", format_args!("node {id} does not start: {error}")),
            }
        });
    }

    async fn started(self: &Arc<Self>, id: NodeId, groups: Groups) {
        if let Some(place) = lock(&self.places).get_mut(&id) {
            place.groups = Some(groups.clone());
        }
        self.note(format_args!("node {id} has started"));
        for group in Self::group_ids() {
            let (world, groups) = (Arc::clone(self), groups.clone());
            let kept = self.crew.get().is_none();
            let kept = kept.then(|| keeper::keep(Arc::clone(&world), id, group, groups.clone()));
            stage::spawn_on(id, async move { world.watch_lead(id, group, groups).await });
            if let Some(kept) = kept {
                stage::spawn_on(id, kept);
            }
        }
        if let Some(crew) = self.crew.get() {
            crew.starts(self, id, &groups);
        }
        if id > self.play.nodes || self.epoch != EPOCH {
            return;
        }
        let outcome = groups.initialize(&self.founders()).await;
        if let Err(error) = outcome
            && self.disk(id).is_some_and(|disk| !disk.is_broken())
        {
            self.violate("start", format_args!("node {id} cannot be made a founder: {error}"));
        }
    }

    /// Notes who leads, as this node sees it, and lets the judges look.
    async fn watch_lead(self: Arc<Self>, id: NodeId, group: GroupId, groups: Groups) {
        let mut leads = groups.lead_watch(group);
        loop {
            let lead = *leads.borrow_and_update();
            self.note(format_args!("node {id} group {group} sees {lead:?}"));
            self.judges.leads(&self, id, group, lead, groups.applied(group));
            if leads.changed().await.is_err() {
                return;
            }
        }
    }

    /// Ends a node's process: all its tasks at once, and of its disk what a crash leaves.
    pub fn kill(&self, id: NodeId) {
        let disk = {
            let mut places = lock(&self.places);
            let Some(place) = places.get_mut(&id) else { return };
            let Some(disk) = place.disk.take() else { return };
            drop(place.groups.take());
            disk
        };
        let stored = disk.crash();
        stage::kill(id);
        if let Some(crew) = self.crew.get() {
            crew.ends(id);
        }
        self.changes();
        self.note(format_args!("node {id} has ended"));
        self.count(|counts| counts.crashes += 1);
        if let Some(place) = lock(&self.places).get_mut(&id) {
            place.stored = Some(stored);
            place.ended.notify_waiters();
        }
    }

    /// A disk has given an error: the process ends, and comes back after a while.
    pub fn disk_failed(self: &Arc<Self>, id: NodeId) {
        let world = Arc::clone(self);
        stage::spawn_on(stage::WORLD, async move {
            let (ends, pause) = {
                let mut chance = world.chance();
                (chance.ms(0, END_MS_MAX), chance.ms(100, 2_000))
            };
            sleep(ends).await;
            if world.disk(id).is_some_and(|disk| disk.is_broken()) {
                world.kill(id);
                sleep(pause).await;
                world.start(id);
            }
        });
    }

    /// Lets go of everything, so that nothing holds anything in a circle.
    pub fn clear(&self) {
        if let Some(crew) = self.crew.get() {
            self.ever_ids().for_each(|node| crew.ends(node));
        }
        lock(&self.places).clear();
    }
}
