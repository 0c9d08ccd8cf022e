//! Rights beyond a role: what they change in a grant, when they end, and that a group believes no grant past its end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use bytes::Bytes;
use domain::{
    AcknowledgeAlarm, AdminUnit, AdminUnitCode, AlarmKey, AuditPayload, AuditSealed, BreakGlass, CloseSession, Command,
    Condition, Delegation, DelegationId, Digest, District, DistrictId, DropSecondFactor, EndGlass, EntityId, Entry,
    EventKind, Grant, GroupId, KeyScope, Millis, NoteIncident, OpenSession, Person, PersonId, PutAdminUnits,
    PutDelegation, PutDistrict, PutPerson, PutSecondFactor, PutServiceKey, RecordRead, RefusalCode, Reply,
    RevokeDelegation, Role, RowChange, ServiceKey, ServiceKeyId, SessionId, SpendCode, State, SwitchFeature,
    TakeDelegation, Terms, VOCABULARY_2, audit, limits, policy,
    policy::{Action, Noun},
    rows,
    wire::Record,
};

#[path = "access/remit.rs"]
mod remit;

const HOUR_MS: u64 = 3_600_000;

fn id(name: &str) -> PersonId {
    PersonId::new(name).unwrap()
}

fn code(name: &str) -> AdminUnitCode {
    AdminUnitCode::new(name).unwrap()
}

/// Group 0 with communes a and b in rooms east and west: admin an, operator oanh of east, viewer vy of west, device tram of east,
/// auditors kiem and, of east, kha.
struct World {
    state: State,
    index: u64,
    now: Millis,
}

impl World {
    fn new() -> Self {
        let mut world = Self { state: State::new(GroupId::COMMAND), index: 0, now: Millis(1_000_000) };
        let admin_unit = |name: &str| AdminUnit {
            code: code(name),
            name: name.into(),
            name_en: String::new(),
            parent: None,
            aliases: Vec::new(),
            valid_from_ms: Millis(0),
            valid_until_ms: Millis(0),
        };
        world.ok(None, PutAdminUnits { admin_units: vec![admin_unit("a"), admin_unit("b")] });
        for (name, unit) in [("east", "a"), ("west", "b")] {
            let district = District {
                id: DistrictId::new(name).unwrap(),
                name: name.into(),
                name_en: String::new(),
                admin_units: vec![code(unit)],
                group: GroupId(1),
                load: None,
            };
            world.ok(None, PutDistrict { district });
        }
        for (name, role, district) in [
            ("an", Role::Admin, None),
            ("oanh", Role::Operator, Some("east")),
            ("vy", Role::Viewer, Some("west")),
            ("tram", Role::Device, Some("east")),
            ("kiem", Role::Auditor, None),
            ("kha", Role::Auditor, Some("east")),
        ] {
            let person = Person {
                id: id(name),
                name: name.into(),
                role,
                districts: district.into_iter().map(|district| DistrictId::new(district).unwrap()).collect(),
                everywhere: district.is_none(),
                disabled: false,
                credential_sealed: Bytes::new(),
                unit: None,
            };
            world.ok(None, PutPerson { person });
        }
        world
    }

    fn apply(&mut self, grant: Option<Grant>, command: impl Into<Command>) -> Result<Vec<EventKind>, RefusalCode> {
        self.index += 1;
        self.now = self.now.plus(1_000);
        let entry = Entry { at_ms: self.now, request: None, grant, command: command.into(), salt: Bytes::new() };
        let applied = self.state.apply(self.index, &entry);
        self.state.check().unwrap();
        match applied.reply {
            Reply::Accepted(_) => Ok(applied.events.iter().map(|event| event.kind).collect()),
            Reply::Refused(refusal) => Err(refusal.code),
        }
    }

    fn grant(&self, person: &str) -> Grant {
        policy::grant(&self.state, &id(person), self.index).unwrap()
    }

    fn by(&mut self, person: &str, command: impl Into<Command>) -> Result<Vec<EventKind>, RefusalCode> {
        let grant = self.grant(person);
        self.apply(Some(grant), command)
    }

    fn ok(&mut self, person: Option<&str>, command: impl Into<Command>) -> Vec<EventKind> {
        let grant = person.map(|person| self.grant(person));
        self.apply(grant, command).unwrap()
    }

    fn sees(&self, person: &str, place: &str) -> bool {
        policy::allows(&self.grant(person), Action::See(Noun::Sensor), Some(&code(place))).is_ok()
    }
}

fn delegation(name: &str, giver: &str, deputy: &str, from: Millis, lasts_ms: u64) -> PutDelegation {
    let (giver, deputy, reason) = (id(giver), id(deputy), "nghỉ phép".to_owned());
    let id = DelegationId::new(name).unwrap();
    PutDelegation { delegation: Delegation { id, giver, deputy, from_ms: from, until_ms: from.plus(lasts_ms), reason } }
}

#[test]
fn a_code_is_spent_once_and_an_older_one_never() {
    let mut world = World::new();
    let put = || PutSecondFactor { person: id("oanh"), seed_sealed: Bytes::from_static(b"sealed") };
    let spend = |step, recovery| SpendCode { person: id("oanh"), step, recovery };
    assert_eq!(world.by("vy", put()), Err(RefusalCode::Forbidden), "everybody chooses their own");
    assert_eq!(world.by("oanh", put()), Ok(vec![EventKind::SecondFactorPut]));
    assert_eq!(world.apply(None, spend(0, 1)), Err(RefusalCode::WrongStatus), "no recovery before a first code");
    assert_eq!(world.by("oanh", spend(10, 0)), Err(RefusalCode::Forbidden), "whether a code is right, no person says");
    assert_eq!(world.apply(None, spend(10, 0)), Ok(vec![EventKind::SecondFactorConfirmed]));
    assert_eq!(world.apply(None, spend(10, 0)), Err(RefusalCode::WrongStatus));
    assert_eq!(world.apply(None, spend(9, 0)), Err(RefusalCode::WrongStatus));
    assert_eq!(world.apply(None, spend(11, 0)), Ok(vec![]));
    for number in 1..=limits::RECOVERY_CODES {
        assert_eq!(world.apply(None, spend(0, number)), Ok(vec![EventKind::RecoveryCodeSpent]));
        assert_eq!(world.apply(None, spend(0, number)), Err(RefusalCode::WrongStatus));
    }
    assert_eq!(world.apply(None, spend(0, limits::RECOVERY_CODES + 1)), Err(RefusalCode::Invalid));
    assert_eq!(world.by("oanh", put()), Err(RefusalCode::Exists), "a stolen screen replaces no second factor");
    assert_eq!(world.by("vy", DropSecondFactor { person: id("oanh") }), Err(RefusalCode::Forbidden));
    assert_eq!(world.by("an", DropSecondFactor { person: id("oanh") }), Ok(vec![EventKind::SecondFactorDropped]));
}

#[test]
fn a_session_is_opened_and_ended_by_whose_it_is_and_the_record_has_them_and_their_address() {
    let mut world = World::new();
    world.ok(None, SwitchFeature { feature: audit::FEATURE });
    let session = SessionId([7; 32]);
    let expires_at_ms = world.now.plus(HOUR_MS);
    let open = || OpenSession { session, person: id("kiem"), expires_at_ms };
    assert_eq!(world.by("kiem", open()), Err(RefusalCode::Forbidden), "as the first release has it in its logs");
    world.ok(None, SwitchFeature { feature: VOCABULARY_2 });
    assert_eq!(world.by("an", open()), Err(RefusalCode::Forbidden), "nobody for another");
    for command in [Command::from(open()), CloseSession { session }.into()] {
        let grant = Grant { from: "10.0.0.7".into(), ..world.grant("kiem") };
        let name = command.name();
        if name == "CloseSession" {
            assert_eq!(world.by("an", CloseSession { session }), Err(RefusalCode::Forbidden));
        }
        let entry = Entry { at_ms: world.now, request: None, grant: Some(grant), command, salt: Bytes::new() };
        world.index += 1;
        let applied = world.state.apply(world.index, &entry);
        assert!(matches!(applied.reply, Reply::Accepted(_)), "{name}: {:?}", applied.reply);
        let number = world.state.audit_head().number;
        let sealed = applied.rows.iter().find_map(|change| match change {
            RowChange::Put(row) if row.key == rows::audit_sealed_key(number) => Some(&row.value),
            _ => None,
        });
        let sealed = AuditSealed::decode(sealed.unwrap()).unwrap();
        let payload = AuditPayload::decode(&sealed.payload).unwrap();
        assert_eq!((&*payload.by, &*payload.from, &*payload.name), ("kiem", "10.0.0.7", name));
    }
}

#[test]
fn a_delegation_gives_the_givers_own_rights_within_its_dates() {
    let mut world = World::new();
    let from = world.now.plus(HOUR_MS);
    world.ok(Some("oanh"), delegation("q1", "oanh", "vy", from, HOUR_MS));
    let take = |name: Option<&str>| TakeDelegation { delegation: name.map(|name| DelegationId::new(name).unwrap()) };
    assert_eq!(world.by("vy", take(Some("q1"))), Err(RefusalCode::WrongStatus), "not yet");
    world.now = from;
    assert_eq!(world.by("an", take(Some("q1"))), Err(RefusalCode::NotFound), "not hers");
    assert_eq!(world.by("vy", take(Some("q1"))), Ok(vec![EventKind::DelegationTaken]));
    assert!(world.sees("vy", "a") && !world.sees("vy", "b"), "the giver's, not both");
    let grant = world.grant("vy");
    assert_eq!((grant.role, grant.terms.acts_for, grant.person), (Role::Operator, Some(id("oanh")), id("vy")));
    let further = delegation("q2", "vy", "an", world.now, HOUR_MS);
    assert_eq!(world.by("vy", further), Err(RefusalCode::Forbidden), "nothing is passed on");

    let mut person = world.state.persons()[&id("oanh")].clone();
    person.disabled = true;
    world.ok(None, PutPerson { person: person.clone() });
    assert!(!world.sees("vy", "a") && world.sees("vy", "b"), "who is disabled gives nothing");
    world.ok(None, PutPerson { person: Person { disabled: false, ..person } });
    assert!(world.sees("vy", "a"));
    world.now = from.plus(HOUR_MS);
    world.ok(None, SwitchFeature { feature: 1 });
    assert!(!world.sees("vy", "a") && world.sees("vy", "b"), "it ends by itself");
}

#[test]
fn a_delegation_ends_when_either_side_says_so() {
    let mut world = World::new();
    let now = world.now;
    let strangers = delegation("q0", "an", "vy", now, HOUR_MS);
    assert_eq!(world.by("oanh", strangers), Err(RefusalCode::Forbidden), "nobody gives what is another's");
    for (name, by, may) in [("q1", "oanh", true), ("q2", "vy", true), ("q3", "an", true), ("q4", "tram", false)] {
        world.ok(Some("oanh"), delegation(name, "oanh", "vy", now, HOUR_MS));
        let delegation = DelegationId::new(name).unwrap();
        world.ok(Some("vy"), TakeDelegation { delegation: Some(delegation.clone()) });
        let ended = world.by(by, RevokeDelegation { delegation });
        assert_eq!(ended.is_ok(), may, "{by}");
        assert_eq!(world.sees("vy", "a"), !may, "{by}");
    }
}

#[test]
fn a_broken_glass_needs_a_reason_is_for_an_hour_at_most_and_administers_nothing() {
    let mut world = World::new();
    let glass = |reason: &str, lasts_ms| BreakGlass { reason: reason.into(), lasts_ms };
    assert_eq!(world.by("vy", glass("lũ", HOUR_MS)), Err(RefusalCode::Forbidden));
    assert_eq!(world.by("oanh", glass(" ", HOUR_MS)), Err(RefusalCode::Invalid));
    assert_eq!(world.by("oanh", glass("lũ", limits::GLASS_MS_MAX + 1)), Err(RefusalCode::Invalid));
    assert_eq!(world.by("oanh", glass("lũ quét", HOUR_MS)), Ok(vec![EventKind::GlassBroken]));
    assert!(world.sees("oanh", "b"));
    assert_eq!(world.by("an", glass("thử", HOUR_MS)), Ok(vec![EventKind::GlassBroken]));
    assert!(policy::allows(&world.grant("an"), Action::Administer, None).is_err());
    assert_eq!(world.by("an", EndGlass { person: id("an") }), Ok(vec![EventKind::GlassEnded]));
    assert!(policy::allows(&world.grant("an"), Action::Administer, None).is_ok());
    let begun = world.state.stances()[&id("oanh")].glass.clone().unwrap();
    assert_eq!(begun.reason, "lũ quét", "whoever audits reads why");
    world.now = begun.until_ms;
    world.ok(None, SwitchFeature { feature: 1 });
    assert!(!world.sees("oanh", "b"), "it ends by itself");
}

#[test]
fn a_key_is_held_to_its_scopes_by_state_whatever_the_entry_says() {
    let mut world = World::new();
    let key_id = ServiceKeyId::new("k1").unwrap();
    let key = ServiceKey {
        id: key_id.clone(),
        account: id("an"),
        name: "Bảng tin".into(),
        secret_sha256: Digest([7; 32]),
        scopes: vec![KeyScope::See],
        put_at_ms: Millis(0),
        expires_at_ms: world.now.plus(HOUR_MS),
    };
    let put = |key: ServiceKey| PutServiceKey { key, replaces: None, overlap_ms: 0 };
    assert_eq!(world.by("oanh", put(key.clone())), Err(RefusalCode::Forbidden));
    world.ok(Some("an"), put(key.clone()));
    assert_eq!(world.by("an", put(key.clone())), Ok(vec![]), "the same again changes nothing");
    let wider = ServiceKey { scopes: vec![KeyScope::Readings], ..key.clone() };
    assert_eq!(world.by("an", put(wider)), Err(RefusalCode::Exists), "nothing of a key can be changed");
    let wrong = Digest([8; 32]);
    assert!(world.state.service_key(&key_id, &wrong, world.now).is_none());

    // An entry that claims every right for the key gets those that state has for it.
    let mut claimed = world.grant("an");
    claimed.terms = Terms { key: Some(key_id.clone()), scopes: KeyScope::ALL.to_vec(), ..Terms::default() };
    let glass = BreakGlass { reason: "x".into(), lasts_ms: 1 };
    assert_eq!(world.apply(Some(claimed.clone()), glass.clone()), Err(RefusalCode::Forbidden));
    claimed.person = id("oanh");
    assert_eq!(world.apply(Some(claimed), glass), Err(RefusalCode::Forbidden), "a key is its account's");

    let grant = policy::grant_of_key(&world.state, &key_id, 1, world.now).unwrap();
    assert!(policy::allows(&grant, Action::See(Noun::Sensor), Some(&code("b"))).is_ok());
    assert!(policy::allows(&grant, Action::See(Noun::Person), None).is_err());
    assert!(policy::allows(&grant, Action::Administer, None).is_err());
    assert!(policy::grant_of_key(&world.state, &key_id, 1, world.now.plus(HOUR_MS)).is_none(), "it ends by itself");
}

#[test]
fn a_field_group_believes_no_grant_past_its_end() {
    let mut state = State::new(GroupId(1));
    let key = AlarmKey { entity: EntityId::new("s1").unwrap(), condition: Condition::new("high").unwrap() };
    let mut grant = World::new().grant("oanh");
    grant.terms = Terms { broken_glass: true, until_ms: Millis(5_000), ..Terms::default() };
    let mut judge = |index, at_ms| {
        let command = AcknowledgeAlarm { key: key.clone(), episode: 1 }.into();
        let grant = Some(grant.clone());
        let entry = Entry { at_ms: Millis(at_ms), request: None, grant, command, salt: Bytes::new() };
        match state.apply(index, &entry).reply {
            Reply::Refused(refusal) => refusal.code,
            Reply::Accepted(_) => panic!("there is no such alarm"),
        }
    };
    assert_eq!(judge(1, 4_999), RefusalCode::NotFound, "the right counts, and the alarm is not there");
    assert_eq!(judge(2, 5_000), RefusalCode::StaleGrant);
    assert_eq!(judge(3, 4_000), RefusalCode::StaleGrant, "state's clock does not go back");
}

#[test]
fn the_record_says_for_whom_and_by_what_somebody_acted() {
    let mut world = World::new();
    world.ok(None, SwitchFeature { feature: audit::FEATURE });
    let now = world.now;
    world.ok(Some("oanh"), delegation("q1", "oanh", "vy", now, HOUR_MS));
    world.ok(Some("vy"), TakeDelegation { delegation: Some(DelegationId::new("q1").unwrap()) });
    let note = NoteIncident { incident: domain::IncidentId::new("I1").unwrap(), note: "x".into() };
    world.index += 1;
    world.now = world.now.plus(1_000);
    // The entry does not say by what right; state does.
    let mut grant = world.grant("vy");
    grant.terms = Terms::default();
    let salt = Bytes::from_static(b"salt");
    let entry = Entry { at_ms: world.now, request: None, grant: Some(grant), command: note.into(), salt };
    let rows = world.state.apply(world.index, &entry).rows;
    let sealed = rows.iter().find_map(|change| match change {
        domain::RowChange::Put(row) if row.key[0] == domain::rows::AUDIT_SEALED => Some(row.value.clone()),
        _ => None,
    });
    let sealed = audit_payload(&sealed.unwrap());
    assert_eq!((sealed.by.as_str(), sealed.terms.acts_for), ("vy", Some(id("oanh"))));
}

fn audit_payload(sealed: &[u8]) -> domain::AuditPayload {
    let sealed = domain::AuditSealed::decode(sealed).unwrap();
    domain::AuditPayload::decode(&sealed.payload).unwrap()
}

#[test]
fn an_auditor_reads_the_record_for_the_whole_province_and_takes_no_part() {
    let mut world = World::new();
    let allows = |world: &World, person: &str, action| policy::allows(&world.grant(person), action, None).is_ok();
    assert!(allows(&world, "kiem", Action::ReadRecord) && allows(&world, "an", Action::ReadRecord));
    for person in ["kha", "oanh", "vy"] {
        assert!(!allows(&world, person, Action::ReadRecord), "{person}");
    }
    for noun in [Noun::AdminUnit, Noun::Person, Noun::Incident, Noun::Camera, Noun::Call, Noun::Exercise, Noun::Room] {
        assert!(!allows(&world, "kiem", Action::See(noun)), "{noun:?}");
    }
    for action in
        [Action::Delegate, Action::BreakGlass, Action::ReportProgress, Action::NoteIncident, Action::Administer]
    {
        assert!(!allows(&world, "kiem", action), "{action:?}");
    }
    let read = RecordRead { what: "record/0".into(), why: "thanh tra".into() };
    assert_eq!(world.by("kiem", read), Ok(Vec::new()), "that they read is theirs to have recorded");
    assert_eq!(world.by("kiem", BreakGlass { reason: "x".into(), lasts_ms: 1_000 }), Err(RefusalCode::Forbidden));
}
