//! Command rooms: scenes, who follows whom, shift notes, and each room's log.

use std::sync::Arc;

use axum::{Json, extract::State};
use domain::{
    AcknowledgeShiftNote, AdminUnitCode, DutyEntry, DutyPostId, FollowRoom, Grant, GroupId, IncidentId, LogDuty,
    Millis, PushScene, PutRoom, Room, RoomId, Scene, ShiftNote, ShiftNoteId, WriteShiftNote, policy,
    policy::{Action, Noun},
    rows,
    wire::Record,
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{Answer, Asked, Asking, Done, Id, Signed, done},
    list::{Listed, command_group, listed},
    timeline::walk,
};
use crate::{
    app::App,
    cluster::read,
    error::{ApiError, ErrorBody},
    limits::{LOG_ENTRIES_MAX, LOG_SPAN_MS},
};

/// A room as it shall be. Its scene and whom it follows stay.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Furnishing {
    #[schema(value_type = String)]
    id: RoomId,
    name: String,
    #[serde(default)]
    name_en: String,
    /// Whose it is; absent: the province's.
    #[schema(value_type = Option<String>)]
    admin_unit: Option<AdminUnitCode>,
    /// Whose roster says who is on duty in it.
    #[schema(value_type = Option<String>)]
    post: Option<DutyPostId>,
}

/// What to show; absent: nothing any more.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Showing {
    #[schema(value_type = Option<Object>)]
    scene: Option<Scene>,
}

/// Whom to follow; absent: nobody.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Following {
    #[schema(value_type = Option<String>)]
    leader: Option<RoomId>,
}

/// What the next shift has to know.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Leaving {
    note: String,
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    incidents: Vec<IncidentId>,
    /// Somebody has so long to acknowledge it.
    within_ms: u64,
    #[serde(default)]
    exercise: bool,
}

/// That it was read.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Acknowledgement {
    expected_version: u64,
    #[serde(default)]
    remark: String,
}

/// An entry for a room's log.
#[derive(Deserialize, ToSchema)]
pub(crate) struct LogLine {
    text: String,
    #[schema(value_type = Option<String>)]
    incident: Option<IncidentId>,
    /// The number of the entry that it corrects.
    #[serde(default)]
    corrects: u64,
    #[serde(default)]
    exercise: bool,
}

/// Which entries.
#[derive(Deserialize)]
pub(crate) struct Span {
    from_ms: Option<u64>,
    to_ms: Option<u64>,
    /// Only those that hold it, in either case of letters.
    text: Option<String>,
}

/// What was written in a room is read by whom the room's place is in reach of; the province's by who works for everywhere.
fn may_read(grant: &Grant, noun: Noun, admin_unit: Option<&AdminUnitCode>) -> bool {
    policy::allows(grant, Action::See(noun), admin_unit).is_ok() && (admin_unit.is_some() || grant.everywhere)
}

/// Command rooms, with what they show and whom they follow.
#[utoipa::path(get, path = "/api/rooms", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn list(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<Room>> {
    listed(&app, &caller, Noun::Room, command_group(), |state, put| {
        state.rooms().values().for_each(|room| put(room, None));
    })
}

/// Puts a room.
#[utoipa::path(post, path = "/api/rooms", request_body = Furnishing, params(("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(crate) async fn put(State(app): State<Arc<App>>, Asked(ask, body): Asked<Furnishing>) -> Answer<Done> {
    let Furnishing { id, name, name_en, admin_unit, post } = body;
    let (scene, follows, followed_at_ms, followed_by, version) = (None, None, Millis(0), None, 0);
    let room = Room { id, name, name_en, admin_unit, post, scene, follows, followed_at_ms, followed_by, version };
    app.run(&ask, PutRoom { room }).await.map(done)
}

/// Shows a scene to the rooms that follow this one.
#[utoipa::path(post, path = "/api/rooms/{id}/scene", request_body = Showing,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(crate) async fn push(
    State(app): State<Arc<App>>,
    Id(room): Id<RoomId>,
    Asked(ask, body): Asked<Showing>,
) -> Answer<Done> {
    app.run(&ask, PushScene { room, scene: body.scene }).await.map(done)
}

/// Follows another room, or leaves it.
#[utoipa::path(post, path = "/api/rooms/{id}/follow", request_body = Following,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(crate) async fn follow(
    State(app): State<Arc<App>>,
    Id(room): Id<RoomId>,
    Asked(ask, body): Asked<Following>,
) -> Answer<Done> {
    app.run(&ask, FollowRoom { room, leader: body.leader }).await.map(done)
}

/// What shifts left to the next, of the rooms that the caller reads.
#[utoipa::path(get, path = "/api/shift-notes", responses((status = 200, body = Listed<serde_json::Value>), (status = 403, body = ErrorBody)))]
pub(crate) async fn shift_notes(State(app): State<Arc<App>>, Signed(caller): Signed) -> Answer<Listed<ShiftNote>> {
    let grant = &caller.grant;
    listed(&app, &caller, Noun::ShiftNote, command_group(), |state, put| {
        let all = state.shift_notes().values();
        all.filter(|it| may_read(grant, Noun::ShiftNote, it.admin_unit.as_ref()))
            .for_each(|it| put(it, it.admin_unit.as_ref()));
    })
}

/// Leaves something to the next shift of a room.
#[utoipa::path(post, path = "/api/rooms/{id}/shift-notes", request_body = Leaving,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(crate) async fn write_shift_note(
    State(app): State<Arc<App>>,
    Id(room): Id<RoomId>,
    Asked(ask, body): Asked<Leaving>,
) -> Answer<Done> {
    let Leaving { note, incidents, within_ms, exercise } = body;
    app.run(&ask, WriteShiftNote { room, note, incidents, within_ms, exercise }).await.map(done)
}

/// Says that the next shift has read it.
#[utoipa::path(post, path = "/api/shift-notes/{id}/acknowledge", request_body = Acknowledgement,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(crate) async fn acknowledge_shift_note(
    State(app): State<Arc<App>>,
    Id(shift_note): Id<ShiftNoteId>,
    Asked(ask, body): Asked<Acknowledgement>,
) -> Answer<Done> {
    let Acknowledgement { expected_version, remark } = body;
    app.run(&ask, AcknowledgeShiftNote { shift_note, expected_version, remark }).await.map(done)
}

/// A room's log of a span of time, oldest first; without one the last `LOG_SPAN_MS`.
#[utoipa::path(get, path = "/api/rooms/{id}/log",
    params(("id" = String, Path), ("from_ms" = Option<u64>, Query), ("to_ms" = Option<u64>, Query),
        ("text" = Option<String>, Query)),
    responses((status = 200, body = Listed<serde_json::Value>), (status = 404, body = ErrorBody),
    (status = 422, body = ErrorBody), (status = 503, body = ErrorBody)))]
pub(crate) async fn log(
    State(app): State<Arc<App>>,
    Signed(caller): Signed,
    Id(room): Id<RoomId>,
    Asking(span): Asking<Span>,
) -> Answer<Listed<DutyEntry>> {
    let missing = || ApiError::not_found("room", room.as_str());
    let known = |state: &domain::State| Some((state.rooms().get(&room)?.admin_unit.clone(), state.clock()));
    let (admin_unit, now) = read(&*app.source, GroupId::COMMAND, known).ok_or_else(missing)?;
    if !may_read(&caller.grant, Noun::DutyEntry, admin_unit.as_ref()) {
        return Err(missing());
    }
    // By the clock that entries are written under.
    let to_ms = span.to_ms.unwrap_or(now.0.saturating_add(1));
    let from_ms = span.from_ms.unwrap_or(now.0.saturating_sub(LOG_SPAN_MS));
    if from_ms > to_ms {
        return Err(ApiError::invalid("from_ms", "lies after to_ms: swap them"));
    }
    let wanted = span.text.unwrap_or_default().to_lowercase();
    let (from, to) = rows::duty_log_range(&room, Millis(from_ms), Millis(to_ms));
    let mut items = Vec::new();
    let is_whole = walk(&app, GroupId::COMMAND, from, &to, |_, value| {
        if let Ok(entry) = DutyEntry::decode(value)
            // The room may have been another one's when it was written.
            && may_read(&caller.grant, Noun::DutyEntry, entry.admin_unit.as_ref())
            && (wanted.is_empty() || entry.text.to_lowercase().contains(&wanted))
        {
            items.push(entry);
        }
        items.len() <= LOG_ENTRIES_MAX
    })
    .await?;
    let truncated = !is_whole || items.len() > LOG_ENTRIES_MAX;
    items.truncate(LOG_ENTRIES_MAX);
    Ok(Json(Listed { items, truncated }))
}

/// Writes into a room's log. Nothing changes or removes it afterwards.
#[utoipa::path(post, path = "/api/rooms/{id}/log", request_body = LogLine,
    params(("id" = String, Path), ("x-request-seq" = u64, Header)),
    responses((status = 200, body = Done), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
    (status = 422, body = ErrorBody)))]
pub(crate) async fn write_log(
    State(app): State<Arc<App>>,
    Id(room): Id<RoomId>,
    Asked(ask, body): Asked<LogLine>,
) -> Answer<Done> {
    let LogLine { text, incident, corrects, exercise } = body;
    app.run(&ask, LogDuty { room, text, incident, corrects, exercise }).await.map(done)
}
