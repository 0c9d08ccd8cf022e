//! Tasks from an instruction.
//!
//! | command | from | to |
//! |---|---|---|
//! | give | – | given |
//! | take | given | taken |
//! | finish | given, taken | done |
//! | cancel | given, taken | cancelled |
//! | reopen | done, cancelled | given |
//!
//! Giving one for an incident forwards the incident. A due time that was given counts around the clock; else a policy says
//! by when. Whoever changes one names the version that they saw.

use super::{Outcome, Work, accepted, deadline, incident, valid};
use crate::{
    Accepted, CancelTask, ClockStage, ClockStatus, EventKind, FinishTask, GiveTask, Incident, Millis, Obligation,
    Refusal, ReopenTask, State, Step, TakeTask, Task, TaskId, TaskStatus, deadline::Terms, limits, stored::Touched,
};

pub(super) fn give(work: &mut Work<'_>, command: &GiveTask) -> Outcome {
    valid::name("title", &command.title)?;
    valid::maybe_name("about", &command.about)?;
    valid::maybe_name("agency", &command.agency)?;
    if command.agency.trim().is_empty() && command.owner.is_none() {
        return Err(valid::invalid("owner", "is missing: name a person, or an agency"));
    }
    if !work.state.admin_units.contains_key(&command.admin_unit) {
        return Err(valid::not_found("admin_unit", &command.admin_unit));
    }
    if let Some(owner) = &command.owner
        && work.state.persons.get(owner).is_none_or(|person| person.disabled)
    {
        return Err(valid::not_found("owner", owner));
    }
    check_due(work.now, command.due_at_ms)?;
    let served = command.incident.as_ref().map(|id| incident::find(work, "incident", id)).transpose()?;
    if let Some(incident) = &served {
        incident::need_live(incident, "given to somebody")?;
        if incident.exercise != command.exercise {
            let message = "a drill and the real thing never mix: name one of the same kind";
            return Err(valid::wrong_status("incident", message));
        }
    }
    make_room(work)?;
    let number = work.state.tasks_given.saturating_add(1);
    let id = TaskId::new(&format!("T{number}")).map_err(|e| valid::invalid("task", e.remedy))?;
    work.state.tasks_given = number;
    let mut task = Task {
        id,
        title: command.title.clone(),
        about: command.about.clone(),
        incident: command.incident.clone(),
        admin_unit: command.admin_unit.clone(),
        agency: command.agency.clone(),
        owner: command.owner.clone(),
        status: TaskStatus::Given,
        given_by: work.by(),
        given_at_ms: work.now,
        taken_at_ms: Millis(0),
        taken_by: None,
        ended_at_ms: Millis(0),
        note: String::new(),
        reopened_count: 0,
        clocks: Vec::new(),
        version: 0,
        exercise: command.exercise,
    };
    start_clocks(work.state, &mut task, served.as_ref(), command.due_at_ms, work.now);
    let outcome = keep(work, task, EventKind::TaskGiven, "");
    if let Some(incident) = served {
        incident::forwarded(work, incident, &outcome.entity);
    }
    Ok(outcome)
}

pub(super) fn take(work: &mut Work<'_>, command: &TakeTask) -> Outcome {
    let mut task = find_version(work, &command.task, command.expected_version)?;
    need(&task, task.status == TaskStatus::Given, "taken")?;
    task.status = TaskStatus::Taken;
    task.taken_at_ms = work.now;
    task.taken_by = work.by();
    end(work, &mut task, &[Obligation::TakeTask], ClockStatus::Met);
    Ok(keep(work, task, EventKind::TaskTaken, ""))
}

pub(super) fn finish(work: &mut Work<'_>, command: &FinishTask) -> Outcome {
    valid::maybe_text("note", &command.note)?;
    let mut task = find_version(work, &command.task, command.expected_version)?;
    need(&task, is_open(task.status), "done")?;
    task.status = TaskStatus::Done;
    task.ended_at_ms = work.now;
    task.note.clone_from(&command.note);
    end(work, &mut task, &OBLIGATIONS, ClockStatus::Met);
    Ok(keep(work, task, EventKind::TaskDone, &command.note))
}

pub(super) fn cancel(work: &mut Work<'_>, command: &CancelTask) -> Outcome {
    valid::text("reason", &command.reason)?;
    let mut task = find_version(work, &command.task, command.expected_version)?;
    need(&task, is_open(task.status), "cancelled")?;
    task.status = TaskStatus::Cancelled;
    task.ended_at_ms = work.now;
    task.note.clone_from(&command.reason);
    end(work, &mut task, &OBLIGATIONS, ClockStatus::Void);
    Ok(keep(work, task, EventKind::TaskCancelled, &command.reason))
}

/// Its first clocks stay as they ended, and new ones run.
pub(super) fn reopen(work: &mut Work<'_>, command: &ReopenTask) -> Outcome {
    valid::text("reason", &command.reason)?;
    check_due(work.now, command.due_at_ms)?;
    let mut task = find_version(work, &command.task, command.expected_version)?;
    need(&task, !is_open(task.status), "reopened")?;
    task.status = TaskStatus::Given;
    (task.taken_at_ms, task.taken_by, task.ended_at_ms) = (Millis(0), None, Millis(0));
    task.note.clone_from(&command.reason);
    task.reopened_count = task.reopened_count.saturating_add(1);
    let served = task.incident.as_ref().and_then(|id| work.state.incidents.get(id));
    start_clocks(work.state, &mut task, served, command.due_at_ms, work.now);
    Ok(keep(work, task, EventKind::TaskReopened, &command.reason))
}

const OBLIGATIONS: [Obligation; 2] = [Obligation::TakeTask, Obligation::DoTask];

fn check_due(now: Millis, due: Millis) -> Result<(), Refusal> {
    if due.is_set() && (due <= now || due > now.plus(limits::DEADLINE_MS_MAX)) {
        let remedy = format!("choose a time within {} ms from now", limits::DEADLINE_MS_MAX);
        return Err(valid::invalid("due_at_ms", remedy));
    }
    Ok(())
}

fn start_clocks(state: &State, task: &mut Task, served: Option<&Incident>, due: Millis, now: Millis) {
    for obligation in OBLIGATIONS {
        let kind = served.map(|incident| incident.kind);
        let case = deadline::Case { kind, agency: &task.agency, admin_unit: &task.admin_unit };
        let policy = deadline::policy(state, obligation, &case);
        let (number, round) = (deadline::number(&task.clocks), task.reopened_count);
        let terms = policy.map(|policy| deadline::terms(policy, number, round));
        let terms = if obligation == Obligation::DoTask && due.is_set() {
            Some(by_the_hour(terms, number, round, due.since(now)))
        } else {
            terms
        };
        if let Some(terms) = terms {
            deadline::start(state, &mut task.clocks, terms, now);
        }
    }
}

/// "By 16:00": an hour of the day, whatever the calendar says. The ladder is that of the policy, if there is one.
fn by_the_hour(terms: Option<Terms>, number: u32, round: u32, within_ms: u64) -> Terms {
    let policy = terms.as_ref().and_then(|terms| terms.policy.clone());
    let mut steps = terms.map(|terms| terms.steps).unwrap_or_default();
    if steps.is_empty() {
        let nearly = i64::try_from(limits::TASK_NEARLY_LATE_MS).unwrap_or(i64::MAX);
        steps = vec![
            Step { stage: ClockStage::NearlyLate, offset_ms: -nearly, post: None },
            Step { stage: ClockStage::Late, offset_ms: 0, post: None },
        ];
    }
    // A warning that would come before the task is none.
    steps.retain(|step| step.offset_ms >= 0 || step.offset_ms.unsigned_abs() < within_ms);
    Terms { number, obligation: Obligation::DoTask, policy, round, calendar: None, within_ms, steps }
}

fn end(work: &Work<'_>, task: &mut Task, obligations: &[Obligation], status: ClockStatus) {
    deadline::end(work.state, &mut task.clocks, obligations, status, work.now);
}

/// Somebody has work with it still.
fn is_open(status: TaskStatus) -> bool {
    matches!(status, TaskStatus::Given | TaskStatus::Taken)
}

fn find_version(work: &Work<'_>, id: &TaskId, expected_version: u64) -> Result<Task, Refusal> {
    let task = work.state.tasks.get(id).cloned().ok_or_else(|| valid::not_found("task", id))?;
    if task.version != expected_version {
        let message = format!("it is at version {}: look, then decide anew", task.version);
        return Err(valid::version_conflict("expected_version", message));
    }
    Ok(task)
}

fn need(task: &Task, can: bool, done: &str) -> Result<(), Refusal> {
    if can {
        return Ok(());
    }
    Err(valid::wrong_status("task", format!("it is {}: it cannot be {done}", task.status)))
}

/// Keeps the task as a new version, tells, and writes the timelines.
fn keep(work: &mut Work<'_>, mut task: Task, kind: EventKind, note: &str) -> Accepted {
    task.version += 1;
    let outcome = accepted(&task.id, task.version);
    keep_as_it_was(work, task, kind, note);
    outcome
}

/// The same without a new version.
pub(super) fn keep_as_it_was(work: &mut Work<'_>, task: Task, kind: EventKind, note: &str) {
    work.emit_task(kind, note, &task);
    work.touch(Touched::Task(task.id.clone()));
    work.state.keep_task(task);
}

/// At the bound those that ended the longest ago leave memory; their timelines stay.
fn make_room(work: &mut Work<'_>) -> Result<(), Refusal> {
    if work.state.tasks.len() < limits::TASKS_MAX {
        return Ok(());
    }
    let ended = work.state.tasks.values().filter(|task| !is_open(task.status));
    let mut ended: Vec<_> = ended.map(|task| (task.ended_at_ms, task.id.clone())).collect();
    valid::within("task", work.state.tasks.len() + usize::from(ended.is_empty()), limits::TASKS_MAX)?;
    ended.sort_unstable();
    ended.truncate(limits::TASKS_DROPPED_AT_ONCE);
    for (_, id) in ended {
        work.state.drop_task(&id);
        work.touch(Touched::Task(id));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
