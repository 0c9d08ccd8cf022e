//! A whole day's calls through the exchange's interface, as fast as the centre takes them: each caller is followed by the next, while the node
//! that leads is killed again and again. Afterwards each call has to be in the state of every node, exactly once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use node::client::{Answer, Client};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    calls::{Connections, gone_through, man_desks, offer, text},
    scene::Scene,
};
use crate::{
    Result,
    parts::{Found, Setting},
    stats::{Samples, curve, rounded},
};

/// Calls of a day.
const CALLS: u32 = 60_000;
/// A day of the clock, seconds.
const DAY_S: f64 = 86_400.0;
/// Callers at once: as many as one client has commands under way.
const CALLERS: usize = 16;
/// Agents: fewer than callers, so that some find nobody free and hang up.
const AGENTS: usize = 12;
/// One in so many of those that find nobody free accepts to be called back.
const CALLED_BACK_EVERY: u32 = 10;
/// How often the node that leads is killed, evenly over the calls.
const KILLS: u32 = 4;
/// How long it is away.
const AWAY: Duration = Duration::from_secs(5);
/// Nobody calls any more after this: what was offered by then is what counts. At a hundred calls a second a day takes ten minutes.
const OFFERED_WITHIN: Duration = Duration::from_secs(720);
/// How often it is looked how many have called.
const LOOK: Duration = Duration::from_millis(100);
/// Words of one caller: an offer, an answer, an end, and again when a ring ran out while the lead changed.
const WORDS_MAX: u32 = 12;

/// What one of those who call one after the other has seen.
#[derive(Default)]
struct Seen {
    waits: Samples,
    /// The call of each connection, as the cluster answered the offer.
    calls: BTreeMap<String, String>,
    failed: Vec<String>,
}

/// Measures.
pub(super) async fn measure(setting: &Setting) -> Result<Found> {
    let count = setting.choose(CALLS, 600);
    let mut scene = Scene::start(setting, "day").await?;
    let agents = hire(&scene).await?;
    let before = scene.stage.rss_kib()?;
    let (stop, stopped) = watch::channel(false);
    // Rings are answered by the callers, who hear of them first; whoever missed some comes back.
    let desks = tokio::spawn(man_desks(scene.client.clone(), agents, Connections::default(), stopped));
    let (begun, next) = (Instant::now(), Arc::new(AtomicU32::new(0)));
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        callers.spawn(call_on(scene.client.clone(), next.clone(), count, begun));
    }
    let mut killed = Vec::new();
    for kill in 1..=KILLS {
        while next.load(Ordering::Relaxed) < count * kill / (KILLS + 1) && begun.elapsed() < OFFERED_WITHIN {
            sleep(LOOK).await;
        }
        let node = scene.kill_leader().await?;
        sleep(AWAY).await;
        scene.restart(node).await?;
        killed.push(node);
    }
    let mut seen = Seen::default();
    let mut waits = Samples::default();
    while let Some(ended) = callers.join_next().await {
        let one = ended?;
        waits.join(one.waits);
        seen.calls.extend(one.calls);
        seen.failed.extend(one.failed);
    }
    let offered_s = begun.elapsed().as_secs_f64();
    let offered = next.load(Ordering::Relaxed).min(count);
    let _ = stop.send(true);
    desks.await?;
    println!("  {offered} calls offered in {offered_s:.0} s; each is looked for at each node");

    let known = gone_through(&scene, (0..offered).map(connection_of).collect()).await;
    // The cluster numbers its calls: one more says how many there were before it.
    let (last, _) = offer(&scene.client, "day-last", CALLS).await?;
    let made = number_of(text(&last, "call")).ok_or("the answer to an offer names no call")? - 1;
    let other = seen.calls.values().filter(|call| !known.calls.contains(*call)).count();
    let after = scene.stage.rss_kib()?;
    let largest = after.iter().max().copied();

    let mut found = Found::default();
    found.figure("calls_offered", Some(f64::from(offered)));
    found.figure("calls_lost", Some(f64::from(offered) - known.held as f64));
    found.figure("calls_doubled", Some(made as f64 - known.calls.len() as f64));
    found.figure("calls_per_s", Some(f64::from(offered) / offered_s));
    found.figure("calls_node_rss_mib", largest.map(|kib| kib as f64 / 1024.0));
    found.note("statuses", json!(known.statuses));
    found.note("answered_as_a_call_that_is_not_there", other);
    found.note("callers_without_an_end", seen.failed.len());
    found.note("failures", json!(seen.failed.iter().take(5).collect::<Vec<_>>()));
    found.note("offer_to_answer", curve(&waits.sorted()));
    found.note("offered_s", rounded(offered_s));
    found.note("mean_per_s_of_a_day", rounded(f64::from(CALLS) / DAY_S));
    found.note("callers_at_once", CALLERS);
    found.note("agents", AGENTS);
    found.note("killed_nodes", json!(killed));
    found.note("rss_kib_before", json!(before));
    found.note("rss_kib_after", json!(after));
    Ok(found)
}

fn connection_of(call: u32) -> String {
    format!("day-{call}")
}

/// The cluster's number of a call: a letter and digits.
fn number_of(call: &str) -> Option<u64> {
    call.strip_prefix('C')?.parse().ok()
}

/// Agents who are free again at once, and nobody is called back for hanging up; their names.
async fn hire(scene: &Scene) -> Result<Vec<String>> {
    let mut desk: Value = scene.client.get("/api/call-desk").await?;
    desk["callback_always"] = json!(false);
    desk["wrap_up_ms"] = json!(0);
    scene.order("/api/call-desk", &desk).await?;
    let mut people = Vec::new();
    for number in 1..=AGENTS {
        let person = format!("ca-ngay-{number}");
        let account = json!({
            "id": person, "name": format!("Điện thoại viên {number}"), "role": "agent", "everywhere": true,
            "password": scene.stage.cluster.password,
        });
        scene.order("/api/people", &account).await?;
        scene.order("/api/agents", &json!({ "person": person, "lines": ["1022"] })).await?;
        people.push(person);
    }
    Ok(people)
}

/// Calls, and calls again as somebody else, until all have called.
async fn call_on(client: Arc<Client>, next: Arc<AtomicU32>, count: u32, begun: Instant) -> Seen {
    let mut seen = Seen::default();
    while begun.elapsed() < OFFERED_WITHIN {
        let call = next.fetch_add(1, Ordering::Relaxed);
        if call >= count {
            break;
        }
        if let Err(why) = play(&client, call, &mut seen).await {
            seen.failed.push(format!("{}: {why}", connection_of(call)));
        }
    }
    seen
}

/// One caller, from the ring to the end; whoever it rings at answers at once.
async fn play(client: &Client, call: u32, seen: &mut Seen) -> std::result::Result<(), String> {
    let connection = connection_of(call);
    let path = format!("/api/telephony/calls/{connection}");
    let (mut standing, ms) = offer(client, &connection, call).await?;
    seen.waits.put(ms);
    seen.calls.insert(connection, text(&standing, "call").to_owned());
    for _ in 0..WORDS_MAX {
        let Some((verb, body)) = word_to(&standing, call) else { return Ok(()) };
        let answer = client.command(&format!("{path}/{verb}"), &body).await.map_err(|error| error.to_string())?;
        standing = match answer {
            Answer::Accepted(standing) => standing,
            // A ring ran out, or another node had not heard of it: what stands is looked at anew.
            Answer::Refused(_) => client.get(&path).await.map_err(|error| error.to_string())?,
        };
    }
    Err(format!("after {WORDS_MAX} words it is {}", text(&standing, "status")))
}

/// What is said next; nothing: it is over, or somebody is to call back.
fn word_to(standing: &Value, call: u32) -> Option<(&'static str, Value)> {
    match text(standing, "status") {
        "ringing" => Some(("answer", json!({ "agent": text(standing, "agent") }))),
        "answered" | "held" => Some(("end", json!({ "cause": "agent_hung_up" }))),
        "queued" if call.is_multiple_of(CALLED_BACK_EVERY) => Some(("end", json!({ "cause": "callback" }))),
        "queued" => Some(("end", json!({ "cause": "hung_up" }))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_goes_on_until_nobody_owes_anything_now() {
        let word = |status: &str, call| {
            let said = word_to(&json!({ "status": status, "agent": "ca-ngay-1" }), call);
            said.map(|(verb, body)| format!("{verb} {body}"))
        };
        assert_eq!(word("ringing", 1).as_deref(), Some(r#"answer {"agent":"ca-ngay-1"}"#));
        assert_eq!(word("answered", 1).as_deref(), Some(r#"end {"cause":"agent_hung_up"}"#));
        assert_eq!(word("queued", 1).as_deref(), Some(r#"end {"cause":"hung_up"}"#));
        assert_eq!(word("queued", CALLED_BACK_EVERY).as_deref(), Some(r#"end {"cause":"callback"}"#));
        for status in ["ended", "abandoned", "callback"] {
            assert_eq!(word(status, 1), None);
        }
    }

    #[test]
    fn calls_are_counted_by_the_clusters_own_numbers() {
        assert_eq!(number_of("C60001"), Some(60_001));
        assert_eq!((number_of("60001"), number_of("C")), (None, None));
    }
}
