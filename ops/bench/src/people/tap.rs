//! From a tap on a crew's phone to the change on the wall, over whole orders: accepted, set out, arrived, done.

use std::time::Duration;

use node::town::unit::units;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

use super::{
    scene::Scene,
    script::{READY_WITHIN, SEEN_WITHIN, Script, number},
};
use crate::{
    Result,
    parts::{Found, Setting},
    stage::unix_ms,
    stats::{Samples, curve},
};

/// Crews that tap at the same time.
const CREWS: usize = 4;
/// The leader dies at some moment of so long from the beginning of its cycle: the clock says which, and no tap.
const KILLED_WITHIN_MS: u64 = 8_000;
/// A tap can be taken back for so long before it goes (`UNDO_MS` of `web/src/state/outbox.ts`): what is measured begins
/// there.
const TAKEN_BACK_MS: f64 = 5_000.0;

/// Measures.
pub(super) async fn measure(setting: &Setting) -> Result<Found> {
    let cycles = setting.choose(18, 2);
    let mut scene = Scene::start(setting, "tap").await?;
    let incident = scene.open("tap").await?;
    let crews = units(CREWS);
    let at = scene.beside_leader(0).await?;
    let mut phones = Vec::new();
    for (number, unit) in crews.iter().enumerate() {
        let person = format!("to-{}", unit.id);
        let body = json!({
            "id": person, "name": unit.name, "role": "responder", "password": scene.stage.cluster.password, "unit": unit.id,
        });
        scene.order("/api/people", &body).await?;
        let phone_at = scene.beside_leader(number % 2).await?;
        phones.push(json!({
            "origin": scene.origin(phone_at)?, "token": scene.token(&person, phone_at).await?, "unit": unit.name,
        }));
    }
    let wall = json!({ "origin": scene.origin(at)?, "token": scene.token("truc-ban", at).await? });
    let people = json!({ "wall": wall, "phones": phones, "incident": incident }).to_string();
    let mut script = Script::start(setting, "tap.mjs", &[&people])?;
    script.said("ready", READY_WITHIN).await?;
    let (mut from_sent, mut from_press) = (Samples::default(), Samples::default());
    let mut killed = None;
    let middle = cycles / 2;
    for cycle in 0..cycles {
        let all: Vec<_> = crews.iter().map(|unit| unit.id.to_string()).collect();
        scene.decide(&incident, "assign", json!({ "units": all })).await?;
        script.order("cycle").await?;
        let kill_at = Instant::now() + Duration::from_millis(unix_ms() % KILLED_WITHIN_MS);
        loop {
            let (word, said) = tokio::select! {
                line = script.next(SEEN_WITHIN) => line?,
                () = sleep_until(kill_at), if cycle == middle && killed.is_none() => {
                    killed = Some(scene.kill_leader().await?);
                    continue;
                }
            };
            if word == "cycled" {
                break;
            }
            if word != "tap" {
                continue;
            }
            let press_ms = number(&said, "paintedMs")? - number(&said, "tappedMs")?;
            from_press.put(press_ms);
            from_sent.put((press_ms - TAKEN_BACK_MS).max(0.0));
        }
        if cycle == middle {
            // The cycle may have been quicker than the clock.
            let node = match killed {
                Some(node) => node,
                None => scene.kill_leader().await?,
            };
            killed = Some(node);
            scene.restart(node).await?;
        }
    }
    script.end().await;
    let mut found = Found::default();
    found.percentiles("tap_to_wall", &from_sent.sorted());
    found.note("press_to_wall", curve(&from_press.sorted()));
    found.note("taken_back_ms", Value::from(TAKEN_BACK_MS));
    found.note("killed_node", killed);
    found.note("wall_at_node", at + 1);
    found.note("crews", CREWS);
    Ok(found)
}
