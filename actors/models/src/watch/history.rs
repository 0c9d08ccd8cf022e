//! What was measured of one series in the last months, and learning from it.

use std::collections::BTreeMap;

use thiserror::Error;

use super::UTC_OFFSET_H;
use crate::forecast::{
    Forecast, Gather, HOUR_MS, Live, Model, Observed, Options, Plan, SeriesKind, Table, TrainError, train,
};

/// Series of one group that are forecast. One beyond it is not.
pub const COURSES_PER_GROUP_MAX: usize = 64;
/// Steps kept of one history, the newest: half a year of hours.
pub const HISTORY_STEPS_MAX: usize = 26 * 7 * 24;
/// Measured steps that something is learnt from, at least: four weeks of hours.
pub const STEPS_LEAST: usize = 4 * 7 * 24;
/// Steps beyond its reach that a course is warmed with, so that its intervals follow the last week.
const WARM_STEPS: usize = 7 * 24;

/// Readings of one step, gathered as their kind wants it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    newest_ms: i64,
    last: f64,
    sum: f64,
    count: f64,
}

impl Bucket {
    pub(super) fn new(at_ms: i64, value: f64) -> Self {
        Self { newest_ms: at_ms, last: value, sum: value, count: 1.0 }
    }

    pub(super) fn take(&mut self, at_ms: i64, value: f64) {
        if at_ms >= self.newest_ms {
            (self.newest_ms, self.last) = (at_ms, value);
        }
        self.sum += value;
        self.count += 1.0;
    }

    /// A level is what was read last; anything else its mean, so that the step reads in the unit of the limit.
    pub(super) fn value(&self, kind: SeriesKind) -> f32 {
        crate::forecast::narrow(match gather(kind) {
            Gather::Last => self.last,
            Gather::Mean | Gather::Sum => self.sum / self.count,
        })
    }
}

fn gather(kind: SeriesKind) -> Gather {
    if kind == SeriesKind::River { Gather::Last } else { Gather::Mean }
}

/// The step that a time falls in.
pub(super) fn step_of(at_ms: i64) -> i64 {
    at_ms.div_euclid(HOUR_MS)
}

/// The hours of one series.
#[derive(Clone, Debug)]
pub struct History {
    kind: SeriesKind,
    steps: BTreeMap<i64, Bucket>,
}

impl History {
    /// An empty one.
    #[must_use]
    pub fn new(kind: SeriesKind) -> Self {
        Self { kind, steps: BTreeMap::new() }
    }

    /// Takes a reading, in any order. What is no number is left out; at [`HISTORY_STEPS_MAX`] the oldest step leaves.
    pub fn take(&mut self, at_ms: i64, value: f64) {
        if !value.is_finite() {
            return;
        }
        self.steps
            .entry(step_of(at_ms))
            .and_modify(|bucket| bucket.take(at_ms, value))
            .or_insert_with(|| Bucket::new(at_ms, value));
        if self.steps.len() > HISTORY_STEPS_MAX {
            self.steps.pop_first();
        }
    }

    /// Steps in which something was measured.
    #[must_use]
    pub fn len(&self) -> usize {
        self.steps.len()
    }

    /// Nothing was measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// On a regular grid, from the first to the last step; a hole longer than the whole bound cuts what lies before it.
    fn table(&self) -> Option<Table> {
        let last = *self.steps.last_key_value()?.0;
        let earliest = last - i64::try_from(HISTORY_STEPS_MAX).ok()? + 1;
        let first = *self.steps.range(earliest..).next()?.0;
        let value = |step| self.steps.get(&step).map_or(f32::NAN, |bucket| bucket.value(self.kind));
        let channel = (first..=last).map(value).collect();
        Some(Table { first_at_ms: first * HOUR_MS, step_ms: HOUR_MS, channels: vec![channel] })
    }
}

/// Why nothing is learnt.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum LearnError {
    /// Too little is known.
    #[error("{found} hours were measured, {STEPS_LEAST} are needed; it is learnt when there are as many")]
    Short {
        /// How many hours.
        found: usize,
    },
    /// It forecasts no better than that all stays as it is or repeats.
    #[error("its loss is {ratio:.3} of that of the best simple peer; limits and rates go on without it")]
    NoBetter {
        /// Loss over the best peer's, over all times ahead.
        ratio: f32,
    },
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
}

/// What was learnt of a series, and its past up to the newest step.
#[derive(Clone, Debug)]
pub struct Learnt {
    pub(super) model: Model,
    pub(super) live: Live,
    /// What it says after the newest step of the history.
    pub(super) said: Option<Forecast>,
    /// Loss over the best simple peer's on what it did not learn from, over all times ahead; below 1 is better.
    pub ratio: f32,
}

/// Learns a forecaster of a series from its history, and goes through the newest part of it.
///
/// # Errors
/// [`LearnError`]; the caller goes on without a forecast of this series.
pub fn learn(history: &History, options: &Options) -> Result<Learnt, LearnError> {
    let found = history.len();
    let table = history.table().filter(|_| found >= STEPS_LEAST).ok_or(LearnError::Short { found })?;
    let plan = Plan::hourly(history.kind, 0, UTC_OFFSET_H * HOUR_MS);
    let trained = train(&table, &plan, options, &mut |_| ())?;
    let horizons = &trained.quality.horizons;
    // Of the sums: at a time ahead at which a peer happens to be all but perfect, a ratio of its own says little.
    let (own, peer) = horizons.iter().fold((0.0, 0.0), |sums, it| (sums.0 + it.pinball, sums.1 + it.best_peer()));
    let ratio: f32 = own / peer;
    if ratio.is_nan() || ratio >= 1.0 {
        return Err(LearnError::NoBetter { ratio });
    }
    let (live, said) = warmed(&trained.model, &table);
    Ok(Learnt { model: trained.model, live, said, ratio })
}

impl Learnt {
    /// The same, with the past of another history: what was learnt of the series some time ago still holds.
    #[must_use]
    pub fn warmed_with(&self, history: &History) -> Self {
        let warm = history.table().map(|table| warmed(&self.model, &table));
        let (live, said) = warm.unwrap_or_else(|| (Live::new(&self.model, true), None));
        Self { model: self.model.clone(), live, said, ratio: self.ratio }
    }
}

fn warmed(model: &Model, table: &Table) -> (Live, Option<Forecast>) {
    let mut live = Live::new(model, true);
    let mut said = None;
    let from = table.rows().saturating_sub(model.plan.reach() + WARM_STEPS);
    for row in from..table.rows() {
        said = match live.observe(model, table.at_ms(row), table.channels[0][row], &[]) {
            Observed::Forecast(forecast) => Some(forecast),
            Observed::Waiting | Observed::Late => None,
        };
    }
    (live, said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_is_a_grid_of_hours_with_holes_and_a_bound() {
        let mut history = History::new(SeriesKind::Air);
        for (at_ms, value) in [(0, 1.0), (1_800_000, 3.0), (2 * HOUR_MS, 7.0), (5, f64::NAN)] {
            history.take(at_ms, value);
        }
        let table = history.table().unwrap();
        assert_eq!((table.rows(), table.channels[0][0], table.channels[0][2]), (3, 2.0, 7.0));
        assert!(table.channels[0][1].is_nan());
        let mut river = History::new(SeriesKind::River);
        river.take(1_800_000, 3.0);
        river.take(0, 1.0);
        assert_eq!(river.table().unwrap().channels[0], [3.0], "a level is what was read last, however it came");
        for hour in 0..i64::try_from(HISTORY_STEPS_MAX).unwrap() + 10 {
            river.take(hour * HOUR_MS, 1.0);
        }
        assert_eq!(river.len(), HISTORY_STEPS_MAX);
    }

    #[test]
    fn a_short_history_and_one_that_cannot_be_foreseen_teach_nothing() {
        let mut history = History::new(SeriesKind::River);
        for hour in 0..100 {
            history.take(hour * HOUR_MS, 1.0);
        }
        assert_eq!(learn(&history, &Options::default()).unwrap_err(), LearnError::Short { found: 100 });
        // A hole of years leaves too little behind it.
        history.take(100_000 * HOUR_MS, 1.0);
        assert!(history.table().unwrap().rows() == 1);
    }
}
