//! Consensus as an operator sees it, and what an operator may ask of it.

use std::{
    collections::BTreeSet,
    io,
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

use domain::GroupId;
use openraft::async_runtime::watch::WatchReceiver;

use crate::{
    groups::{Group, Groups},
    lead::LeadChange,
    types::{LogId, Node, NodeId},
};

/// Longest wait for a snapshot that was asked for.
const COMPACT_TIMEOUT: Duration = Duration::from_secs(60);

/// One group as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupStatus {
    /// Which.
    pub group: GroupId,
    /// Who leads.
    pub leader: Option<NodeId>,
    /// Raft term.
    pub term: u64,
    /// Who came to lead when, as this node saw it since it started, oldest first.
    pub leads: Vec<LeadChange>,
    /// "Leader", "Follower", "Candidate", "Learner", "Shutdown".
    pub role: String,
    /// Last index in the log.
    pub last_log: u64,
    /// Last index applied.
    pub applied: u64,
    /// Milliseconds since a quorum was known.
    pub quorum_age_ms: u64,
    /// Highest index that a quorum holds, as far as this node was told.
    pub committed: u64,
    /// Last index that a snapshot taken or installed since the start covers; 0: none was.
    pub snapshot: u64,
    /// Voters; of both sets while they change.
    pub voters: Vec<NodeId>,
    /// Members without a vote.
    pub learners: Vec<NodeId>,
    /// A change of the voters is half done: sending the command again finishes it.
    pub is_changing: bool,
    /// By the leader: each member, whether it answers, and how many entries it lacks (none: not known yet).
    pub members: Vec<(NodeId, bool, Option<u64>)>,
    /// Why consensus has stopped here; none: it runs.
    pub fatal: Option<String>,
}

impl Groups {
    /// Voters of the group, ascending.
    #[must_use]
    pub fn voters(&self, group: GroupId) -> Vec<NodeId> {
        let mut voters: Vec<NodeId> = self.group(group).raft.voter_ids().collect();
        voters.sort_unstable();
        voters.dedup();
        voters
    }

    /// Whether this node votes in the group by what a majority has agreed on, and no change of the members is under way.
    #[must_use]
    pub fn is_settled_voter(&self, group: GroupId) -> bool {
        self.group_view(self.group(group)).is_settled_voter(self.node())
    }

    /// Groups whose log came back without entries that this node had acknowledged, and up to which: its disk is not to be trusted.
    /// They were sent again.
    #[must_use]
    pub fn lost(&self) -> Vec<(GroupId, u64)> {
        let lost = self.0.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.iter().map(|(group, index)| (*group, *index)).collect()
    }

    pub(crate) fn has_lost(&self, group: GroupId, index: u64) {
        tracing::error!(
            group = group.0,
            index,
            "this node's disk has lost entries that it had acknowledged: replace it"
        );
        let mut lost = self.0.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.entry(group).and_modify(|upto| *upto = index.max(*upto)).or_insert(index);
    }

    /// Where each member is reached, as the membership in the log has it.
    #[must_use]
    pub fn members(&self) -> Vec<(NodeId, Node)> {
        let metrics = WatchReceiver::borrow_watched(&self.group(GroupId::COMMAND).raft.metrics()).clone();
        metrics.membership_config.nodes().map(|(id, node)| (*id, node.clone())).collect()
    }

    /// Takes a snapshot of the group here and drops the log below it, whatever the policy says. For operators who need
    /// the space, and for tests.
    pub async fn compact(&self, group: GroupId) -> io::Result<()> {
        let upto = self.group(group).shared.view().applied.index;
        self.drop_log(group, upto).await
    }

    /// The same through this index, which is applied here, and with the events of these entries: what one of them held that was erased
    /// is then in no log and no tail of this node. Who follows from before it takes a snapshot.
    pub async fn compact_through(&self, group: GroupId, upto: u64) -> io::Result<()> {
        self.drop_log(group, upto).await?;
        self.group(group).shared.forget_events(upto);
        Ok(())
    }

    async fn drop_log(&self, group: GroupId, upto: u64) -> io::Result<()> {
        let group = self.group(group);
        let snapshots = group.raft.wait(Some(COMPACT_TIMEOUT));
        group.raft.trigger().snapshot().await.map_err(io::Error::other)?;
        snapshots
            .metrics(|metrics| metrics.snapshot.is_some_and(|id| id.index >= upto), "snapshot")
            .await
            .map_err(io::Error::other)?;
        group.raft.trigger().purge_log(upto).await.map_err(io::Error::other)?;
        group
            .raft
            .wait(Some(COMPACT_TIMEOUT))
            .metrics(|metrics| metrics.purged.is_some_and(|id| id.index >= upto), "purge")
            .await
            .map_err(io::Error::other)?;
        Ok(())
    }

    /// Snapshots that were installed here since the start, of all groups.
    #[must_use]
    pub fn snapshots_installed(&self) -> u64 {
        self.0.groups.iter().map(|group| group.shared.installed.load(Ordering::Relaxed)).sum()
    }

    /// The newest entry that this node's log of the group does not hold any more; 0: it has all.
    #[must_use]
    pub fn purged(&self, group: GroupId) -> u64 {
        let metrics = WatchReceiver::borrow_watched(&self.group(group).raft.metrics()).clone();
        metrics.purged.map_or(0, |id| id.index)
    }

    /// Every group as an operator sees it.
    #[must_use]
    pub fn status(&self) -> Vec<GroupStatus> {
        self.0.groups.iter().map(|group| self.group_status(group)).collect()
    }

    fn group_status(&self, group: &Group) -> GroupStatus {
        let metrics = WatchReceiver::borrow_watched(&group.raft.metrics()).clone();
        let quorum_age = self.quorum_age(group.id);
        let membership = metrics.membership_config.membership();
        let index = |id: Option<LogId>| id.map_or(0, |id| id.index);
        let leads = metrics.replication.is_some();
        let view = self.group_view(group);
        let members = membership.nodes().map(|(id, _)| *id).filter(|_| leads);
        let members = members.map(|id| (id, view.up.contains(&id), view.lag.get(&id).copied())).collect();
        GroupStatus {
            group: group.id,
            leader: metrics.current_leader,
            term: metrics.current_term,
            leads: group.leads.lock().unwrap_or_else(PoisonError::into_inner).all(),
            role: format!("{:?}", metrics.state),
            last_log: metrics.last_log_index.unwrap_or(0),
            applied: group.shared.view().applied.index,
            quorum_age_ms: u64::try_from(quorum_age.as_millis()).unwrap_or(u64::MAX),
            committed: index(metrics.cluster_committed).max(index(metrics.local_committed)),
            snapshot: index(metrics.snapshot),
            voters: view.voters.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect(),
            learners: view.learners.into_iter().collect(),
            is_changing: view.voters.len() > 1,
            members,
            fatal: metrics.running_state.err().map(|e| e.to_string()),
        }
    }
}
