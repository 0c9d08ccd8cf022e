//! Instructions of a leader: what, whose, and by when. Their deadlines are clocks as those of incidents.

use serde::{Deserialize, Serialize};

use crate::{
    AdminUnitCode, Clock, IncidentId, InstructionId, Millis, PersonId,
    wire::{record, wire_enum},
};

wire_enum! {
    /// How far an instruction is.
    InstructionStatus {
        /// Nobody has taken it yet.
        Given = "given",
        /// Somebody has.
        Taken = "taken",
        /// Done.
        Done = "done",
        /// It need not be done any more.
        Cancelled = "cancelled",
    }
}

/// An instruction as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instruction {
    /// Its id.
    pub id: InstructionId,
    /// What to do, in one line.
    pub title: String,
    /// What it was made from: a figure's name, a tile, a document; may be empty.
    pub about: String,
    /// The incident that it serves.
    pub incident: Option<IncidentId>,
    /// Where; it decides who may see it.
    pub admin_unit: AdminUnitCode,
    /// Whose it is: an agency; may be empty when there is an owner.
    pub agency: String,
    /// Who has to do it.
    pub owner: Option<PersonId>,
    /// How far it is.
    pub status: InstructionStatus,
    /// Who gave it; none: the system.
    pub given_by: Option<PersonId>,
    /// When.
    pub given_at_ms: Millis,
    /// When somebody took it.
    pub taken_at_ms: Millis,
    /// Who.
    pub taken_by: Option<PersonId>,
    /// When it was done, or cancelled.
    pub ended_at_ms: Millis,
    /// How it ended, or why it was opened again.
    pub note: String,
    /// How often it was opened again.
    pub reopened_count: u32,
    /// Its deadlines, oldest first, at most `limits::CLOCKS_MAX`.
    pub clocks: Vec<Clock>,
    /// Grows with every change but a step of a clock.
    pub version: u64,
    /// Part of a drill.
    pub exercise: bool,
    /// Who has seen that it is done.
    #[serde(default)]
    pub confirmed_by: Option<PersonId>,
    /// When.
    #[serde(default)]
    pub confirmed_at_ms: Millis,
}

record!(Instruction {
    id,
    title,
    about,
    incident,
    admin_unit,
    agency,
    owner,
    status,
    given_by,
    given_at_ms,
    taken_at_ms,
    taken_by,
    ended_at_ms,
    note,
    reopened_count,
    clocks,
    version,
    exercise,
    confirmed_by,
    confirmed_at_ms,
});
