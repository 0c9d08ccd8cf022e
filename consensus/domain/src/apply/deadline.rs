//! Deadlines: calendars, policies and duty posts as an administrator puts them; the clocks of incidents and instructions.
//!
//! | command | the clock before | after |
//! |---|---|---|
//! | (an incident opens, an instruction is given, a report is filed, one of them is opened again) | – | running |
//! | pause | running | paused |
//! | resume | paused | running, with the working time that was left |
//! | report progress | running | running, due at what was promised, its ladder from the first step |
//! | acknowledge | running or paused, past a step that nobody has acknowledged | the same, with who saw it |
//! | fire | running, at the next step's time | running, one step further |
//! | (what it measures is done; is cancelled) | running, paused | met; void |
//! | (the incident is merged; unmerged) | running; paused for that | paused; running |
//!
//! Firing names the clock's version, which every step raises: whoever fires late, twice or out of order changes nothing,
//! and whoever fires early is refused. So each step is taken once, whoever leads and however clocks stand.

mod config;

pub(super) use config::{put_calendar, put_policy, put_post};

use std::collections::BTreeSet;

use super::{Outcome, Work, accepted, incident, instruction, report, valid};
use crate::{
    Accepted, AcknowledgeClock, AdminUnitCode, Calendar, CalendarId, Clock, ClockKey, ClockStage, ClockStatus,
    DeadlinePolicy, DutyPostId, EventKind, FireDeadline, Incident, IncidentKind, Measured, Millis, Obligation,
    PauseClock, PersonId, Refusal, RefusalCode, ReportProgress, ResumeClock, State, Step, calendar,
    deadline::ClockTerms, limits,
};

/// What a policy is chosen by.
pub(super) struct Case<'a> {
    pub(super) kind: Option<IncidentKind>,
    pub(super) agency: &'a str,
    pub(super) admin_unit: &'a AdminUnitCode,
}

/// The policy that says most about the case: one that names the agency before one that names a place, a nearer place
/// before a farther one, one that names kinds before one for all; of equals the first by id.
pub(super) fn policy<'a>(state: &'a State, obligation: Obligation, case: &Case<'_>) -> Option<&'a DeadlinePolicy> {
    let fits = |policy: &&DeadlinePolicy| {
        !policy.disabled
            && policy.obligation == obligation
            && (policy.agency.is_empty() || policy.agency == case.agency)
            && (policy.kinds.is_empty() || case.kind.is_some_and(|kind| policy.kinds.contains(&kind)))
    };
    let ranked = state.deadline_policies.values().filter(fits).filter_map(|policy| {
        let nearness = match &policy.admin_unit {
            None => 0,
            Some(named) => nearness(state, named, case.admin_unit)?,
        };
        Some(((!policy.agency.is_empty(), nearness, !policy.kinds.is_empty()), policy))
    });
    // The first of the highest, in the order of ids.
    ranked.reduce(|best, next| if next.0 > best.0 { next } else { best }).map(|(_, policy)| policy)
}

/// How near an administrative unit is to one that lies in it, more is nearer; none: it does not lie there.
fn nearness(state: &State, above: &AdminUnitCode, code: &AdminUnitCode) -> Option<usize> {
    let mut at = code;
    for steps in 0..limits::ADMIN_DEPTH_MAX {
        if at == above {
            return Some(limits::ADMIN_DEPTH_MAX - steps);
        }
        at = state.admin_units.get(at)?.parent.as_ref()?;
    }
    None
}

/// Whether an administrative unit is another one, or lies in it.
pub(super) fn lies_in(state: &State, above: &AdminUnitCode, code: &AdminUnitCode) -> bool {
    nearness(state, above, code).is_some()
}

/// Starts the incident's clocks, in the round of how often it was opened again.
pub(super) fn start_for_incident(state: &State, incident: &mut Incident, now: Millis) {
    for obligation in [Obligation::Forward, Obligation::Answer] {
        let case = Case { kind: Some(incident.kind), agency: "", admin_unit: &incident.place.admin_unit };
        let Some(policy) = policy(state, obligation, &case) else { continue };
        let terms = terms(policy, number(&incident.clocks), incident.reopened_count);
        start(state, &mut incident.clocks, terms, now);
    }
}

/// What the policy asks, for a clock of that number and round.
pub(super) fn terms(policy: &DeadlinePolicy, number: u32, round: u32) -> ClockTerms {
    ClockTerms {
        number,
        obligation: policy.obligation,
        policy: Some(policy.id.clone()),
        round,
        calendar: policy.calendar.clone(),
        within_ms: policy.within_ms,
        steps: policy.steps.clone(),
    }
}

/// The number of the next clock.
pub(super) fn number(clocks: &[Clock]) -> u32 {
    clocks.last().map_or(1, |clock| clock.number.saturating_add(1))
}

/// Starts a clock. At the bound the oldest one that has ended leaves, but never one of the first round.
pub(super) fn start(state: &State, clocks: &mut Vec<Clock>, terms: ClockTerms, now: Millis) {
    let calendar = terms.calendar.as_ref().and_then(|id| state.calendars.get(id));
    let Some(clock) = Clock::start(terms, now, calendar) else { return };
    if clocks.len() >= limits::CLOCKS_MAX {
        let Some(at) = clocks.iter().position(|clock| !clock.is_open() && clock.round > 0) else { return };
        clocks.remove(at);
    }
    clocks.push(clock);
}

/// Ends the open clocks of these obligations.
pub(super) fn end(state: &State, clocks: &mut [Clock], obligations: &[Obligation], status: ClockStatus, now: Millis) {
    for clock in clocks.iter_mut().filter(|clock| clock.is_open() && obligations.contains(&clock.obligation)) {
        let calendar = clock.calendar.as_ref().and_then(|id| state.calendars.get(id));
        clock.end(status, now, calendar);
    }
}

/// Ends the clock of that number, if it is open.
pub(super) fn end_one(state: &State, clocks: &mut [Clock], number: u32, status: ClockStatus, now: Millis) {
    if let Some(clock) = clocks.iter_mut().find(|clock| clock.number == number && clock.is_open()) {
        let calendar = clock.calendar.as_ref().and_then(|id| state.calendars.get(id));
        clock.end(status, now, calendar);
    }
}

/// Holds what runs, for that reason.
pub(super) fn hold(state: &State, clocks: &mut [Clock], reason: &str, now: Millis) {
    for clock in clocks.iter_mut().filter(|clock| clock.status == ClockStatus::Running) {
        let calendar = clock.calendar.as_ref().and_then(|id| state.calendars.get(id));
        clock.pause(now, reason, calendar);
    }
}

/// Lets run again what was held for that reason.
pub(super) fn release(state: &State, clocks: &mut [Clock], reason: &str, now: Millis) {
    let is_held = |clock: &&mut Clock| clock.status == ClockStatus::Paused && clock.pause_reason == reason;
    for clock in clocks.iter_mut().filter(is_held) {
        let calendar = clock.calendar.as_ref().and_then(|id| state.calendars.get(id));
        clock.resume(now, calendar);
    }
}

pub(super) fn pause(work: &mut Work<'_>, command: &PauseClock) -> Outcome {
    valid::text("reason", &command.reason)?;
    let clock = find_version(work, &command.clock, command.expected_version)?;
    need(&clock, clock.status == ClockStatus::Running, "paused")?;
    let now = work.now;
    let paused = change(work, &command.clock, EventKind::ClockPaused, &command.reason, |clock, calendar| {
        clock.pause(now, &command.reason, calendar);
    });
    Ok(paused)
}

pub(super) fn resume(work: &mut Work<'_>, command: &ResumeClock) -> Outcome {
    let clock = find_version(work, &command.clock, command.expected_version)?;
    need(&clock, clock.status == ClockStatus::Paused, "resumed")?;
    if !may_run(work.state, &command.clock.of) {
        return Err(valid::wrong_status("clock", format!("{} is merged: unmerge it first", command.clock.of)));
    }
    let now = work.now;
    let note = clock.pause_reason;
    Ok(change(work, &command.clock, EventKind::ClockResumed, &note, |clock, calendar| clock.resume(now, calendar)))
}

/// A note of how far it is, with a photo and a promised time: the deadline is then what was promised. Who may promise without a
/// photo, `policy` says.
pub(super) fn report_progress(work: &mut Work<'_>, command: &ReportProgress) -> Outcome {
    valid::text("note", &command.note)?;
    let clock = find_version(work, &command.clock, command.expected_version)?;
    need(&clock, clock.status == ClockStatus::Running, "put off")?;
    if !matches!(
        clock.obligation,
        Obligation::Answer | Obligation::DoInstruction | Obligation::AnswerReport | Obligation::DoTask
    ) {
        let message = format!("{} cannot be put off by a note: do it", clock.obligation);
        return Err(valid::wrong_status("clock", message));
    }
    if command.photo_sha256.is_none() && !serves_none(work.state, &command.clock.of) {
        return Err(valid::invalid("photo_sha256", "is missing: name a photo that shows how far it is"));
    }
    let promised = command.promised_at_ms;
    if promised <= work.now || promised > work.now.plus(limits::PROMISE_MS_MAX) {
        let remedy = format!("promise a time within {} ms from now", limits::PROMISE_MS_MAX);
        return Err(valid::invalid("promised_at_ms", remedy));
    }
    let calendar = calendar_of(work.state, &clock);
    if calendar::between(calendar, work.now, promised) == 0 {
        return Err(valid::invalid("promised_at_ms", "nobody works until then: promise a time within working hours"));
    }
    let promises = usize::try_from(clock.promises).unwrap_or(usize::MAX);
    valid::within("promised_at_ms", promises.saturating_add(1), limits::PROMISES_MAX)?;
    let outcome = change(work, &command.clock, EventKind::ProgressReported, &command.note, |clock, calendar| {
        clock.promise(promised, command.photo_sha256, calendar);
    });
    Ok(outcome)
}

/// Whether it is an instruction that serves no incident: photos are an incident's or a report's.
fn serves_none(state: &State, of: &Measured) -> bool {
    let Measured::Instruction(id) = of else { return false };
    state.instructions.get(id).is_some_and(|instruction| instruction.incident.is_none())
}

/// Somebody has seen how late it is. What asks for it is a step: the next one asks anew.
pub(super) fn acknowledge(work: &mut Work<'_>, command: &AcknowledgeClock) -> Outcome {
    let by = work.by_person()?;
    let clock = find_version(work, &command.clock, command.expected_version)?;
    if !clock.is_alarming() {
        let message = match &clock.acknowledged_by {
            Some(who) => format!("{who} has acknowledged it: its next step asks anew"),
            None => format!("it is {} and {}: there is nothing to acknowledge", clock.status, clock.stage),
        };
        return Err(valid::wrong_status("clock", message));
    }
    let now = work.now;
    let note = format!("{} {} {}", command.clock, clock.obligation, clock.stage);
    let outcome = change(work, &command.clock, EventKind::ClockAcknowledged, &note, |clock, _| {
        clock.acknowledge(now, by);
    });
    Ok(outcome)
}

/// Sent by a timer, at least once, perhaps by two leaders and late: what is no longer so changes nothing.
pub(super) fn fire(work: &mut Work<'_>, command: &FireDeadline) -> Outcome {
    let clock = find(work, &command.clock)?;
    let is_waiting = clock.status == ClockStatus::Running
        && clock.version == command.version
        && clock.fired == command.step
        && clock.next_at_ms.is_set();
    if !is_waiting {
        return Ok(accepted(&command.clock, clock.version));
    }
    if work.now < clock.next_at_ms {
        let message = format!("its next step is at {}: come back then", clock.next_at_ms);
        return Err(Refusal::new(RefusalCode::NotDue, "clock", message));
    }
    let step = clock.next_step().cloned();
    let told = step.as_ref().map(|step| told(work.state, &command.clock.of, step, work.now)).unwrap_or_default();
    let kind = match step.map(|step| step.stage) {
        Some(ClockStage::NearlyLate) => EventKind::DeadlineNearlyLate,
        Some(ClockStage::Overdue) => EventKind::DeadlineOverdue,
        _ => EventKind::DeadlineLate,
    };
    let names: Vec<_> = told.iter().map(PersonId::as_str).collect();
    let note = format!("{} {} step {} told {}", command.clock, clock.obligation, clock.fired + 1, names.join(" "));
    let outcome = change(work, &command.clock, kind, note.trim_end(), |clock, calendar| clock.fire(told, calendar));
    let is_handover = clock.obligation == Obligation::AcknowledgeHandover && kind == EventKind::DeadlineLate;
    if is_handover && let Measured::Incident(id) = &command.clock.of {
        incident::escalate_handover(work, id, clock.number);
    }
    Ok(outcome)
}

/// Who has to do it, and who is on duty at the step's post; where nobody is, at the post above.
fn told(state: &State, of: &Measured, step: &Step, now: Millis) -> Vec<PersonId> {
    let mut told = BTreeSet::new();
    if let Measured::Instruction(id) = of {
        told.extend(state.instructions.get(id).and_then(|instruction| instruction.owner.clone()));
    }
    if let Some(post) = &step.post {
        told.extend(on_duty(state, post, now));
    }
    told.into_iter().take(limits::TOLD_MAX).collect()
}

pub(super) fn on_duty(state: &State, post: &DutyPostId, now: Millis) -> Vec<PersonId> {
    let mut at = Some(post);
    for _ in 0..limits::DUTY_ABOVE_MAX {
        let Some(post) = at.and_then(|id| state.duty_posts.get(id)) else { break };
        let found: Vec<_> = post.on_duty(now).cloned().collect();
        if !found.is_empty() {
            return found;
        }
        at = post.above.as_ref();
    }
    Vec::new()
}

/// Whether the clocks of it may run: not while it is folded into another.
fn may_run(state: &State, of: &Measured) -> bool {
    match of {
        Measured::Incident(id) => state.incidents.get(id).is_some_and(|incident| incident.merged_into.is_none()),
        Measured::Instruction(id) => state.instructions.contains_key(id),
        Measured::Report(code) => state.reports.contains_key(code),
    }
}

fn find(work: &Work<'_>, key: &ClockKey) -> Result<Clock, Refusal> {
    work.state.clock_of(key).cloned().ok_or_else(|| valid::not_found("clock", key))
}

fn find_version(work: &Work<'_>, key: &ClockKey, expected_version: u64) -> Result<Clock, Refusal> {
    let clock = find(work, key)?;
    if clock.version != expected_version {
        let message = format!("it is at version {}: look, then decide anew", clock.version);
        return Err(valid::version_conflict("expected_version", message));
    }
    Ok(clock)
}

fn need(clock: &Clock, can: bool, done: &str) -> Result<(), Refusal> {
    if can {
        return Ok(());
    }
    Err(valid::wrong_status("clock", format!("it is {}: it cannot be {done}", clock.status)))
}

fn calendar_of<'a>(state: &'a State, clock: &Clock) -> Option<&'a Calendar> {
    clock.calendar.as_ref().and_then(|id| state.calendars.get(id))
}

/// Changes one clock of what is there, and tells. The version of the incident or the instruction stays, as with a note.
fn change(
    work: &mut Work<'_>,
    key: &ClockKey,
    kind: EventKind,
    note: &str,
    change: impl FnOnce(&mut Clock, Option<&Calendar>),
) -> Accepted {
    let mut version = 0;
    let changed = |state: &State, clocks: &mut [Clock]| {
        if let Some(clock) = clocks.iter_mut().find(|clock| clock.number == key.number) {
            change(clock, calendar_of(state, clock));
            version = clock.version;
        }
    };
    match &key.of {
        Measured::Incident(id) => {
            if let Some(mut incident) = work.state.incidents.get(id).cloned() {
                changed(work.state, &mut incident.clocks);
                incident::keep_as_it_was(work, incident, kind, note);
            }
        }
        Measured::Instruction(id) => {
            if let Some(mut instruction) = work.state.instructions.get(id).cloned() {
                changed(work.state, &mut instruction.clocks);
                instruction::keep_as_it_was(work, instruction, kind, note);
            }
        }
        Measured::Report(code) => {
            if let Some(mut report) = work.state.reports.get(code).cloned() {
                changed(work.state, &mut report.clocks);
                // Its events have no subject: the note says which it is.
                let which = key.to_string();
                let note = if note.starts_with(&which) { note.to_owned() } else { format!("{which} {note}") };
                report::keep_as_it_was(work, report, kind, note.trim_end());
            }
        }
    }
    accepted(key, version)
}

/// The working time of a calendar changed: what runs by it is due at another time.
fn time_anew(work: &mut Work<'_>, id: &CalendarId) {
    let is_by_it = |key: &ClockKey| work.state.clock_of(key).is_some_and(|clock| clock.calendar.as_ref() == Some(id));
    let keys: Vec<_> = work.state.clocks_due.iter().map(|(_, key)| key).filter(|key| is_by_it(key)).cloned().collect();
    for key in keys {
        let Some(mut clock) = work.state.clock_of(&key).cloned() else { continue };
        let is_changed = clock.time(calendar_of(work.state, &clock));
        if is_changed {
            change(work, &key, EventKind::ClockTimed, id.as_str(), |clock, calendar| {
                clock.version += 1;
                clock.time(calendar);
            });
        }
    }
}
