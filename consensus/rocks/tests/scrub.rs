//! What rots where nobody reads is found and named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic")]

use std::{path::Path, sync::mpsc};

use bytes::Bytes;
use raft::disk::{Disk, LogOp, RowBatch};
use rocks::{Options, RocksDisk};
use rocksdb::DB;

const FAMILIES: [&str; 5] = ["default", "log", "log_meta", "rows", "events"];
/// Bytes of one step: a few values.
const STEP_BYTES: usize = 200;
/// Steps of a round of what the tests store, and far more.
const STEPS_MAX: usize = 10_000;

/// Opening verifies the newest entries only, as it does on a node with a long log.
fn open(folder: &Path) -> RocksDisk {
    RocksDisk::open(folder, &Options { verify_bytes: 50, ..Options::default() }).unwrap()
}

/// A log of 100 entries in group 9, and 100 rows of history with an event in group 3.
fn fill(folder: &Path) {
    let disk = open(folder);
    let entries = (0..100).map(|index| (index, Bytes::from(format!("entry {index}")))).collect();
    let (sender, receiver) = mpsc::channel();
    disk.submit(LogOp::Append { group: 9, entries }, Box::new(move |outcome| sender.send(outcome).unwrap()));
    receiver.recv().unwrap().unwrap();
    let puts = (0..100).map(|at| (Bytes::from(format!("h{at:03}")), Bytes::from(format!("row {at}")))).collect();
    let events = vec![(5, Bytes::from("event"))];
    disk.write_rows(3, RowBatch { puts, events, applied: Bytes::from("applied"), ..RowBatch::default() }).unwrap();
    disk.close().unwrap();
}

/// Flips a bit of the value whose key ends so, as memory that forgets one would do before RocksDB sees it.
fn flip(folder: &Path, family: &str, key_end: &[u8]) {
    let db = DB::open_cf(&rocksdb::Options::default(), folder.join("db"), FAMILIES).unwrap();
    let family = db.cf_handle(family).unwrap();
    let mut found = db.iterator_cf(family, rocksdb::IteratorMode::Start).map(Result::unwrap);
    let (key, mut value) = found.find(|(key, _)| key.ends_with(key_end)).unwrap();
    drop(found);
    *value.last_mut().unwrap() ^= 1;
    db.put_cf(family, key, value).unwrap();
}

/// Reads until everything was read once more; in how many steps.
fn round(disk: &RocksDisk) -> usize {
    let rounds = disk.counters().scrub_rounds;
    let step = |_: &usize| {
        disk.scrub(STEP_BYTES).unwrap();
        disk.counters().scrub_rounds > rounds
    };
    (1..STEPS_MAX).find(step).expect("a round ends")
}

#[test]
fn an_old_entry_and_an_old_row_that_rot_are_named_although_nobody_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    flip(folder.path(), "log", &[2]);
    flip(folder.path(), "rows", b"h050");
    flip(folder.path(), "events", &[5]);
    let disk = open(folder.path());
    assert_eq!(disk.rotten(), Vec::<String>::new(), "nobody has looked yet");
    let steps = round(&disk);
    assert!(steps > 20, "{steps} steps: each is bounded");
    let expected = [
        "group 3: events of entry 5: its checksum is wrong",
        "group 3: row \"h050\": its checksum is wrong",
        "group 9: entry 2: its checksum is wrong",
    ];
    assert_eq!(disk.rotten(), expected);
    assert_eq!(disk.counters().rotten, 3);
    round(&disk);
    assert_eq!(disk.rotten(), expected, "and stay named");
    // A new row in its place is whole; the one after the next round no longer names it.
    let puts = vec![(Bytes::from("h050"), Bytes::from("row"))];
    disk.write_rows(3, RowBatch { puts, applied: Bytes::from("applied"), ..RowBatch::default() }).unwrap();
    round(&disk);
    assert_eq!(disk.rotten().len(), 2);
}

#[test]
fn what_is_whole_is_read_whole_and_nothing_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path());
    let disk = open(folder.path());
    round(&disk);
    let first = disk.counters();
    assert!(first.scrubbed_bytes > 200 * 10, "{first:?}");
    round(&disk);
    assert_eq!(disk.counters().scrubbed_bytes, 2 * first.scrubbed_bytes, "a round reads everything once");
    assert_eq!((disk.rotten(), disk.counters().rotten), (Vec::new(), 0));
}

#[test]
fn a_file_that_rots_below_rocksdb_is_named_too() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path());
    let needle = b"a value that is long enough to be found in the file and does not compress: 8f3k2j5h";
    // Many, so that it lies in a block that opening does not look into.
    let row = |at: u64| (Bytes::from(format!("{at:03}")), Bytes::from(format!("{:x}", at.pow(7)).repeat(5)));
    let mut puts: Vec<_> = (0..500).map(row).collect();
    puts[250].1 = Bytes::from(&needle[..]);
    disk.write_rows(3, RowBatch { puts, ..RowBatch::default() }).unwrap();
    disk.close().unwrap();
    drop(disk);
    // Opening writes what was in the write-ahead log into files.
    open(folder.path()).close().unwrap();
    let files = std::fs::read_dir(folder.path().join("db")).unwrap().map(|file| file.unwrap().path());
    let found = files.filter(|file| file.extension().is_some_and(|it| it == "sst")).find_map(|file| {
        let bytes = std::fs::read(&file).unwrap();
        let at = bytes.windows(8).position(|window| window == &needle[needle.len() - 8..])?;
        Some((file, bytes, at))
    });
    let (file, mut bytes, at) = found.expect("the value lies in one of the files");
    bytes[at] ^= 4;
    std::fs::write(file, bytes).unwrap();
    let disk = open(folder.path());
    round(&disk);
    assert!(disk.rotten().iter().any(|name| name.starts_with("rows: ")), "{:?}", disk.rotten());
}
