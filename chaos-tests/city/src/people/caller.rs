//! Who takes calls down: reports, and notes on what is known already.

use std::sync::Arc;

use agree::judge::promises::Fate;
use domain::{IncidentKind, Severity};
use serde_json::json;

use crate::{
    judge::reads,
    person::{Outcome, Person},
    screen::Screen,
    town::{Town, place},
};

/// Between two calls, in ms.
const PAUSE_MS: (u64, u64) = (250, 1_800);

/// Of a thousand calls so many tell of something that is on the screen.
const KNOWN_PER_MILLE: u64 = 350;

/// Of a thousand new ones so many are urgent.
const URGENT_PER_MILLE: u64 = 600;

/// Of a thousand reports that were taken so many are looked for at another node.
const LOOKED_FOR_PER_MILLE: u64 = 700;

/// Works until the storm is over.
pub async fn work(town: Arc<Town>, screen: Arc<Screen>) {
    let mut person = Person::new(Arc::clone(&town), screen.person, Arc::clone(&screen.line));
    while town.world.storms() {
        person.pause(PAUSE_MS.0, PAUSE_MS.1).await;
        let known = super::incidents(&screen.picture());
        let known = person.chance.pick(&known).map(|incident| incident.id.to_string());
        let is_known = person.chance.per_mille(KNOWN_PER_MILLE);
        match known.filter(|_| is_known) {
            Some(incident) => note(&mut person, &incident).await,
            None => report(&mut person).await,
        }
    }
}

async fn note(person: &mut Person, incident: &str) {
    let note = format!("n-{}", person.town.next_name());
    person.town.book().note(&note, Fate::Unknown);
    let outcome = person.command(&format!("/api/incidents/{incident}/note"), &json!({ "note": note })).await;
    if outcome.is_wrong() {
        person.town.world.violate("promises", format_args!("a note on {incident} was answered with {outcome:?}"));
    }
    person.town.book().note(&note, outcome.fate());
}

async fn report(person: &mut Person) {
    let is_urgent = person.chance.per_mille(URGENT_PER_MILLE);
    let outcome = file(person, if is_urgent { Severity::Critical } else { Severity::Low }).await;
    if outcome.is_wrong() {
        person.town.world.violate("promises", format_args!("a report was answered with {outcome:?}"));
    }
    if let Outcome::Accepted(incident, _) = &outcome
        && person.chance.per_mille(LOOKED_FOR_PER_MILLE)
    {
        look_for(person, incident).await;
    }
}

/// Asks a node for all that was acknowledged before, of which this is.
async fn look_for(person: &mut Person, incident: &str) {
    let Some(list) = person.get_linearizable("/api/incidents").await else { return };
    person.town.count(|counts| counts.reads += 1);
    person.town.world.hold(reads::judge(&list, incident));
}

/// A report that is not urgent, to see whether the nodes serve. Whether it was taken.
pub async fn is_served(person: &mut Person) -> bool {
    file(person, Severity::Low).await.fate() == Fate::Acknowledged
}

/// Files a report of its own text. What is asked for stands in the book before it is sent.
async fn file(person: &mut Person, severity: Severity) -> Outcome {
    let summary = format!("o-{}", person.town.next_name());
    person.town.world.judges.promises().incident(&summary, Fate::Unknown);
    let body = json!({
        "reference": summary,
        "kind": IncidentKind::Other.as_str(),
        "severity": severity.as_str(),
        "place": place(),
        "summary": summary,
    });
    let outcome = person.command("/api/reports", &body).await;
    person.town.world.judges.promises().incident(&summary, outcome.fate());
    outcome
}
