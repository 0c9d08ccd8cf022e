//! What a snapshot does to writes: a follower that has missed more than the leader's log holds comes back and is sent group
//! 0 whole, while notes are written; the slowest hundredth of them beside that of the same load without. Every step is bounded
//! in time: six minutes in all.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, sleep};

use super::{
    Scale,
    commands::pids,
    failover::gateway,
    load, nodes,
    ours::{Noter, Ward},
    usage::Usage,
};
use crate::{
    Result,
    parts::{Found, Setting},
    stage::{NODES, Stage},
    stats::{Samples, curve, percentile, rounded},
};

/// Bytes of a note that fills: near `domain::limits::TEXT_BYTES_MAX`.
const FILL_BYTES: usize = 4000;
/// Bytes of a note that only makes the log longer.
const SHORT_BYTES: usize = 16;
/// Clients that fill, and those whose writes are measured.
const FILLERS: usize = 64;
const WRITERS: usize = 16;
/// Entries that a leader keeps below a snapshot (`config` of `consensus/raft`), and some that it has not dropped yet.
const KEPT: u64 = 20_000 + 2_048;
/// Entries that the follower misses at most: a leader makes a snapshot every 50,000 entries.
const MISSED_MAX: u64 = 130_000;
/// Entries between two looks whether that is enough.
const MISSED_STEP: u64 = 5_000;
const WITHOUT_FOR: Duration = Duration::from_secs(10);
/// What a node counts for each snapshot that it installs, since its start.
const INSTALLED: &str = "trongdong_raft_snapshots_installed_total";
/// How long filling, missing and catching up may take. What is not filled by then is missing, and the report says so.
const FILL_WITHIN: Duration = Duration::from_secs(150);
const MISS_WITHIN: Duration = Duration::from_secs(90);
const CAUGHT_UP_WITHIN: Duration = Duration::from_secs(90);

/// Measures.
pub(crate) async fn measure(setting: &Setting, scale: &Scale) -> Result<Found> {
    let mut stage = Stage::start(&setting.program, "snapshot", setting.keep).await?;
    let gateways = stage.gateways()?;
    let desk = stage.admin(0).await?;
    let ward = Ward::open_each(&stage, FILLERS).await?;
    let wanted = (scale.snapshot_mib << 20) / FILL_BYTES as u64;
    let notes = fill(ward.clients(FILLERS).await?, wanted, FILL_BYTES, FILL_WITHIN).await?;
    let filled_mib = (notes * FILL_BYTES as u64) >> 20;
    println!("  {filled_mib} MiB of notes");

    let look = nodes::Look::at(gateways[0]).await?;
    let leader = look.leader(0).ok_or("nobody leads group 0")?;
    let follower = (1..=NODES).find(|id| *id != leader).ok_or("one node has no follower")?;
    let back = gateway(&gateways, follower)?;
    let others: Vec<_> = gateways.iter().copied().filter(|at| *at != back).collect();
    // The same nodes take the writes with a snapshot and without.
    let all = pids(&mut stage)?;
    let mut looks = Vec::new();
    let writers = ward.at(&others).clients(WRITERS).await?;
    let (run, writers) = load::drive(writers, WITHOUT_FOR, || {
        looks.push(Usage::of(&all)?);
        Ok(())
    })
    .await?;
    drop(writers);
    let used_without = looks.last().zip(looks.first()).map(|(now, before)| now.rates(before, run.seconds));
    let without = run.latencies.sorted();

    stage.cluster.kill(follower)?;
    let leading = gateway(&gateways, leader)?;
    let applied = nodes::Look::at(leading).await?.applied(0);
    let (begun, mut missed) = (Instant::now(), 0);
    while missed < MISSED_MAX && begun.elapsed() < MISS_WITHIN {
        let left = MISS_WITHIN.saturating_sub(begun.elapsed());
        missed += fill(ward.at(&others).clients(FILLERS).await?, MISSED_STEP, SHORT_BYTES, left).await?;
        let snapshot = nodes::said(&desk, leader, 0, "snapshot").await?.unwrap_or_default();
        if snapshot as f64 > applied + KEPT as f64 {
            break;
        }
    }
    println!("  {missed} entries missed");

    stage.cluster.start_node(follower)?;
    let begun = Instant::now();
    let all = pids(&mut stage)?;
    let before = Usage::of(&all)?;
    let target = nodes::Look::at(leading).await?.applied(0);
    let caught_up = tokio::spawn(nodes::until(back, CAUGHT_UP_WITHIN, move |look| look.applied(0) >= target));
    let during = write_until(ward.at(&others).clients(WRITERS).await?, || caught_up.is_finished()).await?;
    if !caught_up.await? {
        stage.show_logs();
        return Err(format!("the follower did not catch up within {CAUGHT_UP_WITHIN:?}").into());
    }
    let seconds = begun.elapsed().as_secs_f64();
    let used_during = Usage::of(&all)?.rates(&before, seconds);
    println!("  caught up in {seconds:.1} s");
    // What it was sent entry by entry is no snapshot, and measures something else. One that it took of itself does not count.
    if nodes::Look::at(back).await?.count(INSTALLED) < 1.0 {
        return Err(format!("the follower was sent {missed} entries and no snapshot").into());
    }
    let during = during.sorted();
    let mut found = Found::default();
    let p99 = |sorted: &[f64]| percentile(sorted, 99.0);
    found.figure("snapshot_write_p99_ratio", p99(&during).zip(p99(&without)).map(|(during, without)| during / without));
    found.note("filled_mib", filled_mib);
    found.note("missed_entries", missed);
    found.note("caught_up_s", rounded(seconds));
    found.note("write_ms_p99_without", p99(&without));
    found.note("write_ms_p99_during", p99(&during));
    found.note("used_without", used_without);
    found.note("used_during", used_during);
    found.note("without", curve(&without));
    found.note("during", json!(curve(&during)));
    Ok(found)
}

/// Writes that many notes of that size, all clients together, as far as it goes in the time; how many were written.
async fn fill(clients: Vec<Noter>, notes: u64, bytes: usize, within: Duration) -> Result<u64> {
    let each = notes.div_ceil(clients.len() as u64);
    let until = Instant::now() + within;
    let mut tasks = tokio::task::JoinSet::new();
    for (mut client, number) in clients.into_iter().zip(0_u64..) {
        tasks.spawn(async move {
            let mut written = 0;
            while written < each && Instant::now() < until {
                client.note(&page((number << 32) | written, bytes)).await?;
                written += 1;
            }
            Ok::<_, String>(written)
        });
    }
    let mut written = 0;
    while let Some(ended) = tasks.join_next().await {
        written += ended??;
    }
    Ok(written)
}

/// Letters that do not compress, others for each number (xorshift64*): a page of one letter would be no gigabyte on a disk.
fn page(number: u64, bytes: usize) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut page = String::with_capacity(bytes + 10);
    while page.len() < bytes {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let drawn = state.wrapping_mul(0x2545_F491_4F6C_DD1D).to_be_bytes();
        page.extend(drawn.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)])));
    }
    page.truncate(bytes);
    page
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_differ_and_have_their_size() {
        assert_eq!((page(0, FILL_BYTES).len(), page(1, SHORT_BYTES).len()), (FILL_BYTES, SHORT_BYTES));
        let pages: std::collections::BTreeSet<_> = (0..1000).map(|number| page(number, SHORT_BYTES)).collect();
        assert_eq!(pages.len(), 1000);
    }
}
