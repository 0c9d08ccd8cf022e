//! Planned moves of the lead of group 0, as an operator asks for them before a stop (`trongdong transfer`), while commands come
//! in through every node. A pause is the longest time between two acknowledgements of one client around a move.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    failover::ACKNOWLEDGED_WITHIN,
    lead,
    load::Client,
    nodes,
    ours::{Noter, Ward},
};
use crate::{
    Result,
    parts::{Found, Setting},
    stage::{self, NODES, Stage},
    stats::{Samples, rounded},
};

/// Sessions that open incidents, and how long that may take.
const OPENERS: usize = 48;
const OPEN_WITHIN: Duration = Duration::from_secs(180);
/// Commands go on so long before a move.
const BEFORE: Duration = Duration::from_millis(500);
/// Commands go on so long after a move before it is looked at: a pause behind the new leader's first answer counts too.
const AFTER: Duration = Duration::from_millis(250);
/// Pause of a client between two commands.
const PACE: Duration = Duration::from_millis(1);
/// How often it is looked whether every client goes on.
const LOOK: Duration = Duration::from_millis(10);
/// Moves at the beginning and at the end that are compared: a pause that grows shows there.
const COMPARED: usize = 10;

/// When a client's commands were acknowledged, since the last move was looked at.
#[derive(Clone, Default)]
struct Acknowledged(Arc<Mutex<Vec<Instant>>>);

impl Acknowledged {
    fn all(&self) -> MutexGuard<'_, Vec<Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_after(&self, moment: Instant) -> bool {
        self.all().last().is_some_and(|last| *last > moment)
    }

    /// All so far. The last one stays as the first of the next look: a gap between two looks is in the second.
    fn take(&self) -> Vec<Instant> {
        let mut all = self.all();
        let last = all.last().copied().into_iter().collect();
        std::mem::replace(&mut *all, last)
    }
}

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let (moves, incidents) = (setting.choose(50, 3), setting.choose(10_000, 100));
    let stage = Stage::start(&setting.program, "transfer", setting.keep).await?;
    let gateways = stage.gateways()?;
    let desk = stage.admin(0).await?;
    // A province in flood: what is open must not stand between a new leader and its first command.
    let bodies: Vec<Value> = (0..incidents).map(|number| stage::report(&format!("open-{number}"))).collect();
    let (opened, _) = stage::register(stage.admins(OPENERS).await?, "/api/reports", bodies, OPEN_WITHIN).await?;
    println!("  {opened} incidents are open");

    let count = usize::try_from(NODES)?;
    let clients = Ward::open_each(&stage, count).await?.clients(count).await?;
    let (stop, stopped) = watch::channel(false);
    let (mut tasks, mut streams) = (JoinSet::new(), Vec::new());
    for client in clients {
        let acknowledged = Acknowledged::default();
        streams.push(acknowledged.clone());
        tasks.spawn(write(client, acknowledged, stopped.clone()));
    }
    let (mut pauses, mut still) = (Vec::new(), Duration::ZERO);
    for number in 1..=moves {
        let leader = nodes::Look::at(gateways[0]).await?.leader(0).ok_or("nobody leads group 0")?;
        let begun = Instant::now();
        sleep(BEFORE).await;
        let asked = Instant::now();
        let next = lead::away_from(&desk, &gateways, leader).await?;
        let moved = Instant::now();
        while !streams.iter().all(|stream| stream.is_after(moved + AFTER)) {
            if let Some(ended) = tasks.try_join_next() {
                ended??;
            }
            if moved.elapsed() > ACKNOWLEDGED_WITHIN {
                stage.show_logs();
                return Err("a client was answered no more after a move".into());
            }
            sleep(LOOK).await;
        }
        let end = Instant::now();
        let mut pause = Duration::ZERO;
        for stream in &streams {
            let all = stream.take();
            pause = pause.max(longest_gap(&all, asked, end));
            still = still.max(longest_gap(&all, begun, asked));
        }
        let pause_ms = pause.as_secs_f64() * 1000.0;
        println!("  move {number}: from node {leader} to node {next}, {pause_ms:.1} ms");
        pauses.push(pause_ms);
    }
    stop.send_replace(true);
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(found(&pauses, opened, still))
}

fn found(pauses: &[f64], opened: usize, still: Duration) -> Found {
    let most = |pauses: &[f64]| pauses.iter().copied().reduce(f64::max);
    let mut found = Found::default();
    found.figure("transfer_pause_ms_max", most(pauses));
    found.note("moves", pauses.len());
    found.note("incidents_open", opened);
    found.note("longest_gap_without_a_move_ms", rounded(still.as_secs_f64() * 1000.0));
    let (first, last) = (pauses.iter().take(COMPARED), pauses.iter().rev().take(COMPARED));
    found.note("first_moves_pause_ms_max", first.copied().reduce(f64::max).map(rounded));
    found.note("last_moves_pause_ms_max", last.copied().reduce(f64::max).map(rounded));
    let mut samples = Samples::default();
    pauses.iter().for_each(|pause| samples.put(*pause));
    found.percentiles("transfer_pause", &samples.sorted());
    found
}

/// One client: one command after the other until told to stop.
async fn write(
    mut client: Noter,
    acknowledged: Acknowledged,
    stopped: watch::Receiver<bool>,
) -> std::result::Result<(), String> {
    while !*stopped.borrow() {
        client.put().await?;
        acknowledged.all().push(Instant::now());
        sleep(PACE).await;
    }
    Ok(())
}

/// The longest time between two acknowledgements in a row of which the first is before `until` and the second after `from`.
fn longest_gap(acknowledged: &[Instant], from: Instant, until: Instant) -> Duration {
    let pairs = acknowledged.windows(2).filter(|pair| pair[0] < until && pair[1] > from);
    pairs.map(|pair| pair[1].duration_since(pair[0])).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_counts_that_reaches_into_the_time_looked_at() {
        let begun = Instant::now();
        let at = |ms: u64| begun + Duration::from_millis(ms);
        let acknowledged = [at(0), at(400), at(410), at(470), at(480), at(980)];
        assert_eq!(longest_gap(&acknowledged, at(405), at(475)), Duration::from_millis(60));
        assert_eq!(longest_gap(&acknowledged, at(405), at(500)), Duration::from_millis(500), "it begins inside");
        assert_eq!(longest_gap(&acknowledged, at(399), at(475)), Duration::from_millis(400), "it ends inside");
        assert_eq!(longest_gap(&[], at(0), at(1)), Duration::ZERO);
    }

    #[test]
    fn a_gap_between_two_looks_is_in_the_second() {
        let (stream, begun) = (Acknowledged::default(), Instant::now());
        let at = |ms: u64| begun + Duration::from_millis(ms);
        stream.all().extend([at(0), at(10)]);
        assert_eq!(stream.take(), [at(0), at(10)]);
        stream.all().push(at(300));
        assert_eq!(longest_gap(&stream.take(), at(20), at(400)), Duration::from_millis(290));
    }

    #[test]
    fn the_longest_pause_is_the_figure_and_growth_is_told() {
        let pauses: Vec<f64> = (1..=50).map(f64::from).collect();
        let found = found(&pauses, 7, Duration::from_millis(3));
        assert_eq!(found.figures["transfer_pause_ms_max"], 50.0);
        assert_eq!(found.detail["first_moves_pause_ms_max"], 10.0);
        assert_eq!(found.detail["last_moves_pause_ms_max"], 50.0);
        assert_eq!(found.detail["moves"], 50);
    }
}
