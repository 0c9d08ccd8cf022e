//! Nodes come and go while proposals go on: what was acknowledged stays, the new one holds what the others hold, and a change
//! that was cut off is finished by asking again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use crate::common;
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use crate::common::TestCluster;
use domain::{AdminUnit, AdminUnitCode, Command, GroupId, Millis, PutAdminUnits};
use raft::{Groups, NodeId, Progress, Proposal, membership::Goal};
use tokio::{task::JoinHandle, time::sleep};

/// A proposal that is tried again, and a change that cannot be done.
const DEADLINE: Duration = Duration::from_secs(2);
/// Between two proposals of the writer: state has a bound that a disk in memory would reach.
const PACE: Duration = Duration::from_millis(1);
/// A change of all nine groups on a busy machine.
const CHANGED_WITHIN: Duration = Duration::from_secs(60);

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

/// Somebody who writes all the time, at whichever node leads.
struct Writer {
    nodes: Arc<Mutex<BTreeMap<NodeId, Groups>>>,
    stop: Arc<AtomicBool>,
    task: JoinHandle<(Vec<usize>, Duration)>,
}

impl Writer {
    fn start(cluster: &TestCluster) -> Self {
        let nodes = cluster.nodes.iter().map(|(id, node)| (*id, node.groups.clone())).collect();
        let nodes = Arc::new(Mutex::new(nodes));
        let stop = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(write(Arc::clone(&nodes), Arc::clone(&stop)));
        Self { nodes, stop, task }
    }

    fn set(&self, node: NodeId, groups: Option<&Groups>) {
        let mut nodes = self.nodes.lock().unwrap();
        match groups {
            Some(groups) => nodes.insert(node, groups.clone()),
            None => nodes.remove(&node),
        };
    }

    /// The numbers that were acknowledged, and the longest time between two.
    async fn finish(self) -> (Vec<usize>, Duration) {
        self.stop.store(true, Ordering::SeqCst);
        self.task.await.unwrap()
    }
}

async fn write(nodes: Arc<Mutex<BTreeMap<NodeId, Groups>>>, stop: Arc<AtomicBool>) -> (Vec<usize>, Duration) {
    let (mut acknowledged, mut longest, mut last) = (Vec::new(), Duration::ZERO, Instant::now());
    for number in 0.. {
        loop {
            if stop.load(Ordering::SeqCst) {
                return (acknowledged, longest);
            }
            let now: Vec<Groups> = nodes.lock().unwrap().values().cloned().collect();
            let leader = now.into_iter().find(|groups| groups.lead_watch(GroupId::COMMAND).borrow().is_self_ready);
            let Some(leader) = leader else {
                sleep(Duration::from_millis(2)).await;
                continue;
            };
            if leader.propose(GroupId::COMMAND, put(number), DEADLINE).await.is_ok() {
                acknowledged.push(number);
                longest = longest.max(last.elapsed());
                last = Instant::now();
                sleep(PACE).await;
                break;
            }
        }
    }
    (acknowledged, longest)
}

/// Asks one node until it is done.
async fn change(cluster: &TestCluster, at: NodeId, goal: Goal) {
    let node = match goal {
        Goal::Learn { node } => Some(cluster.address(node)),
        _ => None,
    };
    let asked = cluster.nodes[&at].groups.change(goal, node.as_ref(), CHANGED_WITHIN).await;
    assert_eq!(asked, Ok(Progress::Done), "{goal:?}");
}

async fn invite(cluster: &TestCluster, at: NodeId) -> NodeId {
    cluster.nodes[&at].groups.invite(CHANGED_WITHIN).await.expect("an id")
}

/// Learns, then votes, then everybody holds the same.
async fn join(cluster: &TestCluster, node: NodeId, instead_of: Option<NodeId>) {
    change(cluster, 1, Goal::Learn { node }).await;
    change(cluster, 2, Goal::Vote { node, instead_of }).await;
}

/// Every node that runs holds the same rows of every group, at the same index.
async fn all_equal(cluster: &TestCluster, acknowledged: &[usize]) {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let mut digests = Vec::new();
        for node in cluster.nodes.values() {
            let mut of_node = Vec::new();
            for group in GroupId::all() {
                of_node.push(node.groups.digest(group).await.unwrap());
            }
            digests.push(of_node);
        }
        if digests.windows(2).all(|pair| pair[0] == pair[1]) {
            break;
        }
        assert!(Instant::now() < until, "{digests:?}");
        sleep(Duration::from_millis(50)).await;
    }
    for node in cluster.nodes.values() {
        node.groups.read(GroupId::COMMAND, |state| {
            for number in acknowledged {
                let code = AdminUnitCode::new(&format!("u{number}")).unwrap();
                assert!(state.admin_units().contains_key(&code), "node {} lost u{number}", node.groups.node());
            }
        });
    }
}

/// Every group has these voters, by the word of `node`; a follower hears of the last entry a moment later.
async fn has_voters(cluster: &TestCluster, node: NodeId, expected: &[NodeId]) {
    let until = Instant::now() + CHANGED_WITHIN;
    loop {
        let all: Vec<_> = GroupId::all().map(|group| cluster.nodes[&node].groups.voters(group)).collect();
        if all.iter().all(|voters| voters == expected) {
            return;
        }
        assert!(Instant::now() < until, "{all:?}, not {expected:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

/// Gives every lead to one node.
async fn lead_all(cluster: &TestCluster, node: NodeId) {
    for group in GroupId::all() {
        cluster.hand_over(group, node).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_joins_while_proposals_go_on_and_one_leaves() {
    let mut cluster = TestCluster::start("join", 3).await;
    cluster.leader(GroupId::COMMAND).await;
    let writer = Writer::start(&cluster);
    let node = invite(&cluster, 2).await;
    assert_eq!(node, 4, "the next one");
    assert_eq!(invite(&cluster, 1).await, 5, "an id is given once");
    let stranger =
        cluster.nodes[&1].groups.change(Goal::Learn { node: 9 }, Some(&cluster.address(1)), CHANGED_WITHIN).await;
    assert_eq!(stranger.unwrap_err().code, "not_invited");
    cluster.add(node).await;
    writer.set(node, Some(&cluster.nodes[&node].groups));
    join(&cluster, node, None).await;
    has_voters(&cluster, 4, &[1, 2, 3, 4]).await;

    change(&cluster, 3, Goal::Leave { node: 2 }).await;
    change(&cluster, 1, Goal::Leave { node: 2 }).await;
    // It hears of it a moment after those that go on.
    let until = Instant::now() + CHANGED_WITHIN;
    while !cluster.nodes[&2].groups.leads().is_empty() {
        assert!(Instant::now() < until, "who left leads nothing");
        sleep(Duration::from_millis(10)).await;
    }
    writer.set(2, None);
    cluster.nodes.remove(&2).unwrap().crash().await;
    has_voters(&cluster, 4, &[1, 3, 4]).await;
    let told = cluster.nodes[&1].groups.members_by(3, CHANGED_WITHIN).await;
    assert_eq!(told, Some(vec![1, 3, 4]), "who was away can ask whether it still belongs");
    let refused = cluster.nodes[&1].groups.change(Goal::Leave { node: 3 }, None, CHANGED_WITHIN).await.unwrap_err();
    assert_eq!(refused.code, "too_few");
    let used =
        cluster.nodes[&1].groups.change(Goal::Learn { node: 2 }, Some(&cluster.address(2)), CHANGED_WITHIN).await;
    assert_eq!(used.unwrap_err().code, "not_invited", "an id that is gone does not come back");

    // A founder that was away knows from its log where the new one is, and may follow it.
    writer.set(1, None);
    cluster.nodes.remove(&1).unwrap().crash().await;
    cluster.restart(1).await;
    writer.set(1, Some(&cluster.nodes[&1].groups));
    lead_all(&cluster, 4).await;
    cluster.nodes[&1].groups.read_barrier(GroupId::COMMAND, CHANGED_WITHIN).await.unwrap();

    let (acknowledged, longest) = writer.finish().await;
    println!("joined and left: {} proposals acknowledged, longest pause {longest:?}", acknowledged.len());
    assert!(acknowledged.len() > 20);
    all_equal(&cluster, &acknowledged).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_lost_its_disk_is_replaced_under_a_new_id_by_snapshot() {
    let mut cluster = TestCluster::start("replace", 3).await;
    cluster.leader(GroupId::COMMAND).await;
    let writer = Writer::start(&cluster);
    writer.set(3, None);
    cluster.nodes.remove(&3).unwrap().crash().await;
    cluster.disks.remove(&3);
    let node = invite(&cluster, 1).await;
    sleep(Duration::from_millis(500)).await;
    for node in cluster.nodes.values() {
        node.groups.compact(GroupId::COMMAND).await.unwrap();
    }
    cluster.add(node).await;
    writer.set(node, Some(&cluster.nodes[&node].groups));
    join(&cluster, node, Some(3)).await;
    has_voters(&cluster, 1, &[1, 2, node]).await;
    let (acknowledged, longest) = writer.finish().await;
    println!("replaced: {} proposals acknowledged, longest pause {longest:?}", acknowledged.len());
    all_equal(&cluster, &acknowledged).await;
    // What the new node learned by snapshot includes which ids were given away: as the leader it gives the next one.
    lead_all(&cluster, node).await;
    assert_eq!(invite(&cluster, 1).await, node + 1);
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_whose_leader_dies_is_finished_by_asking_again() {
    let mut cluster = TestCluster::start("resumed", 3).await;
    cluster.leader(GroupId::COMMAND).await;
    let writer = Writer::start(&cluster);
    let node = invite(&cluster, 1).await;
    cluster.add(node).await;
    writer.set(node, Some(&cluster.nodes[&node].groups));
    change(&cluster, 1, Goal::Learn { node }).await;
    // The leader of the command group dies somewhere in the middle; which step it was at is not known, and need not be.
    let asked_at = (1..=3).find(|id| cluster.nodes[id].groups.leads().is_empty()).unwrap_or(3);
    let groups = cluster.nodes[&asked_at].groups.clone();
    let goal = Goal::Vote { node, instead_of: None };
    let asking = tokio::spawn(async move { groups.change(goal, None, Duration::from_millis(200)).await });
    sleep(Duration::from_millis(20)).await;
    let leads = |id: &NodeId| *id != asked_at && !cluster.nodes[id].groups.leads().is_empty();
    let until = Instant::now() + CHANGED_WITHIN;
    let victim = loop {
        // In the middle of an election nobody may lead.
        if let Some(victim) = (1..=3).find(leads) {
            break victim;
        }
        assert!(Instant::now() < until, "nobody leads");
        sleep(Duration::from_millis(5)).await;
    };
    writer.set(victim, None);
    cluster.nodes.remove(&victim).unwrap().crash().await;
    let _ = asking.await.unwrap();
    cluster.restart(victim).await;
    writer.set(victim, Some(&cluster.nodes[&victim].groups));
    change(&cluster, asked_at, goal).await;
    has_voters(&cluster, asked_at, &[1, 2, 3, node]).await;
    let (acknowledged, longest) = writer.finish().await;
    println!("resumed: {} proposals acknowledged, longest pause {longest:?}", acknowledged.len());
    all_equal(&cluster, &acknowledged).await;
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_rests_hands_its_leads_over_and_the_pause_is_short() {
    let cluster = TestCluster::start("rest", 3).await;
    lead_all(&cluster, 1).await;
    let writer = Writer::start(&cluster);
    sleep(Duration::from_millis(500)).await;
    let (leaves, stays) = (&cluster.nodes[&1].groups, &cluster.nodes[&2].groups);
    leaves.rest(Duration::from_secs(60));
    assert_eq!(leaves.hand_over_leads(CHANGED_WITHIN).await, [], "it leads nothing any more");
    assert!(leaves.is_resting(1));
    tokio::time::timeout(CHANGED_WITHIN, async {
        while !stays.is_resting(1) {
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .expect("the others hear that it rests");
    sleep(Duration::from_millis(500)).await;
    let (acknowledged, longest) = writer.finish().await;
    println!("handed over: {} proposals acknowledged, longest pause {longest:?}", acknowledged.len());
    assert!(longest < Duration::from_secs(5), "handing over is no election: {longest:?}");
    cluster.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_nobody_follows_any_more_refuses_nobody() {
    let mut cluster = TestCluster::start("deposed", 3).await;
    let leader = cluster.leader(GroupId::COMMAND).await;
    let others: Vec<_> =
        (1..=3).filter(|node| *node != leader).map(|node| cluster.nodes.remove(&node).unwrap()).collect();
    futures::future::join_all(others.into_iter().map(common::TestNode::crash)).await;
    // The next leader may have invited that node by now, and this one cannot know.
    let (groups, address) = (&cluster.nodes[&leader].groups, cluster.address(leader));
    let asked = groups.change(Goal::Learn { node: 9 }, Some(&address), DEADLINE).await;
    assert!(matches!(asked, Ok(Progress::Waiting { .. })), "{asked:?}");
    cluster.stop().await;
}
