//! What is usual at this hour of the day.

use serde::{Deserialize, Serialize};

const BINS: usize = 24;
const BINS_I64: i64 = 24;
const DAY_MS: i64 = 86_400_000;

/// The usual value of each hour of the day, a mean over the last days.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Season {
    usual: [f64; BINS],
    seen: [u8; BINS],
}

impl Season {
    /// The usual value at this time, if this hour has been seen.
    pub(super) fn usual(&self, at_ms: i64) -> Option<f64> {
        let hour = hour(at_ms);
        (self.seen[hour] > 0).then(|| self.usual[hour])
    }

    /// Learns a value; `readings` is over how many the mean of an hour goes.
    pub(super) fn learn(&mut self, at_ms: i64, value: f64, readings: f64) {
        let hour = hour(at_ms);
        self.seen[hour] = self.seen[hour].saturating_add(1);
        let share = 1.0 / f64::from(self.seen[hour]).min(readings);
        self.usual[hour] += share * (value - self.usual[hour]);
    }
}

/// The hour of the day in UTC: a place's own clock would only name the bins otherwise.
fn hour(at_ms: i64) -> usize {
    usize::try_from(at_ms.rem_euclid(DAY_MS) * BINS_I64 / DAY_MS).unwrap_or(0)
}
