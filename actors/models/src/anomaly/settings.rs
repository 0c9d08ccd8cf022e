//! The settings of a detector. One set serves every series.

use serde::{Deserialize, Serialize};

use super::reason::VIEWS;
use crate::artifact::Kept;

/// What a detector goes by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Nothing is said of the first so many readings.
    pub warm_readings: u32,
    /// Readings that a view's centre and spread, and the slow mean of the values, go over.
    pub level_readings: f64,
    /// One reading moves a view's centre by at most so many spreads.
    pub clip: f64,
    /// The share of the readings that a view's tail is fitted to.
    pub tail_share: f64,
    /// Orders of rarity for each bin of a tail before anything was learnt of it.
    pub tail_slope: f64,
    /// For how many readings in the tail that first guess counts.
    pub tail_prior: f64,
    /// Readings that the usual value of an hour of the day is a mean over.
    pub season_readings: f64,
    /// How far the clock of the place is ahead of UTC, minutes: it says where a day and a weekend begin.
    pub utc_offset_minutes: i32,
    /// Readings over which the distance from the usual of the same kind of day is averaged.
    pub day_readings: f64,
    /// Readings over which the departure from the usual is averaged before it is compared with its range.
    pub drift_readings: f64,
    /// Readings in which the range of that average fades by a factor of e.
    pub drift_range_readings: f64,
    /// Readings in which the range of the values fades by a factor of e.
    pub range_readings: f64,
    /// What lies outside a range by less than this share of it is no record.
    pub record_min: f64,
    /// Readings that the level goes over by which steps are told apart.
    pub pattern_level_readings: f64,
    /// Readings over which the rarity of steps is averaged.
    pub pattern_readings: f64,
    /// Readings over which the size of steps is averaged to see a standstill.
    pub still_readings: f64,
    /// The exponent of the power mean that blends the views: 1 adds, a large one takes the largest.
    pub blend: f64,
    /// Readings until a finding no longer holds back a weaker one.
    pub hold_readings: f64,
    /// Orders of surprise taken off for each tenfold of earlier findings as strong.
    pub habit: f64,
    /// Readings after which an earlier finding counts half.
    pub habit_half_life_readings: f64,
    /// Orders of surprise taken off for each tenfold of readings beyond a thousand.
    pub age: f64,
    /// The orders of surprise left that score one half: a person should look from here on.
    pub half_score: f64,
    /// The weight of each view, in the order of [`View::ALL`](super::View::ALL); 0 leaves it out.
    pub weights: [f64; VIEWS],
}

impl Default for Settings {
    /// Chosen on one half of the benchmark's files; DESIGN.md says how.
    fn default() -> Self {
        Self {
            warm_readings: 100,
            level_readings: 4000.0,
            clip: 3.0,
            tail_share: 0.005,
            tail_slope: 0.15,
            tail_prior: 10.0,
            season_readings: 150.0,
            utc_offset_minutes: 0,
            day_readings: 9.0,
            drift_readings: 6.0,
            drift_range_readings: 30_000.0,
            range_readings: 100_000.0,
            record_min: 0.05,
            pattern_level_readings: 1000.0,
            pattern_readings: 24.0,
            still_readings: 24.0,
            blend: 2.0,
            hold_readings: 400.0,
            habit: 1.5,
            habit_half_life_readings: 100_000.0,
            age: 0.6,
            half_score: 4.5,
            weights: [1.0, 1.0, 1.2, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0],
        }
    }
}

impl Kept for Settings {
    const KIND: &'static str = "detector_settings";

    fn check(&self) -> Result<(), String> {
        let fields = serde_json::to_value(self).map_err(|error| error.to_string())?;
        let is_usable = |value: &serde_json::Value| value.as_f64().is_some_and(|number| number >= 0.0);
        for (name, value) in fields.as_object().into_iter().flatten() {
            if !value.as_array().map_or_else(|| is_usable(value), |all| all.iter().all(is_usable)) {
                return Err(format!("{name} is no number from 0 up; choose the settings again"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_is_no_number_from_zero_up_is_named() {
        assert_eq!(Settings::default().check(), Ok(()));
        let wrong = Settings { blend: -1.0, ..Settings::default() };
        assert!(wrong.check().is_err_and(|error| error.starts_with("blend")));
        let nothing = Settings { clip: f64::NAN, ..Settings::default() };
        assert!(nothing.check().is_err_and(|error| error.starts_with("clip")));
    }
}
