//! Whether a line of the record is about an exercise, as far as that is still known: of looks, and of what was recorded before
//! records said so themselves. Pure.

use domain::{CallId, IncidentId, InstructionId, ReportCode, State, WarningId, WarningPurpose};

/// Whether anything that is named there is of an exercise: "I7 → I9", "course/I7", "call/C3, photo/1f0c".
pub(super) fn is_of_one(state0: &State, what: &str) -> bool {
    what.split([' ', '/', ',']).filter(|name| !name.is_empty()).any(|name| is_played(state0, name))
}

fn is_played(state0: &State, name: &str) -> bool {
    let incident = || IncidentId::new(name).ok().and_then(|id| state0.incidents().get(&id));
    let instruction = || InstructionId::new(name).ok().and_then(|id| state0.instructions().get(&id));
    let report = || ReportCode::new(name).ok().and_then(|code| state0.reports().get(&code));
    let call = || CallId::new(name).ok().and_then(|id| state0.calls().get(&id));
    let warning = || WarningId::new(name).ok().and_then(|id| state0.warnings().get(&id));
    incident().is_some_and(|it| it.exercise)
        || instruction().is_some_and(|it| it.exercise)
        || report().is_some_and(|it| it.exercise)
        || call().is_some_and(|it| it.exercise)
        || warning().is_some_and(|it| it.content.purpose == WarningPurpose::Exercise)
}
