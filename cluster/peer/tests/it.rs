//! What holds of connections between nodes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

mod bus;
mod call;
mod identity;
mod stream;
