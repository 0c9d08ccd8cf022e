//! What holds of the domain as others see it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod any;
mod script;

mod access;
mod alarm_reports;
mod alarms;
mod audit;
mod bounds;
mod calls;
mod deadlines;
mod dispatch;
mod drills;
mod erasure;
mod files;
mod lunar;
mod properties;
mod registered;
mod releases;
mod reports;
mod rooms;
mod scripts;
mod units;
mod vocabulary;
mod whys;
