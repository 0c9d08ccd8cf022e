//! Cameras: their registration. User and password are sealed before they enter the log.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use domain::{Camera, CameraHealth, CameraId, Command, EntityId, GroupId, Millis, Place, RegisterCamera, policy::Noun};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Signed, done},
    list::{Listed, listed},
};
use crate::{
    app::App,
    error::{ApiError, ErrorBody},
    limits::{BARRIER_DEADLINE, PASSWORD_BYTES_MAX},
    seal::camera_context,
};

/// A camera as it shall be; its health stays.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    #[schema(value_type = String)]
    id: CameraId,
    name: String,
    /// `rtsp://host:port/path`, without user and password.
    rtsp_url: String,
    #[schema(value_type = Object)]
    place: Place,
    /// Degrees from north.
    #[serde(default)]
    azimuth_deg: u32,
    #[serde(default)]
    field_of_view_deg: u32,
    #[serde(default)]
    sensitive: bool,
    /// Absent with `password`: those that are known stay; both empty: none.
    user: Option<String>,
    password: Option<String>,
}

/// Cameras in the caller's districts.
#[utoipa::path(get, path = "/api/cameras", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Camera>> {
    listed(&app, &caller, Noun::Camera, GroupId::field(), |state, put| {
        state.cameras().values().for_each(|camera| put(camera, Some(&camera.place.admin_unit)));
    })
}

/// Registers a camera, or changes it.
#[utoipa::path(post, path = "/api/cameras", request_body = Registration, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn register(State(app): State<Arc<App>>, Asked(ask, body): Asked<Registration>) -> Answer<Done> {
    if body.rtsp_url.contains('@') {
        return Err(ApiError::invalid("rtsp_url", "leave user and password out; send them as `user` and `password`"));
    }
    let credential_sealed = match (&body.user, &body.password) {
        (None, None) => kept_credential(&app, &body.id).await?,
        (Some(user), Some(password)) if user.is_empty() && password.is_empty() => Bytes::new(),
        (Some(user), Some(password)) => {
            if user.contains(':') || user.len() + password.len() > PASSWORD_BYTES_MAX {
                return Err(ApiError::invalid("user", "a user has no colon, and is short"));
            }
            let secret = format!("{user}:{password}");
            app.auth.accounts.sealer().seal(&camera_context(&body.id), secret.as_bytes())?
        }
        (None, Some(_)) => return Err(ApiError::invalid("user", "is required with `password`")),
        (Some(_), None) => return Err(ApiError::invalid("password", "is required with `user`")),
    };
    let camera = Camera {
        id: body.id,
        name: body.name,
        rtsp_url: body.rtsp_url,
        place: body.place,
        azimuth_deg: body.azimuth_deg,
        field_of_view_deg: body.field_of_view_deg,
        credential_sealed,
        health: CameraHealth::Connecting,
        health_at_ms: Millis(0),
        version: 0,
        sensitive: body.sensitive,
        out_of_service: Vec::new(),
    };
    let (entity, admin_unit) = (EntityId::from(&camera.id), camera.place.admin_unit.clone());
    let command = Command::from(RegisterCamera { camera });
    app.place(&ask.caller, entity, &admin_unit, &command).await?;
    app.run(&ask, command).await.map(done)
}

/// The credential that the camera has and keeps: also one that another node has taken a moment ago. Empty: it has none.
async fn kept_credential(app: &App, camera: &CameraId) -> Result<Bytes, ApiError> {
    app.catch_up().await?;
    if let Some(group) = app.placement(&EntityId::from(camera)) {
        let barrier = app.source.read_barrier(group, BARRIER_DEADLINE).await;
        barrier.map_err(|error| ApiError::unavailable(&error.to_string()))?;
    }
    Ok(app.camera(camera).map_or(Bytes::new(), |known| known.credential_sealed))
}
