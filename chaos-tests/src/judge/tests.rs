#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use domain::wire::generated::{
    Event, EventKind, Frame, Position, Reading, Readings, Sensor, Snapshot, event::Subject, to_screen::Body,
};
use node::watch::{fold::fold, picture::Picture};

use super::*;
use crate::{
    oracle::{Fate, IncidentPromise, ReadingPromise},
    registers::{Reads, Registers},
};

fn promises() -> Promises {
    let reading = |fate| ReadingPromise { value_micro: 5, fate };
    let incident = IncidentPromise {
        opened: Fate::Acknowledged,
        id: Some("I1".to_owned()),
        acknowledged: Some(Fate::Acknowledged),
        notes: BTreeMap::from([("n".to_owned(), Fate::Acknowledged), ("m".to_owned(), Fate::Unknown)]),
    };
    Promises {
        readings: BTreeMap::from([
            (("s".to_owned(), 1), reading(Fate::Acknowledged)),
            (("s".to_owned(), 2), reading(Fate::Unknown)),
        ]),
        incidents: BTreeMap::from([("marker".to_owned(), incident)]),
    }
}

fn line(kind: &str, note: &str) -> (String, String) {
    (kind.to_owned(), note.to_owned())
}

fn found() -> Found {
    let timeline = vec![
        line("incident_opened", ""),
        line("incident_acknowledged", ""),
        line("incident_noted", "n"),
        line("incident_escalated", ""),
    ];
    let incident = FoundIncident { summary: "marker".to_owned(), timeline };
    Found {
        readings: BTreeMap::from([("s".to_owned(), vec![(1, 5)])]),
        incidents: BTreeMap::from([("I1".to_owned(), incident)]),
    }
}

/// What is wrong once the findings are changed so.
fn broken(change: impl FnOnce(&mut Found)) -> String {
    let mut found = found();
    change(&mut found);
    judge(&promises(), &found).to_string()
}

fn timeline(found: &mut Found) -> &mut Vec<(String, String)> {
    &mut found.incidents.get_mut("I1").unwrap().timeline
}

#[test]
fn kept_promises_are_kept_whatever_became_of_the_unknown() {
    assert_eq!(broken(|_| {}), "0 broken promises\n");
    assert_eq!(broken(|found| found.readings.get_mut("s").unwrap().push((2, 5))), "0 broken promises\n");
    assert_eq!(broken(|found| timeline(found).push(line("incident_noted", "m"))), "0 broken promises\n");
}

#[test]
fn every_way_to_break_one_is_found() {
    let readings = |found: &mut Found, values: &[(u64, i64)]| found.readings.insert("s".to_owned(), values.to_vec());
    assert!(
        broken(|found| {
            readings(found, &[]);
        })
        .contains("is lost")
    );
    assert!(
        broken(|found| {
            readings(found, &[(1, 5), (1, 5)]);
        })
        .contains("is there 2 times")
    );
    assert!(
        broken(|found| {
            readings(found, &[(1, 6)]);
        })
        .contains("says 6 and not 5")
    );
    assert!(
        broken(|found| {
            readings(found, &[(1, 5), (2, 5), (2, 5)]);
        })
        .contains("is there 2 times")
    );
    assert!(
        broken(|found| {
            readings(found, &[(1, 5), (9, 5)]);
        })
        .contains("was never sent")
    );
    assert!(broken(|found| found.incidents.clear()).contains("incident marker was acknowledged and is lost"));
    let twice = |found: &mut Found| {
        let again = found.incidents["I1"].clone();
        found.incidents.insert("I2".to_owned(), again);
    };
    assert!(broken(twice).contains("is there 2 times: I1 I2"));
    assert!(
        broken(|found| timeline(found).retain(|(kind, _)| kind != "incident_noted")).contains("note n of marker was")
    );
    assert!(broken(|found| timeline(found).push(line("incident_noted", "n"))).contains("note n of marker is there 2"));
    assert!(broken(|found| timeline(found).push(line("incident_noted", "x"))).contains("note x of marker was never"));
    assert!(broken(|found| timeline(found).push(line("incident_acknowledged", ""))).contains("is there 2 times"));
    assert!(broken(|found| timeline(found).push(line("incident_opened", ""))).contains("opening of marker is there 2"));
    let other = |found: &mut Found| {
        found.incidents.insert("I9".to_owned(), FoundIncident { summary: "other".to_owned(), ..Default::default() });
    };
    assert!(broken(other).contains("never reported"));
}

#[test]
fn a_refusal_is_a_broken_promise() {
    let mut refused = promises();
    refused.readings.get_mut(&("s".to_owned(), 1)).unwrap().fate = Fate::Refused("too_late".to_owned());
    assert!(judge(&refused, &found()).to_string().contains("was refused: too_late"));
}

fn at(index: u64) -> Option<Position> {
    Some(Position { epoch: 1, group: 1, index, ordinal: 0 })
}

fn read(device_ms: u64) -> Event {
    let reading = Reading { sensor: "s".to_owned(), at_ms: device_ms, ..Reading::default() };
    let subject = Some(Subject::Readings(Readings { readings: vec![reading] }));
    Event { kind: EventKind::ReadingsRecorded.into(), at_ms: 9, subject, ..Event::default() }
}

fn screen(frames: &[(u64, u64, u64)]) -> Picture {
    let mut picture = Picture::new(100);
    let sensors = vec![Sensor { id: "s".to_owned(), ..Sensor::default() }];
    let through = at(frames.first().map_or(0, |(from, ..)| *from));
    fold(&mut picture, Body::Snapshot(Snapshot { through, last: true, sensors, ..Snapshot::default() }));
    for (from, through, device_ms) in frames {
        let events = vec![read(*device_ms)];
        fold(&mut picture, Body::Frame(Frame { from: at(*from), through: at(*through), events, ..Frame::default() }));
    }
    picture
}

#[test]
fn a_screen_that_lags_or_counts_a_gap_is_found() {
    let promises = promises();
    assert!(judge_screen(&promises, &screen(&[(0, 1, 1)])).is_empty());
    assert!(judge_screen(&promises, &screen(&[])).to_string().contains("shows 0, and 1 was acknowledged"));
    assert!(judge_screen(&promises, &screen(&[(0, 1, 1), (5, 6, 2)])).to_string().contains("1 gaps"));
    assert!(judge_screen(&promises, &screen(&[(0, 1, 1), (1, 2, 1)])).to_string().contains("shown twice"));
}

#[test]
fn streams_agree_from_where_both_have_a_snapshot() {
    let one = screen(&[(0, 1, 1), (1, 2, 2), (2, 3, 3)]);
    let late = screen(&[(1, 2, 2), (2, 3, 3)]);
    let (broken, common) = judge_streams(&one, &late);
    assert!(broken.is_empty(), "{broken}");
    assert_eq!(common, 2);
    let other = screen(&[(1, 2, 3), (2, 3, 2)]);
    assert!(judge_streams(&one, &other).0.to_string().contains("one screen was told"));
}

#[test]
fn who_is_told_first_was_not_told_more() {
    let ahead = screen(&[(0, 1, 1), (1, 2, 2), (2, 3, 3)]);
    let mut behind = screen(&[(0, 1, 1), (1, 2, 2)]);
    assert!(!is_abreast(&ahead.groups[1], &behind.groups[1]), "news is on its way to one of them");
    let said = judge_streams(&ahead, &behind).0.to_string();
    assert!(said.contains("no common end") && !said.contains("was told"), "{said}");

    let frame = Frame { from: at(2), through: at(3), events: vec![read(3)], ..Frame::default() };
    fold(&mut behind, Body::Frame(frame));
    assert!(is_abreast(&ahead.groups[1], &behind.groups[1]));
    let (broken, common) = judge_streams(&ahead, &behind);
    assert!(broken.is_empty(), "{broken}");
    assert_eq!(common, 3);
}

#[test]
fn at_one_place_an_event_more_or_less_is_found() {
    let one = screen(&[(0, 1, 1), (1, 2, 2), (2, 3, 3)]);
    let mut short = screen(&[(0, 1, 1)]);
    fold(&mut short, Body::Frame(Frame { from: at(1), through: at(3), events: vec![read(3)], ..Frame::default() }));
    assert!(is_abreast(&one.groups[1], &short.groups[1]));
    assert!(judge_streams(&one, &short).0.to_string().contains("one screen was told"));
    assert!(judge_streams(&short, &one).0.to_string().contains("one screen was told"));
}

#[test]
fn screens_without_a_picture_are_nowhere() {
    let (none, some) = (Picture::new(100), screen(&[]));
    assert!(!is_abreast(&none.groups[1], &none.groups[1]) && !is_abreast(&none.groups[1], &some.groups[1]));
    assert!(is_abreast(&some.groups[1], &some.groups[1]));
}

#[test]
fn registers_are_held_against_the_cluster_but_for_what_was_read_by_mistake() {
    assert!(judge_registers(&Registers::default()).is_empty(), "there are none");
    let stale = |reads| {
        let registers = Registers::new(reads, ["a".to_owned()]);
        for _ in 0..2 {
            let (number, _) = registers.writes("a").unwrap();
            registers.wrote("a", number);
        }
        registers.got("a", registers.asks(), 1);
        judge_registers(&registers)
    };
    assert!(stale(Reads::Linearizable).to_string().contains("a: no order explains"));
    assert!(stale(Reads::Local).is_empty());
    let untouched = Registers::new(Reads::Linearizable, ["a".to_owned()]);
    assert!(judge_registers(&untouched).to_string().contains("nothing is proved"));
}
