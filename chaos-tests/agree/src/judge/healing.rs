//! After the storm: within a stated time every group has a leader that serves, and all nodes come to the same.

use std::{collections::BTreeSet, time::Duration};

use domain::GroupId;
use raft::{disk::Disk, inspect};

use super::{Verdict, broken};
use crate::{stage, world::World};

/// From the end of the last fault to the first acknowledged write in every group. An election takes about 1.2 s at most, a
/// second one after a split vote as long again; a node that has to be sent a snapshot first is the slowest.
pub const SERVES_WITHIN: Duration = Duration::from_secs(15);

/// From there until every node has applied everything.
pub const AGREES_WITHIN: Duration = Duration::from_secs(15);

/// It took longer than promised.
#[must_use]
pub fn too_late(what: &str, limit: Duration) -> super::Violation {
    broken("healing", format_args!("{what} took more than {} s", limit.as_secs()))
}

/// Whether every node runs and has applied as much as any of them.
#[must_use]
pub fn is_even(world: &World) -> bool {
    World::group_ids().all(|group| {
        let applied: Option<BTreeSet<u64>> =
            world.node_ids().map(|node| world.groups(node).map(|groups| groups.applied(group).index)).collect();
        let true_ones = world.judges.ask(group, |judges| judges.truth.committed().count()).unwrap_or(0);
        applied.is_some_and(|applied| applied == BTreeSet::from([true_ones.saturating_sub(1)]))
    })
}

/// Judges a cluster that has come to rest: members, leaders, and that the rows of each node are its state.
pub fn judge(world: &World) -> Verdict {
    for group in World::group_ids() {
        let mut leaders = BTreeSet::new();
        for node in world.node_ids() {
            let Some(groups) = world.groups(node) else {
                return Err(broken("healing", format_args!("node {node} does not run")));
            };
            let voters: BTreeSet<u64> = groups.voters(group).into_iter().collect();
            if voters != world.members() {
                return Err(broken("healing", format_args!("node {node} group {group} knows the voters {voters:?}")));
            }
            leaders.insert(groups.lead_watch(group).borrow().leader);
            judge_rows(world, node, group, &groups)?;
        }
        if leaders.len() != 1 || leaders.contains(&None) {
            return Err(broken("healing", format_args!("group {group} is led by {leaders:?}")));
        }
    }
    Ok(())
}

/// A node that started now would find the state that it has.
fn judge_rows(world: &World, node: u64, group: GroupId, groups: &raft::Groups) -> Verdict {
    let unreadable = |e: &dyn std::fmt::Display| broken("healing", format_args!("node {node} group {group}: {e}"));
    let Some(disk) = world.stored(node) else { return Ok(()) };
    inspect::write_down(groups, group).map_err(|e| unreadable(&e))?;
    let written = disk.applied(group.0).map_err(|e| unreadable(&e))?.unwrap_or_default();
    let written = inspect::applied(&written).map_err(|e| unreadable(&e))?.map_or(0, |at| at.index);
    let (held, applied) = groups.read_at(group, |state, at| {
        let rows: BTreeSet<_> = state.rows().into_iter().map(|row| (row.key, row.value)).collect();
        (rows, at.index)
    });
    // A snapshot that is being installed is written a moment before its state is seen.
    if written != applied {
        return Ok(());
    }
    let all = disk.scan(group.0, &[], &[u8::MAX; 8], usize::MAX).map_err(|e| unreadable(&e))?;
    let stored: BTreeSet<_> = all.into_iter().filter(|(key, _)| domain::rows::is_state(key)).collect();
    if stored == held {
        return Ok(());
    }
    let (lost, other) = (held.difference(&stored).count(), stored.difference(&held).count());
    let at = stage::elapsed().as_millis();
    Err(broken(
        "healing",
        format_args!(
            "node {node} group {group} at {at} ms: {lost} rows of its state are not on its disk, {other} others are"
        ),
    ))
}
