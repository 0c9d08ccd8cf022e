//! What a series will read in the next hours, with an interval, and when it will pass an alarm level.
//!
//! A series is one sensor on a regular grid of steps, with covariates beside it (rain, gates, the next gauge upstream).
//! [`train`] learns a [`Model`] from the operator's own history; a [`Live`] follows the sensor in constant memory and answers
//! with a [`Forecast`] per step; [`trend`] turns a forecast and an alarm limit into "will pass level 2 in about 3 h".
//! [`load`] does the same for incidents per district and hour. Nothing here knows a clock, a network or a thread.

pub mod evaluate;
mod feature;
pub mod fit;
mod live;
pub mod load;
mod model;
pub mod net;
mod plan;
pub mod random;
mod rows;
mod table;
mod train;
pub mod trend;

pub use live::{GAP_STEPS_MAX, Live, Observed};
pub use model::{Forecast, Model, Step};
pub use plan::{CHANNELS_MAX, HORIZONS_MAX, INTERVALS, LAG_STEPS_MAX, Plan, QUANTILES, SeriesKind};
pub use table::{Gather, Reading, TABLE_ROWS_MAX, Table, TableError};
pub use train::{Options, Quality, TrainError, Trained, train};

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// A number for arithmetic that needs no more than a weight's precision.
#[allow(clippy::cast_possible_truncation, reason = "a float's narrowing rounds, it does not wrap")]
pub(crate) fn narrow(value: f64) -> f32 {
    value as f32
}

/// The empirical quantile of sorted values, between neighbours in proportion; `None` of nothing.
#[must_use]
pub fn quantile_of_sorted(sorted: &[f32], level: f32) -> Option<f32> {
    let last = sorted.len().checked_sub(1)?;
    let position = level.clamp(0.0, 1.0) * last as f32;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the last index")]
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let part = position - below as f32;
    Some(sorted[below] + (sorted[above] - sorted[below]) * part)
}

/// The pinball loss of saying `forecast` for the quantile `level` of what turned out as `truth` (Koenker and Bassett 1978).
#[must_use]
pub fn pinball(level: f32, forecast: f32, truth: f32) -> f32 {
    let error = truth - forecast;
    if error >= 0.0 { level * error } else { (level - 1.0) * error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile_of_sorted(&[], 0.5), None);
        assert_eq!(quantile_of_sorted(&[3.0], 0.9), Some(3.0));
        assert_eq!(quantile_of_sorted(&[0.0, 10.0], 0.25), Some(2.5));
    }

    #[test]
    fn pinball_is_least_at_the_quantile() {
        let truths: Vec<f32> = (0..=100u8).map(f32::from).collect();
        let cost = |guess: f32| truths.iter().map(|truth| pinball(0.9, guess, *truth)).sum::<f32>();
        assert!(cost(90.0) < cost(80.0));
        assert!(cost(90.0) < cost(97.0));
    }
}
