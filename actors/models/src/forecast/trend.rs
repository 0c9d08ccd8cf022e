//! "Will pass level 2 in about 3 h (2 to 5 h), probability 0.8": a forecast against a sensor's alarm levels, and when to say so.

use serde::{Deserialize, Serialize};

use super::model::{Forecast, Step};

/// Alarm levels of one sensor that are watched, at most.
pub const LEVELS_MAX: usize = 8;
/// A passing is said from this probability on.
pub const SAY_FROM: f32 = 0.5;
/// A passing that was said is taken back below this probability. Between the two what was said stands, so it does not flicker.
pub const TAKE_BACK_BELOW: f32 = 0.3;
/// A passing that was said is said again when its time has moved by more than this part of what is left, ...
const MOVED_PART: f32 = 0.5;
/// ... and by at least this much.
const MOVED_MS_MIN: i64 = 30 * 60_000;

/// An alarm level of a sensor.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Level {
    /// Its number as people say it: 1, 2, 3.
    pub level: u8,
    /// The limit, in the series' unit.
    pub limit: f32,
    /// Abnormal above the limit, or below it.
    pub above: bool,
}

/// A level that will probably be passed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Passing {
    /// Which level.
    pub level: u8,
    /// The most probable of the times ahead at which it may be passed; the chance that it is passed at any of them is no less.
    pub probability: f32,
    /// When the middle of the forecast passes it; where the middle does not, the time ahead with the highest probability.
    pub at_ms: i64,
    /// When the quarter of the forecast that is first passes it.
    pub earliest_ms: i64,
    /// When the quarter that is last passes it; nothing within the forecast's reach.
    pub latest_ms: Option<i64>,
}

/// When `forecast` passes `level`; nothing where it has passed already, or where a quarter at most would reach it.
#[must_use]
pub fn passing(forecast: &Forecast, level: Level) -> Option<Passing> {
    let beyond = |value: f32| if level.above { value >= level.limit } else { value <= level.limit };
    if !forecast.now.is_finite() || !level.limit.is_finite() || beyond(forecast.now) {
        return None;
    }
    let reaches = |step: &Step| {
        let below = step.probability_below(level.limit);
        if level.above { 1.0 - below } else { below }
    };
    let likeliest = forecast.steps.iter().max_by(|one, other| reaches(one).total_cmp(&reaches(other)))?;
    let probability = reaches(likeliest);
    // For a limit above, the upper quarter of the forecast is there first; for one below, the lower quarter.
    let (first, last) = if level.above { (3, 1) } else { (1, 3) };
    let earliest_ms = crossing(forecast, level.limit, first, &beyond)?;
    let at_ms = crossing(forecast, level.limit, 2, &beyond).unwrap_or(forecast.at_ms + likeliest.ahead_ms);
    let latest_ms = crossing(forecast, level.limit, last, &beyond);
    Some(Passing { level: level.level, probability, at_ms, earliest_ms, latest_ms })
}

/// When the path of one quantile passes the limit, between times ahead in proportion.
fn crossing(forecast: &Forecast, limit: f32, quantile: usize, beyond: &dyn Fn(f32) -> bool) -> Option<i64> {
    let (mut from_ms, mut from) = (0, forecast.now);
    for step in &forecast.steps {
        let to = step.quantiles[quantile];
        if beyond(to) {
            let part = f64::from((limit - from) / (to - from)).clamp(0.0, 1.0);
            #[allow(clippy::cast_possible_truncation, reason = "a part of the time between two steps")]
            let within = ((step.ahead_ms - from_ms) as f64 * part) as i64;
            return Some(forecast.at_ms + from_ms + within);
        }
        (from_ms, from) = (step.ahead_ms, to);
    }
    None
}

/// What there is to say.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Will pass.
    Expected(Passing),
    /// Was said, and the time has moved.
    Moved(Passing),
    /// Was said, and is not expected any more.
    TakenBack {
        /// Which level.
        level: u8,
    },
    /// Was said, and has happened.
    Passed {
        /// Which level.
        level: u8,
    },
}

/// What has been said of one sensor, so that a screen hears of changes only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    said: Vec<Passing>,
}

impl Watch {
    /// Takes a forecast and says what has changed. Levels beyond [`LEVELS_MAX`] are not watched; what was said of a level that is no
    /// longer there is taken back.
    pub fn observe(&mut self, forecast: &Forecast, levels: &[Level]) -> Vec<Change> {
        let levels = &levels[..levels.len().min(LEVELS_MAX)];
        let mut changes = Vec::new();
        self.said.retain(|said| {
            let still = levels.iter().any(|level| level.level == said.level);
            if !still {
                changes.push(Change::TakenBack { level: said.level });
            }
            still
        });
        for level in levels {
            let expected = passing(forecast, *level);
            let Some(at) = self.said.iter().position(|said| said.level == level.level) else {
                if let Some(passing) = expected.filter(|passing| passing.probability >= SAY_FROM) {
                    changes.push(Change::Expected(passing));
                    self.said.push(passing);
                }
                continue;
            };
            let reached = if level.above { forecast.now >= level.limit } else { forecast.now <= level.limit };
            match expected {
                _ if reached => {
                    changes.push(Change::Passed { level: level.level });
                    self.said.remove(at);
                }
                Some(passing) if passing.probability >= TAKE_BACK_BELOW => {
                    let moved = (passing.at_ms - self.said[at].at_ms).abs();
                    let left = (self.said[at].at_ms - forecast.at_ms).max(0) as f32;
                    if moved >= MOVED_MS_MIN && moved as f32 > MOVED_PART * left {
                        changes.push(Change::Moved(passing));
                        self.said[at] = passing;
                    }
                }
                _ => {
                    changes.push(Change::TakenBack { level: level.level });
                    self.said.remove(at);
                }
            }
        }
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::{super::HOUR_MS, *};

    /// Rises by `rate` an hour, give or take; from 10 at hour `at`.
    fn rising(at: i64, now: f32, rate: f32, spread: f32) -> Forecast {
        let steps = [1u8, 2, 3, 4, 6, 8, 12].map(|ahead| {
            let hours = f32::from(ahead);
            let quantiles = [-1.64, -0.67, 0.0, 0.67, 1.64].map(|z: f32| now + rate * hours + z * spread * hours);
            Step { ahead_ms: i64::from(ahead) * HOUR_MS, quantiles }
        });
        Forecast { at_ms: at * HOUR_MS, now, steps: steps.to_vec() }
    }

    const TWO: Level = Level { level: 2, limit: 13.0, above: true };

    #[test]
    fn a_rise_passes_in_about_three_hours() {
        let passing = passing(&rising(100, 10.0, 1.0, 0.3), TWO).unwrap();
        assert_eq!(passing.level, 2);
        assert_eq!(passing.at_ms, 103 * HOUR_MS);
        assert!((102 * HOUR_MS..103 * HOUR_MS).contains(&passing.earliest_ms), "{passing:?}");
        assert!((103 * HOUR_MS..105 * HOUR_MS).contains(&passing.latest_ms.unwrap()), "{passing:?}");
        assert!(passing.probability > 0.9, "{passing:?}");
    }

    #[test]
    fn a_fall_passes_a_limit_below() {
        let low = Level { level: 1, limit: 8.0, above: false };
        let found = passing(&rising(0, 10.0, -1.0, 0.1), low).unwrap();
        assert_eq!(found.at_ms, 2 * HOUR_MS);
        assert!(found.earliest_ms < found.at_ms && found.at_ms < found.latest_ms.unwrap());
        assert_eq!(passing(&rising(0, 10.0, 1.0, 0.1), low), None);
    }

    #[test]
    fn what_has_passed_or_is_far_is_not_said() {
        assert_eq!(passing(&rising(0, 13.5, 1.0, 0.1), TWO), None);
        assert_eq!(passing(&rising(0, 10.0, 0.01, 0.01), TWO), None);
        let wide = passing(&rising(0, 10.0, 0.1, 0.5), TWO).unwrap();
        assert!(wide.probability < SAY_FROM && wide.latest_ms.is_none(), "{wide:?}");
    }

    #[test]
    fn a_watch_says_changes_only() {
        let mut watch = Watch::default();
        assert!(matches!(watch.observe(&rising(0, 10.0, 1.0, 0.3), &[TWO])[..], [Change::Expected(_)]));
        // An hour on, as foreseen: nothing to say.
        assert!(watch.observe(&rising(1, 11.0, 1.0, 0.3), &[TWO]).is_empty());
        // Slower: the time moves.
        assert!(matches!(watch.observe(&rising(2, 11.2, 0.4, 0.1), &[TWO])[..], [Change::Moved(_)]));
        // In doubt, between the two probabilities: what was said stands or moves, it is not taken back.
        let doubt = rising(3, 11.2, 0.1, 0.1);
        let probability = passing(&doubt, TWO).unwrap().probability;
        assert!((TAKE_BACK_BELOW..SAY_FROM).contains(&probability), "{probability}");
        assert!(!watch.observe(&doubt, &[TWO]).iter().any(|change| matches!(change, Change::TakenBack { .. })));
        assert_eq!(watch.observe(&rising(4, 11.0, -1.0, 0.1), &[TWO]), [Change::TakenBack { level: 2 }]);
        assert!(watch.observe(&rising(5, 11.0, -1.0, 0.1), &[TWO]).is_empty());
    }

    #[test]
    fn what_was_said_and_happens_is_passed() {
        let mut watch = Watch::default();
        watch.observe(&rising(0, 10.0, 1.0, 0.3), &[TWO]);
        assert_eq!(watch.observe(&rising(3, 13.1, 1.0, 0.3), &[TWO]), [Change::Passed { level: 2 }]);
        watch.observe(&rising(4, 10.0, 1.0, 0.3), &[TWO]);
        assert_eq!(watch.observe(&rising(5, 11.0, 1.0, 0.3), &[]), [Change::TakenBack { level: 2 }]);
    }
}
