//! Detectors of the unusual, one a series.

use std::collections::BTreeMap;

use super::Lead;
use crate::anomaly::{Score, Settings, State};

/// Series of one group that are watched, at two kibibytes each. A series beyond it is not.
pub const DETECTORS_PER_GROUP_MAX: usize = 2_500;

/// The detectors of all groups.
#[derive(Debug)]
pub struct Detectors<K> {
    settings: Settings,
    groups: BTreeMap<u32, Group<K>>,
}

#[derive(Debug)]
struct Group<K> {
    reign: u64,
    series: BTreeMap<K, (i64, Box<State>)>,
}

impl<K: Ord + Clone> Detectors<K> {
    /// Detectors that have seen nothing.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings, groups: BTreeMap::new() }
    }

    /// How unusual a reading is. `None`: the series is not watched, or this is no newer than the last.
    pub fn observe(&mut self, lead: Lead, series: &K, at_ms: i64, value: f64) -> Option<Score> {
        let fresh = || Group { reign: lead.reign, series: BTreeMap::new() };
        let group = self.groups.entry(lead.group).or_insert_with(fresh);
        if group.reign != lead.reign {
            *group = fresh();
        }
        if !group.series.contains_key(series) {
            if group.series.len() >= DETECTORS_PER_GROUP_MAX {
                return None;
            }
            group.series.insert(series.clone(), (i64::MIN, Box::default()));
        }
        let (last_ms, state) = group.series.get_mut(series)?;
        if at_ms <= *last_ms {
            return None;
        }
        *last_ms = at_ms;
        Some(state.observe(&self.settings, at_ms, value))
    }

    /// Series watched.
    #[must_use]
    pub fn len(&self) -> usize {
        self.groups.values().map(|group| group.series.len()).sum()
    }

    /// None is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAD: Lead = Lead { group: 1, reign: 1 };

    fn calm(detectors: &mut Detectors<u32>, lead: Lead, series: u32, readings: std::ops::Range<i64>) {
        for minute in readings {
            detectors.observe(lead, &series, minute * 60_000, 2.0 + (minute % 5) as f64 / 10.0);
        }
    }

    #[test]
    fn a_series_is_told_from_another_and_a_spike_from_both() {
        let mut detectors = Detectors::new(Settings::default());
        calm(&mut detectors, LEAD, 1, 0..600);
        calm(&mut detectors, LEAD, 2, 0..50);
        let score = detectors.observe(LEAD, &1, 600 * 60_000, 9.0).unwrap();
        assert!(score.score > 0.5, "{score:?}");
        // One that is new has nothing to say yet.
        assert_eq!(detectors.observe(LEAD, &2, 600 * 60_000, 9.0).unwrap(), Score::NOTHING);
        assert_eq!(detectors.observe(LEAD, &1, 600 * 60_000, 9.0), None, "twice the same");
        assert_eq!(detectors.len(), 2);
    }

    #[test]
    fn another_reign_begins_anew_and_leaves_other_groups_alone() {
        let mut detectors = Detectors::new(Settings::default());
        let other = Lead { group: 2, reign: 1 };
        calm(&mut detectors, LEAD, 1, 0..600);
        calm(&mut detectors, other, 1, 0..600);
        let next = Lead { reign: 2, ..LEAD };
        assert_eq!(detectors.observe(next, &1, 600 * 60_000, 9.0).unwrap(), Score::NOTHING);
        assert!(detectors.observe(other, &1, 600 * 60_000, 9.0).unwrap().score > 0.5);
    }

    #[test]
    fn beyond_the_bound_a_series_is_not_watched() {
        let mut detectors = Detectors::new(Settings::default());
        for series in 0..DETECTORS_PER_GROUP_MAX {
            assert!(detectors.observe(LEAD, &series, 1, 0.0).is_some());
        }
        assert_eq!(detectors.observe(LEAD, &DETECTORS_PER_GROUP_MAX, 1, 0.0), None);
        assert_eq!(detectors.len(), DETECTORS_PER_GROUP_MAX);
    }
}
