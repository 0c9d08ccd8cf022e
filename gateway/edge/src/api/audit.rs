//! The record of a group, as `audit::frames` reads it, for whoever verifies it elsewhere. Each answer is a part with its end.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    extract::State,
    http::{HeaderName, header},
    response::IntoResponse,
};
use bytes::Bytes;
use domain::{
    AuditLink, AuditRecord, AuditSealed, GroupId, RecordRead, audit, policy, rows,
    wire::{Malformed, Record},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::body::Asked;
use crate::{
    app::App,
    error::{ApiError, ErrorBody},
    limits::AUDIT_EXPORTED_MAX,
};

/// Header with the number of the last record of an answer; absent when there is none.
const THROUGH_HEADER: HeaderName = HeaderName::from_static("x-audit-through");

/// Header with how many records of an answer have their links alone, because whoever asked may not see callers; absent: none.
const WITHHELD_HEADER: HeaderName = HeaderName::from_static("x-audit-withheld");

/// A part of a group's record.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Wanted {
    /// 0 to 8.
    group: u32,
    /// The records after this number; 0: from the first.
    #[serde(default)]
    after: u64,
    /// Why it is read; that it was read stands in the record of group 0.
    reason: String,
}

/// Exports up to `AUDIT_EXPORTED_MAX` records of a group, each with its length before it, and an end that tells what stands before it. For
/// administrators and auditors of everywhere and of every field; of what tells of a caller, who may not see callers gets the links.
#[utoipa::path(post, path = "/api/audit/export", request_body = Wanted, params(("x-request-seq" = u64, Header)),
    responses((status = 200, content_type = "application/octet-stream"), (status = 403, body = ErrorBody)))]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    Asked(ask, wanted): Asked<Wanted>,
) -> Result<impl IntoResponse, ApiError> {
    policy::allows_every_field(&ask.caller.grant, policy::Action::ReadRecord)?;
    let group = GroupId::all().find(|group| group.0 == wanted.group);
    let group = group.ok_or_else(|| ApiError::not_found("group", &wanted.group.to_string()))?;
    let what = format!("audit/{group} after {}", wanted.after);
    app.run(&ask, RecordRead { what, why: wanted.reason }).await?;
    let mut records = records(&app, group, wanted.after).await?;
    if policy::allows(&ask.caller.grant, policy::Action::SeeCaller, None).is_err() {
        records = records.into_iter().map(AuditRecord::without_callers).collect();
    }
    let through = records.last().map(|record| (THROUGH_HEADER, record.link.number.to_string()));
    let withheld = records.iter().filter(|record| record.withheld).count();
    let withheld = (withheld > 0).then(|| (WITHHELD_HEADER, withheld.to_string()));
    // Made last: it says what whoever asks gets, withheld records as such.
    let file = audit::part(group, wanted.after, &records, records.len() >= AUDIT_EXPORTED_MAX);
    let headers = [(header::CONTENT_TYPE, "application/octet-stream".to_owned())];
    Ok((axum::response::AppendHeaders(headers.into_iter().chain(through).chain(withheld)), file))
}

/// Up to `AUDIT_EXPORTED_MAX` records of a group after this number, ascending.
///
/// # Errors
/// This node's disk cannot be read.
pub(super) async fn records(app: &App, group: GroupId, after: u64) -> Result<Vec<AuditRecord>, ApiError> {
    part(app, group, after, AUDIT_EXPORTED_MAX).await
}

/// The same of at most so many, and never more than `AUDIT_EXPORTED_MAX`.
///
/// # Errors
/// This node's disk cannot be read.
pub(super) async fn part(app: &App, group: GroupId, after: u64, count: usize) -> Result<Vec<AuditRecord>, ApiError> {
    let broken = |error: Malformed| ApiError::unavailable(&error.to_string());
    let first = after.saturating_add(1);
    let end = first.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    let mut sealed = BTreeMap::new();
    // Links first: what is erased in between is then shown as erased, never as changed.
    let links = scan(app, group, rows::audit_link_key, first, end).await?;
    for (key, value) in scan(app, group, rows::audit_sealed_key, first, end).await? {
        sealed.insert(key.slice(1..), AuditSealed::decode(&value).map_err(broken)?);
    }
    let record = |(key, value): (Bytes, Bytes)| {
        let link = AuditLink::decode(&value).map_err(broken)?;
        Ok(AuditRecord { link, sealed: sealed.remove(&key.slice(1..)), withheld: false })
    };
    links.into_iter().map(record).collect()
}

async fn scan(
    app: &App,
    group: GroupId,
    key: fn(u64) -> Bytes,
    first: u64,
    end: u64,
) -> Result<Vec<(Bytes, Bytes)>, ApiError> {
    let found = app.source.scan(group, key(first), key(end), AUDIT_EXPORTED_MAX).await;
    found.map_err(|error| ApiError::unavailable(&error.to_string()))
}
