//! Mistakes that are put back on purpose, to see that a judge finds them. Only with the feature `seeded-bugs`, which no
//! program that ships turns on.

use std::cell::Cell;

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bug {
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

impl Bug {
    const ALL: [Self; 12] = [
        Self::AssignedUnseen,
        Self::UnitInTwo,
        Self::OfferDeadlineForgotten,
        Self::OfferOfAnother,
        Self::TapOfAnother,
        Self::EscalatedAtOnce,
        Self::AnswerNotStored,
        Self::ReadingTwice,
        Self::ClockGoesBack,
        Self::StaleEpochAccepted,
        Self::AlarmConflated,
        Self::ReportOverConfirmed,
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
