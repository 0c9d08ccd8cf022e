//! What holds of the doors for devices.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

mod mqtt_endpoint;
mod mqtt_subscriber;
mod rtsp_client;
mod rtsp_gstreamer;
