//! Reports, acknowledgements and notes: what was acknowledged is there once, and nothing else is.

use std::collections::BTreeMap;

use super::{Broken, Found, FoundIncident};
use crate::oracle::{Fate, Promises};

pub(super) fn judge(promises: &Promises, found: &Found, broken: &mut Broken) {
    let mut by_summary: BTreeMap<&str, Vec<(&String, &FoundIncident)>> = BTreeMap::new();
    for (id, incident) in &found.incidents {
        by_summary.entry(&incident.summary).or_default().push((id, incident));
    }
    for (summary, promise) in &promises.incidents {
        let held = by_summary.remove(summary.as_str()).unwrap_or_default();
        let incident = match (&promise.opened, held.as_slice()) {
            (Fate::Refused(why), _) => {
                broken.put(format!("incident {summary} was refused: {why}"));
                continue;
            }
            (Fate::Acknowledged, []) => {
                broken.put(format!("incident {summary} was acknowledged and is lost"));
                continue;
            }
            (Fate::Unknown, []) => continue,
            (_, [(id, incident)]) => {
                if promise.id.as_ref().is_some_and(|known| known != *id) {
                    broken.put(format!("incident {summary} was answered as {:?} and is {id}", promise.id));
                }
                incident
            }
            (_, several) => {
                let ids: Vec<_> = several.iter().map(|(id, _)| id.as_str()).collect();
                broken.put(format!("incident {summary} is there {} times: {}", ids.len(), ids.join(" ")));
                continue;
            }
        };
        let count = |kind: &str| incident.timeline.iter().filter(|(is, _)| is == kind).count();
        demand(broken, &format!("opening of {summary}"), Some(&promise.opened), count("incident_opened"));
        let acknowledgement = format!("acknowledgement of {summary}");
        demand(broken, &acknowledgement, promise.acknowledged.as_ref(), count("incident_acknowledged"));
        for (note, fate) in &promise.notes {
            let times = incident.timeline.iter().filter(|(kind, of)| kind == "incident_noted" && of == note).count();
            demand(broken, &format!("note {note} of {summary}"), Some(fate), times);
        }
        let noted = incident.timeline.iter().filter(|(kind, _)| kind == "incident_noted");
        for (_, note) in noted.filter(|(_, note)| !promise.notes.contains_key(note)) {
            broken.put(format!("note {note} of {summary} was never sent"));
        }
    }
    for (summary, held) in by_summary {
        broken.put(format!("{} incidents {summary} were never reported", held.len()));
    }
}

/// Says what is wrong with something that is there so many times; no fate: it was never sent.
fn demand(broken: &mut Broken, what: &str, fate: Option<&Fate>, times: usize) {
    match (fate, times) {
        (Some(Fate::Refused(why)), _) => broken.put(format!("{what} was refused: {why}")),
        (Some(Fate::Acknowledged), 0) => broken.put(format!("{what} was acknowledged and is lost")),
        (Some(Fate::Acknowledged | Fate::Unknown), 1) | (Some(Fate::Unknown) | None, 0) => {}
        (None, times) => broken.put(format!("{what} was never sent and is there {times} times")),
        (_, times) => broken.put(format!("{what} is there {times} times")),
    }
}
