//! Consensus between nodes: what is acknowledged stays, followers see it in order, a node that was away catches up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::time::Duration;

use crate::common::TestCluster;
use domain::{
    AdminUnit, AdminUnitCode, Command, GroupId, Logged, Millis, OpenSession, PersonId, PutAdminUnits, RaisePolicyFloor,
    Reply, RequestId, SessionId, State,
};
use raft::{Committed, Groups, Proposal, ProposeError, Room, stage};

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

fn count(state: &State) -> usize {
    state.admin_units().len()
}

/// Proposes wherever the lead is until it is accepted; gives the index.
async fn propose(cluster: &TestCluster, number: usize) -> u64 {
    propose_counted(cluster, number).await.0
}

/// The same, and of how many proposals before nobody knows whether they were committed as well.
async fn propose_counted(cluster: &TestCluster, number: usize) -> (u64, usize) {
    let mut unknown = 0;
    for _ in 0..50 {
        let leader = cluster.leader(GroupId::COMMAND).await;
        match cluster.nodes[&leader].groups.propose(GroupId::COMMAND, put(number), DEADLINE).await {
            Ok(committed) => {
                assert!(matches!(committed.reply, Reply::Accepted(_)), "{:?}", committed.reply);
                return (committed.index, unknown);
            }
            Err(ProposeError::Unknown) => unknown += 1,
            Err(ProposeError::NotLeader { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no leader took the proposal")
}

/// The same of a field group, and what became of it.
async fn commit(cluster: &TestCluster, proposal: &Proposal) -> Committed {
    const FIELD: GroupId = GroupId(2);
    for _ in 0..50 {
        let leader = cluster.leader(FIELD).await;
        match cluster.nodes[&leader].groups.propose(FIELD, proposal.clone(), DEADLINE).await {
            Ok(committed) => return committed,
            Err(ProposeError::NotLeader { .. } | ProposeError::Unknown) => {}
            Err(error) => panic!("{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("no leader took the proposal")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_committed_says_where_the_log_has_it_and_a_retry_where_the_first_is() {
    let cluster = TestCluster::start("places", 3).await;
    let session = SessionId([9; 32]);
    let (person, expires_at_ms) = (PersonId::new("lan").unwrap(), stage::now_ms().plus(600_000));
    let open = Proposal::system(OpenSession { session, person, expires_at_ms });
    let opened = commit(&cluster, &open).await;
    let place = opened.logged.unwrap();
    assert_eq!((place.group, place.index, place.again), (GroupId(2), opened.index, false));
    assert!(place.term > 0);
    // A person has no right to this: it is refused, and the refusal is remembered like any answer.
    let request = Some(RequestId { session, seq: 1 });
    let ask = Proposal { request, ..Proposal::system(RaisePolicyFloor { floor: 1 }) };
    let first = commit(&cluster, &ask).await;
    let retry = commit(&cluster, &ask).await;
    assert!(retry.index > first.index, "it is an entry of its own");
    assert_eq!(retry.reply, first.reply);
    assert_eq!(retry.logged, first.logged.map(|first| Logged { again: true, ..first }));
    assert!(matches!(opened.told(), Reply::Accepted(accepted) if accepted.logged == Some(place)));
    cluster.stop().await;
}

/// Asks for a barrier until there is one: on a busy machine nobody may lead for a moment.
async fn barrier(groups: &Groups) -> u64 {
    let asking = async {
        loop {
            match groups.read_barrier(GroupId::COMMAND, DEADLINE).await {
                Ok(index) => return index,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(3 * DEADLINE, asking).await.expect("a barrier")
}

async fn until_applied(groups: &Groups, index: u64) {
    let mut applied = groups.applied_watch(GroupId::COMMAND);
    tokio::time::timeout(Duration::from_secs(20), applied.wait_for(|at| at.index >= index)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_is_on_every_node_and_survives_its_leader() {
    let mut cluster = TestCluster::start("acknowledged", 3).await;
    let (mut acknowledged, mut unknown) = (Vec::new(), 0);
    for number in 0..20 {
        let (index, unknown_before) = propose_counted(&cluster, number).await;
        acknowledged.push(index);
        unknown += unknown_before;
    }
    for node in cluster.nodes.values() {
        until_applied(&node.groups, acknowledged[19]).await;
        assert_eq!(node.groups.read(GroupId::COMMAND, count), 20);
        let batches = node.groups.events_after(GroupId::COMMAND, 0, 100).unwrap();
        let indexes: Vec<u64> = batches.iter().map(|batch| batch.index).collect();
        assert!(indexes.windows(2).all(|pair| pair[0] < pair[1]), "events come in the order of the log");
        assert!(acknowledged.iter().all(|index| indexes.contains(index)), "{acknowledged:?} in {indexes:?}");
        assert!((20..=20 + unknown).contains(&batches.len()), "{} batches, {unknown} unknown", batches.len());
    }
    let leader = cluster.leader(GroupId::COMMAND).await;
    cluster.nodes.remove(&leader).unwrap().crash().await;
    let last = propose(&cluster, 20).await;
    cluster.restart(leader).await;
    until_applied(&cluster.nodes[&leader].groups, last).await;
    assert_eq!(cluster.nodes[&leader].groups.read(GroupId::COMMAND, count), 21);
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_process_ended_is_succeeded_without_waiting_for_its_silence() {
    let mut cluster = TestCluster::start("succession", 3).await;
    // A machine under load may be so slow that silence is noticed first; not time after time.
    for round in 0..5 {
        propose(&cluster, round).await;
        let leader = cluster.leader(GroupId::COMMAND).await;
        cluster.nodes.remove(&leader).unwrap().crash().await;
        propose(&cluster, round + 100).await;
        let successions: u64 = cluster.nodes.values().map(|node| node.groups.successions()).sum();
        cluster.restart(leader).await;
        if successions > 0 {
            cluster.stop().await;
            return;
        }
    }
    panic!("no follower stood for election before the silence was noticed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_reads_what_was_acknowledged_before_it_asked() {
    let cluster = TestCluster::start("barrier", 3).await;
    for number in 0..10 {
        let index = propose(&cluster, number).await;
        for node in cluster.nodes.values() {
            let barrier = barrier(&node.groups).await;
            assert!(barrier >= index, "a barrier at {barrier} is below what was acknowledged at {index}");
            assert!(node.groups.read(GroupId::COMMAND, count) > number);
        }
    }
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_minority_acknowledges_nothing_and_says_so() {
    let mut cluster = TestCluster::start("minority", 3).await;
    propose(&cluster, 0).await;
    let leader = cluster.leader(GroupId::COMMAND).await;
    for id in [1, 2, 3].into_iter().filter(|id| *id != leader) {
        cluster.nodes.remove(&id).unwrap().crash().await;
    }
    let groups = &cluster.nodes[&leader].groups;
    let outcome = groups.propose(GroupId::COMMAND, put(1), Duration::from_secs(2)).await;
    assert!(matches!(outcome, Err(ProposeError::Unknown | ProposeError::NotLeader { .. })), "{outcome:?}");
    assert!(groups.read_barrier(GroupId::COMMAND, Duration::from_secs(2)).await.is_err());
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_node_catches_up_by_snapshot_when_the_log_is_gone() {
    let mut cluster = TestCluster::start("snapshot", 3).await;
    let away = [1, 2, 3].into_iter().find(|id| *id != 1).unwrap();
    let first = propose(&cluster, 0).await;
    until_applied(&cluster.nodes[&away].groups, first).await;
    cluster.nodes.remove(&away).unwrap().crash().await;
    let mut last = 0;
    for number in 1..60 {
        last = propose(&cluster, number).await;
    }
    for node in cluster.nodes.values() {
        until_applied(&node.groups, last).await;
        node.groups.compact(GroupId::COMMAND).await.unwrap();
    }
    cluster.restart(away).await;
    until_applied(&cluster.nodes[&away].groups, last).await;
    assert_eq!(cluster.nodes[&away].groups.read(GroupId::COMMAND, count), 60);
    let floor = cluster.nodes[&away].groups.events_after(GroupId::COMMAND, first, 1000).unwrap_err().floor;
    assert!(floor > first, "what came by snapshot has no events: the floor rose to {floor}");
    assert!(cluster.nodes[&away].groups.snapshots_installed() > 0, "it is counted on the node that took it");
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_is_dropped_through_an_entry_and_goes_on_behind_it() {
    let cluster = TestCluster::start("dropped", 3).await;
    let mut indices = Vec::new();
    for number in 0..9 {
        indices.push(propose(&cluster, number).await);
    }
    let (middle, last) = (indices[4], indices[8]);
    for node in cluster.nodes.values() {
        until_applied(&node.groups, last).await;
        assert!(node.groups.purged(GroupId::COMMAND) < middle, "nothing is dropped by itself so early");
        node.groups.compact_through(GroupId::COMMAND, middle).await.unwrap();
        let purged = node.groups.purged(GroupId::COMMAND);
        assert!((middle..last).contains(&purged), "{purged} of {last}");
        let floor = node.groups.events_after(GroupId::COMMAND, middle - 1, 1000).unwrap_err().floor;
        assert_eq!(floor, middle, "what it told has gone with it");
        let after = node.groups.events_after(GroupId::COMMAND, middle, 1000).unwrap();
        assert_eq!(after.last().map(|batch| batch.index), Some(last));
    }
    let last = propose(&cluster, 9).await;
    for node in cluster.nodes.values() {
        until_applied(&node.groups, last).await;
        assert_eq!(node.groups.read(GroupId::COMMAND, count), 10);
    }
    cluster.stop().await;
}

/// Keeps saying it, as a node that measures its disk does.
fn say_room(groups: &Groups, room: Room) -> tokio::task::JoinHandle<()> {
    let groups = groups.clone();
    tokio::spawn(async move {
        loop {
            groups.set_room(room);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_whose_disk_runs_low_gives_its_lead_away_and_nobody_waits() {
    let cluster = TestCluster::start("low", 3).await;
    propose(&cluster, 0).await;
    let low = cluster.leader(GroupId::COMMAND).await;
    let saying = say_room(&cluster.nodes[&low].groups, Room::Low);
    let index = propose(&cluster, 1).await;
    // The one that was deposed hears of it a moment after the one that took over.
    let given_away = async {
        loop {
            let leader = cluster.leader(GroupId::COMMAND).await;
            if leader != low {
                return leader;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let leader = tokio::time::timeout(DEADLINE, given_away).await.expect("the lead is given away");
    assert_eq!(cluster.nodes[&leader].groups.room(low), Room::Low);
    // It still follows.
    until_applied(&cluster.nodes[&low].groups, index).await;
    saying.abort();
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_no_disk_has_room_writes_are_refused_reads_go_on_and_it_recovers() {
    let cluster = TestCluster::start("full", 3).await;
    propose(&cluster, 0).await;
    let saying: Vec<_> = cluster.nodes.values().map(|node| say_room(&node.groups, Room::Low)).collect();
    // The others have to hear of it first; until then a leader may hope for them.
    let refused = async {
        let mut number = 100;
        loop {
            number += 1;
            let leader = cluster.leader(GroupId::COMMAND).await;
            match cluster.nodes[&leader].groups.propose(GroupId::COMMAND, put(number), DEADLINE).await {
                Err(ProposeError::DiskFull) => return,
                Ok(_) | Err(ProposeError::NotLeader { .. } | ProposeError::Unknown) => {}
                Err(error) => panic!("{error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(3 * DEADLINE, refused).await.expect("a typed refusal");
    for node in cluster.nodes.values() {
        barrier(&node.groups).await;
        assert!(node.groups.read(GroupId::COMMAND, count) >= 1);
    }
    for saying in saying {
        saying.abort();
    }
    for node in cluster.nodes.values() {
        node.groups.set_room(Room::Enough);
    }
    propose(&cluster, 1).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_without_room_takes_no_entries_and_catches_up_when_it_has_some() {
    let cluster = TestCluster::start("none", 3).await;
    let first = propose(&cluster, 0).await;
    let leader = cluster.leader(GroupId::COMMAND).await;
    let without = [1, 2, 3].into_iter().find(|id| *id != leader).unwrap();
    let groups = &cluster.nodes[&without].groups;
    until_applied(groups, first).await;
    groups.set_room(Room::None);
    // What was on its way when the room ended may still arrive, and later than anybody waits: nothing beyond it does.
    let on_its_way = propose(&cluster, 1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut last = 0;
    for number in 2..30 {
        last = propose(&cluster, number).await;
    }
    let stopped_at = groups.applied(GroupId::COMMAND).index;
    assert!(stopped_at <= on_its_way, "it has applied {stopped_at}, and had room up to {on_its_way}");
    assert!(groups.read(GroupId::COMMAND, count) >= 1, "what it has can be read");
    assert!(groups.status().iter().all(|status| status.fatal.is_none()));
    groups.set_room(Room::Enough);
    until_applied(groups, last).await;
    assert_eq!(groups.read(GroupId::COMMAND, count), 30);
    cluster.stop().await;
}
