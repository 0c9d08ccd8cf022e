//! The part of group 0's state that is about exercises and rooms.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::{
    Exercise, ExerciseId, Millis, Room, RoomId, Row, RowChange, ShiftNote, ShiftNoteId, State, rows,
    stored::same_key,
    wire::{Malformed, Record},
};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RoomBook {
    pub(crate) exercises: BTreeMap<ExerciseId, Exercise>,
    pub(crate) rooms: BTreeMap<RoomId, Room>,
    pub(crate) shift_notes: BTreeMap<ShiftNoteId, ShiftNote>,
}

/// Names a row of the book that an entry touched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TouchedRoom {
    Exercise(ExerciseId),
    Room(RoomId),
    ShiftNote(ShiftNoteId),
}

impl RoomBook {
    /// How many records it holds.
    pub(crate) fn len(&self) -> usize {
        self.exercises.len() + self.rooms.len() + self.shift_notes.len()
    }

    /// Every row of it, in order of table, then of key.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Row> + '_ {
        let rooms = self.rooms.iter().map(|(id, record)| row(rows::room_key(id), record));
        let exercises = self.exercises.iter().map(|(id, record)| row(rows::exercise_key(id), record));
        let shift_notes = self.shift_notes.iter().map(|(id, record)| row(rows::shift_note_key(id), record));
        rooms.chain(exercises).chain(shift_notes)
    }

    /// The row as it stands after the entry: put, or gone.
    pub(crate) fn row_change(&self, touched: &TouchedRoom) -> RowChange {
        match touched {
            TouchedRoom::Exercise(id) => change(rows::exercise_key(id), self.exercises.get(id)),
            TouchedRoom::Room(id) => change(rows::room_key(id), self.rooms.get(id)),
            TouchedRoom::ShiftNote(id) => change(rows::shift_note_key(id), self.shift_notes.get(id)),
        }
    }

    /// Whether rows of this table are its own.
    pub(crate) fn reads(table: u8) -> bool {
        matches!(table, rows::ROOMS | rows::EXERCISES | rows::SHIFT_NOTES)
    }

    /// Takes a row of one of these tables.
    pub(crate) fn read_row(&mut self, key: &Bytes, value: &Bytes) -> Result<(), Malformed> {
        match key.first().copied() {
            Some(rows::ROOMS) => {
                let record = Room::decode(value)?;
                same_key(key, &rows::room_key(&record.id))?;
                self.rooms.insert(record.id.clone(), record);
            }
            Some(rows::EXERCISES) => {
                let record = Exercise::decode(value)?;
                same_key(key, &rows::exercise_key(&record.id))?;
                self.exercises.insert(record.id.clone(), record);
            }
            _ => {
                let record = ShiftNote::decode(value)?;
                same_key(key, &rows::shift_note_key(&record.id))?;
                self.shift_notes.insert(record.id.clone(), record);
            }
        }
        Ok(())
    }
}

fn row(key: Bytes, record: &impl Record) -> Row {
    Row { key, value: record.encode().into() }
}

fn change(key: Bytes, record: Option<&impl Record>) -> RowChange {
    match record {
        Some(record) => RowChange::Put(row(key, record)),
        None => RowChange::Delete(key),
    }
}

impl State {
    /// Exercises, those that ended lately included (group 0).
    #[must_use]
    pub fn exercises(&self) -> &BTreeMap<ExerciseId, Exercise> {
        &self.board.exercises
    }

    /// The exercise that runs (group 0).
    #[must_use]
    pub fn exercise_running(&self) -> Option<&Exercise> {
        self.board.exercises.values().find(|exercise| exercise.is_running())
    }

    /// Command rooms (group 0).
    #[must_use]
    pub fn rooms(&self) -> &BTreeMap<RoomId, Room> {
        &self.board.rooms
    }

    /// What shifts left to the next, acknowledged ones included (group 0).
    #[must_use]
    pub fn shift_notes(&self) -> &BTreeMap<ShiftNoteId, ShiftNote> {
        &self.board.shift_notes
    }

    /// When each shift note that nobody has acknowledged is late (group 0).
    pub fn shift_notes_due(&self) -> impl Iterator<Item = (Millis, &ShiftNoteId)> {
        let waits = |it: &&ShiftNote| !it.acknowledged_at_ms.is_set() && !it.late_at_ms.is_set();
        self.board.shift_notes.values().filter(waits).map(|it| (it.due_at_ms, &it.id))
    }
}
