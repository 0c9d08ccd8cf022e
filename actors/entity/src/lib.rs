//! The actors: what decides what to propose. One ractor actor per district, camera, incident and unit with a deadline, and one per
//! sensor that is not quiet, hosted by the leader of their Raft group; the way to them from any node; and the bounds of both.
//!
//! - `rules.rs` of each noun is pure: plain values in, proposals out. `actor.rs` beside it is the shell.
//! - An actor holds only what may be lost. What it decides, it decides against the replicated state, so an actor that
//!   is restarted, doubled or deposed does no harm.
//! - [`Router`] is the one door: a message takes at most one hop to the node that leads its group. When the lead has
//!   moved it is the message that is sent on and decided anew, never the decided command.
//!
//! See `DESIGN.md` of this folder.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking"))]

mod admission;
mod advice;
mod alarm;
mod audit;
mod call;
mod camera;
mod clock;
mod cluster;
mod config;
mod counters;
mod deadline;
mod district;
mod error;
mod host;
mod incident;
mod notice;
mod overseer;
mod router;
mod sensor;
mod timer;
mod unit;
mod watch;
mod wiring;

#[cfg(test)]
mod tests;

/// For a simulator, which has these actors run on a cluster of its own.
#[doc(hidden)]
pub mod staged {
    pub use crate::cluster::Cluster;
}

pub use advice::{About, Advice, Advisor, Answer, Question, Silence};
pub use call::rules::NODE_DOOR;
pub use config::EntityConfig;
pub use counters::Counters;
pub use error::TellError;
pub use notice::{Courier, Undelivered};
pub use router::{Router, TELL_KIND};
pub use unit::recommend;
pub use watch::{Findings, Sight, Sights, Spot, Spotted, Watcher};
