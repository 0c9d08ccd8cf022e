//! What the log holds.

use bytes::Bytes;

use crate::{Command, Grant, Millis, RequestId, wire::record};

/// What the log holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Stamped once by the leader.
    pub at_ms: Millis,
    /// Names the request of a person; none for what is idempotent by itself.
    pub request: Option<RequestId>,
    /// By what right; none: the system itself.
    pub grant: Option<Grant>,
    /// What to do.
    pub command: Command,
    /// Drawn by the leader, `audit::SALT_BYTES` of chance: without it nobody can find out what an erased record held.
    pub salt: Bytes,
}

record!(Entry { at_ms, request, grant, command, salt } written_by crate::wire::bulk::entry);
