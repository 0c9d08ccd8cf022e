//! Chooses settings on labelled series: one setting is changed at a time, as long as that helps. Which series these are is the
//! caller's; [`super::nab::halves`] keeps one half for judging what was chosen.

use serde_json::Value;
use thiserror::Error;

use super::{
    Settings,
    nab::{Judged, Profile, Series, best, detect_all, normalised, raw_at},
};

/// What a setting is tried at, as multiples of where it stands.
pub const FACTORS: [f64; 4] = [0.5, 0.8, 1.25, 2.0];
/// A change has to be worth so much, on the published scale, to be taken: less is luck with so few windows.
pub const GAIN_MIN: f64 = 0.25;
/// Parts of the series; the threshold for one is taken from the others.
pub const FOLDS: usize = 4;
/// Rounds over all settings at most, whatever is asked for.
pub const ROUNDS_MAX: usize = 20;

/// Where a search stands, after each setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Tried {
    /// From 1.
    pub round: usize,
    /// Rounds at most.
    pub rounds_max: usize,
    /// Which setting was tried; a weight has its place behind it.
    pub setting: String,
    /// What it stands at now.
    pub value: f64,
    /// Whether it was changed.
    pub changed: bool,
    /// What the settings are worth now.
    pub worth: f64,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The settings.
    pub settings: Settings,
    /// What those that it began with were worth.
    pub worth_before: f64,
    /// What these are worth.
    pub worth: f64,
    /// The changes that were taken, in their order.
    pub changes: Vec<Tried>,
}

/// Why nothing was chosen.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ChooseError {
    /// Nothing to judge by.
    #[error("the series have no window in which a person saw an anomaly: label some")]
    NoWindow,
    /// Too few series for thresholds from others.
    #[error("{got} series are too few: label at least {FOLDS}, and as many to judge by")]
    TooFew {
        /// Series that came.
        got: usize,
    },
}

/// Searches from some settings. The same series and settings give the same choice: there is no chance in it.
///
/// # Errors
/// No window, or too few series.
pub fn choose(
    series: &[Series],
    profiles: &[Profile],
    from: &Settings,
    rounds_max: usize,
    progress: &mut dyn FnMut(&Tried),
) -> Result<Chosen, ChooseError> {
    if series.len() < FOLDS {
        return Err(ChooseError::TooFew { got: series.len() });
    }
    let judged: Vec<Judged> = series.iter().map(Judged::new).collect();
    if judged.iter().all(|judged| judged.windows() == 0) {
        return Err(ChooseError::NoWindow);
    }
    let rounds_max = rounds_max.min(ROUNDS_MAX);
    let worth_of = |settings: &Settings| worth(&judged, profiles, &detect_all(series, settings));
    let worth_before = worth_of(from);
    let mut chosen = Chosen { settings: from.clone(), worth_before, worth: worth_before, changes: Vec::new() };
    for round in 1..=rounds_max {
        let began_at = chosen.worth;
        for place in places(&chosen.settings) {
            let tried = FACTORS.iter().filter_map(|factor| {
                let settings = scaled(&chosen.settings, &place, *factor)?;
                Some((worth_of(&settings), settings))
            });
            let best = tried.max_by(|(left, _), (right, _)| left.total_cmp(right));
            let better = best.filter(|(worth, _)| *worth >= chosen.worth + GAIN_MIN);
            let changed = better.is_some();
            if let Some((worth, settings)) = better {
                (chosen.worth, chosen.settings) = (worth, settings);
            }
            let value = value_at(&chosen.settings, &place).unwrap_or_default();
            let tried = Tried { round, rounds_max, setting: place.name(), value, changed, worth: chosen.worth };
            progress(&tried);
            chosen.changes.extend(changed.then_some(tried));
        }
        if chosen.worth <= began_at {
            break;
        }
    }
    Ok(chosen)
}

/// A number of the settings: a field, or a place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    field: String,
    at: Option<usize>,
}

impl Place {
    fn name(&self) -> String {
        self.at.map_or_else(|| self.field.clone(), |at| format!("{} {}", self.field, at + 1))
    }

    fn find<'a>(&self, settings: &'a mut Value) -> Option<&'a mut Value> {
        let field = settings.get_mut(&self.field)?;
        match self.at {
            Some(at) => field.get_mut(at),
            None => Some(field),
        }
    }
}

/// Every number that can be scaled: fractions, and those of lists. Counts of readings before anything is said are no choice.
fn places(settings: &Settings) -> Vec<Place> {
    let fields = serde_json::to_value(settings).unwrap_or_default();
    let mut found = Vec::new();
    for (field, value) in fields.as_object().into_iter().flatten() {
        let at = |at| Place { field: field.clone(), at };
        match value {
            Value::Number(number) if number.is_f64() => found.push(at(None)),
            Value::Array(all) => found.extend((0..all.len()).map(|place| at(Some(place)))),
            _ => {}
        }
    }
    found
}

fn value_at(settings: &Settings, place: &Place) -> Option<f64> {
    place.find(&mut serde_json::to_value(settings).ok()?)?.as_f64()
}

/// The settings with one number changed; `None` where that is no other setting.
fn scaled(settings: &Settings, place: &Place, factor: f64) -> Option<Settings> {
    let mut fields = serde_json::to_value(settings).ok()?;
    let number = place.find(&mut fields)?;
    *number = (number.as_f64().filter(|number| *number > 0.0)? * factor).into();
    serde_json::from_value(fields).ok()
}

/// What settings are worth on series: the mean over the profiles, the standard one twice, each series scored at the threshold
/// that is best for the other parts of them as well as at its best one, so that a threshold that only happens to fit counts for little.
fn worth(judged: &[Judged], profiles: &[Profile], scores: &[Vec<f64>]) -> f64 {
    let windows = judged.iter().map(Judged::windows).sum();
    let part = |fold: usize, inside: bool| -> (Vec<Judged>, Vec<Vec<f64>>) {
        let of_part = judged.iter().zip(scores).enumerate().filter(|(place, _)| (place % FOLDS == fold) == inside);
        of_part.map(|(_, (judged, scores))| (judged.clone(), scores.clone())).unzip()
    };
    let parts: Vec<_> = (0..FOLDS).map(|fold| (part(fold, true), part(fold, false))).collect();
    let (mut sum, mut weights) = (0.0, 0.0);
    for profile in profiles {
        let weight = if profile.name == "standard" { 2.0 } else { 1.0 };
        let raw: f64 = parts
            .iter()
            .map(|((judged, scores), (others, other_scores))| {
                raw_at(judged, scores, profile, best(others, other_scores, profile).threshold)
            })
            .sum();
        let at_others = normalised(raw, windows, profile);
        let at_best = normalised(best(judged, scores, profile).raw, windows, profile);
        sum += weight * f64::midpoint(at_others, at_best);
        weights += weight;
    }
    sum / weights
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A wave with a plateau in it that nobody expects, and a window around that.
    fn series(number: usize) -> Series {
        let rows = 900;
        let from = 500 + 40 * number;
        let at_ms: Vec<i64> = (0..rows).map(|row| i64::from(row) * 300_000).collect();
        let values = (0..rows)
            .map(|row| {
                let inside = (from..from + 12).contains(&usize::try_from(row).unwrap());
                f64::from(row * 7 % 23) / 4.0 + if inside { 9.0 } else { 0.0 }
            })
            .collect();
        let window = (at_ms[from - 5], at_ms[from + 20]);
        Series { name: format!("s{number}.csv"), at_ms, values, windows_ms: vec![window] }
    }

    #[test]
    fn a_search_never_ends_worse_than_it_began_and_ends_the_same_again() {
        let all: Vec<Series> = (0..4).map(series).collect();
        // Deaf: nothing is left of any surprise.
        let deaf = Settings { habit: 80.0, age: 8.0, ..Settings::default() };
        let mut seen = 0;
        let chosen = choose(&all, &Profile::published(), &deaf, 1, &mut |_| seen += 1).unwrap();
        assert!(seen >= places(&deaf).len());
        assert!(chosen.worth >= chosen.worth_before);
        assert_eq!(chosen.settings == deaf, chosen.changes.is_empty());
        assert_eq!(choose(&all, &Profile::published(), &deaf, 1, &mut |_| ()).unwrap(), chosen);
    }

    #[test]
    fn every_fraction_and_every_weight_is_a_choice() {
        let places = places(&Settings::default());
        assert!(places.iter().any(|place| place.name() == "weights 1"));
        assert!(places.iter().all(|place| place.field != "warm_readings"));
        let at = places.iter().find(|place| place.name() == "clip").unwrap();
        let doubled = scaled(&Settings::default(), at, 2.0).unwrap();
        assert!((doubled.clip - 2.0 * Settings::default().clip).abs() < 1e-9);
        assert_eq!(value_at(&doubled, at), Some(doubled.clip));
    }

    #[test]
    fn nothing_to_judge_by_is_said() {
        let few = [series(0)];
        let refused = |all: &[Series]| choose(all, &Profile::published(), &Settings::default(), 1, &mut |_| ()).err();
        assert_eq!(refused(&few), Some(ChooseError::TooFew { got: 1 }));
        let silent: Vec<Series> = (0..4).map(|n| Series { windows_ms: Vec::new(), ..series(n) }).collect();
        assert_eq!(refused(&silent), Some(ChooseError::NoWindow));
    }
}
