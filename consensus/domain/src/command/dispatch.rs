//! Commands of dispatch.

use super::vocabulary::body;
use crate::{IncidentId, Millis, RunCard, TaskStatus, UnitId, wire::record};

body! {
    /// Replaces the run card of its kind and severity; without needs it goes.
    PutRunCard {
        /// As it shall be; its version is the one that was seen, 0 names none.
        card: RunCard,
    }
}

body! {
    /// When a crew is on duty; both 0: always.
    SetUnitShift {
        /// Which.
        unit: UnitId,
        /// From then.
        starts_at_ms: Millis,
        /// To before then.
        ends_at_ms: Millis,
    }
}

body! {
    /// The crew is well.
    CheckInUnit {
        /// Which.
        unit: UnitId,
        /// The assignment that the sender believes in.
        assignment: u64,
        /// When it was tapped; 0: now.
        tapped_at_ms: Millis,
    }
}

body! {
    /// The crew is in danger.
    RaiseMayday {
        /// Which.
        unit: UnitId,
        /// When it was tapped; 0: now.
        tapped_at_ms: Millis,
    }
}

body! {
    /// It is safe, says somebody who is not the crew.
    ClearMayday {
        /// Which.
        unit: UnitId,
        /// `Mayday::received_at_ms`: takes effect once.
        received_at_ms: Millis,
        /// How it is known; not empty.
        note: String,
    }
}

body! {
    /// Nobody answered an offer in time.
    ExpireOffer {
        /// Which unit.
        unit: UnitId,
        /// Its assignment: takes effect once.
        assignment: u64,
        /// The unit that is offered it instead; none: nobody is left.
        next: Option<UnitId>,
    }
}

body! {
    /// Half of an offer's time is over, and nobody has answered: the crew is told by text.
    RemindOffer {
        /// Which unit.
        unit: UnitId,
        /// Its assignment: takes effect once.
        assignment: u64,
    }
}

body! {
    /// A crew was not heard of in time.
    EscalateCheckIn {
        /// Which unit.
        unit: UnitId,
        /// Its assignment.
        assignment: u64,
        /// The level that it leaves: takes effect once.
        from_level: u32,
    }
}

body! {
    /// A person has looked.
    AcknowledgeAttention {
        /// Of which incident.
        incident: IncidentId,
        /// Its number within the incident: takes effect once.
        attention: u32,
    }
}

body! {
    /// An agency shall do something.
    GiveTask {
        /// About which incident.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// Which agency.
        agency: String,
        /// What.
        text: String,
    }
}

body! {
    /// How far an agency is.
    AnswerTask {
        /// About which incident.
        incident: IncidentId,
        /// The task's number within it.
        task: u32,
        /// How far it is.
        status: TaskStatus,
        /// How far the sender believes that it was.
        expected_status: TaskStatus,
        /// In words; not empty when done or refused.
        answer: String,
    }
}

body! {
    /// All agencies have one answer.
    CombineAnswer {
        /// About which incident.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// What.
        answer: String,
    }
}
