//! What consensus needs of a disk. One disk serves all groups of a node; group ids prefix its keys.
//!
//! Two kinds of write, one rule each:
//! - *Log operations* ([`LogOp`]) of all groups go through one queue in the order of [`Disk::submit`]. An operation is
//!   done when it, and all before it, are on the platter; one flush may serve many.
//! - *Applied state* ([`Disk::write_rows`]) is atomic and unsynced: it can be had again from the log.

use std::{future::Future, io, ops::Range, pin::Pin};

use bytes::Bytes;

/// Called once, from any thread, when an operation is durable. An error is final: the process must end.
pub type Done = Box<dyn FnOnce(io::Result<()>) + Send>;

/// A future that owns what it needs.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A change to a group's log. Bytes are opaque here; every one is checked again when it is read.
#[derive(Debug)]
pub enum LogOp {
    /// Appends entries; indexes are consecutive and follow the last one.
    Append {
        /// Raft group.
        group: u32,
        /// `(index, encoded entry)`.
        entries: Vec<(u64, Bytes)>,
    },
    /// Replaces the vote.
    Vote {
        /// Raft group.
        group: u32,
        /// Encoded vote.
        vote: Bytes,
    },
    /// Removes all entries from `from` on. Needs no flush of its own.
    Truncate {
        /// Raft group.
        group: u32,
        /// First index that goes.
        from: u64,
    },
    /// Removes all entries up to `upto`, included. Needs no flush of its own.
    Purge {
        /// Raft group.
        group: u32,
        /// Last index that goes.
        upto: u64,
        /// Encoded log id of it.
        purged: Bytes,
    },
    /// Remembers how far is committed. Needs no flush of its own.
    Committed {
        /// Raft group.
        group: u32,
        /// Encoded log id.
        committed: Bytes,
    },
}

impl LogOp {
    /// Bytes that it holds in a queue.
    #[must_use]
    pub fn bytes(&self) -> usize {
        const OVERHEAD: usize = 64;
        OVERHEAD
            + match self {
                Self::Append { entries, .. } => entries.iter().map(|(_, entry)| entry.len() + OVERHEAD).sum(),
                Self::Vote { vote: bytes, .. }
                | Self::Purge { purged: bytes, .. }
                | Self::Committed { committed: bytes, .. } => bytes.len(),
                Self::Truncate { .. } => 0,
            }
    }

    /// Whether somebody waits for it to be on the platter.
    #[must_use]
    pub fn needs_flush(&self) -> bool {
        matches!(self, Self::Append { .. } | Self::Vote { .. })
    }
}

/// What a group's log was when the disk was opened. Continuity and checksums of the log have been verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogOnDisk {
    /// Last vote.
    pub vote: Option<Bytes>,
    /// Last committed log id that was remembered.
    pub committed: Option<Bytes>,
    /// Log id of the last purged entry.
    pub purged: Option<Bytes>,
    /// Index of the first and the last entry present.
    pub bounds: Option<(u64, u64)>,
}

/// One atomic step of a group's applied state.
#[derive(Debug, Default)]
pub struct RowBatch {
    /// Rows that are new or changed: `(key, value)`.
    pub puts: Vec<(Bytes, Bytes)>,
    /// Rows that go.
    pub deletes: Vec<Bytes>,
    /// Events of applied entries: `(index, encoded EventBatch)`.
    pub events: Vec<(u64, Bytes)>,
    /// Events below this index leave the tail.
    pub event_floor: Option<u64>,
    /// Encoded applied log id and membership.
    pub applied: Bytes,
}

/// One atomic step of rows that nothing is decided by: what stands for other rows comes, and those go.
#[derive(Clone, Debug, Default)]
pub struct Replacement {
    /// Rows that go: all from the first key to before the second.
    pub range: Option<(Bytes, Bytes)>,
    /// Rows that go, one by one.
    pub deletes: Vec<Bytes>,
    /// Rows that come: `(key, value)`. None lies within `range`.
    pub puts: Vec<(Bytes, Bytes)>,
}

/// A frozen view of a group's applied state.
pub trait DiskSnapshot: Send {
    /// Encoded applied log id and membership, as given to [`Disk::write_rows`]; none before the first.
    fn applied(&self) -> io::Result<Option<Bytes>>;
    /// Which state its rows are of: another number after each snapshot that was installed.
    fn generation(&self) -> u32;
    /// Rows with `from <= key < to`, in key order, at most `rows_max`.
    fn scan(&self, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>>;
    /// The last row with `from <= key < to`.
    fn last(&self, from: &[u8], to: &[u8]) -> io::Result<Option<(Bytes, Bytes)>>;
    /// The next rows in key order, about `bytes_max` bytes of them; empty: the end.
    fn next_rows(&mut self, bytes_max: usize) -> io::Result<Vec<(Bytes, Bytes)>>;
}

/// A snapshot being received. Dropped before [`Install::finish`], it leaves nothing that counts.
pub trait Install: Send {
    /// Writes rows aside, in key order.
    fn put_rows(&mut self, rows: Vec<(Bytes, Bytes)>) -> io::Result<()>;
    /// Makes them the group's state in one durable step: rows, `applied`, an empty event tail whose floor is
    /// `event_floor`.
    fn finish(self: Box<Self>, applied: Bytes, event_floor: u64) -> io::Result<()>;
}

/// Where consensus keeps its log and its state. All calls but [`Disk::submit`] and [`Disk::room`] block on IO: they are
/// made from blocking threads.
pub trait Disk: Send + Sync + 'static {
    /// The log of a group as found.
    fn log(&self, group: u32) -> io::Result<LogOnDisk>;

    /// Resolves when the queue of log operations has room again.
    fn room(&self) -> BoxFuture<()>;

    /// Queues an operation. Never blocks; who does not wait for [`Disk::room`] may pass the queue's bound.
    fn submit(&self, op: LogOp, done: Done);

    /// Entries of `range`, as many as fit into `bytes_max` but at least one when there is one. A hole, or an entry whose
    /// checksum is wrong, is an error. Sees what is done, not what is queued.
    fn read_log(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>>;

    /// What was given as `applied` last.
    fn applied(&self, group: u32) -> io::Result<Option<Bytes>>;

    /// Entries are applied up to here, nobody has been told yet, and their rows follow by [`Disk::write_rows`], perhaps together
    /// with later ones. For who watches; a disk has nothing to do.
    fn applies(&self, _group: u32, _applied: &Bytes) {}

    /// One atomic step of applied state.
    fn write_rows(&self, group: u32, batch: RowBatch) -> io::Result<()>;

    /// One atomic, unsynced step of derived rows, unless another snapshot was installed since a view of `generation` was
    /// taken: then nothing is written, and false comes back. How far is applied stays.
    fn replace_rows(&self, group: u32, generation: u32, step: Replacement) -> io::Result<bool>;

    /// Rows with `from <= key < to`, in key order, at most `rows_max`.
    fn scan(&self, group: u32, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>>;

    /// Events of entries in `range`, at most about `bytes_max` bytes: `(index, encoded EventBatch)`.
    fn events(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>>;

    /// No event below this index is kept any more.
    fn event_floor(&self, group: u32) -> io::Result<u64>;

    /// A frozen view of the group's rows.
    fn snapshot(&self, group: u32) -> io::Result<Box<dyn DiskSnapshot>>;

    /// Begins to receive a snapshot.
    fn install(&self, group: u32) -> io::Result<Box<dyn Install>>;

    /// Waits until what is queued is done. For an orderly stop.
    fn close(&self) -> io::Result<()>;
}
