//! The administrative hierarchy.

use std::sync::Arc;

use axum::extract::State;
use domain::{AdminUnit, PutAdminUnits, policy::Noun};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{app::App, error::ErrorBody};

/// Units of the hierarchy as they shall be, parents first.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    /// At most 512; the body's bound may ask for less at a time.
    #[schema(value_type = Vec<Object>)]
    admin_units: Vec<AdminUnit>,
}

/// All administrative units.
#[utoipa::path(get, path = "/api/admin-units", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<AdminUnit>> {
    listed(&app, &caller, Noun::AdminUnit, command_group(), |state, put| {
        state.admin_units().values().for_each(|unit| put(unit, None));
    })
}

/// Puts administrative units. Done when no right that people had through them before counts anywhere any more.
#[utoipa::path(post, path = "/api/admin-units", request_body = Registration, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put(State(app): State<Arc<App>>, Asked(ask, body): Asked<Registration>) -> Answer<Done> {
    let accepted = app.run(&ask, PutAdminUnits { admin_units: body.admin_units }).await?;
    app.revoke_older_grants().await?;
    Ok(done(accepted))
}
