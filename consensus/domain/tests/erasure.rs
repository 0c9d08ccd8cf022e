//! Personal data go by rule: from state, from what stood in the record, with the chain still verifying and saying by which rule.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{
    audit::verify::{Fault, Verdict, Verifier},
    wire::Record,
    *,
};

const DAY_MS: u64 = 86_400_000;
/// Of a caller.
const NUMBER: &str = "0912345678";
/// Of the sender of a report.
const CONTACT: &str = "lan@example.vn";
/// What they said, and where that is.
const WORDS: &str = "Cầu sập";
const ADDRESS: &str = "12 Lê Lợi";

/// A group whose entries are recorded, with all its rows as a disk would hold them.
struct World {
    state: State,
    index: u64,
    at_ms: u64,
    disk: BTreeMap<Bytes, Bytes>,
}

fn id<T: TryFrom<String>>(text: &str) -> T
where
    T::Error: std::fmt::Debug,
{
    T::try_from(text.to_owned()).unwrap()
}

fn place() -> Place {
    Place { latitude_e7: 164_637_891, longitude_e7: 1_075_909_123, admin_unit: id("hue"), address: ADDRESS.into() }
}

fn nothing(rule: u64) -> ErasePersonal {
    ErasePersonal {
        rule,
        calls: Vec::new(),
        reports: Vec::new(),
        records: Vec::new(),
        words: Vec::new(),
        cases: Vec::new(),
        lines: Vec::new(),
    }
}

impl World {
    fn new() -> Self {
        let mut world = Self { state: State::new(GroupId::COMMAND), index: 0, at_ms: 1000, disk: BTreeMap::new() };
        for feature in [audit::FEATURE, VOCABULARY_2] {
            world.ok(SwitchFeature { feature });
        }
        let area = AdminUnit {
            code: id("hue"),
            name: "Huế".into(),
            name_en: String::new(),
            parent: None,
            aliases: Vec::new(),
            valid_from_ms: Millis(0),
            valid_until_ms: Millis(0),
        };
        world.ok(PutAdminUnits { admin_units: vec![area] });
        let person = Person {
            id: id("an"),
            name: "An".into(),
            role: Role::Admin,
            districts: Vec::new(),
            everywhere: true,
            disabled: false,
            credential_sealed: Bytes::new(),
            unit: None,
        };
        world.ok(PutPerson { person });
        // Who gives up is owed nothing here: the call is over.
        world.ok(PutCallDesk { desk: CallDesk { callback_always: false, ..CallDesk::default() } });
        world
    }

    fn apply(&mut self, by: Option<&str>, command: impl Into<Command>) -> Result<Accepted, Refusal> {
        self.index += 1;
        self.at_ms += 10;
        let grant = by.map(|by| policy::grant(&self.state, &id::<PersonId>(by), self.index).unwrap());
        let salt = Bytes::copy_from_slice(&self.index.to_be_bytes());
        let entry = Entry { at_ms: Millis(self.at_ms), request: None, grant, command: command.into(), salt };
        let applied = self.state.apply(self.index, &entry);
        self.state.check().unwrap();
        for change in applied.rows {
            match change {
                RowChange::Put(row) => drop(self.disk.insert(row.key, row.value)),
                RowChange::Delete(key) => drop(self.disk.remove(&key)),
            }
        }
        match applied.reply {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal),
        }
    }

    fn ok(&mut self, command: impl Into<Command>) -> Accepted {
        self.apply(None, command).unwrap()
    }

    fn pass_days(&mut self, days: u64) {
        self.at_ms += days * DAY_MS;
        // The clock is the log's.
        self.ok(RaisePolicyFloor { floor: 0 });
    }

    /// Somebody calls, an agent puts something down of it, and they hang up.
    fn call(&mut self, leg: &str) -> CallId {
        let offered = self.ok(OfferCall {
            leg: id(leg),
            door: "pbx".into(),
            line: "1022".into(),
            number: NUMBER.into(),
            wanted: "cháu lạc đường".into(),
            place: Some(place()),
            language: String::new(),
            exercise: false,
        });
        let call: CallId = id(&offered.entity);
        self.ok(PutCallDraft { call: call.clone(), seq: 1, form: format!(r#"{{"who":"{NUMBER}"}}"#) });
        call
    }

    fn hang_up(&mut self, leg: &str) {
        self.ok(EndLeg { leg: id(leg), cause: LegEnd::HungUp });
    }

    fn report(&mut self) {
        self.tell(None);
    }

    /// Somebody reports it, and an incident is opened from what they say.
    fn tell(&mut self, kind: Option<IncidentKind>) {
        self.ok(FileReport {
            code: id("7K3F"),
            channel: ReportChannel::Web,
            reference: String::new(),
            text: WORDS.into(),
            place: place(),
            incident: None,
            kind,
            severity: kind.map(|_| Severity::High),
            told_kind: None,
            advice: None,
            contact: CONTACT.into(),
            language: "vi".into(),
            exercise: false,
        });
    }

    fn answer(&mut self) {
        let expected_version = self.state.reports()["7K3F"].version;
        self.ok(AnswerReport { report: id("7K3F"), expected_version, answer: "Đã sửa".into() });
    }

    fn close(&mut self, incident: &str) {
        let expected_version = self.state.incidents()[incident].version;
        self.ok(CloseIncident { incident: id(incident), expected_version, note: String::new() });
    }

    /// Of who called and who can be reached.
    fn rules(&mut self, days: u32) {
        let number = self.state.erasure().number + 1;
        let kinds = [PersonalKind::Caller, PersonalKind::Contact];
        let rules = kinds.iter().map(|kind| ErasureRule { kind: *kind, days }).collect();
        self.ok(SetErasure { number, rules });
    }

    fn records(&self) -> Vec<AuditRecord> {
        let read = |number: u64| {
            let link = AuditLink::decode(&self.disk[&rows::audit_link_key(number)]).unwrap();
            let sealed = self.disk.get(&rows::audit_sealed_key(number));
            AuditRecord { link, sealed: sealed.map(|row| AuditSealed::decode(row).unwrap()), withheld: false }
        };
        (1..=self.state.audit_head().number).map(read).collect()
    }

    /// Records that are due, found as a node finds them: in what the chain has sealed.
    fn records_due(&self) -> Vec<u64> {
        let is_due = |record: &AuditRecord| {
            let Some(sealed) = &record.sealed else { return false };
            let payload = AuditPayload::decode(&sealed.payload).unwrap();
            let command = Command::decode(&payload.command).unwrap();
            let is_due = |it: &PersonalMatter| self.state.is_erasure_due(it, record.link.at_ms, self.state.clock());
            PersonalMatter::of(&command).iter().any(|it| self.state.is_personal(it) && is_due(it))
        };
        self.records().iter().filter(|record| is_due(record)).map(|record| record.link.number).collect()
    }

    /// Lines of timelines that repeat what an incident says, found as a node finds them.
    fn lines_of(&self, case: &IncidentId) -> Vec<TimelineLine> {
        let timelines = self.state.timelines_of(case);
        let without = |timeline: &IncidentId| -> Vec<TimelineLine> {
            let (from, to) = rows::timeline_range(timeline);
            let read = self.disk.range(from..to);
            read.filter_map(|(key, value)| TimelineLine::without(case, timeline, (&key[..], &value[..])).unwrap())
                .collect()
        };
        timelines.iter().flat_map(without).collect()
    }

    fn due(&self) -> ErasePersonal {
        let now = self.state.clock();
        let cases = self.state.cases_to_erase(now);
        ErasePersonal {
            rule: self.state.erasure().number,
            calls: self.state.calls_to_erase(now),
            reports: self.state.reports_to_erase(now),
            records: self.records_due(),
            words: self.state.words_to_erase(now),
            lines: cases.iter().flat_map(|case| self.lines_of(case)).collect(),
            cases,
        }
    }

    /// Whether a row says it, of state or of history.
    fn holds(&self, text: &str) -> bool {
        let says = |bytes: &Bytes| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        self.disk.iter().any(|(key, value)| says(key) || says(value))
    }

    fn verify(&self) -> Result<Verdict, Fault> {
        let mut verifier = Verifier::without_ends();
        self.records().iter().try_for_each(|record| verifier.take(record))?;
        verifier.finish(&BTreeMap::from([(GroupId::COMMAND, self.state.audit_head())]))
    }
}

#[test]
fn what_is_due_is_nowhere_on_a_disk_and_the_chain_says_by_which_rule_it_went() {
    let mut world = World::new();
    world.rules(365);
    world.rules(30);
    let call = world.call("l-1");
    world.hang_up("l-1");
    world.report();
    world.answer();
    world.pass_days(29);
    let early = world.due();
    assert!(early.calls.is_empty() && early.reports.is_empty() && early.records.is_empty(), "{early:?}");
    assert!(world.holds(NUMBER) && world.holds(CONTACT));

    world.pass_days(1);
    let due = world.due();
    assert_eq!((due.calls.len(), due.reports.len()), (1, 1));
    assert_eq!(due.records.len(), 3, "an offer, a draft, a report: {due:?}");
    let forbidden = world.apply(Some("an"), due.clone()).unwrap_err();
    assert_eq!(forbidden.code, RefusalCode::Forbidden, "the system's, whoever asks");
    world.ok(due.clone());
    assert!(!world.holds(NUMBER) && !world.holds(CONTACT) && !world.holds("cháu lạc"));
    assert_eq!(world.state.caller(NUMBER), None);
    assert!(world.state.call_draft(&call).is_none());
    let report = &world.state.reports()["7K3F"];
    assert_eq!((report.text.as_str(), report.answer.as_str()), ("Cầu sập", "Đã sửa"), "what was reported stays");
    assert_eq!(world.state.erasure().erased_index, world.index);

    let verdict = world.verify().unwrap();
    let erased: Vec<_> = verdict.erasures.iter().map(|it| (it.rule.as_str(), it.records)).collect();
    let records = u64::try_from(due.records.len()).unwrap();
    assert_eq!(erased, [("2 (caller 30 d, contact 30 d)", records)]);
    assert_eq!(verdict.erased, records);
    assert_eq!(verdict.erasures[0].day, calendar::day_of(world.state.clock()));

    // Sent again it does nothing, and a state that is read back knows as much.
    let version = world.state.calls()[&call].version;
    world.ok(due);
    assert_eq!(world.state.calls()[&call].version, version);
    world.verify().unwrap();
    let rows = world.disk.iter().map(|(key, value)| Row { key: key.clone(), value: value.clone() });
    assert_eq!(State::from_rows(GroupId::COMMAND, rows).unwrap(), world.state);
}

#[test]
fn the_name_of_who_called_goes_with_the_number_and_later_from_the_record_if_it_was_said_later() {
    let mut world = World::new();
    world.rules(30);
    let call = world.call("l-1");
    world.ok(NameCaller { call: call.clone(), name: "Bà Tư Nguyệt".into() });
    world.hang_up("l-1");
    world.pass_days(29);
    world.ok(NameCaller { call, name: "Tư Nguyệt".into() });
    world.pass_days(1);
    let due = world.due();
    world.ok(due);
    assert_eq!(world.state.caller(NUMBER), None, "counted from the call, and not from its name");
    assert!(!world.holds("Bà Tư") && world.holds("Tư Nguyệt"));
    world.pass_days(29);
    let due = world.due();
    world.ok(due);
    assert!(!world.holds("Nguyệt"));
    world.verify().unwrap();
}

#[test]
fn what_is_open_stays_however_old_it_is() {
    let mut world = World::new();
    world.rules(1);
    let call = world.call("l-1");
    world.report();
    world.pass_days(400);
    assert!(world.due().records.is_empty() && world.due().calls.is_empty() && world.due().reports.is_empty());
    // Named all the same, it is passed over.
    let rule = world.state.erasure().number;
    world.ok(ErasePersonal {
        calls: vec![call.clone()],
        reports: vec![id("7K3F")],
        words: vec![id("7K3F")],
        ..nothing(rule)
    });
    assert_eq!(world.state.calls()[&call].number, NUMBER);
    assert_eq!(world.state.reports()["7K3F"].contact, CONTACT);
    assert_eq!(world.state.erasure().erased_index, 0);
    // The days count from when it was done.
    world.answer();
    assert!(world.state.reports_to_erase(world.state.clock()).is_empty());
    world.pass_days(1);
    assert_eq!(world.state.reports_to_erase(world.state.clock()), [id::<ReportCode>("7K3F")]);
}

#[test]
fn what_nobody_remembers_counts_from_when_it_was_recorded() {
    let mut world = World::new();
    world.rules(2);
    let matter = PersonalMatter::Call(id("C99"));
    let recorded = world.state.clock();
    assert!(!world.state.is_erasure_due(&matter, recorded, recorded.plus(2 * DAY_MS - 1)));
    assert!(world.state.is_erasure_due(&matter, recorded, recorded.plus(2 * DAY_MS)));
    let contact = PersonalMatter::Report(id("9QXM"));
    world.ok(SetErasure { number: 2, rules: vec![ErasureRule { kind: PersonalKind::Caller, days: 2 }] });
    assert!(!world.state.is_erasure_due(&contact, recorded, recorded.plus(900 * DAY_MS)), "no rule, no end");
}

#[test]
fn rules_are_refused_with_the_remedy() {
    let mut world = World::new();
    let rule = |kind, days| ErasureRule { kind, days };
    let refused = |world: &mut World, number, rules| world.apply(None, SetErasure { number, rules }).unwrap_err();
    let zero = refused(&mut world, 1, vec![rule(PersonalKind::Caller, 0)]);
    assert_eq!((zero.code, zero.field.as_str()), (RefusalCode::Invalid, "SetErasure.rules.days"));
    let twice = refused(&mut world, 1, vec![rule(PersonalKind::Caller, 1), rule(PersonalKind::Caller, 2)]);
    assert_eq!(twice.field, "SetErasure.rules.kind");
    assert_eq!(refused(&mut world, 2, Vec::new()).code, RefusalCode::VersionConflict);
    world.ok(SetErasure { number: 1, rules: vec![rule(PersonalKind::Contact, 1)] });
    // The same again is a retry; another one under the number is not.
    world.ok(SetErasure { number: 1, rules: vec![rule(PersonalKind::Contact, 1)] });
    assert_eq!(refused(&mut world, 1, Vec::new()).code, RefusalCode::VersionConflict);
    let stale = nothing(9);
    assert_eq!(world.apply(None, stale.clone()).unwrap_err().code, RefusalCode::VersionConflict);
    let unordered = ErasePersonal { rule: 1, records: vec![3, 2], ..stale.clone() };
    assert_eq!(world.apply(None, unordered).unwrap_err().field, "ErasePersonal.records");
    let unborn = ErasePersonal { rule: 1, records: vec![9_999], ..stale };
    assert_eq!(world.apply(None, unborn).unwrap_err().code, RefusalCode::Invalid);
}

/// What a report says goes by a rule of its own.
fn forgetting(days: u32) -> World {
    let mut world = World::new();
    world.ok(SetErasure { number: 1, rules: vec![ErasureRule { kind: PersonalKind::Report, days }] });
    world
}

#[test]
fn what_a_report_said_goes_when_its_case_has_ended() {
    let mut world = forgetting(30);
    world.tell(Some(IncidentKind::Infrastructure));
    let version = world.state.incidents()["I1"].version;
    let moved = Place { latitude_e7: 164_600_001, ..place() };
    world.ok(AmendIncident {
        incident: id("I1"),
        expected_version: version,
        kind: IncidentKind::Infrastructure,
        severity: Severity::High,
        place: moved,
        summary: format!("{WORDS}, 12 Lê Lợi"),
    });
    world.answer();
    world.pass_days(400);
    assert_eq!((world.due().words.len(), world.due().cases.len(), world.due().records.len()), (0, 0, 0), "it is open");
    // Named all the same, it is passed over.
    let (lines, rule) = (world.lines_of(&id("I1")), world.state.erasure().number);
    assert_eq!(lines.len(), 2, "opened, amended");
    world.ok(ErasePersonal { words: vec![id("7K3F")], cases: vec![id("I1")], lines, ..nothing(rule) });
    assert!(world.holds(WORDS) && world.state.reports()["7K3F"].text == WORDS);
    assert_eq!(world.state.erasure().erased_index, 0);

    world.close("I1");
    world.pass_days(29);
    assert_eq!((world.due().words.len(), world.due().cases.len(), world.due().records.len()), (0, 0, 0), "too early");
    world.pass_days(1);
    let due = world.due();
    assert_eq!((due.words.len(), due.cases.len(), due.lines.len()), (1, 1, 3), "opened, amended, closed: {due:?}");
    assert_eq!(due.records.len(), 2, "the filing, the amendment: {due:?}");
    assert!(due.reports.is_empty() && world.holds(ADDRESS));
    world.ok(due.clone());
    assert!(!world.holds(WORDS) && !world.holds(ADDRESS));
    let report = &world.state.reports()["7K3F"];
    assert_eq!((report.text.as_str(), report.answer.as_str(), report.contact.as_str()), ("", "Đã sửa", CONTACT));
    let incident = &world.state.incidents()["I1"];
    let coarse = Place { latitude_e7: 164_000_000, longitude_e7: 1_075_000_000, address: String::new(), ..place() };
    assert_eq!((&incident.place, &report.place, incident.summary.as_str()), (&coarse, &coarse, ""));
    assert_eq!((incident.kind, incident.status), (IncidentKind::Infrastructure, IncidentStatus::Closed));
    assert_eq!(world.state.erasure().erased_index, world.index);

    // The timeline has its lines, by whom and when; the chain says by which rule the rest went.
    let (from, to) = rows::timeline_range(&id("I1"));
    let line = |value: &Bytes| Event::decode(value).unwrap().kind;
    let kinds: Vec<_> = world.disk.range(from..to).map(|(_, value)| line(value)).collect();
    let was = [EventKind::IncidentOpened, EventKind::IncidentAmended, EventKind::IncidentClosed];
    assert_eq!(kinds, [was.as_slice(), &[EventKind::PersonalErased]].concat());
    let verdict = world.verify().unwrap();
    let erased: Vec<_> = verdict.erasures.iter().map(|it| (it.rule.as_str(), it.records)).collect();
    assert_eq!(erased, [("1 (report 30 d)", 2)]);

    // Sent again it does nothing, and a state that is read back knows as much.
    let versions = |world: &World| (world.state.reports()["7K3F"].version, world.state.incidents()["I1"].version);
    let before = versions(&world);
    world.ok(due);
    assert_eq!(versions(&world), before);
    assert!(world.due().words.is_empty() && world.due().cases.is_empty() && world.due().lines.is_empty());
    let rows = world.disk.iter().map(|(key, value)| Row { key: key.clone(), value: value.clone() });
    assert_eq!(State::from_rows(GroupId::COMMAND, rows).unwrap(), world.state);
}

#[test]
fn what_a_person_at_a_desk_wrote_stays_and_what_was_merged_goes() {
    let mut world = forgetting(1);
    world.tell(Some(IncidentKind::Infrastructure));
    world.ok(OpenIncident {
        kind: IncidentKind::Flood,
        severity: Severity::High,
        place: place(),
        summary: "Đê".into(),
        source: Source {
            origin: Origin::Person(id("an")),
            episode: 0,
            version: 0,
            active: false,
            at_ms: Millis(0),
            alarm_report: None,
        },
        exercise: false,
        place_is_mapped: false,
        advice: None,
    });
    let expected_version = world.state.incidents()["I1"].version;
    world.ok(MergeIncident { incident: id("I1"), expected_version, into: id("I2") });
    world.answer();
    world.close("I2");
    world.pass_days(1);
    let due = world.due();
    assert_eq!((&due.words, &due.cases), (&vec![id("7K3F")], &vec![id("I1")]));
    assert!(
        due.lines.iter().any(|line| line.timeline == id::<IncidentId>("I2")),
        "what was merged stands in both: {due:?}"
    );
    world.ok(due);
    assert!(!world.holds(WORDS) && world.holds("Đê"));
}

#[test]
fn a_line_that_repeats_what_was_reported_is_refused() {
    let mut world = forgetting(1);
    world.tell(Some(IncidentKind::Infrastructure));
    world.answer();
    world.close("I1");
    world.pass_days(1);
    let due = world.due();
    let (from, _) = rows::timeline_range(&id("I1"));
    let whole = world.disk.range(from..).next().unwrap().1.clone();
    let told = TimelineLine { event: whole, ..due.lines[0].clone() };
    let refused = |world: &mut World, line| {
        world.apply(None, ErasePersonal { lines: vec![line], ..nothing(1) }).unwrap_err().field
    };
    assert_eq!(refused(&mut world, told), "ErasePersonal.lines");
    let unborn = TimelineLine { index: 9_999, ..due.lines[0].clone() };
    assert_eq!(refused(&mut world, unborn), "ErasePersonal.lines.index");
    let broken = TimelineLine { event: Bytes::from_static(b"\xff"), ..due.lines[0].clone() };
    assert_eq!(refused(&mut world, broken), "ErasePersonal.lines");
    assert!(world.holds(WORDS));
}
