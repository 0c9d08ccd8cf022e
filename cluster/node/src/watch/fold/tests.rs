#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::wire::generated::{EventKind, Incident, Readings, Reset, Sensor};
use proptest::prelude::*;

use super::*;

fn at(index: u64) -> Position {
    Position { epoch: 7, group: 1, index, ordinal: 0 }
}

fn sensor(id: &str, version: u64) -> Sensor {
    Sensor { id: id.to_owned(), version, ..Sensor::default() }
}

fn part(through: u64, part: u32, last: bool, sensors: &[Sensor]) -> Body {
    Body::Snapshot(Snapshot {
        through: Some(at(through)),
        part,
        last,
        sensors: sensors.to_vec(),
        ..Snapshot::default()
    })
}

fn frame(from: u64, through: u64, events: Vec<Event>) -> Body {
    Body::Frame(Frame { from: Some(at(from)), through: Some(at(through)), events, ..Frame::default() })
}

fn registered(at_ms: u64, sensor: Sensor) -> Event {
    let subject = Some(Subject::Sensor(sensor));
    Event { kind: EventKind::SensorRegistered.into(), at_ms, subject, ..Event::default() }
}

fn read(at_ms: u64, device_ms: u64, value_micro: i64) -> Event {
    let reading = Reading { sensor: "a".to_owned(), at_ms: device_ms, value_micro, ..Reading::default() };
    let subject = Some(Subject::Readings(Readings { readings: vec![reading] }));
    Event { kind: EventKind::ReadingsRecorded.into(), at_ms, subject, ..Event::default() }
}

fn version(picture: &Picture, name: &str) -> Option<u64> {
    match picture.record(name)? {
        Subject::Sensor(sensor) => Some(sensor.version),
        _ => None,
    }
}

#[test]
fn parts_make_a_snapshot_and_frames_continue_it() {
    let mut picture = Picture::new(16);
    assert_eq!(fold(&mut picture, part(5, 0, false, &[sensor("a", 1)])), Folded::Taken);
    assert_eq!(picture.groups[1].through, None);
    assert_eq!(fold(&mut picture, part(5, 1, true, &[sensor("b", 1)])), Folded::Taken);
    assert_eq!(fold(&mut picture, frame(5, 8, vec![registered(10, sensor("a", 2))])), Folded::Taken);
    assert_eq!(version(&picture, "sensor/a"), Some(2));
    assert_eq!(version(&picture, "sensor/b"), Some(1));
    assert_eq!(picture.positions(), [at(8)]);
    let seen: Vec<_> = picture.groups[1].since_snapshot().map(|seen| (seen.at.index, seen.subject.as_str())).collect();
    assert_eq!(seen, [(8, "sensor/a")]);
}

#[test]
fn a_double_changes_nothing_and_a_gap_voids_the_place() {
    let mut picture = Picture::new(16);
    fold(&mut picture, part(5, 0, true, &[]));
    fold(&mut picture, frame(5, 8, vec![registered(10, sensor("a", 2))]));
    assert_eq!(fold(&mut picture, frame(5, 8, vec![registered(10, sensor("a", 9))])), Folded::Taken);
    assert_eq!((picture.counters.doubles, version(&picture, "sensor/a")), (1, Some(2)));
    assert_eq!(fold(&mut picture, frame(9, 10, vec![registered(11, sensor("a", 3))])), Folded::Resubscribe);
    assert_eq!((picture.counters.gaps, version(&picture, "sensor/a")), (1, Some(2)));
    assert_eq!(picture.positions(), []);
}

#[test]
fn a_lost_part_is_a_gap() {
    let mut picture = Picture::new(16);
    fold(&mut picture, part(5, 0, false, &[]));
    assert_eq!(fold(&mut picture, part(5, 2, true, &[])), Folded::Resubscribe);
    assert_eq!(picture.counters.gaps, 1);
}

#[test]
fn a_reset_empties_the_group_and_what_follows_waits_for_the_snapshot() {
    let mut picture = Picture::new(16);
    fold(&mut picture, part(5, 0, true, &[sensor("a", 1)]));
    fold(&mut picture, Body::Reset(Reset { group: 1, reason: "restored".to_owned() }));
    assert_eq!(fold(&mut picture, frame(5, 8, vec![])), Folded::Taken);
    assert_eq!(picture.counters.resets, 1);
    assert!(picture.groups[1].records.is_empty() && picture.positions().is_empty());
}

#[test]
fn the_newest_device_time_is_shown_and_late_readings_are_not() {
    let mut picture = Picture::new(16);
    fold(&mut picture, part(5, 0, true, &[sensor("a", 1)]));
    fold(&mut picture, frame(5, 6, vec![read(100, 50, 7), read(100, 40, 8)]));
    let Some(Subject::Sensor(shown)) = picture.record("sensor/a") else { panic!() };
    assert_eq!((shown.last_at_ms, shown.last_micro, shown.last_recorded_at_ms), (50, 7, 100));
    assert_eq!(picture.counters.readings, 2);
}

#[test]
fn what_is_withdrawn_goes() {
    let mut picture = Picture::new(16);
    fold(&mut picture, part(5, 0, true, &[sensor("a", 1), sensor("b", 1)]));
    let withdrawn = vec!["sensor/a".to_owned()];
    let body = Frame { from: Some(at(5)), through: Some(at(6)), withdrawn, ..Frame::default() };
    fold(&mut picture, Body::Frame(body));
    let left: Vec<_> = picture.records("sensor").map(|(id, _)| id.to_owned()).collect();
    assert_eq!(left, ["b"]);
}

#[test]
fn time_that_goes_back_is_a_disorder() {
    let mut picture = Picture::new(16);
    fold(&mut picture, part(5, 0, true, &[]));
    fold(&mut picture, frame(5, 6, vec![read(100, 50, 7)]));
    fold(&mut picture, frame(6, 7, vec![read(99, 51, 7)]));
    assert_eq!(picture.counters.disorders, 1);
    fold(&mut picture, frame(7, 7, vec![]));
    assert_eq!(picture.counters.disorders, 2);
}

#[test]
fn the_memory_of_what_was_seen_is_bounded() {
    let mut picture = Picture::new(2);
    fold(&mut picture, part(5, 0, true, &[]));
    for step in 0..5 {
        fold(&mut picture, frame(5 + step, 6 + step, vec![read(100, 50 + step, 7)]));
    }
    let group = &picture.groups[1];
    assert_eq!((group.seen.len(), group.seen_since_snapshot, picture.counters.forgotten), (2, 2, 3));
}

#[test]
fn the_digest_is_of_the_records_and_a_difference_has_a_name() {
    let (mut one, mut two) = (Picture::new(0), Picture::new(0));
    fold(&mut one, part(5, 0, true, &[sensor("a", 1)]));
    fold(&mut two, part(9, 0, true, &[sensor("a", 1)]));
    assert_eq!(one.digest(), two.digest());
    let incident = Incident { id: "I1".to_owned(), ..Incident::default() };
    let opened = Event { at_ms: 1, subject: Some(Subject::Incident(incident)), ..Event::default() };
    fold(&mut two, frame(9, 10, vec![opened]));
    assert_ne!(one.digest(), two.digest());
    assert!(one.differences(&two, 9)[0].contains("incident/I1"));
}

/// What a log of versions looks like on the wire, cut into frames at `cuts`.
fn frames(versions: &[u64], cuts: &[bool]) -> Vec<Body> {
    let mut frames = Vec::new();
    let (mut from, mut events) = (0, Vec::new());
    for (index, version) in (1..).zip(versions) {
        events.push(registered(index, sensor(["a", "b", "c"][usize::try_from(index % 3).unwrap()], *version)));
        if cuts.get(usize::try_from(index).unwrap()).copied().unwrap_or(true) {
            frames.push(frame(from, index, std::mem::take(&mut events)));
            from = index;
        }
    }
    if !events.is_empty() {
        frames.push(frame(from, versions.len() as u64, events));
    }
    frames
}

proptest! {
    /// However the log is cut into frames, and whichever of them come twice, the picture is the same.
    #[test]
    fn cuts_and_doubles_make_no_difference(
        versions in proptest::collection::vec(1_u64..100, 1..40),
        cuts in proptest::collection::vec(any::<bool>(), 41),
        again in proptest::collection::vec(any::<bool>(), 41),
    ) {
        let (mut whole, mut cut) = (Picture::new(64), Picture::new(64));
        for picture in [&mut whole, &mut cut] {
            fold(picture, part(0, 0, true, &[]));
        }
        frames(&versions, &[true; 41]).into_iter().for_each(|body| { fold(&mut whole, body); });
        let mut doubles = 0;
        for (at, body) in frames(&versions, &cuts).into_iter().enumerate() {
            fold(&mut cut, body.clone());
            if again[at] {
                doubles += 1;
                fold(&mut cut, body);
            }
        }
        prop_assert_eq!(whole.digest(), cut.digest());
        prop_assert_eq!((cut.counters.gaps, cut.counters.disorders, cut.counters.doubles), (0, 0, doubles));
        let stream = |picture: &Picture| {
            picture.groups[1].seen.iter().map(|seen| seen.fingerprint).collect::<Vec<_>>()
        };
        prop_assert_eq!(stream(&whole), stream(&cut));
    }

    /// A frame that is lost is always noticed.
    #[test]
    fn a_lost_frame_is_a_gap(versions in proptest::collection::vec(1_u64..100, 3..40), lost in 0_usize..40) {
        let mut picture = Picture::new(64);
        fold(&mut picture, part(0, 0, true, &[]));
        let frames = frames(&versions, &[true; 41]);
        let lost = lost % (frames.len() - 1);
        for (_, body) in frames.into_iter().enumerate().filter(|(at, _)| *at != lost) {
            fold(&mut picture, body);
        }
        prop_assert_eq!(picture.counters.gaps, 1);
    }
}
