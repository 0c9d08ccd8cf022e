//! The recipes: all that decides what these models learn. Another setting is another recipe, and another version.

use serde::Serialize;

use super::{HISTORY_STEPS_MAX, STEPS_LEAST, UTC_OFFSET_H, UTC_OFFSET_MINUTES};
use crate::{
    anomaly::Settings,
    forecast::{Options, load::LoadOptions},
};

/// Hours that a load forecast is learnt from, at least: six weeks.
pub const LOAD_HOURS_LEAST: usize = 6 * 7 * 24;
/// Hours that it is learnt from, at most, the newest: half a year.
pub const LOAD_HOURS_MAX: usize = 26 * 7 * 24;

/// Counts changes of what is done that no setting names.
const CODE: u32 = 1;

#[derive(Serialize)]
struct Recipe<S> {
    model: &'static str,
    code: u32,
    utc_offset_h: i64,
    least: usize,
    most: usize,
    settings: S,
}

fn text<S: Serialize>(model: &'static str, least: usize, most: usize, settings: S) -> String {
    let recipe = Recipe { model, code: CODE, utc_offset_h: UTC_OFFSET_H, least, most, settings };
    // Numbers and strings always have a JSON form.
    serde_json::to_string(&recipe).unwrap_or_default()
}

/// The settings by which the unusual is found: days begin at midnight as people here have it.
#[must_use]
pub fn anomaly_settings() -> Settings {
    Settings { utc_offset_minutes: UTC_OFFSET_MINUTES, ..Settings::default() }
}

/// How the unusual is found.
#[must_use]
pub fn anomaly_recipe() -> String {
    text("anomaly", 0, 0, anomaly_settings())
}

/// How courses are learnt.
#[must_use]
pub fn forecast_recipe() -> String {
    text("forecast", STEPS_LEAST, HISTORY_STEPS_MAX, Options::default())
}

/// How incidents per district and hour are learnt.
#[must_use]
pub fn load_recipe() -> String {
    text("load", LOAD_HOURS_LEAST, LOAD_HOURS_MAX, LoadOptions { utc_offset_h: UTC_OFFSET_H, ..LoadOptions::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_differ_and_stay() {
        let recipes = [anomaly_recipe(), forecast_recipe(), load_recipe()];
        assert!(recipes.iter().all(|recipe| recipe.len() > 100));
        assert!(recipes[0] != recipes[1] && recipes[1] != recipes[2]);
        assert_eq!(recipes, [anomaly_recipe(), forecast_recipe(), load_recipe()]);
    }
}
