//! History: the timeline of an incident.

use std::sync::Arc;

use axum::{Json, extract::State};
use bytes::Bytes;
use domain::{
    Event, EventKind, GroupId, Incident, IncidentId, IncidentKind, IncidentStatus, PersonId, Severity, Subject, UnitId,
    UnitStatus, rows, wire::Record,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Id, Signed},
    file::may_see,
};
use crate::{
    app::App,
    auth::Caller,
    cluster::read,
    error::{ApiError, ErrorBody},
    limits::{ROWS_PER_SCAN, ROWS_SCANNED_MAX},
};

/// One line of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineItem {
    /// The log index of its entry.
    index: u64,
    #[schema(value_type = String)]
    kind: EventKind,
    pub(super) at_ms: u64,
    /// `null`: the system.
    #[schema(value_type = Option<String>)]
    by: Option<PersonId>,
    note: String,
    /// What a unit did: which, what it does since, and when that was tapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<UnitLine>,
    /// The incident as it stood then, for whoever goes through its course on the map.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident: Option<IncidentLine>,
}

/// The incident of a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IncidentLine {
    /// One that was merged into this incident has lines in its timeline, too.
    #[schema(value_type = String)]
    id: IncidentId,
    #[schema(value_type = String)]
    kind: IncidentKind,
    #[schema(value_type = String)]
    severity: Severity,
    #[schema(value_type = String)]
    status: IncidentStatus,
    summary: String,
    latitude_e7: i32,
    longitude_e7: i32,
    #[schema(value_type = Vec<String>)]
    units: Vec<UnitId>,
    /// Part of an exercise: whoever takes the course along sees it in each line.
    exercise: bool,
}

/// The unit of a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitLine {
    #[schema(value_type = String)]
    id: UnitId,
    /// What it was called then.
    name: String,
    #[schema(value_type = String)]
    status: UnitStatus,
    /// May lie long before the line: a phone without a network sends later.
    status_at_ms: u64,
    /// Where it was then, as far as the centre knew.
    latitude_e7: i32,
    longitude_e7: i32,
    /// When it was there.
    position_at_ms: u64,
}

impl TimelineItem {
    fn new(index: u64, event: Event) -> Self {
        let (unit, incident) = match event.subject {
            Some(Subject::Unit(unit)) => {
                let line = UnitLine {
                    id: unit.id,
                    name: unit.name,
                    status: unit.status,
                    status_at_ms: unit.status_at_ms.0,
                    latitude_e7: unit.position.latitude_e7,
                    longitude_e7: unit.position.longitude_e7,
                    position_at_ms: unit.position_at_ms.0,
                };
                (Some(line), None)
            }
            Some(Subject::Incident(incident)) => {
                let line = IncidentLine {
                    id: incident.id,
                    kind: incident.kind,
                    severity: incident.severity,
                    status: incident.status,
                    summary: incident.summary,
                    latitude_e7: incident.place.latitude_e7,
                    longitude_e7: incident.place.longitude_e7,
                    units: incident.units,
                    exercise: incident.exercise,
                };
                (None, Some(line))
            }
            _ => (None, None),
        };
        Self { index, kind: event.kind, at_ms: event.at_ms.0, by: event.by, note: event.note, unit, incident }
    }
}

/// What happened to an incident, oldest first, at most `ROWS_SCANNED_MAX`.
#[utoipa::path(get, path = "/api/incidents/{id}/timeline", params(("id" = String, Path)),
    responses((status = 200, body = Vec<TimelineItem>), (status = 404, body = ErrorBody)))]
pub(crate) async fn timeline(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(incident): Id<IncidentId>,
) -> Answer<Vec<TimelineItem>> {
    seen(&app, &caller, &incident)?;
    let (items, _) = course(&app, &incident, usize::MAX).await?;
    Ok(Json(items))
}

/// The incident, for who sees its course; the look stands in the record. For anybody else it is not there.
pub(super) fn seen(app: &Arc<App>, caller: &Caller, incident: &IncidentId) -> Result<Incident, ApiError> {
    let found = read(&*app.source, GroupId::COMMAND, |state0| {
        state0.incidents().get(incident).filter(|it| may_see(state0, caller, it)).cloned()
    });
    let found = found.ok_or_else(|| ApiError::not_found("incident", incident.as_str()))?;
    app.glance(caller, &format!("course/{incident}"))?;
    Ok(found)
}

/// Its lines, oldest first, at most `lines_max`; whether these are all.
pub(super) async fn course(
    app: &App,
    incident: &IncidentId,
    lines_max: usize,
) -> Result<(Vec<TimelineItem>, bool), ApiError> {
    let mut items = Vec::new();
    let (from, to) = rows::timeline_range(incident);
    let is_whole = walk(app, GroupId::COMMAND, from, &to, |key, value| {
        if items.len() >= lines_max {
            return false;
        }
        if let (Some((index, _)), Ok(event)) = (rows::timeline_position(key), Event::decode(value)) {
            items.push(TimelineItem::new(index, event));
        }
        true
    })
    .await?;
    Ok((items, is_whole))
}

/// Goes through history rows (key and value) until `take` says no or `ROWS_SCANNED_MAX` is reached; whether it saw all.
pub(crate) async fn walk(
    app: &App,
    group: GroupId,
    mut from: Bytes,
    to: &Bytes,
    mut take: impl FnMut(&[u8], &[u8]) -> bool,
) -> Result<bool, ApiError> {
    let mut scanned = 0;
    loop {
        let found = app.source.scan(group, from, to.clone(), ROWS_PER_SCAN).await;
        let found = found.map_err(|error| {
            tracing::error!(%error, %group, "api: history cannot be read");
            ApiError::unavailable("history cannot be read on this node; use another one")
        })?;
        let Some((last, _)) = found.last() else { return Ok(true) };
        // The key right after it.
        from = [last, &[0][..]].concat().into();
        scanned += found.len();
        if !found.iter().all(|(key, value)| take(key, value)) || scanned >= ROWS_SCANNED_MAX {
            return Ok(false);
        }
        if found.len() < ROWS_PER_SCAN {
            return Ok(true);
        }
    }
}
