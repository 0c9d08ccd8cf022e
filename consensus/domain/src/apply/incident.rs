//! Incidents. Whoever changes one names the version that they saw; a note changes nothing and needs none.
//!
//! | command | from | to |
//! |---|---|---|
//! | open, feed (a new one) | – | opened |
//! | acknowledge | opened | acknowledged |
//! | assign, with units | opened, acknowledged, assigned | assigned |
//! | assign, without; the last unit leaves | opened, acknowledged, assigned | acknowledged |
//! | amend | opened, acknowledged, assigned | the same |
//! | resolve | opened, acknowledged, assigned | resolved |
//! | close | opened, acknowledged, assigned, resolved | closed |
//! | reopen | resolved, closed | opened |
//! | merge | opened, acknowledged, assigned, resolved; into one that is not done | merged |
//! | unmerge | merged | what it was; acknowledged if it was assigned and none of its units came back |
//! | escalate | opened | opened |
//! | feed, note | any (feed: not closed, not merged) | the same |
//! | expire an offer | assigned | assigned with the next unit, or acknowledged |
//! | give a task | opened, acknowledged, assigned | the same |
//! | answer a task, combine the answers | opened, acknowledged, assigned, resolved | the same |
//! | offer, answer, withdraw a hand-over | opened, acknowledged, assigned | the same |
//! | receive a hand-over (a new one) | – | opened |
//! | suggest, decide on a suggestion | opened, acknowledged, assigned | the same; merged, if it is a duplicate |
//!
//! The deadline to acknowledge runs exactly while an incident is opened and can still climb a level.

mod assign;
mod attention;
mod feed;
mod gather;
mod handover;
mod leave;
mod merge;
mod offer;
mod suggestion;
mod task;

pub(super) use assign::{assign, unit_left};
pub(super) use attention::{acknowledge as acknowledge_attention, raise as raise_attention};
pub(super) use feed::feed;
pub(super) use gather::{
    Telling, forget_words, heard_in, join as join_report, join_alarm, leave_alarm, open as open_report,
    part as part_report, part_alarm,
};
pub(super) use handover::{
    answer as answer_handover, escalate as escalate_handover, offer as offer_handover, receive as receive_handover,
    retract as retract_handover, withdraw as withdraw_handover,
};
pub(super) use merge::{merge, unmerge};
pub(super) use offer::{expire as expire_offer, remind as remind_offer};
pub(super) use suggestion::{decide, suggest};
pub(super) use task::{answer as answer_task, combine as combine_answer, give as give_task};

use super::{Outcome, Work, accepted, deadline, report, valid};
#[cfg(feature = "seeded-bugs")]
use crate::bugs::{Bug, is_made};
use crate::{
    Accepted, AcknowledgeIncident, AmendIncident, ClockStatus, CloseIncident, Dispatch, EscalateIncident, EventKind,
    Incident, IncidentId, IncidentKind, IncidentStatus, Millis, NoteIncident, Obligation, OpenIncident, Origin,
    PersonId, Place, Refusal, RefusalCode, ReopenIncident, ResolveIncident, Severity, Source, Unit, limits,
    policy::Matter, stored::Touched,
};

pub(super) fn open(work: &mut Work<'_>, command: &OpenIncident) -> Outcome {
    valid::text("summary", &command.summary)?;
    valid::place("place", &command.place)?;
    match &command.source.origin {
        Origin::Alarm(_) => {
            return Err(valid::invalid(
                "source.origin",
                "is an alarm, which feeds by itself: name a report or a person",
            ));
        }
        Origin::Report(reference) => valid::name("source.origin.report", reference)?,
        Origin::Person(person) => {
            if work.by().is_some_and(|by| by != *person) {
                return Err(valid::invalid("source.origin.person", "is somebody else: name yourself"));
            }
        }
    }
    let origin = command.source.origin.clone();
    let source = Source { origin, episode: 0, version: 0, active: false, at_ms: work.now, alarm_report: None };
    let facts = Facts {
        kind: command.kind,
        severity: command.severity,
        place: command.place.clone(),
        summary: command.summary.clone(),
        exercise: command.exercise,
        place_is_mapped: command.place_is_mapped,
    };
    open_new(work, facts, source)
}

/// A crew in danger that is on no incident: the worst there is, where it was last seen.
pub(super) fn open_mayday(work: &mut Work<'_>, unit: &Unit) -> Result<IncidentId, Refusal> {
    let origin = work.by().map_or_else(|| Origin::Report(format!("mayday {}", unit.id)), Origin::Person);
    let source = Source { origin, episode: 0, version: 0, active: false, at_ms: work.now, alarm_report: None };
    let facts = Facts {
        kind: IncidentKind::Other,
        severity: Severity::Critical,
        place: unit.position.clone(),
        summary: format!("MAYDAY {}", unit.name),
        exercise: false,
        place_is_mapped: false,
    };
    open_incident(work, facts, source).map(|(id, _)| id)
}

/// What is known when an incident opens.
struct Facts {
    kind: IncidentKind,
    severity: Severity,
    place: Place,
    summary: String,
    exercise: bool,
    place_is_mapped: bool,
}

fn open_new(work: &mut Work<'_>, facts: Facts, source: Source) -> Outcome {
    open_incident(work, facts, source).map(|(_, outcome)| outcome)
}

fn open_incident(work: &mut Work<'_>, facts: Facts, source: Source) -> Result<(IncidentId, Accepted), Refusal> {
    leave::make_room(work)?;
    let number = work.state.incidents_opened.saturating_add(1);
    let id = IncidentId::new(&format!("I{number}")).map_err(|e| valid::invalid("incident", e.remedy))?;
    work.state.incidents_opened = number;
    let mut incident = Incident {
        id,
        kind: facts.kind,
        severity: facts.severity,
        place: facts.place,
        summary: facts.summary,
        status: IncidentStatus::Opened,
        sources: vec![source],
        units: Vec::new(),
        opened_at_ms: work.now,
        opened_by: work.by(),
        acknowledged_at_ms: Millis(0),
        acknowledged_by: None,
        closed_at_ms: Millis(0),
        merged_into: None,
        status_before_merge: None,
        units_before_merge: Vec::new(),
        acknowledge_due_at_ms: Millis(0),
        escalation_level: 0,
        reopened_count: 0,
        version: 0,
        exercise: facts.exercise,
        place_is_mapped: facts.place_is_mapped,
        suggestions: Vec::new(),
        clocks: Vec::new(),
        dispatch: Dispatch::default(),
    };
    start_deadline(&mut incident, work.now);
    deadline::start_for_incident(work.state, &mut incident, work.now);
    let id = incident.id.clone();
    Ok((id, keep(work, incident, EventKind::IncidentOpened, "")))
}

pub(super) fn amend(work: &mut Work<'_>, command: &AmendIncident) -> Outcome {
    valid::text("summary", &command.summary)?;
    valid::place("place", &command.place)?;
    let former = find_version(work, &command.incident, command.expected_version)?;
    need(&former, is_live(former.status), "amended")?;
    let mut incident = former.clone();
    incident.kind = command.kind;
    incident.severity = command.severity;
    incident.summary.clone_from(&command.summary);
    if incident.place != command.place {
        incident.place = command.place.clone();
        incident.place_is_mapped = false;
    }
    if incident == former {
        return Ok(accepted(&incident.id, incident.version));
    }
    hasten_deadline(&mut incident, work.now);
    Ok(keep(work, incident, EventKind::IncidentAmended, ""))
}

/// The note is in the timeline only: it does not spoil the version that somebody else is about to name.
pub(super) fn note(work: &mut Work<'_>, command: &NoteIncident) -> Outcome {
    valid::text("note", &command.note)?;
    let incident = find(work, "incident", &command.incident)?;
    let outcome = accepted(&incident.id, incident.version);
    work.emit(EventKind::IncidentNoted, &command.note, Some(incident.into()));
    work.write_timeline(&command.incident);
    Ok(outcome)
}

pub(super) fn acknowledge(work: &mut Work<'_>, command: &AcknowledgeIncident) -> Outcome {
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    need(&incident, incident.status == IncidentStatus::Opened, "acknowledged")?;
    incident.status = IncidentStatus::Acknowledged;
    mark_seen(&mut incident, work.now, work.by());
    Ok(keep(work, incident, EventKind::IncidentAcknowledged, ""))
}

pub(super) fn resolve(work: &mut Work<'_>, command: &ResolveIncident) -> Outcome {
    valid::maybe_text("note", &command.note)?;
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    need(&incident, is_live(incident.status), "resolved")?;
    assign::release_all(work, &mut incident)?;
    incident.status = IncidentStatus::Resolved;
    incident.acknowledge_due_at_ms = Millis(0);
    let waited = answered(work, &mut incident);
    let outcome = keep(work, incident, EventKind::IncidentResolved, &command.note);
    handover::tell_withdrawn(work, &command.incident, &waited);
    Ok(outcome)
}

pub(super) fn close(work: &mut Work<'_>, command: &CloseIncident) -> Outcome {
    valid::maybe_text("note", &command.note)?;
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    let can = is_live(incident.status) || incident.status == IncidentStatus::Resolved;
    need(&incident, can, "closed")?;
    assign::release_all(work, &mut incident)?;
    incident.status = IncidentStatus::Closed;
    incident.closed_at_ms = work.now;
    incident.acknowledge_due_at_ms = Millis(0);
    let waited = answered(work, &mut incident);
    let outcome = keep(work, incident, EventKind::IncidentClosed, &command.note);
    handover::tell_withdrawn(work, &command.incident, &waited);
    report::incident_closed(work, &command.incident, &command.note);
    Ok(outcome)
}

pub(super) fn reopen(work: &mut Work<'_>, command: &ReopenIncident) -> Outcome {
    valid::text("reason", &command.reason)?;
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    let can = matches!(incident.status, IncidentStatus::Resolved | IncidentStatus::Closed);
    need(&incident, can, "reopened")?;
    incident.status = IncidentStatus::Opened;
    incident.closed_at_ms = Millis(0);
    incident.escalation_level = 0;
    incident.reopened_count = incident.reopened_count.saturating_add(1);
    start_deadline(&mut incident, work.now);
    // The first clocks stay as they ended, beside the new ones.
    deadline::start_for_incident(work.state, &mut incident, work.now);
    let outcome = keep(work, incident, EventKind::IncidentReopened, &command.reason);
    report::incident_reopened(work, &command.incident);
    Ok(outcome)
}

/// The drill is over. A crew in danger stays with what it is on. Whether it was closed.
pub(super) fn close_drilled(work: &mut Work<'_>, id: &IncidentId, note: &str) -> bool {
    let Ok(mut incident) = find(work, "incident", id) else { return false };
    if assign::release_all(work, &mut incident).is_err() {
        return false;
    }
    incident.status = IncidentStatus::Closed;
    incident.closed_at_ms = work.now;
    incident.acknowledge_due_at_ms = Millis(0);
    let waited = answered(work, &mut incident);
    keep(work, incident, EventKind::IncidentClosed, note);
    handover::tell_withdrawn(work, id, &waited);
    report::settle_own(work, id, note);
    true
}

/// Sent by a timer, at least once, perhaps by two leaders: what is no longer so changes nothing.
pub(super) fn escalate(work: &mut Work<'_>, command: &EscalateIncident) -> Outcome {
    let mut incident = find(work, "incident", &command.incident)?;
    let is_waiting = incident.acknowledge_due_at_ms.is_set() && incident.escalation_level == command.from_level;
    if !is_waiting {
        return Ok(accepted(&incident.id, incident.version));
    }
    if work.now < incident.acknowledge_due_at_ms {
        let message = format!("it is due at {}: come back then", incident.acknowledge_due_at_ms);
        return Err(Refusal::new(RefusalCode::NotDue, "incident", message));
    }
    incident.escalation_level += 1;
    let can_climb = incident.escalation_level < limits::ESCALATION_LEVEL_MAX;
    let next = incident.acknowledge_due_at_ms.plus(acknowledge_within_ms(incident.severity));
    #[cfg(feature = "seeded-bugs")]
    let next = if is_made(Bug::EscalatedAtOnce) { incident.acknowledge_due_at_ms } else { next };
    incident.acknowledge_due_at_ms = if can_climb { next } else { Millis(0) };
    Ok(keep(work, incident, EventKind::IncidentEscalated, ""))
}

/// An instruction was given for the incident: it is forwarded. The version stays, as the instruction is what changed.
pub(super) fn forwarded(work: &mut Work<'_>, mut incident: Incident, note: &str) {
    if sent(work, &mut incident) {
        keep_as_it_was(work, incident, EventKind::IncidentForwarded, note);
    }
}

/// Whether that ended a clock.
fn sent(work: &Work<'_>, incident: &mut Incident) -> bool {
    let is_waiting = incident.clocks.iter().any(|it| it.is_open() && it.obligation == Obligation::Forward);
    deadline::end(work.state, &mut incident.clocks, &[Obligation::Forward], ClockStatus::Met, work.now);
    is_waiting
}

/// It is answered, and with that all that was to be done in time; who was asked to take it over need not say any more: their
/// numbers.
fn answered(work: &Work<'_>, incident: &mut Incident) -> Vec<u32> {
    let waited = handover::withdraw_waiting(incident, work.now);
    deadline::end(work.state, &mut incident.clocks, Obligation::ALL, ClockStatus::Met, work.now);
    waited
}

/// Refuses what is no longer worked on.
pub(super) fn need_live(incident: &Incident, done: &str) -> Result<(), Refusal> {
    need(incident, is_live(incident.status), done)
}

/// Somebody has work with it still.
fn is_live(status: IncidentStatus) -> bool {
    matches!(status, IncidentStatus::Opened | IncidentStatus::Acknowledged | IncidentStatus::Assigned)
}

pub(super) fn find(work: &Work<'_>, field: &str, id: &IncidentId) -> Result<Incident, Refusal> {
    work.state.incidents.get(id).cloned().ok_or_else(|| valid::not_found(field, id))
}

fn find_version(work: &Work<'_>, id: &IncidentId, expected_version: u64) -> Result<Incident, Refusal> {
    let incident = find(work, "incident", id)?;
    if incident.version != expected_version {
        let message = format!("it is at version {}: look, then decide anew", incident.version);
        return Err(valid::version_conflict("expected_version", message));
    }
    Ok(incident)
}

fn need(incident: &Incident, can: bool, done: &str) -> Result<(), Refusal> {
    if can {
        return Ok(());
    }
    Err(valid::wrong_status("incident", format!("it is {}: it cannot be {done}", incident.status)))
}

/// Keeps the incident as a new version, tells, and writes the timeline.
fn keep(work: &mut Work<'_>, mut incident: Incident, kind: EventKind, note: &str) -> Accepted {
    incident.version += 1;
    let outcome = accepted(&incident.id, incident.version);
    keep_as_it_was(work, incident, kind, note);
    outcome
}

/// The same without a new version.
pub(super) fn keep_as_it_was(work: &mut Work<'_>, incident: Incident, kind: EventKind, note: &str) {
    work.emit_incident(kind, note, &incident);
    keep_quietly(work, incident);
}

/// Keeps the incident, and tells nobody of it.
fn keep_quietly(work: &mut Work<'_>, incident: Incident) {
    let id = incident.id.clone();
    let former = work.state.incidents.get(&id).map(Matter::of_incident);
    let is_anothers = former.is_some_and(|former| former != Matter::of_incident(&incident));
    work.touch(Touched::Incident(id.clone()));
    work.state.keep_incident(incident);
    if is_anothers {
        report::incident_in_other_hands(work, &id);
    }
}

fn acknowledge_within_ms(severity: Severity) -> u64 {
    limits::ACKNOWLEDGE_WITHIN_MS[severity.level() - 1]
}

/// Starts the deadline to acknowledge, unless the incident has climbed as far as it can.
fn start_deadline(incident: &mut Incident, now: Millis) {
    let can_climb = incident.escalation_level < limits::ESCALATION_LEVEL_MAX;
    let due = now.plus(acknowledge_within_ms(incident.severity));
    incident.acknowledge_due_at_ms = if can_climb { due } else { Millis(0) };
}

/// What got worse is due sooner; what got better stays due as it was.
fn hasten_deadline(incident: &mut Incident, now: Millis) {
    if incident.acknowledge_due_at_ms.is_set() {
        let due = now.plus(acknowledge_within_ms(incident.severity));
        incident.acknowledge_due_at_ms = incident.acknowledge_due_at_ms.min(due);
    }
}

/// Stops the deadline, and keeps who saw it first.
fn mark_seen(incident: &mut Incident, now: Millis, by: Option<PersonId>) {
    incident.acknowledge_due_at_ms = Millis(0);
    if !incident.acknowledged_at_ms.is_set() {
        incident.acknowledged_at_ms = now;
        incident.acknowledged_by = by;
    }
}
