use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::{
    Reading, Readings, SensorId,
    retention::DAY_MS,
    rows,
    series::{Asked, Downsampled},
    wire::Record,
};

fn sample(at_ms: u64, value: i64) -> Sample {
    Sample { at_ms: Millis(at_ms), value_micro: Micro(value), status: DeviceStatus::Measuring }
}

fn any_sample() -> impl Strategy<Value = Sample> {
    let at = prop_oneof![any::<u64>(), 1_700_000_000_000u64..1_700_000_900_000];
    let value = prop_oneof![any::<i64>(), (-40i64..40).prop_map(|it| it * 10_000)];
    let status = prop::sample::select(DeviceStatus::ALL);
    (at, value, status).prop_map(|(at, value, status)| Sample { at_ms: Millis(at), value_micro: Micro(value), status })
}

/// A gauge that is read each ten minutes for a day: a slow tide and a little noise, in steps of a centimetre.
fn gauge_day() -> Vec<Sample> {
    (0..144_i64)
        .map(|at| {
            sample(1_700_000_000_000 + at.cast_unsigned() * 600_000, (300 + (at - 70).abs() + at * 7 % 3) * 10_000)
        })
        .collect()
}

proptest! {
    #[test]
    fn readings_come_back_and_take_no_more_than_the_bound(samples in prop::collection::vec(any_sample(), 1..300)) {
        let bytes = encode(&samples);
        prop_assert!(bytes.len() <= bytes_max(samples.len()), "{} of {}", bytes.len(), samples.len());
        prop_assert_eq!(decode(&bytes).unwrap(), samples);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&bytes);
    }

    #[test]
    fn a_chunk_that_is_cut_or_changed_is_refused_or_is_another(
        samples in prop::collection::vec(any_sample(), 1..40), at: prop::sample::Index, bit in 0u8..8,
    ) {
        let bytes = encode(&samples);
        prop_assert!(decode(&bytes[..at.index(bytes.len())]).is_err());
        let mut flipped = bytes.clone();
        flipped[at.index(bytes.len())] ^= 1 << bit;
        if let Ok(read) = decode(&flipped) {
            prop_assert!(read.len() <= CHUNK_READINGS_MAX);
        }
    }
}

#[test]
fn a_chunk_of_another_format_or_too_many_readings_is_refused() {
    use prost::Message;
    let chunk = generated::ReadingChunk::decode(encode(&gauge_day()).as_slice()).unwrap();
    for other in [
        generated::ReadingChunk { format: 2, ..chunk.clone() },
        generated::ReadingChunk { readings: 0, ..chunk.clone() },
        generated::ReadingChunk { readings: 100_000, ..chunk.clone() },
        generated::ReadingChunk { readings: 143, ..chunk.clone() },
        generated::ReadingChunk { span_ms: 1, ..chunk.clone() },
        generated::ReadingChunk { packed: [&chunk.packed[..], &[0]].concat().into(), ..chunk.clone() },
    ] {
        assert!(decode(&other.encode_to_vec()).is_err(), "{other:?}");
    }
}

#[test]
fn a_gauges_day_takes_about_a_byte_a_reading() {
    let bytes = encode(&gauge_day());
    assert!(bytes.len() < 144, "{} bytes", bytes.len());
    let packed = Packed::read(&bytes).unwrap();
    let last = 1_700_000_000_000 + 143 * 600_000;
    assert!(packed.touches(Millis(last), Millis(u64::MAX)) && packed.touches(Millis(0), Millis(1_700_000_000_000)));
    assert!(
        !packed.touches(Millis(last + 1), Millis(u64::MAX)) && !packed.touches(Millis(0), Millis(1_699_999_999_999))
    );
}

fn id(name: &str) -> SensorId {
    SensorId::new(name).unwrap()
}

/// A row as `apply` makes it.
fn row(at: u64, index: u64, readings: &[(&str, u64, i64)]) -> (Bytes, Bytes) {
    let readings = readings.iter().map(|(sensor, at_ms, value)| Reading {
        sensor: id(sensor),
        at_ms: Millis(*at_ms),
        value_micro: Micro(*value),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    });
    (rows::readings_key(Millis(at), index), Readings { readings: readings.collect() }.encode().into())
}

/// What a disk would hold.
type Disk = std::collections::BTreeMap<Bytes, Bytes>;

/// Folds the first `rows_max` rows of the disk.
fn fold(disk: &mut Disk, rows_max: usize) -> usize {
    let (from, to) = rows::readings_range(Millis(0), Millis(u64::MAX));
    let mut fold = Fold::default();
    for (key, value) in disk.range(from..to).take(rows_max) {
        fold.add(key, value).unwrap();
    }
    let Some((first, end)) = fold.range() else { return 0 };
    let count = fold.count();
    let chunks = fold.chunks(|sensor, day| {
        let (from, to) = rows::reading_chunks_range(sensor, day, day.plus(DAY_MS));
        Ok::<_, std::convert::Infallible>(
            disk.range(from..to).next_back().map(|(key, value)| (key.clone(), value.clone())),
        )
    });
    disk.retain(|key, _| *key < first || *key >= end);
    disk.extend(chunks.unwrap());
    count
}

/// All that a disk holds of a sensor in a span, by device time.
fn series(disk: &Disk, sensor: &str, from: u64, to: u64) -> Vec<Sample> {
    let sensor = id(sensor);
    let asked = Asked { sensors: [(sensor.clone(), Millis(0))].into(), from: Millis(from), to: Millis(to) };
    let mut found = Vec::new();
    let (first, end) = asked.chunks(&sensor);
    disk.range(first..end).for_each(|(_, value)| asked.take_chunk(value, |sample| found.push(sample)).unwrap());
    let (first, end) = asked.rows();
    disk.range(first..end).for_each(|(key, value)| asked.take_row(key, value, |_, sample| found.push(sample)).unwrap());
    found.sort_by_key(|sample| sample.at_ms);
    found
}

#[test]
fn rows_become_a_chunk_of_each_sensor_and_day_and_nothing_is_lost() {
    let mut disk = Disk::from([
        row(10, 1, &[("a", 8, 1), ("b", 9, 2), ("a", 9, 3)]),
        row(20, 2, &[("a", 18, 4)]),
        row(DAY_MS + 5, 3, &[("a", 19, 5), ("b", DAY_MS, 6)]),
    ]);
    let before = series(&disk, "a", 0, u64::MAX);
    assert_eq!(fold(&mut disk, 2), 4);
    assert_eq!(series(&disk, "a", 0, u64::MAX), before);
    assert_eq!(fold(&mut disk, 9), 2);
    assert_eq!(series(&disk, "a", 0, u64::MAX), before);
    assert_eq!(disk.len(), 4, "a chunk of each sensor and day");
    assert_eq!(series(&disk, "a", 9, 18), [sample(9, 3), sample(18, 4)]);
    assert_eq!(fold(&mut disk, 9), 0);
}

#[test]
fn a_full_chunk_is_followed_by_another_wherever_the_folds_are_cut() {
    let rows = (0..3_000).map(|at| row(at, at, &[("a", at, 7), ("a", 10_000 + at, 7)]));
    let whole: Disk = rows.collect();
    let folded = [700, 1, 5_000].map(|rows_max| {
        let mut disk = whole.clone();
        // One fold after the other, each of as many rows: at 1 only some, which would take long.
        for _ in 0..40 {
            fold(&mut disk, rows_max);
        }
        assert_eq!(series(&disk, "a", 0, u64::MAX).len(), 6_000);
        fold(&mut disk, 5_000);
        disk
    });
    assert_eq!(folded[0].len(), 6, "6,000 readings in chunks of 1,024");
    assert!(folded.iter().all(|disk| *disk == folded[0]));
}

#[test]
fn rows_that_are_none_or_out_of_order_are_refused() {
    let ((key, value), (other, _)) = (row(10, 1, &[("a", 8, 1)]), row(11, 1, &[("a", 8, 1)]));
    let mut fold = Fold::default();
    fold.add(&other, &value).unwrap();
    assert!(fold.add(&key, &value).is_err() && fold.add(&other, &value).is_err());
    assert!(Fold::default().add(&Bytes::from_static(b"A"), &value).is_err());
    assert!(Fold::default().add(&key, b"\xff").is_err());
}

#[test]
fn stretches_hold_lowest_highest_mean_and_newest() {
    let mut points = Downsampled::new(Millis(1_000), Millis(1_999), 4);
    assert_eq!(points.step_ms(), 250);
    for (at, value) in [(1_010, 5), (1_001, -4), (1_249, 2), (1_750, 9), (1_999, 1), (2_000, 100), (999, 100)] {
        points.add(sample(at, value));
    }
    let found: Vec<_> = points
        .points()
        .iter()
        .map(|it| (it.from_ms.0, it.min_micro.0, it.max_micro.0, it.mean_micro.0, it.last_micro.0, it.count))
        .collect();
    assert_eq!(found, [(1_000, -4, 5, 1, 2, 3), (1_750, 1, 9, 5, 1, 2)]);
}

proptest! {
    #[test]
    fn no_more_points_than_asked_for_and_each_reading_in_one(
        from in 0u64..1_000, span in 0u64..100_000, points in 0usize..50,
        at in prop::collection::vec(0u64..101_000, 0..100),
    ) {
        let mut gathered = Downsampled::new(Millis(from), Millis(from + span), points);
        at.iter().for_each(|at| gathered.add(sample(*at, i64::MAX)));
        let found = gathered.points();
        prop_assert!(found.len() <= points.max(1));
        let within = at.iter().filter(|at| (from..=from + span).contains(*at)).count();
        prop_assert_eq!(found.iter().map(|point| point.count).sum::<u64>(), within as u64);
        prop_assert!(found.iter().all(|point| point.mean_micro.0 == i64::MAX));
    }
}
