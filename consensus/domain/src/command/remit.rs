//! The command that says what somebody works on. `proto/trongdong/v1/access.proto` tells what a remit is.

use super::vocabulary::body;
use crate::{PersonId, Remit, wire::record};

body! {
    /// Says in which fields, and for which agencies, somebody works.
    PutRemit {
        /// Whose.
        person: PersonId,
        /// Nothing named: all.
        remit: Remit,
    }
}
