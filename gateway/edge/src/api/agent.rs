//! People who take calls, and how calls are taken.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    Agent, AgentStatus, CallDesk, GroupId, PersonId, PutAgent, PutCallDesk, SetAgentStatus,
    policy::{self, Action, Noun},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{app::App, cluster::read, error::ErrorBody};

/// An agent as they shall be. Without lines they are no agent.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Seat {
    #[schema(value_type = String)]
    person: PersonId,
    lines: Vec<String>,
    /// SIP address of their phone.
    #[serde(default)]
    phone: String,
    /// Sends units from this seat, too.
    #[serde(default)]
    dispatches: bool,
}

/// What an agent does now.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Being {
    expected_version: u64,
    /// `available`, `break` or `off`.
    #[schema(value_type = String)]
    status: AgentStatus,
    #[serde(default)]
    reason: String,
}

/// People who take calls.
#[utoipa::path(get, path = "/api/agents", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Agent>> {
    listed(&app, &caller, Noun::Call, command_group(), |state, put| {
        state.agents().values().for_each(|agent| put(agent, None));
    })
}

/// Makes an agent, or changes their lines, phone and whether they send units.
#[utoipa::path(post, path = "/api/agents", request_body = Seat, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put(State(app): State<Arc<App>>, Asked(ask, body): Asked<Seat>) -> Answer<Done> {
    let Seat { person, lines, phone, dispatches } = body;
    app.run(&ask, PutAgent { person, lines, phone, dispatches }).await.map(done)
}

/// An agent comes, goes, or ends a wrap-up.
#[utoipa::path(post, path = "/api/agents/{id}/status", request_body = Being,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn status(
    State(app): State<Arc<App>>,
    Id(agent): Id<PersonId>,
    Asked(ask, body): Asked<Being>,
) -> Answer<Done> {
    let Being { expected_version, status, reason } = body;
    app.run(&ask, SetAgentStatus { agent, expected_version, status, reason }).await.map(done)
}

/// How calls are taken, and whether there are too many now.
#[utoipa::path(get, path = "/api/call-desk", responses((status = 200, body = serde_json::Value), (status = 403, body = ErrorBody)))]
pub(crate) async fn desk(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<CallDesk> {
    policy::allows(&caller.grant, Action::See(Noun::Call), None)?;
    Ok(Json(read(&*app.source, GroupId::COMMAND, domain::State::call_desk)))
}

/// How calls are taken from now on.
#[utoipa::path(post, path = "/api/call-desk", request_body = serde_json::Value, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put_desk(State(app): State<Arc<App>>, Asked(ask, desk): Asked<CallDesk>) -> Answer<Done> {
    app.run(&ask, PutCallDesk { desk }).await.map(done)
}
