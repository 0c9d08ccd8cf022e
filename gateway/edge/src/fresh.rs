//! How fresh an answer is. Whoever looks gets what this node has applied, at once, and is told how old its word of a quorum is;
//! whoever asks for it waits until the node has applied all that was acknowledged before, on any node.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method},
    middleware::Next,
    response::{IntoResponse, Response},
};
use domain::GroupId;
use futures::future::join_all;

use crate::{app::App, error::ApiError, limits::BARRIER_DEADLINE};

/// Asks for a linearizable answer, by [`LINEARIZABLE`].
pub(crate) const READ: &str = "x-read";
/// The one value that [`READ`] takes.
pub(crate) const LINEARIZABLE: &str = "linearizable";
/// In every answer to a look: milliseconds since this node last knew of a quorum, of the group of which that is longest. What
/// was acknowledged since then may be missing. 0: nothing that was acknowledged before the request is.
pub(crate) const AGE: &str = "x-state-age-ms";

/// Whether a linearizable answer is asked for.
fn is_linearizable(headers: &HeaderMap) -> Result<bool, ApiError> {
    match headers.get(READ).map(HeaderValue::as_bytes) {
        None => Ok(false),
        Some(value) if value == LINEARIZABLE.as_bytes() => Ok(true),
        Some(_) => Err(ApiError::invalid(READ, "say `linearizable`, or leave it out for what this node has applied")),
    }
}

/// Since a quorum of every group was heard of here.
fn age(app: &App) -> Duration {
    GroupId::all().map(|group| app.source.group_age(group).quorum_age).max().unwrap_or_default()
}

/// Waits until every group has applied here what was acknowledged before. Readers share what is asked of the leaders, so
/// any number of them costs two questions a group at a time.
async fn barrier(app: &App) -> Result<(), ApiError> {
    let barriers = GroupId::all().map(|group| app.source.read_barrier(group, BARRIER_DEADLINE));
    let answers = join_all(barriers).await;
    answers
        .into_iter()
        .try_for_each(|answer| answer.map(drop))
        .map_err(|error| ApiError::unavailable(&error.to_string()))
}

/// Answers a request, and says of a look how fresh it is.
pub(crate) async fn answer(app: &App, request: Request, next: Next) -> Response {
    let is_look = request.method() == Method::GET && request.uri().path().starts_with("/api/");
    if !is_look {
        return next.run(request).await;
    }
    // Known before the look: the state that is looked at is no older.
    let age = match is_linearizable(request.headers()) {
        Ok(false) => age(app),
        Ok(true) => match barrier(app).await {
            Ok(()) => Duration::ZERO,
            Err(error) => return error.into_response(),
        },
        Err(error) => return error.into_response(),
    };
    let mut response = next.run(request).await;
    let age_ms = u64::try_from(age.as_millis()).unwrap_or(u64::MAX);
    response.headers_mut().insert(AGE, HeaderValue::from(age_ms));
    response
}
