//! No sequence of commands loses a caller or has two agents answer one, and who waits the longest goes first.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

#[path = "call/bounds.rs"]
mod bounds;

use crate::any;
use domain::*;
use proptest::prelude::*;

fn agents_grant(person: &str) -> Grant {
    Grant {
        person: PersonId::new(person).unwrap(),
        role: Role::Agent,
        everywhere: true,
        admin_units: Default::default(),
        index: 1,
        from: String::new(),
        why: String::new(),
        terms: Default::default(),
    }
}

struct World {
    state: State,
    index: u64,
    at_ms: Millis,
}

impl World {
    /// A province with agents on 1022 who are there, in this order.
    fn new(agents: &[&str]) -> Self {
        let mut world = Self { state: State::new(GroupId::COMMAND), index: 0, at_ms: Millis(1000) };
        for name in agents {
            let id = PersonId::new(name).unwrap();
            let person = Person {
                id: id.clone(),
                name: (*name).into(),
                role: Role::Agent,
                districts: Vec::new(),
                everywhere: true,
                disabled: false,
                credential_sealed: bytes::Bytes::new(),
                unit: None,
            };
            world.ok(PutPerson { person });
            world.ok(PutAgent { person: id, lines: vec!["1022".into()], phone: String::new(), dispatches: false });
            world.come(name);
        }
        world
    }

    fn apply(&mut self, by: Option<&str>, command: impl Into<Command>) -> Result<Accepted, Refusal> {
        self.index += 1;
        self.at_ms = self.at_ms.plus(10);
        let grant = by.map(agents_grant);
        let command = command.into();
        let foreseen = grant.as_ref().map_or(Ok(()), |grant| policy::foresee(&self.state, grant, &command, None));
        let entry = Entry { at_ms: self.at_ms, request: None, grant, command, salt: bytes::Bytes::new() };
        let reply = self.state.apply(self.index, &entry).reply;
        self.state.check().unwrap();
        assert!(foreseen.is_ok() || format!("{reply:?}").contains("Forbidden"), "{foreseen:?}");
        match reply {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal),
        }
    }

    fn ok(&mut self, command: impl Into<Command>) -> Accepted {
        self.apply(None, command).unwrap()
    }

    fn come(&mut self, agent: &str) {
        self.set(agent, AgentStatus::Available);
    }

    fn set(&mut self, agent: &str, status: AgentStatus) {
        let expected_version = self.state.agents()[agent].version;
        let agent = PersonId::new(agent).unwrap();
        self.ok(SetAgentStatus { agent, expected_version, status, reason: String::new() });
    }

    fn offer(&mut self, leg: &str, number: &str) -> CallId {
        let command = OfferCall {
            leg: LegId::new(leg).unwrap(),
            door: "pbx".into(),
            line: "1022".into(),
            number: number.into(),
            wanted: String::new(),
            place: None,
            language: String::new(),
            exercise: false,
        };
        CallId::new(&self.ok(command).entity).unwrap()
    }

    fn gone(&mut self, leg: &str, cause: LegEnd) {
        self.ok(EndLeg { leg: LegId::new(leg).unwrap(), cause });
    }

    fn call(&self, id: &CallId) -> Call {
        self.state.calls()[id].clone()
    }

    fn answer(&mut self, agent: &str, call: &CallId) -> Result<Accepted, Refusal> {
        let expected_version = self.call(call).version;
        self.apply(Some(agent), AnswerCall { call: call.clone(), expected_version, agent: None })
    }

    fn end(&mut self, agent: &str, call: &CallId) {
        let expected_version = self.call(call).version;
        self.apply(Some(agent), EndCall { call: call.clone(), expected_version, outcome: "served".into() }).unwrap();
    }

    fn at(&self, call: &CallId) -> (CallStatus, Option<String>) {
        let call = self.call(call);
        (call.status, call.agent.map(String::from))
    }

    fn pass(&mut self, ms: u64) {
        self.at_ms = self.at_ms.plus(ms);
    }

    fn ring_out(&mut self, call: &CallId) {
        let Call { ring, ring_due_at_ms, .. } = self.call(call);
        self.at_ms = ring_due_at_ms;
        self.ok(ExpireRing { call: call.clone(), ring });
    }
}

#[test]
fn the_longest_waiting_goes_to_the_longest_idle() {
    let mut world = World::new(&["an", "binh"]);
    let one = world.offer("l-1", "0901");
    assert_eq!(world.at(&one), (CallStatus::Ringing, Some("an".into())));
    let two = world.offer("l-2", "0902");
    assert_eq!(world.at(&two), (CallStatus::Ringing, Some("binh".into())));
    let three = world.offer("l-3", "0903");
    let four = world.offer("l-4", "0904");
    assert_eq!(world.at(&four).0, CallStatus::Queued);
    assert_eq!(world.state.calls_before(&world.call(&four)), 1);
    world.answer("binh", &two).unwrap();
    world.end("binh", &two);
    assert_eq!(world.state.agents()["binh"].status, AgentStatus::WrapUp);
    world.come("binh");
    assert_eq!(world.at(&three), (CallStatus::Ringing, Some("binh".into())));
}

#[test]
fn two_agents_never_answer_one_call() {
    let mut world = World::new(&["an", "binh"]);
    let call = world.offer("l-1", "0901");
    let version = world.call(&call).version;
    assert_eq!(world.answer("binh", &call).unwrap_err().code, RefusalCode::WrongStatus);
    world.answer("an", &call).unwrap();
    let late = AnswerCall { call: call.clone(), expected_version: version, agent: None };
    assert_eq!(world.apply(Some("binh"), late.clone()).unwrap_err().code, RefusalCode::VersionConflict);
    // The same word of the same agent again is heard once.
    world.apply(Some("an"), late).unwrap();
    let end = EndCall { call: call.clone(), expected_version: world.call(&call).version, outcome: "served".into() };
    assert_eq!(world.apply(Some("binh"), end).unwrap_err().code, RefusalCode::Forbidden);
}

#[test]
fn who_does_not_answer_gives_the_ring_to_the_next_and_then_takes_a_break() {
    let mut world = World::new(&["an", "binh"]);
    let call = world.offer("l-1", "0901");
    let early = ExpireRing { call: call.clone(), ring: 1 };
    assert_eq!(world.apply(None, early.clone()).unwrap_err().code, RefusalCode::NotDue);
    world.ring_out(&call);
    assert_eq!(world.at(&call), (CallStatus::Ringing, Some("binh".into())));
    // The timer of another leader comes again.
    world.ok(early);
    assert_eq!(world.at(&call), (CallStatus::Ringing, Some("binh".into())));
    world.ring_out(&call);
    assert_eq!(world.at(&call), (CallStatus::Ringing, Some("an".into())));
    world.ring_out(&call);
    assert_eq!(world.state.agents()["an"].status, AgentStatus::Break);
    assert_eq!(world.state.agents()["an"].reason, "missed");
    world.ring_out(&call);
    assert_eq!(world.at(&call).0, CallStatus::Queued);
    world.come("an");
    assert_eq!(world.at(&call), (CallStatus::Ringing, Some("an".into())));
}

#[test]
fn one_number_is_one_row_until_somebody_talks_with_it() {
    let mut world = World::new(&[]);
    let call = world.offer("l-1", "0901");
    assert_eq!(world.offer("l-2", "0901"), call);
    assert_eq!(world.offer("l-2", "0901"), call, "the same leg is the same offer");
    assert_eq!((world.call(&call).times, world.state.calls().len()), (2, 1));
    world.gone("l-1", LegEnd::HungUp);
    assert_eq!(world.at(&call).0, CallStatus::Queued);
    // Who hides the number is one row each.
    assert_ne!(world.offer("l-3", ""), world.offer("l-4", ""));
}

#[test]
fn a_companys_second_caller_waits_on_in_the_first_ones_place() {
    let mut world = World::new(&[]);
    let call = world.offer("l-1", "0901");
    world.offer("l-2", "0901");
    world.ok(PutPerson {
        person: Person {
            id: PersonId::new("an").unwrap(),
            name: "an".into(),
            role: Role::Agent,
            districts: Vec::new(),
            everywhere: true,
            disabled: false,
            credential_sealed: bytes::Bytes::new(),
            unit: None,
        },
    });
    world.ok(PutAgent {
        person: PersonId::new("an").unwrap(),
        lines: vec!["1022".into()],
        phone: String::new(),
        dispatches: false,
    });
    world.come("an");
    world.answer("an", &call).unwrap();
    let other = CallId::new("C2").unwrap();
    assert_eq!(world.call(&call).talking.unwrap().as_str(), "l-2");
    assert_eq!(world.at(&other).0, CallStatus::Queued);
    assert_eq!(world.call(&other).offered_at_ms, world.call(&call).offered_at_ms);
    world.gone("l-2", LegEnd::HungUp);
    assert_eq!((world.call(&call).outcome.as_str(), world.at(&call).0), ("hung_up", CallStatus::Ended));
    assert_eq!(world.state.caller("0901").unwrap().total, 1);
}

#[test]
fn in_an_overload_nobody_who_hangs_up_is_forgotten() {
    let mut world = World::new(&[]);
    let desk = CallDesk { overload_waiting: 2, callback_always: false, ..CallDesk::default() };
    world.ok(PutCallDesk { desk });
    let early = world.offer("l-0", "0900");
    world.gone("l-0", LegEnd::HungUp);
    assert_eq!(world.at(&early).0, CallStatus::Abandoned);
    let calls: Vec<_> = (1..=3).map(|n| world.offer(&format!("l-{n}"), &format!("090{n}"))).collect();
    assert!(world.state.call_desk().overloaded_since_ms.is_set());
    world.gone("l-2", LegEnd::HungUp);
    assert_eq!(world.at(&calls[1]).0, CallStatus::Callback);
    // They call again themselves: the old place, one row.
    let place = world.call(&calls[1]).offered_at_ms;
    assert_eq!(world.offer("l-9", "0902"), calls[1]);
    assert_eq!((world.at(&calls[1]).0, world.call(&calls[1]).offered_at_ms), (CallStatus::Queued, place));
    world.gone("l-9", LegEnd::Callback);
    world.gone("l-3", LegEnd::HungUp);
    world.gone("l-1", LegEnd::Callback);
    assert!(!world.state.call_desk().overloaded_since_ms.is_set());
    assert!(calls.iter().all(|call| world.at(call).0 == CallStatus::Callback));
}

#[test]
fn one_who_waits_for_long_is_an_overload() {
    let mut world = World::new(&[]);
    world.offer("l-1", "0901");
    let (due, what) = world.state.calls_due().next().unwrap();
    world.at_ms = due;
    let CallDue::Wait(waiting_since_ms) = what else { panic!("{what:?}") };
    world.ok(CheckQueue { waiting_since_ms });
    assert!(world.state.call_desk().overloaded_since_ms.is_set());
    assert_eq!(world.state.calls_due().next(), None);
}

#[test]
fn a_callback_is_tried_until_a_person_settles_it() {
    let mut world = World::new(&["an"]);
    world.set("an", AgentStatus::Break);
    let call = world.offer("l-1", "0901");
    world.gone("l-1", LegEnd::Lost);
    for tries in 1..=3 {
        let expected_version = world.call(&call).version;
        world.apply(Some("an"), TakeCallback { call: call.clone(), expected_version }).unwrap();
        let expected_version = world.call(&call).version;
        let (outcome, note) = ("unreached".to_owned(), String::new());
        world.apply(Some("an"), SettleCallback { call: call.clone(), expected_version, outcome, note }).unwrap();
        assert_eq!((world.at(&call).0, world.call(&call).callback_tries), (CallStatus::Callback, tries));
        world.set("an", AgentStatus::Break);
    }
    let settle = |world: &World, note: &str| SettleCallback {
        call: call.clone(),
        expected_version: world.call(&call).version,
        outcome: "settled".into(),
        note: note.into(),
    };
    let empty = settle(&world, "");
    assert_eq!(world.apply(Some("an"), empty).unwrap_err().code, RefusalCode::Invalid);
    let said = settle(&world, "đã nhắn tin");
    world.apply(Some("an"), said).unwrap();
    assert_eq!(world.at(&call).0, CallStatus::Ended);
}

#[test]
fn a_phone_that_does_not_answer_costs_the_caller_nothing() {
    let mut world = World::new(&["an"]);
    let call = world.offer("l-1", "0901");
    world.answer("an", &call).unwrap();
    let place = world.call(&call).offered_at_ms;
    let expected_version = world.call(&call).version;
    world.ok(ReturnCall { call: call.clone(), expected_version, reason: "phone: 486".into() });
    assert_eq!((world.at(&call).0, world.call(&call).offered_at_ms), (CallStatus::Queued, place));
    assert_eq!(world.state.agents()["an"].status, AgentStatus::Break);
}

#[test]
fn a_transfer_stays_ours_where_somebody_is_here_for_the_line() {
    let mut world = World::new(&["an", "binh"]);
    world.ok(PutAgent {
        person: PersonId::new("binh").unwrap(),
        lines: vec!["115".into()],
        phone: String::new(),
        dispatches: false,
    });
    let transfer = |world: &World, call: &CallId| TransferCall {
        call: call.clone(),
        expected_version: world.call(call).version,
        to: "115".into(),
        note: "ngất".into(),
    };
    let call = world.offer("l-1", "0901");
    world.answer("an", &call).unwrap();
    let command = transfer(&world, &call);
    world.apply(Some("an"), command).unwrap();
    assert_eq!(world.at(&call), (CallStatus::Ringing, Some("binh".into())));
    assert_eq!((world.call(&call).line.as_str(), world.call(&call).wanted.as_str()), ("115", "ngất"));
    world.answer("binh", &call).unwrap();
    world.end("binh", &call);
    world.set("binh", AgentStatus::Off);
    world.come("an");
    let call = world.offer("l-2", "0902");
    world.answer("an", &call).unwrap();
    let command = transfer(&world, &call);
    world.apply(Some("an"), command).unwrap();
    assert_eq!((world.at(&call).0, world.call(&call).transferred_to.as_str()), (CallStatus::Transferred, "115"));
}

#[test]
fn the_newest_draft_stands_and_a_report_saves_it() {
    let mut world = World::new(&["an"]);
    let call = world.offer("l-1", "0901");
    let put = |seq, form: &str| PutCallDraft { call: call.clone(), seq, form: form.into() };
    assert_eq!(world.ok(put(5, r#"{"a":1}"#)).version, 5);
    assert_eq!(world.ok(put(4, r#"{"a":0}"#)).version, 5);
    assert_eq!(world.state.call_draft(&call).unwrap().form, r#"{"a":1}"#);
    let long = format!("{{{}}}", " ".repeat(limits::CALL_FORM_BYTES_MAX));
    assert_eq!(world.apply(None, put(6, &long)).unwrap_err().code, RefusalCode::Limit);
    let place = Place {
        latitude_e7: 1,
        longitude_e7: 2,
        admin_unit: AdminUnitCode::new("hue").unwrap(),
        address: String::new(),
    };
    let version = world.call(&call).version;
    world.ok(FileReport {
        code: ReportCode::new("7K3F").unwrap(),
        channel: ReportChannel::Call,
        reference: call.to_string(),
        text: "Cháy".into(),
        place: place.clone(),
        incident: None,
        kind: Some(IncidentKind::Fire),
        severity: Some(Severity::High),
        told_kind: None,
        advice: None,
        contact: String::new(),
        language: "vi".into(),
        exercise: false,
    });
    let filed = world.call(&call);
    assert_eq!((filed.reports.len(), filed.incidents.len(), filed.version), (1, 1, version));
    assert_eq!(world.state.call_draft(&call).unwrap().form, "");
    assert_eq!(world.state.caller("0901").unwrap().place, Some(place));
    // What comes late does not bring the form back.
    world.ok(put(5, r#"{"a":1}"#));
    assert_eq!(world.state.call_draft(&call).unwrap().form, "");
}

#[test]
fn what_is_erased_is_nowhere_in_the_rows() {
    let mut world = World::new(&["an"]);
    world.ok(PutCallDesk { desk: CallDesk { callback_always: false, ..CallDesk::default() } });
    let call = world.offer("l-1", "0912345678");
    world.ok(PutCallDraft { call: call.clone(), seq: 1, form: r#"{"who":"0912345678"}"#.into() });
    let expected_version = world.call(&call).version;
    let early = world.apply(None, EraseCall { call: call.clone(), expected_version }).unwrap_err();
    assert_eq!(early.code, RefusalCode::WrongStatus);
    world.gone("l-1", LegEnd::HungUp);
    let holds = |world: &World| {
        let needle = b"0912345678";
        world.state.rows().iter().any(|row| {
            [&row.key, &row.value].into_iter().any(|bytes| bytes.windows(needle.len()).any(|part| part == needle))
        })
    };
    assert!(holds(&world));
    let expected_version = world.call(&call).version;
    world.ok(EraseCall { call: call.clone(), expected_version });
    assert!(!holds(&world));
    assert_eq!(world.state.caller("0912345678"), None);
}

#[test]
fn a_number_has_the_name_that_its_caller_said_until_it_is_erased() {
    let mut world = World::new(&["an"]);
    let call = world.offer("l-1", "0912345678");
    world.answer("an", &call).unwrap();
    let version = world.call(&call).version;
    let named = |name: &str| NameCaller { call: call.clone(), name: name.into() };
    world.apply(Some("an"), named(" Bà Tư ")).unwrap();
    let name = |world: &World| world.state.caller("0912345678").map(|caller| caller.name.clone());
    assert_eq!((name(&world).as_deref(), world.call(&call).version), (Some("Bà Tư"), version));
    assert_eq!(world.apply(None, named("a\tb")).unwrap_err().code, RefusalCode::Invalid);
    world.end("an", &call);
    assert_eq!(name(&world).as_deref(), Some("Bà Tư"), "what is kept of its calls leaves the name");
    let withheld = world.offer("l-2", "");
    let nobody = world.apply(None, NameCaller { call: withheld, name: "Bà Tư".into() }).unwrap_err();
    assert_eq!(nobody.code, RefusalCode::WrongStatus);
    let expected_version = world.call(&call).version;
    world.ok(EraseCall { call, expected_version });
    assert_eq!(name(&world), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn no_caller_is_lost_and_the_longest_waiting_goes_first(entries in any::entries(any::command_of_call())) {
        let mut state = State::new(GroupId::COMMAND);
        let world = any::world(GroupId::COMMAND).into_iter().map(|entry| (false, entry));
        for (index, (is_aimed, mut entry)) in (1..).zip(world.chain(entries)) {
            if is_aimed {
                any::aim(&mut entry, &state);
            }
            let before = state.calls().clone();
            let applied = state.apply(index, &entry);
            state.check().unwrap_or_else(|violation| panic!("{violation} after {entry:?}"));
            // Short sequences drop nothing: every call that was offered is there.
            prop_assert_eq!(state.calls().len() as u64, state.calls_offered());
            for (id, call) in &before {
                let now = &state.calls()[id];
                if call.status.is_open() && !now.status.is_open() {
                    let last = now.steps.last().unwrap();
                    let is_told = matches!(
                        last.kind,
                        CallStepKind::Ended | CallStepKind::Abandoned | CallStepKind::Transferred
                    );
                    prop_assert!(is_told && !now.outcome.is_empty(), "{now:?}");
                }
                // What is over stays so.
                prop_assert!(call.status.is_open() || !now.status.is_open());
                // A caller keeps their place until they are through.
                prop_assert_eq!(now.offered_at_ms, call.offered_at_ms);
            }
            // Whoever is rung in this entry had waited the longest of those left waiting on a line of the agent's.
            for event in &applied.events {
                let (EventKind::CallRinging, Some(Subject::Call(rung))) = (event.kind, &event.subject) else { continue };
                let lines = &state.agents()[rung.agent.as_ref().unwrap()].lines;
                let waiting = state.calls().values().filter(|call| call.status == CallStatus::Queued);
                for call in waiting.filter(|call| lines.contains(&call.line)) {
                    prop_assert!(call.offered_at_ms >= rung.offered_at_ms, "{call:?} waits longer than {rung:?}");
                }
            }
            // A leg that was accepted is of a call. A number that was used before gets the answer of its first use.
            if let (None, Command::OfferCall(offer), Reply::Accepted(accepted)) =
                (entry.request, &entry.command, &applied.reply)
            {
                prop_assert_eq!(state.call_of_leg(&offer.leg).unwrap().id.as_str(), accepted.entity.as_str());
            }
        }
    }
}

#[test]
fn an_agent_sends_units_only_from_a_seat_that_was_registered_so() {
    let mut world = World::new(&["an", "binh"]);
    let seat = |person: &str, dispatches| PutAgent {
        person: PersonId::new(person).unwrap(),
        lines: vec!["1022".into()],
        phone: String::new(),
        dispatches,
    };
    world.ok(seat("an", true));
    let send = AssignIncident { incident: IncidentId::new("I999").unwrap(), expected_version: 1, units: Vec::new() };
    let close = CloseIncident { incident: IncidentId::new("I999").unwrap(), expected_version: 1, note: "Xong".into() };
    // That there is no such incident is said to who may send, and to nobody else.
    assert_eq!(world.apply(Some("an"), send.clone()).unwrap_err().code, RefusalCode::NotFound);
    assert_eq!(world.apply(Some("binh"), send.clone()).unwrap_err().code, RefusalCode::Forbidden);
    assert_eq!(world.apply(Some("an"), close).unwrap_err().code, RefusalCode::Forbidden);
    world.ok(seat("an", false));
    assert_eq!(world.apply(Some("an"), send).unwrap_err().code, RefusalCode::Forbidden);
}
