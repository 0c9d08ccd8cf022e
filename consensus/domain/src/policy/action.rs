//! What there is to see and to do, and what each command is.

use crate::{Command, FileOwner};

/// What there is to see, as in a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Noun {
    /// Administrative units.
    AdminUnit,
    /// District rooms.
    District,
    /// People and service accounts.
    Person,
    /// Response units.
    Unit,
    /// Incidents and their timelines.
    Incident,
    /// Sensors.
    Sensor,
    /// Measurements.
    Reading,
    /// Cameras and their pictures.
    Camera,
    /// Alarms.
    Alarm,
    /// The nodes that are up.
    LiveNodes,
    /// Models, and what became of what they said.
    Model,
    /// Instructions and their timelines.
    Instruction,
    /// Calls, who takes them, and how.
    Call,
    /// Warnings to the public, drafts included.
    Warning,
    /// Exercises.
    Exercise,
    /// Command rooms and their scenes.
    Room,
    /// What shifts leave to the next.
    ShiftNote,
    /// Logs of rooms.
    DutyEntry,
    /// Reports that wait for a person.
    Report,
}

impl Noun {
    /// The noun of that name, as `Subject::noun` gives it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "admin_unit" => Self::AdminUnit,
            "district" => Self::District,
            "person" => Self::Person,
            "unit" => Self::Unit,
            "incident" => Self::Incident,
            "sensor" => Self::Sensor,
            "reading" => Self::Reading,
            "camera" => Self::Camera,
            "alarm" => Self::Alarm,
            "live_nodes" => Self::LiveNodes,
            "model" => Self::Model,
            "instruction" => Self::Instruction,
            "call" => Self::Call,
            "warning" => Self::Warning,
            "exercise" => Self::Exercise,
            "room" => Self::Room,
            "shift_note" => Self::ShiftNote,
            "duty_entry" => Self::DutyEntry,
            "report" => Self::Report,
            _ => return None,
        })
    }
}

/// A family of commands, or a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// What actors and nodes propose; no person may.
    RunSystem,
    /// The hierarchy, districts, people, placements, registrations, models, switches.
    Administer,
    /// Readings, and what the device says of itself.
    ReportDevice,
    /// Acknowledge, shelve, unshelve alarms; take devices out of service and back.
    HandleAlarm,
    /// Open an incident.
    OpenIncident,
    /// Add to a timeline.
    NoteIncident,
    /// Say that somebody has seen it.
    AcknowledgeIncident,
    /// Say that nothing is left to do.
    ResolveIncident,
    /// Amend, close, reopen, merge, unmerge, decide on a suggestion.
    DecideIncident,
    /// Send units, set their shifts, look at what waits for a person, end a mayday, give tasks, combine answers.
    AssignIncident,
    /// File reports, say which incident they belong to, answer them; rate and reopen them for their senders.
    HandleReport,
    /// Say how far an agency is with its task.
    AnswerTask,
    /// Say what a unit does, that it is well, that it is in danger.
    SetUnitStatus,
    /// Say where a unit is.
    MoveUnit,
    /// Give, confirm, cancel, reopen instructions.
    GiveInstruction,
    /// Take and finish instructions.
    DoInstruction,
    /// Stop clocks and let them run again.
    HoldClock,
    /// Say that one has seen how late something is.
    AcknowledgeClock,
    /// Say how far something is, and promise a time.
    ReportProgress,
    /// Say what an exchange knows: a caller rings, a leg is gone, a phone did not answer.
    DriveTelephony,
    /// Answer, hold, transfer, end a call.
    TakeCall,
    /// Call back, come and go as an agent, keep a draft.
    HandleCall,
    /// See a caller's number, where they are, and what they called for before.
    SeeCaller,
    /// Draft, approve and reject warnings to the public.
    WarnPublic,
    /// Offer an incident to another service, take it back, enter what was answered.
    HandOver,
    /// Start and end exercises; only for everywhere.
    LeadExercise,
    /// Show a scene to other rooms, follow another room.
    LeadRoom,
    /// Write and acknowledge hand-overs, write into a room's log.
    KeepLog,
    /// Have it recorded that one looks at something sensitive.
    RecordRead,
    /// Read the record of who did what and why; only for everywhere.
    ReadRecord,
    /// Choose one's second factor, or take it away.
    SecureSelf,
    /// Give one's rights to somebody for a time, end that, take what was given.
    Delegate,
    /// Take the whole province for a while, with a reason.
    BreakGlass,
    /// See records of this noun.
    See(Noun),
}

/// The family that a command belongs to.
#[must_use]
pub fn action_of(command: &Command) -> Action {
    match command {
        Command::OpenSession(_)
        | Command::CloseSession(_)
        | Command::SetLiveNodes(_)
        | Command::FeedIncident(_)
        | Command::EscalateIncident(_)
        | Command::Suggest(_)
        | Command::ReportSilence(_)
        | Command::FireDeadline(_)
        | Command::AnchorAudit(_)
        | Command::ConfirmNotices(_)
        | Command::ReportLoad(_)
        | Command::ExpireOffer(_)
        | Command::RemindOffer(_)
        | Command::EscalateCheckIn(_)
        | Command::RecordCameraHealth(_)
        | Command::RaiseAlarm(_)
        | Command::ClearAlarm(_)
        | Command::ConfirmAlarmReport(_)
        | Command::ExpireRing(_)
        | Command::ExpireWrapUp(_)
        | Command::CheckQueue(_)
        | Command::SpendCode(_)
        | Command::ReceiveHandover(_)
        | Command::RetractHandover(_)
        | Command::GiveUpNotice(_)
        | Command::FireShiftNote(_)
        | Command::EndDrill(_)
        | Command::MeasureDrill(_)
        | Command::CloseDrill(_)
        | Command::DropFiles(_)
        | Command::ErasePersonal(_) => Action::RunSystem,
        Command::RaisePolicyFloor(_)
        | Command::SwitchFeature(_)
        | Command::PutAdminUnits(_)
        | Command::PutDistrict(_)
        | Command::PutPerson(_)
        | Command::PlaceEntities(_)
        | Command::PutUnit(_)
        | Command::RegisterSensor(_)
        | Command::RegisterCamera(_)
        | Command::RegisterModel(_)
        | Command::RollOutModel(_)
        | Command::RollBackModel(_)
        | Command::SwitchModel(_)
        | Command::PutCalendar(_)
        | Command::PutDeadlinePolicy(_)
        | Command::PutDutyPost(_)
        | Command::EraseAudit(_)
        | Command::PutReceiver(_)
        | Command::PutRunCard(_)
        | Command::SetRetention(_)
        | Command::PutCallDesk(_)
        | Command::PutRoom(_)
        | Command::PutAgent(_)
        | Command::EraseCall(_)
        | Command::PutServiceKey(_)
        | Command::RevokeServiceKey(_)
        | Command::PutRemit(_)
        | Command::StartDrill(_)
        | Command::StopDrill(_)
        | Command::SetFileRetention(_)
        | Command::SetErasure(_) => Action::Administer,
        Command::PutSecondFactor(_) | Command::DropSecondFactor(_) => Action::SecureSelf,
        Command::PutDelegation(_) | Command::RevokeDelegation(_) | Command::TakeDelegation(_) => Action::Delegate,
        Command::BreakGlass(_) | Command::EndGlass(_) => Action::BreakGlass,
        Command::OfferCall(_) | Command::EndLeg(_) | Command::ReturnCall(_) => Action::DriveTelephony,
        Command::AnswerCall(_) | Command::HoldCall(_) | Command::TransferCall(_) | Command::EndCall(_) => {
            Action::TakeCall
        }
        Command::TakeCallback(_)
        | Command::SettleCallback(_)
        | Command::PutCallDraft(_)
        | Command::NameCaller(_)
        | Command::SetAgentStatus(_) => Action::HandleCall,
        Command::DraftWarning(_) | Command::ApproveWarning(_) | Command::RejectWarning(_) => Action::WarnPublic,
        Command::OfferHandover(_) | Command::AnswerHandover(_) | Command::WithdrawHandover(_) => Action::HandOver,
        Command::StartExercise(_) | Command::EndExercise(_) => Action::LeadExercise,
        Command::PushScene(_) | Command::FollowRoom(_) => Action::LeadRoom,
        Command::WriteShiftNote(_) | Command::AcknowledgeShiftNote(_) | Command::LogDuty(_) => Action::KeepLog,
        Command::RecordRead(_) => Action::RecordRead,
        Command::RecordReadings(_) | Command::SetDeviceStatus(_) => Action::ReportDevice,
        Command::AcknowledgeAlarm(_)
        | Command::ShelveAlarm(_)
        | Command::UnshelveAlarm(_)
        | Command::TakeOutOfService(_)
        | Command::ReturnToService(_) => Action::HandleAlarm,
        Command::OpenIncident(_) => Action::OpenIncident,
        Command::NoteIncident(_) => Action::NoteIncident,
        Command::AcknowledgeIncident(_) => Action::AcknowledgeIncident,
        Command::ResolveIncident(_) => Action::ResolveIncident,
        Command::AmendIncident(_)
        | Command::CloseIncident(_)
        | Command::ReopenIncident(_)
        | Command::MergeIncident(_)
        | Command::UnmergeIncident(_)
        | Command::DecideSuggestion(_)
        | Command::DetachFile(_) => Action::DecideIncident,
        Command::AttachFile(it) if matches!(it.owner, FileOwner::Incident(_)) => Action::NoteIncident,
        Command::AssignIncident(_)
        | Command::SetUnitShift(_)
        | Command::ClearMayday(_)
        | Command::AcknowledgeAttention(_)
        | Command::GiveTask(_)
        | Command::CombineAnswer(_) => Action::AssignIncident,
        Command::AnswerTask(_) => Action::AnswerTask,
        Command::AttachFile(_)
        | Command::FileReport(_)
        | Command::LinkReport(_)
        | Command::TakeReport(_)
        | Command::SetReportAside(_)
        | Command::UnlinkReport(_)
        | Command::AnswerReport(_)
        | Command::RateReport(_)
        | Command::ReopenReport(_) => Action::HandleReport,
        Command::SetUnitStatus(_) | Command::CheckInUnit(_) | Command::RaiseMayday(_) => Action::SetUnitStatus,
        Command::MoveUnit(_) => Action::MoveUnit,
        Command::GiveInstruction(_)
        | Command::ConfirmInstruction(_)
        | Command::CancelInstruction(_)
        | Command::ReopenInstruction(_) => Action::GiveInstruction,
        Command::TakeInstruction(_) | Command::FinishInstruction(_) => Action::DoInstruction,
        Command::PauseClock(_) | Command::ResumeClock(_) => Action::HoldClock,
        Command::AcknowledgeClock(_) => Action::AcknowledgeClock,
        Command::ReportProgress(_) => Action::ReportProgress,
    }
}
