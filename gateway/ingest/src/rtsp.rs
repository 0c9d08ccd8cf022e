//! Cameras: an RTSP 1.0 client (RFC 2326) for H.264 over interleaved TCP. `session` and `depacketize` are pure and take
//! time and bytes as values; `client` gives them a socket; `fleet` runs the cameras of a node and their viewers.

pub mod address;
pub mod auth;
pub mod client;
pub mod depacketize;
pub mod fleet;
pub mod h264;
mod hub;
pub mod sdp;
pub mod session;

pub use client::{CameraConfig, CameraEvent, CameraStream, StreamCounters};
pub use depacketize::AccessUnit;
pub use fleet::{Assigned, CameraReport, Fleet, FleetError};
