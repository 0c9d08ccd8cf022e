//! HOW it is agreed: openraft, its log and its state machine over [`disk::Disk`], and what the node sees of it.
//!
//! - [`Groups`] is all of consensus on one node: propose, read, follow events, know who leads.
//! - `log` and `machine` are what openraft asks for; `disk` is what they ask for; `memory` is a disk for tests.
//!   Rows of `machine` may wait in a `backlog`.
//! - `network` sends Raft's messages over [`Mesh`], which is `peer` in a node; `serve` answers them.
//! - `backup` is what a node gives out of all groups, and what a new cluster is seeded with.
//! - `fold` packs readings on this node's disk, `readings` reads them back.
//! - `membership` says how members change, step by step and without IO; `change` takes the steps, `rest` gives leads away.
//! - `stage` is where all of it runs: tokio, or a simulator that decides everything from a seed; `inspect` is for its judges.
//! - Time is stamped once, by the leader, when a proposal is encoded (`groups`, `clock`).
//!
//! It does not know RocksDB, and what a command means is `domain`'s.

mod asked;
mod backlog;
pub mod backup;
#[cfg(feature = "seeded-bugs")]
pub mod bugs;
mod change;
mod clock;
mod digest;
pub mod disk;
mod fold;
#[doc(hidden)]
pub mod fuzzing;
mod groups;
pub mod inspect;
pub mod kinds;
mod knowledge;
mod lead;
mod log;
mod machine;
pub mod membership;
pub mod memory;
mod mesh;
mod network;
mod read;
mod readings;
mod rest;
mod room;
mod serve;
mod snapshot;
pub mod stage;
mod starting;
mod status;
mod succession;
mod tail;
mod timing;
mod types;

#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, reason = "made by prost from proto/")]
#[path = "wire/generated.rs"]
mod wire;

pub use change::{ChangeRefused, Progress};
pub use clock::CLOCK_SKEW_MS_MAX;
pub use digest::Digest;
pub use fold::{Due, Folded};
pub use groups::{Committed, Groups, PROPOSAL_BYTES_MAX, Proposal, ProposeError};
pub use lead::{LEAD_CHANGES_MAX, Lead, LeadChange};
pub use log::LogStore;
pub use machine::{AppliedAt, StateMachine};
pub use mesh::{Incoming, Mesh, Outgoing, Stream};
pub use read::ReadError;
pub use readings::Take;
pub use room::Room;
pub use snapshot::SnapshotData;
pub use status::GroupStatus;
pub use tail::BelowFloor;
pub use types::{Encoded, Node, NodeId, Outcome, TypeConfig};
