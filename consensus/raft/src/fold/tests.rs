use domain::{DeviceStatus, Micro, Reading, Readings, chunk::Sample, series::Asked, wire::Record};

use super::*;
use crate::{disk::RowBatch, memory::MemoryDisk};

const GROUP: u32 = 1;

fn id(name: &str) -> SensorId {
    SensorId::new(name).unwrap()
}

/// Writes the row of an entry as the state machine does: a reading of each of these sensors.
fn record(disk: &MemoryDisk, at: u64, index: u64, sensors: &[&str]) {
    let readings = sensors.iter().map(|sensor| Reading {
        sensor: id(sensor),
        at_ms: Millis(at),
        value_micro: Micro(index.cast_signed() * 1_000),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    });
    let value = Readings { readings: readings.collect() }.encode();
    let puts = vec![(rows::readings_key(Millis(at), index), Bytes::from(value))];
    disk.write_rows(GROUP, RowBatch { puts, applied: Bytes::from_static(b"applied"), ..RowBatch::default() }).unwrap();
}

fn rows_of(disk: &MemoryDisk, table: u8) -> Vec<(Bytes, Bytes)> {
    disk.scan(GROUP, &[table], &[table + 1], usize::MAX).unwrap()
}

fn now(disk: &MemoryDisk, looked: &mut Looked) -> Folded {
    fold(disk, GROUP, Due::Now, Millis(u64::MAX), looked).unwrap()
}

/// All that the disk holds of a sensor.
fn series(disk: &MemoryDisk, sensor: &str) -> Vec<Sample> {
    let sensor = id(sensor);
    let asked = Asked { sensors: [(sensor.clone(), Millis(0))].into(), from: Millis(0), to: Millis(u64::MAX) };
    let (view, mut found) = (disk.snapshot(GROUP).unwrap(), Vec::new());
    let (from, to) = asked.chunks(&sensor);
    for (_, value) in view.scan(&from, &to, usize::MAX).unwrap() {
        asked.take_chunk(&value, |sample| found.push(sample)).unwrap();
    }
    let (from, to) = asked.rows();
    for (key, value) in view.scan(&from, &to, usize::MAX).unwrap() {
        asked.take_row(&key, &value, |_, sample| found.push(sample)).unwrap();
    }
    found.sort_by_key(|sample| sample.at_ms);
    found
}

#[test]
fn rows_of_an_earlier_hour_are_folded_and_those_of_this_one_wait() {
    let (disk, mut looked) = (MemoryDisk::new(), Looked::default());
    for (index, at) in [10, HOUR_MS - 1, HOUR_MS, HOUR_MS + 7].into_iter().enumerate() {
        record(&disk, at, index as u64, &["a", "b"]);
    }
    let before = series(&disk, "a");
    let worth = |looked: &mut Looked, clock| fold(&disk, GROUP, Due::Worth, Millis(clock), looked).unwrap();
    assert_eq!(worth(&mut looked, HOUR_MS - 1), Folded::default(), "its hour is not over");
    assert_eq!(worth(&mut looked, HOUR_MS + 8), Folded { rows: 2, readings: 4, chunks: 2, dropped: 0 });
    assert_eq!(worth(&mut looked, HOUR_MS + 8), Folded::default());
    assert_eq!((rows_of(&disk, rows::READINGS).len(), rows_of(&disk, rows::READING_CHUNKS).len()), (2, 2));
    assert_eq!(worth(&mut looked, 2 * HOUR_MS).readings, 4);
    assert_eq!(rows_of(&disk, rows::READING_CHUNKS).len(), 2, "the day's chunks are filled up");
    assert_eq!(series(&disk, "a"), before);
}

#[test]
fn many_rows_are_folded_within_their_hour_and_each_is_counted_once() {
    let (disk, mut looked) = (MemoryDisk::new(), Looked::default());
    let worth = |looked: &mut Looked| fold(&disk, GROUP, Due::Worth, Millis(HOUR_MS - 1), looked).unwrap();
    for index in 0..ROWS_PER_FOLD as u64 - 1 {
        record(&disk, 5, index, &["a"]);
    }
    assert_eq!(worth(&mut looked), Folded::default());
    assert_eq!(looked.rows, ROWS_PER_FOLD - 1);
    record(&disk, 6, 99_999, &["a"]);
    assert_eq!(worth(&mut looked).rows, ROWS_PER_FOLD);
    assert_eq!(rows_of(&disk, rows::READINGS), []);
}

#[test]
fn after_a_crash_at_any_moment_each_reading_is_there_once() {
    let story = |kept: Option<usize>| {
        let (disk, mut looked) = (MemoryDisk::new(), Looked::default());
        for index in 0..6 {
            record(&disk, index, index, &["a", "b"]);
            if index % 2 == 1 {
                now(&disk, &mut looked);
            }
        }
        kept.map_or(disk.clone(), |kept| disk.crash(kept))
    };
    let whole = series(&story(None), "a");
    assert_eq!(whole.len(), 6);
    // Nine writes: what a crash keeps of them, in order, ends before, within or behind a fold.
    for kept in 0..=9 {
        let disk = story(Some(kept));
        let found = series(&disk, "a");
        assert_eq!(found, whole[..found.len()], "{kept} writes were kept");
        assert_eq!(found.len(), kept - kept / 3, "{kept} writes were kept: each third is a fold");
        now(&disk, &mut Looked::default());
        assert_eq!(series(&disk, "a"), found, "and it goes on");
    }
}

#[test]
fn a_snapshot_that_is_installed_meanwhile_wins() {
    let disk = MemoryDisk::new();
    record(&disk, 5, 1, &["a"]);
    let view = disk.snapshot(GROUP).unwrap();
    let mut install = disk.install(GROUP).unwrap();
    install.put_rows(vec![(Bytes::from_static(b"B"), Bytes::from_static(b"theirs"))]).unwrap();
    install.finish(Bytes::from_static(b"applied"), 0).unwrap();
    let (key, range) = (Bytes::from_static(b"C"), Some((Bytes::new(), Bytes::from_static(&[255]))));
    let step = Replacement { range, deletes: vec![Bytes::from_static(b"B")], puts: vec![(key.clone(), key)] };
    assert!(!disk.replace_rows(GROUP, view.generation(), step).unwrap());
    assert_eq!(rows_of(&disk, b'B').len(), 1);
    assert_eq!(rows_of(&disk, b'C'), []);
}

#[test]
fn what_is_not_kept_goes_by_sensor_and_day() {
    let (disk, mut looked) = (MemoryDisk::new(), Looked::default());
    for day in 0..4 {
        record(&disk, day * DAY_MS + 9, day, &["a", "ab", "b"]);
    }
    now(&disk, &mut looked);
    let floors = BTreeMap::from([(id("a"), Millis(2 * DAY_MS)), (id("b"), Millis(9 * DAY_MS))]);
    assert_eq!(drop_chunks(&disk, GROUP, Due::Worth, floors.clone(), &mut looked).unwrap(), 6);
    assert_eq!(drop_chunks(&disk, GROUP, Due::Worth, floors, &mut looked).unwrap(), 0);
    assert_eq!(["a", "ab", "b"].map(|sensor| series(&disk, sensor).len()), [2, 4, 0]);
}

#[test]
fn a_row_that_cannot_be_read_stops_the_fold_and_everything_stays() {
    let (disk, mut looked) = (MemoryDisk::new(), Looked::default());
    record(&disk, 5, 1, &["a"]);
    let puts = vec![(rows::readings_key(Millis(6), 2), Bytes::from_static(b"\xff"))];
    disk.write_rows(GROUP, RowBatch { puts, applied: Bytes::from_static(b"x"), ..RowBatch::default() }).unwrap();
    let error = fold(&disk, GROUP, Due::Now, Millis(7), &mut looked).unwrap_err();
    assert!(error.to_string().contains("group 1"), "{error}");
    assert_eq!(rows_of(&disk, rows::READINGS).len(), 2);
    // The same of a chunk that would be filled up.
    let disk = MemoryDisk::new();
    record(&disk, 5, 1, &["a"]);
    let puts = vec![(rows::reading_chunk_key(&id("a"), Millis(1), 0, 0), Bytes::from_static(b"\x08\x01"))];
    disk.write_rows(GROUP, RowBatch { puts, applied: Bytes::from_static(b"x"), ..RowBatch::default() }).unwrap();
    assert!(fold(&disk, GROUP, Due::Now, Millis(7), &mut looked).is_err());
    assert_eq!(rows_of(&disk, rows::READINGS).len(), 1);
}
