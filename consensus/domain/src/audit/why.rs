//! Why something stands in the record. Where nobody said, it is derived from what stands there: the command's kind, who sent it and by
//! which key. Nothing of that is stored, so that no chain becomes another one by it, and it is told as what it is. Pure.

use std::fmt;

use crate::{AuditPayload, Command, Measured};

/// What a why begins with that a node put down for a look of which nobody said why: how it was asked for.
const ASKED: &str = "path";
/// What stood there before nodes put that down.
const NOT_SAID: &str = "-";

macro_rules! causes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// Why something was done of which nobody said why.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cause { $($(#[$doc])* $name),+ }

        impl Cause {
            /// All there are.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// Its name in interfaces.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),+ }
            }
        }
    };
}

causes! {
    /// A person did it and gave no reason.
    NoneGiven = "none_given",
    /// It is said in the command, in words that only its export tells.
    Within = "within",
    /// What the service key is for, by which it was done.
    Key = "key",
    /// A service account did it, by its password.
    Account = "account",
    /// Somebody asked for it, by this route and from this screen.
    Asked = "asked",
    /// Somebody signs in.
    SignIn = "sign_in",
    /// Somebody signs out.
    SignOut = "sign_out",
    /// A code of a second factor was shown.
    CodeShown = "code_shown",
    /// Rights changed: older ones are not to count any more.
    RightsChanged = "rights_changed",
    /// All nodes know the behaviour.
    Release = "release",
    /// The cluster was founded, or brings what a release has.
    SetUp = "set_up",
    /// A device is being registered.
    DevicePlaced = "device_placed",
    /// Nodes came or went.
    NodesChanged = "nodes_changed",
    /// Devices measured.
    Readings = "readings",
    /// The device says so of itself.
    DeviceSaid = "device_said",
    /// Where a unit is, as its phone says now and then.
    Position = "position",
    /// A node watches the camera.
    CameraWatched = "camera_watched",
    /// A rule or a model found the condition.
    RuleRaised = "rule_raised",
    /// It is not there any more.
    RuleCleared = "rule_cleared",
    /// An alarm came from a group of devices.
    AlarmCame = "alarm_came",
    /// The command group has heard of the alarm.
    AlarmHeard = "alarm_heard",
    /// The time for which the alarm was put aside is over.
    ShelfRanOut = "shelf_ran_out",
    /// Nobody acknowledged the incident in time.
    Unacknowledged = "unacknowledged",
    /// A model read it.
    ModelSaid = "model_said",
    /// A model gave no answer, or gives some again.
    ModelSilent = "model_silent",
    /// The district's count of incidents has left what was expected, or is back.
    Load = "load",
    /// A clock's step is due.
    DeadlineDue = "deadline_due",
    /// The unit did not answer the offer in time.
    OfferRanOut = "offer_ran_out",
    /// Half of the time in which the crew may answer is over.
    OfferHalfOver = "offer_half_over",
    /// The crew was not heard of in time.
    CrewSilent = "crew_silent",
    /// Nobody acknowledged the shift note in time.
    ShiftNoteUnread = "shift_note_unread",
    /// Somebody called.
    CallerRang = "caller_rang",
    /// A caller's connection is gone.
    CallerGone = "caller_gone",
    /// An agent's phone did not answer.
    PhoneSilent = "phone_silent",
    /// The exchange says so of the call.
    ExchangeSaid = "exchange_said",
    /// The agent did not answer in time.
    RingRanOut = "ring_ran_out",
    /// The time for wrapping up is over.
    WrapUpOver = "wrap_up_over",
    /// A caller has waited for long.
    QueueWaits = "queue_waits",
    /// The public told.
    PublicTold = "public_told",
    /// The public sent a photo.
    PublicPhoto = "public_photo",
    /// Whoever sent the report says so.
    SenderSaid = "sender_said",
    /// A partner offered an incident.
    PartnerOffered = "partner_offered",
    /// A partner took its offer back.
    PartnerTookBack = "partner_took_back",
    /// A partner answered an offer.
    PartnerAnswered = "partner_answered",
    /// A receiver took its notices.
    ReceiverTook = "receiver_took",
    /// A receiver refused a notice for good.
    ReceiverRefused = "receiver_refused",
    /// One chain is anchored in another's.
    ChainAnchored = "chain_anchored",
    /// The time of files is over.
    FilesDue = "files_due",
    /// The time of personal data is over.
    ErasureDue = "erasure_due",
    /// A drill of the machines takes its course.
    DrillCourse = "drill_course",
    /// It is load of an exercise.
    Exercise = "exercise",
    /// No person sent it, and nothing more is known.
    System = "system",
}

/// Why something stands in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// As somebody, or their program, said.
    Said(String),
    /// Nobody said.
    Derived {
        /// What follows from what stands there.
        cause: Cause,
        /// Of what, or whom: a key, a call, a receiver; may be empty.
        of: String,
    },
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Said(said) => f.write_str(said),
            Self::Derived { cause: Cause::NoneGiven, .. } => f.write_str("none was given"),
            Self::Derived { cause: Cause::Within, .. } => f.write_str("stated in the command"),
            Self::Derived { cause, of } => {
                f.write_str(&cause.code().replace('_', " "))?;
                if !of.is_empty() {
                    write!(f, " {of}")?;
                }
                f.write_str(" (derived)")
            }
        }
    }
}

/// The why of a look of which nobody said why: by which route it was asked for, such as `/api/calls`, and from which screen; may be
/// empty.
#[must_use]
pub fn asked(route: &str, screen: &str) -> String {
    match (route, screen) {
        ("", _) => NOT_SAID.to_owned(),
        (route, "") => format!("{ASKED}{route}"),
        (route, screen) => format!("{ASKED}{route} {screen}"),
    }
}

/// Whether this why of a look was put down by a node, because nobody said any.
#[must_use]
pub fn is_unsaid(why: &str) -> bool {
    why == NOT_SAID || route_of(why).is_some()
}

/// Route and screen of [`asked`].
fn route_of(why: &str) -> Option<&str> {
    why.strip_prefix(ASKED).filter(|rest| rest.starts_with('/'))
}

/// Why this stands in the record. `command` is the one in the payload; none: readings, which stand in rows of their own.
#[must_use]
pub fn why(payload: &AuditPayload, command: Option<&Command>) -> Why {
    // A node puts its own word down where the grant has none.
    let is_a_nodes = |it: &str| it == NOT_SAID || (payload.why.is_empty() && is_unsaid(it));
    let said = [command.map_or("", own_words), payload.why.as_str()];
    if let Some(said) = said.into_iter().find(|it| !it.trim().is_empty() && !is_a_nodes(it)) {
        return Why::Said(said.to_owned());
    }
    let (cause, of) = command.map_or((Cause::Readings, String::new()), |command| derived(payload, command));
    Why::Derived { cause, of }
}

fn derived(payload: &AuditPayload, command: &Command) -> (Cause, String) {
    let (cause, of) = of_kind(command);
    let is_an_exchanges = matches!(command, Command::AnswerCall(it) if it.agent.is_some());
    if is_an_exchanges || is_whoever_sends(cause) {
        return (cause, of);
    }
    if let Some(key) = &payload.terms.key {
        return (Cause::Key, key.to_string());
    }
    if !payload.by.is_empty() {
        return match command {
            Command::RecordRead(it) => match route_of(&it.why) {
                Some(asked) => (Cause::Asked, asked.to_owned()),
                None => (Cause::NoneGiven, String::new()),
            },
            _ if says_within(command) => (Cause::Within, String::new()),
            _ => (Cause::NoneGiven, String::new()),
        };
    }
    if cause == Cause::System && payload.exercise { (Cause::Exercise, of) } else { (cause, of) }
}

/// The reason in the command itself, where it says nothing about a person that an auditor need not know; empty: it has none.
fn own_words(command: &Command) -> &str {
    match command {
        Command::RecordRead(it) => &it.why,
        Command::BreakGlass(it) => &it.reason,
        Command::PutDelegation(it) => &it.delegation.reason,
        Command::ShelveAlarm(it) => &it.reason,
        Command::TakeOutOfService(it) => &it.reason,
        Command::PauseClock(it) => &it.reason,
        Command::ReopenIncident(it) => &it.reason,
        Command::WithdrawHandover(it) => &it.reason,
        Command::RejectWarning(it) => &it.reason,
        Command::CancelInstruction(it) => &it.reason,
        Command::ReopenInstruction(it) => &it.reason,
        Command::SetReportAside(it) => &it.reason,
        Command::DetachFile(it) => &it.reason,
        Command::EraseAudit(it) => &it.rule,
        Command::SwitchModel(it) => &it.reason,
        Command::StartDrill(it) => &it.purpose,
        _ => "",
    }
}

/// Whether a person has to say why beside the command: it gives or takes rights, does away with what was kept, or warns everybody, and
/// has no reason of its own. Everything else is done without one, because nobody is to be held up by a word that is missing.
#[must_use]
pub fn has_to_be_said(command: &Command) -> bool {
    matches!(
        command,
        Command::PutPerson(_)
            | Command::PutRemit(_)
            | Command::PutServiceKey(_)
            | Command::RevokeServiceKey(_)
            | Command::RevokeDelegation(_)
            | Command::DropSecondFactor(_)
            | Command::SetErasure(_)
            | Command::SetFileRetention(_)
            | Command::EraseCall(_)
            | Command::ApproveWarning(_)
    )
}

/// Whether the command has a reason that may tell of a person, and so is left to its export.
fn says_within(command: &Command) -> bool {
    let reason = match command {
        Command::UnlinkReport(it) => &it.reason,
        Command::ReopenReport(it) => &it.reason,
        Command::OfferHandover(it) => &it.reason,
        Command::SetUnitStatus(it) => &it.reason,
        Command::SetAgentStatus(it) => &it.reason,
        _ => return false,
    };
    !reason.trim().is_empty()
}

/// Whether it is that, whoever sends it: a key and an account do so for the same reason as the node itself.
fn is_whoever_sends(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::SignIn
            | Cause::SignOut
            | Cause::CodeShown
            | Cause::DeviceSaid
            | Cause::Readings
            | Cause::Position
            | Cause::CallerRang
            | Cause::CallerGone
            | Cause::PhoneSilent
    )
}

/// Why the system, or whoever has no account here, sends a command of this kind, and of what or whom. Never a caller's number, never
/// a report's code, which opens the report.
fn of_kind(command: &Command) -> (Cause, String) {
    let alone = |cause| (cause, String::new());
    match command {
        // Coming and going, rights, nodes.
        Command::OpenSession(_) => alone(Cause::SignIn),
        Command::CloseSession(_) => alone(Cause::SignOut),
        Command::SpendCode(_) => alone(Cause::CodeShown),
        Command::RaisePolicyFloor(_) => alone(Cause::RightsChanged),
        Command::SwitchFeature(it) => (Cause::Release, it.feature.to_string()),
        Command::PutPerson(_)
        | Command::PutCalendar(_)
        | Command::PutDeadlinePolicy(_)
        | Command::PutDutyPost(_)
        | Command::RegisterModel(_)
        | Command::RollOutModel(_) => alone(Cause::SetUp),
        Command::SetLiveNodes(it) => {
            (Cause::NodesChanged, it.nodes.iter().map(u64::to_string).collect::<Vec<_>>().join(", "))
        }
        Command::AnchorAudit(it) => (Cause::ChainAnchored, it.group.to_string()),
        // Devices and alarms.
        Command::PlaceEntities(_) => alone(Cause::DevicePlaced),
        Command::SetDeviceStatus(it) => (Cause::DeviceSaid, it.sensor.to_string()),
        Command::RecordReadings(_) => alone(Cause::Readings),
        Command::RecordCameraHealth(it) => (Cause::CameraWatched, it.camera.to_string()),
        Command::RaiseAlarm(it) => (Cause::RuleRaised, it.key.to_string()),
        Command::ClearAlarm(it) => (Cause::RuleCleared, it.key.to_string()),
        Command::FeedIncident(it) => (Cause::AlarmCame, it.alarm.key.to_string()),
        Command::ConfirmAlarmReport(it) => (Cause::AlarmHeard, it.key.to_string()),
        Command::UnshelveAlarm(it) => (Cause::ShelfRanOut, it.key.to_string()),
        // What waited, and models.
        Command::EscalateIncident(it) => (Cause::Unacknowledged, it.incident.to_string()),
        Command::Suggest(it) => (Cause::ModelSaid, it.model.to_string()),
        Command::ReportSilence(it) => (Cause::ModelSilent, it.model.to_string()),
        Command::ReportLoad(it) => (Cause::Load, it.district.to_string()),
        Command::FireDeadline(it) => match &it.clock.of {
            Measured::Report(_) => alone(Cause::DeadlineDue),
            of => (Cause::DeadlineDue, of.to_string()),
        },
        Command::ExpireOffer(it) => (Cause::OfferRanOut, it.unit.to_string()),
        Command::RemindOffer(it) => (Cause::OfferHalfOver, it.unit.to_string()),
        Command::EscalateCheckIn(it) => (Cause::CrewSilent, it.unit.to_string()),
        Command::FireShiftNote(it) => (Cause::ShiftNoteUnread, it.shift_note.to_string()),
        Command::MoveUnit(it) => (Cause::Position, it.unit.to_string()),
        // Calls.
        Command::OfferCall(it) => (Cause::CallerRang, it.line.clone()),
        Command::EndLeg(it) => (Cause::CallerGone, it.leg.to_string()),
        Command::ReturnCall(it) => (Cause::PhoneSilent, it.call.to_string()),
        Command::AnswerCall(it) => (Cause::ExchangeSaid, it.call.to_string()),
        Command::HoldCall(it) => (Cause::ExchangeSaid, it.call.to_string()),
        Command::TransferCall(it) => (Cause::ExchangeSaid, it.call.to_string()),
        Command::EndCall(it) => (Cause::ExchangeSaid, it.call.to_string()),
        Command::ExpireRing(it) => (Cause::RingRanOut, it.call.to_string()),
        Command::ExpireWrapUp(it) => (Cause::WrapUpOver, it.agent.to_string()),
        Command::CheckQueue(_) => alone(Cause::QueueWaits),
        // The public, partners, receivers.
        Command::FileReport(it) => (Cause::PublicTold, it.channel.to_string()),
        Command::AttachFile(_) => alone(Cause::PublicPhoto),
        Command::RateReport(_) | Command::ReopenReport(_) => alone(Cause::SenderSaid),
        Command::ReceiveHandover(it) => (Cause::PartnerOffered, it.from.to_string()),
        Command::RetractHandover(it) => (Cause::PartnerTookBack, it.from.to_string()),
        Command::AnswerHandover(it) => {
            (Cause::PartnerAnswered, it.from.as_ref().map(ToString::to_string).unwrap_or_default())
        }
        Command::ConfirmNotices(it) => (Cause::ReceiverTook, it.receiver.to_string()),
        Command::GiveUpNotice(it) => (Cause::ReceiverRefused, it.receiver.to_string()),
        // Rules of time, drills of the machines.
        Command::DropFiles(_) => alone(Cause::FilesDue),
        Command::ErasePersonal(it) => (Cause::ErasureDue, it.rule.to_string()),
        Command::StopDrill(it) => (Cause::DrillCourse, it.drill.to_string()),
        Command::EndDrill(it) => (Cause::DrillCourse, it.drill.to_string()),
        Command::MeasureDrill(it) => (Cause::DrillCourse, it.drill.to_string()),
        Command::CloseDrill(it) => (Cause::DrillCourse, it.drill.to_string()),
        // What people do. The rest, so that a new command is given its place here.
        Command::PutAdminUnits(_)
        | Command::PutDistrict(_)
        | Command::PutUnit(_)
        | Command::SetUnitStatus(_)
        | Command::OpenIncident(_)
        | Command::AmendIncident(_)
        | Command::NoteIncident(_)
        | Command::AcknowledgeIncident(_)
        | Command::AssignIncident(_)
        | Command::ResolveIncident(_)
        | Command::CloseIncident(_)
        | Command::ReopenIncident(_)
        | Command::MergeIncident(_)
        | Command::UnmergeIncident(_)
        | Command::DecideSuggestion(_)
        | Command::RegisterSensor(_)
        | Command::RegisterCamera(_)
        | Command::AcknowledgeAlarm(_)
        | Command::ShelveAlarm(_)
        | Command::RollBackModel(_)
        | Command::SwitchModel(_)
        | Command::PutRunCard(_)
        | Command::SetUnitShift(_)
        | Command::CheckInUnit(_)
        | Command::RaiseMayday(_)
        | Command::ClearMayday(_)
        | Command::AcknowledgeAttention(_)
        | Command::GiveTask(_)
        | Command::AnswerTask(_)
        | Command::CombineAnswer(_)
        | Command::LinkReport(_)
        | Command::UnlinkReport(_)
        | Command::AnswerReport(_)
        | Command::PauseClock(_)
        | Command::ResumeClock(_)
        | Command::ReportProgress(_)
        | Command::GiveInstruction(_)
        | Command::TakeInstruction(_)
        | Command::FinishInstruction(_)
        | Command::CancelInstruction(_)
        | Command::ReopenInstruction(_)
        | Command::RecordRead(_)
        | Command::EraseAudit(_)
        | Command::PutReceiver(_)
        | Command::PutCallDesk(_)
        | Command::PutAgent(_)
        | Command::SetAgentStatus(_)
        | Command::TakeCallback(_)
        | Command::SettleCallback(_)
        | Command::PutCallDraft(_)
        | Command::NameCaller(_)
        | Command::EraseCall(_)
        | Command::PutSecondFactor(_)
        | Command::DropSecondFactor(_)
        | Command::PutServiceKey(_)
        | Command::RevokeServiceKey(_)
        | Command::PutDelegation(_)
        | Command::RevokeDelegation(_)
        | Command::TakeDelegation(_)
        | Command::BreakGlass(_)
        | Command::EndGlass(_)
        | Command::PutRemit(_)
        | Command::SetRetention(_)
        | Command::DraftWarning(_)
        | Command::ApproveWarning(_)
        | Command::RejectWarning(_)
        | Command::OfferHandover(_)
        | Command::WithdrawHandover(_)
        | Command::StartExercise(_)
        | Command::EndExercise(_)
        | Command::PutRoom(_)
        | Command::PushScene(_)
        | Command::FollowRoom(_)
        | Command::WriteShiftNote(_)
        | Command::AcknowledgeShiftNote(_)
        | Command::LogDuty(_)
        | Command::StartDrill(_)
        | Command::DetachFile(_)
        | Command::SetFileRetention(_)
        | Command::TakeReport(_)
        | Command::SetReportAside(_)
        | Command::SetErasure(_)
        | Command::AcknowledgeClock(_)
        | Command::ConfirmInstruction(_)
        | Command::TakeOutOfService(_)
        | Command::ReturnToService(_) => alone(Cause::System),
    }
}

#[cfg(test)]
mod tests;
