//! Invariants of exercises and rooms.

use super::{Violation, hold};
use crate::{Room, ShiftNote, State, limits};

impl State {
    pub(super) fn check_rooms(&self) -> Result<(), Violation> {
        let board = &self.board;
        let running = board.exercises.values().filter(|exercise| exercise.is_running()).count();
        hold(41, running <= 1, || format!("{running} exercises run"))?;
        let is_within = board.exercises.len() <= limits::EXERCISES_MAX
            && board.rooms.len() <= limits::ROOMS_MAX
            && board.shift_notes.len() <= limits::SHIFT_NOTES_MAX;
        hold(3, is_within, || format!("{} exercises, rooms and shift notes", board.len()))?;
        let are_own = board.exercises.iter().all(|(id, record)| *id == record.id)
            && board.rooms.iter().all(|(id, record)| *id == record.id)
            && board.shift_notes.iter().all(|(id, record)| *id == record.id);
        hold(2, are_own, || "exercises, rooms or shift notes".into())?;
        board.rooms.values().try_for_each(|room| self.check_room(room))?;
        board.shift_notes.values().try_for_each(|it| self.check_shift_note(it))
    }

    fn check_room(&self, room: &Room) -> Result<(), Violation> {
        let has_leader = room.follows.as_ref().is_none_or(|id| *id != room.id && self.board.rooms.contains_key(id));
        let has_post = room.post.as_ref().is_none_or(|post| self.duty_posts.contains_key(post));
        let has_unit = room.admin_unit.as_ref().is_none_or(|code| self.admin_units.contains_key(code));
        let is_since = room.follows.is_some() == room.followed_at_ms.is_set();
        hold(42, has_leader && has_post && has_unit && is_since, || format!("room {}", room.id))?;
        let is_within = room.scene.as_ref().is_none_or(|scene| {
            scene.layers.len() <= limits::SCENE_LAYERS_MAX
                && scene.incidents.len() <= limits::SCENE_INCIDENTS_MAX
                && scene.cameras.len() <= limits::SCENE_CAMERAS_MAX
        });
        hold(3, is_within, || format!("room {}: its scene", room.id))
    }

    fn check_shift_note(&self, it: &ShiftNote) -> Result<(), Violation> {
        let is_done = it.acknowledged_at_ms.is_set();
        let is_right = self.board.rooms.contains_key(&it.room)
            && is_done == it.acknowledged_by.is_some()
            && (!is_done || it.acknowledged_by != it.written_by)
            && (!it.late_at_ms.is_set() || it.late_at_ms >= it.due_at_ms)
            && it.incidents.len() <= limits::SHIFT_NOTE_INCIDENTS_MAX
            && it.told.len() <= limits::TOLD_MAX;
        hold(43, is_right, || format!("shift note {}: {it:?}", it.id))
    }
}
