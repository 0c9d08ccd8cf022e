//! Finds what is unusual in a series of readings.

mod detector;
mod habit;
pub mod nab;
mod reason;
mod season;
mod settings;
mod tail;

pub use detector::{Detector, STATE_BYTES_MAX, State};
pub use reason::{Reason, Score, View};
pub use settings::{Settings, VIEWS};

#[cfg(test)]
mod tests;
