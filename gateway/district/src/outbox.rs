//! What people entered and the province has not answered yet. Pure: each change names the entry that has to be on disk before
//! the change counts.
//!
//! An entry keeps the session and number under which it was entered; by these a screen that asks again is known. It is sent
//! under a session and number of the province, fixed before the first sending and never changed while anybody may have
//! applied it: so the province knows a second sending and answers it with its first reply.

use std::{collections::BTreeMap, net::IpAddr};

use domain::PersonId;
use serde::{Deserialize, Serialize};

use crate::limits::{ANSWERED_MAX, ANSWERED_MS};

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Entries without an answer; one more is refused with 507.
    pub items_max: usize,
    /// Bytes of their bodies; past it an entry is refused with 507.
    pub bytes_max: usize,
    /// Milliseconds after which an entry is no longer sent, and rejected where everybody sees it.
    pub age_ms_max: u64,
}

impl Default for OutboxLimits {
    fn default() -> Self {
        Self { items_max: 1_000, bytes_max: 16 * 1024 * 1024, age_ms_max: 24 * 3_600_000 }
    }
}

/// A session at the province, and a number in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Number {
    /// Hash of the token, in hexadecimal.
    pub(crate) session: String,
    pub(crate) seq: u64,
}

/// What the province said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) status: u16,
    /// JSON.
    pub(crate) body: String,
    pub(crate) at_ms: u64,
}

/// One kept command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Its place in the order in which things were entered.
    pub(crate) place: u64,
    pub(crate) person: PersonId,
    pub(crate) entered_at_ms: u64,
    /// As it was entered.
    pub(crate) entered: Number,
    /// Of path and body, in hexadecimal.
    pub(crate) print: String,
    pub(crate) path: String,
    pub(crate) body: String,
    /// `x-reason`, as it came.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// The address of the screen that it was entered at.
    #[serde(default)]
    pub(crate) from: Option<IpAddr>,
    /// As it is sent; none: the person has to sign in at the province first.
    pub(crate) number: Option<Number>,
    /// It was sent, and nobody knows what became of it.
    pub(crate) is_unsure: bool,
    pub(crate) said: Option<Said>,
}

/// What a person asks for.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) person: PersonId,
    pub(crate) entered: Number,
    pub(crate) print: String,
    pub(crate) path: String,
    pub(crate) body: String,
    pub(crate) reason: Option<String>,
    /// The screen's address.
    pub(crate) from: Option<IpAddr>,
    /// Whether the session is the province's.
    pub(crate) at_province: bool,
    /// It was sent already.
    pub(crate) is_unsure: bool,
}

/// What is known of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    /// Nothing.
    New,
    /// It is this entry.
    Entry(u64),
    /// Its number was another command's.
    Reused,
}

/// At a bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "this node keeps no more commands ({items} of {items_max}, {bytes} of {bytes_max} bytes): use the telephone, and enter it when the line is back"
)]
pub(crate) struct Full {
    items: usize,
    items_max: usize,
    bytes: usize,
    bytes_max: usize,
}

/// All kept commands.
#[derive(Clone, Debug)]
pub(crate) struct Outbox {
    limits: OutboxLimits,
    entries: BTreeMap<u64, Entry>,
    next_place: u64,
}

/// Refusals that this node gives in the province's place, because there the command can no longer be answered.
fn given_up(code: &str, message: &str, now_ms: u64) -> Said {
    let body = serde_json::json!({ "code": code, "field": "", "message": message });
    Said { status: 409, body: body.to_string(), at_ms: now_ms }
}

impl Outbox {
    /// An outbox of the entries that were on disk.
    pub(crate) fn new(limits: OutboxLimits, entries: impl IntoIterator<Item = Entry>) -> Self {
        let entries: BTreeMap<u64, Entry> = entries.into_iter().map(|entry| (entry.place, entry)).collect();
        let next_place = entries.last_key_value().map_or(1, |(place, _)| place + 1);
        Self { limits, entries, next_place }
    }

    /// No place below this is given again: a file may hold one that could not be read.
    pub(crate) fn skip_to(&mut self, place: u64) {
        self.next_place = self.next_place.max(place);
    }

    pub(crate) fn entry(&self, place: u64) -> Option<&Entry> {
        self.entries.get(&place)
    }

    /// Entries that wait for the province's answer.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values().filter(|entry| entry.said.is_none())
    }

    /// What is known of the command that was entered under this number.
    pub(crate) fn known(&self, entered: &Number, print: &str) -> Known {
        // What was sent under a number of the province is known by that number too: the screen may have signed in anew.
        match self.entries.values().find(|entry| entry.entered == *entered || entry.number.as_ref() == Some(entered)) {
            None => Known::New,
            Some(entry) if entry.print == print => Known::Entry(entry.place),
            Some(_) => Known::Reused,
        }
    }

    /// Whether something of the session waits, behind which the next has to wait.
    pub(crate) fn has_waiting(&self, session: &str) -> bool {
        self.waiting().any(|entry| entry.number.as_ref().is_some_and(|number| number.session == session))
    }

    /// The highest number given to entries of the session.
    pub(crate) fn seq_max(&self, session: &str) -> u64 {
        let numbers = self.entries.values().flat_map(|entry| [Some(&entry.entered), entry.number.as_ref()]).flatten();
        numbers.filter(|number| number.session == session).map(|number| number.seq).max().unwrap_or_default()
    }

    /// Takes an offer in; the caller writes the entry down before anybody is told.
    pub(crate) fn keep(&mut self, offer: Offer, now_ms: u64) -> Result<Entry, Full> {
        let (mut items, mut bytes) = (0, 0);
        for entry in self.waiting() {
            items += 1;
            bytes += entry.body.len();
        }
        let OutboxLimits { items_max, bytes_max, .. } = self.limits;
        if items >= items_max || bytes + offer.body.len() > bytes_max {
            return Err(Full { items, items_max, bytes, bytes_max });
        }
        let entry = Entry {
            place: self.next_place,
            person: offer.person,
            entered_at_ms: now_ms,
            number: offer.at_province.then(|| offer.entered.clone()),
            entered: offer.entered,
            print: offer.print,
            path: offer.path,
            body: offer.body,
            reason: offer.reason,
            from: offer.from,
            is_unsure: offer.is_unsure,
            said: None,
        };
        self.next_place += 1;
        self.entries.insert(entry.place, entry.clone());
        Ok(entry)
    }

    /// It could not be written down, and nobody was told of it.
    pub(crate) fn take_back(&mut self, place: u64) {
        self.entries.remove(&place);
    }

    /// Gives the person's entries without a number theirs in a session of the province, from `seq_first` on. Gives the entries
    /// to write down.
    pub(crate) fn bind(&mut self, person: &PersonId, session: &str, seq_first: u64) -> Vec<Entry> {
        let mut bound = Vec::new();
        let unbound = |entry: &&mut Entry| entry.said.is_none() && entry.number.is_none() && entry.person == *person;
        for (seq, entry) in (seq_first..).zip(self.entries.values_mut().filter(unbound)) {
            entry.number = Some(Number { session: session.to_owned(), seq });
            bound.push(entry.clone());
        }
        bound
    }

    /// Sessions that have something to send, in the order of their oldest.
    pub(crate) fn sessions(&self) -> Vec<String> {
        let mut sessions: Vec<String> = Vec::new();
        for number in self.waiting().filter_map(|entry| entry.number.as_ref()) {
            if !sessions.contains(&number.session) {
                sessions.push(number.session.clone());
            }
        }
        sessions
    }

    /// What is sent next of a session.
    pub(crate) fn next(&self, session: &str) -> Option<&Entry> {
        self.waiting().find(|entry| entry.number.as_ref().is_some_and(|number| number.session == session))
    }

    /// It is about to be sent. Gives the entry to write down before that, if that is needed.
    pub(crate) fn begin(&mut self, place: u64) -> Option<Entry> {
        let entry = self.entries.get_mut(&place).filter(|entry| !entry.is_unsure)?;
        entry.is_unsure = true;
        Some(entry.clone())
    }

    /// It turns out that it was passed on before it was kept. Gives the entry to write down.
    pub(crate) fn was_sent(&mut self, place: u64) -> Option<Entry> {
        self.begin(place).filter(|entry| entry.said.is_none())
    }

    /// It surely did not reach the province, and had not before. Not written down: after a crash it counts as unsure.
    pub(crate) fn was_not_sent(&mut self, place: u64) {
        if let Some(entry) = self.entries.get_mut(&place) {
            entry.is_unsure = false;
        }
    }

    /// The province has answered. Gives the entry to write down.
    pub(crate) fn answered(&mut self, place: u64, said: Said) -> Option<Entry> {
        let entry = self.entries.get_mut(&place).filter(|entry| entry.said.is_none())?;
        entry.said = Some(said);
        entry.is_unsure = false;
        Some(entry.clone())
    }

    /// The session has ended at the province, so nothing is answered under its numbers any more. What was surely never applied
    /// waits for the person's next session; what may have been is given up with the remedy. Gives the entries to write down.
    ///
    /// `first_unsure` names the entry whose sending told so, if it had not been sent before: it was not applied then.
    pub(crate) fn session_ended(&mut self, session: &str, first_unsure: Option<u64>, now_ms: u64) -> Vec<Entry> {
        let mut changed = Vec::new();
        let of_session = |entry: &&mut Entry| {
            entry.said.is_none() && entry.number.as_ref().is_some_and(|number| number.session == session)
        };
        for entry in self.entries.values_mut().filter(of_session) {
            if entry.is_unsure && first_unsure != Some(entry.place) {
                let message = "the session ended before the province answered, so it may have been done or not: sign in, \
                               look at the picture, and enter it again if it was not";
                entry.said = Some(given_up("session_ended", message, now_ms));
            } else {
                entry.number = None;
                entry.is_unsure = false;
            }
            changed.push(entry.clone());
        }
        changed
    }

    /// Gives up what has waited too long. Gives the entries to write down.
    pub(crate) fn expire(&mut self, now_ms: u64) -> Vec<Entry> {
        let age_ms_max = self.limits.age_ms_max;
        let mut changed = Vec::new();
        let is_old =
            |entry: &&mut Entry| entry.said.is_none() && now_ms.saturating_sub(entry.entered_at_ms) > age_ms_max;
        for entry in self.entries.values_mut().filter(is_old) {
            let hours = age_ms_max / 3_600_000;
            let message = if entry.is_unsure {
                format!(
                    "the province has not answered for {hours} h, so it may have been done or not: look at the picture, and enter it again if it was not"
                )
            } else {
                format!(
                    "it was kept for {hours} h and could not be sent: look at the picture, and enter it again if it still holds"
                )
            };
            entry.said = Some(given_up("kept_too_long", &message, now_ms));
            changed.push(entry.clone());
        }
        changed
    }

    /// Forgets answered entries that everybody had time to see. Gives their places.
    pub(crate) fn tidy(&mut self, now_ms: u64) -> Vec<u64> {
        let answered: Vec<(u64, u64)> =
            self.entries.values().filter_map(|entry| Some((entry.place, entry.said.as_ref()?.at_ms))).collect();
        let too_many = answered.len().saturating_sub(ANSWERED_MAX);
        let is_over = |(at, (_, said_at_ms)): &(usize, (u64, u64))| {
            *at < too_many || now_ms.saturating_sub(*said_at_ms) > ANSWERED_MS
        };
        let gone: Vec<u64> = answered.into_iter().enumerate().filter(is_over).map(|(_, (place, _))| place).collect();
        for place in &gone {
            self.entries.remove(place);
        }
        gone
    }

    /// The entries of a person, newest first.
    pub(crate) fn of(&self, person: &PersonId) -> impl Iterator<Item = &Entry> {
        self.entries.values().rev().filter(move |entry| entry.person == *person)
    }
}

#[cfg(test)]
mod tests;
