//! A cluster in memory: logs that all nodes share, and nodes that apply them as far as they are told.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{
    CameraHealth, CameraId, Command, Decided, EntityId, Entry, EventBatch, Grant, GroupId, Logged, Millis, PersonId,
    Reading, ReadingVerdict, RecordReadings, Reply, RequestId, RowChange, SessionId, State, Unwritten, policy,
    series::Asked,
};
use futures::future::BoxFuture;
use ingest::rtsp::AccessUnit;
use tokio::sync::{mpsc, watch};

use crate::cluster::{
    AppliedAt, BarrierError, BelowFloor, GroupAge, NotWatchable, Road, RoadError, Source, Taken, Video, read,
};

/// Where the clock of the logs starts: ahead of this machine's, so that sessions outlive the tests.
const CLOCK_MS: u64 = 4_000_000_000_000;
pub(super) const EPOCH: u64 = 7;
/// Of every entry.
pub(super) const TERM: u64 = 5;

/// What happens to the next command.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fate {
    /// It is lost on its way.
    Lost(fn() -> RoadError),
    /// It is applied, and its reply is lost.
    Unanswered,
}

/// A group's log, and the state at its end.
struct Log {
    entries: Vec<Entry>,
    state: State,
    /// At which index a request was taken.
    taken: BTreeMap<(SessionId, u64), u64>,
}

/// What the edge proposes without a person's right: sessions where no rights are kept, codes, what follows a change of rights, what
/// citizens send under their own code, what other services sign, and what they have taken.
const OF_NOBODY: [&str; 14] = [
    "OpenSession",
    "CloseSession",
    "SpendCode",
    "RaisePolicyFloor",
    "PlaceEntities",
    "FileReport",
    "RateReport",
    "ReopenReport",
    "AttachFile",
    "ReceiveHandover",
    "RetractHandover",
    "AnswerHandover",
    "ConfirmNotices",
    "GiveUpNotice",
];

/// The logs.
pub(super) struct Cluster {
    logs: Mutex<BTreeMap<GroupId, Log>>,
    nodes: Mutex<Vec<Arc<Node>>>,
    clock_ms: AtomicU64,
    fates: Mutex<VecDeque<Fate>>,
    /// Readings are committed only while it is open.
    pub(super) gate: watch::Sender<bool>,
    /// Groups and names of the commands that came, for looking at.
    pub(super) came: Mutex<Vec<(GroupId, &'static str)>>,
}

impl Cluster {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            logs: Mutex::default(),
            nodes: Mutex::default(),
            clock_ms: AtomicU64::new(CLOCK_MS),
            fates: Mutex::default(),
            gate: watch::channel(true).0,
            came: Mutex::default(),
        })
    }

    pub(super) fn node(self: &Arc<Self>, id: u64) -> Arc<Node> {
        let group = |group| (group, Mutex::new(Applied::new(group)));
        let node = Arc::new(Node {
            id,
            cluster: self.clone(),
            groups: GroupId::all().map(group).collect(),
            quorum: AtomicBool::new(true),
            follows: AtomicBool::new(true),
            says: Mutex::default(),
        });
        node.catch_up();
        self.nodes.lock().unwrap().push(node.clone());
        node
    }

    pub(super) fn next(&self, fate: Fate) {
        self.fates.lock().unwrap().push_back(fate);
    }

    /// Lets every node forget where the log has what was asked for, as a restart does.
    pub(super) fn forget_places(&self) {
        self.logs.lock().unwrap().values_mut().for_each(|log| log.taken.clear());
    }

    /// By what right the newest entry of the group came.
    pub(super) fn newest_grant(&self, group: GroupId) -> Option<Grant> {
        self.logs.lock().unwrap().get(&group)?.entries.last()?.grant.clone()
    }

    /// Lets time pass before the next entry.
    pub(super) fn pass(&self, ms: u64) {
        self.clock_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Commits a command of the system.
    pub(super) fn commit(&self, group: GroupId, command: impl Into<Command>) -> Reply {
        self.append(
            group,
            Entry { at_ms: Millis(0), request: None, grant: None, command: command.into(), salt: Bytes::new() },
        )
    }

    /// Commits a command of somebody's in group 0, by the rights that they have there.
    pub(super) fn commit_by(&self, person: &str, command: impl Into<Command>) -> Reply {
        let person = PersonId::new(person).unwrap();
        let grant = {
            let logs = self.logs.lock().unwrap();
            let log = &logs[&GroupId::COMMAND];
            policy::grant(&log.state, &person, log.entries.len() as u64)
        };
        let entry = Entry { at_ms: Millis(0), request: None, grant, command: command.into(), salt: Bytes::new() };
        self.append(GroupId::COMMAND, entry)
    }

    /// Appends, and lets every node that follows apply.
    fn append(&self, group: GroupId, entry: Entry) -> Reply {
        let at_ms = Millis(self.clock_ms.fetch_add(1_000, Ordering::SeqCst));
        let entry = Entry { at_ms, ..entry };
        let mut logs = self.logs.lock().unwrap();
        let new = || Log { entries: Vec::new(), state: State::new(group), taken: BTreeMap::new() };
        let log = logs.entry(group).or_insert_with(new);
        let at = log.entries.len() as u64 + 1;
        let Decided { reply, again, .. } =
            log.state.apply_unwritten(at, &entry, &Bytes::new(), &mut Unwritten::default());
        let index = match entry.request {
            Some(RequestId { session, seq }) if again => log.taken.get(&(session, seq)).copied().unwrap_or_default(),
            Some(RequestId { session, seq }) => {
                log.taken.insert((session, seq), at);
                at
            }
            None => at,
        };
        let reply = reply.logged_at(Some(Logged { group, index, term: if index == 0 { 0 } else { TERM }, again }));
        log.entries.push(entry);
        drop(logs);
        for node in self.nodes.lock().unwrap().iter().filter(|node| node.follows.load(Ordering::SeqCst)) {
            node.catch_up();
        }
        reply
    }

    fn take_fate(&self) -> Option<Fate> {
        self.fates.lock().unwrap().pop_front()
    }
}

/// One group on one node.
struct Applied {
    state: State,
    at: AppliedAt,
    told: watch::Sender<AppliedAt>,
    tail: VecDeque<Arc<EventBatch>>,
    floor: u64,
    history: BTreeMap<Bytes, Bytes>,
}

impl Applied {
    fn new(group: GroupId) -> Self {
        Self {
            state: State::new(group),
            at: AppliedAt::default(),
            told: watch::channel(AppliedAt::default()).0,
            tail: VecDeque::new(),
            floor: 0,
            history: BTreeMap::new(),
        }
    }
}

/// A node.
pub(super) struct Node {
    id: u64,
    cluster: Arc<Cluster>,
    groups: BTreeMap<GroupId, Mutex<Applied>>,
    /// Whether it hears from a quorum.
    pub(super) quorum: AtomicBool,
    /// Whether it applies what is committed at once.
    pub(super) follows: AtomicBool,
    /// What it tells of how far it is, where that is not the truth: state may be read while it is being applied.
    pub(super) says: Mutex<BTreeMap<GroupId, AppliedAt>>,
}

impl Node {
    fn group(&self, group: GroupId) -> MutexGuard<'_, Applied> {
        self.groups[&group].lock().unwrap()
    }

    /// Applies everything.
    pub(super) fn catch_up(&self) {
        for group in GroupId::all() {
            self.apply(group, usize::MAX);
        }
    }

    /// Applies up to `count` entries more.
    pub(super) fn apply(&self, group: GroupId, count: usize) {
        let logs = self.cluster.logs.lock().unwrap();
        let Some(log) = logs.get(&group) else { return };
        let mut applied = self.group(group);
        let done = usize::try_from(applied.at.index).unwrap();
        for (index, entry) in (1_u64..).zip(&log.entries).skip(done).take(count) {
            let outcome = applied.state.apply(index, entry);
            for row in outcome.rows {
                match row {
                    RowChange::Put(row) if domain::rows::is_state(&row.key) => {}
                    RowChange::Put(row) => drop(applied.history.insert(row.key, row.value)),
                    RowChange::Delete(key) => drop(applied.history.remove(&key)),
                }
            }
            let at_ms = applied.state.clock();
            if !outcome.events.is_empty() {
                applied.tail.push_back(Arc::new(EventBatch { index, at_ms, events: outcome.events }));
            }
            applied.at = AppliedAt { index, at_ms };
        }
        let at = applied.at;
        applied.told.send_replace(at);
    }

    /// Lets the tail forget everything up to `floor`.
    pub(super) fn trim(&self, group: GroupId, floor: u64) {
        let mut applied = self.group(group);
        applied.floor = applied.floor.max(floor);
        applied.tail.retain(|batch| batch.index > floor);
    }
}

impl Source for Node {
    fn node(&self) -> u64 {
        self.id
    }

    fn epoch(&self) -> u64 {
        EPOCH
    }

    fn read(&self, group: GroupId, look: &mut dyn FnMut(&State, AppliedAt)) {
        let applied = self.group(group);
        look(&applied.state, applied.at);
    }

    fn applied(&self, group: GroupId) -> AppliedAt {
        self.says.lock().unwrap().get(&group).copied().unwrap_or_else(|| self.group(group).at)
    }

    fn applied_after(&self, group: GroupId, index: u64) -> BoxFuture<'static, Option<AppliedAt>> {
        let mut told = self.group(group).told.subscribe();
        Box::pin(async move { told.wait_for(|at| at.index > index).await.ok().map(|at| *at) })
    }

    fn events_after(&self, group: GroupId, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, BelowFloor> {
        let applied = self.group(group);
        if index < applied.floor {
            return Err(BelowFloor { floor: applied.floor });
        }
        Ok(applied.tail.iter().filter(|batch| batch.index > index).take(batches_max).cloned().collect())
    }

    fn group_age(&self, _: GroupId) -> GroupAge {
        let hears = self.quorum.load(Ordering::SeqCst);
        let quorum_age = if hears { Duration::ZERO } else { Duration::from_secs(60) };
        GroupAge { leader: hears.then_some(1), quorum_age }
    }

    fn read_barrier(&self, group: GroupId, _: Duration) -> BoxFuture<'static, Result<u64, BarrierError>> {
        let hears = self.quorum.load(Ordering::SeqCst);
        if hears {
            self.apply(group, usize::MAX);
        }
        let at = self.applied(group);
        Box::pin(async move { if hears { Ok(at.index) } else { Err(BarrierError("none".into())) } })
    }

    fn scan(
        &self,
        group: GroupId,
        from: Bytes,
        to: Bytes,
        rows_max: usize,
    ) -> BoxFuture<'static, io::Result<Vec<(Bytes, Bytes)>>> {
        let rows =
            self.group(group).history.range(from..to).take(rows_max).map(|(k, v)| (k.clone(), v.clone())).collect();
        Box::pin(async move { Ok(rows) })
    }

    fn recorded(
        &self,
        group: GroupId,
        mut asked: Asked,
        _: usize,
        mut take: Taken,
    ) -> BoxFuture<'static, io::Result<bool>> {
        let applied = self.group(group);
        asked.sensors.iter_mut().for_each(|(sensor, from)| *from = applied.state.readings_from(sensor));
        let (mut goes_on, (from, to)) = (true, asked.rows());
        for (key, row) in applied.history.range(from..to) {
            let read = asked.take_row(key, row, |sensor, sample| goes_on = goes_on && take(sensor, sample));
            read.unwrap();
        }
        Box::pin(async move { Ok(goes_on) })
    }
}

/// The road of one node, on which fates await commands.
pub(super) struct ToCluster(pub(super) Arc<Node>);

impl Road for ToCluster {
    fn command(
        &self,
        group: Option<GroupId>,
        command: Command,
        request: Option<RequestId>,
        grant: Option<Grant>,
        _: Duration,
    ) -> BoxFuture<'static, Result<Reply, RoadError>> {
        let cluster = self.0.cluster.clone();
        Box::pin(async move {
            let group = group.expect("the edge names the group");
            let name = command.name();
            match &grant {
                Some(grant) => assert!(!grant.from.is_empty(), "{name} of {} says not from where", grant.person),
                None => assert!(OF_NOBODY.contains(&name), "{name} says not whose it is"),
            }
            cluster.came.lock().unwrap().push((group, name));
            let fate = cluster.take_fate();
            if let Some(Fate::Lost(error)) = fate {
                return Err(error());
            }
            let reply = cluster.append(group, Entry { at_ms: Millis(0), request, grant, command, salt: Bytes::new() });
            if fate.is_some() { Err(RoadError::Unknown) } else { Ok(reply) }
        })
    }

    fn record(
        &self,
        readings: Vec<Reading>,
        _: Duration,
    ) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RoadError>> {
        let node = self.0.clone();
        Box::pin(async move {
            let cluster = &node.cluster;
            if let Some(Fate::Lost(error)) = cluster.take_fate() {
                return Err(error());
            }
            cluster.gate.subscribe().wait_for(|open| *open).await.map_err(|_| RoadError::Stopped)?;
            let mut verdicts = Vec::new();
            for reading in readings {
                let entity = EntityId::from(&reading.sensor);
                let group = read(&*node, GroupId::COMMAND, |state0| state0.placements().get(&entity).copied());
                let Some(group) = group else {
                    verdicts.push(ReadingVerdict::UnknownSensor);
                    continue;
                };
                match cluster.commit(group, RecordReadings { readings: vec![reading] }) {
                    Reply::Accepted(accepted) => verdicts.extend(accepted.verdicts),
                    Reply::Refused(refusal) => panic!("{refusal:?}"),
                }
            }
            Ok(verdicts)
        })
    }
}

/// Cameras whose frames a test sends.
#[derive(Default)]
pub(super) struct Cameras {
    pub(super) here: Mutex<BTreeMap<CameraId, mpsc::Sender<Arc<AccessUnit>>>>,
}

impl Video for Cameras {
    fn watch(&self, camera: &CameraId) -> Result<mpsc::Receiver<Arc<AccessUnit>>, NotWatchable> {
        let mut here = self.here.lock().unwrap();
        let sender = here.get_mut(camera).ok_or_else(|| NotWatchable("on node 2".into()))?;
        let (queue, receiver) = mpsc::channel(64);
        *sender = queue;
        Ok(receiver)
    }

    fn health(&self, camera: &CameraId) -> Option<CameraHealth> {
        self.here.lock().unwrap().contains_key(camera).then_some(CameraHealth::Live)
    }
}
