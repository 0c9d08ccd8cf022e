//! Reports for those who handle them: what came, which incident it belongs to, what its sender is told.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    AnswerReport, Clock, Grant, GroupId, IncidentId, IncidentKind, LinkReport, Place, Report, ReportChannel,
    ReportCode, ReportStatus, SetReportAside, Severity, State as State0, TakeReport, UnlinkReport, WaitingReport,
    masked,
    policy::{self, Action, Matter, Noun},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Asking, Done, Id, Signed, done},
    list::{Listed, command_group, listed_of},
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
    /// The channel's own reference; of a device the key of its alarm. May be empty.
    reference: String,
    #[schema(value_type = Object)]
    place: Place,
    /// How its sender is reached; the end of it only, for who may not see callers.
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
    /// `callers`: whether callers may be seen.
    fn new(report: &Report, callers: bool) -> Self {
        let reopened = report.last_reopening();
        Self {
            code: report.code.clone(),
            channel: report.channel,
            status: report.status,
            kind: report.told_kind,
            text: report.text.clone(),
            reference: report.reference.clone(),
            place: report.place.clone(),
            contact: if callers { report.contact.clone() } else { masked(&report.contact) },
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

/// To which incident, or what a new one is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Linking {
    expected_version: u64,
    #[schema(value_type = Option<String>)]
    incident: Option<IncidentId>,
    #[schema(value_type = Option<String>)]
    kind: Option<IncidentKind>,
    #[schema(value_type = Option<String>)]
    severity: Option<Severity>,
    /// Where a new one is; none: where the report says.
    #[schema(value_type = Option<Object>)]
    place: Option<Place>,
}

/// Whether somebody looks at it now.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TakingReport {
    expected_version: u64,
    /// False: it is given back.
    take: bool,
}

/// Not now.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SettingAside {
    expected_version: u64,
    /// Milliseconds from now.
    for_ms: u64,
    reason: String,
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

/// Whether a report is handled by this right: by its place, and by the field that it is in.
pub(super) fn may_handle(state: &State0, grant: &Grant, report: &Report) -> bool {
    let place = Some(&report.place.admin_unit);
    policy::allows_of(grant, Action::HandleReport, place, &Matter::of_report(state, report)).is_ok()
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
    };
    let callers = policy::allows(&caller.grant, Action::SeeCaller, None).is_ok();
    let is_shown = |state: &State0, report: &Report| is_wanted(report) && may_handle(state, &caller.grant, report);
    let told = |report: &Report| Told::new(report, callers);
    let (mut items, is_whole) = read(&*app.source, GroupId::COMMAND, |state| {
        let all = state.reports();
        // An incident knows its reports, and is asked before all of them are looked through.
        if let Some(incident) = which.incident.as_ref().and_then(|id| state.incidents().get(id)) {
            let codes = incident.sources.iter().filter_map(|source| match &source.origin {
                domain::Origin::Report(code) => all.get(code.as_str()),
                domain::Origin::Alarm(_) => all.get(source.alarm_report.as_ref()?),
                domain::Origin::Person(_) => None,
            });
            return (codes.filter(|report| is_shown(state, report)).map(told).collect::<Vec<_>>(), true);
        }
        if which.late {
            let calling = state.reports_calling().filter(|report| is_shown(state, report)).take(REPORTS_LISTED_MAX + 1);
            return (calling.map(told).collect(), true);
        }
        let found = all.values().take(REPORTS_SCANNED_MAX).filter(|report| is_shown(state, report)).map(told);
        (found.collect(), all.len() <= REPORTS_SCANNED_MAX)
    });
    items.sort_by(|a, b| b.received_at_ms.cmp(&a.received_at_ms).then_with(|| a.code.cmp(&b.code)));
    // Without contacts there is nothing of a caller in them.
    if callers && items.iter().any(|report: &Told| !report.contact.is_empty()) {
        let of = which.incident.as_ref().map(|incident| format!("/{incident}")).unwrap_or_default();
        app.look(&caller, &format!("reports{of}")).await?;
    }
    let truncated = !is_whole || items.len() > REPORTS_LISTED_MAX;
    items.truncate(REPORTS_LISTED_MAX);
    Ok(Json(Listed { items, truncated }))
}

/// Reports that wait for a person in the caller's districts, those that somebody has and those that are set aside included, the
/// one that has waited the longest first.
#[utoipa::path(get, path = "/api/reports/waiting", responses((status = 200, body = Listed<serde_json::Value>),
    (status = 403, body = ErrorBody)))]
pub(crate) async fn waiting(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<WaitingReport>> {
    let Json(mut listed) =
        listed_of::<WaitingReport>(&app, &caller, Noun::Report, command_group(), Matter::of_waiting, |state, put| {
            state.waiting_reports().values().for_each(|report| put(report, Some(&report.place.admin_unit)));
        })?;
    listed.items.sort_by(|a, b| a.since_ms.cmp(&b.since_ms).then_with(|| a.code.cmp(&b.code)));
    Ok(Json(listed))
}

/// It belongs to an incident, or to a new one that is opened from it.
#[utoipa::path(post, path = "/api/reports/{id}/link", request_body = Linking,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn link(
    State(app): State<Arc<App>>,
    Id(report): Id<ReportCode>,
    Asked(ask, body): Asked<Linking>,
) -> Answer<Done> {
    let Linking { expected_version, incident, kind, severity, place } = body;
    app.run(&ask, LinkReport { report, expected_version, incident, kind, severity, place }).await.map(done)
}

/// Somebody looks at it now, or gives it back.
#[utoipa::path(post, path = "/api/reports/{id}/take", request_body = TakingReport,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn take(
    State(app): State<Arc<App>>,
    Id(report): Id<ReportCode>,
    Asked(ask, body): Asked<TakingReport>,
) -> Answer<Done> {
    let TakingReport { expected_version, take } = body;
    app.run(&ask, TakeReport { report, expected_version, take }).await.map(done)
}

/// It comes back by itself, at its time or when a photo comes.
#[utoipa::path(post, path = "/api/reports/{id}/aside", request_body = SettingAside,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 409, body = ErrorBody)))]
pub(crate) async fn set_aside(
    State(app): State<Arc<App>>,
    Id(report): Id<ReportCode>,
    Asked(ask, body): Asked<SettingAside>,
) -> Answer<Done> {
    let SettingAside { expected_version, for_ms, reason } = body;
    app.run(&ask, SetReportAside { report, expected_version, for_ms, reason }).await.map(done)
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
