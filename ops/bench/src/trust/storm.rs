//! `kill -9` of whoever leads the command group, and of all nodes.

use std::net::SocketAddr;

use domain::GroupId;
use tokio::time::{Duration, Instant, sleep};

use crate::{
    Result,
    consensus::nodes::Look,
    stage::{NODES, Stage},
};

/// How long a survivor may take to name another leader.
const MOVED_WITHIN: Duration = Duration::from_secs(20);
/// How often a leader is looked for where nobody says who it is.
const LOOKS_MAX: usize = 1000;
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// One kill.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Killed {
    /// Who led.
    pub(crate) node: u64,
    /// Seconds until a survivor named another leader.
    pub(crate) moved_s: f64,
    /// Seconds from its start until it was ready again.
    pub(crate) ready_s: f64,
}

/// Kills the leader of the command group, waits until another one leads, and starts it again.
pub(crate) async fn kill_leader(stage: &mut Stage, gateways: &[SocketAddr]) -> Result<Killed> {
    let node = leader(gateways).await?;
    let killed = Instant::now();
    stage.cluster.kill(node)?;
    let at = usize::try_from(node)?.checked_sub(1).ok_or("nodes count from 1")?;
    let survivors: Vec<_> = gateways.iter().enumerate().filter(|(of, _)| *of != at).map(|(_, it)| *it).collect();
    while leader(&survivors).await? == node {
        if killed.elapsed() > MOVED_WITHIN {
            stage.show_logs();
            return Err(format!("nobody leads after node {node}").into());
        }
        sleep(LOOK).await;
    }
    let moved_s = killed.elapsed().as_secs_f64();
    let started = Instant::now();
    stage.cluster.start_node(node)?;
    stage.cluster.ready().await?;
    Ok(Killed { node, moved_s, ready_s: started.elapsed().as_secs_f64() })
}

/// Kills all nodes and starts them again; seconds until all are ready.
pub(crate) async fn restart_all(stage: &mut Stage) -> Result<f64> {
    let begun = Instant::now();
    for id in 1..=NODES {
        stage.cluster.kill(id)?;
    }
    stage.cluster.start()?;
    stage.cluster.ready().await?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Who leads the command group, as the first of these nodes says that answers and knows.
async fn leader(gateways: &[SocketAddr]) -> Result<u64> {
    let mut last = "no leader is known".to_owned();
    for look in 0..LOOKS_MAX {
        let gateway = gateways.get(look % gateways.len().max(1)).ok_or("no node was asked")?;
        match Look::at(*gateway).await {
            Ok(said) => {
                if let Some(node) = (1..=NODES).find(|node| said.is_led_by(GroupId::COMMAND.0, *node)) {
                    return Ok(node);
                }
            }
            Err(error) => last = error.to_string(),
        }
        sleep(LOOK).await;
    }
    Err(format!("nobody says who leads: {last}").into())
}
