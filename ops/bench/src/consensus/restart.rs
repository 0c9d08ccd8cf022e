//! How long a node takes to serve again after `kill -9`, with as many entities and readings as a province has after a while;
//! and what a reading costs on the disk by then.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{
    Scale,
    commands::pids,
    devices::Devices,
    failover::gateway,
    nodes,
    usage::{Usage, rss_mib_max},
};
use crate::{
    Result,
    parts::{Found, Setting},
    stage::{self, NODES, Stage},
    stats::rounded,
};

/// Connections that fill.
const CONNECTIONS: usize = 64;
/// Registration of all entities.
const REGISTER_WITHIN: Duration = Duration::from_secs(900);
/// Sending of all readings; what is not sent by then is missing, and the report says so.
const FILL_WITHIN: Duration = Duration::from_secs(900);

/// Measures.
pub(crate) async fn measure(setting: &Setting, scale: &Scale) -> Result<Found> {
    let mut found = Found::default();
    let mut stage = Stage::start(&setting.program, "restart", setting.keep).await?;
    let devices = Devices::register(&stage, CONNECTIONS, scale.entities, REGISTER_WITHIN).await?;
    let all = pids(&mut stage)?;
    let before = Usage::of(&all)?;
    let sent = devices.send(CONNECTIONS, scale.readings, Duration::ZERO, FILL_WITHIN).await?;
    let written = Usage::of(&all)?.written_since(&before);
    println!("  {:.0} readings in {:.0} s", sent.readings, sent.seconds);
    found.note("entities", scale.entities);
    found.note("readings", sent.readings);
    found.note("refused", sent.refused);
    found.note("filled_per_s", rounded(sent.readings / sent.seconds));
    found.note("written_bytes_per_reading_of_one_node", rounded(written / sent.readings / NODES as f64));
    found.note("filled_rss_mib", rounded(rss_mib_max(&all)?));

    // One node of a cluster that runs on.
    let begun = Instant::now();
    stage.cluster.kill(NODES)?;
    stage.cluster.start_node(NODES)?;
    stage.cluster.ready().await?;
    let one_s = begun.elapsed().as_secs_f64();
    // All that the process has used since it was started.
    let started = stage.cluster.pid(NODES)?.ok_or("the node has ended")?;
    let spent = Usage::of(&[started])?;
    let cores_busy = rounded(spent.cpu_s_since(&Usage::default()) / one_s);
    let spent = spent.per_operation(&Usage::default(), 1.0);
    found.note("one_start", json!({ "spent": { "processes": spent, "cores_busy": cores_busy } }));
    let address = gateway(&stage.gateways()?, NODES)?;
    let applied: f64 = {
        let look = nodes::Look::at(address).await?;
        domain::GroupId::all().map(|group| look.applied(group.0)).sum()
    };
    println!("  one node: {one_s:.2} s");

    // All of them, as after a power cut: nobody is there to help.
    for id in 1..=NODES {
        stage.cluster.kill(id)?;
    }
    let begun = Instant::now();
    stage.cluster.start()?;
    stage.cluster.ready().await?;
    let ready_s = begun.elapsed().as_secs_f64();
    stage.admin(0).await?.command("/api/reports", &stage::report("after-restart")).await?;
    let acknowledged_s = begun.elapsed().as_secs_f64();
    println!("  all nodes: {ready_s:.2} s, a command acknowledged after {acknowledged_s:.2} s");
    found.figure("restart_ready_s", Some(one_s));
    found.figure("restart_all_ready_s", Some(ready_s));
    found.note("entries_applied", applied);
    found.note("all_acknowledged_s", json!(rounded(acknowledged_s)));
    found.note("restarted_rss_mib", rounded(rss_mib_max(&pids(&mut stage)?)?));
    Ok(found)
}
