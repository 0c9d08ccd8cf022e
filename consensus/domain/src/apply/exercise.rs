//! Exercises. One runs at a time. Ending it closes what bears the mark and is open, and leaves it readable as an exercise.
//!
//! A crew that calls mayday is in danger whatever is played: what it is on stays open. A caller whom an agent talks to, or at whom
//! it rings, is left to the agent.

use super::{Outcome, Work, accepted, call, incident, instruction, report, valid};
use crate::{
    EndExercise, EventKind, Exercise, ExerciseId, IncidentStatus, InstructionStatus, Millis, ReportStatus,
    StartExercise, limits, room_book::TouchedRoom, stored::Touched,
};

pub(super) fn start(work: &mut Work<'_>, command: &StartExercise) -> Outcome {
    valid::name("name", &command.name)?;
    valid::maybe_text("scenario", &command.scenario)?;
    if let Some(running) = work.state.exercise_running() {
        let message = format!("{} is running: end it first", running.id);
        return Err(valid::wrong_status("exercise", message));
    }
    let id = next_id(work)?;
    make_room(work);
    let exercise = Exercise {
        id,
        name: command.name.clone(),
        scenario: command.scenario.clone(),
        started_at_ms: work.now,
        started_by: work.by(),
        ended_at_ms: Millis(0),
        ended_by: None,
        note: String::new(),
        closed: 0,
        version: 1,
    };
    Ok(keep(work, exercise, EventKind::ExerciseStarted))
}

/// Of one that has ended it closes what an earlier entry left open, as long as no other one runs.
pub(super) fn end(work: &mut Work<'_>, command: &EndExercise) -> Outcome {
    valid::maybe_text("note", &command.note)?;
    let found = work.state.board.exercises.get(&command.exercise).cloned();
    let mut exercise = found.ok_or_else(|| valid::not_found("exercise", &command.exercise))?;
    if !exercise.is_running()
        && let Some(running) = work.state.exercise_running()
    {
        let message = format!("it is over, and {} is running: what is open is of that one", running.id);
        return Err(valid::wrong_status("exercise", message));
    }
    let closed = close_open(work, &exercise.id);
    let was_running = exercise.is_running();
    if !was_running && closed == 0 {
        return Ok(accepted(&exercise.id, exercise.version));
    }
    if was_running {
        exercise.ended_at_ms = work.now;
        exercise.ended_by = work.by();
        exercise.note.clone_from(&command.note);
    }
    exercise.closed = exercise.closed.saturating_add(closed);
    exercise.version += 1;
    Ok(keep(work, exercise, EventKind::ExerciseEnded))
}

/// Closes what is open and bears the mark, `limits::EXERCISE_CLOSED_AT_ONCE` of each sort; how many it closed.
fn close_open(work: &mut Work<'_>, exercise: &ExerciseId) -> u32 {
    let note = exercise.to_string();
    let at_once = limits::EXERCISE_CLOSED_AT_ONCE;
    let is_open = |status| !matches!(status, IncidentStatus::Closed | IncidentStatus::Merged);
    let incidents = work.state.incidents.values().filter(|it| it.exercise && is_open(it.status));
    let incidents: Vec<_> = incidents.take(at_once).map(|it| it.id.clone()).collect();
    let is_given = |status| matches!(status, InstructionStatus::Given | InstructionStatus::Taken);
    let instructions = work.state.instructions.values().filter(|it| it.exercise && is_given(it.status));
    let instructions: Vec<_> = instructions.take(at_once).map(|it| it.id.clone()).collect();
    let reports = work.state.reports.values().filter(|it| it.exercise && it.status != ReportStatus::Answered);
    let reports: Vec<_> = reports.take(at_once).map(|it| it.code.clone()).collect();
    let calls = work.state.book.calls.values().filter(|it| it.exercise && it.status.is_open());
    let calls: Vec<_> = calls.take(at_once).map(|it| it.id.clone()).collect();
    let mut closed = 0u32;
    for id in &instructions {
        closed += u32::from(instruction::cancel_drilled(work, id, &note));
    }
    for id in &incidents {
        closed += u32::from(incident::close_drilled(work, id, &note));
    }
    for code in &reports {
        closed += u32::from(report::answer_drilled(work, code, &note));
    }
    for id in &calls {
        closed += u32::from(call::end_drilled(work, id, &note));
    }
    closed
}

/// "E" and the number after the highest that is there. The newest never leaves.
fn next_id(work: &Work<'_>) -> Result<ExerciseId, crate::Refusal> {
    let numbers = work.state.board.exercises.keys().filter_map(|id| id.as_str().strip_prefix('E')?.parse::<u64>().ok());
    let number = numbers.max().unwrap_or(0).saturating_add(1);
    ExerciseId::new(&format!("E{number}")).map_err(|e| valid::invalid("exercise", e.remedy))
}

/// At the bound the one that ended the longest ago leaves; what it left stays marked.
fn make_room(work: &mut Work<'_>) {
    if work.state.board.exercises.len() < limits::EXERCISES_MAX {
        return;
    }
    let ended = work.state.board.exercises.values().filter(|it| !it.is_running());
    let oldest = ended.min_by_key(|it| (it.ended_at_ms, it.started_at_ms)).map(|it| it.id.clone());
    if let Some(id) = oldest {
        work.state.board.exercises.remove(&id);
        work.touch(Touched::Board(TouchedRoom::Exercise(id)));
    }
}

fn keep(work: &mut Work<'_>, exercise: Exercise, kind: EventKind) -> crate::Accepted {
    let outcome = accepted(&exercise.id, exercise.version);
    work.touch(Touched::Board(TouchedRoom::Exercise(exercise.id.clone())));
    work.emit(kind, &exercise.note, Some(exercise.clone().into()));
    work.state.board.exercises.insert(exercise.id.clone(), exercise);
    outcome
}
