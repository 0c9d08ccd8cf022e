//! What a screen sees: a scope of administrative units and a set of nouns. Screens with equal views share every encoded
//! byte. Pure.

use std::{borrow::Cow, collections::BTreeSet};

use domain::{
    AdminUnitCode, Camera, DistrictId, Event, Grant, Incident, Person, Readings, Remit, State, Subject,
    policy::{self, Action, Matter, Noun},
};

use super::places::Places;

/// Where a view reaches.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    /// The whole province.
    Everywhere,
    /// These administrative units.
    Within(BTreeSet<AdminUnitCode>),
}

impl Scope {
    /// What the grant covers of the named districts; none named: all that it covers. A district that does not exist or
    /// is not the person's adds nothing.
    pub(crate) fn new(grant: &Grant, districts: &BTreeSet<DistrictId>, state0: &State) -> Self {
        if districts.is_empty() {
            return if grant.everywhere { Self::Everywhere } else { Self::Within(grant.admin_units.clone()) };
        }
        let named = districts.iter().filter_map(|district| state0.districts().get(district));
        let codes = named.flat_map(|district| &district.admin_units).filter(|code| policy::covers(grant, code));
        Self::Within(codes.cloned().collect())
    }

    /// Whether a place lies in it.
    pub(crate) fn covers(&self, code: &AdminUnitCode) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Within(codes) => codes.contains(code),
        }
    }
}

/// How a screen's messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Encoding {
    /// `trongdong.v1`.
    Protobuf,
    /// `trongdong.v1.json`.
    Json,
}

/// The nouns that a subscription may name.
pub(crate) const SUBSCRIBABLE: [(&str, Noun); 10] = [
    ("sensor", Noun::Sensor),
    ("camera", Noun::Camera),
    ("alarm", Noun::Alarm),
    ("incident", Noun::Incident),
    ("instruction", Noun::Instruction),
    ("unit", Noun::Unit),
    ("reading", Noun::Reading),
    ("model", Noun::Model),
    ("call", Noun::Call),
    ("report", Noun::Report),
];

/// What a screen asked to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subscription {
    /// Empty: all that the person may see.
    pub(crate) districts: BTreeSet<DistrictId>,
    /// Empty: all.
    pub(crate) nouns: BTreeSet<Noun>,
}

/// What a screen sees, and how it is told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct View {
    pub(crate) scope: Scope,
    pub(crate) nouns: BTreeSet<Noun>,
    pub(crate) encoding: Encoding,
    /// Whether callers are seen with their numbers.
    pub(crate) callers: bool,
    /// Fields and agencies whose incidents and units are seen.
    pub(crate) remit: Remit,
}

impl View {
    /// What the grant allows of the subscription. The hierarchy, the district rooms and the live nodes are seen by all;
    /// people by whom policy lets see them, as events only, because a picture of the province needs none of them.
    pub(crate) fn new(grant: &Grant, subscription: &Subscription, state0: &State, encoding: Encoding) -> Self {
        let asked = SUBSCRIBABLE.map(|(_, noun)| noun).into_iter();
        let asked = asked.filter(|noun| subscription.nouns.is_empty() || subscription.nouns.contains(noun));
        let always = [
            Noun::AdminUnit,
            Noun::District,
            Noun::LiveNodes,
            Noun::Person,
            // Whoever sees anything has to know that a drill runs.
            Noun::Exercise,
            Noun::Room,
            Noun::ShiftNote,
            Noun::DutyEntry,
        ];
        let nouns = asked.chain(always).filter(|noun| policy::allows(grant, Action::See(*noun), None).is_ok());
        let callers = policy::allows(grant, Action::SeeCaller, None).is_ok();
        let scope = Scope::new(grant, &subscription.districts, state0);
        Self { scope, nouns: nouns.collect(), encoding, callers, remit: grant.terms.remit.clone() }
    }

    /// Whether a record of `noun` at `place` is in it; no place: seen wherever one is.
    pub(crate) fn shows(&self, noun: Noun, place: Option<&AdminUnitCode>) -> bool {
        self.nouns.contains(&noun) && place.is_none_or(|place| self.scope.covers(place))
    }

    /// Whether a record of this field and these agencies is in it as well.
    pub(crate) fn shows_of(&self, noun: Noun, place: Option<&AdminUnitCode>, matter: &Matter) -> bool {
        self.shows(noun, place) && self.remit.covers(matter)
    }

    /// Whether what an event shows is in it.
    pub(crate) fn shows_subject(&self, subject: &Subject) -> bool {
        let (noun, place) = seat(subject);
        self.shows(noun, place) && (self.remit.is_all() || self.remit.covers(&Matter::of_subject(subject)))
    }

    /// Whether what was written in a room is in it; without a place it is the province's, and for who sees the province.
    pub(crate) fn shows_note(&self, noun: Noun, admin_unit: Option<&AdminUnitCode>) -> bool {
        self.shows(noun, admin_unit) && (admin_unit.is_some() || self.scope == Scope::Everywhere)
    }

    /// The event as this view shows it: whole, with only the readings of visible sensors, or not at all. `places` says
    /// where the group's sensors stand.
    pub(crate) fn filter<'a>(&self, event: &'a Event, places: &Places) -> Option<Cow<'a, Event>> {
        match event.subject.as_ref()? {
            Subject::Readings(readings) => self.filter_readings(event, readings, places),
            Subject::ShiftNote(_) | Subject::DutyEntry(_) => {
                let (noun, place) = seat(event.subject.as_ref()?);
                self.shows_note(noun, place).then_some(Cow::Borrowed(event))
            }
            subject => self.shows_subject(subject).then(|| redact(event, self.callers)),
        }
    }

    fn filter_readings<'a>(&self, event: &'a Event, readings: &Readings, places: &Places) -> Option<Cow<'a, Event>> {
        if !self.nouns.contains(&Noun::Reading) {
            return None;
        }
        if self.scope == Scope::Everywhere {
            return Some(Cow::Borrowed(event));
        }
        let visible = |reading: &&domain::Reading| {
            places.of(Noun::Sensor, reading.sensor.as_str()).is_some_and(|place| self.scope.covers(place))
        };
        let seen: Vec<_> = readings.readings.iter().filter(visible).cloned().collect();
        match seen.len() {
            0 => None,
            count if count == readings.readings.len() => Some(Cow::Borrowed(event)),
            _ => {
                let subject = Some(Subject::Readings(Readings { readings: seen }));
                Some(Cow::Owned(Event { subject, note: event.note.clone(), by: event.by.clone(), ..*event }))
            }
        }
    }
}

/// The noun of a subject, and the administrative unit that decides who sees it.
pub(crate) fn seat(subject: &Subject) -> (Noun, Option<&AdminUnitCode>) {
    match subject {
        Subject::AdminUnit(_) => (Noun::AdminUnit, None),
        Subject::District(_) => (Noun::District, None),
        Subject::LiveNodes(_) => (Noun::LiveNodes, None),
        Subject::Person(_) => (Noun::Person, None),
        Subject::Model(_) | Subject::Tally(_) => (Noun::Model, None),
        Subject::Call(_) | Subject::Agent(_) | Subject::CallDesk(_) => (Noun::Call, None),
        Subject::Readings(_) => (Noun::Reading, None),
        // In no subscription: whoever writes or approves one asks over HTTP.
        Subject::Warning(warning) => (Noun::Warning, Some(&warning.admin_unit)),
        Subject::Exercise(_) => (Noun::Exercise, None),
        Subject::Room(_) => (Noun::Room, None),
        // Neither ever moves: both keep the place that the room had when they were written.
        Subject::ShiftNote(it) => (Noun::ShiftNote, it.admin_unit.as_ref()),
        Subject::DutyEntry(it) => (Noun::DutyEntry, it.admin_unit.as_ref()),
        Subject::Unit(unit) => (Noun::Unit, Some(&unit.station.admin_unit)),
        Subject::Incident(incident) => (Noun::Incident, Some(&incident.place.admin_unit)),
        Subject::Instruction(instruction) => (Noun::Instruction, Some(&instruction.admin_unit)),
        Subject::Sensor(sensor) => (Noun::Sensor, Some(&sensor.place.admin_unit)),
        Subject::Camera(camera) => (Noun::Camera, Some(&camera.place.admin_unit)),
        Subject::Alarm(alarm) => (Noun::Alarm, Some(&alarm.place.admin_unit)),
        Subject::WaitingReport(report) => (Noun::Report, Some(&report.place.admin_unit)),
    }
}

/// The id by which a screen keeps a record that may lie elsewhere one day, or be another field's; `None` for the rest.
pub(crate) fn key_of(subject: &Subject) -> Option<Cow<'_, str>> {
    Some(match subject {
        Subject::Unit(unit) => Cow::Borrowed(unit.id.as_str()),
        Subject::Incident(incident) => Cow::Borrowed(incident.id.as_str()),
        Subject::Instruction(instruction) => Cow::Borrowed(instruction.id.as_str()),
        Subject::Sensor(sensor) => Cow::Borrowed(sensor.id.as_str()),
        Subject::Camera(camera) => Cow::Borrowed(camera.id.as_str()),
        Subject::Alarm(alarm) => Cow::Owned(alarm.key.to_string()),
        Subject::WaitingReport(report) => Cow::Borrowed(report.code.as_str()),
        _ => return None,
    })
}

/// Who may not see callers is shown none. What a shadow says is nobody's advice and leaves no node. Sealed credentials do not
/// belong in an event; should one ever hold them, they do not leave it either.
fn redact(event: &Event, callers: bool) -> Cow<'_, Event> {
    let subject = match &event.subject {
        Some(Subject::Call(call)) if !callers => Subject::Call(call.masked()),
        Some(Subject::Camera(camera)) if !camera.credential_sealed.is_empty() => Subject::Camera(bare_camera(camera)),
        Some(Subject::Person(person)) if !person.credential_sealed.is_empty() => {
            Subject::Person(Person { credential_sealed: bytes::Bytes::new(), ..person.clone() })
        }
        Some(Subject::Incident(incident)) => match without_shadows(incident) {
            Cow::Owned(incident) => Subject::Incident(incident),
            Cow::Borrowed(_) => return Cow::Borrowed(event),
        },
        _ => return Cow::Borrowed(event),
    };
    // A note of a call may name its caller.
    let note = if matches!(subject, Subject::Call(_)) { String::new() } else { event.note.clone() };
    Cow::Owned(Event { subject: Some(subject), note, by: event.by.clone(), ..*event })
}

/// The camera without its sealed credential.
pub(crate) fn bare_camera(camera: &Camera) -> Camera {
    Camera { credential_sealed: bytes::Bytes::new(), ..camera.clone() }
}

/// The incident as people see it: without what shadows said of it.
pub(crate) fn without_shadows(incident: &Incident) -> Cow<'_, Incident> {
    if !incident.suggestions.iter().any(|suggestion| suggestion.shadow) {
        return Cow::Borrowed(incident);
    }
    let mut shown = incident.clone();
    shown.suggestions.retain(|suggestion| !suggestion.shadow);
    Cow::Owned(shown)
}
