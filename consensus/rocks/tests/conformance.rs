//! What every disk promises, held against the one in memory and the one on RocksDB.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

use std::{
    io,
    sync::{Arc, Mutex, mpsc},
};

use bytes::Bytes;
use raft::{
    disk::{Disk, DiskSnapshot, LogOnDisk, LogOp, Replacement, RowBatch},
    memory::MemoryDisk,
};
use rocks::{Options, RocksDisk};

/// A disk that can be closed and opened again.
trait Bench {
    type Disk: Disk;
    fn disk(&self) -> &Self::Disk;
    fn reopen(self) -> Self;
}

struct InMemory(MemoryDisk);

impl Bench for InMemory {
    type Disk = MemoryDisk;
    fn disk(&self) -> &MemoryDisk {
        &self.0
    }
    fn reopen(self) -> Self {
        self.0.close().unwrap();
        Self(self.0.crash(0))
    }
}

struct OnRocks {
    disk: RocksDisk,
    folder: tempfile::TempDir,
}

impl Bench for OnRocks {
    type Disk = RocksDisk;
    fn disk(&self) -> &RocksDisk {
        &self.disk
    }
    fn reopen(self) -> Self {
        let Self { disk, folder } = self;
        disk.close().unwrap();
        drop(disk);
        Self { disk: RocksDisk::open(folder.path(), &Options::default()).unwrap(), folder }
    }
}

fn on_rocks() -> OnRocks {
    let folder = tempfile::tempdir().unwrap();
    OnRocks { disk: RocksDisk::open(folder.path(), &Options::default()).unwrap(), folder }
}

/// One test for each disk.
macro_rules! conformance {
    ($($name:ident)*) => {
        mod in_memory { $(#[test] fn $name() { super::$name(super::InMemory(super::MemoryDisk::new())); })* }
        mod on_rocks { $(#[test] fn $name() { super::$name(super::on_rocks()); })* }
    };
}

conformance! {
    entries_come_back_in_order_and_bounded
    a_group_sees_nothing_of_another
    truncated_entries_are_replaced
    many_entries_truncated_at_once
    purged_entries_are_gone_and_the_rest_stays
    a_purge_beyond_the_end_moves_the_log
    vote_and_committed_are_kept
    an_append_that_leaves_a_hole_is_final
    callbacks_come_in_order
    rows_are_put_deleted_and_scanned
    derived_rows_take_the_place_of_others_in_one_step
    events_have_a_floor
    a_snapshot_sees_one_moment
    a_snapshot_comes_in_pieces
    an_install_replaces_everything
    an_install_given_up_leaves_nothing
    a_snapshot_outlives_an_install
    rows_of_an_install_must_be_in_order
    everything_survives_reopening
    nothing_is_taken_after_close_or_it_is_done
}

fn bytes(text: impl Into<String>) -> Bytes {
    Bytes::from(text.into())
}

fn entries(range: std::ops::Range<u64>, text: &str) -> Vec<(u64, Bytes)> {
    range.map(|index| (index, bytes(format!("{text}{index}")))).collect()
}

/// Submits and waits.
fn run(disk: &impl Disk, op: LogOp) -> io::Result<()> {
    let (sender, receiver) = mpsc::channel();
    disk.submit(op, Box::new(move |outcome| sender.send(outcome).unwrap()));
    receiver.recv().expect("the callback is called")
}

fn append(disk: &impl Disk, group: u32, range: std::ops::Range<u64>, text: &str) {
    run(disk, LogOp::Append { group, entries: entries(range, text) }).unwrap();
}

fn purge(disk: &impl Disk, group: u32, upto: u64) {
    run(disk, LogOp::Purge { group, upto, purged: bytes(format!("p{upto}")) }).unwrap();
}

fn rows(pairs: &[(&str, &str)]) -> Vec<(Bytes, Bytes)> {
    pairs.iter().map(|(key, value)| (bytes(*key), bytes(*value))).collect()
}

fn put(disk: &impl Disk, group: u32, pairs: &[(&str, &str)], applied: &str) {
    let batch = RowBatch { puts: rows(pairs), applied: bytes(applied), ..RowBatch::default() };
    disk.write_rows(group, batch).unwrap();
}

fn all_rows(disk: &dyn Disk, group: u32) -> Vec<(Bytes, Bytes)> {
    disk.scan(group, b"", &[0xff; 8], usize::MAX).unwrap()
}

fn drain(snapshot: &mut dyn DiskSnapshot, bytes_max: usize) -> Vec<Vec<(Bytes, Bytes)>> {
    let mut pieces = Vec::new();
    loop {
        let piece = snapshot.next_rows(bytes_max).unwrap();
        if piece.is_empty() {
            return pieces;
        }
        pieces.push(piece);
    }
}

fn entries_come_back_in_order_and_bounded(bench: impl Bench) {
    let disk = bench.disk();
    assert_eq!(disk.log(1).unwrap(), LogOnDisk::default());
    assert_eq!(disk.read_log(1, 0..10, 1000).unwrap(), []);
    append(disk, 1, 0..6, "e");
    assert_eq!(disk.log(1).unwrap().bounds, Some((0, 5)));
    assert_eq!(disk.read_log(1, 0..6, 1000).unwrap(), entries(0..6, "e"));
    assert_eq!(disk.read_log(1, 2..4, 1000).unwrap(), entries(2..4, "e"));
    assert_eq!(disk.read_log(1, 4..99, 1000).unwrap(), entries(4..6, "e"));
    assert_eq!(disk.read_log(1, 0..6, 4).unwrap(), entries(0..2, "e"), "two bytes each");
    assert_eq!(disk.read_log(1, 3..6, 0).unwrap(), entries(3..4, "e"), "at least one");
    #[allow(clippy::reversed_empty_ranges)]
    let backwards = 5..3;
    assert_eq!(disk.read_log(1, backwards, 1000).unwrap(), []);
    append(disk, 1, 6..6, "none");
    append(disk, 1, 6..8, "e");
    assert_eq!(disk.read_log(1, 0..99, 1000).unwrap(), entries(0..8, "e"));
}

fn a_group_sees_nothing_of_another(bench: impl Bench) {
    let disk = bench.disk();
    for group in [0, 1, 256, u32::MAX] {
        append(disk, group, 0..3, &format!("g{group}-"));
        put(disk, group, &[("k", &format!("v{group}"))], &format!("a{group}"));
    }
    run(disk, LogOp::Truncate { group: 1, from: 1 }).unwrap();
    purge(disk, 256, 1);
    for (group, found) in [(0, 0..3), (1, 0..1), (256, 2..3), (u32::MAX, 0..3)] {
        assert_eq!(disk.read_log(group, 0..u64::MAX, 1000).unwrap(), entries(found, &format!("g{group}-")));
        assert_eq!(all_rows(disk, group), rows(&[("k", &format!("v{group}"))]));
        assert_eq!(disk.applied(group).unwrap(), Some(bytes(format!("a{group}"))));
    }
}

fn truncated_entries_are_replaced(bench: impl Bench) {
    append(bench.disk(), 1, 0..10, "old");
    run(bench.disk(), LogOp::Truncate { group: 1, from: 4 }).unwrap();
    assert_eq!(bench.disk().log(1).unwrap().bounds, Some((0, 3)));
    append(bench.disk(), 1, 4..7, "new");
    let bench = bench.reopen();
    let disk = bench.disk();
    assert_eq!(disk.read_log(1, 0..99, 1000).unwrap(), [entries(0..4, "old"), entries(4..7, "new")].concat());
    run(disk, LogOp::Truncate { group: 1, from: 7 }).unwrap();
    assert_eq!(disk.log(1).unwrap().bounds, Some((0, 6)), "beyond the end");
    run(disk, LogOp::Truncate { group: 1, from: 0 }).unwrap();
    assert_eq!(disk.log(1).unwrap().bounds, None);
    let bench = bench.reopen();
    assert_eq!(bench.disk().read_log(1, 0..99, 1000).unwrap(), []);
    append(bench.disk(), 1, 0..1, "newest");
    assert_eq!(bench.disk().read_log(1, 0..99, 1000).unwrap(), entries(0..1, "newest"));
}

fn many_entries_truncated_at_once(bench: impl Bench) {
    append(bench.disk(), 1, 0..500, "old");
    run(bench.disk(), LogOp::Truncate { group: 1, from: 100 }).unwrap();
    append(bench.disk(), 1, 100..300, "new");
    let bench = bench.reopen();
    let expected = [entries(0..100, "old"), entries(100..300, "new")].concat();
    assert_eq!(bench.disk().read_log(1, 0..999, usize::MAX).unwrap(), expected);
}

fn purged_entries_are_gone_and_the_rest_stays(bench: impl Bench) {
    append(bench.disk(), 1, 0..3000, "e");
    // Few, then enough for a range delete, then few again.
    for upto in [10, 2000, 2001] {
        purge(bench.disk(), 1, upto);
        let log = bench.disk().log(1).unwrap();
        assert_eq!((log.bounds, log.purged), (Some((upto + 1, 2999)), Some(bytes(format!("p{upto}")))));
        assert_eq!(bench.disk().read_log(1, 0..upto + 3, 1000).unwrap(), entries(upto + 1..upto + 3, "e"));
    }
    purge(bench.disk(), 1, 500);
    assert_eq!(bench.disk().log(1).unwrap().purged, Some(bytes("p2001")), "an older purge changes nothing");
    let bench = bench.reopen();
    assert_eq!(bench.disk().log(1).unwrap().bounds, Some((2002, 2999)));
    assert_eq!(bench.disk().read_log(1, 0..9999, usize::MAX).unwrap(), entries(2002..3000, "e"));
    run(bench.disk(), LogOp::Truncate { group: 1, from: 5 }).unwrap();
    assert_eq!(bench.disk().log(1).unwrap().bounds, None);
    append(bench.disk(), 1, 2002..2003, "next");
}

fn a_purge_beyond_the_end_moves_the_log(bench: impl Bench) {
    append(bench.disk(), 1, 0..10, "e");
    purge(bench.disk(), 1, 499);
    purge(bench.disk(), 2, 99);
    let bench = bench.reopen();
    assert_eq!(bench.disk().log(1).unwrap().bounds, None);
    assert_eq!(bench.disk().log(1).unwrap().purged, Some(bytes("p499")));
    append(bench.disk(), 1, 500..502, "e");
    append(bench.disk(), 2, 100..101, "e");
    let bench = bench.reopen();
    assert_eq!(bench.disk().read_log(1, 0..999, 1000).unwrap(), entries(500..502, "e"));
    assert_eq!(bench.disk().read_log(2, 0..999, 1000).unwrap(), entries(100..101, "e"));
}

fn vote_and_committed_are_kept(bench: impl Bench) {
    for vote in ["v1", "v2"] {
        run(bench.disk(), LogOp::Vote { group: 1, vote: bytes(vote) }).unwrap();
    }
    run(bench.disk(), LogOp::Committed { group: 1, committed: bytes("c") }).unwrap();
    run(bench.disk(), LogOp::Vote { group: 2, vote: bytes("") }).unwrap();
    let expected = LogOnDisk { vote: Some(bytes("v2")), committed: Some(bytes("c")), ..LogOnDisk::default() };
    assert_eq!(bench.disk().log(1).unwrap(), expected);
    let bench = bench.reopen();
    assert_eq!(bench.disk().log(1).unwrap(), expected);
    assert_eq!(bench.disk().log(2).unwrap().vote, Some(bytes("")));
}

fn an_append_that_leaves_a_hole_is_final(bench: impl Bench) {
    let disk = bench.disk();
    append(disk, 1, 0..3, "e");
    let error = run(disk, LogOp::Append { group: 1, entries: entries(4..5, "e") }).unwrap_err();
    assert_eq!(error.to_string(), "group 1: entry 4 was appended where 3 must follow");
    assert!(run(disk, LogOp::Vote { group: 2, vote: bytes("v") }).is_err());
    assert!(disk.read_log(1, 0..3, 1000).is_err());
    assert!(disk.write_rows(1, RowBatch::default()).is_err());
    assert!(disk.close().is_err());
}

fn callbacks_come_in_order(bench: impl Bench) {
    let disk = bench.disk();
    let seen = Arc::new(Mutex::new(Vec::new()));
    for at in 0..400 {
        let seen = Arc::clone(&seen);
        let group = at % 4;
        let op = match at / 4 % 3 {
            0 => LogOp::Vote { group, vote: bytes("v") },
            1 => LogOp::Committed { group, committed: bytes("c") },
            _ => LogOp::Truncate { group, from: 0 },
        };
        disk.submit(op, Box::new(move |outcome| seen.lock().unwrap().push((at, outcome.is_ok()))));
    }
    run(disk, LogOp::Vote { group: 0, vote: bytes("last") }).unwrap();
    assert_eq!(*seen.lock().unwrap(), (0..400).map(|at| (at, true)).collect::<Vec<_>>());
}

fn rows_are_put_deleted_and_scanned(bench: impl Bench) {
    let disk = bench.disk();
    assert_eq!(disk.applied(1).unwrap(), None);
    put(disk, 1, &[("a", "1"), ("ab", "2"), ("b", "3"), ("", "empty key"), ("c", "")], "one");
    let step = RowBatch {
        puts: rows(&[("b", "4"), ("d", "5")]),
        deletes: vec![bytes("a"), bytes("none"), bytes("d")],
        applied: bytes("two"),
        ..RowBatch::default()
    };
    disk.write_rows(1, step).unwrap();
    assert_eq!(disk.applied(1).unwrap(), Some(bytes("two")));
    assert_eq!(all_rows(disk, 1), rows(&[("", "empty key"), ("ab", "2"), ("b", "4"), ("c", "")]));
    assert_eq!(disk.scan(1, b"ab", b"c", 10).unwrap(), rows(&[("ab", "2"), ("b", "4")]));
    assert_eq!(disk.scan(1, b"ab", b"c", 1).unwrap(), rows(&[("ab", "2")]));
    assert_eq!(disk.scan(1, b"c", b"a", 10).unwrap(), []);
    assert_eq!(disk.scan(1, b"", b"", 10).unwrap(), []);
    assert_eq!(disk.scan(2, b"", b"z", 10).unwrap(), []);
}

fn derived_rows_take_the_place_of_others_in_one_step(bench: impl Bench) {
    let disk = bench.disk();
    put(disk, 1, &[("a", "1"), ("b1", "2"), ("b2", "3"), ("c", "4"), ("d", "5")], "one");
    put(disk, 2, &[("b1", "another group's")], "one");
    let view = disk.snapshot(1).unwrap();
    assert_eq!(view.scan(b"b", b"d", 10).unwrap(), rows(&[("b1", "2"), ("b2", "3"), ("c", "4")]));
    assert_eq!(view.scan(b"b", b"d", 1).unwrap(), rows(&[("b1", "2")]));
    assert_eq!(view.last(b"b", b"c").unwrap(), Some((bytes("b2"), bytes("3"))));
    assert_eq!((view.last(b"e", b"f").unwrap(), view.last(b"c", b"a").unwrap()), (None, None));
    assert_eq!(view.scan(b"c", b"a", 10).unwrap(), []);
    let step =
        Replacement { range: Some((bytes("b"), bytes("c"))), deletes: vec![bytes("d")], puts: rows(&[("e", "2, 3")]) };
    assert!(disk.replace_rows(1, view.generation(), step.clone()).unwrap());
    let after = rows(&[("a", "1"), ("c", "4"), ("e", "2, 3")]);
    assert_eq!(all_rows(disk, 1), after);
    assert_eq!(disk.applied(1).unwrap(), Some(bytes("one")), "how far is applied stays");
    assert_eq!(view.scan(b"", b"z", 10).unwrap().len(), 5, "a view stays as it was taken");
    assert_eq!(all_rows(disk, 2).len(), 1);
    // A row that comes after under a key that went is there.
    put(disk, 1, &[("b1", "6")], "two");
    assert_eq!(disk.snapshot(1).unwrap().last(b"b", b"c").unwrap(), Some((bytes("b1"), bytes("6"))));
    // A view keeps the database open.
    drop(view);
    let bench = bench.reopen();
    let disk = bench.disk();
    assert_eq!(all_rows(disk, 1).len(), 4);
    let view = disk.snapshot(1).unwrap();
    let mut install = disk.install(1).unwrap();
    install.put_rows(rows(&[("b1", "theirs")])).unwrap();
    install.finish(bytes("three"), 0).unwrap();
    assert!(!disk.replace_rows(1, view.generation(), step).unwrap(), "of rows that are no more");
    assert_eq!(all_rows(disk, 1), rows(&[("b1", "theirs")]));
    assert_ne!(disk.snapshot(1).unwrap().generation(), view.generation());
}

fn events_have_a_floor(bench: impl Bench) {
    let write = |disk: &dyn Disk, range: std::ops::Range<u64>, floor| {
        let events = entries(range, "ev");
        let step = RowBatch { events, event_floor: floor, applied: bytes("a"), ..RowBatch::default() };
        disk.write_rows(1, step).unwrap();
    };
    write(bench.disk(), 10..20, None);
    write(bench.disk(), 30..32, None);
    assert_eq!(bench.disk().event_floor(1).unwrap(), 0);
    assert_eq!(bench.disk().events(1, 0..12, 1000).unwrap(), entries(10..12, "ev"));
    let gap = [entries(19..20, "ev"), entries(30..31, "ev")].concat();
    assert_eq!(bench.disk().events(1, 19..31, 1000).unwrap(), gap, "not every entry has events");
    assert_eq!(bench.disk().events(1, 0..99, 8).unwrap(), entries(10..12, "ev"));
    assert_eq!(bench.disk().events(1, 0..99, 0).unwrap(), entries(10..11, "ev"));
    write(bench.disk(), 32..33, Some(15));
    write(bench.disk(), 33..34, Some(12));
    assert_eq!(bench.disk().event_floor(1).unwrap(), 15, "it never sinks");
    assert_eq!(bench.disk().events(1, 0..17, 1000).unwrap(), entries(15..17, "ev"));
    write(bench.disk(), 5000..5010, Some(5005));
    let bench = bench.reopen();
    assert_eq!(bench.disk().event_floor(1).unwrap(), 5005);
    assert_eq!(bench.disk().events(1, 0..9999, 1000).unwrap(), entries(5005..5010, "ev"));
}

fn a_snapshot_sees_one_moment(bench: impl Bench) {
    let disk = bench.disk();
    assert_eq!(disk.snapshot(1).unwrap().applied().unwrap(), None);
    put(disk, 1, &[("a", "1"), ("b", "1")], "one");
    let mut snapshot = disk.snapshot(1).unwrap();
    let step = RowBatch { deletes: vec![bytes("a")], applied: bytes("two"), ..RowBatch::default() };
    disk.write_rows(1, step).unwrap();
    put(disk, 1, &[("b", "2"), ("c", "2")], "three");
    assert_eq!(snapshot.applied().unwrap(), Some(bytes("one")));
    assert_eq!(drain(&mut *snapshot, 1000).concat(), rows(&[("a", "1"), ("b", "1")]));
    assert_eq!(drain(&mut *disk.snapshot(1).unwrap(), 1000).concat(), rows(&[("b", "2"), ("c", "2")]));
}

fn a_snapshot_comes_in_pieces(bench: impl Bench) {
    let disk = bench.disk();
    put(disk, 1, &[("a", "1234567"), ("b", "1234567"), ("c", "1234567"), ("d", "1"), ("e", "1")], "one");
    put(disk, 2, &[("f", "1")], "other");
    let pieces = drain(&mut *disk.snapshot(1).unwrap(), 16);
    assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(pieces.concat(), all_rows(disk, 1));
    assert_eq!(drain(&mut *disk.snapshot(1).unwrap(), 0).len(), 5);
}

fn an_install_replaces_everything(bench: impl Bench) {
    put(bench.disk(), 1, &[("a", "old"), ("b", "old")], "old");
    put(bench.disk(), 2, &[("a", "other")], "other");
    let step = RowBatch { events: entries(1..50, "ev"), applied: bytes("old"), ..RowBatch::default() };
    bench.disk().write_rows(1, step).unwrap();
    let mut install = bench.disk().install(1).unwrap();
    install.put_rows(rows(&[("b", "new")])).unwrap();
    install.put_rows(rows(&[("c", "new"), ("d", "new")])).unwrap();
    assert_eq!(all_rows(bench.disk(), 1), rows(&[("a", "old"), ("b", "old")]), "nothing is seen before the end");
    install.finish(bytes("new"), 40).unwrap();
    let check = |disk: &dyn Disk| {
        assert_eq!(all_rows(disk, 1), rows(&[("b", "new"), ("c", "new"), ("d", "new")]));
        assert_eq!(disk.applied(1).unwrap(), Some(bytes("new")));
        assert_eq!(disk.event_floor(1).unwrap(), 40);
        assert_eq!(disk.events(1, 0..99, 1000).unwrap(), [], "also those above the floor");
        assert_eq!(all_rows(disk, 2), rows(&[("a", "other")]));
    };
    check(bench.disk());
    let bench = bench.reopen();
    check(bench.disk());
    put(bench.disk(), 1, &[("e", "newer")], "newer");
    assert_eq!(all_rows(bench.disk(), 1).len(), 4);
    bench.disk().install(1).unwrap().finish(bytes("empty"), 0).unwrap();
    assert_eq!(all_rows(bench.disk(), 1), []);
    assert_eq!(bench.disk().event_floor(1).unwrap(), 0);
}

fn an_install_given_up_leaves_nothing(bench: impl Bench) {
    put(bench.disk(), 1, &[("a", "old")], "old");
    let mut install = bench.disk().install(1).unwrap();
    install.put_rows(rows(&[("a", "lost"), ("z", "lost")])).unwrap();
    drop(install);
    // One that never ends, as in a crash.
    let mut install = bench.disk().install(1).unwrap();
    install.put_rows(rows(&[("y", "lost")])).unwrap();
    let mut second = bench.disk().install(1).unwrap();
    second.put_rows(rows(&[("b", "new")])).unwrap();
    second.finish(bytes("new"), 7).unwrap();
    drop(install);
    assert_eq!(all_rows(bench.disk(), 1), rows(&[("b", "new")]));
    let bench = bench.reopen();
    assert_eq!(all_rows(bench.disk(), 1), rows(&[("b", "new")]));
    assert_eq!(bench.disk().applied(1).unwrap(), Some(bytes("new")));
}

fn a_snapshot_outlives_an_install(bench: impl Bench) {
    let disk = bench.disk();
    put(disk, 1, &[("a", "old"), ("b", "old")], "old");
    let mut snapshot = disk.snapshot(1).unwrap();
    assert_eq!(snapshot.next_rows(1).unwrap(), rows(&[("a", "old")]));
    let mut install = disk.install(1).unwrap();
    install.put_rows(rows(&[("z", "new")])).unwrap();
    install.finish(bytes("new"), 0).unwrap();
    assert_eq!(snapshot.next_rows(1).unwrap(), rows(&[("b", "old")]));
    assert_eq!(snapshot.next_rows(1).unwrap(), []);
    assert_eq!(snapshot.applied().unwrap(), Some(bytes("old")));
}

fn rows_of_an_install_must_be_in_order(bench: impl Bench) {
    let mut install = bench.disk().install(1).unwrap();
    install.put_rows(rows(&[("b", "1")])).unwrap();
    let error = install.put_rows(rows(&[("b", "1")])).unwrap_err();
    assert_eq!(error.to_string(), "group 1: rows of a snapshot must come in key order");
}

fn everything_survives_reopening(bench: impl Bench) {
    append(bench.disk(), 7, 0..20, "e");
    run(bench.disk(), LogOp::Vote { group: 7, vote: bytes("v") }).unwrap();
    run(bench.disk(), LogOp::Committed { group: 7, committed: bytes("c") }).unwrap();
    purge(bench.disk(), 7, 4);
    put(bench.disk(), 7, &[("a", "1")], "applied");
    let before = bench.disk().log(7).unwrap();
    let mut bench = bench;
    for _ in 0..3 {
        bench = bench.reopen();
        assert_eq!(bench.disk().log(7).unwrap(), before);
        assert_eq!(bench.disk().read_log(7, 0..99, 1000).unwrap(), entries(5..20, "e"));
        assert_eq!(bench.disk().applied(7).unwrap(), Some(bytes("applied")));
        assert_eq!(all_rows(bench.disk(), 7), rows(&[("a", "1")]));
    }
}

fn nothing_is_taken_after_close_or_it_is_done(bench: impl Bench) {
    let disk = bench.disk();
    let (sender, receiver) = mpsc::channel();
    for index in 0..50 {
        let sender = sender.clone();
        let op = LogOp::Append { group: 1, entries: entries(index..index + 1, "e") };
        disk.submit(op, Box::new(move |outcome| sender.send(outcome.is_ok()).unwrap()));
    }
    drop(sender);
    disk.close().unwrap();
    disk.close().unwrap();
    assert_eq!(receiver.try_iter().filter(|done| *done).count(), 50, "all before close have been done");
    let _ = run(disk, LogOp::Append { group: 1, entries: entries(50..51, "e") });
    let acknowledged = disk.log(1).unwrap().bounds;
    assert_eq!(bench.reopen().disk().log(1).unwrap().bounds, acknowledged);
}
