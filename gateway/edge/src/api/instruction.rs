//! Instructions: whose, and by when.

use std::sync::Arc;

use axum::extract::State;
use domain::{
    AdminUnitCode, CancelInstruction, ConfirmInstruction, FinishInstruction, GiveInstruction, IncidentId, Instruction,
    InstructionId, Millis, PersonId, ReopenInstruction, TakeInstruction,
    policy::{Matter, Noun},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed_of},
};
use crate::{app::App, error::ErrorBody};

/// An instruction to give: to an owner, to an agency, or both.
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

/// A step of an instruction, on the version that was seen.
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

/// Instructions of the caller's districts; those that name an agency and no person, of the caller's agencies.
#[utoipa::path(get, path = "/api/instructions", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Instruction>> {
    listed_of(&app, &caller, Noun::Instruction, command_group(), Matter::of_instruction, |state, put| {
        state.instructions().values().for_each(|instruction| put(instruction, Some(&instruction.admin_unit)));
    })
}

/// Gives an instruction.
#[utoipa::path(post, path = "/api/instructions", request_body = Giving, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn give(State(app): State<Arc<App>>, Asked(ask, body): Asked<Giving>) -> Answer<Done> {
    let Giving { title, about, incident, admin_unit, agency, owner, due_at_ms, exercise } = body;
    let due_at_ms = Millis(due_at_ms);
    let give = GiveInstruction { title, about, incident, admin_unit, agency, owner, due_at_ms, exercise };
    app.run(&ask, give).await.map(done)
}

/// Says that it was taken.
#[utoipa::path(post, path = "/api/instructions/{id}/take", request_body = Change,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    Id(instruction): Id<InstructionId>,
    Asked(ask, body): Asked<Change>,
) -> Answer<Done> {
    app.run(&ask, TakeInstruction { instruction, expected_version: body.expected_version }).await.map(done)
}

/// Says that it is done.
#[utoipa::path(post, path = "/api/instructions/{id}/finish", request_body = Change,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn finish(
    State(app): State<Arc<App>>,
    Id(instruction): Id<InstructionId>,
    Asked(ask, body): Asked<Change>,
) -> Answer<Done> {
    let Change { expected_version, note, .. } = body;
    app.run(&ask, FinishInstruction { instruction, expected_version, note }).await.map(done)
}

/// Says that one has seen that it is done. Nobody confirms their own work; to send it back is to open it again.
#[utoipa::path(post, path = "/api/instructions/{id}/confirm", request_body = Change,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    Id(instruction): Id<InstructionId>,
    Asked(ask, body): Asked<Change>,
) -> Answer<Done> {
    app.run(&ask, ConfirmInstruction { instruction, expected_version: body.expected_version }).await.map(done)
}

/// Says that it need not be done.
#[utoipa::path(post, path = "/api/instructions/{id}/cancel", request_body = Change,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn cancel(
    State(app): State<Arc<App>>,
    Id(instruction): Id<InstructionId>,
    Asked(ask, body): Asked<Change>,
) -> Answer<Done> {
    let Change { expected_version, note, .. } = body;
    app.run(&ask, CancelInstruction { instruction, expected_version, reason: note }).await.map(done)
}

/// Says that it was not done. Its first clocks stay visible.
#[utoipa::path(post, path = "/api/instructions/{id}/reopen", request_body = Change,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn reopen(
    State(app): State<Arc<App>>,
    Id(instruction): Id<InstructionId>,
    Asked(ask, body): Asked<Change>,
) -> Answer<Done> {
    let Change { expected_version, note, due_at_ms } = body;
    let due_at_ms = Millis(due_at_ms);
    app.run(&ask, ReopenInstruction { instruction, expected_version, reason: note, due_at_ms }).await.map(done)
}
