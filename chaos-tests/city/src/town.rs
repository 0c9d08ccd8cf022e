//! The town: who and what is there before the storm, and what all of it shares.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use agree::{
    client,
    judge::promises::Fate,
    stage::WALL_BEGIN_MS,
    world::{FIELD, World},
};
use domain::{
    AdminUnit, AdminUnitCode, Command, Condition, DeviceStatus, Duty, EntityId, GroupId, Micro, Millis, OpenSession,
    Person, PersonId, Place, PlaceEntities, Placement, PutAdminUnits, PutPerson, PutUnit, RegisterSensor, Reply, Role,
    Sensor, SensorId, SensorKind, Severity, Threshold, Unit, UnitId, UnitStatus, limits,
};
use edge::Token;
use raft::Proposal;

use crate::{
    host::Hosts,
    judge::{Book, Counts},
};

/// People who call, or take calls down.
pub const CALLERS: u64 = 2;

/// Dispatchers.
pub const DISPATCHERS: u64 = 2;

/// Crews, each with a unit and a phone.
pub const CREWS: u64 = 4;

/// The person who asks whether the nodes serve, and nothing before.
pub const PROBE: u64 = CALLERS + DISPATCHERS + CREWS + 1;

/// Gauges, each with its device.
pub const GAUGES: u64 = 2;

/// At this height a gauge's alarm begins, in millionths of a metre.
pub const ALARM_MICRO: i64 = 27_000_000;

/// How far below it the alarm ends.
const HYSTERESIS_MICRO: i64 = 500_000;

/// What a play of the city shares.
pub struct Town {
    /// Consensus, disks, ways, clocks and their judges.
    pub world: Arc<World>,
    /// What stands on consensus.
    pub hosts: Arc<Hosts>,
    /// What people were told.
    book: Mutex<Book>,
    counts: Mutex<Counts>,
    names: AtomicU64,
}

/// A name that is right by construction.
#[allow(clippy::expect_used, reason = "letters, digits and dashes are a name")]
pub fn name<T, E: std::fmt::Debug>(name: Result<T, E>) -> T {
    name.expect("a name")
}

/// Where everything happens.
#[must_use]
pub fn place() -> Place {
    let admin_unit = name(AdminUnitCode::new("k0"));
    Place { latitude_e7: 161_000_000, longitude_e7: 1_080_000_000, admin_unit, address: String::new() }
}

/// The unit of a crew.
#[must_use]
pub fn unit_id(crew: u64) -> UnitId {
    name(UnitId::new(&format!("unit-{crew}")))
}

/// A gauge.
#[must_use]
pub fn gauge(number: u64) -> SensorId {
    name(SensorId::new(&format!("gauge-{number}")))
}

/// Whoever works here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Takes calls down.
    Caller,
    /// Sends units.
    Dispatcher,
    /// Goes there.
    Crew,
    /// Sees whether the nodes serve.
    Probe,
}

/// All who work here, with their numbers: each person's is their own.
pub fn people() -> impl Iterator<Item = (u64, Job)> {
    let jobs = [(Job::Caller, CALLERS), (Job::Dispatcher, DISPATCHERS), (Job::Crew, CREWS), (Job::Probe, 1)];
    let jobs = jobs.into_iter().flat_map(|(job, count)| (0..count).map(move |_| job));
    (1..).zip(jobs)
}

/// The unit's number of a crew, which is their place among the crews.
#[must_use]
pub fn unit_of(person: u64) -> UnitId {
    unit_id(person - CALLERS - DISPATCHERS)
}

fn person_id(number: u64) -> PersonId {
    name(PersonId::new(&format!("person-{number}")))
}

/// The token of a person: base64url of 32 bytes.
#[must_use]
pub fn token(number: u64) -> String {
    let letter = char::from(b'B' + u8::try_from(number % 20).unwrap_or(0));
    format!("{}{letter}A", "A".repeat(41))
}

fn put_unit(crew: u64) -> Command {
    let unit = Unit {
        id: unit_id(crew),
        name: format!("Đội {crew}"),
        agency: "PCCC".to_owned(),
        skills: Vec::new(),
        station: place(),
        position: place(),
        position_at_ms: Millis(0),
        status: UnitStatus::Available,
        status_at_ms: Millis(0),
        incident: None,
        version: 0,
        duty: Duty::default(),
    };
    PutUnit { unit }.into()
}

fn put_person(number: u64, job: Job) -> Command {
    let (role, unit) = match job {
        Job::Caller | Job::Probe => (Role::Operator, None),
        Job::Dispatcher => (Role::Dispatcher, None),
        Job::Crew => (Role::Responder, Some(unit_of(number))),
    };
    let person = Person {
        id: person_id(number),
        name: format!("Người {number}"),
        role,
        districts: Vec::new(),
        everywhere: true,
        disabled: false,
        credential_sealed: bytes::Bytes::new(),
        unit,
    };
    PutPerson { person }.into()
}

fn open_session(number: u64) -> Option<Command> {
    let expires_at_ms = Millis(WALL_BEGIN_MS + limits::SESSION_MS_MAX / 2);
    let session = Token::read(&token(number))?.session();
    Some(OpenSession { session, person: person_id(number), expires_at_ms }.into())
}

fn register_gauge(number: u64) -> Command {
    let threshold = Threshold {
        condition: name(Condition::new("high")),
        above: true,
        limit_micro: Micro(ALARM_MICRO),
        hysteresis_micro: Micro(HYSTERESIS_MICRO),
        debounce_ms: 0,
        severity: Severity::High,
    };
    let sensor = Sensor {
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
        id: gauge(number),
        name: format!("Trạm {number}"),
        kind: SensorKind::RiverLevel,
        unit_of_measure: "m".to_owned(),
        place: place(),
        thresholds: vec![threshold],
        period_ms: 0,
        silence_periods: 0,
        rate_limit_micro_per_min: 0,
        range_min_micro: Micro(0),
        range_max_micro: Micro(0),
        status: DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 0,
    };
    RegisterSensor { sensor }.into()
}

impl Town {
    /// A town on nodes that have yet to start.
    #[must_use]
    pub fn new(world: Arc<World>, hosts: Arc<Hosts>) -> Arc<Self> {
        Arc::new(Self { world, hosts, book: Mutex::default(), counts: Mutex::default(), names: AtomicU64::new(1) })
    }

    /// What people were told. Never held over an await.
    pub fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts something.
    pub fn count(&self, count: impl FnOnce(&mut Counts)) {
        count(&mut self.counts.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that nobody else is given.
    pub fn next_name(&self) -> u64 {
        self.names.fetch_add(1, Ordering::Relaxed)
    }

    /// Puts everything there, in order. Each step may be repeated.
    pub async fn prepare(&self) {
        let mut client = client::world_client(&self.world);
        for (group, command) in commands() {
            let what = command.name();
            let (committed, fate) = client.ask(group, Proposal::system(command), true).await;
            let reply = committed.map(|committed| committed.reply);
            if fate != Fate::Acknowledged || !matches!(reply, Some(Reply::Accepted(_))) {
                self.world.violate("setup", format_args!("{what} before the storm came to {reply:?}"));
            }
        }
    }
}

fn commands() -> Vec<(GroupId, Command)> {
    let commune = AdminUnit {
        code: place().admin_unit,
        name: "Phường 0".to_owned(),
        name_en: String::new(),
        parent: None,
        aliases: Vec::new(),
        valid_from_ms: Millis(0),
        valid_until_ms: Millis(0),
    };
    let mut commands: Vec<(GroupId, Command)> =
        vec![(GroupId::COMMAND, PutAdminUnits { admin_units: vec![commune] }.into())];
    commands.extend((1..=CREWS).map(|crew| (GroupId::COMMAND, put_unit(crew))));
    for (number, job) in people() {
        commands.push((GroupId::COMMAND, put_person(number, job)));
        commands.extend(open_session(number).map(|open| (GroupId::COMMAND, open)));
    }
    for number in 1..=GAUGES {
        let placement = Placement { entity: EntityId::from(&gauge(number)), group: FIELD };
        commands.push((GroupId::COMMAND, PlaceEntities { placements: vec![placement] }.into()));
        commands.push((FIELD, register_gauge(number)));
    }
    commands
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn everybody_has_a_token_of_their_own_and_every_crew_a_unit() {
        let tokens: BTreeSet<String> = people().map(|(number, _)| token(number)).collect();
        assert_eq!(tokens.len() as u64, PROBE);
        assert_eq!(people().last(), Some((PROBE, Job::Probe)));
        assert!(tokens.iter().all(|token| Token::read(token).is_some()));
        let crews = people().filter(|(_, job)| *job == Job::Crew).map(|(number, _)| unit_of(number));
        assert!(crews.eq((1..=CREWS).map(unit_id)));
    }
}
