//! Any sequence of commands, joins, losses, resumes and trims, on two nodes that lag behind each other: every screen holds
//! what a direct look at the state shows of its view, and never meets a gap or a double.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use domain::{
    GroupId, IncidentKind, Micro, Millis, Position, PutUnit, Remit, SwitchFeature, VOCABULARY_2, policy::Noun,
    wire::Record,
};
use proptest::prelude::*;

use super::{
    commands::command,
    double::{Cluster, EPOCH, Node},
    fold::{Fold, decode},
    province::{code, communes, incident, unit},
};
use crate::{
    cluster::{BelowFloor, Source, read_at},
    limits::BATCHES_MAX,
    screen::{
        fanout::reach,
        hub::{Hub, Join, Picture, Sink, Wanted},
        message::{Payload, ResetReason},
        places::{Places, may_move},
        snapshot::{build, position_at},
        view::{Encoding, Scope, View},
    },
};

/// The queue of a test's screen.
#[derive(Clone, Default)]
pub(super) struct Queue(Rc<RefCell<(Vec<Payload>, bool)>>);

impl Queue {
    /// What was pushed and is not taken yet.
    pub(super) fn take(&self) -> Vec<Payload> {
        std::mem::take(&mut self.0.borrow_mut().0)
    }

    /// Messages that were pushed.
    pub(super) fn payloads(&self) -> usize {
        self.0.borrow().0.len()
    }
}

impl Sink for Queue {
    fn push(&self, payload: &Payload) -> bool {
        let mut queue = self.0.borrow_mut();
        queue.0.push(payload.clone());
        !queue.1
    }

    fn push_picture(&self, picture: &Picture) -> bool {
        picture.parts.iter().all(|part| self.push(part))
    }
}

/// Groups that take part.
const GROUPS: [GroupId; 2] = [GroupId(0), GroupId(1)];
const SCREENS: usize = 4;

pub(super) fn views() -> Vec<Arc<View>> {
    let within = |units: &[usize]| Scope::Within(units.iter().map(|n| code(*n)).collect());
    let all = [Noun::Unit, Noun::Incident, Noun::Sensor, Noun::Reading, Noun::Camera, Noun::Alarm];
    let view = |scope, nouns: &[Noun]| {
        let always = [Noun::AdminUnit, Noun::District, Noun::LiveNodes];
        let nouns: BTreeSet<_> = always.into_iter().chain(nouns.iter().copied()).collect();
        let remit = Remit::default();
        Arc::new(View { scope, nouns, encoding: Encoding::Protobuf, callers: true, remit })
    };
    let with_models = [&all[..], &[Noun::Model]].concat();
    let floods = Remit { fields: vec![IncidentKind::Flood], agencies: vec!["PCCC".into()] };
    let of_floods = View { remit: floods, ..(*view(Scope::Everywhere, &all)).clone() };
    let reports = view(Scope::Everywhere, &[Noun::Incident, Noun::Report]);
    let of_agency = Remit { fields: vec![IncidentKind::Flood], agencies: vec!["115".into()] };
    let of_agency = View { remit: of_agency, ..(*reports).clone() };
    vec![
        view(Scope::Everywhere, &with_models),
        view(within(&[1, 2]), &all),
        view(within(&[3]), &[Noun::Sensor, Noun::Reading, Noun::Alarm]),
        view(within(&[1]), &[Noun::Incident, Noun::Sensor]),
        view(within(&[]), &all),
        Arc::new(of_floods),
        Arc::new(of_agency),
        reports,
    ]
}

/// One node: its hubs, and the pictures that they want.
pub(super) struct Gateway {
    pub(super) node: Arc<Node>,
    pub(super) hubs: BTreeMap<GroupId, Hub<Queue>>,
    wanted: Vec<(GroupId, Arc<View>)>,
}

impl Gateway {
    pub(super) fn new(cluster: &Arc<Cluster>, id: u64) -> Self {
        let node = cluster.node(id);
        node.follows.store(false, std::sync::atomic::Ordering::SeqCst);
        let hubs = GROUPS.into_iter().map(|group| (group, Self::seed(&node, group))).collect();
        Self { node, hubs, wanted: Vec::new() }
    }

    pub(super) fn seed(node: &Node, group: GroupId) -> Hub<Queue> {
        let (at, places) = read_at(node, group, |state, at| (at, Places::of_state(state)));
        Hub::new(position_at(node, group, at.index), at.at_ms, places)
    }

    /// Lets a hub do something, with the tail at hand.
    pub(super) fn with(
        &mut self,
        group: GroupId,
        act: impl FnOnce(&mut Hub<Queue>, &Node, crate::screen::hub::Tail<'_>) -> Wanted,
    ) {
        let node = self.node.clone();
        let tail = |index| node.events_after(group, index, BATCHES_MAX);
        let wanted = act(self.hubs.get_mut(&group).unwrap(), &node, &tail);
        self.wanted.extend(wanted.into_iter().map(|view| (group, view)));
    }

    pub(super) fn pump(&mut self, group: GroupId) {
        self.with(group, |hub, node, tail| {
            let mut wanted = Wanted::new();
            while node.applied(group).index > hub.at().index {
                let applied = node.applied(group);
                match node.events_after(group, hub.at().index, BATCHES_MAX) {
                    Ok(batches) => {
                        let (batches, index, at_ms) = reach(batches, applied);
                        wanted.extend(hub.advance(&batches, index, at_ms, tail));
                    }
                    Err(BelowFloor { .. }) => {
                        let (at, places) = read_at(node, group, |state, at| (at, Places::of_state(state)));
                        wanted.extend(hub.restart(position_at(node, group, at.index), at.at_ms, places, tail));
                    }
                }
            }
            wanted
        });
    }

    /// Builds the oldest picture wanted. `late`: its position is older than its records.
    pub(super) fn build(&mut self, late: bool) -> bool {
        if self.wanted.is_empty() {
            return false;
        }
        let (group, view) = self.wanted.remove(0);
        self.with(group, |hub, node, tail| {
            let says = late.then(|| AppliedAtOf(hub.at().index));
            node.says.lock().unwrap().clear();
            if let Some(AppliedAtOf(index)) = says {
                let at_ms = node.applied(group).at_ms;
                node.says.lock().unwrap().insert(group, crate::cluster::AppliedAt { index, at_ms });
            }
            let picture = build(node, group, &view);
            node.says.lock().unwrap().clear();
            hub.built(&view, picture, tail)
        });
        true
    }
}

struct AppliedAtOf(u64);

/// A screen: what it holds, and where it is connected.
struct Screen {
    id: u64,
    fold: Fold,
    view: usize,
    queue: Queue,
    on: Option<usize>,
}

impl Screen {
    fn drain(&mut self) {
        self.queue.take().iter().for_each(|payload| self.fold.take(decode(payload)));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Commit { what: u8, id: u8, at: u8, value: i8 },
    Apply { node: usize, group: usize, count: usize, told: bool },
    Restart { node: usize, keep: u64 },
    Join { screen: usize, node: usize, view: usize, resume: bool },
    Leave { screen: usize },
    Slow { screen: usize },
    Build { node: usize, late: bool },
    Beat { node: usize },
    Trim { node: usize, group: usize, keep: u64 },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let commit = (0_u8..22, 0_u8..3, 1_u8..5, any::<i8>()).prop_map(|(what, id, at, value)| Step::Commit {
        what,
        id,
        at,
        value,
    });
    let apply = (0_usize..2, 0_usize..2, 1_usize..6, any::<bool>())
        .prop_map(|(node, group, count, told)| Step::Apply { node, group, count, told });
    let join = (0..SCREENS, 0_usize..2, 0_usize..8, any::<bool>())
        .prop_map(|(screen, node, view, resume)| Step::Join { screen, node, view, resume });
    let step = prop_oneof![
        8 => commit,
        5 => apply,
        1 => (0_usize..2, 0_u64..6).prop_map(|(node, keep)| Step::Restart { node, keep }),
        3 => join,
        1 => (0..SCREENS).prop_map(|screen| Step::Leave { screen }),
        1 => (0..SCREENS).prop_map(|screen| Step::Slow { screen }),
        3 => (0_usize..2, any::<bool>()).prop_map(|(node, late)| Step::Build { node, late }),
        1 => (0_usize..2).prop_map(|node| Step::Beat { node }),
        1 => (0_usize..2, 0_usize..2, 0_u64..6).prop_map(|(node, group, keep)| Step::Trim { node, group, keep }),
    ];
    proptest::collection::vec(step, 1..120)
}

/// What a direct look shows of the view.
fn direct(node: &Node, group: GroupId, view: &View) -> BTreeMap<String, Vec<u8>> {
    let mut shown = Fold::default();
    for part in build(node, group, view).parts.iter() {
        shown.take(decode(part));
    }
    shown.groups.remove(&group.0).unwrap().records
}

/// Who does not see readings cannot know the newest one.
fn without_newest(records: &BTreeMap<String, Vec<u8>>, view: &View) -> BTreeMap<String, Vec<u8>> {
    let mut records = records.clone();
    if !view.nouns.contains(&Noun::Reading) {
        for (name, record) in &mut records {
            if name.starts_with("sensor/") {
                let mut sensor = domain::Sensor::decode(record).unwrap();
                (sensor.last_at_ms, sensor.last_micro, sensor.last_recorded_at_ms) = (Millis(0), Micro(0), Millis(0));
                *record = sensor.encode();
            }
        }
    }
    records
}

fn run(steps: Vec<Step>) {
    let cluster = communes();
    cluster.commit(GroupId(0), SwitchFeature { feature: VOCABULARY_2 });
    let truth = cluster.node(9);
    let views = views();
    let mut gateways = [Gateway::new(&cluster, 1), Gateway::new(&cluster, 2)];
    let mut screens: Vec<_> = (0..SCREENS)
        .map(|id| Screen { id: id as u64, fold: Fold::default(), view: 0, queue: Queue::default(), on: None })
        .collect();

    for step in steps {
        match step {
            Step::Commit { what, id, at, value } => {
                let (group, command) = command(&truth, what, id, usize::from(at), i64::from(value));
                cluster.commit(group, command);
            }
            Step::Apply { node, group, count, told } => {
                gateways[node].node.apply(GROUPS[group], count);
                // The hub may hear of it later.
                if told {
                    gateways[node].pump(GROUPS[group]);
                }
            }
            Step::Restart { node, keep } => {
                screens.iter_mut().filter(|screen| screen.on == Some(node)).for_each(|screen| screen.on = None);
                let gateway = &mut gateways[node];
                gateway.wanted.clear();
                for group in GROUPS {
                    gateway.node.trim(group, gateway.node.applied(group).index.saturating_sub(keep));
                    gateway.hubs.insert(group, Gateway::seed(&gateway.node, group));
                }
            }
            Step::Join { screen, node, view, resume } => {
                leave(&mut screens[screen], &mut gateways, &views);
                let screen = &mut screens[screen];
                screen.queue = Queue::default();
                // Positions belong to the view that they were reached with.
                let resumes = resume && screen.view == view;
                if !resumes {
                    screen.fold.groups.clear();
                }
                screen.view = view;
                screen.on = Some(node);
                for group in GROUPS {
                    let held = screen.fold.groups.get(&group.0).and_then(|held| held.through);
                    if held.is_none() {
                        // A picture that was cut off is void.
                        screen.fold.groups.remove(&group.0);
                    }
                    let from = held.map(|through| Position::from_wire(through).unwrap());
                    let (socket, sink) = (screen.id, screen.queue.clone());
                    let join = Join { socket, view: views[view].clone(), sink, from, reset: None };
                    gateways[node].with(group, |hub, _, tail| hub.join(join, tail));
                }
            }
            Step::Leave { screen } => leave(&mut screens[screen], &mut gateways, &views),
            Step::Slow { screen } => {
                // Its queue takes no more; the hub finds out by itself.
                screens[screen].drain();
                screens[screen].queue.0.borrow_mut().1 = true;
                screens[screen].on = None;
            }
            Step::Build { node, late } => {
                gateways[node].build(late);
            }
            Step::Beat { node } => gateways[node].hubs.values_mut().for_each(Hub::beat),
            Step::Trim { node, group, keep } => {
                let floor = gateways[node].node.applied(GROUPS[group]).index.saturating_sub(keep);
                gateways[node].node.trim(GROUPS[group], floor);
            }
        }
        screens.iter_mut().for_each(Screen::drain);
    }

    for gateway in &mut gateways {
        gateway.node.catch_up();
        for group in GROUPS {
            gateway.pump(group);
        }
        while gateway.build(false) {}
        gateway.hubs.values_mut().for_each(Hub::beat);
    }
    for screen in &mut screens {
        screen.drain();
        let Some(node) = screen.on else { continue };
        let (gateway, view) = (&gateways[node], &views[screen.view]);
        for group in GROUPS {
            let held = &screen.fold.groups[&group.0];
            assert_eq!(held.through.map(|it| Position::from_wire(it).unwrap()), Some(gateway.hubs[&group].at()));
            let shown = without_newest(&direct(&truth, group, view), view);
            assert_eq!(without_newest(&held.records, view), shown, "screen {} in {group}", screen.id);
        }
    }
    // Only what may move does: the rule that spares screens a picture after a restart.
    for group in GROUPS {
        let mut places = Places::default();
        for batch in truth.events_after(group, 0, usize::MAX).unwrap() {
            for event in &batch.events {
                let alone = domain::EventBatch { events: vec![event.clone()], ..*batch };
                assert!(places.take(&alone).is_empty() || may_move(event), "{:?} moved its record", event.kind);
            }
        }
    }
}

fn leave(screen: &mut Screen, gateways: &mut [Gateway; 2], views: &[Arc<View>]) {
    screen.drain();
    if let Some(node) = screen.on.take() {
        gateways[node].hubs.values_mut().for_each(|hub| hub.leave(screen.id, &views[screen.view]));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_screen_holds_what_its_view_shows(steps in steps()) {
        run(steps);
    }
}

/// A hub of group 0 over the communes, with one screen that is live.
pub(super) fn live(view: &Arc<View>) -> (Arc<Cluster>, Gateway, Queue) {
    let cluster = communes();
    let mut gateway = Gateway::new(&cluster, 1);
    let queue = join(&mut gateway, 1, view, None, None);
    assert!(gateway.build(false));
    (cluster, gateway, queue)
}

pub(super) fn join(
    gateway: &mut Gateway,
    id: u64,
    view: &Arc<View>,
    from: Option<Position>,
    reset: Option<ResetReason>,
) -> Queue {
    let queue = Queue::default();
    let join = Join { socket: id, view: view.clone(), sink: queue.clone(), from, reset };
    gateway.with(GroupId(0), |hub, _, tail| hub.join(join, tail));
    queue
}

pub(super) fn fold(queue: &Queue) -> Fold {
    let mut fold = Fold::default();
    queue.0.borrow().0.iter().for_each(|payload| fold.take(decode(payload)));
    fold
}

#[test]
fn screens_with_one_view_share_the_bytes() {
    let view = &views()[0];
    let (cluster, mut gateway, first) = live(view);
    let others: Vec<_> = (2..50).map(|id| join(&mut gateway, id, view, None, None)).collect();
    assert!(gateway.wanted.is_empty(), "the picture is shared, not built anew");
    cluster.commit(GroupId(0), incident(1, "ngập"));
    gateway.node.catch_up();
    gateway.pump(GroupId(0));
    let last = |queue: &Queue| match queue.0.borrow().0.last().unwrap() {
        Payload::Binary(bytes) => bytes.as_ptr(),
        other => panic!("{other:?}"),
    };
    assert!(others.iter().all(|other| last(other) == last(&first)));
}

#[test]
fn batches_at_one_wake_share_a_frame_and_nothing_visible_moves_on_with_the_heartbeat() {
    let view = &views()[1];
    let (cluster, mut gateway, queue) = live(view);
    for n in 0..5 {
        cluster.commit(GroupId(0), incident(1, &format!("{n}")));
    }
    gateway.node.catch_up();
    gateway.pump(GroupId(0));
    let seen = fold(&queue);
    assert_eq!((queue.0.borrow().0.len(), seen.events, seen.empty_frames), (2, 5, 0), "a picture and one frame");
    cluster.commit(GroupId(0), incident(3, "elsewhere"));
    gateway.node.catch_up();
    gateway.pump(GroupId(0));
    assert_eq!(queue.0.borrow().0.len(), 2, "nothing is visible, nothing is sent");
    gateway.hubs.get_mut(&GroupId(0)).unwrap().beat();
    gateway.hubs.get_mut(&GroupId(0)).unwrap().beat();
    assert_eq!(fold(&queue).empty_frames, 1, "the position moves on once");
}

#[test]
fn what_leaves_the_view_is_withdrawn_and_nothing_is_said_of_what_was_never_in_it() {
    let view = &views()[1];
    let (cluster, mut gateway, queue) = live(view);
    for (id, at) in [("a", 1), ("b", 3), ("a", 4), ("b", 4)] {
        cluster.commit(GroupId(0), PutUnit { unit: unit(id, at) });
        gateway.node.catch_up();
        gateway.pump(GroupId(0));
    }
    let frames: Vec<_> = queue.0.borrow().0.iter().skip(1).map(|payload| format!("{:?}", decode(payload))).collect();
    assert_eq!(frames.len(), 2, "{frames:?}");
    assert!(frames[1].contains("unit/a") && frames.iter().all(|frame| !frame.contains("unit/b")));
}

#[test]
fn another_epoch_or_a_lost_tail_is_a_named_reset() {
    let view = &views()[0];
    let (cluster, mut gateway, queue) = live(view);
    let at = Position::from_wire(fold(&queue).positions()[0]).unwrap();
    let restored = join(&mut gateway, 2, view, Some(Position { epoch: EPOCH + 1, ..at }), None);
    assert_eq!(fold(&restored).resets, [(0, "restored".into())]);
    cluster.commit(GroupId(0), incident(1, "ngập"));
    gateway.node.catch_up();
    gateway.pump(GroupId(0));
    gateway.node.trim(GroupId(0), at.index + 1);
    let below = join(&mut gateway, 3, view, Some(at), None);
    while gateway.build(false) {}
    assert_eq!(fold(&below).resets, [(0, "below-floor".into())]);
    assert!(fold(&below).groups[&0].through.is_some(), "a picture follows");
}

#[test]
fn a_screen_that_is_ahead_waits_until_this_node_is_there() {
    let view = &views()[0];
    let (cluster, mut gateway, queue) = live(view);
    let at = Position::from_wire(fold(&queue).positions()[0]).unwrap();
    let ahead = Position { index: at.index + 1, ordinal: 0, ..at };
    let waiting = join(&mut gateway, 2, view, Some(ahead), None);
    cluster.commit(GroupId(0), incident(1, "seen elsewhere"));
    cluster.commit(GroupId(0), incident(1, "news"));
    assert!(waiting.0.borrow().0.is_empty());
    gateway.node.catch_up();
    gateway.pump(GroupId(0));
    let frames: Vec<_> = waiting.0.borrow().0.iter().map(|payload| format!("{:?}", decode(payload))).collect();
    assert!(frames.len() == 1 && frames[0].contains("news") && !frames[0].contains("seen elsewhere"), "{frames:?}");
}

#[test]
fn a_screen_that_is_ahead_is_taken_in_too_when_the_tail_has_passed_this_node_by() {
    let view = &views()[0];
    let (cluster, mut gateway, queue) = live(view);
    let at = Position::from_wire(fold(&queue).positions()[0]).unwrap();
    let waiting = join(&mut gateway, 2, view, Some(Position { index: at.index + 1, ordinal: 0, ..at }), None);
    cluster.commit(GroupId(0), incident(1, "seen elsewhere"));
    cluster.commit(GroupId(0), incident(1, "news"));
    gateway.node.catch_up();
    gateway.node.trim(GroupId(0), at.index + 2);
    gateway.pump(GroupId(0));
    while gateway.build(false) {}
    assert_eq!(fold(&waiting).resets, [(0, "below-floor".into())]);
    assert_eq!(fold(&waiting).groups[&0].through.map(|it| it.index), Some(at.index + 2));
}
