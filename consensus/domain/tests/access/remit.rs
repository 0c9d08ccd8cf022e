//! Fields and agencies: what they bound of what is seen and done, and of what each record is.

use domain::{
    AmendIncident, AnswerReport, ApproveWarning, BreakGlass, DecideSuggestion, DraftWarning, EndGlass, Entry,
    EventKind, FileReport, GiveInstruction, GiveTask, GroupId, IncidentId, IncidentKind, InstructionId, Millis,
    NoteIncident, OpenIncident, Origin, Place, PutRemit, RefusalCode, RejectWarning, Remit, ReopenReport, Reply,
    ReportChannel, ReportCode, Severity, Source, State, SuggestionDecision, SwitchFeature, TakeDelegation,
    TakeInstruction, VOCABULARY_2, WarningArea, WarningCertainty, WarningContent, WarningId, WarningMessage,
    WarningPurpose, WarningResponse, WarningText, WarningUrgency, limits, policy,
    policy::{Action, Matter, Noun},
};

use super::{HOUR_MS, World, code, delegation, id};

fn incident(kind: IncidentKind) -> OpenIncident {
    let origin = Origin::Report("113".into());
    OpenIncident {
        kind,
        severity: Severity::High,
        place: Place { latitude_e7: 1, longitude_e7: 1, admin_unit: code("a"), address: String::new() },
        summary: "x".into(),
        source: Source { origin, episode: 0, version: 0, active: true, at_ms: Millis(0), alarm_report: None },
        exercise: false,
        place_is_mapped: false,
        advice: None,
    }
}

fn remit(person: &str, fields: &[IncidentKind], agencies: &[&str]) -> PutRemit {
    let agencies = agencies.iter().map(ToString::to_string).collect();
    PutRemit { person: id(person), remit: Remit { fields: fields.to_vec(), agencies } }
}

#[test]
fn a_remit_bounds_what_is_seen_and_done_and_goes_with_the_rights_that_it_bounds() {
    let mut world = World::new();
    world.ok(None, incident(IncidentKind::Fire));
    world.ok(None, incident(IncidentKind::Flood));
    let sees = |world: &World, person: &str, incident: &str| {
        let found = &world.state.incidents()[incident];
        let place = Some(&found.place.admin_unit);
        policy::allows_of(&world.grant(person), Action::See(Noun::Incident), place, &Matter::of_incident(found)).is_ok()
    };
    let note = |incident: &str| NoteIncident { incident: IncidentId::new(incident).unwrap(), note: "x".into() };
    assert!(sees(&world, "oanh", "I1") && sees(&world, "oanh", "I2"), "who has no remit works for all");
    assert_eq!(world.by("oanh", remit("oanh", &[], &[])), Err(RefusalCode::Forbidden), "administrators set it");
    assert_eq!(world.ok(Some("an"), remit("oanh", &[IncidentKind::Fire], &[])), [EventKind::RemitPut]);
    assert_eq!(world.by("an", remit("oanh", &[IncidentKind::Fire], &[])), Ok(vec![]), "the same again changes nothing");
    assert!(sees(&world, "oanh", "I1") && !sees(&world, "oanh", "I2"));
    assert!(world.by("oanh", note("I1")).is_ok());
    assert_eq!(world.by("oanh", note("I2")), Err(RefusalCode::Forbidden));
    // The entry claims to be of every field; group 0 asks its own state.
    let mut claimed = world.grant("oanh");
    claimed.terms.remit = Remit::default();
    assert_eq!(world.apply(Some(claimed), note("I2")), Err(RefusalCode::Forbidden));
    // Who hears of something may say so, whatever field it is.
    assert!(world.by("oanh", incident(IncidentKind::Flood)).is_ok());

    // A deputy gets the giver's remit, and a giver with one may give.
    let now = world.now;
    world.ok(Some("oanh"), delegation("q1", "oanh", "vy", now, HOUR_MS));
    world.ok(Some("vy"), TakeDelegation { delegation: Some(domain::DelegationId::new("q1").unwrap()) });
    assert!(sees(&world, "vy", "I1") && !sees(&world, "vy", "I2"));
    // In an emergency everybody works for every field.
    world.ok(Some("oanh"), BreakGlass { reason: "lũ quét".into(), lasts_ms: HOUR_MS });
    assert!(sees(&world, "oanh", "I2"));
    world.ok(Some("oanh"), EndGlass { person: id("oanh") });
    assert!(!sees(&world, "oanh", "I2"));
    assert_eq!(world.ok(Some("an"), remit("oanh", &[], &[])), [EventKind::RemitPut]);
    assert!(sees(&world, "oanh", "I2") && world.state.remits().is_empty());
}

#[test]
fn who_decides_that_two_incidents_are_one_works_on_both() {
    let mut world = World::new();
    world.ok(None, incident(IncidentKind::Fire));
    world.ok(None, incident(IncidentKind::Flood));
    let decide = || DecideSuggestion {
        incident: IncidentId::new("I1").unwrap(),
        expected_version: 1,
        suggestion: 1,
        decision: SuggestionDecision::Overridden,
        kind: None,
        severity: None,
        duplicate_of: Some(IncidentId::new("I2").unwrap()),
    };
    assert_ne!(world.by("oanh", decide()), Err(RefusalCode::Forbidden), "nothing was suggested; they may");
    world.ok(Some("an"), remit("oanh", &[IncidentKind::Fire], &[]));
    assert_eq!(world.by("oanh", decide()), Err(RefusalCode::Forbidden), "the other one is a flood");
}

fn warning(world: &World, incident: &str, draft: Option<&str>) -> DraftWarning {
    let text = |language: &str| WarningText {
        language: language.into(),
        event: "Lũ".into(),
        headline: "Nước lên".into(),
        description: "x".into(),
        instruction: "x".into(),
    };
    let area = WarningArea {
        admin_unit: code("a"),
        name: String::new(),
        name_en: String::new(),
        polygon: vec![],
        circle: None,
    };
    DraftWarning {
        draft: draft.map(|id| WarningId::new(id).unwrap()),
        expected_version: u64::from(draft.is_some()),
        incident: IncidentId::new(incident).unwrap(),
        message: WarningMessage::Alert,
        of: None,
        content: WarningContent {
            purpose: WarningPurpose::Actual,
            sender: "ioc.example.vn".into(),
            sender_name: "Trung tâm".into(),
            severity: Severity::High,
            urgency: WarningUrgency::Immediate,
            certainty: WarningCertainty::Observed,
            response: WarningResponse::Evacuate,
            onset_at_ms: Millis(0),
            expires_at_ms: world.now.plus(HOUR_MS),
            contact: String::new(),
            texts: vec![text("vi"), text("en")],
            areas: vec![area],
        },
    }
}

#[test]
fn a_warning_is_its_incidents_until_the_public_can_read_it() {
    let mut world = World::new();
    world.ok(None, incident(IncidentKind::Fire));
    world.ok(None, incident(IncidentKind::Flood));
    let draft = warning(&world, "I2", None);
    world.ok(Some("an"), draft.clone());
    world.ok(Some("an"), remit("oanh", &[IncidentKind::Fire], &[]));
    let sees = |world: &World| {
        let found = &world.state.warnings()["W1"];
        let (place, matter) = (Some(&found.admin_unit), Matter::of_warning(&world.state, found));
        policy::allows_of(&world.grant("oanh"), Action::See(Noun::Warning), place, &matter).is_ok()
    };
    assert!(!sees(&world), "a draft about a flood");
    let id = || WarningId::new("W1").unwrap();
    let approve = || ApproveWarning { warning: id(), expected_version: 1 };
    let reject = RejectWarning { warning: id(), expected_version: 1, reason: "x".into() };
    assert_eq!(world.by("oanh", draft), Err(RefusalCode::Forbidden), "who works on fires warns of none");
    let anew = warning(&world, "I1", Some("W1"));
    assert_eq!(world.by("oanh", anew), Err(RefusalCode::Forbidden), "nor by writing another's draft anew");
    assert_eq!(world.by("oanh", reject), Err(RefusalCode::Forbidden));
    assert_eq!(world.by("oanh", approve()), Err(RefusalCode::Forbidden));
    let own = warning(&world, "I1", None);
    assert!(world.by("oanh", own).is_ok());
    world.ok(Some("an"), remit("oanh", &[IncidentKind::Flood], &[]));
    assert!(sees(&world));
    assert!(world.by("oanh", approve()).is_ok());
    world.ok(Some("an"), remit("oanh", &[IncidentKind::Fire], &[]));
    assert!(sees(&world), "everybody can read it");
}

#[test]
fn an_instruction_is_for_whom_it_names_and_served_by_who_works_on_its_incident() {
    let mut world = World::new();
    world.ok(None, incident(IncidentKind::Flood));
    let give = |agency: &str, owner: Option<&str>, of: Option<&str>| GiveInstruction {
        title: "x".into(),
        about: String::new(),
        incident: of.map(|id| IncidentId::new(id).unwrap()),
        admin_unit: code("a"),
        agency: agency.into(),
        owner: owner.map(id),
        due_at_ms: Millis(0),
        exercise: false,
    };
    for (agency, owner) in [("114", None), ("115", None), ("115", Some("oanh")), ("115", Some("vy"))] {
        world.ok(Some("an"), give(agency, owner, None));
    }
    world.ok(Some("an"), remit("oanh", &[IncidentKind::Fire], &["114"]));
    let sees = |world: &World, instruction: &str| {
        let found = &world.state.instructions()[instruction];
        let (place, matter) = (Some(&found.admin_unit), Matter::of_instruction(found));
        policy::allows_of(&world.grant("oanh"), Action::See(Noun::Instruction), place, &matter).is_ok()
    };
    let seen = ["T1", "T2", "T3", "T4"].map(|id| sees(&world, id));
    assert_eq!(seen, [true, false, true, true], "another agency's, until it names a person");
    let take = |id: &str| TakeInstruction { instruction: InstructionId::new(id).unwrap(), expected_version: 1 };
    assert_eq!(world.by("oanh", take("T2")), Err(RefusalCode::Forbidden));
    assert_ne!(world.by("oanh", take("T1")), Err(RefusalCode::Forbidden));
    assert_ne!(world.by("oanh", take("T3")), Err(RefusalCode::Forbidden), "it is theirs, whoever they work for");
    assert_eq!(world.by("oanh", give("114", None, Some("I1"))), Err(RefusalCode::Forbidden), "it serves a flood");
    assert!(world.by("oanh", give("115", None, None)).is_ok(), "whom to ask for help is the leader's");
}

#[test]
fn a_refusal_says_where_nothing_lies_from_the_feature_on_and_as_it_was_recorded_before() {
    let mut world = World::new();
    let mut elsewhere = incident(IncidentKind::Fire);
    elsewhere.place.admin_unit = code("b");
    world.ok(None, elsewhere);
    let note = || NoteIncident { incident: IncidentId::new("I1").unwrap(), note: "x".into() };
    let refused = |world: &mut World| {
        let grant = Some(world.grant("oanh"));
        let entry = Entry { at_ms: world.now, request: None, grant, command: note().into(), salt: bytes::Bytes::new() };
        world.index += 1;
        match world.state.apply(world.index, &entry).reply {
            Reply::Refused(refusal) => refusal.message,
            Reply::Accepted(_) => panic!("it lies in the west"),
        }
    };
    assert!(refused(&mut world).starts_with("b is outside"));
    world.ok(None, SwitchFeature { feature: VOCABULARY_2 });
    assert!(refused(&mut world).starts_with("this lies outside of your districts: ask"));
}

#[test]
fn a_report_that_waits_is_its_incidents_and_is_told_again_when_that_is_anothers() {
    let mut world = World::new();
    world.ok(None, SwitchFeature { feature: VOCABULARY_2 });
    world.ok(None, incident(IncidentKind::Fire));
    let report = || ReportCode::new("R1").unwrap();
    let named = || IncidentId::new("I1").unwrap();
    let file = FileReport {
        code: report(),
        channel: ReportChannel::Web,
        reference: String::new(),
        text: "x".into(),
        place: incident(IncidentKind::Fire).place,
        incident: Some(named()),
        kind: None,
        severity: None,
        told_kind: Some(IncidentKind::Flood),
        advice: None,
        contact: String::new(),
        language: "vi".into(),
        exercise: false,
    };
    world.ok(None, file);
    let expected_version = world.state.reports()["R1"].version;
    world.ok(Some("an"), AnswerReport { report: report(), expected_version, answer: "x".into() });
    world.ok(None, ReopenReport { report: report(), reason: "y".into() });
    let whose = |world: &World| {
        let waits = &world.state.waiting_reports()["R1"];
        let again = State::from_rows(GroupId::COMMAND, world.state.rows()).unwrap();
        assert_eq!(again.waiting_reports().values().collect::<Vec<_>>(), [waits], "after a restart too");
        Matter::of_waiting(waits)
    };
    let matter = |field, agencies: &[&str]| Matter {
        field: Some(field),
        agencies: agencies.iter().map(ToString::to_string).collect(),
    };
    assert_eq!(whose(&world), matter(IncidentKind::Fire, &[]), "whatever its sender took it for");
    let amend = AmendIncident {
        incident: named(),
        expected_version: world.state.incidents()["I1"].version,
        kind: IncidentKind::Traffic,
        severity: Severity::High,
        place: incident(IncidentKind::Fire).place,
        summary: "x".into(),
    };
    assert!(world.ok(Some("an"), amend).contains(&EventKind::ReportSupplemented));
    assert_eq!(whose(&world), matter(IncidentKind::Traffic, &[]));
    let expected_version = world.state.incidents()["I1"].version;
    let task = GiveTask { incident: named(), expected_version, agency: "115".into(), text: "x".into() };
    assert!(world.ok(Some("an"), task).contains(&EventKind::ReportSupplemented));
    assert_eq!(whose(&world), matter(IncidentKind::Traffic, &["115"]));
}

#[test]
fn a_remit_names_each_field_once_and_somebody_who_is_there() {
    let mut world = World::new();
    let twice = remit("oanh", &[IncidentKind::Fire, IncidentKind::Fire], &[]);
    assert_eq!(world.by("an", twice), Err(RefusalCode::Invalid));
    assert_eq!(world.by("an", remit("oanh", &[], &[""])), Err(RefusalCode::Invalid));
    assert_eq!(world.by("an", remit("nobody", &[IncidentKind::Fire], &[])), Err(RefusalCode::NotFound));
    let many: Vec<String> = (0..=limits::REMIT_AGENCIES_MAX).map(|n| n.to_string()).collect();
    let many = PutRemit { person: id("oanh"), remit: Remit { fields: Vec::new(), agencies: many } };
    assert_eq!(world.by("an", many), Err(RefusalCode::Limit));
    world.ok(Some("an"), remit("oanh", &[IncidentKind::Fire, IncidentKind::Flood], &["115", "114"]));
    let rows = world.state.rows();
    assert_eq!(State::from_rows(GroupId::COMMAND, rows).unwrap(), world.state, "it survives a restart");
    assert_eq!(world.state.remit(&id("oanh")).unwrap().agencies, ["114", "115"]);
}
