//! A backup of a cluster: what a node gives out of it, as frames, and what a new cluster is seeded with.
//!
//! - `Export` reads a frozen view of every group and yields frames; writing goes on meanwhile.
//! - `FrameReader` takes bytes as they come over the line and yields parts, each checked by its checksum.
//! - `Summing` is what both sides count and hash, so that they can say that they hold the same.
//! - [`seed`] writes a group's rows onto an empty disk, as the state of a new cluster.
//!
//! The rows are those of a snapshot: the domain's protobuf under the domain's keys. So a backup knows nothing of how a disk
//! stores them, and credentials in it stay sealed.

mod export;
mod frame;
#[doc(hidden)]
pub mod fuzzing;
mod seed;
mod sum;

use domain::{GroupId, Row};

pub use export::{Export, View};
pub use frame::{FRAME_BYTES_MAX, FrameError, FrameReader, rows_from_bytes, rows_to_bytes};
pub use seed::{SeedError, seed};
pub use sum::{OutOfOrder, Sum, Summing};

/// How the parts are laid out. A reader refuses another one.
pub const FORMAT: u32 = 1;

/// A place in a group's log: the last entry that its rows hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogPlace {
    /// Index of the entry.
    pub index: u64,
    /// Its term.
    pub term: u64,
    /// The node that led in that term.
    pub leader: u64,
}

/// What a backup is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// [`FORMAT`] of whoever made it.
    pub format: u32,
    /// Name of the cluster.
    pub cluster: String,
    /// The cluster's epoch; a restored cluster has another.
    pub epoch: u64,
    /// The node that was asked.
    pub node: u64,
    /// Unix milliseconds by that node's clock, when the views were taken.
    pub at_ms: u64,
    /// Version of the program.
    pub program: String,
}

/// A part of a backup on its way. They come in this order: begin; for each group, the command group first, its place, its
/// rows in key order, their sum; end.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// What it is of.
    Begin(Begin),
    /// A group begins.
    Group(GroupId, LogPlace),
    /// The group's next rows.
    Rows(Vec<Row>),
    /// The group ends.
    Sum(Sum),
    /// All is there: so many groups.
    End(u32),
}
