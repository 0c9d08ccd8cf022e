//! Incidents per district and hour, with an interval: for staffing, and to notice when a day leaves the expected band.
//!
//! A profile per district remembers what its week usually looks like; a net trained over all districts says by how much the
//! coming hours differ from that, from how the last hours, the last week and the whole province differed. Counts are few, so the
//! answer is a negative binomial distribution, not a line with a margin.

pub mod band;
pub mod counts;
pub mod day;
pub mod evaluate;
mod model;
mod profile;
mod train;

pub use counts::{CountForecast, DISTRICTS_MAX, HOURS_MAX, Hourly, HourlyError};
pub use model::{LoadLive, LoadModel};
pub use train::{LoadOptions, LoadQuality, LoadTrained, train};

/// How far ahead a load forecast looks: a day.
pub const AHEAD_H_MAX: usize = 24;
