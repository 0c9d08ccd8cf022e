//! Clients: people with a session who retry under the same name until they are answered, readers that want the newest, and devices
//! that send batches. Everything is written into the judges' books before it is sent.

use std::{sync::Arc, time::Duration};

use domain::{
    AdminUnit, AdminUnitCode, AmendIncident, Command, DeviceStatus, GroupId, IncidentId, IncidentKind, Micro, Millis,
    OpenIncident, Origin, Place, PutAdminUnits, Reading, ReadingVerdict, RecordReadings, RefusalCode, Reply, RequestId,
    SensorId, SessionId, Severity, Source, State,
};
use raft::{Committed, NodeId, Proposal, ProposeError};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, timeout},
};

use crate::{
    chance::Chance,
    judge::{
        linear::{Did, Held, Timed},
        promises::Fate,
    },
    stage::{self, WALL_BEGIN_MS, WORLD},
    world::{FIELD, World},
};

pub mod desk;
pub mod field;

/// Clients of a play.
pub const CLIENTS: u64 = 5;

/// Keys that are put and read.
pub const KEYS: u64 = 2;

/// Incidents that are amended by version.
pub const AMENDED: u64 = 2;

/// How long a node may take to answer one attempt.
pub(crate) const ATTEMPT_MAX: Duration = Duration::from_millis(1_500);

/// How long a client waits beyond that before it takes the node for dead.
const SILENCE_MAX: Duration = Duration::from_millis(500);

/// How long a client asks for the same before it lets it be, and its outcome unknown.
const PATIENCE: Duration = Duration::from_secs(12);

/// Readings of one batch.
const BATCH: u64 = 4;

/// A name that is right by construction.
#[allow(clippy::expect_used, reason = "letters, digits and dashes are a name")]
pub(crate) fn name<T, E: std::fmt::Debug>(name: Result<T, E>) -> T {
    name.expect("a name")
}

/// The session of a client.
#[must_use]
pub fn session(client: u64) -> SessionId {
    SessionId([u8::try_from(client % 251).unwrap_or(0) + 1; 32])
}

/// The sensor of a client.
#[must_use]
pub fn sensor(client: u64) -> SensorId {
    name(SensorId::new(&format!("gauge-{client}")))
}

/// Where everything happens.
#[must_use]
pub fn place() -> Place {
    Place { latitude_e7: 161_000_000, longitude_e7: 1_080_000_000, admin_unit: unit_code(0), address: String::new() }
}

fn unit_code(key: u64) -> AdminUnitCode {
    name(AdminUnitCode::new(&format!("k{key}")))
}

fn incident_id(number: u64) -> IncidentId {
    name(IncidentId::new(&format!("I{number}")))
}

/// The write of a key.
#[must_use]
pub fn put(key: u64, value: u64) -> Command {
    let unit = AdminUnit {
        code: unit_code(key),
        name: format!("v{value}"),
        name_en: String::new(),
        parent: None,
        aliases: Vec::new(),
        valid_from_ms: Millis(0),
        valid_until_ms: Millis(0),
    };
    PutAdminUnits { admin_units: vec![unit] }.into()
}

/// The opening of an incident.
#[must_use]
pub fn open(summary: &str, severity: Severity) -> Command {
    let origin = Origin::Report(summary.to_owned());
    OpenIncident {
        kind: IncidentKind::Other,
        severity,
        place: place(),
        summary: summary.to_owned(),
        source: Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(0), alarm_report: None },
        exercise: true,
        place_is_mapped: false,
        advice: None,
    }
    .into()
}

fn value_of(text: &str) -> u64 {
    text.strip_prefix('v').and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

/// What a key holds in a state.
#[must_use]
pub fn held_unit(state: &State, key: u64) -> Held {
    let unit = state.admin_units().get(&unit_code(key));
    Held { version: 0, value: unit.map_or(0, |unit| value_of(&unit.name)) }
}

/// What an incident holds in a state.
#[must_use]
pub fn held_incident(state: &State, number: u64) -> Held {
    let incident = state.incidents().get(&incident_id(number));
    incident.map_or(Held::default(), |incident| Held { version: incident.version, value: value_of(&incident.summary) })
}

/// What one attempt came to.
enum Attempt {
    /// Committed.
    Done(Committed),
    /// Never appended. Who may lead, if that was said.
    NotTaken(Option<NodeId>),
    /// Nobody knows.
    Unknown,
}

/// One client.
pub struct Client {
    world: Arc<World>,
    id: u64,
    chance: Chance,
    seq: u64,
    values: u64,
    measured: u64,
    leader: Option<NodeId>,
    /// What it last saw of each incident that it amends.
    seen: [Held; 2],
    /// In which it was last given the camera; 0: never.
    camera_epoch: u64,
}

impl Client {
    /// The client of this number.
    #[must_use]
    pub fn new(world: Arc<World>, id: u64) -> Self {
        let chance = world.chance().fork();
        Self {
            world,
            id,
            chance,
            seq: 0,
            values: 0,
            measured: 0,
            leader: None,
            seen: [Held::default(); 2],
            camera_epoch: 0,
        }
    }

    /// Works until the storm is over.
    pub async fn run(mut self) {
        while self.world.storms() {
            let pause = self.chance.ms(5, 150);
            sleep(pause).await;
            match self.chance.below(16) {
                0 | 1 => self.put_key().await,
                2 | 3 => self.read().await,
                4 => self.amend().await,
                5 => self.open_once(Severity::Low).await,
                6 => self.open_unnamed().await,
                7 => self.open_once(Severity::Critical).await,
                8 | 9 => self.dispatch().await,
                10 => self.tap().await,
                11 => self.alarm().await,
                12 => self.watch_camera().await,
                _ => self.record().await,
            }
        }
        self.world.note(format_args!("client {} is done", self.id));
    }

    fn next_value(&mut self) -> u64 {
        self.values += 1;
        self.id * 1_000_000 + self.values
    }

    fn next_request(&mut self) -> RequestId {
        self.seq += 1;
        RequestId { session: session(self.id), seq: self.seq }
    }

    async fn put_key(&mut self) {
        let (key, value) = (self.chance.below(KEYS), self.next_value());
        let called = self.world.tick();
        let request = Some(self.next_request());
        let proposal = Proposal { request, grant: None, command: put(key, value) };
        let (committed, fate) = self.ask(GroupId::COMMAND, proposal, true).await;
        let answered = committed.is_some().then(|| self.world.tick());
        self.must_be_accepted(committed.as_ref());
        if fate != Fate::Refused {
            self.world.judges.keys().did(&format!("k{key}"), Timed { did: Did::Put(value), called, answered });
        }
    }

    async fn amend(&mut self) {
        let slot = self.chance.below(AMENDED);
        let number = slot + 1;
        let seen = self.seen[usize::from(slot == 1)];
        let value = self.next_value();
        let command = AmendIncident {
            incident: incident_id(number),
            expected_version: seen.version,
            kind: IncidentKind::Other,
            severity: Severity::Low,
            place: place(),
            summary: format!("v{value}"),
        };
        let called = self.world.tick();
        let request = Some(self.next_request());
        let (committed, fate) =
            self.ask(GroupId::COMMAND, Proposal { request, grant: None, command: command.into() }, true).await;
        let answered = committed.is_some().then(|| self.world.tick());
        let took = committed.as_ref().map(|committed| match &committed.reply {
            Reply::Accepted(_) => true,
            Reply::Refused(refusal) => {
                if refusal.code != RefusalCode::VersionConflict {
                    self.world.violate("promises", format_args!("an amendment was refused: {refusal:?}"));
                }
                false
            }
        });
        if took == Some(true) {
            self.seen[usize::from(slot == 1)] = Held { version: seen.version + 1, value };
        }
        if fate != Fate::Refused {
            let did = Did::Cas { expected: seen.version, value, took };
            self.world.judges.keys().did(&format!("I{number}"), Timed { did, called, answered });
        }
    }

    /// A linearizable read, at any node.
    async fn read(&mut self) {
        let node = self.any_node();
        let at = self.chance.below(KEYS + AMENDED);
        let called = self.world.tick();
        let Some(groups) = self.world.groups(node) else { return };
        let (tell, answer) = oneshot::channel();
        stage::spawn_on(node, async move {
            let barrier = groups.read_barrier(GroupId::COMMAND, ATTEMPT_MAX).await;
            let held = barrier.map(|_| {
                groups.read(GroupId::COMMAND, |state| match at.checked_sub(KEYS) {
                    None => held_unit(state, at),
                    Some(slot) => held_incident(state, slot + 1),
                })
            });
            // Who asked may not wait any more.
            let _ = tell.send(held);
        });
        let Ok(Ok(Ok(held))) = timeout(ATTEMPT_MAX + SILENCE_MAX, answer).await else { return };
        let answered = Some(self.world.tick());
        self.world.count(|counts| counts.reads += 1);
        let key = match at.checked_sub(KEYS) {
            None => format!("k{at}"),
            Some(slot) => {
                self.seen[usize::from(slot == 1)] = held;
                format!("I{}", slot + 1)
            }
        };
        self.world.note(format_args!("client {} reads {key} at node {node}: {held:?}", self.id));
        self.world.judges.keys().did(&key, Timed { did: Did::Got(held), called, answered });
    }

    /// Opens an incident under the name of a request, and retries until it is answered.
    async fn open_once(&mut self, severity: Severity) {
        let summary = format!("o-{}", self.next_value());
        self.world.judges.promises().incident(&summary, Fate::Unknown);
        let request = Some(self.next_request());
        let (committed, fate) = self
            .ask(GroupId::COMMAND, Proposal { request, grant: None, command: open(&summary, severity) }, true)
            .await;
        self.must_be_accepted(committed.as_ref());
        self.world.judges.promises().incident(&summary, fate);
    }

    /// Opens an incident without a name, so without a retry when nobody knows what became of it.
    async fn open_unnamed(&mut self) {
        let summary = format!("o-{}", self.next_value());
        self.world.judges.promises().incident(&summary, Fate::Unknown);
        let (committed, fate) =
            self.ask(GroupId::COMMAND, Proposal::system(open(&summary, Severity::Low)), false).await;
        self.must_be_accepted(committed.as_ref());
        self.world.judges.promises().incident(&summary, fate);
    }

    /// Sends a batch of readings until it is acknowledged. They are known by their device time.
    async fn record(&mut self) {
        let sensor = sensor(self.id);
        let mut readings = Vec::new();
        for _ in 0..BATCH {
            self.measured += 1;
            let (at_ms, value) = (WALL_BEGIN_MS - 1_000_000_000 + self.measured * 1_000, self.chance.below(1 << 30));
            let value = i64::try_from(value).unwrap_or(0);
            self.world.judges.promises().reading((sensor.to_string(), at_ms), value, Fate::Unknown);
            readings.push(Reading {
                sensor: sensor.clone(),
                at_ms: Millis(at_ms),
                value_micro: Micro(value),
                status: DeviceStatus::Measuring,
                unit_of_measure: String::new(),
            });
        }
        let proposal = Proposal::system(RecordReadings { readings: readings.clone() });
        let (committed, fate) = self.ask(FIELD, proposal, true).await;
        if let Some(Committed { reply, index, .. }) = &committed {
            let is_right = match reply {
                Reply::Accepted(accepted) => accepted
                    .verdicts
                    .iter()
                    .all(|verdict| matches!(verdict, ReadingVerdict::Recorded | ReadingVerdict::Duplicate)),
                Reply::Refused(_) => false,
            };
            if !is_right {
                self.world.violate("promises", format_args!("readings at {index} were answered with {reply:?}"));
            }
        }
        for reading in readings {
            let measured = (sensor.to_string(), reading.at_ms.0);
            self.world.judges.promises().reading(measured, reading.value_micro.0, fate);
        }
    }

    fn must_be_accepted(&self, committed: Option<&Committed>) {
        if let Some(Committed { index, reply: Reply::Refused(refusal), .. }) = committed {
            self.world.violate("promises", format_args!("what was asked for at {index} was refused: {refusal:?}"));
        }
    }

    fn any_node(&mut self) -> NodeId {
        let nodes: Vec<NodeId> = self.world.node_ids().collect();
        self.chance.pick(&nodes).copied().unwrap_or(1)
    }

    /// Asks until it is answered. `repeats`: also when nobody knows what became of an attempt.
    pub async fn ask(&mut self, group: GroupId, proposal: Proposal, repeats: bool) -> (Option<Committed>, Fate) {
        let until = Instant::now() + PATIENCE;
        let mut fate = Fate::Refused;
        self.world.count(|counts| counts.sent += 1);
        while Instant::now() < until {
            let random = self.any_node();
            let node = self.leader.take().unwrap_or(random);
            match self.attempt(group, proposal.clone(), node).await {
                Attempt::Done(committed) => {
                    self.leader = Some(node);
                    self.world.count(|counts| counts.acknowledged += 1);
                    let (id, index) = (self.id, committed.index);
                    self.world.note(format_args!("client {id} is answered by node {node} group {group} at {index}"));
                    return (Some(committed), Fate::Acknowledged);
                }
                Attempt::NotTaken(leader) => self.leader = leader,
                Attempt::Unknown => {
                    fate = Fate::Unknown;
                    if !repeats {
                        return (None, fate);
                    }
                }
            }
            let pause = self.chance.ms(10, 120);
            sleep(pause).await;
        }
        (None, fate)
    }

    async fn attempt(&mut self, group: GroupId, proposal: Proposal, node: NodeId) -> Attempt {
        let takes = self.chance.ms(0, 3);
        sleep(takes).await;
        let Some(groups) = self.world.groups(node) else { return Attempt::NotTaken(None) };
        let (tell, answer) = oneshot::channel();
        stage::spawn_on(node, async move {
            // Who asked may not wait any more.
            let _ = tell.send(groups.propose(group, proposal, ATTEMPT_MAX).await);
        });
        match timeout(ATTEMPT_MAX + SILENCE_MAX, answer).await {
            Ok(Ok(Ok(committed))) => {
                self.world.judges.answered(&self.world, group, committed.index, &committed.reply);
                let lost = self.world.ways().lost_per_mille;
                // An answer can be lost on its way as well.
                if self.chance.per_mille(lost) { Attempt::Unknown } else { Attempt::Done(committed) }
            }
            Ok(Ok(Err(ProposeError::NotLeader { leader }))) => Attempt::NotTaken(leader),
            Ok(Ok(Err(ProposeError::ClockUnsafe | ProposeError::DiskFull))) => Attempt::NotTaken(None),
            Ok(Ok(Err(error @ ProposeError::TooLarge { .. }))) => {
                self.world.violate("bounds", format_args!("a small proposal: {error}"));
                Attempt::NotTaken(None)
            }
            Ok(Ok(Err(ProposeError::Unknown | ProposeError::Stopped)) | Err(_)) | Err(_) => Attempt::Unknown,
        }
    }
}

/// The client that prepares and that asks whether the cluster serves.
#[must_use]
pub fn world_client(world: &Arc<World>) -> Client {
    Client::new(Arc::clone(world), WORLD)
}
