//! Many series under one bound: what a node that leads groups of sensors keeps of each, fed reading by reading. No clock, no
//! thread, no network; keys are the caller's.
//!
//! - [`Detectors`] says what is unusual. They learn from what goes by and from nothing else.
//! - [`Courses`] says which limit will probably be passed. A course is silent until it is given what was [`learn`]t of its
//!   [`History`].
//!
//! Each version of these models is a recipe and no weights: what is learnt is learnt on the node, from the operator's own
//! readings. The recipe's hash is the version's.

mod course;
mod detectors;
mod history;
mod recipe;

pub use course::{Courses, Outlook};
pub use detectors::{DETECTORS_PER_GROUP_MAX, Detectors};
pub use history::{COURSES_PER_GROUP_MAX, HISTORY_STEPS_MAX, History, LearnError, Learnt, STEPS_LEAST, learn};
pub use recipe::{LOAD_HOURS_LEAST, LOAD_HOURS_MAX, anomaly_recipe, anomaly_settings, forecast_recipe, load_recipe};

/// Local time less UTC of the province.
pub const UTC_OFFSET_H: i64 = 7;
/// The same in minutes.
pub const UTC_OFFSET_MINUTES: i32 = 7 * 60;

/// Which lead of which group: with another reign, what was learnt of the group's series holds no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lead {
    /// The group.
    pub group: u32,
    /// Grows with each lead.
    pub reign: u64,
}
