//! What a forecaster reads, as numbers. One function for training and for the living series, so that they cannot differ.

use super::{HOUR_MS, narrow, plan::Plan, plan::SeriesKind};

/// Steps over which mean, highest and lowest are taken.
pub(super) const RANGE_STEPS: usize = 24;

/// Periods of the tide in hours: M2, S2, N2, K1, O1 (Schureman, Manual of Harmonic Analysis and Prediction of Tides, 1958).
const TIDES_H: [f64; 5] = [12.420_601_2, 12.0, 12.658_347_51, 23.934_472_13, 25.819_338_71];
/// Fractions of a day whose waves tell its hour.
const DAY_WAVES: [f64; 3] = [1.0, 2.0, 3.0];

/// The past of a series, as seen from its newest step.
pub(super) trait Window {
    /// What a channel read this many steps ago.
    fn at(&self, channel: usize, lag: usize) -> f32;
    /// Time of the newest step.
    fn at_ms(&self) -> i64;
}

/// How many numbers [`write`] gives.
pub(super) fn width(plan: &Plan) -> usize {
    let calendar = 2 * DAY_WAVES.len() + if plan.kind == SeriesKind::River { 2 * TIDES_H.len() } else { 7 };
    1 + plan.lags.len() + 3 + plan.covariates * (plan.covariate_lags.len() + plan.covariate_means.len()) + calendar
}

/// Writes what the plan asks for.
pub(super) fn write(plan: &Plan, window: &impl Window, out: &mut Vec<f32>) {
    out.clear();
    let now = window.at(0, 0);
    out.push(now);
    out.extend(plan.lags.iter().map(|lag| now - window.at(0, *lag)));
    let (mut sum, mut high, mut low) = (0.0, f32::NEG_INFINITY, f32::INFINITY);
    for lag in 0..RANGE_STEPS {
        let value = window.at(0, lag);
        sum += value;
        high = high.max(value);
        low = low.min(value);
    }
    out.extend([now - sum / RANGE_STEPS as f32, high - now, now - low]);
    for channel in 1..=plan.covariates {
        out.extend(plan.covariate_lags.iter().map(|lag| window.at(channel, *lag)));
        let (mut sum, mut done) = (0.0, 0);
        // The means nest: each goes on where the shorter one ended.
        for steps in &plan.covariate_means {
            for lag in done..*steps {
                sum += window.at(channel, lag);
            }
            done = done.max(*steps);
            out.push(sum / done as f32);
        }
    }
    calendar(plan, window.at_ms(), out);
}

fn wave(turns: f64, out: &mut Vec<f32>) {
    let angle = turns.fract() * std::f64::consts::TAU;
    out.extend([narrow(angle.sin()), narrow(angle.cos())]);
}

fn calendar(plan: &Plan, at_ms: i64, out: &mut Vec<f32>) {
    let local_ms = at_ms + plan.utc_offset_ms;
    let hours = at_ms as f64 / HOUR_MS as f64;
    let day = local_ms as f64 / (24 * HOUR_MS) as f64;
    for waves in DAY_WAVES {
        wave(day * waves, out);
    }
    if plan.kind == SeriesKind::River {
        for period in TIDES_H {
            wave(hours / period, out);
        }
    } else {
        let weekday = local_ms.div_euclid(24 * HOUR_MS).rem_euclid(7);
        out.extend((0..7).map(|of| if of == weekday { 1.0 } else { 0.0 }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ramp;

    impl Window for Ramp {
        fn at(&self, channel: usize, lag: usize) -> f32 {
            channel as f32 * 100.0 - lag as f32
        }

        fn at_ms(&self) -> i64 {
            6 * HOUR_MS
        }
    }

    #[test]
    fn every_plan_gets_as_many_numbers_as_it_says() {
        for kind in [SeriesKind::River, SeriesKind::Rain, SeriesKind::Air, SeriesKind::Traffic] {
            let plan = Plan::hourly(kind, 2, 0);
            let mut out = Vec::new();
            write(&plan, &Ramp, &mut out);
            assert_eq!(out.len(), width(&plan), "{kind:?}");
            assert_eq!(out[1], 1.0);
            assert!(out.iter().all(|value| value.is_finite()));
        }
    }

    #[test]
    fn means_nest_and_the_hour_is_local() {
        let plan = Plan {
            lags: vec![1],
            covariate_lags: vec![0],
            covariate_means: vec![3, 5],
            covariates: 1,
            ..Plan::hourly(SeriesKind::Traffic, 1, 0)
        };
        let mut out = Vec::new();
        write(&plan, &Ramp, &mut out);
        assert_eq!(&out[5..8], &[100.0, 99.0, 98.0]);
        // Six in the morning is a quarter of the day.
        assert!((out[8] - 1.0).abs() < 1e-6 && out[9].abs() < 1e-6);
        let evening = Plan { utc_offset_ms: 12 * HOUR_MS, ..plan };
        write(&evening, &Ramp, &mut out);
        assert!((out[8] + 1.0).abs() < 1e-6);
    }
}
