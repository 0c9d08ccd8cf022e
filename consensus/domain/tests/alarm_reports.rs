//! Reports of devices: each alarm that an incident knows of has one there, and what was put together can be taken apart.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use std::collections::BTreeMap;

use bytes::Bytes;
use domain::{wire::Record, *};
use proptest::{prelude::*, strategy::BoxedStrategy};

const HIGH: (&str, &str) = ("wl-1", "level-2");
const SILENT: (&str, &str) = ("wl-1", "silent");
const OTHER: (&str, &str) = ("wl-2", "level-2");

fn id<T: TryFrom<String>>(text: &str) -> T
where
    T::Error: std::fmt::Debug,
{
    T::try_from(text.to_owned()).unwrap()
}

fn place() -> Place {
    Place { latitude_e7: 1, longitude_e7: 2, admin_unit: id("hue"), address: String::new() }
}

/// An alarm as its field group keeps it.
fn alarm((entity, condition): (&str, &str)) -> Alarm {
    Alarm {
        key: AlarmKey { entity: id(entity), condition: id(condition) },
        episode: 1,
        severity: Severity::High,
        active: true,
        acknowledged: false,
        shelf: None,
        place: place(),
        value_micro: Micro(1),
        limit_micro: Micro(0),
        raised_at_ms: Millis(1),
        cleared_at_ms: Millis(0),
        acknowledged_at_ms: Millis(0),
        acknowledged_by: None,
        reported_version: 0,
        version: 1,
        incident: None,
        occurrences: 1,
        exercise: false,
        finding: None,
        raised_days: Vec::new(),
    }
}

fn clear(alarm: &mut Alarm) {
    (alarm.active, alarm.version) = (false, alarm.version + 1);
}

/// It comes up again: within `limits::CHATTER_MS` of itself, or long after.
fn raise(alarm: &mut Alarm, chatters: bool) {
    (alarm.active, alarm.version, alarm.episode) = (true, alarm.version + 1, alarm.episode + 1);
    alarm.occurrences = if chatters { alarm.occurrences + 1 } else { 1 };
}

struct World {
    state: State,
    index: u64,
    disk: BTreeMap<Bytes, Bytes>,
}

impl World {
    fn before_the_switch() -> Self {
        Self { state: State::new(GroupId::COMMAND), index: 0, disk: BTreeMap::new() }
    }

    fn new() -> Self {
        let mut world = Self::before_the_switch();
        world.ok(SwitchFeature { feature: VOCABULARY_2 });
        world
    }

    fn apply(&mut self, command: impl Into<Command>) -> Result<Accepted, Refusal> {
        self.index += 1;
        let command = Command::decode(&command.into().encode()).unwrap();
        let entry = Entry { at_ms: Millis(1000 + self.index), request: None, grant: None, command, salt: Bytes::new() };
        let mut twin = self.state.clone();
        let applied = self.state.apply(self.index, &entry);
        assert_eq!(twin.apply(self.index, &entry), applied, "every replica files the same");
        assert_eq!(twin, self.state);
        self.state.check().unwrap_or_else(|violation| panic!("{violation} after {entry:?}"));
        for change in applied.rows {
            match change {
                RowChange::Put(row) => self.disk.insert(row.key, row.value),
                RowChange::Delete(key) => self.disk.remove(&key),
            };
        }
        let stored = self.disk.iter().map(|(key, value)| Row { key: key.clone(), value: value.clone() });
        assert_eq!(State::from_rows(GroupId::COMMAND, stored).unwrap(), self.state, "a restart has it all");
        match applied.reply {
            Reply::Accepted(accepted) => Ok(accepted),
            Reply::Refused(refusal) => Err(refusal),
        }
    }

    fn ok(&mut self, command: impl Into<Command>) -> Accepted {
        self.apply(command).unwrap()
    }

    fn refused(&mut self, command: impl Into<Command>) -> RefusalCode {
        self.apply(command).unwrap_err().code
    }

    /// Tells group 0 of the alarm; the incident that it feeds, empty: none.
    fn feed(&mut self, alarm: &Alarm) -> String {
        self.ok(FeedIncident { alarm: alarm.clone(), kind: IncidentKind::Flood, summary: "Nước cao".into() }).entity
    }

    fn of_devices(&self) -> Vec<&Report> {
        self.state.reports().values().filter(|report| report.channel == ReportChannel::Device).collect()
    }

    /// The one report of the alarm in that incident.
    fn report_in(&self, incident: &str, alarm: &Alarm) -> Report {
        let sources = &self.state.incidents()[incident].sources;
        let source = sources.iter().find(|source| source.origin == Origin::Alarm(alarm.key.clone())).unwrap();
        self.state.reports()[source.alarm_report.as_ref().unwrap()].clone()
    }

    fn close(&mut self, incident: &str) {
        let expected_version = self.state.incidents()[incident].version;
        self.ok(CloseIncident { incident: id(incident), expected_version, note: "Nước đã rút".into() });
    }

    fn part(&mut self, report: &Report) -> Result<Accepted, Refusal> {
        let expected_version = self.state.reports()[&report.code].version;
        self.apply(UnlinkReport { report: report.code.clone(), expected_version, reason: "trạm khác".into() })
    }

    fn link(&mut self, report: &Report, incident: Option<&str>) -> Result<Accepted, Refusal> {
        let kind = incident.is_none().then_some(IncidentKind::Device);
        self.apply(LinkReport {
            report: report.code.clone(),
            expected_version: self.state.reports()[&report.code].version,
            incident: incident.map(id),
            kind,
            severity: kind.map(|_| Severity::Low),
            place: None,
        })
    }
}

#[test]
fn an_alarm_files_one_report_for_an_occurrence_and_is_settled_with_its_incident() {
    let mut world = World::new();
    let mut high = alarm(HIGH);
    let incident = world.feed(&high);
    let report = world.report_in(&incident, &high);
    assert_eq!((report.status, report.incident.clone()), (ReportStatus::InHand, Some(id(&incident))));
    assert_eq!(
        (&*report.reference, &*report.text, report.told_kind),
        ("wl-1/level-2", "Nước cao", Some(IncidentKind::Flood))
    );
    assert!(report.contact.is_empty() && report.language.is_empty() && report.clocks.is_empty());
    assert!(world.state.waiting_reports().is_empty(), "it is looked at with its incident");
    // Sent again, cleared, chattering, and long after: while the incident has it, it is the same report.
    world.feed(&high);
    clear(&mut high);
    assert_eq!(world.feed(&high), incident);
    raise(&mut high, true);
    world.feed(&high);
    clear(&mut high);
    raise(&mut high, false);
    assert_eq!(world.feed(&high), incident);
    // Another condition of the device joins, with a report of its own.
    let silent = alarm(SILENT);
    assert_eq!(world.feed(&silent), incident);
    assert_eq!(world.of_devices().len(), 2);
    assert_ne!(world.report_in(&incident, &silent).code, report.code);
    world.close(&incident);
    for report in world.of_devices() {
        assert_eq!((report.status, &*report.answer), (ReportStatus::Answered, "Nước đã rút"));
    }
    let expected_version = world.state.incidents()[&*incident].version;
    world.ok(ReopenIncident { incident: id(&incident), expected_version, reason: "nước lên lại".into() });
    assert!(
        world.of_devices().iter().all(|report| report.status == ReportStatus::InHand && report.reopened_count == 1)
    );
    assert!(world.state.waiting_reports().is_empty());
}

#[test]
fn what_chatters_after_closing_is_the_same_report_and_what_comes_up_later_is_another() {
    let mut world = World::new();
    let mut high = alarm(HIGH);
    let first = world.feed(&high);
    let report = world.report_in(&first, &high);
    world.close(&first);
    clear(&mut high);
    world.feed(&high);
    raise(&mut high, true);
    let second = world.feed(&high);
    assert_ne!(first, second);
    let moved = world.report_in(&second, &high);
    assert_eq!((&moved.code, moved.reopened_count, moved.links.len()), (&report.code, 1, 2));
    assert!(moved.links[0].undone_at_ms.is_set() && !moved.links[1].undone_at_ms.is_set());
    world.close(&second);
    clear(&mut high);
    raise(&mut high, false);
    let third = world.feed(&high);
    assert_ne!(world.report_in(&third, &high).code, report.code);
    assert_eq!(world.of_devices().len(), 2);
}

#[test]
fn an_alarm_can_be_taken_out_and_put_to_another_incident_or_a_new_one() {
    let mut world = World::new();
    let (mut high, silent, other) = (alarm(HIGH), alarm(SILENT), alarm(OTHER));
    let first = world.feed(&high);
    world.feed(&silent);
    let second = world.feed(&other);
    let report = world.report_in(&first, &high);
    world.part(&report).unwrap();
    let waiting = world.state.waiting_reports()[&report.code].clone();
    assert_eq!((waiting.why, waiting.channel), (WaitReason::SetBack, ReportChannel::Device));
    // What it says meanwhile brings it into no incident, and is not lost.
    (high.version, high.acknowledged) = (high.version + 1, true);
    assert_eq!(world.feed(&high), "");
    clear(&mut high);
    assert_eq!(world.feed(&high), "");
    raise(&mut high, true);
    assert_eq!(world.feed(&high), "");
    assert_eq!((world.state.incidents().len(), world.of_devices().len()), (2, 3));
    assert_eq!(world.state.incidents()[&*first].sources.len(), 1);
    world.link(&report, Some(&second)).unwrap();
    assert!(world.state.waiting_reports().is_empty());
    let told = |world: &World, incident: &str| {
        let sources = world.state.incidents()[incident].sources.clone();
        sources.into_iter().find(|source| source.alarm_report.as_ref() == Some(&report.code)).unwrap()
    };
    assert_eq!((told(&world, &second).episode, told(&world, &second).active), (2, true));
    // From now on it tells that one.
    clear(&mut high);
    assert_eq!(world.feed(&high), second);
    assert!(!told(&world, &second).active);
    // And back out, into one of its own.
    world.part(&report).unwrap();
    let opened = world.link(&report, None).unwrap();
    assert_eq!(opened.entity, report.code.as_str());
    let third = world.state.reports()[&report.code].incident.clone().unwrap();
    assert!(third.as_str() != first && third.as_str() != second);
    raise(&mut high, true);
    assert_eq!(world.feed(&high), third.as_str());
    // It is all that this one is known by.
    assert_eq!(world.part(&report).unwrap_err().code, RefusalCode::WrongStatus);
}

#[test]
fn a_later_occurrence_of_what_was_taken_out_is_reported_anew() {
    let mut world = World::new();
    let mut high = alarm(HIGH);
    let first = world.feed(&high);
    world.feed(&alarm(SILENT));
    let report = world.report_in(&first, &high);
    world.part(&report).unwrap();
    clear(&mut high);
    world.feed(&high);
    raise(&mut high, false);
    // Its device has an incident that goes on.
    assert_eq!(world.feed(&high), first);
    let newer = world.report_in(&first, &high);
    assert_ne!(newer.code, report.code);
    // The former one waits for a person still, and cannot come in beside it.
    assert!(world.state.waiting_reports().contains_key(&report.code));
    assert_eq!(world.link(&report, Some(&first)).unwrap_err().code, RefusalCode::WrongStatus);
    // Elsewhere it is what it was: over.
    let second = world.feed(&alarm(OTHER));
    world.link(&report, Some(&second)).unwrap();
    let sources = &world.state.incidents()[&*second].sources;
    assert!(sources.iter().any(|source| source.alarm_report.as_ref() == Some(&report.code) && !source.active));
    raise(&mut high, true);
    assert_eq!(world.feed(&high), first);
}

#[test]
fn a_merge_keeps_each_alarm_with_its_own_incident_and_is_undone_whole() {
    let mut world = World::new();
    let (mut high, other) = (alarm(HIGH), alarm(OTHER));
    let (first, second) = (world.feed(&high), world.feed(&other));
    world.feed(&alarm(SILENT));
    let report = world.report_in(&first, &high);
    let expected_version = world.state.incidents()[&*first].version;
    world.ok(MergeIncident { incident: id(&first), expected_version, into: id(&second) });
    clear(&mut high);
    assert_eq!(world.feed(&high), second);
    raise(&mut high, false);
    world.feed(&high);
    assert_eq!(world.state.reports()[&report.code].incident, Some(id(&first)));
    // Taken out, it is out of both.
    world.part(&report).unwrap();
    let is_told = |world: &World, incident: &str| {
        let sources = &world.state.incidents()[incident].sources;
        sources.iter().any(|source| source.origin == Origin::Alarm(high.key.clone()))
    };
    assert!(!is_told(&world, &first) && !is_told(&world, &second));
    world.link(&report, Some(&first)).unwrap();
    assert_eq!(world.state.reports()[&report.code].incident, Some(id(&second)), "what it was merged into takes it");
    world.close(&second);
    assert!(world.of_devices().iter().all(|report| report.status == ReportStatus::Answered));
    let expected_version = world.state.incidents()[&*first].version;
    world.ok(UnmergeIncident { incident: id(&first), expected_version });
    let silent = world.report_in(&first, &alarm(SILENT));
    assert_eq!((silent.status, silent.incident), (ReportStatus::InHand, Some(id(&first))));
}

#[test]
fn an_alarm_that_comes_up_again_goes_to_what_its_former_incident_was_merged_into() {
    let mut world = World::new();
    let mut high = alarm(HIGH);
    let first = world.feed(&high);
    let report = world.report_in(&first, &high);
    world.close(&first);
    let second = world.feed(&alarm(SILENT));
    // It came up and went before anybody heard of it.
    raise(&mut high, true);
    clear(&mut high);
    assert_eq!(world.feed(&high), "");
    let expected_version = world.state.incidents()[&*first].version;
    world.ok(ReopenIncident { incident: id(&first), expected_version, reason: "nước lên lại".into() });
    let expected_version = world.state.incidents()[&*first].version;
    world.ok(MergeIncident { incident: id(&first), expected_version, into: id(&second) });
    raise(&mut high, true);
    assert_eq!(world.feed(&high), second);
    let moved = world.report_in(&second, &high);
    assert_eq!((&moved.code, moved.incident.clone()), (&report.code, Some(id(&second))));
}

#[test]
fn nobody_files_rates_or_reopens_one_by_hand() {
    let mut world = World::new();
    let high = alarm(HIGH);
    let incident = world.feed(&high);
    let report = world.report_in(&incident, &high);
    let filing = FileReport {
        code: id("7K3F"),
        channel: ReportChannel::Device,
        reference: String::new(),
        text: "Nước vào nhà".into(),
        place: place(),
        incident: None,
        kind: None,
        severity: None,
        told_kind: None,
        advice: None,
        contact: String::new(),
        language: String::new(),
        exercise: false,
    };
    assert_eq!(world.refused(filing.clone()), RefusalCode::Invalid);
    let taken = FileReport { code: id("device.0"), channel: ReportChannel::Web, ..filing };
    assert_eq!(world.refused(taken), RefusalCode::Invalid);
    world.close(&incident);
    let rated = RateReport { report: report.code.clone(), rating: 5, note: String::new() };
    assert_eq!(world.refused(rated), RefusalCode::WrongStatus);
    assert_eq!(world.refused(ReopenReport { report: report.code, reason: "chưa".into() }), RefusalCode::WrongStatus);
}

#[test]
fn what_a_device_said_is_nobodys_and_is_kept_by_every_rule() {
    let mut world = World::new();
    let high = alarm(HIGH);
    let incident = world.feed(&high);
    world.close(&incident);
    let rules = PersonalKind::ALL.iter().map(|kind| ErasureRule { kind: *kind, days: 1 }).collect();
    world.ok(SetErasure { number: 1, rules });
    let later = Millis(1_000_000_000_000);
    assert!(world.state.words_to_erase(later).is_empty() && world.state.reports_to_erase(later).is_empty());
    assert!(world.state.cases_to_erase(later).is_empty());
}

#[test]
fn before_the_switch_nothing_is_filed_and_afterwards_with_the_next_word() {
    let mut world = World::before_the_switch();
    let mut high = alarm(HIGH);
    let incident = world.feed(&high);
    assert!(world.of_devices().is_empty());
    world.ok(SwitchFeature { feature: VOCABULARY_2 });
    (high.version, high.acknowledged) = (2, true);
    assert_eq!(world.feed(&high), incident);
    assert_eq!(world.report_in(&incident, &high).status, ReportStatus::InHand);
}

#[test]
fn a_sensor_of_drills_gives_a_report_of_drills() {
    let mut world = World::new();
    let real = alarm(HIGH);
    let drilled = Alarm { exercise: true, ..alarm(SILENT) };
    let (first, second) = (world.feed(&real), world.feed(&drilled));
    assert_ne!(first, second);
    let report = world.report_in(&second, &drilled);
    assert!(report.exercise && !world.report_in(&first, &real).exercise);
    world.feed(&Alarm { exercise: true, ..alarm(OTHER) });
    let started = world.ok(StartExercise { name: "Diễn tập".into(), scenario: String::new() });
    world.ok(EndExercise { exercise: id(&started.entity), note: String::new() });
    assert_eq!(world.state.reports()[&report.code].status, ReportStatus::Answered);
    assert_eq!(world.report_in(&first, &real).status, ReportStatus::InHand);
}

fn act() -> BoxedStrategy<(usize, u8)> {
    (0usize..3, 0u8..16).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    /// Whatever devices and people do, in whichever order: an alarm that holds and that an incident of its own knows of has exactly one
    /// report there, a person has it out, or nobody has an incident of it.
    #[test]
    fn each_alarm_that_holds_has_its_report(acts in prop::collection::vec(act(), 1..60)) {
        let mut world = World::new();
        let mut alarms = [alarm(HIGH), alarm(SILENT), alarm(OTHER)];
        for (at, act) in acts {
            let alarm = &mut alarms[at];
            let incidents: Vec<String> = world.state.incidents().keys().map(ToString::to_string).collect();
            let chosen = incidents.get(at % incidents.len().max(1)).cloned();
            let report = world.of_devices().get(at).map(|report| (*report).clone());
            let version = |world: &World, incident: &str| world.state.incidents()[incident].version;
            match act {
                0..=5 => {
                    match (alarm.active, act) {
                        (true, 0..=2) => clear(alarm),
                        (true, _) => alarm.version += 1,
                        (false, _) => raise(alarm, act % 2 == 0),
                    }
                    world.feed(alarm);
                }
                6 | 7 => {
                    if let Some(report) = report {
                        let _ = world.part(&report);
                    }
                }
                8 | 9 => {
                    if let Some(report) = report {
                        let _ = world.link(&report, chosen.as_deref().filter(|_| act == 8));
                    }
                }
                10 => {
                    if let Some(report) = report {
                        let (code, expected_version) = (report.code, report.version);
                        world.ok(AnswerReport { report: code, expected_version, answer: "Xong".into() });
                    }
                }
                _ => {
                    let Some(incident) = chosen else { continue };
                    let expected_version = version(&world, &incident);
                    let newest = incidents.last().cloned().unwrap_or_default();
                    let incident = id(&incident);
                    let _ = match act {
                        11 => world.apply(CloseIncident { incident, expected_version, note: String::new() }),
                        12 => world.apply(ReopenIncident { incident, expected_version, reason: "nhầm".into() }),
                        13 => world.apply(MergeIncident { incident, expected_version, into: id(&newest) }),
                        14 => world.apply(UnmergeIncident { incident, expected_version }),
                        _ => world.apply(ResolveIncident { incident, expected_version, note: String::new() }),
                    };
                }
            }
            for report in world.of_devices() {
                let is_closed = |id: &IncidentId| world.state.incidents()[id].status == IncidentStatus::Closed;
                let is_settled = report.status == ReportStatus::Answered;
                let waits = world.state.waiting_reports().contains_key(&report.code);
                prop_assert_eq!(waits, report.status == ReportStatus::Received);
                prop_assert!(is_settled || !report.incident.as_ref().is_some_and(is_closed), "{:?}", report);
            }
            for alarm in alarms.iter().filter(|alarm| alarm.active) {
                let is_its = |source: &&Source| source.origin == Origin::Alarm(alarm.key.clone());
                let incidents = world.state.incidents().values();
                let live = incidents.filter(|it| it.merged_into.is_none() && it.status != IncidentStatus::Closed);
                for incident in live {
                    for source in incident.sources.iter().filter(is_its).filter(|source| source.active) {
                        let of_key = |report: &&&Report| report.reference == alarm.key.to_string();
                        let devices = world.of_devices();
                        let known = devices.iter().filter(of_key);
                        // What was merged into it told it too: then the report is there.
                        let here = known.filter(|report| report.incident.is_some()).count();
                        prop_assert!(source.alarm_report.is_some() || here > 0, "{:?} of {:?}", source, incident.id);
                    }
                }
            }
        }
    }
}
