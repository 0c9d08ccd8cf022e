//! Exercises: a drill begins and ends by a command.

use std::sync::Arc;

use axum::extract::State;
use domain::{EndExercise, Exercise, ExerciseId, StartExercise, policy::Noun};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{app::App, error::ErrorBody};

/// A drill to begin.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Beginning {
    name: String,
    /// What is played.
    #[serde(default)]
    scenario: String,
}

/// How it went.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Debrief {
    #[serde(default)]
    note: String,
}

/// Exercises, the one that runs and those that ended.
#[utoipa::path(get, path = "/api/exercises", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Exercise>> {
    listed(&app, &caller, Noun::Exercise, command_group(), |state, put| {
        state.exercises().values().for_each(|exercise| put(exercise, None));
    })
}

/// Begins an exercise; one runs at a time.
#[utoipa::path(post, path = "/api/exercises", request_body = Beginning, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(crate) async fn start(State(app): State<Arc<App>>, Asked(ask, body): Asked<Beginning>) -> Answer<Done> {
    let Beginning { name, scenario } = body;
    app.run(&ask, StartExercise { name, scenario }).await.map(done)
}

/// Ends it, and closes what bears the mark and is open. Of a large one it closes a part; asked again, the rest.
#[utoipa::path(post, path = "/api/exercises/{id}/end", request_body = Debrief,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody)))]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Id(exercise): Id<ExerciseId>,
    Asked(ask, body): Asked<Debrief>,
) -> Answer<Done> {
    app.run(&ask, EndExercise { exercise, note: body.note }).await.map(done)
}
