//! Spreads the leads of the groups over the nodes, so that each carries its share of the writing.

use std::time::Duration;

use domain::GroupId;
use peer::{NodeId, Peers};
use raft::{Groups, Room};

/// How often a lead may move from this node.
const TICK: Duration = Duration::from_secs(5);

/// Rounds in which the preferred node must have been connected before a lead moves to it: a node that has just come back
/// catches up first.
const STEADY_ROUNDS: u32 = 3;

/// The node that should lead `group` when all are well.
fn preferred(group: GroupId, voters: &[NodeId]) -> Option<NodeId> {
    let index = (group.0 as usize).checked_rem(voters.len())?;
    voters.get(index).copied()
}

/// Hands over what another should lead, one lead at a time.
pub(crate) async fn balance(groups: Groups, peers: Peers) {
    let mut tick = tokio::time::interval(TICK);
    let mut steady = std::collections::BTreeMap::<NodeId, u32>::new();
    loop {
        tick.tick().await;
        if groups.is_resting(groups.node()) {
            groups.hand_over_leads(TICK).await;
            continue;
        }
        for node in &groups.voters(GroupId::COMMAND) {
            let rounds = steady.entry(*node).or_default();
            let is_well = (*node == groups.node() || peers.is_connected(*node)) && groups.room(*node) == Room::Enough;
            *rounds = if is_well { rounds.saturating_add(1) } else { 0 };
        }
        let ours = GroupId::all().filter(|group| groups.lead_watch(*group).borrow().is_self_ready);
        let moving = ours.filter_map(|group| {
            // Each group's own: while members change, they differ from group to group.
            let to = preferred(group, &groups.voters(group))?;
            let is_steady = steady.get(&to).is_some_and(|rounds| *rounds >= STEADY_ROUNDS);
            let ready = to != groups.node() && is_steady && !groups.is_resting(to);
            ready.then_some((group, to))
        });
        if let Some((group, to)) = moving.into_iter().next() {
            tracing::info!(%group, to, "handing the lead over, to spread the leads");
            groups.transfer_leader(group, to).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leads_are_spread() {
        let mut counts = std::collections::BTreeMap::new();
        for group in GroupId::all() {
            *counts.entry(preferred(group, &[1, 2, 3]).unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [3, 3, 3]);
        assert_eq!(preferred(GroupId(1), &[]), None);
    }
}
