//! Who watches a play, each property in a file of its own. They look at what the nodes do to their disks and at what clients are told,
//! and know nothing of how consensus works inside.
//!
//! | file | what it holds against a node |
//! |---|---|
//! | `log.rs` | a vote that goes back; entries that do not match; a leader without what is committed; a purge of what is not |
//! | `truth.rs` | another entry at an index that was applied; what is applied before a quorum has it; another state, reply or event than the one true history |
//! | `lead.rs` | a leader that is ready before its first entry is applied; a stamp of a wrong clock |
//! | `promises.rs` | what was acknowledged and is lost, what is there twice, what was refused and is there |
//! | `dispatch.rs` | a unit in two incidents; an offer that nobody answers or that ends twice; a decision on an old version; an alarm that is lost |
//! | `linear.rs` | reads and writes of one key that no order explains |
//! | `healing.rs` | a cluster that does not serve soon after the storm, or whose nodes do not come to the same |
//! | `admin.rs` above | an id given to two nodes, a change of the members that does not end |
//! | `backup.rs` above | a backup that lacks what was acknowledged before it, or that is not what was |
//! | `bounds.rs` | a bound that is passed, an invariant of the state that does not hold |

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use domain::{GroupId, Reply};
use raft::{AppliedAt, Lead, NodeId, disk::LogOp, inspect};

use crate::world::World;

pub mod bounds;
pub mod dispatch;
pub mod healing;
pub mod lead;
pub mod linear;
pub mod log;
pub mod promises;
pub mod truth;

use self::{dispatch::Dispatch, linear::Keys, log::Logs, promises::Promises, truth::Truth};

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Who found it.
    pub judge: &'static str,
    /// What.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.judge, self.what)
    }
}

/// What a judge finds, or not.
pub type Verdict = Result<(), Violation>;

/// `Err` of a judge.
#[must_use]
pub fn broken(judge: &'static str, what: fmt::Arguments<'_>) -> Violation {
    Violation { judge, what: what.to_string() }
}

/// What is known of one group.
pub struct OneGroup {
    /// Logs and votes of all nodes.
    pub logs: Logs,
    /// The one true history.
    pub truth: Truth,
}

/// All judges of a play.
pub struct Judges {
    groups: Mutex<BTreeMap<GroupId, OneGroup>>,
    promises: Mutex<Promises>,
    keys: Mutex<Keys>,
    dispatch: Mutex<Dispatch>,
    /// Ids that were given away to nodes.
    invited: Mutex<BTreeSet<NodeId>>,
    /// The newest index that somebody was told, of each group.
    acknowledged: Mutex<BTreeMap<GroupId, u64>>,
    /// Whether they have seen the history from its beginning. Of a restored cluster they have not.
    is_on: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Judges {
    /// For a play of so many nodes.
    #[must_use]
    pub fn new(nodes: u64) -> Self {
        let group = |id| (id, OneGroup { logs: Logs::default(), truth: Truth::new(id, nodes) });
        Self {
            groups: Mutex::new(World::group_ids().map(group).collect()),
            promises: Mutex::default(),
            keys: Mutex::default(),
            dispatch: Mutex::default(),
            invited: Mutex::default(),
            acknowledged: Mutex::default(),
            is_on: true,
        }
    }

    /// For a cluster that was made of a backup: they know nothing of its logs, and say nothing of them.
    #[must_use]
    pub fn off(nodes: u64) -> Self {
        Self { is_on: false, ..Self::new(nodes) }
    }

    /// A node was given this id, in a cluster that so many founded.
    pub fn invited(&self, id: NodeId, founders: u64) -> Verdict {
        if id > founders && lock(&self.invited).insert(id) {
            return Ok(());
        }
        Err(broken("members", format_args!("the id {id} was given to a node before")))
    }

    /// The newest index that somebody was told, of each group.
    #[must_use]
    pub fn acknowledged(&self) -> BTreeMap<GroupId, u64> {
        lock(&self.acknowledged).clone()
    }

    /// What clients were promised.
    pub fn promises(&self) -> MutexGuard<'_, Promises> {
        lock(&self.promises)
    }

    /// What clients did to keys.
    pub fn keys(&self) -> MutexGuard<'_, Keys> {
        lock(&self.keys)
    }

    /// What dispatchers, crews and devices were told.
    pub fn dispatch(&self) -> MutexGuard<'_, Dispatch> {
        lock(&self.dispatch)
    }

    /// Asks the judges of one group.
    pub fn ask<R>(&self, group: GroupId, ask: impl FnOnce(&mut OneGroup) -> R) -> Option<R> {
        lock(&self.groups).get_mut(&group).map(ask)
    }

    fn judge(&self, world: &World, group: GroupId, ask: impl FnOnce(&mut OneGroup) -> Verdict) {
        if !self.is_on {
            return;
        }
        if let Some(Err(found)) = self.ask(group, ask) {
            world.violate(found.judge, format_args!("group {group}: {}", found.what));
        }
    }

    /// A node starts on what it has stored.
    pub fn starts(&self, world: &World, node: NodeId) {
        let Some(stored) = world.stored(node) else { return };
        for group in World::group_ids() {
            self.judge(world, group, |judges| {
                judges.truth.starts(node);
                judges.logs.starts(node, group, &stored)
            });
        }
    }

    /// A node gives an operation to its disk.
    pub fn submitted(&self, world: &World, node: NodeId, op: &LogOp) {
        let group = op_group(op);
        self.judge(world, group, |judges| {
            if let LogOp::Append { entries, .. } = op {
                lead::judge_stamps(world, node, entries, &judges.logs)?;
            }
            judges.logs.submitted(node, op, judges.truth.committed())
        });
    }

    /// The disk said that a vote is on the platter.
    pub fn voted(&self, group: GroupId, node: NodeId, vote: &[u8]) {
        if let Ok(vote) = inspect::vote(vote) {
            self.ask(group, |judges| judges.logs.voted(node, vote));
        }
    }

    /// A node has applied so far, or installs what came to so far; nobody has heard of it yet.
    pub fn applied(&self, world: &World, node: NodeId, group: u32, applied: &Bytes) {
        let group = GroupId(group);
        let Ok(Some(upto)) = inspect::applied(applied) else { return };
        self.judge(world, group, |judges| judges.truth.applied(world, node, upto, &judges.logs));
    }

    /// What a node sees of the lead has changed.
    pub fn leads(&self, world: &World, node: NodeId, group: GroupId, lead: Lead, applied: AppliedAt) {
        self.judge(world, group, |judges| lead::judge_ready(node, lead, applied, &judges.logs));
        if lead.is_self_ready {
            world.count(|counts| counts.leads += 1);
        }
    }

    /// A client was told that its proposal is committed.
    pub fn answered(&self, world: &World, group: GroupId, index: u64, reply: &Reply) {
        let mut acknowledged = lock(&self.acknowledged);
        let newest = acknowledged.entry(group).or_default();
        *newest = index.max(*newest);
        drop(acknowledged);
        self.judge(world, group, |judges| judges.truth.answered(index, reply));
    }

    /// So many bytes wait in a node's queue.
    pub fn queue(&self, world: &World, node: NodeId, bytes: usize) {
        if let Err(found) = bounds::judge_queue(node, bytes) {
            world.violate(found.judge, format_args!("{}", found.what));
        }
    }

    /// Looks at the state and the events of a node that runs.
    pub fn look_at(&self, world: &World, node: NodeId) {
        let Some(groups) = world.groups(node) else { return };
        for group in World::group_ids() {
            self.judge(world, group, |judges| judges.truth.look_at(node, group, &groups));
            if group == GroupId::COMMAND
                && let Err(found) = groups.read(group, dispatch::look_at)
            {
                world.violate(found.judge, format_args!("node {node}: {}", found.what));
            }
            if let Err(found) = groups.read(group, bounds::judge_state) {
                world.violate(found.judge, format_args!("node {node} group {group}: {}", found.what));
            }
        }
    }
}

/// The group of an operation.
#[must_use]
pub fn op_group(op: &LogOp) -> GroupId {
    match op {
        LogOp::Append { group, .. }
        | LogOp::Vote { group, .. }
        | LogOp::Truncate { group, .. }
        | LogOp::Purge { group, .. }
        | LogOp::Committed { group, .. } => GroupId(*group),
    }
}
