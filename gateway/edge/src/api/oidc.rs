//! Signing in by another provider's word (`oidc.rs` tells the way). What a browser is shown is always a page: why somebody was
//! not let in stands behind `?signin=` of the address that they come back to.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Extension, Query, State},
    http::{
        HeaderMap, StatusCode,
        header::{LOCATION, SET_COOKIE},
    },
    response::{AppendHeaders, IntoResponse, Response},
};
use domain::PersonId;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::ToSchema;

use super::{
    body::{Answer, Plain},
    second_factor::Code,
    session::{SessionBody, cookies_of},
};
use crate::{
    app::App,
    auth::{Caller, Token, Whence, cookie_named},
    clock::unix_ms,
    error::{ApiError, CODE_NEEDED, ErrorBody},
    oidc::{
        Oidc, OidcError, PASSAGE_MS_MAX, ProviderFactor, RETURNED_BYTES_MAX, id_token,
        passage::{self, PASSAGE_COOKIE, PROVEN_COOKIE, Passage, Proven},
    },
    server::Peer,
};

/// All that is asked of the provider for one sign-in; shorter than a request's own deadline, so that its page is told.
const PROVIDER_DEADLINE: Duration = Duration::from_secs(6);

/// How somebody may sign in here, beside name and password.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ways {
    /// The name of the provider whose word counts; absent: there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
}

/// Where a sign-in begins.
#[derive(Deserialize)]
pub(crate) struct Beginning {
    /// The page of ours to go back to.
    back: Option<String>,
}

/// What the provider sends back.
#[derive(Deserialize)]
pub(crate) struct Returned {
    code: Option<String>,
    state: Option<String>,
    /// RFC 9207.
    iss: Option<String>,
    error: Option<String>,
}

/// Why somebody was not let in, as the page is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It was begun too long ago, in another browser, or was used.
    Expired,
    /// The provider refused, or its word is not believed.
    Denied,
    /// It is nobody who is in the register.
    Unknown,
    /// Too many tries from this address.
    TooSoon,
    /// The provider or the cluster does not answer.
    Unavailable,
}

impl Why {
    fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Denied => "denied",
            Self::Unknown => "unknown",
            Self::TooSoon => "too-soon",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<OidcError> for Why {
    fn from(error: OidcError) -> Self {
        match error {
            OidcError::Unavailable(why) => {
                tracing::warn!(%why, "auth: the provider cannot be asked");
                Self::Unavailable
            }
            OidcError::Denied { field, remedy } => {
                tracing::info!(what = field, remedy, "auth: the provider's word is not taken");
                Self::Denied
            }
        }
    }
}

/// How a sign-in came out.
enum Outcome {
    In(Token, Box<Caller>),
    /// A code of the second factor is asked for.
    Owes(PersonId),
}

fn oidc(app: &App) -> Result<&Oidc, ApiError> {
    app.oidc.as_ref().ok_or_else(|| ApiError::not_found("provider", "oidc"))
}

/// A cookie of a sign-in that is under way; an empty `value` takes it away. `Lax`, because the provider's page leads back here.
fn carried(app: &App, name: &str, value: &str) -> String {
    let secure = if app.config.tls.is_some() { "; Secure" } else { "" };
    let age_s = if value.is_empty() { 0 } else { PASSAGE_MS_MAX / 1_000 };
    format!("{name}={value}; Path=/api/oidc; Max-Age={age_s}; HttpOnly; SameSite=Lax{secure}")
}

fn to_page(location: String, cookies: Vec<String>) -> Response {
    let cookies: Vec<_> = cookies.into_iter().map(|cookie| (SET_COOKIE, cookie)).collect();
    (StatusCode::SEE_OTHER, AppendHeaders([(LOCATION, location)]), AppendHeaders(cookies)).into_response()
}

/// How somebody may sign in at this node.
#[utoipa::path(get, path = "/api/sign-in/ways", responses((status = 200, body = Ways)))]
pub(crate) async fn ways(State(app): State<Arc<App>>) -> Answer<Ways> {
    Ok(Json(Ways { provider: app.oidc.as_ref().map(|oidc| oidc.provider.config.name.clone()) }))
}

/// Sends a browser to the provider, to sign in there.
#[utoipa::path(get, path = "/api/oidc/start", params(("back" = Option<String>, Query)),
    responses((status = 303), (status = 404, body = ErrorBody)))]
pub(crate) async fn start(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Query(beginning): Query<Beginning>,
) -> Result<Response, ApiError> {
    let oidc = oidc(&app)?;
    let no_chance = || ApiError::unavailable("this node has no randomness; use another");
    let devices = app.device_cookies.read(&headers, unix_ms());
    let passage = Passage::begin(beginning.back.as_deref(), devices, unix_ms()).ok_or_else(no_chance)?;
    let discovery = match timeout(PROVIDER_DEADLINE, oidc.provider.discovery()).await {
        Ok(Ok(discovery)) => discovery,
        Ok(Err(error)) => return Ok(to_page(told(&passage.back, Why::from(error).as_str()), Vec::new())),
        Err(_) => return Ok(to_page(told(&passage.back, Why::Unavailable.as_str()), Vec::new())),
    };
    let config = &oidc.provider.config;
    let address = passage.address(&discovery.authorization, &config.client_id, &oidc.returns_to, &config.claim);
    let sealed = passage::seal(&oidc.sealer, &passage).ok_or_else(no_chance)?;
    Ok(to_page(address.into(), vec![carried(&app, PASSAGE_COOKIE, &sealed)]))
}

/// The address of one of our pages, with what it is to say.
fn told(page: &str, what: &str) -> String {
    let before = if page.contains('?') { '&' } else { '?' };
    format!("{page}{before}signin={what}")
}

/// Where the provider sends the browser back to.
#[utoipa::path(get, path = "/api/oidc/callback",
    params(("code" = Option<String>, Query), ("state" = Option<String>, Query), ("iss" = Option<String>, Query),
        ("error" = Option<String>, Query)),
    responses((status = 303), (status = 404, body = ErrorBody)))]
pub(crate) async fn callback(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Query(returned): Query<Returned>,
) -> Result<Response, ApiError> {
    let oidc = oidc(&app)?;
    let passage = cookie_named(&headers, PASSAGE_COOKIE);
    let passage: Option<Passage> = passage.and_then(|text| passage::open(&oidc.sealer, text, unix_ms()));
    let back = passage.as_ref().map_or("/", |passage| passage.back.as_str());
    let mut cookies = vec![carried(&app, PASSAGE_COOKIE, "")];
    let devices = passage.as_ref().map(|passage| passage.devices.clone()).unwrap_or_default();
    let whence = Whence { ip: peer.0.ip(), from: &peer.0.ip().to_string(), devices: &devices };
    let outcome = match &passage {
        Some(passage) => finish(&app, oidc, passage, &returned, &whence).await,
        None => Err(Why::Expired),
    };
    let location = match outcome {
        Ok(Outcome::In(token, caller)) => {
            cookies.extend(cookies_of(&app, &token, &caller, &devices));
            back.to_owned()
        }
        Ok(Outcome::Owes(person)) => {
            let proven = Proven { person, until_ms: unix_ms() + PASSAGE_MS_MAX };
            match passage::seal(&oidc.sealer, &proven) {
                Some(sealed) => {
                    cookies.push(carried(&app, PROVEN_COOKIE, &sealed));
                    told(back, "code")
                }
                None => told(back, Why::Unavailable.as_str()),
            }
        }
        Err(why) => {
            app.metrics.logins_failed.inc();
            tracing::info!(ip = %peer.0.ip(), why = why.as_str(), "auth: login refused");
            told(back, why.as_str())
        }
    };
    Ok(to_page(location, cookies))
}

async fn finish(
    app: &App,
    oidc: &Oidc,
    passage: &Passage,
    returned: &Returned,
    whence: &Whence<'_>,
) -> Result<Outcome, Why> {
    // Whoever sends somebody else's browser here has another state than that browser.
    if returned.state.as_deref() != Some(passage.state.as_str()) {
        return Err(Why::Expired);
    }
    if returned.iss.as_ref().is_some_and(|issuer| *issuer != oidc.provider.config.issuer) {
        return Err(Why::Denied);
    }
    let code = returned.code.as_deref().filter(|code| !code.is_empty() && code.len() <= RETURNED_BYTES_MAX);
    let (Some(code), None) = (code, &returned.error) else { return Err(Why::Denied) };
    let accounts = &app.auth.accounts;
    let name = format!("oidc/{}", passage.state);
    let tried = accounts.begin_by(&name, whence.ip, whence.devices).map_err(|_| Why::TooSoon)?;
    if !oidc.take(&passage.state, unix_ms()) {
        return Err(Why::Expired);
    }
    let asking = async {
        let _turn = oidc.turns.acquire().await;
        oidc.provider.redeem(passage, code, &oidc.returns_to).await
    };
    let claims = timeout(PROVIDER_DEADLINE, asking).await.map_err(|_| Why::Unavailable)??;
    let person = oidc.provider.config.person(&claims).ok_or(Why::Unknown)?;
    let counts = oidc.provider.config.second_factor == ProviderFactor::Counts;
    let has_two = counts && id_token::has_two_factors(&claims);
    let signed_in = app.auth.sign_in_vouched(&person, "", has_two, whence).await;
    let outcome = match signed_in {
        Ok((token, caller)) => Outcome::In(token, Box::new(caller)),
        Err(error) if error.code() == CODE_NEEDED => Outcome::Owes(person),
        Err(error) if error.status() == StatusCode::UNAUTHORIZED => return Err(Why::Unknown),
        Err(_) => return Err(Why::Unavailable),
    };
    accounts.let_in_by(&tried);
    Ok(outcome)
}

/// Shows a code of the second factor after a sign-in at the provider.
#[utoipa::path(post, path = "/api/oidc/code", request_body = Code, responses(
    (status = 200, body = SessionBody), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub(crate) async fn code(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Plain(body): Plain<Code>,
) -> Result<Response, ApiError> {
    let oidc = oidc(&app)?;
    let proven = cookie_named(&headers, PROVEN_COOKIE);
    let proven: Option<Proven> = proven.and_then(|text| passage::open(&oidc.sealer, text, unix_ms()));
    let proven = proven.ok_or_else(ApiError::signed_out)?;
    let devices = app.device_cookies.read(&headers, unix_ms());
    let whence = Whence { ip: peer.0.ip(), from: &peer.0.ip().to_string(), devices: &devices };
    let signed_in = app.auth.sign_in_vouched(&proven.person, &body.code, false, &whence).await;
    let (token, caller) = signed_in.inspect_err(|error| {
        app.metrics.logins_failed.inc();
        tracing::info!(ip = %peer.0.ip(), code = error.code(), "auth: login refused");
    })?;
    let cookies = cookies_of(&app, &token, &caller, &devices).into_iter().chain([carried(&app, PROVEN_COOKIE, "")]);
    let cookies = AppendHeaders(cookies.map(|cookie| (SET_COOKIE, cookie)));
    Ok((cookies, Json(SessionBody::new(&app, &caller, 1))).into_response())
}
