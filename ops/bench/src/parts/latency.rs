//! From commit to a socket: the leader's stamp on an incident to the frame on a socket of another node. The stamp is given
//! before the entry is sent to the quorum, so consensus and its disk writes are in it. A command is sent to one node that
//! does not lead, and read on the other.

use std::{collections::HashMap, time::Duration};

use domain::wire::generated::{Event, EventKind, event::Subject};
use prost::Message;
use tokio::{
    sync::mpsc,
    time::{interval, timeout},
};

use super::{Found, Setting};
use crate::{
    Result,
    screen::{self, Said},
    stage::{NODES, Stage, now_ms},
    stats::Samples,
};

/// Time between two commands: far from where the cluster is busy.
const PERIOD: Duration = Duration::from_millis(20);
/// First commands that do not count.
const WARM_UP: u64 = 50;
/// How long a frame may take.
const SEEN_WITHIN: Duration = Duration::from_secs(10);
/// Frames that were read and not yet looked at.
const SEEN_MAX: usize = 4096;

/// An incident as a screen was told of it.
struct Seen {
    incident: String,
    at_ms: u64,
    seen_ms: f64,
}

/// Measures.
pub(crate) async fn measure(setting: &Setting) -> Result<Found> {
    let samples = setting.choose(2000, 200);
    let stage = Stage::start(&setting.program, "latency", setting.keep).await?;
    let gateways = stage.gateways()?;
    let mut desk = stage.admin(0).await?;
    let leader = screen::leader(gateways[0], desk.token()).await?;
    let others: Vec<usize> =
        (0..NODES).filter(|at| at + 1 != leader).filter_map(|at| usize::try_from(at).ok()).collect();
    let [asked, watched] = others[..] else { return Err("the cluster has not three nodes".into()) };
    desk = desk.at_node(asked);

    let target = screen::target(gateways[watched], crate::stage::LOOPBACK, desk.token(), None);
    let mut socket = screen::open(&target, &[]).await?;
    screen::pictures(&mut socket).await?;
    let (sender, mut seen) = mpsc::channel(SEEN_MAX);
    let reader = tokio::spawn(async move {
        while let Ok(payload) = socket.next().await {
            let seen_ms = now_ms();
            let Said::Frame { body, .. } = Said::read(&payload) else { continue };
            for event in screen::events(body).filter_map(|event| Event::decode(event).ok()) {
                let Some(Subject::Incident(incident)) = event.subject else { continue };
                if event.kind == EventKind::IncidentOpened as i32 {
                    let seen = Seen { incident: incident.id, at_ms: event.at_ms, seen_ms };
                    if sender.send(seen).await.is_err() {
                        return;
                    }
                }
            }
        }
    });

    let mut sent = HashMap::new();
    let mut tick = interval(PERIOD);
    for number in 0..samples + WARM_UP {
        tick.tick().await;
        let sent_ms = now_ms();
        let done = desk.command("/api/reports", &crate::stage::report(&format!("latency-{number}"))).await?;
        sent.insert(done.entity, (number, sent_ms, now_ms()));
    }
    let mut from_stamp = Samples::default();
    let (mut from_ack, mut from_send, mut to_ack) = (Samples::default(), Samples::default(), Samples::default());
    while !sent.is_empty() {
        let seen = timeout(SEEN_WITHIN, seen.recv()).await.map_err(|_| "a screen was not told within 10 s")?;
        let seen: Seen = seen.ok_or("the screen was let go")?;
        let Some((number, sent_ms, answered_ms)) = sent.remove(&seen.incident) else { continue };
        if number >= WARM_UP {
            from_stamp.put(seen.seen_ms - seen.at_ms as f64);
            from_ack.put(seen.seen_ms - answered_ms);
            from_send.put(seen.seen_ms - sent_ms);
            to_ack.put(answered_ms - sent_ms);
        }
    }
    reader.abort();

    let mut found = Found::default();
    found.percentiles("commit_to_socket", &from_stamp.sorted());
    found.note("ack_to_socket", crate::stats::curve(&from_ack.sorted()));
    found.note("send_to_socket", crate::stats::curve(&from_send.sorted()));
    found.note("send_to_ack", crate::stats::curve(&to_ack.sorted()));
    Ok(found)
}
