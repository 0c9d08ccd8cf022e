//! One's second factor: chosen with the password, on from the first code on that is shown, taken away with a code.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Extension, State},
    http::HeaderMap,
};
use domain::{DropSecondFactor, GroupId, PersonId, PutSecondFactor, SecondFactor, limits, policy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Answer, Asked, Done, Id, Signed, done};
use crate::{
    accounts::LoginFailure,
    app::App,
    clock::unix_ms,
    cluster::read,
    device_cookie::DeviceId,
    error::{ApiError, ErrorBody},
    limits::BARRIER_DEADLINE,
    seal::second_factor_context,
    server::Peer,
    totp,
};

/// How far it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// `none`, `pending` (no code of it was shown yet) or `on`.
    state: &'static str,
    /// Recovery codes that were not used yet.
    recovery_left: u32,
}

/// The password, so that an open screen alone chooses no second factor.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Choice {
    password: String,
}

/// What an authenticator application is given, and what is written down; shown until a code of it was.
#[derive(Serialize, ToSchema)]
pub(crate) struct Chosen {
    /// `otpauth://…`, for the application.
    uri: String,
    /// The same seed in base 32, to be typed.
    secret: String,
    /// Each lets in once, without the application.
    recovery: Vec<String>,
}

/// A code of the application, or a recovery code.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Code {
    pub(crate) code: String,
}

/// Nothing is said with it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Nothing {}

fn known(app: &App, person: &PersonId) -> Option<SecondFactor> {
    read(&*app.source, GroupId::COMMAND, |state0| state0.second_factor(person).cloned())
}

/// The device cookie of a person that a request brings.
fn device_of(app: &App, headers: &HeaderMap, person: &PersonId) -> Option<DeviceId> {
    app.auth.accounts.device_of(person, &app.device_cookies.read(headers, unix_ms()))
}

/// How far the caller's second factor is.
#[utoipa::path(get, path = "/api/second-factor", responses((status = 200, body = Standing), (status = 401, body = ErrorBody)))]
pub(crate) async fn show(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Standing> {
    let factor = known(&app, &caller.person.id);
    let spent = factor.as_ref().map_or(limits::RECOVERY_CODES, |factor| factor.recovery_spent.count_ones());
    let state = match &factor {
        None => "none",
        Some(factor) if factor.confirmed => "on",
        Some(_) => "pending",
    };
    Ok(Json(Standing { state, recovery_left: limits::RECOVERY_CODES.saturating_sub(spent) }))
}

/// Chooses a second factor. The same request shows the same seed until a code of it was shown.
#[utoipa::path(post, path = "/api/second-factor", request_body = Choice, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Chosen), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn enrol(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Asked(ask, body): Asked<Choice>,
) -> Answer<Chosen> {
    let (person, ip) = (&ask.caller.person.id, peer.0.ip());
    let accounts = &app.auth.accounts;
    // Neither with a password that was changed at another node, nor below over a second factor that was put there.
    app.catch_up().await?;
    let devices = app.device_cookies.read(&headers, unix_ms());
    let (_, tried) = accounts.password(person.as_str(), body.password.as_bytes(), ip, &devices).await?;
    accounts.let_in(&tried);
    let mut seed = [0; totp::SEED_BYTES];
    getrandom::fill(&mut seed).map_err(|_| ApiError::unavailable("this node has no randomness; use another"))?;
    let seed_sealed = accounts.sealer().seal(&second_factor_context(person), &seed)?;
    app.run(&ask, PutSecondFactor { person: person.clone(), seed_sealed }).await?;
    // What is shown is what a quorum holds: after a lost answer the seed that was drawn first.
    let barrier = app.source.read_barrier(GroupId::COMMAND, BARRIER_DEADLINE).await;
    barrier.map_err(|error| ApiError::unavailable(&error.to_string()))?;
    let pending = known(&app, person).filter(|factor| !factor.confirmed);
    let pending = pending.ok_or_else(|| ApiError::refused("exists", "there is one already: take it away first"))?;
    let seed = accounts.seed(&pending).ok_or_else(|| ApiError::unavailable("the seed does not open on this node"))?;
    let (uri, secret, recovery) = (totp::uri(person, &seed), totp::base32(&seed), totp::recovery_codes(&seed));
    Ok(Json(Chosen { uri, secret, recovery }))
}

/// Shows the first code: from here on nobody signs in without one.
#[utoipa::path(post, path = "/api/second-factor/confirm", request_body = Code, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 401, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn confirm(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Asked(ask, body): Asked<Code>,
) -> Answer<Done> {
    let person = &ask.caller.person.id;
    app.catch_up().await?;
    let factor = known(&app, person).ok_or_else(|| ApiError::not_found("second factor", person.as_str()))?;
    if !factor.confirmed {
        // A code has been spent once it is confirmed: a retry whose answer was lost finds it on.
        app.auth.spend(&factor, &body.code, (peer.0.ip(), device_of(&app, &headers, person))).await?;
    }
    Ok(Json(Done { entity: person.to_string(), version: 0, log: None }))
}

/// Takes the caller's second factor away, with a code of it.
#[utoipa::path(post, path = "/api/second-factor/drop", request_body = Code, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 401, body = ErrorBody)))]
pub(crate) async fn drop_own(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Asked(ask, body): Asked<Code>,
) -> Answer<Done> {
    let person = ask.caller.person.id.clone();
    // A node that is behind must not take one away without a code that counts elsewhere already.
    app.catch_up().await?;
    if let Some(factor) = app.auth.accounts.second_factor(&person) {
        if body.code.is_empty() {
            return Err(LoginFailure::CodeNeeded.into());
        }
        app.auth.spend(&factor, &body.code, (peer.0.ip(), device_of(&app, &headers, &person))).await?;
    }
    app.run(&ask, DropSecondFactor { person }).await.map(done)
}

/// Takes somebody's second factor away, who has lost it and the recovery codes too. For administrators.
#[utoipa::path(post, path = "/api/people/{id}/second-factor/drop", request_body = Nothing,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody)))]
pub(crate) async fn drop_of(
    State(app): State<Arc<App>>,
    Id(person): Id<PersonId>,
    Asked(ask, Nothing {}): Asked<Nothing>,
) -> Answer<Done> {
    app.allows(&ask.caller.grant, policy::Action::Administer).await?;
    if person == ask.caller.person.id {
        // An open screen of an administrator must not do without a code what nobody else's may.
        return Err(ApiError::forbidden(
            "id",
            "take your own away with one of its codes, or ask another administrator",
        ));
    }
    app.run(&ask, DropSecondFactor { person }).await.map(done)
}
