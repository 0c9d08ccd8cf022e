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
    /// A node that has led once is not told when it leads again.
    LeadToldOnce,
    /// A read of the log goes on to what stands in memory, past its own end.
    ReadBeyondEnd,
    /// Answers of a batch are given to those who wait in their order, though not every entry has somebody who waits.
    AnswersMisaligned,
    /// Of several changes to a row in one batch the first is written.
    FirstChangeKept,
    /// Who follows events goes on one index too late.
    EventsResumedLate,
    /// A snapshot is installed without a word to those who follow events.
    FloorNotRaised,
    /// Which ids were given away to nodes is not written down.
    NodeIdsForgotten,
    /// A backup is taken of what this node has applied, whatever was acknowledged.
    BackupUnasked,
}

impl Bug {
    const ALL: [Self; 16] = [
        Self::AcknowledgedBeforeQuorum,
        Self::StaleRead,
        Self::SnapshotWithoutMembers,
        Self::RequestForgotten,
        Self::ClockUnguarded,
        Self::ReadyTooEarly,
        Self::EventsDropped,
        Self::InstalledWithoutIndex,
        Self::LeadToldOnce,
        Self::ReadBeyondEnd,
        Self::AnswersMisaligned,
        Self::FirstChangeKept,
        Self::EventsResumedLate,
        Self::FloorNotRaised,
        Self::NodeIdsForgotten,
        Self::BackupUnasked,
    ];

    /// The one of that name; none: it is not of this crate.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bug| format!("{bug:?}") == name)
    }
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
