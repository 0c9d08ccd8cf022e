//! Is this the same incident? Reports that may be about one and the same, a probability, and the reasons for it.
//!
//! An [`Index`] keeps the reports of late and finds candidates by place, time and a glance at the text; a [`Model`] scores each pair;
//! [`may_merge_automatically`] says whether a policy lets that be acted on without asking. It suggests only: nothing here merges.

pub mod calls;
pub mod evaluate;
mod index;
mod model;
pub mod normalise;
mod pair;
pub mod pleas;
mod policy;
mod store;
mod text;
mod train;
mod worker;

pub use index::{
    CANDIDATES_MAX, CELL_REPORTS_MAX, GAP_MS_MAX, GLANCES_MAX, Index, REPORTS_MAX, REPORTS_PER_KEY_MAX, Suggestion,
};
pub use model::{Model, Reason, Score};
pub use pair::{Ground, Known, Report};
pub use policy::{Because, MergePolicy, PROBABILITY_FLOOR, Target, Verdict, may_merge_automatically};
pub use store::{KIND, NAME, shipped};
pub use text::{Rarity, Text, WORDS_MAX, shared_words};
pub use train::{DuplicateOptions, DuplicateQuality, DuplicateTrained, recipe, train};
pub use worker::{Matcher, Question, Same};

/// A report of which it is known what it is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Labelled {
    /// The report.
    pub report: Report,
    /// Which event; equal is the same.
    pub event: u32,
    /// Which spot. Two events at one spot soon after each other may be one: nobody knows, so such a pair is not counted.
    pub spot: u32,
}

impl Labelled {
    /// Whether both are about the same; nothing where nobody knows.
    #[must_use]
    pub fn same(&self, other: &Self) -> Option<bool> {
        match (self.event == other.event, self.spot == other.spot) {
            (true, _) => Some(true),
            (false, true) => None,
            (false, false) => Some(false),
        }
    }
}
