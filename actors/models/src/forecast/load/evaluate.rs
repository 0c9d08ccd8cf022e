//! How good a load forecaster is on hours that it has not learned from, beside what costs nothing.

use serde::{Deserialize, Serialize};

use super::{
    super::{
        pinball,
        plan::{INTERVALS, QUANTILES},
        quantile_of_sorted,
    },
    counts::Hourly,
    model::{LoadLive, LoadModel},
    profile::WEEK_H,
};

/// Hours ahead that are scored.
pub const SCORED_AHEAD_H: [usize; 5] = [1, 3, 6, 12, 24];

/// How good it is at one time ahead. Losses are mean pinball losses over the five quantiles, in incidents.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadHorizon {
    /// Hours ahead.
    pub ahead_h: usize,
    /// Forecasts that met a truth.
    pub count: usize,
    /// The model's loss.
    pub pinball: f32,
    /// Of the last known hour, with the quantiles of its errors before the test.
    pub persistence: f32,
    /// Of the same hour a week before, the same way.
    pub seasonal: f32,
    /// Of all earlier counts of that hour of the week, a stronger peer than those two: the quantiles of what it has been before the test.
    pub hour_of_week: f32,
    /// Part of the truths within the interval that claims nine tenths. Counts are whole, so it covers a little more than it claims.
    pub covered: f32,
    /// The same, with a truth at the interval's edge counted for as much as the edge's probability lies within: should be nine tenths.
    pub covered_exactly: f32,
}

impl LoadHorizon {
    /// Loss over that of the better of persistence and seasonal naive.
    #[must_use]
    pub fn ratio(&self) -> f32 {
        self.pinball / self.persistence.min(self.seasonal)
    }
}

/// Goes through the hours as they came, and scores the forecasts of one series made from `first` on.
#[must_use]
pub fn evaluate(model: &LoadModel, hourly: &Hourly, series: usize, first: usize) -> Vec<LoadHorizon> {
    let mut live = LoadLive::new(&hourly.districts, model.utc_offset_h);
    let counts = &hourly.counts[series];
    let errors = |back: usize| {
        let mut errors: Vec<f32> =
            (back..first.min(counts.len())).map(|at| counts[at] as f32 - counts[at - back] as f32).collect();
        errors.sort_unstable_by(f32::total_cmp);
        QUANTILES.map(|level| quantile_of_sorted(&errors, level).unwrap_or(0.0))
    };
    let week_errors = errors(WEEK_H);
    let slots = slots(counts, first);
    let persistence_errors = SCORED_AHEAD_H.map(errors);
    let mut found = SCORED_AHEAD_H.map(|ahead_h| LoadHorizon {
        ahead_h,
        count: 0,
        pinball: 0.0,
        persistence: 0.0,
        seasonal: 0.0,
        hour_of_week: 0.0,
        covered: 0.0,
        covered_exactly: 0.0,
    });
    let mut now = vec![0; hourly.districts.len()];
    for hour in 0..counts.len() {
        for (count, series) in now.iter_mut().zip(&hourly.counts) {
            *count = series[hour];
        }
        live.observe(hourly.first_hour + i64::try_from(hour).unwrap_or(0), &now);
        if hour < first {
            continue;
        }
        for (horizon, persistence_errors) in found.iter_mut().zip(&persistence_errors) {
            let at = hour + horizon.ahead_h;
            let (Some(truth), Some(forecast)) = (counts.get(at), live.forecast(model, series, horizon.ahead_h)) else {
                continue;
            };
            if at < WEEK_H {
                continue;
            }
            let quantiles = forecast.usual_quantiles();
            let (low, high) = (quantiles[INTERVALS[0].0], quantiles[INTERVALS[0].1]);
            horizon.count += 1;
            horizon.covered += if (low..=high).contains(truth) { 1.0 } else { 0.0 };
            horizon.covered_exactly += within(&forecast, *truth);
            let truth = *truth as f32;
            horizon.pinball += cost(quantiles.map(|quantile| quantile as f32), truth);
            horizon.persistence += cost(around(counts[hour] as f32, persistence_errors), truth);
            horizon.seasonal += cost(around(counts[at - WEEK_H] as f32, &week_errors), truth);
            horizon.hour_of_week += cost(slots[at % WEEK_H], truth);
        }
    }
    for horizon in &mut found {
        let of = horizon.count.max(1) as f32;
        for sum in [
            &mut horizon.pinball,
            &mut horizon.persistence,
            &mut horizon.seasonal,
            &mut horizon.hour_of_week,
            &mut horizon.covered,
            &mut horizon.covered_exactly,
        ] {
            *sum /= of;
        }
    }
    found.to_vec()
}

fn around(said: f32, errors: &[f32; QUANTILES.len()]) -> [f32; QUANTILES.len()] {
    errors.map(|error| (said + error).max(0.0))
}

fn cost(quantiles: [f32; QUANTILES.len()], truth: f32) -> f32 {
    let costs = QUANTILES.iter().zip(quantiles).map(|(level, quantile)| pinball(*level, quantile, truth));
    costs.sum::<f32>() / QUANTILES.len() as f32
}

/// How much of the probability of this count lies between a twentieth and nineteen twentieths.
fn within(forecast: &super::CountForecast, truth: u32) -> f32 {
    let (below, at) = forecast.below(truth);
    let here = (at - below).max(1e-12);
    let inside = (at.min(0.95) - below.max(0.05)).max(0.0);
    super::super::narrow(inside / here)
}

fn slots(counts: &[u32], first: usize) -> Vec<[f32; QUANTILES.len()]> {
    let of_slot = |slot: usize| {
        let mut seen: Vec<f32> =
            counts[..first.min(counts.len())].iter().skip(slot).step_by(WEEK_H).map(|count| *count as f32).collect();
        seen.sort_unstable_by(f32::total_cmp);
        QUANTILES.map(|level| quantile_of_sorted(&seen, level).unwrap_or(0.0))
    };
    (0..WEEK_H).map(of_slot).collect()
}
