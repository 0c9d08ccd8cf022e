//! Every screen under axe in both themes, and the first visit to the crew's page on a slow phone with a slow line.

use serde_json::{Value, json};

use super::{
    scene::Scene,
    script::{READY_WITHIN, Script, number},
};
use crate::{
    Result,
    parts::{Found, Setting},
    stats::{Samples, percentile, rounded},
};

/// The crew that has an order, and its unit.
const CREW: (&str, &str) = ("to-unit-001", "unit-001");
/// A key as a citizen's browser makes one.
const KEY: &str = "bench-people-look-0001";
/// Impacts that count: who meets one may not get on.
const GRAVE: [&str; 2] = ["serious", "critical"];

/// Measures.
pub(super) async fn measure(setting: &Setting) -> Result<Found> {
    let runs = setting.choose(5, 1);
    let scene = Scene::start(setting, "look").await?;
    let incident = scene.open("look").await?;
    scene.decide(&incident, "assign", json!({ "units": [CREW.1] })).await?;
    let filing = json!({
        "key": KEY, "text": "Nước ngập ngang gối", "place": { "admin_unit": crate::stage::ADMIN_UNIT }, "language": "vi",
    });
    let filed = scene.order("/api/public/reports", &filing).await?;
    let people = json!({
        "origin": scene.origin(0)?,
        "admin": scene.token(node::local::ADMIN, 0).await?,
        "crew": scene.token(CREW.0, 0).await?,
        "code": filed.get("code"),
        "incident": incident,
    });
    let mut script = Script::start(setting, "look.mjs", &[&people.to_string(), &runs.to_string()])?;
    let (mut grave, mut looked, mut all) = (0, 0, Vec::new());
    let (mut paints, mut orders, mut bytes) = (Samples::default(), Samples::default(), 0.0_f64);
    while paints.len() < runs {
        let (word, said) = script.next(READY_WITHIN).await?;
        match word.as_str() {
            "axe" => {
                looked += 1;
                grave += graves(&said);
                if said.get("violations").and_then(Value::as_array).is_some_and(|found| !found.is_empty()) {
                    all.push(said);
                }
            }
            "first" => {
                paints.put(number(&said, "paintMs")?);
                orders.put(number(&said, "orderMs")?);
                bytes = bytes.max(number(&said, "bytes")?);
            }
            _ => {}
        }
    }
    script.end().await;
    let (paints, orders) = (paints.sorted(), orders.sorted());
    let mut found = Found::default();
    found.figure("axe_serious", Some(f64::from(grave)));
    found.figure("axe_screens", Some(f64::from(looked)));
    // The worst of the visits.
    found.figure("responder_first_picture_s_3g", paints.last().map(|ms| ms / 1000.0));
    found.figure("responder_order_s_3g", percentile(&orders, 50.0).map(|ms| ms / 1000.0));
    found.figure("responder_page_kib", Some(bytes / 1024.0));
    found.note("first_pictures_ms", json!(paints.iter().copied().map(rounded).collect::<Vec<_>>()));
    found.note("violations", all);
    Ok(found)
}

/// Findings of a screen that count.
fn graves(said: &Value) -> u32 {
    let violations = said.get("violations").and_then(Value::as_array);
    let is_grave = |one: &&Value| one.get("impact").and_then(Value::as_str).is_some_and(|it| GRAVE.contains(&it));
    let count = violations.map_or(0, |violations| violations.iter().filter(is_grave).count());
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_grave_counts() {
        let said = json!({ "violations": [{ "impact": "serious" }, { "impact": "minor" }, { "impact": "critical" }] });
        assert_eq!(graves(&said), 2);
        assert_eq!(graves(&json!({})), 0);
    }
}
