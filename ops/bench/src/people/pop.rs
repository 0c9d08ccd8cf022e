//! From the ring's stamp in the log to the painted pop, with the caller's history and the open incidents nearby.

use std::time::Duration;

use node::town::person::AGENT;
use tokio::time::sleep;

use super::{
    scene::Scene,
    script::{READY_WITHIN, SEEN_WITHIN, Script, number},
};
use crate::{
    Result,
    parts::{Found, Setting},
    stats::{Samples, curve},
};

/// First rings, which do not count.
const WARM_UP: usize = 5;
/// Numbers that call, again and again: each has a history soon.
const NUMBERS: usize = 20;
/// Open incidents near the callers.
const INCIDENTS: usize = 10;
/// Rings between the leader's death and its return.
const RINGS_WITHOUT: usize = 10;

/// Measures.
pub(super) async fn measure(setting: &Setting) -> Result<Found> {
    let rings = setting.choose(220, 10) + WARM_UP;
    let middle = rings / 2;
    let mut scene = Scene::start(setting, "pop").await?;
    for incident in 0..INCIDENTS {
        scene.open(&format!("near-{incident}")).await?;
    }
    scene.call_nobody_back().await?;
    let at = scene.beside_leader(0).await?;
    let (origin, token) = (scene.origin(at)?, scene.token(AGENT, at).await?);
    let mut script = Script::start(setting, "console.mjs", &[&origin, &token])?;
    script.said("ready", READY_WITHIN).await?;
    let (mut shown, mut whole) = (Samples::default(), Samples::default());
    let mut killed = None;
    for ring in 0..rings {
        if ring == middle {
            killed = Some(scene.kill_leader().await?);
        }
        let connection = format!("pop-{ring}");
        script.order("pop").await?;
        scene.ring(&connection, &format!("09120000{:02}", ring % NUMBERS)).await?;
        let pop = script.said("pop", SEEN_WITHIN).await?;
        if ring >= WARM_UP {
            // The page knows the centre's clock to half a round trip.
            shown.put(number(&pop, "shownMs")?.max(0.0));
            whole.put(number(&pop, "wholeMs")?.max(0.0));
        }
        scene.hang_up(&connection).await?;
        if let Some(node) = killed.filter(|_| ring == middle + RINGS_WITHOUT.min(rings / 4)) {
            scene.restart(node).await?;
        }
        // Not in step with the screen's frames.
        sleep(Duration::from_millis(40 + 7 * (ring as u64 % 13))).await;
    }
    script.end().await;
    let mut found = Found::default();
    found.percentiles("screen_pop", &whole.sorted());
    found.note("number_shown", curve(&shown.sorted()));
    found.note("killed_node", killed);
    found.note("console_at_node", at + 1);
    Ok(found)
}
