//! The router over the real thing: three nodes in one process, real consensus on disks in memory, real frames on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use domain::*;
use entity::{EntityConfig, Router, TELL_KIND, TellError};
use futures::future::BoxFuture;
use peer::{Handler, Identity, Peers, StreamReceiver, StreamSender, authority::Authority};
use raft::{Groups, NodeId, memory::MemoryDisk};

const FIELD: GroupId = GroupId(1);
/// Generous, since machines that test are busy; nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Wiring {
    groups: OnceLock<Groups>,
    router: OnceLock<Router>,
}

impl Handler for Wiring {
    fn call(&self, from: NodeId, kind: u16, payload: Bytes) -> BoxFuture<'static, Result<Bytes, String>> {
        let (groups, router) = (self.groups.get().cloned(), self.router.get().cloned());
        Box::pin(async move {
            if kind == TELL_KIND {
                return router.ok_or("starting")?.told(payload).await;
            }
            groups.ok_or("starting")?.serve_call(from, kind, payload).await
        })
    }

    fn stream(&self, _from: NodeId, kind: u16, header: Bytes, tx: StreamSender, rx: StreamReceiver) {
        if let Some(groups) = self.groups.get().cloned() {
            tokio::spawn(async move { groups.serve_stream(kind, header, tx, rx).await });
        }
    }

    fn live(&self, from: NodeId, topic: u16, key: Bytes, value: Bytes) {
        if let Some(groups) = self.groups.get() {
            groups.serve_live(from, topic, &key, &value);
        }
    }
}

struct Node {
    groups: Groups,
    peers: Peers,
    router: Router,
}

async fn start(folder: &std::path::Path) -> BTreeMap<NodeId, Node> {
    let authority = Authority::create(&folder.join("authority"), "test").unwrap();
    let mut nodes = BTreeMap::new();
    for node in 1..=3 {
        let home = folder.join(node.to_string());
        std::fs::create_dir_all(&home).unwrap();
        authority.issue_node(&home, "test", node, &["localhost".to_owned()]).unwrap();
        let identity = Identity {
            cluster: "test".to_owned(),
            node,
            ca_pem: std::fs::read_to_string(folder.join("authority/ca.pem")).unwrap(),
            cert_pem: std::fs::read_to_string(home.join("node.pem")).unwrap(),
            key_pem: std::fs::read_to_string(home.join("node.key")).unwrap(),
        };
        let wiring = Arc::new(Wiring::default());
        let peers = Peers::start(identity, "127.0.0.1:0".parse().unwrap(), wiring.clone()).await.unwrap();
        let groups = Groups::start(node, 1, Arc::new(MemoryDisk::default()), peers.clone()).await.unwrap();
        let router = Router::start(groups.clone(), peers.clone(), EntityConfig::default()).await;
        let _ = (wiring.groups.set(groups.clone()), wiring.router.set(router.clone()));
        nodes.insert(node, Node { groups, peers, router });
    }
    let addresses: Vec<_> = nodes.iter().map(|(node, n)| (*node, n.peers.local_addr().to_string())).collect();
    let founders: BTreeMap<_, _> = addresses
        .iter()
        .map(|(node, address)| (*node, raft::Node { peer_address: address.clone(), public_url: String::new() }))
        .collect();
    for node in nodes.values() {
        addresses.iter().for_each(|(other, address)| node.peers.set_address(*other, address));
    }
    for node in nodes.values() {
        node.groups.initialize(&founders).await.unwrap();
    }
    nodes
}

fn reading(sensor: &SensorId, tenths: i64) -> Reading {
    // Each its own device time, however fast they come.
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let now = u64::try_from(now).unwrap() - 30_000;
    let last = LAST.fetch_max(now, Ordering::Relaxed).max(now);
    LAST.fetch_add(1, Ordering::Relaxed);
    Reading {
        sensor: sensor.clone(),
        at_ms: Millis(last + 1),
        value_micro: Micro(tenths * 100_000),
        status: DeviceStatus::Measuring,
        unit_of_measure: "m".into(),
    }
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.unwrap_or_else(|_| panic!("waited in vain for: {what}"));
}

async fn accept(router: &Router, group: GroupId, command: impl Into<Command>) {
    let reply = router.command(Some(group), command.into(), None, None, DEADLINE).await.unwrap();
    assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
}

async fn found(router: &Router, sensor: &SensorId) {
    let admin_unit = AdminUnitCode::new("05443").unwrap();
    let unit = AdminUnit {
        code: admin_unit.clone(),
        name: "Phường Gia Bảy".into(),
        name_en: String::new(),
        parent: None,
        aliases: Vec::new(),
        valid_from_ms: Millis(1),
        valid_until_ms: Millis(0),
    };
    accept(router, GroupId::COMMAND, PutAdminUnits { admin_units: vec![unit] }).await;
    let placement = Placement { entity: EntityId::from(sensor), group: FIELD };
    accept(router, GroupId::COMMAND, PlaceEntities { placements: vec![placement] }).await;
    let high = Threshold {
        condition: Condition::new("high").unwrap(),
        above: true,
        limit_micro: Micro(27_000_000),
        hysteresis_micro: Micro(500_000),
        debounce_ms: 0,
        severity: Severity::High,
    };
    let sensor = Sensor {
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
        id: sensor.clone(),
        name: "Trạm Gia Bảy".into(),
        kind: SensorKind::RiverLevel,
        unit_of_measure: "m".into(),
        place: Place { latitude_e7: 215_900_000, longitude_e7: 1_058_400_000, admin_unit, address: String::new() },
        thresholds: vec![high],
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
    };
    accept(router, FIELD, RegisterSensor { sensor }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readings_alarms_and_incidents_outlive_the_node_that_led() {
    let folder = std::env::temp_dir().join(format!("trongdong-entity-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let mut nodes = start(&folder).await;
    let sensor = SensorId::new("S1").unwrap();
    found(&nodes[&1].router, &sensor).await;

    // Every node takes readings, wherever the group is led.
    for node in nodes.values() {
        let placed = || node.groups.read(GroupId::COMMAND, |s| s.placements().contains_key(&EntityId::from(&sensor)));
        until("the placement on every node", placed).await;
        let verdicts = node.router.record(vec![reading(&sensor, 200)], DEADLINE).await;
        assert_eq!(verdicts, Ok(vec![ReadingVerdict::Recorded]));
    }

    // The node that leads the field group goes without a word; a survivor's caller only waits a little.
    until("somebody leads", || nodes[&1].groups.lead_watch(FIELD).borrow().leader.is_some()).await;
    let leader = nodes[&1].groups.lead_watch(FIELD).borrow().leader.unwrap();
    let gone = nodes.remove(&leader).unwrap();
    gone.peers.shutdown().await;
    gone.groups.shutdown().await;
    let survivor = nodes.values().next().unwrap();
    let verdicts = survivor.router.record(vec![reading(&sensor, 273)], DEADLINE).await;
    assert_eq!(verdicts, Ok(vec![ReadingVerdict::Recorded]));

    // The new leader's rules raise the alarm, and its reporter tells the command group, wherever that is led now.
    let summary =
        || survivor.groups.read(GroupId::COMMAND, |s| s.incidents().values().next().map(|i| i.summary.clone()));
    until("the incident", || summary().is_some()).await;
    assert_eq!(summary().unwrap(), "Mực nước vượt mức cao: Trạm Gia Bảy 27.3 m (giới hạn 27)");
    until("its confirmation", || survivor.groups.read(FIELD, |s| s.unreported_alarms().next().is_none())).await;
    assert_eq!(survivor.groups.read(FIELD, |s| s.alarms().len()), 1, "a failover alarms nobody");

    for node in nodes.values() {
        node.router.stop().await;
        let after = node.router.record(vec![reading(&sensor, 200)], DEADLINE).await;
        assert_eq!(after, Err(TellError::Stopped));
        node.peers.shutdown().await;
        node.groups.shutdown().await;
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// Answer within three seconds; a step two seconds before, at, and two seconds after that.
fn answer_within_three_seconds() -> PutDeadlinePolicy {
    let step = |stage, offset_ms| Step { stage, offset_ms, post: None };
    PutDeadlinePolicy {
        policy: DeadlinePolicy {
            id: DeadlinePolicyId::new("answer").unwrap(),
            name: "Trả lời".into(),
            obligation: Obligation::Answer,
            kinds: Vec::new(),
            agency: String::new(),
            admin_unit: None,
            calendar: None,
            within_ms: 3000,
            steps: vec![
                step(ClockStage::NearlyLate, -2000),
                step(ClockStage::Late, 0),
                step(ClockStage::Overdue, 2000),
            ],
            disabled: false,
            version: 0,
        },
    }
}

fn call(place: Place) -> OpenIncident {
    let source = Source {
        origin: Origin::Report("1022".into()),
        episode: 0,
        version: 0,
        active: false,
        at_ms: Millis(1),
        alarm_report: None,
    };
    OpenIncident {
        kind: IncidentKind::Flood,
        severity: Severity::Info,
        place,
        summary: "Ngập đường".into(),
        source,
        exercise: false,
        place_is_mapped: false,
        advice: None,
    }
}

/// The group's record as this node has it, checked.
async fn verify_record(groups: &Groups, group: GroupId) -> domain::audit::verify::Verdict {
    use domain::wire::Record;
    let head = groups.read(group, State::audit_head);
    let mut verifier = domain::audit::verify::Verifier::without_ends();
    let row = async |key: Bytes| {
        let to = Bytes::from([key.as_ref(), &[0]].concat());
        let found = groups.scan(group, key, to, 1).await.unwrap();
        found.into_iter().next().map(|(_, value)| value)
    };
    // State is a moment ahead of the rows.
    while row(rows::audit_link_key(head.number)).await.is_none() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for number in 1..=head.number {
        let link = AuditLink::decode(&row(rows::audit_link_key(number)).await.unwrap()).unwrap();
        let sealed = row(rows::audit_sealed_key(number)).await.map(|row| AuditSealed::decode(&row).unwrap());
        verifier.take(&AuditRecord { link, sealed, withheld: false }).unwrap();
    }
    verifier.finish(&BTreeMap::from([(group, head)])).unwrap()
}

/// Real consensus, a lead that goes round, and each step of each clock once on every node, in time; and the same record.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deadlines_fire_once_while_the_lead_goes_round() {
    const CALLS: usize = 5;
    let folder = std::env::temp_dir().join(format!("trongdong-entity-deadlines-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let nodes = start(&folder).await;
    let first = &nodes[&1];
    found(&first.router, &SensorId::new("S1").unwrap()).await;
    accept(&first.router, GroupId::COMMAND, SwitchFeature { feature: domain::audit::FEATURE }).await;
    accept(&first.router, GroupId::COMMAND, SwitchFeature { feature: domain::VOCABULARY_2 }).await;
    accept(&first.router, GroupId::COMMAND, answer_within_three_seconds()).await;
    let admin_unit = AdminUnitCode::new("05443").unwrap();
    let place = Place { latitude_e7: 215_900_000, longitude_e7: 1_058_400_000, admin_unit, address: String::new() };
    for _ in 0..CALLS {
        accept(&first.router, GroupId::COMMAND, call(place.clone())).await;
    }

    let all_taken = |node: &Node| {
        let taken = |state: &State| {
            let clocks: Vec<_> = state.incidents().values().flat_map(|incident| &incident.clocks).collect();
            clocks.len() == CALLS && clocks.iter().all(|clock| clock.fired == 3)
        };
        node.groups.read(GroupId::COMMAND, taken)
    };
    let go_round = async {
        for to in (1..=3).cycle() {
            if all_taken(first) {
                return;
            }
            let leader = first.groups.lead_watch(GroupId::COMMAND).borrow().leader;
            if let Some(leader) = leader.filter(|leader| *leader != to) {
                nodes[&leader].groups.transfer_leader(GroupId::COMMAND, to).await;
            }
            let mut lead = nodes[&to].groups.lead_watch(GroupId::COMMAND);
            // A lead that does not come goes on round all the same.
            let _ = tokio::time::timeout(Duration::from_secs(1), lead.wait_for(|lead| lead.is_self_ready)).await;
        }
    };
    tokio::time::timeout(3 * DEADLINE, go_round).await.unwrap();

    for node in nodes.values() {
        until("every step on every node", || all_taken(node)).await;
        let events = node.groups.events_after(GroupId::COMMAND, 0, usize::MAX).unwrap();
        let mut taken: BTreeMap<(IncidentId, EventKind), u32> = BTreeMap::new();
        for event in events.iter().flat_map(|batch| &batch.events) {
            let after_ms = match event.kind {
                EventKind::DeadlineNearlyLate => 1000,
                EventKind::DeadlineLate => 3000,
                EventKind::DeadlineOverdue => 5000,
                _ => continue,
            };
            let Some(Subject::Incident(incident)) = &event.subject else { panic!("{event:?}") };
            let passed_ms = event.at_ms.since(incident.opened_at_ms);
            assert!((after_ms..=after_ms + 10_000).contains(&passed_ms), "{} after {passed_ms} ms", event.kind);
            *taken.entry((incident.id.clone(), event.kind)).or_default() += 1;
        }
        assert_eq!(taken.len(), 3 * CALLS);
        assert!(taken.values().all(|times| *times == 1), "{taken:?}");
        let verdict = verify_record(&node.groups, GroupId::COMMAND).await;
        assert!(verdict.records > u64::try_from(3 * CALLS).unwrap(), "{verdict:?}");
    }
    for node in nodes.values() {
        node.router.stop().await;
        node.peers.shutdown().await;
        node.groups.shutdown().await;
    }
    let _ = std::fs::remove_dir_all(&folder);
}
