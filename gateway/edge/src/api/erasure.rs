//! The rules by which personal data go. That something went by one stands in the record.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{ErasureRule, GroupId, SetErasure, State as State0, policy, policy::Action};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Answer, Asked, Done, Signed, done};
use crate::{app::App, cluster::read, error::ErrorBody};

/// The rules, all of them.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct Rules {
    /// As they stand: their number. To set them: one more.
    number: u64,
    /// `kind` (`caller`: who called, from the end of the call; `contact`: how the sender of a report is reached, from its answer;
    /// `report`: what a report says and what the incident that it opened says of it, from the end of its case) and `days`,
    /// at least 1. A kind without a rule is kept.
    #[schema(value_type = Vec<Object>)]
    rules: Vec<ErasureRule>,
}

/// The rules as they stand, for administrators.
#[utoipa::path(get, path = "/api/erasure", responses((status = 200, body = Rules), (status = 403, body = ErrorBody)))]
pub(crate) async fn show(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Rules> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    let erasure = read(&*app.source, GroupId::COMMAND, |state: &State0| state.erasure().clone());
    Ok(Json(Rules { number: erasure.number, rules: erasure.rules }))
}

/// Sets the rules in place of those before. What is due goes within minutes and does not come back.
#[utoipa::path(post, path = "/api/erasure", request_body = Rules, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(crate) async fn set(State(app): State<Arc<App>>, Asked(ask, body): Asked<Rules>) -> Answer<Done> {
    app.run(&ask, SetErasure { number: body.number, rules: body.rules }).await.map(done)
}
