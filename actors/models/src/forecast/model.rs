//! A trained forecaster and what it answers.

use serde::{Deserialize, Serialize};

use super::{
    super::artifact::Kept,
    feature::{self, Window},
    net::{Net, Scratch},
    plan::{Plan, QUANTILES},
};

/// A trained forecaster of one series. Plain numbers: serialise it as you like, [`Model::check`] it when it comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    /// What it reads and how far it looks.
    pub plan: Plan,
    /// What comes out: for each horizon its quantiles, as change from its `base` over `scale`.
    pub net: Net,
    /// How many steps ago stands what each horizon is told as a change from: 0, or what repeats a season later.
    pub base: Vec<usize>,
    /// Deviation of that change for each horizon, in the series' unit.
    pub scale: Vec<f32>,
    /// By how much each quantile of each horizon is moved, over `scale`; from the rows kept for it.
    pub shift: Vec<[f32; QUANTILES.len()]>,
    /// How fast that follows what happens while the model is in use, over `scale`.
    pub track: Vec<f32>,
}

/// The forecast for one time ahead.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// How far ahead.
    pub ahead_ms: i64,
    /// The [`QUANTILES`], rising, in the series' unit.
    pub quantiles: [f32; QUANTILES.len()],
}

impl Step {
    /// The middle.
    #[must_use]
    pub fn median(&self) -> f32 {
        self.quantiles[QUANTILES.len() / 2]
    }

    /// The probability that it reads below this: between quantiles in proportion, beyond the outermost the nearest stretch goes on.
    #[must_use]
    pub fn probability_below(&self, value: f32) -> f32 {
        let q = &self.quantiles;
        let last = q.len() - 1;
        let part = |from: usize, to: usize| {
            let width = (q[to] - q[from]).max(f32::MIN_POSITIVE);
            QUANTILES[from] + (value - q[from]) / width * (QUANTILES[to] - QUANTILES[from])
        };
        if value < q[0] {
            return part(0, 1).max(0.0);
        }
        if value >= q[last] {
            return if value > q[last] { part(last - 1, last).min(1.0) } else { QUANTILES[last] };
        }
        let above = (1..=last).find(|at| value < q[*at]).unwrap_or(last);
        part(above - 1, above)
    }
}

/// What a series will read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// Time of the newest step that it knows.
    pub at_ms: i64,
    /// What that step read.
    pub now: f32,
    /// Times ahead, rising.
    pub steps: Vec<Step>,
}

/// Room for answers, kept between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Room {
    inputs: Vec<f32>,
    scratch: Scratch,
}

impl Kept for Model {
    const KIND: &'static str = "series_quantiles";

    fn check(&self) -> Result<(), String> {
        self.check()
    }
}

impl Model {
    /// Refuses what a file holds and no training gives.
    ///
    /// # Errors
    ///
    /// The first field that is wrong, and what to do.
    pub fn check(&self) -> Result<(), String> {
        if let Some(fault) = self.plan.fault() {
            return Err(format!("plan: {fault}"));
        }
        self.net.check().map_err(|error| error.to_string())?;
        let horizons = self.plan.horizons.len();
        let sizes = [
            ("inputs", self.net.inputs, feature::width(&self.plan)),
            ("outputs", self.net.outputs, horizons * QUANTILES.len()),
            ("base", self.base.len(), horizons),
            ("scale", self.scale.len(), horizons),
            ("shift", self.shift.len(), horizons),
            ("track", self.track.len(), horizons),
        ];
        if let Some((field, found, expected)) = sizes.into_iter().find(|(_, found, expected)| found != expected) {
            return Err(format!("{field} has {found} where the plan says {expected}; train again"));
        }
        if self.base.iter().any(|back| *back >= self.plan.reach()) {
            return Err("base reaches further back than the plan; train again".to_owned());
        }
        let numbers = self.scale.iter().chain(self.shift.iter().flatten()).chain(&self.track);
        if numbers.into_iter().any(|number| !number.is_finite()) || self.scale.iter().any(|scale| *scale <= 0.0) {
            return Err("scale, shift or track hold what is no usable number; train again".to_owned());
        }
        Ok(())
    }

    /// Answers from a past, with quantiles moved as given (over `scale`).
    pub(super) fn answer(&self, window: &impl Window, shift: &[[f32; QUANTILES.len()]], room: &mut Room) -> Forecast {
        feature::write(&self.plan, window, &mut room.inputs);
        self.net.answer(&room.inputs, &mut room.scratch);
        let now = window.at(0, 0);
        let answers = room.scratch.out.chunks_exact(QUANTILES.len());
        let by_horizon = self.base.iter().zip(&self.scale).zip(shift);
        let steps = answers.zip(&self.plan.horizons).zip(by_horizon).map(|((out, ahead), ((base, scale), shift))| {
            let mut quantiles = [0.0; QUANTILES.len()];
            quantiles.copy_from_slice(out);
            settle(&mut quantiles, shift);
            let from = window.at(0, *base);
            for quantile in &mut quantiles {
                *quantile = from + *quantile * scale;
                if self.plan.not_negative {
                    *quantile = quantile.max(0.0);
                }
            }
            Step { ahead_ms: self.plan.step_ms * i64::try_from(*ahead).unwrap_or(i64::MAX), quantiles }
        });
        Forecast { at_ms: window.at_ms(), now, steps: steps.collect() }
    }
}

/// Sorts quantiles that crossed (which costs no pinball loss: Chernozhukov, Fernández-Val, Galichon 2010), moves them, and keeps them
/// in order around the middle.
pub(super) fn settle(quantiles: &mut [f32; QUANTILES.len()], shift: &[f32; QUANTILES.len()]) {
    quantiles.sort_unstable_by(f32::total_cmp);
    for (quantile, by) in quantiles.iter_mut().zip(shift) {
        *quantile += by;
    }
    let middle = quantiles.len() / 2;
    for at in (0..middle).rev() {
        quantiles[at] = quantiles[at].min(quantiles[at + 1]);
    }
    for at in middle + 1..quantiles.len() {
        quantiles[at] = quantiles[at].max(quantiles[at - 1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_stay_in_order_however_much_they_are_moved() {
        let mut quantiles = [3.0, 1.0, 2.0, 5.0, 4.0];
        settle(&mut quantiles, &[-0.5, 0.0, 0.25, 0.0, 0.5]);
        assert_eq!(quantiles, [0.5, 2.0, 3.25, 4.0, 5.5]);
        settle(&mut quantiles, &[9.0, 9.0, 0.0, -9.0, -9.0]);
        assert_eq!(quantiles, [3.25; 5]);
        let mut quantiles = [0.0, 1.0, 2.0, 3.0, 4.0];
        settle(&mut quantiles, &[0.0, -5.0, 0.0, 5.0, 0.0]);
        assert_eq!(quantiles, [-4.0, -4.0, 2.0, 8.0, 8.0]);
    }

    #[test]
    fn probability_rises_with_the_value() {
        let step = Step { ahead_ms: 1, quantiles: [0.0, 2.0, 3.0, 4.0, 8.0] };
        assert_eq!(step.probability_below(3.0), 0.5);
        assert_eq!(step.probability_below(0.0), 0.05);
        assert!((step.probability_below(1.0) - 0.15).abs() < 1e-6);
        assert!((step.probability_below(8.0) - 0.95).abs() < 1e-6);
        assert_eq!(step.probability_below(-50.0), 0.0);
        assert_eq!(step.probability_below(50.0), 1.0);
        let values: Vec<f32> = (0..200u8).map(|at| f32::from(at) * 0.1 - 5.0).collect();
        assert!(values.windows(2).all(|pair| step.probability_below(pair[0]) <= step.probability_below(pair[1])));
        let flat = Step { ahead_ms: 1, quantiles: [3.0; 5] };
        assert_eq!((flat.probability_below(2.9), flat.probability_below(3.1)), (0.0, 1.0));
    }
}
