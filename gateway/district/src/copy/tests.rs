//! Any order of cuts, doubles, restarts and new pictures: the copy is a fold over the stream, and a room's screen that follows
//! the copy is one as well.

use std::collections::BTreeMap;

use domain::{Duty, Place, Unit, UnitId, UnitStatus};
use proptest::prelude::*;

use super::*;
use crate::record::{self, Stored};

fn unit(id: u8, version: u64) -> Unit {
    let place = Place {
        latitude_e7: 215_000_000,
        longitude_e7: 1_058_000_000,
        admin_unit: domain::AdminUnitCode::new("05443").unwrap(),
        address: String::new(),
    };
    Unit {
        id: UnitId::new(&format!("u{id}")).unwrap(),
        name: format!("Đội {id}"),
        agency: "PCCC".into(),
        skills: Vec::new(),
        station: place.clone(),
        position: place,
        position_at_ms: Millis(0),
        status: UnitStatus::Available,
        status_at_ms: Millis(0),
        incident: None,
        version,
        duty: Duty::default(),
    }
}

/// What happens in the province's log, entry by entry.
#[derive(Clone, Copy, Debug)]
enum Entry {
    Put(u8),
    /// It leaves the account's view.
    Leave(u8),
    /// Nothing that is seen.
    Nothing,
}

/// The province's node: its log, and how much of it can be resumed.
struct Node {
    log: Vec<Entry>,
}

fn at(index: usize) -> generated::Position {
    generated::Position { epoch: 7, group: 0, index: index as u64, ordinal: 0 }
}

impl Node {
    /// What the account sees at an index.
    fn seen(&self, index: usize) -> BTreeMap<u8, u64> {
        let mut seen = BTreeMap::new();
        for (number, entry) in self.log[..index].iter().enumerate() {
            match entry {
                Entry::Put(id) => {
                    seen.insert(*id, number as u64);
                }
                Entry::Leave(id) => {
                    seen.remove(id);
                }
                Entry::Nothing => {}
            }
        }
        seen
    }

    /// The frame from one index to another.
    fn frame(&self, from: usize, to: usize) -> Body {
        let mut frame =
            generated::Frame { from: Some(at(from)), through: Some(at(to)), at_ms: to as u64, ..Default::default() };
        for (number, entry) in self.log.iter().enumerate().take(to).skip(from) {
            match entry {
                Entry::Put(id) => {
                    frame.withdrawn.retain(|name| *name != format!("unit/u{id}"));
                    let event = Event {
                        kind: EventKind::UnitPut,
                        by: None,
                        note: String::new(),
                        at_ms: Millis(number as u64),
                        ordinal: 0,
                        subject: Some(Subject::Unit(unit(*id, number as u64))),
                    };
                    frame.events.push(event.to_wire());
                }
                Entry::Leave(id) => {
                    let shows = |event: &generated::Event| {
                        matches!(&event.subject,
                        Some(generated::event::Subject::Unit(it)) if it.id == format!("u{id}"))
                    };
                    frame.events.retain(|event| !shows(event));
                    frame.withdrawn.push(format!("unit/u{id}"));
                }
                Entry::Nothing => {}
            }
        }
        Body::Frame(frame)
    }

    fn picture(&self, index: usize) -> Vec<Body> {
        let seen: Vec<_> = self.seen(index).into_iter().collect();
        let mut chunks: Vec<_> = seen.chunks(2).collect();
        if chunks.is_empty() {
            chunks.push(&[]);
        }
        let last = chunks.len() - 1;
        let part = |(number, units): (usize, &[(u8, u64)])| {
            Body::Snapshot(generated::Snapshot {
                through: Some(at(index)),
                part: u32::try_from(number).unwrap(),
                last: number == last,
                units: units.iter().map(|(id, version)| unit(*id, *version).to_wire()).collect(),
                at_ms: index as u64,
                ..Default::default()
            })
        };
        chunks.into_iter().enumerate().map(part).collect()
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// The node sends up to so many entries more, in one frame.
    Frame(usize),
    /// It sends the last frame once more, as after a line that was cut.
    Double,
    /// It sends a frame that does not follow.
    Skip,
    /// The tail no longer reaches back: a reset and a picture, of which only so many parts come before the line is cut.
    Picture { parts: usize },
    /// The process ends; so many of the records were not yet on disk.
    Restart { lost: usize },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0_usize..6).prop_map(Step::Frame),
        1 => Just(Step::Double),
        1 => Just(Step::Skip),
        1 => (0_usize..5).prop_map(|parts| Step::Picture { parts }),
        1 => (0_usize..3).prop_map(|lost| Step::Restart { lost }),
    ]
}

fn entry() -> impl Strategy<Value = Entry> {
    prop_oneof![
        5 => (0_u8..5).prop_map(Entry::Put),
        1 => (0_u8..5).prop_map(Entry::Leave),
        2 => Just(Entry::Nothing),
    ]
}

/// The node, its copy, what is on its disk, and a screen of the room.
struct District {
    node: Node,
    copy: Copy,
    file: Vec<Stored>,
    at: usize,
    screen: Screen,
}

/// A screen of the room: it takes pictures and batches as the edge gives them.
#[derive(Default)]
struct Screen {
    index: u64,
    units: BTreeMap<String, u64>,
}

impl Screen {
    fn follow(&mut self, copy: &Copy) {
        let applied = copy.applied(GroupId::COMMAND);
        match copy.events_after(GroupId::COMMAND, self.index, usize::MAX) {
            Err(BelowFloor { .. }) => self.units = units(copy),
            Ok(batches) => {
                for event in batches.iter().flat_map(|batch| &batch.events) {
                    if let Some(Subject::Unit(unit)) = &event.subject {
                        self.units.insert(unit.id.to_string(), unit.version);
                    }
                }
            }
        }
        self.index = applied.index;
    }
}

fn units(copy: &Copy) -> BTreeMap<String, u64> {
    let state = copy.replica(GroupId::COMMAND).unwrap().state();
    state.units().values().map(|unit| (unit.id.to_string(), unit.version)).collect()
}

impl District {
    fn take(&mut self, body: &Body) -> Folded {
        let folded = self.copy.fold(body, Via::Line).unwrap();
        let is_kept = match (folded, body) {
            (Folded::Changed(_), _) => true,
            (Folded::Moved(_), body) => !matches!(body, Body::Frame(_)),
            _ => false,
        };
        if is_kept {
            self.file.push(Stored::Message(generated::ToScreen { body: Some(body.clone()) }));
        }
        self.screen.follow(&self.copy);
        folded
    }

    /// Connects again: where the copy is, or with a picture.
    fn resume(&mut self) {
        match self.copy.places().first() {
            Some(place) => self.at = usize::try_from(place.index).unwrap(),
            None => {
                for body in self.node.picture(self.at) {
                    self.take(&body);
                }
            }
        }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Frame(count) => {
                let to = (self.at + count).min(self.node.log.len());
                let frame = self.node.frame(self.at, to);
                if to > self.at {
                    assert_ne!(self.take(&frame), Folded::Gap);
                    self.at = to;
                }
            }
            Step::Double if self.at == 0 => {}
            Step::Double => {
                let frame = self.node.frame(self.at.saturating_sub(2), self.at);
                let folded = self.take(&frame);
                assert_eq!(folded, Folded::Nothing);
            }
            Step::Skip => {
                if self.at + 2 <= self.node.log.len() {
                    let frame = self.node.frame(self.at + 1, self.at + 2);
                    assert_eq!(self.take(&frame), Folded::Gap);
                    self.resume();
                }
            }
            Step::Picture { parts } => {
                self.take(&Body::Reset(generated::Reset { group: 0, reason: "below-floor".into() }));
                for body in self.node.picture(self.at).into_iter().take(parts) {
                    self.take(&body);
                }
                self.resume();
            }
            Step::Restart { lost } => {
                self.file.truncate(self.file.len().saturating_sub(lost));
                let mut bytes = record::MAGIC.to_vec();
                self.file.iter().for_each(|stored| stored.write(&mut bytes));
                self.copy = Copy::new();
                record::read(&bytes, |stored| {
                    if let Stored::Message(message) = stored {
                        self.copy.fold(&message.body.unwrap(), Via::File).unwrap();
                    }
                });
                // Another process: its epoch gives every screen a picture.
                self.screen = Screen::default();
                self.screen.follow(&self.copy);
                self.resume();
            }
        }
    }
}

proptest! {
    #[test]
    fn the_copy_is_a_fold_over_the_stream(
        log in proptest::collection::vec(entry(), 0..60),
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let node = Node { log };
        let mut district =
            District { node, copy: Copy::new(), file: Vec::new(), at: 0, screen: Screen::default() };
        district.resume();
        for step in steps {
            district.run(step);
            let seen: BTreeMap<_, _> =
                district.node.seen(district.at).into_iter().map(|(id, version)| (format!("u{id}"), version)).collect();
            prop_assert_eq!(&units(&district.copy), &seen);
            prop_assert_eq!(&district.screen.units, &seen);
        }
        // Written anew, it is the same copy.
        let mut again = Copy::new();
        for message in district.copy.messages() {
            again.fold(&message.body.unwrap(), Via::File).unwrap();
        }
        prop_assert_eq!(units(&again), units(&district.copy));
        prop_assert_eq!(again.places(), district.copy.places());
    }

    #[test]
    fn any_message_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = crate::fuzzing::fuzz_line_message(&bytes);
    }
}

#[test]
fn a_tail_is_bounded_and_says_where_it_begins() {
    let mut copy = Copy::new();
    let node = Node { log: vec![Entry::Put(1); TAIL_BATCHES_MAX + 5] };
    for body in node.picture(0) {
        copy.fold(&body, Via::Line).unwrap();
    }
    let first = copy.applied(GroupId::COMMAND).index;
    for index in 0..node.log.len() {
        copy.fold(&node.frame(index, index + 1), Via::Line).unwrap();
    }
    assert!(matches!(copy.events_after(GroupId::COMMAND, first, 10), Err(BelowFloor { floor }) if floor == first + 5));
    assert_eq!(copy.events_after(GroupId::COMMAND, first + 5, 10).unwrap().len(), 10);
}

#[test]
fn people_survive_a_picture_and_a_change_of_rights_is_an_event() {
    use domain::{PersonId, Role, SessionId};
    let mut copy = Copy::new();
    let person = |districts: &[&str]| Person {
        id: PersonId::new("lan").unwrap(),
        name: "Lan".into(),
        role: Role::Operator,
        districts: districts.iter().map(|id| domain::DistrictId::new(id).unwrap()).collect(),
        everywhere: false,
        disabled: false,
        credential_sealed: bytes::Bytes::new(),
        unit: None,
    };
    let session = Session {
        id: SessionId([1; 32]),
        person: PersonId::new("lan").unwrap(),
        opened_at_ms: Millis(0),
        expires_at_ms: Millis(9),
        seq_max: 0,
        answered: Vec::new(),
    };
    let all = Remit::default();
    copy.put_person(&person(&["d1"]), &all);
    copy.admit(session);
    let before = copy.applied(GroupId::COMMAND).index;
    copy.put_person(&person(&["d1"]), &all);
    assert_eq!(copy.applied(GroupId::COMMAND).index, before, "nothing changed");
    copy.put_person(&person(&["d2"]), &all);
    assert_eq!(copy.applied(GroupId::COMMAND).index, before + 1);
    let fires = Remit { fields: vec![domain::IncidentKind::Fire], agencies: Vec::new() };
    copy.put_person(&person(&["d2"]), &fires);
    assert_eq!(copy.applied(GroupId::COMMAND).index, before + 2, "a remit is a right");
    for body in (Node { log: Vec::new() }).picture(0) {
        copy.fold(&body, Via::Line).unwrap();
    }
    let state = copy.replica(GroupId::COMMAND).unwrap().state();
    assert_eq!((state.persons().len(), state.sessions().len()), (1, 1));
    assert_eq!(state.remits().values().collect::<Vec<_>>(), [&fires]);
}
