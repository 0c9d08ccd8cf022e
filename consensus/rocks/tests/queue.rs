//! The write-ahead thread seen from outside: what one flush serves, and what the queue does when it is full.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

use std::{
    sync::{Arc, mpsc},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use raft::disk::{Disk, LogOp};
use rocks::{Options, RocksDisk};

fn entries(range: std::ops::Range<u64>, size: usize) -> Vec<(u64, Bytes)> {
    range.map(|index| (index, Bytes::from(vec![7; size]))).collect()
}

/// Holds the write-ahead thread in a callback until the sender that it returns is dropped.
fn hold(disk: &RocksDisk) -> mpsc::Sender<()> {
    let (release, released) = mpsc::channel();
    let (arrive, arrived) = mpsc::channel();
    let done = Box::new(move |outcome: std::io::Result<()>| {
        outcome.unwrap();
        arrive.send(()).unwrap();
        let _ = released.recv();
    });
    disk.submit(LogOp::Committed { group: 0, committed: Bytes::new() }, done);
    arrived.recv().unwrap();
    release
}

#[test]
fn one_flush_serves_many_groups() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RocksDisk::open(folder.path(), &Options::default()).unwrap();
    let held = hold(&disk);
    let before = disk.counters();
    let (sender, receiver) = mpsc::channel();
    for group in 0..16 {
        for index in 0..10 {
            let sender = sender.clone();
            let op = LogOp::Append { group, entries: entries(index..index + 1, 100) };
            disk.submit(op, Box::new(move |outcome| sender.send(outcome.is_ok()).unwrap()));
        }
    }
    drop(sender);
    assert_eq!(disk.counters().queue_ops, 161);
    drop(held);
    assert_eq!(receiver.iter().filter(|done| *done).count(), 160);
    disk.close().unwrap();
    let after = disk.counters();
    assert_eq!(after.fsyncs - before.fsyncs, 1);
    assert_eq!(after.entries - before.entries, 160);
    assert_eq!(after.fsync_counts.iter().sum::<u64>(), after.fsyncs);
    assert_eq!((after.queue_ops, after.queue_bytes), (0, 0));
}

#[test]
fn what_nobody_waits_for_is_not_flushed() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RocksDisk::open(folder.path(), &Options::default()).unwrap();
    for _ in 0..5 {
        drop(hold(&disk));
    }
    disk.close().unwrap();
    assert_eq!((disk.counters().ops, disk.counters().fsyncs), (5, 0));
}

#[test]
fn a_flush_is_bounded_by_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let options = Options { drain_bytes_max: 10_000, ..Options::default() };
    let disk = RocksDisk::open(folder.path(), &options).unwrap();
    let held = hold(&disk);
    for index in 0..40 {
        disk.submit(LogOp::Append { group: 1, entries: entries(index..index + 1, 872) }, Box::new(|_| {}));
    }
    drop(held);
    disk.close().unwrap();
    assert_eq!(disk.counters().fsyncs, 4, "ten of 1000 bytes in each");
}

#[test]
fn room_waits_for_a_full_queue() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RocksDisk::open(folder.path(), &Options { queue_bytes_max: 5000, ..Options::default() }).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(disk.room().as_mut().poll(&mut context), Poll::Ready(()));
    let held = hold(&disk);
    disk.submit(LogOp::Append { group: 1, entries: entries(0..1, 6000) }, Box::new(|_| {}));
    let mut room = disk.room();
    assert_eq!(room.as_mut().poll(&mut context), Poll::Pending);
    drop(held);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(room);
    assert_eq!(disk.read_log(1, 0..1, 10).unwrap().len(), 1);
}

#[test]
fn who_waits_for_a_thread_that_panics_hears_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RocksDisk::open(folder.path(), &Options::default()).unwrap();
    let held = hold(&disk);
    disk.submit(LogOp::Vote { group: 1, vote: Bytes::new() }, Box::new(|_| panic!("a callback that panics")));
    drop(held);
    let (sender, receiver) = mpsc::channel();
    disk.submit(LogOp::Vote { group: 1, vote: Bytes::new() }, Box::new(move |outcome| sender.send(outcome).unwrap()));
    // Dropped with the batch of the one that panicked, or refused after it.
    assert!(!matches!(receiver.recv(), Ok(Ok(()))));
    assert!(disk.close().is_err());
    assert_eq!(disk.log(1).unwrap_err().to_string(), "the write-ahead thread panicked");
}

#[test]
fn a_callback_may_hold_the_last_handle() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::new(RocksDisk::open(folder.path(), &Options::default()).unwrap());
    let held = hold(&disk);
    let (sender, receiver) = mpsc::channel();
    let last = Arc::clone(&disk);
    let done = Box::new(move |outcome: std::io::Result<()>| {
        drop(last);
        sender.send(outcome.is_ok()).unwrap();
    });
    disk.submit(LogOp::Vote { group: 1, vote: Bytes::new() }, done);
    drop(disk);
    drop(held);
    assert!(receiver.recv().unwrap());
}

#[test]
fn free_bytes_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let disk = RocksDisk::open(folder.path(), &Options::default()).unwrap();
    let free = disk.free_bytes().unwrap();
    assert!(free > 0 && free < 1 << 60, "{free}");
}
