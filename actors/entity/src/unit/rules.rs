//! When an offer runs out and when a crew is asked for a word. Pure: the deadlines are state, set by `apply`; here they are
//! only read.

use domain::{Assignment, EscalateCheckIn, ExpireOffer, Millis, RemindOffer, State, Unit, UnitId, VOCABULARY_2};

use crate::unit::recommend::next_for;

/// What to do about a unit now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// No deadline runs.
    Sleep,
    /// Look again in so many milliseconds.
    Wait(u64),
    /// Half of the time is over, and the crew has a telephone that takes texts.
    Remind(RemindOffer),
    /// Nobody answered the offer in time.
    Expire(ExpireOffer),
    /// The crew was not heard of in time.
    Ask(EscalateCheckIn),
}

/// When something may have to be done about it, if a deadline runs: halfway of an offer already.
pub(crate) fn due(unit: &Unit) -> Option<Millis> {
    let assignment = unit.duty.assignment.as_ref()?;
    assignment.remind_at().or_else(|| deadline(assignment))
}

/// The deadline that runs, if one does. At most one does: an offer's, or a check-in's.
fn deadline(assignment: &Assignment) -> Option<Millis> {
    [assignment.offer_due_at_ms, assignment.check_in_due_at_ms].into_iter().filter(|due| due.is_set()).min()
}

/// Whether the crew can be told by text: nothing is written where nobody would be.
fn takes_texts(state: &State, unit: &UnitId) -> bool {
    state.has_feature(VOCABULARY_2) && state.crew_texts(unit).next().is_some()
}

/// Decides against the state. The number of the assignment and the level that it leaves go with the proposal, so two actors
/// of one unit, or two leaders, do it once.
pub(crate) fn decide(state: &State, unit: &UnitId, now: Millis) -> Decision {
    let Some(unit) = state.units().get(unit) else { return Decision::Sleep };
    let Some(assignment) = &unit.duty.assignment else { return Decision::Sleep };
    let Some(due) = deadline(assignment) else { return Decision::Sleep };
    if now < due {
        return match assignment.remind_at().filter(|_| takes_texts(state, &unit.id)) {
            Some(at) if now < at => Decision::Wait(at.since(now)),
            Some(_) => Decision::Remind(RemindOffer { unit: unit.id.clone(), assignment: assignment.number }),
            None => Decision::Wait(due.since(now)),
        };
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
