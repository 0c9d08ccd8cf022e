//! The mistakes that can be put back, each where it belongs: on the disk, in what a snapshot reads, or inside consensus itself.

/// A mistake, and what it is in a few words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bug {
    /// The disk says that log entries are on the platter when they are in its queue.
    FlushSkipped,
    /// Votes are never written.
    VoteNotPersisted,
    /// Votes are written, but only with what is appended after them.
    VoteAfterLog,
    /// A truncated suffix comes back behind shorter new entries.
    SuffixKept,
    /// Rows are written with how far the batch before them was.
    AppliedIndexLost,
    /// A crash leaves half of the last batch of rows, and how far it went.
    TornBatchAccepted,
    /// A snapshot holds rows of a later moment than its index.
    SnapshotOfLaterRows,
    /// A snapshot holds no answers of sessions.
    AnswersNotInSnapshot,
    /// A proposal is answered once the leader itself has it.
    AcknowledgedBeforeQuorum,
    /// A read does not ask a quorum whether the leader still leads.
    StaleRead,
    /// A snapshot does not say who the members are.
    SnapshotWithoutMembers,
    /// A request goes into the log without its name.
    RequestForgotten,
    /// A leader stamps whatever its clock says.
    ClockUnguarded,
    /// A leader is ready before it has applied its first entry.
    ReadyTooEarly,
    /// Events of the first entry of a batch do not reach the tail.
    EventsDropped,
    /// A snapshot is installed without how far it is.
    InstalledWithoutIndex,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::FlushSkipped,
        Self::VoteNotPersisted,
        Self::VoteAfterLog,
        Self::SuffixKept,
        Self::AppliedIndexLost,
        Self::TornBatchAccepted,
        Self::SnapshotOfLaterRows,
        Self::AnswersNotInSnapshot,
        Self::AcknowledgedBeforeQuorum,
        Self::StaleRead,
        Self::SnapshotWithoutMembers,
        Self::RequestForgotten,
        Self::ClockUnguarded,
        Self::ReadyTooEarly,
        Self::EventsDropped,
        Self::InstalledWithoutIndex,
    ];

    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bug| format!("{bug:?}") == name)
    }

    /// Whether it is made inside consensus, and not by what it stands on.
    #[must_use]
    pub fn is_inside(self) -> bool {
        matches!(
            self,
            Self::AcknowledgedBeforeQuorum
                | Self::StaleRead
                | Self::SnapshotWithoutMembers
                | Self::RequestForgotten
                | Self::ClockUnguarded
                | Self::ReadyTooEarly
                | Self::EventsDropped
                | Self::InstalledWithoutIndex
        )
    }

    /// Makes consensus on this thread do it, if it is one of consensus itself.
    #[cfg(feature = "seeded-bugs")]
    pub fn make(bug: Option<Self>) {
        use raft::bugs::Bug as Inside;
        raft::bugs::make(match bug {
            Some(Self::AcknowledgedBeforeQuorum) => Some(Inside::AcknowledgedBeforeQuorum),
            Some(Self::StaleRead) => Some(Inside::StaleRead),
            Some(Self::SnapshotWithoutMembers) => Some(Inside::SnapshotWithoutMembers),
            Some(Self::RequestForgotten) => Some(Inside::RequestForgotten),
            Some(Self::ClockUnguarded) => Some(Inside::ClockUnguarded),
            Some(Self::ReadyTooEarly) => Some(Inside::ReadyTooEarly),
            Some(Self::EventsDropped) => Some(Inside::EventsDropped),
            Some(Self::InstalledWithoutIndex) => Some(Inside::InstalledWithoutIndex),
            _ => None,
        });
    }
}
