//! A backup of three nodes becomes the state of three others: what was acknowledged before it is there, what came after is
//! not, and the log goes on behind it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use crate::common::TestCluster;
use domain::{AdminUnit, AdminUnitCode, Command, GroupId, Millis, PutAdminUnits, Reply, Row, State};
use raft::{
    NodeId, Proposal, ProposeError,
    backup::{FrameReader, LogPlace, Part, SeedError, Summing, seed},
    memory::MemoryDisk,
};

/// Generous, since machines that test are busy; nothing waits for it to pass.
const DEADLINE: Duration = Duration::from_secs(20);

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

/// Proposes wherever the lead is until it is accepted; gives the index.
async fn propose(cluster: &TestCluster, number: usize) -> u64 {
    let accepted = async {
        loop {
            let leader = cluster.leader(GroupId::COMMAND).await;
            match cluster.nodes[&leader].groups.propose(GroupId::COMMAND, put(number), DEADLINE).await {
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

#[derive(Default)]
struct Kept {
    groups: BTreeMap<GroupId, (LogPlace, Vec<Row>)>,
}

/// Reads a backup to its end, and holds each group's rows against their sum.
fn read(frames: &[u8]) -> Kept {
    let (mut reader, mut kept) = (FrameReader::default(), Kept::default());
    reader.push(frames);
    let (mut current, mut has_ended) = (None, false);
    while let Some(part) = reader.next_part().unwrap() {
        match part {
            Part::Begin(begin) => assert_eq!((begin.cluster.as_str(), begin.epoch), ("test", 7)),
            Part::Group(group, at) => current = Some((group, at, Vec::new(), Summing::default())),
            Part::Rows(some) => {
                let (_, _, rows, summing) = current.as_mut().unwrap();
                some.iter().for_each(|row| summing.add(row).unwrap());
                rows.extend(some);
            }
            Part::Sum(sum) => {
                let (group, at, rows, summing) = current.take().unwrap();
                assert_eq!(summing.finish(), sum);
                kept.groups.insert(group, (at, rows));
            }
            Part::End(groups) => has_ended = groups == 9,
        }
    }
    assert!(has_ended && !reader.is_in_a_frame());
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_cluster_goes_on_where_the_backup_ends() {
    let old = TestCluster::start("backup-old", 3).await;
    let mut last = 0;
    for number in 0..20 {
        last = propose(&old, number).await;
    }
    let leader = old.leader(GroupId::COMMAND).await;
    let follower: NodeId = *old.nodes.keys().find(|id| **id != leader).unwrap();
    // Each frame is asked for, so nothing is read before the writing below.
    let mut export = old.nodes[&follower].groups.export("test", "0", DEADLINE).await.unwrap();
    let after = propose(&old, 20).await;
    let mut frames = Vec::new();
    while let Some(frame) = export.next_frame().await.unwrap() {
        frames.extend_from_slice(&frame);
    }
    old.stop().await;

    let kept = read(&frames);
    assert!(kept.groups.keys().copied().eq(GroupId::all()));
    let (at, rows) = &kept.groups[&GroupId::COMMAND];
    assert!((last..after).contains(&at.index), "{last} was acknowledged before, {after} was proposed later: {at:?}");
    let state = State::from_rows(GroupId::COMMAND, rows.clone()).unwrap();
    assert_eq!(state.admin_units().len(), 20);

    let mut new = TestCluster::start("backup-new", 3).await;
    let members = (1..=3).map(|id| (id, new.address(id))).collect();
    for (_, node) in std::mem::take(&mut new.nodes) {
        node.crash().await;
    }
    for id in 1..=3 {
        let disk = MemoryDisk::new();
        for (group, (at, rows)) in &kept.groups {
            let some = rows.chunks(3).map(|rows| Ok::<_, Infallible>(rows.to_vec()));
            seed(&disk, *group, *at, &members, some).unwrap();
        }
        let again = seed(&disk, GroupId::COMMAND, *at, &members, Vec::<Result<Vec<Row>, Infallible>>::new());
        assert!(matches!(again, Err(SeedError::NotEmpty(GroupId::COMMAND))));
        // Only what is on the platter counts.
        new.disks.insert(id, Arc::new(disk.crash(0)));
    }
    for id in 1..=3 {
        new.restart(id).await;
    }
    let next = propose(&new, 30).await;
    assert!(next > at.index, "indexes go on");
    for node in new.nodes.values() {
        let mut applied = node.groups.applied_watch(GroupId::COMMAND);
        let there = applied.wait_for(|at| at.index >= next);
        let there = *tokio::time::timeout(Duration::from_secs(20), there).await.unwrap().unwrap();
        assert!(there.term > at.term, "so do terms");
        let units = node.groups.read(GroupId::COMMAND, |state| state.admin_units().len());
        assert_eq!(units, 21, "what came after the backup is not there");
        assert!(node.groups.events_after(GroupId::COMMAND, at.index - 1, 10).is_err(), "older events are gone by name");
        assert_eq!(node.groups.events_after(GroupId::COMMAND, at.index, 10).unwrap().len(), 1);
    }
    new.stop().await;
}
