//! Incidents.

use serde::{Deserialize, Serialize};

use crate::{
    AlarmKey, Clock, Dispatch, IncidentId, Millis, PersonId, Place, ReportCode, Severity, Suggestion, UnitId,
    wire::{Field, Malformed, Record, generated, message_field, record, wire_enum},
};

wire_enum! {
    /// What is going on.
    IncidentKind {
        /// Water where it should not be.
        Flood = "flood",
        /// Fire.
        Fire = "fire",
        /// Somebody is hurt or ill.
        Medical = "medical",
        /// On the road.
        Traffic = "traffic",
        /// Air, water, waste.
        Pollution = "pollution",
        /// Crowd, quarrel, crime.
        PublicOrder = "public_order",
        /// Power, bridge, landslide.
        Infrastructure = "infrastructure",
        /// A device of ours.
        Device = "device",
        /// Anything else.
        Other = "other",
    }
}

wire_enum! {
    /// How far it is.
    IncidentStatus {
        /// Nobody has seen it.
        Opened = "opened",
        /// Somebody has.
        Acknowledged = "acknowledged",
        /// Units are on it.
        Assigned = "assigned",
        /// Nothing more to do, to be looked over.
        Resolved = "resolved",
        /// Done.
        Closed = "closed",
        /// Folded into another.
        Merged = "merged",
    }
}

/// Where the knowledge came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A device's alarm.
    Alarm(AlarmKey),
    /// A call or a report, by its own reference.
    Report(String),
    /// A person at a desk.
    Person(PersonId),
}

/// One source of an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// What told us.
    pub origin: Origin,
    /// For an alarm: its episode.
    pub episode: u32,
    /// For an alarm: the newest version heard; an older one is ignored.
    pub version: u64,
    /// For an alarm: its condition still holds.
    pub active: bool,
    /// When we heard.
    pub at_ms: Millis,
    /// For an alarm: its report. None: it came before such reports, or from what was merged into this one, which has it.
    #[serde(default)]
    pub alarm_report: Option<ReportCode>,
}

impl Record for Source {
    type Wire = generated::Source;

    fn from_wire(wire: generated::Source) -> Result<Self, Malformed> {
        use generated::source::Origin as Wire;
        let origin = match wire.origin {
            Some(Wire::Alarm(key)) => Origin::Alarm(AlarmKey::from_wire(key)?),
            Some(Wire::Report(reference)) => Origin::Report(reference),
            Some(Wire::Person(person)) => Origin::Person(Field::read("person", person)?),
            None => return Err(Malformed::new("origin", "is required")),
        };
        Ok(Self {
            origin,
            episode: wire.episode,
            version: wire.version,
            active: wire.active,
            at_ms: Millis(wire.at_ms),
            alarm_report: Field::read("alarm_report", wire.alarm_report)?,
        })
    }

    fn to_wire(&self) -> generated::Source {
        use generated::source::Origin as Wire;
        let origin = match &self.origin {
            Origin::Alarm(key) => Wire::Alarm(key.to_wire()),
            Origin::Report(reference) => Wire::Report(reference.clone()),
            Origin::Person(person) => Wire::Person(person.to_string()),
        };
        generated::Source {
            origin: Some(origin),
            episode: self.episode,
            version: self.version,
            active: self.active,
            at_ms: self.at_ms.0,
            alarm_report: self.alarm_report.write(),
        }
    }
}

message_field!(Source);

/// An incident as it stands. Its timeline is the row of events that name it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its id.
    pub id: IncidentId,
    /// What is going on.
    pub kind: IncidentKind,
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// One line for the queue.
    pub summary: String,
    /// How far it is.
    pub status: IncidentStatus,
    /// What told us, at most `limits::INCIDENT_SOURCES_MAX`.
    pub sources: Vec<Source>,
    /// Units assigned now.
    pub units: Vec<UnitId>,
    /// When it was opened.
    pub opened_at_ms: Millis,
    /// By whom; none: by an alarm.
    pub opened_by: Option<PersonId>,
    /// When somebody first saw it.
    pub acknowledged_at_ms: Millis,
    /// Who.
    pub acknowledged_by: Option<PersonId>,
    /// When it was closed.
    pub closed_at_ms: Millis,
    /// While merged: into which.
    pub merged_into: Option<IncidentId>,
    /// While merged: what un-merging gives back.
    pub status_before_merge: Option<IncidentStatus>,
    /// While merged: the units that went over with it.
    #[serde(default)]
    pub units_before_merge: Vec<UnitId>,
    /// It escalates if nobody has acknowledged it by then; unset: no deadline runs.
    pub acknowledge_due_at_ms: Millis,
    /// How often it has.
    pub escalation_level: u32,
    /// How often it was opened again.
    pub reopened_count: u32,
    /// Grows with every change.
    pub version: u64,
    /// Part of a drill.
    pub exercise: bool,
    /// The position was converted from another place's data.
    pub place_is_mapped: bool,
    /// What models said of it, oldest first, at most `limits::INCIDENT_SUGGESTIONS_MAX` and as many of shadows.
    #[serde(default)]
    pub suggestions: Vec<Suggestion>,
    /// Past assignments, what waits for a person, tasks of agencies.
    #[serde(default)]
    pub dispatch: Dispatch,
    /// Its deadlines by policy, oldest first, at most `limits::CLOCKS_MAX`. A step of one does not raise the version.
    #[serde(default)]
    pub clocks: Vec<Clock>,
}

impl Incident {
    /// What a timeline keeps of it with each event: all but what grows with the incident.
    pub(crate) fn line(&self) -> Self {
        Self {
            id: self.id.clone(),
            kind: self.kind,
            severity: self.severity,
            place: self.place.clone(),
            summary: self.summary.clone(),
            status: self.status,
            sources: Vec::new(),
            units: self.units.clone(),
            opened_at_ms: self.opened_at_ms,
            opened_by: self.opened_by.clone(),
            acknowledged_at_ms: self.acknowledged_at_ms,
            acknowledged_by: self.acknowledged_by.clone(),
            closed_at_ms: self.closed_at_ms,
            merged_into: self.merged_into.clone(),
            status_before_merge: self.status_before_merge,
            units_before_merge: self.units_before_merge.clone(),
            acknowledge_due_at_ms: self.acknowledge_due_at_ms,
            escalation_level: self.escalation_level,
            reopened_count: self.reopened_count,
            version: self.version,
            exercise: self.exercise,
            place_is_mapped: self.place_is_mapped,
            suggestions: Vec::new(),
            dispatch: Dispatch::default(),
            clocks: Vec::new(),
        }
    }
}

record!(Incident {
    id,
    kind,
    severity,
    place,
    summary,
    status,
    sources,
    units,
    opened_at_ms,
    opened_by,
    acknowledged_at_ms,
    acknowledged_by,
    closed_at_ms,
    merged_into,
    status_before_merge,
    units_before_merge,
    acknowledge_due_at_ms,
    escalation_level,
    reopened_count,
    version,
    exercise,
    place_is_mapped,
    suggestions,
    dispatch,
    clocks,
});
