//! Reports of an incident: one gathers many, and each can be taken out again. Neither raises the version.

use super::{Facts, find, is_live, keep, keep_as_it_was, open_incident};
use crate::{
    EventKind, IncidentId, IncidentKind, Origin, Place, Refusal, ReportCode, Severity, Source, VOCABULARY_2,
    apply::{Work, valid},
    erasure, limits,
};

/// What a report tells of the incident that it opens.
pub(in crate::apply) struct Telling<'a> {
    pub(in crate::apply) code: &'a ReportCode,
    pub(in crate::apply) place: &'a Place,
    pub(in crate::apply) text: &'a str,
    pub(in crate::apply) exercise: bool,
}

/// Adds the report to the incident, or to the one that it was merged into; which one took it.
///
/// A drill and the real thing never mix, since the vocabulary of marked reports is on: before, a report had no mark.
pub(in crate::apply) fn join(
    work: &mut Work<'_>,
    id: &IncidentId,
    code: &ReportCode,
    exercise: bool,
) -> Result<IncidentId, Refusal> {
    let incident = work.state.incident_now(id).cloned().ok_or_else(|| valid::not_found("incident", id))?;
    if !is_live(incident.status) {
        let message = format!("{} is {}: choose one that is not done", incident.id, incident.status);
        return Err(valid::wrong_status("incident", message));
    }
    if incident.exercise != exercise && work.state.has_feature(VOCABULARY_2) {
        let message = "a drill and the real thing never mix: name one of the same kind";
        return Err(valid::wrong_status("incident", message));
    }
    valid::within("incident", incident.sources.len() + 1, limits::INCIDENT_SOURCES_MAX)?;
    let (id, mut incident) = (incident.id.clone(), incident);
    incident.sources.push(source(work, code));
    keep_as_it_was(work, incident, EventKind::IncidentFed, code.as_str());
    Ok(id)
}

/// Opens an incident from the report.
pub(in crate::apply) fn open(
    work: &mut Work<'_>,
    told: &Telling<'_>,
    kind: IncidentKind,
    severity: Severity,
) -> Result<IncidentId, Refusal> {
    let facts = Facts {
        kind,
        severity,
        place: told.place.clone(),
        summary: told.text.to_owned(),
        exercise: told.exercise,
        place_is_mapped: false,
    };
    let source = source(work, told.code);
    open_incident(work, facts, source).map(|(id, _)| id)
}

/// Takes the report out of the incident. An incident keeps a source: the last one is merged with the incident, not taken out.
pub(in crate::apply) fn part(work: &mut Work<'_>, id: &IncidentId, code: &ReportCode) -> Result<(), Refusal> {
    // One that has left memory has nothing to be taken out of.
    let Ok(mut incident) = find(work, "report", id) else { return Ok(()) };
    if incident.sources.len() == 1 {
        let message = format!("it is all that {id} is known by: merge or close that incident instead");
        return Err(valid::wrong_status("report", message));
    }
    // One at most: a reference of another service may look like the code.
    let is_it = |source: &Source| matches!(&source.origin, Origin::Report(report) if report == code.as_str());
    if let Some(at) = incident.sources.iter().rposition(is_it) {
        incident.sources.remove(at);
    }
    keep_as_it_was(work, incident, EventKind::IncidentFed, code.as_str());
    Ok(())
}

/// What the incident says of what was reported goes; kind, unit and times stay.
pub(in crate::apply) fn forget_words(work: &mut Work<'_>, id: &IncidentId) {
    let Some(mut incident) = work.state.incidents.get(id).cloned() else { return };
    erasure::forget_words(&mut incident);
    keep(work, incident, EventKind::PersonalErased, "");
}

fn source(work: &Work<'_>, code: &ReportCode) -> Source {
    let origin = Origin::Report(code.to_string());
    Source { origin, episode: 0, version: 0, active: false, at_ms: work.now }
}
