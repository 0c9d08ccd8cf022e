//! Life in the demonstration province, in real time and through the doors that everybody uses: sensors publish over MQTT,
//! people report over HTTP, and response units that are assigned go there. What happens is decided by pure generators with
//! a seed ([`world`], [`report`], [`unit`]); here is only the clock and the network.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{Incident, Millis, Sensor, Unit, UnitId, UnitStatus};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use self::{report::Reporter, unit::Step, world::World};
use crate::{
    client::{
        Answer, Client,
        publisher::{Account, Counts, Publisher},
    },
    clock::unix_ms,
    town,
};

pub mod call;
pub mod citizen;
mod photo;
pub mod report;
pub mod unit;
pub mod weather;
pub mod world;

/// How often due readings are published.
const TICK_MS: u64 = 500;
/// How often units are looked at and moved.
const UNIT_TICK_MS: u64 = 3_000;
/// How often the counts are told.
const TELL_MS: u64 = 60_000;
/// MQTT connections.
const CONNECTIONS: usize = 4;
/// How long the last readings may take to be acknowledged when the simulator stops.
const FINISH_MS_MAX: u64 = 15_000;

/// What to simulate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SimulateOptions {
    /// The same seed, sensors and times give the same readings.
    pub seed: u64,
    /// How much faster than real the weather goes, so that a flood can be watched within a lunch break.
    pub weather_pace: u32,
    /// Mean time between reports by people; 0: none.
    pub report_every_ms: u64,
    /// Mean time between calls over a day; 0: none.
    pub call_every_ms: u64,
    /// Mean time between reports on the public's page; 0: none.
    pub citizen_every_ms: u64,
    /// Incidents are part of a drill.
    pub exercise: bool,
}

impl Default for SimulateOptions {
    fn default() -> Self {
        Self {
            seed: 19,
            weather_pace: 30,
            report_every_ms: 100_000,
            call_every_ms: 30_000,
            citizen_every_ms: 120_000,
            exercise: false,
        }
    }
}

/// What the simulator has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Simulated {
    /// Readings.
    pub readings: Counts,
    /// Reports that opened an incident.
    pub reports: u64,
    /// Reports that were refused or had no answer.
    pub reports_failed: u64,
    /// Calls offered by the exchange's interface.
    pub calls: u64,
    /// Calls that were refused or had no answer.
    pub calls_failed: u64,
    /// Reports on the public's page.
    pub citizens: u64,
    /// Those that were refused or had no answer.
    pub citizens_failed: u64,
    /// Steps of response units: statuses and positions.
    pub unit_steps: u64,
    /// Steps that were refused (somebody else was faster) or had no answer.
    pub unit_steps_failed: u64,
}

/// Runs until `stop` turns true or its sender is gone. `client` is signed in as somebody who may report and set units.
pub async fn run(
    client: &Arc<Client>,
    account: &Account,
    sensors: &[Sensor],
    options: SimulateOptions,
    stop: watch::Receiver<bool>,
) -> Simulated {
    let (readings, reported, stepped, called, told) = tokio::join!(
        publish(account, sensors, options, stop.clone()),
        reports(client, options, stop.clone()),
        units(client, stop.clone()),
        call::run(client, options, stop.clone()),
        citizen::run(client, options, stop),
    );
    let ((reports, reports_failed), (unit_steps, unit_steps_failed)) = (reported, stepped);
    let ((calls, calls_failed), (citizens, citizens_failed)) = (called, told);
    Simulated {
        readings,
        reports,
        reports_failed,
        calls,
        calls_failed,
        citizens,
        citizens_failed,
        unit_steps,
        unit_steps_failed,
    }
}

/// Resolves when it is time to stop.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone stops too.
    let _ = stop.wait_for(|stop| *stop).await;
}

async fn publish(
    account: &Account,
    sensors: &[Sensor],
    options: SimulateOptions,
    mut stop: watch::Receiver<bool>,
) -> Counts {
    let publisher = Publisher::start(account, &format!("simulate-{}", std::process::id()), CONNECTIONS);
    let mut world = World::new(options.seed, options.weather_pace, sensors, Millis(unix_ms()));
    let mut tick = interval(Duration::from_millis(TICK_MS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = Instant::now();
    let live = async {
        loop {
            tick.tick().await;
            let due = world.advance(Millis(unix_ms()));
            if publisher.publish(due).await.is_err() {
                return;
            }
            if told.elapsed() >= Duration::from_millis(TELL_MS) {
                told = Instant::now();
                let counts = publisher.counts();
                tracing::info!(
                    given = counts.given,
                    acknowledged = counts.acknowledged,
                    resent = counts.resent,
                    "simulate"
                );
            }
        }
    };
    tokio::select! {
        () = live => {}
        () = stopped(&mut stop) => {}
    }
    publisher.finish(Duration::from_millis(FINISH_MS_MAX)).await
}

async fn reports(client: &Client, options: SimulateOptions, mut stop: watch::Receiver<bool>) -> (u64, u64) {
    let (mut opened, mut failed) = (0, 0);
    if options.report_every_ms == 0 {
        stopped(&mut stop).await;
        return (opened, failed);
    }
    // Two runs must not give the same references, nor the same stories.
    let run = unix_ms();
    let mut reporter = Reporter::new(options.seed ^ run, &format!("sim-{run}"), options.exercise);
    loop {
        let report = reporter.next();
        let wait = reporter.waiting_ms(options.report_every_ms);
        let ended = async {
            sleep(Duration::from_millis(wait)).await;
            client.command("/api/reports", &report).await
        };
        tokio::select! {
            answer = ended => match answer {
                Ok(Answer::Accepted(_)) => opened += 1,
                Ok(Answer::Refused(refused)) => {
                    failed += 1;
                    tracing::warn!(%refused, "simulate: report refused");
                }
                Err(error) => {
                    failed += 1;
                    tracing::warn!(%error, "simulate: report without an answer");
                }
            },
            () = stopped(&mut stop) => return (opened, failed),
        }
    }
}

async fn units(client: &Client, mut stop: watch::Receiver<bool>) -> (u64, u64) {
    let (mut done, mut failed) = (0, 0);
    let mut tick = interval(Duration::from_millis(UNIT_TICK_MS));
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut crews = BTreeMap::new();
    let go = async {
        loop {
            tick.tick().await;
            match step_units(client, &mut crews).await {
                Ok((steps, refused)) => {
                    done += steps;
                    failed += refused;
                }
                Err(error) => tracing::warn!(%error, "simulate: units stand still"),
            }
        }
    };
    tokio::select! {
        () = go => {}
        () = stopped(&mut stop) => {}
    }
    (done, failed)
}

/// Looks at all units that are on an incident and takes each a step further, but for those with a phone: people play them.
async fn step_units(
    client: &Client,
    crews: &mut BTreeMap<UnitId, unit::Crew>,
) -> Result<(u64, u64), crate::client::ClientError> {
    let (mut done, mut failed) = (0, 0);
    let units: Vec<Unit> = client.list("/api/units").await?;
    crews.retain(|id, _| units.iter().any(|unit| unit.id == *id && unit.status != UnitStatus::Available));
    let is_simulated = |unit: &Unit| unit.incident.is_some() && !town::person::has_phone(&unit.id);
    let busy: Vec<Unit> = units.into_iter().filter(is_simulated).collect();
    if busy.is_empty() {
        return Ok((done, failed));
    }
    let incidents: Vec<Incident> = client.list("/api/incidents").await?;
    for unit in busy {
        let Some(incident) = incidents.iter().find(|incident| Some(&incident.id) == unit.incident.as_ref()) else {
            continue;
        };
        let crew = crews.entry(unit.id.clone()).or_insert_with(|| unit::Crew::new(&unit));
        let Some(step) = crew.step(&unit, &incident.place, Millis(unix_ms())) else { continue };
        let (path, body) = match step {
            Step::Status(status) => (
                format!("/api/units/{}/status", unit.id),
                serde_json::json!({ "status": status, "expected_status": unit.status, "tapped_at_ms": unix_ms() }),
            ),
            Step::Position(position) => (
                format!("/api/units/{}/position", unit.id),
                serde_json::json!({ "position": position, "at_ms": unix_ms() }),
            ),
        };
        match client.command(&path, &body).await? {
            Answer::Accepted(_) => done += 1,
            Answer::Refused(refused) => {
                failed += 1;
                tracing::debug!(unit = %unit.id, %refused, "simulate: step refused");
            }
        }
    }
    Ok((done, failed))
}
