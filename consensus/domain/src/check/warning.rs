//! Invariants of warnings to the public and of hand-overs.

use super::{Violation, hold};
use crate::{HandoverStatus, Incident, State, Warning, WarningMessage, WarningStatus, limits};

impl State {
    pub(super) fn check_warnings(&self) -> Result<(), Violation> {
        let drafted = usize::try_from(self.warnings_drafted).unwrap_or(usize::MAX);
        let is_within = self.warnings.len() <= limits::WARNINGS_MAX.min(drafted);
        hold(39, is_within, || format!("{} messages of {drafted}", self.warnings.len()))?;
        for (id, warning) in &self.warnings {
            hold(2, *id == warning.id, || format!("warning {id}"))?;
            check_warning(warning)?;
        }
        self.incidents.values().try_for_each(check_handovers)
    }
}

fn check_warning(warning: &Warning) -> Result<(), Violation> {
    let is_decided = warning.status != WarningStatus::Draft;
    let is_public = matches!(warning.status, WarningStatus::Published | WarningStatus::Ended);
    let has_ended = matches!(warning.status, WarningStatus::Rejected | WarningStatus::Ended);
    let by_two = !is_public || warning.decided_by.as_ref() != Some(&warning.drafted_by);
    let is_timed = warning.sent_at_ms.is_set() == is_public && warning.ended_at_ms.is_set() == has_ended;
    let follows = warning.message != WarningMessage::Alert;
    let names = warning.references.last().map(|last| &last.warning);
    let is_chained = follows == warning.of.is_some() && names == warning.of.as_ref();
    let is_right = warning.decided_by.is_some() == is_decided
        && by_two
        && is_timed
        && is_chained
        && !warning.content.areas.is_empty()
        && warning.references.len() <= limits::WARNING_REFERENCES_MAX;
    hold(39, is_right, || format!("{warning:?}"))
}

fn check_handovers(incident: &Incident) -> Result<(), Violation> {
    let handovers = &incident.dispatch.handovers;
    let is_counted = (1..).zip(handovers).all(|(number, it)| it.number == number);
    let is_right = handovers.iter().all(|it| {
        let is_measured = incident.clocks.iter().any(|clock| clock.number == it.clock && clock.is_open());
        let is_answered = matches!(it.status, HandoverStatus::Accepted | HandoverStatus::Refused);
        let is_withdrawn = it.status == HandoverStatus::Withdrawn;
        it.status.is_waiting() == is_measured
            && (!is_answered || it.answered_at_ms.is_set())
            && it.withdrawn_at_ms.is_set() == is_withdrawn
            && (it.status != HandoverStatus::Escalated || it.escalated_at_ms.is_set())
    });
    let is_within = handovers.len() <= limits::HANDOVERS_MAX;
    hold(40, is_counted && is_right && is_within, || format!("incident {}: {handovers:?}", incident.id))
}
