//! What was kept, for whoever entered it, and how this node stands.

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use domain::GroupId;
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};

use super::{Front, Refused};
use crate::{limits::LISTED_MAX, outbox::Entry};

/// Bytes of the description of the API.
const DESCRIPTION_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One kept command as JSON.
///
/// `state` is `waiting` (it goes out by itself), `sign_in` (its person has to sign in while the line stands), `committed` or
/// `rejected` (with the code and words of the refusal).
fn shown(entry: &Entry) -> Value {
    let body: Value = serde_json::from_str(&entry.body).unwrap_or_default();
    let mut shown = json!({
        "place": entry.place,
        "path": entry.path,
        "body": body,
        "entered_at_ms": entry.entered_at_ms,
        "unsure": entry.is_unsure,
        "state": if entry.number.is_some() { "waiting" } else { "sign_in" },
    });
    let (Some(said), Some(shown_as)) = (&entry.said, shown.as_object_mut()) else { return shown };
    let answer: Value = serde_json::from_str(&said.body).unwrap_or_default();
    let is_committed = (200..300).contains(&said.status);
    shown_as.insert("state".to_owned(), json!(if is_committed { "committed" } else { "rejected" }));
    shown_as.insert("said_at_ms".to_owned(), json!(said.at_ms));
    for name in ["entity", "version", "log", "code", "field", "message"] {
        if let Some(value) = answer.get(name) {
            shown_as.insert(name.to_owned(), value.clone());
        }
    }
    shown
}

impl Front {
    /// `GET /api/kept`: the caller's own, newest first, and the places of those that cannot be read, whoever entered them.
    pub(super) fn kept(&self, headers: &HeaderMap) -> Result<Response, Refused> {
        let caller = self.caller(headers)?;
        let items: Vec<Value> =
            self.shared.outbox(|outbox| outbox.of(&caller.sitting.person).take(LISTED_MAX).map(shown).collect());
        Ok(Json(json!({ "items": items, "damaged": self.shared.damaged })).into_response())
    }

    /// `GET /ready`: whether there is something to show; how old it is, and how the line stands.
    pub(super) fn ready(&self) -> Response {
        let is_whole = self.shared.read(crate::copy::Copy::is_whole);
        let status = if is_whole { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let waiting = self.shared.outbox(|outbox| outbox.waiting().count());
        let age_ms = u64::try_from(self.shared.age(GroupId::COMMAND).as_millis()).unwrap_or(u64::MAX);
        let report = json!({
            "ready": is_whole,
            "line": if self.shared.stands() { "stands" } else { "cut" },
            "age_ms": age_ms,
            "kept": waiting,
        });
        (status, Json(report)).into_response()
    }
}

/// The description of the API with what this node adds to it.
pub(super) async fn description(response: Response) -> Response {
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, DESCRIPTION_BYTES_MAX).collect().await.map(|it| it.to_bytes()).unwrap_or_default();
    let Ok(mut description) = serde_json::from_slice::<Value>(&body) else {
        return Response::from_parts(parts, Body::from(body));
    };
    if let Some(paths) = description.get_mut("paths").and_then(Value::as_object_mut) {
        let kept = json!({ "get": {
            "summary": "Commands that were kept while the line to the province was cut, the caller's own, and what became of them.",
            "responses": { "200": { "description": "items and damaged" }, "401": { "description": "signed_out" } },
        } });
        paths.insert("/api/kept".to_owned(), kept);
    }
    Json(description).into_response()
}
