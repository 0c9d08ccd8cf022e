//! People and service accounts. A password comes in clear over TLS, and leaves this file as a sealed argon2id hash.

use std::sync::Arc;

use axum::extract::State;
use domain::{DistrictId, GroupId, Person, PersonId, PutPerson, Role, UnitId, policy, policy::Noun};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{
    app::App,
    cluster::read,
    error::{ApiError, ErrorBody},
    limits::{PASSWORD_BYTES_MAX, PASSWORD_BYTES_MIN},
};

/// A person as they shall be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    #[schema(value_type = String)]
    id: PersonId,
    name: String,
    #[schema(value_type = String)]
    role: Role,
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    districts: Vec<DistrictId>,
    #[serde(default)]
    everywhere: bool,
    #[serde(default)]
    disabled: bool,
    /// Absent: the one that is known stays.
    password: Option<String>,
    /// The unit that a responder crews.
    #[schema(value_type = Option<String>)]
    unit: Option<UnitId>,
}

/// People, for administrators.
#[utoipa::path(get, path = "/api/people", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Person>> {
    listed(&app, &caller, Noun::Person, command_group(), |state, put| {
        state.persons().values().for_each(|person| put(person, None));
    })
}

/// Puts a person. Done when no right that they had before counts anywhere any more.
#[utoipa::path(post, path = "/api/people", request_body = Registration, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put(State(app): State<Arc<App>>, Asked(ask, body): Asked<Registration>) -> Answer<Done> {
    // Asked beforehand too: hashing a password costs.
    app.allows(&ask.caller.grant, policy::Action::Administer).await?;
    if body.password.is_none() {
        // They keep the one they have: also one that another node has taken a moment ago.
        app.catch_up().await?;
    }
    let known = read(&*app.source, GroupId::COMMAND, |state0| state0.persons().get(&body.id).cloned());
    let credential_sealed = match &body.password {
        Some(password) if !(PASSWORD_BYTES_MIN..=PASSWORD_BYTES_MAX).contains(&password.len()) => {
            let remedy = format!("use {PASSWORD_BYTES_MIN} to {PASSWORD_BYTES_MAX} bytes");
            return Err(ApiError::invalid("password", &remedy));
        }
        Some(password) => app.auth.accounts.credential(&body.id, password.as_bytes()).await?,
        None => known.map(|known| known.credential_sealed).unwrap_or_default(),
    };
    let person = Person {
        id: body.id,
        name: body.name,
        role: body.role,
        districts: body.districts,
        everywhere: body.everywhere,
        disabled: body.disabled,
        credential_sealed,
        unit: body.unit,
    };
    let accepted = app.run(&ask, PutPerson { person }).await?;
    app.revoke_older_grants().await?;
    Ok(done(accepted))
}
