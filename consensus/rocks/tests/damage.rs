//! What is wrong on the disk is found and named, and never served.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    sync::mpsc,
};

use bytes::Bytes;
use raft::disk::{Disk, LogOp, RowBatch};
use rocks::{OpenError, Options, RocksDisk};
use rocksdb::DB;

const FAMILIES: [&str; 5] = ["default", "log", "log_meta", "rows", "events"];

fn open(folder: &Path) -> Result<RocksDisk, OpenError> {
    RocksDisk::open(folder, &Options::default())
}

fn run(disk: &RocksDisk, op: LogOp) {
    let (sender, receiver) = mpsc::channel();
    disk.submit(op, Box::new(move |outcome| sender.send(outcome).unwrap()));
    receiver.recv().unwrap().unwrap();
}

fn append(disk: &RocksDisk, group: u32, range: std::ops::Range<u64>) {
    let entries = range.map(|index| (index, Bytes::from(format!("entry {index}")))).collect();
    run(disk, LogOp::Append { group, entries });
}

fn close(disk: RocksDisk) {
    disk.close().unwrap();
    drop(disk);
}

/// The database without the disk around it.
fn raw(folder: &Path) -> DB {
    DB::open_cf(&rocksdb::Options::default(), folder.join("db"), FAMILIES).unwrap()
}

/// Changes the value whose key ends in `key_end`, as memory that forgets a bit would do before RocksDB sees it.
fn change(folder: &Path, family: &str, key_end: &[u8], change: impl FnOnce(&mut Vec<u8>)) {
    change_where(folder, family, |key, _| key.ends_with(key_end), change);
}

/// The same for the first value of which this holds.
fn change_if(folder: &Path, family: &str, is_it: impl Fn(&[u8]) -> bool, change: impl FnOnce(&mut Vec<u8>)) {
    change_where(folder, family, |_, value| is_it(value), change);
}

fn change_where(folder: &Path, family: &str, is_it: impl Fn(&[u8], &[u8]) -> bool, change: impl FnOnce(&mut Vec<u8>)) {
    let db = raw(folder);
    let family = db.cf_handle(family).unwrap();
    let mut found = db.iterator_cf(family, rocksdb::IteratorMode::Start).map(Result::unwrap);
    let (key, value) = found.find(|(key, value)| is_it(key, value)).unwrap();
    drop(found);
    let mut value = value.to_vec();
    change(&mut value);
    db.put_cf(family, key, value).unwrap();
}

#[allow(clippy::ptr_arg, reason = "`change` hands over values that may grow")]
fn flip_last_bit(value: &mut Vec<u8>) {
    *value.last_mut().unwrap() ^= 1;
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(folder.join("db")).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|found| found == extension)).collect()
}

#[test]
fn a_flipped_bit_in_a_row_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    let puts = ["alpha", "beta"].map(|key| (Bytes::from(key), Bytes::from("value"))).to_vec();
    let events = vec![(5, Bytes::from("event"))];
    disk.write_rows(3, RowBatch { puts, events, applied: Bytes::from("applied"), ..RowBatch::default() }).unwrap();
    close(disk);
    change(folder.path(), "rows", b"beta", flip_last_bit);
    change(folder.path(), "events", &[5], flip_last_bit);

    let disk = open(folder.path()).unwrap();
    assert_eq!(disk.scan(3, b"alpha", b"beta", 10).unwrap().len(), 1, "others are not touched by it");
    let remedy = "is damaged, its checksum is wrong: replace this node: it must come back under a new id";
    let error = disk.scan(3, b"", b"z", 10).unwrap_err();
    assert_eq!(error.to_string(), format!("group 3: row \"beta\" {remedy}"));
    let mut snapshot = disk.snapshot(3).unwrap();
    assert_eq!(snapshot.next_rows(1).unwrap().len(), 1);
    for _ in 0..2 {
        let error = snapshot.next_rows(1).unwrap_err();
        assert_eq!(error.to_string(), format!("group 3: row \"beta\" {remedy}"), "and is not taken for the end");
    }
    let error = disk.events(3, 0..9, 1000).unwrap_err();
    assert_eq!(error.to_string(), format!("group 3: events of entry 5 {remedy}"));
}

#[test]
fn a_row_under_a_wrong_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    let puts = vec![(Bytes::from("a"), Bytes::from("value"))];
    disk.write_rows(3, RowBatch { puts, ..RowBatch::default() }).unwrap();
    close(disk);
    let db = raw(folder.path());
    let rows = db.cf_handle("rows").unwrap();
    let (key, value) = db.iterator_cf(rows, rocksdb::IteratorMode::Start).next().unwrap().unwrap();
    let moved = [&key[..key.len() - 1], b"b"].concat();
    db.put_cf(rows, moved, value).unwrap();
    drop(db);
    let error = open(folder.path()).unwrap().scan(3, b"", b"z", 10).unwrap_err();
    assert!(error.to_string().starts_with("group 3: row \"b\" is damaged"), "{error}");
}

#[test]
fn a_bit_flipped_in_a_file_of_rows_is_never_served() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    let needle = "a value that is long enough to be found in the file and does not compress: 8f3k2j5h";
    // Many, so that it lies in a block that opening does not look into.
    let row = |at: u64| (Bytes::from(format!("{at:03}")), Bytes::from(format!("{:x}", at.pow(7)).repeat(5)));
    let mut puts: Vec<_> = (0..500).map(row).collect();
    puts[250].1 = Bytes::from(needle);
    disk.write_rows(3, RowBatch { puts, ..RowBatch::default() }).unwrap();
    close(disk);
    // Opening writes what was in the write-ahead log into files.
    close(open(folder.path()).unwrap());
    let found = files(folder.path(), "sst").into_iter().find_map(|file| {
        let bytes = fs::read(&file).unwrap();
        let at = bytes.windows(8).position(|window| window == &needle.as_bytes()[needle.len() - 8..])?;
        Some((file, bytes, at))
    });
    let (file, mut bytes, at) = found.expect("the value lies in one of the files");
    bytes[at] ^= 4;
    fs::write(file, bytes).unwrap();
    let disk = open(folder.path()).unwrap();
    let error = disk.scan(3, b"", b"z", 500).unwrap_err();
    assert!(error.to_string().starts_with("group 3: reading rows: Corruption: "), "{error}");
    assert!(error.to_string().ends_with("it must come back under a new id"), "{error}");
}

#[test]
fn a_damaged_entry_is_refused_at_open() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    append(&disk, 9, 0..10);
    close(disk);
    change(folder.path(), "log", &[7], flip_last_bit);
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Damaged { group: 9, index: 7, .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "group 9: the log is damaged at index 7, its checksum is wrong: \
         replace this node: it must come back under a new id"
    );
}

#[test]
fn a_damaged_entry_that_was_too_old_to_be_verified_is_found_when_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    append(&disk, 9, 0..10);
    close(disk);
    change(folder.path(), "log", &[2], flip_last_bit);
    let disk = RocksDisk::open(folder.path(), &Options { verify_bytes: 50, ..Options::default() }).unwrap();
    assert_eq!(disk.read_log(9, 3..10, 1000).unwrap().len(), 7);
    let error = disk.read_log(9, 0..10, 1000).unwrap_err();
    assert!(error.to_string().starts_with("group 9: entry 2 is damaged, its checksum is wrong"), "{error}");
}

#[test]
fn a_hole_is_refused_at_open() {
    for missing in [0, 4] {
        let folder = tempfile::tempdir().unwrap();
        let disk = open(folder.path()).unwrap();
        append(&disk, 9, 0..10);
        close(disk);
        let db = raw(folder.path());
        let log = db.cf_handle("log").unwrap();
        let found = db.iterator_cf(log, rocksdb::IteratorMode::Start).map(|item| item.unwrap().0);
        db.delete_cf(log, found.into_iter().nth(missing).unwrap()).unwrap();
        drop(db);
        let error = open(folder.path()).unwrap_err();
        let OpenError::Damaged { group: 9, index, what } = &error else { panic!("{error}") };
        assert_eq!((*index, what.as_str()), (missing as u64, "it is missing"));
    }
}

#[test]
fn a_write_ahead_log_that_rots_is_not_taken_for_a_power_cut() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    for index in 0..100 {
        append(&disk, 9, index..index + 1);
    }
    close(disk);
    let [wal] = files(folder.path(), "log").try_into().expect("one write-ahead log");
    let mut bytes = fs::read(&wal).unwrap();
    let rotten = bytes.windows(8).position(|window| window == b"entry 60").unwrap();
    bytes[rotten] ^= 4;
    fs::write(&wal, bytes).unwrap();
    // RocksDB opens such a log without a word.
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Behind { group: 9, next: 60, next_durable: 100, .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "group 9: the log ends at index 60 and vote 0, but it was durable up to index 100 and vote 0 (both excluded): \
         replace this node: it must come back under a new id"
    );
    assert!(open(folder.path()).is_err(), "and goes on to be refused");
}

#[test]
fn a_vote_that_rots_is_found_too() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    append(&disk, 9, 0..1);
    run(&disk, LogOp::Vote { group: 9, vote: Bytes::from("the first vote") });
    run(&disk, LogOp::Vote { group: 9, vote: Bytes::from("the second vote") });
    close(disk);
    let [wal] = files(folder.path(), "log").try_into().expect("one write-ahead log");
    let mut bytes = fs::read(&wal).unwrap();
    let rotten = bytes.windows(15).position(|window| window == b"the second vote").unwrap();
    bytes.truncate(rotten + 3);
    fs::write(&wal, bytes).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Behind { group: 9, votes: 1, votes_durable: 2, .. }), "{error}");
}

#[test]
fn a_flipped_bit_in_a_vote_is_named_and_refused_at_open() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    append(&disk, 9, 0..3);
    run(&disk, LogOp::Vote { group: 9, vote: Bytes::from("the only vote") });
    close(disk);
    change_if(folder.path(), "log_meta", |value| value.ends_with(b"the only vote"), flip_last_bit);
    for _ in 0..2 {
        let error = open(folder.path()).unwrap_err();
        assert!(matches!(error, OpenError::Io { doing: "reading a group", .. }), "{error}");
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert_eq!(
            cause,
            "group 9: Vote in log_meta is damaged, its checksum is wrong: \
             replace this node: it must come back under a new id"
        );
    }
}

#[test]
fn a_flipped_bit_in_how_far_is_applied_is_named_and_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    disk.write_rows(9, RowBatch { applied: Bytes::from("so far"), ..RowBatch::default() }).unwrap();
    close(disk);
    change_if(folder.path(), "log_meta", |value| value.ends_with(b"so far"), flip_last_bit);
    let disk = open(folder.path()).unwrap();
    let error = disk.applied(9).unwrap_err();
    assert!(error.to_string().starts_with("group 9: Applied in log_meta is damaged, its checksum is wrong"), "{error}");
    assert!(error.to_string().ends_with("it must come back under a new id"), "{error}");
}

#[test]
fn a_log_that_was_truncated_before_a_crash_is_not_behind() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    append(&disk, 9, 0..100);
    close(disk);
    let disk = open(folder.path()).unwrap();
    run(&disk, LogOp::Truncate { group: 9, from: 40 });
    let crashed = copy(folder.path(), None);
    assert_eq!(open(crashed.path()).unwrap().log(9).unwrap().bounds, Some((0, 39)));
}

/// What a crash at this moment leaves, with the write-ahead log cut to `wal_bytes`.
fn copy(folder: &Path, wal_bytes: Option<usize>) -> tempfile::TempDir {
    let copied = tempfile::tempdir().unwrap();
    fs::create_dir(copied.path().join("db")).unwrap();
    for place in [folder.to_owned(), folder.join("db")] {
        for file in fs::read_dir(&place).unwrap().map(|file| file.unwrap().path()).filter(|file| file.is_file()) {
            fs::copy(&file, copied.path().join(file.strip_prefix(folder).unwrap())).unwrap();
        }
    }
    if let Some(wal_bytes) = wal_bytes {
        let [wal] = files(copied.path(), "log").try_into().expect("one write-ahead log");
        fs::File::options().write(true).open(wal).unwrap().set_len(wal_bytes as u64).unwrap();
    }
    copied
}

fn wal_bytes(folder: &Path) -> usize {
    let [wal] = files(folder, "log").try_into().expect("one write-ahead log");
    usize::try_from(fs::metadata(wal).unwrap().len()).unwrap()
}

#[test]
fn a_power_cut_loses_only_what_nobody_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    let put = |applied: u8| {
        let puts = vec![(Bytes::from("a"), Bytes::from(vec![applied])), (Bytes::from("b"), Bytes::from(vec![applied]))];
        disk.write_rows(9, RowBatch { puts, applied: Bytes::from(vec![applied]), ..RowBatch::default() }).unwrap();
    };
    append(&disk, 9, 0..5);
    put(0);
    append(&disk, 9, 5..10);
    let flushed = wal_bytes(folder.path());
    for applied in 1..6 {
        put(applied);
    }
    run(&disk, LogOp::Purge { group: 9, upto: 4, purged: Bytes::from("4") });
    let written = wal_bytes(folder.path());
    assert!(written > flushed);
    let mut found_applied = Vec::new();
    for cut in (flushed..=written).step_by(23).chain([written]) {
        let crashed = copy(folder.path(), Some(cut));
        let disk = open(crashed.path()).unwrap();
        let (first, last) = disk.log(9).unwrap().bounds.unwrap();
        let [applied] = disk.applied(9).unwrap().unwrap()[..] else { panic!("one byte") };
        assert_eq!(last, 9, "cut at {cut}");
        assert!(first == 0 || applied == 5, "what is purged had been applied");
        let rows = disk.scan(9, b"", b"z", 10).unwrap();
        assert!(rows.iter().all(|(_, value)| **value == [applied]) && rows.len() == 2, "cut at {cut}: {rows:?}");
        found_applied.push(applied);
    }
    found_applied.dedup();
    assert_eq!(found_applied, [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_power_cut_finds_an_install_done_or_not_begun() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    let rows =
        |keys: &[&'static str]| keys.iter().map(|key| (Bytes::from(*key), Bytes::from("row"))).collect::<Vec<_>>();
    let (old, new) = (rows(&["a", "b", "c"]), rows(&["b", "d"]));
    let events = vec![(1, Bytes::from("event"))];
    disk.write_rows(9, RowBatch { puts: old.clone(), events, applied: Bytes::from("old"), ..RowBatch::default() })
        .unwrap();
    let before = wal_bytes(folder.path());
    let mut install = disk.install(9).unwrap();
    for row in &new {
        install.put_rows(vec![row.clone()]).unwrap();
    }
    install.finish(Bytes::from("new"), 7).unwrap();
    let after = wal_bytes(folder.path());
    let mut seen = Vec::new();
    for cut in (before..=after).step_by(9).chain([after]) {
        let crashed = copy(folder.path(), Some(cut));
        let disk = open(crashed.path()).unwrap();
        let found = disk.scan(9, b"", b"z", 10).unwrap();
        let events = disk.events(9, 0..9, 1000).unwrap().len();
        let state = (disk.applied(9).unwrap().unwrap(), found, disk.event_floor(9).unwrap(), events);
        if seen.last() != Some(&state) {
            seen.push(state);
        }
        // What was left of the interrupted one is not taken up by the next.
        disk.install(9).unwrap().finish(Bytes::from("empty"), 0).unwrap();
        assert_eq!(disk.scan(9, b"", b"z", 10).unwrap(), []);
    }
    assert_eq!(seen, [(Bytes::from("old"), old, 0, 1), (Bytes::from("new"), new, 7, 0)]);
}

#[test]
fn a_database_without_its_watermarks_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    close(open(folder.path()).unwrap());
    fs::remove_file(folder.path().join("watermarks")).unwrap();
    for _ in 0..2 {
        assert!(matches!(open(folder.path()), Err(OpenError::Watermarks { .. })));
    }
}

#[test]
fn watermarks_without_their_database_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    append(&disk, 9, 0..10);
    close(disk);
    fs::remove_dir_all(folder.path().join("db")).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Behind { group: 9, next: 0, next_durable: 10, .. }), "{error}");
}

#[test]
fn a_disk_in_use_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let disk = open(folder.path()).unwrap();
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    let snapshot = disk.snapshot(1).unwrap();
    close(disk);
    assert!(matches!(open(folder.path()), Err(OpenError::Locked { .. })), "a snapshot keeps it open");
    drop(snapshot);
    open(folder.path()).unwrap();
}

#[test]
fn a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    close(open(folder.path()).unwrap());
    change(folder.path(), "default", b"format", |value| value[0] = 2);
    let error = open(folder.path()).unwrap_err();
    assert!(
        error.to_string().ends_with("newer program (format values 2, this one knows 1): run that program"),
        "{error}"
    );
    let mut options = rocksdb::Options::default();
    options.create_missing_column_families(true);
    let families = [&FAMILIES[..], &["vectors"]].concat();
    drop(DB::open_cf(&options, folder.path().join("db"), families).unwrap());
    let error = open(folder.path()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { ref found, .. } if found == "column family vectors"), "{error}");
}

#[test]
fn a_database_of_another_program_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("db")).unwrap();
    close(open(folder.path()).unwrap());
    let db = raw(folder.path());
    db.delete(b"format").unwrap();
    db.put(b"theirs", b"1").unwrap();
    drop(db);
    assert!(matches!(open(folder.path()), Err(OpenError::Foreign { .. })));
}
