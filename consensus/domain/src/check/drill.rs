//! Invariants of drills.

use super::{Violation, hold};
use crate::{State, limits};

impl State {
    pub(super) fn check_drills(&self) -> Result<(), Violation> {
        hold(3, self.drills.len() <= limits::DRILLS_MAX, || format!("{} drills", self.drills.len()))?;
        let newest = self.drills.last_key_value().map(|(number, _)| *number);
        for (number, drill) in &self.drills {
            hold(2, *number == drill.number, || format!("drill {} under {number}", drill.number))?;
            let is_in_bounds = drill.samples.len() <= limits::DRILL_SAMPLES_MAX
                && drill.verdicts.len() <= limits::DRILL_VERDICTS_MAX
                && drill.nodes.len() <= limits::NODES_MAX;
            hold(3, is_in_bounds, || format!("drill {number}: {drill:?}"))?;
            let is_ended = drill.ended.is_some();
            let is_right = is_ended == drill.ended_at_ms.is_set()
                && (is_ended || !drill.is_closed())
                && (drill.is_closed() || (Some(*number) == newest && drill.verdicts.is_empty()))
                && drill.nodes.is_empty() != drill.scenario.has_radius()
                && !drill.nodes.contains(&drill.observer)
                && drill.samples.is_sorted_by(|one, next| one.number < next.number);
            hold(44, is_right, || format!("drill {number}: {drill:?}"))?;
        }
        Ok(())
    }
}
