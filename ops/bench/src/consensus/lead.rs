//! Who leads what: moved with the operator's own command (`trongdong transfer`), awaited where the nodes say it.

use std::{net::SocketAddr, time::Duration};

use serde_json::json;
use tokio::time::Instant;

use super::{failover::gateway, nodes};
use crate::{Result, desk::Desk, stage::NODES};

/// How long leads may take to move: a node that has just started is given none until it is in step.
const MOVED_WITHIN: Duration = Duration::from_secs(60);
/// How long a move is awaited before the nodes are asked again: they answer at once when nobody is fit yet.
const ASK_AGAIN: Duration = Duration::from_millis(250);
/// A rest that is not ended, because the benchmark was interrupted, ends by itself.
const REST_MIN: u32 = 5;

/// Lets a node lead nothing for some minutes, asked at the node itself; 0 ends its rest.
async fn rest(desk: &Desk, node: u64, minutes: u32) -> Result<()> {
    let mut there = desk.at_node(usize::try_from(node - 1)?);
    there.post("/api/cluster/rest", &json!({ "node": node, "minutes": minutes })).await?;
    Ok(())
}

/// Has `leader` lead every group. When it does, nobody rests any more, so that what follows happens with the settings that
/// ship; leads are spread again after a quarter of a minute at the earliest.
pub(crate) async fn all_to(desk: &Desk, gateways: &[SocketAddr], leader: u64) -> Result<()> {
    let others: Vec<_> = (1..=NODES).filter(|id| *id != leader).collect();
    let moved = moved(desk, &others, gateway(gateways, leader)?, |look| look.all_led_by(leader)).await;
    moved.map_err(|error| format!("node {leader} does not come to lead every group: {error}").into())
}

/// Takes its leads away from the leader of group 0; who leads group 0 then.
pub(crate) async fn away_from(desk: &Desk, gateways: &[SocketAddr], leader: u64) -> Result<u64> {
    let other = (1..=NODES).find(|id| *id != leader).ok_or("one node has nobody to hand a lead to")?;
    let other = gateway(gateways, other)?;
    moved(desk, &[leader], other, |look| look.leader(0).is_some_and(|now| now != leader)).await?;
    nodes::Look::at(other).await?.leader(0).ok_or_else(|| "group 0 has no leader".into())
}

/// Lets `resting` rest until the node at `address` says so, and ends their rest.
async fn moved(desk: &Desk, resting: &[u64], address: SocketAddr, said: impl Fn(&nodes::Look) -> bool) -> Result<()> {
    let until = Instant::now() + MOVED_WITHIN;
    let moved = loop {
        let mut asked = Ok(());
        for node in resting {
            asked = asked.and(rest(desk, *node, REST_MIN).await);
        }
        if nodes::until(address, ASK_AGAIN, &said).await {
            break Ok(());
        }
        if Instant::now() > until {
            break asked.and(Err(format!("nothing moved within {MOVED_WITHIN:?}").into()));
        }
    };
    for node in resting {
        rest(desk, *node, 0).await?;
    }
    moved
}
