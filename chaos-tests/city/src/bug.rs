//! Mistakes between consensus and people that can be put back, to see which judge finds them. Each is made where the city ties the parts
//! of a node together, so that what ships knows nothing of them.

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// A screen that resumes is told from one entry too late.
    ResumeOffByOne,
    /// Of the events of one alarm that are told together only the newest is.
    AlarmEventsConflated,
    /// After a change of the leader what a timer proposes is lost.
    TimerLost,
    /// Who was not answered sends again under a new number.
    RetryRenumbered,
    /// A phone forgets what it had not sent when it loses its line.
    OutboxForgotten,
    /// A look that is asked to be linearizable is answered from what the node has applied.
    ReadUnasked,
}

impl Mistake {
    /// All of them, with what is wrong.
    pub const ALL: &'static [(Self, &'static str)] = &[
        (Self::ResumeOffByOne, "a screen that resumes is told from one entry too late"),
        (Self::AlarmEventsConflated, "of the events of one alarm that are told together only the newest is"),
        (Self::TimerLost, "after a change of the leader what a timer proposes is lost"),
        (Self::RetryRenumbered, "who was not answered sends again under a new number"),
        (Self::OutboxForgotten, "a phone forgets what waits when its line goes"),
        (Self::ReadUnasked, "a linearizable look is answered from what the node has applied"),
    ];

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().map(|(mistake, _)| *mistake).find(|mistake| format!("{mistake:?}") == name)
    }
}
