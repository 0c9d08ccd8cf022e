//! What people work on: fields and agencies, beside their level and place.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{GroupId, PersonId, PersonRemit, PutRemit, Remit, policy, policy::Action};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Signed, done},
    list::Listed,
};
use crate::{app::App, cluster::read, error::ErrorBody, limits::LIST_MAX};

/// What somebody shall work on.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Setting {
    #[schema(value_type = String)]
    person: PersonId,
    /// `fields` (kinds of incident) and `agencies`; none named: all.
    #[schema(value_type = Object)]
    remit: Remit,
}

/// Remits, for administrators. Who is not among them works on all.
#[utoipa::path(get, path = "/api/remits", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<PersonRemit>> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    let mut items: Vec<PersonRemit> = read(&*app.source, GroupId::COMMAND, |state0| {
        let all = state0.remits().iter().take(LIST_MAX + 1);
        all.map(|(person, remit)| PersonRemit { person: person.clone(), remit: remit.clone() }).collect()
    });
    let truncated = items.len() > LIST_MAX;
    items.truncate(LIST_MAX);
    Ok(Json(Listed { items, truncated }))
}

/// Says what somebody works on. Done when no right that they had before counts anywhere any more.
#[utoipa::path(post, path = "/api/remits", request_body = Setting, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(crate) async fn put(State(app): State<Arc<App>>, Asked(ask, body): Asked<Setting>) -> Answer<Done> {
    let Setting { person, remit } = body;
    let accepted = app.run(&ask, PutRemit { person, remit }).await?;
    app.revoke_older_grants().await?;
    Ok(done(accepted))
}
