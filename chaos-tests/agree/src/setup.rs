//! What is there before the storm: people with sessions, keys, incidents, sensors.

use std::sync::Arc;

use domain::{
    Command, GroupId, Micro, Millis, OpenSession, Person, PersonId, PutPerson, RegisterSensor, Reply, Role, Sensor,
    SensorKind, Severity, limits,
};
use raft::Proposal;

use crate::{
    client::{
        self, AMENDED, CLIENTS, Client, KEYS,
        desk::{UNITS, put_unit},
        field::register_camera,
    },
    judge::promises::Fate,
    stage::WALL_BEGIN_MS,
    world::{FIELD, World},
};

fn person(client: u64) -> PersonId {
    client::name(PersonId::new(&format!("person-{client}")))
}

fn put_person(client: u64) -> Command {
    let person = Person {
        id: person(client),
        name: format!("Người {client}"),
        role: Role::Admin,
        districts: Vec::new(),
        everywhere: true,
        disabled: false,
        credential_sealed: bytes::Bytes::new(),
        unit: None,
    };
    PutPerson { person }.into()
}

fn open_session(client: u64) -> Command {
    let expires_at_ms = Millis(WALL_BEGIN_MS + limits::SESSION_MS_MAX / 2);
    OpenSession { session: client::session(client), person: person(client), expires_at_ms }.into()
}

/// Registers the sensor of a client, again and again without effect.
#[must_use]
pub fn register_sensor(client: u64) -> Command {
    let sensor = Sensor {
        exercise: false,
        suppressions: Vec::new(),
        out_of_service: Vec::new(),
        id: client::sensor(client),
        name: format!("Trạm {client}"),
        kind: SensorKind::RiverLevel,
        unit_of_measure: "m".to_owned(),
        place: client::place(),
        thresholds: Vec::new(),
        period_ms: 0,
        silence_periods: 0,
        rate_limit_micro_per_min: 0,
        range_min_micro: Micro(0),
        range_max_micro: Micro(0),
        status: domain::DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 0,
    };
    RegisterSensor { sensor }.into()
}

/// Everything in order. Each is idempotent but the incidents, of which the first ones are what is amended.
pub async fn prepare(world: &Arc<World>) {
    let mut client = client::world_client(world);
    let mut commands: Vec<(GroupId, Command)> = Vec::new();
    commands.extend((0..KEYS).map(|key| (GroupId::COMMAND, client::put(key, 0))));
    for id in 1..=CLIENTS {
        commands.push((GroupId::COMMAND, put_person(id)));
        commands.push((GroupId::COMMAND, open_session(id)));
        commands.push((FIELD, register_sensor(id)));
    }
    commands.extend((1..=UNITS).map(|number| (GroupId::COMMAND, put_unit(number))));
    commands.push((FIELD, register_camera()));
    for (group, command) in commands {
        must(&mut client, world, group, command).await;
    }
    for number in 1..=AMENDED {
        must(&mut client, world, GroupId::COMMAND, client::open("v0", Severity::Low)).await;
        let held = world.judges.ask(GroupId::COMMAND, |judges| client::held_incident(judges.truth.state(), number));
        world.judges.keys().begins(&format!("I{number}"), held.unwrap_or_default());
    }
}

async fn must(client: &mut Client, world: &World, group: GroupId, command: Command) {
    let name = command.name();
    let (committed, fate) = client.ask(group, Proposal::system(command), true).await;
    let reply = committed.map(|committed| committed.reply);
    if fate != Fate::Acknowledged || !matches!(reply, Some(Reply::Accepted(_))) {
        world.violate("setup", format_args!("{name} before the storm came to {reply:?}"));
    }
}
