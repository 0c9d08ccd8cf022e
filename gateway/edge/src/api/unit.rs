//! Response units: what they are, do, and where.

use std::sync::Arc;

use axum::extract::State;
use domain::{Millis, MoveUnit, Place, PutUnit, SetUnitStatus, Unit, UnitId, UnitStatus, policy::Noun};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{app::App, clock::unix_ms, error::ErrorBody};

/// A unit as it shall be; its status, position and incident stay.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    #[schema(value_type = String)]
    id: UnitId,
    name: String,
    #[serde(default)]
    agency: String,
    #[serde(default)]
    skills: Vec<String>,
    #[schema(value_type = Object)]
    station: Place,
}

/// A tap on the unit's phone. It may arrive late: `expected_status` is what the unit did when it was tapped.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Tap {
    #[schema(value_type = String)]
    status: UnitStatus,
    #[schema(value_type = String)]
    expected_status: UnitStatus,
    /// Absent: now.
    tapped_at_ms: Option<u64>,
}

/// Where a unit is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Fix {
    #[schema(value_type = Object)]
    position: Place,
    /// Absent: now.
    at_ms: Option<u64>,
}

/// Units of the caller's districts.
#[utoipa::path(get, path = "/api/units", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Unit>> {
    listed(&app, &caller, Noun::Unit, command_group(), |state, put| {
        state.units().values().for_each(|unit| put(unit, Some(&unit.station.admin_unit)));
    })
}

/// Registers a unit, or changes it.
#[utoipa::path(post, path = "/api/units", request_body = Registration, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put(State(app): State<Arc<App>>, Asked(ask, body): Asked<Registration>) -> Answer<Done> {
    let unit = Unit {
        id: body.id,
        name: body.name,
        agency: body.agency,
        skills: body.skills,
        position: body.station.clone(),
        station: body.station,
        position_at_ms: Millis(0),
        status: UnitStatus::Available,
        status_at_ms: Millis(0),
        incident: None,
        version: 0,
    };
    app.run(&ask, PutUnit { unit }).await.map(done)
}

/// What a unit does now.
#[utoipa::path(post, path = "/api/units/{id}/status", request_body = Tap,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    Id(unit): Id<UnitId>,
    Asked(ask, body): Asked<Tap>,
) -> Answer<Done> {
    let tapped_at_ms = Millis(body.tapped_at_ms.unwrap_or_else(unix_ms));
    let Tap { status, expected_status, .. } = body;
    app.run(&ask, SetUnitStatus { unit, status, expected_status, tapped_at_ms }).await.map(done)
}

/// Where a unit is now.
#[utoipa::path(post, path = "/api/units/{id}/position", request_body = Fix,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody)))]
pub(crate) async fn position(
    State(app): State<Arc<App>>,
    Id(unit): Id<UnitId>,
    Asked(ask, body): Asked<Fix>,
) -> Answer<Done> {
    let at_ms = Millis(body.at_ms.unwrap_or_else(unix_ms));
    app.run(&ask, MoveUnit { unit, position: body.position, at_ms }).await.map(done)
}
