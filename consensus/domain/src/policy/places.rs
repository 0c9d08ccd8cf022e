//! Where what a command acts on lies.

use super::target::{Target, targets};
use crate::{AdminUnitCode, Command, EntityId, IncidentId, ReportCode, RoomId, State, UnitId, Warning};

/// Where a warning lies for who looks at it: until the public can read it, where its incident lies by now.
#[must_use]
pub fn place_of_warning<'a>(state: &'a State, warning: &'a Warning) -> &'a AdminUnitCode {
    let incident = state.incidents.get(&warning.incident).filter(|_| !warning.is_public());
    incident.map_or(&warning.admin_unit, |incident| &incident.place.admin_unit)
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
    let alarm = |key| state.alarms.get(key).map(|alarm: &crate::Alarm| &alarm.place.admin_unit);
    let device = |entity: &EntityId| state.device_place(entity).map(|place| &place.admin_unit);
    let report = |code: &ReportCode| state.reports.get(code).map(|report| &report.place.admin_unit);
    let station = |id: &UnitId| state.units.get(id).map(|unit| &unit.station.admin_unit);
    let place = |target: Target<'_>| match target {
        Target::Incident(id) => incident(id),
        Target::Report(code) => report(code),
        Target::Instruction(id) => state.instructions.get(id).map(|instruction| &instruction.admin_unit),
        Target::Unit(id) => station(id),
        Target::Warning(id) => state.warnings.get(id).map(|warning| &warning.admin_unit),
    };
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
        Command::PutUnit(command) => [Some(&command.unit.station.admin_unit), station(&command.unit.id)],
        Command::CheckInUnit(command) => [at_work(&command.unit), None],
        Command::RaiseMayday(command) => [at_work(&command.unit), None],
        Command::ClearMayday(command) => [at_work(&command.unit), None],
        Command::OpenIncident(command) => [Some(&command.place.admin_unit), None],
        Command::FileReport(command) => [Some(&command.place.admin_unit), command.incident.as_ref().and_then(incident)],
        Command::LinkReport(command) => {
            let of_new = command.place.as_ref().map(|place| &place.admin_unit);
            [report(&command.report), command.incident.as_ref().and_then(incident).or(of_new)]
        }
        // What is offered to a room is answered by who works there.
        Command::AnswerHandover(answer) => [incident(&answer.incident), room_of(state, command).flatten()],
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
        Command::TakeOutOfService(command) => [device(&command.entity), None],
        Command::ReturnToService(command) => [device(&command.entity), None],
        Command::GiveInstruction(command) => [Some(&command.admin_unit), command.incident.as_ref().and_then(incident)],
        Command::PushScene(_)
        | Command::FollowRoom(_)
        | Command::WriteShiftNote(_)
        | Command::LogDuty(_)
        | Command::AcknowledgeShiftNote(_) => [room_of(state, command).flatten(), None],
        _ => targets(state, command).map(|target| place(target?)),
    };
    places.into_iter().flatten().collect()
}
