//! What a screen knows: per group the records by "noun/id", the place in the log up to which they hold, and what was
//! counted on the way. Pure.

use std::collections::{BTreeMap, VecDeque};

use domain::{
    EventKind, limits,
    wire::{
        Field,
        generated::{Event, Heartbeat, Position, event::Subject},
    },
};
use prost::Message;
use sha2::{Digest, Sha256};

/// The command group and the field groups.
pub const GROUPS: usize = limits::FIELD_GROUPS as usize + 1;

/// What was counted since the screen was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames that did not continue where the group was: something is missing in between.
    pub gaps: u64,
    /// Frames that were known already; dropped.
    pub doubles: u64,
    /// Frames whose events go back in time, or that end before they begin.
    pub disorders: u64,
    /// Groups that the node declared void.
    pub resets: u64,
    /// Snapshots taken completely.
    pub snapshots: u64,
    /// Frames taken.
    pub frames: u64,
    /// Events taken.
    pub events: u64,
    /// Readings in them.
    pub readings: u64,
    /// Events that fell out of a group's memory of what was seen.
    pub forgotten: u64,
}

/// An event as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where the frame that carried it ended, with the event's own ordinal.
    pub at: Position,
    /// The entry's time.
    pub at_ms: u64,
    /// What happened; none for a kind that this program does not know.
    pub kind: Option<EventKind>,
    /// "noun/id"; for readings "reading/" and their count.
    pub subject: String,
    /// Sensor and device time of each reading.
    pub readings: Vec<(String, u64)>,
    /// Of all its bytes: two screens were told the same exactly when these are equal.
    pub fingerprint: [u8; 8],
}

/// One group as the screen knows it.
#[derive(Clone, Debug, Default)]
pub struct Group {
    /// Up to where the records hold; none before the first complete snapshot, and after a gap.
    pub through: Option<Position>,
    /// State's clock there.
    pub at_ms: u64,
    /// Records by "noun/id".
    pub records: BTreeMap<String, Subject>,
    /// What was received, oldest first, at most [`Picture::seen_max`].
    pub seen: VecDeque<Seen>,
    /// How many of `seen`, from the back, came after the last snapshot.
    pub seen_since_snapshot: usize,
    /// The snapshot that is coming in, and its next part.
    pub(super) building: Option<(Position, u32)>,
    /// Time of the last event of an unbroken run.
    pub(super) last_event_ms: u64,
}

impl Group {
    /// What came after the last snapshot, oldest first.
    pub fn since_snapshot(&self) -> impl Iterator<Item = &Seen> {
        self.seen.iter().skip(self.seen.len().saturating_sub(self.seen_since_snapshot))
    }
}

/// All that a screen knows.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The groups, by number.
    pub groups: [Group; GROUPS],
    /// What was counted.
    pub counters: Counters,
    /// The newest heartbeat.
    pub heartbeat: Option<Heartbeat>,
    /// Events kept per group in [`Group::seen`]; the oldest leave. 0 keeps none.
    pub seen_max: usize,
}

impl Picture {
    /// An empty one that keeps at most `seen_max` events per group.
    #[must_use]
    pub fn new(seen_max: usize) -> Self {
        Self { groups: Default::default(), counters: Counters::default(), heartbeat: None, seen_max }
    }

    /// Whether every group has its snapshot.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.groups.iter().all(|group| group.through.is_some())
    }

    /// Where to resume: the places of the complete groups.
    #[must_use]
    pub fn positions(&self) -> Vec<Position> {
        self.groups.iter().filter_map(|group| group.through).collect()
    }

    /// The record of that name, such as "sensor/river-1".
    #[must_use]
    pub fn record(&self, name: &str) -> Option<&Subject> {
        self.groups.iter().find_map(|group| group.records.get(name))
    }

    /// All records of a noun, by id.
    pub fn records<'a>(&'a self, noun: &'a str) -> impl Iterator<Item = (&'a str, &'a Subject)> {
        self.groups.iter().flat_map(move |group| {
            group.records.iter().filter_map(move |(name, record)| {
                let (of, id) = name.split_once('/')?;
                (of == noun).then_some((id, record))
            })
        })
    }

    /// Who leads a group by the newest heartbeat; none: nobody known.
    #[must_use]
    pub fn leader(&self, group: u32) -> Option<u64> {
        let heartbeat = self.heartbeat.as_ref()?;
        let age = heartbeat.groups.iter().find(|age| age.group == group)?;
        (age.leader != 0).then_some(age.leader)
    }

    /// SHA-256 of all records in the order of their names, in hexadecimal: equal exactly when two screens show the same.
    /// Positions are no part of it, since they move on at idle screens with the heartbeat only.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut digest = Sha256::new();
        for (number, group) in self.groups.iter().enumerate() {
            for (name, record) in &group.records {
                digest.update(format!("{number}/{name}\n"));
                let bytes = bytes_of(record);
                digest.update((bytes.len() as u64).to_be_bytes());
                digest.update(bytes);
            }
        }
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// What differs from another picture, for whoever has to find out why; at most `lines_max` lines.
    #[must_use]
    pub fn differences(&self, other: &Self, lines_max: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for (number, (one, two)) in self.groups.iter().zip(&other.groups).enumerate() {
            let names: std::collections::BTreeSet<_> = one.records.keys().chain(two.records.keys()).collect();
            for name in names {
                let (left, right) = (one.records.get(name), two.records.get(name));
                if left != right {
                    lines.push(format!("group {number} {name}: {left:?} against {right:?}"));
                }
            }
        }
        lines.truncate(lines_max);
        lines
    }
}

/// A record's bytes; a map field would make them depend on chance, and no record has one.
fn bytes_of(record: &Subject) -> Vec<u8> {
    Event { subject: Some(record.clone()), ..Event::default() }.encode_to_vec()
}

/// "noun/id" under which a record is kept; none for what is told and not kept.
pub(super) fn name_of(subject: &Subject) -> Option<String> {
    Some(match subject {
        Subject::AdminUnit(it) => format!("admin_unit/{}", it.code),
        Subject::District(it) => format!("district/{}", it.id),
        Subject::Unit(it) => format!("unit/{}", it.id),
        Subject::Incident(it) => format!("incident/{}", it.id),
        Subject::Sensor(it) => format!("sensor/{}", it.id),
        Subject::Camera(it) => format!("camera/{}", it.id),
        Subject::Alarm(it) => {
            let key = it.key.clone().unwrap_or_default();
            format!("alarm/{}/{}", key.entity, key.condition)
        }
        Subject::LiveNodes(_) => "live_nodes/".to_owned(),
        Subject::Model(it) => format!("model/{}", it.name),
        Subject::Tally(it) => format!("tally/{}/{}", it.model, it.version),
        Subject::Instruction(it) => format!("instruction/{}", it.id),
        Subject::Call(it) => format!("call/{}", it.id),
        Subject::Agent(it) => format!("agent/{}", it.person),
        Subject::CallDesk(_) => "call_desk/desk".to_owned(),
        Subject::Warning(it) => format!("warning/{}", it.id),
        Subject::Exercise(it) => format!("exercise/{}", it.id),
        Subject::Room(it) => format!("room/{}", it.id),
        Subject::ShiftNote(it) => format!("shift_note/{}", it.id),
        Subject::WaitingReport(it) => format!("report/{}", it.code),
        Subject::Person(_) | Subject::Readings(_) | Subject::DutyEntry(_) => return None,
    })
}

/// The event as it is remembered.
pub(super) fn seen(event: &Event, frame_through: Position) -> Seen {
    let (subject, readings) = match &event.subject {
        Some(Subject::Readings(it)) => (
            format!("reading/{}", it.readings.len()),
            it.readings.iter().map(|reading| (reading.sensor.clone(), reading.at_ms)).collect(),
        ),
        Some(Subject::Person(it)) => (format!("person/{}", it.id), Vec::new()),
        Some(other) => (name_of(other).unwrap_or_default(), Vec::new()),
        None => (String::new(), Vec::new()),
    };
    let digest = Sha256::digest(event.encode_to_vec());
    let mut fingerprint = [0; 8];
    fingerprint.copy_from_slice(&digest[..8]);
    Seen {
        at: Position { ordinal: event.ordinal, ..frame_through },
        at_ms: event.at_ms,
        kind: EventKind::read("kind", event.kind).ok(),
        subject,
        readings,
        fingerprint,
    }
}
