//! A peak of calls through the exchange's interface, with the leader killed in the middle: each has to be in the cluster's list
//! afterwards, on every node, as answered, waiting, to be called back, or ended by its caller.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{StreamExt, stream};
use node::{
    client::{Answer, Client},
    town::person,
};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::scene::Scene;
use crate::{
    Result,
    parts::{Found, Setting},
    stage::unix_ms,
    stats::{Samples, curve},
};

/// Calls a second at the peak.
const CALLS_PER_S: u32 = 5;
/// A caller waits this long at least, and up to so much longer, then hangs up.
const PATIENCE_S: (u64, u64) = (5, 25);
/// Agents talk so long.
const TALK_MS: u64 = 2_000;
/// How often the scripted agents look at their desks.
const DESKS_EVERY: Duration = Duration::from_millis(300);
/// Looks at the list under way at once, when it is gone through.
const LOOKS_AT_ONCE: usize = 16;
/// How often a node is asked for one call that it does not tell of: it may be busy, and a call that it lacks it lacks each time.
const LOOKS_MAX: u32 = 5;
/// Pause before a node is asked again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(200);
/// What a call may be at the end; anything else is a call lost.
const KNOWN: [&str; 9] =
    ["queued", "ringing", "answered", "held", "callback", "calling_back", "ended", "abandoned", "transferred"];

/// The connection of each call, by the cluster's id of the call.
pub(super) type Connections = Arc<Mutex<BTreeMap<String, String>>>;

/// What became of one caller's offer: milliseconds until it was in the log.
type Offered = std::result::Result<f64, String>;

/// Measures.
pub(super) async fn measure(setting: &Setting) -> Result<Found> {
    let count = CALLS_PER_S * setting.choose(120, 6);
    let mut scene = Scene::start(setting, "calls").await?;
    let connections = Connections::default();
    let (stop, stopped) = watch::channel(false);
    let agents = person::seats().into_iter().map(|seat| seat.person).collect();
    let desks = tokio::spawn(man_desks(scene.client.clone(), agents, connections.clone(), stopped));
    let begun = Instant::now();
    let (mut callers, mut killed) = (JoinSet::<Offered>::new(), None);
    for call in 0..count {
        sleep_until(begun + Duration::from_secs(1) * call / CALLS_PER_S).await;
        if call == count / 2 {
            killed = Some(scene.kill_leader().await?);
        }
        callers.spawn(play(scene.client.clone(), connection_of(call), call, connections.clone()));
    }
    let offered_s = begun.elapsed().as_secs_f64();
    let (mut waits, mut refused) = (Samples::default(), Vec::new());
    while let Some(ended) = callers.join_next().await {
        match ended? {
            Ok(ms) => waits.put(ms),
            Err(why) => refused.push(why),
        }
    }
    if let Some(node) = killed {
        scene.restart(node).await?;
    }
    let _ = stop.send(true);
    desks.await?;
    let known = gone_through(&scene, (0..count).map(connection_of).collect()).await;
    let mut found = Found::default();
    found.figure("peak_calls_offered", Some(f64::from(count)));
    found.figure("peak_calls_lost", Some(f64::from(count) - known.held as f64));
    found.figure("peak_calls_per_s", Some(f64::from(count) / offered_s));
    found.note("statuses", json!(known.statuses));
    found.note("distinct_calls", connections.lock().unwrap_or_else(PoisonError::into_inner).len());
    found.note("refused_or_unanswered", refused.len());
    found.note("refusals", json!(refused.iter().take(5).collect::<Vec<_>>()));
    found.note("offer_to_answer", curve(&waits.sorted()));
    found.note("killed_node", killed);
    Ok(found)
}

fn connection_of(call: u32) -> String {
    format!("burst-{call}")
}

/// Offers a call from a number of its own, so that none is folded into another; how it stands then, and the milliseconds until it was
/// in the log.
pub(super) async fn offer(client: &Client, connection: &str, call: u32) -> std::result::Result<(Value, f64), String> {
    let path = format!("/api/telephony/calls/{connection}/offer");
    let offer = json!({ "line": "1022", "number": format!("09{call:08}") });
    let begun = Instant::now();
    match client.command(&path, &offer).await.map_err(|error| error.to_string())? {
        Answer::Accepted(standing) => Ok((standing, begun.elapsed().as_secs_f64() * 1000.0)),
        Answer::Refused(refused) => Err(format!("the offer was refused: {refused}")),
    }
}

/// One caller: rings, waits, and hangs up where nobody has answered by then.
async fn play(client: Arc<Client>, connection: String, call: u32, connections: Connections) -> Offered {
    let path = format!("/api/telephony/calls/{connection}");
    let (standing, ms) = offer(&client, &connection, call).await.map_err(|why| format!("{connection}: {why}"))?;
    let id = text(&standing, "call").to_owned();
    connections.lock().unwrap_or_else(PoisonError::into_inner).insert(id, connection);
    sleep(Duration::from_secs(PATIENCE_S.0 + u64::from(call) * 7 % PATIENCE_S.1)).await;
    let standing: Value = client.get(&path).await.map_err(|error| error.to_string())?;
    if matches!(text(&standing, "status"), "queued" | "ringing") {
        // Refused where an agent was faster: then they talk.
        let over = json!({ "cause": "hung_up" });
        client.command(&format!("{path}/end"), &over).await.map_err(|error| error.to_string())?;
    }
    Ok(ms)
}

/// The scripted agents: answer what rings and has a connection here, talk, hang up, and are there for the next.
pub(super) async fn man_desks(
    client: Arc<Client>,
    people: Vec<String>,
    connections: Connections,
    stopped: watch::Receiver<bool>,
) {
    while !*stopped.borrow() {
        let agents: Vec<Value> = client.list("/api/agents").await.unwrap_or_default();
        for agent in agents.iter().filter(|agent| people.iter().any(|person| text(agent, "person") == person)) {
            // What is refused was decided meanwhile, and is looked at again.
            if let Some((path, body)) = next_of(agent, &connections) {
                let _ = client.command(&path, &body).await;
            }
        }
        sleep(DESKS_EVERY).await;
    }
}

/// What an agent does next, if anything.
fn next_of(agent: &Value, connections: &Connections) -> Option<(String, Value)> {
    let person = text(agent, "person");
    let connection = || connections.lock().unwrap_or_else(PoisonError::into_inner).get(text(agent, "call")).cloned();
    match text(agent, "status") {
        "off" | "break" | "wrap_up" => {
            let body = json!({ "expected_version": agent.get("version")?, "status": "available" });
            Some((format!("/api/agents/{person}/status"), body))
        }
        "ringing" => Some((format!("/api/telephony/calls/{}/answer", connection()?), json!({ "agent": person }))),
        "on_call" if agent.get("status_at_ms")?.as_u64()? + TALK_MS <= unix_ms() => {
            Some((format!("/api/telephony/calls/{}/end", connection()?), json!({ "cause": "agent_hung_up" })))
        }
        _ => None,
    }
}

pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What all nodes know.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Connections of which every node has the same call.
    pub(super) held: usize,
    /// Their calls.
    pub(super) calls: BTreeSet<String>,
    /// What became of them.
    pub(super) statuses: BTreeMap<String, usize>,
}

/// Asks every node for each connection.
pub(super) async fn gone_through(scene: &Scene, connections: Vec<String>) -> Known {
    let origins = scene.stage.cluster.urls();
    let looks = connections.into_iter().map(|connection| {
        let origins = &origins;
        async move {
            let mut of_all: Option<(String, String)> = None;
            for origin in origins {
                let (call, status) = look(&scene.client, origin, &connection).await?;
                if of_all.is_some_and(|(other, _)| other != call) {
                    return None;
                }
                of_all = Some((call, status));
            }
            of_all
        }
    });
    let found: Vec<Option<(String, String)>> = stream::iter(looks).buffer_unordered(LOOKS_AT_ONCE).collect().await;
    let mut known = Known::default();
    for (call, status) in found.into_iter().flatten() {
        known.held += 1;
        known.calls.insert(call);
        *known.statuses.entry(status).or_default() += 1;
    }
    known
}

/// The call of a connection as one node has it, and what it is there; none: it does not know it, or as something that no call can be.
async fn look(client: &Client, origin: &str, connection: &str) -> Option<(String, String)> {
    let path = format!("/api/telephony/calls/{connection}");
    for _ in 0..LOOKS_MAX {
        if let Ok(standing) = client.get_from::<Value>(origin, &path).await {
            let (call, status) = (text(&standing, "call").to_owned(), text(&standing, "status").to_owned());
            return (!call.is_empty() && KNOWN.contains(&status.as_str())).then_some((call, status));
        }
        sleep(LOOK_AGAIN_AFTER).await;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_answers_what_rings_talks_and_comes_back() {
        let connections = Connections::default();
        connections.lock().unwrap().insert("C1".into(), "burst-7".into());
        let agent = |status: &str, at_ms: u64| json!({ "person": "dtv-1", "status": status, "status_at_ms": at_ms, "version": 4, "call": "C1" });
        let path = |agent: &Value| next_of(agent, &connections).map(|(path, _)| path);
        assert_eq!(path(&agent("ringing", 0)).as_deref(), Some("/api/telephony/calls/burst-7/answer"));
        assert_eq!(path(&agent("on_call", 0)).as_deref(), Some("/api/telephony/calls/burst-7/end"));
        assert_eq!(path(&agent("on_call", unix_ms())), None);
        assert_eq!(path(&agent("wrap_up", 0)).as_deref(), Some("/api/agents/dtv-1/status"));
        assert_eq!(path(&agent("available", 0)), None);
    }
}
