//! How unusual a number is among the numbers that came before it: minus the common logarithm of the share that was as
//! large. Constant memory: a centre, a spread and a histogram of the upper side whose old counts fade by halves.

use serde::{Deserialize, Serialize};

/// Bins from one deviation upwards; the first one also takes everything below, the last one everything above.
const BINS: usize = 32;
/// Bins for each unit of `ln(deviations)`: the widths grow with the deviation, so 32 bins reach 602 deviations.
const BINS_PER_UNIT: f64 = 5.0;
/// Numbers that a tail is fitted to at least.
const TAIL_COUNT_MIN: f64 = 10.0;
/// Mean absolute deviations that stand for a change of what has never changed.
const DEVIATIONS_OF_STILL: f64 = 20.0;
/// Numbers after which a single one can no longer move the centre by more than the clip allows.
const CLIP_AFTER: f64 = 20.0;

/// What a tail needs to know of the detector's settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct TailSettings {
    /// The centre and the spread follow a mean over about so many numbers.
    pub(super) level_readings: f64,
    /// One number moves the centre by at most so many spreads.
    pub(super) clip: f64,
    /// Counts are halved when their sum gets here.
    pub(super) memory_readings: u16,
    /// Surprise for each bin of the tail, before it is learnt.
    pub(super) beyond: f64,
    pub(super) prior: f64,
    pub(super) tail_share: f64,
}

/// The numbers so far, as a centre, a mean absolute deviation and counts of the upper side.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tail {
    centre: f64,
    spread: f64,
    total: u16,
    counts: [u16; BINS],
}

impl Tail {
    /// Surprise of `number` in decimal orders of rarity (2 means: one in a hundred was as large), then learns it.
    /// `seen` is how many numbers came before.
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
        let place = (deviations.ln() * BINS_PER_UNIT).min(BINS as f64 - 0.001);
        let bin = whole(place);
        let surprise = self.rarity(place, settings);
        self.learn(bin, apart, seen, settings);
        surprise
    }

    /// The share of earlier numbers at least as large; beyond a high quantile that of a Pareto tail fitted to what lies
    /// above the quantile, which is a straight line over the logarithmic bins.
    fn rarity(&self, place: f64, settings: &TailSettings) -> f64 {
        let total = f64::from(self.total);
        let wanted = (total * settings.tail_share).max(TAIL_COUNT_MIN);
        let (mut above, mut excess, mut edge) = (0.0, 0.0, 0.0);
        for (bin, count) in self.counts.iter().enumerate().rev() {
            let (bin, count) = (bin as f64, f64::from(*count));
            if above + count > wanted {
                if place < bin + 1.0 {
                    // In the body: the counts themselves.
                    let share = (place - bin).max(0.0);
                    let here: f64 = if place >= bin { above + count * (1.0 - share) } else {
                        let at = whole(place);
                        let higher: f64 = self.counts.iter().skip(at + 1).map(|count| f64::from(*count)).sum();
                        higher + f64::from(self.counts[at]) * (1.0 - (place - at as f64))
                    };
                    return ((total + 1.0) / (here + 0.5)).log10();
                }
                edge = bin + 1.0;
                break;
            }
            // Bins further up lie one bin further beyond each edge below them.
            excess += above;
            excess += count * 0.5;
            above += count;
        }
        let fade = std::f64::consts::LOG10_E * (above + settings.prior) / (excess + settings.prior * std::f64::consts::LOG10_E / settings.beyond);
        ((total + 1.0) / (above + 0.5)).log10() + fade * (place - edge)
    }

    fn learn(&mut self, bin: usize, apart: f64, seen: f64, settings: &TailSettings) {
        if self.total >= settings.memory_readings {
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

/// The bin that holds `place`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the bins just before")]
pub(super) fn whole(place: f64) -> usize {
    place.clamp(0.0, BINS as f64 - 1.0) as usize
}
