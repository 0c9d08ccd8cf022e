//! Keys of service accounts: each for one purpose, for a time, and replaced without an interruption.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    KeyScope, Logged, Millis, PersonId, PutServiceKey, RevokeServiceKey, ServiceKey, ServiceKeyId, policy,
    policy::{Action, Noun},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed},
    second_factor::Nothing,
};
use crate::{app::App, error::ErrorBody, service_key};

/// A key as it shall be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Wanted {
    #[schema(value_type = String)]
    id: ServiceKeyId,
    /// Whose rights bound it.
    #[schema(value_type = String)]
    account: PersonId,
    /// What it is for.
    name: String,
    /// `readings`, `see`, `telephony`.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<KeyScope>,
    /// At most 400 days ahead.
    #[schema(value_type = u64)]
    expires_at_ms: Millis,
    /// Rotation: this one ends once the overlap is over.
    #[schema(value_type = Option<String>)]
    replaces: Option<ServiceKeyId>,
    #[serde(default)]
    overlap_ms: u64,
}

/// A key that was made.
#[derive(Serialize, ToSchema)]
pub(crate) struct Made {
    id: String,
    /// What the device or system sends: as a password beside its account, or as a bearer. The cluster keeps its hash, and
    /// nobody can be shown it again.
    key: String,
    /// Where the log has it, as `log` of other commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    log: Option<Logged>,
}

/// A key, and when it was used.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Known {
    #[serde(flatten)]
    key: ServiceKey,
    /// When the node that answers last let somebody in by it, since that node was started; 0: not yet.
    used_here_at_ms: u64,
}

/// Keys without their secrets, for administrators.
#[utoipa::path(get, path = "/api/keys", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Known>> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    let uses = app.auth.accounts.key_uses();
    listed(&app, &caller, Noun::Person, command_group(), |state, put| {
        for key in state.service_keys().values() {
            put(&Known { key: key.clone(), used_here_at_ms: uses.last_ms(&key.id) }, None);
        }
    })
}

/// Makes a key. The same request gives the same key, so that one whose answer was lost can be sent again.
#[utoipa::path(post, path = "/api/keys", request_body = Wanted, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Made), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put(State(app): State<Arc<App>>, Asked(ask, body): Asked<Wanted>) -> Answer<Made> {
    let Wanted { id, account, name, scopes, expires_at_ms, replaces, overlap_ms } = body;
    let (text, secret_sha256) = service_key::make(&app.config.sealing_key, &id, &ask.caller.session.0, ask.seq);
    let shown = id.to_string();
    let key = ServiceKey { id, account, name, secret_sha256, scopes, put_at_ms: Millis(0), expires_at_ms };
    let log = app.run(&ask, PutServiceKey { key, replaces, overlap_ms }).await?.logged;
    Ok(Json(Made { id: shown, key: text, log }))
}

/// The key does not count any more.
#[utoipa::path(post, path = "/api/keys/{id}/revoke", request_body = Nothing,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    Id(key): Id<ServiceKeyId>,
    Asked(ask, Nothing {}): Asked<Nothing>,
) -> Answer<Done> {
    let accepted = app.run(&ask, RevokeServiceKey { key }).await?;
    app.revoke_older_grants().await?;
    Ok(done(accepted))
}
