//! At the bound of incidents those closed the longest leave memory. Their timelines are history and stay.

use std::collections::BTreeSet;

use crate::{
    Incident, IncidentId, IncidentStatus, Millis, Origin, Refusal, ReportCode, State,
    apply::{Work, report, valid},
    limits,
    state::Heard,
    stored::Touched,
};

/// Makes room for one more incident, `limits::INCIDENTS_DROPPED_AT_ONCE` at a time, so that the look through all of them
/// is rare. Refuses when none is closed.
pub(super) fn make_room(work: &mut Work<'_>) -> Result<(), Refusal> {
    if work.state.incidents.len() < limits::INCIDENTS_MAX {
        return Ok(());
    }
    let mut done = done_for_good(work.state);
    valid::within("incident", work.state.incidents.len() + usize::from(done.is_empty()), limits::INCIDENTS_MAX)?;
    done.sort_unstable();
    done.truncate(limits::INCIDENTS_DROPPED_AT_ONCE);
    for (_, id) in done {
        drop_incident(work, &id);
    }
    Ok(())
}

/// Closed incidents, and those merged into a closed one, by closing time. What others are merged into waits for them.
fn done_for_good(state: &State) -> Vec<(Millis, IncidentId)> {
    let targets: BTreeSet<_> = state.incidents.values().filter_map(|incident| incident.merged_into.as_ref()).collect();
    let closed_at = |incident: &Incident| {
        let now = state.incident_now(&incident.id)?;
        (now.status == IncidentStatus::Closed).then_some(now.closed_at_ms)
    };
    let free = state.incidents.values().filter(|incident| !targets.contains(&incident.id));
    free.filter_map(|incident| Some((closed_at(incident)?, incident.id.clone()))).collect()
}

fn drop_incident(work: &mut Work<'_>, id: &IncidentId) {
    let Some(incident) = work.state.drop_incident(id) else { return };
    work.touch(Touched::Incident(id.clone()));
    for source in &incident.sources {
        // What waits of it is from here on what its sender took it for.
        if let Origin::Report(code) = &source.origin
            && let Ok(code) = ReportCode::new(code)
            && work.state.reports.get(&code).is_some_and(|report| report.incident.as_ref() == Some(id))
        {
            report::supplemented(work, &code);
        }
    }
    for source in incident.sources {
        let Origin::Alarm(key) = source.origin else { continue };
        let heard = work.state.heard_of(&key).filter(|heard| heard.incident.as_ref() == Some(id)).cloned();
        // The version stays known: a straggler still opens nothing.
        if let Some(heard) = heard {
            work.state.keep_heard(&key, Heard { incident: None, ..heard });
            work.touch(Touched::Heard(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Command, Entry, GroupId, Incident, IncidentId, IncidentKind, IncidentStatus, Millis, OpenIncident, Origin,
        Place, RefusalCode, Reply, Severity, Source, State, limits,
    };

    fn open(at: u64) -> Entry {
        let place = Place {
            latitude_e7: 0,
            longitude_e7: 0,
            admin_unit: crate::AdminUnitCode::new("hue").unwrap(),
            address: String::new(),
        };
        let source = Source {
            origin: Origin::Report("call".into()),
            episode: 0,
            version: 0,
            active: false,
            at_ms: Millis(0),
            alarm_report: None,
        };
        let command = Command::from(OpenIncident {
            kind: IncidentKind::Fire,
            severity: Severity::Low,
            place,
            summary: "smoke".into(),
            source,
            exercise: false,
            place_is_mapped: false,
            advice: None,
        });
        Entry { at_ms: Millis(at), request: None, grant: None, command, salt: bytes::Bytes::new() }
    }

    /// As many incidents as there may be; the first `closed` are closed, the earlier the higher their number.
    fn full(closed: usize) -> State {
        let mut state = State::new(GroupId::COMMAND);
        state.apply(1, &open(1));
        let pattern = state.incidents.pop_first().unwrap().1;
        for number in 1..=limits::INCIDENTS_MAX {
            let mut incident = Incident { id: IncidentId::new(&format!("I{number}")).unwrap(), ..pattern.clone() };
            if number <= closed {
                incident.status = IncidentStatus::Closed;
                incident.acknowledge_due_at_ms = Millis(0);
                incident.closed_at_ms = Millis(1_000_000 - u64::try_from(number).unwrap());
            }
            state.incidents.insert(incident.id.clone(), incident);
        }
        state.incidents_opened = u64::try_from(limits::INCIDENTS_MAX).unwrap();
        state.clock = Millis(1_000_000);
        state
    }

    #[test]
    fn the_longest_closed_leave_for_a_new_one() {
        let closed = limits::INCIDENTS_DROPPED_AT_ONCE + 2;
        let mut state = full(closed);
        let applied = state.apply(2, &open(2));
        assert!(matches!(applied.reply, Reply::Accepted(_)), "{:?}", applied.reply);
        assert_eq!(state.incidents.len(), limits::INCIDENTS_MAX - limits::INCIDENTS_DROPPED_AT_ONCE + 1);
        // The two that were closed last stay.
        let left: Vec<_> = state.incidents.values().filter(|incident| incident.closed_at_ms.is_set()).collect();
        let ids: Vec<_> = left.iter().map(|incident| incident.id.as_str()).collect();
        assert_eq!(ids, ["I1", "I2"]);
        state.check().unwrap();
    }

    #[test]
    fn a_state_full_of_open_incidents_refuses() {
        let mut state = full(0);
        let Reply::Refused(refusal) = state.apply(2, &open(2)).reply else { panic!("accepted") };
        assert_eq!(refusal.code, RefusalCode::Limit);
    }

    #[test]
    fn what_others_are_merged_into_waits_for_them() {
        let mut state = full(1);
        let merged = state.incidents.get_mut("I2").unwrap();
        merged.status = IncidentStatus::Merged;
        merged.status_before_merge = Some(IncidentStatus::Opened);
        merged.merged_into = Some(IncidentId::new("I1").unwrap());
        merged.acknowledge_due_at_ms = Millis(0);
        state.apply(2, &open(2));
        assert!(state.incidents.contains_key("I1") && !state.incidents.contains_key("I2"));
        state.check().unwrap();
    }
}
