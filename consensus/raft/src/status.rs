//! Consensus as an operator sees it, and what an operator may ask of it.

use std::{io, time::Duration};

use domain::GroupId;
use openraft::async_runtime::watch::WatchReceiver;

use crate::{
    groups::{Group, Groups},
    types::{Node, NodeId},
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
    /// "Leader", "Follower", "Candidate", "Learner", "Shutdown".
    pub role: String,
    /// Last index in the log.
    pub last_log: u64,
    /// Last index applied.
    pub applied: u64,
    /// Milliseconds since a quorum was known.
    pub quorum_age_ms: u64,
    /// Voters.
    pub voters: Vec<NodeId>,
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

    /// Where each member is reached, as the membership in the log has it.
    #[must_use]
    pub fn members(&self) -> Vec<(NodeId, Node)> {
        let metrics = WatchReceiver::borrow_watched(&self.group(GroupId::COMMAND).raft.metrics()).clone();
        metrics.membership_config.nodes().map(|(id, node)| (*id, node.clone())).collect()
    }

    /// Takes a snapshot of the group here and drops the log below it, whatever the policy says. For operators who need
    /// the space, and for tests.
    pub async fn compact(&self, group: GroupId) -> io::Result<()> {
        let group = self.group(group);
        let upto = group.shared.view().applied.index;
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

    /// Every group as an operator sees it.
    #[must_use]
    pub fn status(&self) -> Vec<GroupStatus> {
        self.0.groups.iter().map(|group| self.group_status(group)).collect()
    }

    fn group_status(&self, group: &Group) -> GroupStatus {
        let metrics = WatchReceiver::borrow_watched(&group.raft.metrics()).clone();
        let quorum_age = self.quorum_age(group.id);
        GroupStatus {
            group: group.id,
            leader: metrics.current_leader,
            term: metrics.current_term,
            role: format!("{:?}", metrics.state),
            last_log: metrics.last_log_index.unwrap_or(0),
            applied: group.shared.view().applied.index,
            quorum_age_ms: u64::try_from(quorum_age.as_millis()).unwrap_or(u64::MAX),
            voters: metrics.membership_config.voter_ids().collect(),
            fatal: metrics.running_state.err().map(|e| e.to_string()),
        }
    }
}
