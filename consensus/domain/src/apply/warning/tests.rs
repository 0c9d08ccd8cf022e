//! Two people, the chain of messages, and what is refused.

use bytes::Bytes;

use crate::*;

fn id(text: &str) -> AdminUnitCode {
    AdminUnitCode::new(text).unwrap()
}

fn warning(number: u32) -> WarningId {
    WarningId::new(&format!("W{number}")).unwrap()
}

struct World {
    state: State,
    index: u64,
}

impl World {
    /// A commune with an incident in it, and three people, of whom one is of another commune only.
    fn new(exercise: bool) -> Self {
        let mut world = Self { state: State::new(GroupId::COMMAND), index: 0 };
        let unit = |code: &str| AdminUnit {
            code: id(code),
            name: format!("Xã {code}"),
            name_en: format!("{code} commune"),
            parent: None,
            aliases: Vec::new(),
            valid_from_ms: Millis(0),
            valid_until_ms: Millis(0),
        };
        world.ok("", PutAdminUnits { admin_units: vec![unit("a"), unit("b")] });
        let district = District {
            id: DistrictId::new("d").unwrap(),
            name: "d".into(),
            name_en: String::new(),
            admin_units: vec![id("b")],
            group: GroupId(1),
            load: None,
        };
        let of_b = district.id.clone();
        world.ok("", PutDistrict { district });
        for (name, districts) in [("an", vec![]), ("binh", vec![]), ("chi", vec![of_b])] {
            let person = Person {
                id: PersonId::new(name).unwrap(),
                name: name.into(),
                role: Role::Operator,
                everywhere: districts.is_empty(),
                districts,
                disabled: false,
                credential_sealed: Bytes::new(),
                unit: None,
            };
            world.ok("", PutPerson { person });
        }
        let place = Place { latitude_e7: 0, longitude_e7: 0, admin_unit: id("a"), address: String::new() };
        let source = Source {
            origin: Origin::Report("call".into()),
            episode: 0,
            version: 0,
            active: false,
            at_ms: Millis(0),
            alarm_report: None,
        };
        let open = OpenIncident {
            kind: IncidentKind::Flood,
            severity: Severity::High,
            place,
            summary: "nước lên".into(),
            source,
            exercise,
            place_is_mapped: false,
            advice: None,
        };
        world.ok("", open);
        world
    }

    fn apply(&mut self, by: &str, command: impl Into<Command>) -> (Reply, Vec<Event>) {
        self.index += 1;
        let grant = PersonId::new(by).ok().map(|person| Grant {
            person,
            role: Role::Operator,
            everywhere: true,
            admin_units: Default::default(),
            index: 1,
            terms: Default::default(),
            from: String::new(),
            why: String::new(),
        });
        let at_ms = Millis(1000 + self.index);
        let entry = Entry { at_ms, request: None, grant, command: command.into(), salt: Bytes::new() };
        let applied = self.state.apply(self.index, &entry);
        self.state.check().unwrap();
        (applied.reply, applied.events)
    }

    fn ok(&mut self, by: &str, command: impl Into<Command>) -> Vec<Event> {
        let (reply, events) = self.apply(by, command);
        assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
        events
    }

    fn refused(&mut self, by: &str, command: impl Into<Command>) -> (RefusalCode, String) {
        match self.apply(by, command).0 {
            Reply::Refused(refusal) => (refusal.code, refusal.field),
            accepted => panic!("{accepted:?}"),
        }
    }
}

fn content() -> WarningContent {
    let text = |language: &str| WarningText {
        language: language.into(),
        event: "Lũ".into(),
        headline: "Nước lên nhanh".into(),
        description: "Vượt báo động III".into(),
        instruction: "Rời bãi sông".into(),
    };
    WarningContent {
        purpose: WarningPurpose::Actual,
        sender: "ioc.example.vn".into(),
        sender_name: "Trung tâm".into(),
        severity: Severity::Critical,
        urgency: WarningUrgency::Immediate,
        certainty: WarningCertainty::Observed,
        response: WarningResponse::Evacuate,
        onset_at_ms: Millis(0),
        expires_at_ms: Millis(60_000),
        contact: String::new(),
        texts: vec![text("vi"), text("en")],
        areas: vec![WarningArea {
            admin_unit: id("a"),
            name: "as somebody says".into(),
            name_en: String::new(),
            polygon: Vec::new(),
            circle: None,
        }],
    }
}

fn draft(message: WarningMessage, of: Option<u32>) -> DraftWarning {
    DraftWarning {
        draft: None,
        expected_version: 0,
        incident: IncidentId::new("I1").unwrap(),
        message,
        of: of.map(warning),
        content: content(),
    }
}

fn approve(number: u32) -> ApproveWarning {
    ApproveWarning { warning: warning(number), expected_version: 1 }
}

#[test]
fn a_second_person_publishes_and_each_later_message_names_those_before() {
    let mut world = World::new(false);
    world.ok("an", draft(WarningMessage::Alert, None));
    assert_eq!(world.state.warnings()[&warning(1)].content.areas[0].name, "Xã a");
    assert_eq!(world.refused("an", approve(1)).0, RefusalCode::Forbidden);
    assert!(!world.state.warnings()[&warning(1)].is_public());
    let events = world.ok("binh", approve(1));
    assert_eq!(events[0].kind, EventKind::WarningPublished);
    let now = world.state.clock();
    let first = &world.state.warnings()[&warning(1)];
    assert!(first.is_in_force(now) && !first.is_in_force(Millis(60_000)));

    world.ok("binh", draft(WarningMessage::Update, Some(1)));
    let kinds: Vec<_> = world.ok("an", approve(2)).iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::WarningEnded, EventKind::WarningPublished]);
    world.ok("an", draft(WarningMessage::Cancel, Some(2)));
    world.ok("binh", approve(3));
    let named: Vec<_> = world.state.warnings()[&warning(3)].references.iter().map(|it| it.warning.clone()).collect();
    assert_eq!(named, [warning(1), warning(2)]);
    let now = world.state.clock();
    assert!(world.state.warnings().values().all(|it| !it.is_in_force(now)));
    let again = world.refused("an", draft(WarningMessage::Update, Some(2)));
    assert_eq!(again.0, RefusalCode::WrongStatus, "what has ended is not updated");
}

#[test]
fn of_two_updates_of_one_message_the_second_to_be_approved_is_refused() {
    let mut world = World::new(false);
    world.ok("an", draft(WarningMessage::Alert, None));
    world.ok("binh", approve(1));
    world.ok("an", draft(WarningMessage::Update, Some(1)));
    world.ok("an", draft(WarningMessage::Cancel, Some(1)));
    world.ok("binh", approve(3));
    assert_eq!(world.refused("binh", approve(2)), (RefusalCode::WrongStatus, "ApproveWarning.of".into()));
}

#[test]
fn whoever_writes_a_draft_anew_is_its_author() {
    let mut world = World::new(false);
    world.ok("an", draft(WarningMessage::Alert, None));
    let anew = DraftWarning { draft: Some(warning(1)), expected_version: 1, ..draft(WarningMessage::Alert, None) };
    assert_eq!(
        world.refused("binh", DraftWarning { expected_version: 7, ..anew.clone() }).0,
        RefusalCode::VersionConflict
    );
    world.ok("binh", anew);
    let second = ApproveWarning { warning: warning(1), expected_version: 2 };
    assert_eq!(world.refused("binh", second.clone()).0, RefusalCode::Forbidden);
    world.ok("an", second);
    let reject = RejectWarning { warning: warning(1), expected_version: 3, reason: "sai".into() };
    assert_eq!(world.refused("binh", reject).0, RefusalCode::WrongStatus, "what is public is not rejected");
}

#[test]
fn what_is_wrong_is_named() {
    let mut world = World::new(false);
    let with = |change: &dyn Fn(&mut WarningContent)| {
        let mut command = draft(WarningMessage::Alert, None);
        change(&mut command.content);
        command
    };
    let open = vec![GeoPoint { latitude_e7: 0, longitude_e7: 0 }; 3];
    type Change<'a> = &'a dyn Fn(&mut WarningContent);
    let wrong: [(Change<'_>, &str); 8] = [
        (&|it| it.sender = "a b".into(), "content.sender"),
        (&|it| it.expires_at_ms = Millis(1), "content.expires_at_ms"),
        (&|it| it.onset_at_ms = it.expires_at_ms, "content.onset_at_ms"),
        (&|it| it.texts.reverse(), "content.texts"),
        (&|it| it.areas.clear(), "content.areas"),
        (&|it| it.areas[0].polygon = open.clone(), "content.areas.polygon"),
        (&|it| it.purpose = WarningPurpose::Exercise, "content.purpose"),
        (&|it| it.texts[1].headline.clear(), "content.texts.headline"),
    ];
    for (change, field) in wrong {
        assert_eq!(world.refused("an", with(change)).1, format!("DraftWarning.{field}"));
    }
    assert_eq!(world.refused("", draft(WarningMessage::Alert, None)).0, RefusalCode::Forbidden, "no system warns");
    assert_eq!(world.refused("an", draft(WarningMessage::Update, None)).1, "DraftWarning.of");
    let mut elsewhere = draft(WarningMessage::Alert, None);
    elsewhere.content.areas[0].admin_unit = id("b");
    assert_eq!(world.refused("chi", elsewhere).0, RefusalCode::Forbidden, "the incident lies elsewhere");
    assert!(world.state.warnings().is_empty());
}

#[test]
fn a_drill_is_warned_of_as_a_drill() {
    let mut world = World::new(true);
    assert_eq!(world.refused("an", draft(WarningMessage::Alert, None)).1, "DraftWarning.content.purpose");
    let mut command = draft(WarningMessage::Alert, None);
    command.content.purpose = WarningPurpose::Exercise;
    world.ok("an", command);
}
