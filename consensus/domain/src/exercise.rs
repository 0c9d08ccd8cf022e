//! Exercises: a drill with data of its own on the real screens. What belongs to one bears the mark from entry to screen.

use serde::{Deserialize, Serialize};

use crate::{
    AlarmKey, CallId, Command, EntityId, Event, ExerciseId, Millis, PersonId, SensorId, State, Subject, WarningPurpose,
    policy::{Target, targets},
    wire::record,
};

/// A drill as it stands. One runs at a time, so the time of a marked record says which one it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exercise {
    /// "E" and a number that grows.
    pub id: ExerciseId,
    /// What people call it.
    pub name: String,
    /// What is played; may be empty.
    pub scenario: String,
    /// When it began.
    pub started_at_ms: Millis,
    /// Who began it.
    pub started_by: Option<PersonId>,
    /// When it ended; unset: it runs.
    pub ended_at_ms: Millis,
    /// Who ended it.
    pub ended_by: Option<PersonId>,
    /// How it went; empty while it runs.
    pub note: String,
    /// Records that ending it closed.
    pub closed: u32,
    /// Grows with every change.
    pub version: u64,
}

record!(Exercise { id, name, scenario, started_at_ms, started_by, ended_at_ms, ended_by, note, closed, version });

impl Exercise {
    /// Whether it goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.ended_at_ms.is_set()
    }
}

impl Subject {
    /// Whether it is part of a drill: what counts the real things passes it over.
    #[must_use]
    pub fn is_exercise(&self) -> bool {
        match self {
            Self::Exercise(_) => true,
            Self::Incident(it) => it.exercise,
            Self::Instruction(it) => it.exercise,
            Self::Alarm(it) => it.exercise,
            Self::Sensor(it) => it.exercise,
            Self::Call(it) => it.exercise,
            Self::ShiftNote(it) => it.exercise,
            Self::DutyEntry(it) => it.exercise,
            Self::WaitingReport(it) => it.exercise,
            Self::Warning(it) => it.content.purpose == WarningPurpose::Exercise,
            Self::Room(it) => it.scene.as_ref().is_some_and(|scene| scene.exercise),
            Self::AdminUnit(_)
            | Self::District(_)
            | Self::Person(_)
            | Self::Unit(_)
            | Self::Readings(_)
            | Self::Camera(_)
            | Self::LiveNodes(_)
            | Self::Model(_)
            | Self::Tally(_)
            | Self::Agent(_)
            | Self::CallDesk(_) => false,
        }
    }
}

impl Event {
    /// Whether what it is about is part of a drill.
    #[must_use]
    pub fn is_exercise(&self) -> bool {
        self.subject.as_ref().is_some_and(Subject::is_exercise)
    }
}

impl Command {
    /// Whether it says itself that it is part of a drill.
    #[must_use]
    pub fn says_exercise(&self) -> bool {
        match self {
            Self::StartExercise(_) | Self::EndExercise(_) => true,
            Self::OpenIncident(it) => it.exercise,
            Self::FileReport(it) => it.exercise,
            Self::GiveInstruction(it) => it.exercise,
            Self::OfferCall(it) => it.exercise,
            Self::ReceiveHandover(it) => it.exercise,
            Self::WriteShiftNote(it) => it.exercise,
            Self::LogDuty(it) => it.exercise,
            Self::RegisterSensor(it) => it.sensor.exercise,
            Self::RaiseAlarm(it) => it.exercise,
            Self::PushScene(it) => it.scene.as_ref().is_some_and(|scene| scene.exercise),
            Self::DraftWarning(it) => it.content.purpose == WarningPurpose::Exercise,
            _ => false,
        }
    }
}

/// Whether anything that the command acts on by name is part of a drill: a refused one changes nothing that would say so.
pub(crate) fn names_exercise(state: &State, command: &Command) -> bool {
    let is_played = |target: Target<'_>| match target {
        Target::Incident(id) => state.incidents.get(id).is_some_and(|it| it.exercise),
        Target::Report(code) => state.reports.get(code).is_some_and(|it| it.exercise),
        Target::Instruction(id) => state.instructions.get(id).is_some_and(|it| it.exercise),
        Target::Warning(id) => state.warnings.get(id).is_some_and(|it| it.content.purpose == WarningPurpose::Exercise),
        // A crew is real whatever it works on.
        Target::Unit(_) => false,
    };
    let of_call = |call: &CallId| state.calls().get(call).is_some_and(|it| it.exercise);
    let of_alarm = |key: &AlarmKey| state.alarms.get(key).is_some_and(|it| it.exercise);
    let of_device = |entity: &EntityId| state.sensors.get(&SensorId::from(entity)).is_some_and(|it| it.exercise);
    targets(state, command).into_iter().flatten().any(is_played)
        || call_of(command).is_some_and(of_call)
        || alarm_of(command).is_some_and(of_alarm)
        || device_of(command).is_some_and(of_device)
}

/// The alarm that the command is about. One that comes up says itself whether it is played: the former may have been.
fn alarm_of(command: &Command) -> Option<&AlarmKey> {
    Some(match command {
        Command::ClearAlarm(it) => &it.key,
        Command::AcknowledgeAlarm(it) => &it.key,
        Command::ShelveAlarm(it) => &it.key,
        Command::UnshelveAlarm(it) => &it.key,
        Command::ConfirmAlarmReport(it) => &it.key,
        _ => return None,
    })
}

/// The device that the command is about: what a device of drills raises is played, whatever it says.
fn device_of(command: &Command) -> Option<&EntityId> {
    Some(match command {
        Command::RaiseAlarm(it) => &it.key.entity,
        Command::TakeOutOfService(it) => &it.entity,
        Command::ReturnToService(it) => &it.entity,
        _ => return None,
    })
}

/// The call that the command is about.
fn call_of(command: &Command) -> Option<&CallId> {
    Some(match command {
        Command::AnswerCall(it) => &it.call,
        Command::HoldCall(it) => &it.call,
        Command::TransferCall(it) => &it.call,
        Command::EndCall(it) => &it.call,
        Command::ReturnCall(it) => &it.call,
        Command::TakeCallback(it) => &it.call,
        Command::SettleCallback(it) => &it.call,
        Command::PutCallDraft(it) => &it.call,
        Command::NameCaller(it) => &it.call,
        Command::EraseCall(it) => &it.call,
        _ => return None,
    })
}
