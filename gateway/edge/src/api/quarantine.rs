//! What devices sent over MQTT and could not be recorded.

use std::sync::Arc;

use axum::{Json, extract::State};
use base64::{Engine, prelude::BASE64_STANDARD};
use domain::policy::{self, Action};
use serde::Serialize;
use utoipa::ToSchema;

use super::body::{Answer, Signed};
use crate::{app::App, error::ErrorBody};

/// One publish that was acknowledged and not recorded, or not all of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Item {
    at_ms: u64,
    reason: String,
    detail: String,
    client: String,
    topic: String,
    /// The first bytes, in base64.
    payload: String,
    /// Bytes of the whole.
    payload_bytes: usize,
}

/// The quarantine of this node, oldest first.
#[utoipa::path(get, path = "/api/quarantine", responses((status = 200, body = Vec<Item>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Vec<Item>> {
    policy::allows(&caller.grant, Action::Administer, None)?;
    let entries = app.config.intake.as_ref().map(|intake| intake.quarantine().list()).unwrap_or_default();
    let items = entries.into_iter().map(|entry| Item {
        at_ms: entry.at.0,
        reason: entry.reason.as_str().to_owned(),
        detail: entry.detail,
        client: entry.client,
        topic: entry.topic,
        payload: BASE64_STANDARD.encode(&entry.payload),
        payload_bytes: entry.payload_bytes,
    });
    Ok(Json(items.collect()))
}
