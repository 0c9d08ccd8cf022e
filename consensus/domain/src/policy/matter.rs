//! What a record is about, beside where it lies: its field and the agencies that have a part in it. Pure.
//!
//! | record | field | agencies |
//! |---|---|---|
//! | incident, its timeline, photos, clocks and suggestions | its kind | those that have a task in it |
//! | report, its clocks | that of its incident, else what its sender took it for | those of its incident |
//! | unit | – | its own |
//! | warning that the public cannot read | that of its incident | those of its incident |
//! | instruction that names no person | – | the one that it names |
//! | anything else | – | – |
//!
//! An incident of kind `other` is in every field, so that what nobody has told apart is missed by nobody. Measurements, alarms
//! and cameras are in none: water on a road concerns floods and traffic alike. An instruction is for whom it names: a person may
//! be of any agency, so one that names a person is hidden from nobody in its place. What rooms write among themselves (shift
//! notes, their log) and what the public can read is in no field.

use super::{
    forbidden,
    target::{Target, targets},
};
use crate::{
    Command, Grant, Incident, IncidentKind, Instruction, Refusal, Remit, Report, State, Subject, Unit, UnitId,
    WaitingReport, Warning,
};

/// Field and agencies of a record; none of both: everybody's.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Matter {
    /// None: in every field.
    pub field: Option<IncidentKind>,
    /// None: every agency's.
    pub agencies: Vec<String>,
}

impl Matter {
    /// Of an incident.
    #[must_use]
    pub fn of_incident(incident: &Incident) -> Self {
        let field = Some(incident.kind).filter(|kind| *kind != IncidentKind::Other);
        let mut agencies: Vec<String> = incident.dispatch.tasks.iter().map(|task| task.agency.clone()).collect();
        agencies.sort_unstable();
        agencies.dedup();
        Self { field, agencies }
    }

    /// Of a unit.
    #[must_use]
    pub fn of_unit(unit: &Unit) -> Self {
        let agency = Some(unit.agency.clone()).filter(|agency| !agency.is_empty());
        Self { field: None, agencies: agency.into_iter().collect() }
    }

    /// Of a report.
    #[must_use]
    pub fn of_report(state: &State, report: &Report) -> Self {
        if let Some(incident) = report.incident.as_ref().and_then(|id| state.incidents().get(id)) {
            return Self::of_incident(incident);
        }
        Self { field: report.told_kind.filter(|kind| *kind != IncidentKind::Other), agencies: Vec::new() }
    }

    /// Of a report that waits: as its report's, which it notes whenever that changes.
    #[must_use]
    pub fn of_waiting(report: &WaitingReport) -> Self {
        Self { field: report.field, agencies: report.agencies.clone() }
    }

    /// Of a warning: until the public can read it, its incident's. No screen subscribes to warnings, so no event is asked for it.
    #[must_use]
    pub fn of_warning(state: &State, warning: &Warning) -> Self {
        if warning.is_public() {
            return Self::default();
        }
        let of_former =
            || Self { field: Some(warning.kind).filter(|kind| *kind != IncidentKind::Other), agencies: Vec::new() };
        state.incidents().get(&warning.incident).map_or_else(of_former, Self::of_incident)
    }

    /// Of an instruction.
    #[must_use]
    pub fn of_instruction(instruction: &Instruction) -> Self {
        let is_agencys = instruction.owner.is_none() && !instruction.agency.is_empty();
        Self { field: None, agencies: is_agencys.then(|| instruction.agency.clone()).into_iter().collect() }
    }

    /// Of what an event shows.
    #[must_use]
    pub fn of_subject(subject: &Subject) -> Self {
        match subject {
            Subject::Incident(incident) => Self::of_incident(incident),
            Subject::Unit(unit) => Self::of_unit(unit),
            Subject::WaitingReport(report) => Self::of_waiting(report),
            Subject::Instruction(instruction) => Self::of_instruction(instruction),
            _ => Self::default(),
        }
    }

    /// Of what a command acts on; none: it is not there.
    fn of_target(state: &State, target: Target<'_>) -> Option<Self> {
        match target {
            Target::Incident(id) => state.incidents.get(id).map(Self::of_incident),
            Target::Report(code) => state.reports.get(code).map(|report| Self::of_report(state, report)),
            Target::Unit(id) => state.units.get(id).map(Self::of_unit),
            Target::Instruction(id) => state.instructions.get(id).map(Self::of_instruction),
            Target::Warning(id) => state.warnings.get(id).map(|warning| Self::of_warning(state, warning)),
        }
    }
}

impl Remit {
    /// Whether the matter is in it. An incident of another field is, where an agency of the remit has a task in it.
    #[must_use]
    pub fn covers(&self, matter: &Matter) -> bool {
        let is_theirs = || matter.agencies.iter().any(|agency| self.agencies.contains(agency));
        match matter.field {
            Some(field) => self.fields.is_empty() || self.fields.contains(&field) || is_theirs(),
            None => self.agencies.is_empty() || matter.agencies.is_empty() || is_theirs(),
        }
    }
}

/// Whether the grant's remit covers the matter.
pub(super) fn judge(grant: &Grant, matter: &Matter) -> Result<(), Refusal> {
    if grant.terms.remit.covers(matter) {
        return Ok(());
    }
    Err(forbidden("this is another field's or another agency's than yours: ask somebody of theirs"))
}

/// What the command acts on is about, as it is before it. Who opens an incident or files a report acts on nothing yet: whoever
/// hears of a fire may say so.
pub(super) fn matters(state: &State, command: &Command) -> Vec<Matter> {
    let unit = |id: &UnitId| Matter::of_target(state, Target::Unit(id));
    let named = targets(state, command).into_iter().flatten();
    let named = named.filter_map(|target| Matter::of_target(state, target));
    match command {
        Command::AssignIncident(command) => {
            // Units that stay are nobody's doing; those that come and go are of an agency.
            let before = state.incidents.get(&command.incident).map(|incident| incident.units.as_slice());
            let before = before.unwrap_or_default();
            let come = command.units.iter().filter(|id| !before.contains(id));
            let go = before.iter().filter(|id| !command.units.contains(id));
            come.chain(go).filter_map(unit).chain(named).collect()
        }
        Command::PutUnit(command) => {
            [Some(Matter::of_unit(&command.unit)), unit(&command.unit.id)].into_iter().flatten().collect()
        }
        _ => named.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matter(field: Option<IncidentKind>, agencies: &[&str]) -> Matter {
        Matter { field, agencies: agencies.iter().map(ToString::to_string).collect() }
    }

    #[test]
    fn who_has_no_remit_works_for_all_and_who_has_one_for_theirs() {
        use IncidentKind::{Fire, Flood};
        let remit = |fields: &[IncidentKind], agencies: &[&str]| Remit {
            fields: fields.to_vec(),
            agencies: agencies.iter().map(ToString::to_string).collect(),
        };
        let all = Remit::default();
        let fire = remit(&[Fire], &[]);
        let both = remit(&[Fire], &["115"]);
        for (of, matter, wanted) in [
            (&all, matter(Some(Flood), &["114"]), true),
            (&fire, matter(Some(Fire), &[]), true),
            (&fire, matter(Some(Flood), &[]), false),
            (&fire, matter(None, &[]), true),
            (&fire, matter(None, &["115"]), true),
            (&both, matter(Some(Flood), &["114"]), false),
            (&both, matter(Some(Flood), &["114", "115"]), true),
            (&both, matter(None, &["114"]), false),
            (&both, matter(None, &["115"]), true),
            (&both, matter(None, &[]), true),
        ] {
            assert_eq!(of.covers(&matter), wanted, "{of:?} of {matter:?}");
        }
    }
}
