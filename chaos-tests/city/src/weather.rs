//! What goes wrong between people and nodes, beside the storm among the nodes: lines are cut, and go through tunnels.

use std::sync::Arc;

use agree::stage::{self, WORLD};
use tokio::time::sleep;

use crate::{line::Line, town::Town};

/// Between two faults of lines, in ms.
const PAUSE_MS: (u64, u64) = (150, 1_500);

/// How long a tunnel is, in ms: shorter and longer than a screen waits for a heartbeat.
const TUNNEL_MS: (u64, u64) = (300, 9_000);

/// Of a thousand faults so many are tunnels; the others are cuts.
const TUNNELS_PER_MILLE: u64 = 450;

/// Until the storm is over.
pub async fn blow(town: Arc<Town>, lines: Vec<Arc<Line>>) {
    let mut chance = town.world.chance().fork();
    while town.world.storms() {
        let pause = chance.ms(PAUSE_MS.0, PAUSE_MS.1);
        sleep(pause).await;
        if !town.world.storms() {
            return;
        }
        let Some(line) = chance.pick(&lines).cloned() else { return };
        if !chance.per_mille(TUNNELS_PER_MILLE) {
            town.count(|counts| counts.cuts += 1);
            line.cut();
            continue;
        }
        town.count(|counts| counts.tunnels += 1);
        let lasts = chance.ms(TUNNEL_MS.0, TUNNEL_MS.1);
        line.set_dark(true);
        stage::spawn_on(WORLD, async move {
            sleep(lasts).await;
            line.set_dark(false);
        });
    }
}
