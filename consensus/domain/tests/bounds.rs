//! What happens at a bound: a refusal with code `limit`, or what `limits` says instead. One more than the bound, each time.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{wire::Record, *};

fn apply(state: &mut State, at: u64, command: impl Into<Command>) -> Applied {
    state.apply(
        at,
        &Entry { at_ms: Millis(at), request: None, grant: None, command: command.into(), salt: Bytes::new() },
    )
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

fn register(name: &str, number: usize) -> RegisterModel {
    RegisterModel {
        name: ModelName::new(name).unwrap(),
        version: VersionName::new(&format!("v{number}")).unwrap(),
        kind: ModelKind::Triage,
        sha256: Digest([0; 32]),
        data: "own corpus".into(),
        quality: Vec::new(),
        shares: Vec::new(),
    }
}

fn roll_out(number: usize) -> RollOutModel {
    let RegisterModel { name, version, .. } = register("triage", number);
    RollOutModel { name, version, mode: ModelMode::Active }
}

#[test]
fn the_oldest_version_that_is_of_no_use_makes_room() {
    let mut state = State::new(GroupId::COMMAND);
    for number in 0..limits::MODEL_VERSIONS_MAX {
        assert_eq!(code(&apply(&mut state, 1, register("triage", number))), None);
    }
    // The oldest two stay: one is active, and to the other one can roll back.
    for number in [0, 1] {
        assert_eq!(code(&apply(&mut state, 2, roll_out(number))), None);
    }
    assert_eq!(code(&apply(&mut state, 3, register("triage", limits::MODEL_VERSIONS_MAX))), None);
    let model = &state.models()["triage"];
    let versions: Vec<_> = model.versions.iter().take(3).map(|known| known.version.as_str()).collect();
    assert_eq!((model.versions.len(), versions), (limits::MODEL_VERSIONS_MAX, vec!["v0", "v1", "v3"]));
    assert_eq!(state.tallies().len(), limits::MODEL_VERSIONS_MAX);
    state.check().unwrap();
    // Only so many versions back are remembered.
    for number in 3..=limits::MODEL_VERSIONS_MAX {
        assert_eq!(code(&apply(&mut state, 4, roll_out(number))), None);
    }
    assert_eq!(state.models()["triage"].former.len(), limits::MODEL_FORMER_MAX);
    state.check().unwrap();

    for number in 1..limits::MODELS_MAX {
        assert_eq!(code(&apply(&mut state, 5, register(&format!("m{number}"), 0))), None);
    }
    assert_eq!(code(&apply(&mut state, 6, register("more", 0))), Some(RefusalCode::Limit));
    let figure = Figure { name: "x".into(), value_micro: Micro(1) };
    let quality = vec![figure; limits::MODEL_FIGURES_MAX + 1];
    let over = RegisterModel { quality, ..register("triage", 99) };
    assert_eq!(code(&apply(&mut state, 7, over)), Some(RefusalCode::Limit));
}

#[test]
fn an_incident_keeps_its_newest_suggestions() {
    let mut state = State::new(GroupId::COMMAND);
    let place = Place {
        latitude_e7: 0,
        longitude_e7: 0,
        admin_unit: AdminUnitCode::new("hue").unwrap(),
        address: String::new(),
    };
    let origin = Origin::Report("call-1".into());
    let open = OpenIncident {
        kind: IncidentKind::Other,
        severity: Severity::Low,
        place,
        summary: "nước lên".into(),
        source: Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(0), alarm_report: None },
        exercise: false,
        place_is_mapped: false,
        advice: None,
    };
    apply(&mut state, 1, open);
    apply(&mut state, 1, register("triage", 1));
    apply(&mut state, 1, roll_out(1));
    let suggest = |text: u8, reason: String| Suggest {
        incident: IncidentId::new("I1").unwrap(),
        model: ModelName::new("triage").unwrap(),
        model_version: VersionName::new("v1").unwrap(),
        input_sha256: Digest([text; 32]),
        input_bytes: 9,
        advice: Advice {
            confidence_micro: Micro(900_000),
            kind: Some(IncidentKind::Flood),
            severity: None,
            needs: Vec::new(),
            people: 0,
            vulnerable: 0,
            no_emergency_micro: Micro(0),
            duplicate_of: None,
            reasons: vec![reason],
        },
    };
    let most = u8::try_from(limits::INCIDENT_SUGGESTIONS_MAX).unwrap();
    for text in 0..=most {
        assert_eq!(code(&apply(&mut state, 2, suggest(text, "nước".into()))), None);
    }
    let numbers: Vec<_> = state.incidents()["I1"].suggestions.iter().map(|it| it.number).collect();
    assert_eq!(numbers, (2..=u32::from(most) + 1).collect::<Vec<_>>());
    let long = "x".repeat(limits::REASON_BYTES_MAX + 1);
    assert_eq!(code(&apply(&mut state, 3, suggest(99, long))), Some(RefusalCode::Limit));
    state.check().unwrap();
}

/// Writes what is parked in history, and what goes of it.
fn park(parked: &mut BTreeMap<Bytes, Bytes>, applied: &Applied) {
    let is_parked = |key: &Bytes| key.first() == Some(&rows::PARKED_NOTICES);
    for change in &applied.rows {
        match change {
            RowChange::Put(row) if is_parked(&row.key) => {
                assert!(parked.insert(row.key.clone(), row.value.clone()).is_none(), "a key of history comes once");
            }
            RowChange::Delete(key) if is_parked(key) => assert!(parked.remove(key).is_some(), "what goes was there"),
            _ => {}
        }
    }
}

/// The notices of a receiver that is gone are parked behind those that state has room for, and wait there in order; others have nothing
/// of it.
#[test]
fn a_receiver_that_never_confirms_harms_nobody_and_loses_none() {
    let mut state = State::new(GroupId::COMMAND);
    let receiver = |id: &str| Receiver {
        id: ReceiverId::new(id).unwrap(),
        name: id.into(),
        url: "https://example/notices".into(),
        secret_sealed: Bytes::new(),
        kinds: vec![EventKind::IncidentOpened],
        admin_unit: None,
        disabled: false,
        newest: 0,
        confirmed: 0,
        missed: 0,
        given_up: None,
        unit: None,
        version: 0,
        parked: 0,
    };
    for id in ["gone", "here"] {
        assert_eq!(code(&apply(&mut state, 1, PutReceiver { receiver: receiver(id) })), None);
    }
    let place = Place {
        latitude_e7: 0,
        longitude_e7: 0,
        admin_unit: AdminUnitCode::new("hue").unwrap(),
        address: String::new(),
    };
    let source = Source {
        origin: Origin::Report("call".into()),
        episode: 0,
        version: 0,
        active: false,
        at_ms: Millis(0),
        alarm_report: None,
    };
    let open = OpenIncident {
        kind: IncidentKind::Fire,
        severity: Severity::Low,
        place,
        summary: "smoke".into(),
        source,
        exercise: false,
        place_is_mapped: false,
        advice: None,
    };
    let (gone, here) = (ReceiverId::new("gone").unwrap(), ReceiverId::new("here").unwrap());
    let max = u64::try_from(limits::NOTICES_MAX).unwrap();
    let mut parked = BTreeMap::new();
    for at in 1..=max + 3 {
        let applied = apply(&mut state, at, open.clone());
        assert_eq!(code(&applied), None);
        park(&mut parked, &applied);
        let confirm = ConfirmNotices { receiver: here.clone(), through: at };
        assert_eq!(code(&apply(&mut state, at, confirm)), None);
    }
    let at = |state: &State| {
        let gone = state.receivers().get("gone").unwrap();
        (gone.newest, gone.confirmed, gone.parked, gone.missed)
    };
    assert_eq!(at(&state), (max + 3, 0, 3, 0));
    let next = |state: &State, settled| state.receivers().get("gone").unwrap().parked_after(settled);
    let after = [max - 1, max, max + 2, max + 3].map(|settled| next(&state, settled));
    assert_eq!(after, [None, Some(max + 1), Some(max + 3), None]);
    state.check().unwrap();

    let mut index = max + 3;
    let mut run = |state: &mut State, parked: &mut BTreeMap<Bytes, Bytes>, command: Command| {
        index += 1;
        let applied = apply(state, index, command);
        park(parked, &applied);
        state.check().unwrap();
        code(&applied)
    };
    let confirm = |through| Command::from(ConfirmNotices { receiver: gone.clone(), through });
    // There is room in state, and those that wait in history are first.
    assert_eq!(run(&mut state, &mut parked, confirm(1)), None);
    assert_eq!(run(&mut state, &mut parked, open.clone().into()), None);
    assert_eq!((at(&state), state.notices_for(&gone).last().unwrap().number), ((max + 4, 1, 4, 0), max));
    let kept: Vec<_> = parked.values().map(|row| Notice::decode(row).unwrap()).collect();
    let told: Vec<_> = kept.iter().map(|notice| (notice.number, notice.missed_before)).collect();
    assert_eq!(told, [(max + 1, 0), (max + 2, 0), (max + 3, 0), (max + 4, 0)]);
    let keys: Vec<_> = kept.iter().map(|notice| rows::parked_notice_key(&gone, notice.number)).collect();
    assert_eq!(parked.keys().cloned().collect::<Vec<_>>(), keys);

    assert_eq!(run(&mut state, &mut parked, confirm(max + 2)), Some(RefusalCode::Limit), "no entry does that much");
    assert_eq!(run(&mut state, &mut parked, confirm(max + 1)), None);
    assert_eq!((at(&state), parked.len(), state.notices_for(&gone).count()), ((max + 4, max + 1, 3, 0), 3, 0));
    let refused = GiveUpNotice { receiver: gone.clone(), number: max + 2, reason: "410 Gone".into() };
    assert_eq!(run(&mut state, &mut parked, refused.into()), None);
    assert_eq!(run(&mut state, &mut parked, open.clone().into()), None);
    assert_eq!((at(&state), parked.len()), ((max + 5, max + 2, 3, 0), 3), "behind what is parked");
    assert_eq!(State::from_rows(GroupId::COMMAND, state.rows()).unwrap(), state);
    assert_eq!(run(&mut state, &mut parked, confirm(max + 5)), None);
    assert_eq!((at(&state), parked.len()), ((max + 5, max + 5, 0, 0), 0));
    assert_eq!(run(&mut state, &mut parked, open.into()), None);
    assert_eq!((at(&state), state.notices_for(&gone).count()), ((max + 6, max + 5, 0, 0), 1), "in state again");
    state.check().unwrap();
}
