//! Disks that fail and disks that hang: who relies on them hears of it, and nobody else waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::{
    io,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crate::common::TestCluster;
use bytes::Bytes;
use domain::{AdminUnit, AdminUnitCode, Command, GroupId, Millis, PutAdminUnits, RaisePolicyFloor, Reply};
use raft::{
    Groups, Proposal, ProposeError,
    disk::{BoxFuture, Disk, DiskSnapshot, Done, Install, LogOnDisk, LogOp, Replacement, RowBatch},
    memory::MemoryDisk,
};
use tokio::time::{sleep, timeout};

const DEADLINE: Duration = Duration::from_secs(5);
const WITHIN: Duration = Duration::from_secs(20);
/// How long a flush of the disk that hangs takes while it does not hang.
const FLUSH: Duration = Duration::from_millis(5);

fn put(number: usize) -> Proposal {
    let unit = AdminUnit {
        code: AdminUnitCode::new(&format!("u{number}")).unwrap(),
        name: "Xã".to_owned(),
        name_en: "Commune".to_owned(),
        parent: None,
        aliases: Vec::new(),
        valid_from_ms: Millis(0),
        valid_until_ms: Millis(0),
    };
    Proposal::system(Command::PutAdminUnits(PutAdminUnits { admin_units: vec![unit] }))
}

fn has(groups: &Groups, number: usize) -> bool {
    let code = AdminUnitCode::new(&format!("u{number}")).unwrap();
    groups.read(GroupId::COMMAND, |state| state.admin_units().contains_key(&code))
}

/// Proposes wherever the lead is until it is accepted.
async fn propose(cluster: &TestCluster, number: usize) {
    let proposing = async {
        loop {
            let leader = cluster.leader(GroupId::COMMAND).await;
            match cluster.nodes[&leader].groups.propose(GroupId::COMMAND, put(number), DEADLINE).await {
                Ok(committed) => {
                    return assert!(matches!(committed.reply, Reply::Accepted(_)), "{:?}", committed.reply);
                }
                Err(ProposeError::NotLeader { .. } | ProposeError::Unknown) => sleep(FLUSH).await,
                Err(error) => panic!("{error}"),
            }
        }
    };
    timeout(WITHIN, proposing).await.expect("somebody takes the proposal");
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    let waiting = async {
        while !is_so() {
            sleep(FLUSH).await;
        }
    };
    assert!(timeout(WITHIN, waiting).await.is_ok(), "{what}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_disk_fails_acknowledges_nothing_more_and_stops_by_name() {
    let disks: Vec<MemoryDisk> = (0..3).map(|_| MemoryDisk::new()).collect();
    let mut cluster = TestCluster::start_on("failing", disks.clone()).await;
    for number in 0..5 {
        propose(&cluster, number).await;
    }
    let failing = cluster.leader(GroupId::COMMAND).await;
    disks[usize::try_from(failing - 1).unwrap()].fail();
    let node = cluster.nodes.remove(&failing).unwrap();
    // What it proposes now may reach the others; it cannot tell anybody that it is durable.
    let told = node.groups.propose(GroupId::COMMAND, put(100), DEADLINE).await;
    assert!(told.is_err(), "{told:?}");
    let fatal = || node.groups.status().into_iter().find_map(|status| status.fatal);
    until("consensus on it stops", || fatal().is_some()).await;
    assert!(fatal().is_some_and(|reason| reason.contains("the disk in memory is broken")), "{:?}", fatal());
    node.crash().await;

    propose(&cluster, 5).await;
    for node in cluster.nodes.values() {
        until("what was acknowledged is on both others", || (0..6).all(|number| has(&node.groups, number))).await;
    }
    cluster.stop().await;
}

/// A bit of the write-ahead log that turned over took the end of the log with it, below what the watermarks had on record. Its
/// leader, which had its acknowledgement, sent it nothing more, and said nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_lost_what_it_had_acknowledged_is_sent_it_again_and_says_so() {
    let disks: Vec<MemoryDisk> = (0..3).map(|_| MemoryDisk::new()).collect();
    let mut cluster = TestCluster::start_on("lost", disks.clone()).await;
    propose(&cluster, 0).await;
    let leader = cluster.leader(GroupId::COMMAND).await;
    let sick = (1..=3).find(|id| *id != leader).unwrap();
    until("it has the first", || has(&cluster.nodes[&sick].groups, 0)).await;
    let kept = disks[usize::try_from(sick - 1).unwrap()].copy();
    for number in 1..20 {
        propose(&cluster, number).await;
    }
    until("it has them all", || has(&cluster.nodes[&sick].groups, 19)).await;
    cluster.nodes.remove(&sick).unwrap().crash().await;
    // Its log ends where it did before the others, and so do its rows.
    cluster.disks.insert(sick, Arc::new(kept));
    cluster.restart(sick).await;
    assert_eq!(cluster.leader(GroupId::COMMAND).await, leader, "the one that has its word leads still");
    propose(&cluster, 20).await;
    until("it has them again", || (0..=20).all(|number| has(&cluster.nodes[&sick].groups, number))).await;
    until("it says so", || {
        cluster.nodes[&sick].groups.lost().iter().any(|(group, upto)| *group == GroupId::COMMAND && *upto > 19)
    })
    .await;
    assert!(cluster.nodes[&leader].groups.lost().is_empty());
    cluster.stop().await;
}

/// A disk whose flushes end while it flows, and else not.
struct Hanging {
    flows: Arc<AtomicBool>,
    ends: Arc<AtomicBool>,
}

impl Hanging {
    fn new(disk: &MemoryDisk) -> Self {
        let (flows, ends) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let (disk, is_flowing, is_ended) = (disk.clone(), Arc::clone(&flows), Arc::clone(&ends));
        thread::spawn(move || {
            while !is_ended.load(Ordering::Acquire) {
                if is_flowing.load(Ordering::Acquire) {
                    disk.release();
                }
                thread::sleep(FLUSH);
            }
        });
        Self { flows, ends }
    }

    fn flow(&self, flows: bool) {
        self.flows.store(flows, Ordering::Release);
    }
}

impl Drop for Hanging {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_hangs_holds_nobody_up_and_its_node_catches_up() {
    let slow = MemoryDisk::held();
    let hanging = Hanging::new(&slow);
    let cluster = TestCluster::start_on("hanging", vec![MemoryDisk::new(), MemoryDisk::new(), slow.clone()]).await;
    propose(&cluster, 0).await;
    let leader = cluster.leader(GroupId::COMMAND).await;
    if leader == 3 {
        cluster.hand_over(GroupId::COMMAND, 1).await;
    }
    hanging.flow(false);
    for number in 1..20 {
        propose(&cluster, number).await;
    }
    until("what it was sent waits in its queue", || slow.queued() > 0).await;
    assert!(cluster.nodes[&3].groups.status().iter().all(|status| status.fatal.is_none()), "slow is not broken");
    hanging.flow(true);
    let groups = &cluster.nodes[&3].groups;
    until("it catches up", || (0..20).all(|number| has(groups, number))).await;
    cluster.stop().await;
    drop(hanging);
}

/// A disk on which the applied state of one group hangs while that is wanted.
struct SlowGroup {
    disk: MemoryDisk,
    group: u32,
    hangs: Arc<AtomicBool>,
    /// Somebody writes and waits.
    waits: Arc<AtomicBool>,
}

impl Disk for SlowGroup {
    fn write_rows(&self, group: u32, batch: RowBatch) -> io::Result<()> {
        while group == self.group && self.hangs.load(Ordering::Acquire) {
            self.waits.store(true, Ordering::Release);
            thread::sleep(FLUSH);
        }
        self.disk.write_rows(group, batch)
    }
    fn replace_rows(&self, group: u32, generation: u32, step: Replacement) -> io::Result<bool> {
        self.disk.replace_rows(group, generation, step)
    }
    fn log(&self, group: u32) -> io::Result<LogOnDisk> {
        self.disk.log(group)
    }
    fn room(&self) -> BoxFuture<()> {
        self.disk.room()
    }
    fn submit(&self, op: LogOp, done: Done) {
        self.disk.submit(op, done);
    }
    fn read_log(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>> {
        self.disk.read_log(group, range, bytes_max)
    }
    fn applied(&self, group: u32) -> io::Result<Option<Bytes>> {
        self.disk.applied(group)
    }
    fn scan(&self, group: u32, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        self.disk.scan(group, from, to, rows_max)
    }
    fn events(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>> {
        self.disk.events(group, range, bytes_max)
    }
    fn event_floor(&self, group: u32) -> io::Result<u64> {
        self.disk.event_floor(group)
    }
    fn snapshot(&self, group: u32) -> io::Result<Box<dyn DiskSnapshot>> {
        self.disk.snapshot(group)
    }
    fn install(&self, group: u32) -> io::Result<Box<dyn Install>> {
        self.disk.install(group)
    }
    fn close(&self) -> io::Result<()> {
        self.disk.close()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_whose_state_hangs_on_every_node_holds_up_no_other() {
    const SLOW: GroupId = GroupId(3);
    let (hangs, waits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let slow = || -> Arc<dyn Disk> {
        let (hangs, waits) = (Arc::clone(&hangs), Arc::clone(&waits));
        Arc::new(SlowGroup { disk: MemoryDisk::new(), group: SLOW.0, hangs, waits })
    };
    let cluster = TestCluster::start_over("slow-group", vec![slow(), slow(), slow()]).await;
    let leader = cluster.leader(SLOW).await;
    propose(&cluster, 0).await;
    hangs.store(true, Ordering::Release);
    let groups = cluster.nodes[&leader].groups.clone();
    let hanging = Arc::clone(&hangs);
    // More and more, until no more rows may wait for the disk.
    let waiting = tokio::spawn(async move {
        let mut floor = 0;
        loop {
            floor += 1;
            let raised = Proposal::system(Command::from(RaisePolicyFloor { floor }));
            let committed = groups.propose(SLOW, raised, WITHIN).await;
            if !hanging.load(Ordering::Acquire) || committed.is_err() {
                return (floor, committed);
            }
        }
    });
    until("as many rows wait as may", || waits.load(Ordering::Acquire)).await;
    for number in 1..20 {
        propose(&cluster, number).await;
    }
    assert!(!waiting.is_finished(), "its rows are not written yet, so nobody is told of more");
    hangs.store(false, Ordering::Release);
    let (floor, committed) = timeout(WITHIN, waiting).await.unwrap().unwrap();
    assert_eq!(committed.unwrap().reply, Reply::accepted("", floor));
    cluster.stop().await;
}
