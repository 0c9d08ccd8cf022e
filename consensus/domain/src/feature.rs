//! Behaviour and vocabulary that a group switches on by an entry. Nodes of two versions never apply one entry in two ways,
//! because the newer one does nothing new before that entry, puts nothing into the log that the older one cannot read, and the
//! entry is proposed only when every node knows what it switches.

use crate::{
    Assignment, Command, Grant, Refusal, RefusalCode, ReportChannel, Role, State, Terms, UnitStatus, audit, chunk,
};

/// Commands and fields of commands that release 0.1.0 cannot read: clocks of working hours, instructions, receivers of notices,
/// reports that their senders follow, calls and who takes them, rights beyond a role, warnings to the public, hand-overs,
/// exercises and rooms, drills, units at a staging area, devices out of service, rules that suppress alarms,
/// crews that are told by text that their offer waits.
/// From this entry on a unit that sets out is expected, and late when it does not come; and an assignment remembers through which
/// merges it came, so that taking them apart gives it back.
/// From this entry on a timeline keeps of its incident what a line shows (`Incident::line`), and events of reports show those
/// that wait for a person, which are told again when their incident becomes another field's or agency's. Nothing is refused by a
/// remit before it, for no log of a release holds one. A refusal says no longer where something lies that is outside of a right.
/// An alarm that opens or joins an incident files a report, and closing it settles that. It counts on which days it called.
/// A record that says what was erased is no longer erased itself (`Erasure::erasing`), and one of a drill says that it is one
/// (`AuditPayload::exercise`).
/// Who puts a unit or a run card on a version that they saw is refused when it is another by now.
/// A sensor whose limits are set anew, and an alarm that comes up again or is said anew, leave to history how they stood until then.
pub const VOCABULARY_2: u32 = 350;

/// Every feature that this version knows, ascending. A new cluster has them all from its first entries on.
pub const FEATURES: &[u32] = &[audit::FEATURE, chunk::FEATURE, VOCABULARY_2];

impl Command {
    /// The feature that a group must have on before this may stand in its log; none: every release reads it. Whatever is
    /// added to the commands, or to the fields of one, has to be named here (`tests/vocabulary.rs`).
    #[must_use]
    pub fn feature(&self) -> Option<u32> {
        match self {
            Self::SetRetention(_) => Some(chunk::FEATURE),
            Self::RecordRead(_) | Self::EraseAudit(_) | Self::AnchorAudit(_) => Some(audit::FEATURE),
            Self::PutCalendar(_)
            | Self::PutDeadlinePolicy(_)
            | Self::PutDutyPost(_)
            | Self::PauseClock(_)
            | Self::ResumeClock(_)
            | Self::ReportProgress(_)
            | Self::FireDeadline(_)
            | Self::GiveInstruction(_)
            | Self::TakeInstruction(_)
            | Self::FinishInstruction(_)
            | Self::CancelInstruction(_)
            | Self::ReopenInstruction(_)
            | Self::PutReceiver(_)
            | Self::ConfirmNotices(_)
            | Self::PutCallDesk(_)
            | Self::PutAgent(_)
            | Self::SetAgentStatus(_)
            | Self::OfferCall(_)
            | Self::AnswerCall(_)
            | Self::HoldCall(_)
            | Self::TransferCall(_)
            | Self::EndLeg(_)
            | Self::EndCall(_)
            | Self::ReturnCall(_)
            | Self::TakeCallback(_)
            | Self::SettleCallback(_)
            | Self::PutCallDraft(_)
            | Self::NameCaller(_)
            | Self::EraseCall(_)
            | Self::ExpireRing(_)
            | Self::ExpireWrapUp(_)
            | Self::CheckQueue(_)
            | Self::PutSecondFactor(_)
            | Self::SpendCode(_)
            | Self::DropSecondFactor(_)
            | Self::PutServiceKey(_)
            | Self::RevokeServiceKey(_)
            | Self::PutDelegation(_)
            | Self::RevokeDelegation(_)
            | Self::TakeDelegation(_)
            | Self::BreakGlass(_)
            | Self::EndGlass(_)
            | Self::PutRemit(_)
            | Self::DraftWarning(_)
            | Self::ApproveWarning(_)
            | Self::RejectWarning(_)
            | Self::OfferHandover(_)
            | Self::AnswerHandover(_)
            | Self::WithdrawHandover(_)
            | Self::ReceiveHandover(_)
            | Self::RetractHandover(_)
            | Self::GiveUpNotice(_)
            | Self::StartExercise(_)
            | Self::EndExercise(_)
            | Self::PutRoom(_)
            | Self::PushScene(_)
            | Self::FollowRoom(_)
            | Self::WriteShiftNote(_)
            | Self::AcknowledgeShiftNote(_)
            | Self::FireShiftNote(_)
            | Self::LogDuty(_)
            | Self::StartDrill(_)
            | Self::StopDrill(_)
            | Self::EndDrill(_)
            | Self::MeasureDrill(_)
            | Self::CloseDrill(_)
            | Self::AttachFile(_)
            | Self::DetachFile(_)
            | Self::SetFileRetention(_)
            | Self::DropFiles(_)
            | Self::TakeReport(_)
            | Self::SetReportAside(_)
            | Self::SetErasure(_)
            | Self::ErasePersonal(_)
            | Self::AcknowledgeClock(_)
            | Self::ConfirmInstruction(_)
            | Self::TakeOutOfService(_)
            | Self::ReturnToService(_)
            | Self::RemindOffer(_) => Some(VOCABULARY_2),
            // A release that knows no other link reads none without its incident.
            Self::LinkReport(it) => {
                let is_plain =
                    it.incident.is_some() && it.kind.is_none() && it.severity.is_none() && it.place.is_none();
                (!is_plain).then_some(VOCABULARY_2)
            }
            Self::RegisterSensor(it) => {
                let sensor = &it.sensor;
                let is_plain = !sensor.exercise && sensor.suppressions.is_empty() && sensor.out_of_service.is_empty();
                (!is_plain).then_some(VOCABULARY_2)
            }
            Self::RegisterCamera(it) => (!it.camera.out_of_service.is_empty()).then_some(VOCABULARY_2),
            // Nor a status.
            Self::SetUnitStatus(it) => {
                [it.status, it.expected_status].contains(&UnitStatus::Staging).then_some(VOCABULARY_2)
            }
            Self::PutUnit(it) => {
                let is_newer = |it: &Assignment| {
                    let is_expected = it.steps.iter().any(|step| step.distance_m > 0 || step.late_at_ms.is_set());
                    is_expected || !it.came_through.is_empty() || it.reminded_at_ms.is_set()
                };
                let is_plain =
                    it.unit.status != UnitStatus::Staging && !it.unit.duty.assignment.as_ref().is_some_and(is_newer);
                (!is_plain).then_some(VOCABULARY_2)
            }
            // A role that it does not know makes an entry that it cannot read.
            Self::PutPerson(it) => matches!(it.person.role, Role::Telephony | Role::Auditor).then_some(VOCABULARY_2),
            Self::FeedIncident(it) => (!it.alarm.raised_days.is_empty()).then_some(VOCABULARY_2),
            Self::OpenIncident(it) => (it.source.alarm_report.is_some() || it.advice.is_some()).then_some(VOCABULARY_2),
            Self::FileReport(it) => {
                let is_plain = it.told_kind.is_none()
                    && it.advice.is_none()
                    && it.contact.is_empty()
                    && it.language.is_empty()
                    && it.channel != ReportChannel::Device
                    && !it.exercise;
                (!is_plain).then_some(VOCABULARY_2)
            }
            _ => None,
        }
    }
}

impl State {
    /// Features of `known` that the group has not switched on.
    #[must_use]
    pub fn missing_features(&self, known: &[u32]) -> Vec<u32> {
        known.iter().copied().filter(|feature| !self.has_feature(*feature)).collect()
    }

    /// The first feature that the group has on and `known` lacks: whoever knows no more cannot apply its log.
    #[must_use]
    pub fn unknown_feature(&self, known: &[u32]) -> Option<u32> {
        self.features.iter().copied().find(|feature| !known.contains(feature))
    }

    /// Whether the group's log may hold the command. Asked before it is proposed, never in `apply`: some node may run a
    /// release that cannot read it.
    ///
    /// # Errors
    /// The refusal to give instead.
    pub fn may_hold(&self, command: &Command) -> Result<(), Refusal> {
        let Some(feature) = command.feature().filter(|feature| !self.has_feature(*feature)) else { return Ok(()) };
        let message = format!(
            "feature {feature} is not on in group {group}: run the newer version on every node, then `trongdong features`",
            group = self.group
        );
        Err(Refusal::new(RefusalCode::NotSwitchedOn, "", message))
    }

    /// The same of what an entry's grant says beyond its person's own rights.
    ///
    /// # Errors
    /// The refusal to give instead.
    pub fn may_carry(&self, grant: Option<&Grant>) -> Result<(), Refusal> {
        if grant.is_none_or(|grant| grant.terms == Terms::default()) || self.has_feature(VOCABULARY_2) {
            return Ok(());
        }
        let message =
            format!("feature {VOCABULARY_2} is not on in group {}: `trongdong features` switches it", self.group);
        Err(Refusal::new(RefusalCode::NotSwitchedOn, "", message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ConfirmNotices, Entry, GroupId, Millis, RaisePolicyFloor, ReceiverId, SwitchFeature};

    fn apply(state: &mut State, index: u64, command: impl Into<Command>) {
        let entry = Entry {
            at_ms: Millis(index),
            request: None,
            grant: None,
            command: command.into(),
            salt: Default::default(),
        };
        state.apply(index, &entry);
    }

    #[test]
    fn what_an_older_release_cannot_read_waits_until_it_is_switched_on() {
        let mut state = State::new(GroupId::COMMAND);
        let receiver = ReceiverId::new("so-tttt").unwrap();
        let later = Command::from(ConfirmNotices { receiver, through: 1 });
        assert!(state.may_hold(&RaisePolicyFloor { floor: 1 }.into()).is_ok());
        let refused = state.may_hold(&later).unwrap_err();
        assert_eq!(refused.code, RefusalCode::NotSwitchedOn);
        assert!(refused.message.contains("trongdong features"), "{}", refused.message);
        assert_eq!(state.missing_features(FEATURES), FEATURES);
        apply(&mut state, 1, SwitchFeature { feature: VOCABULARY_2 });
        assert!(state.may_hold(&later).is_ok());
        assert_eq!(state.missing_features(FEATURES), [audit::FEATURE, chunk::FEATURE]);
        assert_eq!((state.unknown_feature(FEATURES), state.unknown_feature(&[])), (None, Some(VOCABULARY_2)));
    }
}
