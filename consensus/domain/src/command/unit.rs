//! Commands about response units.

use super::vocabulary::body;
use crate::{Millis, Place, Unit, UnitId, UnitStatus, wire::record};

body! {
    /// Puts a response unit; its status, position and incident stay.
    PutUnit {
        /// As it shall be; its version is the one that was seen, 0 names none.
        unit: Unit,
    }
}

body! {
    /// A tap on a unit's phone.
    SetUnitStatus {
        /// Which.
        unit: UnitId,
        /// What it does now.
        status: UnitStatus,
        /// What the sender believes that it did.
        expected_status: UnitStatus,
        /// When it was tapped.
        tapped_at_ms: Millis,
        /// The assignment that the sender believes in; 0: whichever it is, as said by radio.
        assignment: u64,
        /// Why; may be empty.
        reason: String,
    }
}

body! {
    /// Where a unit is, sampled.
    MoveUnit {
        /// Which.
        unit: UnitId,
        /// Where.
        position: Place,
        /// When.
        at_ms: Millis,
    }
}
