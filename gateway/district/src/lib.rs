//! A district centre's own node: an edge over a persisted copy of what its account sees of the province. Cut off, its screens go
//! on and say how old they are; what people enter is kept, marked as not yet sent, and sent once. See `DESIGN.md` of this
//! folder.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic"))]

mod config;
mod copy;
mod disk;
mod district;
mod front;
#[doc(hidden)]
pub mod fuzzing;
pub mod limits;
pub mod line;
mod outbox;
mod people;
mod province;
mod record;
mod routes;
mod sender;
mod sessions;
mod shared;
mod shelf;
mod source;
mod store;
mod upstream;

pub use config::DistrictConfig;
pub use district::{District, DistrictError};
pub use outbox::OutboxLimits;
