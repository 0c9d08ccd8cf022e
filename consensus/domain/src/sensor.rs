//! Sensors and what they read.

use serde::{Deserialize, Serialize};

use crate::{
    Condition, Micro, Millis, OutOfService, Place, SensorId, Severity, Suppression,
    wire::{record, wire_enum},
};

wire_enum! {
    /// What is measured.
    SensorKind {
        /// Water level of a river or a reservoir.
        RiverLevel = "river_level",
        /// Rainfall.
        Rain = "rain",
        /// Air quality.
        Air = "air",
        /// Smoke, heat, a fire panel.
        Fire = "fire",
        /// Vehicles.
        Traffic = "traffic",
        /// Temperature.
        Temperature = "temperature",
        /// Anything else.
        Other = "other",
    }
}

wire_enum! {
    /// What the device says of itself (TT 10/2021/TT-BTNMT).
    DeviceStatus {
        /// Its readings count.
        Measuring = "measuring",
        /// Its readings are kept and raise no alarm.
        Calibrating = "calibrating",
        /// Its readings are kept and raise no alarm but the one about the fault.
        Fault = "fault",
    }
}

wire_enum! {
    /// What became of one reading.
    ReadingVerdict {
        /// Recorded.
        Recorded = "recorded",
        /// Known already; nothing changed.
        Duplicate = "duplicate",
        /// No such sensor in this group.
        UnknownSensor = "unknown_sensor",
        /// Not the sensor's unit of measure.
        WrongUnit = "wrong_unit",
        /// Device time too far ahead.
        InFuture = "in_future",
        /// Older than the window of device times.
        TooLate = "too_late",
        /// Outside of what the sensor can say.
        OutOfRange = "out_of_range",
    }
}

/// One alarm limit with hysteresis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Threshold {
    /// Its name, unique within the sensor.
    pub condition: Condition,
    /// Abnormal above the limit, or below it.
    pub above: bool,
    /// The limit, in the sensor's unit.
    pub limit_micro: Micro,
    /// How far back inside the value must come to be normal again; not negative.
    pub hysteresis_micro: Micro,
    /// How long the limit must stay passed.
    pub debounce_ms: u32,
    /// How bad it is.
    pub severity: Severity,
}

record!(Threshold { condition, above, limit_micro, hysteresis_micro, debounce_ms, severity });

/// A sensor and the newest that it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sensor {
    /// Its id.
    pub id: SensorId,
    /// Vietnamese name.
    pub name: String,
    /// What it measures.
    pub kind: SensorKind,
    /// UCUM code.
    pub unit_of_measure: String,
    /// Where it stands.
    pub place: Place,
    /// Its alarm limits, at most `limits::THRESHOLDS_MAX`.
    pub thresholds: Vec<Threshold>,
    /// Expected time between readings; 0: none.
    pub period_ms: u32,
    /// Silence is this many periods; 0: never.
    pub silence_periods: u32,
    /// Alarm when the value changes faster; 0: never.
    pub rate_limit_micro_per_min: u64,
    /// What it can say, with the next: both 0: anything.
    pub range_min_micro: Micro,
    /// See `range_min_micro`.
    pub range_max_micro: Micro,
    /// What the device says of itself.
    pub status: DeviceStatus,
    /// Device time of the newest reading.
    pub last_at_ms: Millis,
    /// Its value.
    pub last_micro: Micro,
    /// When the cluster recorded it.
    pub last_recorded_at_ms: Millis,
    /// Grows with every change but readings.
    pub version: u64,
    /// A device of drills: all that it says is part of one.
    #[serde(default)]
    pub exercise: bool,
    /// Which of its conditions call for nobody while which other holds, at most `limits::SUPPRESSIONS_MAX`.
    #[serde(default)]
    pub suppressions: Vec<Suppression>,
    /// What of it is out of service, by condition, what is over included; at most `limits::OUT_OF_SERVICE_MAX`.
    #[serde(default)]
    pub out_of_service: Vec<OutOfService>,
}

record!(Sensor {
    id,
    name,
    kind,
    unit_of_measure,
    place,
    thresholds,
    period_ms,
    silence_periods,
    rate_limit_micro_per_min,
    range_min_micro,
    range_max_micro,
    status,
    last_at_ms,
    last_micro,
    last_recorded_at_ms,
    version,
    exercise,
    suppressions,
    out_of_service,
});

/// One measurement. `(sensor, at_ms)` is its identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// By which sensor.
    pub sensor: SensorId,
    /// Device time.
    pub at_ms: Millis,
    /// What was measured.
    pub value_micro: Micro,
    /// What the device says of itself.
    pub status: DeviceStatus,
    /// As the device sent it; empty: the sensor's own.
    #[serde(default)]
    pub unit_of_measure: String,
}

record!(Reading { sensor, at_ms, value_micro, status, unit_of_measure });

/// Readings recorded together: one row, one event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readings {
    /// In the order of the command.
    pub readings: Vec<Reading>,
}

record!(Readings { readings } written_by crate::wire::bulk::recorded);

/// The device times already recorded of one sensor, ascending, at most `limits::SENSOR_WINDOW`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SensorWindow {
    /// Whose.
    pub sensor: SensorId,
    /// Device times.
    pub at_ms: Vec<Millis>,
}

record!(SensorWindow { sensor, at_ms });
