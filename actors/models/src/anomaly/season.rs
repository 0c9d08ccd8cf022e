//! What is usual at this hour of the day, and how far values lie from it at this hour.

use serde::{Deserialize, Serialize};

const BINS: usize = 24;
const BINS_I64: i64 = 24;
const DAY_MS: i64 = 86_400_000;
/// An hour's own spread counts for as much as that of all hours after so many readings.
const SPREAD_READINGS: f64 = 12.0;
/// One reading widens an hour's spread by at most so many spreads.
const SPREAD_CLIP: f64 = 5.0;
/// The spread of all hours is a mean over so many readings.
const ALL_READINGS: f64 = 4000.0;

/// How a value stands to what is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rest {
    /// Above what is usual, in the unit of the values.
    pub(super) apart: f64,
    /// The same in spreads of this hour.
    pub(super) spreads: f64,
}

/// The usual value of each hour of the day and its spread, means over the last days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Season {
    usual: [f64; BINS],
    spread: [f64; BINS],
    seen: [u8; BINS],
    spread_of_all: f64,
}

impl Season {
    /// How a value stands to what is usual now (`mean` where this hour is new); then learns it. `readings` is over how many
    /// the means of an hour go, `seen` how many readings came before.
    pub(super) fn rest(&mut self, at_ms: i64, value: f64, mean: f64, seen: f64, readings: f64) -> Rest {
        let hour = hour(at_ms);
        let known = f64::from(self.seen[hour]);
        let apart = value - if known > 0.0 { self.usual[hour] } else { mean };
        self.spread_of_all += (apart.abs() - self.spread_of_all) / (seen + 1.0).min(ALL_READINGS);
        let spread = (self.spread[hour] * known + self.spread_of_all * SPREAD_READINGS) / (known + SPREAD_READINGS);
        self.seen[hour] = self.seen[hour].saturating_add(1);
        let share = 1.0 / f64::from(self.seen[hour]).min(readings);
        self.usual[hour] += share * (value - self.usual[hour]);
        self.spread[hour] += share * (apart.abs().min(SPREAD_CLIP * spread) - self.spread[hour]);
        Rest { apart, spreads: if spread > 0.0 { apart / spread } else { 0.0 } }
    }
}

/// The hour of the day in UTC: a place's own clock would only name the bins otherwise.
fn hour(at_ms: i64) -> usize {
    usize::try_from(at_ms.rem_euclid(DAY_MS) * BINS_I64 / DAY_MS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;

    #[test]
    fn each_hour_has_its_own_usual_value() {
        let mut season = Season::default();
        for day in 0..10 {
            season.rest(day * DAY_MS, 10.0, 0.0, 100.0, 150.0);
            season.rest(day * DAY_MS + 12 * HOUR_MS, 50.0, 0.0, 100.0, 150.0);
        }
        assert_eq!(season.clone().rest(10 * DAY_MS + HOUR_MS / 2, 50.0, 0.0, 100.0, 150.0).apart, 40.0);
        assert_eq!(season.rest(10 * DAY_MS + 12 * HOUR_MS, 50.0, 0.0, 100.0, 150.0).apart, 0.0);
    }

    #[test]
    fn times_before_1970_have_hours() {
        assert_eq!((hour(-1), hour(0), hour(i64::MIN), hour(i64::MAX)), (23, 0, hour(i64::MIN), hour(i64::MAX)));
    }
}
