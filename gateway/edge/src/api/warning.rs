//! Warnings to the public: what their authors and approvers do, and what everybody reads.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{Path, State},
    http::{HeaderName, header::CACHE_CONTROL, header::CONTENT_TYPE},
};
use domain::{
    ApproveWarning, DraftWarning, GroupId, IncidentId, Millis, RejectWarning, Warning, WarningContent, WarningId,
    WarningMessage,
    policy::{self, Action, Matter, Noun},
};
use hyper::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Id, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{
    app::App,
    cap::{self, ATOM_TYPE, CAP_TYPE},
    clock::unix_ms,
    cluster::read,
    error::ErrorBody,
    limits::WARNINGS_IN_FEED_MAX,
    public::{
        error::{PublicError, PublicErrorBody},
        guard::Kind,
    },
    server::Peer,
};

/// How long a reader may keep the feed: a warning is not older than this when it is seen.
const FEED_KEPT: &str = "public, max-age=10";

/// A message to write, or a draft to write anew.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WarningDrafting {
    /// The draft that is written anew; absent: a new one.
    #[schema(value_type = Option<String>)]
    draft: Option<WarningId>,
    /// Of that draft: the version seen.
    #[serde(default)]
    expected_version: u64,
    #[schema(value_type = String)]
    incident: IncidentId,
    #[schema(value_type = String, example = "alert")]
    message: WarningMessage,
    /// Of an update or a cancellation: the message that stands now.
    #[schema(value_type = Option<String>)]
    of: Option<WarningId>,
    #[schema(value_type = Object)]
    content: WarningContent,
}

/// What a second person decided, on the version that they read.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Deciding {
    expected_version: u64,
    /// Why it is not to be published.
    #[serde(default)]
    reason: String,
}

/// Messages of the caller's districts, ended ones included; drafts where their incidents lie by now, of the caller's fields and agencies.
#[utoipa::path(get, path = "/api/warnings", responses((status = 200, body = Listed<serde_json::Value>)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Warning>> {
    let grant = &caller.grant;
    listed(&app, &caller, Noun::Warning, command_group(), |state, put| {
        let may_read = |warning: &&Warning| {
            let (place, matter) = (Some(policy::place_of_warning(state, warning)), Matter::of_warning(state, warning));
            policy::allows_of(grant, Action::See(Noun::Warning), place, &matter).is_ok()
        };
        state.warnings().values().filter(may_read).for_each(|warning| {
            put(warning, Some(policy::place_of_warning(state, warning)));
        });
    })
}

/// Writes a message. Nobody reads it before a second person approves it.
#[utoipa::path(post, path = "/api/warnings", request_body = WarningDrafting, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(crate) async fn draft(State(app): State<Arc<App>>, Asked(ask, body): Asked<WarningDrafting>) -> Answer<Done> {
    let WarningDrafting { draft, expected_version, incident, message, of, content } = body;
    app.run(&ask, DraftWarning { draft, expected_version, incident, message, of, content }).await.map(done)
}

/// Publishes it, by a person who did not write it.
#[utoipa::path(post, path = "/api/warnings/{id}/approve", request_body = Deciding,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn approve(
    State(app): State<Arc<App>>,
    Id(warning): Id<WarningId>,
    Asked(ask, body): Asked<Deciding>,
) -> Answer<Done> {
    app.run(&ask, ApproveWarning { warning, expected_version: body.expected_version }).await.map(done)
}

/// Says that it is not to be published.
#[utoipa::path(post, path = "/api/warnings/{id}/reject", request_body = Deciding,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn reject(
    State(app): State<Arc<App>>,
    Id(warning): Id<WarningId>,
    Asked(ask, body): Asked<Deciding>,
) -> Answer<Done> {
    let Deciding { expected_version, reason } = body;
    app.run(&ask, RejectWarning { warning, expected_version, reason }).await.map(done)
}

type Document = ([(HeaderName, &'static str); 2], String);

/// Published messages that have not run out, the newest first, as an Atom feed of CAP 1.2. Updates and cancellations are in
/// it; whoever follows it acts on `status` Actual only.
#[utoipa::path(get, path = "/api/public/warnings", responses(
    (status = 200, body = String, content_type = "application/atom+xml"), (status = 429, body = PublicErrorBody)))]
pub(crate) async fn feed(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
) -> Result<Document, PublicError> {
    app.admit(Kind::Look, peer.0.ip())?;
    let now = Millis(unix_ms());
    let id = format!("urn:trongdong:warnings:{}", app.source.epoch());
    let feed = read(&*app.source, GroupId::COMMAND, |state| {
        let is_shown = |it: &&Warning| it.is_public() && now < it.content.expires_at_ms;
        let mut shown: Vec<_> = state.warnings().values().filter(is_shown).collect();
        shown.sort_unstable_by(|one, next| next.sent_at_ms.cmp(&one.sent_at_ms).then_with(|| next.id.cmp(&one.id)));
        shown.truncate(WARNINGS_IN_FEED_MAX);
        cap::feed(&id, now, shown)
    });
    Ok(([(CONTENT_TYPE, ATOM_TYPE), (CACHE_CONTROL, FEED_KEPT)], feed))
}

/// One published message as CAP 1.2. What was published stays readable when it has run out or ended.
#[utoipa::path(get, path = "/api/public/warnings/{id}", params(("id" = String, Path)), responses(
    (status = 200, body = String, content_type = "application/cap+xml"), (status = 404, body = PublicErrorBody),
    (status = 429, body = PublicErrorBody)))]
pub(crate) async fn message(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(id): Path<String>,
) -> Result<Document, PublicError> {
    app.admit(Kind::Look, peer.0.ip())?;
    let alert = read(&*app.source, GroupId::COMMAND, |state| {
        let warning = WarningId::new(&id).ok().and_then(|id| state.warnings().get(&id));
        warning.filter(|warning| warning.is_public()).map(cap::alert)
    });
    let alert = alert.ok_or_else(|| {
        let vi = "Không có cảnh báo nào mang mã này. Hãy xem danh sách cảnh báo.";
        let en = "There is no warning of this id. Look at the list of warnings.";
        PublicError::new(StatusCode::NOT_FOUND, "not_found", "id", vi, en)
    })?;
    Ok(([(CONTENT_TYPE, CAP_TYPE), (CACHE_CONTROL, FEED_KEPT)], alert))
}
