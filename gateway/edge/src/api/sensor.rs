//! Sensors: their registration. What they measure comes through `reading` and MQTT.

use std::sync::Arc;

use axum::extract::State;
use domain::{
    Command, DeviceStatus, EntityId, GroupId, Micro, Millis, Place, RegisterSensor, Sensor, SensorId, SensorKind,
    Suppression, Threshold, policy::Noun,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Signed, done},
    list::{Listed, listed},
};
use crate::{app::App, error::ErrorBody};

/// A sensor as it shall be; its newest reading stays, and what of it is out of service.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    #[schema(value_type = String)]
    id: SensorId,
    name: String,
    #[schema(value_type = String, example = "river_level")]
    kind: SensorKind,
    /// UCUM code.
    unit_of_measure: String,
    #[schema(value_type = Object)]
    place: Place,
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    thresholds: Vec<Threshold>,
    /// Expected time between readings; 0: none.
    #[serde(default)]
    period_ms: u32,
    /// Silence is this many periods; 0: never.
    #[serde(default)]
    silence_periods: u32,
    /// Millionths of the unit; 0: never an alarm.
    #[serde(default)]
    rate_limit_micro_per_min: u64,
    /// Both 0: it can say anything.
    #[serde(default)]
    range_min_micro: i64,
    #[serde(default)]
    range_max_micro: i64,
    /// A device of drills: all that it says is part of one.
    #[serde(default)]
    exercise: bool,
    /// Which of its conditions call for nobody while which other holds.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    suppressions: Vec<Suppression>,
}

/// Sensors in the caller's districts.
#[utoipa::path(get, path = "/api/sensors", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Sensor>> {
    listed(&app, &caller, Noun::Sensor, GroupId::field(), |state, put| {
        state.sensors().values().for_each(|sensor| put(sensor, Some(&sensor.place.admin_unit)));
    })
}

/// Registers a sensor, or changes it.
#[utoipa::path(post, path = "/api/sensors", request_body = Registration, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn register(State(app): State<Arc<App>>, Asked(ask, body): Asked<Registration>) -> Answer<Done> {
    let sensor = Sensor {
        id: body.id,
        name: body.name,
        kind: body.kind,
        unit_of_measure: body.unit_of_measure,
        place: body.place,
        thresholds: body.thresholds,
        period_ms: body.period_ms,
        silence_periods: body.silence_periods,
        rate_limit_micro_per_min: body.rate_limit_micro_per_min,
        range_min_micro: Micro(body.range_min_micro),
        range_max_micro: Micro(body.range_max_micro),
        status: DeviceStatus::Measuring,
        last_at_ms: Millis(0),
        last_micro: Micro(0),
        last_recorded_at_ms: Millis(0),
        version: 0,
        exercise: body.exercise,
        suppressions: body.suppressions,
        out_of_service: Vec::new(),
    };
    let (entity, admin_unit) = (EntityId::from(&sensor.id), sensor.place.admin_unit.clone());
    let command = Command::from(RegisterSensor { sensor });
    app.place(&ask.caller, entity, &admin_unit, &command).await?;
    app.run(&ask, command).await.map(done)
}
