//! Systems that are told of what happens.

use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use domain::{AdminUnitCode, EventKind, PutReceiver, Receiver, ReceiverId, UnitId, policy, policy::Noun};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Done, Signed, done},
    list::{Listed, command_group, listed},
};
use crate::{
    app::App,
    courier::receiver_context,
    error::{ApiError, ErrorBody},
};

/// A receiver as it shall be. How far it is stays; without a secret it keeps the one that it has.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Registration {
    #[schema(value_type = String)]
    id: ReceiverId,
    name: String,
    /// `https://…`: posted there; `mailto:…`: by mail; `sms+https://…#+84905123456`: as a text message to that number, through the gateway
    /// there; `wss://…`: NENA EIDOs over WebSockets, both ways (`wss:` alone: only it connects).
    url: String,
    /// What its notices are signed with.
    secret: Option<String>,
    #[schema(value_type = Vec<String>)]
    kinds: Vec<EventKind>,
    #[schema(value_type = Option<String>)]
    admin_unit: Option<AdminUnitCode>,
    /// Only of what this unit is on or called for; absent: of all.
    #[schema(value_type = Option<String>)]
    unit: Option<UnitId>,
    #[serde(default)]
    disabled: bool,
    /// The version that was seen: refused with 409 when it is another by now. Absent or 0: whichever it is.
    #[serde(default)]
    expected_version: u64,
}

/// Receivers, for administrators: what waits for each is `newest` less `confirmed` (of that `parked` in history), and what it refused for good is `given_up`.
#[utoipa::path(get, path = "/api/receivers", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Receiver>> {
    policy::allows(&caller.grant, policy::Action::Administer, None)?;
    listed(&app, &caller, Noun::Instruction, command_group(), |state, put| {
        state.receivers().values().for_each(|receiver| put(receiver, None));
    })
}

/// Puts a receiver.
#[utoipa::path(post, path = "/api/receivers", request_body = Registration, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(crate) async fn put(State(app): State<Arc<App>>, Asked(ask, body): Asked<Registration>) -> Answer<Done> {
    let Registration { id, name, url, secret, kinds, admin_unit, unit, disabled, expected_version: version } = body;
    let secret_sealed = match secret {
        Some(secret) => app
            .auth
            .accounts
            .sealer()
            .seal(&receiver_context(&id), secret.as_bytes())
            .map_err(|error| ApiError::unavailable(&error.to_string()))?,
        None => Bytes::new(),
    };
    let (newest, confirmed, missed, parked, given_up) = (0, 0, 0, 0, None);
    let receiver = Receiver {
        id,
        name,
        url,
        secret_sealed,
        kinds,
        admin_unit,
        disabled,
        newest,
        confirmed,
        missed,
        given_up,
        unit,
        version,
        parked,
    };
    app.run(&ask, PutReceiver { receiver }).await.map(done)
}
