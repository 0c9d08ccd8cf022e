//! Reports that wait for a person: by no sequence is one lost, and no two people have one unknowingly.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use crate::any;
use std::collections::{BTreeMap, BTreeSet};

use domain::{wire::Record, *};
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

const CODES: [&str; 3] = ["7K3F", "9QXM", "2ABC"];
const HOUR_MS: u64 = 3_600_000;

fn id<T: TryFrom<String>>(text: &str) -> T
where
    T::Error: std::fmt::Debug,
{
    T::try_from(text.to_owned()).unwrap()
}

struct World {
    state: State,
    index: u64,
    at_ms: Millis,
    /// What a screen that followed every event would show.
    shown: BTreeMap<ReportCode, WaitingReport>,
}

impl World {
    fn new() -> Self {
        let mut world =
            Self { state: State::new(GroupId::COMMAND), index: 0, at_ms: Millis(1000), shown: BTreeMap::new() };
        world.ok(SwitchFeature { feature: VOCABULARY_2 });
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
        for name in ["lan", "binh"] {
            let person = Person {
                id: id(name),
                name: name.into(),
                role: Role::Agent,
                districts: Vec::new(),
                everywhere: true,
                disabled: false,
                credential_sealed: bytes::Bytes::new(),
                unit: None,
            };
            world.ok(PutPerson { person });
        }
        world
    }

    fn apply(&mut self, by: Option<&str>, command: impl Into<Command>) -> Result<Accepted, Refusal> {
        self.index += 1;
        self.at_ms = self.at_ms.plus(10);
        let grant = by.map(|by| Grant {
            person: id(by),
            role: Role::Agent,
            everywhere: true,
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
        assert_eq!(State::from_rows(GroupId::COMMAND, self.state.rows()).unwrap(), self.state, "a restart has it all");
        for event in &applied.events {
            match &event.subject {
                Some(Subject::WaitingReport(it)) if it.why == WaitReason::Settled => {
                    self.shown.remove(&it.code);
                }
                Some(Subject::WaitingReport(it)) => {
                    self.shown.insert(it.code.clone(), it.clone());
                }
                _ => {}
            }
        }
        assert_eq!(&self.shown, self.state.waiting_reports(), "a screen that follows shows what waits");
        match applied.reply {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal),
        }
    }

    fn ok(&mut self, command: impl Into<Command>) -> Accepted {
        self.apply(None, command).unwrap()
    }

    fn refused(&mut self, by: Option<&str>, command: impl Into<Command>) -> RefusalCode {
        self.apply(by, command).unwrap_err().code
    }

    fn waiting(&self, code: &str) -> Option<&WaitingReport> {
        self.state.waiting_reports().get(code)
    }

    fn version(&self, code: &str) -> u64 {
        self.state.reports()[code].version
    }
}

fn filing(code: &str) -> FileReport {
    FileReport {
        code: id(code),
        channel: ReportChannel::Web,
        reference: String::new(),
        text: "Nước vào nhà".into(),
        place: Place { latitude_e7: 1, longitude_e7: 2, admin_unit: id("hue"), address: String::new() },
        incident: None,
        kind: None,
        severity: None,
        told_kind: None,
        advice: None,
        contact: String::new(),
        language: "vi".into(),
        exercise: false,
    }
}

fn take(code: &str, expected_version: u64) -> TakeReport {
    TakeReport { report: id(code), expected_version, take: true }
}

fn aside(code: &str, expected_version: u64) -> SetReportAside {
    SetReportAside { report: id(code), expected_version, for_ms: HOUR_MS, reason: "Chờ xã xác minh".into() }
}

fn opening(code: &str, expected_version: u64) -> LinkReport {
    let (kind, severity) = (Some(IncidentKind::Flood), Some(Severity::High));
    LinkReport { report: id(code), expected_version, incident: None, kind, severity, place: None }
}

fn photo(code: &str, byte: u8) -> AttachFile {
    let file = StoredFile { sha256: Digest([byte; 32]), kind: FileKind::Jpeg, bytes: 1000, width: 640, height: 480 };
    AttachFile { file, owner: FileOwner::Report(id(code)), taken_at_ms: Millis(7), note: String::new() }
}

#[test]
fn two_people_never_have_one_report_unknowingly() {
    let mut world = World::new();
    world.ok(filing("7K3F"));
    assert_eq!(world.refused(None, take("7K3F", 1)), RefusalCode::Forbidden, "only a person looks at it");
    world.apply(Some("lan"), take("7K3F", 1)).unwrap();
    let taken = world.waiting("7K3F").unwrap();
    assert_eq!((taken.taken_by.clone(), taken.why), (Some(id("lan")), WaitReason::Filed));
    assert_eq!(taken.taken_until_ms, taken.taken_at_ms.plus(limits::REPORT_TAKEN_MS));
    // Whoever has not seen that she has it can do nothing about it; whoever has can.
    assert_eq!(world.refused(Some("binh"), take("7K3F", 1)), RefusalCode::VersionConflict);
    assert_eq!(world.refused(Some("binh"), opening("7K3F", 1)), RefusalCode::VersionConflict);
    world.apply(Some("binh"), take("7K3F", 2)).unwrap();
    assert_eq!(world.waiting("7K3F").unwrap().taken_by, Some(id("binh")));
    let give_back = TakeReport { report: id("7K3F"), expected_version: 3, take: false };
    world.apply(Some("binh"), give_back.clone()).unwrap();
    assert_eq!(world.waiting("7K3F").unwrap().taken_by, None);
    // Nobody has it: there is nothing to give back.
    let given = world.apply(Some("binh"), TakeReport { expected_version: 4, ..give_back }).unwrap();
    assert_eq!(given.version, 4);
}

#[test]
fn what_is_set_aside_still_waits_and_a_photo_brings_it_back() {
    let mut world = World::new();
    world.ok(filing("7K3F"));
    assert_eq!(
        world.refused(Some("lan"), SetReportAside { reason: String::new(), ..aside("7K3F", 1) }),
        RefusalCode::Invalid
    );
    for for_ms in [0, limits::REPORT_ASIDE_MS.start() - 1, limits::REPORT_ASIDE_MS.end() + 1] {
        assert_eq!(world.refused(Some("lan"), SetReportAside { for_ms, ..aside("7K3F", 1) }), RefusalCode::Invalid);
    }
    world.apply(Some("lan"), aside("7K3F", 1)).unwrap();
    let set = world.waiting("7K3F").unwrap();
    assert_eq!((set.aside_by.clone(), set.aside_until_ms), (Some(id("lan")), world.at_ms.plus(HOUR_MS)));
    world.ok(photo("7K3F", 1));
    let back = world.waiting("7K3F").unwrap();
    assert_eq!((back.photos, back.aside_until_ms, back.aside_by.clone()), (1, Millis(0), None));
    world.apply(Some("lan"), aside("7K3F", 2)).unwrap();
    assert!(world.waiting("7K3F").unwrap().aside_until_ms.is_set(), "what came before was seen");
    world.apply(Some("binh"), take("7K3F", 3)).unwrap();
    assert_eq!(world.waiting("7K3F").unwrap().aside_until_ms, Millis(0), "somebody looks at it before its time");
}

#[test]
fn one_waits_again_when_it_is_taken_out_or_opened_again_and_says_why() {
    let mut world = World::new();
    world.ok(filing("7K3F"));
    world.ok(filing("9QXM"));
    world.apply(Some("lan"), opening("7K3F", 1)).unwrap();
    assert!(world.waiting("7K3F").is_none());
    let incident = world.state.reports()["7K3F"].incident.clone();
    assert_eq!(world.state.incidents()[incident.as_ref().unwrap()].place, world.state.reports()["7K3F"].place);
    assert_eq!(world.state.incidents()[incident.as_ref().unwrap()].summary, "Nước vào nhà");
    assert_eq!(world.refused(Some("lan"), take("7K3F", 2)), RefusalCode::WrongStatus);
    assert_eq!(world.refused(Some("lan"), aside("7K3F", 2)), RefusalCode::WrongStatus);
    let none = LinkReport { incident: None, kind: None, severity: None, ..opening("9QXM", 1) };
    assert_eq!(world.refused(Some("lan"), none), RefusalCode::Invalid);
    let both = LinkReport { incident: incident.clone(), ..opening("9QXM", 1) };
    assert_eq!(world.refused(Some("lan"), both), RefusalCode::Invalid);
    let link = LinkReport { incident: incident.clone(), kind: None, severity: None, ..opening("9QXM", 1) };
    world.apply(Some("lan"), link).unwrap();
    world.ok(UnlinkReport { report: id("9QXM"), expected_version: 2, reason: "vụ khác".into() });
    let back = world.waiting("9QXM").unwrap();
    assert_eq!((back.why, &*back.note, back.since_ms), (WaitReason::SetBack, "vụ khác", world.at_ms));
    // Opened again within its incident: the incident goes on, and so does the wait for an answer.
    world.ok(AnswerReport { report: id("7K3F"), expected_version: 2, answer: "Đã bơm".into() });
    assert!(world.waiting("7K3F").is_none());
    world.ok(ReopenReport { report: id("7K3F"), reason: "Vẫn ngập".into() });
    let again = world.waiting("7K3F").unwrap();
    assert_eq!((again.why, &*again.note, again.incident.clone()), (WaitReason::Reopened, "Vẫn ngập", incident));
    assert_eq!((again.since_ms, again.reopened_count), (world.at_ms, 1));
    world.apply(Some("lan"), aside("7K3F", world.version("7K3F"))).unwrap();
    world.ok(AnswerReport { report: id("7K3F"), expected_version: 5, answer: "Đã bơm lại".into() });
    assert!(world.waiting("7K3F").is_none());
    assert_eq!(world.state.reports()["7K3F"].desk, ReportDesk::default());
}

#[test]
fn a_closed_incident_owes_an_answer_to_who_follows_what_they_told_of_it() {
    let mut world = World::new();
    world.ok(filing("7K3F"));
    world.ok(FileReport { language: String::new(), ..filing("9QXM") });
    world.ok(filing("2ABC"));
    world.ok(opening("7K3F", 1));
    world.ok(opening("2ABC", 1));
    let into: IncidentId = id("I1");
    let link = LinkReport { incident: Some(into.clone()), kind: None, severity: None, ..opening("9QXM", 1) };
    world.ok(link);
    // One that was merged is closed with what it was merged into.
    world.ok(MergeIncident { incident: id("I2"), expected_version: 1, into: into.clone() });
    assert!(world.state.waiting_reports().is_empty());
    let seen = |world: &World| world.state.incidents()["I1"].version;
    world.ok(CloseIncident { incident: into.clone(), expected_version: seen(&world), note: String::new() });
    assert_eq!(world.state.waiting_reports().keys().map(ReportCode::as_str).collect::<Vec<_>>(), ["2ABC", "7K3F"]);
    let owed = world.waiting("7K3F").unwrap();
    assert_eq!((owed.why, owed.since_ms, &owed.incident), (WaitReason::Unanswered, world.at_ms, &Some(into.clone())));
    // It goes on after all, and is closed again; then one of them is answered.
    world.apply(Some("lan"), take("7K3F", world.version("7K3F"))).unwrap();
    let reopen =
        ReopenIncident { incident: into.clone(), expected_version: seen(&world), reason: "Vẫn ngập".into() };
    world.ok(reopen);
    assert!(world.state.waiting_reports().is_empty());
    assert_eq!(world.state.reports()["7K3F"].desk, ReportDesk::default(), "who looked has nothing to look at");
    world.ok(CloseIncident { incident: into, expected_version: seen(&world), note: String::new() });
    let expected_version = world.version("7K3F");
    world.ok(AnswerReport { report: id("7K3F"), expected_version, answer: "Đã bơm".into() });
    assert_eq!(world.state.waiting_reports().keys().map(ReportCode::as_str).collect::<Vec<_>>(), ["2ABC"]);
    // They were two after all: the other one is not done.
    let expected_version = world.state.incidents()["I2"].version;
    world.ok(UnmergeIncident { incident: id("I2"), expected_version });
    assert!(world.state.waiting_reports().is_empty());
}

/// Who sends no pin names a commune only: whoever opens the incident says where in it.
#[test]
fn the_incident_is_where_whoever_opens_it_says() {
    let mut world = World::new();
    world.ok(filing("7K3F"));
    let place = Place { latitude_e7: 5, longitude_e7: 6, admin_unit: id("hue"), address: "Chợ".into() };
    let beyond = Place { latitude_e7: i32::MAX, ..place.clone() };
    let nowhere = LinkReport { place: Some(beyond), ..opening("7K3F", 1) };
    assert_eq!(world.refused(Some("lan"), nowhere), RefusalCode::Invalid);
    world.apply(Some("lan"), LinkReport { place: Some(place.clone()), ..opening("7K3F", 1) }).unwrap();
    let incident = world.state.reports()["7K3F"].incident.clone().unwrap();
    assert_eq!(world.state.incidents()[&incident].place, place);
    assert_eq!(world.state.reports()["7K3F"].place, filing("7K3F").place);
}

/// Nothing about reports that wait is shown before every node knows what it is.
#[test]
fn events_of_before_the_switch_are_as_they_were() {
    let mut state = State::new(GroupId::COMMAND);
    let mut index = 0;
    let mut apply = |command: Command| {
        index += 1;
        let entry = Entry { at_ms: Millis(index), request: None, grant: None, command, salt: bytes::Bytes::new() };
        state.apply(index, &entry).events
    };
    let before = apply(filing("7K3F").into());
    assert!(before.len() == 1 && before[0].subject.is_none());
    apply(SwitchFeature { feature: VOCABULARY_2 }.into());
    let after = apply(filing("9QXM").into());
    assert!(matches!(&after[0].subject, Some(Subject::WaitingReport(it)) if it.code == id("9QXM")));
}

fn act() -> BoxedStrategy<(usize, u8, bool)> {
    (0..CODES.len(), 0u8..17, any::<bool>()).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Whatever people, senders and the system do, in whichever order: each report that was filed is there, and it is answered,
    /// or belongs to an incident that goes on, knows it, and was not complained of since; or it waits on the screens.
    #[test]
    fn no_report_is_ever_lost(
        acts in prop::collection::vec(act(), 1..60), passing in prop::collection::vec(select(&[0u64, 10, 901_000][..]), 60),
    ) {
        let mut world = World::new();
        let mut filed = BTreeSet::new();
        for ((at, act, is_lan), passes) in acts.into_iter().zip(passing) {
            world.at_ms = world.at_ms.plus(passes);
            let code = CODES[at];
            let by = Some(if is_lan { "lan" } else { "binh" });
            let version = world.state.reports().get(code).map_or(1, |report| report.version);
            let newest = world.state.incidents().keys().last().cloned();
            let _ = match act {
                0 | 1 => {
                    let is_new = world.apply(None, filing(code)).is_ok();
                    if is_new {
                        filed.insert(code);
                    }
                    continue;
                }
                2 => world.apply(by, opening(code, version)),
                3 => world.apply(by, LinkReport { incident: newest, kind: None, severity: None, ..opening(code, version) }),
                4 => world.apply(by, UnlinkReport { report: id(code), expected_version: version, reason: "nhầm".into() }),
                5 => world.apply(by, AnswerReport { report: id(code), expected_version: version, answer: "Xong".into() }),
                6 => world.apply(None, ReopenReport { report: id(code), reason: format!("chưa xong {version}") }),
                7 => world.apply(by, take(code, version)),
                8 => world.apply(by, TakeReport { take: false, ..take(code, version) }),
                9 => world.apply(by, aside(code, version)),
                10 => world.apply(None, photo(code, u8::try_from(version % 4).unwrap())),
                11 | 12 => {
                    let Some(incident) = newest else { continue };
                    let expected_version = world.state.incidents()[&incident].version;
                    world.apply(None, CloseIncident { incident, expected_version, note: String::new() })
                }
                13 => {
                    let Some(incident) = newest else { continue };
                    let expected_version = world.state.incidents()[&incident].version;
                    world.apply(None, ReopenIncident { incident, expected_version, reason: "nhầm".into() })
                }
                14 | 15 => {
                    let incidents = world.state.incidents();
                    let (Some(incident), Some(into)) = (incidents.keys().nth(at).cloned(), newest) else { continue };
                    let expected_version = incidents[&incident].version;
                    world.apply(None, MergeIncident { incident, expected_version, into })
                }
                _ => {
                    let merged = world.state.incidents().values().find(|incident| incident.merged_into.is_some());
                    let Some(merged) = merged else { continue };
                    let (incident, expected_version) = (merged.id.clone(), merged.version);
                    world.apply(None, UnmergeIncident { incident, expected_version })
                }
            };
            for code in &filed {
                let report = &world.state.reports()[*code];
                let is_complained = report.steps.last().is_some_and(|step| step.kind == ReportStepKind::Reopened);
                let is_known = report.incident.as_ref().is_some_and(|incident| {
                    let sources = &world.state.incidents()[incident].sources;
                    sources.iter().any(|source| source.origin == Origin::Report((*code).to_owned()))
                });
                // One that was merged is closed with what it was merged into.
                let is_closed = |id: &IncidentId| {
                    let mut now = &world.state.incidents()[id];
                    while let Some(into) = &now.merged_into {
                        now = &world.state.incidents()[into];
                    }
                    now.status == IncidentStatus::Closed
                };
                let is_owed = is_complained || report.incident.as_ref().is_some_and(is_closed);
                let waits = world.shown.contains_key(*code);
                let is_safe = match report.status {
                    ReportStatus::Answered => !waits,
                    ReportStatus::InHand => is_known && waits == is_owed,
                    ReportStatus::Received => waits,
                };
                prop_assert!(is_safe, "{report:?} {:?}", world.shown.get(*code));
            }
        }
    }

    /// The same of every command that there is, in any order, devices' reports among them: what was filed stays, and is answered,
    /// belongs to an incident that knows it, or waits for a person.
    #[test]
    fn whatever_is_commanded_every_report_stays(entries in any::entries(any::command_of_group_0())) {
        let mut state = State::new(GroupId::COMMAND);
        let mut filed = BTreeSet::new();
        let world = any::world(GroupId::COMMAND).into_iter().map(|entry| (false, entry));
        for (index, (is_aimed, mut entry)) in (1..).zip(world.chain(entries)) {
            if is_aimed {
                any::aim(&mut entry, &state);
            }
            state.apply(index, &entry);
            filed.extend(state.reports().keys().cloned());
            prop_assert_eq!(state.reports().len(), filed.len(), "a report is gone after {:?}", entry);
            for report in state.reports().values() {
                let is_known = report.incident.as_ref().is_some_and(|incident| {
                    let told = Origin::Report(report.code.to_string());
                    let is_its =
                        |source: &Source| source.origin == told || source.alarm_report.as_ref() == Some(&report.code);
                    state.incidents()[incident].sources.iter().any(is_its)
                });
                let is_safe = match report.status {
                    ReportStatus::Answered => true,
                    ReportStatus::InHand => is_known,
                    ReportStatus::Received => state.waiting_reports().contains_key(&report.code),
                };
                prop_assert!(is_safe, "{:?} after {:?}", report, entry);
            }
        }
    }
}
