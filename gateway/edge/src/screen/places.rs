//! Where each record of a group lies. An event shows a record as it stands afterwards; who lost sight of it with that
//! event is told by where it lay before. Pure.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
};

use domain::{
    AdminUnitCode, Event, EventBatch, EventKind, State, Subject, WaitReason,
    policy::{Matter, Noun},
};

use super::view::{View, key_of, seat};
use crate::limits::MOVES_MAX;

/// Where a record lies, and what it is about: what decides who sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) place: AdminUnitCode,
    pub(crate) matter: Matter,
}

impl Spot {
    fn new(place: &AdminUnitCode, matter: Matter) -> Self {
        Self { place: place.clone(), matter }
    }
}

/// Spots of the records of one group, by noun and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(HashMap<Noun, HashMap<Box<str>, Spot>>);

/// A record that lies elsewhere than before, or is another field's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) noun: Noun,
    pub(crate) id: Box<str>,
    pub(crate) from: Spot,
    pub(crate) to: Spot,
}

impl Moved {
    /// Whether the view showed it before and does not now.
    pub(crate) fn leaves(&self, view: &View) -> bool {
        let shows = |spot: &Spot| view.shows_of(self.noun, Some(&spot.place), &spot.matter);
        shows(&self.from) && !shows(&self.to)
    }

    /// As in `Frame.withdrawn`.
    pub(crate) fn name(&self) -> String {
        let noun = match self.noun {
            Noun::Unit => "unit",
            Noun::Incident => "incident",
            Noun::Sensor => "sensor",
            Noun::Camera => "camera",
            Noun::Alarm => "alarm",
            Noun::Report => "report",
            _ => "record",
        };
        format!("{noun}/{}", self.id)
    }
}

impl Places {
    /// Where everything in `state` lies.
    pub(crate) fn of_state(state: &State) -> Self {
        let mut places = Self::default();
        let mut put = |noun, id: &str, place: &AdminUnitCode, matter| {
            places.0.entry(noun).or_default().insert(id.into(), Spot::new(place, matter));
        };
        for unit in state.units().values() {
            put(Noun::Unit, unit.id.as_str(), &unit.station.admin_unit, Matter::of_unit(unit));
        }
        for it in state.incidents().values() {
            put(Noun::Incident, it.id.as_str(), &it.place.admin_unit, Matter::of_incident(it));
        }
        for it in state.sensors().values() {
            put(Noun::Sensor, it.id.as_str(), &it.place.admin_unit, Matter::default());
        }
        for it in state.cameras().values() {
            put(Noun::Camera, it.id.as_str(), &it.place.admin_unit, Matter::default());
        }
        for it in state.alarms().values() {
            put(Noun::Alarm, &it.key.to_string(), &it.place.admin_unit, Matter::default());
        }
        for it in state.waiting_reports().values() {
            put(Noun::Report, it.code.as_str(), &it.place.admin_unit, Matter::of_waiting(it));
        }
        places
    }

    /// Where a record lies.
    pub(crate) fn of(&self, noun: Noun, id: &str) -> Option<&AdminUnitCode> {
        Some(&self.0.get(&noun)?.get(id)?.place)
    }

    /// Takes a batch; yields what lies elsewhere now.
    pub(crate) fn take(&mut self, batch: &EventBatch) -> Vec<Moved> {
        let mut moved = Vec::new();
        for subject in batch.events.iter().filter_map(|event| event.subject.as_ref()) {
            let ((noun, Some(to)), Some(id)) = (seat(subject), key_of(subject)) else { continue };
            let to = Spot::new(to, Matter::of_subject(subject));
            // A report that is settled leaves every screen; who lost sight of it with that is told so.
            let is_over = matches!(subject, Subject::WaitingReport(it) if it.why == WaitReason::Settled);
            let known = self.0.entry(noun).or_default();
            match known.get_mut(id.as_ref()) {
                Some(spot) if *spot == to => {}
                Some(spot) => {
                    let from = std::mem::replace(spot, to.clone());
                    moved.push(Moved { noun, id: Box::from(&*id), from, to });
                }
                None => {
                    known.insert(Box::from(&*id), to);
                }
            }
            if is_over {
                known.remove(&*id);
            }
        }
        moved
    }
}

/// Whether the event's record may have lain elsewhere before, or been another field's: all other events leave a record as it is.
#[cfg(test)]
pub(crate) fn may_move(event: &Event) -> bool {
    may_lie_elsewhere(event) || may_change_hands(event)
}

/// Whether the event's record may be another field's or agency's than before.
fn may_change_hands(event: &Event) -> bool {
    matches!(
        event.kind,
        EventKind::IncidentAmended | EventKind::IncidentSuggestionDecided | EventKind::IncidentTaskGiven
    ) || matches!(event.subject, Some(Subject::WaitingReport(_)))
}

fn may_lie_elsewhere(event: &Event) -> bool {
    match event.kind {
        EventKind::UnitPut | EventKind::IncidentAmended | EventKind::SensorRegistered | EventKind::CameraRegistered => {
            true
        }
        // An alarm takes the place of its sensor each time that it comes up.
        EventKind::AlarmRaised => !matches!(&event.subject, Some(Subject::Alarm(alarm)) if alarm.episode <= 1),
        _ => false,
    }
}

/// The moves of the batches seen, so that a screen that resumes later is told the same withdrawals.
#[derive(Clone, Debug, Default)]
pub(crate) struct Moves {
    by_index: BTreeMap<u64, Vec<Moved>>,
    count: usize,
    /// Of the batches up to here it is not known where their records lay before.
    known_after: u64,
}

impl Moves {
    /// Nothing is known of batches up to `index`.
    pub(crate) fn known_after(index: u64) -> Self {
        Self { known_after: index, ..Self::default() }
    }

    /// Keeps the moves of a batch; at `MOVES_MAX` the oldest go.
    pub(crate) fn put(&mut self, index: u64, moved: Vec<Moved>) {
        if moved.is_empty() {
            return;
        }
        self.count += moved.len();
        self.by_index.insert(index, moved);
        while self.count > MOVES_MAX
            && let Some((oldest, gone)) = self.by_index.pop_first()
        {
            self.count -= gone.len();
            self.known_after = oldest;
        }
    }

    /// Whether something left the view behind the index, or may have.
    pub(crate) fn may_have_left(&self, view: &View, index: u64) -> bool {
        let mut later = self.by_index.range((Bound::Excluded(index), Bound::Unbounded));
        index < self.known_after || later.any(|(_, moved)| moved.iter().any(|moved| moved.leaves(view)))
    }

    /// The ids that left the view with this batch. `None`: a record outside of the view may have been inside before,
    /// and nobody knows.
    pub(crate) fn withdrawn(&self, view: &View, batch: &EventBatch) -> Option<Vec<String>> {
        if batch.index <= self.known_after {
            let hidden = |event: &Event| {
                let may = may_lie_elsewhere(event) || (!view.remit.is_all() && may_change_hands(event));
                let Some(subject) = event.subject.as_ref().filter(|_| may) else { return false };
                let (noun, place) = seat(subject);
                place.is_some() && view.nouns.contains(&noun) && !view.shows_subject(subject)
            };
            return (!batch.events.iter().any(hidden)).then(Vec::new);
        }
        let moved = self.by_index.get(&batch.index).map_or(&[][..], Vec::as_slice);
        Some(moved.iter().filter(|moved| moved.leaves(view)).map(Moved::name).collect())
    }
}
