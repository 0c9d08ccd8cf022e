//! What is true of units on duty, of what dispatch keeps with an incident, and of run cards.

use std::collections::BTreeSet;

use super::{Violation, hold};
use crate::{
    Incident, IncidentId, IncidentStatus, Millis, Origin, Report, ReportStatus, RunCard, State, Unit, UnitStatus,
    apply::check_in_within_ms, limits,
};

pub(super) fn check_duty(unit: &Unit) -> Result<(), Violation> {
    let (id, duty) = (&unit.id, &unit.duty);
    let Some(assignment) = &duty.assignment else {
        return hold(23, unit.incident.is_none(), || format!("unit {id} is in an incident without an assignment"));
    };
    let steps = &assignment.steps;
    let is_newest = assignment.number == duty.assignments_made && assignment.unit == *id && assignment.end.is_none();
    let is_doing = steps.last().is_some_and(|step| step.status == unit.status);
    let is_ascending = steps
        .is_sorted_by(|one, next| one.received_at_ms <= next.received_at_ms && one.tapped_at_ms <= next.tapped_at_ms);
    let is_received = steps.iter().all(|step| step.tapped_at_ms <= step.received_at_ms);
    let is_within = steps.len() <= limits::ASSIGNMENT_STEPS_MAX;
    let is_right = unit.incident.is_some() && is_newest && is_doing && is_ascending && is_received && is_within;
    hold(23, is_right, || format!("unit {id}: {assignment:?}"))?;
    let set_out = steps
        .iter()
        .rev()
        .skip_while(|step| step.status != UnitStatus::Staging)
        .any(|step| step.status == UnitStatus::EnRoute);
    let staged = steps.iter().filter(|step| step.status == UnitStatus::Staging).count();
    hold(56, staged == 0 || (staged == 1 && set_out), || format!("unit {id}: {assignment:?}"))?;
    let is_expected = steps.iter().all(|step| match step.late_at_ms {
        Millis(0) => step.distance_m == 0,
        late_at => step.status == UnitStatus::EnRoute && late_at > step.tapped_at_ms,
    });
    hold(60, is_expected, || format!("unit {id}: {assignment:?}"))?;
    let is_asked = duty.mayday.is_none();
    let offer_runs = is_asked && unit.status == UnitStatus::Offered;
    let can_climb = assignment.check_in_level < limits::CHECK_IN_LEVEL_MAX;
    let check_in_runs = is_asked && can_climb && check_in_within_ms(unit.status).is_some();
    let is_right = assignment.offer_due_at_ms.is_set() == offer_runs
        && assignment.check_in_due_at_ms.is_set() == check_in_runs
        && assignment.check_in_level <= limits::CHECK_IN_LEVEL_MAX;
    hold(24, is_right, || format!("unit {id}: {assignment:?}"))?;
    let offered_at = steps.first().map_or(Millis(0), |step| step.received_at_ms);
    let is_right = !assignment.reminded_at_ms.is_set() || assignment.reminded_at_ms >= offered_at;
    hold(65, is_right, || format!("unit {id}: {assignment:?}"))
}

/// By merges from one incident into the next, and from the last one into where the unit is.
pub(super) fn check_came_through(state: &State, unit: &Unit) -> Result<(), Violation> {
    let Some(assignment) = &unit.duty.assignment else { return Ok(()) };
    let through = &assignment.came_through;
    let next = through.iter().skip(1).chain(&unit.incident);
    let is_merged = |(id, into): (&IncidentId, &IncidentId)| {
        state.incidents.get(id).is_some_and(|incident| incident.merged_into.as_ref() == Some(into))
    };
    let is_right = through.iter().zip(next).all(is_merged) && through.len() <= limits::MERGES_REMEMBERED_MAX;
    hold(61, is_right, || format!("unit {}: {assignment:?}", unit.id))
}

pub(super) fn check_dispatch(incident: &Incident) -> Result<(), Violation> {
    let (id, dispatch) = (&incident.id, &incident.dispatch);
    let brought: BTreeSet<_> = incident.units_before_merge.iter().collect();
    let is_merged = incident.status == IncidentStatus::Merged;
    let is_right = brought.len() == incident.units_before_merge.len() && (is_merged || brought.is_empty());
    hold(62, is_right, || format!("incident {id}: {brought:?}"))?;
    let past = &dispatch.past;
    let have_ended = past.iter().all(|assignment| {
        let is_still = assignment.offer_due_at_ms == Millis(0) && assignment.check_in_due_at_ms == Millis(0);
        assignment.end.is_some() && assignment.ended_at_ms.is_set() && is_still
    });
    let distinct: BTreeSet<_> = past.iter().map(|assignment| (&assignment.unit, assignment.number)).collect();
    let is_right = have_ended && distinct.len() == past.len() && past.len() <= limits::INCIDENT_PAST_MAX;
    hold(25, is_right, || format!("incident {id}: {past:?}"))?;
    let attentions = &dispatch.attentions;
    let newest = attentions.last().map_or(dispatch.attentions_raised, |attention| attention.number);
    let is_right = attentions.is_sorted_by(|one, next| one.number < next.number)
        && newest == dispatch.attentions_raised
        && attentions.len() <= limits::INCIDENT_ATTENTIONS_MAX;
    hold(25, is_right, || format!("incident {id}: {attentions:?}"))?;
    let tasks = &dispatch.tasks;
    let is_counted = (1..).zip(tasks).all(|(number, task)| task.number == number);
    let is_timed = tasks.iter().all(|task| task.answered_at_ms.is_set() == (task.status != crate::TaskStatus::Given));
    let are_settled = !tasks.is_empty() && tasks.iter().all(|task| task.status.is_settled());
    let is_right = is_counted
        && is_timed
        && tasks.len() <= limits::INCIDENT_TASKS_MAX
        && (dispatch.answer.is_none() || are_settled);
    hold(25, is_right, || format!("incident {id}: {tasks:?}"))
}

pub(super) fn check_run_card(card: &RunCard) -> Result<(), Violation> {
    let distinct: BTreeSet<_> = card.needs.iter().map(|need| &need.skill).collect();
    let are_counted = card.needs.iter().all(|need| need.count > 0);
    let is_within = (1..=limits::SKILLS_MAX).contains(&card.needs.len());
    hold(26, are_counted && is_within && distinct.len() == card.needs.len(), || format!("{card:?}"))
}

pub(super) fn check_report(state: &State, report: &Report) -> Result<(), Violation> {
    let code = &report.code;
    let open = report.links.last().filter(|link| !link.undone_at_ms.is_set()).map(|link| &link.incident);
    let are_undone = report.links.iter().rev().skip(1).all(|link| link.undone_at_ms.is_set());
    let is_in_hand = report.status == ReportStatus::InHand;
    let fits = match report.status {
        ReportStatus::Received => report.incident.is_none(),
        ReportStatus::InHand => report.incident.is_some(),
        ReportStatus::Answered => report.answered_at_ms.is_set(),
    };
    let is_within = report.links.len() <= limits::REPORT_LINKS_MAX
        && report.steps.len() <= limits::REPORT_STEPS_MAX
        && report.language.is_empty() == report.steps.is_empty()
        && report.rating <= limits::RATING_MAX;
    let is_rated = report.rating == 0 || report.answered_at_ms.is_set();
    let is_right =
        open == report.incident.as_ref() && are_undone && fits && is_within && is_rated && report.version > 0;
    hold(27, is_right, || format!("report {code}: {report:?}"))?;
    let incident = report.incident.as_ref().and_then(|incident| state.incidents.get(incident));
    let is_told = incident.is_none_or(|incident| {
        let is_of = |origin: &Origin| matches!(origin, Origin::Report(told) if told == code.as_str());
        incident.sources.iter().any(|source| is_of(&source.origin) || source.alarm_report.as_ref() == Some(code))
    });
    hold(27, is_told || !is_in_hand, || format!("report {code}: its incident does not know it"))
}
