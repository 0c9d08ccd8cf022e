//! How far a number lies outside everything that came before.

use serde::{Deserialize, Serialize};

/// The mean that the bounds fade towards goes over so many numbers.
const MEAN_READINGS: f64 = 4000.0;

/// The range so far, whose bounds fade slowly towards the mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Range {
    low: f64,
    high: f64,
    mean: f64,
}

impl Range {
    /// How far `number` lies outside the range, as a share of the range: above 0 over it, below 0 under it. Then the bounds
    /// fade by one part in `readings`, and take the number in. `seen` is how many numbers came before.
    pub(super) fn beyond(&mut self, number: f64, seen: f64, readings: f64) -> f64 {
        if seen < 1.0 {
            *self = Self { low: number, high: number, mean: number };
            return 0.0;
        }
        let range = self.high - self.low;
        let outside = (number - self.high).max(0.0) + (number - self.low).min(0.0);
        let beyond = if range > 0.0 { outside / range } else { 0.0 };
        self.high += (self.mean - self.high) / readings;
        self.low += (self.mean - self.low) / readings;
        self.mean += (number - self.mean) / (seen + 1.0).min(MEAN_READINGS);
        self.high = self.high.max(number);
        self.low = self.low.min(number);
        beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outside_is_a_share_of_the_range() {
        let mut range = Range::default();
        for (seen, number) in [0.0, 10.0, 5.0].into_iter().enumerate() {
            range.beyond(number, seen as f64, 1e9);
        }
        assert_eq!(range.clone().beyond(8.0, 3.0, 1e9), 0.0);
        assert!((range.clone().beyond(15.0, 3.0, 1e9) - 0.5).abs() < 1e-6);
        assert!((range.beyond(-20.0, 3.0, 1e9) + 2.0).abs() < 1e-6);
    }

    #[test]
    fn old_bounds_fade() {
        let mut range = Range::default();
        for (seen, number) in [0.0, 100.0].into_iter().chain((0..1000).map(|row| f64::from(row % 2))).enumerate() {
            range.beyond(number, seen as f64, 100.0);
        }
        assert!(range.beyond(50.0, 1002.0, 100.0) > 1.0, "{range:?}");
    }
}
