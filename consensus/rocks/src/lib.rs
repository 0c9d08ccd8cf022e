//! Where consensus keeps its log and its state: [`raft::disk::Disk`] on RocksDB.
//!
//! - One database and one write-ahead log for all groups of a node; the group's id begins every key (`key`).
//! - One thread, `wal`, writes the log operations of all groups: one batch, one flush, then all callbacks (`wal`).
//! - Every value carries its checksum and is verified when it is read (`value`).
//! - A file beside the database remembers how far each log was durable, so that a log that RocksDB cut short when it
//!   opened is found out (`watermark`).
//! - An error is final: the disk refuses every call after it, and the process must end (`fault`).
//!
//! It knows neither the domain nor Raft: bytes, indexes and groups only.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic"))]

mod core;
mod counters;
mod disk;
mod fault;
mod hindrance;
mod install;
mod key;
mod lock;
mod log;
mod open;
mod options;
mod queue;
mod rows;
mod scrub;
mod snapshot;
mod span;
mod value;
mod verify;
mod wal;
mod watermark;

pub use crate::{
    counters::{CounterValues, FSYNC_BUCKETS_US},
    disk::RocksDisk,
    hindrance::{HINDERED_FOR_MAX, HINDRANCE_MAX},
    open::OpenError,
    options::Options,
    scrub::ROTTEN_NAMES_MAX,
};
