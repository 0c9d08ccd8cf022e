//! Which units are on an incident. One entry changes both sides, so a unit is in one incident at most.

use super::{find_version, is_live, keep, mark_seen, need, sent};
use crate::{
    AssignIncident, EventKind, Incident, IncidentId, IncidentStatus, UnitId, UnitStatus,
    apply::{Outcome, Work, accepted, unit, valid},
    limits,
};

pub(in crate::apply) fn assign(work: &mut Work<'_>, command: &AssignIncident) -> Outcome {
    valid::distinct("units", &command.units)?;
    valid::within("units", command.units.len(), limits::INCIDENT_UNITS_MAX)?;
    // Before the version, as an id that is nowhere is the graver mistake.
    for id in &command.units {
        unit::find(work, "units", id)?;
    }
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    need(&incident, is_live(incident.status), "assigned")?;
    let added: Vec<_> = command.units.iter().filter(|id| !incident.units.contains(id)).cloned().collect();
    let removed: Vec<_> = incident.units.iter().filter(|id| !command.units.contains(id)).cloned().collect();
    for id in &added {
        let unit = unit::find(work, "units", id)?;
        if unit.status != UnitStatus::Available {
            return Err(valid::wrong_status("units", format!("{id} is {}: choose one that is available", unit.status)));
        }
    }
    if added.is_empty() && removed.is_empty() {
        return Ok(accepted(&incident.id, incident.version));
    }
    for id in &removed {
        release(work, id);
    }
    for id in &added {
        let mut unit = unit::find(work, "units", id)?.clone();
        unit.status = UnitStatus::Offered;
        unit.status_at_ms = work.now;
        unit.incident = Some(incident.id.clone());
        unit.version += 1;
        unit::keep(work, unit, EventKind::UnitAssigned);
    }
    incident.units.clone_from(&command.units);
    mark_seen(&mut incident, work.now, work.by());
    if !incident.units.is_empty() {
        sent(work, &mut incident);
    }
    incident.status = status_with_units(&incident);
    Ok(keep(work, incident, EventKind::IncidentAssigned, ""))
}

/// A unit refused, or is done: it is off the incident's list.
pub(in crate::apply) fn unit_left(work: &mut Work<'_>, incident: &IncidentId, unit: &UnitId) {
    let Some(mut incident) = work.state.incidents.get(incident).cloned() else { return };
    incident.units.retain(|id| id != unit);
    incident.status = status_with_units(&incident);
    keep(work, incident, EventKind::IncidentAssigned, "");
}

/// Frees every unit of the incident, which is then still to be kept.
pub(super) fn release_all(work: &mut Work<'_>, incident: &mut Incident) {
    for id in std::mem::take(&mut incident.units) {
        release(work, &id);
    }
}

/// Assigned means that units are on it.
pub(super) fn status_with_units(incident: &Incident) -> IncidentStatus {
    if incident.units.is_empty() { IncidentStatus::Acknowledged } else { IncidentStatus::Assigned }
}

fn release(work: &mut Work<'_>, id: &UnitId) {
    let Some(mut unit) = work.state.units.get(id).cloned() else { return };
    unit.incident = None;
    unit.status = UnitStatus::Available;
    unit.status_at_ms = work.now;
    unit.version += 1;
    unit::keep(work, unit, EventKind::UnitReleased);
}
