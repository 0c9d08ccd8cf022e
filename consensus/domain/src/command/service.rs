//! Commands about what is in service.

use super::vocabulary::body;
use crate::{Condition, EntityId, Millis, wire::record};

body! {
    /// Takes a device, or one condition of it, out of service for a while: its alarms are kept and call for nobody.
    TakeOutOfService {
        /// A sensor or a camera.
        entity: EntityId,
        /// Which of its conditions; none: all.
        condition: Option<Condition>,
        /// Why; not empty.
        reason: String,
        /// Until when.
        until_ms: Millis,
    }
}

body! {
    /// Takes it back before its time.
    ReturnToService {
        /// A sensor or a camera.
        entity: EntityId,
        /// As it was taken out; none: what was taken out as a whole.
        condition: Option<Condition>,
    }
}
