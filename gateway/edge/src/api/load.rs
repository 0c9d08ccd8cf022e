//! How many incidents each district should have today, and how many it has.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{policy, policy::Action, policy::Noun};

use super::body::{Answer, Signed};
use crate::{
    app::App,
    error::{ApiError, ErrorBody},
};

/// The load forecast: `state` (`off`, `missing`, `learning`, `ready`, `failed`), and by district and hour of the day what was
/// expected (`low`, `median`, `high`) beside what was counted. The last district, without a name, is all together.
#[utoipa::path(get, path = "/api/load", responses(
    (status = 200, body = serde_json::Value), (status = 403, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn load(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<serde_json::Value> {
    policy::allows(&caller.grant, Action::See(Noun::Model), None)?;
    let Some(load) = &app.config.load else {
        return Err(ApiError::unavailable("this node has no load forecast; use another one"));
    };
    Ok(Json(load()))
}
