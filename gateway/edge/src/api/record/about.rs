//! What a command of the record is about: only what tells an auditor where to look, never what somebody wrote about a person. Pure.

use domain::{Command, Condition, EntityId};

use super::Kind;

/// The kind of a command; `by_nobody`: no person sent it.
pub(super) fn kind_of(command: &Command, by_nobody: bool) -> Kind {
    match command {
        Command::RecordRead(_) => Kind::Read,
        Command::OpenSession(_) | Command::CloseSession(_) | Command::SpendCode(_) => Kind::SignIn,
        Command::PutPerson(_)
        | Command::PutDistrict(_)
        | Command::PutSecondFactor(_)
        | Command::DropSecondFactor(_)
        | Command::PutServiceKey(_)
        | Command::RevokeServiceKey(_)
        | Command::PutDelegation(_)
        | Command::RevokeDelegation(_)
        | Command::TakeDelegation(_)
        | Command::BreakGlass(_)
        | Command::EndGlass(_)
        | Command::PutRemit(_) => Kind::Right,
        _ if by_nobody => Kind::System,
        _ => Kind::Change,
    }
}

/// What it is about; may be empty.
pub(super) fn about(command: &Command) -> String {
    match command {
        Command::RecordRead(it) => it.what.clone(),
        // People and their rights.
        Command::OpenSession(it) => it.person.to_string(),
        Command::PutPerson(it) => format!("{} ({})", it.person.id, it.person.role),
        Command::PutDistrict(it) => it.district.id.to_string(),
        Command::PutSecondFactor(it) => it.person.to_string(),
        Command::SpendCode(it) => it.person.to_string(),
        Command::DropSecondFactor(it) => it.person.to_string(),
        Command::PutServiceKey(it) => format!("{} ({})", it.key.id, it.key.account),
        Command::RevokeServiceKey(it) => it.key.to_string(),
        Command::PutDelegation(it) => format!("{} → {}", it.delegation.giver, it.delegation.deputy),
        Command::RevokeDelegation(it) => it.delegation.to_string(),
        Command::TakeDelegation(it) => it.delegation.as_ref().map(ToString::to_string).unwrap_or_default(),
        Command::EndGlass(it) => it.person.to_string(),
        Command::PutRemit(it) => it.person.to_string(),
        Command::PutDutyPost(it) => it.post.id.to_string(),
        // Incidents, and what belongs to one.
        Command::AmendIncident(it) => it.incident.to_string(),
        Command::NoteIncident(it) => it.incident.to_string(),
        Command::AcknowledgeIncident(it) => it.incident.to_string(),
        Command::AssignIncident(it) => it.incident.to_string(),
        Command::ResolveIncident(it) => it.incident.to_string(),
        Command::CloseIncident(it) => it.incident.to_string(),
        Command::ReopenIncident(it) => it.incident.to_string(),
        Command::MergeIncident(it) => format!("{} → {}", it.incident, it.into),
        Command::UnmergeIncident(it) => it.incident.to_string(),
        Command::DecideSuggestion(it) => it.incident.to_string(),
        Command::AcknowledgeAttention(it) => it.incident.to_string(),
        Command::GiveTask(it) => it.incident.to_string(),
        Command::AnswerTask(it) => it.incident.to_string(),
        Command::CombineAnswer(it) => it.incident.to_string(),
        Command::OfferHandover(it) => it.incident.to_string(),
        Command::AnswerHandover(it) => it.incident.to_string(),
        Command::WithdrawHandover(it) => it.incident.to_string(),
        Command::DraftWarning(it) => it.incident.to_string(),
        Command::ApproveWarning(it) => it.warning.to_string(),
        Command::RejectWarning(it) => it.warning.to_string(),
        Command::LinkReport(it) => it.report.to_string(),
        Command::UnlinkReport(it) => it.report.to_string(),
        Command::AnswerReport(it) => it.report.to_string(),
        Command::TakeReport(it) => it.report.to_string(),
        Command::SetReportAside(it) => it.report.to_string(),
        Command::PauseClock(it) => it.clock.of.to_string(),
        Command::ResumeClock(it) => it.clock.of.to_string(),
        Command::AcknowledgeClock(it) => it.clock.of.to_string(),
        Command::ReportProgress(it) => it.clock.of.to_string(),
        Command::TakeInstruction(it) => it.instruction.to_string(),
        Command::FinishInstruction(it) => it.instruction.to_string(),
        Command::ConfirmInstruction(it) => it.instruction.to_string(),
        Command::CancelInstruction(it) => it.instruction.to_string(),
        Command::ReopenInstruction(it) => it.instruction.to_string(),
        // Units and calls.
        Command::PutUnit(it) => it.unit.id.to_string(),
        Command::SetUnitStatus(it) => it.unit.to_string(),
        Command::MoveUnit(it) => it.unit.to_string(),
        Command::SetUnitShift(it) => it.unit.to_string(),
        Command::CheckInUnit(it) => it.unit.to_string(),
        Command::RaiseMayday(it) => it.unit.to_string(),
        Command::ClearMayday(it) => it.unit.to_string(),
        Command::AnswerCall(it) => it.call.to_string(),
        Command::HoldCall(it) => it.call.to_string(),
        Command::TransferCall(it) => it.call.to_string(),
        Command::EndCall(it) => it.call.to_string(),
        Command::TakeCallback(it) => it.call.to_string(),
        Command::SettleCallback(it) => it.call.to_string(),
        Command::NameCaller(it) => it.call.to_string(),
        Command::EraseCall(it) => it.call.to_string(),
        Command::PutAgent(it) => it.person.to_string(),
        Command::SetAgentStatus(it) => it.agent.to_string(),
        // Devices and alarms.
        Command::RegisterSensor(it) => it.sensor.id.to_string(),
        Command::RegisterCamera(it) => it.camera.id.to_string(),
        Command::AcknowledgeAlarm(it) => it.key.to_string(),
        Command::ShelveAlarm(it) => it.key.to_string(),
        Command::UnshelveAlarm(it) => it.key.to_string(),
        Command::TakeOutOfService(it) => of_device(&it.entity, it.condition.as_ref()),
        Command::ReturnToService(it) => of_device(&it.entity, it.condition.as_ref()),
        // Rules of erasure, by their number.
        Command::SetErasure(it) => format!("#{}", it.number),
        Command::ErasePersonal(it) => format!("#{}", it.rule),
        _ => String::new(),
    }
}

/// A device, or one condition of it.
fn of_device(entity: &EntityId, condition: Option<&Condition>) -> String {
    condition.map_or_else(|| entity.to_string(), |condition| format!("{entity}/{condition}"))
}

#[cfg(test)]
mod tests {
    use domain::{BreakGlass, CloseSession, NoteIncident, PersonId, RaisePolicyFloor, RecordRead, SessionId};

    use super::*;

    #[test]
    fn a_command_says_what_it_is_about_and_nothing_of_what_was_written() {
        let read = Command::from(RecordRead { what: "camera/c1".into(), why: "điều tra".into() });
        assert_eq!((about(&read).as_str(), kind_of(&read, false)), ("camera/c1", Kind::Read));
        let glass = Command::from(BreakGlass { reason: "lũ quét".into(), lasts_ms: 1 });
        assert_eq!((about(&glass).as_str(), kind_of(&glass, false)), ("", Kind::Right));
        let incident = domain::IncidentId::new("I1").unwrap();
        let note = Command::from(NoteIncident { incident, note: "bà Tư, số 7".into() });
        assert_eq!((about(&note).as_str(), kind_of(&note, false)), ("I1", Kind::Change));
        let floor = Command::from(RaisePolicyFloor { floor: 1 });
        assert_eq!(kind_of(&floor, true), Kind::System);
        let person = PersonId::new("lan").unwrap();
        let open = domain::OpenSession { session: SessionId([0; 32]), person, expires_at_ms: domain::Millis(1) };
        assert_eq!(
            (about(&open.into()).as_str(), kind_of(&CloseSession { session: SessionId([0; 32]) }.into(), true)),
            ("lan", Kind::SignIn)
        );
    }
}
