//! What is usual at this hour of the day, and how far values lie from it at this hour: over all days, and over working days and
//! weekends apart.

use serde::{Deserialize, Serialize};

const BINS: usize = 24;
const BINS_I64: i64 = 24;
const DAY_MS: i64 = 86_400_000;
const WEEK_DAYS: i64 = 7;
/// 1970-01-01 was a Thursday: so many days after a Monday.
const EPOCH_AFTER_MONDAY_DAYS: i64 = 3;
/// Saturday, counted from Monday as 0.
const SATURDAY: i64 = 5;
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
    /// As `spreads`, but against days of the same kind only: working days, or weekends.
    pub(super) kind_spreads: f64,
}

/// What a table of hours is asked and told.
#[derive(Clone, Copy, Debug)]
struct Now {
    hour: usize,
    /// The value, and what stands for the usual where this hour is new; both from the origin.
    value: f64,
    mean: f64,
    seen: f64,
    readings: f64,
}

/// The usual value of each hour of the day and its spread, means over the last days. Single precision is enough for what is
/// kept as a distance from an origin.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Hours {
    usual: [f32; BINS],
    spread: [f32; BINS],
    seen: [u8; BINS],
}

impl Hours {
    /// How far the value lies above the usual, plainly and in spreads; then learns it.
    fn rest(&mut self, now: Now, spread_of_all: &mut f64) -> (f64, f64) {
        let hour = now.hour;
        let known = f64::from(self.seen[hour]);
        let usual = f64::from(self.usual[hour]);
        let apart = now.value - if known > 0.0 { usual } else { now.mean };
        *spread_of_all += (apart.abs() - *spread_of_all) / (now.seen + 1.0).min(ALL_READINGS);
        let own = f64::from(self.spread[hour]);
        let spread = (own * known + *spread_of_all * SPREAD_READINGS) / (known + SPREAD_READINGS);
        self.seen[hour] = self.seen[hour].saturating_add(1);
        let share = 1.0 / f64::from(self.seen[hour]).min(now.readings);
        self.usual[hour] = single(usual + share * (now.value - usual));
        self.spread[hour] = single(own + share * (apart.abs().min(SPREAD_CLIP * spread) - own));
        (apart, if spread > 0.0 { apart / spread } else { 0.0 })
    }
}

/// The usual course of all days, and of working days and weekends.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Season {
    /// The first value, from which values are measured.
    origin: f64,
    every_day: Hours,
    /// Working days, then weekends.
    kinds: [Hours; 2],
    spread_every_day: f64,
    spread_kinds: f64,
}

impl Season {
    /// How a value stands to what is usual now (`mean` where this hour is new); then learns it. `at_ms` is by the clock of
    /// the place, `readings` is over how many the means of an hour go, `seen` how many readings came before.
    pub(super) fn rest(&mut self, at_ms: i64, value: f64, mean: f64, seen: f64, readings: f64) -> Rest {
        if seen < 1.0 {
            self.origin = value;
        }
        let now = Now { hour: hour(at_ms), value: value - self.origin, mean: mean - self.origin, seen, readings };
        let (apart, spreads) = self.every_day.rest(now, &mut self.spread_every_day);
        let (_, kind_spreads) = self.kinds[usize::from(weekend(at_ms))].rest(now, &mut self.spread_kinds);
        Rest { apart, spreads, kind_spreads }
    }
}

/// Whether a time is on a Saturday or a Sunday.
fn weekend(at_ms: i64) -> bool {
    (at_ms.div_euclid(DAY_MS) + EPOCH_AFTER_MONDAY_DAYS).rem_euclid(WEEK_DAYS) >= SATURDAY
}

/// Values are bounded far below what single precision holds (`VALUE_MAX` of the detector).
#[allow(clippy::cast_possible_truncation, reason = "rounds; the bound of values keeps it finite")]
fn single(value: f64) -> f32 {
    value as f32
}

/// The hour of the day.
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
        let mut at = |day: i64, hour: i64, value: f64, seen: f64| {
            season.rest(day * DAY_MS + hour * HOUR_MS, value, 0.0, seen, 150.0).apart
        };
        for day in 0..10 {
            at(day, 0, 10.0, day as f64);
            at(day, 12, 50.0, 100.0);
        }
        assert_eq!((at(10, 0, 50.0, 100.0), at(10, 12, 50.0, 100.0)), (40.0, 0.0));
    }

    #[test]
    fn a_weekend_is_compared_with_weekends() {
        let mut season = Season::default();
        // Busy on working days only; 1970-01-05 was a Monday.
        let mut noon =
            |day: i64, value: f64| season.rest((4 + day) * DAY_MS + 12 * HOUR_MS, value, 0.0, day as f64, 150.0);
        for day in 0..70 {
            noon(day, if day % 7 < 5 { 50.0 } else { 10.0 });
        }
        let (monday, saturday) = (noon(70, 50.0), noon(75, 10.0));
        assert!(monday.kind_spreads.abs() < 0.1 && saturday.kind_spreads.abs() < 0.1, "{monday:?} {saturday:?}");
        assert!(saturday.spreads < -1.0, "{saturday:?}");
        assert!(noon(77, 10.0).kind_spreads < -3.0);
    }

    #[test]
    fn a_large_offset_costs_no_precision() {
        let mut season = Season::default();
        let mut apart = |seen: i64, value: f64| season.rest(seen * DAY_MS, value, 1e12, seen as f64, 150.0).apart;
        for seen in 0..50 {
            apart(seen, 1e12);
        }
        assert!((apart(50, 1e12 + 0.5) - 0.5).abs() < 1e-3);
    }

    #[test]
    fn times_before_1970_have_hours() {
        assert_eq!(hour(-1), 23);
        assert_eq!(hour(0), 0);
        assert!(hour(i64::MIN) < BINS && hour(i64::MAX) < BINS);
        assert!(!weekend(0) && !weekend(-1) && weekend(2 * DAY_MS) && weekend(-5 * DAY_MS));
    }
}
