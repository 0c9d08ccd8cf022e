//! The cluster itself, for administrators: how it is, who joins, who leaves, who rests.
//!
//! How it is may be asked without signing in, as `/ready` and `/metrics` may: signing in takes a quorum, and without one is
//! when it matters. It holds no personal data.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::policy::{self, Action};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{Answer, Plain, Signed};
use crate::{
    app::App,
    auth::Caller,
    error::{ApiError, ErrorBody},
    operations::{Answered, Invite, OperationError, Operations},
};

/// Which node.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(crate) struct Which {
    node: u64,
}

/// Which node, and for how long.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
pub(crate) struct Rest {
    node: u64,
    /// 0 ends it.
    minutes: u32,
}

pub(super) fn operations(app: &App) -> Result<Arc<dyn Operations>, ApiError> {
    app.config.operations.clone().ok_or_else(|| ApiError::unavailable("this node is not administered over HTTP"))
}

/// Asks in the name of an administrator for everywhere.
pub(super) async fn ask(app: &App, caller: &Caller, asked: impl FnOnce(&dyn Operations) -> Answered) -> Answer<Value> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    match asked(&*operations(app)?).await {
        Ok(answer) => Ok(Json(answer)),
        Err(OperationError::Refused { code, message }) => Err(ApiError::refused(&code, &message)),
        Err(OperationError::Unavailable(message)) => Err(ApiError::unavailable(&message)),
    }
}

/// What this node knows of groups, members and its disk.
#[utoipa::path(get, path = "/api/cluster", responses((status = 200, body = Value)))]
pub(crate) async fn status(State(app): State<Arc<App>>) -> Answer<Value> {
    Ok(Json(operations(&app)?.status().await))
}

/// What this node holds of each group: equal replicas have equal numbers.
#[utoipa::path(get, path = "/api/cluster/digests",
    responses((status = 200, body = Value), (status = 403, body = ErrorBody)))]
pub(crate) async fn digests(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Value> {
    ask(&app, &caller, |operations| operations.digests()).await
}

/// Invites a node: gives it an id and a token.
#[utoipa::path(post, path = "/api/cluster/invitations", request_body = Invite,
    responses((status = 200, body = Value), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn invite(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Plain(invite): Plain<Invite>,
) -> Answer<Value> {
    tracing::info!(person = %caller.person.id, ?invite, "a node is invited");
    ask(&app, &caller, |operations| operations.invite(invite)).await
}

/// Takes a node out of the cluster. `done` is false while there is more to do: send it again.
#[utoipa::path(post, path = "/api/cluster/leave", request_body = Which,
    responses((status = 200, body = Value), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn leave(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Plain(which): Plain<Which>,
) -> Answer<Value> {
    tracing::info!(person = %caller.person.id, node = which.node, "a node is to leave");
    ask(&app, &caller, |operations| operations.leave(which.node)).await
}

/// Switches on what the version of all nodes brings; refused while one of them runs an older version.
#[utoipa::path(post, path = "/api/cluster/features",
    responses((status = 200, body = Value), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn switch_features(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Value> {
    tracing::info!(person = %caller.person.id, "features are switched on");
    let grant = caller.grant.clone();
    ask(&app, &caller, |operations| operations.switch_features(grant)).await
}

/// Moves the leads away from a node, and keeps them away for some minutes.
#[utoipa::path(post, path = "/api/cluster/rest", request_body = Rest,
    responses((status = 200, body = Value), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn rest(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Plain(rest): Plain<Rest>,
) -> Answer<Value> {
    tracing::info!(person = %caller.person.id, node = rest.node, minutes = rest.minutes, "a node is to lead nothing");
    ask(&app, &caller, |operations| operations.rest(rest.node, rest.minutes)).await
}
