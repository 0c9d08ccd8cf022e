//! Counts per district and hour, and a forecast of one.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::super::{HOUR_MS, plan::QUANTILES};

/// Districts of one history, at most.
pub const DISTRICTS_MAX: usize = 512;
/// Hours of one history, at most: six years.
pub const HOURS_MAX: usize = 52_596;
/// A count beyond this is taken for this.
const COUNT_MAX: u32 = 100_000;

/// Incidents per district and hour. The last series is all districts together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hourly {
    /// Hours since 1970 (UTC) of the first count.
    pub first_hour: i64,
    /// Names, rising; one fewer than there are series.
    pub districts: Vec<String>,
    /// `districts + 1` series, equally long.
    pub counts: Vec<Vec<u32>>,
}

/// Why there are no counts.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HourlyError {
    /// Nothing happened.
    #[error("no incident: give a history that has some")]
    Empty,
    /// Too many districts.
    #[error("more than {DISTRICTS_MAX} districts: group them")]
    Districts,
    /// Too long.
    #[error("{found} hours, at most {HOURS_MAX}: give a shorter span")]
    Hours {
        /// How many.
        found: usize,
    },
}

impl Hourly {
    /// Counts incidents, given when and where. The first and the last hour, which may be cut, are left out.
    ///
    /// # Errors
    ///
    /// No incidents, too many districts, too long a span.
    pub fn from_incidents<'a>(incidents: impl Iterator<Item = (i64, &'a str)> + Clone) -> Result<Self, HourlyError> {
        let hours = incidents.clone().map(|(at_ms, _)| at_ms.div_euclid(HOUR_MS));
        let (Some(first), Some(last)) = (hours.clone().min(), hours.max()) else { return Err(HourlyError::Empty) };
        let (first, last) = (first + 1, last - 1);
        let length = usize::try_from(last - first + 1).unwrap_or(0);
        if length == 0 {
            return Err(HourlyError::Empty);
        }
        if length > HOURS_MAX {
            return Err(HourlyError::Hours { found: length });
        }
        let mut by_district: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        let mut all = vec![0; length];
        for (at_ms, district) in incidents {
            let Ok(hour) = usize::try_from(at_ms.div_euclid(HOUR_MS) - first) else { continue };
            if hour >= length {
                continue;
            }
            by_district.entry(district).or_insert_with(|| vec![0; length])[hour] += 1;
            all[hour] += 1;
            if by_district.len() > DISTRICTS_MAX {
                return Err(HourlyError::Districts);
            }
        }
        let districts = by_district.keys().map(|name| (*name).to_owned()).collect();
        let counts = by_district.into_values().chain([all]).collect();
        Ok(Self { first_hour: first, districts, counts })
    }

    /// Hours.
    #[must_use]
    pub fn hours(&self) -> usize {
        self.counts.first().map_or(0, Vec::len)
    }

    /// The first hours only.
    #[must_use]
    pub fn until(&self, hours: usize) -> Self {
        let counts = self.counts.iter().map(|series| series[..hours.min(series.len())].to_vec()).collect();
        Self { first_hour: self.first_hour, districts: self.districts.clone(), counts }
    }
}

/// How many incidents there will be: a negative binomial distribution, whose variance is `mean + spread · mean²`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountForecast {
    /// Expected.
    pub mean: f32,
    /// By how much it scatters more than a Poisson distribution, which has 0.
    pub spread: f32,
}

impl CountForecast {
    /// The quantiles of that level each; levels rise.
    #[must_use]
    pub fn quantiles(&self, levels: &[f32]) -> Vec<u32> {
        let mut found = Vec::with_capacity(levels.len());
        let mut walk = Walk::new(f64::from(self.mean), f64::from(self.spread));
        for level in levels {
            // Sums of floats may end a hair below 1.
            let level = f64::from(*level).min(1.0 - 1e-9);
            while walk.below_or_at < level && walk.count < COUNT_MAX {
                walk.next();
            }
            found.push(walk.count);
        }
        found
    }

    /// The [`QUANTILES`] of every forecast.
    #[must_use]
    pub fn usual_quantiles(&self) -> [u32; QUANTILES.len()] {
        let mut usual = [0; QUANTILES.len()];
        usual.copy_from_slice(&self.quantiles(&QUANTILES));
        usual
    }

    /// The probability of fewer, and of as many or fewer.
    #[must_use]
    pub fn below(&self, count: u32) -> (f64, f64) {
        let mut walk = Walk::new(f64::from(self.mean), f64::from(self.spread));
        let count = count.min(COUNT_MAX);
        while walk.count < count {
            walk.next();
        }
        ((walk.below_or_at - walk.here).max(0.0), walk.below_or_at.min(1.0))
    }

    /// Of several hours together. `shared` is the part of the scatter that they have in common: 0 if each scatters for itself, 1 if
    /// one busy hour makes all of them busy.
    #[must_use]
    pub fn together(hours: &[Self], shared: f32) -> Self {
        let mean: f32 = hours.iter().map(|hour| hour.mean).sum();
        let own: f32 = hours.iter().map(|hour| hour.spread * hour.mean * hour.mean).sum();
        let common = hours.iter().map(|hour| hour.spread.sqrt() * hour.mean).sum::<f32>();
        let extra = own * (1.0 - shared) + common * common * shared;
        Self { mean, spread: if mean > 0.0 { extra / (mean * mean) } else { 0.0 } }
    }
}

/// Goes up the distribution: the probability of each count follows from the one before.
struct Walk {
    count: u32,
    here: f64,
    below_or_at: f64,
    size: f64,
    odds: f64,
    rate: f64,
}

impl Walk {
    fn new(mean: f64, spread: f64) -> Self {
        // Beyond this the first probability is no float any more; no district has as many incidents an hour.
        let mean = mean.clamp(0.0, 600.0);
        let size = if spread > 1e-6 { 1.0 / spread } else { f64::INFINITY };
        let none = if size.is_finite() { (-size * (mean / size).ln_1p()).exp() } else { (-mean).exp() };
        Self { count: 0, here: none, below_or_at: none, size, odds: mean / (mean + size), rate: mean }
    }

    fn next(&mut self) {
        let count = f64::from(self.count);
        let step = if self.size.is_finite() { (count + self.size) * self.odds } else { self.rate };
        self.here *= step / (count + 1.0);
        self.below_or_at += self.here;
        self.count += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn incidents_are_counted_by_district_and_hour() {
        let at = |hour: i64, minute: i64| hour * HOUR_MS + minute * 60_000;
        let incidents = [
            (at(10, 5), "b"),
            (at(11, 0), "b"),
            (at(11, 59), "a"),
            (at(12, 0), "b"),
            (at(13, 0), "b"),
            (at(14, 1), "b"),
        ];
        let hourly = Hourly::from_incidents(incidents.into_iter()).unwrap();
        assert_eq!((hourly.first_hour, hourly.hours()), (11, 3));
        assert_eq!(hourly.districts, ["a", "b"]);
        assert_eq!(hourly.counts, [vec![1, 0, 0], vec![1, 1, 1], vec![2, 1, 1]]);
        assert_eq!(Hourly::from_incidents(std::iter::empty()), Err(HourlyError::Empty));
        assert_eq!(
            Hourly::from_incidents([(0, "a"), (i64::MAX / 2, "a")].into_iter())
                .unwrap_err()
                .to_string()
                .split(' ')
                .nth(1),
            Some("hours,")
        );
    }

    #[test]
    fn quantiles_of_known_distributions() {
        // Poisson with mean 3: P(X ≤ 2) = 0.423, P(X ≤ 3) = 0.647, P(X ≤ 5) = 0.916, P(X ≤ 6) = 0.966.
        let poisson = CountForecast { mean: 3.0, spread: 0.0 };
        assert_eq!(poisson.quantiles(&[0.05, 0.5, 0.95]), [1, 3, 6]);
        // Size 1, mean 1 is geometric with a half: P(X ≤ k) = 1 − 2^−(k+1).
        let geometric = CountForecast { mean: 1.0, spread: 1.0 };
        assert_eq!(geometric.quantiles(&[0.49, 0.74, 0.76, 0.95]), [0, 1, 2, 4]);
        let (below, at) = geometric.below(1);
        assert!((below - 0.5).abs() < 1e-9 && (at - 0.75).abs() < 1e-9);
        assert_eq!(CountForecast { mean: 0.0, spread: 0.3 }.usual_quantiles(), [0; 5]);
    }

    #[test]
    fn hours_together_scatter_less_when_each_is_for_itself() {
        let hours = [CountForecast { mean: 5.0, spread: 0.2 }; 4];
        let own = CountForecast::together(&hours, 0.0);
        let common = CountForecast::together(&hours, 1.0);
        assert_eq!(own.mean, 20.0);
        assert!((own.spread - 0.05).abs() < 1e-6 && (common.spread - 0.2).abs() < 1e-6);
    }

    proptest! {
        #[test]
        fn quantiles_rise_and_lie_around_the_mean(mean in 0f32..500.0, spread in 0f32..3.0) {
            let forecast = CountForecast { mean, spread };
            let quantiles = forecast.quantiles(&[0.01, 0.5, 0.9999]);
            prop_assert!(quantiles.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(quantiles[0] as f32 <= mean + 1.0 && quantiles[2] as f32 >= mean - 1.0);
        }
    }
}
