//! Alarms, with the states of ISA-18.2: active or cleared, acknowledged or not, shelved with a reason and an end.
//! Two more are of the device (`service.rs`): out of service, suppressed by design.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Condition, EntityId, Finding, IncidentId, Micro, Millis, PersonId, Place, Severity, wire::record};

/// What an alarm is about. One key, one alarm, however often it is raised.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlarmKey {
    /// Sensor, camera or district.
    pub entity: EntityId,
    /// The name of the condition.
    pub condition: Condition,
}

record!(AlarmKey { entity, condition });

impl fmt::Display for AlarmKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.entity, self.condition)
    }
}

/// A shelved alarm makes no noise until then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shelf {
    /// Who took the responsibility.
    pub by: PersonId,
    /// Why; not empty.
    pub reason: String,
    /// Until when, at most `limits::SHELF_MS_MAX` ahead.
    pub until_ms: Millis,
}

record!(Shelf { by, reason, until_ms });

/// How often an alarm called for somebody in one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RaisedDay {
    /// When the day began: midnight UTC, which is seven in the morning here.
    pub from_ms: Millis,
    /// How often it came up; what chatters counts once, and what called for nobody not at all.
    pub count: u32,
}

record!(RaisedDay { from_ms, count });

/// An alarm as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// What it is about.
    pub key: AlarmKey,
    /// Counts the times the condition came up, from 1.
    pub episode: u32,
    /// How bad it is.
    pub severity: Severity,
    /// The condition holds.
    pub active: bool,
    /// Somebody has seen this episode.
    pub acknowledged: bool,
    /// Put aside for a while.
    pub shelf: Option<Shelf>,
    /// Where.
    pub place: Place,
    /// What was measured when it was raised.
    pub value_micro: Micro,
    /// The limit that was passed.
    pub limit_micro: Micro,
    /// Start of the episode.
    pub raised_at_ms: Millis,
    /// End of the episode; unset while active.
    pub cleared_at_ms: Millis,
    /// When it was acknowledged.
    pub acknowledged_at_ms: Millis,
    /// By whom.
    pub acknowledged_by: Option<PersonId>,
    /// The version that group 0 has confirmed. Invariant: `<= version`; lower: group 0 has yet to hear.
    pub reported_version: u64,
    /// Grows with every change but the confirmation.
    pub version: u64,
    /// The incident that it feeds.
    pub incident: Option<IncidentId>,
    /// How often it came up within `limits::CHATTER_MS` of itself.
    pub occurrences: u32,
    /// Part of a drill.
    pub exercise: bool,
    /// What a model found. Invariant: set exactly for the conditions of models.
    #[serde(default)]
    pub finding: Option<Finding>,
    /// How often it called in the last `limits::RAISED_DAYS_MAX` days, the newest last; days without are left out (since feature 350).
    #[serde(default)]
    pub raised_days: Vec<RaisedDay>,
}

record!(Alarm {
    key,
    episode,
    severity,
    active,
    acknowledged,
    shelf,
    place,
    value_micro,
    limit_micro,
    raised_at_ms,
    cleared_at_ms,
    acknowledged_at_ms,
    acknowledged_by,
    reported_version,
    version,
    incident,
    occurrences,
    exercise,
    finding,
    raised_days,
});

impl Alarm {
    /// Group 0 has yet to hear of the newest version.
    #[must_use]
    pub fn is_unreported(&self) -> bool {
        self.reported_version < self.version
    }

    /// The episode with which this occurrence began: one that came up again within `limits::CHATTER_MS` is folded into it.
    #[must_use]
    pub fn first_episode(&self) -> u32 {
        self.episode.saturating_sub(self.occurrences.saturating_sub(1)).max(1)
    }

    /// ISA-18.2 name of the state.
    #[must_use]
    pub fn state(&self) -> &'static str {
        match (self.shelf.is_some(), self.active, self.acknowledged) {
            (true, ..) => "shelved",
            (false, true, false) => "unack-active",
            (false, true, true) => "ack-active",
            (false, false, false) => "unack-cleared",
            (false, false, true) => "normal",
        }
    }
}
