//! Readings that devices push over HTTP: acknowledged only when a quorum holds them.

use std::sync::Arc;

use axum::{
    Json,
    body::Body,
    extract::{Extension, State},
    http::{
        HeaderMap,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::{Grant, GroupId, Reading, ReadingVerdict, SensorId, policy, policy::Action, wire::Malformed};
use ingest::reading::{batch_json, batch_protobuf, single_json};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::body::{Answer, from_where, read as read_body, reason};
use crate::{
    accounts::speaks_for,
    app::App,
    auth::{Token, now_by, token},
    cluster::read,
    error::{ApiError, ErrorBody},
    limits::{COMMAND_DEADLINE, READINGS_BYTES_MAX},
    server::Peer,
};

/// What became of each reading, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Verdicts {
    /// `recorded`, `duplicate`, or why not: `unknown_sensor`, `wrong_unit`, `in_future`, `too_late`, `out_of_range`.
    #[schema(value_type = Vec<String>)]
    verdicts: Vec<ReadingVerdict>,
}

/// Pushes readings: a JSON object or array, or protobuf `trongdong.v1.Readings`. 200 says that a quorum holds every one
/// that is `recorded` or `duplicate`; after 429 or 503 send them again, which changes nothing if they are held.
#[utoipa::path(post, path = "/api/readings",
    request_body(content = serde_json::Value, content_type = "application/json"), responses(
    (status = 200, body = Verdicts), (status = 401, body = ErrorBody), (status = 413, body = ErrorBody),
    (status = 422, body = ErrorBody), (status = 429, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn push(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Body,
) -> Answer<Verdicts> {
    let grant = account(&app, &headers, peer).await?;
    policy::allows(&grant, Action::ReportDevice, None)?;
    let bytes = read_body(body, READINGS_BYTES_MAX).await?;
    let is_protobuf =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-protobuf"));
    let readings = if is_protobuf { batch_protobuf(&bytes)?.strict()? } else { parse_json(&bytes)? };
    check_scope(&app, &grant, &readings)?;
    let verdicts = app.road.record(readings, COMMAND_DEADLINE).await?;
    let is_held = |verdict: &ReadingVerdict| matches!(verdict, ReadingVerdict::Recorded | ReadingVerdict::Duplicate);
    if !verdicts.iter().any(is_held) {
        return Err(ApiError::all_refused(json!(verdicts)));
    }
    Ok(Json(Verdicts { verdicts }))
}

/// One reading is an object with its sensor; more are an array, or an object with that array as `readings`.
pub(crate) fn parse_json(bytes: &[u8]) -> Result<Vec<Reading>, ApiError> {
    /// Enough to tell the forms apart.
    #[derive(serde::Deserialize)]
    struct Form {
        sensor: Option<serde_json::Value>,
    }
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if is_object && let Ok(Form { sensor: Some(sensor) }) = serde_json::from_slice(bytes) {
        let sensor = sensor.as_str().ok_or_else(|| Malformed::new("sensor", "send the sensor's id as a string"))?;
        return Ok(vec![single_json(&SensorId::new(sensor)?, bytes)?]);
    }
    Ok(batch_json(bytes)?.strict()?)
}

/// Account and key of HTTP Basic (RFC 7617), from what stands behind `Basic `.
pub(crate) fn basic(encoded: &str) -> Result<(String, Vec<u8>), ApiError> {
    let bad = || ApiError::bad_request("authorization", "send Basic and the base64 of account:key");
    let pair = BASE64_STANDARD.decode(encoded.trim()).map_err(|_| bad())?;
    let colon = pair.iter().position(|byte| *byte == b':').ok_or_else(bad)?;
    let (account, key) = pair.split_at(colon);
    let account = std::str::from_utf8(account).map_err(|_| bad())?;
    Ok((account.to_owned(), key.get(1..).unwrap_or_default().to_vec()))
}

/// By what right a device or another system asks, and from where: its key (HTTP Basic), or a session.
pub(crate) async fn account(app: &App, headers: &HeaderMap, peer: Peer) -> Result<Grant, ApiError> {
    let grant = right(app, headers, peer).await?;
    Ok(Grant { from: from_where(headers, Some(&peer)), why: reason(headers), ..grant })
}

async fn right(app: &App, headers: &HeaderMap, peer: Peer) -> Result<Grant, ApiError> {
    let encoded = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Basic "));
    let Some(encoded) = encoded else {
        if let Some(caller) = app.auth.caller_by_key(headers).await {
            return Ok(caller?.grant);
        }
        let token: Token = token(headers).ok_or_else(ApiError::signed_out)?;
        return Ok(app.auth.caller(&token).await?.grant);
    };
    let (account, key) = basic(encoded)?;
    let (person, key) = app.auth.accounts.service(&account, &key, peer.0.ip()).await?;
    let index = app.source.applied(GroupId::COMMAND).index;
    let grant = read(&*app.source, GroupId::COMMAND, |state0| match &key {
        Some(key) => policy::grant_of_key(state0, key, index, now_by(state0)),
        None => policy::grant_at(state0, &person.id, index, now_by(state0)),
    });
    grant.ok_or_else(ApiError::signed_out)
}

/// Refuses a push with a reading of a sensor that the account does not speak for.
fn check_scope(app: &App, grant: &Grant, readings: &[Reading]) -> Result<(), ApiError> {
    let foreign = readings.iter().position(|reading| !speaks_for(&*app.source, grant, &reading.sensor));
    foreign.map_or(Ok(()), |at| {
        let field = format!("readings[{at}].sensor");
        Err(ApiError::forbidden(&field, "this sensor is not in the account's districts"))
    })
}
