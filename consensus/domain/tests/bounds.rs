//! What happens at a bound: a refusal with code `limit`, or what `limits` says instead. One more than the bound, each time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use bytes::Bytes;
use domain::*;

fn apply(state: &mut State, at: u64, command: impl Into<Command>) -> Applied {
    state.apply(at, &Entry { at_ms: Millis(at), request: None, grant: None, command: command.into() })
}

fn code(applied: &Applied) -> Option<RefusalCode> {
    match &applied.reply {
        Reply::Accepted(_) => None,
        Reply::Refused(refusal) => Some(refusal.code),
    }
}

fn session(number: usize) -> SessionId {
    let mut id = [0; 32];
    id[..8].copy_from_slice(&u64::try_from(number).unwrap().to_be_bytes());
    SessionId(id)
}

fn open(number: usize, expires_at_ms: u64) -> OpenSession {
    let person = PersonId::new("lan").unwrap();
    OpenSession { session: session(number), person, expires_at_ms: Millis(expires_at_ms) }
}

#[test]
fn a_full_group_opens_no_session_until_one_ends() {
    let mut state = State::new(GroupId(1));
    for number in 0..limits::SESSIONS_MAX {
        assert_eq!(code(&apply(&mut state, 1, open(number, 1000))), None);
    }
    assert_eq!(code(&apply(&mut state, 2, open(limits::SESSIONS_MAX, 5000))), Some(RefusalCode::Limit));
    // At their end they leave 64 at a time, each a row less.
    let applied = apply(&mut state, 1000, open(limits::SESSIONS_MAX, 5000));
    assert_eq!(code(&applied), None);
    let deleted = applied.rows.iter().filter(|change| matches!(change, RowChange::Delete(_))).count();
    assert_eq!(deleted, limits::SESSIONS_EXPIRED_PER_OPEN_MAX);
    assert_eq!(state.sessions().len(), limits::SESSIONS_MAX - limits::SESSIONS_EXPIRED_PER_OPEN_MAX + 1);
    state.check().unwrap();
}

#[test]
fn lists_of_a_command_are_bounded() {
    let reading = Reading {
        sensor: SensorId::new("gauge").unwrap(),
        at_ms: Millis(1),
        value_micro: Micro(1),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    };
    let readings = vec![reading; limits::READINGS_PER_COMMAND_MAX + 1];
    let mut field = State::new(GroupId(1));
    assert_eq!(code(&apply(&mut field, 1, RecordReadings { readings: readings[1..].to_vec() })), None);
    assert_eq!(code(&apply(&mut field, 2, RecordReadings { readings })), Some(RefusalCode::Limit));

    let mut state = State::new(GroupId::COMMAND);
    let place = |number| Placement { entity: EntityId::new(&format!("s{number}")).unwrap(), group: GroupId(1) };
    let placements: Vec<_> = (0..=limits::PLACEMENTS_PER_COMMAND_MAX).map(place).collect();
    assert_eq!(code(&apply(&mut state, 1, PlaceEntities { placements })), Some(RefusalCode::Limit));
    assert!(state.placements().is_empty());

    let nodes: Vec<_> = (0..=u64::try_from(limits::NODES_MAX).unwrap()).collect();
    let most = nodes[1..].to_vec();
    assert_eq!(code(&apply(&mut state, 2, SetLiveNodes { nodes, epoch: 1 })), Some(RefusalCode::Limit));
    assert_eq!(code(&apply(&mut state, 3, SetLiveNodes { nodes: most, epoch: 1 })), None);

    for feature in 0..u32::try_from(limits::FEATURES_MAX).unwrap() {
        assert_eq!(code(&apply(&mut state, 4, SwitchFeature { feature })), None);
    }
    assert_eq!(code(&apply(&mut state, 5, SwitchFeature { feature: 9999 })), Some(RefusalCode::Limit));
}

#[test]
fn texts_and_credentials_are_bounded() {
    let person = |name: String, credential: usize| PutPerson {
        person: Person {
            id: PersonId::new("lan").unwrap(),
            name,
            role: Role::Viewer,
            districts: Vec::new(),
            everywhere: false,
            disabled: false,
            credential_sealed: Bytes::from(vec![1; credential]),
            unit: None,
        },
    };
    let mut state = State::new(GroupId::COMMAND);
    let long = "ô".repeat(limits::NAME_BYTES_MAX / 2);
    let longer = format!("{long}x");
    assert_eq!(code(&apply(&mut state, 1, person(longer, 1))), Some(RefusalCode::Limit));
    assert_eq!(
        code(&apply(&mut state, 2, person(long.clone(), limits::CREDENTIAL_BYTES_MAX + 1))),
        Some(RefusalCode::Limit)
    );
    assert_eq!(code(&apply(&mut state, 3, person(long, limits::CREDENTIAL_BYTES_MAX))), None);
    // The JSON of a person, which screens get, never shows it; nor does the event.
    let event = &apply(&mut state, 4, person("Lan".into(), 0)).events[0];
    let Some(Subject::Person(shown)) = &event.subject else { panic!("{event:?}") };
    assert!(shown.credential_sealed.is_empty());
    assert_eq!(state.persons()["lan"].credential_sealed.len(), limits::CREDENTIAL_BYTES_MAX);
}
