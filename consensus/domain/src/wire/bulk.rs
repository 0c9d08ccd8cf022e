//! Readings written as protobuf by reference. They are most of what is ever written, and a message made of copies costs more
//! than writing it does. Byte for byte what the generated messages are written as: hashes and replicas rest on it.

use bytes::Bytes;
use prost::{
    Message,
    encoding::{
        self, DecodeContext, WireType, decode_key, decode_varint, encode_key, encode_varint, encoded_len_varint,
        key_len, skip_field,
    },
};

use super::{Field, Record, generated};
use crate::{Command, Entry, Event, Reading, Readings};

/// Numbers of fields, as in `proto/`: of `Readings` and `RecordReadings`; of `Reading`; of `Event`; of `Entry` and `Command`.
const READINGS: u32 = 1;
const SENSOR: u32 = 1;
const AT_MS: u32 = 2;
const VALUE_MICRO: u32 = 3;
const STATUS: u32 = 4;
const UNIT_OF_MEASURE: u32 = 5;
const EVENT_READINGS: u32 = 16;
const COMMAND: u32 = 4;
const RECORD_READINGS: u32 = 42;
const SALT: u32 = 250;

fn len(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

/// Bytes of a field that begins with its length.
fn nested_len(tag: u32, bytes: usize) -> usize {
    key_len(tag) + encoded_len_varint(len(bytes)) + bytes
}

fn put_nested(tag: u32, bytes: &[u8], out: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(len(bytes.len()), out);
    out.extend_from_slice(bytes);
}

/// What is zero or empty is not written, as proto3 has it.
fn put_text(tag: u32, text: &str, out: &mut Vec<u8>) {
    if !text.is_empty() {
        put_nested(tag, text.as_bytes(), out);
    }
}

fn text_len(tag: u32, text: &str) -> usize {
    if text.is_empty() { 0 } else { nested_len(tag, text.len()) }
}

fn reading_len(reading: &Reading) -> usize {
    let status: i32 = Field::write(&reading.status);
    let (at_ms, value) = (reading.at_ms.0, reading.value_micro.0);
    text_len(SENSOR, reading.sensor.as_str())
        + if at_ms == 0 { 0 } else { encoding::uint64::encoded_len(AT_MS, &at_ms) }
        + if value == 0 { 0 } else { encoding::sint64::encoded_len(VALUE_MICRO, &value) }
        + if status == 0 { 0 } else { encoding::int32::encoded_len(STATUS, &status) }
        + text_len(UNIT_OF_MEASURE, &reading.unit_of_measure)
}

fn put_reading(reading: &Reading, out: &mut Vec<u8>) {
    let status: i32 = Field::write(&reading.status);
    let (at_ms, value) = (reading.at_ms.0, reading.value_micro.0);
    put_text(SENSOR, reading.sensor.as_str(), out);
    if at_ms != 0 {
        encoding::uint64::encode(AT_MS, &at_ms, out);
    }
    if value != 0 {
        encoding::sint64::encode(VALUE_MICRO, &value, out);
    }
    if status != 0 {
        encoding::int32::encode(STATUS, &status, out);
    }
    put_text(UNIT_OF_MEASURE, &reading.unit_of_measure, out);
}

/// The message `Readings`, which is that of `RecordReadings` too.
fn message(readings: &[Reading]) -> Vec<u8> {
    let bytes = readings.iter().map(|reading| nested_len(READINGS, reading_len(reading))).sum();
    let mut out = Vec::with_capacity(bytes);
    for reading in readings {
        encode_key(READINGS, WireType::LengthDelimited, &mut out);
        encode_varint(len(reading_len(reading)), &mut out);
        put_reading(reading, &mut out);
    }
    out
}

/// Readings that were recorded together.
pub(crate) fn recorded(readings: &Readings) -> Vec<u8> {
    message(&readings.readings)
}

/// An event about readings that are written already; `bare` is without them.
pub(crate) fn event(bare: &Event, readings: &[u8]) -> Vec<u8> {
    let mut out = bare.encode();
    put_nested(EVENT_READINGS, readings, &mut out);
    out
}

/// An entry of the log.
pub(crate) fn entry(entry: &Entry) -> Vec<u8> {
    let Command::RecordReadings(command) = &entry.command else { return entry.to_wire().encode_to_vec() };
    let readings = message(&command.readings);
    let before = generated::Entry {
        at_ms: Field::write(&entry.at_ms),
        request: Field::write(&entry.request),
        grant: Field::write(&entry.grant),
        command: None,
        salt: Bytes::new(),
    };
    let mut out = before.encode_to_vec();
    let command_bytes = nested_len(RECORD_READINGS, readings.len());
    out.reserve(nested_len(COMMAND, command_bytes) + nested_len(SALT, entry.salt.len()));
    encode_key(COMMAND, WireType::LengthDelimited, &mut out);
    encode_varint(len(command_bytes), &mut out);
    put_nested(RECORD_READINGS, &readings, &mut out);
    if !entry.salt.is_empty() {
        put_nested(SALT, &entry.salt, &mut out);
    }
    out
}

/// The message `RecordReadings` of an entry that [`entry`] wrote, as it stands there: nothing is copied. None: it is another
/// command's, or it was not written so.
pub(crate) fn readings_of(entry: &Bytes) -> Option<Bytes> {
    nested(&nested(entry, COMMAND)?, RECORD_READINGS)
}

/// The one field of this number that begins with its length; none when there is another number of them.
fn nested(message: &Bytes, tag: u32) -> Option<Bytes> {
    let (mut rest, mut found) = (message.clone(), None);
    while !rest.is_empty() {
        let (number, wire_type) = decode_key(&mut rest).ok()?;
        if number != tag {
            skip_field(wire_type, number, &mut rest, DecodeContext::default()).ok()?;
            continue;
        }
        let bytes = usize::try_from(decode_varint(&mut rest).ok()?).ok()?;
        if wire_type != WireType::LengthDelimited || bytes > rest.len() || found.is_some() {
            return None;
        }
        found = Some(rest.split_to(bytes));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{DeviceStatus, EventKind, Micro, Millis, PersonId, RecordReadings, RequestId, SensorId, SessionId};

    fn any_reading() -> impl Strategy<Value = Reading> {
        let status = prop::sample::select(DeviceStatus::ALL.to_vec());
        let at_ms = prop_oneof![Just(0), any::<u64>(), Just(1_790_000_000_000_u64)];
        let value = prop_oneof![Just(0), any::<i64>(), -5_000_000..5_000_000_i64];
        let fields = ("[a-zA-Z0-9._-]{1,40}", at_ms, value, status, "\\PC{0,6}");
        fields.prop_map(|(sensor, at_ms, value, status, unit_of_measure)| Reading {
            sensor: SensorId::new(&sensor).unwrap(),
            at_ms: Millis(at_ms),
            value_micro: Micro(value),
            status,
            unit_of_measure,
        })
    }

    proptest! {
        #[test]
        fn what_is_written_by_reference_is_what_the_messages_are_written_as(
            readings in prop::collection::vec(any_reading(), 0..20),
            at_ms in any::<u64>(),
            request in prop::option::of(any::<u64>()),
            salt in prop::collection::vec(any::<u8>(), 0..33),
        ) {
            let recorded = Readings { readings: readings.clone() };
            prop_assert_eq!(recorded.encode(), recorded.to_wire().encode_to_vec());
            let entry = Entry {
                at_ms: Millis(at_ms),
                request: request.map(|seq| RequestId { session: SessionId([7; 32]), seq }),
                grant: None,
                command: RecordReadings { readings }.into(),
                salt: salt.into(),
            };
            let written = Bytes::from(entry.encode());
            prop_assert_eq!(&written, &entry.to_wire().encode_to_vec());
            let own = readings_of(&written);
            prop_assert_eq!(own.as_deref(), Some(&recorded.encode()[..]));
            // A slice of it, unless it is empty and lies nowhere.
            let range = written.as_ptr_range();
            prop_assert!(own.is_some_and(|own| own.is_empty() || range.contains(&own.as_ptr())));
            let by = Some(PersonId::new("device").unwrap());
            let bare = Event {
                kind: EventKind::ReadingsRecorded,
                by,
                note: String::new(),
                at_ms: Millis(at_ms),
                ordinal: 3,
                subject: None,
            };
            let whole = Event { subject: Some(recorded.clone().into()), ..bare.clone() };
            prop_assert_eq!(event(&bare, &recorded.encode()), whole.to_wire().encode_to_vec());
        }

        #[test]
        fn of_what_is_no_entry_nothing_is_taken(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            // Whatever it finds lies in it: it does not panic, and asks for no memory.
            prop_assert!(readings_of(&bytes.clone().into()).is_none_or(|found| found.len() < bytes.len()));
        }
    }

    #[test]
    fn of_another_command_and_of_two_in_one_nothing_is_taken() {
        let command = RecordReadings { readings: Vec::new() };
        let entry = |command: Command| Entry {
            at_ms: Millis(1),
            request: None,
            grant: None,
            command,
            salt: Bytes::from_static(b"salt"),
        };
        assert_eq!(readings_of(&entry(crate::RaisePolicyFloor { floor: 7 }.into()).encode().into()), None);
        let one = entry(command.into()).encode();
        assert_eq!(readings_of(&one.clone().into()), Some(Bytes::new()));
        assert_eq!(readings_of(&[one.clone(), one].concat().into()), None);
    }
}
