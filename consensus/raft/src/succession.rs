//! Takes over at once from a leader whose process has ended.
//!
//! A follower waits a lease and a random time before it doubts a silent leader, because silence may be a slow disk or a lost
//! packet. A host that refuses connections to the leader's port leaves no doubt, so the wait would be spent for nothing.
//! The election itself is the one of a hand-over (Raft dissertation §3.10 and §4.2.3): voters grant it although the lease
//! still runs. A wrong guess costs an election and no more: who may lead is decided by terms, votes and logs as ever, and
//! no read rests on the lease.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::GroupId;
use openraft::{async_runtime::watch::WatchReceiver, raft::TransferLeaderRequest};
use tokio::time::sleep;

use crate::{
    groups::{Group, Groups},
    mesh::Mesh,
    types::NodeId,
};

/// How much later each next voter stands for election, when those before it did not win.
const TURN: Duration = Duration::from_millis(120);

/// How long the outcome of an election is awaited before the leader is looked at anew.
const OUTCOME_WAIT: Duration = Duration::from_secs(1);

impl Groups {
    /// How often this node stood for election because a leader's process had ended, over all groups since start.
    #[must_use]
    pub fn successions(&self) -> u64 {
        self.0.groups.iter().map(|group| group.successions.load(Ordering::Relaxed)).sum()
    }
}

/// The place of `node` in the order in which the other voters stand, which differs from group to group so that the leads of
/// one dead node do not all go to the same; `None` for who has no vote.
fn turn(group: GroupId, node: NodeId, dead: NodeId, mut voters: Vec<NodeId>) -> Option<u32> {
    voters.retain(|voter| *voter != dead);
    voters.sort_unstable();
    let place = voters.iter().position(|voter| *voter == node)?;
    let first = (group.0 as usize).checked_rem(voters.len())?;
    u32::try_from((place + voters.len() - first) % voters.len()).ok()
}

/// Watches over the group's leader until consensus stops.
pub(crate) async fn watch_over(node: NodeId, group: Arc<Group>, peers: Arc<dyn Mesh>) {
    let mut lead = group.lead.subscribe();
    loop {
        let leader = lead.borrow_and_update().leader.filter(|leader| *leader != node);
        let Some(leader) = leader else {
            if lead.changed().await.is_err() {
                return;
            }
            continue;
        };
        tokio::select! {
            biased;
            changed = lead.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return,
            },
            () = peers.ended(leader) => {}
        }
        let turn = turn(group.id, node, leader, group.raft.voter_ids().collect());
        tokio::select! {
            biased;
            changed = lead.changed() => if changed.is_err() {
                return;
            },
            () = stand(&group, leader, turn) => {}
        }
    }
}

/// Stands for election in its turn, and waits for what comes of it.
async fn stand(group: &Group, leader: NodeId, turn: Option<u32>) {
    if let Some(turn) = turn {
        sleep(TURN * turn).await;
        let vote = WatchReceiver::borrow_watched(&group.raft.server_metrics()).vote;
        if vote.committed && vote.leader_id.node_id == leader {
            tracing::info!(group = group.id.0, leader, "the leader's process has ended: standing for election");
            let request = TransferLeaderRequest::new(vote, group.node, None);
            group.successions.fetch_add(1, Ordering::Relaxed);
            let _ = group.raft.handle_transfer_leader(request).await;
        }
    }
    sleep(OUTCOME_WAIT).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_voters_stand_one_after_the_other() {
        for group in [0, 1, 5] {
            let turns = |node| turn(GroupId(group), node, 2, vec![3, 1, 2, 7]);
            let mut all = [turns(1), turns(3), turns(7)];
            all.sort_unstable();
            assert_eq!(all, [Some(0), Some(1), Some(2)]);
        }
        assert_eq!(turn(GroupId(0), 9, 2, vec![1, 2, 3]), None, "a learner does not stand");
        assert_eq!(turn(GroupId(3), 2, 2, vec![2]), None);
    }

    #[test]
    fn the_leads_of_a_dead_node_are_shared_out() {
        let first = |group| [1, 3].into_iter().find(|node| turn(GroupId(group), *node, 2, vec![1, 2, 3]) == Some(0));
        assert_ne!(first(0), first(1));
    }
}
