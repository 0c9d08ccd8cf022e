//! Drills: what an administrator asks of the cluster to be done to itself, and what became of it.
//!
//! Which drill goes on may be asked without signing in: a node that is cut off asks so whether its drill was stopped, and it
//! holds no personal data.

use std::sync::Arc;

use axum::{
    Json,
    extract::State,
    response::{Html, IntoResponse, Response},
};
use domain::{Drill, DrillNow, GroupId, policy, policy::Action};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{
    body::{Answer, Id, Plain, Signed},
    cluster::{ask, operations},
};
use crate::{
    app::App,
    cluster::read,
    error::{ApiError, ErrorBody},
    operations::WantedDrill,
};

/// Which drill goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// Number of the newest drill; 0: there was none.
    last: u64,
    /// The one that is not closed.
    #[schema(value_type = Option<Object>)]
    drill: Option<DrillNow>,
}

/// Drills that are remembered, the newest first; what was measured each second stands in the newest only.
#[utoipa::path(get, path = "/api/drills",
    responses((status = 200, body = Value), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Vec<Value>> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    let mut drills: Vec<Drill> =
        read(&*app.source, GroupId::COMMAND, |state| state.drills().values().rev().cloned().collect());
    drills.iter_mut().skip(1).for_each(|drill| drill.samples.clear());
    Ok(Json(drills.iter().map(|drill| serde_json::to_value(drill).unwrap_or_default()).collect()))
}

/// A drill with all that was measured of it.
#[utoipa::path(get, path = "/api/drills/{drill}", params(("drill" = u64, Path)),
    responses((status = 200, body = Value), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn show(State(app): State<Arc<App>>, Signed(caller): Signed, Id(drill): Id<u64>) -> Answer<Value> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    let found = read(&*app.source, GroupId::COMMAND, |state| state.drills().get(&drill).cloned());
    let found = found.ok_or_else(|| ApiError::not_found("drill", &drill.to_string()))?;
    Ok(Json(serde_json::to_value(found).unwrap_or_default()))
}

/// Begins a drill; refused, with what to do, while the cluster is not well or would lose its majority.
#[utoipa::path(post, path = "/api/drills", request_body = WantedDrill,
    responses((status = 200, body = Value), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Plain(wanted): Plain<WantedDrill>,
) -> Answer<Value> {
    tracing::info!(person = %caller.person.id, ?wanted, "a drill is asked for");
    let grant = caller.grant.clone();
    ask(&app, &caller, |operations| operations.start_drill(wanted, grant)).await
}

/// Which drill goes on.
#[utoipa::path(get, path = "/api/drills/now", responses((status = 200, body = Standing)))]
pub(crate) async fn now(State(app): State<Arc<App>>) -> Answer<Standing> {
    Ok(Json(read(&*app.source, GroupId::COMMAND, |state| Standing {
        last: state.drills().last_key_value().map_or(0, |(number, _)| *number),
        drill: state.drill_now(),
    })))
}

/// How each node and each group is now, and what is to be done: it stands against a drill.
#[utoipa::path(get, path = "/api/drills/watch",
    responses((status = 200, body = Value), (status = 403, body = ErrorBody)))]
pub(crate) async fn watch(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Value> {
    ask(&app, &caller, |operations| operations.watch_drill()).await
}

/// Ends the faults of a drill now.
#[utoipa::path(post, path = "/api/drills/{drill}/stop", params(("drill" = u64, Path)),
    responses((status = 200, body = Value), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn stop(State(app): State<Arc<App>>, Signed(caller): Signed, Id(drill): Id<u64>) -> Answer<Value> {
    tracing::info!(person = %caller.person.id, drill, "a drill is stopped");
    let grant = caller.grant.clone();
    ask(&app, &caller, |operations| operations.stop_drill(drill, grant)).await
}

/// The report of a drill, to be read and printed.
#[utoipa::path(get, path = "/api/drills/{drill}/report", params(("drill" = u64, Path)),
    responses((status = 200, body = String, content_type = "text/html"), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(drill): Id<u64>,
) -> Result<Response, ApiError> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    let page = operations(&app)?.drill_report(drill);
    page.map(|page| Html(page).into_response()).ok_or_else(|| ApiError::not_found("drill", &drill.to_string()))
}
