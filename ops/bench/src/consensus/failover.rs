//! `kill -9` of the node that leads every group: how long until a command is acknowledged again. Before each kill the other
//! nodes are asked to rest until one leads everything, and to rest no longer: then it is killed as it ships.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use super::{lead, nodes};
use crate::{
    Result,
    desk::Desk,
    parts::{Found, Setting, kill::ask_until_answered},
    stage::{self, NODES, Stage},
    stats::Samples,
};

/// Commands before each kill, and their pace.
const TRICKLE: (u32, Duration) = (20, Duration::from_millis(20));
/// How long the cluster may take to acknowledge.
pub(crate) const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(60);
/// Kills that have not been made by then are not made: the report says how many were.
const PART_WITHIN: Duration = Duration::from_secs(20 * 60);

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let rounds = setting.choose(50, 3);
    let mut stage = Stage::start(&setting.program, "failover", setting.keep).await?;
    let gateways = stage.gateways()?;
    let mut desk = stage.admin(0).await?;
    let (mut outages, mut elected, mut whole) = (Samples::default(), Samples::default(), Samples::default());
    let mut lost = 0;
    let until = Instant::now() + PART_WITHIN;
    while outages.len() < rounds && Instant::now() < until {
        let round = outages.len();
        let leader = 1 + round as u64 % NODES;
        if let Err(error) = lead::all_to(&desk, &gateways, leader).await {
            stage.show_logs();
            return Err(error);
        }
        if !trickle(&mut desk, &gateways, leader, lost).await? {
            // A lead has moved meanwhile: whoever is killed leads everything, so it is asked for again.
            lost += 1;
            continue;
        }
        let Outage { ms, elected_ms, whole_ms } = kill(&mut stage, &gateways, &mut desk, leader).await?;
        println!(
            "  kill {}: node {leader}, {ms:.0} ms, led again {elected_ms:.0} ms, all groups {whole_ms:.0} ms",
            round + 1
        );
        outages.put(ms);
        elected.put(elected_ms);
        whole.put(whole_ms);
        stage.cluster.start_node(leader)?;
        stage.cluster.ready().await?;
    }
    let mut found = Found::default();
    found.note("kills", outages.len());
    found.note("rounds_begun_anew", lost);
    found.percentiles("failover", &outages.sorted());
    found.note("group_0_led", crate::stats::curve(&elected.sorted()));
    found.note("all_groups_led", crate::stats::curve(&whole.sorted()));
    Ok(found)
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

/// One kill, in milliseconds since it.
struct Outage {
    /// The next command was acknowledged.
    ms: f64,
    /// A survivor knew another leader of group 0: at most a look ([`nodes::until`]) earlier it did not.
    elected_ms: f64,
    /// Every group was led again.
    whole_ms: f64,
}

/// When the node at `survivor` knows another leader of group 0 than the dead one.
async fn elected(survivor: SocketAddr, dead: u64, killed: Instant) -> Option<f64> {
    let is_led = |look: &nodes::Look| look.leader(0).is_some_and(|leader| leader != dead);
    nodes::until(survivor, ACKNOWLEDGED_WITHIN, is_led).await.then(|| killed.elapsed().as_secs_f64() * 1000.0)
}

/// Kills the leader, and awaits who comes after it.
async fn kill(stage: &mut Stage, gateways: &[SocketAddr], desk: &mut Desk, leader: u64) -> Result<Outage> {
    let seq = desk.next_seq();
    let body = stage::report(&format!("after-{seq}")).to_string().into_bytes();
    let survivor = (1..=NODES).find(|id| *id != leader).unwrap_or_default();
    let survivor = gateway(gateways, survivor)?;
    let killed = Instant::now();
    stage.cluster.kill(leader)?;
    let electing = tokio::spawn(elected(survivor, leader, killed));
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
    let elected_ms = electing.await?.ok_or("group 0 stays without a leader")?;
    if !nodes::until(survivor, ACKNOWLEDGED_WITHIN, |look| look.all_led_without(leader)).await {
        return Err("a group stays without a leader".into());
    }
    Ok(Outage { ms: outage_ms, elected_ms, whole_ms: killed.elapsed().as_secs_f64() * 1000.0 })
}
