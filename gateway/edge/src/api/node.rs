//! This node and the others: where to go, and whether it is worth going.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use domain::GroupId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{app::App, error::ApiError};

/// A group counts as led while a quorum of it was heard of within this.
const QUORUM_AGE_MAX: Duration = Duration::from_millis(5_000);

/// A node of the cluster.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Node {
    id: u64,
    /// Origin for browsers.
    url: String,
}

/// Whether this node can serve, and if not, which groups it waits for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Readiness {
    node: u64,
    ready: bool,
    /// Groups without a leader, or with nothing applied yet.
    waiting_for: Vec<u32>,
}

/// The nodes of the cluster. Known to everybody, so that a screen finds another node without this one.
#[utoipa::path(get, path = "/api/nodes", responses((status = 200, body = Vec<Node>)))]
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Vec<Node>> {
    Json((app.nodes)().into_iter().map(|(id, url)| Node { id, url }).collect())
}

/// The process runs.
#[utoipa::path(get, path = "/live", responses((status = 200)))]
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// Every group has a leader that was heard within 5 s, and something applied here.
#[utoipa::path(get, path = "/ready", responses((status = 200, body = Readiness), (status = 503, body = Readiness)))]
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response {
    let is_waiting = |group: &GroupId| {
        let age = app.source.group_age(*group);
        age.leader.is_none() || age.quorum_age >= QUORUM_AGE_MAX || app.source.applied(*group).index == 0
    };
    let waiting_for: Vec<_> = GroupId::all().filter(is_waiting).map(|group| group.0).collect();
    let ready = waiting_for.is_empty() && !*app.stopping.borrow();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Readiness { node: app.source.node(), ready, waiting_for })).into_response()
}

/// Counts, in the OpenMetrics text format.
#[utoipa::path(get, path = "/metrics", responses((status = 200, content_type = "application/openmetrics-text")))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, ApiError> {
    let text = app.metrics.text(&app).map_err(|_| ApiError::unavailable("the counts could not be written"))?;
    Ok(([(CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}
