//! Who works while the storm blows. Each acts on what *their own* screen or phone shows, which may be old.

pub mod caller;
pub mod crew;
pub mod device;
pub mod dispatcher;

use domain::{Incident, IncidentStatus, Severity, Unit, wire::Record, wire::generated::event::Subject};
use node::watch::picture::Picture;

/// The incidents on a screen.
pub(crate) fn incidents(picture: &Picture) -> Vec<Incident> {
    let wire = picture.records("incident").filter_map(|(_, subject)| match subject {
        Subject::Incident(incident) => Some(incident.clone()),
        _ => None,
    });
    wire.filter_map(|incident| Incident::from_wire(incident).ok()).collect()
}

/// The units on a screen.
pub(crate) fn units(picture: &Picture) -> Vec<Unit> {
    let wire = picture.records("unit").filter_map(|(_, subject)| match subject {
        Subject::Unit(unit) => Some(unit.clone()),
        _ => None,
    });
    wire.filter_map(|unit| Unit::from_wire(unit).ok()).collect()
}

/// Whether units are sent there: what is urgent and goes on.
pub(crate) fn is_live(incident: &Incident) -> bool {
    use IncidentStatus::{Acknowledged, Assigned, Opened};
    incident.severity == Severity::Critical && matches!(incident.status, Opened | Acknowledged | Assigned)
}
