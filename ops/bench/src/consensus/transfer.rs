//! A planned move of the lead of group 0, as the settings that ship make it: the node that should lead it has come back,
//! and is handed the lead once it has been steady. How long a command takes at most while that happens.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    failover::{ACKNOWLEDGED_WITHIN, gateway},
    nodes,
};
use crate::{
    Result,
    parts::{Found, Setting},
    stage::{self, Stage},
    stats::rounded,
};

/// The node that should lead group 0 (`balance.rs` of `cluster/node`), and another one.
const PREFERRED: u64 = 1;
const OTHER: u64 = 2;
/// How long the hand-over may take to come.
const MOVED_WITHIN: Duration = Duration::from_secs(60);
/// Commands go on so long after the move.
const AFTER: Duration = Duration::from_secs(1);
/// Pause between two commands.
const PACE: Duration = Duration::from_millis(1);

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let rounds = setting.choose(5, 1);
    let mut stage = Stage::start(&setting.program, "transfer", setting.keep).await?;
    let mut pauses = Vec::new();
    for round in 0..rounds {
        let pause_ms = one_move(&mut stage, round).await?;
        println!("  move {round}: {pause_ms:.1} ms");
        pauses.push(pause_ms);
    }
    let mut found = Found::default();
    found.figure("transfer_pause_ms_max", pauses.iter().copied().reduce(f64::max));
    found.note("pauses_ms", json!(pauses.into_iter().map(rounded).collect::<Vec<_>>()));
    Ok(found)
}

/// Milliseconds of the slowest command, from before the lead moves until after it.
async fn one_move(stage: &mut Stage, round: u32) -> Result<f64> {
    let other = gateway(&stage.gateways()?, OTHER)?;
    stage.cluster.kill(PREFERRED)?;
    if !nodes::until(other, ACKNOWLEDGED_WITHIN, |look| look.all_led_without(PREFERRED)).await {
        return Err("nobody took the lead over".into());
    }
    stage.cluster.start_node(PREFERRED)?;
    stage.cluster.ready().await?;
    let mut desk = stage.admin(usize::try_from(OTHER - 1)?).await?;
    // Looks for the leader run beside the commands, so that no command waits for one.
    let moved = tokio::spawn(nodes::until(other, MOVED_WITHIN, |look| look.is_led_by(0, PREFERRED)));
    let (mut slowest, mut number, mut end) = (Duration::ZERO, 0_u64, None::<Instant>);
    while end.is_none_or(|end| Instant::now() < end) {
        if end.is_none() && moved.is_finished() {
            end = Some(Instant::now() + AFTER);
        }
        number += 1;
        let begun = Instant::now();
        desk.command("/api/reports", &stage::report(&format!("move-{round}-{number}"))).await?;
        slowest = slowest.max(begun.elapsed());
        sleep(PACE).await;
    }
    if moved.await? {
        Ok(slowest.as_secs_f64() * 1000.0)
    } else {
        Err("the lead of group 0 was not handed over".into())
    }
}
