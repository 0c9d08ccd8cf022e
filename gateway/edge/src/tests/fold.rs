//! A screen's side of the protocol: it takes what it is sent, and notices every gap and every double.

use std::collections::BTreeMap;

use domain::wire::generated::{self as wire, event::Subject, to_screen::Body};
use prost::Message;

use crate::screen::message::Payload;

/// Decodes a binary message.
pub(super) fn decode(payload: &Payload) -> Body {
    let Payload::Binary(bytes) = payload else { panic!("not binary: {payload:?}") };
    wire::ToScreen::decode(&bytes[..]).unwrap().body.unwrap()
}

/// What a screen holds of one group.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    /// Records by "noun/id", as protobuf.
    pub(super) records: BTreeMap<String, Vec<u8>>,
    pub(super) through: Option<wire::Position>,
    parts: u32,
}

/// What a screen holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Fold {
    pub(super) groups: BTreeMap<u32, Group>,
    pub(super) resets: Vec<(u32, String)>,
    pub(super) empty_frames: usize,
    pub(super) events: usize,
    pub(super) notes: Vec<String>,
}

impl Fold {
    pub(super) fn take(&mut self, body: Body) {
        match body {
            Body::Reset(reset) => {
                self.resets.push((reset.group, reset.reason));
                self.groups.remove(&reset.group);
            }
            Body::Snapshot(part) => self.snapshot(part),
            Body::Frame(frame) => self.frame(frame),
            other => panic!("{other:?}"),
        }
    }

    fn snapshot(&mut self, part: wire::Snapshot) {
        let through = part.through.unwrap();
        let group = self.groups.entry(through.group).or_default();
        if part.part == 0 {
            *group = Group::default();
        }
        assert_eq!(part.part, group.parts, "parts come in order");
        group.parts += 1;
        let mut put =
            |name: String, record: Vec<u8>| assert!(group.records.insert(name, record).is_none(), "once each");
        part.admin_units.iter().for_each(|it| put(format!("admin_unit/{}", it.code), it.encode_to_vec()));
        part.districts.iter().for_each(|it| put(format!("district/{}", it.id), it.encode_to_vec()));
        part.units.iter().for_each(|it| put(format!("unit/{}", it.id), it.encode_to_vec()));
        part.incidents.iter().for_each(|it| put(format!("incident/{}", it.id), it.encode_to_vec()));
        part.sensors.iter().for_each(|it| put(format!("sensor/{}", it.id), it.encode_to_vec()));
        part.cameras.iter().for_each(|it| put(format!("camera/{}", it.id), it.encode_to_vec()));
        part.alarms.iter().for_each(|it| put(alarm_name(it), it.encode_to_vec()));
        part.instructions.iter().for_each(|it| put(format!("instruction/{}", it.id), it.encode_to_vec()));
        part.calls.iter().for_each(|it| put(format!("call/{}", it.id), it.encode_to_vec()));
        part.agents.iter().for_each(|it| put(format!("agent/{}", it.person), it.encode_to_vec()));
        part.models.iter().for_each(|it| put(format!("model/{}", it.name), it.encode_to_vec()));
        part.tallies.iter().for_each(|it| put(tally_name(it), it.encode_to_vec()));
        part.exercises.iter().for_each(|it| put(format!("exercise/{}", it.id), it.encode_to_vec()));
        part.rooms.iter().for_each(|it| put(format!("room/{}", it.id), it.encode_to_vec()));
        part.shift_notes.iter().for_each(|it| put(format!("shift_note/{}", it.id), it.encode_to_vec()));
        part.waiting_reports.iter().for_each(|it| put(format!("report/{}", it.code), it.encode_to_vec()));
        if let Some(desk) = part.call_desk {
            put("call_desk".into(), desk.encode_to_vec());
        }
        if let Some(live_nodes) = part.live_nodes {
            put("live_nodes".into(), live_nodes.encode_to_vec());
        }
        if part.last {
            group.through = Some(through);
        }
    }

    fn frame(&mut self, frame: wire::Frame) {
        let (from, through) = (frame.from.unwrap(), frame.through.unwrap());
        let group = self.groups.get_mut(&from.group).expect("a picture comes before frames");
        assert_eq!(group.through, Some(from), "no gap and no double");
        assert!((through.index, through.ordinal) > (from.index, from.ordinal), "it moves on: {from:?} {through:?}");
        group.through = Some(through);
        self.empty_frames += usize::from(frame.events.is_empty() && frame.withdrawn.is_empty());
        // The other order than the web's, to show that the order does not matter.
        for name in &frame.withdrawn {
            group.records.remove(name);
        }
        for event in frame.events {
            self.events += 1;
            if !event.note.is_empty() {
                self.notes.push(event.note.clone());
            }
            let (name, record) = match event.subject.unwrap() {
                // A room's log is told and not kept.
                Subject::Person(_) | Subject::DutyEntry(_) => continue,
                Subject::Readings(readings) => {
                    for reading in readings.readings {
                        take_reading(group, &reading, event.at_ms);
                    }
                    continue;
                }
                Subject::AdminUnit(it) => (format!("admin_unit/{}", it.code), it.encode_to_vec()),
                Subject::District(it) => (format!("district/{}", it.id), it.encode_to_vec()),
                Subject::Unit(it) => (format!("unit/{}", it.id), it.encode_to_vec()),
                Subject::Incident(it) => (format!("incident/{}", it.id), it.encode_to_vec()),
                Subject::Sensor(it) => (format!("sensor/{}", it.id), it.encode_to_vec()),
                Subject::Camera(it) => {
                    assert!(it.credential_sealed.is_empty());
                    (format!("camera/{}", it.id), it.encode_to_vec())
                }
                Subject::Alarm(it) => (alarm_name(&it), it.encode_to_vec()),
                Subject::Model(it) => {
                    // A version that has left takes its tally with it.
                    let of_model = format!("tally/{}/", it.name);
                    let is_known = |name: &str| it.versions.iter().any(|known| name == known.version);
                    group.records.retain(|name, _| name.strip_prefix(&of_model).is_none_or(is_known));
                    (format!("model/{}", it.name), it.encode_to_vec())
                }
                Subject::Tally(it) => (tally_name(&it), it.encode_to_vec()),
                Subject::Call(it) => (format!("call/{}", it.id), it.encode_to_vec()),
                Subject::Agent(it) => (format!("agent/{}", it.person), it.encode_to_vec()),
                Subject::CallDesk(it) => ("call_desk".into(), it.encode_to_vec()),
                // No view has them.
                Subject::Warning(_) => continue,
                Subject::Instruction(it) => (format!("instruction/{}", it.id), it.encode_to_vec()),
                Subject::LiveNodes(it) => ("live_nodes".into(), it.encode_to_vec()),
                Subject::Exercise(it) => (format!("exercise/{}", it.id), it.encode_to_vec()),
                Subject::Room(it) => (format!("room/{}", it.id), it.encode_to_vec()),
                Subject::ShiftNote(it) => (format!("shift_note/{}", it.id), it.encode_to_vec()),
                Subject::WaitingReport(it) if it.why == wire::WaitReason::Settled as i32 => {
                    group.records.remove(&format!("report/{}", it.code));
                    continue;
                }
                Subject::WaitingReport(it) => (format!("report/{}", it.code), it.encode_to_vec()),
            };
            group.records.insert(name, record);
        }
    }

    /// Where it is, in the groups that it has whole.
    pub(super) fn positions(&self) -> Vec<wire::Position> {
        self.groups.values().filter_map(|group| group.through).collect()
    }
}

fn take_reading(group: &mut Group, reading: &wire::Reading, at_ms: u64) {
    let Some(record) = group.records.get_mut(&format!("sensor/{}", reading.sensor)) else { return };
    let mut sensor = wire::Sensor::decode(&record[..]).unwrap();
    if reading.at_ms > sensor.last_at_ms {
        sensor.last_at_ms = reading.at_ms;
        sensor.last_micro = reading.value_micro;
        sensor.last_recorded_at_ms = at_ms;
        *record = sensor.encode_to_vec();
    }
}

fn tally_name(tally: &wire::Tally) -> String {
    format!("tally/{}/{}", tally.model, tally.version)
}

fn alarm_name(alarm: &wire::Alarm) -> String {
    let key = alarm.key.as_ref().unwrap();
    format!("alarm/{}/{}", key.entity, key.condition)
}
