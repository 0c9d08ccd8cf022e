//! What dispatch knows of an incident beside its units: assignments that ended, what waits for a person, what each agency has
//! to do, and their one answer.

use serde::{Deserialize, Serialize};

use crate::{
    Assignment, Handover, Millis, PersonId, UnitId,
    wire::{record, wire_enum},
};

wire_enum! {
    /// Why a person has to look.
    AttentionKind {
        /// A unit did not answer its offer.
        OfferUnanswered = "offer_unanswered",
        /// A crew would not go, or could not go on.
        OfferRefused = "offer_refused",
        /// Nobody has heard of a crew for too long.
        CheckInOverdue = "check_in_overdue",
        /// A crew is in danger.
        Mayday = "mayday",
        /// A unit that set out is not there by the time of its way and half of it.
        ArrivalLate = "arrival_late",
    }
}

wire_enum! {
    /// How far an agency is with its task.
    TaskStatus {
        /// Not answered.
        Given = "given",
        /// At work.
        Accepted = "accepted",
        /// Done, with an answer.
        Done = "done",
        /// Not theirs, with a reason.
        Refused = "refused",
        /// No longer asked.
        Withdrawn = "withdrawn",
    }
}

impl TaskStatus {
    /// Nothing more comes of it.
    #[must_use]
    pub fn is_settled(self) -> bool {
        !matches!(self, Self::Given | Self::Accepted)
    }
}

/// A person has to look: raised by the system or a crew, acknowledged by a dispatcher.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attention {
    /// Counts from 1 within the incident.
    pub number: u32,
    /// Why.
    pub kind: AttentionKind,
    /// Of which unit.
    pub unit: UnitId,
    /// When.
    pub raised_at_ms: Millis,
    /// The unit that the offer went on to; none: nobody was left.
    pub next: Option<UnitId>,
    /// When a person looked; unset: nobody has.
    pub acknowledged_at_ms: Millis,
    /// Who.
    pub acknowledged_by: Option<PersonId>,
}

record!(Attention { number, kind, unit, raised_at_ms, next, acknowledged_at_ms, acknowledged_by });

/// What one agency has to do about an incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Counts from 1 within the incident.
    pub number: u32,
    /// Whose.
    pub agency: String,
    /// What.
    pub text: String,
    /// How far.
    pub status: TaskStatus,
    /// When it was given.
    pub given_at_ms: Millis,
    /// By whom; none: by the system.
    pub given_by: Option<PersonId>,
    /// What the agency answered last; may be empty.
    pub answer: String,
    /// When.
    pub answered_at_ms: Millis,
    /// Who said it.
    pub answered_by: Option<PersonId>,
    /// Its deadline's number among the incident's clocks; 0: none.
    #[serde(default)]
    pub clock: u32,
}

record!(Task { number, agency, text, status, given_at_ms, given_by, answer, answered_at_ms, answered_by, clock });

/// One answer of all agencies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CombinedAnswer {
    /// What.
    pub text: String,
    /// When.
    pub at_ms: Millis,
    /// Who put it together; none: the system.
    pub by: Option<PersonId>,
}

record!(CombinedAnswer { text, at_ms, by });

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dispatch {
    /// Assignments that have ended, oldest first, at most `limits::INCIDENT_PAST_MAX`.
    pub past: Vec<Assignment>,
    /// What waits for a person, and what did, at most `limits::INCIDENT_ATTENTIONS_MAX`.
    pub attentions: Vec<Attention>,
    /// The number of the newest attention.
    pub attentions_raised: u32,
    /// What each agency has to do, at most `limits::INCIDENT_TASKS_MAX`.
    pub tasks: Vec<Task>,
    /// Their one answer, once all tasks are settled.
    pub answer: Option<CombinedAnswer>,
    /// Offers to other services and by them, oldest first, at most `limits::HANDOVERS_MAX`.
    #[serde(default)]
    pub handovers: Vec<Handover>,
}

record!(default Dispatch { past, attentions, attentions_raised, tasks, answer, handovers });
