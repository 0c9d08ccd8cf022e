//! The administrative hierarchy.

use std::sync::Arc;

use axum::extract::State;
use domain::{AdminUnit, policy::Noun};

use super::{
    body::{Answer, Signed},
    list::{Listed, command_group, listed},
};
use crate::app::App;

/// All administrative units.
#[utoipa::path(get, path = "/api/admin-units", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<AdminUnit>> {
    listed(&app, &caller, Noun::AdminUnit, command_group(), |state, put| {
        state.admin_units().values().for_each(|unit| put(unit, None));
    })
}
