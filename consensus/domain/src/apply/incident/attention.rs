//! What waits for a person. Raising and acknowledging leave the incident's version as it was: nothing that somebody is about
//! to decide becomes wrong by it.

use super::{find, keep_as_it_was};
use crate::{
    AcknowledgeAttention, Attention, AttentionKind, EventKind, Incident, IncidentId, Millis, UnitId,
    apply::{Outcome, Work, accepted, valid},
    limits,
};

/// Adds to what waits in the incident, which is then still to be kept.
pub(super) fn add(incident: &mut Incident, kind: AttentionKind, unit: &UnitId, next: Option<&UnitId>, now: Millis) {
    let attentions = &mut incident.dispatch.attentions;
    if attentions.len() >= limits::INCIDENT_ATTENTIONS_MAX {
        let seen = attentions.iter().position(|attention| attention.acknowledged_at_ms.is_set());
        attentions.remove(seen.unwrap_or(0));
    }
    incident.dispatch.attentions_raised = incident.dispatch.attentions_raised.saturating_add(1);
    attentions.push(Attention {
        number: incident.dispatch.attentions_raised,
        kind,
        unit: unit.clone(),
        raised_at_ms: now,
        next: next.cloned(),
        acknowledged_at_ms: Millis(0),
        acknowledged_by: None,
    });
}

/// Calls a person to the incident.
pub(in crate::apply) fn raise(work: &mut Work<'_>, incident: &IncidentId, kind: AttentionKind, unit: &UnitId) {
    let Some(mut incident) = work.state.incidents.get(incident).cloned() else { return };
    add(&mut incident, kind, unit, None, work.now);
    keep_as_it_was(work, incident, EventKind::IncidentAttentionRaised, &format!("{kind}: {unit}"));
}

pub(in crate::apply) fn acknowledge(work: &mut Work<'_>, command: &AcknowledgeAttention) -> Outcome {
    let mut incident = find(work, "incident", &command.incident)?;
    let outcome = accepted(&incident.id, incident.version);
    let (now, by) = (work.now, work.by());
    let found = incident.dispatch.attentions.iter_mut().find(|attention| attention.number == command.attention);
    let attention = found.ok_or_else(|| valid::not_found("attention", command.attention))?;
    if attention.acknowledged_at_ms.is_set() {
        return Ok(outcome);
    }
    attention.acknowledged_at_ms = now;
    attention.acknowledged_by = by;
    let note = format!("{}: {}", attention.kind, attention.unit);
    keep_as_it_was(work, incident, EventKind::IncidentAttentionAcknowledged, &note);
    Ok(outcome)
}

/// Of what nobody has looked at, these go over to the other incident; whether any did.
pub(super) fn hand_over(
    work: &Work<'_>,
    from: &mut Incident,
    into: &mut Incident,
    goes: impl Fn(&Attention) -> bool,
) -> bool {
    let mut went = false;
    let waiting = from.dispatch.attentions.iter_mut().filter(|it| !it.acknowledged_at_ms.is_set() && goes(it));
    for attention in waiting {
        add(into, attention.kind, &attention.unit, attention.next.as_ref(), attention.raised_at_ms);
        attention.acknowledged_at_ms = work.now;
        attention.acknowledged_by = work.by();
        went = true;
    }
    went
}
