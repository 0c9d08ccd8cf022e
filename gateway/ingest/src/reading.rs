//! Readings as devices send them, JSON or protobuf, one or many, made into [`Reading`]s. Used by MQTT here and by the HTTP
//! door. Every error names the field and what to send instead.
//!
//! JSON of one reading: `{"at_ms": 1757810000000, "value": 4.25, "unit": "m", "status": "measuring"}`; `at` with an
//! RFC 3339 date-time may stand for `at_ms`; `unit` and `status` may be absent. A batch is an array of these, or an object
//! with the array as `readings`, each with its `sensor`. The time is the device's own and is required: with the sensor it
//! is the reading's identity, so that sending it twice changes nothing.

use domain::{DeviceStatus, Micro, Millis, Reading, SensorId, limits, wire::Malformed, wire::generated};
use prost::Message;
use serde_json::{Map, Value};

use crate::rfc3339;

/// Largest magnitude of a JSON value, in the sensor's unit. Up to it a parsed double (right to one unit in its last place)
/// times a million still rounds to the millionths that were written; past it the last digit could change on the way.
pub const VALUE_ABS_MAX: f64 = 1.0e9;
/// Bytes of a unit of measure (a UCUM code).
pub const UNIT_BYTES_MAX: usize = 32;

/// What one payload held: the good readings are worth keeping even when a sibling is broken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Readings that parsed, in order.
    pub readings: Vec<Reading>,
    /// What did not parse, each with its field as `readings[3].value`.
    pub broken: Vec<Malformed>,
}

impl Batch {
    /// All or nothing, for callers that can tell the sender (HTTP).
    ///
    /// # Errors
    /// The first broken reading.
    pub fn strict(self) -> Result<Vec<Reading>, Malformed> {
        match self.broken.into_iter().next() {
            Some(first) => Err(first),
            None => Ok(self.readings),
        }
    }

    fn take(&mut self, at: usize, reading: Result<Reading, Malformed>) {
        match reading {
            Ok(reading) => self.readings.push(reading),
            Err(malformed) => self.broken.push(malformed.within(&format!("readings[{at}]"))),
        }
    }
}

/// Reads a JSON array of readings, or an object with that array as `readings`.
///
/// # Errors
/// The payload as a whole is not that, is empty, or holds more than `limits::READINGS_PER_COMMAND_MAX`.
pub fn batch_json(bytes: &[u8]) -> Result<Batch, Malformed> {
    let items = match parse_json(bytes)? {
        Value::Array(items) => items,
        Value::Object(mut object) => match object.remove("readings") {
            Some(Value::Array(items)) => items,
            _ => return Err(Malformed::new("readings", "send an array of readings")),
        },
        _ => return Err(Malformed::new("readings", "send an array of readings")),
    };
    check_count(items.len())?;
    let mut batch = Batch::default();
    for (at, item) in items.into_iter().enumerate() {
        batch.take(at, from_json(None, item));
    }
    Ok(batch)
}

/// Reads a protobuf `Readings`.
///
/// # Errors
/// The payload as a whole is not that, is empty, or holds more than `limits::READINGS_PER_COMMAND_MAX`.
pub fn batch_protobuf(bytes: &[u8]) -> Result<Batch, Malformed> {
    let wire = generated::Readings::decode(bytes)
        .map_err(|e| Malformed::new("readings", format!("send a protobuf trongdong.v1.Readings ({e})")))?;
    check_count(wire.readings.len())?;
    let mut batch = Batch::default();
    for (at, reading) in wire.readings.into_iter().enumerate() {
        batch.take(at, from_protobuf(None, reading));
    }
    Ok(batch)
}

/// Reads one JSON reading of `sensor`, which the address already names; a `sensor` inside must be the same one.
///
/// # Errors
/// The first field that is wrong.
pub fn single_json(sensor: &SensorId, bytes: &[u8]) -> Result<Reading, Malformed> {
    from_json(Some(sensor), parse_json(bytes)?)
}

/// Reads one protobuf `Reading` of `sensor`, which the address already names.
///
/// # Errors
/// The first field that is wrong.
pub fn single_protobuf(sensor: &SensorId, bytes: &[u8]) -> Result<Reading, Malformed> {
    let wire = generated::Reading::decode(bytes)
        .map_err(|e| Malformed::new("reading", format!("send a protobuf trongdong.v1.Reading ({e})")))?;
    from_protobuf(Some(sensor), wire)
}

fn parse_json(bytes: &[u8]) -> Result<Value, Malformed> {
    serde_json::from_slice(bytes).map_err(|e| Malformed::new("payload", format!("send valid JSON ({e})")))
}

fn check_count(count: usize) -> Result<(), Malformed> {
    if count == 0 {
        return Err(Malformed::new("readings", "send at least one reading"));
    }
    if count > limits::READINGS_PER_COMMAND_MAX {
        let remedy = format!("send at most {} readings at once, not {count}", limits::READINGS_PER_COMMAND_MAX);
        return Err(Malformed::new("readings", remedy));
    }
    Ok(())
}

fn from_json(addressed: Option<&SensorId>, value: Value) -> Result<Reading, Malformed> {
    let Value::Object(object) = value else {
        let remedy = "send an object with at_ms (or at) and value; a bare number has no device time";
        return Err(Malformed::new("reading", remedy));
    };
    let inside = match object.get("sensor") {
        None => "",
        Some(Value::String(text)) => text,
        Some(_) => return Err(Malformed::new("sensor", "send the sensor's id as a string")),
    };
    Ok(Reading {
        sensor: sensor_of(addressed, inside)?,
        at_ms: at_of(&object)?,
        value_micro: value_of(&object)?,
        status: status_of(&object)?,
        unit_of_measure: match object.get("unit") {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(unit)) => checked_unit("unit", unit.clone())?,
            Some(_) => return Err(Malformed::new("unit", "send a UCUM code as a string, or leave it out")),
        },
    })
}

fn from_protobuf(addressed: Option<&SensorId>, wire: generated::Reading) -> Result<Reading, Malformed> {
    let status = match generated::DeviceStatus::try_from(wire.status) {
        // An absent status says no more than that the device measured.
        Ok(generated::DeviceStatus::Unspecified | generated::DeviceStatus::Measuring) => DeviceStatus::Measuring,
        Ok(generated::DeviceStatus::Calibrating) => DeviceStatus::Calibrating,
        Ok(generated::DeviceStatus::Fault) => DeviceStatus::Fault,
        Err(_) => return Err(Malformed::new("status", "use one of measuring calibrating fault")),
    };
    Ok(Reading {
        sensor: sensor_of(addressed, &wire.sensor)?,
        at_ms: checked_at("at_ms", wire.at_ms)?,
        value_micro: Micro(wire.value_micro),
        status,
        unit_of_measure: checked_unit("unit_of_measure", wire.unit_of_measure)?,
    })
}

fn sensor_of(addressed: Option<&SensorId>, inside: &str) -> Result<SensorId, Malformed> {
    match addressed {
        Some(addressed) if inside.is_empty() || inside == addressed.as_str() => Ok(addressed.clone()),
        Some(addressed) => {
            Err(Malformed::new("sensor", format!("is not {addressed}, the sensor in the address; send either")))
        }
        None if inside.is_empty() => Err(Malformed::new("sensor", "is required")),
        None => SensorId::new(inside),
    }
}

fn at_of(object: &Map<String, Value>) -> Result<Millis, Malformed> {
    match (object.get("at_ms"), object.get("at")) {
        (Some(_), Some(_)) => Err(Malformed::new("at", "send at_ms or at, not both")),
        (Some(at_ms), None) => {
            let at_ms = at_ms
                .as_u64()
                .ok_or_else(|| Malformed::new("at_ms", "send the device time as whole Unix milliseconds"))?;
            checked_at("at_ms", at_ms)
        }
        (None, Some(at)) => {
            let at_ms = at.as_str().and_then(rfc3339::parse_ms).ok_or_else(|| {
                Malformed::new("at", "send the device time as RFC 3339, such as 2026-09-14T07:30:00+07:00")
            })?;
            checked_at("at", at_ms)
        }
        (None, None) => Err(Malformed::new("at_ms", "is required: the device's own time identifies the reading")),
    }
}

fn checked_at(field: &str, at_ms: u64) -> Result<Millis, Malformed> {
    if at_ms == 0 {
        return Err(Malformed::new(field, "is required: the device's own time identifies the reading"));
    }
    Ok(Millis(at_ms))
}

fn value_of(object: &Map<String, Value>) -> Result<Micro, Malformed> {
    let value = object
        .get("value")
        .ok_or_else(|| Malformed::new("value", "is required"))?
        .as_f64()
        .ok_or_else(|| Malformed::new("value", "send a number"))?;
    if !(-VALUE_ABS_MAX..=VALUE_ABS_MAX).contains(&value) {
        return Err(Malformed::new("value", format!("send a number between -{VALUE_ABS_MAX} and {VALUE_ABS_MAX}")));
    }
    #[allow(clippy::cast_possible_truncation, reason = "within ±1e15 by the check above, so rounding is all it loses")]
    let micro = (value * 1e6).round() as i64;
    Ok(Micro(micro))
}

fn status_of(object: &Map<String, Value>) -> Result<DeviceStatus, Malformed> {
    match object.get("status") {
        None | Some(Value::Null) => Ok(DeviceStatus::Measuring),
        Some(status) => status
            .as_str()
            .and_then(DeviceStatus::from_name)
            .ok_or_else(|| Malformed::new("status", "use one of measuring calibrating fault")),
    }
}

fn checked_unit(field: &str, unit: String) -> Result<String, Malformed> {
    if unit.len() > UNIT_BYTES_MAX {
        return Err(Malformed::new(field, format!("send a UCUM code of at most {UNIT_BYTES_MAX} bytes")));
    }
    Ok(unit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sensor() -> SensorId {
        SensorId::new("river-1").unwrap()
    }

    fn one(json: &str) -> Result<Reading, Malformed> {
        single_json(&sensor(), json.as_bytes())
    }

    #[test]
    fn a_full_reading() {
        let reading = one(r#"{"at":"2001-09-09T08:46:40+07:00","value":-4.25,"unit":"m","status":"fault","x":[]}"#);
        let expected = Reading {
            sensor: sensor(),
            at_ms: Millis(1_000_000_000_000),
            value_micro: Micro(-4_250_000),
            status: DeviceStatus::Fault,
            unit_of_measure: "m".into(),
        };
        assert_eq!(reading, Ok(expected));
    }

    #[test]
    fn errors_name_the_field() {
        let cases = [
            ("12.5", "reading"),
            ("{", "payload"),
            (r#"{"value":1}"#, "at_ms"),
            (r#"{"at_ms":0,"value":1}"#, "at_ms"),
            (r#"{"at_ms":1.5,"value":1}"#, "at_ms"),
            (r#"{"at_ms":1,"at":"x","value":1}"#, "at"),
            (r#"{"at":"yesterday","value":1}"#, "at"),
            (r#"{"at_ms":1}"#, "value"),
            (r#"{"at_ms":1,"value":"1"}"#, "value"),
            (r#"{"at_ms":1,"value":1.1e9}"#, "value"),
            (r#"{"at_ms":1,"value":1,"status":"well"}"#, "status"),
            (r#"{"at_ms":1,"value":1,"unit":3}"#, "unit"),
            (r#"{"at_ms":1,"value":1,"sensor":"river-2"}"#, "sensor"),
        ];
        for (json, field) in cases {
            assert_eq!(one(json).unwrap_err().field, field, "{json}");
        }
    }

    #[test]
    fn a_broken_sibling_does_not_lose_the_good_ones() {
        let json =
            br#"[{"sensor":"a","at_ms":1,"value":1},{"sensor":"b","at_ms":2},{"sensor":"c","at_ms":3,"value":3}]"#;
        let batch = batch_json(json).unwrap();
        assert_eq!(batch.readings.len(), 2);
        assert_eq!(batch.broken[0].field, "readings[1].value");
        assert_eq!(batch.strict().unwrap_err().field, "readings[1].value");
    }

    #[test]
    fn a_batch_has_bounds() {
        assert_eq!(batch_json(b"[]").unwrap_err().field, "readings");
        assert_eq!(batch_protobuf(b"").unwrap_err().field, "readings");
        let many = format!("[{}]", vec!["1"; limits::READINGS_PER_COMMAND_MAX + 1].join(","));
        assert!(batch_json(many.as_bytes()).unwrap_err().remedy.contains("at most"));
    }

    #[test]
    fn millionths_survive_json() {
        for micro in [1, -1, 123_456_789, 999_999_999_999_999, -4_250_001] {
            let json = format!(r#"{{"at_ms":1,"value":{}}}"#, Micro(micro));
            assert_eq!(one(&json).unwrap().value_micro, Micro(micro));
        }
    }

    proptest! {
        #[test]
        fn protobuf_and_json_say_the_same(
            at in 1_u64..4_000_000_000_000,
            micro in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
        ) {
            let wire = generated::Readings { readings: vec![generated::Reading {
                sensor: "s".into(), at_ms: at, value_micro: micro, status: 0, unit_of_measure: "m".into(),
            }] };
            let json = format!(r#"{{"readings":[{{"sensor":"s","at_ms":{at},"value":{},"unit":"m"}}]}}"#, Micro(micro));
            prop_assert_eq!(batch_protobuf(&wire.encode_to_vec()), batch_json(json.as_bytes()));
        }
    }
}
