//! What a telephone exchange asks: a caller rings, somebody picked up, holds, hands over, hung up. By the exchange's own id of
//! the connection, so that each of these may be sent as often as it likes.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Extension, State},
    http::HeaderMap,
};
use domain::{
    AnswerCall, Call, Command, EndCall, EndLeg, Grant, GroupId, HoldCall, LegEnd, LegId, OfferCall, PersonId, Place,
    TransferCall,
    policy::{self, Action},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{
    body::{Answer, Id, from_json, read as read_body},
    reading::account,
};
use crate::{
    app::App,
    cluster::read,
    error::{ApiError, ErrorBody},
    limits::{BARRIER_DEADLINE, BODY_BYTES_MAX},
    server::Peer,
};

/// Bytes of an exchange's id of a connection.
const EXCHANGE_ID_BYTES_MAX: usize = 128;

/// A caller rings.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Offer {
    /// `1022`, or who hands it over.
    line: String,
    /// Absent: withheld.
    #[serde(default)]
    number: String,
    /// What whoever hands it over says.
    #[serde(default)]
    wanted: String,
    #[schema(value_type = Option<Object>)]
    place: Option<Place>,
    #[serde(default)]
    language: String,
    /// Part of a drill.
    #[serde(default)]
    exercise: bool,
}

/// Who picked up.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PickedUp {
    #[schema(value_type = String)]
    agent: PersonId,
}

/// Whether the caller waits.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Holding {
    held: bool,
}

/// Where it went.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Gone {
    to: String,
    #[serde(default)]
    note: String,
}

/// Why the connection is gone.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Over {
    /// `hung_up`, `callback` (the caller accepts to be called back), `lost`; or `agent_hung_up`.
    cause: String,
}

/// How the caller stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Standing {
    call: String,
    leg: String,
    status: String,
    /// Whose phone shall ring, or who talks; empty: nobody.
    agent: String,
    /// SIP address of it; may be empty.
    phone: String,
    /// How many wait longer on the line.
    waiting: usize,
    /// What to tell who waits; may be empty.
    message: String,
}

/// A caller rings. Sent again it is the same caller.
#[utoipa::path(post, path = "/api/telephony/calls/{id}/offer", request_body = Offer, params(("id" = String, Path)),
    responses((status = 200, body = Standing), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody),
    (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn offer(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Id(id): Id<String>,
    body: Body,
) -> Answer<Standing> {
    let exchange = Exchange::new(&app, peer, &headers, &id).await?;
    let Offer { line, number, wanted, place, language, exercise } = read_json(body).await?;
    let (leg, door) = (exchange.leg.clone(), exchange.grant.person.to_string());
    let number = tidy(&number);
    exchange.run(OfferCall { leg, door, line, number, wanted, place, language, exercise }).await?;
    exchange.standing(&id).await
}

/// Somebody picked up the phone that it rings at.
#[utoipa::path(post, path = "/api/telephony/calls/{id}/answer", request_body = PickedUp, params(("id" = String, Path)),
    responses((status = 200, body = Standing), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody)))]
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Id(id): Id<String>,
    body: Body,
) -> Answer<Standing> {
    let exchange = Exchange::new(&app, peer, &headers, &id).await?;
    let PickedUp { agent } = read_json(body).await?;
    let call = exchange.call().await?;
    exchange.run(AnswerCall { call: call.id, expected_version: call.version, agent: Some(agent) }).await?;
    exchange.standing(&id).await
}

/// The caller waits, or waits no more.
#[utoipa::path(post, path = "/api/telephony/calls/{id}/hold", request_body = Holding, params(("id" = String, Path)),
    responses((status = 200, body = Standing), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody)))]
pub(crate) async fn hold(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Id(id): Id<String>,
    body: Body,
) -> Answer<Standing> {
    let exchange = Exchange::new(&app, peer, &headers, &id).await?;
    let Holding { held } = read_json(body).await?;
    let call = exchange.call().await?;
    exchange.run(HoldCall { call: call.id, expected_version: call.version, held }).await?;
    exchange.standing(&id).await
}

/// The exchange handed the caller over. Sent again it changes nothing.
#[utoipa::path(post, path = "/api/telephony/calls/{id}/transfer", request_body = Gone, params(("id" = String, Path)),
    responses((status = 200, body = Standing), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 409, body = ErrorBody)))]
pub(crate) async fn transfer(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Id(id): Id<String>,
    body: Body,
) -> Answer<Standing> {
    let exchange = Exchange::new(&app, peer, &headers, &id).await?;
    let Gone { to, note } = read_json(body).await?;
    let call = exchange.call().await?;
    if call.transferred_to != to && call.line != to {
        exchange.run(TransferCall { call: call.id, expected_version: call.version, to, note }).await?;
    }
    exchange.standing(&id).await
}

/// The connection is gone.
#[utoipa::path(post, path = "/api/telephony/calls/{id}/end", request_body = Over, params(("id" = String, Path)),
    responses((status = 200, body = Standing), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(crate) async fn end(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Id(id): Id<String>,
    body: Body,
) -> Answer<Standing> {
    let exchange = Exchange::new(&app, peer, &headers, &id).await?;
    let Over { cause } = read_json(body).await?;
    if cause == "agent_hung_up" {
        let call = exchange.call().await?;
        if call.status.is_open() {
            let outcome = "served".to_owned();
            exchange.run(EndCall { call: call.id, expected_version: call.version, outcome }).await?;
        }
        return exchange.standing(&id).await;
    }
    let cause = LegEnd::from_name(&cause)
        .ok_or_else(|| ApiError::invalid("cause", "send hung_up, callback, lost or agent_hung_up"))?;
    exchange.run(EndLeg { leg: exchange.leg.clone(), cause }).await?;
    exchange.standing(&id).await
}

/// How the caller stands.
#[utoipa::path(get, path = "/api/telephony/calls/{id}", params(("id" = String, Path)),
    responses((status = 200, body = Standing), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(crate) async fn standing(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Id(id): Id<String>,
) -> Answer<Standing> {
    Exchange::new(&app, peer, &headers, &id).await?.standing(&id).await
}

/// An exchange that asks about one of its connections.
struct Exchange<'a> {
    app: &'a App,
    grant: Grant,
    leg: LegId,
}

impl<'a> Exchange<'a> {
    async fn new(app: &'a App, peer: Peer, headers: &HeaderMap, id: &str) -> Result<Self, ApiError> {
        let grant = account(app, headers, peer).await?;
        policy::allows(&grant, Action::DriveTelephony, None)?;
        if id.is_empty() || id.len() > EXCHANGE_ID_BYTES_MAX || id.chars().any(char::is_control) {
            let remedy = format!("send your own id of the connection, 1 to {EXCHANGE_ID_BYTES_MAX} bytes");
            return Err(ApiError::invalid("id", &remedy));
        }
        let leg = leg_of(grant.person.as_str(), id)?;
        Ok(Self { app, grant, leg })
    }

    async fn run(&self, command: impl Into<Command>) -> Result<(), ApiError> {
        self.app.run_as(&self.grant, command.into()).await.map(drop)
    }

    /// The call as a quorum has it; an exchange asks right after it was told, perhaps at another node.
    async fn call(&self) -> Result<Call, ApiError> {
        let barrier = self.app.source.read_barrier(GroupId::COMMAND, BARRIER_DEADLINE).await;
        barrier.map_err(|error| ApiError::unavailable(&error.to_string()))?;
        let call = read(&*self.app.source, GroupId::COMMAND, |state| state.call_of_leg(&self.leg).cloned());
        call.ok_or_else(|| ApiError::not_found("call", self.leg.as_str()))
    }

    async fn standing(&self, id: &str) -> Answer<Standing> {
        let call = self.call().await?;
        let (phone, waiting, message) = read(&*self.app.source, GroupId::COMMAND, |state| {
            let agent = call.agent.as_ref().filter(|_| call.status.is_with_agent());
            let phone = agent.and_then(|agent| state.agents().get(agent)).map(|agent| agent.phone.clone());
            let desk = state.call_desk();
            let message = if call.language == "en" { desk.waiting_message_en } else { desk.waiting_message };
            (phone.unwrap_or_default(), state.calls_before(&call), message)
        });
        let agent = call.agent.as_ref().filter(|_| call.status.is_with_agent());
        Ok(Json(Standing {
            leg: id.to_owned(),
            status: call.status.to_string(),
            agent: agent.map(ToString::to_string).unwrap_or_default(),
            phone,
            waiting,
            message,
            call: call.id.to_string(),
        }))
    }
}

/// The leg of an exchange's connection: an id of ours, the same however often it is asked for and at whichever node.
pub(crate) fn leg_of(account: &str, id: &str) -> Result<LegId, ApiError> {
    let digest = Sha256::digest(format!("{account}\0{id}"));
    let text: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    Ok(LegId::new(&format!("l-{text}"))?)
}

/// A number without what people write between its digits.
pub(crate) fn tidy(number: &str) -> String {
    number.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '(' | ')' | '/')).collect()
}

async fn read_json<T: serde::de::DeserializeOwned>(body: Body) -> Result<T, ApiError> {
    from_json(&read_body(body, BODY_BYTES_MAX).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_is_its_exchanges_own() {
        assert_eq!(leg_of("pbx", "a@b").unwrap(), leg_of("pbx", "a@b").unwrap());
        assert_ne!(leg_of("pbx", "1").unwrap(), leg_of("pbx2", "1").unwrap());
        assert_ne!(leg_of("pbx", "21").unwrap(), leg_of("pbx2", "1").unwrap());
    }

    #[test]
    fn numbers_lose_what_stands_between_digits() {
        assert_eq!(tidy("+84 (0)912-345.678"), "+840912345678");
    }
}
