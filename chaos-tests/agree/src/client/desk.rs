//! Dispatchers and crews. Each decides on what some node shows, which may be old, and names the version or the assignment that
//! it saw; a tap may be sent a while after it was made.

use domain::{
    AcknowledgeIncident, AssignIncident, Command, GroupId, Incident, IncidentStatus, Millis, PutUnit, RefusalCode,
    Reply, ResolveIncident, SetUnitStatus, Severity, State, Unit, UnitId, UnitStatus,
};
use raft::Proposal;
use tokio::time::sleep;

use super::{Client, name, place};

/// Units that can be sent. Fewer than there are incidents, so that they are asked for twice.
pub const UNITS: u64 = 4;

/// How long a tap lies on a phone at most before it is sent, in ms.
const TAP_MS_MAX: u64 = 1_500;

/// The unit of this number.
#[must_use]
pub fn unit_id(number: u64) -> UnitId {
    name(UnitId::new(&format!("unit-{number}")))
}

/// Puts a unit.
#[must_use]
pub fn put_unit(number: u64) -> Command {
    let unit = Unit {
        id: unit_id(number),
        name: format!("Đội {number}"),
        agency: "PCCC".to_owned(),
        skills: Vec::new(),
        station: place(),
        position: place(),
        position_at_ms: Millis(0),
        status: UnitStatus::Available,
        status_at_ms: Millis(0),
        incident: None,
        version: 0,
        duty: domain::Duty::default(),
    };
    PutUnit { unit }.into()
}

/// What a dispatcher sees.
struct Board {
    incidents: Vec<Incident>,
    units: Vec<Unit>,
}

impl Board {
    /// What is urgent and goes on: nobody dispatches to what other clients amend by version.
    fn of(state: &State) -> Self {
        let is_live = |incident: &&Incident| {
            use IncidentStatus::{Acknowledged, Assigned, Opened};
            incident.severity == Severity::Critical && matches!(incident.status, Opened | Acknowledged | Assigned)
        };
        Self {
            incidents: state.incidents().values().filter(is_live).cloned().collect(),
            units: state.units().values().cloned().collect(),
        }
    }
}

impl Client {
    /// What a node shows of a group, new or old; none: it is not up.
    pub(super) fn shown<R>(&mut self, group: GroupId, look: impl FnOnce(&State) -> R) -> Option<R> {
        let node = self.any_node();
        Some(self.world.groups(node)?.read(group, look))
    }

    /// One decision about one incident.
    pub(super) async fn dispatch(&mut self) {
        let Some(board) = self.shown(GroupId::COMMAND, Board::of) else { return };
        let Some(incident) = self.chance.pick(&board.incidents).cloned() else { return };
        let (id, expected_version) = (incident.id.clone(), incident.version);
        let command: Command = match self.chance.below(10) {
            0 if incident.status == IncidentStatus::Opened => {
                AcknowledgeIncident { incident: id.clone(), expected_version }.into()
            }
            1 => ResolveIncident { incident: id.clone(), expected_version, note: "xong".to_owned() }.into(),
            _ => {
                let units = self.units_for(&incident, &board.units);
                AssignIncident { incident: id.clone(), expected_version, units }.into()
            }
        };
        let request = Some(self.next_request());
        let proposal = Proposal { request, grant: None, command };
        let (committed, _) = self.ask(GroupId::COMMAND, proposal, true).await;
        let came = match committed.map(|committed| committed.reply) {
            Some(Reply::Accepted(accepted)) => {
                self.world.judges.dispatch().decided(&id, expected_version, accepted.version)
            }
            // Somebody else was first, or the unit is away.
            Some(Reply::Refused(refusal))
                if !matches!(refusal.code, RefusalCode::VersionConflict | RefusalCode::WrongStatus) =>
            {
                self.world.violate("promises", format_args!("a dispatcher was refused: {refusal:?}"));
                Ok(())
            }
            _ => Ok(()),
        };
        self.world.hold(came);
    }

    /// One unit more or less; now and then one that is not free.
    fn units_for(&mut self, incident: &Incident, units: &[Unit]) -> Vec<UnitId> {
        let mut wanted = incident.units.clone();
        if !wanted.is_empty() && self.chance.per_mille(250) {
            wanted.pop();
            return wanted;
        }
        let takes_any = self.chance.per_mille(150);
        let fits = |unit: &&Unit| takes_any || unit.status == UnitStatus::Available;
        let fitting: Vec<&Unit> = units.iter().filter(|unit| !incident.units.contains(&unit.id)).filter(fits).collect();
        wanted.extend(self.chance.pick(&fitting).map(|unit| unit.id.clone()));
        wanted
    }

    /// A crew taps what it does next.
    pub(super) async fn tap(&mut self) {
        let on_duty = |state: &State| {
            let units = state.units().values();
            units
                .filter_map(|unit| Some((unit.id.clone(), unit.status, unit.duty.assignment.as_ref()?.number)))
                .collect::<Vec<_>>()
        };
        let Some(units) = self.shown(GroupId::COMMAND, on_duty) else { return };
        let Some((unit, expected_status, assignment)) = self.chance.pick(&units).cloned() else { return };
        let goes_on = self.chance.per_mille(750);
        let status = match expected_status {
            UnitStatus::Offered if goes_on => UnitStatus::Accepted,
            UnitStatus::Accepted if goes_on => UnitStatus::EnRoute,
            UnitStatus::EnRoute if goes_on => UnitStatus::OnScene,
            _ => UnitStatus::Available,
        };
        let lies = self.chance.ms(0, TAP_MS_MAX);
        sleep(lies).await;
        let command = SetUnitStatus {
            unit: unit.clone(),
            status,
            expected_status,
            tapped_at_ms: Millis(0),
            assignment,
            reason: String::new(),
        };
        let request = Some(self.next_request());
        let proposal = Proposal { request, grant: None, command: command.into() };
        let (committed, _) = self.ask(GroupId::COMMAND, proposal, true).await;
        match committed.map(|committed| committed.reply) {
            Some(Reply::Accepted(_)) => self.world.judges.dispatch().tapped(&unit, assignment, status),
            Some(Reply::Refused(refusal))
                if !matches!(refusal.code, RefusalCode::VersionConflict | RefusalCode::WrongStatus) =>
            {
                self.world.violate("promises", format_args!("a tap was refused: {refusal:?}"));
            }
            _ => {}
        }
    }
}
