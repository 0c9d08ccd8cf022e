//! Triage of text: what a message reports, how bad it is, who needs what, and why the model thinks so.

pub mod calibrate;
pub mod danger;
pub mod evaluate;
pub mod features;
mod hand_written;
pub mod index;
pub mod labelled;
pub mod labels;
pub mod learner;
pub mod letters;
pub mod lexicon;
pub mod model;
pub mod normal;
pub mod people;
pub mod quality;
pub mod recipe;
pub mod schema;
pub mod shorthand;
pub mod store;
pub mod syllable;
pub mod train;
mod verdict;
mod worker;

pub use evaluate::{Evaluation, evaluate};
pub use hand_written::hand_written;
pub use recipe::{Made, Recipe, make};
pub use train::{Progress, Settings, TrainError, Trained, train};
pub use verdict::{
    BATCH_MAX, NAME, NONE_WORDS_MIN, REASONS_MAX, Reason, SHIPPED, Scored, Triage, Verdict, WORDS_EXPLAINED_MAX,
};
