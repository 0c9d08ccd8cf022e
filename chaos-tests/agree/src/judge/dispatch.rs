//! Units, offers, escalations, alarms and cameras, judged by what clients were told and by what a state shows, with no word of
//! how `domain` decides.
//!
//! - A unit is in one incident at most, and of two who decide on one version of an incident one takes.
//! - Every offer is answered, or runs out, not before its time: each assignment of a unit is found once, and who let an offer run
//!   out or refused it has called a person once. No deadline has passed without a consequence once the cluster serves.
//! - A tap counts for the assignment that it was made for. An incident does not climb faster than its deadlines.
//! - An alarm that was raised is in one incident, which knows its newest version. A camera's health comes from whoever was
//!   given it last.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{
    AlarmKey, Assignment, AssignmentEnd, AttentionKind, GroupId, IncidentId, IncidentStatus, Millis, Origin, Source,
    State, UnitId, UnitStatus, limits,
};

use super::{Verdict, Violation, broken};
use crate::{
    stage,
    world::{FIELD, World},
};

/// A deadline that has passed for longer was forgotten: leaders look every quarter of a second.
const OVERDUE_MS_MAX: u64 = 2_000;

/// What clients were told.
#[derive(Default)]
pub struct Dispatch {
    /// Versions of incidents on which somebody decided with success.
    decided: BTreeSet<(IncidentId, u64)>,
    /// Taps that were acknowledged.
    tapped: BTreeSet<(UnitId, u64, UnitStatus)>,
    /// The newest episode of each alarm that was acknowledged.
    alarmed: BTreeMap<AlarmKey, u32>,
    /// Epochs in which somebody was given the camera.
    given: BTreeSet<u64>,
    /// The epoch of each health that was recorded, by its place in the log.
    watched: BTreeMap<u64, u64>,
}

impl Dispatch {
    /// A decision on a version of an incident was accepted, and it came to this version.
    pub fn decided(&mut self, incident: &IncidentId, expected: u64, version: u64) -> Verdict {
        if version == expected {
            // It was so already.
            return Ok(());
        }
        let is_first = self.decided.insert((incident.clone(), expected));
        if is_first && version == expected + 1 {
            return Ok(());
        }
        let what = if is_first { "which was not its newest" } else { "on which somebody else had decided" };
        Err(broken("dispatch", format_args!("{incident} came to {version} by who had seen {expected}, {what}")))
    }

    /// A tap for this assignment was accepted.
    pub fn tapped(&mut self, unit: &UnitId, assignment: u64, status: UnitStatus) {
        self.tapped.insert((unit.clone(), assignment, status));
    }

    /// An episode of an alarm was begun, or ended.
    pub fn alarmed(&mut self, key: &AlarmKey, episode: u32) {
        let newest = self.alarmed.entry(key.clone()).or_default();
        *newest = episode.max(*newest);
    }

    /// Somebody was given the camera in this epoch.
    pub fn given(&mut self, epoch: u64) -> Verdict {
        if self.given.insert(epoch) {
            return Ok(());
        }
        Err(broken("dispatch", format_args!("epoch {epoch} was given twice")))
    }

    /// The camera's health was taken at this place in the log, from who was given it in this epoch.
    pub fn watched(&mut self, index: u64, epoch: u64) -> Verdict {
        let newer = self.watched.range(..index).map(|(_, other)| *other).max().filter(|other| *other > epoch);
        let older = self.watched.range(index + 1..).map(|(_, other)| *other).min().filter(|other| *other < epoch);
        self.watched.insert(index, epoch);
        match newer.or(older) {
            None => Ok(()),
            Some(other) => Err(broken(
                "dispatch",
                format_args!("the camera's health at {index} is of epoch {epoch}, among others of {other}"),
            )),
        }
    }

    /// Judges the command group of a node that has come to rest.
    pub fn judge(&self, state: &State) -> Verdict {
        let mut all: BTreeMap<(&UnitId, u64), &Assignment> = BTreeMap::new();
        let past = state.incidents().values().flat_map(|incident| &incident.dispatch.past);
        let current = state.units().values().filter_map(|unit| unit.duty.assignment.as_ref());
        for assignment in past.chain(current) {
            if all.insert((&assignment.unit, assignment.number), assignment).is_some() {
                let (unit, number) = (&assignment.unit, assignment.number);
                return Err(broken("dispatch", format_args!("assignment {number} of {unit} is there twice")));
            }
        }
        for unit in state.units().values() {
            let lost = (1..=unit.duty.assignments_made).find(|number| !all.contains_key(&(&unit.id, *number)));
            if let Some(number) = lost {
                return Err(broken("dispatch", format_args!("assignment {number} of {} is lost", unit.id)));
            }
        }
        judge_calls(state)?;
        for (unit, number, status) in &self.tapped {
            if !all.get(&(unit, *number)).is_some_and(|assignment| knows(assignment, *status)) {
                return Err(broken(
                    "dispatch",
                    format_args!(
                        "the tap {status} of {unit} for assignment {number} was acknowledged and is not in it"
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Judges what both groups know of alarms.
    pub fn judge_alarms(&self, command: &State, field: &State) -> Verdict {
        for (key, episode) in &self.alarmed {
            let there = field.alarms().get(key).map_or(0, |alarm| alarm.episode);
            if there < *episode {
                return Err(broken("dispatch", format_args!("episode {episode} of {key} was acknowledged: {there}")));
            }
        }
        for alarm in field.alarms().values() {
            let told: Vec<&Source> = command
                .incidents()
                .values()
                .flat_map(|incident| &incident.sources)
                .filter(|source| matches!(&source.origin, Origin::Alarm(key) if *key == alarm.key))
                .collect();
            let is_right = match told.as_slice() {
                // It came and went before anybody heard of it.
                [] => !alarm.active,
                [told] => told.version == alarm.version && told.active == alarm.active,
                _ => false,
            };
            if !is_right {
                return Err(broken("dispatch", format_args!("of the alarm {alarm:?} the incidents know {told:?}")));
            }
        }
        Ok(())
    }
}

/// Whether an assignment has gone through this status.
fn knows(assignment: &Assignment, status: UnitStatus) -> bool {
    match status {
        UnitStatus::Available => {
            matches!(assignment.end, Some(AssignmentEnd::Refused | AssignmentEnd::Cleared))
        }
        _ => assignment.steps.iter().any(|step| step.status == status),
    }
}

/// Who let an offer run out, or refused, has called a person once.
fn judge_calls(state: &State) -> Verdict {
    for incident in state.incidents().values() {
        for (end, kind) in [
            (AssignmentEnd::Unanswered, AttentionKind::OfferUnanswered),
            (AssignmentEnd::Refused, AttentionKind::OfferRefused),
        ] {
            let ended = incident.dispatch.past.iter().filter(|past| past.end == Some(end)).count();
            let called = incident.dispatch.attentions.iter().filter(|called| called.kind == kind).count();
            if ended != called {
                return Err(broken(
                    "dispatch",
                    format_args!(
                        "{}: {ended} offers ended as {end}, and a person was called {called} times",
                        incident.id
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// Looks at the command group of any node at any time.
pub fn look_at(state: &State) -> Verdict {
    for unit in state.units().values() {
        let listing: Vec<&IncidentId> = state
            .incidents()
            .values()
            .filter(|incident| incident.units.contains(&unit.id))
            .map(|incident| &incident.id)
            .collect();
        if listing != unit.incident.iter().collect::<Vec<_>>() {
            return Err(broken(
                "dispatch",
                format_args!("{} is in {:?} and on the lists of {listing:?}", unit.id, unit.incident),
            ));
        }
    }
    for incident in state.incidents().values() {
        let (id, level) = (&incident.id, incident.severity.level() - 1);
        let earliest = u64::from(incident.escalation_level) * limits::ACKNOWLEDGE_WITHIN_MS[level];
        if state.clock() < incident.opened_at_ms.plus(earliest) {
            let climbed = incident.escalation_level;
            return Err(broken("dispatch", format_args!("{id} has climbed {climbed} levels before they were due")));
        }
        for past in incident.dispatch.past.iter().filter(|past| past.end == Some(AssignmentEnd::Unanswered)) {
            let offered = past.steps.first().map_or(Millis(0), |step| step.received_at_ms);
            if past.ended_at_ms < offered.plus(limits::OFFER_WITHIN_MS[level]) || past.steps.len() > 1 {
                return Err(broken("dispatch", format_args!("{id}: an offer ran out that had not: {past:?}")));
            }
        }
    }
    Ok(())
}

/// What should have happened by now and has not, if there is something.
#[must_use]
pub fn overdue(world: &World) -> Option<String> {
    let now = stage::wall_ms(stage::WORLD);
    let groups = world.node_ids().find_map(|node| world.groups(node))?;
    let has_passed = |due: Millis| due.is_set() && due.0 + OVERDUE_MS_MAX < now;
    let of_command = groups.read(GroupId::COMMAND, |state| {
        let is_late = |status| status == IncidentStatus::Opened;
        let incident = state
            .incidents()
            .values()
            .find(|incident| is_late(incident.status) && has_passed(incident.acknowledge_due_at_ms));
        let unit = state.units().values().find(|unit| {
            let assignment = unit.duty.assignment.as_ref();
            assignment.is_some_and(|it| has_passed(it.offer_due_at_ms) || has_passed(it.check_in_due_at_ms))
        });
        let incident = incident.map(|incident| format!("nobody has escalated {}", incident.id));
        incident.or_else(|| unit.map(|unit| format!("nobody has asked for {}, which does not answer", unit.id)))
    });
    let of_field = || {
        groups.read(FIELD, |state| {
            state.unreported_alarms().next().map(|alarm| format!("nobody has reported {}", alarm.key))
        })
    };
    of_command.or_else(of_field)
}

/// It did not happen in time.
#[must_use]
pub fn forgotten(what: &str, limit: Duration) -> Violation {
    broken("dispatch", format_args!("{what} for {} s", limit.as_secs()))
}

/// Judges what every node that runs has come to.
pub fn judge(world: &World) -> Verdict {
    let dispatch = world.judges.dispatch();
    for groups in world.node_ids().filter_map(|node| world.groups(node)) {
        groups.read(GroupId::COMMAND, |command| {
            dispatch.judge(command)?;
            groups.read(FIELD, |field| dispatch.judge_alarms(command, field))
        })?;
    }
    Ok(())
}
