//! How good a forecaster is on a history that it has not learned from, beside what costs nothing: that all stays as it is
//! (persistence), and that it repeats (seasonal naive).
//!
//! The peers get intervals as well: the quantiles of their own errors before the test. A bare point would lose on pinball loss
//! for a reason that says nothing about the model.

use serde::{Deserialize, Serialize};

use super::{
    live::{Live, Observed},
    model::Model,
    pinball,
    plan::{INTERVALS, QUANTILES},
    quantile_of_sorted,
    table::Table,
};

/// How good it is at one time ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HorizonQuality {
    /// How far ahead.
    pub ahead_ms: i64,
    /// Forecasts that met a truth.
    pub count: usize,
    /// Mean pinball loss over [`QUANTILES`], in the series' unit.
    pub pinball: f32,
    /// The same of persistence with the quantiles of its errors.
    pub persistence: f32,
    /// The same of seasonal naive: period in steps, loss.
    pub seasonal: Vec<(usize, f32)>,
    /// Mean distance of the median from the truth.
    pub absolute_error: f32,
    /// The same of persistence as a bare point.
    pub persistence_absolute_error: f32,
    /// Part of the truths within each of [`INTERVALS`].
    pub covered: [f32; INTERVALS.len()],
    /// Mean width of each interval.
    pub width: [f32; INTERVALS.len()],
}

impl HorizonQuality {
    /// The best peer's loss.
    #[must_use]
    pub fn best_peer(&self) -> f32 {
        self.seasonal.iter().map(|(_, loss)| *loss).fold(self.persistence, f32::min)
    }

    /// Loss over the best peer's; below 1 is better than doing nothing.
    #[must_use]
    pub fn ratio(&self) -> f32 {
        self.pinball / self.best_peer()
    }
}

/// A peer: what it says for a row from an earlier one, with the quantiles of its errors.
struct Peer {
    back: usize,
    errors: [f32; QUANTILES.len()],
}

impl Peer {
    /// `back`: from which step before the answered one it takes its value.
    fn fit(series: &[f32], first_row: usize, back: usize) -> Self {
        let mut errors: Vec<f32> = (back..first_row.min(series.len()))
            .map(|row| series[row] - series[row - back])
            .filter(|error| error.is_finite())
            .collect();
        errors.sort_unstable_by(f32::total_cmp);
        let errors = QUANTILES.map(|level| quantile_of_sorted(&errors, level).unwrap_or(0.0));
        Self { back, errors }
    }

    fn cost(&self, series: &[f32], row: usize, truth: f32, not_negative: bool) -> f32 {
        let said = series[row - self.back];
        let costs = QUANTILES.iter().zip(self.errors).map(|(level, error)| {
            let quantile = if not_negative { (said + error).max(0.0) } else { said + error };
            pinball(*level, quantile, truth)
        });
        costs.sum::<f32>() / QUANTILES.len() as f32
    }
}

/// Goes through the table as the series would have come, and scores the forecasts made from `first_row` on. With `track`, intervals
/// follow what happens, as they do in use.
#[must_use]
pub fn evaluate(model: &Model, table: &Table, first_row: usize, track: bool) -> Vec<HorizonQuality> {
    let filled = table.filled();
    let (series, known) = (&filled.channels[0], &table.channels[0]);
    let plan = &model.plan;
    let mut found: Vec<HorizonQuality> = Vec::new();
    let mut peers = Vec::new();
    for ahead in &plan.horizons {
        let repeats =
            plan.seasons.iter().map(|season| (*season, Peer::fit(series, first_row, season * ahead.div_ceil(*season))));
        peers.push((Peer::fit(series, first_row, *ahead), repeats.collect::<Vec<_>>()));
        found.push(HorizonQuality {
            ahead_ms: plan.step_ms * i64::try_from(*ahead).unwrap_or(i64::MAX),
            count: 0,
            pinball: 0.0,
            persistence: 0.0,
            seasonal: plan.seasons.iter().map(|season| (*season, 0.0)).collect(),
            absolute_error: 0.0,
            persistence_absolute_error: 0.0,
            covered: [0.0; INTERVALS.len()],
            width: [0.0; INTERVALS.len()],
        });
    }
    let mut live = Live::new(model, track);
    let warm = plan.reach() + plan.horizons.last().copied().unwrap_or(0);
    let mut covariates = vec![0.0; plan.covariates];
    for row in first_row.saturating_sub(warm)..table.rows() {
        for (value, channel) in covariates.iter_mut().zip(&table.channels[1..]) {
            *value = channel[row];
        }
        let Observed::Forecast(forecast) = live.observe(model, table.at_ms(row), known[row], &covariates) else {
            continue;
        };
        if row < first_row {
            continue;
        }
        for ((step, ahead), (quality, (persistence, repeats))) in
            forecast.steps.iter().zip(&plan.horizons).zip(found.iter_mut().zip(&peers))
        {
            let at = row + ahead;
            let Some(truth) = known.get(at).copied().filter(|truth| truth.is_finite()) else { continue };
            if repeats.iter().any(|(_, peer)| peer.back > at) {
                continue;
            }
            quality.count += 1;
            let costs = QUANTILES.iter().zip(step.quantiles).map(|(level, quantile)| pinball(*level, quantile, truth));
            quality.pinball += costs.sum::<f32>() / QUANTILES.len() as f32;
            quality.persistence += persistence.cost(series, at, truth, plan.not_negative);
            for ((_, loss), (_, peer)) in quality.seasonal.iter_mut().zip(repeats) {
                *loss += peer.cost(series, at, truth, plan.not_negative);
            }
            quality.absolute_error += (truth - step.median()).abs();
            quality.persistence_absolute_error += (truth - series[row]).abs();
            for (interval, (low, high, _)) in INTERVALS.iter().enumerate() {
                let (low, high) = (step.quantiles[*low], step.quantiles[*high]);
                quality.covered[interval] += if (low..=high).contains(&truth) { 1.0 } else { 0.0 };
                quality.width[interval] += high - low;
            }
        }
    }
    for quality in &mut found {
        let of = quality.count.max(1) as f32;
        quality.pinball /= of;
        quality.persistence /= of;
        quality.seasonal.iter_mut().for_each(|(_, loss)| *loss /= of);
        quality.absolute_error /= of;
        quality.persistence_absolute_error /= of;
        quality.covered = quality.covered.map(|sum| sum / of);
        quality.width = quality.width.map(|sum| sum / of);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_right_about_what_repeats() {
        let series: Vec<f32> = (0..100u8).map(|at| f32::from(at % 5)).collect();
        let repeats = Peer::fit(&series, 80, 5);
        assert_eq!(repeats.errors, [0.0; 5]);
        assert_eq!(repeats.cost(&series, 90, series[90], false), 0.0);
        assert!(Peer::fit(&series, 80, 1).cost(&series, 90, series[90], false) > 0.0);
    }

    #[test]
    fn the_ratio_is_to_the_best_peer() {
        let quality = HorizonQuality {
            ahead_ms: 1,
            count: 1,
            pinball: 1.0,
            persistence: 4.0,
            seasonal: vec![(24, 2.0), (25, 3.0)],
            absolute_error: 0.0,
            persistence_absolute_error: 0.0,
            covered: [0.9, 0.5],
            width: [1.0, 1.0],
        };
        assert_eq!(quality.ratio(), 0.5);
    }
}
