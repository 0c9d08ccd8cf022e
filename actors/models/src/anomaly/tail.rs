//! How unusual a number is among the numbers that came before it: minus the common logarithm of the share that was as
//! large. Constant memory: a centre, a spread and a histogram of the upper side whose old counts fade by halves. Beyond a high
//! quantile the share is that of a Pareto tail (peaks over a threshold, as in SPOT by Siffer et al., KDD 2017), since counts
//! alone cannot tell a new record by a hair from one by far.

use std::f64::consts::LOG10_E;

use serde::{Deserialize, Serialize};

/// Bins from one deviation upwards; the first one also takes everything below, the last one everything above.
const BINS: usize = 32;
/// Bins for each unit of `ln(deviations)`: the widths grow with the deviation, so 32 bins reach 602 deviations.
const BINS_PER_UNIT: f64 = 5.0;
/// Deviations that stand for a change of what has never changed.
const DEVIATIONS_OF_STILL: f64 = 20.0;
/// Numbers after which a single one moves the centre by no more than the clip allows.
const CLIP_AFTER: f64 = 20.0;
/// A tail is fitted to at least so many numbers.
const TAIL_COUNT_MIN: f64 = 10.0;
/// Counts are halved when their sum gets here; below the largest number of a counter.
const TOTAL_MAX: u16 = 32_000;

/// What a tail needs to know of the detector's settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct TailSettings {
    /// The centre and the spread are means over about so many numbers.
    pub(super) level_readings: f64,
    /// One number moves the centre by at most so many spreads.
    pub(super) clip: f64,
    /// The share of the numbers that the tail is fitted to.
    pub(super) tail_share: f64,
    /// Orders of rarity for each bin of the tail before anything was learnt of it.
    pub(super) tail_slope: f64,
    /// For how many numbers in the tail that first guess counts.
    pub(super) tail_prior: f64,
}

/// The numbers so far: a centre, a mean absolute deviation and counts of the upper side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tail {
    centre: f64,
    spread: f64,
    total: u16,
    counts: [u16; BINS],
}

impl Tail {
    /// Surprise of `number` in decimal orders of rarity (2 means: one in a hundred was as large), 0 for what is within one
    /// deviation; then learns it. `seen` is how many numbers came before.
    pub(super) fn surprise(&mut self, number: f64, seen: f64, settings: &TailSettings) -> f64 {
        if seen < 1.0 {
            self.centre = number;
        }
        let apart = number - self.centre;
        if apart <= self.spread {
            self.learn(0, apart, seen, settings);
            return 0.0;
        }
        let deviations = if self.spread > 0.0 { apart / self.spread } else { DEVIATIONS_OF_STILL };
        let place = (deviations.ln() * BINS_PER_UNIT).clamp(0.0, BINS as f64 - 0.001);
        let surprise = self.rarity(place, settings);
        self.learn(whole(place), apart, seen, settings);
        surprise.max(0.0)
    }

    /// Orders of rarity at a place on the scale of bins.
    fn rarity(&self, place: f64, settings: &TailSettings) -> f64 {
        let total = f64::from(self.total);
        let wanted = (total * settings.tail_share).max(TAIL_COUNT_MIN);
        // From the top down: how many lie in the tail, how far beyond its edge all together, and where the edge is.
        let (mut tail, mut excess, mut edge) = (0.0, 0.0, 0.0);
        for (bin, count) in self.counts.iter().enumerate().rev() {
            let count = f64::from(*count);
            if tail + count > wanted {
                edge = bin as f64 + 1.0;
                break;
            }
            excess += tail + count / 2.0;
            tail += count;
        }
        if place < edge {
            return ((total + 1.0) / (self.above(place) + 0.5)).log10();
        }
        let guess = settings.tail_prior * LOG10_E / settings.tail_slope;
        let slope = LOG10_E * (tail + settings.tail_prior) / (excess + guess);
        ((total + 1.0) / (tail + 0.5)).log10() + slope * (place - edge)
    }

    /// How many numbers were at or above a place, the bin that it lies in taken in part.
    fn above(&self, place: f64) -> f64 {
        let bin = whole(place);
        let higher: f64 = self.counts.iter().skip(bin + 1).map(|count| f64::from(*count)).sum();
        higher + f64::from(self.counts[bin]) * (1.0 - (place - bin as f64))
    }

    fn learn(&mut self, bin: usize, apart: f64, seen: f64, settings: &TailSettings) {
        if self.total >= TOTAL_MAX {
            self.counts.iter_mut().for_each(|count| *count /= 2);
            self.total = self.counts.iter().sum();
        }
        self.counts[bin] += 1;
        self.total += 1;
        let limit = self.spread * settings.clip;
        let step = if seen > CLIP_AFTER && limit > 0.0 { apart.clamp(-limit, limit) } else { apart };
        let share = 1.0 / (seen + 1.0).min(settings.level_readings);
        self.centre += share * step;
        self.spread += share * (step.abs() - self.spread);
    }
}

/// The bin that holds a place.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the bins just before")]
fn whole(place: f64) -> usize {
    place.clamp(0.0, BINS as f64 - 1.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: TailSettings =
        TailSettings { level_readings: 4000.0, clip: 3.0, tail_share: 0.01, tail_slope: 0.1, tail_prior: 5.0 };

    /// A tail that has seen 1 to 100 fifty times, in an order without a trend.
    fn hundred() -> Tail {
        let mut tail = Tail::default();
        for seen in 0..5000_u32 {
            tail.surprise(f64::from(seen * 37 % 100 + 1), f64::from(seen), &SETTINGS);
        }
        tail
    }

    #[test]
    fn surprise_is_orders_of_rarity() {
        // Deviations are 25 at a centre of 50: 90 is 1.6 of them, and a tenth was as large.
        let tenth = hundred().surprise(90.0, 5000.0, &SETTINGS);
        assert!((0.8..1.3).contains(&tenth), "{tenth}");
        assert_eq!(hundred().surprise(50.0, 5000.0, &SETTINGS), 0.0);
    }

    #[test]
    fn a_record_by_far_surprises_more_than_one_by_a_hair() {
        let surprise = |number| hundred().surprise(number, 5000.0, &SETTINGS);
        assert!(surprise(101.0) < surprise(200.0) && surprise(200.0) < surprise(2000.0));
    }

    #[test]
    fn counts_fade_and_never_overflow() {
        let mut tail = Tail::default();
        for seen in 0..200_000_u32 {
            tail.surprise(f64::from(seen % 3), f64::from(seen), &SETTINGS);
        }
        assert!(tail.total <= TOTAL_MAX);
        assert_eq!(tail.total, tail.counts.iter().sum::<u16>());
    }
}
