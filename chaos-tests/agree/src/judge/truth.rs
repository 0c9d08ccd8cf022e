//! The one true history of a group (state machine safety, Raft §5.4.3). An entry is true once anybody has applied it; from then
//! on nobody may apply another at its index, and what it does to the state is reckoned here once more, by `domain` alone.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use domain::{EventBatch, GroupId, Reply, RowChange, State, rows::is_state, wire::Record};
use raft::{
    Groups, NodeId,
    disk::Disk,
    inspect::{self, Carried, Position},
};

use super::{Verdict, broken, log::Logs};
use crate::{
    history::{fnv, row_hash},
    world::World,
};

/// Events read at a time.
const EVENTS_MAX: usize = 4096;

/// Entries that nobody has applied before the ones that a node applies now: more would be a history without its beginning.
const NEW_MAX: usize = 1 << 20;

/// The true entries, by index, each with the newest leader that there was when it was first applied: it was committed under that
/// one or an earlier.
#[derive(Default)]
pub struct Committed(Vec<(Position, (u64, NodeId))>);

impl Committed {
    /// How many there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len() as u64
    }

    /// The true entry at an index.
    #[must_use]
    pub fn at(&self, index: u64) -> Option<Position> {
        usize::try_from(index).ok().and_then(|index| self.0.get(index)).map(|(position, _)| *position)
    }

    /// The last one that was committed for sure before this leader was elected.
    #[must_use]
    pub fn before_leader(&self, term: u64, leader: NodeId) -> Option<Position> {
        let upto = self.0.partition_point(|(_, newest)| *newest < (term, leader));
        upto.checked_sub(1).and_then(|last| self.0.get(last)).map(|(position, _)| *position)
    }
}

/// What one entry came to.
struct Came {
    reply: Option<Reply>,
    /// Of all rows of state after it.
    digest: u64,
}

/// The true history of one group.
pub struct Truth {
    /// Who votes by the last true entry that says so; two sets while a change is half done.
    voters: Vec<BTreeSet<NodeId>>,
    committed: Committed,
    came: Vec<Came>,
    state: State,
    /// Hash of each row of state, and their sum.
    rows: BTreeMap<Bytes, u64>,
    digest: u64,
    /// Hash of the events of each entry that has some.
    events: BTreeMap<u64, u64>,
    /// The events themselves, in order.
    batches: Vec<EventBatch>,
    /// How far each node has applied in this life.
    applied: BTreeMap<NodeId, u64>,
    /// How far each follower of a node's events has come.
    followed: BTreeMap<NodeId, u64>,
}

/// Of all rows of a state.
#[must_use]
pub fn digest_of(state: &State) -> u64 {
    state.rows().iter().fold(0, |sum, row| sum.wrapping_add(row_hash(&row.key, &row.value)))
}

impl Truth {
    /// Nothing has happened yet in a group that so many nodes found.
    #[must_use]
    pub fn new(group: GroupId, nodes: u64) -> Self {
        let state = State::new(group);
        let rows: BTreeMap<Bytes, u64> =
            state.rows().into_iter().map(|row| (row.key.clone(), row_hash(&row.key, &row.value))).collect();
        Self {
            voters: vec![(1..=nodes).collect()],
            committed: Committed::default(),
            came: Vec::new(),
            digest: digest_of(&state),
            state,
            rows,
            events: BTreeMap::new(),
            batches: Vec::new(),
            applied: BTreeMap::new(),
            followed: BTreeMap::new(),
        }
    }

    /// The true entries, by index.
    #[must_use]
    pub fn committed(&self) -> &Committed {
        &self.committed
    }

    /// Who votes, by the true entries; two sets while a change is half done.
    #[must_use]
    pub fn voters(&self) -> &[BTreeSet<NodeId>] {
        &self.voters
    }

    /// The true events, oldest first.
    #[must_use]
    pub fn batches(&self) -> &[EventBatch] {
        &self.batches
    }

    /// The true state.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// A node starts a new life: it may apply again what its disk has lost.
    pub fn starts(&mut self, node: NodeId) {
        self.applied.remove(&node);
    }

    /// A node has applied all up to this position.
    pub fn applied(&mut self, world: &World, node: NodeId, upto: Position, logs: &Logs) -> Verdict {
        let before = self.applied.insert(node, upto.index);
        if before.is_some_and(|before| before > upto.index) {
            return Err(broken("truth", format_args!("node {node} applies {upto:?} after {before:?}")));
        }
        let mut new = Vec::new();
        let mut at = Some(upto);
        while let Some(position) = at.filter(|at| self.committed.at(at.index).is_none() && new.len() < NEW_MAX) {
            new.push(position);
            at = logs.known(&position).and_then(|known| known.before);
        }
        if let Some(position) = at
            && self.committed.at(position.index) != Some(position)
        {
            let there = self.committed.at(position.index);
            return Err(broken("truth", format_args!("node {node} has applied {position:?} where {there:?} is true")));
        }
        if at.map_or(0, |at| at.index + 1) != self.committed.count() && !new.is_empty() {
            return Err(broken("truth", format_args!("node {node} applies {upto:?} without what is before it")));
        }
        let is_new = !new.is_empty();
        for position in new.into_iter().rev() {
            let carried = logs.known(&position).map(|known| &known.carried);
            self.commit(world, position, carried, logs.newest())?;
        }
        if is_new { self.judge_quorum(world, node, upto, logs) } else { Ok(()) }
    }

    /// What is applied for the first time is on the platters of a quorum: of those who vote by what is applied, or of those who
    /// do by what the leader has appended behind it, which is what it counts by.
    fn judge_quorum(&self, world: &World, node: NodeId, upto: Position, logs: &Logs) -> Verdict {
        let group = self.state.group();
        let have: BTreeSet<NodeId> = world.ever_ids().filter(|node| has(world, *node, group, upto)).collect();
        let is_quorum =
            |sets: &[BTreeSet<NodeId>]| sets.iter().all(|voters| voters.intersection(&have).count() > voters.len() / 2);
        if is_quorum(&self.voters) || logs.voters_after(upto.index).any(is_quorum) {
            return Ok(());
        }
        let voters = &self.voters;
        Err(broken(
            "truth",
            format_args!("node {node} applies {upto:?}, which the disks of {have:?} have, of {voters:?}"),
        ))
    }

    /// Of all rows of state after this entry.
    #[must_use]
    pub fn digest_at(&self, index: u64) -> Option<u64> {
        usize::try_from(index).ok().and_then(|index| self.came.get(index)).map(|came| came.digest)
    }

    fn commit(
        &mut self,
        world: &World,
        position: Position,
        carried: Option<&Carried>,
        newest: (u64, NodeId),
    ) -> Verdict {
        let before = self.state.clock();
        let entry = match carried {
            Some(Carried::Proposal(bytes)) => domain::Entry::decode(bytes).ok(),
            Some(Carried::Voters(voters)) => {
                self.voters.clone_from(voters);
                None
            }
            Some(Carried::Nothing) | None => None,
        };
        let reply = entry.map(|entry| {
            let applied = self.state.apply(position.index, &entry);
            for change in applied.rows {
                match change {
                    RowChange::Put(row) if is_state(&row.key) => self.put(&row.key, &row.value),
                    RowChange::Delete(key) => self.delete(&key),
                    RowChange::Put(_) => {}
                }
            }
            if !applied.events.is_empty() {
                let batch = EventBatch { index: position.index, at_ms: self.state.clock(), events: applied.events };
                self.events.insert(position.index, fnv(0, &batch.encode()));
                self.batches.push(batch);
            }
            applied.reply
        });
        world.note(format_args!("group {} agrees on {position:?}", self.state.group()));
        world.count(|counts| counts.committed += 1);
        self.committed.0.push((position, newest));
        self.came.push(Came { reply, digest: self.digest });
        if self.state.clock() < before {
            return Err(broken("truth", format_args!("the clock of the state goes back at {position:?}")));
        }
        Ok(())
    }

    fn put(&mut self, key: &Bytes, value: &Bytes) {
        let hash = row_hash(key, value);
        let former = self.rows.insert(key.clone(), hash).unwrap_or(0);
        self.digest = self.digest.wrapping_sub(former).wrapping_add(hash);
    }

    fn delete(&mut self, key: &Bytes) {
        let former = self.rows.remove(key).unwrap_or(0);
        self.digest = self.digest.wrapping_sub(former);
    }

    /// A client was told so.
    pub fn answered(&self, index: u64, reply: &Reply) -> Verdict {
        let came = usize::try_from(index).ok().and_then(|index| self.came.get(index));
        match came {
            None => Err(broken("truth", format_args!("index {index} was acknowledged before anybody applied it"))),
            Some(came) if came.reply.as_ref() != Some(reply) => Err(broken(
                "truth",
                format_args!("index {index} was answered with {reply:?} and came to {:?}", came.reply),
            )),
            Some(_) => Ok(()),
        }
    }

    /// Looks at a node's state, and at the events that it would show a screen.
    pub fn look_at(&mut self, node: NodeId, group: GroupId, groups: &Groups) -> Verdict {
        let (digest, at) = groups.read_at(group, |state, at| (digest_of(state), at));
        let came = usize::try_from(at.index).ok().and_then(|index| self.came.get(index));
        // What is visible may be ahead of what was told to the disk. At index 0 there may be nothing at all.
        if let Some(came) = came
            && at.index > 0
            && came.digest != digest
        {
            return Err(broken("truth", format_args!("node {node} has another state at index {}", at.index)));
        }
        self.follow(node, group, groups, at.index)
    }

    /// A screen that moves from life to life of a node: no event is missed, doubled or another than the true one.
    fn follow(&mut self, node: NodeId, group: GroupId, groups: &Groups, applied: u64) -> Verdict {
        let from = self.followed.get(&node).copied().unwrap_or(0);
        let Ok(batches) = groups.events_after(group, from, EVENTS_MAX) else {
            // Told so by name: it takes a snapshot and goes on from there.
            self.followed.insert(node, applied);
            return Ok(());
        };
        let upto = applied.min((self.committed.count()).saturating_sub(1));
        let told: Vec<(u64, u64)> = batches
            .iter()
            .filter(|batch| batch.index <= upto)
            .map(|batch| (batch.index, fnv(0, &batch.encode())))
            .collect();
        let is_whole = batches.len() < EVENTS_MAX;
        let due: Vec<(u64, u64)> = self
            .events
            .range(from + 1..)
            .map(|(index, hash)| (*index, *hash))
            .take_while(|(index, _)| *index <= upto)
            .collect();
        if is_whole && told != due {
            let differs = told.iter().zip(&due).find(|(told, due)| told != due);
            return Err(broken(
                "events",
                format_args!(
                    "node {node} tells {} batches after {from} up to {upto} where {} are due; first other: {differs:?}",
                    told.len(),
                    due.len()
                ),
            ));
        }
        self.followed.insert(node, told.last().map_or(from, |(index, _)| *index).max(from));
        Ok(())
    }
}

/// Whether a node's disk has this entry: in its log, or behind what was purged.
fn has(world: &World, node: NodeId, group: GroupId, at: Position) -> bool {
    let Some(stored) = world.stored(node) else { return false };
    let Ok(log) = stored.log(group.0) else { return false };
    let purged = log.purged.and_then(|purged| inspect::log_id(&purged).ok());
    if purged.is_some_and(|purged| purged.index >= at.index) {
        return true;
    }
    let Ok(read) = stored.read_log(group.0, at.index..at.index.saturating_add(1), usize::MAX) else { return false };
    read.into_iter().any(|(_, bytes)| inspect::entry(bytes).is_ok_and(|(there, _)| there == at))
}
