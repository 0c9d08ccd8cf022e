//! Learns a forecaster from a series' own history.
//!
//! The history is cut by time, the oldest first: rows to learn from, rows to stop by, rows that set how wide the intervals are
//! (conformalised quantile regression: Romano, Patterson, Candès 2019). No row learns from what lies after its part.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    evaluate::{HorizonQuality, evaluate},
    feature::{self, Window},
    fit::{Epoch, FitError, FitOptions, Loss, ROWS_MAX, Rows, fit},
    live::GAP_STEPS_MAX,
    model::{Model, settle},
    narrow,
    net::Scratch,
    plan::{INTERVALS, Plan, QUANTILES},
    quantile_of_sorted,
    table::Table,
};

/// How to train.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Options {
    /// How to fit.
    pub fit: FitOptions,
    /// Part of the rows to stop by.
    pub stop_part: f32,
    /// Part of the rows, the newest, that sets the intervals.
    pub interval_part: f32,
    /// A truth moves the quantiles by at most this many deviations of the intervals' scores.
    pub track_rate: f32,
}

impl Default for Options {
    fn default() -> Self {
        let fit = FitOptions { hidden: 48, rate: 1e-3, weight_decay: 2e-2, ..FitOptions::default() };
        Self { fit, stop_part: 0.1, interval_part: 0.13, track_rate: 0.03 }
    }
}

/// What was measured while training.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Quality {
    /// Every pass.
    pub epochs: Vec<Epoch>,
    /// Rows that it learned from.
    pub rows: usize,
    /// On the newest rows, which it did not learn from (the intervals' width stems from them): how it would have done, and its peers.
    pub horizons: Vec<HorizonQuality>,
}

/// A model and how good it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Trained {
    /// The model.
    pub model: Model,
    /// How good it is.
    pub quality: Quality,
}

/// Why there is no model.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TrainError {
    /// The plan is out of bounds.
    #[error("plan: {0}")]
    Plan(&'static str),
    /// The table is not what the plan says.
    #[error("the table has {found} covariates of step {found_step_ms} ms, the plan says {covariates} of {step_ms} ms")]
    Table {
        /// Covariates of the table.
        found: usize,
        /// Step of the table.
        found_step_ms: i64,
        /// Covariates of the plan.
        covariates: usize,
        /// Step of the plan.
        step_ms: i64,
    },
    /// `stop_part` and `interval_part` leave nothing.
    #[error("stop_part and interval_part must be above 0 and leave at least half to learn from")]
    Parts,
    /// No fit.
    #[error(transparent)]
    Fit(#[from] FitError),
}

/// The past as of one row of a filled table.
pub(super) struct TableWindow<'a> {
    pub(super) table: &'a Table,
    pub(super) row: usize,
}

impl Window for TableWindow<'_> {
    fn at(&self, channel: usize, lag: usize) -> f32 {
        self.table.channels[channel][self.row - lag]
    }

    fn at_ms(&self) -> i64 {
        self.table.at_ms(self.row)
    }
}

/// Learns a forecaster of channel 0 of the table; the other channels are its covariates.
///
/// # Errors
///
/// A plan out of bounds or unlike the table, too short a history, a loss that leaves the numbers.
pub fn train(
    table: &Table,
    plan: &Plan,
    options: &Options,
    progress: &mut dyn FnMut(&Epoch),
) -> Result<Trained, TrainError> {
    if let Some(fault) = plan.fault() {
        return Err(TrainError::Plan(fault));
    }
    let covariates = table.channels.len().saturating_sub(1);
    if covariates != plan.covariates || table.step_ms != plan.step_ms {
        return Err(TrainError::Table {
            found: covariates,
            found_step_ms: table.step_ms,
            covariates: plan.covariates,
            step_ms: plan.step_ms,
        });
    }
    let (stop, intervals) = (options.stop_part, options.interval_part);
    if !(stop > 0.0 && intervals > 0.0 && stop + intervals <= 0.5) {
        return Err(TrainError::Parts);
    }
    let end = table.rows();
    let begin = end.saturating_sub(ROWS_MAX).max(plan.reach());
    let part = |share: f32| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of the rows")]
        let rows = (end.saturating_sub(begin) as f32 * share) as usize;
        rows
    };
    let stop_from = end - part(stop + intervals).min(end);
    let intervals_from = end - part(intervals).min(end);
    let filled = table.filled();
    let (base, scale) = bases(table, plan, stop_from);
    let learn = rows(table, &filled, plan, (&base, &scale), begin..stop_from.max(begin));
    let hold = rows(table, &filled, plan, (&base, &scale), stop_from.max(begin)..intervals_from.max(begin));
    let fitted = fit(&learn, &hold, &Loss::Pinball(QUANTILES.to_vec()), &options.fit, progress)?;
    let horizons = plan.horizons.len();
    let mut model = Model {
        plan: plan.clone(),
        net: fitted.net,
        base,
        scale,
        shift: vec![[0.0; QUANTILES.len()]; horizons],
        track: vec![0.0; horizons],
    };
    let kept = rows(table, &filled, plan, (&model.base, &model.scale), intervals_from.max(begin)..end);
    conform(&mut model, &kept, options.track_rate);
    let quality = Quality {
        epochs: fitted.epochs,
        rows: learn.len(),
        horizons: evaluate(&model, table, intervals_from.max(begin), true),
    };
    Ok(Trained { model, quality })
}

/// What each horizon is told as a change from, and the deviation of that change, before the row `end`: of now and what repeats a
/// season later, whichever is nearer to what comes.
fn bases(table: &Table, plan: &Plan, end: usize) -> (Vec<usize>, Vec<f32>) {
    let series = &table.channels[0][..end];
    let deviation = |back: usize| {
        let changes = series.iter().zip(series.get(back..).unwrap_or_default());
        let (mut square, mut known) = (0.0f64, 0.0f64);
        for change in changes.map(|(from, to)| f64::from(to - from)).filter(|change| change.is_finite()) {
            square += change * change;
            known += 1.0;
        }
        // A series that never changes gets a scale that keeps the arithmetic finite.
        narrow((square / known.max(1.0)).sqrt()).max(1e-6)
    };
    let of_horizon = |ahead: &usize| {
        let seasons = plan.seasons.iter().filter(|season| *season >= ahead).map(|season| season - ahead);
        let bases = [0].into_iter().chain(seasons).map(|base| (base, deviation(base + ahead)));
        bases.min_by(|one, other| one.1.total_cmp(&other.1)).unwrap_or((0, 1.0))
    };
    plan.horizons.iter().map(of_horizon).unzip()
}

/// The rows whose newest step is in `span`, with what came within the span.
fn rows(
    table: &Table,
    filled: &Table,
    plan: &Plan,
    (base, scale): (&[usize], &[f32]),
    span: std::ops::Range<usize>,
) -> Rows {
    let mut rows = Rows::new(feature::width(plan), plan.horizons.len());
    let mut inputs = Vec::new();
    let series = &table.channels[0];
    for row in span.clone() {
        let fresh = series[row.saturating_sub(GAP_STEPS_MAX)..=row].iter().any(|value| value.is_finite());
        if !fresh {
            continue;
        }
        feature::write(plan, &TableWindow { table: filled, row }, &mut inputs);
        let targets = plan.horizons.iter().zip(base.iter().zip(scale)).map(|(ahead, (base, scale))| {
            let at = row + ahead;
            if at < span.end { (series[at] - filled.channels[0][row - base]) / scale } else { f32::NAN }
        });
        let before = rows.targets.len();
        rows.targets.extend(targets);
        if rows.targets[before..].iter().all(|target| !target.is_finite()) {
            rows.targets.truncate(before);
            continue;
        }
        rows.inputs.extend_from_slice(&inputs);
    }
    rows
}

/// Sets how much each interval is widened so that it covers what it claims on rows that were not learned from.
fn conform(model: &mut Model, kept: &Rows, track_rate: f32) {
    let horizons = model.plan.horizons.len();
    let mut scores = vec![[const { Vec::new() }; INTERVALS.len()]; horizons];
    let mut scratch = Scratch::default();
    for row in 0..kept.len() {
        model.net.answer(kept.input(row), &mut scratch);
        for (horizon, (out, truth)) in scratch.out.chunks_exact(QUANTILES.len()).zip(kept.target(row)).enumerate() {
            if !truth.is_finite() {
                continue;
            }
            let mut quantiles = [0.0; QUANTILES.len()];
            quantiles.copy_from_slice(out);
            settle(&mut quantiles, &[0.0; QUANTILES.len()]);
            for (interval, (low, high, _)) in INTERVALS.iter().enumerate() {
                scores[horizon][interval].push((quantiles[*low] - truth).max(truth - quantiles[*high]));
            }
        }
    }
    for (horizon, by_interval) in scores.iter_mut().enumerate() {
        for (interval, scores) in by_interval.iter_mut().enumerate() {
            scores.sort_unstable_by(f32::total_cmp);
            let of = scores.len() as f32;
            let (low, high, claimed) = INTERVALS[interval];
            let widen = quantile_of_sorted(scores, claimed * (of + 1.0) / of.max(1.0)).unwrap_or(0.0);
            model.shift[horizon][low] = -widen;
            model.shift[horizon][high] = widen;
            // The outermost interval's scores, of which the widest spread comes, say how fast to follow.
            let mean = scores.iter().sum::<f32>() / of.max(1.0);
            let variance = scores.iter().map(|score| (score - mean) * (score - mean)).sum::<f32>() / of.max(1.0);
            model.track[horizon] = model.track[horizon].max(track_rate * variance.sqrt());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{HOUR_MS, Live, Observed, plan::SeriesKind, random::Random},
        *,
    };

    /// A tide with rain on top of it that comes six hours after it fell.
    fn tide(hours: usize, seed: u64) -> Table {
        let mut random = Random::new(seed);
        let rain: Vec<f32> = (0..hours).map(|_| if random.chance(0.03) { random.unit() * 2.0 } else { 0.0 }).collect();
        let level = (0..hours)
            .map(|at| {
                let tide = (at as f32 * std::f32::consts::TAU / 12.42).sin();
                let fallen: f32 = rain[at.saturating_sub(12)..at.saturating_sub(5)].iter().sum();
                tide + fallen * 0.5 + random.normal() * 0.05
            })
            .collect();
        Table { first_at_ms: 0, step_ms: HOUR_MS, channels: vec![level, rain] }
    }

    fn plan() -> Plan {
        Plan {
            horizons: vec![3, 6],
            lags: (1..=13).collect(),
            covariate_lags: (0..12).collect(),
            covariate_means: vec![6],
            seasons: vec![24],
            ..Plan::hourly(SeriesKind::River, 1, 0)
        }
    }

    fn options() -> Options {
        let fit = FitOptions { epochs_max: 25, hidden: 8, rate: 5e-3, ..FitOptions::default() };
        Options { fit, ..Options::default() }
    }

    #[test]
    fn a_tide_is_learned_far_better_than_its_peers_say_it_and_intervals_cover() {
        let table = tide(4000, 1);
        let first: Vec<Vec<f32>> = table.channels.iter().map(|channel| channel[..2800].to_vec()).collect();
        let past = Table { channels: first, ..table.clone() };
        let mut passes = 0;
        let trained = train(&past, &plan(), &options(), &mut |_| passes += 1).unwrap();
        assert_eq!(passes, trained.quality.epochs.len());
        trained.model.check().unwrap();
        for quality in evaluate(&trained.model, &table, 2800, true) {
            assert!(quality.ratio() < 0.6, "{quality:?}");
            assert!((0.85..0.95).contains(&quality.covered[0]), "{quality:?}");
            assert!((0.42..0.58).contains(&quality.covered[1]), "{quality:?}");
        }
    }

    #[test]
    fn the_living_series_answers_as_the_rows_say() {
        let table = tide(1500, 2);
        let trained = train(&table, &plan(), &options(), &mut |_| ()).unwrap();
        let model = trained.model;
        let mut live = Live::new(&model, false);
        let mut answered = 0;
        for row in 0..400 {
            let seen = live.observe(&model, table.at_ms(row), table.channels[0][row], &[table.channels[1][row]]);
            if let Observed::Forecast(forecast) = seen {
                let mut room = super::super::model::Room::default();
                let other = model.answer(&TableWindow { table: &table, row }, &model.shift, &mut room);
                assert_eq!(forecast, other);
                answered += 1;
            }
        }
        assert!(answered > 300);
        let text = serde_json::to_string(&model).unwrap();
        assert_eq!(serde_json::from_str::<Model>(&text).unwrap(), model);
    }

    #[test]
    fn what_cannot_be_learned_from_is_refused() {
        let error = |table: &Table, plan: &Plan, options: &Options| {
            train(table, plan, options, &mut |_| ()).unwrap_err().to_string()
        };
        assert!(error(&tide(60, 1), &plan(), &options()).contains("longer history"));
        assert!(error(&tide(900, 1), &Plan { covariates: 2, ..plan() }, &options()).contains("covariates"));
        let greedy = Options { interval_part: 0.6, ..options() };
        assert!(error(&tide(900, 1), &plan(), &greedy).contains("interval_part"));
    }
}
