//! An offer that nobody answered: halfway its crew is told by text; when its time is over one entry takes it from one unit, gives it to
//! the next, and calls a person.

#[cfg(feature = "seeded-bugs")]
use crate::bugs::{Bug, is_made};

use super::{assign, attention, keep};
use crate::{
    AssignmentEnd, AttentionKind, EventKind, ExpireOffer, Refusal, RefusalCode, RemindOffer,
    apply::{Outcome, Work, accepted, notice, unit},
};

/// Sent by a timer, at least once, perhaps by two leaders: what is no longer so changes nothing. The text stands in the outbox with the
/// same entry, so it is sent once, whoever leads then.
pub(in crate::apply) fn remind(work: &mut Work<'_>, command: &RemindOffer) -> Outcome {
    let mut unit = unit::find(work, "unit", &command.unit)?.clone();
    let outcome = accepted(&unit.id, unit.version);
    let waiting = unit.duty.assignment.as_mut().filter(|assignment| assignment.number == command.assignment);
    let Some((assignment, due)) = waiting.and_then(|it| it.remind_at().map(|due| (it, due))) else {
        return Ok(outcome);
    };
    if work.now < due {
        return Err(Refusal::new(RefusalCode::NotDue, "unit", format!("it is due at {due}: come back then")));
    }
    let incident = unit.incident.as_ref().and_then(|incident| work.state.incidents.get(incident)).cloned();
    let Some(incident) = incident else { return Ok(outcome) };
    assignment.reminded_at_ms = work.now;
    unit.version += 1;
    let outcome = accepted(&unit.id, unit.version);
    unit::keep_in(work, unit, EventKind::UnitOfferReminded, "", None);
    notice::text_crew(work, &command.unit, &incident);
    Ok(outcome)
}

/// Sent by a timer, at least once, perhaps by two leaders: what is no longer so changes nothing.
pub(in crate::apply) fn expire(work: &mut Work<'_>, command: &ExpireOffer) -> Outcome {
    let mut unit = unit::find(work, "unit", &command.unit)?.clone();
    let outcome = accepted(&unit.id, unit.version);
    let is_meant = |number: u64| number == command.assignment;
    #[cfg(feature = "seeded-bugs")]
    let is_meant = |number: u64| is_meant(number) || is_made(Bug::OfferOfAnother);
    let due = unit.duty.assignment.as_ref().filter(|assignment| is_meant(assignment.number));
    let due = due.map(|assignment| assignment.offer_due_at_ms).filter(|due| due.is_set());
    let Some(due) = due else { return Ok(outcome) };
    #[cfg(feature = "seeded-bugs")]
    let due = if is_made(Bug::OfferOfAnother) { work.now } else { due };
    if work.now < due {
        return Err(Refusal::new(RefusalCode::NotDue, "unit", format!("it is due at {due}: come back then")));
    }
    let next = command.next.as_ref().map(|next| unit::find(work, "next", next).cloned()).transpose()?;
    if let Some(next) = &next {
        assign::need_free(next, "next")?;
    }
    let Some((left, assignment)) = unit::end(work, &mut unit, AssignmentEnd::Unanswered, work.now, "") else {
        return Ok(outcome);
    };
    let Some(mut incident) = work.state.incidents.get(&left).cloned() else { return Ok(outcome) };
    let outcome = accepted(&unit.id, unit.version);
    unit::keep_in(work, unit, EventKind::UnitOfferExpired, "", Some(&left));
    incident.units.retain(|id| *id != command.unit);
    assign::put_past(&mut incident, assignment);
    if let Some(mut next) = next {
        incident.units.push(next.id.clone());
        unit::begin(work, &mut next, &left, incident.severity);
        unit::keep_in(work, next, EventKind::UnitAssigned, "", None);
    }
    incident.status = assign::status_with_units(&incident);
    attention::add(&mut incident, AttentionKind::OfferUnanswered, &command.unit, command.next.as_ref(), work.now);
    let kind = AttentionKind::OfferUnanswered;
    keep(work, incident, EventKind::IncidentAttentionRaised, &format!("{kind}: {}", command.unit));
    Ok(outcome)
}
