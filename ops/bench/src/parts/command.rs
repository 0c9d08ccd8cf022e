//! Commands a second: reports that open incidents, in a closed loop over HTTP at 1, 16 and 64 clients.

use std::time::Duration;

use serde_json::json;
use tokio::{task::JoinSet, time::Instant};

use super::{Found, Setting};
use crate::{Result, desk::Desk, stage::Stage, stats::Samples};

/// Clients at once.
const CLIENTS: [usize; 3] = [1, 16, 64];
/// Not counted, at the beginning of each.
const WARM_UP: Duration = Duration::from_secs(2);

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let within = Duration::from_secs(setting.choose(10, 2));
    let stage = Stage::start(&setting.program, "commands", setting.keep).await?;
    let mut desks = stage.admins(64).await?;
    let mut found = Found::default();
    let mut best: Option<f64> = None;
    for clients in CLIENTS {
        let begin = Instant::now() + WARM_UP;
        let end = begin + within;
        let mut tasks = JoinSet::new();
        for (at, desk) in desks.drain(..clients.min(desks.len())).enumerate() {
            tasks.spawn(drive(desk, format!("{clients}-{at}"), begin, end));
        }
        let mut latencies = Samples::default();
        while let Some(ended) = tasks.join_next().await {
            let (desk, taken) = ended?.map_err(|error| error.to_string())?;
            desks.push(desk);
            taken.into_iter().for_each(|ms| latencies.put(ms));
        }
        let per_s = latencies.len() as f64 / within.as_secs_f64();
        if latencies.len() > 0 {
            best = Some(best.map_or(per_s, |best| best.max(per_s)));
        }
        println!("  {clients} clients: {per_s:.0} commands/s");
        let sorted = latencies.sorted();
        found.note(
            format!("clients_{clients}"),
            json!({ "per_s": crate::stats::rounded(per_s), "latency": crate::stats::curve(&sorted) }),
        );
    }
    found.figure("commands_acked_per_s", best);
    Ok(found)
}

/// One client's closed loop; the milliseconds of each command that was sent and answered within the time.
async fn drive(
    mut desk: Desk,
    name: String,
    begin: Instant,
    end: Instant,
) -> std::result::Result<(Desk, Vec<f64>), String> {
    let mut taken = Vec::new();
    for number in 0_u64.. {
        let started = Instant::now();
        if started >= end {
            break;
        }
        let body = crate::stage::report(&format!("bench-{name}-{number}"));
        desk.command("/api/reports", &body).await.map_err(|error| error.to_string())?;
        if started >= begin && Instant::now() <= end {
            taken.push(started.elapsed().as_secs_f64() * 1000.0);
        }
    }
    Ok((desk, taken))
}
