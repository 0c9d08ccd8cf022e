//! Who belongs to a group, and how that changes, one safe step at a time. Pure: [`next`] takes what a group's leader
//! knows and says what to do, [`NodeIds`] is which ids were given away. `change` does the steps.
//!
//! The members in the log are the only memory of a change. Whoever asks again, at another leader, after a crash, gets
//! the step that is missing, so every request is idempotent and is finished by sending it again.
//!
//! Voters change by joint consensus (Ongaro and Ousterhout 2014, §6): an entry counts only with a majority of the old and
//! of the new ones until both have agreed on the new ones alone.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::types::NodeId;

/// A learner that lacks no more entries than this has caught up: the rest arrives while it is made a voter.
pub const LAG_ENTRIES_MAX: u64 = 512;

/// Voters that a group keeps. With two, the loss of one stops everything.
pub const VOTERS_MIN: usize = 3;

/// Ids that were given away and not yet used. At the bound the oldest one is void.
pub const INVITED_MAX: usize = 16;

/// What shall become of one node in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// It follows the log and has caught up, without a vote.
    Learn {
        /// Which.
        node: NodeId,
    },
    /// It votes; another one that it stands in for is out, in the same joint change.
    Vote {
        /// Which.
        node: NodeId,
        /// The one that goes.
        instead_of: Option<NodeId>,
    },
    /// It is out.
    Leave {
        /// Which.
        node: NodeId,
    },
}

/// A group as its leader knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupView {
    /// Voters; two sets while a change is half done, the new one last.
    pub voters: Vec<BTreeSet<NodeId>>,
    /// Members without a vote.
    pub learners: BTreeSet<NodeId>,
    /// Who leads: the node that looks.
    pub leader: NodeId,
    /// Members that answered the leader lately, itself included.
    pub up: BTreeSet<NodeId>,
    /// Entries that each member lacks; who is not in it has not answered yet.
    pub lag: BTreeMap<NodeId, u64>,
    /// Whether the node that would learn was invited, or belongs to the cluster already.
    pub is_invited: bool,
    /// The entry that names these members is not agreed on yet: it may be lost with its leader.
    pub is_pending: bool,
}

/// What to do next in one group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it is as it should be.
    Done,
    /// Take the node in without a vote.
    AddLearner,
    /// Nothing can be done but look again.
    Wait(Wait),
    /// Make these the voters, by joint change; who is left out is forgotten.
    Change(BTreeSet<NodeId>),
    /// End the change that somebody began and did not finish.
    FinishJoint,
    /// Forget a member that has no vote.
    Forget(NodeId),
    /// Hand the lead over.
    HandOver(NodeId),
}

/// What is being waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wait {
    /// The node does not answer the leader.
    #[error("nút {node} chưa trả lời / node {node} does not answer yet")]
    ForAnswer {
        /// Which.
        node: NodeId,
    },
    /// The node is behind.
    #[error("nút {node} còn thiếu {entries} mục / node {node} lacks {entries} entries")]
    ForEntries {
        /// Which.
        node: NodeId,
        /// How many.
        entries: u64,
    },
    /// No majority has the entry that names the members.
    #[error("đa số chưa xác nhận thành viên / no majority has confirmed the members yet")]
    ForMajority,
    /// Nobody is fit to take the lead.
    #[error("chưa nút nào theo kịp để nhận quyền điều khiển / no other node has caught up to take the lead")]
    ForSuccessor,
}

/// Why it is not done, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The id was never given away, is void, or was used by a node that is gone.
    #[error(
        "nút {node} không có lời mời còn hiệu lực: chạy `trongdong invite` để mời lại / \
         node {node} has no invitation that counts: run `trongdong invite` for a new one"
    )]
    NotInvited {
        /// Which.
        node: NodeId,
    },
    /// It does not belong to the group.
    #[error(
        "nút {node} không thuộc cụm: xem `trongdong status` / node {node} is no member: see `trongdong status` for those that are"
    )]
    NotAMember {
        /// Which.
        node: NodeId,
    },
    /// Too few would be left.
    #[error(
        "bớt nút {node} thì chỉ còn {left} nút, không chịu được mất thêm nút nào: mời nút mới trước (`trongdong invite`), \
         hoặc thay nút (`trongdong replace {node}`) / without node {node} only {left} are left and none may fail: invite \
         another first (`trongdong invite`), or replace it (`trongdong replace {node}`)"
    )]
    TooFew {
        /// Which.
        node: NodeId,
        /// Voters that would be left.
        left: usize,
    },
    /// Too few of those that would be left answer.
    #[error(
        "chỉ {up} trong {of} nút còn lại trả lời, không đủ đa số: khởi động lại các nút đang dừng rồi chạy lại lệnh này / \
         only {up} of the {of} nodes that would be left answer, which is no majority: start those that are down, then run \
         this again"
    )]
    CostsQuorum {
        /// Who answers.
        up: usize,
        /// Out of.
        of: usize,
    },
    /// A node cannot stand in for itself.
    #[error("nút {node} không thể thay chính nó: dùng số mới / node {node} cannot replace itself: it needs a new id")]
    InsteadOfItself {
        /// Which.
        node: NodeId,
    },
}

/// A member that answered its leader within this is up.
const UP_WITHIN: Duration = Duration::from_secs(3);

/// Whether a member is up. openraft waits for the answer to a heartbeat no longer than until the next one, so over a line that is
/// slower none ever counts, and where nothing is written a heartbeat is all that is answered. Such a member is connected, and a
/// connection that is silent ends within the same time.
pub(crate) fn is_up(answered_ago: Option<Duration>, is_connected: bool) -> bool {
    is_connected || answered_ago.is_some_and(|ago| ago < UP_WITHIN)
}

impl GroupView {
    fn is_member(&self, node: NodeId) -> bool {
        self.learners.contains(&node) || self.voters.iter().any(|voters| voters.contains(&node))
    }

    /// Whether a node votes by what a majority has agreed on, whoever leads next, with no change under way: in the middle of one
    /// both halves count, and the change is to be finished.
    pub(crate) fn is_settled_voter(&self, node: NodeId) -> bool {
        !self.is_pending && matches!(&self.voters[..], [voters] if voters.contains(&node))
    }

    /// Whether those that answer could go on if these were the voters.
    fn quorum_of(&self, voters: &BTreeSet<NodeId>) -> Result<(), Refusal> {
        let up = voters.intersection(&self.up).count();
        if up > voters.len() / 2 { Ok(()) } else { Err(Refusal::CostsQuorum { up, of: voters.len() }) }
    }

    /// What keeps a member from being counted on.
    fn waits_for(&self, node: NodeId) -> Option<Wait> {
        match self.lag.get(&node) {
            _ if !self.up.contains(&node) => Some(Wait::ForAnswer { node }),
            None => Some(Wait::ForAnswer { node }),
            Some(entries) if *entries > LAG_ENTRIES_MAX => Some(Wait::ForEntries { node, entries: *entries }),
            Some(_) => None,
        }
    }

    /// Who should lead instead of `node`: the voter that lacks least.
    #[must_use]
    pub fn successor(&self, node: NodeId) -> Option<NodeId> {
        let voters = self.voters.last()?;
        let fit = voters.iter().copied().filter(|other| *other != node && self.waits_for(*other).is_none());
        fit.min_by_key(|other| (self.lag.get(other).copied().unwrap_or(u64::MAX), *other))
    }

    /// Makes `target` the voters; `gone` is the one that must not lead when it is left out.
    fn change(&self, target: BTreeSet<NodeId>, gone: Option<NodeId>) -> Result<Step, Refusal> {
        self.voters.iter().chain([&target]).try_for_each(|voters| self.quorum_of(voters))?;
        if gone == Some(self.leader) {
            return Ok(match self.successor(self.leader) {
                Some(to) => Step::HandOver(to),
                None => Step::Wait(Wait::ForSuccessor),
            });
        }
        Ok(Step::Change(target))
    }
}

/// The next step towards `goal`.
///
/// # Errors
/// The goal would cost the quorum, or was not allowed; nothing is changed.
pub fn next(goal: Goal, view: &GroupView) -> Result<Step, Refusal> {
    match wanted(goal, view)? {
        // Members count from the moment at which they are appended. Done is what stays, whoever leads next.
        Step::Done if view.is_pending => Ok(Step::Wait(Wait::ForMajority)),
        step => Ok(step),
    }
}

fn wanted(goal: Goal, view: &GroupView) -> Result<Step, Refusal> {
    let Some(voters) = view.voters.last() else { return Ok(Step::Wait(Wait::ForSuccessor)) };
    if view.voters.len() > 1 {
        // Both halves were judged when it began. Going on is the only way out that loses nothing.
        view.voters.iter().try_for_each(|voters| view.quorum_of(voters))?;
        return Ok(Step::FinishJoint);
    }
    match goal {
        Goal::Learn { node } if view.is_member(node) => Ok(view.waits_for(node).map_or(Step::Done, Step::Wait)),
        Goal::Learn { .. } if view.is_invited => Ok(Step::AddLearner),
        Goal::Learn { node } => Err(Refusal::NotInvited { node }),

        Goal::Vote { node, instead_of } if instead_of == Some(node) => Err(Refusal::InsteadOfItself { node }),
        Goal::Vote { node, .. } if !view.is_member(node) => Err(Refusal::NotAMember { node }),
        Goal::Vote { node, instead_of } => {
            let is_left = instead_of.is_some_and(|old| voters.contains(&old));
            if voters.contains(&node) && !is_left {
                let forgotten = instead_of.filter(|old| view.learners.contains(old));
                return Ok(forgotten.map_or(Step::Done, Step::Forget));
            }
            if let Some(wait) = view.waits_for(node) {
                return Ok(Step::Wait(wait));
            }
            let mut target = voters.clone();
            target.insert(node);
            if voters.len() == 1 {
                // The only voter can hand its lead to nobody but the newcomer, who needs a vote first. It goes in a change of its own.
                return view.change(target, None);
            }
            target.retain(|voter| Some(*voter) != instead_of);
            view.change(target, instead_of)
        }

        Goal::Leave { node } if view.learners.contains(&node) => Ok(Step::Forget(node)),
        Goal::Leave { node } if !voters.contains(&node) => Ok(Step::Done),
        Goal::Leave { node } => {
            let target: BTreeSet<NodeId> = voters.iter().copied().filter(|voter| *voter != node).collect();
            if target.len() < VOTERS_MIN {
                return Err(Refusal::TooFew { node, left: target.len() });
            }
            view.change(target, Some(node))
        }
    }
}

/// Which ids of nodes were ever given away. It follows from the membership entries of the log, so every replica has the
/// same, and an id is never given twice: a node that lost its disk and came back under its old id would vote again where
/// it has voted before.
///
/// A membership entry that changes nothing is how an id is given away: it costs no format of its own, and its place in
/// the log makes the id unique whoever asks at the same time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeIds {
    /// Highest id that a member had or that was given away.
    pub highest: NodeId,
    /// Given away, not yet a member. Invariant: all are at most `highest`, and at most [`INVITED_MAX`].
    pub invited: BTreeSet<NodeId>,
}

impl NodeIds {
    /// A membership entry was applied: `members` are its nodes, `is_same` says that it changed nothing. Gives the id
    /// that was given away by it.
    pub(crate) fn applied(&mut self, members: impl Iterator<Item = NodeId>, is_same: bool) -> Option<NodeId> {
        if is_same {
            self.highest = self.highest.saturating_add(1);
            self.invited.insert(self.highest);
            while self.invited.len() > INVITED_MAX {
                self.invited.pop_first();
            }
            return Some(self.highest);
        }
        for member in members {
            self.highest = self.highest.max(member);
            self.invited.remove(&member);
        }
        None
    }
}

#[cfg(test)]
mod tests;
