//! Hand-overs: what a room offers, takes back and enters, and what another service's system sends.
//!
//! The other side is a receiver of notices and signs what it sends as we sign what it gets: `trongdong-signature: sha256=` and
//! the HMAC-SHA-256 of the body under the secret that both sides have. One without a secret can be told and cannot tell.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use domain::{
    AdminUnitCode, AnswerHandover, Command, GroupId, IncidentId, OfferHandover, Place, ReceiveHandover, Receiver,
    ReceiverId, RetractHandover, RoomId, WithdrawHandover,
    policy::{self, Action},
};
use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{self, Answer, Asked, Done, Id, Signed, done};
use crate::{
    app::App,
    cluster::read,
    courier::{SIGNATURE_HEADER, is_signed, receiver_context},
    eido,
    error::{ApiError, ErrorBody},
    limits::EIDO_BYTES_MAX,
    public::{error::PublicError, guard::Kind},
    server::Peer,
};

/// To whom an incident is offered, and what happens when nobody answers.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Offering {
    expected_version: u64,
    /// A receiver of notices; absent: by telephone, with `to_name` and `contact`.
    #[schema(value_type = Option<String>)]
    to: Option<ReceiverId>,
    #[serde(default)]
    to_name: String,
    #[serde(default)]
    contact: String,
    /// The second channel: another receiver, a telephone, or both.
    #[schema(value_type = Option<String>)]
    second: Option<ReceiverId>,
    #[serde(default)]
    second_contact: String,
    /// The lead goes over with it.
    #[serde(default)]
    lead: bool,
    reason: String,
    /// One of our own rooms, at or above the incident's place, instead of another service.
    #[schema(value_type = Option<String>)]
    room: Option<RoomId>,
}

/// What was answered, as a person heard it.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Heard {
    /// Its number within the incident.
    handover: u32,
    accept: bool,
    #[serde(default)]
    answer: String,
    /// Who gave it.
    #[serde(default)]
    answered_for: String,
    /// What the other side calls the incident.
    #[serde(default)]
    reference: String,
}

/// Why it is taken back.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TakingBack {
    expected_version: u64,
    handover: u32,
    reason: String,
}

/// What a system answers to what it was offered; we answer in the same form.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HandoverAnswer {
    /// As it was named in the offer: `I12.1`; of what was offered to us, what the other side calls the incident.
    pub(crate) handover: String,
    pub(crate) accept: bool,
    #[serde(default)]
    pub(crate) answer: String,
    #[serde(default)]
    pub(crate) answered_for: String,
    /// What the one that answers calls the incident.
    #[serde(default)]
    pub(crate) reference: String,
}

/// Offers the incident to another service, or to one of our own rooms.
#[utoipa::path(post, path = "/api/incidents/{id}/handover", request_body = Offering,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(crate) async fn offer(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Offering>,
) -> Answer<Done> {
    let Offering { expected_version, to, to_name, contact, second, second_contact, lead, reason, room } = body;
    let offer =
        OfferHandover { incident, expected_version, to, to_name, contact, second, second_contact, lead, reason, room };
    app.run(&ask, offer).await.map(done)
}

/// Enters what was answered: by telephone for the other side, or by us to whom it was offered.
#[utoipa::path(post, path = "/api/incidents/{id}/handover/answer", request_body = Heard,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn answer(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<Heard>,
) -> Answer<Done> {
    let Heard { handover, accept, answer, answered_for, reference } = body;
    let answer = AnswerHandover { incident, handover, accept, answer, answered_for, reference, from: None };
    app.run(&ask, answer).await.map(done)
}

/// Takes back what was offered, or the lead.
#[utoipa::path(post, path = "/api/incidents/{id}/handover/withdraw", request_body = TakingBack,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn withdraw(
    State(app): State<Arc<App>>,
    Id(incident): Id<IncidentId>,
    Asked(ask, body): Asked<TakingBack>,
) -> Answer<Done> {
    let TakingBack { expected_version, handover, reason } = body;
    app.run(&ask, WithdrawHandover { incident, expected_version, handover, reason }).await.map(done)
}

/// One whom an incident can be offered to over the network.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Party {
    #[schema(value_type = String)]
    id: ReceiverId,
    name: String,
}

/// Whom an incident can be offered to over the network: receivers that are on, without what only administrators see.
#[utoipa::path(get, path = "/api/handover/parties", responses(
    (status = 200, body = Vec<Party>), (status = 403, body = ErrorBody)))]
pub(crate) async fn parties(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Vec<Party>> {
    policy::allows(&caller.grant, Action::HandOver, None)?;
    let parties = read(&*app.source, GroupId::COMMAND, |state| {
        let on = state.receivers().values().filter(|receiver| !receiver.disabled);
        on.map(|receiver| Party { id: receiver.id.clone(), name: receiver.name.clone() }).collect()
    });
    Ok(Json(parties))
}

/// Why another service's system was refused.
pub(crate) enum PartnerError {
    /// At the door.
    Door(PublicError),
    /// What it sent.
    Sent(ApiError),
}

impl From<PublicError> for PartnerError {
    fn from(error: PublicError) -> Self {
        Self::Door(error)
    }
}

impl From<ApiError> for PartnerError {
    fn from(error: ApiError) -> Self {
        Self::Sent(error)
    }
}

impl IntoResponse for PartnerError {
    fn into_response(self) -> Response {
        match self {
            Self::Door(error) => error.into_response(),
            Self::Sent(error) => error.into_response(),
        }
    }
}

/// Another service offers an incident, takes that back, or answers what it was offered, as a NENA EIDO. 202 says that a quorum holds
/// it, and of an offer that a person will answer; the same again changes nothing.
#[utoipa::path(post, path = "/api/handover/{receiver}/incidents", request_body = serde_json::Value,
    params(("receiver" = String, Path), ("trongdong-signature" = String, Header)),
    responses((status = 202), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn receive(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(receiver): Path<String>,
    headers: HeaderMap,
    sent: Body,
) -> Result<StatusCode, PartnerError> {
    let (receiver, bytes) = app.signed_by(peer, &receiver, &headers, sent).await?;
    app.take_eido(&receiver, &bytes).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Another service answers what it was offered. 200 says that a quorum holds it.
#[utoipa::path(post, path = "/api/handover/{receiver}/answers", request_body = HandoverAnswer,
    params(("receiver" = String, Path), ("trongdong-signature" = String, Header)),
    responses((status = 204), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn answered(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    Path(receiver): Path<String>,
    headers: HeaderMap,
    sent: Body,
) -> Result<StatusCode, PartnerError> {
    let (receiver, bytes) = app.signed_by(peer, &receiver, &headers, sent).await?;
    let answered: HandoverAnswer = body::from_json(&bytes)?;
    let Some((incident, handover)) = eido::read_handover_name(&answered.handover) else {
        return Err(ApiError::invalid("handover", "name it as the offer did, such as I12.1").into());
    };
    let HandoverAnswer { accept, answer, answered_for, reference, .. } = answered;
    let answer =
        AnswerHandover { incident, handover, accept, answer, answered_for, reference, from: Some(receiver.id) };
    app.propose_partner(answer).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl App {
    /// Does what another service's object says, once a quorum holds it; the same again changes nothing.
    ///
    /// # Errors
    /// What is wrong with it, or why it cannot be done now.
    pub(crate) async fn take_eido(&self, receiver: &Receiver, bytes: &[u8]) -> Result<(), PartnerError> {
        let from = receiver.id.clone();
        let offered = match eido::read(bytes)? {
            eido::Said::Offers(offered) => *offered,
            // What only tells is known now, and nobody has to do anything.
            eido::Said::Tells => return Ok(()),
            eido::Said::TakesBack { reference, reason } => {
                return self.propose_partner(RetractHandover { from, reference, reason }).await;
            }
            eido::Said::Answers { incident, handover, accept, offer } => {
                let eido::Offer { answer, answered_for, reference, .. } = offer;
                let from = Some(from);
                let answer = AnswerHandover { incident, handover, accept, answer, answered_for, reference, from };
                return self.propose_partner(answer).await;
            }
        };
        let admin_unit = self.commune_of(&offered.commune, receiver)?;
        let place = Place {
            latitude_e7: offered.latitude_e7,
            longitude_e7: offered.longitude_e7,
            admin_unit,
            address: offered.address,
        };
        let receive = ReceiveHandover {
            from,
            reference: offered.reference,
            kind: offered.kind,
            severity: offered.severity,
            place,
            summary: offered.summary,
            lead: offered.lead,
            exercise: offered.exercise,
        };
        self.propose_partner(receive).await
    }

    /// The receiver of that name, if it is on and has a secret, and that secret.
    pub(crate) fn partner(&self, receiver: &str) -> Option<(Receiver, Vec<u8>)> {
        let id = ReceiverId::new(receiver).ok()?;
        let known = read(&*self.source, GroupId::COMMAND, |state| state.receivers().get(&id).cloned());
        let known = known.filter(|it| !it.disabled && !it.secret_sealed.is_empty())?;
        let opened = self.auth.accounts.sealer().open(&receiver_context(&known.id), &known.secret_sealed);
        opened.ok().map(|secret| (known, secret))
    }

    /// Who sent these bytes. Whoever is not known and whoever signed wrongly are told the same.
    async fn signed_by(
        &self,
        peer: Peer,
        receiver: &str,
        headers: &HeaderMap,
        sent: Body,
    ) -> Result<(Receiver, Bytes), PartnerError> {
        self.admit(Kind::Write, peer.0.ip())?;
        let bytes = body::read(sent, EIDO_BYTES_MAX).await?;
        let signature = headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let signed = || self.partner(receiver).filter(|(_, secret)| is_signed(secret, &bytes, signature));
        let mut found = signed();
        if found.is_none() {
            // The secret may have been agreed on at another node a moment ago. To ask costs as much as not to be known.
            self.charge(Kind::Miss, peer.0.ip())?;
            self.catch_up().await?;
            found = signed();
        }
        let Some((receiver, _)) = found else {
            let remedy = "sign the body: sha256= and its HMAC-SHA-256 under the secret that was agreed on";
            return Err(ApiError::forbidden(SIGNATURE_HEADER, remedy).into());
        };
        Ok((receiver, bytes))
    }

    /// The commune of that code or name; where none is named, what the other side is registered for.
    fn commune_of(&self, commune: &str, receiver: &Receiver) -> Result<AdminUnitCode, ApiError> {
        let found = read(&*self.source, GroupId::COMMAND, |state| {
            let units = state.admin_units();
            let by_code = AdminUnitCode::new(commune).ok().filter(|code| units.contains_key(code));
            let is_named = |unit: &&domain::AdminUnit| {
                unit.name == commune || unit.name_en == commune || unit.aliases.iter().any(|alias| alias == commune)
            };
            by_code.or_else(|| {
                let mut named = units.values().filter(is_named);
                // Two communes of one name are none.
                let only = named.next().filter(|_| !commune.is_empty());
                only.filter(|_| named.next().is_none()).map(|unit| unit.code.clone())
            })
        });
        found.or_else(|| receiver.admin_unit.clone()).ok_or_else(|| {
            let remedy = "names no commune that is known here: send its official code as ADDCODE";
            ApiError::invalid("locationComponent.locationByValue", remedy)
        })
    }

    pub(crate) async fn propose_partner(&self, command: impl Into<Command>) -> Result<(), PartnerError> {
        let _turn = self.public.turn()?;
        let reply =
            self.road.command(Some(GroupId::COMMAND), command.into(), None, None, crate::limits::COMMAND_DEADLINE);
        match reply.await.map_err(ApiError::from)? {
            domain::Reply::Accepted(_) => Ok(()),
            domain::Reply::Refused(refusal) => Err(ApiError::from(refusal).into()),
        }
    }
}
