//! Instructions: what a leader wants done.
//!
//! | command | from | to |
//! |---|---|---|
//! | give | – | given |
//! | take | given | taken |
//! | finish | given, taken | done |
//! | confirm | done, by nobody confirmed yet | the same, confirmed |
//! | cancel | given, taken | cancelled |
//! | reopen | done, cancelled | given |
//!
//! Giving one for an incident forwards the incident. A due time that was given counts around the clock; else a policy says
//! by when. Whoever changes one names the version that they saw.

use super::{Outcome, Work, accepted, deadline, incident, valid};
use crate::{
    Accepted, CancelInstruction, ClockStage, ClockStatus, ConfirmInstruction, EventKind, FinishInstruction,
    GiveInstruction, Incident, Instruction, InstructionId, InstructionStatus, Millis, Obligation, Refusal, RefusalCode,
    ReopenInstruction, State, Step, TakeInstruction, deadline::ClockTerms, limits, stored::Touched,
};

pub(super) fn give(work: &mut Work<'_>, command: &GiveInstruction) -> Outcome {
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
    let number = work.state.instructions_given.saturating_add(1);
    let id = InstructionId::new(&format!("T{number}")).map_err(|e| valid::invalid("instruction", e.remedy))?;
    work.state.instructions_given = number;
    let mut instruction = Instruction {
        id,
        title: command.title.clone(),
        about: command.about.clone(),
        incident: command.incident.clone(),
        admin_unit: command.admin_unit.clone(),
        agency: command.agency.clone(),
        owner: command.owner.clone(),
        status: InstructionStatus::Given,
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
        confirmed_by: None,
        confirmed_at_ms: Millis(0),
    };
    start_clocks(work.state, &mut instruction, served.as_ref(), command.due_at_ms, work.now);
    let outcome = keep(work, instruction, EventKind::InstructionGiven, "");
    if let Some(incident) = served {
        incident::forwarded(work, incident, &outcome.entity);
    }
    Ok(outcome)
}

pub(super) fn take(work: &mut Work<'_>, command: &TakeInstruction) -> Outcome {
    let mut instruction = find_version(work, &command.instruction, command.expected_version)?;
    need(&instruction, instruction.status == InstructionStatus::Given, "taken")?;
    instruction.status = InstructionStatus::Taken;
    instruction.taken_at_ms = work.now;
    instruction.taken_by = work.by();
    end(work, &mut instruction, &[Obligation::TakeInstruction], ClockStatus::Met);
    Ok(keep(work, instruction, EventKind::InstructionTaken, ""))
}

pub(super) fn finish(work: &mut Work<'_>, command: &FinishInstruction) -> Outcome {
    valid::maybe_text("note", &command.note)?;
    let mut instruction = find_version(work, &command.instruction, command.expected_version)?;
    need(&instruction, is_open(instruction.status), "done")?;
    instruction.status = InstructionStatus::Done;
    instruction.ended_at_ms = work.now;
    instruction.note.clone_from(&command.note);
    end(work, &mut instruction, &OBLIGATIONS, ClockStatus::Met);
    Ok(keep(work, instruction, EventKind::InstructionDone, &command.note))
}

/// Whoever gives instructions has seen that it is done. Sending it back is to open it again.
pub(super) fn confirm(work: &mut Work<'_>, command: &ConfirmInstruction) -> Outcome {
    let by = work.by_person()?;
    let mut instruction = find_version(work, &command.instruction, command.expected_version)?;
    need(&instruction, instruction.status == InstructionStatus::Done, "confirmed")?;
    if let Some(who) = &instruction.confirmed_by {
        return Err(valid::wrong_status("instruction", format!("{who} has confirmed it")));
    }
    if instruction.owner.as_ref() == Some(&by) {
        let message = "nobody confirms their own work: ask whoever gave it";
        return Err(Refusal::new(RefusalCode::Forbidden, "instruction", message));
    }
    (instruction.confirmed_by, instruction.confirmed_at_ms) = (Some(by), work.now);
    Ok(keep(work, instruction, EventKind::InstructionConfirmed, ""))
}

pub(super) fn cancel(work: &mut Work<'_>, command: &CancelInstruction) -> Outcome {
    valid::text("reason", &command.reason)?;
    let mut instruction = find_version(work, &command.instruction, command.expected_version)?;
    need(&instruction, is_open(instruction.status), "cancelled")?;
    instruction.status = InstructionStatus::Cancelled;
    instruction.ended_at_ms = work.now;
    instruction.note.clone_from(&command.reason);
    end(work, &mut instruction, &OBLIGATIONS, ClockStatus::Void);
    Ok(keep(work, instruction, EventKind::InstructionCancelled, &command.reason))
}

/// The drill is over: nobody has to do it any more. Whether that was so.
pub(super) fn cancel_drilled(work: &mut Work<'_>, id: &InstructionId, note: &str) -> bool {
    let found = work.state.instructions.get(id).filter(|it| is_open(it.status)).cloned();
    let Some(mut instruction) = found else { return false };
    instruction.status = InstructionStatus::Cancelled;
    instruction.ended_at_ms = work.now;
    note.clone_into(&mut instruction.note);
    end(work, &mut instruction, &OBLIGATIONS, ClockStatus::Void);
    keep(work, instruction, EventKind::InstructionCancelled, note);
    true
}

/// Its first clocks stay as they ended, and new ones run.
pub(super) fn reopen(work: &mut Work<'_>, command: &ReopenInstruction) -> Outcome {
    valid::text("reason", &command.reason)?;
    check_due(work.now, command.due_at_ms)?;
    let mut instruction = find_version(work, &command.instruction, command.expected_version)?;
    need(&instruction, !is_open(instruction.status), "reopened")?;
    instruction.status = InstructionStatus::Given;
    (instruction.taken_at_ms, instruction.taken_by, instruction.ended_at_ms) = (Millis(0), None, Millis(0));
    (instruction.confirmed_by, instruction.confirmed_at_ms) = (None, Millis(0));
    instruction.note.clone_from(&command.reason);
    instruction.reopened_count = instruction.reopened_count.saturating_add(1);
    let served = instruction.incident.as_ref().and_then(|id| work.state.incidents.get(id));
    start_clocks(work.state, &mut instruction, served, command.due_at_ms, work.now);
    Ok(keep(work, instruction, EventKind::InstructionReopened, &command.reason))
}

const OBLIGATIONS: [Obligation; 2] = [Obligation::TakeInstruction, Obligation::DoInstruction];

fn check_due(now: Millis, due: Millis) -> Result<(), Refusal> {
    if due.is_set() && (due <= now || due > now.plus(limits::DEADLINE_MS_MAX)) {
        let remedy = format!("choose a time within {} ms from now", limits::DEADLINE_MS_MAX);
        return Err(valid::invalid("due_at_ms", remedy));
    }
    Ok(())
}

fn start_clocks(state: &State, instruction: &mut Instruction, served: Option<&Incident>, due: Millis, now: Millis) {
    for obligation in OBLIGATIONS {
        let kind = served.map(|incident| incident.kind);
        let case = deadline::Case { kind, agency: &instruction.agency, admin_unit: &instruction.admin_unit };
        let policy = deadline::policy(state, obligation, &case);
        let (number, round) = (deadline::number(&instruction.clocks), instruction.reopened_count);
        let terms = policy.map(|policy| deadline::terms(policy, number, round));
        let terms = if obligation == Obligation::DoInstruction && due.is_set() {
            Some(by_the_hour(terms, number, round, due.since(now)))
        } else {
            terms
        };
        if let Some(terms) = terms {
            deadline::start(state, &mut instruction.clocks, terms, now);
        }
    }
}

/// "By 16:00": an hour of the day, whatever the calendar says. The ladder is that of the policy, if there is one.
fn by_the_hour(terms: Option<ClockTerms>, number: u32, round: u32, within_ms: u64) -> ClockTerms {
    let policy = terms.as_ref().and_then(|terms| terms.policy.clone());
    let mut steps = terms.map(|terms| terms.steps).unwrap_or_default();
    let nearly = i64::try_from(limits::INSTRUCTION_NEARLY_LATE_MS).unwrap_or(i64::MAX);
    if steps.is_empty() {
        steps = vec![
            Step { stage: ClockStage::NearlyLate, offset_ms: -nearly, post: None },
            Step { stage: ClockStage::Late, offset_ms: 0, post: None },
        ];
    }
    // A warning that would come before the instruction is none.
    let fits = |step: &Step| step.offset_ms >= 0 || step.offset_ms.unsigned_abs() < within_ms;
    // The policy counts back from its own time, which may be days: of an instruction for this afternoon its last warning comes as
    // without a policy, or there would be none.
    if let Some(last) = steps.iter_mut().rfind(|step| step.stage == ClockStage::NearlyLate)
        && !fits(last)
    {
        last.offset_ms = -nearly;
    }
    steps.retain(fits);
    ClockTerms { number, obligation: Obligation::DoInstruction, policy, round, calendar: None, within_ms, steps }
}

fn end(work: &Work<'_>, instruction: &mut Instruction, obligations: &[Obligation], status: ClockStatus) {
    deadline::end(work.state, &mut instruction.clocks, obligations, status, work.now);
}

/// Somebody has work with it still.
fn is_open(status: InstructionStatus) -> bool {
    matches!(status, InstructionStatus::Given | InstructionStatus::Taken)
}

fn find_version(work: &Work<'_>, id: &InstructionId, expected_version: u64) -> Result<Instruction, Refusal> {
    let instruction = work.state.instructions.get(id).cloned().ok_or_else(|| valid::not_found("instruction", id))?;
    if instruction.version != expected_version {
        let message = format!("it is at version {}: look, then decide anew", instruction.version);
        return Err(valid::version_conflict("expected_version", message));
    }
    Ok(instruction)
}

fn need(instruction: &Instruction, can: bool, done: &str) -> Result<(), Refusal> {
    if can {
        return Ok(());
    }
    Err(valid::wrong_status("instruction", format!("it is {}: it cannot be {done}", instruction.status)))
}

/// Keeps the instruction as a new version, tells, and writes the timelines.
fn keep(work: &mut Work<'_>, mut instruction: Instruction, kind: EventKind, note: &str) -> Accepted {
    instruction.version += 1;
    let outcome = accepted(&instruction.id, instruction.version);
    keep_as_it_was(work, instruction, kind, note);
    outcome
}

/// The same without a new version.
pub(super) fn keep_as_it_was(work: &mut Work<'_>, instruction: Instruction, kind: EventKind, note: &str) {
    work.emit_instruction(kind, note, &instruction);
    work.touch(Touched::Instruction(instruction.id.clone()));
    work.state.keep_instruction(instruction);
}

/// At the bound those that ended the longest ago leave memory; their timelines stay.
fn make_room(work: &mut Work<'_>) -> Result<(), Refusal> {
    if work.state.instructions.len() < limits::INSTRUCTIONS_MAX {
        return Ok(());
    }
    let ended = work.state.instructions.values().filter(|instruction| !is_open(instruction.status));
    let mut ended: Vec<_> = ended.map(|instruction| (instruction.ended_at_ms, instruction.id.clone())).collect();
    valid::within(
        "instruction",
        work.state.instructions.len() + usize::from(ended.is_empty()),
        limits::INSTRUCTIONS_MAX,
    )?;
    ended.sort_unstable();
    ended.truncate(limits::INSTRUCTIONS_DROPPED_AT_ONCE);
    for (_, id) in ended {
        work.state.drop_instruction(&id);
        work.touch(Touched::Instruction(id));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
