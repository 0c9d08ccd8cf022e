//! What a forecaster reads and how far it looks.

use serde::{Deserialize, Serialize};

/// The quantiles of every forecast.
pub const QUANTILES: [f32; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
/// The intervals that they make: lower quantile, upper quantile, and how much should lie between.
pub const INTERVALS: [(usize, usize, f32); 2] = [(0, 4, 0.9), (1, 3, 0.5)];
/// Times ahead that one model answers for, at most.
pub const HORIZONS_MAX: usize = 16;
/// A series and its covariates, at most.
pub const CHANNELS_MAX: usize = 24;
/// Steps that a model looks back or ahead, at most: a week of hours and a day.
pub const LAG_STEPS_MAX: usize = 192;

/// What is measured; decides what the past is looked at for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeriesKind {
    /// Water level: tide, rain and gates move it.
    River,
    /// Rainfall.
    Rain,
    /// Air quality.
    Air,
    /// Vehicles: the week repeats.
    Traffic,
}

/// What a forecaster reads and how far it looks. Steps are of the series' own grid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What is measured.
    pub kind: SeriesKind,
    /// Length of a step.
    pub step_ms: i64,
    /// Local time less UTC, for the hour of the day.
    pub utc_offset_ms: i64,
    /// Steps ahead, rising, at most `HORIZONS_MAX`.
    pub horizons: Vec<usize>,
    /// Steps back in the series itself, rising, from 1.
    pub lags: Vec<usize>,
    /// Steps back in each covariate, rising.
    pub covariate_lags: Vec<usize>,
    /// Means over so many steps of each covariate.
    pub covariate_means: Vec<usize>,
    /// Covariates beside the series.
    pub covariates: usize,
    /// It cannot read below zero.
    pub not_negative: bool,
    /// Periods after which it may repeat, in steps; the peers that it is measured against.
    pub seasons: Vec<usize>,
}

impl Plan {
    /// The plan for hourly data of a kind.
    #[must_use]
    pub fn hourly(kind: SeriesKind, covariates: usize, utc_offset_ms: i64) -> Self {
        let horizons = match kind {
            // A tide turns every six hours; what lies between the times ahead must not hide its crest.
            SeriesKind::River => vec![1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 21, 24],
            _ => vec![1, 2, 3, 4, 6, 8, 12, 18, 24],
        };
        let (mut lags, seasons): (Vec<usize>, _) = match kind {
            // A lunar day is 24.84 hours.
            SeriesKind::River => ((1..=30).chain([36, 37, 48, 49, 50, 72, 74, 75]).collect(), vec![24, 25]),
            SeriesKind::Rain => ((1..=12).chain([24, 48]).collect(), vec![24]),
            SeriesKind::Air => ((1..=26).chain([36, 48, 72]).collect(), vec![24, 168]),
            SeriesKind::Traffic => ((1..=26).chain([36, 47, 48]).collect(), vec![24, 168]),
        };
        if matches!(kind, SeriesKind::Air | SeriesKind::Traffic) {
            // The same hour of a week ago, as each horizon sees it.
            lags.extend(horizons.iter().map(|ahead| 168 - ahead));
            lags.push(168);
            lags.sort_unstable();
            lags.dedup();
        }
        Self {
            kind,
            step_ms: super::HOUR_MS,
            utc_offset_ms,
            horizons,
            lags,
            covariate_lags: vec![0, 1, 3, 6, 12],
            covariate_means: vec![6, 24, 72],
            covariates,
            not_negative: !matches!(kind, SeriesKind::River),
            seasons,
        }
    }

    /// Steps of the past that one answer reads, the newest included.
    #[must_use]
    pub fn reach(&self) -> usize {
        let back = self.lags.iter().chain(&self.covariate_lags).copied().max().unwrap_or(0) + 1;
        let means = self.covariate_means.iter().copied().max().unwrap_or(0);
        // A season back from the soonest time ahead.
        let season = self.seasons.iter().copied().max().unwrap_or(0);
        back.max(means).max(season).max(super::feature::RANGE_STEPS)
    }

    /// The field that is out of bounds, with what it may be.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        let rising = |steps: &[usize]| steps.windows(2).all(|pair| pair[0] < pair[1]);
        let within = |steps: &[usize]| steps.iter().all(|step| *step <= LAG_STEPS_MAX);
        if self.step_ms <= 0 {
            return Some("step_ms must be positive");
        }
        if self.horizons.is_empty() || self.horizons.len() > HORIZONS_MAX || self.horizons[0] == 0 {
            return Some("horizons must be 1 to 16, each at least one step");
        }
        if !rising(&self.horizons)
            || !rising(&self.lags)
            || !rising(&self.covariate_lags)
            || !rising(&self.covariate_means)
        {
            return Some("horizons, lags, covariate_lags and covariate_means must rise");
        }
        if !within(&self.horizons) || !within(&self.lags) || !within(&self.covariate_lags) {
            return Some("horizons and lags may be at most 192 steps");
        }
        if !within(&self.covariate_means) || self.covariate_means.contains(&0) {
            return Some("covariate_means must be 1 to 192 steps");
        }
        if self.covariates >= CHANNELS_MAX {
            return Some("covariates may be at most 23");
        }
        if self.seasons.is_empty() || self.seasons.contains(&0) || !within(&self.seasons) {
            return Some("seasons must be named, 1 to 192 steps each");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plans_of_every_kind_are_within_bounds() {
        for kind in [SeriesKind::River, SeriesKind::Rain, SeriesKind::Air, SeriesKind::Traffic] {
            let plan = Plan::hourly(kind, 5, 0);
            assert_eq!(plan.fault(), None, "{kind:?}");
            assert!(plan.reach() <= LAG_STEPS_MAX);
        }
        let mut plan = Plan::hourly(SeriesKind::River, 0, 0);
        plan.horizons = vec![3, 2];
        assert!(plan.fault().is_some());
    }
}
