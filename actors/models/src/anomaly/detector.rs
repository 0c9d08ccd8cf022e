//! The detector of one series.

use serde::{Deserialize, Serialize};

use super::{
    habit::{Habit, HabitSettings},
    pattern::Pattern,
    reason::{Score, VIEWS, View},
    record::Range,
    season::Season,
    settings::Settings,
    tail::{Tail, TailSettings},
};

/// How much the state of one sensor takes at most, bytes.
pub const STATE_BYTES_MAX: usize = 2048;
/// A value counts as at most so much, so that no sum of values is infinite, not even in single precision.
const VALUE_MAX: f64 = 1e30;
/// What lies farther outside a range than so many ranges counts as so far: a range may be as good as nothing.
const BEYOND_MAX: f64 = 1e6;
/// Milliseconds in a minute.
const MINUTE_MS: i64 = 60_000;
/// Orders of surprise up to which a view has nothing to add.
const SURPRISE_MIN: f64 = 0.5;
/// Orders of surprise that at least one view must see before anything is a finding.
const FINDING_MIN: f64 = 1.0;
/// A spike also begins a drift, so what is a mean over readings is named as the reason only when it surprises that much more.
const MEAN_CLARITY: f64 = 0.7;
/// The mean that a step is measured from goes over so many readings.
const SHORT_READINGS: f64 = 6.0;

/// What has been learnt of one series. Constant in size, and all that has to be stored to go on later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    seen: u32,
    last_ms: i64,
    mean: f64,
    short: f64,
    drift: f64,
    day: f64,
    rarity: f64,
    step: f64,
    season: Season,
    range: Range,
    drift_range: Range,
    pattern: Pattern,
    tails: [Tail; VIEWS],
    habit: Habit,
}

/// How a reading looks in each view, and on which side of the usual.
type Seen = [(View, f64, bool); VIEWS];

/// Finds what is unusual in one series, reading by reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Detector {
    settings: Settings,
    state: State,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(settings: Settings) -> Self {
        Self { settings, state: State::default() }
    }

    /// How unusual this reading is after all before it. What is no number says nothing and changes nothing.
    pub fn observe(&mut self, at_ms: i64, value: f64) -> Score {
        self.state.observe(&self.settings, at_ms, value)
    }
}

impl State {
    /// As [`Detector::observe`], for who keeps many states under one set of settings.
    pub fn observe(&mut self, settings: &Settings, at_ms: i64, value: f64) -> Score {
        if !value.is_finite() {
            return Score::NOTHING;
        }
        let views = self.views(at_ms, value.clamp(-VALUE_MAX, VALUE_MAX), settings);
        let tail_settings = TailSettings {
            level_readings: settings.level_readings,
            clip: settings.clip,
            tail_share: settings.tail_share,
            tail_slope: settings.tail_slope,
            tail_prior: settings.tail_prior,
        };
        let before = self.seen;
        let (mut sum, mut strongest, mut clearest, mut reason) = (0.0, 0.0_f64, 0.0, None);
        for ((tail, weight), (view, number, up)) in self.tails.iter_mut().zip(settings.weights).zip(views) {
            let surprise = tail.surprise(number, f64::from(before), &tail_settings) * weight;
            if surprise > SURPRISE_MIN {
                sum += surprise.powf(settings.blend);
                strongest = strongest.max(surprise);
                let clear = if matches!(view, View::Drift | View::Day) { surprise * MEAN_CLARITY } else { surprise };
                if clear > clearest {
                    (clearest, reason) = (clear, Some(view.reason(up)));
                }
            }
        }
        self.seen = self.seen.saturating_add(1);
        if before < settings.warm_readings {
            return Score::NOTHING;
        }
        let surprise = if strongest > FINDING_MIN { sum.powf(settings.blend.recip()) } else { 0.0 };
        let habit_settings = HabitSettings {
            hold_readings: settings.hold_readings,
            weight: settings.habit,
            half_life_readings: settings.habit_half_life_readings,
            age_weight: settings.age,
        };
        let left = self.habit.left(surprise, before, &habit_settings);
        if left > 0.0 { Score { score: left / (left + settings.half_score), reason } } else { Score::NOTHING }
    }

    /// Takes the reading into the means, and tells how it looks in each view.
    fn views(&mut self, at_ms: i64, value: f64, settings: &Settings) -> Seen {
        let seen = f64::from(self.seen);
        let first = self.seen == 0;
        let share = |readings: f64| 1.0 / (seen + 1.0).min(readings);

        let gap_ms = if first { 0 } else { at_ms.saturating_sub(self.last_ms).max(0) };
        self.last_ms = if first { at_ms } else { self.last_ms.max(at_ms) };
        let step = if first { 0.0 } else { (value - self.short).abs() };
        self.short += (value - self.short) * share(SHORT_READINGS);
        self.step += (step - self.step) * share(settings.still_readings);
        self.mean += (value - self.mean) * share(settings.level_readings);
        let rarity = self.pattern.rarity(value, seen, settings.pattern_level_readings);
        self.rarity += (rarity - self.rarity) * share(settings.pattern_readings);
        let local_ms = at_ms.saturating_add(i64::from(settings.utc_offset_minutes) * MINUTE_MS);
        let rest = self.season.rest(local_ms, value, self.mean, seen, settings.season_readings);
        self.day += (rest.kind_spreads - self.day) * share(settings.day_readings);
        self.drift += (rest.apart - self.drift) * share(settings.drift_readings);
        let drift = self.drift_range.beyond(self.drift, seen, settings.drift_range_readings);
        let record = self.range.beyond(value, seen, settings.range_readings);

        let clear = |beyond: f64| (beyond.abs() - settings.record_min).clamp(0.0, BEYOND_MAX);
        let away = value - self.mean;
        [
            (View::Away, away.abs(), away > 0.0),
            (View::Drift, clear(drift), drift > 0.0),
            (View::Record, clear(record), record > 0.0),
            (View::Pattern, self.rarity, away > 0.0),
            (View::Still, -self.step, away > 0.0),
            (View::Low, -value, false),
            (View::Hour, rest.spreads.abs(), rest.apart > 0.0),
            (View::Gap, gap_ms as f64, true),
            (View::Day, self.day.abs(), self.day > 0.0),
        ]
    }
}
