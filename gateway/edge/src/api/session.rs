//! Signing in and out.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Extension, State},
    http::{HeaderMap, StatusCode, header::SET_COOKIE},
    response::{AppendHeaders, IntoResponse, Response},
};
use domain::{Remit, Role};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Answer, Plain, Signed, from_where};
use crate::{
    app::App,
    auth::{Caller, Token, Whence, cookie},
    clock::unix_ms,
    device_cookie::Devices,
    error::{ApiError, CODE_NEEDED, ErrorBody},
    server::Peer,
};

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Login {
    person: String,
    password: String,
    /// A code of the second factor, or a recovery code; asked for by `code_needed`.
    #[serde(default)]
    code: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionBody {
    person: String,
    name: String,
    #[schema(value_type = String)]
    role: Role,
    /// For the next command's `x-request-seq`.
    next_seq: u64,
    expires_at_ms: u64,
    /// Districts seen and acted in.
    districts: Vec<String>,
    /// The whole province, whatever `districts` says.
    everywhere: bool,
    /// The unit that a responder crews.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// Whose rights they have now, by a delegation that they took.
    #[serde(skip_serializing_if = "Option::is_none")]
    acts_for: Option<String>,
    /// Whether they see the whole province by a broken glass.
    broken_glass: bool,
    /// When such rights end by themselves; 0: they are their own.
    rights_until_ms: u64,
    /// Fields and agencies that they work for; in both, none named is all.
    #[schema(value_type = Object)]
    remit: Remit,
    /// Whether they sign in with a second factor.
    has_second_factor: bool,
}

impl SessionBody {
    pub(crate) fn new(app: &App, caller: &Caller, next_seq: u64) -> Self {
        let terms = &caller.grant.terms;
        Self {
            person: caller.person.id.to_string(),
            name: caller.person.name.clone(),
            role: caller.grant.role,
            next_seq,
            expires_at_ms: caller.expires_at_ms.0,
            districts: caller.person.districts.iter().map(ToString::to_string).collect(),
            everywhere: caller.grant.everywhere,
            unit: caller.person.unit.as_ref().map(ToString::to_string),
            acts_for: terms.acts_for.as_ref().map(ToString::to_string),
            broken_glass: terms.broken_glass,
            rights_until_ms: terms.until_ms.0,
            remit: terms.remit.clone(),
            has_second_factor: app.auth.accounts.second_factor(&caller.person.id).is_some(),
        }
    }
}

/// The cookies of somebody who was let in: the session's, and that which says that they were in this browser.
pub(crate) fn cookies_of(app: &App, token: &Token, caller: &Caller, devices: &Devices) -> Vec<String> {
    let (now_ms, secure) = (unix_ms(), app.config.tls.is_some());
    let session = cookie(&token.text(), caller.expires_at_ms.0.saturating_sub(now_ms), secure);
    let person = &caller.person;
    let device = app.device_cookies.renewed(devices, &person.id, &person.credential_sealed, now_ms, secure);
    std::iter::once(session).chain(device).collect()
}

/// Signs in; the token comes as the cookie `td_session`, which a program may send as a bearer. A second cookie, `td_device`, lets nobody
/// in: tries to sign in that bring it are counted by themselves.
#[utoipa::path(post, path = "/api/login", request_body = Login, responses(
    (status = 200, body = SessionBody), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub(crate) async fn login(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Plain(login): Plain<Login>,
) -> Result<Response, ApiError> {
    let from = from_where(&headers, Some(&peer));
    let devices = app.device_cookies.read(&headers, unix_ms());
    let whence = Whence { ip: peer.0.ip(), from: &from, devices: &devices };
    let signed_in = app.auth.sign_in(&login.person, &login.password, &login.code, &whence).await;
    let (token, caller) = signed_in.inspect_err(|error| {
        if error.code() != CODE_NEEDED {
            app.metrics.logins_failed.inc();
        }
        tracing::info!(ip = %peer.0.ip(), code = error.code(), "auth: login refused");
    })?;
    let cookies = cookies_of(&app, &token, &caller, &devices).into_iter().map(|cookie| (SET_COOKIE, cookie));
    Ok((AppendHeaders(cookies), Json(SessionBody::new(&app, &caller, 1))).into_response())
}

/// Signs out: the session ends on every node.
#[utoipa::path(post, path = "/api/logout", responses((status = 204), (status = 401, body = ErrorBody)))]
pub(crate) async fn logout(State(app): State<Arc<App>>, Signed(caller): Signed) -> Result<Response, ApiError> {
    app.auth.sign_out(&caller).await?;
    let cookie = cookie("", 0, app.config.tls.is_some());
    Ok((StatusCode::NO_CONTENT, AppendHeaders([(SET_COOKIE, cookie)])).into_response())
}

/// Who is signed in, and the next number for a command.
#[utoipa::path(get, path = "/api/session", responses((status = 200, body = SessionBody), (status = 401, body = ErrorBody)))]
pub(crate) async fn current(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<SessionBody> {
    let next_seq = app.auth.next_seq(caller.session).await;
    Ok(Json(SessionBody::new(&app, &caller, next_seq)))
}
