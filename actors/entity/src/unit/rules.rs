//! When an offer runs out and when a crew is asked for a word. Pure: the deadlines are state, set by `apply`; here they are
//! only read.

use domain::{EscalateCheckIn, ExpireOffer, Millis, State, Unit, UnitId};

use crate::unit::recommend::next_for;

/// What to do about a unit now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// No deadline runs.
    Sleep,
    /// Look again in so many milliseconds.
    Wait(u64),
    /// Nobody answered the offer in time.
    Expire(ExpireOffer),
    /// The crew was not heard of in time.
    Ask(EscalateCheckIn),
}

/// The deadline that runs, if one does. At most one does: an offer's, or a check-in's.
pub(crate) fn due(unit: &Unit) -> Option<Millis> {
    let assignment = unit.duty.assignment.as_ref()?;
    [assignment.offer_due_at_ms, assignment.check_in_due_at_ms].into_iter().filter(|due| due.is_set()).min()
}

/// Decides against the state. The number of the assignment and the level that it leaves go with the proposal, so two actors
/// of one unit, or two leaders, do it once.
pub(crate) fn decide(state: &State, unit: &UnitId, now: Millis) -> Decision {
    let Some(unit) = state.units().get(unit) else { return Decision::Sleep };
    let (Some(due), Some(assignment)) = (due(unit), &unit.duty.assignment) else { return Decision::Sleep };
    if now < due {
        return Decision::Wait(due.since(now));
    }
    if assignment.offer_due_at_ms.is_set() {
        let incident = unit.incident.as_ref().and_then(|incident| state.incidents().get(incident));
        let next = incident.and_then(|incident| next_for(state, incident, unit, now));
        return Decision::Expire(ExpireOffer { unit: unit.id.clone(), assignment: assignment.number, next });
    }
    Decision::Ask(EscalateCheckIn {
        unit: unit.id.clone(),
        assignment: assignment.number,
        from_level: assignment.check_in_level,
    })
}
