//! What only the disk in memory can do: to hold flushes, to break, and to lose what no flush has reached.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use raft::{
    disk::{Disk, LogOp, RowBatch},
    memory::MemoryDisk,
};

type Seen = Arc<Mutex<Vec<(u64, bool)>>>;

fn append(disk: &MemoryDisk, seen: &Seen, index: u64) {
    let seen = Arc::clone(seen);
    let op = LogOp::Append { group: 1, entries: vec![(index, Bytes::from("entry"))] };
    disk.submit(op, Box::new(move |outcome| seen.lock().unwrap().push((index, outcome.is_ok()))));
}

fn put(disk: &MemoryDisk, value: &'static str) {
    let puts = vec![(Bytes::from("key"), Bytes::from(value))];
    disk.write_rows(1, RowBatch { puts, applied: Bytes::from(value), ..RowBatch::default() }).unwrap();
}

#[test]
fn a_held_disk_does_nothing_until_it_is_released() {
    let disk = MemoryDisk::held();
    let seen = Seen::default();
    for index in 0..3 {
        append(&disk, &seen, index);
    }
    assert_eq!((disk.queued(), disk.log(1).unwrap().bounds), (3, None));
    assert_eq!(*seen.lock().unwrap(), []);
    assert_eq!(disk.release(), 3);
    assert_eq!(*seen.lock().unwrap(), [(0, true), (1, true), (2, true)]);
    assert_eq!((disk.flushes(), disk.log(1).unwrap().bounds), (1, Some((0, 2))));
    append(&disk, &seen, 3);
    assert_eq!((disk.queued(), disk.release(), disk.release()), (1, 1, 0));
}

#[test]
fn a_crash_keeps_what_a_flush_has_reached() {
    let seen = Seen::default();
    for (kept, value) in [(0, "one"), (1, "two"), (2, "three"), (9, "three")] {
        let disk = MemoryDisk::new();
        put(&disk, "one");
        append(&disk, &seen, 0);
        put(&disk, "two");
        put(&disk, "three");
        let after = disk.crash(kept);
        assert_eq!(after.applied(1).unwrap(), Some(Bytes::from(value)));
        assert_eq!(after.scan(1, b"a", b"z", 9).unwrap(), [(Bytes::from("key"), Bytes::from(value))]);
        assert_eq!(after.log(1).unwrap().bounds, Some((0, 0)));
        assert!(disk.log(1).is_err(), "the one that crashed is no more");
    }
}

#[test]
fn a_crash_forgets_what_is_queued() {
    let disk = MemoryDisk::held();
    let seen = Seen::default();
    append(&disk, &seen, 0);
    let after = disk.crash(usize::MAX);
    assert_eq!((disk.release(), after.log(1).unwrap().bounds), (0, None));
    assert_eq!(*seen.lock().unwrap(), []);
}

#[test]
fn a_broken_disk_fails_everybody() {
    let disk = MemoryDisk::held();
    let seen = Seen::default();
    append(&disk, &seen, 0);
    disk.fail();
    append(&disk, &seen, 1);
    assert_eq!(*seen.lock().unwrap(), [(0, false), (1, false)]);
    assert!(disk.write_rows(1, RowBatch::default()).is_err());
    assert!(disk.snapshot(1).is_err() && disk.install(1).is_err() && disk.close().is_err());
}

#[test]
fn a_callback_may_submit() {
    let disk = MemoryDisk::new();
    let seen = Seen::default();
    let (again, also) = (disk.clone(), Arc::clone(&seen));
    let done = Box::new(move |_: std::io::Result<()>| {
        append(&again, &also, 0);
        also.lock().unwrap().push((99, true));
    });
    disk.submit(LogOp::Vote { group: 1, vote: Bytes::new() }, done);
    assert_eq!(*seen.lock().unwrap(), [(99, true), (0, true)]);
}
