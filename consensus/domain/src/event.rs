//! What happened, in the past participle. The subject is whole, as it stands afterwards: who follows only replaces.

use std::fmt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::{
    AdminUnit, Agent, Alarm, Call, CallDesk, Camera, District, DutyEntry, Exercise, GroupId, Incident, Instruction,
    Millis, Model, Person, PersonId, Readings, Room, Sensor, ShiftNote, Tally, Unit, WaitingReport, Warning,
    wire::{Field, Malformed, Record, generated, message_field, record, wire_enum},
};

wire_enum! {
    /// Kinds of event.
    EventKind {
        /// An administrative unit is as given.
        AdminUnitPut = "admin_unit_put",
        /// A district is as given.
        DistrictPut = "district_put",
        /// A person is as given.
        PersonPut = "person_put",
        /// Other nodes are up.
        LiveNodesSet = "live_nodes_set",
        /// A behaviour is on.
        FeatureSwitched = "feature_switched",
        /// Older grants no longer count.
        PolicyFloorRaised = "policy_floor_raised",
        /// A unit is as given.
        UnitPut = "unit_put",
        /// A unit does something else.
        UnitStatusSet = "unit_status_set",
        /// A unit is elsewhere.
        UnitMoved = "unit_moved",
        /// A unit was sent to an incident.
        UnitAssigned = "unit_assigned",
        /// A unit is free of its incident.
        UnitReleased = "unit_released",
        /// An incident is there.
        IncidentOpened = "incident_opened",
        /// A source said more.
        IncidentFed = "incident_fed",
        /// What is known was corrected.
        IncidentAmended = "incident_amended",
        /// The timeline has a note.
        IncidentNoted = "incident_noted",
        /// Somebody has seen it.
        IncidentAcknowledged = "incident_acknowledged",
        /// Its units changed.
        IncidentAssigned = "incident_assigned",
        /// Nothing more to do.
        IncidentResolved = "incident_resolved",
        /// Done.
        IncidentClosed = "incident_closed",
        /// It was not done.
        IncidentReopened = "incident_reopened",
        /// Two are one.
        IncidentMerged = "incident_merged",
        /// They were two.
        IncidentUnmerged = "incident_unmerged",
        /// Nobody acknowledged it in time.
        IncidentEscalated = "incident_escalated",
        /// A model said something of it.
        IncidentSuggested = "incident_suggested",
        /// A person decided on what a model said.
        IncidentSuggestionDecided = "incident_suggestion_decided",
        /// A sensor is as given.
        SensorRegistered = "sensor_registered",
        /// The device says otherwise of itself.
        DeviceStatusSet = "device_status_set",
        /// Measurements are recorded.
        ReadingsRecorded = "readings_recorded",
        /// A camera is as given.
        CameraRegistered = "camera_registered",
        /// A camera lives or does not.
        CameraHealthRecorded = "camera_health_recorded",
        /// A condition came up.
        AlarmRaised = "alarm_raised",
        /// It went.
        AlarmCleared = "alarm_cleared",
        /// Somebody has seen it.
        AlarmAcknowledged = "alarm_acknowledged",
        /// It was put aside.
        AlarmShelved = "alarm_shelved",
        /// It is back.
        AlarmUnshelved = "alarm_unshelved",
        /// Group 0 has heard.
        AlarmReportConfirmed = "alarm_report_confirmed",
        /// A model found something else of it.
        AlarmAmended = "alarm_amended",
        /// A device, or a condition of it, is out of service.
        TakenOutOfService = "taken_out_of_service",
        /// A person gave it back.
        ReturnedToService = "returned_to_service",
        /// A version of a model is known.
        ModelRegistered = "model_registered",
        /// It is in use.
        ModelRolledOut = "model_rolled_out",
        /// It is no longer.
        ModelRolledBack = "model_rolled_back",
        /// A model is off or on.
        ModelSwitched = "model_switched",
        /// What became of what it said is counted.
        ModelTallied = "model_tallied",
        /// A district has more or fewer incidents than expected, or as many again.
        DistrictLoadReported = "district_load_reported",
        /// A run card is as given; it has no subject.
        RunCardPut = "run_card_put",
        /// A crew is on duty at other times.
        UnitShiftSet = "unit_shift_set",
        /// A crew said that it is well.
        UnitCheckedIn = "unit_checked_in",
        /// A crew is in danger.
        UnitMaydayRaised = "unit_mayday_raised",
        /// It is safe.
        UnitMaydayCleared = "unit_mayday_cleared",
        /// A unit did not answer its offer and is free of it.
        UnitOfferExpired = "unit_offer_expired",
        /// A crew that has not answered its offer is told of it by text.
        UnitOfferReminded = "unit_offer_reminded",
        /// A crew was not heard of in time.
        UnitCheckInEscalated = "unit_check_in_escalated",
        /// A person has to look.
        IncidentAttentionRaised = "incident_attention_raised",
        /// A person has looked.
        IncidentAttentionAcknowledged = "incident_attention_acknowledged",
        /// An agency has a task.
        IncidentTaskGiven = "incident_task_given",
        /// An agency said how far it is.
        IncidentTaskAnswered = "incident_task_answered",
        /// All agencies have one answer.
        IncidentAnswerCombined = "incident_answer_combined",
        /// A report came; events of reports name the code, and show it while it waits for a person.
        ReportFiled = "report_filed",
        /// A report belongs to an incident.
        ReportLinked = "report_linked",
        /// It no longer does.
        ReportUnlinked = "report_unlinked",
        /// Its sender has an answer.
        ReportAnswered = "report_answered",
        /// Its sender rated the answer.
        ReportRated = "report_rated",
        /// It was not done.
        ReportReopened = "report_reopened",
        /// A calendar is as given.
        CalendarPut = "calendar_put",
        /// A policy of deadlines is as given.
        DeadlinePolicyPut = "deadline_policy_put",
        /// A duty post and its roster are as given.
        DutyPostPut = "duty_post_put",
        /// A clock stands still.
        ClockPaused = "clock_paused",
        /// It runs again.
        ClockResumed = "clock_resumed",
        /// Its calendar changed, and so did its times.
        ClockTimed = "clock_timed",
        /// How far it is, and what is promised.
        ProgressReported = "progress_reported",
        /// There is little time left.
        DeadlineNearlyLate = "deadline_nearly_late",
        /// The time is over.
        DeadlineLate = "deadline_late",
        /// It has been over for long.
        DeadlineOverdue = "deadline_overdue",
        /// Somebody was given it to do.
        IncidentForwarded = "incident_forwarded",
        /// An instruction is there.
        InstructionGiven = "instruction_given",
        /// Somebody took it.
        InstructionTaken = "instruction_taken",
        /// It is done.
        InstructionDone = "instruction_done",
        /// It need not be done.
        InstructionCancelled = "instruction_cancelled",
        /// It was not done.
        InstructionReopened = "instruction_reopened",
        /// A caller rings.
        CallOffered = "call_offered",
        /// The same number called again.
        CallFolded = "call_folded",
        /// It rings at an agent.
        CallRinging = "call_ringing",
        /// The agent did not answer.
        CallUnanswered = "call_unanswered",
        /// The agent answered.
        CallAnswered = "call_answered",
        /// The caller waits in the middle of it.
        CallHeld = "call_held",
        /// They talk on.
        CallResumed = "call_resumed",
        /// It went on to another line or place.
        CallTransferred = "call_transferred",
        /// The caller hung up before anybody answered.
        CallAbandoned = "call_abandoned",
        /// Somebody has to call back.
        CallCallbackDue = "call_callback_due",
        /// Somebody calls back.
        CallCallingBack = "call_calling_back",
        /// It is over.
        CallEnded = "call_ended",
        /// The agent's wrap-up is over.
        CallWrapped = "call_wrapped",
        /// It became a report.
        CallFiled = "call_filed",
        /// Who called was forgotten.
        CallErased = "call_erased",
        /// An agent is as given.
        AgentPut = "agent_put",
        /// An agent does something else.
        AgentStatusSet = "agent_status_set",
        /// How calls are taken is as given.
        CallDeskPut = "call_desk_put",
        /// There are more calls than can be taken.
        CallOverloadBegan = "call_overload_began",
        /// There are no longer.
        CallOverloadEnded = "call_overload_ended",
        /// Somebody chose a second factor.
        SecondFactorPut = "second_factor_put",
        /// They have shown a code of it: it counts.
        SecondFactorConfirmed = "second_factor_confirmed",
        /// It is gone.
        SecondFactorDropped = "second_factor_dropped",
        /// Somebody signed in by a recovery code.
        RecoveryCodeSpent = "recovery_code_spent",
        /// An account has one more key.
        ServiceKeyPut = "service_key_put",
        /// A key does not count any more.
        ServiceKeyRevoked = "service_key_revoked",
        /// Somebody has another's rights for a time.
        DelegationPut = "delegation_put",
        /// They end before it.
        DelegationRevoked = "delegation_revoked",
        /// Somebody acts by another's rights.
        DelegationTaken = "delegation_taken",
        /// They act by their own again.
        DelegationLaidDown = "delegation_laid_down",
        /// Somebody took the whole province for a while; the note says why.
        GlassBroken = "glass_broken",
        /// They gave it back before its time.
        GlassEnded = "glass_ended",
        /// Somebody works on other fields, or for other agencies.
        RemitPut = "remit_put",
        /// How long readings are kept was set.
        RetentionSet = "retention_set",
        /// Somebody wrote a message to the public.
        WarningDrafted = "warning_drafted",
        /// A second person published it.
        WarningPublished = "warning_published",
        /// It is not to be published.
        WarningRejected = "warning_rejected",
        /// A later message took its place.
        WarningEnded = "warning_ended",
        /// An incident is offered to another service; of hand-overs the note begins with "#" and the number.
        HandoverOffered = "handover_offered",
        /// Nobody answered in time: the second channel is used.
        HandoverEscalated = "handover_escalated",
        /// It is taken over.
        HandoverAccepted = "handover_accepted",
        /// It is not.
        HandoverRefused = "handover_refused",
        /// It is taken back.
        HandoverWithdrawn = "handover_withdrawn",
        /// Another service offers us an incident.
        HandoverReceived = "handover_received",
        /// A drill began.
        ExerciseStarted = "exercise_started",
        /// It is over, and what was open of it is closed.
        ExerciseEnded = "exercise_ended",
        /// A room is as given.
        RoomPut = "room_put",
        /// A room shows something to those who follow it, or nothing any more.
        ScenePushed = "scene_pushed",
        /// A room follows another.
        RoomFollowed = "room_followed",
        /// It does not any more.
        RoomLeft = "room_left",
        /// A shift left something to the next.
        ShiftNoteWritten = "shift_note_written",
        /// The next has read it.
        ShiftNoteAcknowledged = "shift_note_acknowledged",
        /// Nobody did in time.
        ShiftNoteLate = "shift_note_late",
        /// A room's log has an entry.
        DutyLogged = "duty_logged",
        /// A drill began.
        DrillStarted = "drill_started",
        /// Its faults are over.
        DrillEnded = "drill_ended",
        /// It has its verdicts.
        DrillClosed = "drill_closed",
        /// A photo belongs to something; the note is what it shows.
        FileAttached = "file_attached",
        /// It does not any more; the note says why.
        FileDetached = "file_detached",
        /// How long photos are kept was set.
        FileRetentionSet = "file_retention_set",
        /// Photos whose time was over are forgotten.
        FilesDropped = "files_dropped",
        /// Somebody looks at a report that waits.
        ReportTaken = "report_taken",
        /// They do not any more.
        ReportGivenBack = "report_given_back",
        /// It was set aside, and comes back by itself.
        ReportSetAside = "report_set_aside",
        /// Of a report that waits: a photo more or one less, its incident was closed or goes on.
        ReportSupplemented = "report_supplemented",
        /// The rules by which personal data go were set.
        ErasureSet = "erasure_set",
        /// Personal data of a report (the note is its code) or of an incident are forgotten by rule.
        PersonalErased = "personal_erased",
        /// Somebody has seen how late a clock is.
        ClockAcknowledged = "clock_acknowledged",
        /// Whoever gives instructions has seen that one is done.
        InstructionConfirmed = "instruction_confirmed",
    }
}

/// The nodes that are up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveNodes {
    /// Ascending.
    pub nodes: Vec<u64>,
    /// Grows by one with each change.
    pub epoch: u64,
}

record!(LiveNodes { nodes, epoch });

macro_rules! subjects {
    ($($name:ident $noun:literal),+ $(,)?) => {
        /// What an event is about, as it stands after it.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[allow(missing_docs, clippy::large_enum_variant, reason = "each is the record of that name; events live briefly")]
        pub enum Subject { $($name($name)),+ }

        $(impl From<$name> for Subject {
            fn from(record: $name) -> Self {
                Self::$name(record)
            }
        })+

        impl Subject {
            /// Its noun, as in a subscription.
            #[must_use]
            pub fn noun(&self) -> &'static str {
                match self { $(Self::$name(_) => $noun),+ }
            }

            fn from_wire(wire: generated::event::Subject) -> Result<Self, Malformed> {
                use generated::event::Subject as Wire;
                Ok(match wire { $(Wire::$name(record) => Self::$name($name::from_wire(record)?)),+ })
            }

            fn to_wire(&self) -> generated::event::Subject {
                use generated::event::Subject as Wire;
                match self { $(Self::$name(record) => Wire::$name(record.to_wire())),+ }
            }
        }
    };
}

subjects! {
    AdminUnit "admin_unit",
    District "district",
    Person "person",
    Unit "unit",
    Incident "incident",
    Sensor "sensor",
    Readings "reading",
    Camera "camera",
    Alarm "alarm",
    LiveNodes "live_nodes",
    Model "model",
    Tally "model",
    Instruction "instruction",
    Call "call",
    Agent "call",
    CallDesk "call",
    Warning "warning",
    Exercise "exercise",
    Room "room",
    ShiftNote "shift_note",
    DutyEntry "duty_entry",
    WaitingReport "report",
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// Who caused it; none: the system.
    pub by: Option<PersonId>,
    /// A reason, a note; may be empty.
    pub note: String,
    /// The entry's time.
    pub at_ms: Millis,
    /// Place in the entry.
    pub ordinal: u32,
    /// What it is about; none for switches.
    pub subject: Option<Subject>,
}

impl Record for Event {
    type Wire = generated::Event;

    fn from_wire(wire: generated::Event) -> Result<Self, Malformed> {
        Ok(Self {
            kind: Field::read("kind", wire.kind)?,
            by: Field::read("by", wire.by)?,
            note: wire.note,
            at_ms: Millis(wire.at_ms),
            ordinal: wire.ordinal,
            subject: wire.subject.map(Subject::from_wire).transpose()?,
        })
    }

    fn to_wire(&self) -> generated::Event {
        generated::Event {
            kind: self.kind.write(),
            by: self.by.write(),
            note: self.note.clone(),
            at_ms: self.at_ms.0,
            ordinal: self.ordinal,
            subject: self.subject.as_ref().map(Subject::to_wire),
        }
    }
}

message_field!(Event);

/// Where an event stands. Ordered within an epoch and a group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Position {
    /// Changes when a cluster is restored from a backup.
    pub epoch: u64,
    /// Raft group.
    pub group: GroupId,
    /// Log index.
    pub index: u64,
    /// Place in the entry.
    pub ordinal: u32,
}

record!(Position { epoch, group, index, ordinal });

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}.{}", self.epoch, self.group, self.index, self.ordinal)
    }
}

/// The events of one applied entry, as kept in the tail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventBatch {
    /// Log index.
    pub index: u64,
    /// State's clock after it.
    pub at_ms: Millis,
    /// In order.
    pub events: Vec<Event>,
}

record!(EventBatch { index, at_ms, events });

/// A change to a row: what a node writes with the applied index, and what a snapshot carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChange {
    /// The row is this.
    Put(Row),
    /// The row is gone.
    Delete(Bytes),
}

/// One row of state or history. The first byte of the key is its table (`rows`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Table and key.
    pub key: Bytes,
    /// Protobuf.
    pub value: Bytes,
}

/// What applying an entry came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// For whoever asked.
    pub reply: Reply,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// What changed on disk.
    pub rows: Vec<RowChange>,
}

use crate::Reply;
