//! A cluster in memory: every node sees the same state at once, and a test says who leads, holds commits back, loses
//! answers and lets time pass.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicI64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::*;
use futures::{FutureExt, future::BoxFuture};
use peer::CallError;
use raft::{AppliedAt, BelowFloor, Committed, Lead, NodeId, Proposal, ProposeError};
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use crate::{Router, cluster::Cluster, config::EntityConfig};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const FIELD: GroupId = GroupId(1);
/// Unix time at which every test begins.
pub(crate) const START_MS: u64 = 1_700_000_000_000;

struct Group {
    state: State,
    index: u64,
    term: u64,
    batches: Vec<Arc<EventBatch>>,
    history: BTreeMap<Bytes, Bytes>,
    leads: BTreeMap<NodeId, watch::Sender<Lead>>,
    leader: Option<NodeId>,
    applied: watch::Sender<AppliedAt>,
    proposed: Vec<Command>,
}

pub(crate) struct World {
    started: Instant,
    /// Milliseconds that every node's clock was set forward, or back, since.
    set_ms: AtomicI64,
    groups: Mutex<BTreeMap<GroupId, Group>>,
    routers: Mutex<BTreeMap<NodeId, Router>>,
    /// Groups that commit nothing for now.
    held: watch::Sender<BTreeSet<GroupId>>,
    /// Nodes that answer nobody.
    cut: Mutex<BTreeSet<NodeId>>,
    /// Sensors registered through another node, of which the nodes hear only when they ask the quorum.
    unheard: Mutex<Vec<(String, String)>>,
    /// No quorum answers who asks.
    quorumless: AtomicBool,
}

#[derive(Clone)]
struct Node {
    world: Arc<World>,
    node: NodeId,
}

impl World {
    /// Three nodes that lead nothing, one district with two communes, and what `devices` says.
    pub(crate) fn new() -> Arc<Self> {
        let group = |group| {
            let leads = [1, 2, 3].map(|node| (node, watch::Sender::new(Lead::default())));
            let group_state = Group {
                state: State::new(group),
                index: 0,
                term: 0,
                batches: Vec::new(),
                history: BTreeMap::new(),
                leads: leads.into(),
                leader: None,
                applied: watch::Sender::new(AppliedAt::default()),
                proposed: Vec::new(),
            };
            (group, group_state)
        };
        let world = Arc::new(Self {
            started: Instant::now(),
            set_ms: AtomicI64::new(0),
            groups: Mutex::new(GroupId::all().map(group).collect()),
            routers: Mutex::default(),
            held: watch::Sender::new(BTreeSet::new()),
            cut: Mutex::default(),
            unheard: Mutex::default(),
            quorumless: AtomicBool::default(),
        });
        let unit = |code: &str| AdminUnit {
            code: AdminUnitCode::new(code).unwrap(),
            name: format!("Phường {code}"),
            name_en: String::new(),
            parent: None,
            aliases: Vec::new(),
            valid_from_ms: Millis(1),
            valid_until_ms: Millis(0),
        };
        world.apply(GroupId::COMMAND, PutAdminUnits { admin_units: vec![unit("05443"), unit("05444")] });
        let district = District {
            id: DistrictId::new("D1").unwrap(),
            name: "Khu vực 1".into(),
            name_en: String::new(),
            admin_units: vec![AdminUnitCode::new("05443").unwrap()],
            group: FIELD,
            load: None,
        };
        world.apply(GroupId::COMMAND, PutDistrict { district });
        world
    }

    /// A router on that node.
    pub(crate) fn node(self: &Arc<Self>, node: NodeId) -> Router {
        let router = Router::over(Arc::new(Node { world: self.clone(), node }), EntityConfig::default());
        self.routers.lock().unwrap().insert(node, router.clone());
        router
    }

    /// Makes the node lead all groups, ready to act, and waits until it does.
    pub(crate) async fn lead(&self, node: NodeId) {
        for group in GroupId::all() {
            self.set_lead(group, Some(node));
        }
        let router = self.routers.lock().unwrap().get(&node).cloned();
        let Some(router) = router else { return };
        until(|| GroupId::all().all(|group| router.reign(group).is_some())).await;
    }

    /// Makes the node lead the group; nobody, during an election.
    pub(crate) fn set_lead(&self, group: GroupId, leader: Option<NodeId>) {
        let mut groups = self.groups();
        let group = groups.get_mut(&group).unwrap();
        group.term += 1;
        group.leader = leader;
        let term = group.term;
        for (node, lead) in &group.leads {
            lead.send_replace(Lead { leader, term, is_self_ready: leader == Some(*node) });
        }
    }

    /// Another node leads, and consensus knows it, but nobody has been told yet.
    pub(crate) fn move_lead_unheard(&self, group: GroupId, leader: NodeId) {
        self.groups().get_mut(&group).unwrap().leader = Some(leader);
    }

    /// Nothing is committed in the group until `release`.
    pub(crate) fn hold(&self, group: GroupId) {
        self.held.send_modify(|held| {
            held.insert(group);
        });
    }

    pub(crate) fn release(&self, group: GroupId) {
        self.held.send_modify(|held| {
            held.remove(&group);
        });
    }

    /// The node answers nobody from now on.
    pub(crate) fn cut(&self, node: NodeId) {
        self.cut.lock().unwrap().insert(node);
    }

    /// Applies a command at once.
    pub(crate) fn apply(&self, group: GroupId, command: impl Into<Command>) -> Reply {
        self.commit(group, Proposal::system(command)).reply
    }

    /// The same, by a person's right.
    pub(crate) fn apply_by(&self, group: GroupId, command: impl Into<Command>, grant: Grant) -> Reply {
        self.commit(group, Proposal { request: None, grant: Some(grant), command: command.into() }).reply
    }

    fn commit(&self, id: GroupId, proposal: Proposal) -> Committed {
        let at_ms = self.clock();
        let mut groups = self.groups();
        let group = groups.get_mut(&id).unwrap();
        group.index += 1;
        let index = group.index;
        group.proposed.push(proposal.command.clone());
        let Proposal { request, grant, command } = proposal;
        let applied = group.state.apply(index, &Entry { at_ms, request, grant, command, salt: Bytes::new() });
        group.state.check().unwrap();
        for change in applied.rows {
            match change {
                RowChange::Put(row) if rows::is_state(&row.key) => {}
                RowChange::Put(row) => drop(group.history.insert(row.key, row.value)),
                RowChange::Delete(key) => drop(group.history.remove(&key)),
            }
        }
        let at_ms = group.state.clock();
        if !applied.events.is_empty() {
            group.batches.push(Arc::new(EventBatch { index, at_ms, events: applied.events }));
        }
        group.applied.send_replace(AppliedAt { index, term: group.term, at_ms });
        let logged = Some(Logged { group: id, index, term: group.term, again: false });
        Committed { index, reply: applied.reply, logged }
    }

    /// Places and registers a river gauge: alarm at 27 m, a reading each minute, silent after three.
    pub(crate) fn sensor(&self, name: &str, admin_unit: &str) -> SensorId {
        let id = SensorId::new(name).unwrap();
        let placement = Placement { entity: EntityId::from(&id), group: FIELD };
        accepted(self.apply(GroupId::COMMAND, PlaceEntities { placements: vec![placement] }));
        accepted(self.apply(FIELD, RegisterSensor { sensor: sensor(&id, admin_unit) }));
        id
    }

    /// Whoever asks a quorum is answered by none, until it is back.
    pub(crate) fn lose_quorum(&self, is_lost: bool) {
        self.quorumless.store(is_lost, Ordering::SeqCst);
    }

    /// As [`Self::sensor`], but no node has heard of it yet.
    pub(crate) fn unheard_sensor(&self, name: &str, admin_unit: &str) -> SensorId {
        self.unheard.lock().unwrap().push((name.to_owned(), admin_unit.to_owned()));
        SensorId::new(name).unwrap()
    }

    pub(crate) fn camera(&self, name: &str) -> CameraId {
        let id = CameraId::new(name).unwrap();
        let placement = Placement { entity: EntityId::from(&id), group: FIELD };
        accepted(self.apply(GroupId::COMMAND, PlaceEntities { placements: vec![placement] }));
        let camera = Camera {
            id: id.clone(),
            name: format!("Camera {name}"),
            rtsp_url: "rtsp://10.0.0.1:554/1".into(),
            place: place("05443"),
            azimuth_deg: 0,
            field_of_view_deg: 90,
            credential_sealed: Bytes::new(),
            health: CameraHealth::Connecting,
            health_at_ms: Millis(0),
            version: 0,
            sensitive: false,
            out_of_service: Vec::new(),
        };
        accepted(self.apply(FIELD, RegisterCamera { camera }));
        id
    }

    pub(crate) fn read<R>(&self, group: GroupId, read: impl FnOnce(&State) -> R) -> R {
        read(&self.groups().get(&group).unwrap().state)
    }

    pub(crate) fn alarm(&self, entity: &str, condition: &str) -> Option<Alarm> {
        let (entity, condition) = (EntityId::new(entity).unwrap(), Condition::new(condition).unwrap());
        self.read(FIELD, |state| state.alarms().get(&AlarmKey { entity, condition }).cloned())
    }

    pub(crate) fn is_active(&self, entity: &str, condition: &str) -> bool {
        self.alarm(entity, condition).is_some_and(|alarm| alarm.active)
    }

    pub(crate) fn incidents(&self) -> Vec<Incident> {
        self.read(GroupId::COMMAND, |state| state.incidents().values().cloned().collect())
    }

    /// Commands of that name in the group's log.
    pub(crate) fn proposed(&self, group: GroupId, name: &str) -> usize {
        let groups = self.groups();
        groups.get(&group).unwrap().proposed.iter().filter(|command| command.name() == name).count()
    }

    /// Looks at what was proposed in the group, in order.
    pub(crate) fn read_proposed<R>(&self, group: GroupId, read: impl FnOnce(&[Command]) -> R) -> R {
        read(&self.groups().get(&group).unwrap().proposed)
    }

    /// Now, as a leader would stamp it.
    pub(crate) fn clock(&self) -> Millis {
        let passed = u64::try_from(self.started.elapsed().as_millis()).unwrap();
        Millis(START_MS.saturating_add_signed(self.set_ms.load(Ordering::Relaxed)) + passed)
    }

    /// Sets every node's clock forward, or back.
    pub(crate) fn set_clocks(&self, by_ms: i64) {
        self.set_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// Every node ends, and reads the group's state back from its rows.
    pub(crate) fn restart(&self, group: GroupId) {
        let mut groups = self.groups();
        let state = &mut groups.get_mut(&group).unwrap().state;
        *state = State::from_rows(group, state.rows()).unwrap();
    }

    /// The group's events of these kinds so far, with their times.
    pub(crate) fn events(&self, group: GroupId, kinds: &[EventKind]) -> Vec<Event> {
        let groups = self.groups();
        let events = groups.get(&group).unwrap().batches.iter().flat_map(|batch| &batch.events);
        events.filter(|event| kinds.contains(&event.kind)).cloned().collect()
    }

    fn groups(&self) -> MutexGuard<'_, BTreeMap<GroupId, Group>> {
        self.groups.lock().unwrap()
    }
}

impl Cluster for Node {
    fn may_hold(&self, _: GroupId, _: &Command) -> Result<(), Refusal> {
        Ok(())
    }

    fn node(&self) -> NodeId {
        self.node
    }

    fn wall(&self) -> Millis {
        self.world.clock()
    }

    fn propose(
        &self,
        group: GroupId,
        proposal: Proposal,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Committed, ProposeError>> {
        let node = self.clone();
        async move {
            let world = &node.world;
            let leader = world.groups().get(&group).unwrap().leader;
            if leader != Some(node.node) {
                return Err(ProposeError::NotLeader { leader });
            }
            let mut held = world.held.subscribe();
            let released = timeout(deadline, held.wait_for(|held| !held.contains(&group))).await;
            released.map_err(|_| ProposeError::Unknown)?.map_err(|_| ProposeError::Stopped)?;
            // It was appended under a lead that is over: nobody knows.
            if world.groups().get(&group).unwrap().leader != Some(node.node) {
                return Err(ProposeError::Unknown);
            }
            Ok(world.commit(group, proposal))
        }
        .boxed()
    }

    fn with_state(&self, group: GroupId, read: &mut dyn FnMut(&State)) {
        read(&self.world.groups().get(&group).unwrap().state);
    }

    fn applied(&self, group: GroupId) -> AppliedAt {
        *self.applied_watch(group).borrow()
    }

    fn applied_watch(&self, group: GroupId) -> watch::Receiver<AppliedAt> {
        self.world.groups().get(&group).unwrap().applied.subscribe()
    }

    fn events_after(&self, group: GroupId, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, BelowFloor> {
        let groups = self.world.groups();
        let batches = groups.get(&group).unwrap().batches.iter().filter(|batch| batch.index > index);
        Ok(batches.take(batches_max).cloned().collect())
    }

    fn scan(
        &self,
        group: GroupId,
        from: Bytes,
        to: Bytes,
        rows_max: usize,
    ) -> BoxFuture<'static, io::Result<Vec<(Bytes, Bytes)>>> {
        let groups = self.world.groups();
        let found = groups.get(&group).unwrap().history.range(from..to).take(rows_max);
        let found: Vec<_> = found.map(|(key, value)| (key.clone(), value.clone())).collect();
        async move { Ok(found) }.boxed()
    }

    fn lead_watch(&self, group: GroupId) -> watch::Receiver<Lead> {
        self.world.groups().get(&group).unwrap().leads.get(&self.node).unwrap().subscribe()
    }

    fn catch_up(&self, _group: GroupId, _deadline: Duration) -> BoxFuture<'static, bool> {
        if self.world.quorumless.load(Ordering::SeqCst) {
            return async { false }.boxed();
        }
        for (name, admin_unit) in std::mem::take(&mut *self.world.unheard.lock().unwrap()) {
            self.world.sensor(&name, &admin_unit);
        }
        async { true }.boxed()
    }

    fn tell(&self, to: NodeId, payload: Bytes, deadline: Duration) -> BoxFuture<'static, Result<Bytes, CallError>> {
        let world = self.world.clone();
        async move {
            let router = world.routers.lock().unwrap().get(&to).cloned();
            let router = router.ok_or_else(|| CallError::Unreachable(format!("node {to} is down")))?;
            if world.cut.lock().unwrap().contains(&to) {
                return Err(CallError::Closed("cut".into()));
            }
            let answer = timeout(deadline, router.told(payload)).await.map_err(|_| CallError::Timeout)?;
            answer.map_err(CallError::Remote)
        }
        .boxed()
    }
}

/// Lets everything run until it holds. In paused time this lets time pass only when nothing else can run.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let waited = timeout(Duration::from_secs(3600), async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    });
    waited.await.expect("what the test waits for did not come");
}

pub(crate) fn accepted(reply: Reply) -> Accepted {
    match reply {
        Reply::Accepted(accepted) => accepted,
        Reply::Refused(refusal) => panic!("refused: {refusal:?}"),
    }
}

pub(crate) fn place(admin_unit: &str) -> Place {
    Place {
        latitude_e7: 215_900_000,
        longitude_e7: 1_058_400_000,
        admin_unit: AdminUnitCode::new(admin_unit).unwrap(),
        address: String::new(),
    }
}

pub(crate) fn sensor(id: &SensorId, admin_unit: &str) -> Sensor {
    Sensor {
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
        id: id.clone(),
        name: format!("Trạm {id}"),
        kind: SensorKind::RiverLevel,
        unit_of_measure: "m".into(),
        place: place(admin_unit),
        thresholds: vec![Threshold {
            condition: Condition::new("high").unwrap(),
            above: true,
            limit_micro: Micro(27_000_000),
            hysteresis_micro: Micro(500_000),
            debounce_ms: 0,
            severity: Severity::High,
        }],
        period_ms: 60_000,
        silence_periods: 3,
        rate_limit_micro_per_min: 0,
        range_min_micro: Micro(0),
        range_max_micro: Micro(0),
        status: DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 0,
    }
}

/// A reading of the sensor in tenths of its unit.
pub(crate) fn reading(sensor: &SensorId, at: Millis, tenths: i64) -> Reading {
    Reading {
        sensor: sensor.clone(),
        at_ms: at,
        value_micro: Micro(tenths * 100_000),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    }
}
