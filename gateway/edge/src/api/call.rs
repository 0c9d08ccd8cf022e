//! Calls, for who takes them: the list, the pop, what an agent does with one, and what they put down.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    AnswerCall, Call, CallId, CallStatus, EndCall, EraseCall, FileReport, FormAdvice, GroupId, HoldCall, IncidentId,
    IncidentKind, Logged, NameCaller, Place, PutCallDraft, ReportChannel, SettleCallback, Severity, TakeCallback,
    TransferCall,
    policy::{self, Action, Noun},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Asking, Done, Id, Plain, Signed, done},
    list::Listed,
};
use crate::{
    app::App,
    auth::Caller,
    cluster::read,
    command::Ask,
    error::{ApiError, ErrorBody},
    limits::{BARRIER_DEADLINE, LIST_MAX},
    public::code,
};

/// The version seen.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Seen {
    expected_version: u64,
}

/// Whether the caller shall wait.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Holding {
    expected_version: u64,
    held: bool,
}

/// Who calls, as they said it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Naming {
    /// One line; empty: not known any more.
    name: String,
}

/// Where it goes.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Transferring {
    expected_version: u64,
    /// A line that somebody is here for, or a number or SIP address.
    to: String,
    #[serde(default)]
    note: String,
}

/// What the call was.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Ending {
    expected_version: u64,
    /// `served` or `false_call`.
    outcome: String,
}

/// What came of calling back.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Settling {
    expected_version: u64,
    /// `reached`, `unreached` or `settled`.
    outcome: String,
    /// Required with `settled`.
    #[serde(default)]
    note: String,
}

/// What a call is about. Names an incident, or kind and severity of a new one, or neither.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Saving {
    text: String,
    #[schema(value_type = Object)]
    place: Place,
    /// Absent: the caller's number.
    #[serde(default)]
    contact: String,
    #[schema(value_type = Option<String>)]
    incident: Option<IncidentId>,
    #[schema(value_type = Option<String>)]
    kind: Option<IncidentKind>,
    #[schema(value_type = Option<String>)]
    severity: Option<Severity>,
    #[schema(value_type = Option<String>)]
    told_kind: Option<IncidentKind>,
    /// What the form's own rules took it for; absent: they said nothing.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    advice: Option<FormAdvice>,
    /// Part of a drill; of a call of a drill it always is.
    #[serde(default)]
    exercise: bool,
}

/// The report of a call is held by a quorum.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Saved {
    /// What the caller follows it by, as it is read out.
    code: String,
    /// Empty: none.
    incident: String,
    /// Of the call, after it.
    version: u64,
    /// Where the log has the report, as `log` of other commands.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    log: Option<Logged>,
}

/// What an agent has put down and not saved.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Drafting {
    /// The greatest stands.
    seq: u64,
    /// Null drops it.
    #[schema(value_type = Option<Object>)]
    form: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Which draft is kept now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Kept {
    seq: u64,
}

/// Which calls.
#[derive(Deserialize)]
pub(crate) struct Which {
    status: Option<CallStatus>,
    line: Option<String>,
    number: Option<String>,
}

/// Calls: those that somebody owes something first, the longest waiting first; then those that are over, the newest first.
#[utoipa::path(get, path = "/api/calls", params(("status" = Option<String>, Query), ("line" = Option<String>, Query),
    ("number" = Option<String>, Query)),
    responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Asking(which): Asking<Which>,
) -> Answer<Listed<Call>> {
    policy::allows(&caller.grant, Action::See(Noun::Call), None)?;
    let sees_callers = policy::allows(&caller.grant, Action::SeeCaller, None);
    if which.number.is_some() {
        sees_callers.clone()?;
    }
    if sees_callers.is_ok() {
        app.look(&caller, "calls").await?;
    }
    let is_wanted = |call: &&Call| {
        which.status.is_none_or(|status| call.status == status)
            && which.line.as_ref().is_none_or(|line| call.line == *line)
            && which.number.as_ref().is_none_or(|number| call.number == *number)
    };
    let shown = |call: &Call| if sees_callers.is_ok() { call.clone() } else { call.masked() };
    let listed = read(&*app.source, GroupId::COMMAND, |state| {
        // A day's calls are in memory: only those that are listed are copied.
        let mut found: Vec<&Call> = match &which.number {
            Some(number) if !number.is_empty() => state.calls_of(number).filter(is_wanted).collect(),
            _ => state.calls().values().filter(is_wanted).collect(),
        };
        found.sort_unstable_by(|a, b| {
            let (a_is_over, b_is_over) = (!a.status.is_open(), !b.status.is_open());
            let by_time = a.offered_at_ms.cmp(&b.offered_at_ms).then_with(|| a.id.cmp(&b.id));
            a_is_over.cmp(&b_is_over).then(if a_is_over { by_time.reverse() } else { by_time })
        });
        let truncated = found.len() > LIST_MAX;
        Listed { items: found.into_iter().take(LIST_MAX).map(shown).collect(), truncated }
    });
    Ok(Json(listed))
}

/// Answers the call that rings at the caller.
#[utoipa::path(post, path = "/api/calls/{id}/answer", request_body = Seen,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Id(call): Id<CallId>,
    Asked(ask, body): Asked<Seen>,
) -> Answer<Done> {
    app.run(&ask, AnswerCall { call, expected_version: body.expected_version, agent: None }).await.map(done)
}

/// Has the caller wait, or wait no more.
#[utoipa::path(post, path = "/api/calls/{id}/hold", request_body = Holding,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn hold(
    State(app): State<Arc<App>>,
    Id(call): Id<CallId>,
    Asked(ask, body): Asked<Holding>,
) -> Answer<Done> {
    let Holding { expected_version, held } = body;
    app.run(&ask, HoldCall { call, expected_version, held }).await.map(done)
}

/// Hands the caller over.
#[utoipa::path(post, path = "/api/calls/{id}/transfer", request_body = Transferring,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn transfer(
    State(app): State<Arc<App>>,
    Id(call): Id<CallId>,
    Asked(ask, body): Asked<Transferring>,
) -> Answer<Done> {
    let Transferring { expected_version, to, note } = body;
    app.run(&ask, TransferCall { call, expected_version, to, note }).await.map(done)
}

/// Hangs up.
#[utoipa::path(post, path = "/api/calls/{id}/end", request_body = Ending,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Id(call): Id<CallId>,
    Asked(ask, body): Asked<Ending>,
) -> Answer<Done> {
    let Ending { expected_version, outcome } = body;
    app.run(&ask, EndCall { call, expected_version, outcome }).await.map(done)
}

/// Takes it upon oneself to call back.
#[utoipa::path(post, path = "/api/calls/{id}/callback", request_body = Seen,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn take_callback(
    State(app): State<Arc<App>>,
    Id(call): Id<CallId>,
    Asked(ask, body): Asked<Seen>,
) -> Answer<Done> {
    app.run(&ask, TakeCallback { call, expected_version: body.expected_version }).await.map(done)
}

/// What came of calling back.
#[utoipa::path(post, path = "/api/calls/{id}/callback/settle", request_body = Settling,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn settle_callback(
    State(app): State<Arc<App>>,
    Id(call): Id<CallId>,
    Asked(ask, body): Asked<Settling>,
) -> Answer<Done> {
    let Settling { expected_version, outcome, note } = body;
    app.run(&ask, SettleCallback { call, expected_version, outcome, note }).await.map(done)
}

/// Keeps who calls with their number: whoever takes its next call is shown the name.
#[utoipa::path(post, path = "/api/calls/{id}/name", request_body = Naming,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn name(
    State(app): State<Arc<App>>,
    Id(call): Id<CallId>,
    Asked(ask, body): Asked<Naming>,
) -> Answer<Done> {
    app.run(&ask, NameCaller { call, name: body.name }).await.map(done)
}

/// Forgets who called: of this call, and of all of the same number that are over.
#[utoipa::path(post, path = "/api/calls/{id}/erase", request_body = Seen,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    Id(call): Id<CallId>,
    Asked(ask, body): Asked<Seen>,
) -> Answer<Done> {
    app.run(&ask, EraseCall { call, expected_version: body.expected_version }).await.map(done)
}

/// Saves what was said as a report, with the incident that it belongs to, if any. The draft goes with it.
#[utoipa::path(post, path = "/api/calls/{id}/report", request_body = Saving,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Saved), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    Id(call): Id<CallId>,
    Asked(ask, body): Asked<Saving>,
) -> Answer<Saved> {
    let known = || read(&*app.source, GroupId::COMMAND, |state| state.calls().get(&call).cloned());
    let found = app.caught_up(|| known().ok_or_else(|| ApiError::not_found("call", call.as_str()))).await?;
    let code = code::derive(&app.config.sealing_key, &key_of(&ask, &call));
    let command = FileReport {
        code: code.clone(),
        channel: ReportChannel::Call,
        reference: call.to_string(),
        text: body.text,
        place: body.place,
        incident: body.incident,
        kind: body.kind,
        severity: body.severity,
        told_kind: body.told_kind,
        advice: body.advice,
        contact: if body.contact.is_empty() { found.number.clone() } else { body.contact },
        language: if found.language == "en" { "en".to_owned() } else { "vi".to_owned() },
        exercise: found.exercise || body.exercise,
    };
    let log = app.run(&ask, command).await?.logged;
    // What was decided may not be here yet; without a quorum for it now, what is here has to do.
    let _ = app.source.read_barrier(GroupId::COMMAND, BARRIER_DEADLINE).await;
    let (incident, version) = read(&*app.source, GroupId::COMMAND, |state| {
        let incident = state.reports().get(&code).and_then(|report| report.incident.as_ref()).map(ToString::to_string);
        (incident.unwrap_or_default(), state.calls().get(&call).map_or(found.version, |call| call.version))
    });
    Ok(Json(Saved { code: code::shown(&code), incident, version, log }))
}

/// The same request is the same report, at whichever node.
fn key_of(ask: &Ask, call: &CallId) -> String {
    let session = domain::Digest(ask.caller.session.0);
    format!("call/{call}/{session}/{}", ask.seq)
}

/// What somebody has put down of the call and not saved.
#[utoipa::path(get, path = "/api/calls/{id}/draft", params(("id" = String, Path)),
    responses((status = 200, body = serde_json::Value), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn draft(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(call): Id<CallId>,
) -> Answer<serde_json::Value> {
    policy::allows(&caller.grant, Action::HandleCall, None)?;
    let kept = read(&*app.source, GroupId::COMMAND, |state| state.call_draft(&call).cloned());
    let shown = kept.as_ref().and_then(shown_draft);
    let shown = shown.ok_or_else(|| ApiError::not_found("draft", call.as_str()))?;
    app.look(&caller, &format!("call/{call}")).await?;
    Ok(Json(shown))
}

/// A draft with its form as JSON; none: it was dropped.
pub(crate) fn shown_draft(draft: &domain::CallDraft) -> Option<serde_json::Value> {
    let form: serde_json::Value = serde_json::from_str(&draft.form).ok()?;
    let domain::CallDraft { call, seq, by, at_ms, .. } = draft;
    Some(serde_json::json!({ "call": call, "seq": seq, "by": by, "at_ms": at_ms, "form": form }))
}

/// Keeps what an agent has put down, if its number is greater than that of what is kept. Needs no `x-request-seq`: sent again
/// it changes nothing.
#[utoipa::path(post, path = "/api/calls/{id}/draft", request_body = Drafting, params(("id" = String, Path)),
    responses((status = 200, body = Kept), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 429, body = ErrorBody)))]
pub(crate) async fn put_draft(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(call): Id<CallId>,
    Plain(body): Plain<Drafting>,
) -> Answer<Kept> {
    let form = body.form.map(|form| serde_json::Value::Object(form).to_string()).unwrap_or_default();
    let accepted = app.run_idempotent(&caller, PutCallDraft { call, seq: body.seq, form }).await?;
    Ok(Json(Kept { seq: accepted.version }))
}

/// Everything that an agent has to see when it rings, in one answer.
#[utoipa::path(get, path = "/api/calls/{id}/caller", params(("id" = String, Path)),
    responses((status = 200, body = super::caller::Pop), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn pop(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(call): Id<CallId>,
) -> Answer<super::caller::Pop> {
    may_see_callers(&caller)?;
    let pop = read(&*app.source, GroupId::COMMAND, |state| super::caller::pop(state, &caller.grant, &call));
    let pop = pop.ok_or_else(|| ApiError::not_found("call", call.as_str()))?;
    app.look(&caller, &format!("call/{call}")).await?;
    Ok(Json(pop))
}

fn may_see_callers(caller: &Caller) -> Result<(), ApiError> {
    policy::allows(&caller.grant, Action::See(Noun::Call), None)?;
    Ok(policy::allows(&caller.grant, Action::SeeCaller, None)?)
}
