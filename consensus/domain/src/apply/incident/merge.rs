//! Two incidents that are one, and back.

use super::{assign, attention, find, find_version, gather, is_live, keep, mark_seen, need, sent, start_deadline};
use crate::{
    Accepted, AttentionKind, EventKind, Incident, IncidentId, IncidentStatus, MergeIncident, Millis, UnitId,
    UnmergeIncident, VOCABULARY_2,
    apply::{Outcome, Work, deadline, report, unit, valid},
    limits,
};

/// The merged incident keeps its sources and tasks, so that un-merging needs no guess; its units go over, whatever they are
/// doing, and each assignment remembers where it came from.
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

    let remembers = work.state.has_feature(VOCABULARY_2);
    let units = std::mem::take(&mut incident.units);
    if remembers {
        incident.units_before_merge.clone_from(&units);
    }
    for id in &units {
        let mut unit = unit::find(work, "incident", id)?.clone();
        unit.incident = Some(into.id.clone());
        let assignment = unit.duty.assignment.as_mut().filter(|_| remembers);
        if let Some(came_through) = assignment.map(|assignment| &mut assignment.came_through) {
            if came_through.len() >= limits::MERGES_REMEMBERED_MAX {
                came_through.remove(0);
            }
            came_through.push(incident.id.clone());
        }
        unit.version += 1;
        unit::keep_in(work, unit, EventKind::UnitAssigned, "", None);
    }
    incident.status_before_merge = Some(incident.status);
    incident.status = IncidentStatus::Merged;
    incident.merged_into = Some(into.id.clone());
    incident.acknowledge_due_at_ms = Millis(0);
    deadline::hold(work.state, &mut incident.clocks, &held_for(&into.id), work.now);
    let has_attention = attention::hand_over(work, &mut incident, &mut into, |_| true);
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

/// Gives back the status, the tasks as they were, and the units that came with the merge and are still in the assignment that
/// they came with. The answer names those that have moved on since: they stay where they are.
pub(in crate::apply) fn unmerge(work: &mut Work<'_>, command: &UnmergeIncident) -> Outcome {
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    let former = incident.status_before_merge.take();
    let (Some(former), Some(into)) = (former, incident.merged_into.take()) else {
        return Err(valid::wrong_status("incident", format!("it is {}: it was not merged", incident.status)));
    };
    let brought = std::mem::take(&mut incident.units_before_merge);
    let left = take_back(work, &mut incident, &into);
    let stayed: Vec<UnitId> = brought.into_iter().filter(|id| !incident.units.contains(id)).collect();
    incident.status = match former {
        _ if !incident.units.is_empty() => IncidentStatus::Assigned,
        IncidentStatus::Assigned => IncidentStatus::Acknowledged,
        other => other,
    };
    if incident.status == IncidentStatus::Opened {
        start_deadline(&mut incident, work.now);
    }
    deadline::release(work.state, &mut incident.clocks, &held_for(&into), work.now);
    let outcome = Accepted { stayed, ..keep(work, incident, EventKind::IncidentUnmerged, into.as_str()) };
    work.write_timeline(&into);
    if let Some(left) = left {
        keep(work, left, EventKind::IncidentAssigned, "");
    }
    gather::unrepeat(work, &into);
    report::incident_reopened(work, &command.incident);
    Ok(outcome)
}

/// Takes back the units that came through `incident` to where it is merged now, and what waits of their crews; that other
/// incident, which has yet to be kept without them. None: there are none.
fn take_back(work: &mut Work<'_>, incident: &mut Incident, into: &IncidentId) -> Option<Incident> {
    let mut left = work.state.incident_now(into)?.clone();
    let came_through = |id: &UnitId| {
        let unit = work.state.units.get(id);
        let assignment = unit.and_then(|unit| unit.duty.assignment.as_ref());
        assignment.and_then(|assignment| assignment.came_through.iter().position(|it| *it == incident.id))
    };
    let back: Vec<_> = left.units.iter().filter_map(|id| Some((id.clone(), came_through(id)?))).collect();
    if back.is_empty() {
        return None;
    }
    for (id, before) in back {
        let Some(mut unit) = work.state.units.get(&id).cloned() else { continue };
        if let Some(assignment) = &mut unit.duty.assignment {
            assignment.came_through.truncate(before);
        }
        unit.incident = Some(incident.id.clone());
        unit.version += 1;
        unit::keep_in(work, unit, EventKind::UnitAssigned, "", None);
        left.units.retain(|other| *other != id);
        incident.units.push(id);
    }
    // What was said of an offer stays with who reads it; a crew that is silent, late or in danger is looked for where it is.
    let units = incident.units.clone();
    attention::hand_over(work, &mut left, incident, |it| {
        let is_of_offer = matches!(it.kind, AttentionKind::OfferUnanswered | AttentionKind::OfferRefused);
        !is_of_offer && units.contains(&it.unit)
    });
    left.status = assign::status_with_units(&left);
    Some(left)
}

/// Why a merged incident's clocks stand still.
fn held_for(into: &IncidentId) -> String {
    format!("merged into {into}")
}
