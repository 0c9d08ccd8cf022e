//! How alarms feed incidents: sent at least once, effective once, under the alarm's key and version.
//!
//! - A version that group 0 has heard, or an older one, changes nothing, also when the incident is long closed.
//! - While the alarm's incident is live it is told; merged, the one that it was merged into is told.
//! - A new episode after its incident was resolved or closed opens another: what was decided stays decided.
//! - The same episode cannot reopen what a person resolved; resolved, it is still told whether the condition holds.
//! - An alarm of an entity that has a live incident feeds that one: one trouble, one incident, several sources.
//! - A drill's alarm feeds a drill's incident and a real one a real one.
//! - An alarm that holds when it opens or joins an incident files its report there in the same entry (from `VOCABULARY_2` on). What
//!   comes up anew while that incident has it is the same report, and so is what chatters (ISA-18.2), wherever it goes.
//! - An alarm whose report a person took out of an incident feeds none until it comes up in another occurrence.

use super::{Facts, hasten_deadline, is_live, keep, open_new};
use crate::{
    Alarm, EventKind, FeedIncident, Incident, IncidentId, IncidentStatus, Origin, ReportCode, Source, State,
    apply::{Outcome, Work, accepted, report, valid},
    limits,
    state::Heard,
    stored::Touched,
};

pub(in crate::apply) fn feed(work: &mut Work<'_>, command: &FeedIncident) -> Outcome {
    let alarm = &command.alarm;
    valid::text("summary", &command.summary)?;
    let heard = work.state.heard_of(&alarm.key).cloned();
    #[cfg(feature = "seeded-bugs")]
    let heard = if crate::bugs::is_made(crate::bugs::Bug::AlarmConflated) {
        let of_device = work.state.heard.get(&alarm.key.entity);
        of_device.and_then(|all| all.values().max_by_key(|heard| heard.version).cloned())
    } else {
        heard
    };
    if let Some(heard) = &heard
        && alarm.version <= heard.version
    {
        return Ok(answer(work.state, heard.incident.as_ref()));
    }
    valid::within("alarm.key", work.state.heard_count + usize::from(heard.is_none()), limits::HEARD_MAX)?;
    let former = heard.as_ref().and_then(|heard| heard.report.clone());
    let is_same_occurrence = heard.as_ref().is_some_and(|heard| alarm.first_episode() <= heard.episode);
    if is_same_occurrence && let Some(code) = former.clone().filter(|code| report::is_parted(work.state, code)) {
        report::keep_parted(work, &code, source(work, alarm, Some(code.clone())));
        remember(work, alarm, None, Some(code));
        return Ok(accepted("", 0));
    }
    let is_same_episode = heard.as_ref().is_some_and(|heard| heard.episode == alarm.episode);
    let origin = heard.and_then(|heard| heard.incident);
    let now_at = origin.as_ref().and_then(|id| work.state.incident_now(id));

    let (fed, incident, former) = match now_at {
        Some(incident) if is_told(incident, alarm, is_same_episode) => (Some(incident.clone()), origin, former),
        // Closed by a person, and nothing new came up.
        Some(_) if is_same_episode => (None, origin, former),
        // It came and went before anybody heard.
        _ if !alarm.active => (None, None, None),
        _ => match neighbour(work.state, alarm) {
            Some(incident) => (Some(incident.clone()), Some(incident.id.clone()), None),
            None => {
                let code = report::code_for(work.state, alarm);
                let opened = open_new(work, facts(command), source(work, alarm, code.clone()))?;
                let id = IncidentId::new(&opened.entity).ok();
                if let (Some(id), Some(code)) = (&id, &code) {
                    report::gather(work, command, id, code);
                }
                remember(work, alarm, id, code);
                return Ok(opened);
            }
        },
    };
    let Some(fed) = fed else {
        let outcome = answer(work.state, incident.as_ref());
        remember(work, alarm, incident, former);
        return Ok(outcome);
    };
    let (outcome, code) = tell(work, fed, command, incident.as_ref());
    remember(work, alarm, incident, code.or(former));
    Ok(outcome)
}

/// Whether the incident that the alarm fed before is told of this too.
fn is_told(incident: &Incident, alarm: &Alarm, is_same_episode: bool) -> bool {
    let is_open = is_live(incident.status) || (is_same_episode && incident.status == IncidentStatus::Resolved);
    is_open && incident.exercise == alarm.exercise && has_room(incident, alarm)
}

/// The newest live incident that another alarm of the same entity feeds.
fn neighbour<'a>(state: &'a State, alarm: &Alarm) -> Option<&'a Incident> {
    let ids = state.heard.get(&alarm.key.entity)?.values().filter_map(|heard| heard.incident.as_ref());
    let incidents = ids.filter_map(|id| state.incident_now(id)).filter(|incident| is_live(incident.status));
    let fitting = incidents.filter(|incident| incident.exercise == alarm.exercise && has_room(incident, alarm));
    fitting.max_by_key(|incident| (incident.opened_at_ms, &incident.id))
}

/// At the bound of its sources an incident takes no new one, and the alarm opens its own.
fn has_room(incident: &Incident, alarm: &Alarm) -> bool {
    let is_there = incident.sources.iter().any(|source| is_of(source, alarm));
    is_there || incident.sources.len() < limits::INCIDENT_SOURCES_MAX
}

/// Tells the incident, and its report's code if the incident is the alarm's own. What that was merged into is told as well, and has
/// no report of its own of it: un-merging gives the one back that there is.
fn tell(
    work: &mut Work<'_>,
    mut incident: Incident,
    command: &FeedIncident,
    own: Option<&IncidentId>,
) -> (crate::Accepted, Option<ReportCode>) {
    let alarm = &command.alarm;
    let id = incident.id.clone();
    let is_own = own == Some(&id);
    let at = incident.sources.iter().position(|source| is_of(source, alarm));
    let known = at.and_then(|at| incident.sources[at].alarm_report.clone());
    let filed = if is_own && known.is_none() { report::code_for(work.state, alarm) } else { None };
    let told = source(work, alarm, known.clone().or_else(|| filed.clone()));
    match at {
        Some(at) => incident.sources[at] = told,
        None => incident.sources.push(told),
    }
    if alarm.active && is_live(incident.status) && alarm.severity > incident.severity {
        incident.severity = alarm.severity;
        hasten_deadline(&mut incident, work.now);
    }
    let outcome = keep(work, incident, EventKind::IncidentFed, "");
    if let Some(code) = &filed {
        report::gather(work, command, &id, code);
    }
    (outcome, known.filter(|_| is_own).or(filed))
}

fn remember(work: &mut Work<'_>, alarm: &Alarm, incident: Option<IncidentId>, report: Option<ReportCode>) {
    work.state.keep_heard(&alarm.key, Heard { version: alarm.version, episode: alarm.episode, incident, report });
    work.touch(Touched::Heard(alarm.key.clone()));
}

/// What the alarm is told that it feeds; nothing is a right answer too.
fn answer(state: &State, incident: Option<&IncidentId>) -> crate::Accepted {
    match incident.and_then(|id| state.incident_now(id)) {
        Some(incident) => accepted(&incident.id, incident.version),
        None => accepted("", 0),
    }
}

fn is_of(source: &Source, alarm: &Alarm) -> bool {
    matches!(&source.origin, Origin::Alarm(key) if *key == alarm.key)
}

fn source(work: &Work<'_>, alarm: &Alarm, alarm_report: Option<ReportCode>) -> Source {
    Source {
        origin: Origin::Alarm(alarm.key.clone()),
        episode: alarm.episode,
        version: alarm.version,
        active: alarm.active,
        at_ms: work.now,
        alarm_report,
    }
}

fn facts(command: &FeedIncident) -> Facts {
    Facts {
        kind: command.kind,
        severity: command.alarm.severity,
        place: command.alarm.place.clone(),
        summary: command.summary.clone(),
        exercise: command.alarm.exercise,
        place_is_mapped: false,
    }
}
