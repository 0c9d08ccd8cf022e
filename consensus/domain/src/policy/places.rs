//! Where what a command acts on lies.

use super::instruction_of;
use crate::{
    AdminUnitCode, ClockKey, Command, DecideSuggestion, FileOwner, IncidentId, Measured, ReportCode, RoomId, State,
    SuggestionDecision, UnitId,
};

/// The other incident, if the decision would merge into one.
fn duplicate_of<'a>(state: &'a State, command: &'a DecideSuggestion) -> Option<&'a IncidentId> {
    match command.decision {
        SuggestionDecision::Dismissed => None,
        SuggestionDecision::Overridden => command.duplicate_of.as_ref(),
        SuggestionDecision::Accepted => {
            let suggestions = &state.incidents.get(&command.incident)?.suggestions;
            let named = suggestions.iter().find(|known| known.number == command.suggestion)?;
            named.advice.duplicate_of.as_ref()
        }
    }
}

/// Whose the room is that the command acts in: none if there is no such room, or the command acts in none; none within: the
/// province's.
pub(super) fn room_of<'a>(state: &'a State, command: &Command) -> Option<Option<&'a AdminUnitCode>> {
    let room = |id: &RoomId| state.board.rooms.get(id).map(|room| room.admin_unit.as_ref());
    match command {
        Command::PushScene(command) => room(&command.room),
        Command::FollowRoom(command) => room(&command.room),
        Command::WriteShiftNote(command) => room(&command.room),
        Command::LogDuty(command) => room(&command.room),
        Command::AcknowledgeShiftNote(command) => {
            state.board.shift_notes.get(&command.shift_note).map(|it| it.admin_unit.as_ref())
        }
        Command::AnswerHandover(command) => {
            let handovers = &state.incidents.get(&command.incident)?.dispatch.handovers;
            room(handovers.iter().find(|it| it.number == command.handover)?.room.as_ref()?)
        }
        _ => None,
    }
}

/// Where what the command acts on lies: as it is, and for what is put also as it shall be. Readings are not here,
/// because each is judged by itself.
pub(super) fn places<'a>(state: &'a State, command: &'a Command) -> Vec<&'a AdminUnitCode> {
    let incident = |id: &IncidentId| state.incidents.get(id).map(|incident| &incident.place.admin_unit);
    let clock = |key: &ClockKey| match &key.of {
        Measured::Incident(id) => incident(id),
        Measured::Instruction(id) => state.instructions.get(id).map(|instruction| &instruction.admin_unit),
        Measured::Report(code) => state.reports.get(code).map(|report| &report.place.admin_unit),
    };
    let alarm = |key| state.alarms.get(key).map(|alarm: &crate::Alarm| &alarm.place.admin_unit);
    let report = |code: &ReportCode| state.reports.get(code).map(|report| &report.place.admin_unit);
    let owner = |owner: &FileOwner| match owner {
        FileOwner::Incident(id) => incident(id),
        FileOwner::Report(code) | FileOwner::Answer(code) => report(code),
    };
    let station = |id: &UnitId| state.units.get(id).map(|unit| &unit.station.admin_unit);
    // Whoever leads the incident answers for the crews on it, wherever they come from.
    let at_work = |id: &UnitId| {
        let on = state.units.get(id).and_then(|unit| unit.incident.as_ref());
        on.and_then(incident).or_else(|| station(id))
    };
    // A warning is for places of its own beside that of its incident: whoever speaks to them must be in charge there.
    let warned = |warning: &'a crate::Warning| {
        let areas = warning.content.areas.iter().map(|area| &area.admin_unit);
        areas.chain([&warning.admin_unit]).collect()
    };
    match command {
        Command::DraftWarning(command) => {
            let areas = command.content.areas.iter().map(|area| &area.admin_unit);
            return areas.chain(incident(&command.incident)).collect();
        }
        Command::ApproveWarning(command) => {
            return state.warnings.get(&command.warning).map(warned).unwrap_or_default();
        }
        Command::RejectWarning(command) => {
            return state.warnings.get(&command.warning).map(warned).unwrap_or_default();
        }
        _ => {}
    }
    let places = match command {
        Command::PutUnit(command) => {
            let former = state.units.get(&command.unit.id).map(|unit| &unit.station.admin_unit);
            [Some(&command.unit.station.admin_unit), former]
        }
        Command::SetUnitStatus(command) => [station(&command.unit), None],
        Command::MoveUnit(command) => [station(&command.unit), None],
        Command::SetUnitShift(command) => [station(&command.unit), None],
        Command::CheckInUnit(command) => [at_work(&command.unit), None],
        Command::RaiseMayday(command) => [at_work(&command.unit), None],
        Command::ClearMayday(command) => [at_work(&command.unit), None],
        Command::OpenIncident(command) => [Some(&command.place.admin_unit), None],
        Command::AmendIncident(command) => [incident(&command.incident), None],
        Command::NoteIncident(command) => [incident(&command.incident), None],
        Command::AcknowledgeIncident(command) => [incident(&command.incident), None],
        Command::AssignIncident(command) => [incident(&command.incident), None],
        Command::FileReport(command) => [Some(&command.place.admin_unit), command.incident.as_ref().and_then(incident)],
        Command::LinkReport(command) => {
            let of_new = command.place.as_ref().map(|place| &place.admin_unit);
            [report(&command.report), command.incident.as_ref().and_then(incident).or(of_new)]
        }
        Command::TakeReport(command) => [report(&command.report), None],
        Command::SetReportAside(command) => [report(&command.report), None],
        Command::UnlinkReport(command) => [report(&command.report), None],
        Command::AnswerReport(command) => [report(&command.report), None],
        Command::AttachFile(command) => [owner(&command.owner), None],
        Command::DetachFile(command) => {
            [state.attachments().get(&command.number).and_then(|gone| owner(&gone.owner)), None]
        }
        Command::RateReport(command) => [report(&command.report), None],
        Command::ReopenReport(command) => [report(&command.report), None],
        Command::AcknowledgeAttention(command) => [incident(&command.incident), None],
        Command::OfferHandover(command) => [incident(&command.incident), None],
        // What is offered to a room is answered by who works there.
        Command::AnswerHandover(answer) => [incident(&answer.incident), room_of(state, command).flatten()],
        Command::WithdrawHandover(command) => [incident(&command.incident), None],
        Command::GiveTask(command) => [incident(&command.incident), None],
        Command::AnswerTask(command) => [incident(&command.incident), None],
        Command::CombineAnswer(command) => [incident(&command.incident), None],
        Command::ResolveIncident(command) => [incident(&command.incident), None],
        Command::CloseIncident(command) => [incident(&command.incident), None],
        Command::ReopenIncident(command) => [incident(&command.incident), None],
        Command::MergeIncident(command) => [incident(&command.incident), incident(&command.into)],
        Command::UnmergeIncident(command) => [incident(&command.incident), None],
        Command::DecideSuggestion(command) => {
            [incident(&command.incident), duplicate_of(state, command).and_then(incident)]
        }
        Command::RegisterSensor(command) => {
            let former = state.sensors.get(&command.sensor.id).map(|sensor| &sensor.place.admin_unit);
            [Some(&command.sensor.place.admin_unit), former]
        }
        Command::SetDeviceStatus(command) => {
            [state.sensors.get(&command.sensor).map(|sensor| &sensor.place.admin_unit), None]
        }
        Command::RegisterCamera(command) => {
            let former = state.cameras.get(&command.camera.id).map(|camera| &camera.place.admin_unit);
            [Some(&command.camera.place.admin_unit), former]
        }
        Command::AcknowledgeAlarm(command) => [alarm(&command.key), None],
        Command::ShelveAlarm(command) => [alarm(&command.key), None],
        Command::UnshelveAlarm(command) => [alarm(&command.key), None],
        Command::GiveInstruction(command) => [Some(&command.admin_unit), command.incident.as_ref().and_then(incident)],
        Command::PauseClock(command) => [clock(&command.clock), None],
        Command::ResumeClock(command) => [clock(&command.clock), None],
        Command::AcknowledgeClock(command) => [clock(&command.clock), None],
        Command::ReportProgress(command) => [clock(&command.clock), None],
        Command::TakeInstruction(_)
        | Command::FinishInstruction(_)
        | Command::ConfirmInstruction(_)
        | Command::CancelInstruction(_)
        | Command::ReopenInstruction(_) => {
            [instruction_of(state, command).map(|instruction| &instruction.admin_unit), None]
        }
        Command::PushScene(_)
        | Command::FollowRoom(_)
        | Command::WriteShiftNote(_)
        | Command::LogDuty(_)
        | Command::AcknowledgeShiftNote(_) => [room_of(state, command).flatten(), None],
        _ => [None, None],
    };
    places.into_iter().flatten().collect()
}
