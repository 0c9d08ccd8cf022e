//! Frames that did not come to screens as they should have while a drill goes on: each node counts what its own screens tell, the
//! watching node adds up what the nodes say.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::status::{judge::Asked, report::ScreensReport};

/// What screens of this node told in the drill that went on last.
#[derive(Debug, Default)]
pub(crate) struct Told(Mutex<ScreensReport>);

impl Told {
    /// A screen told of frames that were missing or came twice.
    pub(crate) fn add(&self, drill: u64, gaps: u32, doubles: u32) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.drill != drill {
            *told = ScreensReport { drill, ..ScreensReport::default() };
        }
        told.gaps = told.gaps.saturating_add(u64::from(gaps));
        told.doubles = told.doubles.saturating_add(u64::from(doubles));
    }

    /// All of it.
    pub(crate) fn report(&self) -> ScreensReport {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What each node said until now, as gaps and doubles: one that is silent counts with what it said last.
#[derive(Debug, Default)]
pub(crate) struct Summed(BTreeMap<u64, (u64, u64)>);

impl Summed {
    /// Takes what nodes say of a drill; gaps and doubles at the screens of all of them.
    pub(crate) fn take(&mut self, drill: u64, asked: &[Asked]) -> (u32, u32) {
        let reports = asked.iter().filter_map(|asked| asked.answer.as_ref().ok());
        for report in reports.filter(|report| report.screens.drill == drill) {
            let said = self.0.entry(report.node).or_default();
            // A node that was started anew counts from 0: what it had said stands until it says more.
            *said = (said.0.max(report.screens.gaps), said.1.max(report.screens.doubles));
        }
        let sum = |of: fn(&(u64, u64)) -> u64| {
            u32::try_from(self.0.values().map(of).fold(0, u64::saturating_add)).unwrap_or(u32::MAX)
        };
        (sum(|said| said.0), sum(|said| said.1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::report::NodeReport;

    #[test]
    fn a_node_counts_what_its_screens_tell_in_each_drill_from_nothing() {
        let told = Told::default();
        assert_eq!(told.report(), ScreensReport::default());
        told.add(3, 2, 0);
        told.add(3, 1, 4);
        assert_eq!(told.report(), ScreensReport { drill: 3, gaps: 3, doubles: 4 });
        told.add(4, 0, 1);
        assert_eq!(told.report(), ScreensReport { drill: 4, gaps: 0, doubles: 1 });
    }

    #[test]
    fn the_screens_of_all_nodes_are_added_up_and_those_of_a_silent_one_not_forgotten() {
        let node = |node: u64, drill: u64, gaps: u64, doubles: u64| Asked {
            node: Some(node),
            url: String::new(),
            answer: Ok(NodeReport { node, screens: ScreensReport { drill, gaps, doubles }, ..NodeReport::default() }),
        };
        let silent = Asked { node: Some(2), url: String::new(), answer: Err("cut off".to_owned()) };
        let mut summed = Summed::default();
        // What node 3 says is of the drill before.
        assert_eq!(summed.take(7, &[node(1, 7, 2, 0), node(2, 7, 1, 5), node(3, 6, 90, 90)]), (3, 5));
        assert_eq!(summed.take(7, &[node(1, 7, 4, 0), silent]), (5, 5));
        assert_eq!(summed.take(7, &[node(1, 0, 0, 0), node(2, 7, 1, 6), node(3, 7, 1, 0)]), (6, 6));
    }
}
