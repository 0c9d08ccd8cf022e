//! Units that are sent, and whether each offer was acknowledged by its crew or came back to a person: never neither, never twice.

use std::collections::BTreeMap;

use domain::{Severity, limits::OFFER_WITHIN_MS};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    Failure,
    deadlines::{LATE_MS_MAX, LOOK, entity},
    unix_ms,
    world::World,
};

/// How bad each incident is: offers for the worst run out the soonest.
const SEVERITY: Severity = Severity::Critical;
/// Of units that are sent one in so many has a crew that answers.
const ANSWERS_EVERY: u64 = 2;

/// Units that were sent.
#[derive(Debug)]
pub struct Dispatched {
    incidents: Vec<String>,
    /// Crews that say nothing.
    silent: usize,
    /// When the last offer runs out.
    due_at_ms: u64,
}

/// What became of the offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settled {
    /// Acknowledged by the crew.
    pub answered: usize,
    /// Came back to a person.
    pub escalated: usize,
}

/// A line of an incident's timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    kind: String,
    at_ms: u64,
    note: String,
    unit: String,
}

impl Dispatched {
    /// Sends so many units, each to an incident of its own. Every second crew answers at once, the others never do.
    ///
    /// # Errors
    /// Something of it is refused.
    pub async fn to(world: &World, count: u64) -> Result<Self, Failure> {
        let place = world.sites[1].place();
        let (mut incidents, mut silent) = (Vec::new(), 0);
        for number in 0..count {
            let unit = format!("xe-{number}");
            world.put("/api/units", json!({ "id": unit, "name": format!("Xe {number}"), "station": place })).await?;
            let report = json!({
                "reference": format!("sent-{number}"), "kind": "other", "severity": SEVERITY.as_str(), "place": place,
                "summary": format!("Điều xe {number}"),
            });
            let opened = world.put("/api/reports", report).await?;
            let incident = entity(&opened)?;
            let sent = json!({ "expected_version": opened["version"], "units": [unit] });
            world.put(&format!("/api/incidents/{incident}/assign"), sent).await?;
            incidents.push(incident);
            if number % ANSWERS_EVERY == 0 {
                let yes = json!({ "status": "accepted", "expected_status": "offered" });
                world.put(&format!("/api/units/{unit}/status"), yes).await?;
            } else {
                silent += 1;
            }
        }
        Ok(Self { incidents, silent, due_at_ms: unix_ms() + offer_ms() })
    }

    /// Waits until every offer has run out that nobody answered. While not all was well nobody could be called: what ran out by
    /// `back_at_ms` counts from then.
    ///
    /// # Errors
    /// An offer was neither acknowledged nor escalated in time, or was twice; or what a crew had answered is not there.
    pub async fn judge(&self, world: &World, back_at_ms: u64) -> Result<Settled, Failure> {
        let until_ms = self.due_at_ms.max(back_at_ms) + LATE_MS_MAX;
        loop {
            let mut timelines = Vec::new();
            for incident in &self.incidents {
                timelines.push((incident.clone(), timeline(world, incident).await?));
            }
            let now_ms = unix_ms();
            let settled = judge(&timelines, now_ms, back_at_ms)?;
            let answers = self.incidents.len() - self.silent;
            if settled.answered < answers {
                return Err(format!("{answers} crews answered, and of their offers {settled:?}").into());
            }
            if settled.escalated >= self.silent {
                println!("{settled:?} of {} units that were sent", self.incidents.len());
                return Ok(settled);
            }
            if now_ms > until_ms {
                return Err(format!("{} crews say nothing, and of their offers {settled:?}", self.silent).into());
            }
            sleep(LOOK).await;
        }
    }
}

fn offer_ms() -> u64 {
    OFFER_WITHIN_MS[SEVERITY.level() - 1]
}

async fn timeline(world: &World, incident: &str) -> Result<Vec<Line>, Failure> {
    let path = format!("/api/incidents/{incident}/timeline");
    let timeline = world.admin.read(&path).await.accepted(&path)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |line: &Value| Line {
        kind: text(&line["kind"]),
        at_ms: line["at_ms"].as_u64().unwrap_or_default(),
        note: text(&line["note"]),
        unit: text(&line["unit"]["id"]),
    };
    Ok(timeline.as_array().ok_or("a timeline is no list")?.iter().map(line).collect())
}

/// Follows each offer through the timelines. Who says nothing to an offer may be offered another incident, whose unit said nothing either.
fn judge(timelines: &[(String, Vec<Line>)], now_ms: u64, back_at_ms: u64) -> Result<Settled, String> {
    let mut settled = Settled::default();
    for (incident, lines) in timelines {
        let mut offered: BTreeMap<&str, u64> = BTreeMap::new();
        let (mut ran_out, mut called) = (Vec::new(), Vec::new());
        for line in lines {
            let Line { kind, at_ms, note, unit } = line;
            match kind.as_str() {
                "unit_assigned" if offered.insert(unit, *at_ms).is_some() => {
                    return Err(format!("{incident}: {unit} was offered again before it had answered"));
                }
                // The first tap after an offer answers it.
                "unit_status_set" => settled.answered += usize::from(offered.remove(unit.as_str()).is_some()),
                "unit_offer_expired" => {
                    let Some(since) = offered.remove(unit.as_str()) else {
                        return Err(format!("{incident}: an offer of {unit} ran out that was not open"));
                    };
                    let due = since + offer_ms();
                    if *at_ms < due {
                        return Err(format!(
                            "{incident}: the offer of {unit} ran out at {at_ms}, early: it was due at {due}"
                        ));
                    }
                    if *at_ms > due.max(back_at_ms) + LATE_MS_MAX {
                        return Err(format!(
                            "{incident}: the offer of {unit} ran out at {at_ms}, late: it was due at {due}"
                        ));
                    }
                    ran_out.push(format!("offer_unanswered: {unit}"));
                }
                "incident_attention_raised" if note.starts_with("offer_unanswered") => called.push(note.clone()),
                _ => {}
            }
        }
        if ran_out != called {
            return Err(format!("{incident}: offers ran out as {ran_out:?}, and persons were called for {called:?}"));
        }
        settled.escalated += ran_out.len();
        let is_overdue = |since: u64| now_ms > (since + offer_ms()).max(back_at_ms) + LATE_MS_MAX;
        if let Some((unit, since)) = offered.into_iter().find(|(_, since)| is_overdue(*since)) {
            return Err(format!(
                "{incident}: {unit} was offered it at {since}, and has neither answered nor was anybody called"
            ));
        }
    }
    Ok(settled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(kind: &str, at_ms: u64, unit: &str) -> Line {
        Line { kind: kind.to_owned(), at_ms, note: String::new(), unit: unit.to_owned() }
    }

    fn called(at_ms: u64, unit: &str) -> Line {
        Line { note: format!("offer_unanswered: {unit}"), ..line("incident_attention_raised", at_ms, "") }
    }

    fn judged(lines: &[Line], now_ms: u64, back_at_ms: u64) -> Result<Settled, String> {
        judge(&[("I1".to_owned(), lines.to_vec())], now_ms, back_at_ms)
    }

    #[test]
    fn an_offer_is_answered_or_comes_back_to_a_person_in_time() {
        let due = 1_000 + offer_ms();
        let offer = line("unit_assigned", 1_000, "a");
        let yes = [offer.clone(), line("unit_status_set", 1_500, "a"), line("unit_status_set", 1_700, "a")];
        assert_eq!(judged(&yes, u64::MAX, 0), Ok(Settled { answered: 1, escalated: 0 }));
        let silent = |at| [offer.clone(), line("unit_offer_expired", at, "a"), called(at, "a")];
        assert_eq!(judged(&silent(due), due, 0), Ok(Settled { answered: 0, escalated: 1 }));
        assert!(judged(&silent(due - 1), due, 0).is_err(), "early");
        assert!(judged(&silent(due + LATE_MS_MAX + 1), due, 0).is_err(), "late");
        assert!(judged(&silent(due + LATE_MS_MAX + 1), due, due + 1).is_ok(), "nothing ran until then");
        // Still open, and then forgotten.
        assert_eq!(judged(std::slice::from_ref(&offer), due + LATE_MS_MAX, 0), Ok(Settled::default()));
        assert!(judged(&[offer], due + LATE_MS_MAX + 1, 0).is_err());
    }

    #[test]
    fn an_offer_does_not_run_out_twice_nor_after_it_was_answered_and_its_person_is_called_once() {
        let due = 1_000 + offer_ms();
        let [offer, end, call] =
            [line("unit_assigned", 1_000, "a"), line("unit_offer_expired", due, "a"), called(due, "a")];
        let twice = [offer.clone(), end.clone(), call.clone(), end.clone(), call.clone()];
        assert!(judged(&twice, due, 0).is_err());
        assert!(
            judged(&[offer.clone(), line("unit_status_set", 1_500, "a"), end.clone(), call.clone()], due, 0).is_err()
        );
        assert!(judged(&[offer.clone(), end.clone()], due, 0).is_err(), "nobody was called");
        assert!(judged(&[offer.clone(), end.clone(), call.clone(), call.clone()], due, 0).is_err(), "called twice");
        assert!(judged(&[offer.clone(), offer.clone(), end.clone(), call.clone()], due, 0).is_err(), "offered twice");
        let next = [offer, end, line("unit_assigned", due, "b"), call];
        assert_eq!(judged(&next, due, 0), Ok(Settled { answered: 0, escalated: 1 }), "the next one may still answer");
    }
}
