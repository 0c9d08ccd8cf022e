//! How rare this step is: from which coarse level to which, of all steps that the series has taken. A coarse relative of the
//! contexts that CAD OSE and HTM learn, in a table of fixed size.

use serde::{Deserialize, Serialize};

/// Levels told apart: `asinh` of the deviations from the level, in whole numbers from −5 to 5, so that the last ones begin at 45.
const LEVELS: usize = 11;
const MIDDLE: f64 = 5.0;
/// Readings after which a single one moves the level by no more than the clip allows.
const CLIP_AFTER: f64 = 20.0;
/// One reading moves the level by at most so many spreads.
const CLIP: f64 = 4.0;

/// The steps taken so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pattern {
    centre: f64,
    spread: f64,
    before: u8,
    total: u32,
    steps: [[u16; LEVELS]; LEVELS],
}

impl Pattern {
    /// Orders of rarity of the step to `value`; then learns it. The level is a mean over `readings`.
    pub(super) fn rarity(&mut self, value: f64, seen: f64, readings: f64) -> f64 {
        if seen < 1.0 {
            self.centre = value;
        }
        let apart = value - self.centre;
        let level = level(if self.spread > 0.0 { apart / self.spread } else { 0.0 });
        let steps = &mut self.steps[usize::from(self.before)][usize::from(level)];
        let rarity = (f64::from(self.total + 1) / (f64::from(*steps) + 0.5)).log10();
        *steps += 1;
        let full = *steps == u16::MAX;
        self.total += 1;
        self.before = level;
        if full {
            self.steps.iter_mut().flatten().for_each(|steps| *steps /= 2);
            self.total /= 2;
        }
        let limit = CLIP * self.spread;
        let step = if seen > CLIP_AFTER && limit > 0.0 { apart.clamp(-limit, limit) } else { apart };
        let share = 1.0 / (seen + 1.0).min(readings);
        self.centre += share * step;
        self.spread += share * (step.abs() - self.spread);
        rarity
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the levels just before")]
fn level(deviations: f64) -> u8 {
    (deviations.asinh().round() + MIDDLE).clamp(0.0, 2.0 * MIDDLE) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_was_never_taken_is_rarer_than_one_that_often_was() {
        let mut pattern = Pattern::default();
        // Up slowly, down at once, never the other way round.
        let value = |row: u32| f64::from(row % 10) * 10.0;
        for row in 0..2000 {
            pattern.rarity(value(row), f64::from(row), 1000.0);
        }
        let often = pattern.clone().rarity(value(2000), 2000.0, 1000.0);
        let never = pattern.rarity(400.0, 2000.0, 1000.0);
        assert!(often < 2.0 && never > often + 1.0, "{often} {never}");
    }

    #[test]
    fn counters_do_not_overflow() {
        let mut pattern = Pattern::default();
        for row in 0..200_000_u32 {
            pattern.rarity(0.0, f64::from(row), 1000.0);
        }
        assert!(pattern.total <= 70_000, "{}", pattern.total);
    }
}
