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

/// All clocks leap together so many times at most: together less than half an hour, for what is not urgent is not played.
const LEAPS_MAX: usize = 12;

/// By so many ms.
const LEAP_MS: (u64, u64) = (5_000, 70_000);

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A node loses its power.
    PowerLost,
    /// A leader does.
    LeaderPowerLost,
    /// All nodes do.
    AllPowerLost,
    /// A node hears nobody and is heard by nobody.
    Isolated,
    /// A leader is.
    LeaderIsolated,
    /// Nothing goes from one node to another.
    CutOneWay,
    /// Messages are lost, doubled, late.
    BadWays,
    /// Flushes take long.
    SlowDisk,
    /// A write or a read fails.
    BrokenDisk,
    /// A write of rows fails, for which many entries may wait.
    RowsFailed,
    /// A node is stopped and goes on.
    Stopped,
    /// A clock is wrong for a while.
    ClockJump,
    /// A node has no room.
    OutOfRoom,
    /// A snapshot is taken and the log dropped below it.
    Compacted,
    /// A lead is handed over.
    HandedOver,
    /// Deadlines pass all at once.
    TimePassed,
}

impl Kind {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::PowerLost,
        Self::LeaderPowerLost,
        Self::AllPowerLost,
        Self::Isolated,
        Self::LeaderIsolated,
        Self::CutOneWay,
        Self::BadWays,
        Self::SlowDisk,
        Self::BrokenDisk,
        Self::RowsFailed,
        Self::Stopped,
        Self::ClockJump,
        Self::OutOfRoom,
        Self::Compacted,
        Self::HandedOver,
        Self::TimePassed,
    ];

    /// Its name in records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PowerLost => "power_lost",
            Self::LeaderPowerLost => "power_lost_by_leader",
            Self::AllPowerLost => "power_lost_by_all",
            Self::Isolated => "isolated",
            Self::LeaderIsolated => "isolated_leader",
            Self::CutOneWay => "cut_one_way",
            Self::BadWays => "bad_ways",
            Self::SlowDisk => "slow_disk",
            Self::BrokenDisk => "broken_disk",
            Self::RowsFailed => "rows_failed",
            Self::Stopped => "stopped",
            Self::ClockJump => "clock_jump",
            Self::OutOfRoom => "out_of_room",
            Self::Compacted => "compacted",
            Self::HandedOver => "handed_over",
            Self::TimePassed => "time_passed",
        }
    }

    /// The kind of a number below 100: how often each comes.
    fn of(number: u64) -> Self {
        match number {
            0..12 => Self::PowerLost,
            12..20 => Self::LeaderPowerLost,
            20..24 => Self::AllPowerLost,
            24..34 => Self::Isolated,
            34..42 => Self::LeaderIsolated,
            42..50 => Self::CutOneWay,
            50..60 => Self::BadWays,
            60..66 => Self::SlowDisk,
            66..70 => Self::BrokenDisk,
            70..72 => Self::RowsFailed,
            72..79 => Self::Stopped,
            79..84 => Self::ClockJump,
            84..88 => Self::OutOfRoom,
            88..97 => Self::Compacted,
            _ => Self::HandedOver,
        }
    }
}

/// A storm of this length.
pub async fn blow(world: &Arc<World>, length: Duration) {
    let until = Instant::now() + length;
    while Instant::now() < until {
        let pause = world.chance().ms(20, 700);
        sleep(pause).await;
        let fault = Kind::of(world.chance().below(100));
        world.count(|counts| counts.fault(fault));
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

/// Time passes at once, now and then, so that offers run out and incidents climb within a play.
pub async fn pass_time(world: Arc<World>) {
    for _ in 0..LEAPS_MAX {
        let (pause, leap) = {
            let mut chance = world.chance();
            (chance.ms(500, 2_500), chance.between(LEAP_MS.0, LEAP_MS.1))
        };
        sleep(pause).await;
        if !world.storms() {
            return;
        }
        world.note(format_args!("{leap} ms pass at once"));
        stage::leap(leap);
        world.count(|counts| counts.fault(Kind::TimePassed));
        world.changes();
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

async fn befall(world: &Arc<World>, fault: Kind) {
    let node = any(world);
    match fault {
        Kind::PowerLost => crash(world, &[node]).await,
        Kind::LeaderPowerLost => crash(world, &[leader(world).unwrap_or(node)]).await,
        Kind::AllPowerLost => crash(world, &world.node_ids().collect::<Vec<_>>()).await,
        Kind::Isolated => isolate(world, node).await,
        Kind::LeaderIsolated => isolate(world, leader(world).unwrap_or(node)).await,
        Kind::CutOneWay => cut_one_way(world, node).await,
        Kind::BadWays => worsen_ways(world).await,
        Kind::SlowDisk => slow_disk(world, node).await,
        Kind::BrokenDisk => break_disk(world, node),
        Kind::RowsFailed => fail_rows(world, node),
        Kind::Stopped => stop(world, node).await,
        Kind::ClockJump => jump_clock(world, node).await,
        Kind::OutOfRoom => run_out_of_room(world, node).await,
        Kind::Compacted => compact(world, node),
        Kind::HandedOver => hand_over(world, node),
        // It has a course of its own.
        Kind::TimePassed => {}
    }
}

fn any(world: &World) -> NodeId {
    world.any()
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
    // With five voters, sometimes with a companion: still a minority.
    let companion = others.first().copied().filter(|_| world.members().len() > 4 && world.chance().per_mille(500));
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

/// The node's process ends with its next rows; until then its log goes on.
fn fail_rows(world: &World, node: NodeId) {
    if let Some(disk) = world.disk(node) {
        disk.break_next(Fault::RowsFail);
    }
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
