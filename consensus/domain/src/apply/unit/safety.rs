//! Words of a crew, their absence, coming too late, and mayday.

use super::{duty, find, keep_in};
use crate::{
    AttentionKind, CheckInUnit, ClearMayday, EscalateCheckIn, EventKind, Mayday, Millis, RaiseMayday, Refusal,
    RefusalCode, Unit, UnitStatus,
    apply::{Outcome, Work, accepted, incident, valid},
    limits,
};

/// A crew in danger is not taken off its incident: nobody would look for it.
pub(in crate::apply) fn need_safe(unit: &Unit, field: &str) -> Result<(), Refusal> {
    if unit.duty.mayday.is_none() {
        return Ok(());
    }
    Err(valid::wrong_status(field, format!("{} calls mayday: bring it to safety and clear that first", unit.id)))
}

/// The crew is well as of its tap. An older word, come late, changes nothing.
pub(in crate::apply) fn check_in(work: &mut Work<'_>, command: &CheckInUnit) -> Outcome {
    let mut unit = find(work, "unit", &command.unit)?.clone();
    let tapped_at = tapped_at(work, command.tapped_at_ms);
    let due = duty::word_due(&unit, tapped_at);
    let is_in_danger = unit.duty.mayday.is_some();
    let number = unit.duty.assignment.as_ref().map_or(0, |assignment| assignment.number);
    if number != command.assignment {
        return Err(is_over(&unit, command.assignment));
    }
    let (Some(assignment), Some(due)) = (&mut unit.duty.assignment, due) else {
        let message = format!("the unit is {}: a crew checks in once it has accepted", unit.status);
        return Err(valid::wrong_status("unit", message));
    };
    if tapped_at <= assignment.checked_in_at_ms {
        return Ok(accepted(&unit.id, unit.version));
    }
    assignment.checked_in_at_ms = tapped_at;
    // A word of an hour ago does not say that the crew is well now.
    if !is_in_danger && (due > work.now || assignment.check_in_level == 0) {
        assignment.check_in_level = 0;
        assignment.check_in_due_at_ms = due;
    }
    unit.version += 1;
    let outcome = accepted(&unit.id, unit.version);
    keep_in(work, unit, EventKind::UnitCheckedIn, "", None);
    Ok(outcome)
}

/// Sent by a timer, at least once, perhaps by two leaders: what is no longer so changes nothing.
pub(in crate::apply) fn escalate_check_in(work: &mut Work<'_>, command: &EscalateCheckIn) -> Outcome {
    let mut unit = find(work, "unit", &command.unit)?.clone();
    let outcome = accepted(&unit.id, unit.version);
    let Some(assignment) = &mut unit.duty.assignment else { return Ok(outcome) };
    let is_waiting = assignment.number == command.assignment
        && assignment.check_in_due_at_ms.is_set()
        && assignment.check_in_level == command.from_level;
    if !is_waiting {
        return Ok(outcome);
    }
    if work.now < assignment.check_in_due_at_ms {
        let message = format!("it is due at {}: come back then", assignment.check_in_due_at_ms);
        return Err(Refusal::new(RefusalCode::NotDue, "unit", message));
    }
    // Whatever is due after that is due later, so this comes once.
    let is_late = assignment.steps.last().is_some_and(|step| step.late_at_ms == assignment.check_in_due_at_ms);
    assignment.check_in_level += 1;
    let is_last = assignment.check_in_level >= limits::CHECK_IN_LEVEL_MAX;
    assignment.check_in_due_at_ms = if is_last { Millis(0) } else { work.now.plus(limits::CHECK_IN_GRACE_MS) };
    unit.version += 1;
    let outcome = accepted(&unit.id, unit.version);
    let (id, incident) = (unit.id.clone(), unit.incident.clone());
    keep_in(work, unit, EventKind::UnitCheckInEscalated, "", None);
    let Some(incident) = incident else { return Ok(outcome) };
    if is_late {
        incident::raise_attention(work, &incident, AttentionKind::ArrivalLate, &id);
    }
    if is_last {
        incident::raise_attention(work, &incident, AttentionKind::CheckInOverdue, &id);
    }
    Ok(outcome)
}

/// A crew on no incident opens one of its own, so that somebody has to see it.
pub(in crate::apply) fn raise_mayday(work: &mut Work<'_>, command: &RaiseMayday) -> Outcome {
    let mut unit = find(work, "unit", &command.unit)?.clone();
    if unit.duty.mayday.is_some() {
        return Ok(accepted(&unit.id, unit.version));
    }
    let incident = match unit.incident.clone() {
        Some(incident) => incident,
        None => incident::open_mayday(work, &unit)?,
    };
    let tapped_at_ms = tapped_at(work, command.tapped_at_ms);
    unit.duty.mayday = Some(Mayday { tapped_at_ms, received_at_ms: work.now, by: work.by() });
    duty::disarm(&mut unit);
    unit.version += 1;
    let (outcome, id) = (accepted(&unit.id, unit.version), unit.id.clone());
    keep_in(work, unit, EventKind::UnitMaydayRaised, "", Some(&incident));
    incident::raise_attention(work, &incident, AttentionKind::Mayday, &id);
    Ok(outcome)
}

/// The deadlines run again from now.
pub(in crate::apply) fn clear_mayday(work: &mut Work<'_>, command: &ClearMayday) -> Outcome {
    valid::text("note", &command.note)?;
    let mut unit = find(work, "unit", &command.unit)?.clone();
    let stands = unit.duty.mayday.as_ref().is_some_and(|mayday| mayday.received_at_ms == command.received_at_ms);
    if !stands {
        return Ok(accepted(&unit.id, unit.version));
    }
    unit.duty.mayday = None;
    match unit.incident.as_ref().and_then(|incident| work.state.incidents.get(incident)) {
        Some(incident) if unit.status == UnitStatus::Offered => duty::arm_offer(&mut unit, incident.severity, work.now),
        _ => duty::arm_check_in(&mut unit, work.now),
    }
    unit.version += 1;
    let outcome = accepted(&unit.id, unit.version);
    keep_in(work, unit, EventKind::UnitMaydayCleared, &command.note, None);
    Ok(outcome)
}

fn tapped_at(work: &Work<'_>, tapped_at_ms: Millis) -> Millis {
    if tapped_at_ms.is_set() { tapped_at_ms.min(work.now) } else { work.now }
}

/// The refusal of a tap that was made for an assignment that has ended.
pub(super) fn is_over(unit: &Unit, assignment: u64) -> Refusal {
    let message = format!("assignment {assignment} of {} is over: look, then tap again", unit.id);
    valid::version_conflict("assignment", message)
}
