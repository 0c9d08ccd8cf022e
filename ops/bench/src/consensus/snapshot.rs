//! What a snapshot does to writes: a follower that has missed more than the leader's log holds comes back and is sent group
//! 0 whole, while notes are written; the slowest hundredth of them beside that of the same load without.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    Scale,
    failover::gateway,
    load, nodes,
    ours::{Noter, Ward},
};
use crate::{
    Result,
    parts::{Found, Setting},
    stage::{NODES, Stage},
    stats::{Samples, curve, percentile, rounded},
};

/// Bytes of a note that fills: near `domain::limits::TEXT_BYTES_MAX`.
const FILL_BYTES: usize = 4000;
/// Clients that fill, and those whose writes are measured.
const FILLERS: usize = 64;
const WRITERS: usize = 16;
/// Entries that the follower misses: a leader drops its log below a snapshot, which it makes every 50,000 entries, and
/// keeps 20,000 (`config` of `consensus/raft`).
const MISSED: u64 = 130_000;
const WITHOUT_FOR: Duration = Duration::from_secs(10);
/// How long filling, and the follower, may take.
const FILL_WITHIN: Duration = Duration::from_secs(900);
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(300);

/// Measures.
pub(crate) async fn measure(setting: &Setting, scale: &Scale) -> Result<Found> {
    let mut stage = Stage::start(&setting.program, "snapshot", setting.keep).await?;
    let gateways = stage.gateways()?;
    let ward = Ward::open(&stage, FILLERS).await?;
    let notes = (scale.snapshot_mib << 20) / FILL_BYTES as u64;
    fill(ward.clients(FILLERS).await?, notes, "x".repeat(FILL_BYTES)).await?;

    let (run, writers) = load::drive(ward.clients(WRITERS).await?, WITHOUT_FOR, || Ok(())).await?;
    drop(writers);
    let without = run.latencies.sorted();

    let look = nodes::Look::at(gateways[0]).await?;
    let follower = (1..=NODES).find(|id| !look.is_led_by(0, *id)).ok_or("every node leads group 0")?;
    stage.cluster.kill(follower)?;
    let others: Vec<_> =
        gateways.iter().copied().filter(|at| gateway(&gateways, follower).is_ok_and(|it| it != *at)).collect();
    let living = *others.first().ok_or("no other node")?;
    fill(ward.at(&others).clients(FILLERS).await?, MISSED, "y".to_owned()).await?;

    stage.cluster.start_node(follower)?;
    let begun = Instant::now();
    let back = gateway(&gateways, follower)?;
    let target = nodes::Look::at(living).await?.applied(0);
    let caught_up = tokio::spawn(nodes::until(back, CAUGHT_UP_WITHIN, move |look| look.applied(0) >= target));
    let during = write_until(ward.at(&others).clients(WRITERS).await?, || caught_up.is_finished()).await?;
    if !caught_up.await? {
        return Err("the follower did not catch up within 300 s".into());
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!("  caught up in {seconds:.1} s");
    let during = during.sorted();
    let mut found = Found::default();
    let p99 = |sorted: &[f64]| percentile(sorted, 99.0);
    found.figure("snapshot_write_p99_ratio", p99(&during).zip(p99(&without)).map(|(during, without)| during / without));
    found.note("filled_mib", scale.snapshot_mib);
    found.note("caught_up_s", rounded(seconds));
    found.note("without", curve(&without));
    found.note("during", json!(curve(&during)));
    Ok(found)
}

/// Writes that many notes, all clients together.
async fn fill(clients: Vec<Noter>, notes: u64, text: String) -> Result<()> {
    let each = notes.div_ceil(clients.len() as u64);
    let until = Instant::now() + FILL_WITHIN;
    let mut tasks = tokio::task::JoinSet::new();
    for mut client in clients {
        let text = text.clone();
        tasks.spawn(async move {
            for _ in 0..each {
                if Instant::now() > until {
                    return Err("filling took longer than 900 s: ask for less".to_owned());
                }
                client.note(&text).await?;
            }
            Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// Writes until `done`, and takes the time of each write.
async fn write_until(clients: Vec<Noter>, done: impl Fn() -> bool) -> Result<Samples> {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let mut tasks = tokio::task::JoinSet::new();
    for mut client in clients {
        let stopped = stopped.clone();
        tasks.spawn(async move {
            let mut taken = Vec::new();
            while !*stopped.borrow() {
                let begun = Instant::now();
                load::Client::put(&mut client).await?;
                taken.push(begun.elapsed().as_secs_f64() * 1000.0);
            }
            Ok::<_, String>(taken)
        });
    }
    while !done() {
        sleep(Duration::from_millis(50)).await;
    }
    stop.send_replace(true);
    let mut samples = Samples::default();
    while let Some(ended) = tasks.join_next().await {
        ended??.into_iter().for_each(|ms| samples.put(ms));
    }
    Ok(samples)
}
