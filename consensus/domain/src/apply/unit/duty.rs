//! An assignment from its offer to its end, and the deadlines that follow from it. What a unit is doing is always the last
//! step of its assignment.

use crate::{
    Assignment, AssignmentEnd, IncidentId, Millis, PersonId, Severity, Unit, UnitStatus, UnitStep, VOCABULARY_2,
    apply::Work, limits, travel,
};

/// Offers the unit to the incident. The caller has seen that it is available.
pub(in crate::apply) fn begin(work: &Work<'_>, unit: &mut Unit, incident: &IncidentId, severity: Severity) {
    let number = unit.duty.assignments_made.saturating_add(1);
    unit.duty.assignments_made = number;
    unit.duty.assignment = Some(new(unit, number, UnitStatus::Offered, work.now, work.by()));
    unit.status = UnitStatus::Offered;
    unit.status_at_ms = work.now;
    unit.incident = Some(incident.clone());
    unit.version += 1;
    arm_offer(unit, severity, work.now);
}

fn new(unit: &Unit, number: u64, status: UnitStatus, at: Millis, by: Option<PersonId>) -> Assignment {
    Assignment {
        unit: unit.id.clone(),
        number,
        agency: unit.agency.clone(),
        steps: vec![UnitStep {
            status,
            tapped_at_ms: at,
            received_at_ms: at,
            by,
            distance_m: 0,
            late_at_ms: Millis(0),
        }],
        offer_due_at_ms: Millis(0),
        checked_in_at_ms: Millis(0),
        check_in_due_at_ms: Millis(0),
        check_in_level: 0,
        end: None,
        ended_at_ms: Millis(0),
        ended_by: None,
        note: String::new(),
        came_through: Vec::new(),
        reminded_at_ms: Millis(0),
    }
}

/// The next status of the assignment, tapped at `tapped_at`. A tap is a word of the crew, and counts from when it was made.
pub(super) fn step(work: &Work<'_>, unit: &mut Unit, status: UnitStatus, tapped_at: Millis) {
    let distance_m = way_m(work, unit, status);
    let step = UnitStep {
        status,
        tapped_at_ms: tapped_at,
        received_at_ms: work.now,
        by: work.by(),
        distance_m: distance_m.unwrap_or(0),
        late_at_ms: distance_m.map_or(Millis(0), |metres| tapped_at.plus(travel::late_after_ms(metres))),
    };
    if let Some(assignment) = &mut unit.duty.assignment {
        assignment.steps.push(step);
        assignment.offer_due_at_ms = Millis(0);
        assignment.checked_in_at_ms = tapped_at;
    }
    unit.status = status;
    unit.status_at_ms = tapped_at;
    unit.version += 1;
    arm_check_in(unit, tapped_at);
}

/// How far it has to go, along roads; none: it does not set out. What moves later, the incident or the unit, moves no deadline.
fn way_m(work: &Work<'_>, unit: &Unit, status: UnitStatus) -> Option<u64> {
    let sets_out = status == UnitStatus::EnRoute && work.state.has_feature(VOCABULARY_2);
    let incident = unit.incident.as_ref().filter(|_| sets_out)?;
    work.state.incidents.get(incident).map(|incident| travel::road_m(&unit.position, &incident.place))
}

/// Ends the assignment at `at`: the unit is available, and its incident has yet to forget it. None: it had none.
pub(in crate::apply) fn end(
    work: &Work<'_>,
    unit: &mut Unit,
    end: AssignmentEnd,
    at: Millis,
    note: &str,
) -> Option<(IncidentId, Assignment)> {
    let (incident, mut assignment) = (unit.incident.take()?, unit.duty.assignment.take()?);
    assignment.offer_due_at_ms = Millis(0);
    assignment.check_in_due_at_ms = Millis(0);
    assignment.end = Some(end);
    assignment.ended_at_ms = at;
    assignment.ended_by = work.by();
    note.clone_into(&mut assignment.note);
    match end {
        AssignmentEnd::Cleared => unit.duty.cleared_at_ms = at,
        AssignmentEnd::Unanswered => unit.duty.unanswered_at_ms = at,
        AssignmentEnd::Refused | AssignmentEnd::Released => {}
    }
    unit.status = UnitStatus::Available;
    unit.status_at_ms = at;
    unit.version += 1;
    Some((incident, assignment))
}

/// How an assignment ends that somebody else takes from the unit.
pub(in crate::apply) fn end_by_others(unit: &Unit) -> AssignmentEnd {
    if unit.status == UnitStatus::OnScene { AssignmentEnd::Cleared } else { AssignmentEnd::Released }
}

/// Starts the time to answer. While a crew is in danger nothing is asked of it.
pub(super) fn arm_offer(unit: &mut Unit, severity: Severity, from: Millis) {
    let is_asked = unit.duty.mayday.is_none() && unit.status == UnitStatus::Offered;
    if let Some(assignment) = &mut unit.duty.assignment {
        let due = from.plus(limits::OFFER_WITHIN_MS[severity.level() - 1]);
        assignment.offer_due_at_ms = if is_asked { due } else { Millis(0) };
    }
}

/// Starts the time without a word, as what the unit is doing allows.
pub(super) fn arm_check_in(unit: &mut Unit, from: Millis) {
    let due = word_due(unit, from).filter(|_| unit.duty.mayday.is_none());
    if let Some(assignment) = &mut unit.duty.assignment {
        assignment.check_in_level = 0;
        assignment.check_in_due_at_ms = due.unwrap_or(Millis(0));
    }
}

/// When a crew that was last heard of at `from` is asked for a word: once it was silent for too long, or is late. None: nothing
/// is asked of it.
pub(super) fn word_due(unit: &Unit, from: Millis) -> Option<Millis> {
    let due = from.plus(check_in_within_ms(unit.status)?);
    let newest = unit.duty.assignment.as_ref().and_then(|assignment| assignment.steps.last());
    let late_at = newest.map(|step| step.late_at_ms).filter(|late_at| *late_at > from);
    Some(late_at.map_or(due, |late_at| late_at.min(due)))
}

/// Stops both deadlines.
pub(super) fn disarm(unit: &mut Unit) {
    if let Some(assignment) = &mut unit.duty.assignment {
        assignment.offer_due_at_ms = Millis(0);
        assignment.check_in_due_at_ms = Millis(0);
    }
}

/// How long a crew may be without a word; none: nothing is asked of it.
pub(crate) fn check_in_within_ms(status: UnitStatus) -> Option<u64> {
    match status {
        UnitStatus::Accepted => Some(limits::CHECK_IN_ACCEPTED_MS),
        UnitStatus::EnRoute => Some(limits::CHECK_IN_EN_ROUTE_MS),
        UnitStatus::Staging => Some(limits::CHECK_IN_STAGING_MS),
        UnitStatus::OnScene => Some(limits::CHECK_IN_ON_SCENE_MS),
        UnitStatus::Available | UnitStatus::Offered | UnitStatus::OutOfService => None,
    }
}

/// A unit from a row that was written before assignments were: what it is doing becomes its first assignment.
pub(crate) fn adopt(unit: &mut Unit) {
    if unit.incident.is_none() || unit.duty.assignment.is_some() {
        return;
    }
    let number = unit.duty.assignments_made.saturating_add(1);
    let since = unit.status_at_ms.max(Millis(1));
    unit.duty.assignments_made = number;
    unit.duty.assignment = Some(new(unit, number, unit.status, since, None));
    arm_offer(unit, Severity::Info, since);
    arm_check_in(unit, since);
}

#[cfg(test)]
mod tests {
    use crate::{GroupId, IncidentId, Millis, State, Unit, UnitId, UnitStatus};

    /// A row of a unit that was on its way before there were assignments.
    #[test]
    fn a_unit_of_an_older_program_has_an_assignment_when_it_is_read() {
        let mut state = State::new(GroupId::COMMAND);
        let place = crate::Place {
            latitude_e7: 0,
            longitude_e7: 0,
            admin_unit: crate::AdminUnitCode::new("hue").unwrap(),
            address: String::new(),
        };
        let unit = Unit {
            id: UnitId::new("boat-1").unwrap(),
            name: "Boat".into(),
            agency: "Fire".into(),
            skills: Vec::new(),
            station: place.clone(),
            position: place,
            position_at_ms: Millis(0),
            status: UnitStatus::EnRoute,
            status_at_ms: Millis(5000),
            incident: Some(IncidentId::new("I1").unwrap()),
            version: 4,
            duty: crate::Duty::default(),
        };
        state.units.insert(unit.id.clone(), unit);
        let found = State::from_rows(GroupId::COMMAND, state.rows()).unwrap();
        let duty = &found.units()["boat-1"].duty;
        let assignment = duty.assignment.as_ref().unwrap();
        assert_eq!((assignment.number, duty.assignments_made), (1, 1));
        assert_eq!(assignment.check_in_due_at_ms, Millis(5000 + crate::limits::CHECK_IN_EN_ROUTE_MS));
        let brought_up: Vec<_> = state.rows().into_iter().map(|row| State::row_as_read(row).unwrap()).collect();
        assert_eq!(brought_up, found.rows());
        assert_ne!(state.rows(), found.rows());
        // What is written from now on is read as it is.
        assert_eq!(State::from_rows(GroupId::COMMAND, found.rows()).unwrap(), found);
    }

    #[test]
    fn what_dispatch_never_touched_is_written_as_before() {
        assert_eq!(crate::wire::Field::write(&crate::Duty::default()), None);
        assert_eq!(crate::wire::Field::write(&crate::Dispatch::default()), None);
    }
}
