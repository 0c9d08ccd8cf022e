//! A crew with its phone. The phone shows what `GET /api/crew` last said, with what was tapped since on top of it; taps wait on the phone, through
//! tunnels and dead nodes, and go out one after the other, each under the number that it was given before it was first tried. These are the rules of the web
//! client's `web/src/state/outbox.ts`.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use domain::UnitStatus;
use serde_json::{Value, json};

use crate::{
    bug::Mistake,
    line::Line,
    person::{Outcome, Person},
    town::{Town, unit_of},
};

/// A tap can be taken back for so long before it is sent.
const UNDO_MS: u64 = 5_000;

/// Taps that wait at once; at the bound no more is taken.
const WAITING_MAX: usize = 64;

/// Between two looks at the phone, in ms.
const PAUSE_MS: (u64, u64) = (400, 1_500);

/// How long the phone tries one tap at a time.
const SENDS_FOR: Duration = Duration::from_secs(6);

/// Of a thousand looks at an offer so many answer it.
const ANSWERS_PER_MILLE: u64 = 250;

/// Of a thousand answers so many accept.
const ACCEPTS_PER_MILLE: u64 = 850;

/// Of a thousand looks at an order so many are followed by the next step.
const GOES_ON_PER_MILLE: u64 = 200;

/// What is tapped.
struct Tap {
    name: u64,
    status: UnitStatus,
    expected: UnitStatus,
    assignment: u64,
    tapped_at_ms: u64,
    /// The number under which it goes; 0: it has none yet.
    seq: u64,
}

/// What the centre last said of the unit.
#[derive(Clone, Copy)]
struct Order {
    index: u64,
    status: UnitStatus,
    assignment: u64,
}

/// A phone.
struct Phone {
    person: Person,
    order: Option<Order>,
    waiting: VecDeque<Tap>,
}

/// Works until the town closes, and then sends what still waits.
pub async fn work(town: Arc<Town>, number: u64, line: Arc<Line>) {
    let person = Person::new(Arc::clone(&town), number, line);
    let mut phone = Phone { person, order: None, waiting: VecDeque::new() };
    loop {
        phone.person.pause(PAUSE_MS.0, PAUSE_MS.1).await;
        if phone.person.line.is_dark() && town.hosts.mistake() == Some(Mistake::OutboxForgotten) {
            phone.waiting.clear();
        }
        phone.look().await;
        if town.book().is_open() {
            phone.tap();
        }
        phone.send().await;
    }
}

impl Phone {
    /// Asks what the centre knows. An answer with a lower index is an older one.
    async fn look(&mut self) {
        if self.person.line.is_dark() {
            return;
        }
        let Some(view) = self.person.get("/api/crew").await else { return };
        let Some(order) = read(&view) else {
            let number = self.person.number;
            self.person.town.world.violate("phones", format_args!("{number} cannot read the order {view}"));
            return;
        };
        if self.order.is_none_or(|held| held.index <= order.index) {
            self.order = Some(order);
        }
    }

    /// What the phone shows: the newest tap that waits for this assignment, on top of what the centre said.
    fn shown(&self) -> Option<Order> {
        let order = self.order?;
        let newest = self.waiting.iter().rfind(|tap| tap.assignment == order.assignment);
        Some(newest.map_or(order, |tap| Order { status: tap.status, ..order }))
    }

    fn tap(&mut self) {
        let Some(shown) = self.shown().filter(|shown| shown.assignment > 0) else { return };
        let chance = &mut self.person.chance;
        let status = match shown.status {
            UnitStatus::Offered if chance.per_mille(ANSWERS_PER_MILLE) => {
                if chance.per_mille(ACCEPTS_PER_MILLE) {
                    UnitStatus::Accepted
                } else {
                    UnitStatus::Available
                }
            }
            UnitStatus::Accepted if chance.per_mille(GOES_ON_PER_MILLE) => UnitStatus::EnRoute,
            UnitStatus::EnRoute if chance.per_mille(GOES_ON_PER_MILLE) => UnitStatus::OnScene,
            UnitStatus::OnScene if chance.per_mille(GOES_ON_PER_MILLE) => UnitStatus::Available,
            _ => return,
        };
        if self.waiting.len() >= WAITING_MAX {
            return;
        }
        let tap = Tap {
            name: self.person.town.next_name(),
            status,
            expected: shown.status,
            assignment: shown.assignment,
            tapped_at_ms: Person::now_ms(),
            seq: 0,
        };
        self.person.town.book().tapped(tap.name);
        self.waiting.push_back(tap);
    }

    /// Sends the oldest tap once it can no longer be taken back.
    async fn send(&mut self) {
        let is_open = self.person.town.book().is_open();
        let now_ms = Person::now_ms();
        let Some(tap) = self.waiting.front_mut() else { return };
        if tap.seq == 0 && now_ms.abs_diff(tap.tapped_at_ms) < UNDO_MS && is_open {
            return;
        }
        if tap.seq == 0 {
            tap.seq = self.person.next_seq();
        }
        let unit = unit_of(self.person.number);
        let (seq, assignment, status) = (tap.seq, tap.assignment, tap.status);
        let body = json!({
            "status": tap.status.as_str(),
            "expected_status": tap.expected.as_str(),
            "tapped_at_ms": tap.tapped_at_ms,
            "assignment": tap.assignment,
        });
        let outcome = self.person.send(seq, &format!("/api/units/{unit}/status"), &body, SENDS_FOR).await;
        let town = Arc::clone(&self.person.town);
        match &outcome {
            // The same number goes out again with the next look.
            Outcome::Unknown => return,
            Outcome::Accepted(..) => town.world.judges.dispatch().tapped(&unit, assignment, status),
            Outcome::Refused(_) if outcome.is_wrong() => {
                town.world.violate("promises", format_args!("a tap of {unit} was answered with {outcome:?}"));
            }
            Outcome::Refused(_) => {}
        }
        if let Some(tap) = self.waiting.pop_front() {
            town.book().heard(tap.name);
        }
    }
}

/// Reads `GET /api/crew`.
fn read(view: &Value) -> Option<Order> {
    let unit = view.get("unit")?;
    let status = serde_json::from_value(unit.get("status")?.clone()).ok()?;
    let assignment = unit.get("duty").and_then(|duty| duty.get("assignment")?.get("number")?.as_u64());
    Some(Order { index: view.get("index")?.as_u64()?, status, assignment: assignment.unwrap_or(0) })
}
