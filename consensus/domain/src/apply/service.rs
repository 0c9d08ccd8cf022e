//! Devices, and single conditions of them, in and out of service.
//!
//! | what | from | to |
//! |---|---|---|
//! | a person takes it out | in service, or out of it already | out of service, until the time given |
//! | a person gives it back | out of service | in service |
//! | its time comes | out of service | in service, without an entry |

use bytes::Bytes;

use super::{Outcome, Work, accepted, valid};
use crate::{
    Camera, CameraId, EntityId, EventKind, OutOfService, Refusal, ReturnToService, SensorId, State, TakeOutOfService,
    limits, stored::Touched,
};

pub(super) fn take_out(work: &mut Work<'_>, command: &TakeOutOfService) -> Outcome {
    let by = work.by_person()?;
    valid::text("reason", &command.reason)?;
    let now = work.now;
    if command.until_ms <= now || command.until_ms > now.plus(limits::OUT_OF_SERVICE_MS_MAX) {
        let remedy = format!("choose an end within {} ms from now", limits::OUT_OF_SERVICE_MS_MAX);
        return Err(valid::invalid("until_ms", remedy));
    }
    let mut all = find(work.state, &command.entity)?;
    // What is over leaves with the next; what is taken out anew is so by the newer word.
    all.retain(|former| former.until_ms > now && former.condition != command.condition);
    valid::within("condition", all.len() + 1, limits::OUT_OF_SERVICE_MAX)?;
    let (condition, reason) = (command.condition.clone(), command.reason.clone());
    all.push(OutOfService { condition, by, reason, since_ms: now, until_ms: command.until_ms });
    all.sort_by(|a, b| a.condition.cmp(&b.condition));
    keep(work, &command.entity, all, EventKind::TakenOutOfService, &command.reason)
}

pub(super) fn give_back(work: &mut Work<'_>, command: &ReturnToService) -> Outcome {
    let mut all = find(work.state, &command.entity)?;
    let count = all.len();
    all.retain(|former| former.condition != command.condition);
    if all.len() == count {
        let version = work.state.device_version(&command.entity);
        return Ok(accepted(&command.entity, version.unwrap_or_default()));
    }
    keep(work, &command.entity, all, EventKind::ReturnedToService, "")
}

/// What is out of service of the device; a district has no device that could be.
fn find(state: &State, entity: &EntityId) -> Result<Vec<OutOfService>, Refusal> {
    let all = state.device_out_of_service(entity).map(<[_]>::to_vec);
    all.ok_or_else(|| valid::not_found("entity", entity))
}

fn keep(work: &mut Work<'_>, entity: &EntityId, out: Vec<OutOfService>, kind: EventKind, note: &str) -> Outcome {
    if let Some(mut sensor) = work.state.sensors.get(&SensorId::from(entity)).cloned() {
        sensor.out_of_service = out;
        sensor.version += 1;
        let outcome = accepted(&sensor.id, sensor.version);
        work.touch(Touched::Sensor(sensor.id.clone()));
        work.state.sensors.insert(sensor.id.clone(), sensor.clone());
        work.emit(kind, note, Some(sensor.into()));
        return Ok(outcome);
    }
    let camera = work.state.cameras.get(&CameraId::from(entity)).cloned();
    let mut camera = camera.ok_or_else(|| valid::not_found("entity", entity))?;
    camera.out_of_service = out;
    camera.version += 1;
    let outcome = accepted(&camera.id, camera.version);
    let shown = Camera { credential_sealed: Bytes::new(), ..camera.clone() };
    work.touch(Touched::Camera(camera.id.clone()));
    work.state.cameras.insert(camera.id.clone(), camera);
    work.emit(kind, note, Some(shown.into()));
    Ok(outcome)
}
