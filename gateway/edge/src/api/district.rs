//! District rooms.

use std::sync::Arc;

use axum::extract::State;
use domain::{AdminUnitCode, District, DistrictId, GroupId, PutDistrict, policy::Noun};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{app::App, error::ErrorBody};

/// A district room as it shall be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    #[schema(value_type = String)]
    id: DistrictId,
    name: String,
    #[serde(default)]
    name_en: String,
    #[schema(value_type = Vec<String>)]
    admin_units: Vec<AdminUnitCode>,
    /// Field group, 1 to 8, of devices registered from now on.
    group: u32,
}

/// All district rooms.
#[utoipa::path(get, path = "/api/districts", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<District>> {
    listed(&app, &caller, Noun::District, command_group(), |state, put| {
        state.districts().values().for_each(|district| put(district, None));
    })
}

/// Puts a district room. Done when no right that people had through it before counts anywhere any more.
#[utoipa::path(post, path = "/api/districts", request_body = Registration, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put(State(app): State<Arc<App>>, Asked(ask, body): Asked<Registration>) -> Answer<Done> {
    let district = District {
        id: body.id,
        name: body.name,
        name_en: body.name_en,
        admin_units: body.admin_units,
        group: GroupId(body.group),
        load: None,
    };
    let accepted = app.run(&ask, PutDistrict { district }).await?;
    app.revoke_older_grants().await?;
    Ok(done(accepted))
}
