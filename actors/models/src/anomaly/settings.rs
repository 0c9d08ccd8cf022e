//! The settings of a detector. One set serves every series.

use serde::{Deserialize, Serialize};

/// How many views of a series the detector takes; [`View::ALL`](super::View::ALL) names them.
pub const VIEWS: usize = 18;

/// What a detector goes by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Nothing is said of the first so many readings.
    pub warm_readings: u32,
    /// Span of the short mean.
    pub short_readings: f64,
    /// Span of the middle mean.
    pub mid_readings: f64,
    /// Span of the long mean.
    pub long_readings: f64,
    /// Readings that the usual value of an hour of the day is the mean of.
    pub season_readings: f64,
    /// Readings that a view's centre and spread are the mean of.
    pub level_readings: f64,
    /// One reading moves a view's centre by at most so many spreads.
    pub clip: f64,
    /// Readings that a view's counts hold before they are halved.
    pub memory_readings: u16,
    /// Surprise for each bin beyond anything ever seen.
    pub beyond: f64,
    pub prior: f64,
    pub tail_share: f64,
    /// The power mean that blends the views: 1 adds, a large one takes the largest.
    pub blend: f64,
    /// The surprise towards which strong ones saturate, before earlier findings are taken off.
    #[serde(default = "default_smax")]
    pub surprise_max: f64,
    /// Readings until a finding no longer holds back a weaker one.
    pub hold_readings: f64,
    /// Orders of surprise taken off for each tenfold of earlier findings as strong.
    pub habit: f64,
    /// Readings after which an earlier finding counts half.
    pub habit_half_life_readings: f64,
    /// Orders of surprise taken off for each tenfold of readings beyond a thousand.
    pub age: f64,
    /// The surprise left that scores one half.
    pub half_score: f64,
    /// The weight of each view; 0 leaves it out.
    pub weights: [f64; VIEWS],
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            warm_readings: 100,
            short_readings: 6.0,
            mid_readings: 36.0,
            long_readings: 72.0,
            season_readings: 12.0,
            level_readings: 4000.0,
            clip: 3.0,
            memory_readings: 30_000,
            beyond: 0.2, prior: 5.0, tail_share: 0.01,
            blend: 4.0,
            surprise_max: 20.0,
            hold_readings: 250.0,
            habit: 4.0,
            habit_half_life_readings: 100_000.0,
            age: 0.3,
            half_score: 2.0,
            weights: [
                1.1, 0.9, 1.0, 1.1, 0.7, 1.0, 0.8, 0.0, 1.0, 0.9, 0.9, 0.6, 0.0, 0.7, 0.7, 0.0, 0.9, 0.8,
            ],
        }
    }
}
fn default_smax() -> f64 { 1e9 }
