//! What holds of the groups as others see them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[allow(unreachable_pub, dead_code, reason = "shared by the tests")]
mod common;

mod backup;
mod cluster;
mod disks;
mod membership;
mod readings;
mod suite;
