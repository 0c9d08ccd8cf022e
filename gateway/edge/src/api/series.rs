//! What a sensor measured: every reading, or as few points as a chart has room for.

use std::sync::{Arc, Mutex, PoisonError};

use axum::{Json, extract::State};
use domain::{
    EntityId, GroupId, Micro, Millis, SensorId,
    chunk::Sample,
    policy::{self, Action, Noun},
    series::{Asked, Downsampled},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body::{Answer, Asking, Id, Signed};
use crate::{
    app::App,
    auth::Caller,
    clock::unix_ms,
    cluster::{Taken, read},
    error::{ApiError, ErrorBody},
    limits::{POINTS_MAX, ROWS_SCANNED_MAX, SERIES_POINTS_MAX, SERIES_SPAN_MS_MAX},
};

/// A chart without a start shows so much.
const CHART_MS: u64 = 6 * 3_600_000;
/// Points of a series for which nobody said how many.
const SERIES_POINTS: usize = 400;

/// The span of a chart, by device time, both ends included.
#[derive(Clone, Copy, Deserialize)]
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

/// The span of a series, and how many points it may have.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct Wanted {
    from_ms: Option<u64>,
    to_ms: Option<u64>,
    points_max: Option<usize>,
}

/// What was measured in one stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesPoint {
    /// Where the stretch begins, by device time.
    from_ms: u64,
    min: f64,
    max: f64,
    mean: f64,
    /// The newest of the stretch.
    last: f64,
    /// How many readings.
    count: u64,
}

/// A series. A stretch in which nothing was measured has no point.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Series {
    from_ms: u64,
    to_ms: u64,
    /// How long a stretch is.
    step_ms: u64,
    points: Vec<SeriesPoint>,
    /// More was recorded than is read for one answer: ask for a shorter span.
    truncated: bool,
    /// Readings that were recorded before are not kept; 0: all are.
    kept_from_ms: u64,
    /// The log index that this node had applied.
    applied: u64,
    /// Since this node heard of a quorum of the sensor's group: it may lack what was recorded since.
    age_ms: u64,
}

/// What a sensor measured, reading by reading.
#[utoipa::path(get, path = "/api/sensors/{id}/readings",
    params(("id" = String, Path), ("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query)),
    responses((status = 200, body = Chart), (status = 404, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn readings(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(sensor): Id<SensorId>,
    Asking(span): Asking<Span>,
) -> Answer<Chart> {
    let group = visible(&app, &caller, &sensor)?;
    let to_ms = span.to_ms.unwrap_or_else(unix_ms);
    let from_ms = span.from_ms.unwrap_or_else(|| to_ms.saturating_sub(CHART_MS));
    let points = Arc::new(Mutex::new(Vec::new()));
    let gathered = points.clone();
    let is_whole = recorded(&app, group, &sensor, (from_ms, to_ms), move |sample| {
        let mut points = gathered.lock().unwrap_or_else(PoisonError::into_inner);
        points.push((sample.at_ms.0, sample.value_micro));
        points.len() <= POINTS_MAX
    });
    let is_whole = is_whole.await?;
    let mut points = std::mem::take(&mut *points.lock().unwrap_or_else(PoisonError::into_inner));
    let truncated = !is_whole || points.len() > POINTS_MAX;
    points.truncate(POINTS_MAX);
    points.sort_unstable();
    let points = points.into_iter().map(|(at_ms, micro)| (at_ms, shown(micro))).collect();
    Ok(Json(Chart { points, truncated }))
}

/// What a sensor measured, as lowest, highest, mean and newest value of equal stretches of time.
#[utoipa::path(get, path = "/api/sensors/{id}/series",
    params(("id" = String, Path), ("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query),
        ("points_max" = Option<usize>, Query)),
    responses((status = 200, body = Series), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub(crate) async fn series(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(sensor): Id<SensorId>,
    Asking(wanted): Asking<Wanted>,
) -> Answer<Series> {
    let group = visible(&app, &caller, &sensor)?;
    let to_ms = wanted.to_ms.unwrap_or_else(unix_ms);
    let from_ms = wanted.from_ms.unwrap_or_else(|| to_ms.saturating_sub(CHART_MS));
    let points_max = wanted.points_max.unwrap_or(SERIES_POINTS);
    if from_ms > to_ms {
        return Err(ApiError::invalid("from_ms", "lies after to_ms: swap them"));
    }
    if to_ms - from_ms > SERIES_SPAN_MS_MAX {
        let remedy = format!("is more than {SERIES_SPAN_MS_MAX} before to_ms: ask for a shorter span");
        return Err(ApiError::invalid("from_ms", &remedy));
    }
    if !(1..=SERIES_POINTS_MAX).contains(&points_max) {
        return Err(ApiError::invalid("points_max", &format!("ask for 1 to {SERIES_POINTS_MAX} points")));
    }
    // Before the readings, which are at least that new.
    let applied = app.source.applied(group).index;
    let age = app.source.group_age(group).quorum_age;
    let kept_from_ms = read(&*app.source, group, |state| state.readings_from(&sensor)).0;
    let gathered = Arc::new(Mutex::new(Downsampled::new(Millis(from_ms), Millis(to_ms), points_max)));
    let into = gathered.clone();
    let is_whole = recorded(&app, group, &sensor, (from_ms, to_ms), move |sample| {
        into.lock().unwrap_or_else(PoisonError::into_inner).add(sample);
        true
    });
    let is_whole = is_whole.await?;
    let gathered = gathered.lock().unwrap_or_else(PoisonError::into_inner);
    let points = gathered.points().into_iter().map(|point| SeriesPoint {
        from_ms: point.from_ms.0,
        min: shown(point.min_micro),
        max: shown(point.max_micro),
        mean: shown(point.mean_micro),
        last: shown(point.last_micro),
        count: point.count,
    });
    Ok(Json(Series {
        from_ms,
        to_ms,
        step_ms: gathered.step_ms(),
        points: points.collect(),
        truncated: !is_whole,
        kept_from_ms,
        applied,
        age_ms: u64::try_from(age.as_millis()).unwrap_or(u64::MAX),
    }))
}

/// The group of a sensor that the caller may see readings of; for anybody else it is not there.
fn visible(app: &App, caller: &Caller, sensor: &SensorId) -> Result<GroupId, ApiError> {
    let missing = || ApiError::not_found("sensor", sensor.as_str());
    let group = app.placement(&EntityId::from(sensor)).ok_or_else(missing)?;
    let place = read(&*app.source, group, |state| state.sensors().get(sensor).map(|it| it.place.admin_unit.clone()));
    let place = place.ok_or_else(missing)?;
    policy::allows(&caller.grant, Action::See(Noun::Reading), Some(&place)).map_err(|_| missing())?;
    Ok(group)
}

/// Hands over what was recorded of a sensor; whether that was all.
async fn recorded(
    app: &App,
    group: GroupId,
    sensor: &SensorId,
    (from_ms, to_ms): (u64, u64),
    mut take: impl FnMut(Sample) -> bool + Send + 'static,
) -> Result<bool, ApiError> {
    let sensors = [(sensor.clone(), Millis(0))].into();
    let asked = Asked { sensors, from: Millis(from_ms), to: Millis(to_ms) };
    gather(app, group, asked, Box::new(move |_, sample| take(sample))).await
}

/// Hands over what was recorded of sensors of a group; whether that was all.
pub(super) async fn gather(app: &App, group: GroupId, asked: Asked, take: Taken) -> Result<bool, ApiError> {
    app.source.recorded(group, asked, ROWS_SCANNED_MAX, take).await.map_err(|error| {
        tracing::error!(%error, %group, "api: readings cannot be read");
        ApiError::unavailable("history cannot be read on this node; use another one")
    })
}

/// A screen draws doubles; nothing is decided by them.
#[allow(clippy::cast_precision_loss, reason = "a chart needs no more than 53 bits")]
pub(super) fn shown(micro: Micro) -> f64 {
    micro.0 as f64 / 1e6
}
