//! Response units: in one incident at most.

use serde::{Deserialize, Serialize};

use crate::{
    IncidentId, Millis, PersonId, Place, UnitId,
    wire::{record, wire_enum},
};

wire_enum! {
    /// What a unit is doing (APCO 1.116.2).
    UnitStatus {
        /// Free.
        Available = "available",
        /// Assigned, not yet answered.
        Offered = "offered",
        /// Will go.
        Accepted = "accepted",
        /// On the way.
        EnRoute = "en_route",
        /// There.
        OnScene = "on_scene",
        /// Not to be assigned.
        OutOfService = "out_of_service",
        /// At the staging area, waiting to be called in.
        Staging = "staging",
    }
}

wire_enum! {
    /// How an assignment ended.
    AssignmentEnd {
        /// The crew would not go, or could not go on.
        Refused = "refused",
        /// Nobody answered the offer in time.
        Unanswered = "unanswered",
        /// Taken off the incident before it was on scene.
        Released = "released",
        /// Done on scene.
        Cleared = "cleared",
    }
}

/// When a crew is on duty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shift {
    /// From then.
    pub starts_at_ms: Millis,
    /// To before then.
    pub ends_at_ms: Millis,
}

record!(Shift { starts_at_ms, ends_at_ms });

/// One status of an assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitStep {
    /// Which.
    pub status: UnitStatus,
    /// When it was tapped. A tap may arrive hours later.
    pub tapped_at_ms: Millis,
    /// When the centre had it.
    pub received_at_ms: Millis,
    /// Who tapped; none: the system.
    pub by: Option<PersonId>,
    /// Of one that sets out: the way along roads, estimated from where the unit was last seen.
    #[serde(default)]
    pub distance_m: u64,
    /// Not there by then: it is late. Unset: nothing is expected.
    #[serde(default)]
    pub late_at_ms: Millis,
}

record!(UnitStep { status, tapped_at_ms, received_at_ms, by, distance_m, late_at_ms });

/// One unit sent to one incident, from the offer to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    /// Which unit.
    pub unit: UnitId,
    /// Counts from 1 within the unit, and is never used twice: what a tap was made for.
    pub number: u64,
    /// The unit's agency when it was sent.
    pub agency: String,
    /// From offered on; the last one is what the unit is doing.
    pub steps: Vec<UnitStep>,
    /// Nobody answers by then: the offer goes to the next unit. Unset: none runs.
    pub offer_due_at_ms: Millis,
    /// The crew's last word, by the time of its tap.
    pub checked_in_at_ms: Millis,
    /// No word by then: one level up. Unset: none runs.
    pub check_in_due_at_ms: Millis,
    /// 0: heard of in time; 1: the crew is asked; `limits::CHECK_IN_LEVEL_MAX`: a person is called.
    pub check_in_level: u32,
    /// None: it goes on.
    pub end: Option<AssignmentEnd>,
    /// When it ended.
    pub ended_at_ms: Millis,
    /// Who ended it; none: the system.
    pub ended_by: Option<PersonId>,
    /// The reason that went with the end; may be empty.
    pub note: String,
    /// Incidents that it came through by merges, the first one first, at most `limits::MERGES_REMEMBERED_MAX`: un-merging one
    /// gives it back.
    #[serde(default)]
    pub came_through: Vec<IncidentId>,
    /// When the crew was told by text that the offer waits. Unset: it was not.
    #[serde(default)]
    pub reminded_at_ms: Millis,
}

impl Assignment {
    /// When its crew is told by text that the offer waits: half of its time is over. None: no offer runs, or they were told.
    #[must_use]
    pub fn remind_at(&self) -> Option<Millis> {
        let runs = self.offer_due_at_ms.is_set() && !self.reminded_at_ms.is_set();
        let began = self.steps.last().filter(|_| runs)?.received_at_ms;
        Some(Millis(u64::midpoint(began.0, self.offer_due_at_ms.0)))
    }
}

record!(Assignment {
    unit,
    number,
    agency,
    steps,
    offer_due_at_ms,
    checked_in_at_ms,
    check_in_due_at_ms,
    check_in_level,
    end,
    ended_at_ms,
    ended_by,
    note,
    came_through,
    reminded_at_ms,
});

/// A crew in danger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mayday {
    /// When it was tapped.
    pub tapped_at_ms: Millis,
    /// When the centre had it; names it.
    pub received_at_ms: Millis,
    /// Who called.
    pub by: Option<PersonId>,
}

record!(Mayday { tapped_at_ms, received_at_ms, by });

/// What dispatch knows of a unit beside its status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duty {
    /// When the crew is on duty; none: always.
    pub shift: Option<Shift>,
    /// The number of the newest assignment.
    pub assignments_made: u64,
    /// While it is in an incident.
    pub assignment: Option<Assignment>,
    /// When it was last cleared from a scene: it rests since.
    pub cleared_at_ms: Millis,
    /// When an offer to it last ran out.
    pub unanswered_at_ms: Millis,
    /// While the crew is in danger.
    pub mayday: Option<Mayday>,
}

record!(default Duty { shift, assignments_made, assignment, cleared_at_ms, unanswered_at_ms, mayday });

/// A response unit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unit {
    /// Its id.
    pub id: UnitId,
    /// Call sign.
    pub name: String,
    /// Whose it is.
    pub agency: String,
    /// What it can do.
    pub skills: Vec<String>,
    /// Where it is stationed.
    pub station: Place,
    /// Where it was last seen.
    pub position: Place,
    /// When.
    pub position_at_ms: Millis,
    /// What it is doing.
    pub status: UnitStatus,
    /// Since when.
    pub status_at_ms: Millis,
    /// The incident that it is in. Invariant: that incident lists it.
    pub incident: Option<IncidentId>,
    /// Grows with every change but positions.
    pub version: u64,
    /// Its shift, assignment and safety.
    #[serde(default)]
    pub duty: Duty,
}

record!(Unit {
    id,
    name,
    agency,
    skills,
    station,
    position,
    position_at_ms,
    status,
    status_at_ms,
    incident,
    version,
    duty,
});
