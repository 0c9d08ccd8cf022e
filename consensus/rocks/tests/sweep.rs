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

/// A copy of the files is what a crash leaves.
fn crash(folder: &Path) -> tempfile::TempDir {
    let crashed = tempfile::tempdir().unwrap();
    for name in ["", "db", "install"] {
        std::fs::create_dir_all(crashed.path().join(name)).unwrap();
        let Ok(files) = std::fs::read_dir(folder.join(name)) else { continue };
        for file in files.map(|file| file.unwrap()) {
            if file.file_type().unwrap().is_file() {
                std::fs::copy(file.path(), crashed.path().join(name).join(file.file_name())).unwrap();
            }
        }
    }
    crashed
}

#[test]
fn opening_removes_what_an_install_left_that_never_ended() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path());
    disk.write_rows(1, RowBatch { puts: row("old"), ..RowBatch::default() }).unwrap();
    let mut install = disk.install(1).unwrap();
    // More than one file holds, so that the first is written and the rest is not.
    for number in 0..40_u8 {
        install.put_rows(vec![(Bytes::from(vec![number]), Bytes::from(vec![number; 1 << 20]))]).unwrap();
    }
    let crashed = crash(folder.path());
    let left = std::fs::read_dir(crashed.path().join("install")).unwrap().count();
    assert_eq!(left, 2, "files of 16 MiB and what is held in memory");
    drop(open(crashed.path()));
    assert!(!crashed.path().join("install").exists());
    assert_eq!(count(crashed.path(), "rows"), 1);
    // The install itself goes on.
    install.finish(Bytes::new(), 0).unwrap();
    let left = std::fs::read_dir(folder.path().join("install")).unwrap().count();
    drop(disk);
    assert_eq!((count(folder.path(), "rows"), left), (40, 0));
}

/// Bytes of the database's files of one kind.
fn bytes_of(folder: &Path, kind: &str) -> u64 {
    let files = std::fs::read_dir(folder.join("db")).unwrap().map(Result::unwrap);
    let of_kind = files.filter(|file| file.path().extension().is_some_and(|it| it == kind));
    of_kind.map(|file| file.metadata().unwrap().len()).sum()
}

#[test]
fn a_snapshot_that_comes_is_no_work_for_the_write_ahead_log() {
    const BYTES: u64 = 40 << 20;
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path());
    disk.write_rows(1, RowBatch { puts: row("old"), ..RowBatch::default() }).unwrap();
    let before = bytes_of(folder.path(), "log");
    let mut install = disk.install(1).unwrap();
    // Nothing that could be compressed.
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()
    };
    for number in 0..u32::try_from(BYTES >> 16).unwrap() {
        let value: Vec<u8> = std::iter::repeat_with(&mut noise).flatten().take(1 << 16).collect();
        install.put_rows(vec![(Bytes::from(number.to_be_bytes().to_vec()), Bytes::from(value))]).unwrap();
    }
    install.finish(Bytes::new(), 0).unwrap();
    let logged = bytes_of(folder.path(), "log").saturating_sub(before);
    assert!(logged < 1 << 10, "{logged} bytes of the write-ahead log for one that flips the generation");
    let sorted = bytes_of(folder.path(), "sst");
    assert!(sorted > BYTES && sorted < BYTES + (BYTES >> 4), "{sorted} bytes of sorted files");
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
