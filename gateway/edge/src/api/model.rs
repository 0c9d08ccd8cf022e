//! Models: what is registered and in use of them, what became of what they said, and a person's answer to a suggestion.

use std::sync::Arc;

use axum::extract::State;
use domain::{
    DecideSuggestion, Digest, Figure, IncidentId, IncidentKind, KindShare, Model, ModelKind, ModelMode, ModelName,
    RegisterModel, RollBackModel, RollOutModel, Severity, SuggestionDecision, SwitchModel, Tally, VersionName,
    policy::Noun,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{app::App, error::ErrorBody};

/// A version of a model as it was trained and measured.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    #[schema(value_type = String, example = "triage")]
    name: ModelName,
    #[schema(value_type = String, example = "2026-11-22")]
    version: VersionName,
    #[schema(value_type = String, example = "triage")]
    kind: ModelKind,
    /// Of the artifact, 64 hexadecimal digits.
    #[schema(value_type = String)]
    sha256: Digest,
    /// What it was trained on and measured by.
    data: String,
    /// `name` and `value_micro`, in millionths.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    quality: Vec<Figure>,
    /// `kind` and `share_micro`, in millionths: kinds in the data, for drift.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    shares: Vec<KindShare>,
}

/// A version and its part.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Use {
    #[schema(value_type = String)]
    version: VersionName,
    /// "active" or "shadow".
    #[schema(value_type = String)]
    mode: ModelMode,
}

/// Off or on, and why.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Switch {
    on: bool,
    reason: String,
}

/// What the person does with a suggestion.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Decision {
    /// The version of the incident that the person has seen; dismissing needs none.
    #[serde(default)]
    expected_version: u64,
    /// "accepted", "overridden" or "dismissed".
    #[schema(value_type = String)]
    decision: SuggestionDecision,
    /// When overridden: what is going on instead.
    #[schema(value_type = Option<String>)]
    kind: Option<IncidentKind>,
    /// When overridden: how bad it is instead.
    #[schema(value_type = Option<String>)]
    severity: Option<Severity>,
    /// When overridden: which incident it is the same as instead.
    #[schema(value_type = Option<String>)]
    duplicate_of: Option<IncidentId>,
}

/// Models with their versions.
#[utoipa::path(get, path = "/api/models", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Model>> {
    listed(&app, &caller, Noun::Model, command_group(), |state, put| {
        state.models().values().for_each(|model| put(model, None));
    })
}

/// What became of what each version said: decisions, bins of confidence, kinds, silence.
#[utoipa::path(get, path = "/api/tallies", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn tallies(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Tally>> {
    listed(&app, &caller, Noun::Model, command_group(), |state, put| {
        state.tallies().values().for_each(|tally| put(tally, None));
    })
}

/// Registers a version. It is asked nothing until it is rolled out.
#[utoipa::path(post, path = "/api/models", request_body = Registration, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn register(State(app): State<Arc<App>>, Asked(ask, body): Asked<Registration>) -> Answer<Done> {
    let Registration { name, version, kind, sha256, data, quality, shares } = body;
    app.run(&ask, RegisterModel { name, version, kind, sha256, data, quality, shares }).await.map(done)
}

/// Takes a version into use.
#[utoipa::path(post, path = "/api/models/{name}/roll-out", request_body = Use,
    params(("name" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn roll_out(
    State(app): State<Arc<App>>,
    Id(name): Id<ModelName>,
    Asked(ask, body): Asked<Use>,
) -> Answer<Done> {
    app.run(&ask, RollOutModel { name, version: body.version, mode: body.mode }).await.map(done)
}

/// Takes a version out of use: what was active before it is active again, or the shadow ends.
#[utoipa::path(post, path = "/api/models/{name}/roll-back", request_body = Use,
    params(("name" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn roll_back(
    State(app): State<Arc<App>>,
    Id(name): Id<ModelName>,
    Asked(ask, body): Asked<Use>,
) -> Answer<Done> {
    app.run(&ask, RollBackModel { name, mode: body.mode, version: body.version }).await.map(done)
}

/// Turns a model off or on.
#[utoipa::path(post, path = "/api/models/{name}/switch", request_body = Switch,
    params(("name" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn switch(
    State(app): State<Arc<App>>,
    Id(name): Id<ModelName>,
    Asked(ask, body): Asked<Switch>,
) -> Answer<Done> {
    app.run(&ask, SwitchModel { name, on: body.on, reason: body.reason }).await.map(done)
}

/// Answers a suggestion; accepting and overriding change the incident with it.
#[utoipa::path(post, path = "/api/incidents/{id}/suggestions/{number}", request_body = Decision,
    params(("id" = String, Path), ("number" = u32, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn decide(
    State(app): State<Arc<App>>,
    Id((incident, suggestion)): Id<(IncidentId, u32)>,
    Asked(ask, body): Asked<Decision>,
) -> Answer<Done> {
    let Decision { expected_version, decision, kind, severity, duplicate_of } = body;
    let decide = DecideSuggestion { incident, expected_version, suggestion, decision, kind, severity, duplicate_of };
    app.run(&ask, decide).await.map(done)
}
