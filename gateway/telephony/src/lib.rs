//! The front door for telephones: SIP (RFC 3261) over UDP and TCP. A caller who rings here is offered to the cluster; when an
//! agent answers there, their phone is called and the two are put through. Signalling only: sound goes from phone to phone, but for
//! the announcement that those hear who are in the queue.
//!
//! It knows the cluster as [`Switchboard`]: what it tells, and how each caller stands. What is said on the wire is decided by
//! `bridge`, which is pure; `door` is the shell. See `DESIGN.md` of this folder.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking"))]

mod announce;
mod bridge;
mod door;
mod exchange;
pub mod fuzzing;
mod g711;
mod limits;
mod message;
mod party;
mod resend;
mod sdp;
mod wav;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use futures::future::BoxFuture;
use tokio::sync::watch;

pub use announce::{Announcement, wait_tone};
pub use door::{Door, DoorError};
pub use limits::{ANNOUNCEMENT_BYTES_MAX, ANNOUNCEMENT_S_MAX};
pub use wav::AnnouncementError;

/// Where the door is, and for whom it opens.
#[derive(Clone, Debug)]
pub struct DoorConfig {
    /// Address for UDP and TCP.
    pub listen: SocketAddr,
    /// What others reach it by, in `Contact` and `Via`; none: `listen`.
    pub public: Option<SocketAddr>,
    /// Exchanges that may offer calls; everybody else is refused with 403. Sound is sent to their addresses alone.
    pub trunks: BTreeSet<IpAddr>,
    /// What those hear who are in the queue; none: what their exchange plays.
    pub announcement: Option<Arc<Announcement>>,
}

/// A caller who rings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ringing {
    /// The exchange's id of the connection: its address and SIP's `Call-ID`.
    pub connection: String,
    /// What was dialled: the user of the request's address.
    pub line: String,
    /// The caller's number; empty: withheld.
    pub number: String,
}

/// Why a caller is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gone {
    /// Hung up.
    HungUp,
    /// Does not answer any more.
    Lost,
}

/// How a caller stands, by the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing is known of it (yet).
    Unknown,
    /// Rings at an agent, or waits for what becomes of it.
    Waiting,
    /// No agent is free: waits in the queue.
    Queued,
    /// An agent answered: this phone has to be called, and put through.
    Talking {
        /// SIP address; empty: the agent has none.
        phone: String,
    },
    /// The caller waits in the middle of it.
    Held,
    /// Goes on to somebody who is not ours.
    Transferred {
        /// A number or a SIP address.
        to: String,
    },
    /// Nothing more to do.
    Over,
}

/// What somebody in the queue can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueuePlace {
    /// How many have waited longer.
    pub before: usize,
    /// What the desk says to those who wait; may be empty. Characters that are not ASCII are left out of what SIP carries.
    pub message: String,
}

/// Why an offer was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The line or the number is none.
    Invalid,
    /// No more can wait.
    Full,
    /// No quorum took it.
    Unavailable,
}

/// The cluster, as the door sees it. All of it is idempotent by the connection.
pub trait Switchboard: Send + Sync + 'static {
    /// A caller rings. Resolves when a quorum holds it, or refuses it.
    fn offer(&self, ringing: Ringing) -> BoxFuture<'static, Result<(), Refused>>;
    /// A caller is gone. Told until a quorum holds it, or the deadline of the implementation.
    fn gone(&self, connection: String, why: Gone) -> BoxFuture<'static, ()>;
    /// The agent hung up their phone.
    fn agent_hung_up(&self, connection: String) -> BoxFuture<'static, ()>;
    /// The agent's phone could not be put through.
    fn phone_failed(&self, connection: String, why: String) -> BoxFuture<'static, ()>;
    /// How a caller stands, as this node knows it. Short, no waiting inside.
    fn standing(&self, connection: &str) -> Standing;
    /// Where a caller is who stands as [`Standing::Queued`]. Short, no waiting inside.
    fn place(&self, connection: &str) -> QueuePlace;
    /// Moves on whenever something may stand otherwise.
    fn changed(&self) -> watch::Receiver<u64>;
}
