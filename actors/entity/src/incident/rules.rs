//! When an incident escalates. Pure: the deadline is state, set by `apply`; here it is only read.

use domain::{EscalateIncident, Incident, IncidentStatus, Millis};

/// What to do about an incident now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// No deadline runs.
    Sleep,
    /// Look again in so many milliseconds.
    Wait(u64),
    /// Nobody acknowledged it in time.
    Escalate(EscalateIncident),
}

/// The deadline that runs, if one does.
pub(crate) fn due(incident: &Incident) -> Option<Millis> {
    let runs = incident.status == IncidentStatus::Opened && incident.acknowledge_due_at_ms.is_set();
    runs.then_some(incident.acknowledge_due_at_ms)
}

/// Decides against the incident as it stands in state. The level that it leaves goes with the proposal, so two actors of
/// one incident escalate it once.
pub(crate) fn decide(incident: &Incident, now: Millis) -> Decision {
    match due(incident) {
        None => Decision::Sleep,
        Some(due) if now < due => Decision::Wait(due.since(now)),
        Some(_) => Decision::Escalate(EscalateIncident {
            incident: incident.id.clone(),
            from_level: incident.escalation_level,
        }),
    }
}

#[cfg(test)]
mod tests {
    use domain::{IncidentId, IncidentKind, Severity};

    use super::*;
    use crate::alarm::fold;

    fn incident(status: IncidentStatus, due_ms: u64, level: u32) -> Incident {
        Incident {
            id: IncidentId::new("I7").unwrap(),
            kind: IncidentKind::Flood,
            severity: Severity::Critical,
            place: fold::place(),
            summary: String::new(),
            status,
            sources: Vec::new(),
            units: Vec::new(),
            opened_at_ms: Millis(1),
            opened_by: None,
            acknowledged_at_ms: Millis(0),
            acknowledged_by: None,
            closed_at_ms: Millis(0),
            merged_into: None,
            status_before_merge: None,
            units_before_merge: Vec::new(),
            acknowledge_due_at_ms: Millis(due_ms),
            escalation_level: level,
            reopened_count: 0,
            version: 1,
            exercise: false,
            place_is_mapped: false,
            suggestions: Vec::new(),
            clocks: Vec::new(),
            dispatch: domain::Dispatch::default(),
        }
    }

    #[test]
    fn only_a_deadline_that_has_passed_escalates() {
        use IncidentStatus::{Acknowledged, Assigned, Closed, Merged, Opened, Resolved};
        for status in [Acknowledged, Assigned, Resolved, Closed, Merged] {
            assert_eq!(decide(&incident(status, 100, 0), Millis(200)), Decision::Sleep, "{status}");
        }
        assert_eq!(decide(&incident(Opened, 0, 3), Millis(200)), Decision::Sleep);
        assert_eq!(decide(&incident(Opened, 100, 0), Millis(99)), Decision::Wait(1));
        let Decision::Escalate(escalate) = decide(&incident(Opened, 100, 2), Millis(100)) else {
            panic!("it is due");
        };
        assert_eq!((escalate.incident.as_str(), escalate.from_level), ("I7", 2));
    }
}
