//! Makes an entry fit the state that it meets. Blind ones are refused almost always, and what is refused tests little.

use domain::*;

/// Names the version, the episode, the status and the time that are right, and a person who may.
pub(crate) fn aim(entry: &mut Entry, state: &State) {
    entry.at_ms = state.clock().plus(100);
    let now = entry.at_ms;
    let incident = |id: &IncidentId| state.incidents().get(id).map_or(1, |incident| incident.version);
    let episode = |key: &AlarmKey| state.alarms().get(key).map_or(1, |alarm| alarm.episode);
    let aims = [super::deadline::aim, super::call::aim, super::access::aim, super::warning::aim, super::room::aim];
    if aims.iter().any(|aim| aim(entry, state)) {
        return aim_right(entry, state);
    }
    super::drill::aim(&mut entry.command, state);
    super::file::aim(&mut entry.command, state);
    super::erasure::aim(&mut entry.command, state);
    match &mut entry.command {
        Command::EraseAudit(command) => command.numbers = (1..=state.audit_head().number).take(2).collect(),
        Command::OpenSession(command) => command.expires_at_ms = now.plus(60_000),
        Command::SetLiveNodes(command) => command.epoch = state.live_nodes().epoch + 1,
        Command::SetUnitStatus(command) => {
            let status = state.units().get(&command.unit).map_or(UnitStatus::Available, |unit| unit.status);
            command.expected_status = status;
            // Mostly the next step of an assignment, or hardly a crew would ever be on scene.
            if command.status != UnitStatus::Available {
                command.status = match status {
                    UnitStatus::Offered => UnitStatus::Accepted,
                    UnitStatus::Accepted => UnitStatus::EnRoute,
                    UnitStatus::EnRoute if command.status == UnitStatus::Staging => UnitStatus::Staging,
                    UnitStatus::EnRoute | UnitStatus::Staging => UnitStatus::OnScene,
                    _ => command.status,
                };
            }
            let assignment = state.units().get(&command.unit).and_then(|unit| unit.duty.assignment.as_ref());
            command.assignment = assignment.map_or(0, |assignment| assignment.number);
        }
        Command::AmendIncident(command) => command.expected_version = incident(&command.incident),
        Command::AcknowledgeIncident(command) => command.expected_version = incident(&command.incident),
        Command::AssignIncident(command) => command.expected_version = incident(&command.incident),
        Command::ResolveIncident(command) => command.expected_version = incident(&command.incident),
        Command::CloseIncident(command) => command.expected_version = incident(&command.incident),
        Command::ReopenIncident(command) => {
            let is_done = |it: &&Incident| matches!(it.status, IncidentStatus::Resolved | IncidentStatus::Closed);
            let done = state.incidents().values().find(is_done);
            command.incident = done.map_or(command.incident.clone(), |done| done.id.clone());
            command.expected_version = incident(&command.incident);
        }
        Command::MergeIncident(command) => command.expected_version = incident(&command.incident),
        Command::UnmergeIncident(command) => {
            let merged = state.incidents().values().find(|it| it.status == IncidentStatus::Merged);
            command.incident = merged.map_or(command.incident.clone(), |merged| merged.id.clone());
            command.expected_version = incident(&command.incident);
        }
        Command::EscalateIncident(command) => {
            if let Some(incident) = state.incidents().get(&command.incident) {
                entry.at_ms = now.max(incident.acknowledge_due_at_ms);
                command.from_level = incident.escalation_level;
            }
        }
        Command::FeedIncident(command) => command.alarm.version = command.alarm.version.min(1000) + now.0,
        Command::RaiseAlarm(command) => {
            super::finding::aim_key(command);
            let active = state.alarms().get(&command.key).is_some_and(|alarm| alarm.active);
            let known = state.alarms().contains_key(&command.key);
            command.episode = episode(&command.key) + u32::from(known && !active);
        }
        Command::ClearAlarm(command) => command.episode = episode(&command.key),
        Command::AcknowledgeAlarm(command) => command.episode = episode(&command.key),
        Command::ShelveAlarm(command) => command.until_ms = now.plus(1000),
        Command::TakeOutOfService(command) => command.until_ms = now.plus(1000),
        Command::ConfirmAlarmReport(command) => {
            command.episode = episode(&command.key);
            command.version = state.alarms().get(&command.key).map_or(1, |alarm| alarm.version);
        }
        _ => super::dispatch::aim(entry, state),
    }
    aim_right(entry, state);
}

/// Gives the entry the right that its command needs.
fn aim_right(entry: &mut Entry, state: &State) {
    let is_system = policy::action_of(&entry.command) == policy::Action::RunSystem;
    let is_session = entry.request.is_some_and(|request| state.sessions().contains_key(&request.session));
    let person =
        entry.request.and_then(|request| state.sessions().get(&request.session)).map(|open| open.person.clone());
    if is_system || !is_session {
        entry.request = None;
    }
    entry.grant = (!is_system).then(|| Grant {
        person: person.unwrap_or_else(|| "an".to_owned().try_into().unwrap()),
        role: Role::Admin,
        everywhere: true,
        admin_units: Default::default(),
        index: 1000,
        from: String::new(),
        why: String::new(),
        terms: Terms::default(),
    });
    // Whoever drafted may not approve, nor whoever did it confirm.
    if matches!(entry.command, Command::ApproveWarning(_) | Command::ConfirmInstruction(_))
        && let Some(grant) = entry.grant.as_mut().filter(|_| entry.request.is_none())
    {
        grant.person = "oanh".to_owned().try_into().unwrap();
    }
}
