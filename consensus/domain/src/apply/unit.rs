//! Response units.
//!
//! | from | to |
//! |---|---|
//! | available | `out_of_service` |
//! | `out_of_service` | available |
//! | offered | accepted, available (refused: leaves the incident) |
//! | accepted | `en_route`, available (cannot go on: refused) |
//! | `en_route` | staging, `on_scene`, available (cannot go on: refused) |
//! | staging | `on_scene`, available (cannot go on: refused) |
//! | `on_scene` | available (cleared: leaves the incident) |
//!
//! Every other step comes from the incident: assigning offers, and releasing makes available. What runs out comes from timers:
//! an offer nobody answers (`incident/offer.rs`), a crew without a word (`unit/safety.rs`). Under mayday no deadline runs and
//! no unit leaves its incident.

mod duty;
mod safety;

pub(crate) use duty::{adopt, check_in_within_ms};
pub(super) use duty::{begin, end, end_by_others};
pub(super) use safety::{check_in, clear_mayday, escalate_check_in, need_safe, raise_mayday};

use super::{Outcome, Work, accepted, incident, valid};
#[cfg(feature = "seeded-bugs")]
use crate::bugs::{Bug, is_made};
use crate::{
    AssignmentEnd, Duty, EventKind, IncidentId, Millis, MoveUnit, PutUnit, Refusal, SetUnitShift, SetUnitStatus, Shift,
    Unit, UnitId, UnitStatus, VOCABULARY_2, limits, stored::Touched,
};

pub(super) fn put(work: &mut Work<'_>, command: &PutUnit) -> Outcome {
    let unit = &command.unit;
    valid::name("unit.name", &unit.name)?;
    valid::maybe_name("unit.agency", &unit.agency)?;
    unit.skills.iter().try_for_each(|skill| valid::name("unit.skills", skill))?;
    valid::distinct("unit.skills", &unit.skills)?;
    valid::within("unit.skills", unit.skills.len(), limits::SKILLS_MAX)?;
    valid::place("unit.station", &unit.station)?;
    let Some(former) = work.state.units.get(&unit.id) else {
        return put_new(work, unit);
    };
    let put = Unit {
        name: unit.name.clone(),
        agency: unit.agency.clone(),
        skills: unit.skills.clone(),
        station: unit.station.clone(),
        ..former.clone()
    };
    if put == *former {
        return Ok(accepted(&put.id, put.version));
    }
    // A log of an earlier release may name any.
    if work.state.has_feature(VOCABULARY_2) {
        valid::seen_version("unit.version", unit.version, former.version)?;
    }
    let put = Unit { version: put.version + 1, ..put };
    let outcome = accepted(&put.id, put.version);
    keep(work, put, EventKind::UnitPut);
    Ok(outcome)
}

/// A new unit is where the command says, and free or out of service.
fn put_new(work: &mut Work<'_>, unit: &Unit) -> Outcome {
    valid::place("unit.position", &unit.position)?;
    if !matches!(unit.status, UnitStatus::Available | UnitStatus::OutOfService) {
        return Err(valid::invalid(
            "unit.status",
            "a new unit is on no incident: put it as available or out_of_service",
        ));
    }
    valid::within("unit", work.state.units.len() + 1, limits::UNITS_MAX)?;
    let now = work.now;
    let put = Unit { position_at_ms: now, status_at_ms: now, incident: None, version: 1, ..unit.clone() };
    let put = Unit { duty: Duty::default(), ..put };
    let outcome = accepted(&put.id, put.version);
    keep(work, put, EventKind::UnitPut);
    Ok(outcome)
}

pub(super) fn set_shift(work: &mut Work<'_>, command: &SetUnitShift) -> Outcome {
    let is_always = !command.starts_at_ms.is_set() && !command.ends_at_ms.is_set();
    if !is_always && command.ends_at_ms <= command.starts_at_ms {
        return Err(valid::invalid("ends_at_ms", "is not after the start: send a shift, or 0 and 0 for always"));
    }
    let mut unit = find(work, "unit", &command.unit)?.clone();
    let shift = Shift { starts_at_ms: command.starts_at_ms, ends_at_ms: command.ends_at_ms };
    let shift = (!is_always).then_some(shift);
    if unit.duty.shift == shift {
        return Ok(accepted(&unit.id, unit.version));
    }
    unit.duty.shift = shift;
    unit.version += 1;
    let outcome = accepted(&unit.id, unit.version);
    keep(work, unit, EventKind::UnitShiftSet);
    Ok(outcome)
}

pub(super) fn set_status(work: &mut Work<'_>, command: &SetUnitStatus) -> Outcome {
    valid::maybe_text("reason", &command.reason)?;
    let mut unit = find(work, "unit", &command.unit)?.clone();
    let number = unit.duty.assignment.as_ref().map_or(0, |assignment| assignment.number);
    #[cfg(feature = "seeded-bugs")]
    let number = if is_made(Bug::TapOfAnother) { command.assignment } else { number };
    // A status alone could be that of another assignment, hours after the tap.
    if command.assignment != 0 && command.assignment != number {
        return Err(safety::is_over(&unit, command.assignment));
    }
    if unit.status != command.expected_status {
        let message = format!("the unit is {} and not {}: look, then tap again", unit.status, command.expected_status);
        return Err(valid::version_conflict("expected_status", message));
    }
    if !is_step(unit.status, command.status) {
        let message = format!("a unit does not go from {} to {}", unit.status, command.status);
        return Err(valid::wrong_status("status", message));
    }
    // A tap may arrive hours later and counts from when it was made, though never before the step that it follows.
    let tapped_at = if command.tapped_at_ms.is_set() { command.tapped_at_ms } else { work.now };
    let tapped_at = tapped_at.max(unit.status_at_ms).min(work.now);
    if command.status == UnitStatus::Available && unit.incident.is_some() {
        return leave(work, unit, tapped_at, &command.reason);
    }
    duty::step(work, &mut unit, command.status, tapped_at);
    let outcome = accepted(&unit.id, unit.version);
    keep_in(work, unit, EventKind::UnitStatusSet, &command.reason, None);
    Ok(outcome)
}

/// The crew refuses, cannot go on, or is done.
fn leave(work: &mut Work<'_>, mut unit: Unit, at: Millis, reason: &str) -> Outcome {
    need_safe(&unit, "unit")?;
    let end = match unit.status {
        UnitStatus::OnScene => AssignmentEnd::Cleared,
        _ => AssignmentEnd::Refused,
    };
    let left = duty::end(work, &mut unit, end, at, reason);
    let outcome = accepted(&unit.id, unit.version);
    let incident = left.as_ref().map(|(incident, _)| incident);
    keep_in(work, unit.clone(), EventKind::UnitStatusSet, reason, incident);
    if let Some((incident, assignment)) = left {
        work.emit(EventKind::UnitReleased, "", Some(unit.into()));
        incident::unit_left(work, &incident, assignment);
    }
    Ok(outcome)
}

/// Keeps the newest position; an older sample, come late, changes nothing.
pub(super) fn move_to(work: &mut Work<'_>, command: &MoveUnit) -> Outcome {
    valid::place("position", &command.position)?;
    if command.at_ms > work.now.plus(limits::CLOCK_AHEAD_MS_MAX) {
        return Err(valid::invalid("at_ms", "lies ahead of the cluster's time: set the device's clock"));
    }
    let unit = find(work, "unit", &command.unit)?;
    let outcome = accepted(&unit.id, unit.version);
    if command.at_ms > unit.position_at_ms {
        let unit = Unit { position: command.position.clone(), position_at_ms: command.at_ms, ..unit.clone() };
        keep(work, unit, EventKind::UnitMoved);
    }
    Ok(outcome)
}

/// The unit, or the refusal that names the field that named it.
pub(super) fn find<'a>(work: &'a Work<'_>, field: &str, id: &UnitId) -> Result<&'a Unit, Refusal> {
    work.state.units.get(id).ok_or_else(|| valid::not_found(field, id))
}

/// Keeps the unit and tells.
pub(super) fn keep(work: &mut Work<'_>, unit: Unit, kind: EventKind) {
    work.touch(Touched::Unit(unit.id.clone()));
    work.state.units.insert(unit.id.clone(), unit.clone());
    work.emit(kind, "", Some(unit.into()));
}

/// Keeps the unit, tells, and writes into the timeline of the incident: the one named, or else the one that it is in.
pub(super) fn keep_in(work: &mut Work<'_>, unit: Unit, kind: EventKind, note: &str, incident: Option<&IncidentId>) {
    let incident = incident.or(unit.incident.as_ref()).cloned();
    work.touch(Touched::Unit(unit.id.clone()));
    work.state.units.insert(unit.id.clone(), unit.clone());
    work.emit(kind, note, Some(unit.into()));
    if let Some(incident) = incident {
        work.write_timeline(&incident);
    }
}

fn is_step(from: UnitStatus, to: UnitStatus) -> bool {
    use UnitStatus::{Accepted, Available, EnRoute, Offered, OnScene, OutOfService, Staging};
    matches!(
        (from, to),
        (Available, OutOfService)
            | (OutOfService | Offered | Accepted | EnRoute | Staging | OnScene, Available)
            | (Offered, Accepted)
            | (Accepted, EnRoute)
            | (EnRoute, Staging | OnScene)
            | (Staging, OnScene)
    )
}
