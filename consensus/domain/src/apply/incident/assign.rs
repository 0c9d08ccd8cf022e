//! Which units are on an incident. One entry changes both sides, so a unit is in one incident at most.

#[cfg(feature = "seeded-bugs")]
use crate::bugs::{Bug, is_made};

use super::{attention, find_version, is_live, keep, mark_seen, need, sent};
use crate::{
    AssignIncident, Assignment, AssignmentEnd, AttentionKind, EventKind, Incident, IncidentId, IncidentStatus, Refusal,
    Unit, UnitId, UnitStatus,
    apply::{Outcome, Work, accepted, unit, valid},
    limits,
};

pub(in crate::apply) fn assign(work: &mut Work<'_>, command: &AssignIncident) -> Outcome {
    valid::distinct("units", &command.units)?;
    valid::within("units", command.units.len(), limits::INCIDENT_UNITS_MAX)?;
    #[cfg(feature = "seeded-bugs")]
    let command = &if is_made(Bug::AssignedUnseen) {
        let now = work.state.incidents.get(&command.incident).map_or(0, |incident| incident.version);
        AssignIncident { expected_version: now, ..command.clone() }
    } else {
        command.clone()
    };
    // Before the version, as an id that is nowhere is the graver mistake.
    for id in &command.units {
        unit::find(work, "units", id)?;
    }
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    need(&incident, is_live(incident.status), "assigned")?;
    let added: Vec<_> = command.units.iter().filter(|id| !incident.units.contains(id)).cloned().collect();
    let removed: Vec<_> = incident.units.iter().filter(|id| !command.units.contains(id)).cloned().collect();
    for id in &added {
        need_free(unit::find(work, "units", id)?, "units")?;
    }
    for id in &removed {
        unit::need_safe(unit::find(work, "units", id)?, "units")?;
    }
    if added.is_empty() && removed.is_empty() {
        return Ok(accepted(&incident.id, incident.version));
    }
    for id in &removed {
        release(work, &mut incident, id);
    }
    for id in &added {
        let mut unit = unit::find(work, "units", id)?.clone();
        unit::begin(work, &mut unit, &incident.id, incident.severity);
        unit::keep_in(work, unit, EventKind::UnitAssigned, "", None);
    }
    incident.units.clone_from(&command.units);
    mark_seen(&mut incident, work.now, work.by());
    if !incident.units.is_empty() {
        sent(work, &mut incident);
    }
    incident.status = status_with_units(&incident);
    Ok(keep(work, incident, EventKind::IncidentAssigned, ""))
}

/// Only what is free is sent. A crew in danger is not, whatever its status says.
pub(super) fn need_free(unit: &Unit, field: &str) -> Result<(), Refusal> {
    #[cfg(feature = "seeded-bugs")]
    if is_made(Bug::UnitInTwo) {
        return Ok(());
    }
    if unit.status != UnitStatus::Available {
        let message = format!("{} is {}: choose one that is available", unit.id, unit.status);
        return Err(valid::wrong_status(field, message));
    }
    unit::need_safe(unit, field)
}

/// A unit refused, or is done: it is off the incident's list. Who refused calls a person.
pub(in crate::apply) fn unit_left(work: &mut Work<'_>, incident: &IncidentId, assignment: Assignment) {
    let Some(mut incident) = work.state.incidents.get(incident).cloned() else { return };
    let (unit, end) = (assignment.unit.clone(), assignment.end);
    incident.units.retain(|id| *id != unit);
    incident.status = status_with_units(&incident);
    put_past(&mut incident, assignment);
    if end == Some(AssignmentEnd::Refused) {
        let kind = AttentionKind::OfferRefused;
        attention::add(&mut incident, kind, &unit, None, work.now);
        keep(work, incident, EventKind::IncidentAttentionRaised, &format!("{kind}: {unit}"));
    } else {
        keep(work, incident, EventKind::IncidentAssigned, "");
    }
}

/// Keeps an assignment that has ended; at the bound the oldest leaves.
pub(super) fn put_past(incident: &mut Incident, assignment: Assignment) {
    let past = &mut incident.dispatch.past;
    if past.len() >= limits::INCIDENT_PAST_MAX {
        past.remove(0);
    }
    past.push(assignment);
}

/// Frees every unit of the incident, which is then still to be kept. Refuses while one of them is in danger.
pub(super) fn release_all(work: &mut Work<'_>, incident: &mut Incident) -> Result<(), Refusal> {
    for id in &incident.units {
        unit::need_safe(unit::find(work, "incident", id)?, "incident")?;
    }
    for id in std::mem::take(&mut incident.units) {
        release(work, incident, &id);
    }
    Ok(())
}

/// Assigned means that units are on it.
pub(super) fn status_with_units(incident: &Incident) -> IncidentStatus {
    if incident.units.is_empty() { IncidentStatus::Acknowledged } else { IncidentStatus::Assigned }
}

fn release(work: &mut Work<'_>, incident: &mut Incident, id: &UnitId) {
    let Some(mut unit) = work.state.units.get(id).cloned() else { return };
    let end = unit::end_by_others(&unit);
    if let Some((left, assignment)) = unit::end(work, &mut unit, end, work.now, "") {
        put_past(incident, assignment);
        unit::keep_in(work, unit, EventKind::UnitReleased, "", Some(&left));
    }
}
