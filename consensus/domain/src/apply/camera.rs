//! Cameras and their health.

use bytes::Bytes;

use super::{Outcome, Work, accepted, valid};
use crate::{
    Camera, CameraHealth, EntityId, EventKind, RecordCameraHealth, Refusal, RefusalCode, RegisterCamera, SensorId,
    limits, stored::Touched,
};

pub(super) fn register(work: &mut Work<'_>, command: &RegisterCamera) -> Outcome {
    let camera = &command.camera;
    valid::name("camera.name", &camera.name)?;
    check_url(&camera.rtsp_url)?;
    valid::place("camera.place", &camera.place)?;
    if camera.azimuth_deg >= 360 {
        return Err(valid::invalid("camera.azimuth_deg", "is a full turn or more: send 0 to 359"));
    }
    if camera.field_of_view_deg > 360 {
        return Err(valid::invalid("camera.field_of_view_deg", "is more than a full turn: send 0 to 360"));
    }
    valid::sealed("camera.credential_sealed", &camera.credential_sealed)?;
    let Some(former) = work.state.cameras.get(&camera.id) else {
        return register_new(work, camera);
    };
    let mut put = Camera {
        health: former.health,
        health_at_ms: former.health_at_ms,
        version: former.version,
        out_of_service: former.out_of_service.clone(),
        ..camera.clone()
    };
    // Whoever edits a camera cannot see the credential, so an empty one keeps what is there.
    if put.credential_sealed.is_empty() {
        put.credential_sealed = former.credential_sealed.clone();
    }
    if put == *former {
        return Ok(accepted(&put.id, put.version));
    }
    put.version += 1;
    let outcome = accepted(&put.id, put.version);
    keep(work, put, EventKind::CameraRegistered);
    Ok(outcome)
}

fn register_new(work: &mut Work<'_>, camera: &Camera) -> Outcome {
    valid::within("camera", work.state.cameras.len() + 1, limits::CAMERAS_MAX)?;
    // An alarm names its entity only, so a sensor and a camera cannot share an id.
    if work.state.sensors.contains_key(&SensorId::from(&EntityId::from(&camera.id))) {
        return Err(Refusal::new(RefusalCode::Exists, "camera.id", "is a sensor's: choose another id"));
    }
    // Nobody has seen a frame yet, whatever the command says.
    let put = Camera {
        health: CameraHealth::Connecting,
        health_at_ms: work.now,
        version: 1,
        out_of_service: Vec::new(),
        ..camera.clone()
    };
    let outcome = accepted(&put.id, put.version);
    keep(work, put, EventKind::CameraRegistered);
    Ok(outcome)
}

fn check_url(url: &str) -> Result<(), Refusal> {
    valid::line("camera.rtsp_url", url, limits::URL_BYTES_MAX)?;
    let rest = url.strip_prefix("rtsp://").or_else(|| url.strip_prefix("rtsps://"));
    let Some(rest) = rest.filter(|rest| !rest.is_empty() && !rest.starts_with('/')) else {
        return Err(valid::invalid("camera.rtsp_url", "is no RTSP address: send rtsp://host:port/path"));
    };
    let authority = rest.split('/').next().unwrap_or_default();
    if authority.contains('@') {
        return Err(valid::invalid("camera.rtsp_url", "holds a password in the clear: send it sealed, apart"));
    }
    Ok(())
}

/// Takes the word of whoever was given the camera last: an older epoch is a node that does not know that it lost it.
pub(super) fn record_health(work: &mut Work<'_>, command: &RecordCameraHealth) -> Outcome {
    let camera = work.state.cameras.get(&command.camera);
    let mut camera = camera.ok_or_else(|| valid::not_found("camera", &command.camera))?.clone();
    let epoch = work.state.camera_epochs.get(&command.camera).copied().unwrap_or_default();
    #[cfg(feature = "seeded-bugs")]
    let epoch = if crate::bugs::is_made(crate::bugs::Bug::StaleEpochAccepted) { 0 } else { epoch };
    if command.epoch < epoch {
        let message = format!("the camera was given anew under epoch {epoch}: let go of it");
        return Err(valid::version_conflict("epoch", message));
    }
    if command.epoch > epoch {
        work.state.camera_epochs.insert(command.camera.clone(), command.epoch);
        work.touch(Touched::CameraEpoch(command.camera.clone()));
    }
    if camera.health == command.health {
        return Ok(accepted(&camera.id, camera.version));
    }
    camera.health = command.health;
    camera.health_at_ms = work.now;
    camera.version += 1;
    let outcome = accepted(&camera.id, camera.version);
    keep(work, camera, EventKind::CameraHealthRecorded);
    Ok(outcome)
}

fn keep(work: &mut Work<'_>, camera: Camera, kind: EventKind) {
    let shown = Camera { credential_sealed: Bytes::new(), ..camera.clone() };
    work.touch(Touched::Camera(camera.id.clone()));
    work.state.cameras.insert(camera.id.clone(), camera);
    work.emit(kind, "", Some(shown.into()));
}
