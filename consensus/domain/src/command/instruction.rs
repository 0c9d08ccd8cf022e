//! Commands about instructions. `proto/trongdong/v1/instruction.proto` tells what each is for.

use super::vocabulary::body;
use crate::{AdminUnitCode, IncidentId, InstructionId, Millis, PersonId, wire::record};

body! {
    /// Gives an instruction.
    GiveInstruction {
        /// What to do, in one line.
        title: String,
        /// What it was made from; may be empty.
        about: String,
        /// The incident that it serves.
        incident: Option<IncidentId>,
        /// Where.
        admin_unit: AdminUnitCode,
        /// Whose it is; may be empty when there is an owner.
        agency: String,
        /// Who has to do it.
        owner: Option<PersonId>,
        /// By when, an hour of the day; unset: as a policy says.
        due_at_ms: Millis,
        /// Part of a drill.
        exercise: bool,
    }
}

body! {
    /// Somebody takes it.
    TakeInstruction {
        /// Which.
        instruction: InstructionId,
        /// The version seen.
        expected_version: u64,
    }
}

body! {
    /// It is done.
    FinishInstruction {
        /// Which.
        instruction: InstructionId,
        /// The version seen.
        expected_version: u64,
        /// How it ended.
        note: String,
    }
}

body! {
    /// Whoever gives instructions has seen that it is done; nobody confirms their own work.
    ConfirmInstruction {
        /// Which.
        instruction: InstructionId,
        /// The version seen.
        expected_version: u64,
    }
}

body! {
    /// It need not be done.
    CancelInstruction {
        /// Which.
        instruction: InstructionId,
        /// The version seen.
        expected_version: u64,
        /// Why; not empty.
        reason: String,
    }
}

body! {
    /// It was not done.
    ReopenInstruction {
        /// Which.
        instruction: InstructionId,
        /// The version seen.
        expected_version: u64,
        /// Why; not empty.
        reason: String,
        /// By when now; unset: as a policy says.
        due_at_ms: Millis,
    }
}
