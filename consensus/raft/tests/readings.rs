//! Readings at rest, over three nodes: some have packed them and some have not, one comes late and gets them by snapshot, a new
//! cluster gets them out of a backup, and what is not kept is gone. Everywhere the same readings are read.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::common::TestCluster;
use bytes::Bytes;
use domain::{
    AdminUnitCode, Command, DAY_MS, DeviceStatus, Entry, GroupId, Micro, Millis, Place, Reading, RecordReadings,
    RegisterSensor, Reply, Row, RowChange, Sensor, SensorId, SensorKind, SetRetention, State, SwitchFeature, chunk,
    rows, series::Asked,
};
use raft::{
    Due, Groups, Proposal, ProposeError,
    backup::{FrameReader, LogPlace, Part, seed},
    disk::Disk,
    memory::MemoryDisk,
};

/// Generous, since machines that test are busy; nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(20);
const GROUP: GroupId = GroupId(1);
/// Days before now that the story begins.
const DAYS: u64 = 5;
const SENSORS: [&str; 3] = ["gauge", "gauge-2", "rain"];

fn id(name: &str) -> SensorId {
    SensorId::new(name).unwrap()
}

fn sensor(name: &str) -> Command {
    let admin_unit = AdminUnitCode::new("u1").unwrap();
    let sensor = Sensor {
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
        id: id(name),
        name: name.into(),
        kind: if name == "rain" { SensorKind::Rain } else { SensorKind::RiverLevel },
        unit_of_measure: "m".into(),
        place: Place { latitude_e7: 0, longitude_e7: 0, admin_unit, address: String::new() },
        thresholds: Vec::new(),
        period_ms: 0,
        silence_periods: 0,
        rate_limit_micro_per_min: 0,
        range_min_micro: Micro(0),
        range_max_micro: Micro(0),
        status: DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 0,
    };
    RegisterSensor { sensor }.into()
}

fn record(at_ms: u64, value: i64) -> Command {
    let reading = |sensor: &&str| Reading {
        sensor: id(sensor),
        at_ms: Millis(at_ms),
        value_micro: Micro(value * 10_000),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    };
    RecordReadings { readings: SENSORS.iter().map(reading).collect() }.into()
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// What a field group holds that has recorded a reading of each sensor each half hour for some days.
fn story() -> (LogPlace, Vec<Row>) {
    let (mut state, mut disk, mut index) = (State::new(GROUP), BTreeMap::new(), 0);
    let from = now_ms() - DAYS * DAY_MS;
    let mut commands = vec![(from, SwitchFeature { feature: chunk::FEATURE }.into())];
    commands.extend(SENSORS.map(|name| (from, sensor(name))));
    let at = (0..DAYS * 48 - 4).map(|half_hour| from + half_hour * 1_800_000);
    commands.extend(at.zip(0..).map(|(at, value)| (at, record(at, value % 30))));
    for (at, command) in commands {
        index += 1;
        let entry = Entry { at_ms: Millis(at), request: None, grant: None, command, salt: Bytes::new() };
        for change in state.apply(index, &entry).rows {
            match change {
                RowChange::Put(row) => drop(disk.insert(row.key, row.value)),
                RowChange::Delete(key) => drop(disk.remove(&key)),
            }
        }
    }
    let rows = disk.into_iter().map(|(key, value)| Row { key, value });
    (LogPlace { index, term: 1, leader: 1 }, rows.collect())
}

/// Three nodes that begin with these rows of the group, and nothing else.
async fn seeded(name: &str, at: LogPlace, of_group: &[Row]) -> TestCluster {
    let mut cluster = TestCluster::start(name, 3).await;
    let members = (1..=3).map(|id| (id, cluster.address(id))).collect();
    for (_, node) in std::mem::take(&mut cluster.nodes) {
        node.crash().await;
    }
    for node in 1..=3 {
        let disk = MemoryDisk::new();
        for group in GroupId::all() {
            let rows = if group == GROUP { of_group.to_vec() } else { State::new(group).rows() };
            seed(&disk, group, at, &members, [Ok::<_, Infallible>(rows)]).unwrap();
        }
        cluster.disks.insert(node, Arc::new(disk.crash(0)));
    }
    for node in 1..=3 {
        cluster.restart(node).await;
    }
    cluster
}

async fn propose(cluster: &TestCluster, command: &Command) -> u64 {
    let accepted = async {
        loop {
            let leader = cluster.leader(GROUP).await;
            match cluster.nodes[&leader].groups.propose(GROUP, Proposal::system(command.clone()), DEADLINE).await {
                Ok(committed) => {
                    assert!(matches!(committed.reply, Reply::Accepted(_)), "{:?}", committed.reply);
                    return committed.index;
                }
                Err(ProposeError::NotLeader { .. } | ProposeError::Unknown) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    tokio::time::timeout(3 * DEADLINE, accepted).await.expect("a leader takes it")
}

async fn until_applied(groups: &Groups, index: u64) {
    let mut applied = groups.applied_watch(GROUP);
    let wait = applied.wait_for(|at| at.index >= index);
    tokio::time::timeout(Duration::from_secs(20), wait).await.expect("applied in time").unwrap();
}

type Readings = BTreeMap<SensorId, Vec<(u64, i64)>>;

/// What a node answers of all sensors, each reading as often as it is there.
async fn read(groups: &Groups) -> Readings {
    let sensors = SENSORS.map(|name| (id(name), Millis(0))).into();
    let asked = Asked { sensors, from: Millis(0), to: Millis(u64::MAX) };
    let found = Arc::new(Mutex::new(Readings::new()));
    let into = found.clone();
    let take = move |sensor: &SensorId, sample: chunk::Sample| {
        let reading = (sample.at_ms.0, sample.value_micro.0);
        into.lock().unwrap().entry(sensor.clone()).or_default().push(reading);
        true
    };
    assert!(groups.recorded(GROUP, asked, usize::MAX - 1, Box::new(take)).await.unwrap());
    let mut found = std::mem::take(&mut *found.lock().unwrap());
    found.values_mut().for_each(|readings| readings.sort_unstable());
    found
}

fn count(disk: &Arc<dyn Disk>, table: u8) -> usize {
    disk.scan(GROUP.0, &[table], &[table + 1], usize::MAX).unwrap().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn packed_or_not_late_or_restored_a_node_reads_the_same() {
    let (at, rows) = story();
    let mut cluster = seeded("readings", at, &rows).await;
    let index = propose(&cluster, &record(now_ms(), 7)).await;
    for node in cluster.nodes.values() {
        until_applied(&node.groups, index).await;
    }
    let before = read(&cluster.nodes[&1].groups).await;
    assert!(before.values().all(|readings| readings.len() as u64 == DAYS * 48 - 3), "{before:?}");

    // One node packs everything, one what is worth it, one nothing.
    let folded = cluster.nodes[&1].groups.fold_readings(GROUP, Due::Now).await.unwrap();
    assert_eq!(folded.readings, before.values().map(Vec::len).sum::<usize>());
    cluster.nodes[&2].groups.fold_readings(GROUP, Due::Worth).await.unwrap();
    assert_eq!(count(&cluster.disks[&1], rows::READINGS), 0);
    assert!(count(&cluster.disks[&2], rows::READINGS) > 0 && count(&cluster.disks[&2], rows::READING_CHUNKS) > 0);
    assert_eq!(count(&cluster.disks[&3], rows::READING_CHUNKS), 0);
    let digest = cluster.nodes[&1].groups.digest(GROUP).await.unwrap();
    for node in cluster.nodes.values() {
        assert_eq!(read(&node.groups).await, before);
        assert_eq!(node.groups.digest(GROUP).await.unwrap(), digest);
    }

    // Late: the log is gone, and what comes is rows and chunks as the leader has them.
    let leader = cluster.leader(GROUP).await;
    let away = *cluster.nodes.keys().find(|node| **node != leader).unwrap();
    cluster.nodes.remove(&away).unwrap().crash().await;
    let mut last = 0;
    for number in 0..30 {
        last = propose(&cluster, &record(now_ms() + number, 9)).await;
    }
    for node in cluster.nodes.values() {
        until_applied(&node.groups, last).await;
        node.groups.fold_readings(GROUP, Due::Now).await.unwrap();
        node.groups.compact(GROUP).await.unwrap();
    }
    let installed = cluster.disks[&away].snapshot(GROUP.0).unwrap().generation();
    cluster.restart(away).await;
    until_applied(&cluster.nodes[&away].groups, last).await;
    let after = read(&cluster.nodes[&leader].groups).await;
    assert_eq!(after[&id("rain")].len(), before[&id("rain")].len() + 30);
    assert!(cluster.disks[&away].snapshot(GROUP.0).unwrap().generation() > installed, "it came by snapshot");
    assert_eq!(read(&cluster.nodes[&away].groups).await, after);
    // It goes on where its leader was.
    let next = propose(&cluster, &record(now_ms() + 100, 11)).await;
    until_applied(&cluster.nodes[&away].groups, next).await;
    cluster.nodes[&away].groups.fold_readings(GROUP, Due::Now).await.unwrap();
    until_applied(&cluster.nodes[&leader].groups, next).await;
    let after = read(&cluster.nodes[&leader].groups).await;
    assert_eq!(read(&cluster.nodes[&away].groups).await, after);

    // Out of a backup: of the node that has packed all.
    let mut export = cluster.nodes[&away].groups.export("test", "0", DEADLINE).await.unwrap();
    let (mut reader, mut kept, mut current) = (FrameReader::default(), None, GroupId::COMMAND);
    while let Some(frame) = export.next_frame().await.unwrap() {
        reader.push(&frame);
        while let Some(part) = reader.next_part().unwrap() {
            match part {
                Part::Group(group, at) => {
                    current = group;
                    if group == GROUP {
                        kept = Some((at, Vec::new()));
                    }
                }
                Part::Rows(some) if current == GROUP => kept.as_mut().unwrap().1.extend(some),
                _ => {}
            }
        }
    }
    cluster.stop().await;
    let (at, rows) = kept.unwrap();
    assert!(rows.iter().all(|row| row.key.first() != Some(&rows::READINGS)), "chunks are all that it has");
    let restored = seeded("readings-restored", at, &rows).await;
    for node in restored.nodes.values() {
        assert_eq!(read(&node.groups).await, after);
    }
    restored.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_kept_is_gone_on_every_node_with_the_same_entry() {
    let (at, rows) = story();
    let cluster = seeded("retention", at, &rows).await;
    cluster.nodes[&1].groups.fold_readings(GROUP, Due::Now).await.unwrap();
    let kinds = vec![domain::KindRetention { kind: SensorKind::Rain, days: 0 }];
    let index = propose(&cluster, &SetRetention { days: 2, kinds }.into()).await;
    for node in cluster.nodes.values() {
        until_applied(&node.groups, index).await;
    }
    let floor = cluster.nodes[&1].groups.read(GROUP, |state| state.readings_from(&id("gauge")));
    assert_eq!(floor.0 % DAY_MS, 0);
    // Before anybody has taken a byte from its disk.
    let found = read(&cluster.nodes[&1].groups).await;
    assert!(found[&id("gauge")].iter().all(|(at_ms, _)| *at_ms >= floor.0));
    assert!(found[&id("gauge")].len() < found[&id("rain")].len());
    assert_eq!(found[&id("rain")].len() as u64, DAYS * 48 - 4);
    let digest = cluster.nodes[&1].groups.digest(GROUP).await.unwrap();
    for node in cluster.nodes.values() {
        assert_eq!(read(&node.groups).await, found);
        assert_eq!(node.groups.digest(GROUP).await.unwrap(), digest);
    }
    // And after they all have: the same rows, byte for byte.
    let mut held = Vec::new();
    for (node, running) in &cluster.nodes {
        let chunks = count(&cluster.disks[node], rows::READING_CHUNKS);
        let folded = running.groups.fold_readings(GROUP, Due::Now).await.unwrap();
        assert!(folded.dropped > 0 && (*node != 1 || chunks > 0), "{folded:?}");
        assert_eq!(read(&running.groups).await, found);
        assert_eq!(running.groups.digest(GROUP).await.unwrap(), digest);
        let of_readings = [rows::READINGS, rows::READING_CHUNKS + 1];
        held.push(cluster.disks[node].scan(GROUP.0, &of_readings[..1], &of_readings[1..], usize::MAX).unwrap());
    }
    assert!(held.iter().all(|rows| *rows == held[0]));
    cluster.stop().await;
}
