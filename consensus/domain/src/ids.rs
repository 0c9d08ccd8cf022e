//! Identifiers and scalars. A name is checked once, when it is made, and stays right from then on.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{limits, wire::Malformed};

/// Unix milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// Time that has passed since `earlier`, 0 when it lies ahead.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This time and `ms` milliseconds.
    #[must_use]
    pub fn plus(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Whether it was ever set.
    #[must_use]
    pub fn is_set(self) -> bool {
        self.0 != 0
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Millionths of a unit of measure: decisions are made on whole numbers, the same on every processor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Micro(pub i64);

impl fmt::Display for Micro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let whole = self.0.unsigned_abs() / 1_000_000;
        let part = self.0.unsigned_abs() % 1_000_000;
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let digits = format!("{part:06}");
        write!(f, "{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// Number of a Raft group: 0 is the command group, `1..=FIELD_GROUPS` are the field groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupId(pub u32);

impl GroupId {
    /// The group of people, units, incidents and placement.
    pub const COMMAND: Self = Self(0);

    /// All groups, the command group first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..=limits::FIELD_GROUPS).map(Self)
    }

    /// The groups of devices.
    pub fn field() -> impl Iterator<Item = Self> {
        (1..=limits::FIELD_GROUPS).map(Self)
    }

    /// Whether it keeps devices.
    #[must_use]
    pub fn is_field(self) -> bool {
        (1..=limits::FIELD_GROUPS).contains(&self.0)
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Checks a name: 1 to `limits::ID_BYTES_MAX` of `a-z A-Z 0-9 - _ .`
fn check_name(field: &'static str, text: &str) -> Result<(), Malformed> {
    let right = !text.is_empty()
        && text.len() <= limits::ID_BYTES_MAX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if right {
        return Ok(());
    }
    Err(Malformed::new(field, format!("use 1 to {} of a-z A-Z 0-9 - _ . as an id", limits::ID_BYTES_MAX)))
}

macro_rules! name {
    ($(#[$doc:meta] $type:ident $field:literal)+) => {$(
        #[$doc]
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(std::sync::Arc<str>);

        impl $type {
            /// Checks `text`. Errors name the field and the remedy.
            pub fn new(text: &str) -> Result<Self, Malformed> {
                check_name($field, text)?;
                Ok(Self(text.into()))
            }

            /// The text of it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = Malformed;
            fn try_from(text: String) -> Result<Self, Malformed> {
                Self::new(&text)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.to_string()
            }
        }

        impl std::borrow::Borrow<str> for $type {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl crate::wire::Field<String> for $type {
            fn read(field: &'static str, wire: String) -> Result<Self, Malformed> {
                check_name(field, &wire)?;
                Ok(Self(wire.into()))
            }
            fn write(&self) -> String {
                self.0.to_string()
            }
        }

        impl crate::wire::Field<String> for Option<$type> {
            fn read(field: &'static str, wire: String) -> Result<Self, Malformed> {
                if wire.is_empty() { Ok(None) } else { $type::read(field, wire).map(Some) }
            }
            fn write(&self) -> String {
                self.as_ref().map(|name| name.0.to_string()).unwrap_or_default()
            }
        }
    )+};
}

name! {
    /// Code of an administrative unit.
    AdminUnitCode "admin_unit"
    /// A district room.
    DistrictId "district"
    /// A person or a service account.
    PersonId "person"
    /// A sensor.
    SensorId "sensor"
    /// A camera.
    CameraId "camera"
    /// Any entity that an alarm can be about, or that is placed in a group: a sensor, a camera, a district.
    EntityId "entity"
    /// The name of an alarm's condition.
    Condition "condition"
    /// An incident.
    IncidentId "incident"
    /// A response unit.
    UnitId "unit"
    /// A report, by the code that its sender follows.
    ReportCode "report"
    /// A model.
    ModelName "model"
    /// A version of a model.
    VersionName "version"
    /// A calendar of working time.
    CalendarId "calendar"
    /// A policy of deadlines.
    DeadlinePolicyId "policy"
    /// A post that somebody is on duty at.
    DutyPostId "post"
    /// An instruction.
    InstructionId "instruction"
    /// A system that is told of what happens.
    ReceiverId "receiver"
    /// A call.
    CallId "call"
    /// One telephone connection of a caller.
    LegId "leg"
    /// A key of a service account.
    ServiceKeyId "key"
    /// One person's rights to another.
    DelegationId "delegation"
    /// A message to the public.
    WarningId "warning"
    /// An exercise.
    ExerciseId "exercise"
    /// A command room.
    RoomId "room"
    /// What a shift left to the next.
    ShiftNoteId "shift_note"
}

macro_rules! as_entity {
    ($($type:ident)+) => {$(
        impl From<&$type> for EntityId {
            fn from(id: &$type) -> Self {
                Self(id.0.clone())
            }
        }
        impl From<&EntityId> for $type {
            fn from(id: &EntityId) -> Self {
                Self(id.0.clone())
            }
        }
    )+};
}

as_entity!(SensorId CameraId DistrictId);

/// SHA-256 of a bearer token: whoever reads the log cannot act for anybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId(pub [u8; 32]);

impl crate::wire::Field<bytes::Bytes> for SessionId {
    fn read(field: &'static str, wire: bytes::Bytes) -> Result<Self, Malformed> {
        let bytes = wire.as_ref().try_into().map_err(|_| Malformed::new(field, "a session id has 32 bytes"))?;
        Ok(Self(bytes))
    }
    fn write(&self) -> bytes::Bytes {
        bytes::Bytes::copy_from_slice(&self.0)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Enough to tell two sessions apart in a log line.
        for byte in &self.0[..4] {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// SHA-256 of something: of an artifact, of a text. In JSON as hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(pub [u8; 32]);

impl crate::wire::Field<bytes::Bytes> for Digest {
    fn read(field: &'static str, wire: bytes::Bytes) -> Result<Self, Malformed> {
        let bytes = wire.as_ref().try_into().map_err(|_| Malformed::new(field, "a SHA-256 has 32 bytes"))?;
        Ok(Self(bytes))
    }
    fn write(&self) -> bytes::Bytes {
        bytes::Bytes::copy_from_slice(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        let malformed = || Malformed::new("sha256", "send 64 hexadecimal digits");
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(malformed());
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { return Err(malformed()) };
            *byte = high * 16 + low;
        }
        Ok(Self(bytes))
    }
}

macro_rules! scalar {
    ($type:ident $wire:ty) => {
        impl crate::wire::Field<$wire> for $type {
            fn read(_: &'static str, wire: $wire) -> Result<Self, Malformed> {
                Ok(Self(wire))
            }
            fn write(&self) -> $wire {
                self.0
            }
        }
    };
}

scalar!(Millis u64);
scalar!(Micro i64);
scalar!(GroupId u32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_a_slash_is_refused_with_the_field() {
        let malformed = SensorId::new("a/b").unwrap_err();
        assert_eq!(malformed.field, "sensor");
    }

    #[test]
    fn a_digest_is_64_hexadecimal_digits() {
        let digest = Digest([0xa5; 32]);
        assert_eq!(Digest::try_from(String::from(digest)).unwrap(), digest);
        for wrong in ["", "a5", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(Digest::try_from(wrong.to_owned()).unwrap_err().field, "sha256");
        }
    }

    #[test]
    fn micro_prints_as_a_decimal() {
        assert_eq!(Micro(-1_500_000).to_string(), "-1.5");
        assert_eq!(Micro(2_000_000).to_string(), "2");
        assert_eq!(Micro(1).to_string(), "0.000001");
    }
}
