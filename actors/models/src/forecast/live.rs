//! One series as it goes on: constant memory, no look ahead.

use super::{
    feature::Window,
    model::{Forecast, Model, Room},
    plan::QUANTILES,
};

/// Steps without a reading of the series after which there is no forecast: what it would start from is too old.
pub const GAP_STEPS_MAX: usize = 6;
/// A quantile is moved by at most this many deviations of the change it is about: a fault must not move it for good.
const SHIFT_MAX: f32 = 4.0;

/// What became of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Observed {
    /// Here is what comes.
    Forecast(Forecast),
    /// Too little is known yet, or the series has been silent for more than [`GAP_STEPS_MAX`] steps.
    Waiting,
    /// Not newer than what is known; nothing changed.
    Late,
}

/// The past that one series' forecasts need, and how its intervals have fared.
#[derive(Clone, Debug)]
pub struct Live {
    channels: usize,
    reach: usize,
    /// `reach × channels`, a ring of steps.
    ring: Vec<f32>,
    head: usize,
    known_steps: usize,
    /// Channels that have been read at all.
    seen: Vec<bool>,
    /// Steps since the series itself was read.
    silent_steps: usize,
    at_ms: i64,
    step_ms: i64,
    track: bool,
    shift: Vec<[f32; QUANTILES.len()]>,
    /// For each horizon a ring of its forecasts that wait for the truth.
    pending: Vec<Vec<[f32; QUANTILES.len()]>>,
    pending_at: Vec<usize>,
    room: Room,
}

impl Window for Live {
    fn at(&self, channel: usize, lag: usize) -> f32 {
        let slot = (self.head + self.reach - lag) % self.reach;
        self.ring[slot * self.channels + channel]
    }

    fn at_ms(&self) -> i64 {
        self.at_ms
    }
}

impl Live {
    /// Starts knowing nothing. With `track`, each truth moves the quantiles of its horizon a little, so that as much goes on lying below
    /// each as it claims when the series changes (online quantile tracking: Gibbs and Candès 2021; Angelopoulos, Candès, Tibshirani 2023).
    #[must_use]
    pub fn new(model: &Model, track: bool) -> Self {
        let channels = 1 + model.plan.covariates;
        let reach = model.plan.reach();
        Self {
            channels,
            reach,
            ring: vec![0.0; reach * channels],
            head: 0,
            known_steps: 0,
            seen: vec![false; channels],
            silent_steps: usize::MAX,
            at_ms: i64::MIN,
            step_ms: model.plan.step_ms,
            track,
            shift: model.shift.clone(),
            pending: model.plan.horizons.iter().map(|ahead| vec![[f32::NAN; QUANTILES.len()]; *ahead]).collect(),
            pending_at: vec![0; model.plan.horizons.len()],
            room: Room::default(),
        }
    }

    /// Takes a finished step: its time (a multiple of the plan's step), the series, the covariates. What is not finite was not
    /// measured, and stands at what was. Steps left out count as not measured. Past and answer are for one and the same model.
    pub fn observe(&mut self, model: &Model, at_ms: i64, series: f32, covariates: &[f32]) -> Observed {
        if self.known_steps > 0 {
            if at_ms <= self.at_ms {
                return Observed::Late;
            }
            let missed = usize::try_from((at_ms - self.at_ms) / self.step_ms - 1).unwrap_or(0);
            // More than the ring holds changes nothing more.
            for _ in 0..missed.min(self.reach + model.plan.horizons.last().copied().unwrap_or(0)) {
                self.push(f32::NAN, &[]);
                self.settle_pending(model, f32::NAN);
                self.forget_pending();
            }
        }
        self.at_ms = at_ms;
        self.push(series, covariates);
        self.settle_pending(model, series);
        if self.known_steps < self.reach || self.silent_steps > GAP_STEPS_MAX {
            self.forget_pending();
            return Observed::Waiting;
        }
        let mut room = std::mem::take(&mut self.room);
        let forecast = model.answer(self, &self.shift, &mut room);
        self.room = room;
        for ((ring, at), step) in self.pending.iter_mut().zip(&mut self.pending_at).zip(&forecast.steps) {
            ring[*at] = step.quantiles;
            *at = (*at + 1) % ring.len();
        }
        Observed::Forecast(forecast)
    }

    /// Bytes that it holds, which do not grow.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let pending: usize = self.pending.iter().map(|ring| size_of_val(ring.as_slice())).sum();
        size_of::<Self>() + size_of_val(self.ring.as_slice()) + pending + size_of_val(self.shift.as_slice())
    }

    fn push(&mut self, series: f32, covariates: &[f32]) {
        let before = self.head;
        self.head = (self.head + 1) % self.reach;
        for channel in 0..self.channels {
            let value = if channel == 0 { Some(&series) } else { covariates.get(channel - 1) };
            let last = self.ring[before * self.channels + channel];
            let value = value.copied().filter(|value| value.is_finite());
            if let (Some(value), false) = (value, self.seen[channel]) {
                self.seen[channel] = true;
                // Before the first reading of a channel it is taken to have stood there.
                for slot in 0..self.reach {
                    self.ring[slot * self.channels + channel] = value;
                }
            }
            self.ring[self.head * self.channels + channel] = value.unwrap_or(last);
        }
        self.silent_steps = if series.is_finite() { 0 } else { self.silent_steps.saturating_add(1) };
        self.known_steps = self.known_steps.saturating_add(1);
    }

    /// The forecasts that were about this step meet the truth.
    fn settle_pending(&mut self, model: &Model, truth: f32) {
        if !self.track || !truth.is_finite() {
            return;
        }
        for (horizon, (ring, at)) in self.pending.iter().zip(&self.pending_at).enumerate() {
            let forecast = &ring[*at];
            if forecast[0].is_nan() {
                continue;
            }
            let shifts = self.shift[horizon].iter_mut().zip(QUANTILES);
            for ((shift, level), quantile) in shifts.zip(forecast) {
                let by = if truth > *quantile { level } else { level - 1.0 };
                *shift = (*shift + model.track[horizon] * by).clamp(-SHIFT_MAX, SHIFT_MAX);
            }
        }
    }

    /// A step without a forecast leaves none behind.
    fn forget_pending(&mut self) {
        for (ring, at) in self.pending.iter_mut().zip(&mut self.pending_at) {
            ring[*at] = [f32::NAN; QUANTILES.len()];
            *at = (*at + 1) % ring.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            feature,
            net::Net,
            plan::{Plan, SeriesKind},
        },
        *,
    };

    /// Says for every horizon: as now, give or take one unit at the outer ends.
    fn persistent() -> Model {
        let plan = Plan { horizons: vec![1, 3], ..Plan::hourly(SeriesKind::River, 1, 0) };
        let inputs = feature::width(&plan);
        let net = Net {
            inputs,
            hidden: 0,
            outputs: 10,
            mean: vec![0.0; inputs],
            deviation: vec![1.0; inputs],
            skip: vec![0.0; inputs * 10],
            bias: vec![-1.0, -0.5, 0.0, 0.5, 1.0, -1.0, -0.5, 0.0, 0.5, 1.0],
            first: Vec::new(),
            first_bias: Vec::new(),
            second: Vec::new(),
        };
        let model =
            Model { plan, net, base: vec![0, 0], scale: vec![1.0, 2.0], shift: vec![[0.0; 5]; 2], track: vec![0.1; 2] };
        model.check().unwrap();
        model
    }

    fn hour(at: i64) -> i64 {
        at * super::super::HOUR_MS
    }

    fn run(live: &mut Live, model: &Model, hours: std::ops::Range<i64>, value: f32) -> Observed {
        let mut last = Observed::Waiting;
        for at in hours {
            last = live.observe(model, hour(at), value, &[0.0]);
        }
        last
    }

    #[test]
    fn speaks_once_it_knows_enough_and_falls_silent_after_a_gap() {
        let model = persistent();
        let reach = i64::try_from(model.plan.reach()).unwrap();
        let mut live = Live::new(&model, false);
        assert_eq!(run(&mut live, &model, 0..reach - 1, 5.0), Observed::Waiting);
        let Observed::Forecast(forecast) = run(&mut live, &model, reach - 1..reach, 6.0) else { panic!("waits") };
        assert_eq!(forecast.now, 6.0);
        assert_eq!(forecast.steps[1].quantiles, [4.0, 5.0, 6.0, 7.0, 8.0]);
        assert_eq!(live.observe(&model, hour(reach - 1), 9.0, &[0.0]), Observed::Late);
        // Two steps missing: it goes on from what it knows; more than the bound: not.
        assert!(matches!(live.observe(&model, hour(reach + 2), f32::NAN, &[0.0]), Observed::Forecast(_)));
        assert_eq!(live.observe(&model, hour(reach + 9), f32::NAN, &[0.0]), Observed::Waiting);
        assert!(matches!(live.observe(&model, hour(reach + 10), 6.0, &[0.0]), Observed::Forecast(_)));
    }

    #[test]
    fn tracking_narrows_what_always_covers_and_widens_what_misses() {
        let model = persistent();
        let mut live = Live::new(&model, true);
        let Observed::Forecast(calm) = run(&mut live, &model, 0..200, 5.0) else { panic!("waits") };
        assert!(calm.steps[0].quantiles[4] < 6.0, "{calm:?}");
        let mut last = None;
        for at in 200..400 {
            let value = if at % 2 == 0 { 15.0 } else { 5.0 };
            last = Some(live.observe(&model, hour(at), value, &[0.0]));
        }
        let Some(Observed::Forecast(wild)) = last else { panic!("waits") };
        assert!(wild.steps[0].quantiles[4] - wild.now > 1.5, "{wild:?}");
        let mut still = Live::new(&model, false);
        let Observed::Forecast(still) = run(&mut still, &model, 0..200, 5.0) else { panic!("waits") };
        assert_eq!(still.steps[0].quantiles[4], 6.0);
    }

    #[test]
    fn memory_does_not_grow() {
        let model = persistent();
        let mut live = Live::new(&model, true);
        run(&mut live, &model, 0..100, 1.0);
        let bytes = live.bytes();
        run(&mut live, &model, 100..5000, 1.0);
        assert_eq!(live.bytes(), bytes);
    }

    proptest! {
        #[test]
        fn whatever_comes_in_quantiles_rise(
            steps in proptest::collection::vec((1i64..200, proptest::num::f32::ANY, proptest::num::f32::ANY), 1..150)
        ) {
            let model = persistent();
            let mut live = Live::new(&model, true);
            let mut at = 0;
            for (gap, series, rain) in steps {
                at += if gap > 190 { gap } else { 1 };
                if let Observed::Forecast(forecast) = live.observe(&model, hour(at), series, &[rain]) {
                    for step in forecast.steps {
                        prop_assert!(step.quantiles.windows(2).all(|pair| pair[0] <= pair[1]), "{step:?}");
                    }
                }
            }
        }
    }
}
