//! Reports for those who handle them: what came, which incident it belongs to, what its sender is told.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    AnswerReport, Clock, GroupId, IncidentId, IncidentKind, LinkReport, Place, Report, ReportChannel, ReportCode,
    ReportStatus, UnlinkReport,
    policy::{self, Action},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Asking, Done, Id, Signed, done},
    list::Listed,
};
use crate::{
    app::App,
    cluster::read,
    error::ErrorBody,
    limits::{REPORTS_LISTED_MAX, REPORTS_SCANNED_MAX},
};

/// A report, for who handles it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Told {
    #[schema(value_type = String)]
    code: ReportCode,
    #[schema(value_type = String)]
    channel: ReportChannel,
    #[schema(value_type = String)]
    status: ReportStatus,
    /// What its sender took it for.
    #[schema(value_type = Option<String>)]
    kind: Option<IncidentKind>,
    text: String,
    #[schema(value_type = Object)]
    place: Place,
    contact: String,
    received_at_ms: u64,
    #[schema(value_type = Option<String>)]
    incident: Option<IncidentId>,
    answer: String,
    answered_at_ms: u64,
    /// 1 to 5; 0: not rated.
    rating: u32,
    rating_note: String,
    reopened_count: u32,
    /// Why it was opened again last; empty where it was not.
    reopened_because: String,
    /// For `expected_version`.
    version: u64,
    /// Part of a drill.
    exercise: bool,
    /// By when its sender has an answer; the first one stays when it is opened again.
    #[schema(value_type = Vec<Object>)]
    clocks: Vec<Clock>,
}

impl Told {
    fn new(report: &Report) -> Self {
        let reopened = report.steps.iter().rev().find(|step| step.kind == domain::ReportStepKind::Reopened);
        Self {
            code: report.code.clone(),
            channel: report.channel,
            status: report.status,
            kind: report.told_kind,
            text: report.text.clone(),
            place: report.place.clone(),
            contact: report.contact.clone(),
            received_at_ms: report.received_at_ms.0,
            incident: report.incident.clone(),
            answer: report.answer.clone(),
            answered_at_ms: report.answered_at_ms.0,
            rating: report.rating,
            rating_note: report.rating_note.clone(),
            reopened_count: report.reopened_count,
            reopened_because: reopened.map(|step| step.note.clone()).unwrap_or_default(),
            version: report.version,
            exercise: report.exercise,
            clocks: report.clocks.clone(),
        }
    }
}

/// Which reports.
#[derive(Deserialize)]
pub(crate) struct Which {
    incident: Option<IncidentId>,
    status: Option<ReportStatus>,
    admin_unit: Option<domain::AdminUnitCode>,
    /// Only those of which a clock calls for somebody.
    #[serde(default)]
    late: bool,
}

/// To which incident.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Linking {
    expected_version: u64,
    #[schema(value_type = String)]
    incident: IncidentId,
}

/// Why it does not belong there.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Unlinking {
    expected_version: u64,
    reason: String,
}

/// What its sender is told.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Answering {
    expected_version: u64,
    answer: String,
}

/// Reports that the caller handles, newest first: of an incident, with a status, of a commune.
#[utoipa::path(get, path = "/api/reports", params(("incident" = Option<String>, Query), ("status" = Option<String>, Query),
    ("admin_unit" = Option<String>, Query), ("late" = Option<bool>, Query)),
    responses((status = 200, body = Listed<Told>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Asking(which): Asking<Which>,
) -> Answer<Listed<Told>> {
    policy::allows(&caller.grant, Action::HandleReport, None)?;
    let is_wanted = |report: &Report| {
        which.incident.as_ref().is_none_or(|id| report.incident.as_ref() == Some(id))
            && which.status.is_none_or(|status| report.status == status)
            && which.admin_unit.as_ref().is_none_or(|code| report.place.admin_unit == *code)
            && policy::allows(&caller.grant, Action::HandleReport, Some(&report.place.admin_unit)).is_ok()
    };
    let (mut items, is_whole) = read(&*app.source, GroupId::COMMAND, |state| {
        let all = state.reports();
        // An incident knows its reports, and is asked before all of them are looked through.
        if let Some(incident) = which.incident.as_ref().and_then(|id| state.incidents().get(id)) {
            let codes = incident.sources.iter().filter_map(|source| match &source.origin {
                domain::Origin::Report(code) => all.get(code.as_str()),
                _ => None,
            });
            return (codes.filter(|report| is_wanted(report)).map(Told::new).collect::<Vec<_>>(), true);
        }
        if which.late {
            let calling = state.reports_calling().filter(|report| is_wanted(report)).take(REPORTS_LISTED_MAX + 1);
            return (calling.map(Told::new).collect(), true);
        }
        let found = all.values().take(REPORTS_SCANNED_MAX).filter(|report| is_wanted(report)).map(Told::new);
        (found.collect(), all.len() <= REPORTS_SCANNED_MAX)
    });
    items.sort_by(|a, b| b.received_at_ms.cmp(&a.received_at_ms).then_with(|| a.code.cmp(&b.code)));
    let truncated = !is_whole || items.len() > REPORTS_LISTED_MAX;
    items.truncate(REPORTS_LISTED_MAX);
    Ok(Json(Listed { items, truncated }))
}

/// It belongs to an incident.
#[utoipa::path(post, path = "/api/reports/{id}/link", request_body = Linking,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn link(
    State(app): State<Arc<App>>,
    Id(report): Id<ReportCode>,
    Asked(ask, body): Asked<Linking>,
) -> Answer<Done> {
    let Linking { expected_version, incident } = body;
    app.run(&ask, LinkReport { report, expected_version, incident }).await.map(done)
}

/// It does not.
#[utoipa::path(post, path = "/api/reports/{id}/unlink", request_body = Unlinking,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn unlink(
    State(app): State<Arc<App>>,
    Id(report): Id<ReportCode>,
    Asked(ask, body): Asked<Unlinking>,
) -> Answer<Done> {
    let Unlinking { expected_version, reason } = body;
    app.run(&ask, UnlinkReport { report, expected_version, reason }).await.map(done)
}

/// Tells its sender; whoever has the code reads it.
#[utoipa::path(post, path = "/api/reports/{id}/answer", request_body = Answering,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Id(report): Id<ReportCode>,
    Asked(ask, body): Asked<Answering>,
) -> Answer<Done> {
    let Answering { expected_version, answer } = body;
    app.run(&ask, AnswerReport { report, expected_version, answer }).await.map(done)
}
