//! Alarms. Raising, clearing and confirming are sent at least once and take effect once: they name the episode. Only what
//! a model found may be said anew within an episode.

use super::{Outcome, Work, accepted, finding, valid};
use crate::{
    AcknowledgeAlarm, Alarm, AlarmKey, ClearAlarm, ConfirmAlarmReport, EventKind, Millis, Place, RaiseAlarm, RaisedDay,
    Refusal, RefusalCode, SensorId, Shelf, ShelveAlarm, State, UnshelveAlarm, VOCABULARY_2,
    calendar::DAY_MS,
    limits, rows,
    stored::{self, Touched},
};

/// Whether the alarm is about a device of drills.
fn is_of_exercise(state: &State, key: &AlarmKey) -> bool {
    state.sensors.get(&SensorId::from(&key.entity)).is_some_and(|sensor| sensor.exercise)
}

/// The one condition that a district itself can have.
const DISTRICT_CONDITION: &str = "flood";

pub(super) fn raise(work: &mut Work<'_>, command: &RaiseAlarm) -> Outcome {
    let now = work.now;
    let place =
        place_of(work.state, &command.key).ok_or_else(|| valid::not_found("key.entity", &command.key.entity))?;
    let former = work.state.alarms.get(&command.key);
    let last = former.map_or(0, |alarm| alarm.episode);
    if let Some(former) = former
        && former.episode == command.episode
    {
        if former.active && command.finding.is_some() && command.finding != former.finding {
            let active = former.clone();
            return amend(work, active, command);
        }
        return Ok(accepted(&former.key, former.version));
    }
    finding::check(work.state, command)?;
    let is_active = former.is_some_and(|alarm| alarm.active);
    if is_active || last.checked_add(1) != Some(command.episode) {
        return Err(wrong_episode(last));
    }
    valid::within("key", work.state.alarms.len() + usize::from(former.is_none()), limits::ALARMS_MAX)?;
    let mut alarm = Alarm {
        key: command.key.clone(),
        episode: command.episode,
        severity: command.severity,
        active: true,
        acknowledged: false,
        shelf: None,
        place,
        value_micro: command.value_micro,
        limit_micro: command.limit_micro,
        raised_at_ms: now,
        cleared_at_ms: Millis(0),
        acknowledged_at_ms: Millis(0),
        acknowledged_by: None,
        reported_version: 0,
        version: 1,
        incident: None,
        occurrences: 1,
        exercise: command.exercise || is_of_exercise(work.state, &command.key),
        finding: command.finding.clone(),
        raised_days: Vec::new(),
    };
    if let Some(former) = former {
        alarm.shelf = former.shelf.clone();
        alarm.raised_days.clone_from(&former.raised_days);
        alarm.reported_version = former.reported_version;
        alarm.version = former.version + 1;
        // Chattering: it is the same trouble still, and who has seen it need not see it again.
        if now.since(former.cleared_at_ms) < limits::CHATTER_MS {
            alarm.occurrences = former.occurrences.saturating_add(1);
            alarm.acknowledged = former.acknowledged;
            alarm.acknowledged_at_ms = former.acknowledged_at_ms;
            alarm.acknowledged_by = former.acknowledged_by.clone();
        }
    }
    let calls = alarm.occurrences == 1 && alarm.shelf.is_none() && work.state.inhibited(&alarm.key, now).is_none();
    if calls && work.state.has_feature(VOCABULARY_2) {
        count_day(&mut alarm.raised_days, now);
    }
    keep_former(work, &alarm.key);
    Ok(keep(work, alarm, EventKind::AlarmRaised, ""))
}

/// It called for somebody once more today. What is too long ago is forgotten.
fn count_day(days: &mut Vec<RaisedDay>, now: Millis) {
    let from_ms = Millis(now.0 - now.0 % DAY_MS);
    days.retain(|day| from_ms.since(day.from_ms) < limits::RAISED_DAYS_MS);
    match days.last_mut().filter(|day| day.from_ms == from_ms) {
        Some(day) => day.count = day.count.saturating_add(1),
        None => days.push(RaisedDay { from_ms, count: 1 }),
    }
}

/// A model found something else of what is active: the same trouble, told better.
fn amend(work: &mut Work<'_>, mut alarm: Alarm, command: &RaiseAlarm) -> Outcome {
    finding::check(work.state, command)?;
    alarm.severity = command.severity;
    alarm.value_micro = command.value_micro;
    alarm.limit_micro = command.limit_micro;
    alarm.finding.clone_from(&command.finding);
    alarm.version += 1;
    keep_former(work, &alarm.key);
    Ok(keep(work, alarm, EventKind::AlarmAmended, ""))
}

/// The value that ended it is in the log and among the readings; the alarm keeps the one that raised it.
pub(super) fn clear(work: &mut Work<'_>, command: &ClearAlarm) -> Outcome {
    let mut alarm = find_episode(work, &command.key, command.episode)?;
    if !alarm.active {
        return Ok(accepted(&alarm.key, alarm.version));
    }
    alarm.active = false;
    alarm.cleared_at_ms = work.now;
    alarm.version += 1;
    Ok(keep(work, alarm, EventKind::AlarmCleared, ""))
}

pub(super) fn acknowledge(work: &mut Work<'_>, command: &AcknowledgeAlarm) -> Outcome {
    let person = work.by_person()?;
    let mut alarm = find_episode(work, &command.key, command.episode)?;
    if alarm.acknowledged {
        return Ok(accepted(&alarm.key, alarm.version));
    }
    alarm.acknowledged = true;
    alarm.acknowledged_at_ms = work.now;
    alarm.acknowledged_by = Some(person);
    alarm.version += 1;
    Ok(keep(work, alarm, EventKind::AlarmAcknowledged, ""))
}

pub(super) fn shelve(work: &mut Work<'_>, command: &ShelveAlarm) -> Outcome {
    let by = work.by_person()?;
    valid::text("reason", &command.reason)?;
    if command.until_ms <= work.now || command.until_ms > work.now.plus(limits::SHELF_MS_MAX) {
        let remedy = format!("choose an end within {} ms from now", limits::SHELF_MS_MAX);
        return Err(valid::invalid("until_ms", remedy));
    }
    let mut alarm = find(work, &command.key)?;
    alarm.shelf = Some(Shelf { by, reason: command.reason.clone(), until_ms: command.until_ms });
    alarm.version += 1;
    Ok(keep(work, alarm, EventKind::AlarmShelved, &command.reason))
}

pub(super) fn unshelve(work: &mut Work<'_>, command: &UnshelveAlarm) -> Outcome {
    let mut alarm = find(work, &command.key)?;
    let Some(shelf) = alarm.shelf.take() else {
        return Ok(accepted(&alarm.key, alarm.version));
    };
    if work.grant.is_none() && work.now < shelf.until_ms {
        let message = format!("it is shelved until {}: come back then", shelf.until_ms);
        return Err(Refusal::new(RefusalCode::NotDue, "key", message));
    }
    alarm.version += 1;
    Ok(keep(work, alarm, EventKind::AlarmUnshelved, ""))
}

pub(super) fn confirm_report(work: &mut Work<'_>, command: &ConfirmAlarmReport) -> Outcome {
    let former = find(work, &command.key)?;
    if command.version > former.version {
        let remedy = format!("is ahead of the alarm: at most {}", former.version);
        return Err(valid::invalid("version", remedy));
    }
    if command.episode > former.episode {
        return Err(wrong_episode(former.episode));
    }
    let mut alarm = former.clone();
    // The incident of an earlier episode says nothing of this one.
    let is_news = command.episode == former.episode && command.version >= former.reported_version;
    if is_news && command.incident.is_some() {
        alarm.incident.clone_from(&command.incident);
    }
    alarm.reported_version = former.reported_version.max(command.version);
    #[cfg(feature = "seeded-bugs")]
    if crate::bugs::is_made(crate::bugs::Bug::ReportOverConfirmed) {
        alarm.reported_version = alarm.version;
    }
    if alarm == former {
        return Ok(accepted(&alarm.key, alarm.version));
    }
    Ok(keep(work, alarm, EventKind::AlarmReportConfirmed, ""))
}

/// Where the entity stands; none: there is none. A district has no place of its own and no row in a field group: its
/// alarm takes the place of the sensor with the lowest id, so that it is seen by those who see the group's devices.
pub(crate) fn place_of(state: &State, key: &AlarmKey) -> Option<Place> {
    let district = || {
        let first = state.sensors.values().next().map(|sensor| &sensor.place);
        first.filter(|_| key.condition.as_str() == DISTRICT_CONDITION)
    };
    state.device_place(&key.entity).or_else(district).cloned()
}

fn find(work: &Work<'_>, key: &AlarmKey) -> Result<Alarm, Refusal> {
    work.state.alarms.get(key).cloned().ok_or_else(|| valid::not_found("key", key))
}

fn find_episode(work: &Work<'_>, key: &AlarmKey, episode: u32) -> Result<Alarm, Refusal> {
    let alarm = find(work, key)?;
    if alarm.episode != episode {
        return Err(wrong_episode(alarm.episode));
    }
    Ok(alarm)
}

fn wrong_episode(last: u32) -> Refusal {
    valid::version_conflict("episode", format!("the alarm is at episode {last}: look, then decide anew"))
}

/// Leaves to history how the alarm stood until now: state has its newest episode alone, and of that what was said last.
fn keep_former(work: &mut Work<'_>, key: &AlarmKey) {
    if !work.state.has_feature(VOCABULARY_2) {
        return;
    }
    let Some(former) = work.state.alarms.get(key) else { return };
    // The days are counted on in the one that stands.
    let former = Alarm { raised_days: Vec::new(), ..former.clone() };
    work.history.push(stored::row(rows::former_alarm_key(key, work.now, work.index), &former));
}

fn keep(work: &mut Work<'_>, alarm: Alarm, kind: EventKind, note: &str) -> crate::Accepted {
    let outcome = accepted(&alarm.key, alarm.version);
    work.touch(Touched::Alarm(alarm.key.clone()));
    work.state.keep_alarm(alarm.clone());
    work.emit(kind, note, Some(alarm.into()));
    outcome
}
