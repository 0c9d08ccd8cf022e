//! Leaders: ready only when they know everything, and stamping only what a right clock says.

use bytes::Bytes;
use domain::wire::Record;
use raft::{AppliedAt, CLOCK_SKEW_MS_MAX, Lead, NodeId, inspect};

use super::{Verdict, broken, log::Logs};
use crate::{stage, world::World};

/// How far a stamp may be off beyond the bound, in ms: it was made a moment before it was appended.
const STAMP_AGE_MS_MAX: i64 = 1_000;

/// A leader that says it is ready has applied the first entry of its own term, and so all that was committed before.
pub fn judge_ready(node: NodeId, lead: Lead, applied: AppliedAt, logs: &Logs) -> Verdict {
    if !lead.is_self_ready {
        return Ok(());
    }
    match logs.first_of(lead.term, node) {
        Some(first) if applied.index >= first => Ok(()),
        first => Err(broken(
            "lead",
            format_args!(
                "node {node} is ready to lead in term {} at index {}; its first entry is at {first:?}",
                lead.term, applied.index
            ),
        )),
    }
}

/// What a leader appends of its own is stamped with a time near to that of the others, whenever it could know theirs.
pub fn judge_stamps(world: &World, node: NodeId, entries: &[(u64, Bytes)], logs: &Logs) -> Verdict {
    if !world.is_settled() {
        return Ok(());
    }
    for (index, bytes) in entries {
        let Ok((at, Some(proposal))) = inspect::entry(bytes.clone()) else { continue };
        let Ok(entry) = domain::Entry::decode(&proposal) else { continue };
        // What it appended in an earlier life may be sent back to it.
        if at.node != node || logs.known(&at).is_some() {
            continue;
        }
        let right = i64::try_from(stage::wall_ms(stage::WORLD)).unwrap_or(i64::MAX);
        let stamped = i64::try_from(entry.at_ms.0).unwrap_or(i64::MAX);
        if (stamped - right).abs() > CLOCK_SKEW_MS_MAX + STAMP_AGE_MS_MAX {
            return Err(broken(
                "lead",
                format_args!("node {node} stamps entry {index} with a clock that is {} ms off", stamped - right),
            ));
        }
    }
    Ok(())
}
