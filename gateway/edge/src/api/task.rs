//! Tasks from an instruction: whose, and by when.

use std::sync::Arc;

use axum::extract::State;
use domain::{
    AdminUnitCode, CancelTask, FinishTask, GiveTask, IncidentId, Millis, PersonId, ReopenTask, TakeTask, Task, TaskId,
    policy::Noun,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{app::App, error::ErrorBody};

/// A task to give: to an owner, to an agency, or both.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Giving {
    title: String,
    /// What it was made from: a figure's name, a tile, a document.
    #[serde(default)]
    about: String,
    #[schema(value_type = Option<String>)]
    incident: Option<IncidentId>,
    #[schema(value_type = String)]
    admin_unit: AdminUnitCode,
    #[serde(default)]
    agency: String,
    #[schema(value_type = Option<String>)]
    owner: Option<PersonId>,
    /// By when; absent: as a policy says.
    #[serde(default)]
    due_at_ms: u64,
    #[serde(default)]
    exercise: bool,
}

/// A step of a task, on the version that was seen.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Change {
    expected_version: u64,
    /// How it ended, or why.
    #[serde(default)]
    note: String,
    /// To open it again: by when; absent: as a policy says.
    #[serde(default)]
    due_at_ms: u64,
}

/// Tasks of the caller's districts.
#[utoipa::path(get, path = "/api/tasks", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Task>> {
    listed(&app, &caller, Noun::Task, command_group(), |state, put| {
        state.tasks().values().for_each(|task| put(task, Some(&task.admin_unit)));
    })
}

/// Gives a task.
#[utoipa::path(post, path = "/api/tasks", request_body = Giving, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn give(State(app): State<Arc<App>>, Asked(ask, body): Asked<Giving>) -> Answer<Done> {
    let Giving { title, about, incident, admin_unit, agency, owner, due_at_ms, exercise } = body;
    let due_at_ms = Millis(due_at_ms);
    let give = GiveTask { title, about, incident, admin_unit, agency, owner, due_at_ms, exercise };
    app.run(&ask, give).await.map(done)
}

/// Says that it was taken.
#[utoipa::path(post, path = "/api/tasks/{id}/take", request_body = Change,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    Id(task): Id<TaskId>,
    Asked(ask, body): Asked<Change>,
) -> Answer<Done> {
    app.run(&ask, TakeTask { task, expected_version: body.expected_version }).await.map(done)
}

/// Says that it is done.
#[utoipa::path(post, path = "/api/tasks/{id}/finish", request_body = Change,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    Id(task): Id<TaskId>,
    Asked(ask, body): Asked<Change>,
) -> Answer<Done> {
    let Change { expected_version, note, .. } = body;
    app.run(&ask, FinishTask { task, expected_version, note }).await.map(done)
}

/// Says that it need not be done.
#[utoipa::path(post, path = "/api/tasks/{id}/cancel", request_body = Change,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Id(task): Id<TaskId>,
    Asked(ask, body): Asked<Change>,
) -> Answer<Done> {
    let Change { expected_version, note, .. } = body;
    app.run(&ask, CancelTask { task, expected_version, reason: note }).await.map(done)
}

/// Says that it was not done. Its first clocks stay visible.
#[utoipa::path(post, path = "/api/tasks/{id}/reopen", request_body = Change,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn reopen(
    State(app): State<Arc<App>>,
    Id(task): Id<TaskId>,
    Asked(ask, body): Asked<Change>,
) -> Answer<Done> {
    let Change { expected_version, note, due_at_ms } = body;
    let due_at_ms = Millis(due_at_ms);
    app.run(&ask, ReopenTask { task, expected_version, reason: note, due_at_ms }).await.map(done)
}
