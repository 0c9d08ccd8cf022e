//! Reports of an incident: one gathers many, and each can be taken out again. Neither raises the version. A device's report is there as
//! its alarm is, which goes with it.

use super::{Facts, find, is_live, keep, keep_as_it_was, open_incident};
use crate::{
    AlarmKey, EventKind, Incident, IncidentId, IncidentKind, Origin, Place, Refusal, ReportCode, Severity, Source,
    VOCABULARY_2,
    apply::{Work, valid},
    erasure, limits,
    state::Heard,
    stored::Touched,
};

/// What a report tells of the incident that it opens.
pub(in crate::apply) struct Telling<'a> {
    pub(in crate::apply) code: &'a ReportCode,
    pub(in crate::apply) place: &'a Place,
    pub(in crate::apply) text: &'a str,
    pub(in crate::apply) exercise: bool,
    /// Of a device: its alarm.
    pub(in crate::apply) alarm: Option<&'a Source>,
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
    let mut incident = open_to(work, id, exercise)?;
    valid::within("incident", incident.sources.len() + 1, limits::INCIDENT_SOURCES_MAX)?;
    let id = incident.id.clone();
    incident.sources.push(source(work, code));
    keep_as_it_was(work, incident, EventKind::IncidentFed, code.as_str());
    Ok(id)
}

/// The same with a device's report that a person took out of another: its alarm tells this one from now on.
pub(in crate::apply) fn join_alarm(
    work: &mut Work<'_>,
    id: &IncidentId,
    alarm: &Source,
    exercise: bool,
) -> Result<IncidentId, Refusal> {
    let mut incident = open_to(work, id, exercise)?;
    match incident.sources.iter_mut().find(|known| known.origin == alarm.origin) {
        Some(known) if known.alarm_report.is_some() => {
            let message = format!("{} has this alarm by another report: answer this one instead", incident.id);
            return Err(valid::wrong_status("incident", message));
        }
        // What was merged into it told it already.
        Some(known) => *known = alarm.clone(),
        None => {
            valid::within("incident", incident.sources.len() + 1, limits::INCIDENT_SOURCES_MAX)?;
            incident.sources.push(alarm.clone());
        }
    }
    let id = incident.id.clone();
    keep_as_it_was(work, incident, EventKind::IncidentFed, note_of(alarm));
    Ok(id)
}

/// The incident, or the one that it was merged into, if it takes a report of that kind.
fn open_to(work: &Work<'_>, id: &IncidentId, exercise: bool) -> Result<Incident, Refusal> {
    let incident = work.state.incident_now(id).cloned().ok_or_else(|| valid::not_found("incident", id))?;
    if !is_live(incident.status) {
        let message = format!("{} is {}: choose one that is not done", incident.id, incident.status);
        return Err(valid::wrong_status("incident", message));
    }
    if incident.exercise != exercise && work.state.has_feature(VOCABULARY_2) {
        let message = "a drill and the real thing never mix: name one of the same kind";
        return Err(valid::wrong_status("incident", message));
    }
    Ok(incident)
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
    let source = told.alarm.cloned().unwrap_or_else(|| source(work, told.code));
    open_incident(work, facts, source).map(|(id, _)| id)
}

/// Takes the report out of the incident.
pub(in crate::apply) fn part(work: &mut Work<'_>, id: &IncidentId, code: &ReportCode) -> Result<(), Refusal> {
    // One that has left memory has nothing to be taken out of.
    let Ok(mut incident) = find(work, "report", id) else { return Ok(()) };
    need_another_source(&incident)?;
    // One at most: a reference of another service may look like the code.
    let is_it = |source: &Source| matches!(&source.origin, Origin::Report(report) if report == code.as_str());
    if let Some(at) = incident.sources.iter().rposition(is_it) {
        incident.sources.remove(at);
    }
    keep_as_it_was(work, incident, EventKind::IncidentFed, code.as_str());
    Ok(())
}

/// The same with a device's report: its alarm, which tells the incident nothing any more, nor what that was merged into.
pub(in crate::apply) fn part_alarm(work: &mut Work<'_>, id: &IncidentId, code: &ReportCode) -> Result<Source, Refusal> {
    let mut incident = find(work, "report", id)?;
    need_another_source(&incident)?;
    let at = incident.sources.iter().position(|source| source.alarm_report.as_ref() == Some(code));
    let alarm = incident.sources.remove(at.ok_or_else(|| valid::not_found("report", code))?);
    keep_as_it_was(work, incident, EventKind::IncidentFed, code.as_str());
    let is_repeated = |source: &Source| source.origin == alarm.origin && source.alarm_report.is_none();
    for into in work.state.timelines_of(id).into_iter().skip(1) {
        let Ok(mut into) = find(work, "report", &into) else { continue };
        if !into.sources.iter().any(is_repeated) {
            continue;
        }
        if into.sources.len() > 1 {
            into.sources.retain(|source| !is_repeated(source));
        } else {
            into.sources[0].active = false;
        }
        keep_as_it_was(work, into, EventKind::IncidentFed, code.as_str());
    }
    if let Origin::Alarm(key) = &alarm.origin
        && let Some(heard) = work.state.heard_of(key).cloned()
        && (heard.incident.as_ref() == Some(id) || heard.report.as_ref() == Some(code))
    {
        work.state.keep_heard(key, Heard { incident: None, report: Some(code.clone()), ..heard });
        work.touch(Touched::Heard(key.clone()));
    }
    Ok(alarm)
}

/// The alarm's report goes from one incident to another: the former, and what that was merged into, remember that they were told. The
/// other may be among these, and has it from now on.
pub(in crate::apply) fn leave_alarm(
    work: &mut Work<'_>,
    (from, to): (&IncidentId, &IncidentId),
    key: &AlarmKey,
    code: &ReportCode,
) {
    let is_left = |source: &Source| {
        let is_of = matches!(&source.origin, Origin::Alarm(known) if known == key);
        is_of && source.alarm_report.as_ref().is_none_or(|known| known == code)
    };
    for id in work.state.timelines_of(from).into_iter().filter(|id| id != to) {
        quieten(work, &id, is_left);
    }
}

/// An incident was taken out of this one: its alarms tell this one nothing any more, nor what this was merged into.
pub(in crate::apply) fn unrepeat(work: &mut Work<'_>, into: &IncidentId) {
    if !work.state.has_feature(VOCABULARY_2) {
        return;
    }
    for id in work.state.timelines_of(into) {
        let here = work.state.incident_now(&id).map(|now| now.id.clone());
        let Some(incident) = work.state.incidents.get(&id) else { continue };
        let mut left = Vec::new();
        for source in incident.sources.iter().filter(|source| source.alarm_report.is_none()) {
            let Origin::Alarm(key) = &source.origin else { continue };
            let own = work.state.heard_of(key).and_then(|heard| heard.incident.as_ref());
            if own.and_then(|own| work.state.incident_now(own)).map(|now| &now.id) != here.as_ref() {
                left.push(source.origin.clone());
            }
        }
        quieten(work, &id, |source| source.alarm_report.is_none() && left.contains(&source.origin));
    }
}

/// What these alarms told stays, but not that it holds, nor under which report.
fn quieten(work: &mut Work<'_>, id: &IncidentId, is_left: impl Fn(&Source) -> bool) {
    let Some(mut incident) = work.state.incidents.get(id).cloned() else { return };
    let mut changed = false;
    for source in incident.sources.iter_mut().filter(|source| is_left(source)) {
        changed |= source.active || source.alarm_report.is_some();
        (source.active, source.alarm_report) = (false, None);
    }
    if changed {
        keep_as_it_was(work, incident, EventKind::IncidentFed, "");
    }
}

/// From now on the alarm tells this incident, if the report is that of its newest occurrence.
pub(in crate::apply) fn heard_in(work: &mut Work<'_>, alarm: &Source, id: &IncidentId) {
    let Origin::Alarm(key) = &alarm.origin else { return };
    let newest = work.state.heard_of(key).filter(|heard| heard.report == alarm.alarm_report).cloned();
    if let Some(heard) = newest {
        work.state.keep_heard(key, Heard { incident: Some(id.clone()), ..heard });
        work.touch(Touched::Heard(key.clone()));
    }
}

/// An incident keeps a source: the last one is merged with the incident, not taken out.
fn need_another_source(incident: &Incident) -> Result<(), Refusal> {
    if incident.sources.len() > 1 {
        return Ok(());
    }
    let message = format!("it is all that {} is known by: merge or close that incident instead", incident.id);
    Err(valid::wrong_status("report", message))
}

fn note_of(alarm: &Source) -> &str {
    alarm.alarm_report.as_ref().map_or("", ReportCode::as_str)
}

/// What the incident says of what was reported goes; kind, unit and times stay.
pub(in crate::apply) fn forget_words(work: &mut Work<'_>, id: &IncidentId) {
    let Some(mut incident) = work.state.incidents.get(id).cloned() else { return };
    erasure::forget_words(&mut incident);
    keep(work, incident, EventKind::PersonalErased, "");
}

fn source(work: &Work<'_>, code: &ReportCode) -> Source {
    let origin = Origin::Report(code.to_string());
    Source { origin, episode: 0, version: 0, active: false, at_ms: work.now, alarm_report: None }
}
