//! The quiet sensors of a district. An actor for each of a hundred thousand would cost a gigabyte; here one costs what
//! its rule remembers. Pure.

use std::collections::BTreeMap;
use std::ops::Bound;

use domain::SensorId;

use crate::sensor::rules::SensorRule;

/// Rules by sensor, and how far the round over them has come. At most `limits::SENSORS_MAX`, those of the group.
#[derive(Debug, Default)]
pub(crate) struct Slab {
    rules: BTreeMap<SensorId, SensorRule>,
    seen: Option<SensorId>,
}

impl Slab {
    /// Keeps the rule of a sensor; one that is there already stays.
    pub(crate) fn keep(&mut self, sensor: SensorId, rule: SensorRule) {
        self.rules.entry(sensor).or_insert(rule);
    }

    pub(crate) fn take(&mut self, sensor: &SensorId) -> Option<SensorRule> {
        self.rules.remove(sensor)
    }

    pub(crate) fn rule(&mut self, sensor: &SensorId) -> &mut SensorRule {
        self.rules.entry(sensor.clone()).or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// The sensors whose turn it is; each comes once in a round.
    pub(crate) fn turn(&mut self, sensors_max: usize) -> Vec<SensorId> {
        let from = self.seen.take().map_or(Bound::Unbounded, Bound::Excluded);
        let turn: Vec<_> =
            self.rules.range((from, Bound::Unbounded)).map(|(id, _)| id.clone()).take(sensors_max).collect();
        // A turn that is not full was the end of the round.
        self.seen = if turn.len() == sensors_max { turn.last().cloned() } else { None };
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sensor_has_its_turn_once_in_a_round() {
        let mut slab = Slab::default();
        for name in ["a", "b", "c", "d", "e"] {
            slab.keep(SensorId::new(name).unwrap(), SensorRule::default());
        }
        let mut turn = || slab.turn(2).iter().map(ToString::to_string).collect::<String>();
        assert_eq!([turn(), turn(), turn(), turn()], ["ab", "cd", "e", "ab"]);
        // One that leaves in between is not waited for.
        slab.take(&SensorId::new("b").unwrap());
        assert_eq!(slab.turn(9).len(), 3);
        assert_eq!(slab.turn(9).len(), 4);
    }
}
