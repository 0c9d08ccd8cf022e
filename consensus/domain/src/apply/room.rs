//! Rooms: a scene is state, so a screen that comes back has it. Whoever follows shows the leader's scene and nothing of whom
//! the leader follows, so that no circle can form.

use super::{Outcome, Work, accepted, deadline, incident, valid};
use crate::{
    AcknowledgeShiftNote, DutyEntry, EventKind, FireShiftNote, FollowRoom, IncidentId, LogDuty, MapView, Millis,
    PersonId, PushScene, PutRoom, Refusal, RefusalCode, Role, Room, RoomId, Row, Scene, ShiftNote, ShiftNoteId,
    WriteShiftNote, limits, room_book::TouchedRoom, rows, stored::Touched, wire::Record,
};

pub(super) fn put(work: &mut Work<'_>, command: &PutRoom) -> Outcome {
    let wanted = &command.room;
    valid::name("room.name", &wanted.name)?;
    valid::maybe_name("room.name_en", &wanted.name_en)?;
    if let Some(code) = &wanted.admin_unit
        && !work.state.admin_units.contains_key(code)
    {
        return Err(valid::not_found("room.admin_unit", code));
    }
    if let Some(post) = &wanted.post
        && !work.state.duty_posts.contains_key(post)
    {
        return Err(valid::not_found("room.post", post));
    }
    let former = work.state.board.rooms.get(&wanted.id);
    valid::within("room", work.state.board.rooms.len() + usize::from(former.is_none()), limits::ROOMS_MAX)?;
    let bare =
        Room { scene: None, follows: None, followed_at_ms: Millis(0), followed_by: None, version: 0, ..wanted.clone() };
    let room = former.map_or(bare, |former| Room {
        name: wanted.name.clone(),
        name_en: wanted.name_en.clone(),
        admin_unit: wanted.admin_unit.clone(),
        post: wanted.post.clone(),
        ..former.clone()
    });
    if former == Some(&room) {
        return Ok(accepted(&room.id, room.version));
    }
    Ok(keep(work, room, EventKind::RoomPut, ""))
}

pub(super) fn push(work: &mut Work<'_>, command: &PushScene) -> Outcome {
    let mut room = find(work, "room", &command.room)?;
    if let Some(scene) = &command.scene {
        check_scene(scene)?;
    }
    if room.scene.is_none() && command.scene.is_none() {
        return Ok(accepted(&room.id, room.version));
    }
    let (now, by) = (work.now, work.by());
    room.scene = command.scene.clone().map(|scene| Scene { pushed_at_ms: now, pushed_by: by, ..scene });
    let title = room.scene.as_ref().map(|scene| scene.title.clone()).unwrap_or_default();
    Ok(keep(work, room, EventKind::ScenePushed, &title))
}

fn check_scene(scene: &Scene) -> Result<(), Refusal> {
    valid::maybe_name("scene.title", &scene.title)?;
    valid::within("scene.layers", scene.layers.len(), limits::SCENE_LAYERS_MAX)?;
    scene.layers.iter().try_for_each(|layer| valid::line("scene.layers", layer, limits::ID_BYTES_MAX))?;
    valid::distinct("scene.layers", &scene.layers)?;
    valid::within("scene.incidents", scene.incidents.len(), limits::SCENE_INCIDENTS_MAX)?;
    valid::distinct("scene.incidents", &scene.incidents)?;
    valid::within("scene.cameras", scene.cameras.len(), limits::SCENE_CAMERAS_MAX)?;
    valid::distinct("scene.cameras", &scene.cameras)?;
    if let Some(place) = &scene.place {
        valid::place("scene.place", place)?;
    }
    scene.view.as_ref().map_or(Ok(()), check_view)
}

fn check_view(view: &MapView) -> Result<(), Refusal> {
    let is_on_earth = (-900_000_000..=900_000_000).contains(&view.latitude_e7)
        && (-1_800_000_000..=1_800_000_000).contains(&view.longitude_e7);
    if is_on_earth && view.zoom_centi <= limits::ZOOM_CENTI_MAX {
        return Ok(());
    }
    let remedy = format!("is nowhere: send degrees times 10^7, and at most {} as zoom", limits::ZOOM_CENTI_MAX);
    Err(valid::invalid("scene.view", remedy))
}

pub(super) fn follow(work: &mut Work<'_>, command: &FollowRoom) -> Outcome {
    let mut room = find(work, "room", &command.room)?;
    if let Some(leader) = &command.leader {
        let leader = find(work, "leader", leader)?;
        if leader.id == room.id {
            return Err(valid::invalid("leader", "is the room itself: name another one"));
        }
    }
    if room.follows == command.leader {
        return Ok(accepted(&room.id, room.version));
    }
    room.follows.clone_from(&command.leader);
    let is_following = room.follows.is_some();
    room.followed_at_ms = if is_following { work.now } else { Millis(0) };
    room.followed_by = if is_following { work.by() } else { None };
    let kind = if is_following { EventKind::RoomFollowed } else { EventKind::RoomLeft };
    let note = command.leader.as_ref().map_or("", RoomId::as_str).to_owned();
    Ok(keep(work, room, kind, &note))
}

pub(super) fn write_shift_note(work: &mut Work<'_>, command: &WriteShiftNote) -> Outcome {
    valid::text("note", &command.note)?;
    let room = find(work, "room", &command.room)?;
    valid::within("incidents", command.incidents.len(), limits::SHIFT_NOTE_INCIDENTS_MAX)?;
    valid::distinct("incidents", &command.incidents)?;
    command.incidents.iter().try_for_each(|id| need_alike(work, "incidents", id, command.exercise))?;
    if !limits::SHIFT_NOTE_WITHIN_MS.contains(&command.within_ms) {
        let (least, most) = (limits::SHIFT_NOTE_WITHIN_MS.start(), limits::SHIFT_NOTE_WITHIN_MS.end());
        return Err(valid::invalid("within_ms", format!("is out of range: send {least} to {most} milliseconds")));
    }
    make_room(work)?;
    // The log index is nobody else's, however many have left.
    let id = ShiftNoteId::new(&format!("H{}", work.index)).map_err(|e| valid::invalid("shift_note", e.remedy))?;
    let shift_note = ShiftNote {
        id,
        room: room.id,
        admin_unit: room.admin_unit,
        note: command.note.clone(),
        incidents: command.incidents.clone(),
        written_at_ms: work.now,
        written_by: work.by(),
        due_at_ms: work.now.plus(command.within_ms),
        late_at_ms: Millis(0),
        told: Vec::new(),
        acknowledged_at_ms: Millis(0),
        acknowledged_by: None,
        remark: String::new(),
        exercise: command.exercise,
        version: 1,
    };
    Ok(keep_shift_note(work, shift_note, EventKind::ShiftNoteWritten, ""))
}

/// By somebody else than who wrote it; where a roster says who is on duty, by one of these, or by an administrator.
pub(super) fn acknowledge_shift_note(work: &mut Work<'_>, command: &AcknowledgeShiftNote) -> Outcome {
    valid::maybe_text("remark", &command.remark)?;
    let by = work.by_person()?;
    let mut shift_note = find_shift_note(work, &command.shift_note)?;
    if shift_note.acknowledged_at_ms.is_set() {
        let who = shift_note.acknowledged_by.as_ref().map_or("somebody", PersonId::as_str);
        return Err(valid::wrong_status("shift_note", format!("{who} has acknowledged it: nothing is left to do")));
    }
    if shift_note.version != command.expected_version {
        let message = format!("it is at version {}: look, then decide anew", shift_note.version);
        return Err(valid::version_conflict("expected_version", message));
    }
    if shift_note.written_by.as_ref() == Some(&by) {
        return Err(forbidden("you wrote it: somebody of the next shift acknowledges it"));
    }
    let is_admin = work.grant.as_ref().is_some_and(|grant| grant.role == Role::Admin);
    let on_duty = on_duty(work, &shift_note.room);
    if !is_admin && !on_duty.is_empty() && !on_duty.contains(&by) {
        return Err(forbidden("the roster names others for now: one of them acknowledges it"));
    }
    shift_note.acknowledged_at_ms = work.now;
    shift_note.acknowledged_by = Some(by);
    shift_note.remark.clone_from(&command.remark);
    shift_note.version += 1;
    Ok(keep_shift_note(work, shift_note, EventKind::ShiftNoteAcknowledged, &command.remark))
}

/// Sent by a timer, at least once. The version stays: it spoils nothing that somebody is about to acknowledge.
pub(super) fn fire_shift_note(work: &mut Work<'_>, command: &FireShiftNote) -> Outcome {
    let mut shift_note = find_shift_note(work, &command.shift_note)?;
    if shift_note.acknowledged_at_ms.is_set() || shift_note.late_at_ms.is_set() {
        return Ok(accepted(&shift_note.id, shift_note.version));
    }
    if work.now < shift_note.due_at_ms {
        let message = format!("it is due at {}: come back then", shift_note.due_at_ms);
        return Err(Refusal::new(RefusalCode::NotDue, "shift_note", message));
    }
    shift_note.late_at_ms = work.now;
    shift_note.told = on_duty(work, &shift_note.room);
    shift_note.told.truncate(limits::TOLD_MAX);
    let names: Vec<_> = shift_note.told.iter().map(PersonId::as_str).collect();
    let note = names.join(" ");
    Ok(keep_shift_note(work, shift_note, EventKind::ShiftNoteLate, &note))
}

/// The entry is a row of history: it is never read here, and nothing can change it.
pub(super) fn log(work: &mut Work<'_>, command: &LogDuty) -> Outcome {
    valid::text("text", &command.text)?;
    let room = find(work, "room", &command.room)?;
    if let Some(id) = &command.incident {
        need_alike(work, "incident", id, command.exercise)?;
    }
    if command.corrects >= work.index {
        return Err(valid::invalid("corrects", "is no entry that is there: name an earlier one, or 0"));
    }
    let entry = DutyEntry {
        room: room.id,
        admin_unit: room.admin_unit,
        number: work.index,
        text: command.text.clone(),
        incident: command.incident.clone(),
        corrects: command.corrects,
        at_ms: work.now,
        by: work.by(),
        exercise: command.exercise,
    };
    let key = rows::duty_log_key(&entry.room, entry.at_ms, entry.number);
    work.history.push(Row { key, value: entry.encode().into() });
    let outcome = accepted(&entry.room, entry.number);
    work.emit(EventKind::DutyLogged, "", Some(entry.into()));
    Ok(outcome)
}

/// A drill and the real thing never mix.
fn need_alike(work: &Work<'_>, field: &str, id: &IncidentId, exercise: bool) -> Result<(), Refusal> {
    if incident::find(work, field, id)?.exercise == exercise {
        return Ok(());
    }
    Err(valid::wrong_status(field, "a drill and the real thing never mix: name one of the same kind"))
}

fn on_duty(work: &Work<'_>, room: &RoomId) -> Vec<PersonId> {
    let post = work.state.board.rooms.get(room).and_then(|room| room.post.as_ref());
    post.map(|post| deadline::on_duty(work.state, post, work.now)).unwrap_or_default()
}

fn find(work: &Work<'_>, field: &str, id: &RoomId) -> Result<Room, Refusal> {
    work.state.board.rooms.get(id).cloned().ok_or_else(|| valid::not_found(field, id))
}

fn find_shift_note(work: &Work<'_>, id: &ShiftNoteId) -> Result<ShiftNote, Refusal> {
    work.state.board.shift_notes.get(id).cloned().ok_or_else(|| valid::not_found("shift_note", id))
}

fn forbidden(message: &str) -> Refusal {
    Refusal::new(RefusalCode::Forbidden, "shift_note", message)
}

fn keep(work: &mut Work<'_>, mut room: Room, kind: EventKind, note: &str) -> crate::Accepted {
    room.version += 1;
    let outcome = accepted(&room.id, room.version);
    work.touch(Touched::Board(TouchedRoom::Room(room.id.clone())));
    work.emit(kind, note, Some(room.clone().into()));
    work.state.board.rooms.insert(room.id.clone(), room);
    outcome
}

fn keep_shift_note(work: &mut Work<'_>, shift_note: ShiftNote, kind: EventKind, note: &str) -> crate::Accepted {
    let outcome = accepted(&shift_note.id, shift_note.version);
    work.touch(Touched::Board(TouchedRoom::ShiftNote(shift_note.id.clone())));
    work.emit(kind, note, Some(shift_note.clone().into()));
    work.state.board.shift_notes.insert(shift_note.id.clone(), shift_note);
    outcome
}

/// At the bound those acknowledged the longest ago leave; a new one is refused only when none is.
fn make_room(work: &mut Work<'_>) -> Result<(), Refusal> {
    let count = work.state.board.shift_notes.len();
    if count < limits::SHIFT_NOTES_MAX {
        return Ok(());
    }
    let done = work.state.board.shift_notes.values().filter(|it| it.acknowledged_at_ms.is_set());
    let mut done: Vec<_> = done.map(|it| (it.acknowledged_at_ms, it.id.clone())).collect();
    valid::within("shift_note", count + usize::from(done.is_empty()), limits::SHIFT_NOTES_MAX)?;
    done.sort_unstable();
    for (_, id) in done.into_iter().take(limits::SHIFT_NOTES_DROPPED_AT_ONCE) {
        work.state.board.shift_notes.remove(&id);
        work.touch(Touched::Board(TouchedRoom::ShiftNote(id)));
    }
    Ok(())
}
