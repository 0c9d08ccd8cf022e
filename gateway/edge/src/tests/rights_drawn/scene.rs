//! A province in which anything happens, as the test itself remembers it: what each command that was accepted made of which record,
//! and a word in each that stands nowhere else.

mod access;
mod incidents;
mod outward;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    AlarmKey, Camera, ClearAlarm, Command, Condition, DeviceStatus, DistrictId, EndExercise, EntityId, ExerciseId,
    GiveInstruction, GroupId, HandoverStatus, IncidentKind, LegId, LogDuty, Micro, Millis, OfferCall, OpenIncident,
    Person, PersonId, PutPerson, PutRemit, PutRoom, PutUnit, RaiseAlarm, Reading, RecordReadings, RegisterCamera,
    RegisterSensor, Remit, Reply, Role, Room, RoomId, Sensor, SensorId, Severity, StartExercise, Unit, WriteShiftNote,
    policy::Noun,
};

use super::super::province::{camera, code, incident, person, sensor, unit};
use super::statement::{Facts, Somebody, Work};
use incidents::file;
pub(super) use outward::put_service;
pub(super) use words::{Seen, Topic, text, words_in};

/// How long what is lent, and a broken glass, lasts: two of `Step::Pass` and no less.
pub(super) const LASTS_MS: u64 = 3_600_000;
/// Who writes what people write.
pub(super) const WRITER: &str = "soan";
/// Who approves it, and answers.
pub(super) const APPROVER: &str = "duyet";
/// Other systems, by the commune that they are registered for. What is handed over goes to the first one.
pub(super) const SERVICES: [(&str, Option<usize>); 2] = [("115", None), ("tram-xa", Some(1))];
/// Rooms, by the commune that they are of.
pub(super) const ROOMS: [(&str, Option<usize>); 3] = [("r0", None), ("r1", Some(1)), ("r3", Some(3))];

/// Records that a screen keeps and the test remembers.
pub(super) const KEPT: [&str; 11] = [
    "unit",
    "incident",
    "instruction",
    "report",
    "sensor",
    "camera",
    "alarm",
    "shift_note",
    "call",
    "room",
    "exercise",
];

/// What happens.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Incident { kind: IncidentKind, at: usize, exercise: bool },
    Amend { incident: usize, kind: IncidentKind, at: usize },
    Note { incident: usize },
    Task { incident: usize, agency: &'static str },
    Advice { incident: usize, is_shadow: bool },
    Unit { unit: usize, at: usize, agency: &'static str },
    Instruction { at: usize, agency: &'static str, to_person: bool },
    Report { told: Option<IncidentKind>, at: usize },
    ReportAgain { incident: usize, at: usize },
    Link { report: usize, incident: usize },
    Sensor { sensor: usize, at: usize },
    Camera { camera: usize, at: usize },
    Alarm { sensor: usize },
    Readings,
    Call,
    CallReport { call: usize, at: usize },
    Draft { call: usize },
    Warn { incident: usize },
    Decide { warning: usize, is_published: bool },
    Offer { incident: usize, room: Option<usize> },
    Receive { kind: IncidentKind, at: usize },
    Answer { incident: usize, answer: HandoverStatus },
    Photo { of: usize, is_of_report: bool },
    ShiftNote { room: usize },
    Log { room: usize },
    Drill,
    Person { who: usize, role: Role, scope: Option<Vec<usize>>, disabled: bool },
    Remit { who: usize, work: Work },
    District { district: usize, communes: Vec<usize> },
    Lend { giver: usize, deputy: usize },
    LayDown { who: usize },
    Glass { who: usize },
    EndGlass { who: usize },
    Pass,
}

/// A record, as the commands left it.
#[derive(Clone, Debug)]
pub(super) struct Record {
    noun: Noun,
    at: Option<usize>,
    kind: Option<IncidentKind>,
    agencies: BTreeSet<&'static str>,
    /// The incident whose field and agencies it has.
    part_of: Option<String>,
    /// What stands in it now.
    pub(super) word: Option<usize>,
    /// Whether a picture has it.
    pub(super) is_held: bool,
    /// A warning that was published.
    is_public: bool,
}

impl Record {
    fn new(noun: Noun, at: Option<usize>, word: Option<usize>) -> Self {
        let (kind, agencies, part_of) = (None, BTreeSet::new(), None);
        Self { noun, at, kind, agencies, part_of, word, is_held: true, is_public: false }
    }
}

/// A command on its way, and what it makes true if it is accepted.
pub(super) struct Doing {
    pub(super) group: GroupId,
    /// Whose; none: the system's.
    pub(super) by: Option<String>,
    pub(super) command: Command,
    pub(super) then: Then,
}

/// What an accepted command makes true, by the entity that the reply names and state's clock; the word that is told with it.
pub(super) type Then = Box<dyn FnOnce(&mut Ledger, &str, u64) -> Option<usize>>;

/// What the test knows.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) people: Vec<Somebody>,
    pub(super) districts: BTreeMap<usize, BTreeSet<usize>>,
    /// By name, as in a picture.
    pub(super) records: BTreeMap<String, Record>,
    pub(super) words: Vec<Seen>,
    /// Of the words that are counted by themselves.
    pub(super) topics: BTreeMap<usize, Topic>,
    /// The word of the newest draft of each call.
    pub(super) drafts: BTreeMap<String, usize>,
    /// From which number each call came.
    numbers: BTreeMap<String, String>,
    /// The number of the newest offer of each incident, and whether it waits for an answer.
    offers: BTreeMap<String, (u32, bool)>,
    /// Episode of each alarm, and whether it goes on.
    alarms: BTreeMap<String, (u32, bool)>,
    drill: Option<String>,
    /// Until when what was given last is lent.
    lent_until: u64,
}

pub(super) fn id_of(who: usize) -> PersonId {
    PersonId::new(&format!("p{who}")).unwrap()
}

/// A person as the log has them.
pub(super) fn put_person(who: usize, role: Role, scope: Option<&[usize]>, disabled: bool) -> PutPerson {
    let districts = scope.unwrap_or_default().iter().map(|n| DistrictId::new(&format!("d{n}")).unwrap()).collect();
    let everywhere = scope.is_none();
    PutPerson { person: Person { districts, everywhere, disabled, ..person(&format!("p{who}"), role, &[]) } }
}

pub(super) fn put_remit(who: usize, work: &Work) -> PutRemit {
    let agencies = work.agencies.iter().map(ToString::to_string).collect();
    PutRemit { person: id_of(who), remit: Remit { fields: work.fields.clone(), agencies } }
}

pub(super) fn put_room(id: &str, at: Option<usize>) -> PutRoom {
    let room = Room {
        id: RoomId::new(id).unwrap(),
        name: id.into(),
        name_en: String::new(),
        admin_unit: at.map(code),
        post: None,
        scene: None,
        follows: None,
        followed_at_ms: Millis(0),
        followed_by: None,
        version: 0,
    };
    PutRoom { room }
}

/// One of those that are there; none: there is none.
fn nth<T: Clone>(all: &[T], n: usize) -> Option<T> {
    all.get(n % all.len().max(1)).cloned()
}

impl Ledger {
    pub(super) fn new(people: Vec<Somebody>) -> Self {
        let districts = BTreeMap::from([(1, BTreeSet::from([1, 2])), (2, BTreeSet::from([3, 4]))]);
        let room = |(id, _): &(&str, Option<usize>)| (format!("room/{id}"), Record::new(Noun::Room, None, None));
        Self { people, districts, records: ROOMS.iter().map(room).collect(), ..Self::default() }
    }

    /// What decides who sees the record. What the public can read is of no field; until then a warning is its incident's, wherever
    /// that lies by now.
    pub(super) fn facts(&self, record: &Record) -> Facts {
        let noun = record.noun;
        if record.is_public {
            return Facts { noun, at: record.at, kind: None, agencies: BTreeSet::new() };
        }
        let of = record.part_of.as_ref().and_then(|name| self.records.get(name)).unwrap_or(record);
        let at = if noun == Noun::Warning { of.at } else { record.at };
        Facts { noun, at, kind: of.kind, agencies: of.agencies.clone() }
    }

    /// Where a sensor stands.
    pub(super) fn sensor_at(&self, sensor: &str) -> Option<usize> {
        self.records.get(&format!("sensor/{sensor}"))?.at
    }

    fn word(&mut self) -> usize {
        self.words.push(Seen::Nobody);
        self.words.len() - 1
    }

    /// Ids of the records of a noun.
    fn ids(&self, noun: Noun) -> Vec<String> {
        let of_noun = self.records.iter().filter(|(_, record)| record.noun == noun);
        of_noun.filter_map(|(name, _)| Some(name.split_once('/')?.1.to_owned())).collect()
    }

    /// The record is there, with its word.
    fn put(&mut self, name: String, record: Record) -> Option<usize> {
        let word = record.word;
        if let Some(word) = word {
            self.words[word] = Seen::Record(name.clone());
        }
        self.records.insert(name, record);
        word
    }

    /// The commands of a step, one after the other: each is made when those before it are done. `version`: of an incident or a
    /// report, by its id.
    pub(super) fn doing(&mut self, step: &Step, part: usize, now: u64, version: &dyn Fn(&str) -> u64) -> Option<Doing> {
        match step {
            Step::Person { .. }
            | Step::Remit { .. }
            | Step::District { .. }
            | Step::Lend { .. }
            | Step::LayDown { .. }
            | Step::Glass { .. }
            | Step::EndGlass { .. }
            | Step::Pass => self.of_rights(step, part, now),
            Step::ReportAgain { incident, at } => self.report_again(*incident, *at, part, version),
            _ if part > 0 => None,
            Step::Amend { .. } | Step::Note { .. } | Step::Task { .. } | Step::Advice { .. } | Step::Link { .. } => {
                self.of_incident(step, version)
            }
            Step::Sensor { .. } | Step::Camera { .. } | Step::Alarm { .. } | Step::Readings => self.of_devices(step),
            Step::CallReport { .. }
            | Step::Draft { .. }
            | Step::Warn { .. }
            | Step::Decide { .. }
            | Step::Offer { .. }
            | Step::Receive { .. }
            | Step::Answer { .. }
            | Step::Photo { .. } => self.of_others(step, now, version),
            _ => self.of_rooms(step),
        }
    }

    fn of_rooms(&mut self, step: &Step) -> Option<Doing> {
        let word = self.word();
        let said = text(word);
        let system = |command: Command, then: Then| Some(Doing { group: GroupId(0), by: None, command, then });
        let written =
            |command: Command, then: Then| Some(Doing { group: GroupId(0), by: Some(WRITER.into()), command, then });
        match step.clone() {
            Step::Incident { kind, at, exercise } => system(
                OpenIncident { kind, exercise, ..incident(at, &said) }.into(),
                Box::new(move |ledger, id, _| {
                    let record = Record { kind: Some(kind), ..Record::new(Noun::Incident, Some(at), Some(word)) };
                    ledger.put(format!("incident/{id}"), record)
                }),
            ),
            Step::Unit { unit: n, at, agency } => system(
                PutUnit { unit: Unit { name: said, agency: agency.into(), ..unit(&format!("xe{n}"), at) } }.into(),
                Box::new(move |ledger, id, _| {
                    let agencies = BTreeSet::from([agency]);
                    let record = Record { agencies, ..Record::new(Noun::Unit, Some(at), Some(word)) };
                    ledger.put(format!("unit/{id}"), record)
                }),
            ),
            Step::Instruction { at, agency, to_person } => {
                let give = GiveInstruction {
                    title: said,
                    about: String::new(),
                    incident: None,
                    admin_unit: code(at),
                    agency: agency.into(),
                    owner: to_person.then(|| PersonId::new(WRITER).unwrap()),
                    due_at_ms: Millis(0),
                    exercise: false,
                };
                written(
                    give.into(),
                    Box::new(move |ledger, id, _| {
                        // A person may be of any agency.
                        let agencies = if to_person { BTreeSet::new() } else { BTreeSet::from([agency]) };
                        let record = Record { agencies, ..Record::new(Noun::Instruction, Some(at), Some(word)) };
                        ledger.put(format!("instruction/{id}"), record)
                    }),
                )
            }
            Step::Report { told, at } => system(
                file(&format!("R{word}"), said, at, None, told).into(),
                Box::new(move |ledger, id, _| {
                    let record = Record { kind: told, ..Record::new(Noun::Report, Some(at), Some(word)) };
                    ledger.put(format!("report/{id}"), record)
                }),
            ),
            Step::Call => {
                let number = words::number(word);
                let offer = OfferCall {
                    leg: LegId::new(&format!("l{word}")).unwrap(),
                    door: "113".into(),
                    line: "1022".into(),
                    number: number.clone(),
                    wanted: said,
                    place: None,
                    language: String::new(),
                    exercise: false,
                };
                system(
                    offer.into(),
                    Box::new(move |ledger, id, _| {
                        ledger.words[word] = Seen::Callers;
                        ledger.numbers.insert(id.to_owned(), number);
                        ledger.put(format!("call/{id}"), Record::new(Noun::Call, None, None));
                        Some(word)
                    }),
                )
            }
            Step::ShiftNote { room } => {
                let (id, at) = ROOMS[room];
                let room = RoomId::new(id).unwrap();
                let within_ms = LASTS_MS;
                let write = WriteShiftNote { room, note: said, incidents: Vec::new(), within_ms, exercise: false };
                written(
                    write.into(),
                    Box::new(move |ledger, id, _| {
                        ledger.put(format!("shift_note/{id}"), Record::new(Noun::ShiftNote, at, Some(word)))
                    }),
                )
            }
            Step::Log { room } => {
                let (id, at) = ROOMS[room];
                let room = RoomId::new(id).unwrap();
                written(
                    LogDuty { room, text: said, incident: None, corrects: 0, exercise: false }.into(),
                    Box::new(move |ledger, _, _| {
                        let record = Record { is_held: false, ..Record::new(Noun::DutyEntry, at, Some(word)) };
                        ledger.put(format!("duty/{word}"), record)
                    }),
                )
            }
            Step::Drill => match self.drill.clone() {
                None => written(
                    StartExercise { name: "Diễn tập".into(), scenario: said }.into(),
                    Box::new(move |ledger, id, _| {
                        ledger.drill = Some(id.to_owned());
                        ledger.put(format!("exercise/{id}"), Record::new(Noun::Exercise, None, Some(word)))
                    }),
                ),
                Some(id) => written(
                    EndExercise { exercise: ExerciseId::new(&id).unwrap(), note: String::new() }.into(),
                    Box::new(|ledger, _, _| {
                        ledger.drill = None;
                        None
                    }),
                ),
            },
            _ => None,
        }
    }

    fn of_devices(&mut self, step: &Step) -> Option<Doing> {
        let (command, then): (Command, Then) = match step.clone() {
            Step::Sensor { sensor: n, at } => {
                let word = self.word();
                let put = Sensor { name: text(word), ..sensor(&format!("s{n}"), at) };
                let then: Then = Box::new(move |ledger, id, _| {
                    ledger.put(format!("sensor/{id}"), Record::new(Noun::Sensor, Some(at), Some(word)))
                });
                (RegisterSensor { sensor: put }.into(), then)
            }
            Step::Camera { camera: n, at } => {
                let word = self.word();
                let put = Camera { name: text(word), ..camera(&format!("c{n}"), at, false) };
                let then: Then = Box::new(move |ledger, id, _| {
                    ledger.put(format!("camera/{id}"), Record::new(Noun::Camera, Some(at), Some(word)))
                });
                (RegisterCamera { camera: put }.into(), then)
            }
            Step::Alarm { sensor: n } => self.alarm(n)?,
            _ => {
                // The word is a number here, so that no two are alike.
                let word = self.word();
                let value = i64::try_from(word).unwrap() + 1;
                let at_ms = Millis(4_000_000_000_000 + u64::try_from(word).unwrap() * 10);
                let reading = |id: &String| Reading {
                    sensor: SensorId::new(id).unwrap(),
                    at_ms,
                    value_micro: Micro(value),
                    status: DeviceStatus::Measuring,
                    unit_of_measure: String::new(),
                };
                let readings: Vec<_> = self.ids(Noun::Sensor).iter().map(reading).collect();
                if readings.is_empty() {
                    return None;
                }
                (RecordReadings { readings }.into(), Box::new(|_, _, _| None))
            }
        };
        Some(Doing { group: GroupId(1), by: None, command, then })
    }

    /// It is raised where its sensor stands then, and cleared the next time.
    fn alarm(&self, n: usize) -> Option<(Command, Then)> {
        let sensor = nth(&self.ids(Noun::Sensor), n)?;
        let at = self.sensor_at(&sensor);
        let entity = EntityId::from(&SensorId::new(&sensor).unwrap());
        let key = AlarmKey { entity, condition: Condition::new("high").unwrap() };
        let (episode, is_active) = self.alarms.get(&sensor).copied().unwrap_or_default();
        if is_active {
            let then: Then = Box::new(move |ledger, _, _| {
                ledger.alarms.insert(sensor, (episode, false));
                None
            });
            return Some((ClearAlarm { key, episode, value_micro: Micro(0) }.into(), then));
        }
        let raise = RaiseAlarm {
            key,
            episode: episode + 1,
            severity: Severity::High,
            value_micro: Micro(1),
            limit_micro: Micro(0),
            exercise: false,
            finding: None,
        };
        let then: Then = Box::new(move |ledger, _, _| {
            ledger.put(format!("alarm/{sensor}/high"), Record::new(Noun::Alarm, at, None));
            ledger.alarms.insert(sensor, (episode + 1, true));
            None
        });
        Some((raise.into(), then))
    }
}

/// What the log says to a command.
pub(super) fn entity(reply: Reply) -> Option<String> {
    match reply {
        Reply::Accepted(accepted) => Some(accepted.entity),
        Reply::Refused(_) => None,
    }
}
