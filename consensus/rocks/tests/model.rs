//! Random histories: RocksDB and the model in memory must tell the same story, also after being opened again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    reason = "a test may panic"
)]

use std::sync::mpsc;

use bytes::Bytes;
use proptest::prelude::*;
use raft::{
    disk::{Disk, LogOp, RowBatch},
    memory::MemoryDisk,
};
use rocks::{Options, RocksDisk};

const GROUPS: u32 = 2;

#[derive(Clone, Debug)]
enum Step {
    /// So many entries at the end.
    Append(u32, u64),
    /// So many from the end.
    Truncate(u32, u64),
    /// So many from the start, or beyond the end.
    Purge(u32, u64),
    Vote(u32, u8),
    Committed(u32, u8),
    Rows {
        group: u32,
        puts: Vec<(u8, u8)>,
        deletes: Vec<u8>,
        events: Vec<u64>,
        floor: Option<u64>,
    },
    Install {
        group: u32,
        rows: Vec<u8>,
        floor: u64,
        finished: bool,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let group = 0..GROUPS;
    let rows = (
        group.clone(),
        prop::collection::vec((0..12_u8, any::<u8>()), 0..4),
        prop::collection::vec(0..12_u8, 0..3),
        prop::collection::vec(0..3000_u64, 0..4),
        prop::option::of(0..3000_u64),
    );
    let install = (group.clone(), prop::collection::btree_set(0..12_u8, 0..6), 0..50_u64, any::<bool>());
    prop_oneof![
        6 => (group.clone(), 1..700_u64).prop_map(|(group, count)| Step::Append(group, count)),
        2 => (group.clone(), 0..200_u64).prop_map(|(group, count)| Step::Truncate(group, count)),
        2 => (group.clone(), 0..1500_u64).prop_map(|(group, count)| Step::Purge(group, count)),
        1 => (group.clone(), any::<u8>()).prop_map(|(group, vote)| Step::Vote(group, vote)),
        1 => (group, any::<u8>()).prop_map(|(group, committed)| Step::Committed(group, committed)),
        4 => rows.prop_map(|(group, puts, deletes, events, floor)| Step::Rows { group, puts, deletes, events, floor }),
        1 => install.prop_map(|(group, rows, floor, finished)| {
            Step::Install { group, rows: rows.into_iter().collect(), floor, finished }
        }),
        1 => Just(Step::Reopen),
    ]
}

fn run(disk: &dyn Disk, op: LogOp) {
    let (sender, receiver) = mpsc::channel();
    disk.submit(op, Box::new(move |outcome| sender.send(outcome).unwrap()));
    receiver.recv().unwrap().unwrap();
}

/// First and next index of each group's log.
type Spans = [(u64, u64); GROUPS as usize];

/// The operation that a step is, and what it does to the log it is played on.
fn op(step: &Step, spans: &mut Spans) -> Option<LogOp> {
    match *step {
        Step::Append(group, count) => {
            let (_, next) = &mut spans[group as usize];
            let indexes = *next..*next + count;
            *next += count;
            let entries = indexes.map(|index| (index, Bytes::from(format!("{index}/{count}")))).collect();
            Some(LogOp::Append { group, entries })
        }
        Step::Truncate(group, count) => {
            let (first, next) = &mut spans[group as usize];
            let from = next.saturating_sub(count);
            *next = from.max(*first);
            Some(LogOp::Truncate { group, from })
        }
        Step::Purge(group, count) => {
            let (first, next) = &mut spans[group as usize];
            let upto = *first + count;
            *first = upto + 1;
            *next = (*next).max(*first);
            Some(LogOp::Purge { group, upto, purged: Bytes::from(format!("purged {upto}")) })
        }
        Step::Vote(group, vote) => Some(LogOp::Vote { group, vote: Bytes::from(vec![vote]) }),
        Step::Committed(group, byte) => Some(LogOp::Committed { group, committed: Bytes::from(vec![byte]) }),
        Step::Rows { .. } | Step::Install { .. } | Step::Reopen => None,
    }
}

fn play(disk: &dyn Disk, step: &Step, spans: &mut Spans) {
    if let Some(op) = op(step, spans) {
        run(disk, op);
    }
    match step {
        Step::Rows { group, puts, deletes, events, floor } => {
            let batch = RowBatch {
                puts: puts.iter().map(|(key, value)| (Bytes::from(vec![*key]), Bytes::from(vec![*value]))).collect(),
                deletes: deletes.iter().map(|key| Bytes::from(vec![*key])).collect(),
                events: events.iter().map(|index| (*index, Bytes::from(format!("event {index}")))).collect(),
                event_floor: *floor,
                applied: Bytes::from(format!("{step:?}")),
            };
            disk.write_rows(*group, batch).unwrap();
        }
        Step::Install { group, rows, floor, finished } => {
            let mut install = disk.install(*group).unwrap();
            for key in rows {
                install.put_rows(vec![(Bytes::from(vec![*key]), Bytes::from_static(b"installed"))]).unwrap();
            }
            if *finished {
                install.finish(Bytes::from(format!("{step:?}")), *floor).unwrap();
            }
        }
        _ => {}
    }
}

/// Everything that can be read of a group.
fn story(disk: &dyn Disk, group: u32) -> impl PartialEq + std::fmt::Debug + use<> {
    let mut snapshot = disk.snapshot(group).unwrap();
    let mut rows = Vec::new();
    loop {
        let piece = snapshot.next_rows(3).unwrap();
        if piece.is_empty() {
            break;
        }
        rows.extend(piece);
    }
    assert_eq!(rows, disk.scan(group, b"", &[0xff], usize::MAX).unwrap());
    assert_eq!(snapshot.applied().unwrap(), disk.applied(group).unwrap());
    let log = disk.read_log(group, 0..u64::MAX, usize::MAX).unwrap();
    let short = disk.read_log(group, 100..900, 300).unwrap();
    let events = disk.events(group, 0..u64::MAX, usize::MAX).unwrap();
    let few_events = disk.events(group, 0..2000, 30).unwrap();
    let floor = disk.event_floor(group).unwrap();
    (disk.log(group).unwrap(), log, short, rows, events, few_events, (floor, disk.applied(group).unwrap()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_disks_tell_the_same_story(steps in prop::collection::vec(step(), 1..30)) {
        let folder = tempfile::tempdir().unwrap();
        let mut rocks = RocksDisk::open(folder.path(), &Options::default()).unwrap();
        let mut model = MemoryDisk::new();
        let mut spans = Spans::default();
        for step in &steps {
            if matches!(step, Step::Reopen) {
                rocks.close().unwrap();
                drop(rocks);
                rocks = RocksDisk::open(folder.path(), &Options::default()).unwrap();
                model.close().unwrap();
                model = model.crash(0);
            }
            let mut played = spans;
            play(&rocks, step, &mut played);
            play(&model, step, &mut spans);
            for group in 0..GROUPS {
                prop_assert_eq!(story(&rocks, group), story(&model, group));
            }
        }
    }
}
