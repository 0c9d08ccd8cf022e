//! What goes wrong, and when: one fault after the other, several at once, each with its own end. At the end of the storm all is
//! healed.

use std::{sync::Arc, time::Duration};

use domain::GroupId;
use raft::{NodeId, Room};
use tokio::time::{Instant, sleep};

use crate::{
    disk::Fault,
    network::Ways,
    stage::{self, WORLD},
    world::World,
};

/// The longest flush of a healthy disk, in ms.
const FLUSH_MS_MAX: u64 = 2;

/// A storm of this length.
pub async fn blow(world: &Arc<World>, length: Duration) {
    let until = Instant::now() + length;
    while Instant::now() < until {
        let pause = world.chance().ms(20, 700);
        sleep(pause).await;
        let fault = world.chance().below(100);
        world.count(|counts| counts.faults += 1);
        world.changes();
        let world = Arc::clone(world);
        stage::spawn_on(WORLD, async move {
            // It may have its first turn after the storm.
            if world.storms() {
                befall(&world, fault).await;
                world.changes();
            }
        });
    }
}

/// All faults end. What is on its way may still arrive.
pub fn heal(world: &Arc<World>) {
    world.note(format_args!("the storm is over"));
    *world.ways() = Ways::default();
    for node in world.node_ids() {
        stage::thaw(node);
        stage::set_skew_ms(node, 0);
        if let Some(disk) = world.disk(node) {
            disk.set_flush_ms_max(FLUSH_MS_MAX);
            disk.mend();
        }
        if let Some(groups) = world.groups(node) {
            groups.set_room(Room::Enough);
        }
        world.start(node);
    }
    world.changes();
}

async fn befall(world: &Arc<World>, fault: u64) {
    let node = any(world);
    match fault {
        0..12 => crash(world, &[node]).await,
        12..20 => crash(world, &[leader(world).unwrap_or(node)]).await,
        20..24 => crash(world, &world.node_ids().collect::<Vec<_>>()).await,
        24..34 => isolate(world, node).await,
        34..42 => isolate(world, leader(world).unwrap_or(node)).await,
        42..50 => cut_one_way(world, node).await,
        50..60 => worsen_ways(world).await,
        60..66 => slow_disk(world, node).await,
        66..72 => break_disk(world, node),
        72..79 => stop(world, node).await,
        79..84 => jump_clock(world, node).await,
        84..88 => run_out_of_room(world, node).await,
        88..97 => compact(world, node),
        _ => hand_over(world, node),
    }
}

fn any(world: &World) -> NodeId {
    world.chance().between(1, world.play.nodes)
}

/// Who leads one of the groups, as it says itself.
#[must_use]
pub fn leader(world: &World) -> Option<NodeId> {
    let group = GroupId(u32::from(world.chance().per_mille(500)));
    world
        .node_ids()
        .find(|node| world.groups(*node).is_some_and(|groups| groups.lead_watch(group).borrow().leader == Some(*node)))
}

async fn crash(world: &Arc<World>, nodes: &[NodeId]) {
    for node in nodes {
        world.kill(*node);
    }
    for node in nodes {
        let pause = world.chance().ms(20, 2_500);
        sleep(pause).await;
        world.start(*node);
    }
}

async fn isolate(world: &World, node: NodeId) {
    let others: Vec<NodeId> = world.node_ids().filter(|other| *other != node).collect();
    // With five nodes, sometimes with a companion: still a minority.
    let companion = others.first().copied().filter(|_| world.play.nodes > 3 && world.chance().per_mille(500));
    let pairs: Vec<(NodeId, NodeId)> = others
        .iter()
        .filter(|other| Some(**other) != companion)
        .flat_map(|other| {
            let with = companion.into_iter().flat_map(|companion| [(companion, *other), (*other, companion)]);
            [(node, *other), (*other, node)].into_iter().chain(with)
        })
        .collect();
    world.note(format_args!("node {node} is cut off with {companion:?}"));
    cut(world, &pairs).await;
}

async fn cut_one_way(world: &World, from: NodeId) {
    let to = any(world);
    world.note(format_args!("nothing goes from node {from} to node {to}"));
    cut(world, &[(from, to)]).await;
}

async fn cut(world: &World, pairs: &[(NodeId, NodeId)]) {
    world.ways().cut.extend(pairs.iter().copied());
    let lasts = world.chance().ms(100, 4_500);
    sleep(lasts).await;
    let mut ways = world.ways();
    for pair in pairs {
        ways.cut.remove(pair);
    }
}

async fn worsen_ways(world: &World) {
    let (lost, doubled, delay, lasts) = {
        let mut chance = world.chance();
        (chance.below(120), chance.below(200), chance.between(10, 250), chance.ms(200, 4_000))
    };
    world.note(format_args!("of 1000 messages {lost} are lost, {doubled} doubled; they take up to {delay} ms"));
    {
        let mut ways = world.ways();
        (ways.lost_per_mille, ways.doubled_per_mille, ways.delay_ms_max) = (lost, doubled, delay);
    }
    sleep(lasts).await;
    let cut = std::mem::take(&mut world.ways().cut);
    *world.ways() = Ways { cut, ..Ways::default() };
}

async fn slow_disk(world: &World, node: NodeId) {
    let Some(disk) = world.disk(node) else { return };
    let (flush, lasts) = {
        let mut chance = world.chance();
        (chance.between(30, 900), chance.ms(200, 4_000))
    };
    world.note(format_args!("a flush of node {node} takes up to {flush} ms"));
    disk.set_flush_ms_max(flush);
    sleep(lasts).await;
    disk.set_flush_ms_max(FLUSH_MS_MAX);
}

fn break_disk(world: &World, node: NodeId) {
    let Some(disk) = world.disk(node) else { return };
    let fault = match world.chance().below(3) {
        0 => Fault::WriteFails,
        1 => Fault::NoSpace,
        _ => Fault::ReadFails,
    };
    disk.break_next(fault);
}

async fn stop(world: &World, node: NodeId) {
    world.note(format_args!("node {node} is stopped"));
    stage::freeze(node);
    let lasts = world.chance().ms(50, 3_000);
    sleep(lasts).await;
    stage::thaw(node);
}

async fn jump_clock(world: &World, node: NodeId) {
    let (ahead, lasts) = {
        let mut chance = world.chance();
        let ms = i64::try_from(chance.between(100, 30_000)).unwrap_or(0);
        (if chance.per_mille(500) { ms } else { -ms }, chance.ms(500, 6_000))
    };
    world.note(format_args!("the clock of node {node} jumps by {ahead} ms"));
    stage::set_skew_ms(node, ahead);
    sleep(lasts).await;
    stage::set_skew_ms(node, 0);
}

async fn run_out_of_room(world: &World, node: NodeId) {
    let (room, lasts) = {
        let mut chance = world.chance();
        (if chance.per_mille(500) { Room::Low } else { Room::None }, chance.ms(500, 4_000))
    };
    let Some(groups) = world.groups(node) else { return };
    world.note(format_args!("node {node} has room: {}", room.as_str()));
    groups.set_room(room);
    sleep(lasts).await;
    groups.set_room(Room::Enough);
}

/// Takes a snapshot and drops the log below it, so that who lags has to be sent one.
fn compact(world: &Arc<World>, node: NodeId) {
    let Some(groups) = world.groups(node) else { return };
    for group in World::group_ids() {
        let (groups, world) = (groups.clone(), Arc::clone(world));
        stage::spawn_on(node, async move {
            let done = groups.compact(group).await.is_ok();
            world.note(format_args!("node {node} group {group} is compacted: {done}"));
        });
    }
}

fn hand_over(world: &World, node: NodeId) {
    let Some(groups) = world.groups(node) else { return };
    let to = any(world);
    stage::spawn_on(node, async move {
        for group in World::group_ids() {
            groups.transfer_leader(group, to).await;
        }
    });
}
