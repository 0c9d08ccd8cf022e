//! What no longer counts leaves the disk, not only the answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::{path::Path, sync::mpsc};

use bytes::Bytes;
use raft::disk::{Disk, LogOp, RowBatch};
use rocks::{Options, RocksDisk};
use rocksdb::{DB, IteratorMode};

/// Keys that lie in a column family when the disk has been closed.
fn count(folder: &Path, family: &str) -> usize {
    let families = ["default", "log", "log_meta", "rows", "events"];
    let db = DB::open_cf(&rocksdb::Options::default(), folder.join("db"), families).unwrap();
    db.iterator_cf(db.cf_handle(family).unwrap(), IteratorMode::Start).map(Result::unwrap).count()
}

fn open(folder: &Path) -> RocksDisk {
    RocksDisk::open(folder, &Options::default()).unwrap()
}

fn row(key: &'static str) -> Vec<(Bytes, Bytes)> {
    vec![(Bytes::from(key), Bytes::from("row"))]
}

fn run(disk: &RocksDisk, op: LogOp) {
    let (sender, receiver) = mpsc::channel();
    disk.submit(op, Box::new(move |outcome| sender.send(outcome).unwrap()));
    receiver.recv().unwrap().unwrap();
}

#[test]
fn an_install_removes_the_rows_and_events_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path());
    let events = vec![(1, Bytes::from("event"))];
    disk.write_rows(1, RowBatch { puts: row("old"), events, ..RowBatch::default() }).unwrap();
    let mut install = disk.install(1).unwrap();
    install.put_rows(row("new")).unwrap();
    install.finish(Bytes::new(), 2).unwrap();
    drop(disk);
    assert_eq!((count(folder.path(), "rows"), count(folder.path(), "events")), (1, 0));
}

#[test]
fn an_install_given_up_removes_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path());
    disk.write_rows(1, RowBatch { puts: row("old"), ..RowBatch::default() }).unwrap();
    let mut install = disk.install(1).unwrap();
    install.put_rows(row("new")).unwrap();
    drop(install);
    drop(disk);
    assert_eq!(count(folder.path(), "rows"), 1);
}

#[test]
fn opening_removes_what_an_install_left_that_never_ended() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path());
    disk.write_rows(1, RowBatch { puts: row("old"), ..RowBatch::default() }).unwrap();
    let mut install = disk.install(1).unwrap();
    install.put_rows(row("new")).unwrap();
    // It is never dropped, and its database never closed: a copy of the files is what a crash leaves.
    let crashed = tempfile::tempdir().unwrap();
    std::fs::create_dir(crashed.path().join("db")).unwrap();
    for name in ["", "db"] {
        for file in std::fs::read_dir(folder.path().join(name)).unwrap().map(|file| file.unwrap()) {
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), crashed.path().join(name).join(file.file_name())).unwrap();
            }
        }
    }
    assert_eq!(count(crashed.path(), "rows"), 2);
    drop(open(crashed.path()));
    assert_eq!(count(crashed.path(), "rows"), 1);
}

#[test]
fn purged_entries_and_events_below_the_floor_go_in_steps_and_all_at_the_next_opening() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path());
    let entries = (0..3000).map(|index| (index, Bytes::from("entry"))).collect::<Vec<_>>();
    run(&disk, LogOp::Append { group: 1, entries: entries.clone() });
    disk.write_rows(1, RowBatch { events: entries, ..RowBatch::default() }).unwrap();
    let forget = |disk: &RocksDisk, below: u64| {
        run(disk, LogOp::Purge { group: 1, upto: below - 1, purged: Bytes::new() });
        disk.write_rows(1, RowBatch { event_floor: Some(below), ..RowBatch::default() }).unwrap();
    };
    forget(&disk, 1000);
    forget(&disk, 1500);
    forget(&disk, 1600);
    drop(disk);
    assert_eq!((count(folder.path(), "log"), count(folder.path(), "events")), (1500, 1500), "one step of 1024 or more");
    drop(open(folder.path()));
    assert_eq!((count(folder.path(), "log"), count(folder.path(), "events")), (1400, 1400));
}
