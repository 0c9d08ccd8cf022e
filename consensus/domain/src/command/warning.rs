//! Commands about warnings to the public.

use super::vocabulary::body;
use crate::{IncidentId, WarningContent, WarningId, WarningMessage, wire::record};

body! {
    /// Writes a message, or a draft anew.
    DraftWarning {
        /// The draft that is written anew; none: a new one.
        draft: Option<WarningId>,
        /// Of that draft: the version seen.
        expected_version: u64,
        /// From which incident.
        incident: IncidentId,
        /// What it does.
        message: WarningMessage,
        /// Of an update or a cancellation: the message that is the newest now.
        of: Option<WarningId>,
        /// What it says.
        content: WarningContent,
    }
}

body! {
    /// Publishes a draft, by a person who did not write it.
    ApproveWarning {
        /// Which.
        warning: WarningId,
        /// The version seen.
        expected_version: u64,
    }
}

body! {
    /// It is not to be published.
    RejectWarning {
        /// Which.
        warning: WarningId,
        /// The version seen.
        expected_version: u64,
        /// Why; not empty.
        reason: String,
    }
}
