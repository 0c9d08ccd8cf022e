//! Who calls in, and the simulated agents who answer. Callers come by the exchange's interface, more by day than by night; each
//! has patience and something to say. Seats that are left to people ring until somebody there answers, or the next does.

use std::{sync::Arc, time::Duration};

use domain::{Agent, AgentStatus};
use serde::Deserialize;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{
    SimulateOptions,
    report::{Report, Reporter},
    stopped,
};
use crate::{
    client::{Answer, Client, ClientError},
    clock::unix_ms,
    town::{person::is_simulated_agent, random::Random},
};

/// How often a caller's standing is asked.
const LOOK_EVERY: Duration = Duration::from_millis(1_000);
/// How often simulated agents are brought back from a break.
const SEATS_EVERY: Duration = Duration::from_secs(20);
/// Who gave up rings again after so long.
const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// How often one rings at most.
const RINGS_MAX: u32 = 3;
/// Callers at a time; one more hears that all lines are busy, and is not counted.
const CALLERS_MAX: usize = 64;
/// Calls per hour of the day against the mean, in Vietnam's time (UTC+7): quiet nights, two peaks.
const RHYTHM: [f64; 24] = [
    0.3, 0.2, 0.2, 0.2, 0.3, 0.5, 0.9, 1.3, 1.7, 1.8, 1.6, 1.3, 1.0, 1.2, 1.6, 1.7, 1.6, 1.5, 1.3, 1.1, 0.9, 0.7, 0.6,
    0.4,
];
/// Where a call comes from: the public's line mostly, and hand-overs of the other emergency numbers.
const LINES: [(&str, usize); 4] = [("1022", 12), ("113", 2), ("114", 2), ("115", 3)];

/// One who calls.
#[derive(Clone, Debug)]
pub struct SimulatedCaller {
    /// The exchange's id of the connection.
    pub connection: String,
    /// On which line.
    pub line: &'static str,
    /// From which number; empty: withheld.
    pub number: String,
    /// Hangs up after waiting so long, milliseconds.
    pub patience_ms: u64,
    /// An agent takes so long to pick up.
    pub pick_up_ms: u64,
    /// They talk so long.
    pub talk_ms: u64,
    /// What is told; none: nothing that anybody has to know.
    pub report: Option<Report>,
}

/// Makes callers, one after the other.
#[derive(Debug)]
pub struct Callers {
    random: Random,
    reporter: Reporter,
    name: String,
    made: u64,
}

impl Callers {
    /// Callers with connections that begin with `name`.
    #[must_use]
    pub fn new(seed: u64, name: &str, exercise: bool) -> Self {
        let reporter = Reporter::new(seed, name, exercise);
        Self { random: Random::new(seed, "call"), reporter, name: name.to_owned(), made: 0 }
    }

    /// The next caller.
    #[allow(clippy::should_implement_trait, reason = "a sequence without an end is no iterator to collect")]
    pub fn next(&mut self) -> SimulatedCaller {
        self.made += 1;
        // Some call again and again; a few hide their number.
        let number = match self.random.below(20) {
            0 => String::new(),
            1..=4 => format!("09120000{:02}", self.random.below(40)),
            _ => format!("09{:08}", self.random.below(100_000_000)),
        };
        let line = self.line();
        // Of what reaches an emergency number few calls are for it; of the public's line every third is a report.
        let is_report = self.random.chance(0.35);
        let between = |random: &mut Random, low: f64, high: f64| {
            u64::try_from(Duration::from_secs_f64(random.between(low, high)).as_millis()).unwrap_or(0)
        };
        SimulatedCaller {
            connection: format!("{}-{}", self.name, self.made),
            line,
            number,
            patience_ms: between(&mut self.random, 30.0, 180.0),
            pick_up_ms: between(&mut self.random, 2.0, 6.0),
            talk_ms: between(&mut self.random, 15.0, 75.0),
            report: is_report.then(|| self.reporter.next()),
        }
    }

    /// How long until the next, at this time of day.
    pub fn waiting_ms(&mut self, mean_ms: u64, now_ms: u64) -> u64 {
        let hour = usize::try_from((now_ms / 3_600_000 + 7) % 24).unwrap_or(0);
        let mean = Duration::from_millis(mean_ms).as_secs_f64() / RHYTHM[hour];
        let wait = self.random.waiting(mean).clamp(mean / 10.0, mean * 4.0);
        u64::try_from(Duration::from_secs_f64(wait).as_millis()).unwrap_or(mean_ms)
    }

    fn line(&mut self) -> &'static str {
        let total = LINES.iter().map(|(_, weight)| weight).sum();
        let mut at = self.random.below(total);
        for (line, weight) in LINES {
            if at < weight {
                return line;
            }
            at -= weight;
        }
        "1022"
    }
}

/// How a caller stands, as the gateway says it.
#[derive(Deserialize)]
struct Standing {
    call: String,
    status: String,
    agent: String,
}

/// Calls made, and those that could not even be offered.
pub(super) async fn run(client: &Arc<Client>, options: SimulateOptions, mut stop: watch::Receiver<bool>) -> (u64, u64) {
    let (mut made, mut failed) = (0, 0);
    if options.call_every_ms == 0 {
        stopped(&mut stop).await;
        return (made, failed);
    }
    let run = unix_ms();
    let mut callers = Callers::new(options.seed ^ run, &format!("sim-{run}"), options.exercise);
    let mut calls: JoinSet<Result<(), ClientError>> = JoinSet::new();
    let live = async {
        let mut seats_at = Instant::now();
        loop {
            if seats_at <= Instant::now() {
                if let Err(error) = man_seats(client).await {
                    tracing::warn!(%error, "simulate: seats stay as they are");
                }
                seats_at = Instant::now() + SEATS_EVERY;
            }
            let wait = Duration::from_millis(callers.waiting_ms(options.call_every_ms, unix_ms()));
            sleep(wait.min(SEATS_EVERY)).await;
            if wait > SEATS_EVERY {
                // The night: agents are looked after more often than anybody calls.
                continue;
            }
            while let Some(ended) = calls.try_join_next() {
                if !matches!(ended, Ok(Ok(()))) {
                    failed += 1;
                }
            }
            let caller = callers.next();
            if calls.len() < CALLERS_MAX {
                made += 1;
                calls.spawn(play(client.clone(), caller));
            }
        }
    };
    tokio::select! {
        () = live => {}
        () = stopped(&mut stop) => {}
    }
    (made, failed)
}

/// Brings simulated agents to their seats, and back from a break that they were given.
async fn man_seats(client: &Client) -> Result<(), ClientError> {
    let agents: Vec<Agent> = client.list("/api/agents").await?;
    let away = |agent: &&Agent| {
        is_simulated_agent(agent.person.as_str()) && matches!(agent.status, AgentStatus::Off | AgentStatus::Break)
    };
    for agent in agents.iter().filter(away) {
        let body = serde_json::json!({ "expected_version": agent.version, "status": "available" });
        client.command(&format!("/api/agents/{}/status", agent.person), &body).await?;
    }
    Ok(())
}

/// One caller: who gives up before being answered rings again after a while, some times; then it is for somebody to call back.
async fn play(client: Arc<Client>, mut caller: SimulatedCaller) -> Result<(), ClientError> {
    for _ in 0..RINGS_MAX {
        let gave_up = ring(&client, &caller).await?;
        if !gave_up || caller.number.is_empty() {
            break;
        }
        sleep(AGAIN_AFTER).await;
        caller.connection.push_str("-again");
    }
    Ok(())
}

/// One call from the first ring to the end; whether the caller gave up.
async fn ring(client: &Client, caller: &SimulatedCaller) -> Result<bool, ClientError> {
    let path = |what: &str| format!("/api/telephony/calls/{}/{what}", caller.connection);
    let offer = serde_json::json!({ "line": caller.line, "number": caller.number });
    if let Answer::Refused(refused) = client.command(&path("offer"), &offer).await? {
        tracing::debug!(%refused, "simulate: all lines are busy");
        return Ok(false);
    }
    let gives_up = Instant::now() + Duration::from_millis(caller.patience_ms);
    let mut rings_since: Option<(String, Instant)> = None;
    loop {
        sleep(LOOK_EVERY).await;
        let standing: Standing = client.get(&format!("/api/telephony/calls/{}", caller.connection)).await?;
        match standing.status.as_str() {
            "queued" | "ringing" | "calling_back" => {
                if Instant::now() >= gives_up {
                    client.command(&path("end"), &serde_json::json!({ "cause": "hung_up" })).await?;
                    return Ok(true);
                }
                let is_theirs = standing.status == "ringing" && is_simulated_agent(&standing.agent);
                let since = match rings_since.take().filter(|(agent, _)| *agent == standing.agent) {
                    Some((_, since)) => since,
                    None => Instant::now(),
                };
                if is_theirs && since.elapsed() >= Duration::from_millis(caller.pick_up_ms) {
                    // Refused, if the ring has gone on to somebody else meanwhile: then it is looked at again.
                    client.command(&path("answer"), &serde_json::json!({ "agent": standing.agent })).await?;
                }
                rings_since = Some((standing.agent, since));
            }
            "answered" | "held" => return talk(client, caller, &standing).await.map(|()| false),
            _ => return Ok(false),
        }
    }
}

/// Tells what there is to tell; a simulated agent writes it down and hangs up, at a person's seat the caller does.
async fn talk(client: &Client, caller: &SimulatedCaller, standing: &Standing) -> Result<(), ClientError> {
    let is_simulated = is_simulated_agent(&standing.agent);
    // People take longer than agents that know what comes.
    let talk_ms = if is_simulated { caller.talk_ms } else { caller.talk_ms.max(60_000) * 4 };
    sleep(Duration::from_millis(talk_ms)).await;
    if let Some(report) = caller.report.as_ref().filter(|_| is_simulated) {
        let Report { kind, severity, place, summary, .. } = report;
        let body = serde_json::json!({ "text": summary, "place": place, "kind": kind, "severity": severity });
        client.command(&format!("/api/calls/{}/report", standing.call), &body).await?;
    }
    let cause = if is_simulated { "agent_hung_up" } else { "hung_up" };
    let path = format!("/api/telephony/calls/{}/end", caller.connection);
    client.command(&path, &serde_json::json!({ "cause": cause })).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_callers_and_nights_are_quiet() {
        let (mut one, mut other) = (Callers::new(7, "a", false), Callers::new(7, "a", false));
        for _ in 0..50 {
            let (caller, twin) = (one.next(), other.next());
            assert_eq!((&caller.number, &caller.report, caller.line), (&twin.number, &twin.report, twin.line));
            assert!(caller.number.bytes().all(|byte| byte.is_ascii_digit()));
        }
        let mean = |callers: &mut Callers, hour: u64| -> u64 {
            (0..200).map(|_| callers.waiting_ms(60_000, hour * 3_600_000)).sum::<u64>() / 200
        };
        // 2 and 9 in Vietnam.
        assert!(mean(&mut one, 19) > 4 * mean(&mut one, 2));
    }
}
