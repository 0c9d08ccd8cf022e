//! Logs and votes (Raft §5.2 to §5.4), from what nodes give to their disks.
//!
//! openraft orders leaders by term and node: there may be two in one term, one after the other, and the second is the higher. So what
//! Raft calls the term is here the pair, and a vote may not go back to a lower one.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::GroupId;
use raft::{
    NodeId,
    disk::{Disk, LogOp},
    inspect::{self, Carried, Position, Voted},
    memory::MemoryDisk,
};

use super::{Verdict, Violation, broken, truth::Committed};
use crate::history::fnv;

/// An entry that somebody has appended.
#[derive(Clone, Debug)]
pub struct Known {
    /// The entry before it; none: it is the first, or stands on a snapshot.
    pub before: Option<Position>,
    hash: u64,
    /// What it carries.
    pub carried: Carried,
}

/// All logs of one group.
#[derive(Default)]
pub struct Logs {
    known: BTreeMap<Position, Known>,
    /// What each node has appended, by index, whether it is on the platter or not.
    views: BTreeMap<NodeId, BTreeMap<u64, Position>>,
    /// What each node has truncated, until something takes its place: only then it is known whether it was allowed to.
    dropped: BTreeMap<NodeId, BTreeMap<u64, Position>>,
    /// The highest vote of each node that its disk has said to be on the platter.
    votes: BTreeMap<NodeId, Voted>,
    /// The first entry that a leader appended under its term.
    firsts: BTreeMap<(u64, NodeId), u64>,
    /// The newest leader that anybody has an entry of.
    newest: (u64, NodeId),
    /// Who votes, as every entry that changes it says, by whomever it was appended.
    voters: BTreeMap<Position, Vec<BTreeSet<NodeId>>>,
}

fn malformed(node: NodeId, error: &std::io::Error) -> Violation {
    broken("log", format_args!("node {node} writes what cannot be read: {error}"))
}

impl Logs {
    /// The entry at this position, if anybody has appended it.
    #[must_use]
    pub fn known(&self, at: &Position) -> Option<&Known> {
        self.known.get(at)
    }

    /// The index of the first entry that a leader appended under this term.
    #[must_use]
    pub fn first_of(&self, term: u64, leader: NodeId) -> Option<u64> {
        self.firsts.get(&(term, leader)).copied()
    }

    /// The newest leader that anybody has an entry of.
    #[must_use]
    pub fn newest(&self) -> (u64, NodeId) {
        self.newest
    }

    /// Who votes by the entries behind this index, whether they are committed or not.
    pub fn voters_after(&self, index: u64) -> impl Iterator<Item = &[BTreeSet<NodeId>]> {
        self.voters.iter().filter(move |(at, _)| at.index > index).map(|(_, voters)| voters.as_slice())
    }

    /// A node starts: its log is what the disk has.
    pub fn starts(&mut self, node: NodeId, group: GroupId, stored: &MemoryDisk) -> Verdict {
        let read = stored.read_log(group.0, 0..u64::MAX, usize::MAX).map_err(|e| malformed(node, &e))?;
        let mut view = BTreeMap::new();
        for (index, bytes) in read {
            let (at, _) = inspect::entry(bytes).map_err(|e| malformed(node, &e))?;
            view.insert(index, at);
        }
        self.views.insert(node, view);
        self.dropped.remove(&node);
        Ok(())
    }

    /// The disk said that the node's vote is on the platter.
    pub fn voted(&mut self, node: NodeId, vote: Voted) {
        let highest = self.votes.entry(node).or_insert(vote);
        *highest = (*highest).max(vote);
    }

    /// A node gives an operation to its disk; `committed` is what all have agreed on so far, by index.
    pub fn submitted(&mut self, node: NodeId, op: &LogOp, committed: &Committed) -> Verdict {
        match op {
            LogOp::Append { entries, .. } => {
                entries.iter().try_for_each(|(index, bytes)| self.append(node, *index, bytes, committed))
            }
            LogOp::Vote { vote, .. } => self.vote(node, inspect::vote(vote).map_err(|e| malformed(node, &e))?),
            LogOp::Truncate { from, .. } => {
                let truncated = self.views.entry(node).or_default().split_off(from);
                self.dropped.entry(node).or_default().extend(truncated);
                Ok(())
            }
            LogOp::Purge { upto, .. } if committed.at(*upto).is_none() => {
                Err(broken("log", format_args!("node {node} purges up to {upto}, which nobody has applied")))
            }
            LogOp::Purge { upto, .. } => {
                // A snapshot was installed: until then it had to stay, since others may have committed it on this node's word.
                let dropped = self.dropped.remove(&node).unwrap_or_default();
                if let Some((_, at)) = dropped.range(..=*upto).find(|(index, at)| committed.at(**index) == Some(**at)) {
                    return Err(broken(
                        "log",
                        format_args!("node {node} dropped the committed {at:?} before a snapshot"),
                    ));
                }
                // What is purged stands in a snapshot, so before what follows stands what is committed there.
                let view = self.views.entry(node).or_default();
                *view = view.split_off(&upto.saturating_add(1));
                Ok(())
            }
            LogOp::Committed { .. } => Ok(()),
        }
    }

    fn vote(&self, node: NodeId, vote: Voted) -> Verdict {
        match self.votes.get(&node) {
            // A vote that is committed and one that is not are the same grant.
            Some(highest) if (vote.term, vote.node) < (highest.term, highest.node) => {
                Err(broken("log", format_args!("node {node} votes {vote:?} after it had voted {highest:?}")))
            }
            _ => Ok(()),
        }
    }

    /// What was truncated makes room for what is appended. A leader that was elected without it may have told the node to drop it
    /// before it was committed by another one; the entry itself may come again.
    fn make_room(&mut self, node: NodeId, at: Position, committed: &Committed) -> Verdict {
        for (index, dropped) in self.dropped.remove(&node).unwrap_or_default() {
            let is_committed = committed.at(index) == Some(dropped);
            let before = || committed.before_leader(at.term, at.node).is_some_and(|last| last.index >= index);
            if is_committed && dropped != at && before() {
                return Err(broken("log", format_args!("node {node} truncates the committed {dropped:?} for {at:?}")));
            }
        }
        Ok(())
    }

    fn append(&mut self, node: NodeId, index: u64, bytes: &Bytes, committed: &Committed) -> Verdict {
        let (at, carried) = inspect::entry(bytes.clone()).map_err(|e| malformed(node, &e))?;
        if at.index != index {
            return Err(broken("log", format_args!("node {node} writes {at:?} at {index}")));
        }
        self.make_room(node, at, committed)?;
        let view = self.views.entry(node).or_default();
        let before = index.checked_sub(1).and_then(|index| view.get(&index).copied().or_else(|| committed.at(index)));
        if before.is_some_and(|before| (before.term, before.node) > (at.term, at.node)) {
            return Err(broken("log", format_args!("node {node} appends {at:?} after the newer {before:?}")));
        }
        view.insert(index, at);
        // A follower may have it first: a leader whose disk is slow or broken sends before it writes.
        if at.node == node {
            self.firsts.entry((at.term, at.node)).or_insert(index);
        }
        let hash = fnv(0, bytes);
        if let Some(known) = self.known.get(&at) {
            // Log matching: the same position is the same entry, and so is all before it.
            if known.hash != hash || known.before != before {
                let (known, as_was) = (known.hash == hash, known.before);
                return Err(broken(
                    "log",
                    format_args!(
                        "node {node} appends {at:?} after {before:?}; it was after {as_was:?}, same bytes: {known}"
                    ),
                ));
            }
            return Ok(());
        }
        if let Carried::Voters(voters) = &carried {
            self.voters.insert(at, voters.clone());
        }
        self.known.insert(at, Known { before, hash, carried });
        self.newest = self.newest.max((at.term, at.node));
        // The entry that makes the founders is every founder's own.
        if at.term == 0 {
            return Ok(());
        }
        self.judge_leader(at, before, committed)
    }

    /// Leader completeness: what was committed under a leader is in the log of every later one. A leader that does not know yet
    /// that it was deposed may go on without what came after it.
    fn judge_leader(&self, at: Position, before: Option<Position>, committed: &Committed) -> Verdict {
        let Some(last) = committed.before_leader(at.term, at.node) else { return Ok(()) };
        let mut below = before;
        while let Some(position) = below.filter(|position| position.index > last.index) {
            below = self.known.get(&position).and_then(|known| known.before);
        }
        if below == Some(last) {
            return Ok(());
        }
        Err(broken(
            "log",
            format_args!("{at:?} is appended by a leader that has {below:?} and not the committed {last:?}"),
        ))
    }
}
