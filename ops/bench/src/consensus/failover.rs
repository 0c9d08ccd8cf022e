//! `kill -9` of the node that leads every group: how long until a command is acknowledged again. Leads are spread over the
//! nodes on their own within a quarter of a minute, so each round starts the cluster anew: one node waits alone and stands
//! for election in every group, so that it leads them all as soon as the second has come.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::nodes;
use crate::{
    Result,
    desk::Desk,
    parts::{Found, Setting, kill::ask_until_answered},
    stage::{self, NODES, Stage},
    stats::Samples,
};

/// Commands before each kill, and their pace.
const TRICKLE: (u32, Duration) = (20, Duration::from_millis(20));
/// How long the first node is alone: it has opened its disk and stands for election by then.
const ALONE: Duration = Duration::from_millis(1500);
/// How long all groups may take to be led by the first node once the second has started.
const LED_WITHIN: Duration = Duration::from_secs(8);
/// Pause once all are ready: the third catches up.
const SETTLE: Duration = Duration::from_millis(500);
/// Times that a round is begun anew because another node came to lead a group.
const ROUNDS_LOST_MAX: u64 = 20;
/// How long the cluster may take to acknowledge.
pub(crate) const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let rounds = setting.choose(50, 3);
    let mut stage = Stage::start(&setting.program, "failover", setting.keep).await?;
    let gateways = stage.gateways()?;
    let mut desk = stage.admin(0).await?;
    let (mut outages, mut whole) = (Samples::default(), Samples::default());
    let mut lost = 0;
    while outages.len() < rounds {
        let round = outages.len();
        let leader = 1 + round as u64 % NODES;
        if !lead_all(&mut stage, &gateways, leader).await? || !trickle(&mut desk, &gateways, leader, lost).await? {
            lost += 1;
            if lost > ROUNDS_LOST_MAX {
                stage.show_logs();
                return Err("one node does not come to lead every group".into());
            }
            continue;
        }
        let (outage_ms, whole_ms) = kill(&mut stage, &gateways, &mut desk, leader).await?;
        println!("  round {round}: node {leader}, {outage_ms:.0} ms, all groups {whole_ms:.0} ms");
        outages.put(outage_ms);
        whole.put(whole_ms);
    }
    let mut found = Found::default();
    found.percentiles("failover", &outages.sorted());
    found.note("all_groups_led", crate::stats::curve(&whole.sorted()));
    found.note("rounds_begun_anew", lost);
    Ok(found)
}

/// Ends all, and starts them so that `leader` leads every group; whether it does.
async fn lead_all(stage: &mut Stage, gateways: &[SocketAddr], leader: u64) -> Result<bool> {
    let others: Vec<_> = (1..=NODES).filter(|id| *id != leader).collect();
    for id in 1..=NODES {
        stage.cluster.kill(id)?;
    }
    stage.cluster.start_node(leader)?;
    sleep(ALONE).await;
    for (at, id) in others.iter().enumerate() {
        stage.cluster.start_node(*id)?;
        if at == 0 && !nodes::until(gateway(gateways, leader)?, LED_WITHIN, |look| look.all_led_by(leader)).await {
            return Ok(false);
        }
    }
    stage.cluster.ready().await?;
    sleep(SETTLE).await;
    Ok(true)
}

/// The gateway of the node `id`.
pub(crate) fn gateway(gateways: &[SocketAddr], id: u64) -> Result<SocketAddr> {
    let at = usize::try_from(id)?.checked_sub(1).ok_or("nodes count from 1")?;
    Ok(*gateways.get(at).ok_or("there is no such node")?)
}

/// Sends the trickle; whether `leader` still leads every group after it.
async fn trickle(desk: &mut Desk, gateways: &[SocketAddr], leader: u64, lost: u64) -> Result<bool> {
    let again = desk.next_seq();
    for number in 0..TRICKLE.0 {
        desk.command("/api/reports", &stage::report(&format!("before-{again}-{lost}-{number}"))).await?;
        sleep(TRICKLE.1).await;
    }
    Ok(nodes::Look::at(gateway(gateways, leader)?).await?.all_led_by(leader))
}

/// Kills the leader; milliseconds to the next acknowledgement, and until every group is led again.
async fn kill(stage: &mut Stage, gateways: &[SocketAddr], desk: &mut Desk, leader: u64) -> Result<(f64, f64)> {
    let seq = desk.next_seq();
    let body = stage::report(&format!("after-{seq}")).to_string().into_bytes();
    let killed = Instant::now();
    stage.cluster.kill(leader)?;
    let mut asking = JoinSet::new();
    for id in (1..=NODES).filter(|id| *id != leader) {
        let node = desk.at_node(usize::try_from(id - 1)?);
        asking.spawn(ask_until_answered(node, seq, body.clone()));
    }
    let first = timeout(ACKNOWLEDGED_WITHIN, asking.join_next()).await;
    let outage_ms = killed.elapsed().as_secs_f64() * 1000.0;
    match first {
        Ok(Some(answered)) => answered??,
        Ok(None) => return Err("nobody was asked".into()),
        Err(_) => {
            stage.show_logs();
            return Err("nothing was acknowledged within 60 s".into());
        }
    }
    drop(asking);
    let survivor = (1..=NODES).find(|id| *id != leader).unwrap_or_default();
    let survivor = gateway(gateways, survivor)?;
    if !nodes::until(survivor, ACKNOWLEDGED_WITHIN, |look| look.all_led_without(leader)).await {
        return Err("a group stays without a leader".into());
    }
    Ok((outage_ms, killed.elapsed().as_secs_f64() * 1000.0))
}
