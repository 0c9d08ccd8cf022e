//! Exercises begin and end by a command and mix with nothing; scenes, shift notes and logs of rooms.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use domain::{wire::Record, *};

struct World {
    state: State,
    index: u64,
    at_ms: Millis,
    history: Vec<Row>,
}

fn id<T: TryFrom<String>>(text: &str) -> T
where
    T::Error: std::fmt::Debug,
{
    T::try_from(text.to_owned()).unwrap()
}

fn place() -> Place {
    Place { latitude_e7: 1, longitude_e7: 2, admin_unit: id("hue"), address: String::new() }
}

impl World {
    fn new() -> Self {
        let mut world =
            Self { state: State::new(GroupId::COMMAND), index: 0, at_ms: Millis(1000), history: Vec::new() };
        world.ok(SwitchFeature { feature: VOCABULARY_2 });
        let area = |code: &str| AdminUnit {
            code: id(code),
            name: code.into(),
            name_en: String::new(),
            parent: None,
            aliases: Vec::new(),
            valid_from_ms: Millis(0),
            valid_until_ms: Millis(0),
        };
        world.ok(PutAdminUnits { admin_units: vec![area("hue"), area("phu-vang")] });
        world.ok(PutDistrict {
            district: District {
                id: id("west"),
                name: "Tây".into(),
                name_en: String::new(),
                admin_units: vec![id("hue")],
                group: GroupId(1),
                load: None,
            },
        });
        for (name, role, everywhere) in [
            ("an", Role::Admin, true),
            ("oanh", Role::Operator, true),
            ("binh", Role::Operator, true),
            ("tay", Role::Operator, false),
            ("rin", Role::Responder, true),
        ] {
            let person = Person {
                id: id(name),
                name: name.into(),
                role,
                districts: if everywhere { Vec::new() } else { vec![id("west")] },
                everywhere,
                disabled: false,
                credential_sealed: bytes::Bytes::new(),
                unit: None,
            };
            world.ok(PutPerson { person });
        }
        world.room("tinh", None);
        world.room("tay", Some("hue"));
        world.room("dong", Some("phu-vang"));
        world
    }

    fn room(&mut self, name: &str, admin_unit: Option<&str>) {
        let room = Room {
            id: id(name),
            name: name.into(),
            name_en: String::new(),
            admin_unit: admin_unit.map(id),
            post: None,
            scene: None,
            follows: None,
            followed_at_ms: Millis(0),
            followed_by: None,
            version: 0,
        };
        self.ok(PutRoom { room });
    }

    fn apply(&mut self, by: Option<&str>, command: impl Into<Command>) -> Result<Accepted, Refusal> {
        self.index += 1;
        self.at_ms = self.at_ms.plus(10);
        let grant = by.map(|by| Grant {
            person: id(by),
            role: Role::Viewer,
            everywhere: false,
            admin_units: Default::default(),
            index: 1,
            terms: Default::default(),
            from: String::new(),
            why: String::new(),
        });
        let command = Command::decode(&command.into().encode()).unwrap();
        let entry = Entry { at_ms: self.at_ms, request: None, grant, command, salt: bytes::Bytes::new() };
        let applied = self.state.apply(self.index, &entry);
        self.state.check().unwrap();
        let history = applied.rows.into_iter().filter_map(|change| match change {
            RowChange::Put(row) if !rows::is_state(&row.key) => Some(row),
            _ => None,
        });
        self.history.extend(history);
        assert_eq!(State::from_rows(GroupId::COMMAND, self.state.rows()).unwrap(), self.state, "a restart has it all");
        match applied.reply {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal),
        }
    }

    fn ok(&mut self, command: impl Into<Command>) -> Accepted {
        self.apply(None, command).unwrap()
    }

    fn open(&mut self, exercise: bool) -> IncidentId {
        let origin = Origin::Report("call".into());
        let source = Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(0), alarm_report: None };
        let opened = self.ok(OpenIncident {
            kind: IncidentKind::Flood,
            severity: Severity::High,
            place: place(),
            summary: "Nước lên".into(),
            source,
            exercise,
            place_is_mapped: false,
            advice: None,
        });
        id(&opened.entity)
    }

    fn report(&mut self, code: &str, incident: Option<&IncidentId>, exercise: bool) -> Result<Accepted, Refusal> {
        let report = FileReport {
            code: id(code),
            channel: ReportChannel::Web,
            reference: String::new(),
            text: "Nước vào nhà".into(),
            place: place(),
            incident: incident.cloned(),
            kind: None,
            severity: None,
            told_kind: None,
            advice: None,
            contact: String::new(),
            language: String::new(),
            exercise,
        };
        self.apply(None, report)
    }

    fn shift_note(&mut self, by: &str, room: &str) -> ShiftNoteId {
        let write = WriteShiftNote {
            room: id(room),
            note: "Đập xả lũ lúc 5 giờ".into(),
            incidents: Vec::new(),
            within_ms: 600_000,
            exercise: false,
        };
        id(&self.apply(Some(by), write).unwrap().entity)
    }

    fn acknowledge(&mut self, by: &str, shift_note: &ShiftNoteId) -> Result<Accepted, Refusal> {
        let acknowledge =
            AcknowledgeShiftNote { shift_note: shift_note.clone(), expected_version: 1, remark: "Đã rõ".into() };
        self.apply(Some(by), acknowledge)
    }
}

fn start() -> StartExercise {
    StartExercise { name: "Diễn tập lũ".into(), scenario: String::new() }
}

fn end(exercise: &str) -> EndExercise {
    EndExercise { exercise: id(exercise), note: "Đạt".into() }
}

#[test]
fn an_exercise_that_ends_closes_its_own_and_nothing_else() {
    let mut world = World::new();
    let real = world.open(false);
    assert_eq!(world.apply(Some("oanh"), start()).unwrap().entity, "E1");
    assert_eq!(world.apply(Some("oanh"), start()).unwrap_err().code, RefusalCode::WrongStatus, "one at a time");
    let drill = world.open(true);
    world.report("7K3F", Some(&drill), true).unwrap();
    world.report("9QXM", None, true).unwrap();
    world.report("2ABC", None, false).unwrap();
    let offer = OfferCall {
        leg: id("l-1"),
        door: "pbx".into(),
        line: "1022".into(),
        number: "0901".into(),
        wanted: String::new(),
        place: None,
        language: String::new(),
        exercise: true,
    };
    world.ok(offer.clone());
    let real_call = world.ok(OfferCall { leg: id("l-2"), exercise: false, ..offer }).entity;
    assert_eq!(world.state.calls().len(), 2, "a caller of a drill is folded into no real one");
    world.apply(Some("oanh"), end("E1")).unwrap();
    let state = &world.state;
    assert_eq!(state.incidents()[&real].status, IncidentStatus::Opened);
    let closed = &state.incidents()[&drill];
    assert!(closed.status == IncidentStatus::Closed && closed.exercise, "readable as an exercise");
    let exercise = &state.exercises()["E1"];
    assert_eq!((exercise.closed, exercise.note.as_str(), exercise.is_running()), (4, "Đạt", false));
    assert!(state.reports()["2ABC"].status == ReportStatus::Received);
    assert!(state.reports()["9QXM"].status == ReportStatus::Answered && state.reports()["9QXM"].exercise);
    assert!(state.calls()[real_call.as_str()].status == CallStatus::Queued);
    assert!(state.caller("0901").is_none(), "what was played tells nothing of a number");
    // Ended again it changes nothing; the next one is another.
    assert_eq!(world.apply(Some("oanh"), end("E1")).unwrap().version, 2);
    assert_eq!(world.apply(Some("oanh"), start()).unwrap().entity, "E2");
    assert_eq!(world.apply(Some("oanh"), end("E1")).unwrap_err().code, RefusalCode::WrongStatus);
}

#[test]
fn more_than_one_entry_closes_is_closed_by_the_next() {
    let mut world = World::new();
    world.ok(start());
    for _ in 0..=limits::EXERCISE_CLOSED_AT_ONCE {
        world.open(true);
    }
    let open = |world: &World| {
        world.state.incidents().values().filter(|incident| incident.status != IncidentStatus::Closed).count()
    };
    world.ok(end("E1"));
    assert_eq!(open(&world), 1);
    world.ok(end("E1"));
    assert_eq!(open(&world), 0);
    let closed = u32::try_from(limits::EXERCISE_CLOSED_AT_ONCE).unwrap() + 1;
    assert_eq!(world.state.exercises()["E1"].closed, closed);
}

#[test]
fn a_drill_and_the_real_thing_never_mix() {
    let mut world = World::new();
    let (real, drill) = (world.open(false), world.open(true));
    for (code, incident, exercise) in [("7K3F", &real, true), ("9QXM", &drill, false)] {
        assert_eq!(world.report(code, Some(incident), exercise).unwrap_err().code, RefusalCode::WrongStatus);
    }
    let log = |incident: &IncidentId| LogDuty {
        room: id("tinh"),
        text: "Gọi đập".into(),
        incident: Some(incident.clone()),
        corrects: 0,
        exercise: true,
    };
    assert_eq!(world.apply(Some("oanh"), log(&real)).unwrap_err().code, RefusalCode::WrongStatus);
    world.apply(Some("oanh"), log(&drill)).unwrap();
}

#[test]
fn only_who_works_for_everywhere_leads_an_exercise_or_the_provinces_room() {
    let mut world = World::new();
    for who in ["tay", "rin"] {
        assert_eq!(world.apply(Some(who), start()).unwrap_err().code, RefusalCode::Forbidden, "{who}");
    }
    let follow = |room: &str| FollowRoom { room: id(room), leader: Some(id("tinh")) };
    assert!(world.apply(Some("tay"), follow("tay")).is_ok());
    assert_eq!(world.apply(Some("tay"), follow("dong")).unwrap_err().code, RefusalCode::Forbidden);
    let push = |room: &str| PushScene { room: id(room), scene: None };
    assert_eq!(world.apply(Some("tay"), push("tinh")).unwrap_err().code, RefusalCode::Forbidden);
    assert_eq!(world.apply(Some("rin"), push("tay")).unwrap_err().code, RefusalCode::Forbidden);
}

#[test]
fn a_room_follows_leaves_and_comes_back() {
    let mut world = World::new();
    let scene = Scene {
        title: "Vỡ đê".into(),
        layers: vec!["sensor".into()],
        incidents: vec![id("I1")],
        cameras: vec![id("cam-1")],
        place: Some(place()),
        view: Some(MapView { latitude_e7: 1, longitude_e7: 2, zoom_centi: 1250 }),
        pushed_at_ms: Millis(0),
        pushed_by: None,
        exercise: false,
    };
    world.apply(Some("oanh"), PushScene { room: id("tinh"), scene: Some(scene.clone()) }).unwrap();
    let pushed = world.state.rooms()["tinh"].scene.clone().unwrap();
    let kept = Scene { pushed_at_ms: world.at_ms, pushed_by: Some(id("oanh")), ..scene.clone() };
    assert_eq!(pushed, kept, "layers, incidents, cameras, place and view as they were pushed");
    let follow = |leader: Option<&str>| FollowRoom { room: id("tay"), leader: leader.map(id) };
    for leader in [Some("tinh"), None, Some("tinh")] {
        world.apply(Some("tay"), follow(leader)).unwrap();
        assert_eq!(world.state.rooms()["tay"].follows, leader.map(id));
    }
    assert_eq!(world.apply(Some("tay"), follow(Some("tay"))).unwrap_err().code, RefusalCode::Invalid);
    let nowhere = MapView { latitude_e7: 900_000_001, longitude_e7: 0, zoom_centi: 0 };
    let nowhere = Scene { view: Some(nowhere), ..scene.clone() };
    let push = PushScene { room: id("tinh"), scene: Some(nowhere) };
    assert_eq!(world.apply(Some("oanh"), push).unwrap_err().code, RefusalCode::Invalid);
    let crowded = Scene { cameras: (0..=limits::SCENE_CAMERAS_MAX).map(|n| id(&format!("c{n}"))).collect(), ..scene };
    let push = PushScene { room: id("tinh"), scene: Some(crowded) };
    assert_eq!(world.apply(Some("oanh"), push).unwrap_err().code, RefusalCode::Limit);
}

#[test]
fn a_shift_note_is_acknowledged_by_another_one_or_late_once() {
    let mut world = World::new();
    let first = world.shift_note("oanh", "tinh");
    assert_eq!(world.acknowledge("oanh", &first).unwrap_err().code, RefusalCode::Forbidden);
    let fire = FireShiftNote { shift_note: first.clone() };
    assert_eq!(world.apply(None, fire.clone()).unwrap_err().code, RefusalCode::NotDue);
    world.at_ms = world.at_ms.plus(600_000);
    world.ok(fire.clone());
    let late_at_ms = world.state.shift_notes()[&first].late_at_ms;
    assert!(late_at_ms.is_set() && world.state.shift_notes_due().next().is_none());
    world.ok(fire);
    assert_eq!(world.state.shift_notes()[&first].late_at_ms, late_at_ms, "once");
    world.acknowledge("binh", &first).unwrap();
    assert_eq!(world.acknowledge("an", &first).unwrap_err().code, RefusalCode::WrongStatus);
}

#[test]
fn where_a_roster_says_who_is_on_duty_one_of_these_acknowledges() {
    let mut world = World::new();
    let shift = DutyShift { person: id("binh"), from_ms: Millis(0), until_ms: Millis(10_000_000) };
    let post = DutyPost { id: id("truc"), name: "Trực ban".into(), above: None, shifts: vec![shift], version: 0 };
    world.ok(PutDutyPost { post });
    let room = Room { post: Some(id("truc")), ..world.state.rooms()["tinh"].clone() };
    world.ok(PutRoom { room });
    let left = world.shift_note("oanh", "tinh");
    assert_eq!(world.acknowledge("tay", &left).unwrap_err().code, RefusalCode::Forbidden);
    world.acknowledge("binh", &left).unwrap();
}

#[test]
fn a_log_is_history_in_the_order_of_time() {
    let mut world = World::new();
    let log = |text: &str, corrects| LogDuty {
        room: id("tinh"),
        text: text.into(),
        incident: None,
        corrects,
        exercise: false,
    };
    let first = world.apply(Some("oanh"), log("Gọi đập", 0)).unwrap().version;
    world.apply(Some("binh"), log("Gọi đập Núi Cốc", first)).unwrap();
    let later = first + 100;
    assert_eq!(world.apply(Some("oanh"), log("x", later)).unwrap_err().code, RefusalCode::Invalid);
    let (from, to) = rows::duty_log_range(&id("tinh"), Millis(0), Millis(u64::MAX));
    let of_room = world.history.iter().filter(|row| from <= row.key && row.key < to);
    let entries: Vec<_> = of_room.map(|row| DutyEntry::decode(&row.value).unwrap()).collect();
    assert_eq!(entries.len(), 2);
    assert!(entries[1].corrects == entries[0].number && entries[0].by == Some(id("oanh")));
    assert_eq!(world.apply(Some("rin"), log("x", 0)).unwrap_err().code, RefusalCode::Forbidden);
}
