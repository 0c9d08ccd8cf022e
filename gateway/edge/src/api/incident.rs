//! Incidents: what desks, dispatchers and reports do to them.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    AcknowledgeIncident, AmendIncident, AssignIncident, CloseIncident, FormAdvice, GroupId, Incident, IncidentId,
    IncidentKind, MergeIncident, Millis, NoteIncident, OpenIncident, Origin, Place, ReopenIncident, ResolveIncident,
    Severity, Source, UnitId, UnmergeIncident, VOCABULARY_2,
    policy::{Matter, Noun},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed_of},
};
use crate::{app::App, clock::unix_ms, cluster::read, error::ErrorBody, screen::view::without_shadows};

/// What is going on, where, and how bad it is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Opening {
    #[schema(value_type = String, example = "flood")]
    kind: IncidentKind,
    #[schema(value_type = String, example = "high")]
    severity: Severity,
    #[schema(value_type = Object)]
    place: Place,
    /// One line for the queue.
    summary: String,
    /// Part of a drill.
    #[serde(default)]
    exercise: bool,
    /// The position was converted from another place's data.
    #[serde(default)]
    place_is_mapped: bool,
    /// What the form's own rules took it for; absent: they said nothing, or it was no form.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    advice: Option<FormAdvice>,
}

impl Opening {
    fn command(self, origin: Origin) -> OpenIncident {
        let source =
            Source { origin, episode: 0, version: 0, active: true, at_ms: Millis(unix_ms()), alarm_report: None };
        OpenIncident {
            kind: self.kind,
            severity: self.severity,
            place: self.place,
            summary: self.summary,
            source,
            exercise: self.exercise,
            place_is_mapped: self.place_is_mapped,
            advice: self.advice,
        }
    }
}

/// A call or a message from another service.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Report {
    /// The reporter's own reference.
    reference: String,
    #[serde(flatten)]
    opening: Opening,
}

/// The version that the person has seen.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Seen {
    expected_version: u64,
}

/// How it ended.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Ending {
    expected_version: u64,
    #[serde(default)]
    note: String,
}

/// Why it is opened again.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Reopening {
    expected_version: u64,
    reason: String,
}

/// For the timeline.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Note {
    note: String,
}

/// All units that shall be on it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Assignment {
    expected_version: u64,
    #[schema(value_type = Vec<String>)]
    units: Vec<UnitId>,
}

/// What is known now.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Amendment {
    expected_version: u64,
    #[schema(value_type = String)]
    kind: IncidentKind,
    #[schema(value_type = String)]
    severity: Severity,
    #[schema(value_type = Object)]
    place: Place,
    summary: String,
}

/// The one that stays.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Merging {
    expected_version: u64,
    #[schema(value_type = String)]
    into: IncidentId,
}

/// What came of taking two apart.
#[derive(Serialize, ToSchema)]
pub(crate) struct Parted {
    #[serde(flatten)]
    done: Done,
    /// Units that the merge brought and that have moved on since: they stay as they are.
    stayed: Vec<String>,
}

/// Incidents in the caller's districts.
#[utoipa::path(get, path = "/api/incidents", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Incident>> {
    listed_of::<Incident>(&app, &caller, Noun::Incident, command_group(), Matter::of_incident, |state, put| {
        let incidents = state.incidents().values();
        incidents.for_each(|incident| put(&without_shadows(incident), Some(&incident.place.admin_unit)));
    })
}

/// Opens an incident from a desk.
#[utoipa::path(post, path = "/api/incidents", request_body = Opening, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn open(State(app): State<Arc<App>>, Asked(ask, body): Asked<Opening>) -> Answer<Done> {
    let by = ask.caller.person.id.clone();
    let mut command = body.command(Origin::Person(by));
    // It decides nothing: while some node may not know it, the incident is opened without.
    if !read(&*app.source, GroupId::COMMAND, |state| state.has_feature(VOCABULARY_2)) {
        command.advice = None;
    }
    app.run(&ask, command).await.map(done)
}

/// Opens an incident from a report.
#[utoipa::path(post, path = "/api/reports", request_body = Report, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn report(State(app): State<Arc<App>>, Asked(ask, body): Asked<Report>) -> Answer<Done> {
    let command = OpenIncident { advice: None, ..body.opening.command(Origin::Report(body.reference)) };
    app.run(&ask, command).await.map(done)
}

/// Somebody has seen it.
#[utoipa::path(post, path = "/api/incidents/{id}/acknowledge", request_body = Seen,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn acknowledge(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Seen>,
) -> Answer<Done> {
    app.run(&ask, AcknowledgeIncident { incident, expected_version: body.expected_version }).await.map(done)
}

/// Nothing more to do.
#[utoipa::path(post, path = "/api/incidents/{id}/resolve", request_body = Ending,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn resolve(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Ending>,
) -> Answer<Done> {
    let command = ResolveIncident { incident, expected_version: body.expected_version, note: body.note };
    app.run(&ask, command).await.map(done)
}

/// Done.
#[utoipa::path(post, path = "/api/incidents/{id}/close", request_body = Ending,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn close(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Ending>,
) -> Answer<Done> {
    let command = CloseIncident { incident, expected_version: body.expected_version, note: body.note };
    app.run(&ask, command).await.map(done)
}

/// It was not done.
#[utoipa::path(post, path = "/api/incidents/{id}/reopen", request_body = Reopening,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn reopen(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Reopening>,
) -> Answer<Done> {
    let command = ReopenIncident { incident, expected_version: body.expected_version, reason: body.reason };
    app.run(&ask, command).await.map(done)
}

/// Adds to the timeline.
#[utoipa::path(post, path = "/api/incidents/{id}/note", request_body = Note,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 404, body = ErrorBody)))]
pub(crate) async fn note(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Note>,
) -> Answer<Done> {
    app.run(&ask, NoteIncident { incident, note: body.note }).await.map(done)
}

/// Sends exactly these units.
#[utoipa::path(post, path = "/api/incidents/{id}/assign", request_body = Assignment,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn assign(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Assignment>,
) -> Answer<Done> {
    let command = AssignIncident { incident, expected_version: body.expected_version, units: body.units };
    app.run(&ask, command).await.map(done)
}

/// Corrects what is known.
#[utoipa::path(post, path = "/api/incidents/{id}/amend", request_body = Amendment,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn amend(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Amendment>,
) -> Answer<Done> {
    let Amendment { expected_version, kind, severity, place, summary } = body;
    app.run(&ask, AmendIncident { incident, expected_version, kind, severity, place, summary }).await.map(done)
}

/// Two are one.
#[utoipa::path(post, path = "/api/incidents/{id}/merge", request_body = Merging,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn merge(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Merging>,
) -> Answer<Done> {
    let command = MergeIncident { incident, expected_version: body.expected_version, into: body.into };
    app.run(&ask, command).await.map(done)
}

/// They were two: each has its units and tasks again.
#[utoipa::path(post, path = "/api/incidents/{id}/unmerge", request_body = Seen,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Parted), (status = 409, body = ErrorBody)))]
pub(crate) async fn unmerge(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Seen>,
) -> Answer<Parted> {
    let accepted = app.run(&ask, UnmergeIncident { incident, expected_version: body.expected_version }).await?;
    let stayed = accepted.stayed.iter().map(ToString::to_string).collect();
    let Json(done) = done(accepted);
    Ok(Json(Parted { done, stayed }))
}
