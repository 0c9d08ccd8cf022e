//! What is true of every state, numbered. Tests, the simulator and a node that restores a snapshot ask [`State::check`];
//! a broken invariant is a bug and never an answer.

mod access;
mod call;
mod deadline;
mod device;
mod dispatch;
mod drill;
mod erasure;
mod file;
mod notice;
mod retention;
mod room;
mod service;
mod waiting;
mod warning;

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    AdminUnit, Alarm, GroupId, Incident, IncidentStatus, Micro, Sensor, Session, State, Unit, UnitStatus, VersionName,
    apply::{alarm_place_of, is_outside_window},
    is_of_model, limits,
};

/// An invariant does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invariant {number} is broken: {detail}")]
pub struct Violation {
    /// As numbered in [`State::check`].
    pub number: u32,
    /// Which record, and what is wrong with it.
    pub detail: String,
}

fn hold(number: u32, holds: bool, detail: impl FnOnce() -> String) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { number, detail: detail() }) }
}

impl State {
    /// Checks every invariant. Linear in the size of the state.
    ///
    /// 1. A group keeps its own nouns only: devices in a field group, everything else in group 0.
    /// 2. A record stands under its own id.
    /// 3. No collection is over its bound.
    /// 4. Each administrative unit reaches a top within `ADMIN_DEPTH_MAX` levels.
    /// 5. Districts name units that are there and a field group; people name districts and units that are there.
    /// 6. A unit is in an incident exactly if that incident lists it, once.
    /// 7. A unit is in an incident exactly while it is offered, accepted, on the way, at the staging area or on scene.
    /// 8. An incident is assigned exactly while units are on it.
    /// 9. An incident is merged exactly while it says into which, and what it was; merges make no circle.
    /// 10. A deadline to acknowledge runs exactly while an incident is opened and can climb.
    /// 11. An incident has a closing time exactly while it is closed, and at least one source.
    /// 12. As many incidents as were opened, and instructions as were given, or fewer, are there.
    /// 13. What group 0 has heard of alarms is counted right and names incidents that are there.
    /// 14. An alarm is about an entity that is there; what is confirmed is not ahead of it.
    ///     A model's finding is with it exactly if its condition is a model's.
    /// 15. An alarm has a clearing time exactly while it is not active; somebody acknowledged it exactly if it says so.
    /// 16. A sensor's window is ascending, within its bound, and ends with the newest reading; no hysteresis is negative.
    /// 17. A camera's epoch is of a camera that is there.
    /// 18. A session's answers are ascending and within the window of its newest.
    /// 19. The derived sets (unreported alarms, ends of sessions, next steps of clocks, reports that call) are what they are derived from.
    /// 20. What is in use of a model, and what it can be rolled back to, is registered; the shadow is not the active one.
    /// 21. Each registered version has a tally, and nothing else has; a tally's bins add up to what was decided.
    /// 22. An incident's suggestions are ascending and within their bound; of one model and mode one is pending at most;
    ///     what is decided says when, what is pending does not.
    /// 23. A unit has an assignment exactly while it is in an incident: its newest, which goes on, and whose last step is what
    ///     the unit is doing. Steps ascend, and none is tapped after it was received.
    /// 24. An offer's deadline runs exactly while the unit is offered, and a check-in's while it is accepted, on the way, at the
    ///     staging area or on scene and can climb; under mayday neither does.
    /// 25. With an incident are past assignments that ended, each once; attentions and tasks ascending; an answer of all
    ///     agencies only while every task is settled; all within their bounds.
    /// 26. A run card needs something, each skill once.
    /// 27. A report is in hand exactly while it belongs to an incident, which knows it as a source; its other links are undone.
    /// 28. Clocks are ascending and within their bound; one says since when it runs, stands still or has ended, and has a
    ///     next step only while it runs.
    /// 29. Policies name calendars and posts that are there; posts name people that are there, and come to an end upwards.
    /// 30. No clock is open of what is done, and none runs of what is merged; an instruction that has ended says when.
    /// 31. An instruction is somebody's.
    /// 32. Of each receiver exactly the notices wait in state that it has not confirmed and that are not parked, within the bound.
    /// 33. A call is with an agent exactly while the agent is with it: it rings at one who is rung, and who talks or calls back
    ///     is on a call. One agent has one call, one call one agent. An agent in wrap-up says until when.
    /// 34. A ring has its time exactly while it rings; what is over says why and has no live leg; who waits is on the line.
    /// 35. What is derived of calls is what it is derived from; lists of calls, agents and callers are within their bounds.
    /// 36. Nobody waits whom somebody who is free could take.
    /// 37. Retention names each kind and sensor once; what counts begins with a day that has begun, of sensors that are there.
    /// 38. Second factors, keys, delegations and stances are of people that are there; one counts once a code of it was spent;
    ///     who acts by a delegation is its deputy.
    /// 39. Messages to the public say when and by whom they were decided on exactly if they were; each is for a place, and an
    ///     update or a cancellation names what came before it.
    /// 40. With an incident are hand-overs ascending; one that waits has an open clock, one that does not says when it ended.
    /// 41. One exercise runs at most.
    /// 42. A room names a place, a post and a leader that are there, and not itself; it says since when it follows.
    /// 43. A shift note is of a room that is there; who acknowledged it did not write it; it is late after its time only.
    /// 44. Only the newest drill is not closed; one that is closed has ended, and says when; who watches it does not suffer.
    /// 45. What is derived of files is what it is derived from; no attachment has a number that was not given yet.
    /// 46. Exactly the reports wait of which a person has to think, as derived; only one that waits is taken or set aside, not
    ///     both, and says by whom, since when and why.
    /// 47. A remit is of somebody who is there, and leaves something out; its fields and agencies ascend, each once.
    /// 48. A clock that somebody acknowledged says who and when, after it started, and has taken a step;
    ///     an instruction that somebody confirmed says so too, and is done. No clock is open of a task that is settled.
    /// 50. Rules of erasure name each kind once and some days; nothing was erased before there was a rule. Records that say what
    ///     was erased ascend, and are there.
    /// 53. A device's report is under a code of its own, without a sender. In hand it belongs to the incident in which exactly one alarm
    ///     names it; an alarm names one of a device that belongs there. Taken out of every incident it has its alarm, which feeds none.
    /// 56. A unit goes to the staging area once in an assignment, and was on its way before.
    /// 57. What is out of service of a device says why, since when and until when, within `OUT_OF_SERVICE_MS_MAX`; each condition once,
    ///     ascending, the whole device first; within the bound.
    /// 58. A sensor's rules that suppress stand there once, within their bound; what suppresses is not suppressed itself.
    /// 59. The days in which it is counted how often an alarm called ascend, within their bound, each with a count; none is ahead.
    /// 60. A step says how far it is and when the unit is late exactly if it set out with it, after that.
    /// 61. An assignment came through incidents that were merged, each into the next and the last into where the unit is.
    /// 62. An incident says which units went over with it only while it is merged, each once.
    /// 65. A crew was not told by text of an offer before it was made.
    /// 67. Of a receiver no more notices are parked than it was ever to get, within the bound.
    /// 70. The name that is kept of a number is one line within its bound.
    ///
    /// # Errors
    /// The first invariant that does not hold.
    pub fn check(&self) -> Result<(), Violation> {
        self.check_group()?;
        self.check_bounds()?;
        self.admin_units.values().try_for_each(|unit| self.check_admin_unit(unit))?;
        self.check_people()?;
        self.units.values().try_for_each(|unit| self.check_unit(unit))?;
        self.incidents.values().try_for_each(|incident| self.check_incident(incident))?;
        self.check_heard()?;
        self.alarms.values().try_for_each(|alarm| self.check_alarm(alarm))?;
        self.sensors.values().try_for_each(|sensor| self.check_sensor(sensor))?;
        self.sessions.values().try_for_each(check_session)?;
        self.check_models()?;
        self.run_cards.values().try_for_each(dispatch::check_run_card)?;
        self.reports.values().try_for_each(|report| dispatch::check_report(self, report))?;
        self.check_deadlines()?;
        self.check_notices()?;
        self.check_calls()?;
        self.check_retention()?;
        self.check_access()?;
        self.check_warnings()?;
        self.check_rooms()?;
        self.check_drills()?;
        self.check_files()?;
        self.check_waiting()?;
        self.check_device_reports()?;
        self.check_erasure()?;
        self.check_service()?;
        self.check_derived()
    }

    fn check_group(&self) -> Result<(), Violation> {
        let of_field = self.sensors.len()
            + self.windows.len()
            + self.cameras.len()
            + self.alarms.len()
            + usize::from(self.stored_retention().is_some());
        let of_command = self.admin_units.len()
            + self.districts.len()
            + self.persons.len()
            + self.placements.len()
            + self.units.len()
            + self.incidents.len()
            + self.heard_count
            + self.models.len()
            + self.tallies.len()
            + self.calendars.len()
            + self.deadline_policies.len()
            + self.duty_posts.len()
            + self.instructions.len()
            + self.receivers.len()
            + self.notices.len()
            + self.run_cards.len()
            + self.reports.len()
            + self.book.calls.len()
            + self.book.agents.len()
            + self.book.callers.len()
            + self.book.drafts.len()
            + self.access.len()
            + self.warnings.len()
            + self.board.len()
            + self.drills.len()
            + self.files.len()
            + usize::from(self.erasure.number > 0);
        let foreign = if self.group == GroupId::COMMAND { of_field } else { of_command };
        hold(1, foreign == 0, || format!("group {} holds {foreign} records of another kind", self.group))?;
        fn stray<'a, K: Ord + 'a, V: 'a>(map: &'a BTreeMap<K, V>, key: impl Fn(&V) -> &K) -> bool {
            map.iter().any(|(stored, record)| stored != key(record))
        }
        hold(2, !stray(&self.admin_units, |record| &record.code), || "admin_units".into())?;
        hold(2, !stray(&self.districts, |record| &record.id), || "districts".into())?;
        hold(2, !stray(&self.persons, |record| &record.id), || "persons".into())?;
        hold(2, !stray(&self.units, |record| &record.id), || "units".into())?;
        hold(2, !stray(&self.incidents, |record| &record.id), || "incidents".into())?;
        let is_stray = |(key, card): (&(_, _), &crate::RunCard)| *key != (card.kind, card.severity);
        hold(2, !self.run_cards.iter().any(is_stray), || "run_cards".into())?;
        hold(2, !stray(&self.reports, |record| &record.code), || "reports".into())?;
        hold(2, !stray(&self.models, |record| &record.name), || "models".into())?;
        hold(2, !stray(&self.calendars, |record| &record.id), || "calendars".into())?;
        hold(2, !stray(&self.deadline_policies, |record| &record.id), || "deadline_policies".into())?;
        hold(2, !stray(&self.duty_posts, |record| &record.id), || "duty_posts".into())?;
        hold(2, !stray(&self.instructions, |record| &record.id), || "instructions".into())?;
        hold(2, !stray(&self.receivers, |record| &record.id), || "receivers".into())?;
        hold(2, !stray(&self.sensors, |record| &record.id), || "sensors".into())?;
        hold(2, !stray(&self.cameras, |record| &record.id), || "cameras".into())?;
        hold(2, !stray(&self.alarms, |record| &record.key), || "alarms".into())?;
        hold(2, !stray(&self.sessions, |record| &record.id), || "sessions".into())
    }

    fn check_bounds(&self) -> Result<(), Violation> {
        let bounds = [
            ("features", self.features.len(), limits::FEATURES_MAX),
            ("live_nodes", self.live_nodes.nodes.len(), limits::NODES_MAX),
            ("admin_units", self.admin_units.len(), limits::ADMIN_UNITS_MAX),
            ("districts", self.districts.len(), limits::DISTRICTS_MAX),
            ("persons", self.persons.len(), limits::PERSONS_MAX),
            ("placements", self.placements.len(), limits::PLACEMENTS_MAX),
            ("units", self.units.len(), limits::UNITS_MAX),
            ("incidents", self.incidents.len(), limits::INCIDENTS_MAX),
            ("heard", self.heard_count, limits::HEARD_MAX),
            ("models", self.models.len(), limits::MODELS_MAX),
            ("reports", self.reports.len(), limits::REPORTS_MAX),
            ("calendars", self.calendars.len(), limits::CALENDARS_MAX),
            ("deadline_policies", self.deadline_policies.len(), limits::DEADLINE_POLICIES_MAX),
            ("duty_posts", self.duty_posts.len(), limits::DUTY_POSTS_MAX),
            ("instructions", self.instructions.len(), limits::INSTRUCTIONS_MAX),
            ("receivers", self.receivers.len(), limits::RECEIVERS_MAX),
            ("sensors", self.sensors.len(), limits::SENSORS_MAX),
            ("cameras", self.cameras.len(), limits::CAMERAS_MAX),
            ("alarms", self.alarms.len(), limits::ALARMS_MAX),
            ("sessions", self.sessions.len(), limits::SESSIONS_MAX),
        ];
        bounds
            .into_iter()
            .try_for_each(|(name, count, max)| hold(3, count <= max, || format!("{name}: {count} > {max}")))
    }

    fn check_admin_unit(&self, unit: &AdminUnit) -> Result<(), Violation> {
        let mut at = unit;
        for _ in 0..limits::ADMIN_DEPTH_MAX {
            let Some(parent) = &at.parent else { return Ok(()) };
            let Some(above) = self.admin_units.get(parent) else {
                return hold(4, false, || format!("{}: its parent {parent} is not there", at.code));
            };
            at = above;
        }
        hold(4, false, || format!("{}: no top within reach", unit.code))
    }

    fn check_people(&self) -> Result<(), Violation> {
        for district in self.districts.values() {
            let are_there = district.admin_units.iter().all(|code| self.admin_units.contains_key(code));
            hold(5, are_there && district.group.is_field(), || format!("district {}", district.id))?;
        }
        for person in self.persons.values() {
            let are_there = person.districts.iter().all(|id| self.districts.contains_key(id));
            let has_unit = person.unit.as_ref().is_none_or(|unit| self.units.contains_key(unit));
            hold(5, are_there && has_unit, || format!("person {}", person.id))?;
        }
        let in_field = self.placements.values().all(|group| group.is_field());
        hold(5, in_field, || "placements".into())
    }

    fn check_unit(&self, unit: &Unit) -> Result<(), Violation> {
        if let Some(incident) = &unit.incident {
            let lists = self.incidents.get(incident).is_some_and(|incident| incident.units.contains(&unit.id));
            hold(6, lists, || format!("unit {}: {incident} does not list it", unit.id))?;
        }
        let is_free = matches!(unit.status, UnitStatus::Available | UnitStatus::OutOfService);
        hold(7, is_free == unit.incident.is_none(), || format!("unit {} is {}", unit.id, unit.status))?;
        dispatch::check_duty(unit)?;
        dispatch::check_came_through(self, unit)
    }

    fn check_incident(&self, incident: &Incident) -> Result<(), Violation> {
        let id = &incident.id;
        for unit in &incident.units {
            let is_on = self.units.get(unit).is_some_and(|unit| unit.incident.as_ref() == Some(id));
            hold(6, is_on, || format!("incident {id}: unit {unit} is elsewhere"))?;
        }
        let distinct: BTreeSet<_> = incident.units.iter().collect();
        let units = incident.units.len();
        hold(6, distinct.len() == units, || format!("incident {id} lists a unit twice"))?;
        hold(3, units <= limits::INCIDENT_UNITS_MAX, || format!("incident {id}: {units} units"))?;
        let sources = incident.sources.len();
        hold(3, sources <= limits::INCIDENT_SOURCES_MAX, || format!("incident {id}: {sources} sources"))?;
        let is = |status| incident.status == status;
        hold(8, is(IncidentStatus::Assigned) != incident.units.is_empty(), || format!("incident {id}"))?;
        let says_merged = (incident.merged_into.is_some(), incident.status_before_merge.is_some());
        let merged = is(IncidentStatus::Merged);
        hold(9, says_merged == (merged, merged), || format!("incident {id}"))?;
        self.check_merges(incident)?;
        let can_climb = incident.escalation_level < limits::ESCALATION_LEVEL_MAX;
        let runs = is(IncidentStatus::Opened) && can_climb;
        hold(10, incident.acknowledge_due_at_ms.is_set() == runs, || format!("incident {id}"))?;
        let is_closed = is(IncidentStatus::Closed);
        let is_right = incident.closed_at_ms.is_set() == is_closed && sources > 0;
        hold(11, is_right, || format!("incident {id}"))?;
        check_suggestions(incident)?;
        dispatch::check_dispatch(incident)
    }

    fn check_models(&self) -> Result<(), Violation> {
        for model in self.models.values() {
            let name = &model.name;
            let mut named = model.active.iter().chain(&model.shadow).chain(&model.former);
            let is_right = named.all(|version| model.version(version).is_some());
            let are_two = model.active.is_none() || model.active != model.shadow;
            hold(20, is_right && are_two, || format!("model {name}"))?;
            let versions = model.versions.len();
            let is_within = versions <= limits::MODEL_VERSIONS_MAX && model.former.len() <= limits::MODEL_FORMER_MAX;
            hold(3, is_within, || format!("model {name}: {versions} versions"))?;
            let counted = |version: &VersionName| self.tallies.contains_key(&(name.clone(), version.clone()));
            let are_counted = model.versions.iter().all(|known| counted(&known.version));
            hold(21, are_counted, || format!("model {name}: a version without its tally"))?;
        }
        for (key, tally) in &self.tallies {
            let is_registered = self.models.get(&key.0).is_some_and(|model| model.version(&key.1).is_some());
            let is_own = key.0 == tally.model && key.1 == tally.version;
            let decided: u64 = tally.bins.iter().map(|bin| bin.decided).sum();
            let accepted: u64 = tally.bins.iter().map(|bin| bin.accepted).sum();
            let adds_up = decided == tally.decided() && accepted == tally.accepted;
            let is_shaped = tally.bins.len() == limits::CALIBRATION_BINS
                && tally.kinds.is_sorted_by(|one, next| one.kind < next.kind);
            let is_right = is_registered && is_own && adds_up && is_shaped;
            hold(21, is_right, || format!("tally of {} {}", key.0, key.1))?;
        }
        Ok(())
    }

    fn check_merges(&self, incident: &Incident) -> Result<(), Violation> {
        let mut at = incident;
        for _ in 0..=self.incidents.len() {
            let Some(into) = &at.merged_into else { return Ok(()) };
            let Some(next) = self.incidents.get(into) else {
                return hold(9, false, || format!("incident {}: {into} is not there", at.id));
            };
            at = next;
        }
        hold(9, false, || format!("incident {}: its merges make a circle", incident.id))
    }

    fn check_heard(&self) -> Result<(), Violation> {
        let opened = usize::try_from(self.incidents_opened).unwrap_or(usize::MAX);
        hold(12, self.incidents.len() <= opened, || format!("{} incidents of {opened}", self.incidents.len()))?;
        let count: usize = self.heard.values().map(BTreeMap::len).sum();
        hold(13, count == self.heard_count, || format!("{count} are there, {} are counted", self.heard_count))?;
        let incidents = self.heard.values().flat_map(BTreeMap::values).filter_map(|heard| heard.incident.as_ref());
        incidents
            .into_iter()
            .try_for_each(|id| hold(13, self.incidents.contains_key(id), || format!("{id} is not there")))
    }

    fn check_alarm(&self, alarm: &Alarm) -> Result<(), Violation> {
        let key = &alarm.key;
        let is_right = alarm_place_of(self, key).is_some()
            && alarm.reported_version <= alarm.version
            && alarm
                .finding
                .as_ref()
                .map_or(!is_of_model(&key.condition), |it| it.found.condition() == key.condition.as_str())
            && alarm.episode > 0
            && alarm.occurrences > 0;
        hold(14, is_right, || format!("alarm {key}"))?;
        hold(15, alarm.active != alarm.cleared_at_ms.is_set(), || format!("alarm {key}: cleared or not"))?;
        let is_named = alarm.acknowledged_by.is_some();
        let is_timed = alarm.acknowledged_at_ms.is_set();
        let is_right = is_named == alarm.acknowledged && is_timed == alarm.acknowledged;
        hold(15, is_right, || format!("alarm {key}: acknowledged or not"))
    }

    fn check_sensor(&self, sensor: &Sensor) -> Result<(), Violation> {
        let id = &sensor.id;
        let Some(window) = self.windows.get(id) else {
            return hold(16, false, || format!("sensor {id}: no window"));
        };
        let is_ascending = window.is_sorted_by(|one, next| one < next) && window.len() <= limits::SENSOR_WINDOW;
        hold(16, is_ascending, || format!("sensor {id}: {window:?}"))?;
        let newest = window.last().copied().unwrap_or_default();
        hold(16, newest == sensor.last_at_ms, || format!("sensor {id}: newest {newest}, last {}", sensor.last_at_ms))?;
        hold(3, sensor.thresholds.len() <= limits::THRESHOLDS_MAX, || format!("sensor {id}: thresholds"))?;
        let hysteresis = sensor.thresholds.iter().all(|threshold| threshold.hysteresis_micro >= Micro(0));
        hold(16, hysteresis, || format!("sensor {id}: negative hysteresis"))
    }

    fn check_derived(&self) -> Result<(), Violation> {
        hold(16, self.windows.len() == self.sensors.len(), || "a window without its sensor".into())?;
        let strays = self.camera_epochs.keys().find(|id| !self.cameras.contains_key(*id));
        hold(17, strays.is_none(), || format!("{strays:?}"))?;
        let unreported = self.alarms.values().filter(|alarm| alarm.is_unreported()).map(|alarm| &alarm.key);
        hold(19, unreported.eq(&self.unreported), || "unreported alarms".into())?;
        let mut ends: Vec<_> = self.sessions.values().map(|session| (session.expires_at_ms, session.id)).collect();
        ends.sort_unstable();
        hold(19, ends.iter().eq(&self.session_ends), || "ends of sessions".into())
    }
}

fn check_session(session: &Session) -> Result<(), Violation> {
    let answered = &session.answered;
    let is_ascending = answered.is_sorted_by(|one, next| one.seq < next.seq);
    let newest = answered.last().map_or(0, |answered| answered.seq);
    let is_within = answered.iter().all(|answered| !is_outside_window(answered.seq, session.seq_max));
    let is_right = is_ascending && is_within && newest == session.seq_max;
    hold(18, is_right, || format!("session {}", session.id))
}

fn check_suggestions(incident: &Incident) -> Result<(), Violation> {
    let suggestions = &incident.suggestions;
    let is_ascending = suggestions.is_sorted_by(|one, next| one.number < next.number);
    let shadows = suggestions.iter().filter(|it| it.shadow).count();
    let is_within = shadows.max(suggestions.len() - shadows) <= limits::INCIDENT_SUGGESTIONS_MAX;
    let pending: Vec<_> = suggestions.iter().filter(|it| it.is_pending()).map(|it| (&it.model, it.shadow)).collect();
    let distinct: BTreeSet<_> = pending.iter().collect();
    let is_timed = suggestions.iter().all(|it| it.is_pending() != it.decided_at_ms.is_set());
    let is_right = is_ascending && is_within && is_timed && distinct.len() == pending.len();
    hold(22, is_right, || format!("incident {}: {suggestions:?}", incident.id))
}
