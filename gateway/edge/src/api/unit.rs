//! Response units: what they are, do, and where.

use std::sync::Arc;

use axum::extract::State;
use domain::{
    CheckInUnit, ClearMayday, Duty, Millis, MoveUnit, Place, PutUnit, RaiseMayday, SetUnitShift, SetUnitStatus, Unit,
    UnitId, UnitStatus,
    policy::{Matter, Noun},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed_of},
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
    /// The version that was seen: refused with 409 when it is another by now. Absent or 0: whichever it is.
    #[serde(default)]
    expected_version: u64,
}

/// A tap on the unit's phone. It may arrive late: `expected_status` is what the unit did when it was tapped, in that assignment.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Tap {
    #[schema(value_type = String)]
    status: UnitStatus,
    #[schema(value_type = String)]
    expected_status: UnitStatus,
    /// Absent: now.
    tapped_at_ms: Option<u64>,
    /// Number of the assignment that it was tapped for. Absent: whichever it is, as said by radio.
    #[serde(default)]
    assignment: u64,
    /// Why; may be absent.
    #[serde(default)]
    reason: String,
}

/// The crew is well.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Word {
    assignment: u64,
    /// Absent: now.
    tapped_at_ms: Option<u64>,
}

/// The crew is in danger.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Call {
    /// Absent: now.
    tapped_at_ms: Option<u64>,
}

/// It is safe.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Safe {
    /// `received_at_ms` of the mayday.
    received_at_ms: u64,
    /// How it is known.
    note: String,
}

/// When a crew is on duty; both 0: always.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Hours {
    starts_at_ms: u64,
    ends_at_ms: u64,
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
    listed_of(&app, &caller, Noun::Unit, command_group(), Matter::of_unit, |state, put| {
        state.units().values().for_each(|unit| put(unit, Some(&unit.station.admin_unit)));
    })
}

/// Registers a unit, or changes it.
#[utoipa::path(post, path = "/api/units", request_body = Registration, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
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
        version: body.expected_version,
        duty: Duty::default(),
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
    let Tap { status, expected_status, assignment, reason, .. } = body;
    app.run(&ask, SetUnitStatus { unit, status, expected_status, tapped_at_ms, assignment, reason }).await.map(done)
}

/// A crew is well.
#[utoipa::path(post, path = "/api/units/{id}/check-in", request_body = Word,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn check_in(
    State(app): State<Arc<App>>,
    Id(unit): Id<UnitId>,
    Asked(ask, body): Asked<Word>,
) -> Answer<Done> {
    let tapped_at_ms = Millis(body.tapped_at_ms.unwrap_or_else(unix_ms));
    app.run(&ask, CheckInUnit { unit, assignment: body.assignment, tapped_at_ms }).await.map(done)
}

/// A crew is in danger.
#[utoipa::path(post, path = "/api/units/{id}/mayday", request_body = Call,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody)))]
pub(crate) async fn mayday(
    State(app): State<Arc<App>>,
    Id(unit): Id<UnitId>,
    Asked(ask, body): Asked<Call>,
) -> Answer<Done> {
    let tapped_at_ms = Millis(body.tapped_at_ms.unwrap_or_else(unix_ms));
    app.run(&ask, RaiseMayday { unit, tapped_at_ms }).await.map(done)
}

/// A crew in danger is safe.
#[utoipa::path(post, path = "/api/units/{id}/mayday/clear", request_body = Safe,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody)))]
pub(crate) async fn clear_mayday(
    State(app): State<Arc<App>>,
    Id(unit): Id<UnitId>,
    Asked(ask, body): Asked<Safe>,
) -> Answer<Done> {
    let received_at_ms = Millis(body.received_at_ms);
    app.run(&ask, ClearMayday { unit, received_at_ms, note: body.note }).await.map(done)
}

/// When a crew is on duty.
#[utoipa::path(post, path = "/api/units/{id}/shift", request_body = Hours,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 422, body = ErrorBody)))]
pub(crate) async fn shift(
    State(app): State<Arc<App>>,
    Id(unit): Id<UnitId>,
    Asked(ask, body): Asked<Hours>,
) -> Answer<Done> {
    let (starts_at_ms, ends_at_ms) = (Millis(body.starts_at_ms), Millis(body.ends_at_ms));
    app.run(&ask, SetUnitShift { unit, starts_at_ms, ends_at_ms }).await.map(done)
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
