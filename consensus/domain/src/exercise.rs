//! Exercises: a drill with data of its own on the real screens. What belongs to one bears the mark from entry to screen.

use serde::{Deserialize, Serialize};

use crate::{ExerciseId, Millis, PersonId, Subject, WarningPurpose, wire::record};

/// A drill as it stands. One runs at a time, so the time of a marked record says which one it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exercise {
    /// "E" and a number that grows.
    pub id: ExerciseId,
    /// What people call it.
    pub name: String,
    /// What is played; may be empty.
    pub scenario: String,
    /// When it began.
    pub started_at_ms: Millis,
    /// Who began it.
    pub started_by: Option<PersonId>,
    /// When it ended; unset: it runs.
    pub ended_at_ms: Millis,
    /// Who ended it.
    pub ended_by: Option<PersonId>,
    /// How it went; empty while it runs.
    pub note: String,
    /// Records that ending it closed.
    pub closed: u32,
    /// Grows with every change.
    pub version: u64,
}

record!(Exercise { id, name, scenario, started_at_ms, started_by, ended_at_ms, ended_by, note, closed, version });

impl Exercise {
    /// Whether it goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.ended_at_ms.is_set()
    }
}

impl Subject {
    /// Whether it is part of a drill: what counts the real things passes it over.
    #[must_use]
    pub fn is_exercise(&self) -> bool {
        match self {
            Self::Exercise(_) => true,
            Self::Incident(it) => it.exercise,
            Self::Instruction(it) => it.exercise,
            Self::Alarm(it) => it.exercise,
            Self::Sensor(it) => it.exercise,
            Self::Call(it) => it.exercise,
            Self::ShiftNote(it) => it.exercise,
            Self::DutyEntry(it) => it.exercise,
            Self::WaitingReport(it) => it.exercise,
            Self::Warning(it) => it.content.purpose == WarningPurpose::Exercise,
            Self::Room(it) => it.scene.as_ref().is_some_and(|scene| scene.exercise),
            Self::AdminUnit(_)
            | Self::District(_)
            | Self::Person(_)
            | Self::Unit(_)
            | Self::Readings(_)
            | Self::Camera(_)
            | Self::LiveNodes(_)
            | Self::Model(_)
            | Self::Tally(_)
            | Self::Agent(_)
            | Self::CallDesk(_) => false,
        }
    }
}
