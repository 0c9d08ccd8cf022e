//! A backup is taken in the storm, and at the end a fresh cluster is made of it: it holds what was acknowledged before, is what the
//! one true history was at its indexes, and serves.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use domain::{GroupId, Row, State};
use futures::FutureExt;
use raft::{
    NodeId,
    backup::{FrameReader, LogPlace, Part, seed},
    memory::MemoryDisk,
};
use tokio::time::{Instant, sleep};

use crate::{
    admin::at_any,
    counts::Change,
    judge::{Verdict, broken, healing::AGREES_WITHIN, truth::digest_of},
    world::{Play, World},
};

/// Nodes of the fresh cluster.
const NODES: u64 = 3;

/// How long a group may take to say what was acknowledged.
const BARRIER_MAX: Duration = Duration::from_millis(1_500);

/// A backup, and what it has to hold.
pub struct Taken {
    /// Of each group, where it stands and its rows.
    groups: BTreeMap<GroupId, (LogPlace, Vec<Row>)>,
    /// The newest index of each group that somebody was told before it began.
    acknowledged: BTreeMap<GroupId, u64>,
}

/// Takes one at some moment of the storm, if somebody can give it.
pub async fn take(world: Arc<World>) -> Option<Taken> {
    let pause = world.chance().ms(1_000, 4_000);
    sleep(pause).await;
    while world.storms() {
        let acknowledged = world.judges.acknowledged();
        let parts = at_any(&world, |groups| {
            async move {
                let mut export = groups.export("agree", "simulated", BARRIER_MAX).await.ok()?;
                let (mut reader, mut parts) = (FrameReader::default(), Vec::new());
                while let Some(frame) = export.next_frame().await.ok()? {
                    reader.push(&frame);
                    while let Some(part) = reader.next_part().ok()? {
                        parts.push(part);
                    }
                }
                Some(parts)
            }
            .boxed()
        });
        if let Some(groups) = parts.await.flatten().and_then(by_group) {
            world.note(format_args!("a backup is taken; told before were {acknowledged:?}"));
            return Some(Taken { groups, acknowledged });
        }
        let pause = world.chance().ms(50, 500);
        sleep(pause).await;
    }
    None
}

/// The groups of a backup that is whole.
fn by_group(parts: Vec<Part>) -> Option<BTreeMap<GroupId, (LogPlace, Vec<Row>)>> {
    let is_whole = matches!(parts.last(), Some(Part::End(_)));
    let mut groups: BTreeMap<GroupId, (LogPlace, Vec<Row>)> = BTreeMap::new();
    let mut current = None;
    for part in parts {
        match part {
            Part::Group(group, at) => {
                groups.insert(group, (at, Vec::new()));
                current = Some(group);
            }
            Part::Rows(rows) => groups.get_mut(&current?)?.1.extend(rows),
            Part::Begin(_) | Part::Sum(_) | Part::End(_) => {}
        }
    }
    is_whole.then_some(groups)
}

/// Makes a fresh cluster of it; the nodes of the old one have ended.
pub async fn restore(world: &Arc<World>, taken: Taken) -> Verdict {
    for (group, (at, rows)) in &taken.groups {
        let told = taken.acknowledged.get(group).copied().unwrap_or(0);
        if at.index < told {
            return Err(broken(
                "restore",
                format_args!("group {group} is backed up at {}, and {told} was acknowledged before", at.index),
            ));
        }
        let state = State::from_rows(*group, rows.iter().cloned());
        let digest = state.map(|state| digest_of(&state)).ok();
        let truth = world.judges.ask(*group, |judges| judges.truth.digest_at(at.index)).flatten();
        if digest.is_none() || digest != truth {
            return Err(broken("restore", format_args!("group {group} at {} is not what it was", at.index)));
        }
    }
    let fresh = World::restored(Play { nodes: NODES, ..world.play.clone() }, disks(&taken)?);
    for node in fresh.node_ids() {
        fresh.start(node);
    }
    let served = crate::serves(&fresh, "serving out of a backup").await;
    let even = if served.is_ok() { comes_to_the_same(&fresh).await } else { Ok(()) };
    for node in fresh.node_ids() {
        fresh.kill(node);
    }
    let found = fresh.violation();
    let (lines, hash) = {
        let history = fresh.history();
        (history.count(), history.hash())
    };
    fresh.clear();
    world.note(format_args!("the restored cluster has a history of {lines} lines, {hash:016x}"));
    world.count(|counts| counts.change(Change::Restored));
    served?;
    found.map_or(even, Err)
}

/// The disks of the fresh nodes.
fn disks(taken: &Taken) -> Result<BTreeMap<NodeId, MemoryDisk>, crate::judge::Violation> {
    let members = (1..=NODES).map(|id| (id, World::address_of(id))).collect();
    let mut disks = BTreeMap::new();
    for node in 1..=NODES {
        let disk = MemoryDisk::new();
        for (group, (at, rows)) in &taken.groups {
            seed(&disk, *group, *at, &members, [Ok::<_, Infallible>(rows.clone())])
                .map_err(|error| broken("restore", format_args!("node {node} is not seeded: {error}")))?;
        }
        disks.insert(node, disk);
    }
    Ok(disks)
}

/// All fresh nodes hold the same at the same index.
async fn comes_to_the_same(fresh: &World) -> Verdict {
    let began = Instant::now();
    loop {
        let is_same = World::group_ids().all(|group| {
            let seen =
                |node| fresh.groups(node).map(|groups| groups.read_at(group, |state, at| (at.index, digest_of(state))));
            let first = fresh.node_ids().find_map(seen);
            first.is_some() && fresh.node_ids().all(|node| seen(node) == first)
        });
        if is_same {
            return Ok(());
        }
        if began.elapsed() > AGREES_WITHIN {
            return Err(broken(
                "restore",
                format_args!("the fresh nodes do not come to the same in {AGREES_WITHIN:?}"),
            ));
        }
        sleep(Duration::from_millis(50)).await;
    }
}
