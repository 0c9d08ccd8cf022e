//! Whether a line of the record is of an exercise: by what its command says, or by what it is about, as far as that is still known.
//! Pure.

use domain::{CallId, Command, IncidentId, InstructionId, ReportCode, State, WarningId, WarningPurpose};

/// Whether the command says so itself.
pub(super) fn says_so(command: &Command) -> bool {
    match command {
        Command::StartExercise(_) | Command::EndExercise(_) => true,
        Command::OpenIncident(it) => it.exercise,
        Command::FileReport(it) => it.exercise,
        Command::GiveInstruction(it) => it.exercise,
        Command::OfferCall(it) => it.exercise,
        Command::ReceiveHandover(it) => it.exercise,
        Command::WriteShiftNote(it) => it.exercise,
        Command::LogDuty(it) => it.exercise,
        Command::RegisterSensor(it) => it.sensor.exercise,
        Command::PushScene(it) => it.scene.as_ref().is_some_and(|scene| scene.exercise),
        Command::DraftWarning(it) => it.content.purpose == WarningPurpose::Exercise,
        _ => false,
    }
}

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
