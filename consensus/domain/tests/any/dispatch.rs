//! Any command of dispatch: offers that run out, crews that are heard of or not, what waits for a person, tasks, run cards.

use domain::*;
use proptest::{prelude::*, sample::select, strategy::BoxedStrategy};

use super::{incident_id, kind, make, severity, text, time, unit_id, version};

fn agency() -> impl Strategy<Value = String> + Clone {
    select(&["Công an", "Điện lực", ""][..]).prop_map(str::to_owned)
}

fn card() -> impl Strategy<Value = RunCard> + Clone {
    let need = (select(&["swim", "ladder", ""][..]), 0u32..3);
    let need = need.prop_map(|(skill, count)| SkillNeed { skill: skill.to_owned(), count });
    // Mostly on whichever version there is.
    let seen = select(&[0, 0, 0, 1, 5][..]);
    (kind(), severity(), prop::collection::vec(need, 0..3), seen).prop_map(|(kind, severity, needs, version)| RunCard {
        kind,
        severity,
        needs,
        version,
    })
}

pub(super) fn command_of_dispatch() -> BoxedStrategy<Command> {
    let (unit, incident) = (unit_id(), incident_id());
    prop_oneof![
        1 => make!(PutRunCard { card: card() }),
        1 => make!(SetUnitShift { unit: unit.clone(), starts_at_ms: time(), ends_at_ms: time() }),
        2 => make!(CheckInUnit { unit: unit.clone(), assignment: 0u64..4, tapped_at_ms: time() }),
        1 => make!(RaiseMayday { unit: unit.clone(), tapped_at_ms: time() }),
        3 => make!(ClearMayday { unit: unit.clone(), received_at_ms: time(), note: text() }),
        4 => make!(ExpireOffer { unit: unit.clone(), assignment: 0u64..4, next: prop::option::of(unit_id()) }),
        2 => make!(RemindOffer { unit: unit.clone(), assignment: 0u64..4 }),
        2 => make!(EscalateCheckIn { unit: unit, assignment: 0u64..4, from_level: 0u32..3 }),
        1 => make!(AcknowledgeAttention { incident: incident.clone(), attention: 0u32..4 }),
        2 => make!(GiveTask {
            incident: incident.clone(), expected_version: version(), agency: agency(), text: text(),
        }),
        3 => make!(AnswerTask {
            incident: incident.clone(), task: 0u32..4, status: select(TaskStatus::ALL),
            expected_status: select(TaskStatus::ALL), answer: text(),
        }),
        2 => make!(CombineAnswer { incident: incident, expected_version: version(), answer: text() }),
    ]
    .boxed()
}

/// Makes a command of dispatch fit the state that it meets; times move to where a deadline is due.
pub(super) fn aim(entry: &mut Entry, state: &State) {
    let assignment = |id: &UnitId| state.units().get(id).and_then(|unit| unit.duty.assignment.as_ref());
    match &mut entry.command {
        Command::CheckInUnit(command) => {
            let is_out = |unit: &&Unit| {
                !matches!(unit.status, UnitStatus::Available | UnitStatus::Offered | UnitStatus::OutOfService)
            };
            let out = state.units().values().find(is_out);
            command.unit = out.map_or(command.unit.clone(), |unit| unit.id.clone());
            command.assignment = assignment(&command.unit).map_or(1, |assignment| assignment.number);
            command.tapped_at_ms = entry.at_ms;
        }
        Command::ClearMayday(command) => {
            let mayday = state.units().get(&command.unit).and_then(|unit| unit.duty.mayday.as_ref());
            command.received_at_ms = mayday.map_or(command.received_at_ms, |mayday| mayday.received_at_ms);
        }
        Command::ExpireOffer(command) => {
            // Any unit that is offered something, or hardly an offer would ever run out.
            let offered = state.units().values().find(|unit| unit.status == UnitStatus::Offered);
            command.unit = offered.map_or(command.unit.clone(), |unit| unit.id.clone());
            let Some(assignment) = assignment(&command.unit) else { return };
            command.assignment = assignment.number;
            entry.at_ms = entry.at_ms.max(assignment.offer_due_at_ms);
        }
        Command::RemindOffer(command) => {
            let offered = state.units().values().find(|unit| unit.status == UnitStatus::Offered);
            command.unit = offered.map_or(command.unit.clone(), |unit| unit.id.clone());
            let Some(assignment) = assignment(&command.unit) else { return };
            command.assignment = assignment.number;
            entry.at_ms = entry.at_ms.max(assignment.remind_at().unwrap_or(entry.at_ms));
        }
        Command::EscalateCheckIn(command) => {
            let Some(assignment) = assignment(&command.unit) else { return };
            (command.assignment, command.from_level) = (assignment.number, assignment.check_in_level);
            entry.at_ms = entry.at_ms.max(assignment.check_in_due_at_ms);
        }
        Command::GiveTask(command) => {
            command.expected_version = state.incidents().get(&command.incident).map_or(1, |it| it.version);
            (command.agency, command.text) = ("Công an".to_owned(), "Chặn cầu".to_owned());
        }
        Command::CombineAnswer(command) => {
            let are_settled = |it: &&Incident| {
                let tasks = &it.dispatch.tasks;
                !tasks.is_empty() && tasks.iter().all(|task| task.status.is_settled())
            };
            let settled = state.incidents().values().find(are_settled);
            command.incident = settled.map_or(command.incident.clone(), |settled| settled.id.clone());
            command.answer = "xong".to_owned();
            command.expected_version = state.incidents().get(&command.incident).map_or(1, |it| it.version);
        }
        Command::AnswerTask(command) => {
            let tasks = state.incidents().values().flat_map(|it| it.dispatch.tasks.iter().map(move |task| (it, task)));
            let Some((incident, open)) = tasks.into_iter().find(|(_, task)| !task.status.is_settled()) else { return };
            command.incident = incident.id.clone();
            (command.task, command.expected_status) = (open.number, open.status);
            command.answer = "xong".to_owned();
        }
        _ => super::report::aim(entry, state),
    }
}
