//! Applying entries without writing each: rows of state are encoded when they are written, once for however many entries
//! changed them, and an event that stands in a timeline is encoded once for the timeline and for the tail.

use std::collections::BTreeSet;

use bytes::Bytes;
use prost::encoding;

use crate::{Applied, Entry, Event, Millis, Reply, Row, RowChange, State, stored::Touched, wire::Record};

/// The names of the rows of state that changed and are not written yet.
#[derive(Debug, Default)]
pub struct Unwritten(pub(crate) BTreeSet<Touched>);

impl Unwritten {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether everything is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What applying an entry came to, but for the rows of state that changed, which are named in an [`Unwritten`].
#[derive(Debug)]
pub struct Decided {
    /// For whoever asked.
    pub reply: Reply,
    /// It is a retry of what was applied before: nothing changed, and the reply is the first one.
    pub again: bool,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Rows of history. A key comes once, and again for a line that is to forget what was reported.
    pub history: Vec<Row>,
    /// Keys of rows of history that go.
    pub erased: Vec<Bytes>,
    /// Events that were encoded for a timeline, by ordinal.
    pub(crate) encoded: Vec<(u32, Bytes)>,
}

impl Decided {
    /// The bytes of an [`crate::EventBatch`] of its events.
    #[must_use]
    pub fn encode_events(&self, index: u64, at_ms: Millis) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 + self.encoded.iter().map(|(_, event)| event.len() + 8).sum::<usize>());
        // Zero is written as absent.
        if index != 0 {
            encoding::uint64::encode(1, &index, &mut bytes);
        }
        if at_ms.is_set() {
            encoding::uint64::encode(2, &at_ms.0, &mut bytes);
        }
        for event in &self.events {
            match self.encoded.iter().find(|(ordinal, _)| *ordinal == event.ordinal) {
                Some((_, encoded)) => encoding::bytes::encode(3, encoded, &mut bytes),
                None => encoding::message::encode(3, &event.to_wire(), &mut bytes),
            }
        }
        bytes
    }
}

impl State {
    /// Applies the entry at this log index. Total and deterministic; entries come in the order of the log, each once.
    pub fn apply(&mut self, index: u64, entry: &Entry) -> Applied {
        let mut unwritten = Unwritten::default();
        let Decided { reply, events, history, erased, .. } =
            self.apply_unwritten(index, entry, &Bytes::new(), &mut unwritten);
        let mut rows = self.changes(&unwritten);
        rows.extend(history.into_iter().map(RowChange::Put));
        rows.extend(erased.into_iter().map(RowChange::Delete));
        Applied { reply, events, rows }
    }

    /// These rows as they stand now: put, or gone.
    #[must_use]
    pub fn changes(&self, unwritten: &Unwritten) -> Vec<RowChange> {
        unwritten.0.iter().map(|touched| self.row_change(touched)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        AdminUnitCode, Command, DeviceStatus, EventBatch, GroupId, IncidentId, IncidentKind, Micro, NoteIncident,
        OpenIncident, OpenSession, Origin, PersonId, Place, RaisePolicyFloor, Reading, RecordReadings, RegisterSensor,
        RequestId, Sensor, SensorId, SensorKind, SessionId, Severity, Source, Subject, SwitchFeature, VOCABULARY_2,
        rows,
    };

    fn commands() -> Vec<Command> {
        let admin_unit = AdminUnitCode::new("05443").unwrap();
        let place = Place { latitude_e7: 0, longitude_e7: 0, admin_unit, address: String::new() };
        let origin = Origin::Report("call-1".to_owned());
        let open = OpenIncident {
            kind: IncidentKind::Other,
            severity: Severity::Low,
            place,
            summary: "nước lên".to_owned(),
            source: Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(0), alarm_report: None },
            exercise: false,
            place_is_mapped: false,
            advice: None,
        };
        let note = |note: &str| {
            Command::from(NoteIncident { incident: IncidentId::new("I1").unwrap(), note: note.to_owned() })
        };
        let feature = SwitchFeature { feature: VOCABULARY_2 };
        vec![open.into(), note("hai người"), feature.into(), note("ba người")]
    }

    fn entry(command: Command) -> Entry {
        Entry { at_ms: Millis(7), request: None, grant: None, command, salt: Bytes::new() }
    }

    #[test]
    fn a_retry_is_told_from_what_is_new() {
        let session = SessionId([7; 32]);
        let mut state = State::new(GroupId(1));
        let mut apply =
            |index, entry: &Entry| state.apply_unwritten(index, entry, &Bytes::new(), &mut Unwritten::default());
        let (person, expires_at_ms) = (PersonId::new("lan").unwrap(), Millis(60_000));
        assert!(!apply(1, &entry(OpenSession { session, person, expires_at_ms }.into())).again);
        let floor = entry(RaisePolicyFloor { floor: 1 }.into());
        let asked = |seq| Entry { request: Some(RequestId { session, seq }), ..floor.clone() };
        let (first, retry, next) = (apply(2, &asked(1)), apply(3, &asked(1)), apply(4, &asked(2)));
        assert_eq!((first.again, retry.again, next.again), (false, true, false));
        assert_eq!(retry.reply, first.reply);
        assert!(retry.events.is_empty());
    }

    #[test]
    fn events_are_the_bytes_of_their_batch() {
        let mut state = State::new(GroupId::COMMAND);
        for (index, command) in (1..).zip(commands()) {
            let decided = state.apply_unwritten(index, &entry(command), &Bytes::new(), &mut Unwritten::default());
            let encoded = decided.encode_events(index, state.clock());
            let batch = EventBatch { index, at_ms: state.clock(), events: decided.events };
            assert!(!batch.events.is_empty() && encoded == batch.encode(), "entry {index}");
        }
    }

    /// A sensor of the river, and its readings.
    fn river() -> (Sensor, impl Fn(u64, DeviceStatus) -> Reading) {
        let id = SensorId::new("s1").unwrap();
        let sensor = Sensor {
            id: id.clone(),
            name: "Trạm đo".to_owned(),
            kind: SensorKind::RiverLevel,
            unit_of_measure: "m".to_owned(),
            place: Place {
                latitude_e7: 0,
                longitude_e7: 0,
                admin_unit: AdminUnitCode::new("05443").unwrap(),
                address: String::new(),
            },
            thresholds: Vec::new(),
            period_ms: 0,
            silence_periods: 0,
            rate_limit_micro_per_min: 0,
            range_min_micro: Micro(0),
            range_max_micro: Micro(0),
            status: DeviceStatus::Measuring,
            last_at_ms: Millis(0),
            last_micro: Micro(0),
            last_recorded_at_ms: Millis(0),
            version: 0,
            exercise: false,
            suppressions: Vec::new(),
            out_of_service: Vec::new(),
        };
        let reading = move |at_ms, status| Reading {
            sensor: id.clone(),
            at_ms: Millis(at_ms),
            value_micro: Micro(-4),
            status,
            unit_of_measure: "m".to_owned(),
        };
        (sensor, reading)
    }

    #[test]
    fn an_event_of_readings_has_the_message_of_their_row() {
        let (sensor, reading) = river();
        let id = sensor.id.clone();
        // The device's own word changes twice, so the entry has an event of the sensor beside that of the readings.
        let readings = vec![
            reading(1, DeviceStatus::Measuring),
            reading(2, DeviceStatus::Fault),
            reading(3, DeviceStatus::Measuring),
            reading(4, DeviceStatus::Calibrating),
        ];
        let mut state = State::new(GroupId(1));
        state.apply(1, &entry(RegisterSensor { sensor }.into()));
        let recorded = entry(RecordReadings { readings }.into());
        let decided = state.apply_unwritten(2, &recorded, &Bytes::new(), &mut Unwritten::default());
        assert_eq!(decided.events.len(), 2, "{:?}", decided.events);
        let encoded = decided.encode_events(2, state.clock());
        let batch = EventBatch { index: 2, at_ms: state.clock(), events: decided.events };
        assert!(encoded == batch.encode());
        assert_eq!(state.sensors()[&id].status, DeviceStatus::Calibrating);
    }

    #[test]
    fn a_batch_is_one_row_as_its_proposer_encoded_it() {
        let (sensor, reading) = river();
        let mut state = State::new(GroupId(1));
        // The record keeps its hash.
        state.apply(0, &entry(SwitchFeature { feature: crate::audit::FEATURE }.into()));
        state.apply(1, &entry(RegisterSensor { sensor }.into()));
        let measured = |times: std::ops::Range<u64>| times.map(|at| reading(at, DeviceStatus::Measuring)).collect();
        // Before there is a reading the unit may still be put right, so it goes into the log.
        let mut readings: Vec<Reading> = measured(1..3);
        state.leave_units_out(&mut readings);
        assert!(readings.iter().all(|reading| reading.unit_of_measure == "m"));
        state.apply(2, &entry(RecordReadings { readings }.into()));
        let mut row = |index, mut readings: Vec<Reading>| {
            state.leave_units_out(&mut readings);
            let (entry, mut other) = (entry(RecordReadings { readings }.into()), state.clone());
            let proposal = Bytes::from(entry.encode());
            let decided = state.apply_unwritten(index, &entry, &proposal, &mut Unwritten::default());
            let anew = other.apply_unwritten(index, &entry, &Bytes::new(), &mut Unwritten::default());
            assert_eq!(decided.encode_events(index, state.clock()), anew.encode_events(index, other.clock()));
            assert_eq!((&decided.reply, &decided.history), (&anew.reply, &anew.history));
            let is_of_readings = |row: &&crate::Row| rows::readings_position(&row.key).is_some();
            let value = &decided.history.iter().find(is_of_readings).unwrap().value;
            let is_slice = proposal.as_ptr_range().contains(&value.as_ptr());
            (crate::Readings::decode(value).unwrap().readings.len(), is_slice)
        };
        assert_eq!(row(3, measured(3..103)), (100, true));
        // One of them is there already.
        assert_eq!(row(4, measured(102..110)), (7, false));
        let other_unit = Reading { unit_of_measure: "cm".to_owned(), ..reading(200, DeviceStatus::Measuring) };
        assert_eq!(row(5, vec![other_unit, reading(201, DeviceStatus::Measuring)]), (1, false));
    }

    #[test]
    fn a_timeline_has_what_its_lines_show() {
        let mut state = State::new(GroupId::COMMAND);
        let mut lines = Vec::new();
        for (index, command) in (1..).zip(commands()) {
            let applied = state.apply(index, &entry(command));
            lines.extend(applied.rows.into_iter().filter_map(|change| match change {
                RowChange::Put(row) if row.key.first() == Some(&rows::TIMELINE) => {
                    let event = Event::decode(&row.value).unwrap();
                    let Some(Subject::Incident(incident)) = event.subject else { panic!("it is about the incident") };
                    Some((event.note, incident))
                }
                _ => None,
            }));
        }
        let told: Vec<_> = lines.iter().map(|(note, incident)| (note.as_str(), incident.sources.len())).collect();
        assert_eq!(told, [("", 1), ("hai người", 1), ("ba người", 0)]);
        assert!(lines.iter().all(|(_, incident)| incident.summary == "nước lên"));
    }
}
