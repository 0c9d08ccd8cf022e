//! Mistakes that are put back on purpose, to see that a judge finds them. Only with the feature `seeded-bugs`, which no
//! program that ships turns on.

use std::cell::Cell;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
    /// A proposal is answered once the leader itself has it.
    AcknowledgedBeforeQuorum,
    /// A read does not ask a quorum whether this node still leads.
    StaleRead,
    /// A snapshot does not say who the members are.
    SnapshotWithoutMembers,
    /// A proposal goes into the log without the name of its request.
    RequestForgotten,
    /// A leader stamps whatever its clock says.
    ClockUnguarded,
    /// Actors wake before the first entry of the term is applied.
    ReadyTooEarly,
    /// Events of the first entry of each batch do not reach the tail.
    EventsDropped,
    /// State is installed from a snapshot, but not how far it is.
    InstalledWithoutIndex,
}

thread_local! {
    static ON: Cell<Option<Bug>> = const { Cell::new(None) };
}

/// Makes this mistake on this thread from now on, or none.
pub fn make(bug: Option<Bug>) {
    ON.set(bug);
}

pub(crate) fn is_made(bug: Bug) -> bool {
    ON.get() == Some(bug)
}
