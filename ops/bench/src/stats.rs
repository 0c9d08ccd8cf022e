//! Percentiles, exact over a list and in whole milliseconds over a shared histogram.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

/// Milliseconds that a [`Histogram`] tells apart; what took longer counts as this.
const HISTOGRAM_MS_MAX: usize = 60_000;

/// The percentiles that reports and plots show.
const PERCENTILES: [f64; 11] = [1.0, 5.0, 10.0, 25.0, 50.0, 75.0, 90.0, 95.0, 99.0, 99.9, 100.0];

/// The value at `percent` by nearest rank; `None` of nothing.
pub(crate) fn percentile(sorted: &[f64], percent: f64) -> Option<f64> {
    let rank = rank(sorted.len() as u64, percent)?;
    sorted.get(usize::try_from(rank).ok()?.checked_sub(1)?).copied()
}

/// The nearest rank of `percent` among `count`, from 1 on.
fn rank(count: u64, percent: f64) -> Option<u64> {
    // Counted up, since a float is not cast to an integer here.
    let want = percent / 100.0 * count as f64;
    let (mut low, mut high) = (1, count);
    if count == 0 {
        return None;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if (middle as f64) < want { low = middle + 1 } else { high = middle }
    }
    Some(low)
}

/// Samples of one quantity, milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// Adds one.
    pub(crate) fn put(&mut self, ms: f64) {
        self.0.push(ms);
    }

    /// Adds all of another's.
    pub(crate) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The samples in order of size.
    pub(crate) fn sorted(mut self) -> Vec<f64> {
        self.0.sort_unstable_by(f64::total_cmp);
        self.0
    }
}

/// `{percentile: value}` of sorted samples, for the details.
pub(crate) fn curve(sorted: &[f64]) -> Value {
    let points =
        PERCENTILES.iter().filter_map(|percent| Some(json!([percent, rounded(percentile(sorted, *percent)?)])));
    json!({ "samples": sorted.len(), "percentiles_ms": points.collect::<Vec<_>>() })
}

/// To three decimals: no more is known.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

/// Counts by whole milliseconds, shared by all readers.
#[derive(Debug)]
pub(crate) struct Histogram(Vec<AtomicU64>);

impl Default for Histogram {
    fn default() -> Self {
        Self((0..=HISTOGRAM_MS_MAX).map(|_| AtomicU64::new(0)).collect())
    }
}

impl Histogram {
    /// Adds `count` samples of that many milliseconds.
    pub(crate) fn put(&self, ms: u64, count: u64) {
        let at = usize::try_from(ms).unwrap_or(HISTOGRAM_MS_MAX).min(HISTOGRAM_MS_MAX);
        if let Some(bucket) = self.0.get(at) {
            bucket.fetch_add(count, Ordering::Relaxed);
        }
    }

    /// How many samples there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|bucket| bucket.load(Ordering::Relaxed)).sum()
    }

    /// Milliseconds at `percent`; `None` of nothing.
    pub(crate) fn percentile(&self, percent: f64) -> Option<f64> {
        let rank = rank(self.count(), percent)?;
        let mut seen = 0;
        for (ms, bucket) in self.0.iter().enumerate() {
            seen += bucket.load(Ordering::Relaxed);
            if seen >= rank {
                return Some(ms as f64);
            }
        }
        None
    }

    /// As [`curve`].
    pub(crate) fn curve(&self) -> Value {
        let points = PERCENTILES.iter().filter_map(|percent| Some(json!([percent, self.percentile(*percent)?])));
        json!({ "samples": self.count(), "percentiles_ms": points.collect::<Vec<_>>() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank() {
        let sorted: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(percentile(&sorted, 50.0), Some(100.0));
        assert_eq!(percentile(&sorted, 99.0), Some(198.0));
        assert_eq!(percentile(&sorted, 99.9), Some(200.0));
        assert_eq!(percentile(&sorted, 100.0), Some(200.0));
        assert_eq!(percentile(&[7.0], 1.0), Some(7.0));
        assert_eq!(percentile(&[], 50.0), None);
    }

    #[test]
    fn a_histogram_agrees_with_the_list() {
        let histogram = Histogram::default();
        let mut samples = Samples::default();
        for ms in 0..1000_u32 {
            let ms = u64::from(ms * ms % 257);
            histogram.put(ms, 1);
            samples.put(ms as f64);
        }
        let sorted = samples.sorted();
        for percent in PERCENTILES {
            assert_eq!(histogram.percentile(percent), percentile(&sorted, percent), "{percent}");
        }
        histogram.put(u64::MAX, 1);
        assert_eq!(histogram.percentile(100.0), Some(60_000.0), "the bound keeps it");
    }
}
