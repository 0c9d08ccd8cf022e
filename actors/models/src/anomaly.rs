//! Finds what is unusual in a series of readings: spikes, new levels, standstills, steps that were never taken, silences. One
//! [`Detector`] a sensor, constant in size, one pass, no look-ahead, no clock and no chance: the same readings give the same
//! findings on every node. What it says is a finding beside the thresholds and no alarm: a value may be far from every limit
//! and unusual, or beyond a limit every day.
//!
//! ```
//! use models::anomaly::{Detector, Settings};
//!
//! let mut detector = Detector::new(Settings::default());
//! for minute in 0..600 {
//!     detector.observe(minute * 60_000, 2.0 + (minute % 5) as f64 / 10.0);
//! }
//! let finding = detector.observe(600 * 60_000, 9.0);
//! assert!(finding.score > 0.5);
//! assert_eq!(finding.reason.map(|reason| reason.en()), Some("Higher than ever before"));
//! ```

pub mod choose;
mod detector;
mod habit;
pub mod nab;
mod pattern;
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
