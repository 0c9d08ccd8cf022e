//! What a sensor has been remarked on before is less worth a remark: holds back what follows a finding, and lowers a finding
//! by how often one as strong was made.

use serde::{Deserialize, Serialize};

/// Strengths told apart.
const BINS: usize = 32;
/// Bins for each order of surprise.
const BINS_PER_ORDER: f64 = 3.0;

/// What a habit needs to know of the detector's settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct HabitSettings {
    /// The surprise towards which strong ones saturate.
    pub(super) surprise_max: f64,
    /// Readings until a finding holds nothing back any more.
    pub(super) hold_readings: f64,
    /// Orders of surprise taken off for each tenfold of earlier findings as strong.
    pub(super) weight: f64,
    /// Readings after which an earlier finding counts half.
    pub(super) half_life_readings: f64,
    /// Orders of surprise taken off for each tenfold of readings beyond a thousand.
    pub(super) age_weight: f64,
}

/// The findings so far, by strength, and the last one's shadow.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Habit {
    held: f64,
    held_step: f64,
    counts: [f32; BINS],
    counted_at: f64,
}

impl Habit {
    /// What is left of a surprise, in orders, and 0 of one in the shadow of a stronger one. `seen` counts the readings.
    pub(super) fn left(&mut self, surprise: f64, seen: f64, settings: &HabitSettings) -> f64 {
        self.held = (self.held - self.held_step).max(0.0);
        if surprise <= self.held {
            return 0.0;
        }
        self.held = surprise;
        self.held_step = surprise / settings.hold_readings;
        let fade = 0.5_f64.powf((seen - self.counted_at) / settings.half_life_readings);
        self.counted_at = seen;
        let place = (surprise * BINS_PER_ORDER).min(BINS as f64 - 0.001);
        let bin = super::tail::whole(place);
        let mut as_strong = 0.0;
        for (at, count) in self.counts.iter_mut().enumerate() {
            *count *= single(fade);
            if at > bin {
                as_strong += f64::from(*count);
            } else if at == bin {
                as_strong += f64::from(*count) * (1.0 - (place - bin as f64));
            }
        }
        self.counts[bin] += 1.0;
        let age = ((seen + 1.0) / 1000.0).log10();
        let bounded = settings.surprise_max * (1.0 - (-surprise / settings.surprise_max).exp());
        (bounded - settings.weight * (1.0 + as_strong).log10() - settings.age_weight * age).max(0.0)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
fn single(share: f64) -> f32 {
    share as f32
}
