//! What a sensor was remarked on before is less worth a remark: holds back what follows a finding, and lowers a finding by how
//! often one as strong was made.

use serde::{Deserialize, Serialize};

/// Strengths told apart.
const BINS: usize = 32;
/// Bins for each order of surprise.
const BINS_PER_ORDER: f64 = 3.0;

/// What a habit needs to know of the detector's settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct HabitSettings {
    /// Readings until a finding holds nothing back any more.
    pub(super) hold_readings: f64,
    /// Orders of surprise taken off for each tenfold of earlier findings as strong.
    pub(super) weight: f64,
    /// Readings after which an earlier finding counts half.
    pub(super) half_life_readings: f64,
    /// Orders of surprise taken off for each tenfold of readings beyond a thousand.
    pub(super) age_weight: f64,
}

/// The findings so far, by strength, and the shadow of the last one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Habit {
    held: f64,
    held_step: f64,
    counts: [f32; BINS],
    counted_at: u32,
}

impl Habit {
    /// What is left of a surprise, in orders; 0 of one in the shadow of a stronger one. `seen` counts the readings before.
    pub(super) fn left(&mut self, surprise: f64, seen: u32, settings: &HabitSettings) -> f64 {
        self.held = (self.held - self.held_step).max(0.0);
        if surprise <= self.held {
            return 0.0;
        }
        self.held = surprise;
        self.held_step = surprise / settings.hold_readings;
        let fade = 0.5_f64.powf(f64::from(seen - self.counted_at) / settings.half_life_readings);
        self.counted_at = seen;
        let place = (surprise * BINS_PER_ORDER).min(BINS as f64 - 0.001);
        let bin = whole(place);
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
        let age = ((f64::from(seen) + 1.0) / 1000.0).log10();
        (surprise - settings.weight * (1.0 + as_strong).log10() - settings.age_weight * age).max(0.0)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the bins just before")]
fn whole(place: f64) -> usize {
    place.clamp(0.0, BINS as f64 - 1.0) as usize
}

#[allow(clippy::cast_possible_truncation, reason = "a share between 0 and 1")]
fn single(share: f64) -> f32 {
    share as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: HabitSettings =
        HabitSettings { hold_readings: 100.0, weight: 2.0, half_life_readings: 1000.0, age_weight: 0.0 };

    #[test]
    fn what_follows_a_finding_is_held_back_unless_it_is_stronger() {
        let mut habit = Habit::default();
        assert_eq!(habit.left(4.0, 0, &SETTINGS), 4.0);
        assert_eq!(habit.left(3.9, 1, &SETTINGS), 0.0);
        assert_eq!(habit.left(5.0, 2, &SETTINGS), 5.0);
    }

    #[test]
    fn a_finding_is_worth_less_each_time_and_more_again_when_long_ago() {
        let mut habit = Habit::default();
        let mut left = |seen: u32| {
            habit.held = 0.0;
            habit.left(4.0, seen, &SETTINGS)
        };
        let (first, second, third, later) = (left(0), left(1), left(2), left(20_000));
        assert!(first > second && second > third, "{first} {second} {third}");
        assert!(later > 3.9, "{later}");
    }
}
