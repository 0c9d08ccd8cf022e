//! Who led each group from when: pure, from what the nodes remember of it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    groups::{groups_of, views_of},
    report::NodeReport,
};

/// A leader of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reign {
    /// Raft term: one has one leader at most.
    pub term: u64,
    /// Who led.
    pub leader: u64,
    /// When the first of the nodes that remember it knew, by its own clock.
    pub from_ms: u64,
}

/// The leaders of a group that some node remembers, oldest first. A node remembers so many, and none from before its start; of a
/// term in which nobody was elected there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reigns {
    /// Which.
    pub group: u32,
    /// Ascending by term.
    pub reigns: Vec<Reign>,
}

/// Every group that the nodes tell of, in order.
#[must_use]
pub fn reigns(reports: &[&NodeReport]) -> Vec<Reigns> {
    groups_of(reports).into_iter().map(|group| of_group(group, reports)).collect()
}

fn of_group(group: u32, reports: &[&NodeReport]) -> Reigns {
    let mut reigns = BTreeMap::new();
    for (_, view) in views_of(group, reports) {
        for change in &view.leads {
            let Some(leader) = change.leader else { continue };
            let new = Reign { term: change.term, leader, from_ms: change.at_ms };
            let reign = reigns.entry(change.term).or_insert(new);
            reign.from_ms = reign.from_ms.min(change.at_ms);
        }
    }
    Reigns { group, reigns: reigns.into_values().collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::report::{GroupReport, LeadReport};

    fn saw(node: u64, group: u32, changes: &[(u64, Option<u64>, u64)]) -> NodeReport {
        let leads =
            changes.iter().map(|(at_ms, leader, term)| LeadReport { at_ms: *at_ms, leader: *leader, term: *term });
        let group = GroupReport { group, leads: leads.collect(), ..GroupReport::default() };
        NodeReport { node, groups: vec![group], ..NodeReport::default() }
    }

    #[test]
    fn a_term_has_one_leader_from_when_the_first_node_knew() {
        let one = saw(1, 0, &[(100, Some(1), 3), (900, None, 5), (950, Some(2), 6)]);
        // It was started anew while node 2 led, and an election that came to nothing left no leader.
        let two = saw(2, 0, &[(930, Some(2), 6)]);
        let three = saw(3, 0, &[(110, Some(1), 3), (910, None, 4), (940, Some(2), 6)]);
        let reign = |term, leader, from_ms| Reign { term, leader, from_ms };
        let of_group = Reigns { group: 0, reigns: vec![reign(3, 1, 100), reign(6, 2, 930)] };
        assert_eq!(reigns(&[&one, &two, &three]), [of_group]);
    }

    #[test]
    fn a_group_of_which_nobody_remembers_anything_has_no_leaders() {
        let (old, new) = (saw(1, 0, &[]), saw(2, 4, &[(7, Some(2), 1)]));
        let told = reigns(&[&old, &new]);
        assert_eq!(told.iter().map(|it| (it.group, it.reigns.len())).collect::<Vec<_>>(), [(0, 0), (4, 1)]);
    }
}
