//! Readings a second from many devices, and where a reading's time goes.

use std::time::Duration;

use serde_json::json;

use super::{
    chunks,
    commands::pids,
    devices::{BATCH, Devices},
    nodes,
    usage::Usage,
};
use crate::{
    Result,
    parts::{Found, Setting},
    stage::{NODES, Stage},
    stats::{curve, percentile, rounded},
};

/// Connections at once.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Sensors of all connections together.
const SENSORS: usize = 6_400;
/// Not counted, at the beginning of each run.
const WARM_UP: Duration = Duration::from_secs(2);
const REGISTER_WITHIN: Duration = Duration::from_secs(180);

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let within = Duration::from_secs(setting.choose(10, 3));
    let mut stage = Stage::start(&setting.program, "readings", setting.keep).await?;
    let lanes = CONNECTIONS.into_iter().max().unwrap_or(1);
    let devices = Devices::register(&stage, lanes, SENSORS, REGISTER_WITHIN).await?;
    let (pids, own, gateways) = (pids(&mut stage)?, [std::process::id()], stage.gateways()?);
    let mut found = Found::default();
    let (as_row, in_chunk) = chunks::bytes_per_reading(setting.choose(365, 30))?;
    println!("  at rest: {as_row:.2} B a reading as a row, {in_chunk:.2} B in a chunk");
    found.figure("row_bytes_per_reading", Some(as_row));
    found.figure("chunk_bytes_per_reading", Some(in_chunk));
    let mut best = 0.0;
    for connections in CONNECTIONS {
        let (used, used_own) = (Usage::of(&pids)?, Usage::of(&own)?);
        let looks = nodes::looks(&gateways).await?;
        let sent = devices.send(connections, u64::MAX, WARM_UP, within).await?;
        let (now, now_own) = (Usage::of(&pids)?, Usage::of(&own)?);
        let counted = nodes::counted(&looks, &nodes::looks(&gateways).await?);
        let per_s = sent.readings / sent.seconds;
        println!("  {connections} connections, {BATCH} at a time: {per_s:.0} readings/s");
        // What was spent holds the warm-up too, and the nodes' own word on how many readings that was.
        let batches = (sent.seconds + WARM_UP.as_secs_f64()) / sent.seconds;
        let readings = sent.readings * batches;
        let sorted = sent.latencies.sorted();
        if per_s > best {
            best = per_s;
            found.figure("readings_per_s", Some(per_s));
            found.figure("readings_batch_ms_p50", percentile(&sorted, 50.0));
            found.figure("readings_batch_ms_p99", percentile(&sorted, 99.0));
            found.figure("disk_bytes_per_reading", Some(now.written_since(&used) / readings / NODES as f64));
        }
        let all_s = now.cpu_s_since(&used) + now_own.cpu_s_since(&used_own);
        found.note(
            format!("connections_{connections}"),
            json!({
                "per_s": rounded(per_s),
                "refused": sent.refused,
                "latency": curve(&sorted),
                "spent": {
                    "processes": now.per_operation(&used, readings),
                    "client": now_own.per_operation(&used_own, readings),
                    "cores_busy": rounded(all_s / (sent.seconds + WARM_UP.as_secs_f64())),
                    "counted": counted,
                },
            }),
        );
    }
    Ok(found)
}
