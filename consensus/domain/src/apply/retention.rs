//! Retention: what an entry says about it, and what an entry's time makes of it.

use super::{Outcome, Work, accepted, valid};
use crate::{EventKind, Refusal, Sensor, SensorFloor, SetRetention, limits, stored::Touched};

pub(super) fn set(work: &mut Work<'_>, command: &SetRetention) -> Outcome {
    check_days("days", command.days)?;
    valid::distinct("kinds.kind", command.kinds.iter().map(|own| own.kind))?;
    command.kinds.iter().try_for_each(|own| check_days("kinds.days", own.days))?;
    let mut kinds = command.kinds.clone();
    kinds.sort_unstable_by_key(|own| own.kind);
    let retention = &mut work.state.retention;
    if (retention.days, &retention.kinds) != (command.days, &kinds) {
        let note = kinds.iter().fold(command.days.to_string(), |note, own| format!("{note} {}={}", own.kind, own.days));
        (retention.days, retention.kinds) = (command.days, kinds);
        work.touch(Touched::Retention);
        work.emit(EventKind::RetentionSet, &note, None);
        advance(work);
    }
    Ok(accepted("", 0))
}

fn check_days(field: &str, days: u32) -> Result<(), Refusal> {
    if days > limits::RETENTION_DAYS_MAX {
        let remedy = format!("is more than {}: send 0 to keep them for ever", limits::RETENTION_DAYS_MAX);
        return Err(valid::invalid(field, remedy));
    }
    Ok(())
}

/// Raises the floors as far as the entry's time takes them.
pub(super) fn advance(work: &mut Work<'_>) {
    if work.state.retention.advance(work.now) {
        // What a kind's floor has overtaken says nothing any more.
        let state = &mut *work.state;
        let (retention, sensors) = (&mut state.retention, &state.sensors);
        let mut own = std::mem::take(&mut retention.sensor_floors);
        own.retain(|floor| {
            sensors.get(&floor.sensor).is_some_and(|sensor| floor.from_ms > retention.kind_floor(sensor.kind))
        });
        retention.sensor_floors = own;
        work.touch(Touched::Retention);
    }
}

/// A sensor is becoming `put`: if its new kind is kept for longer, what its old one has dropped stays dropped.
pub(super) fn hold_floor(work: &mut Work<'_>, put: &Sensor) {
    let from_ms = work.state.readings_from(&put.id);
    let retention = &mut work.state.retention;
    let is_held = retention.floor(put) >= from_ms;
    if is_held {
        return;
    }
    retention.sensor_floors.retain(|floor| floor.sensor != put.id);
    retention.sensor_floors.push(SensorFloor { sensor: put.id.clone(), from_ms });
    work.touch(Touched::Retention);
}
