//! Work for the cluster: readings over HTTP and over MQTT, and commands of operators. Everything that is sent is written
//! into the oracle first, so that a promise cannot be forgotten.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{interval, sleep, timeout},
};

use crate::{
    Failure,
    desk::{Desk, Outcome},
    device::{Device, DeviceConfig, DeviceCounts},
    oracle::{Fate, Oracle},
    registers::{
        Reads, Registers,
        client::{CLIENTS, Client, found},
    },
    unix_ms,
    world::{DEVICE, OPERATOR, Site, World},
};

/// How the text of every incident of the load begins.
pub const MARK: &str = "drill ";
/// Between two batches of readings over HTTP.
const PUSH_PACE: Duration = Duration::from_millis(50);
/// Between two incidents of one operator.
const COMMAND_PACE: Duration = Duration::from_millis(250);
/// Between two readings of the MQTT device.
const MEASURE_PACE: Duration = Duration::from_millis(20);
/// How long it may go on until it was promised what makes a drill a test.
pub const PROMISED_WITHIN: Duration = Duration::from_secs(120);
/// Between two looks at what was promised.
const LOOK: Duration = Duration::from_millis(200);
/// How long the load may take to get its last answers.
const FINISH: Duration = Duration::from_secs(120);

/// What the load consists of.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Readings pushed over HTTP.
    pub http: bool,
    /// Readings published to the nodes' own MQTT endpoints.
    pub mqtt: bool,
    /// Operators at desks, each with commands.
    pub operators: usize,
    /// Registers that are written and read through every gateway, and how.
    pub registers: Reads,
}

impl Plan {
    /// Everything but registers.
    pub const FULL: Self = Self { http: true, mqtt: true, operators: 2, registers: Reads::None };
}

/// Running work.
pub struct Load {
    /// What was promised so far.
    pub oracle: Arc<Oracle>,
    /// What was done to the registers so far.
    pub registers: Arc<Registers>,
    stop: watch::Sender<bool>,
    rest: watch::Sender<bool>,
    tasks: JoinSet<Result<DeviceCounts, Failure>>,
}

impl Load {
    /// Signs in and begins; the first of each kind begins at the node `first`.
    ///
    /// # Errors
    /// Somebody is not let in.
    pub async fn start(world: &World, plan: Plan, first: u64) -> Result<Self, Failure> {
        let oracle = Arc::new(Oracle::default());
        let (stop, stopped) = watch::channel(false);
        let (rest, resting) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let origins = world.origins_from(first);
        // In the text of every incident: of two loads on one cluster none takes the other's for its own.
        let begun_ms = unix_ms();
        if plan.http {
            for (at, site) in world.sites.iter().enumerate() {
                let desk = Desk::sign_in(&origins, DEVICE, &world.secret).await?.from_node(at);
                let told = Told { stop: stopped.clone(), rest: resting.clone() };
                tasks.spawn(push(desk, site.pushed.clone(), Arc::clone(&oracle), told));
            }
        }
        if plan.mqtt {
            let config = DeviceConfig {
                addresses: world.mqtt_from(first),
                login: Some((DEVICE.to_owned(), world.secret.clone())),
                client_id: "drill-device".to_owned(),
                sensors: world.sites.iter().flat_map(|site| site.published.clone()).collect(),
                pace: MEASURE_PACE,
            };
            let device = Device::new(config, Arc::clone(&oracle)).resting(resting.clone());
            let stopped = stopped.clone();
            tasks.spawn(device.run(stopped));
        }
        for number in 0..plan.operators {
            let desk = Desk::sign_in(&origins, OPERATOR, &world.secret).await?.from_node(number);
            let site = world.sites[number % world.sites.len()].clone();
            let told = Told { stop: stopped.clone(), rest: resting.clone() };
            tasks.spawn(operate((begun_ms, number), desk, site, Arc::clone(&oracle), told));
        }
        let registers = Arc::new(found(world, plan.registers, begun_ms).await?);
        let clients = if plan.registers == Reads::None { 0 } else { CLIENTS };
        for number in 0..clients {
            let client = Client::sign_in(world, &registers, number).await?;
            tasks.spawn(client.run(Told { stop: stopped.clone(), rest: resting.clone() }));
        }
        Ok(Self { oracle, registers, stop, rest, tasks })
    }

    /// Lets it send nothing new, or go on. What is under way comes to its end.
    pub fn set_resting(&self, is_resting: bool) {
        self.rest.send_replace(is_resting);
    }

    /// Goes on until so many readings and commands were promised: on a machine that does other things too a storm may be over before.
    ///
    /// # Errors
    /// That takes longer than [`PROMISED_WITHIN`].
    pub async fn promised(&self, readings_min: usize, commands_min: usize) -> Result<(), Failure> {
        let until = Instant::now() + PROMISED_WITHIN;
        loop {
            let promises = self.oracle.promises();
            let (readings, commands) = (promises.readings_acknowledged(), promises.commands_acknowledged());
            if readings >= readings_min && commands >= commands_min {
                return Ok(());
            }
            if Instant::now() > until {
                return Err(format!("only {readings} readings and {commands} commands were acknowledged").into());
            }
            sleep(LOOK).await;
        }
    }

    /// Lets another device publish elsewhere, under the same oracle.
    pub fn add_device(&mut self, config: DeviceConfig) {
        let device = Device::new(config, Arc::clone(&self.oracle)).resting(self.rest.subscribe());
        self.tasks.spawn(device.run(self.stop.subscribe()));
    }

    /// Stops sending anything new, and waits for the last answers. Yields what the devices lived through, all together.
    ///
    /// # Errors
    /// Somebody was not let in, or does not come to an end.
    pub async fn finish(mut self) -> Result<(Arc<Oracle>, DeviceCounts), Failure> {
        self.stop.send_replace(true);
        let mut counts = DeviceCounts::default();
        let done = async {
            while let Some(ended) = self.tasks.join_next().await {
                let of_one = ended.map_err(|error| error.to_string())??;
                counts.connections += of_one.connections;
                counts.resent += of_one.resent;
            }
            Ok::<_, Failure>(())
        };
        timeout(FINISH, done).await.map_err(|_| "the load does not come to an end")??;
        Ok((self.oracle, counts))
    }
}

/// What those who work are told.
pub(crate) struct Told {
    pub(crate) stop: watch::Receiver<bool>,
    rest: watch::Receiver<bool>,
}

impl Told {
    pub(crate) fn is_to_rest(&self) -> bool {
        *self.rest.borrow()
    }

    pub(crate) fn is_to_stop(&self) -> bool {
        *self.stop.borrow()
    }
}

/// Pushes one reading for each sensor again and again; each batch is answered before the next is sent.
async fn push(desk: Desk, sensors: Vec<String>, oracle: Arc<Oracle>, mut told: Told) -> Result<DeviceCounts, Failure> {
    let mut pace = interval(PUSH_PACE);
    let (mut count, mut at_ms) = (0_u32, 0);
    loop {
        tokio::select! {
            _ = pace.tick() => {}
            _ = told.stop.changed() => {}
        }
        if told.is_to_stop() {
            break;
        }
        if told.is_to_rest() {
            continue;
        }
        count += 1;
        at_ms = unix_ms().max(at_ms + 1);
        let value = f64::from(count) / 1_000.0;
        for sensor in &sensors {
            oracle.reading_sent(sensor, at_ms, i64::from(count) * 1_000);
        }
        let batch: Vec<Value> =
            sensors.iter().map(|sensor| json!({ "sensor": sensor, "at_ms": at_ms, "value": value })).collect();
        let failed_before = desk.attempts_failed();
        let outcome = desk.push("/api/readings", &json!(batch)).await;
        (0..desk.attempts_failed() - failed_before).for_each(|_| oracle.attempt_failed());
        for (at, sensor) in sensors.iter().enumerate() {
            let fate = match &outcome {
                Outcome::Accepted(body) | Outcome::Refused { status: 422, body } => {
                    fate_of(body["verdicts"][at].as_str().unwrap_or("no verdict"))
                }
                Outcome::Refused { status, body } => Fate::Refused(format!("{status} {body}")),
                Outcome::Unknown(_) => Fate::Unknown,
            };
            oracle.reading_done(sensor, at_ms, fate);
        }
    }
    Ok(DeviceCounts::default())
}

/// What a verdict promises. A node that asks a new leader again for an answer that the old one did not give may truthfully
/// hear `duplicate` of a reading that was sent to it once: held is held, and that it is there once is judged afterwards.
fn fate_of(verdict: &str) -> Fate {
    match verdict {
        "recorded" | "duplicate" => Fate::Acknowledged,
        other => Fate::Refused(other.to_owned()),
    }
}

/// Reports incidents, acknowledges each and adds a note.
async fn operate(
    (begun_ms, number): (u64, usize),
    desk: Desk,
    site: Site,
    oracle: Arc<Oracle>,
    mut told: Told,
) -> Result<DeviceCounts, Failure> {
    let mut pace = interval(COMMAND_PACE);
    for count in 0_u32.. {
        tokio::select! {
            _ = pace.tick() => {}
            _ = told.stop.changed() => {}
        }
        if told.is_to_stop() {
            break;
        }
        if told.is_to_rest() {
            continue;
        }
        let summary = format!("{MARK}{begun_ms}-{number}-{count}");
        oracle.incident_sent(&summary);
        let report = json!({
            "reference": summary, "kind": "other", "severity": "low", "place": site.place(),
            "summary": summary, "exercise": true,
        });
        let (fate, opened) = command(&desk, &oracle, "/api/reports", &report).await;
        let id = opened["entity"].as_str().map(str::to_owned);
        oracle.incident(&summary, |promise| {
            promise.opened = fate;
            promise.id.clone_from(&id);
        });
        let Some(id) = id else { continue };

        oracle.incident(&summary, |promise| promise.acknowledged = Some(Fate::Unknown));
        let seen = json!({ "expected_version": opened["version"] });
        let (fate, _) = command(&desk, &oracle, &format!("/api/incidents/{id}/acknowledge"), &seen).await;
        oracle.incident(&summary, |promise| promise.acknowledged = Some(fate));

        let note = format!("note of {summary}");
        oracle.incident(&summary, |promise| {
            promise.notes.insert(note.clone(), Fate::Unknown);
        });
        let (fate, _) = command(&desk, &oracle, &format!("/api/incidents/{id}/note"), &json!({ "note": note })).await;
        oracle.incident(&summary, |promise| {
            promise.notes.insert(note, fate);
        });
    }
    Ok(DeviceCounts::default())
}

async fn command(desk: &Desk, oracle: &Oracle, path: &str, body: &Value) -> (Fate, Value) {
    let sent = Instant::now();
    let failed_before = desk.attempts_failed();
    let outcome = desk.command(path, body).await;
    (0..desk.attempts_failed() - failed_before).for_each(|_| oracle.attempt_failed());
    match outcome {
        Outcome::Accepted(body) => {
            oracle.command_acknowledged(sent);
            (Fate::Acknowledged, body)
        }
        Outcome::Refused { status, body } => (Fate::Refused(format!("{status} {body}")), Value::Null),
        Outcome::Unknown(_) => (Fate::Unknown, Value::Null),
    }
}
