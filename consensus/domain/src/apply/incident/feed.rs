//! How alarms feed incidents: sent at least once, effective once, under the alarm's key and version.
//!
//! - A version that group 0 has heard, or an older one, changes nothing, also when the incident is long closed.
//! - While the alarm's incident is live it is told; merged, the one that it was merged into is told.
//! - A new episode after its incident was resolved or closed opens another: what was decided stays decided.
//! - The same episode cannot reopen what a person resolved; resolved, it is still told whether the condition holds.
//! - An alarm of an entity that has a live incident feeds that one: one trouble, one incident, several sources.
//! - A drill's alarm feeds a drill's incident and a real one a real one.

use super::{Facts, hasten_deadline, is_live, keep, open_new};
use crate::{
    Alarm, EventKind, FeedIncident, Incident, IncidentId, IncidentStatus, Origin, Source, State,
    apply::{Outcome, Work, accepted, valid},
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
    let is_same_episode = heard.as_ref().is_some_and(|heard| heard.episode == alarm.episode);
    let origin = heard.and_then(|heard| heard.incident);
    let now_at = origin.as_ref().and_then(|id| work.state.incident_now(id));

    let (fed, incident) = match now_at {
        Some(incident) if is_told(incident, alarm, is_same_episode) => (Some(incident.clone()), origin),
        // Closed by a person, and nothing new came up.
        Some(_) if is_same_episode => (None, origin),
        // It came and went before anybody heard.
        _ if !alarm.active => (None, None),
        _ => match neighbour(work.state, alarm) {
            Some(incident) => (Some(incident.clone()), Some(incident.id.clone())),
            None => {
                let opened = open_new(work, facts(command), source(work, alarm))?;
                let id = IncidentId::new(&opened.entity).ok();
                remember(work, alarm, id);
                return Ok(opened);
            }
        },
    };
    let outcome = match fed {
        Some(incident) => tell(work, incident, alarm),
        None => answer(work.state, incident.as_ref()),
    };
    remember(work, alarm, incident);
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

fn tell(work: &mut Work<'_>, mut incident: Incident, alarm: &Alarm) -> crate::Accepted {
    let told = source(work, alarm);
    match incident.sources.iter_mut().find(|source| is_of(source, alarm)) {
        Some(source) => *source = told,
        None => incident.sources.push(told),
    }
    if alarm.active && is_live(incident.status) && alarm.severity > incident.severity {
        incident.severity = alarm.severity;
        hasten_deadline(&mut incident, work.now);
    }
    keep(work, incident, EventKind::IncidentFed, "")
}

fn remember(work: &mut Work<'_>, alarm: &Alarm, incident: Option<IncidentId>) {
    work.state.keep_heard(&alarm.key, Heard { version: alarm.version, episode: alarm.episode, incident });
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

fn source(work: &Work<'_>, alarm: &Alarm) -> Source {
    Source {
        origin: Origin::Alarm(alarm.key.clone()),
        episode: alarm.episode,
        version: alarm.version,
        active: alarm.active,
        at_ms: work.now,
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
