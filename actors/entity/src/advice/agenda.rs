//! What is asked about next: of an incident one thing at a time. What was told of it meanwhile waits, and only the newest of
//! it is asked about, because the answer to it would take the place of the answers before it. Pure.

use std::collections::BTreeMap;

use domain::IncidentId;

use crate::advice::rules::Told;

/// Incidents that are being asked about, each with what waits to be asked of it. At most as many as are asked about within
/// [`crate::config::ADVICE_PAUSE`] and an answer's time.
#[derive(Debug, Default)]
pub(crate) struct Agenda(BTreeMap<IncidentId, Option<Told>>);

impl Agenda {
    /// Takes what was told, and gives it back when it is to be asked about now.
    pub(crate) fn take(&mut self, told: Told) -> Option<Told> {
        match self.0.get_mut(&told.incident) {
            Some(waiting) => {
                *waiting = Some(told);
                None
            }
            None => {
                self.0.insert(told.incident.clone(), None);
                Some(told)
            }
        }
    }

    /// The incident may be asked about again; gives what waits.
    pub(crate) fn next(&mut self, incident: &IncidentId) -> Option<Told> {
        let waiting = self.0.remove(incident).flatten()?;
        self.take(waiting)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(incident: &str, note: &str) -> Told {
        Told { incident: IncidentId::new(incident).unwrap(), note: Some(note.to_owned()) }
    }

    #[test]
    fn of_an_incident_the_newest_is_asked_once_the_former_is_answered() {
        let mut agenda = Agenda::default();
        let id = told("I1", "").incident;
        assert_eq!(agenda.take(told("I1", "one")), Some(told("I1", "one")));
        assert_eq!(agenda.take(told("I2", "other")), Some(told("I2", "other")), "nobody waits for another incident");
        assert_eq!(agenda.take(told("I1", "two")), None);
        assert_eq!(agenda.take(told("I1", "three")), None);
        assert_eq!(agenda.next(&id), Some(told("I1", "three")));
        assert_eq!(agenda.take(told("I1", "four")), None, "it is being asked about again");
        assert_eq!(agenda.next(&id), Some(told("I1", "four")));
        assert_eq!(agenda.next(&id), None);
        assert_eq!(agenda.take(told("I1", "five")), Some(told("I1", "five")));
    }
}
