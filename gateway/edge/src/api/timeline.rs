//! History: the timeline of an incident, the readings of a sensor.

use std::sync::Arc;

use axum::{Json, extract::State};
use bytes::Bytes;
use domain::{
    EntityId, Event, EventKind, GroupId, IncidentId, Millis, PersonId, Readings, SensorId, Subject, UnitId, UnitStatus,
    limits::CLOCK_AHEAD_MS_MAX,
    policy::{self, Action, Noun},
    rows,
    wire::Record,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Answer, Asking, Id, Signed};
use crate::{
    app::App,
    clock::unix_ms,
    cluster::read,
    error::{ApiError, ErrorBody},
    limits::{POINTS_MAX, ROWS_PER_SCAN, ROWS_SCANNED_MAX},
};

/// A chart without a start shows so much.
const CHART_MS: u64 = 6 * 3_600_000;

/// One line of a timeline.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TimelineItem {
    #[schema(value_type = String)]
    kind: EventKind,
    at_ms: u64,
    /// `null`: the system.
    #[schema(value_type = Option<String>)]
    by: Option<PersonId>,
    note: String,
    /// What a unit did: which, what it does since, and when that was tapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<UnitLine>,
}

/// The unit of a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnitLine {
    #[schema(value_type = String)]
    id: UnitId,
    #[schema(value_type = String)]
    status: UnitStatus,
    /// May lie long before the line: a phone without a network sends later.
    status_at_ms: u64,
}

impl TimelineItem {
    fn new(event: Event) -> Self {
        let unit = match event.subject {
            Some(Subject::Unit(unit)) => {
                Some(UnitLine { id: unit.id, status: unit.status, status_at_ms: unit.status_at_ms.0 })
            }
            _ => None,
        };
        Self { kind: event.kind, at_ms: event.at_ms.0, by: event.by, note: event.note, unit }
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
    let missing = || ApiError::not_found("incident", incident.as_str());
    let place = read(&*app.source, GroupId::COMMAND, |state0| {
        state0.incidents().get(&incident).map(|it| it.place.admin_unit.clone())
    });
    let place = place.ok_or_else(missing)?;
    policy::allows(&caller.grant, Action::See(Noun::Incident), Some(&place)).map_err(|_| missing())?;
    let mut items = Vec::new();
    let (from, to) = rows::timeline_range(&incident);
    walk(&app, GroupId::COMMAND, from, &to, |value| {
        if let Ok(event) = Event::decode(value) {
            items.push(TimelineItem::new(event));
        }
        true
    })
    .await?;
    Ok(Json(items))
}

/// The span of a chart, by device time.
#[derive(Deserialize)]
pub(crate) struct Span {
    from_ms: Option<u64>,
    to_ms: Option<u64>,
}

/// A chart.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Chart {
    /// Device time in Unix milliseconds and value, ascending.
    points: Vec<(u64, f64)>,
    /// There are more.
    truncated: bool,
}

/// What a sensor measured.
#[utoipa::path(get, path = "/api/sensors/{id}/readings",
    params(("id" = String, Path), ("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query)),
    responses((status = 200, body = Chart), (status = 404, body = ErrorBody)))]
pub(crate) async fn readings(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(sensor): Id<SensorId>,
    Asking(span): Asking<Span>,
) -> Answer<Chart> {
    let missing = || ApiError::not_found("sensor", sensor.as_str());
    let group = app.placement(&EntityId::from(&sensor)).ok_or_else(missing)?;
    let place = read(&*app.source, group, |state| state.sensors().get(&sensor).map(|it| it.place.admin_unit.clone()));
    let place = place.ok_or_else(missing)?;
    policy::allows(&caller.grant, Action::See(Noun::Reading), Some(&place)).map_err(|_| missing())?;

    let to_ms = span.to_ms.unwrap_or_else(unix_ms);
    let from_ms = span.from_ms.unwrap_or_else(|| to_ms.saturating_sub(CHART_MS));
    // Rows stand by the cluster's time. A device may be a little ahead of it, and as late as it likes.
    let earliest = Millis(from_ms.saturating_sub(CLOCK_AHEAD_MS_MAX));
    let (from, to) = rows::readings_range(earliest, Millis(u64::MAX));
    let mut points = Vec::new();
    let whole = walk(&app, group, from, &to, |value| {
        if let Ok(recorded) = Readings::decode(value) {
            let of_span = recorded.readings.iter().filter(|it| it.sensor == sensor);
            let of_span = of_span.filter(|it| (from_ms..=to_ms).contains(&it.at_ms.0));
            points.extend(of_span.map(|it| (it.at_ms.0, it.value_micro)));
        }
        points.len() <= POINTS_MAX
    })
    .await?;
    let truncated = !whole || points.len() > POINTS_MAX;
    points.truncate(POINTS_MAX);
    points.sort_unstable();
    // A screen draws doubles; nothing is decided by them.
    #[allow(clippy::cast_precision_loss, reason = "a chart needs no more than 53 bits")]
    let points = points.into_iter().map(|(at_ms, micro)| (at_ms, micro.0 as f64 / 1e6)).collect();
    Ok(Json(Chart { points, truncated }))
}

/// Goes through history rows until `take` says no or `ROWS_SCANNED_MAX` is reached; whether it saw all.
async fn walk(
    app: &App,
    group: GroupId,
    mut from: Bytes,
    to: &Bytes,
    mut take: impl FnMut(&[u8]) -> bool,
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
        if !found.iter().all(|(_, value)| take(value)) || scanned >= ROWS_SCANNED_MAX {
            return Ok(false);
        }
        if found.len() < ROWS_PER_SCAN {
            return Ok(true);
        }
    }
}
