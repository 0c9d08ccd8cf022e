//! The clock, the second channel, whose the incident is, and who is told.

use bytes::Bytes;

use crate::{wire::Record, *};

struct World {
    state: State,
    index: u64,
    at_ms: u64,
}

fn incident() -> IncidentId {
    IncidentId::new("I1").unwrap()
}

fn receiver(id: &str) -> ReceiverId {
    ReceiverId::new(id).unwrap()
}

impl World {
    fn new() -> Self {
        let mut world = Self { state: State::new(GroupId::COMMAND), index: 0, at_ms: 1000 };
        let admin_unit = AdminUnitCode::new("a").unwrap();
        let unit = AdminUnit {
            code: admin_unit.clone(),
            name: "Xã a".into(),
            name_en: String::new(),
            parent: None,
            aliases: Vec::new(),
            valid_from_ms: Millis(0),
            valid_until_ms: Millis(0),
        };
        world.ok(None, PutAdminUnits { admin_units: vec![unit] });
        let person = Person {
            id: PersonId::new("an").unwrap(),
            name: "An".into(),
            role: Role::Dispatcher,
            districts: Vec::new(),
            everywhere: true,
            disabled: false,
            credential_sealed: Bytes::new(),
            unit: None,
        };
        world.ok(None, PutPerson { person });
        for id in ["115", "province", "news"] {
            let receiver = Receiver {
                id: receiver(id),
                name: format!("Cơ quan {id}"),
                url: "https://other.example/notices".into(),
                secret_sealed: Bytes::new(),
                kinds: EventKind::ALL.to_vec(),
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
            world.ok(None, PutReceiver { receiver });
        }
        world
    }

    fn open(&mut self) {
        let admin_unit = AdminUnitCode::new("a").unwrap();
        let place = Place { latitude_e7: 1, longitude_e7: 2, admin_unit, address: String::new() };
        let origin = Origin::Report("call".into());
        let open = OpenIncident {
            kind: IncidentKind::Medical,
            severity: Severity::High,
            place,
            summary: "ngất".into(),
            source: Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(0), alarm_report: None },
            exercise: false,
            place_is_mapped: false,
            advice: None,
        };
        self.ok(None, open);
    }

    fn apply(&mut self, by: Option<&str>, command: impl Into<Command>) -> Result<Accepted, Refusal> {
        let grant = by.map(|by| Grant {
            person: PersonId::new(by).unwrap(),
            role: Role::Dispatcher,
            everywhere: true,
            admin_units: Default::default(),
            index: 1,
            from: String::new(),
            why: String::new(),
            terms: Terms::default(),
        });
        self.apply_under(grant, command)
    }

    fn apply_under(&mut self, grant: Option<Grant>, command: impl Into<Command>) -> Result<Accepted, Refusal> {
        self.index += 1;
        self.at_ms += 10;
        let at_ms = Millis(self.at_ms);
        let entry = Entry { at_ms, request: None, grant, command: command.into(), salt: Bytes::new() };
        let reply = self.state.apply(self.index, &entry).reply;
        self.state.check().unwrap();
        match reply {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal),
        }
    }

    fn ok(&mut self, by: Option<&str>, command: impl Into<Command>) {
        self.apply(by, command).unwrap();
    }

    fn now(&self) -> &Incident {
        &self.state.incidents()[&incident()]
    }

    fn handover(&self) -> &Handover {
        self.now().dispatch.handovers.last().unwrap()
    }

    fn offer(&mut self, second: Option<&str>) {
        let expected_version = self.now().version;
        let offer = OfferHandover {
            incident: incident(),
            expected_version,
            to: Some(receiver("115")),
            to_name: String::new(),
            contact: String::new(),
            second: second.map(receiver),
            second_contact: "0234 115".into(),
            lead: true,
            reason: "cần xe cấp cứu".into(),
            room: None,
        };
        self.ok(Some("an"), offer);
    }

    /// What waits for a receiver about hand-overs.
    fn told(&self, id: &str) -> Vec<EventKind> {
        let id = receiver(id);
        let events = self.state.notices_for(&id).map(|notice| Event::decode(&notice.event).unwrap());
        events.filter(|event| Handover::of_event(event).is_some()).map(|event| event.kind).collect()
    }

    fn fire(&mut self) {
        let (at, key) = self.state.clocks_due().next().map(|(at, key)| (at, key.clone())).unwrap();
        let clock = self.state.clock_of(&key).unwrap();
        let fire = FireDeadline { step: clock.fired, version: clock.version, clock: key };
        self.at_ms = self.at_ms.max(at.0);
        self.ok(None, fire);
    }
}

fn answer(accept: bool, from: Option<&str>) -> AnswerHandover {
    AnswerHandover {
        incident: incident(),
        handover: 1,
        accept,
        answer: "đã nhận".into(),
        answered_for: "kíp trực 2".into(),
        reference: "115-77".into(),
        from: from.map(receiver),
    }
}

#[test]
fn the_other_side_answers_in_time_and_then_the_incident_is_theirs() {
    let mut world = World::new();
    world.open();
    world.offer(None);
    assert_eq!(world.now().dispatch.led_by(), None, "an offer changes nothing yet");
    assert_eq!(world.told("115"), [EventKind::HandoverOffered]);
    assert!(world.told("news").is_empty(), "whoever is told of all kinds is not told of hand-overs");
    assert_eq!(world.apply(None, answer(true, Some("news"))).unwrap_err().code, RefusalCode::Forbidden);
    world.ok(None, answer(true, Some("115")));
    let version = world.now().version;
    world.ok(None, answer(true, Some("115")));
    assert_eq!(world.now().version, version, "the same answer again changes nothing");
    assert_eq!(world.apply(None, answer(false, Some("115"))).unwrap_err().code, RefusalCode::WrongStatus);
    let led = world.now().dispatch.led_by().unwrap();
    assert_eq!((led.party_name.as_str(), led.reference.as_str()), ("Cơ quan 115", "115-77"));
    assert!(world.state.clocks_due().next().is_none(), "nothing is due any more");

    let expected_version = world.now().version;
    let back = WithdrawHandover { incident: incident(), expected_version, handover: 1, reason: "đã tới".into() };
    world.ok(Some("an"), back);
    assert_eq!(world.now().dispatch.led_by(), None, "taken back");
    assert_eq!(world.told("115"), [EventKind::HandoverOffered, EventKind::HandoverWithdrawn]);
}

#[test]
fn nobody_answers_in_time_so_the_second_channel_is_told_once() {
    let mut world = World::new();
    world.open();
    world.offer(Some("province"));
    let due = world.state.clocks_due().next().unwrap().0;
    assert_eq!(due.since(world.handover().offered_at_ms), limits::HANDOVER_WITHIN_MS[3]);
    assert!(world.told("province").is_empty());
    world.fire();
    assert_eq!(world.handover().status, HandoverStatus::Escalated);
    assert_eq!(world.told("province"), [EventKind::HandoverEscalated]);
    assert!(world.state.clocks_due().next().is_none(), "it fires once");
    world.ok(None, answer(false, Some("province")));
    assert_eq!((world.handover().status, world.now().dispatch.led_by()), (HandoverStatus::Refused, None));
}

#[test]
fn what_was_received_is_opened_once_and_answered_by_a_person() {
    let mut world = World::new();
    let receive = ReceiveHandover {
        from: receiver("province"),
        reference: "urn:emergency:uid:incidentid:9:other.example".into(),
        kind: IncidentKind::Fire,
        severity: Severity::Critical,
        place: Place {
            latitude_e7: 1,
            longitude_e7: 2,
            admin_unit: AdminUnitCode::new("a").unwrap(),
            address: String::new(),
        },
        summary: "cháy rừng lan sang".into(),
        lead: true,
        exercise: false,
    };
    world.ok(None, receive.clone());
    world.ok(None, receive);
    assert_eq!(world.state.incidents().len(), 1);
    assert_eq!((world.handover().direction, world.handover().status), (HandoverDirection::In, HandoverStatus::Offered));
    assert!(world.now().dispatch.led_by().is_some(), "theirs, until we take it");
    assert_eq!(world.apply(None, answer(true, Some("province"))).unwrap_err().code, RefusalCode::Forbidden);
    world.ok(Some("an"), answer(true, None));
    assert_eq!(world.told("province"), [EventKind::HandoverAccepted]);
    assert_eq!(world.now().dispatch.led_by(), None, "it is ours now");
    assert_ne!(world.handover().reference, "115-77", "what they call it is what they said");
}

#[test]
fn an_incident_that_is_done_waits_for_nobody() {
    let mut world = World::new();
    world.open();
    world.offer(None);
    let resolve = ResolveIncident { incident: incident(), expected_version: world.now().version, note: String::new() };
    world.ok(None, resolve);
    assert_eq!(world.handover().status, HandoverStatus::Withdrawn);
    assert_eq!(world.apply(None, answer(true, Some("115"))).unwrap_err().code, RefusalCode::WrongStatus);
}

#[test]
fn a_second_channel_is_required_and_one_offer_waits_at_a_time() {
    let mut world = World::new();
    world.open();
    let by_phone = OfferHandover {
        incident: incident(),
        expected_version: 1,
        to: None,
        to_name: "Công an xã".into(),
        contact: "0234 113".into(),
        second: None,
        second_contact: String::new(),
        lead: false,
        reason: "gây rối".into(),
        room: None,
    };
    let refused = world.apply(Some("an"), by_phone.clone()).unwrap_err();
    assert_eq!((refused.code, refused.field.as_str()), (RefusalCode::Invalid, "OfferHandover.second"));
    let by_phone = OfferHandover { second_contact: "0234 114".into(), ..by_phone };
    world.ok(Some("an"), by_phone.clone());
    let again = OfferHandover { expected_version: 2, ..by_phone };
    assert_eq!(world.apply(Some("an"), again).unwrap_err().code, RefusalCode::WrongStatus);
    world.ok(Some("an"), answer(true, None));
    assert_eq!(world.now().dispatch.led_by(), None, "they help; the lead stays");
}

/// Rooms of the province and of commune a, with somebody of each.
fn with_rooms(world: &mut World) {
    let room = |id: &str, admin_unit: Option<&str>| Room {
        id: RoomId::new(id).unwrap(),
        name: format!("Phòng {id}"),
        name_en: String::new(),
        admin_unit: admin_unit.map(|code| AdminUnitCode::new(code).unwrap()),
        post: None,
        scene: None,
        follows: None,
        followed_at_ms: Millis(0),
        followed_by: None,
        version: 0,
    };
    world.ok(None, PutRoom { room: room("tinh", None) });
    world.ok(None, PutRoom { room: room("xa-a", Some("a")) });
    let district = District {
        id: DistrictId::new("cum-a").unwrap(),
        name: "Cụm a".into(),
        name_en: String::new(),
        admin_units: vec![AdminUnitCode::new("a").unwrap()],
        group: GroupId(1),
        load: None,
    };
    world.ok(None, PutDistrict { district });
    for (id, districts) in [("binh", Vec::new()), ("chi", vec![DistrictId::new("cum-a").unwrap()])] {
        let person = Person {
            id: PersonId::new(id).unwrap(),
            name: id.into(),
            role: Role::Dispatcher,
            everywhere: districts.is_empty(),
            districts,
            disabled: false,
            credential_sealed: Bytes::new(),
            unit: None,
        };
        world.ok(None, PutPerson { person });
    }
}

fn to_room(world: &World, room: &str) -> OfferHandover {
    OfferHandover {
        incident: incident(),
        expected_version: world.now().version,
        to: None,
        to_name: String::new(),
        contact: String::new(),
        second: None,
        second_contact: "0234 100".into(),
        lead: true,
        reason: "trong khả năng của xã".into(),
        room: Some(RoomId::new(room).unwrap()),
    }
}

#[test]
fn an_incident_goes_down_to_a_room_and_up_again_and_its_owner_is_always_one() {
    let mut world = World::new();
    with_rooms(&mut world);
    world.open();
    let owner = |world: &World| world.now().dispatch.led_by().and_then(|it| it.room.clone()).map(|id| id.to_string());
    let down = to_room(&world, "xa-a");
    world.ok(Some("an"), down);
    assert_eq!((world.handover().direction, owner(&world)), (HandoverDirection::Within, None));
    let itself = world.apply(Some("an"), answer(true, None)).unwrap_err();
    assert_eq!(itself.code, RefusalCode::Forbidden, "whoever offered it does not answer");
    assert_eq!(world.apply(None, answer(true, Some("115"))).unwrap_err().code, RefusalCode::Forbidden);
    world.ok(Some("binh"), answer(true, None));
    assert_eq!(owner(&world).as_deref(), Some("xa-a"));
    let up = to_room(&world, "tinh");
    world.ok(Some("binh"), up);
    assert_eq!(owner(&world).as_deref(), Some("xa-a"), "until the province has answered");
    world.ok(Some("an"), AnswerHandover { handover: 2, ..answer(true, None) });
    assert_eq!(owner(&world).as_deref(), Some("tinh"));
}

/// Somebody who works in commune a only.
fn of_commune_a() -> Grant {
    Grant {
        person: PersonId::new("chi").unwrap(),
        role: Role::Dispatcher,
        everywhere: false,
        admin_units: [AdminUnitCode::new("a").unwrap()].into(),
        index: 1,
        from: String::new(),
        why: String::new(),
        terms: Terms::default(),
    }
}

#[test]
fn what_is_offered_to_the_provinces_room_is_not_answered_by_who_works_in_a_commune() {
    let mut world = World::new();
    with_rooms(&mut world);
    world.open();
    let up = to_room(&world, "tinh");
    world.ok(Some("binh"), up);
    let refused = world.apply_under(Some(of_commune_a()), answer(true, None)).unwrap_err();
    assert_eq!(refused.code, RefusalCode::Forbidden);
    world.ok(Some("an"), answer(true, None));
    let down = to_room(&world, "xa-a");
    world.ok(Some("an"), down);
    let answered = AnswerHandover { handover: 2, ..answer(true, None) };
    assert!(world.apply_under(Some(of_commune_a()), answered).is_ok(), "their own room's");
}

#[test]
fn a_room_that_does_not_answer_is_escalated_once_and_one_elsewhere_is_not_asked() {
    let mut world = World::new();
    with_rooms(&mut world);
    let b = AdminUnit {
        code: AdminUnitCode::new("b").unwrap(),
        name: "Xã b".into(),
        name_en: String::new(),
        parent: None,
        aliases: Vec::new(),
        valid_from_ms: Millis(0),
        valid_until_ms: Millis(0),
    };
    world.ok(None, PutAdminUnits { admin_units: vec![b.clone()] });
    let elsewhere = world.state.board.rooms[&RoomId::new("xa-a").unwrap()].clone();
    let elsewhere = Room { id: RoomId::new("xa-b").unwrap(), admin_unit: Some(b.code), ..elsewhere };
    world.ok(None, PutRoom { room: elsewhere });
    world.open();
    let aside = to_room(&world, "xa-b");
    assert_eq!(world.apply(Some("an"), aside).unwrap_err().field, "OfferHandover.room");
    let down = to_room(&world, "xa-a");
    world.ok(Some("an"), down);
    world.fire();
    assert_eq!(world.handover().status, HandoverStatus::Escalated);
    assert!(world.state.clocks_due().next().is_none(), "it fires once");
    world.ok(Some("binh"), answer(false, None));
    assert_eq!(world.now().dispatch.led_by(), None, "a room that refuses leaves it where it was");
}

#[test]
fn who_was_asked_hears_that_nobody_waits_any_more() {
    let mut world = World::new();
    world.open();
    world.offer(Some("province"));
    world.fire();
    let resolve = ResolveIncident { incident: incident(), expected_version: world.now().version, note: String::new() };
    world.ok(None, resolve);
    assert_eq!(world.told("115"), [EventKind::HandoverOffered, EventKind::HandoverWithdrawn]);
    assert_eq!(world.told("province"), [EventKind::HandoverEscalated, EventKind::HandoverWithdrawn]);
}

#[test]
fn what_they_take_back_is_theirs_again_once() {
    let mut world = World::new();
    let receive = ReceiveHandover {
        from: receiver("province"),
        reference: "I9.1".into(),
        kind: IncidentKind::Fire,
        severity: Severity::Low,
        place: Place {
            latitude_e7: 1,
            longitude_e7: 2,
            admin_unit: AdminUnitCode::new("a").unwrap(),
            address: String::new(),
        },
        summary: "cháy".into(),
        lead: true,
        exercise: false,
    };
    world.ok(None, receive);
    world.ok(Some("an"), answer(true, None));
    assert_eq!(world.now().dispatch.led_by(), None);
    let retract =
        RetractHandover { from: receiver("province"), reference: "I9.1".into(), reason: "đã xử lý".into() };
    world.ok(None, RetractHandover { from: receiver("115"), ..retract.clone() });
    assert_eq!(world.handover().status, HandoverStatus::Accepted, "another one takes back nothing");
    world.ok(None, retract.clone());
    assert_eq!(world.handover().status, HandoverStatus::Withdrawn);
    assert_eq!(world.now().dispatch.led_by().map(|it| it.party_name.as_str()), Some("Cơ quan province"));
    let version = world.now().version;
    world.ok(None, retract);
    assert_eq!(world.now().version, version, "the same again changes nothing");
}

#[test]
fn an_offer_that_their_system_refuses_to_hear_goes_to_the_second_channel_at_once_and_once() {
    let mut world = World::new();
    world.open();
    world.offer(Some("province"));
    let number = world.state.notices_for(&receiver("115")).last().unwrap().number;
    for before in 1..number {
        world.ok(None, ConfirmNotices { receiver: receiver("115"), through: before });
    }
    let refuse = GiveUpNotice { receiver: receiver("115"), number, reason: "550 no such mailbox".into() };
    world.ok(None, refuse.clone());
    assert_eq!(world.handover().status, HandoverStatus::Escalated);
    assert_eq!(world.told("province"), [EventKind::HandoverEscalated]);
    let given_up = world.state.receivers()[&receiver("115")].given_up.clone().unwrap();
    assert_eq!((given_up.count, given_up.number, given_up.reason.as_str()), (1, number, "550 no such mailbox"));
    world.ok(None, refuse.clone());
    world.ok(None, GiveUpNotice { number: 1, ..refuse.clone() });
    let still = world.state.receivers()[&receiver("115")].given_up.as_ref().unwrap();
    assert_eq!(still.count, 1, "late, it changes nothing");
    let ahead = world.apply(None, GiveUpNotice { number: number + 1, ..refuse }).unwrap_err();
    assert_eq!(ahead.code, RefusalCode::Invalid);
    world.fire();
    assert_eq!(world.told("province"), [EventKind::HandoverEscalated], "its clock tells nobody again");
}

#[test]
fn who_says_yes_second_hears_that_another_one_has_it() {
    let mut world = World::new();
    world.open();
    world.offer(Some("province"));
    world.fire();
    world.ok(None, answer(true, Some("province")));
    let led = world.now().dispatch.led_by().unwrap();
    assert_eq!(led.taken_by_name, "Cơ quan province");
    assert_eq!(world.told("115"), [EventKind::HandoverOffered, EventKind::HandoverAccepted], "nobody waits for them");
    assert_eq!(world.told("province"), [EventKind::HandoverEscalated]);
    let late = world.apply(None, answer(true, Some("115"))).unwrap_err();
    assert_eq!(late.code, RefusalCode::WrongStatus);
    world.ok(None, answer(true, Some("province")));
    assert_eq!(world.now().dispatch.led_by().unwrap().taken_by, Some(receiver("province")));
}
