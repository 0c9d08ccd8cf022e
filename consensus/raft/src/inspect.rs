//! What stands in the bytes that a [`crate::disk::Disk`] is given, for who judges consensus from outside.

use std::{collections::BTreeSet, io};

use bytes::Bytes;
use domain::GroupId;
use openraft::{EntryPayload, entry::RaftEntry};

use crate::{
    groups::Groups,
    types::{LogId, NodeId, decode, entry_from_bytes, log_id_from_wire, meta_from_wire},
    wire,
};

/// Brings the rows on the disk of this node up to what is applied, which otherwise happens when many entries wait, or when
/// somebody reads rows. Blocks on IO.
///
/// # Errors
/// The disk fails.
pub fn write_down(groups: &Groups, group: GroupId) -> io::Result<()> {
    let kept = groups.group(group);
    kept.shared.write_down(kept.disk.as_ref())
}

/// Where an entry stands in the history of its group: who leads appends under one term and its own id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Of the leader that appended it.
    pub term: u64,
    /// That leader.
    pub node: NodeId,
    /// In the log.
    pub index: u64,
}

/// What an entry carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carried {
    /// Nothing: a leader begins.
    Nothing,
    /// A proposal, encoded.
    Proposal(Bytes),
    /// Who votes from here on; two sets while a change is half done.
    Voters(Vec<BTreeSet<NodeId>>),
}

/// A vote as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Voted {
    /// For which term.
    pub term: u64,
    /// For whom.
    pub node: NodeId,
    /// A quorum has granted it: the node leads.
    pub committed: bool,
}

fn position(id: &LogId) -> Position {
    let leader = id.committed_leader_id();
    Position { term: leader.term, node: leader.node_id, index: id.index }
}

/// The position of a log entry, and what it carries.
///
/// # Errors
/// When the bytes are no entry.
pub fn entry(bytes: Bytes) -> io::Result<(Position, Carried)> {
    let entry = entry_from_bytes(bytes)?;
    let at = position(&entry.log_id());
    Ok(match entry.payload {
        EntryPayload::Normal(encoded) => (at, Carried::Proposal(encoded.proposal)),
        EntryPayload::Membership(members) => (at, Carried::Voters(members.get_joint_config().clone())),
        EntryPayload::Blank => (at, Carried::Nothing),
    })
}

/// The last applied position in what is written with rows; none: nothing was applied.
///
/// # Errors
/// When the bytes are not that.
pub fn applied(bytes: &[u8]) -> io::Result<Option<Position>> {
    Ok(meta_from_wire(decode("applied state", bytes)?)?.last_log_id.as_ref().map(position))
}

/// A position as it stands alone: what is committed, what was purged.
///
/// # Errors
/// When the bytes are not that.
pub fn log_id(bytes: &[u8]) -> io::Result<Position> {
    Ok(position(&log_id_from_wire(&decode::<wire::LogId>("log id", bytes)?)))
}

/// A vote.
///
/// # Errors
/// When the bytes are not that.
pub fn vote(bytes: &[u8]) -> io::Result<Voted> {
    let vote = decode::<wire::Vote>("vote", bytes)?;
    Ok(Voted { term: vote.term, node: vote.node, committed: vote.committed })
}
