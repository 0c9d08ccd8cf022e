//! The detector of one series.

use serde::{Deserialize, Serialize};

use super::{
    habit::{Habit, HabitSettings},
    reason::{Score, View},
    season::Season,
    settings::{Settings, VIEWS},
    tail::{Tail, TailSettings},
};

/// Surprise above which a reading adds no more to the crowd of odd ones.
const CROWD_SURPRISE_MAX: f64 = 4.0;

/// A value counts as at most so much, so that no sum of values is infinite.
const VALUE_MAX: f64 = 1e100;
/// How much the state of one sensor takes at most, bytes.
pub const STATE_BYTES_MAX: usize = 2048;

/// Means over different spans of the same number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Means {
    short: f64,
    mid: f64,
    long: f64,
}

impl Means {
    fn learn(&mut self, number: f64, seen: f64, settings: &Settings) {
        let count = seen + 1.0;
        self.short += (number - self.short) / count.min(settings.short_readings);
        self.mid += (number - self.mid) / count.min(settings.mid_readings);
        self.long += (number - self.long) / count.min(settings.long_readings);
    }
}

/// What has been learnt of one series. Constant in size, and all that has to be stored to go on later.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    seen: u32,
    last_ms: i64,
    last: f64,
    mean: f64,
    value: Means,
    rest: Means,
    change: f64,
    crowd: f64,
    season: Season,
    tails: [Tail; VIEWS],
    habit: Habit,
}

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

    /// How unusual this reading is after all before it.
    pub fn observe(&mut self, at_ms: i64, value: f64) -> Score {
        if !value.is_finite() {
            return Score::NOTHING;
        }
        let value = value.clamp(-VALUE_MAX, VALUE_MAX);
        let settings = &self.settings;
        let state = &mut self.state;
        let seen = f64::from(state.seen);
        let first = state.seen == 0;
        let views = state.views(at_ms, value, first, settings);
        let tail_settings = TailSettings {
            level_readings: settings.level_readings,
            clip: settings.clip,
            memory_readings: settings.memory_readings,
            beyond: settings.beyond,
            prior: settings.prior,
            tail_share: settings.tail_share,
        };
        let warm = state.seen >= settings.warm_readings;
        let (mut blended, mut strongest, mut view) = (0.0, 0.0, View::High);
        for (((tail, number), weight), name) in state.tails.iter_mut().zip(views).zip(settings.weights).zip(View::ALL) {
            if weight <= 0.0 {
                continue;
            }
            let surprise = tail.surprise(number, seen, &tail_settings) * weight;
            if surprise > 0.0 {
                blended += surprise.powf(settings.blend);
                if surprise > strongest {
                    (strongest, view) = (surprise, name);
                }
            }
        }
        let surprise = if warm { blended.powf(settings.blend.recip()) } else { 0.0 };
        state.crowd += (surprise.min(CROWD_SURPRISE_MAX) - state.crowd) / (seen + 1.0).min(settings.mid_readings);
        state.seen = state.seen.saturating_add(1);
        if !warm {
            return Score::NOTHING;
        }
        let habit_settings = HabitSettings {
            surprise_max: settings.surprise_max,
            hold_readings: settings.hold_readings,
            weight: settings.habit,
            half_life_readings: settings.habit_half_life_readings,
            age_weight: settings.age,
        };
        let left = state.habit.left(surprise, seen, &habit_settings);
        Score { score: left / (left + settings.half_score), reason: (left > 0.0).then(|| view.reason()) }
    }
}

impl State {
    /// Takes the reading into the means, and tells how it looks in each view.
    fn views(&mut self, at_ms: i64, value: f64, first: bool, settings: &Settings) -> [f64; VIEWS] {
        let seen = f64::from(self.seen);
        let gap_ms = if first { 0 } else { at_ms.saturating_sub(self.last_ms).max(0) };
        let change = if first { 0.0 } else { value - self.last };
        let jump = if first { 0.0 } else { value - self.value.short };
        self.mean += (value - self.mean) / (seen + 1.0).min(settings.level_readings);
        let rest = value - self.season.usual(at_ms).unwrap_or(self.mean);
        self.season.learn(at_ms, value, settings.season_readings);
        self.value.learn(value, seen, settings);
        self.rest.learn(rest, seen, settings);
        self.change += (change.abs() - self.change) / (seen + 1.0).min(settings.mid_readings);
        self.last = value;
        self.last_ms = if first { at_ms } else { self.last_ms.max(at_ms) };
        [
            value,
            -value,
            jump,
            -jump,
            self.value.mid,
            -self.value.mid,
            self.value.long,
            -self.value.long,
            rest,
            -rest,
            self.rest.short,
            -self.rest.short,
            self.rest.mid,
            -self.rest.mid,
            self.change,
            -self.change,
            gap_ms as f64,
            self.crowd,
        ]
    }
}
