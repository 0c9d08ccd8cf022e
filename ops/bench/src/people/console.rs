//! From the answer to the first unit: whole calls by the keyboard, keys and presses counted in the page, seconds by the
//! keystroke-level model.

use node::town::{self, person::AGENT};
use serde_json::{Value, json};

use super::{
    scene::Scene,
    script::{READY_WITHIN, SEEN_WITHIN, Script, number},
};
use crate::{
    Result,
    parts::{Found, Setting},
    stats::{Samples, curve, percentile, rounded},
};

/// Operators of the keystroke-level model, seconds (Card, Moran, Newell: The keystroke-level model for user performance
/// time with interactive
/// systems, CACM 23(7), 1980): a key of a trained typist (90 words a minute), and of an average one (40).
const KEY_TRAINED_S: f64 = 0.20;
const KEY_AVERAGE_S: f64 = 0.28;
/// Pointing with a mouse, and pressing its button.
const POINT_S: f64 = 1.1;
/// The hand goes from the keys to the mouse, or back.
const HOME_S: f64 = 0.4;
/// Thinking before a decision.
const THINK_S: f64 = 1.35;
/// Decisions of a call: what is it, is what is suggested right, is the unit right.
const THOUGHTS: f64 = 3.0;

/// What callers tell, as it is typed without marks; `{}` is the place. Each of another kind.
const TOLD: [&str; 6] = [
    "chay nha o {}",
    "tai nan o {}",
    "nguoi bi thuong o {}",
    "ngap nha o {}",
    "danh nhau o {}",
    "cay do chan duong o {}",
];

/// One call as it was taken.
struct Taken {
    keys: f64,
    clicks: f64,
    response_s: f64,
}

impl Taken {
    fn read(said: &Value) -> Result<Self> {
        Ok(Self {
            keys: number(said, "keys")?,
            clicks: number(said, "clicks")?,
            response_s: number(said, "responseMs")? / 1000.0,
        })
    }

    /// Seconds by the model, with a key of this many.
    fn seconds(&self, key_s: f64) -> f64 {
        let hands = if self.clicks > 0.0 { 2.0 * HOME_S } else { 0.0 };
        self.keys * key_s + self.clicks * (POINT_S + key_s) + hands + THOUGHTS * THINK_S + self.response_s
    }
}

/// Measures.
pub(super) async fn measure(setting: &Setting) -> Result<Found> {
    let calls = setting.choose(32, 4);
    let mut scene = Scene::start(setting, "console").await?;
    let at = scene.beside_leader(0).await?;
    let (origin, token) = (scene.origin(at)?, scene.token(AGENT, at).await?);
    let mut script = Script::start(setting, "console.mjs", &[&origin, &token])?;
    script.said("ready", READY_WITHIN).await?;
    let places = places();
    let (mut taken, mut told, mut killed) = (Vec::new(), Vec::new(), None);
    for call in 0..calls {
        let place = places.get(call % places.len().max(1)).map(String::as_str).unwrap_or_default();
        let text = TOLD[call % TOLD.len()].replace("{}", place);
        script.order(&format!("take {}", json!({ "text": text, "place": place }))).await?;
        scene.ring(&format!("call-{call}"), &format!("0987654{call:03}")).await?;
        script.said("answered", SEEN_WITHIN).await?;
        if call == calls / 2 {
            killed = Some(scene.kill_leader().await?);
        }
        let said = script.said("took", SEEN_WITHIN).await?;
        script.said("free", SEEN_WITHIN).await?;
        if let Some(node) = killed.filter(|_| call == calls / 2) {
            scene.restart(node).await?;
        }
        // Its unit is free again, and the next caller tells of something else.
        let incident = said.get("incident").and_then(Value::as_str).unwrap_or_default();
        scene.decide(incident, "close", json!({ "note": "Xong" })).await?;
        taken.push(Taken::read(&said)?);
        told.push(json!({ "text": text, "said": said }));
    }
    script.end().await;
    let of = |value: &dyn Fn(&Taken) -> f64| {
        let mut samples = Samples::default();
        taken.iter().for_each(|call| samples.put(value(call)));
        samples.sorted()
    };
    let median = |value: &dyn Fn(&Taken) -> f64| percentile(&of(value), 50.0);
    let mut found = Found::default();
    found.figure("answer_to_dispatch_s_median", median(&|call| call.seconds(KEY_TRAINED_S)));
    found.figure("answer_to_dispatch_s_median_average_typist", median(&|call| call.seconds(KEY_AVERAGE_S)));
    found.figure("answer_to_dispatch_s_max", of(&|call| call.seconds(KEY_TRAINED_S)).last().copied());
    found.figure("keystrokes_median", median(&|call| call.keys));
    found.figure("mouse_clicks_median", median(&|call| call.clicks));
    found.note("calls_taken", taken.len());
    found.note("response_s_median", median(&|call| call.response_s).map(rounded));
    found.note("response", curve(&of(&|call| call.response_s * 1000.0)));
    found.note("killed_node", killed);
    found.note("calls", told);
    Ok(found)
}

/// Names of wards and communes as they are typed without marks.
fn places() -> Vec<String> {
    let bare = |name: &str| {
        let name = name.to_lowercase();
        ["ward", "commune"].iter().find_map(|kind| name.strip_suffix(*kind)).map(|name| name.trim().to_owned())
    };
    let names = town::admin_units().into_iter().filter_map(|unit| bare(&unit.name_en));
    // A name of one word is also a word that callers say.
    names.filter(|name| name.split(' ').count() >= 2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_counts_keys_thoughts_and_waits_and_a_mouse_costs() {
        let call = Taken { keys: 25.0, clicks: 0.0, response_s: 0.5 };
        assert!((call.seconds(KEY_TRAINED_S) - (5.0 + 4.05 + 0.5)).abs() < 1e-9);
        assert!((call.seconds(KEY_AVERAGE_S) - (7.0 + 4.05 + 0.5)).abs() < 1e-9);
        let mouse = Taken { clicks: 1.0, ..call };
        assert!((mouse.seconds(KEY_TRAINED_S) - (9.55 + 1.3 + 0.8)).abs() < 1e-9);
    }

    #[test]
    fn there_are_as_many_places_as_calls_and_all_are_typed_without_marks() {
        let places = places();
        assert!(places.len() >= 32, "{places:?}");
        assert!(places.iter().all(|place| place.is_ascii()), "{places:?}");
    }
}
