//! Several agencies on one incident: each has its own task, and all have one answer.
//!
//! | from | to |
//! |---|---|
//! | given | accepted, done, refused, withdrawn |
//! | accepted | done, refused, withdrawn |
//!
//! By when a task is to be done is said by a policy (`do_task`), by its agency first; its clock is one of the incident's.

use super::{find, find_version, is_live, keep, keep_as_it_was, need, sent};
use crate::{
    AnswerTask, ClockStatus, CombineAnswer, CombinedAnswer, EventKind, GiveTask, Incident, IncidentStatus, Millis,
    Obligation, Task, TaskStatus,
    apply::{Outcome, Work, accepted, deadline, valid},
    limits,
};

pub(in crate::apply) fn give(work: &mut Work<'_>, command: &GiveTask) -> Outcome {
    valid::name("agency", &command.agency)?;
    valid::text("text", &command.text)?;
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    need(&incident, is_live(incident.status), "given a task")?;
    valid::within("incident", incident.dispatch.tasks.len() + 1, limits::INCIDENT_TASKS_MAX)?;
    let clock = start_clock(work, &mut incident, &command.agency);
    let tasks = &mut incident.dispatch.tasks;
    tasks.push(Task {
        number: tasks.last().map_or(1, |task| task.number + 1),
        agency: command.agency.clone(),
        text: command.text.clone(),
        status: TaskStatus::Given,
        given_at_ms: work.now,
        given_by: work.by(),
        answer: String::new(),
        answered_at_ms: Millis(0),
        answered_by: None,
        clock,
    });
    // What was put together does not speak for the new task.
    incident.dispatch.answer = None;
    sent(work, &mut incident);
    let note = format!("{}: {}", command.agency, command.text);
    Ok(keep(work, incident, EventKind::IncidentTaskGiven, &note))
}

/// Names the task's status and not the incident's version: agencies answer side by side.
pub(in crate::apply) fn answer(work: &mut Work<'_>, command: &AnswerTask) -> Outcome {
    let must_say = matches!(command.status, TaskStatus::Done | TaskStatus::Refused);
    if must_say {
        valid::text("answer", &command.answer)?;
    } else {
        valid::maybe_text("answer", &command.answer)?;
    }
    let mut incident = find(work, "incident", &command.incident)?;
    let can = is_live(incident.status) || incident.status == IncidentStatus::Resolved;
    need(&incident, can, "answered for")?;
    let (now, by) = (work.now, work.by());
    let task = incident.dispatch.tasks.iter_mut().find(|task| task.number == command.task);
    let task = task.ok_or_else(|| valid::not_found("task", command.task))?;
    if task.status != command.expected_status {
        let message = format!("it is {} and not {}: look, then answer again", task.status, command.expected_status);
        return Err(valid::version_conflict("expected_status", message));
    }
    if task.status.is_settled() || command.status <= task.status {
        let message = format!("a task does not go from {} to {}", task.status, command.status);
        return Err(valid::wrong_status("status", message));
    }
    task.status = command.status;
    task.answer.clone_from(&command.answer);
    task.answered_at_ms = now;
    task.answered_by = by;
    let note = format!("{} {}: {}", task.agency, task.status, task.answer);
    let (clock, status) = (task.clock, task.status);
    if status.is_settled() {
        let ended = if status == TaskStatus::Done { ClockStatus::Met } else { ClockStatus::Void };
        deadline::end_one(work.state, &mut incident.clocks, clock, ended, now);
    }
    let outcome = accepted(&incident.id, incident.version);
    keep_as_it_was(work, incident, EventKind::IncidentTaskAnswered, &note);
    Ok(outcome)
}

/// The number of the task's clock; 0: no policy asks for one, or there is no room.
fn start_clock(work: &Work<'_>, incident: &mut Incident, agency: &str) -> u32 {
    let with_clock = incident.dispatch.tasks.iter().filter(|task| task.clock > 0).count();
    let case = deadline::Case { kind: Some(incident.kind), agency, admin_unit: &incident.place.admin_unit };
    let policy = deadline::policy(work.state, Obligation::DoTask, &case);
    let Some(policy) = policy.filter(|_| with_clock < limits::TASK_CLOCKS_MAX) else { return 0 };
    let number = deadline::number(&incident.clocks);
    let terms = deadline::terms(policy, number, incident.reopened_count);
    deadline::start(work.state, &mut incident.clocks, terms, work.now);
    incident.clocks.last().filter(|clock| clock.number == number).map_or(0, |clock| clock.number)
}

pub(in crate::apply) fn combine(work: &mut Work<'_>, command: &CombineAnswer) -> Outcome {
    valid::text("answer", &command.answer)?;
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    let can = is_live(incident.status) || incident.status == IncidentStatus::Resolved;
    need(&incident, can, "answered")?;
    let tasks = &incident.dispatch.tasks;
    if let Some(open) = tasks.iter().find(|task| !task.status.is_settled()) {
        let message =
            format!("task {} of {} is {}: wait for it, or withdraw it", open.number, open.agency, open.status);
        return Err(valid::wrong_status("incident", message));
    }
    if tasks.is_empty() {
        return Err(valid::wrong_status("incident", "no agency has a task: give one first"));
    }
    incident.dispatch.answer = Some(CombinedAnswer { text: command.answer.clone(), at_ms: work.now, by: work.by() });
    Ok(keep(work, incident, EventKind::IncidentAnswerCombined, &command.answer))
}
