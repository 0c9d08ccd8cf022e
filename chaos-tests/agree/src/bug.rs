//! The mistakes that can be put back, each where it belongs: on the disk, in what a snapshot reads, or inside consensus or the
//! domain.

/// Where a mistake is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Layer {
    /// What consensus stands on: the simulator makes it itself.
    Disk,
    /// `consensus/raft`.
    Raft,
    /// `consensus/domain`: on every node, and in the judges' own history, as it would be in a release.
    Domain,
}

impl Layer {
    /// Its name in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Disk => "disk",
            Self::Raft => "raft",
            Self::Domain => "domain",
        }
    }
}

macro_rules! bugs {
    ($($layer:ident { $($(#[doc = $doc:literal])+ $bug:ident,)+ })+) => {
        /// A mistake, and what it is in a few words.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Bug {
            $($($(#[doc = $doc])+ $bug,)+)+
        }

        impl Bug {
            /// All of them.
            pub const ALL: &'static [Self] = &[$($(Self::$bug,)+)+];

            /// Where it is made.
            #[must_use]
            pub fn layer(self) -> Layer {
                match self {
                    $($(Self::$bug)|+ => Layer::$layer,)+
                }
            }

            /// What it is, in a sentence.
            #[must_use]
            pub fn what(self) -> &'static str {
                match self {
                    $($(Self::$bug => concat!($($doc),+).trim_ascii(),)+)+
                }
            }
        }
    };
}

bugs! {
    Disk {
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
    }
    Raft {
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
        /// A node that has led once is not told when it leads again: its timers are lost.
        LeadToldOnce,
        /// A read of the log goes on to what stands in memory, past its own end.
        ReadBeyondEnd,
        /// Answers of a batch go to those who wait, in their order, though not every entry has one who waits.
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
    Domain {
        /// Units are assigned without a look at the version that the dispatcher saw.
        AssignedUnseen,
        /// A unit is assigned though it is in an incident already.
        UnitInTwo,
        /// An offer's deadline is not read back with its unit.
        OfferDeadlineForgotten,
        /// An offer's timer ends whatever offer the unit has, whenever it comes.
        OfferOfAnother,
        /// A tap counts for the assignment that there is now, not for the one that it was made for.
        TapOfAnother,
        /// An escalation leaves the deadline where it was, so that the next one is due at once.
        EscalatedAtOnce,
        /// What a request was answered is not among the rows.
        AnswerNotStored,
        /// A reading that is there already is recorded again.
        ReadingTwice,
        /// The clock of the state is the newest stamp, also when it lies before the last one.
        ClockGoesBack,
        /// A camera's health is taken from a node that has lost the camera.
        StaleEpochAccepted,
        /// What was heard of an alarm counts for every alarm of the same device.
        AlarmConflated,
        /// A confirmed report counts for the newest version of the alarm, whichever was reported.
        ReportOverConfirmed,
    }
}

impl Bug {
    /// The one of that name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|bug| format!("{bug:?}") == name)
    }

    /// Whether it is made inside the product's crates, and not by what they stand on.
    #[must_use]
    pub fn is_inside(self) -> bool {
        self.layer() != Layer::Disk
    }

    /// Makes the crates on this thread do it, if it is one of theirs.
    #[cfg(feature = "seeded-bugs")]
    pub fn make(bug: Option<Self>) {
        let of = |layer| bug.filter(|bug| bug.layer() == layer).map(|bug| format!("{bug:?}"));
        raft::bugs::make(of(Layer::Raft).and_then(|name| raft::bugs::Bug::named(&name)));
        domain::bugs::make(of(Layer::Domain).and_then(|name| domain::bugs::Bug::named(&name)));
    }
}

#[cfg(all(test, feature = "seeded-bugs"))]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_known_to_the_crate_that_makes_it() {
        for bug in Bug::ALL {
            let name = format!("{bug:?}");
            assert_eq!(raft::bugs::Bug::named(&name).is_some(), bug.layer() == Layer::Raft, "{name}");
            assert_eq!(domain::bugs::Bug::named(&name).is_some(), bug.layer() == Layer::Domain, "{name}");
        }
    }
}
