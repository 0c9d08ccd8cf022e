//! The vocabulary of requests, in the imperative. `proto/trongdong/v1/command.proto` tells what each is for.

mod access;
mod alarm;
mod audit;
mod call;
mod deadline;
mod dispatch;
mod drill;
mod entry;
mod erasure;
mod file;
mod handover;
mod instruction;
mod model;
mod notice;
mod remit;
mod report;
mod retention;
mod room;
mod service;
mod unit;
mod vocabulary;
mod warning;

pub use access::*;
pub use alarm::*;
pub use audit::*;
pub use call::*;
pub use deadline::*;
pub use dispatch::*;
pub use drill::*;
pub use entry::Entry;
pub use erasure::*;
pub use file::*;
pub use handover::*;
pub use instruction::*;
pub use model::*;
pub use notice::*;
pub use remit::*;
pub use report::*;
pub use retention::*;
pub use room::*;
pub use service::*;
pub use unit::*;
pub use warning::*;

use crate::{
    AdminUnit, Alarm, Camera, CameraHealth, CameraId, DeviceStatus, District, DistrictId, FormAdvice, IncidentId,
    IncidentKind, LoadNotice, Millis, Person, PersonId, Place, Placement, Reading, Sensor, SensorId, SessionId,
    Severity, Source, UnitId,
    wire::{Malformed, Record, generated, message_field, record},
};
use vocabulary::{body, commands};

commands! {
    /// Opens the window of requests of a signed-in person in this group.
    OpenSession {
        /// Hash of the bearer token.
        session: SessionId,
        /// Who signed in.
        person: PersonId,
        /// At most `limits::SESSION_MS_MAX` ahead.
        expires_at_ms: Millis,
    }
    /// Ends it.
    CloseSession {
        /// Which.
        session: SessionId,
    }
    /// From here on no grant older than `floor` counts in this group.
    RaisePolicyFloor {
        /// Index in group 0.
        floor: u64,
    }
    /// Every node behaves anew from this index on.
    SwitchFeature {
        /// Number of the behaviour.
        feature: u32,
    }
    /// Puts administrative units, parents first.
    PutAdminUnits {
        /// At most `limits::ADMIN_UNITS_PER_COMMAND_MAX`.
        admin_units: Vec<AdminUnit>,
    }
    /// Puts a district room.
    PutDistrict {
        /// As it shall be.
        district: District,
    }
    /// Puts a person.
    PutPerson {
        /// As it shall be.
        person: Person,
    }
    /// Fixes the field group of devices.
    PlaceEntities {
        /// At most `limits::PLACEMENTS_PER_COMMAND_MAX`.
        placements: Vec<Placement>,
    }
    /// Puts a response unit; its status, position and incident stay.
    PutUnit []
    /// A tap on a unit's phone.
    SetUnitStatus []
    /// Where a unit is, sampled.
    MoveUnit []
    /// The nodes that are up.
    SetLiveNodes {
        /// Node ids, ascending.
        nodes: Vec<u64>,
        /// One more than the last.
        epoch: u64,
    }
    /// Opens an incident from a call, a report or a desk.
    OpenIncident {
        /// What is going on.
        kind: IncidentKind,
        /// How bad it is.
        severity: Severity,
        /// Where.
        place: Place,
        /// One line for the queue.
        summary: String,
        /// What told us.
        source: Source,
        /// Part of a drill.
        exercise: bool,
        /// The position was converted from another place's data.
        place_is_mapped: bool,
        /// What the form's own rules took it for; none: they said nothing, or it was no form. Decides nothing.
        advice: Option<FormAdvice>,
    }
    /// An alarm opens an incident, or tells the one that it feeds.
    FeedIncident {
        /// As it stands in its own group.
        alarm: Alarm,
        /// What it would be.
        kind: IncidentKind,
        /// One line for the queue.
        summary: String,
    }
    /// Corrects what is known.
    AmendIncident {
        /// Which.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// What is going on.
        kind: IncidentKind,
        /// How bad it is.
        severity: Severity,
        /// Where.
        place: Place,
        /// One line for the queue.
        summary: String,
    }
    /// Adds to the timeline.
    NoteIncident {
        /// Which.
        incident: IncidentId,
        /// What.
        note: String,
    }
    /// Somebody has seen it.
    AcknowledgeIncident {
        /// Which.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
    }
    /// Sends exactly these units: those that leave the list are released.
    AssignIncident {
        /// Which.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// All that shall be on it.
        units: Vec<UnitId>,
    }
    /// Nothing more to do: its units are free.
    ResolveIncident {
        /// Which.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// How it ended.
        note: String,
    }
    /// Done.
    CloseIncident {
        /// Which.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// How it ended.
        note: String,
    }
    /// It was not done.
    ReopenIncident {
        /// Which.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// Why; not empty.
        reason: String,
    }
    /// Two are one.
    MergeIncident {
        /// The one that goes.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
        /// The one that stays.
        into: IncidentId,
    }
    /// They were two.
    UnmergeIncident {
        /// The one that comes back.
        incident: IncidentId,
        /// The version seen.
        expected_version: u64,
    }
    /// Nobody acknowledged it in time.
    EscalateIncident {
        /// Which.
        incident: IncidentId,
        /// The level that it leaves: takes effect once.
        from_level: u32,
    }
    /// What a model said, proposed after the commit of what it read.
    Suggest []
    /// What a person does with a suggestion, and the change that it makes.
    DecideSuggestion []
    /// Registers a sensor, or changes it; its newest reading stays.
    RegisterSensor {
        /// As it shall be.
        sensor: Sensor,
    }
    /// The device says of itself.
    SetDeviceStatus {
        /// Which.
        sensor: SensorId,
        /// What.
        status: DeviceStatus,
    }
    /// Records measurements, each judged by itself.
    RecordReadings {
        /// At most `limits::READINGS_PER_COMMAND_MAX`.
        readings: Vec<Reading>,
    }
    /// Registers a camera, or changes it; its health stays.
    RegisterCamera {
        /// As it shall be.
        camera: Camera,
    }
    /// Whether frames arrive.
    RecordCameraHealth {
        /// Which.
        camera: CameraId,
        /// Whether.
        health: CameraHealth,
        /// Of the live set under which the sender was given the camera.
        epoch: u64,
    }
    /// A condition came up.
    RaiseAlarm []
    /// The condition went.
    ClearAlarm []
    /// Somebody has seen it.
    AcknowledgeAlarm []
    /// Puts it aside for a while.
    ShelveAlarm []
    /// Takes it back; the system does so at the end of the shelf.
    UnshelveAlarm []
    /// Group 0 has heard.
    ConfirmAlarmReport []
    /// Registers a version of a model. It is asked nothing until it is rolled out.
    RegisterModel []
    /// Takes a version into use.
    RollOutModel []
    /// Takes a version out of use; what was active before is active again.
    RollBackModel []
    /// Turns a model off or on.
    SwitchModel []
    /// How often a version was asked in vain since the last report; both 0: it answers again.
    ReportSilence []
    /// A district's count of incidents has left what was expected of it, or is back.
    ReportLoad {
        /// Which.
        district: DistrictId,
        /// Where it is now; none: as expected.
        notice: Option<LoadNotice>,
    }
    /// Replaces the run card of its kind and severity; without needs it goes.
    PutRunCard []
    /// When a crew is on duty; both 0: always.
    SetUnitShift []
    /// The crew is well.
    CheckInUnit []
    /// The crew is in danger.
    RaiseMayday []
    /// It is safe, says somebody who is not the crew.
    ClearMayday []
    /// Nobody answered an offer in time.
    ExpireOffer []
    /// Half of an offer's time is over, and nobody has answered: the crew is told by text.
    RemindOffer []
    /// A crew was not heard of in time.
    EscalateCheckIn []
    /// A person has looked.
    AcknowledgeAttention []
    /// An agency shall do something.
    GiveTask []
    /// How far an agency is.
    AnswerTask []
    /// All agencies have one answer.
    CombineAnswer []
    /// A call, a report, a message. Names an incident, or what a new one is, or neither.
    FileReport []
    /// The report belongs to the incident.
    LinkReport []
    /// It does not.
    UnlinkReport []
    /// What its sender is told.
    AnswerReport []
    /// What its sender thinks of the answer.
    RateReport []
    /// Its sender says that it was not done.
    ReopenReport []
    /// Puts a calendar of working time.
    PutCalendar []
    /// Puts a policy of deadlines. Clocks that run go on by what it said before.
    PutDeadlinePolicy []
    /// Puts a duty post with its whole roster.
    PutDutyPost []
    /// Stops a clock.
    PauseClock []
    /// Lets it run again, with the working time that was left.
    ResumeClock []
    /// Says how far it is, with a photo, and promises a time.
    ReportProgress []
    /// A clock takes its next step: nearly late, late, overdue, up the ladder.
    FireDeadline []
    /// Gives an instruction.
    GiveInstruction []
    /// Somebody takes it.
    TakeInstruction []
    /// It is done.
    FinishInstruction []
    /// It need not be done.
    CancelInstruction []
    /// It was not done.
    ReopenInstruction []
    /// Somebody looked at something sensitive: it stands in the record.
    RecordRead []
    /// Erases what records held; that they stood there stays.
    EraseAudit []
    /// Anchors the head of another group's chain in this one's.
    AnchorAudit []
    /// Puts a receiver of notices.
    PutReceiver []
    /// A receiver has taken its notices.
    ConfirmNotices []
    /// How calls are taken.
    PutCallDesk []
    /// Makes an agent, or changes their lines and phone.
    PutAgent []
    /// An agent comes, goes, or ends a wrap-up.
    SetAgentStatus []
    /// A caller rings.
    OfferCall []
    /// The agent at whom it rings answers.
    AnswerCall []
    /// The caller waits, or waits no more.
    HoldCall []
    /// It goes on to another line, or away.
    TransferCall []
    /// A caller's connection is gone.
    EndLeg []
    /// The agent hangs up.
    EndCall []
    /// The agent's phone did not answer.
    ReturnCall []
    /// An agent calls back.
    TakeCallback []
    /// What came of calling back.
    SettleCallback []
    /// Keeps what an agent has put down of a call.
    PutCallDraft []
    /// Who calls, as they said it.
    NameCaller []
    /// Forgets who called.
    EraseCall []
    /// Nobody answered in time.
    ExpireRing []
    /// A wrap-up is over.
    ExpireWrapUp []
    /// Somebody has waited for long.
    CheckQueue []
    /// Gives oneself a second factor.
    PutSecondFactor []
    /// A code was shown that is right.
    SpendCode []
    /// Takes a second factor away.
    DropSecondFactor []
    /// Puts a key of a service account.
    PutServiceKey []
    /// The key does not count any more.
    RevokeServiceKey []
    /// Gives somebody's rights to somebody else for a time.
    PutDelegation []
    /// It ends now.
    RevokeDelegation []
    /// Whoever asks acts by a delegation, or by their own rights again.
    TakeDelegation []
    /// Whoever asks gets the whole province for a while.
    BreakGlass []
    /// It ends before its time.
    EndGlass []
    /// Says what somebody works on.
    PutRemit []
    /// Says how long readings are kept (field groups).
    SetRetention []
    /// Writes a message to the public.
    DraftWarning []
    /// Publishes it, by a second person.
    ApproveWarning []
    /// It is not to be published.
    RejectWarning []
    /// Offers an incident to another service.
    OfferHandover []
    /// What was answered.
    AnswerHandover []
    /// Takes it back.
    WithdrawHandover []
    /// Another service offers us an incident.
    ReceiveHandover []
    /// It takes that back.
    RetractHandover []
    /// A receiver refuses a notice for good.
    GiveUpNotice []
    /// Begins a drill.
    StartExercise []
    /// Ends it, and closes what is open of it.
    EndExercise []
    /// Puts a room.
    PutRoom []
    /// Shows something to those who follow the room.
    PushScene []
    /// A room chooses whom it follows.
    FollowRoom []
    /// Leaves something to the next shift.
    WriteShiftNote []
    /// Somebody of the next shift has read it.
    AcknowledgeShiftNote []
    /// Nobody acknowledged it in time.
    FireShiftNote []
    /// Writes into a room's log.
    LogDuty []
    /// Begins a drill.
    StartDrill []
    /// A person ends its faults.
    StopDrill []
    /// Its faults are over.
    EndDrill []
    /// What was measured of it.
    MeasureDrill []
    /// It has been measured.
    CloseDrill []
    /// A file that a quorum holds belongs to something.
    AttachFile []
    /// It does not any more.
    DetachFile []
    /// How long files are kept.
    SetFileRetention []
    /// Forgets files whose time is over.
    DropFiles []
    /// Somebody looks at a report that waits, or gives it back.
    TakeReport []
    /// It is set aside, and comes back by itself.
    SetReportAside []
    /// Sets the rules by which personal data go.
    SetErasure []
    /// Erases what is due by them.
    ErasePersonal []
    /// Somebody has seen how late a clock is.
    AcknowledgeClock []
    /// Whoever gives instructions has seen that one is done.
    ConfirmInstruction []
    /// Takes a device, or one condition of it, out of service for a while.
    TakeOutOfService []
    /// Takes it back before its time.
    ReturnToService []
}
