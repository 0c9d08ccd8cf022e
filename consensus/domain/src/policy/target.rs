//! What a command acts on, by name: where that lies (`places.rs`) and what it is about (`matter.rs`) are derived of it.

use crate::{
    ClockKey, Command, DecideSuggestion, FileOwner, IncidentId, InstructionId, Measured, ReportCode, State,
    SuggestionDecision, UnitId, WarningId,
};

/// A record that a command acts on.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a> {
    Incident(&'a IncidentId),
    Report(&'a ReportCode),
    Instruction(&'a InstructionId),
    Unit(&'a UnitId),
    Warning(&'a WarningId),
}

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

fn owner(owner: &FileOwner) -> Target<'_> {
    match owner {
        FileOwner::Incident(id) => Target::Incident(id),
        FileOwner::Report(code) | FileOwner::Answer(code) => Target::Report(code),
    }
}

fn measured(clock: &ClockKey) -> Target<'_> {
    match &clock.of {
        Measured::Incident(id) => Target::Incident(id),
        Measured::Instruction(id) => Target::Instruction(id),
        Measured::Report(code) => Target::Report(code),
    }
}

/// The incidents, reports, instructions, units and warnings that the command names and acts on, whether they are there or not. What
/// is put, opened or filed by it is not there before it; what is written from an incident acts on that. A mayday acts on nobody's
/// unit: whose they are who call for help is not asked.
pub(crate) fn targets<'a>(state: &'a State, command: &'a Command) -> [Option<Target<'a>>; 2] {
    use Target::{Incident, Instruction, Report, Unit, Warning};
    let only = match command {
        Command::MergeIncident(it) => return [Some(Incident(&it.incident)), Some(Incident(&it.into))],
        Command::DecideSuggestion(it) => {
            return [Some(Incident(&it.incident)), duplicate_of(state, it).map(Incident)];
        }
        Command::LinkReport(it) => return [Some(Report(&it.report)), it.incident.as_ref().map(Incident)],
        Command::DraftWarning(it) => return [Some(Incident(&it.incident)), it.draft.as_ref().map(Warning)],
        Command::GiveInstruction(it) => return [it.incident.as_ref().map(Incident), None],
        Command::DetachFile(it) => return [state.attachments().get(&it.number).map(|gone| owner(&gone.owner)), None],
        Command::AmendIncident(it) => Incident(&it.incident),
        Command::NoteIncident(it) => Incident(&it.incident),
        Command::AcknowledgeIncident(it) => Incident(&it.incident),
        Command::AssignIncident(it) => Incident(&it.incident),
        Command::ResolveIncident(it) => Incident(&it.incident),
        Command::CloseIncident(it) => Incident(&it.incident),
        Command::ReopenIncident(it) => Incident(&it.incident),
        Command::UnmergeIncident(it) => Incident(&it.incident),
        Command::AcknowledgeAttention(it) => Incident(&it.incident),
        Command::GiveTask(it) => Incident(&it.incident),
        Command::AnswerTask(it) => Incident(&it.incident),
        Command::CombineAnswer(it) => Incident(&it.incident),
        Command::OfferHandover(it) => Incident(&it.incident),
        Command::AnswerHandover(it) => Incident(&it.incident),
        Command::WithdrawHandover(it) => Incident(&it.incident),
        Command::TakeReport(it) => Report(&it.report),
        Command::SetReportAside(it) => Report(&it.report),
        Command::UnlinkReport(it) => Report(&it.report),
        Command::AnswerReport(it) => Report(&it.report),
        Command::RateReport(it) => Report(&it.report),
        Command::ReopenReport(it) => Report(&it.report),
        Command::AttachFile(it) => owner(&it.owner),
        Command::PauseClock(it) => measured(&it.clock),
        Command::ResumeClock(it) => measured(&it.clock),
        Command::AcknowledgeClock(it) => measured(&it.clock),
        Command::ReportProgress(it) => measured(&it.clock),
        Command::TakeInstruction(it) => Instruction(&it.instruction),
        Command::FinishInstruction(it) => Instruction(&it.instruction),
        Command::ConfirmInstruction(it) => Instruction(&it.instruction),
        Command::CancelInstruction(it) => Instruction(&it.instruction),
        Command::ReopenInstruction(it) => Instruction(&it.instruction),
        Command::ApproveWarning(it) => Warning(&it.warning),
        Command::RejectWarning(it) => Warning(&it.warning),
        Command::SetUnitStatus(it) => Unit(&it.unit),
        Command::MoveUnit(it) => Unit(&it.unit),
        Command::SetUnitShift(it) => Unit(&it.unit),
        Command::CheckInUnit(it) => Unit(&it.unit),
        Command::ClearMayday(it) => Unit(&it.unit),
        _ => return [None, None],
    };
    [Some(only), None]
}
