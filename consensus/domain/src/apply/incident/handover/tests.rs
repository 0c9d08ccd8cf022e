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
            };
            world.ok(None, PutReceiver { receiver });
        }
        world
    }

    fn open(&mut self) {
        let place = Place {
            latitude_e7: 1,
            longitude_e7: 2,
            admin_unit: AdminUnitCode::new("a").unwrap(),
            address: String::new(),
        };
        let origin = Origin::Report("call".into());
        let open = OpenIncident {
            kind: IncidentKind::Medical,
            severity: Severity::High,
            place,
            summary: "ngất".into(),
            source: Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(0) },
            exercise: false,
            place_is_mapped: false,
        };
        self.ok(None, open);
    }

    fn apply(&mut self, by: Option<&str>, command: impl Into<Command>) -> Result<Accepted, Refusal> {
        self.index += 1;
        self.at_ms += 10;
        let grant = by.map(|by| Grant {
            person: PersonId::new(by).unwrap(),
            role: Role::Dispatcher,
            everywhere: true,
            admin_units: Default::default(),
            index: 1,
            terms: Default::default(),
            from: String::new(),
            why: String::new(),
        });
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
