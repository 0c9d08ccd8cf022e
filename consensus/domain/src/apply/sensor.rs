//! Sensors and their readings.

use std::collections::BTreeMap;

use super::{Outcome, Work, accepted, retention, valid};
#[cfg(feature = "seeded-bugs")]
use crate::bugs::{Bug, is_made};
use crate::{
    CameraId, Condition, DeviceStatus, EntityId, Event, EventKind, Grant, Micro, Millis, Reading, ReadingVerdict,
    Readings, RecordReadings, Refusal, RefusalCode, RegisterSensor, Row, Sensor, SensorId, SetDeviceStatus, State,
    Threshold, VOCABULARY_2, limits, policy, rows,
    stored::{self, Touched},
    wire::{Record, bulk},
};

/// Conditions that actors and models raise of themselves: a threshold of that name would fight them for one alarm.
const RESERVED_CONDITIONS: [&str; 5] = ["silence", "rate", "fault", crate::UNUSUAL, crate::FORECAST];

pub(super) fn register(work: &mut Work<'_>, command: &RegisterSensor) -> Outcome {
    let sensor = &command.sensor;
    valid::name("sensor.name", &sensor.name)?;
    valid::name("sensor.unit_of_measure", &sensor.unit_of_measure)?;
    valid::place("sensor.place", &sensor.place)?;
    check_thresholds(&sensor.thresholds)?;
    check_suppressions(sensor)?;
    if sensor.range_min_micro > sensor.range_max_micro {
        return Err(valid::invalid(
            "sensor.range_min_micro",
            "lies above range_max_micro: swap them, or send 0 for both",
        ));
    }
    let Some(former) = work.state.sensors.get(&sensor.id) else {
        return register_new(work, sensor);
    };
    if former.unit_of_measure != sensor.unit_of_measure && former.last_at_ms.is_set() {
        let message = format!("it has readings in {}: register a new sensor", former.unit_of_measure);
        return Err(Refusal::new(RefusalCode::Exists, "sensor.unit_of_measure", message));
    }
    let put = Sensor {
        status: former.status,
        last_at_ms: former.last_at_ms,
        last_micro: former.last_micro,
        last_recorded_at_ms: former.last_recorded_at_ms,
        version: former.version,
        out_of_service: former.out_of_service.clone(),
        ..sensor.clone()
    };
    if put == *former {
        return Ok(accepted(&put.id, put.version));
    }
    if put.thresholds != former.thresholds && work.state.has_feature(VOCABULARY_2) {
        // What it measured until now is looked at again under the limits of then.
        work.history.push(stored::row(rows::former_sensor_key(&put.id, work.now, work.index), former));
    }
    let put = Sensor { version: put.version + 1, ..put };
    retention::hold_floor(work, &put);
    let outcome = accepted(&put.id, put.version);
    keep(work, put, EventKind::SensorRegistered);
    Ok(outcome)
}

fn register_new(work: &mut Work<'_>, sensor: &Sensor) -> Outcome {
    valid::within("sensor", work.state.sensors.len() + 1, limits::SENSORS_MAX)?;
    // An alarm names its entity only, so a sensor and a camera cannot share an id.
    if work.state.cameras.contains_key(&CameraId::from(&EntityId::from(&sensor.id))) {
        return Err(Refusal::new(RefusalCode::Exists, "sensor.id", "is a camera's: choose another id"));
    }
    let put = Sensor {
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 1,
        out_of_service: Vec::new(),
        ..sensor.clone()
    };
    work.state.windows.insert(put.id.clone(), Vec::new());
    work.touch(Touched::Window(put.id.clone()));
    let outcome = accepted(&put.id, put.version);
    keep(work, put, EventKind::SensorRegistered);
    Ok(outcome)
}

fn check_thresholds(thresholds: &[Threshold]) -> Result<(), Refusal> {
    valid::distinct("sensor.thresholds.condition", thresholds.iter().map(|threshold| &threshold.condition))?;
    for threshold in thresholds {
        if RESERVED_CONDITIONS.contains(&threshold.condition.as_str()) {
            let remedy = format!("{} is watched anyway: choose another name", threshold.condition);
            return Err(valid::invalid("sensor.thresholds.condition", remedy));
        }
        if threshold.hysteresis_micro.0 < 0 {
            return Err(valid::invalid("sensor.thresholds.hysteresis_micro", "is negative: send 0 or more"));
        }
    }
    valid::within("sensor.thresholds", thresholds.len(), limits::THRESHOLDS_MAX)
}

/// A rule names conditions that the sensor has, and leaves at least one of each two to be heard: what suppresses is not suppressed
/// itself, nor is a graver limit by a lesser one.
fn check_suppressions(sensor: &Sensor) -> Result<(), Refusal> {
    let rules = &sensor.suppressions;
    valid::within("sensor.suppressions", rules.len(), limits::SUPPRESSIONS_MAX)?;
    let threshold = |condition: &Condition| sensor.thresholds.iter().find(|limit| limit.condition == *condition);
    for (at, rule) in rules.iter().enumerate() {
        for condition in [&rule.condition, &rule.while_active] {
            if threshold(condition).is_none() && !RESERVED_CONDITIONS.contains(&condition.as_str()) {
                let remedy =
                    format!("{condition} is no condition of this sensor: name a threshold, or what is watched anyway");
                return Err(valid::invalid("sensor.suppressions", remedy));
            }
        }
        if rules[..at].contains(rule) {
            let remedy = format!("{} while {} is there twice: name it once", rule.condition, rule.while_active);
            return Err(valid::invalid("sensor.suppressions", remedy));
        }
        if rules.iter().any(|other| other.condition == rule.while_active) {
            let remedy = format!("{} would be suppressed and suppress: nobody might hear of either", rule.while_active);
            return Err(valid::invalid("sensor.suppressions", remedy));
        }
        if let (Some(less), Some(cause)) = (threshold(&rule.condition), threshold(&rule.while_active))
            && less.severity > cause.severity
        {
            let remedy = format!("{} is graver than {}: suppress the lesser one", rule.condition, rule.while_active);
            return Err(valid::invalid("sensor.suppressions", remedy));
        }
    }
    Ok(())
}

pub(super) fn set_status(work: &mut Work<'_>, command: &SetDeviceStatus) -> Outcome {
    let sensor = work.state.sensors.get(&command.sensor);
    let mut sensor = sensor.ok_or_else(|| valid::not_found("sensor", &command.sensor))?.clone();
    if sensor.status == command.status {
        return Ok(accepted(&sensor.id, sensor.version));
    }
    sensor.status = command.status;
    sensor.version += 1;
    let outcome = accepted(&sensor.id, sensor.version);
    keep(work, sensor, EventKind::DeviceStatusSet);
    Ok(outcome)
}

impl State {
    /// Leaves out of readings that are to be proposed what holds for all of their sensor's: the unit, which cannot change once
    /// something was recorded. Then the row is what is proposed, byte for byte.
    pub fn leave_units_out(&self, readings: &mut [Reading]) {
        // Who has left it out already costs no look at the sensor.
        for reading in readings.iter_mut().filter(|reading| !reading.unit_of_measure.is_empty()) {
            let sensor = self.sensors.get(&reading.sensor).filter(|sensor| sensor.last_at_ms.is_set());
            if sensor.is_some_and(|sensor| sensor.unit_of_measure == reading.unit_of_measure) {
                reading.unit_of_measure = String::new();
            }
        }
    }
}

/// Judges each reading by itself, in the order of the command, so that one bad sensor does not spoil a batch.
pub(super) fn record(work: &mut Work<'_>, command: &RecordReadings) -> Outcome {
    if command.readings.is_empty() {
        return Err(valid::invalid("readings", "is empty: send at least one"));
    }
    valid::within("readings", command.readings.len(), limits::READINGS_PER_COMMAND_MAX)?;
    let mut recorded = Readings::default();
    let mut as_proposed = true;
    let mut statuses: BTreeMap<SensorId, DeviceStatus> = BTreeMap::new();
    let mut verdicts = Vec::with_capacity(command.readings.len());
    for reading in &command.readings {
        let verdict = take(work, reading, &mut statuses);
        verdicts.push(verdict);
        as_proposed &= verdict == ReadingVerdict::Recorded && reading.unit_of_measure.is_empty();
        if verdict != ReadingVerdict::Recorded {
            continue;
        }
        // It is the sensor's own unit, so the row need not say so each time.
        recorded.readings.push(Reading { unit_of_measure: String::new(), ..reading.clone() });
    }
    if !recorded.readings.is_empty() {
        let key = rows::readings_key(work.now, work.index);
        // What the proposer sent is the row, byte for byte, unless something of it stays out.
        let own = if as_proposed { bulk::readings_of(work.proposal) } else { None };
        let value = own.unwrap_or_else(|| recorded.encode().into());
        work.emit(EventKind::ReadingsRecorded, "", Some(recorded.into()));
        if let Some(event) = work.events.last() {
            // Row and event hold the same message: it is written once.
            let (by, note) = (event.by.clone(), event.note.clone());
            let bare = Event { kind: event.kind, by, note, at_ms: event.at_ms, ordinal: event.ordinal, subject: None };
            work.encoded.push((event.ordinal, bulk::event(&bare, &value).into()));
        }
        work.history.push(Row { key, value });
    }
    for (id, before) in statuses {
        let Some(sensor) = work.state.sensors.get_mut(&id) else { continue };
        if sensor.status != before {
            sensor.version += 1;
            let sensor = sensor.clone();
            work.emit(EventKind::DeviceStatusSet, "", Some(sensor.into()));
        }
    }
    Ok(crate::Accepted { verdicts, ..accepted("", 0) })
}

/// Judges a reading and keeps one that counts: adds it to the window, and to the sensor if nothing newer is there. Sensor and
/// window are looked up once, because readings are most of what is ever applied. `statuses` keeps what each sensor was before it
/// said something else.
fn take(work: &mut Work<'_>, reading: &Reading, statuses: &mut BTreeMap<SensorId, DeviceStatus>) -> ReadingVerdict {
    let Some(sensor) = work.state.sensors.get_mut(&reading.sensor) else { return ReadingVerdict::UnknownSensor };
    let mut new = Vec::new();
    let known = work.state.windows.get_mut(&reading.sensor);
    let is_known = known.is_some();
    let window = known.unwrap_or(&mut new);
    let verdict = judge(sensor, window, work.grant.as_ref(), work.now, reading);
    if verdict != ReadingVerdict::Recorded {
        return verdict;
    }
    #[cfg(feature = "seeded-bugs")]
    if window.binary_search(&reading.at_ms).is_ok() {
        return verdict;
    }
    let at = window.partition_point(|at_ms| *at_ms < reading.at_ms);
    window.insert(at, reading.at_ms);
    if window.len() > limits::SENSOR_WINDOW {
        window.remove(0);
    }
    if !is_known {
        work.state.windows.insert(reading.sensor.clone(), new);
    }
    work.touched.insert(Touched::Window(reading.sensor.clone()));
    if reading.at_ms > sensor.last_at_ms {
        if sensor.status != reading.status {
            statuses.entry(reading.sensor.clone()).or_insert(sensor.status);
        }
        sensor.last_at_ms = reading.at_ms;
        sensor.last_micro = reading.value_micro;
        sensor.last_recorded_at_ms = work.now;
        sensor.status = reading.status;
        work.touched.insert(Touched::Sensor(reading.sensor.clone()));
    }
    verdict
}

fn judge(sensor: &Sensor, window: &[Millis], grant: Option<&Grant>, now: Millis, reading: &Reading) -> ReadingVerdict {
    // What lies outside of the grant's scope is not there for it.
    if grant.is_some_and(|grant| !policy::covers(grant, &sensor.place.admin_unit)) {
        return ReadingVerdict::UnknownSensor;
    }
    if !reading.unit_of_measure.is_empty() && reading.unit_of_measure != sensor.unit_of_measure {
        return ReadingVerdict::WrongUnit;
    }
    if reading.at_ms > now.plus(limits::CLOCK_AHEAD_MS_MAX) {
        return ReadingVerdict::InFuture;
    }
    let has_range = (sensor.range_min_micro, sensor.range_max_micro) != (Micro(0), Micro(0));
    if has_range && !(sensor.range_min_micro..=sensor.range_max_micro).contains(&reading.value_micro) {
        return ReadingVerdict::OutOfRange;
    }
    let is_there = window.binary_search(&reading.at_ms).is_ok();
    #[cfg(feature = "seeded-bugs")]
    let is_there = is_there && !is_made(Bug::ReadingTwice);
    if is_there {
        return ReadingVerdict::Duplicate;
    }
    let is_full = window.len() >= limits::SENSOR_WINDOW;
    if is_full && window.first().is_some_and(|oldest| reading.at_ms < *oldest) {
        return ReadingVerdict::TooLate;
    }
    ReadingVerdict::Recorded
}

fn keep(work: &mut Work<'_>, sensor: Sensor, kind: EventKind) {
    work.touch(Touched::Sensor(sensor.id.clone()));
    work.state.sensors.insert(sensor.id.clone(), sensor.clone());
    work.emit(kind, "", Some(sensor.into()));
}
