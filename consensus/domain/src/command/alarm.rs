//! Commands about alarms.

use super::vocabulary::body;
use crate::{AlarmKey, Finding, IncidentId, Micro, Millis, Severity, wire::record};

body! {
    /// A condition came up.
    RaiseAlarm {
        /// Which.
        key: AlarmKey,
        /// One more than the last known: takes effect once.
        episode: u32,
        /// How bad it is.
        severity: Severity,
        /// What was measured.
        value_micro: Micro,
        /// What it passed.
        limit_micro: Micro,
        /// Part of a drill.
        exercise: bool,
        /// What a model found: in the active episode it takes the place of what was found before.
        finding: Option<Finding>,
    }
}

body! {
    /// The condition went.
    ClearAlarm {
        /// Which.
        key: AlarmKey,
        /// The episode that ends.
        episode: u32,
        /// What was measured.
        value_micro: Micro,
    }
}

body! {
    /// Somebody has seen it.
    AcknowledgeAlarm {
        /// Which.
        key: AlarmKey,
        /// The episode seen.
        episode: u32,
    }
}

body! {
    /// Puts it aside for a while.
    ShelveAlarm {
        /// Which.
        key: AlarmKey,
        /// Why; not empty.
        reason: String,
        /// Until when.
        until_ms: Millis,
    }
}

body! {
    /// Takes it back; the system does so at the end of the shelf.
    UnshelveAlarm {
        /// Which.
        key: AlarmKey,
    }
}

body! {
    /// Group 0 has heard.
    ConfirmAlarmReport {
        /// Which.
        key: AlarmKey,
        /// Of which episode.
        episode: u32,
        /// Which version.
        version: u64,
        /// What it feeds; none: nothing (an information).
        incident: Option<IncidentId>,
    }
}
