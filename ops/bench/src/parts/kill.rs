//! The leader of group 0 dies by `kill -9` under a trickle of commands: how long until a command is acknowledged again. The
//! client sends its command, under one number, to every node that lives, and asks again until one answers.

use std::{io, net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{Found, Setting};
use crate::{
    Result,
    desk::Desk,
    screen,
    stage::{NODES, Stage},
    stats::Samples,
};

/// Commands before each kill, and their pace.
const TRICKLE: (u32, Duration) = (50, Duration::from_millis(20));
/// Times that a trickle is sent until the same node leads before and after it.
const LOOKS_MAX: u32 = 10;
/// One attempt at one node.
const ATTEMPT_WITHIN: Duration = Duration::from_secs(2);
/// Pause before a node is asked again.
const AGAIN_AFTER: Duration = Duration::from_millis(10);
/// How long the cluster may take to acknowledge.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);
/// Pause once all nodes are ready again: the one that came back catches up, leads are spread.
const SETTLE: Duration = Duration::from_secs(2);

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let rounds = setting.choose(20, 2);
    let mut stage = Stage::start(&setting.program, "kill", setting.keep).await?;
    let gateways = stage.gateways()?;
    let mut desk = stage.admin(0).await?;
    let mut outages = Samples::default();
    let mut readies = Vec::new();
    for round in 0..rounds {
        let leader = trickle_and_leader(&mut desk, gateways[0], round).await?;
        let seq = desk.next_seq();
        let body = crate::stage::report(&format!("after-{round}")).to_string();
        let killed = Instant::now();
        stage.cluster.kill(leader)?;
        let mut asking = JoinSet::new();
        for at in (0..NODES).filter(|at| at + 1 != leader) {
            let node = desk.at_node(usize::try_from(at)?);
            asking.spawn(ask_until_answered(node, seq, body.clone().into_bytes()));
        }
        let first = timeout(ACKNOWLEDGED_WITHIN, async {
            if let Some(ended) = asking.join_next().await {
                ended.map_err(|error| error.to_string())??;
                return Ok(());
            }
            Err("nobody was asked".to_owned())
        });
        let acknowledged = first.await;
        let outage_ms = killed.elapsed().as_secs_f64() * 1000.0;
        match acknowledged {
            Ok(Ok(())) => outages.put(outage_ms),
            Ok(Err(error)) => return Err(format!("round {round}: {error}").into()),
            Err(_) => {
                stage.show_logs();
                return Err(format!("round {round}: nothing was acknowledged within 60 s").into());
            }
        }
        drop(asking);
        let restarted = Instant::now();
        stage.cluster.start_node(leader)?;
        stage.cluster.ready().await?;
        readies.push(json!(crate::stats::rounded(restarted.elapsed().as_secs_f64())));
        println!("  round {round}: node {leader}, {outage_ms:.0} ms");
        sleep(SETTLE).await;
    }
    let mut found = Found::default();
    found.percentiles("leader_kill_to_ack", &outages.sorted());
    found.note("restart_to_ready_s", readies);
    Ok(found)
}

/// Sends the trickle; the leader of group 0. A lead that moved meanwhile is looked up anew, so that whoever is killed leads.
async fn trickle_and_leader(desk: &mut Desk, gateway: SocketAddr, round: u64) -> Result<u64> {
    for again in 0..LOOKS_MAX {
        let before = screen::leader(gateway, desk.token()).await?;
        for number in 0..TRICKLE.0 {
            desk.command("/api/reports", &crate::stage::report(&format!("before-{round}-{again}-{number}"))).await?;
            sleep(TRICKLE.1).await;
        }
        if screen::leader(gateway, desk.token()).await? == before {
            return Ok(before);
        }
    }
    Err("the lead of group 0 does not stay with a node".into())
}

/// Sends the command to one node until it is accepted.
pub(crate) async fn ask_until_answered(mut node: Desk, seq: u64, body: Vec<u8>) -> std::result::Result<(), String> {
    loop {
        let attempt = timeout(ATTEMPT_WITHIN, node.attempt(seq, "/api/reports", &body)).await;
        match attempt.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(answer) if answer.is_success() => return Ok(()),
            Ok(answer) if answer.status < 500 && answer.status != 429 => return Err(answer.words()),
            _ => sleep(AGAIN_AFTER).await,
        }
    }
}
