//! What is said of a reading, and why.

use serde::{Deserialize, Serialize};

use super::settings::VIEWS;

/// How unusual a reading is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// 0: nothing to remark, towards 1: nothing like it before. A finding, and no alarm.
    pub score: f64,
    /// What is unusual about it; none where the score is 0.
    pub reason: Option<Reason>,
}

impl Score {
    /// Nothing to remark.
    pub const NOTHING: Self = Self { score: 0.0, reason: None };
}

/// What is unusual.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// Higher than before, for a moment.
    Spike,
    /// Lower than before, for a moment.
    Dip,
    /// The level has risen.
    LevelUp,
    /// The level has fallen.
    LevelDown,
    /// Higher than is usual at this hour.
    AboveUsual,
    /// Lower than is usual at this hour.
    BelowUsual,
    /// It varies more than before.
    Restless,
    /// It varies less than before.
    Flat,
    /// Nothing came for longer than before.
    Gap,
    /// Many unusual readings close together.
    Crowd,
}

/// One way of looking at a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The value.
    High,
    /// The value, low.
    Low,
    /// Above the short mean.
    JumpUp,
    /// Below the short mean.
    JumpDown,
    /// The middle mean, high.
    MidUp,
    /// The middle mean, low.
    MidDown,
    /// The long mean, high.
    LongUp,
    /// The long mean, low.
    LongDown,
    /// Above what is usual at this hour.
    RestUp,
    /// Below what is usual at this hour.
    RestDown,
    /// The same over the short span.
    RestShortUp,
    /// The same over the short span.
    RestShortDown,
    /// The same over the middle span.
    RestMidUp,
    /// The same over the middle span.
    RestMidDown,
    /// Mean change from reading to reading, large.
    ChangeUp,
    /// Mean change from reading to reading, small.
    ChangeDown,
    /// Time since the last reading.
    Gap,
    /// Mean surprise over the middle span.
    Crowd,
}

impl View {
    /// Every view, in the order of the weights.
    pub const ALL: [Self; VIEWS] = [
        Self::High,
        Self::Low,
        Self::JumpUp,
        Self::JumpDown,
        Self::MidUp,
        Self::MidDown,
        Self::LongUp,
        Self::LongDown,
        Self::RestUp,
        Self::RestDown,
        Self::RestShortUp,
        Self::RestShortDown,
        Self::RestMidUp,
        Self::RestMidDown,
        Self::ChangeUp,
        Self::ChangeDown,
        Self::Gap,
        Self::Crowd,
    ];

    /// What it means when this view is the most surprising.
    pub fn reason(self) -> Reason {
        match self {
            Self::High | Self::JumpUp => Reason::Spike,
            Self::Low | Self::JumpDown => Reason::Dip,
            Self::MidUp | Self::LongUp => Reason::LevelUp,
            Self::MidDown | Self::LongDown => Reason::LevelDown,
            Self::RestUp | Self::RestShortUp | Self::RestMidUp => Reason::AboveUsual,
            Self::RestDown | Self::RestShortDown | Self::RestMidDown => Reason::BelowUsual,
            Self::ChangeUp => Reason::Restless,
            Self::ChangeDown => Reason::Flat,
            Self::Gap => Reason::Gap,
            Self::Crowd => Reason::Crowd,
        }
    }
}
