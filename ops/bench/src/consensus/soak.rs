//! Full load for a stated time with the settings that ship: whether anybody stands for election who should not, what is
//! acknowledged and refused, how latency and memory go. Clients in a closed loop keep the nodes as busy as they can be.

use std::{
    collections::BTreeMap,
    fs,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    commands::pids,
    devices::Devices,
    ours::{Noter, Ward},
    usage::{Usage, rss_mib},
};
use crate::{
    Result,
    desk::Desk,
    parts::{Found, Setting},
    stage::{NODES, Stage},
    stats::{Samples, percentile, rounded},
};

/// Clients that write notes, and connections that send readings.
const CLIENTS: usize = 64;
const CONNECTIONS: usize = 8;
/// Sensors of all connections together.
const SENSORS: usize = 800;
const REGISTER_WITHIN: Duration = Duration::from_secs(180);
/// The load begins when no term has moved for so long: by then leads are spread.
const STEADY_FOR: Duration = Duration::from_secs(20);
const STEADY_WITHIN: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_secs(1);
/// Lines at most of what went wrong: more are told as a number.
const SAID_MAX: usize = 40;
/// Pause of a client whose connection broke.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// The load ends early when the disk has no more room than this.
const FREE_BYTES_MIN: u64 = 6 << 30;
/// What a node says when it hands a lead over on purpose; such a move is an election that somebody wanted.
const HAND_OVER: &str = "handing the lead over";

/// What all clients have done since it was looked at last.
#[derive(Default)]
struct Tally {
    latencies: Mutex<Samples>,
    refused: AtomicU64,
    failed: AtomicU64,
}

impl Tally {
    fn latencies(&self) -> MutexGuard<'_, Samples> {
        self.latencies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the minutes came to together.
#[derive(Default)]
struct Sum {
    minutes: Vec<Value>,
    latencies: Samples,
    seconds: f64,
    readings: f64,
    refused: u64,
    failed: u64,
}

impl Sum {
    /// Takes one minute in.
    fn put(&mut self, seconds: f64, tally: &Tally, readings: f64, elections: u64) {
        let sorted = std::mem::take(&mut *tally.latencies()).sorted();
        let refused = tally.refused.swap(0, Ordering::Relaxed);
        let failed = tally.failed.swap(0, Ordering::Relaxed);
        let at = |percent| percentile(&sorted, percent).map(rounded);
        self.minutes.push(json!({
            "acknowledged": sorted.len(),
            "refused": refused,
            "failed": failed,
            "ms_p50": at(50.0),
            "ms_p99": at(99.0),
            "ms_most": at(100.0),
            "readings": readings,
            "elections": elections,
        }));
        self.seconds += seconds;
        self.readings += readings;
        self.refused += refused;
        self.failed += failed;
        sorted.into_iter().for_each(|ms| self.latencies.put(ms));
    }
}

/// Measures for so many minutes.
pub(crate) async fn measure(setting: &Setting, minutes: u64) -> Result<Found> {
    let minute = Duration::from_secs(setting.choose(60, 5));
    let mut stage = Stage::start(&setting.program, "soak", setting.keep).await?;
    let desk = stage.admin(0).await?;
    let devices = Devices::register(&stage, CONNECTIONS, SENSORS, REGISTER_WITHIN).await?;
    let clients = Ward::open_each(&stage, CLIENTS).await?.clients(CLIENTS).await?;
    steady(&desk, setting.choose(STEADY_FOR, LOOK)).await?;

    let pids = pids(&mut stage)?;
    let (terms_before, moves_before, rss_before) = (terms(&desk).await?, moves(&stage), rss_mib(&pids)?);
    let mut terms_last = terms_before.clone();
    let (tally, mut sum, mut lines) = (Arc::new(Tally::default()), Sum::default(), Vec::new());
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(write(client, tally.clone(), stopped.clone()));
    }
    let used = Usage::of(&pids)?;
    for number in 1..=minutes {
        let begun = Instant::now();
        let mut readings = 0.0;
        while begun.elapsed() < minute {
            let left = minute.saturating_sub(begun.elapsed());
            match devices.send(CONNECTIONS, u64::MAX, Duration::ZERO, left).await {
                Ok(sent) => {
                    readings += sent.readings;
                    tally.refused.fetch_add(sent.refused, Ordering::Relaxed);
                }
                // What was acknowledged before it is not counted: the figure is too low, never too high.
                Err(error) => {
                    lines.push(format!("minute {number}: readings: {error}"));
                    sleep(AGAIN_AFTER).await;
                }
            }
        }
        sleep_until(begun + minute).await;
        // A look that fails leaves them to the next minute.
        let terms_now = terms(&desk).await.unwrap_or_else(|_| terms_last.clone());
        let elections = grown(&terms_last, &terms_now).values().sum();
        terms_last = terms_now;
        sum.put(begun.elapsed().as_secs_f64(), &tally, readings, elections);
        println!("  minute {number}: {}", sum.minutes.last().map(Value::to_string).unwrap_or_default());
        if let Some(node) = ended(&mut stage)? {
            stage.show_logs();
            lines.insert(0, format!("ended after {number} minutes: the process of node {node} has ended"));
            break;
        }
        if let Some(free) = free_bytes(&desk).await.filter(|free| *free < FREE_BYTES_MIN) {
            lines.insert(0, format!("ended after {number} minutes: the disk has {} MiB left", free >> 20));
            break;
        }
    }
    // Of a process that has ended nothing can be told.
    let rss_after = rss_mib(&pids).unwrap_or_default();
    let used_during = Usage::of(&pids).ok().map(|now| now.rates(&used, sum.seconds));
    stop.send_replace(true);
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    let (terms_after, moves_after) = (terms(&desk).await?, moves(&stage));
    let grown = grown(&terms_before, &terms_after);
    let elections: u64 = grown.values().sum();
    let planned = moves_after.saturating_sub(moves_before);
    let mut found = Found::default();
    found.note("minutes", sum.minutes.clone());
    found.note("elections_by_group", json!(grown));
    found.note("elections", elections);
    found.note("leads_handed_over_on_purpose", planned);
    found.note("rss_mib_of_each_at_the_start", rss_before.clone());
    found.note("rss_mib_of_each_at_the_end", rss_after.clone());
    found.note("used_during", used_during);
    let unsaid = lines.len().saturating_sub(SAID_MAX);
    lines.truncate(SAID_MAX);
    if unsaid > 0 {
        lines.push(format!("and {unsaid} more"));
    }
    found.note("said", lines);
    put(&mut found, sum, elections.saturating_sub(planned));
    let most = |all: &[f64]| all.iter().copied().reduce(f64::max);
    found.figure("soak_rss_mib_start", most(&rss_before));
    found.figure("soak_rss_mib_end", most(&rss_after));
    Ok(found)
}

fn put(found: &mut Found, sum: Sum, spurious: u64) {
    let acknowledged = sum.latencies.len() as f64;
    found.figure("soak_minutes", Some(sum.seconds / 60.0));
    found.figure("spurious_elections", Some(spurious as f64));
    found.figure("soak_acknowledged", Some(acknowledged));
    found.figure("soak_refused", Some(sum.refused as f64));
    found.figure("soak_failed", Some(sum.failed as f64));
    found.figure("soak_commands_per_s", Some(acknowledged / sum.seconds));
    found.figure("soak_readings_per_s", Some(sum.readings / sum.seconds));
    found.percentiles("soak_command", &sum.latencies.sorted());
}

/// One client: one note after the other until told to stop, whatever happens to one of them.
async fn write(mut client: Noter, tally: Arc<Tally>, stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let begun = Instant::now();
        if let Ok(refused) = client.put_counting().await {
            tally.refused.fetch_add(refused, Ordering::Relaxed);
            tally.latencies().put(begun.elapsed().as_secs_f64() * 1000.0);
            continue;
        }
        tally.failed.fetch_add(1, Ordering::Relaxed);
        while client.reconnect().await.is_err() && !*stopped.borrow() {
            sleep(AGAIN_AFTER).await;
        }
    }
}

/// Waits until no term has moved for a while.
async fn steady(desk: &Desk, steady_for: Duration) -> Result<()> {
    let until = Instant::now() + STEADY_WITHIN;
    let (mut last, mut since) = (terms(desk).await?, Instant::now());
    while since.elapsed() < steady_for {
        if Instant::now() > until {
            return Err(format!("leads went on moving for {STEADY_WITHIN:?} without any load").into());
        }
        sleep(LOOK).await;
        let now = terms(desk).await?;
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    Ok(())
}

/// The newest term of each group that any node knows.
async fn terms(desk: &Desk) -> Result<BTreeMap<u64, u64>> {
    let mut terms = BTreeMap::new();
    for at in 0..usize::try_from(NODES)? {
        // Of one that has ended a line tells; the others know who was elected without it.
        let Ok(status) = desk.at_node(at).get("/api/cluster").await else { continue };
        for group in status.get("groups").and_then(Value::as_array).into_iter().flatten() {
            let number = |name: &str| group.get(name).and_then(Value::as_u64).unwrap_or_default();
            let term = terms.entry(number("group")).or_insert(0);
            *term = number("term").max(*term);
        }
    }
    if terms.is_empty() { Err("no node tells its terms".into()) } else { Ok(terms) }
}

/// A node whose process has ended, if one has.
fn ended(stage: &mut Stage) -> Result<Option<u64>> {
    for node in 1..=NODES {
        if stage.cluster.has_ended(node)? {
            return Ok(Some(node));
        }
    }
    Ok(None)
}

/// Room on the disk, if the node says.
async fn free_bytes(desk: &Desk) -> Option<u64> {
    let status = desk.at_node(0).get("/api/cluster").await.ok()?;
    status.get("disk")?.get("free_bytes")?.as_u64()
}

/// By how many terms each group has grown.
fn grown(before: &BTreeMap<u64, u64>, after: &BTreeMap<u64, u64>) -> BTreeMap<u64, u64> {
    let of = |(group, term): (&u64, &u64)| (*group, term - before.get(group).copied().unwrap_or_default().min(*term));
    after.iter().map(of).collect()
}

/// How often a node has said that it hands a lead over.
fn moves(stage: &Stage) -> u64 {
    let said = |log: String| log.matches(HAND_OVER).count() as u64;
    stage
        .cluster
        .nodes
        .iter()
        .map(|node| said(fs::read_to_string(node.home.join("node.log")).unwrap_or_default()))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_election_is_a_term_that_has_grown() {
        let before = BTreeMap::from([(0, 3), (1, 2)]);
        let after = BTreeMap::from([(0, 3), (1, 4), (2, 1)]);
        assert_eq!(grown(&before, &after), BTreeMap::from([(0, 0), (1, 2), (2, 1)]));
    }

    #[test]
    fn minutes_are_told_one_by_one_and_summed() {
        let (tally, mut sum) = (Tally::default(), Sum::default());
        for minute in [[1.0, 3.0], [5.0, 7.0]] {
            minute.into_iter().for_each(|ms| tally.latencies().put(ms));
            tally.refused.fetch_add(2, Ordering::Relaxed);
            sum.put(60.0, &tally, 600.0, 1);
        }
        assert_eq!(sum.minutes[1]["ms_most"], 7.0);
        assert_eq!([&sum.minutes[1]["refused"], &sum.minutes[1]["elections"]], [2, 1]);
        let mut found = Found::default();
        put(&mut found, sum, 0);
        assert_eq!(found.figures["soak_minutes"], 2.0);
        assert_eq!(found.figures["soak_acknowledged"], 4.0);
        assert_eq!(found.figures["soak_refused"], 4.0);
        assert_eq!(found.figures["soak_readings_per_s"], 10.0);
        assert_eq!(found.figures["spurious_elections"], 0.0);
    }
}
