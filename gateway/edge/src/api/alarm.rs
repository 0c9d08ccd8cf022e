//! Alarms: what people do about them.

use std::sync::Arc;

use axum::extract::State;
use domain::{
    AcknowledgeAlarm, Alarm, AlarmKey, Condition, EntityId, GroupId, Millis, ReturnToService, ShelveAlarm,
    TakeOutOfService, UnshelveAlarm, policy::Noun,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Signed, done},
    list::{Listed, listed},
};
use crate::{app::App, error::ErrorBody};

/// The episode that the person has seen.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Acknowledgement {
    #[schema(value_type = String)]
    entity: EntityId,
    #[schema(value_type = String)]
    condition: Condition,
    episode: u32,
}

/// Why, and until when.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Shelving {
    #[schema(value_type = String)]
    entity: EntityId,
    #[schema(value_type = String)]
    condition: Condition,
    reason: String,
    until_ms: u64,
}

/// Which.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Unshelving {
    #[schema(value_type = String)]
    entity: EntityId,
    #[schema(value_type = String)]
    condition: Condition,
}

/// A device, or one condition of it; why, and until when.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TakingOut {
    #[schema(value_type = String)]
    entity: EntityId,
    /// Absent: all of them.
    #[schema(value_type = Option<String>)]
    condition: Option<Condition>,
    reason: String,
    until_ms: u64,
}

/// What was taken out.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Return {
    #[schema(value_type = String)]
    entity: EntityId,
    /// As it was taken out.
    #[schema(value_type = Option<String>)]
    condition: Option<Condition>,
}

/// Alarms in the caller's districts, those that are back to normal included.
#[utoipa::path(get, path = "/api/alarms", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Alarm>> {
    listed(&app, &caller, Noun::Alarm, GroupId::field(), |state, put| {
        state.alarms().values().for_each(|alarm| put(alarm, Some(&alarm.place.admin_unit)));
    })
}

/// Somebody has seen it.
#[utoipa::path(post, path = "/api/alarms/acknowledge", request_body = Acknowledgement,
    params(("x-request-seq" = u64, Header)), responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn acknowledge(State(app): State<Arc<App>>, Asked(ask, body): Asked<Acknowledgement>) -> Answer<Done> {
    let key = AlarmKey { entity: body.entity, condition: body.condition };
    app.run(&ask, AcknowledgeAlarm { key, episode: body.episode }).await.map(done)
}

/// Puts it aside for a while.
#[utoipa::path(post, path = "/api/alarms/shelve", request_body = Shelving,
    params(("x-request-seq" = u64, Header)), responses((status = 200, body = Done), (status = 422, body = ErrorBody)))]
pub(crate) async fn shelve(State(app): State<Arc<App>>, Asked(ask, body): Asked<Shelving>) -> Answer<Done> {
    let key = AlarmKey { entity: body.entity, condition: body.condition };
    app.run(&ask, ShelveAlarm { key, reason: body.reason, until_ms: Millis(body.until_ms) }).await.map(done)
}

/// Takes it back before its time.
#[utoipa::path(post, path = "/api/alarms/unshelve", request_body = Unshelving,
    params(("x-request-seq" = u64, Header)), responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn unshelve(State(app): State<Arc<App>>, Asked(ask, body): Asked<Unshelving>) -> Answer<Done> {
    let key = AlarmKey { entity: body.entity, condition: body.condition };
    app.run(&ask, UnshelveAlarm { key }).await.map(done)
}

/// Takes a sensor or a camera, or one condition of it, out of service: its alarms are kept and call for nobody.
#[utoipa::path(post, path = "/api/alarms/out-of-service", request_body = TakingOut,
    params(("x-request-seq" = u64, Header)), responses((status = 200, body = Done), (status = 422, body = ErrorBody)))]
pub(crate) async fn take_out(State(app): State<Arc<App>>, Asked(ask, body): Asked<TakingOut>) -> Answer<Done> {
    let TakingOut { entity, condition, reason, until_ms } = body;
    app.run(&ask, TakeOutOfService { entity, condition, reason, until_ms: Millis(until_ms) }).await.map(done)
}

/// Takes it back before its time.
#[utoipa::path(post, path = "/api/alarms/return-to-service", request_body = Return,
    params(("x-request-seq" = u64, Header)), responses((status = 200, body = Done), (status = 404, body = ErrorBody)))]
pub(crate) async fn give_back(State(app): State<Arc<App>>, Asked(ask, body): Asked<Return>) -> Answer<Done> {
    let Return { entity, condition } = body;
    app.run(&ask, ReturnToService { entity, condition }).await.map(done)
}
