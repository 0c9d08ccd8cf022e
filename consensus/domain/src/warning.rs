//! Warnings to the public. Each message is a record of its own, as in CAP 1.2 (OASIS, 2010): an update and a cancellation
//! name the messages before them. A message is drafted from an incident and published by a second person; that it has
//! run out is no change of state but what its own last moment says.

use serde::{Deserialize, Serialize};

use crate::{
    AdminUnitCode, IncidentId, IncidentKind, Millis, PersonId, Severity, WarningId,
    wire::{record, wire_enum},
};

wire_enum! {
    /// What a message does.
    WarningMessage {
        /// It is the first.
        Alert = "alert",
        /// It takes the place of earlier ones.
        Update = "update",
        /// It ends earlier ones.
        Cancel = "cancel",
    }
}

wire_enum! {
    /// What it is for.
    WarningPurpose {
        /// Everybody acts on it.
        Actual = "actual",
        /// Part of a drill.
        Exercise = "exercise",
        /// Tries the way out; nobody acts on it.
        Test = "test",
    }
}

wire_enum! {
    /// How far it is.
    WarningStatus {
        /// Waits for a second person.
        Draft = "draft",
        /// Everybody can read it.
        Published = "published",
        /// It was not published.
        Rejected = "rejected",
        /// A later message took its place, or ended it.
        Ended = "ended",
    }
}

wire_enum! {
    /// How soon people have to act.
    WarningUrgency {
        /// At once.
        Immediate = "immediate",
        /// Within the hour.
        Expected = "expected",
        /// Later.
        Future = "future",
        /// No longer.
        Past = "past",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

wire_enum! {
    /// How sure it is.
    WarningCertainty {
        /// It was seen.
        Observed = "observed",
        /// More than even.
        Likely = "likely",
        /// Less than even.
        Possible = "possible",
        /// Hardly.
        Unlikely = "unlikely",
        /// Nobody knows.
        Unknown = "unknown",
    }
}

wire_enum! {
    /// What people are to do.
    WarningResponse {
        /// Stay inside.
        Shelter = "shelter",
        /// Leave.
        Evacuate = "evacuate",
        /// Get ready.
        Prepare = "prepare",
        /// Do what was practised.
        Execute = "execute",
        /// Keep away.
        Avoid = "avoid",
        /// Listen on.
        Monitor = "monitor",
        /// Look for themselves; not for the public.
        Assess = "assess",
        /// It is over.
        AllClear = "all_clear",
        /// Nothing.
        NoAction = "none",
    }
}

/// A point in degrees times 10^7 (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeoPoint {
    /// Within ±90°.
    pub latitude_e7: i32,
    /// Within ±180°.
    pub longitude_e7: i32,
}

record!(GeoPoint { latitude_e7, longitude_e7 });

/// All that is so near to a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeoCircle {
    /// The middle.
    pub center: GeoPoint,
    /// How far it reaches, 1 to `limits::WARNING_RADIUS_M_MAX`.
    pub radius_m: u32,
}

record!(GeoCircle { center, radius_m });

/// One place that a warning is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningArea {
    /// Its code.
    pub admin_unit: AdminUnitCode,
    /// As the hierarchy named it when the message was drafted; what a command says of it is not taken.
    #[serde(default)]
    pub name: String,
    /// In English.
    #[serde(default)]
    pub name_en: String,
    /// A closed ring, the last point is the first, at most `limits::WARNING_POINTS_MAX`; empty: the whole unit.
    #[serde(default)]
    pub polygon: Vec<GeoPoint>,
    /// Or so far around a point.
    #[serde(default)]
    pub circle: Option<GeoCircle>,
}

record!(WarningArea { admin_unit, name, name_en, polygon, circle });

/// What a message says in one language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningText {
    /// `vi` or `en`.
    pub language: String,
    /// What happens, in a few words.
    pub event: String,
    /// One line.
    pub headline: String,
    /// What is known.
    pub description: String,
    /// What to do.
    pub instruction: String,
}

record!(WarningText { language, event, headline, description, instruction });

/// An earlier message of the same warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningReference {
    /// Which.
    pub warning: WarningId,
    /// Who answered for it.
    pub sender: String,
    /// When it was published.
    pub sent_at_ms: Millis,
}

record!(WarningReference { warning, sender, sent_at_ms });

/// What an author decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarningContent {
    /// What it is for.
    pub purpose: WarningPurpose,
    /// Who answers for it, as a name of the Internet: letters, digits, `.`, `-`, `_` and `@`.
    pub sender: String,
    /// What people call them.
    pub sender_name: String,
    /// How bad it is.
    pub severity: Severity,
    /// How soon.
    pub urgency: WarningUrgency,
    /// How sure.
    pub certainty: WarningCertainty,
    /// What to do, in one word.
    pub response: WarningResponse,
    /// When it begins; unset: now.
    #[serde(default)]
    pub onset_at_ms: Millis,
    /// When it runs out, at most `limits::WARNING_MS_MAX` ahead.
    pub expires_at_ms: Millis,
    /// Whom to ask; may be empty.
    #[serde(default)]
    pub contact: String,
    /// Vietnamese and English, each once.
    pub texts: Vec<WarningText>,
    /// Where, at most `limits::WARNING_AREAS_MAX`.
    pub areas: Vec<WarningArea>,
}

record!(WarningContent {
    purpose,
    sender,
    sender_name,
    severity,
    urgency,
    certainty,
    response,
    onset_at_ms,
    expires_at_ms,
    contact,
    texts,
    areas,
});

/// One message to the public as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// "W" and a number that grows.
    pub id: WarningId,
    /// From which incident.
    pub incident: IncidentId,
    /// What goes on.
    pub kind: IncidentKind,
    /// Where the incident lay when it was written; who decides on it is in charge there.
    pub admin_unit: AdminUnitCode,
    /// What it does.
    pub message: WarningMessage,
    /// What it says.
    pub content: WarningContent,
    /// Of an update or a cancellation: which message.
    pub of: Option<WarningId>,
    /// All earlier messages of it, oldest first.
    pub references: Vec<WarningReference>,
    /// How far it is.
    pub status: WarningStatus,
    /// Who wrote it as it stands.
    pub drafted_by: PersonId,
    /// When.
    pub drafted_at_ms: Millis,
    /// The second person, who published or rejected it.
    pub decided_by: Option<PersonId>,
    /// When it was published.
    pub sent_at_ms: Millis,
    /// When it was rejected, or a later message took its place.
    pub ended_at_ms: Millis,
    /// Why it was rejected.
    pub reason: String,
    /// Grows with every change.
    pub version: u64,
}

record!(Warning {
    id,
    incident,
    kind,
    admin_unit,
    message,
    content,
    of,
    references,
    status,
    drafted_by,
    drafted_at_ms,
    decided_by,
    sent_at_ms,
    ended_at_ms,
    reason,
    version,
});

impl Warning {
    /// Whether it was ever published.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.sent_at_ms.is_set()
    }

    /// Whether people are to act on it at that moment: it is published, has not run out, and nothing took its place.
    #[must_use]
    pub fn is_in_force(&self, now: Millis) -> bool {
        self.status == WarningStatus::Published
            && self.message != WarningMessage::Cancel
            && now < self.content.expires_at_ms
    }

    /// Whether nothing can come of it any more.
    pub(crate) fn is_over(&self, now: Millis) -> bool {
        match self.status {
            WarningStatus::Draft => false,
            WarningStatus::Published => self.content.expires_at_ms <= now,
            WarningStatus::Rejected | WarningStatus::Ended => true,
        }
    }
}
