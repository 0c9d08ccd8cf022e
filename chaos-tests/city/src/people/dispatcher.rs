//! Who sends units: decides on one incident after the other, by what the screen shows.

use std::sync::Arc;

use domain::{Incident, IncidentStatus, Unit, UnitStatus};
use serde_json::{Value, json};

use crate::{
    person::{Outcome, Person},
    screen::Screen,
    town::Town,
};

/// Between two decisions, in ms.
const PAUSE_MS: (u64, u64) = (200, 1_500);

/// Of a thousand decisions on an incident with units so many take one back.
const TAKEN_BACK_PER_MILLE: u64 = 150;

/// Of a thousand units that are sent so many are not free, as far as the screen knows.
const BUSY_PER_MILLE: u64 = 150;

/// Works until the storm is over.
pub async fn work(town: Arc<Town>, screen: Arc<Screen>) {
    let mut person = Person::new(Arc::clone(&town), screen.person, Arc::clone(&screen.line));
    while town.world.storms() {
        person.pause(PAUSE_MS.0, PAUSE_MS.1).await;
        let (incidents, units) = {
            let picture = screen.picture();
            (super::incidents(&picture), super::units(&picture))
        };
        let incidents: Vec<Incident> = incidents.into_iter().filter(super::is_live).collect();
        if let Some(incident) = person.chance.pick(&incidents).cloned() {
            decide(&mut person, &incident, &units).await;
        }
    }
}

async fn decide(person: &mut Person, incident: &Incident, units: &[Unit]) {
    let expected_version = incident.version;
    let (verb, body): (&str, Value) = match person.chance.below(10) {
        0..3 if incident.status == IncidentStatus::Opened => {
            ("acknowledge", json!({ "expected_version": expected_version }))
        }
        3 => ("resolve", json!({ "expected_version": expected_version, "note": "xong" })),
        _ => {
            let units = units_for(person, incident, units);
            ("assign", json!({ "expected_version": expected_version, "units": units }))
        }
    };
    let outcome = person.command(&format!("/api/incidents/{}/{verb}", incident.id), &body).await;
    let world = &person.town.world;
    match &outcome {
        Outcome::Accepted(_, version) => {
            let came = world.judges.dispatch().decided(&incident.id, expected_version, *version);
            world.hold(came);
        }
        _ if outcome.is_wrong() => {
            world.violate("promises", format_args!("to {verb} {} was answered with {outcome:?}", incident.id));
        }
        _ => {}
    }
}

/// One unit more or less; now and then one that is not free.
fn units_for(person: &mut Person, incident: &Incident, units: &[Unit]) -> Vec<String> {
    let mut wanted: Vec<String> = incident.units.iter().map(ToString::to_string).collect();
    if !wanted.is_empty() && person.chance.per_mille(TAKEN_BACK_PER_MILLE) {
        wanted.pop();
        return wanted;
    }
    let takes_any = person.chance.per_mille(BUSY_PER_MILLE);
    let fits = |unit: &&Unit| takes_any || unit.status == UnitStatus::Available;
    let fitting: Vec<&Unit> = units.iter().filter(|unit| !incident.units.contains(&unit.id)).filter(fits).collect();
    wanted.extend(person.chance.pick(&fitting).map(|unit| unit.id.to_string()));
    wanted
}
