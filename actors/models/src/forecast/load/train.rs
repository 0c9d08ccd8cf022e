//! Learns a load forecaster from the operator's own incidents.
//!
//! The history goes by hour by hour as it did; every hour gives rows (a district, a time ahead) with what was known then. The oldest
//! part only fills the profiles, the newest says how much counts scatter around what is expected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    super::{
        fit::{Epoch, FitError, FitOptions, Loss, ROWS_MAX, Rows, fit},
        random::Random,
        train::TrainError,
    },
    AHEAD_H_MAX,
    counts::Hourly,
    evaluate::{LoadHorizon, evaluate},
    model::{LoadLive, LoadModel, WIDTH},
    profile::WEEK_H,
};

/// Weeks that only fill the profiles.
const WARM_WEEKS: usize = 3;
/// How strongly a district's own scatter is held to that of all: as if so many expected incidents of others stood beside its own.
const SPREAD_PRIOR: f64 = 200.0;
/// A scatter beyond this is a broken history.
const SPREAD_MAX: f64 = 10.0;

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadOptions {
    /// How to fit.
    pub fit: FitOptions,
    /// Part of the hours to stop by.
    pub stop_part: f32,
    /// Part of the hours, the newest, that says how much counts scatter.
    pub spread_part: f32,
    /// Local time less UTC, in hours.
    pub utc_offset_h: i64,
}

impl Default for LoadOptions {
    fn default() -> Self {
        let fit = FitOptions { hidden: 16, rate: 2e-3, weight_decay: 1e-2, batch: 512, ..FitOptions::default() };
        Self { fit, stop_part: 0.12, spread_part: 0.18, utc_offset_h: 7 }
    }
}

/// What was measured while training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadQuality {
    /// Every pass.
    pub epochs: Vec<Epoch>,
    /// Rows that it learned from.
    pub rows: usize,
    /// On the newest hours, all districts together; the net has not learned from them, the scatter stems from them.
    pub all: Vec<LoadHorizon>,
}

/// A model and how good it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LoadTrained {
    /// The model.
    pub model: LoadModel,
    /// How good it is.
    pub quality: LoadQuality,
}

/// Learns a load forecaster.
///
/// # Errors
///
/// Too short a history, parts that leave nothing, a loss that leaves the numbers.
pub fn train(
    hourly: &Hourly,
    options: &LoadOptions,
    progress: &mut dyn FnMut(&Epoch),
) -> Result<LoadTrained, TrainError> {
    let (stop, spread) = (options.stop_part, options.spread_part);
    if !(stop > 0.0 && spread > 0.0 && stop + spread <= 0.5) {
        return Err(TrainError::Parts);
    }
    let hours = hourly.hours();
    let begin = WARM_WEEKS * WEEK_H;
    let part = |share: f32| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the hours")]
        let part = (hours.saturating_sub(begin) as f32 * share) as usize;
        part
    };
    let (stop_from, spread_from) = (hours - part(stop + spread).min(hours), hours - part(spread).min(hours));
    if stop_from <= begin {
        return Err(FitError::TooFew { rows: stop_from.saturating_sub(begin), stop: 0, least: WEEK_H }.into());
    }
    let (learn, hold) = rows(hourly, options, begin, stop_from, spread_from);
    let fitted = fit(&learn, &hold, &Loss::Poisson, &options.fit, progress)?;
    let mut model = LoadModel {
        net: fitted.net,
        spread: BTreeMap::new(),
        spread_all: 0.0,
        spread_other: 0.0,
        shared: 0.0,
        utc_offset_h: options.utc_offset_h,
    };
    scatter(&mut model, hourly, spread_from);
    let all = evaluate(&model, hourly, hourly.districts.len(), spread_from);
    Ok(LoadTrained { model, quality: LoadQuality { epochs: fitted.epochs, rows: learn.len(), all } })
}

/// Rows to learn from and to stop by. All districts together always give one, and as many districts as keep within bounds, drawn
/// anew each hour.
fn rows(hourly: &Hourly, options: &LoadOptions, begin: usize, stop_from: usize, end: usize) -> (Rows, Rows) {
    let mut random = Random::new(options.fit.seed);
    let mut live = LoadLive::new(&hourly.districts, options.utc_offset_h);
    let (mut learn, mut hold) = (Rows::new(WIDTH, 1), Rows::new(WIDTH, 1));
    let all = hourly.districts.len();
    let each = (ROWS_MAX / 4 / end.max(1)).clamp(1, 12);
    let mut counts = vec![0; all];
    for hour in 0..end {
        for (count, series) in counts.iter_mut().zip(&hourly.counts) {
            *count = series[hour];
        }
        live.observe(hourly.first_hour + i64::try_from(hour).unwrap_or(0), &counts);
        if hour < begin {
            continue;
        }
        for draw in 0..each {
            let district = if draw % 3 == 0 { all } else { random.below(all.max(1)) };
            let ahead = 1 + random.below(AHEAD_H_MAX);
            let at = hour + ahead;
            let (rows, before) = if hour < stop_from { (&mut learn, stop_from) } else { (&mut hold, end) };
            if at >= before {
                continue;
            }
            let log_usual = live.write(district, ahead);
            rows.inputs.extend_from_slice(live.inputs());
            rows.offsets.push(log_usual);
            rows.targets.push(hourly.counts[district][at] as f32);
        }
    }
    (learn, hold)
}

/// How much counts scatter around what is expected (moments of the negative binomial distribution), by district, and how much of it
/// the hours of a day have in common.
fn scatter(model: &mut LoadModel, hourly: &Hourly, from: usize) {
    let all = hourly.districts.len();
    let mut live = LoadLive::new(&hourly.districts, model.utc_offset_h);
    let mut counts = vec![0; all];
    let mut beyond = vec![(0.0f64, 0.0f64, 0.0f64); all + 1];
    let (mut day_beyond, mut day_own, mut day_common) = (0.0f64, 0.0f64, 0.0f64);
    for hour in 0..hourly.hours() {
        for (count, series) in counts.iter_mut().zip(&hourly.counts) {
            *count = series[hour];
        }
        live.observe(hourly.first_hour + i64::try_from(hour).unwrap_or(0), &counts);
        if hour < from {
            continue;
        }
        for (district, sums) in beyond.iter_mut().enumerate() {
            // Six hours ahead stands for the day.
            let (Some(forecast), Some(truth)) =
                (live.forecast(model, district, 6), hourly.counts[district].get(hour + 6))
            else {
                continue;
            };
            let (mean, truth) = (f64::from(forecast.mean), f64::from(*truth));
            sums.0 += (truth - mean) * (truth - mean) - mean;
            sums.1 += mean * mean;
            sums.2 += mean;
        }
        if hour % 24 == 0 && hour + AHEAD_H_MAX < hourly.hours() {
            let day = live.day(model, all);
            let mean: f64 = day.iter().map(|hour| f64::from(hour.mean)).sum();
            let truth: f64 = (1..=AHEAD_H_MAX).map(|ahead| f64::from(hourly.counts[all][hour + ahead])).sum();
            day_beyond += (truth - mean) * (truth - mean) - mean;
            day_own += day.iter().map(|hour| f64::from(hour.mean).powi(2)).sum::<f64>();
            day_common += mean * mean;
        }
    }
    let bounded = |spread: f64| super::super::narrow(spread.clamp(0.0, SPREAD_MAX));
    let together = beyond[..all].iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    let other = (together.0 / together.1.max(1e-9)).max(0.0);
    model.spread_other = bounded(other);
    model.spread_all = bounded(beyond[all].0 / beyond[all].1.max(1e-9));
    for (name, (square, weight, expected)) in hourly.districts.iter().zip(&beyond) {
        let own = (square / weight.max(1e-9)).max(0.0);
        let share = expected / (expected + SPREAD_PRIOR);
        model.spread.insert(name.clone(), bounded(own * share + other * (1.0 - share)));
    }
    // Between own·spread and common·spread lies what the days showed.
    let spread = f64::from(model.spread_all);
    let (low, high) = (day_own * spread, day_common * spread);
    model.shared =
        if high > low { super::super::narrow(((day_beyond - low) / (high - low)).clamp(0.0, 1.0)) } else { 0.0 };
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Three districts with a day and a week, and every tenth day half as busy again.
    pub(in super::super) fn made(weeks: usize, seed: u64) -> Hourly {
        let mut random = Random::new(seed);
        let mut counts = vec![Vec::new(); 4];
        for hour in 0..weeks * WEEK_H {
            let busy = if (hour / 24) % 10 == 0 { 1.6 } else { 1.0 };
            let day = 1.0 + 0.7 * (hour as f32 / 24.0 * std::f32::consts::TAU).sin();
            let mut sum = 0;
            for (district, level) in [6.0, 2.0, 0.4].into_iter().enumerate() {
                let mean = level * day * busy;
                let count = crate::forecast::load::CountForecast { mean, spread: 0.0 }.quantiles(&[random.unit()])[0];
                counts[district].push(count);
                sum += count;
            }
            counts[3].push(sum);
        }
        Hourly { first_hour: 400_000, districts: ["a", "b", "c"].map(str::to_owned).to_vec(), counts }
    }

    #[test]
    fn beats_its_peers_and_covers() {
        let hourly = made(26, 1);
        let split = hourly.hours() * 7 / 10;
        let options = LoadOptions {
            fit: FitOptions { epochs_max: 12, hidden: 8, rate: 5e-3, ..LoadOptions::default().fit },
            ..LoadOptions::default()
        };
        let trained = train(&hourly.until(split), &options, &mut |_| ()).unwrap();
        trained.model.check().unwrap();
        for horizon in evaluate(&trained.model, &hourly, 3, split) {
            assert!(horizon.ratio() < 0.85, "{horizon:?}");
            assert!((0.86..=0.98).contains(&horizon.covered), "{horizon:?}");
        }
        let text = serde_json::to_string(&trained.model).unwrap();
        assert_eq!(serde_json::from_str::<LoadModel>(&text).unwrap(), trained.model);
    }

    #[test]
    fn a_short_history_is_refused() {
        let error = train(&made(3, 1), &LoadOptions::default(), &mut |_| ()).unwrap_err();
        assert!(error.to_string().contains("longer history"), "{error}");
    }
}
