//! Finds what is unusual in a series of readings.

mod detector;
mod habit;
mod pattern;
pub mod nab;
mod reason;
mod record;
mod season;
mod settings;
mod tail;

pub use detector::{Detector, STATE_BYTES_MAX, State};
pub use reason::{Reason, Score, VIEWS, View};
pub use settings::Settings;

#[cfg(test)]
mod tests;
