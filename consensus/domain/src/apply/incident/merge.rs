//! Two incidents that are one, and back.

use super::{assign, attention, find, find_version, gather, is_live, keep, mark_seen, need, sent, start_deadline};
use crate::{
    EventKind, IncidentId, IncidentStatus, MergeIncident, Millis, UnmergeIncident,
    apply::{Outcome, Work, deadline, report, unit, valid},
    limits,
};

/// The merged incident keeps its sources, so that un-merging needs no guess; its units go over, whatever they are doing.
pub(in crate::apply) fn merge(work: &mut Work<'_>, command: &MergeIncident) -> Outcome {
    if command.incident == command.into {
        return Err(valid::invalid("into", "is the same incident: name another"));
    }
    let mut into = find(work, "into", &command.into)?;
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    let can = is_live(incident.status) || incident.status == IncidentStatus::Resolved;
    need(&incident, can, "merged")?;
    if !is_live(into.status) {
        return Err(valid::wrong_status("into", format!("it is {}: name one that is not done", into.status)));
    }
    if incident.exercise != into.exercise {
        return Err(valid::wrong_status("into", "a drill and the real thing never mix: name one of the same kind"));
    }
    valid::within("into", into.units.len() + incident.units.len(), limits::INCIDENT_UNITS_MAX)?;

    let units = std::mem::take(&mut incident.units);
    for id in &units {
        let mut unit = unit::find(work, "incident", id)?.clone();
        unit.incident = Some(into.id.clone());
        unit.version += 1;
        unit::keep_in(work, unit, EventKind::UnitAssigned, "", None);
    }
    incident.status_before_merge = Some(incident.status);
    incident.status = IncidentStatus::Merged;
    incident.merged_into = Some(into.id.clone());
    incident.acknowledge_due_at_ms = Millis(0);
    deadline::hold(work.state, &mut incident.clocks, &held_for(&into.id), work.now);
    let has_attention = attention::hand_over(work, &mut incident, &mut into);
    let outcome = keep(work, incident, EventKind::IncidentMerged, into.id.as_str());
    work.write_timeline(&into.id);
    if !units.is_empty() {
        into.units.extend(units);
        mark_seen(&mut into, work.now, work.by());
        sent(work, &mut into);
        into.status = assign::status_with_units(&into);
        keep(work, into, EventKind::IncidentAssigned, "");
    } else if has_attention {
        keep(work, into, EventKind::IncidentAttentionRaised, "");
    }
    Ok(outcome)
}

/// Gives back the status, not the units: they are where they were sent.
pub(in crate::apply) fn unmerge(work: &mut Work<'_>, command: &UnmergeIncident) -> Outcome {
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    let former = incident.status_before_merge.take();
    let (Some(former), Some(into)) = (former, incident.merged_into.take()) else {
        return Err(valid::wrong_status("incident", format!("it is {}: it was not merged", incident.status)));
    };
    match former {
        IncidentStatus::Assigned => incident.status = IncidentStatus::Acknowledged,
        IncidentStatus::Opened => {
            incident.status = IncidentStatus::Opened;
            start_deadline(&mut incident, work.now);
        }
        other => incident.status = other,
    }
    deadline::release(work.state, &mut incident.clocks, &held_for(&into), work.now);
    let outcome = keep(work, incident, EventKind::IncidentUnmerged, into.as_str());
    work.write_timeline(&into);
    gather::unrepeat(work, &into);
    report::incident_reopened(work, &command.incident);
    Ok(outcome)
}

/// Why a merged incident's clocks stand still.
fn held_for(into: &IncidentId) -> String {
    format!("merged into {into}")
}
