//! Spreads the leads of the groups over the nodes, so that each carries its share of the writing.
//!
//! A lead moves only to a node that is in step, and one that was not taken, or came back soon, is not offered again at
//! once: each hand-over is an election, and whoever cannot win it only takes time from who writes. [`Balance`] decides and
//! has no IO.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::GroupId;
use peer::{NodeId, Peers};
use raft::{CLOCK_SKEW_MS_MAX, GroupStatus, Groups, Room, membership::LAG_ENTRIES_MAX};

/// How often a lead may move from this node: one round.
const TICK: Duration = Duration::from_secs(5);

/// Rounds in which the preferred node must have been fit before a lead moves to it: a node that has just come back catches
/// up first.
const STEADY_ROUNDS: u32 = 3;

/// Rounds after a hand-over in which the same lead is not offered again: half a minute. It doubles with each that fails.
const PAUSE_ROUNDS: u64 = 6;

/// How often the pause doubles at most: to eight minutes.
const DOUBLINGS_MAX: u32 = 4;

/// A lead that comes back within so many rounds was not taken, or not kept: ten minutes, more than the longest pause.
const KEPT_ROUNDS: u64 = 120;

/// The node that should lead `group` when all are well.
fn preferred(group: GroupId, voters: &[NodeId]) -> Option<NodeId> {
    let index = (group.0 as usize).checked_rem(voters.len())?;
    voters.get(index).copied()
}

/// A group that this node leads.
#[derive(Clone, Debug)]
struct Led {
    group: GroupId,
    /// Each group's own, ascending: while members change, they differ from group to group.
    voters: Vec<NodeId>,
    /// Those of them that could take the lead now.
    fit: BTreeSet<NodeId>,
}

/// What this node knows of another one that might take a lead.
#[derive(Clone, Copy, Debug)]
struct Known {
    is_connected: bool,
    has_room: bool,
    /// It said a moment ago that it rests or stops.
    is_resting: bool,
    /// It said a moment ago that it has started and is not in step with every group yet.
    is_starting: bool,
    /// Its clock is near to ours, as far as is known: whoever is too far off gives the lead away again.
    keeps_time: bool,
    /// It has answered the group's leader lately.
    is_up: bool,
    /// Entries of the group that it lacks; none: it has not said yet.
    lag: Option<u64>,
}

impl Known {
    fn is_fit(self) -> bool {
        let is_in_step = self.lag.is_some_and(|lag| lag <= LAG_ENTRIES_MAX);
        let is_well = self.is_connected && self.has_room && self.keeps_time && self.is_up;
        is_well && !self.is_resting && !self.is_starting && is_in_step
    }
}

/// A lead that was offered.
#[derive(Clone, Copy, Debug)]
struct Offer {
    to: NodeId,
    round: u64,
    /// Offers before it, one soon after the other, that came to nothing.
    failures: u32,
}

/// What is remembered from round to round. At most one of each per group.
#[derive(Debug, Default)]
struct Balance {
    round: u64,
    /// How long the preferred node of a group that we lead has been fit.
    steady: BTreeMap<GroupId, (NodeId, u32)>,
    offers: BTreeMap<GroupId, Offer>,
}

impl Balance {
    /// Which lead of those that `own` has moves now, and where to: one in a round at most.
    fn next(&mut self, own: NodeId, led: &[Led]) -> Option<(GroupId, NodeId)> {
        self.round += 1;
        self.steady.retain(|group, _| led.iter().any(|led| led.group == *group));
        let mut moving = None;
        for Led { group, voters, fit } in led {
            let Some(to) = preferred(*group, voters).filter(|to| *to != own) else { continue };
            let (node, rounds) = self.steady.entry(*group).or_insert((to, 0));
            *rounds = if *node == to && fit.contains(&to) { rounds.saturating_add(1) } else { 0 };
            *node = to;
            if *rounds >= STEADY_ROUNDS && moving.is_none() && !self.is_paused(*group, to) {
                moving = Some((*group, to));
            }
        }
        let (group, to) = moving?;
        // We lead it although it was offered not long ago: it was not taken, or not kept.
        let failures = self.last_offer(group, to).map_or(0, |offer| offer.failures.saturating_add(1));
        self.offers.insert(group, Offer { to, round: self.round, failures });
        moving
    }

    fn last_offer(&self, group: GroupId, to: NodeId) -> Option<Offer> {
        let offer = self.offers.get(&group).copied()?;
        (offer.to == to && self.round.saturating_sub(offer.round) < KEPT_ROUNDS).then_some(offer)
    }

    fn is_paused(&self, group: GroupId, to: NodeId) -> bool {
        self.last_offer(group, to).is_some_and(|offer| {
            let pause = PAUSE_ROUNDS << offer.failures.min(DOUBLINGS_MAX);
            self.round.saturating_sub(offer.round) < pause
        })
    }
}

/// A group that this node leads, with what is known of each voter.
fn led(groups: &Groups, peers: &Peers, status: &GroupStatus) -> Led {
    let known = |node: NodeId| {
        let member = status.members.iter().find(|(id, _, _)| *id == node);
        Known {
            is_connected: peers.is_connected(node),
            has_room: groups.room(node) == Room::Enough,
            is_resting: groups.is_resting(node),
            is_starting: groups.is_starting(node),
            keeps_time: peers.clock_offset_ms(node).is_none_or(|offset_ms| offset_ms.abs() <= CLOCK_SKEW_MS_MAX),
            is_up: member.is_some_and(|(_, is_up, _)| *is_up),
            lag: member.and_then(|(_, _, lag)| *lag),
        }
    };
    let fit = status.voters.iter().copied().filter(|node| known(*node).is_fit()).collect();
    Led { group: status.group, voters: status.voters.clone(), fit }
}

/// Hands over what another should lead, one lead at a time; at once what this node's clock is too far off for.
pub(crate) async fn balance(groups: Groups, peers: Peers) {
    let mut tick = tokio::time::interval(TICK);
    let mut balance = Balance::default();
    loop {
        tick.tick().await;
        groups.mind_clock().await;
        if groups.is_resting(groups.node()) {
            groups.hand_over_leads(TICK).await;
            continue;
        }
        let mut ours = groups.status();
        ours.retain(|status| groups.lead_watch(status.group).borrow().is_self_ready);
        let ours: Vec<Led> = ours.iter().map(|status| led(&groups, &peers, status)).collect();
        if let Some((group, to)) = balance.next(groups.node(), &ours) {
            tracing::info!(%group, to, "handing the lead over, to spread the leads");
            groups.transfer_leader(group, to).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUP: GroupId = GroupId(1);

    #[test]
    fn leads_are_spread() {
        let mut counts = BTreeMap::new();
        for group in GroupId::all() {
            *counts.entry(preferred(group, &[1, 2, 3]).unwrap()).or_insert(0) += 1;
        }
        assert_eq!(counts.into_values().collect::<Vec<_>>(), [3, 3, 3]);
        assert_eq!(preferred(GROUP, &[]), None);
    }

    #[test]
    fn a_node_that_is_not_in_step_in_every_way_is_not_fit() {
        let well = Known {
            is_connected: true,
            has_room: true,
            is_resting: false,
            is_starting: false,
            keeps_time: true,
            is_up: true,
            lag: Some(12),
        };
        assert!(well.is_fit());
        let unfit = [
            Known { is_connected: false, ..well },
            Known { has_room: false, ..well },
            Known { is_resting: true, ..well },
            Known { is_starting: true, ..well },
            Known { keeps_time: false, ..well },
            Known { is_up: false, ..well },
            Known { lag: None, ..well },
            Known { lag: Some(LAG_ENTRIES_MAX + 1), ..well },
        ];
        assert!(unfit.iter().all(|known| !known.is_fit()), "{unfit:?}");
    }

    fn led(group: GroupId, fit: &[NodeId]) -> Led {
        Led { group, voters: vec![1, 2, 3], fit: fit.iter().copied().collect() }
    }

    /// Rounds, counted from 1, in which the lead of a group moves from node 1 that leads it all the time.
    fn offered(balance: &mut Balance, rounds: u64, fit: impl Fn(u64) -> bool) -> Vec<u64> {
        let fit = |round| if fit(round) { vec![1, 2, 3] } else { vec![1, 3] };
        let moves = |round: &u64| balance.next(1, &[led(GROUP, &fit(*round))]) == Some((GROUP, 2));
        (1..=rounds).filter(moves).collect()
    }

    #[test]
    fn a_lead_moves_to_who_was_fit_for_a_while_without_a_break() {
        assert_eq!(offered(&mut Balance::default(), 3, |_| true), [3]);
        assert_eq!(offered(&mut Balance::default(), 6, |round| round != 3), [6]);
        assert_eq!(offered(&mut Balance::default(), 60, |round| round % 3 != 0), Vec::<u64>::new());
    }

    #[test]
    fn a_lead_that_is_not_taken_is_offered_less_and_less() {
        assert_eq!(offered(&mut Balance::default(), 400, |_| true), [3, 9, 21, 45, 93, 189, 285, 381]);
    }

    #[test]
    fn a_lead_that_was_kept_for_long_is_offered_again_without_a_pause() {
        let mut balance = Balance::default();
        assert_eq!(offered(&mut balance, 10, |_| true), [3, 9]);
        for _ in 0..KEPT_ROUNDS {
            assert_eq!(balance.next(1, &[]), None, "node 2 leads it");
        }
        assert_eq!(offered(&mut balance, 9, |_| true), [3, 9], "as if it were the first time");
    }

    #[test]
    fn one_lead_moves_in_a_round_and_one_that_is_paused_holds_up_no_other() {
        let mut balance = Balance::default();
        let groups = [led(GroupId(1), &[1, 2, 3]), led(GroupId(2), &[1, 2, 3]), led(GroupId(3), &[1, 2, 3])];
        let moved: Vec<_> = (0..6).map(|_| balance.next(1, &groups)).collect();
        let expected = [None, None, Some((GroupId(1), 2)), Some((GroupId(2), 3)), None, None];
        assert_eq!(moved, expected, "group 3 is where it belongs");
    }
}
