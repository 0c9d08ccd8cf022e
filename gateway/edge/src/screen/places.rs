//! Where each record of a group lies. An event shows a record as it stands afterwards; who lost sight of it with that
//! event is told by where it lay before. Pure.

use std::collections::{BTreeMap, HashMap};

use domain::{AdminUnitCode, Event, EventBatch, EventKind, State, Subject, policy::Noun};

use super::view::{View, key_of, seat};
use crate::limits::MOVES_MAX;

/// Places of the records of one group, by noun and id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Places(HashMap<Noun, HashMap<Box<str>, AdminUnitCode>>);

/// A record that lies elsewhere than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) noun: Noun,
    pub(crate) id: Box<str>,
    pub(crate) from: AdminUnitCode,
    pub(crate) to: AdminUnitCode,
}

impl Moved {
    /// Whether the view showed it before and does not now.
    pub(crate) fn leaves(&self, view: &View) -> bool {
        view.shows(self.noun, Some(&self.from)) && !view.shows(self.noun, Some(&self.to))
    }

    /// As in `Frame.withdrawn`.
    pub(crate) fn name(&self) -> String {
        let noun = match self.noun {
            Noun::Unit => "unit",
            Noun::Incident => "incident",
            Noun::Sensor => "sensor",
            Noun::Camera => "camera",
            Noun::Alarm => "alarm",
            _ => "record",
        };
        format!("{noun}/{}", self.id)
    }
}

impl Places {
    /// Where everything in `state` lies.
    pub(crate) fn of_state(state: &State) -> Self {
        let mut places = Self::default();
        let units = state.units().values().map(|unit| (Noun::Unit, unit.id.as_str().into(), &unit.station));
        let incidents = state.incidents().values().map(|it| (Noun::Incident, it.id.as_str().into(), &it.place));
        let sensors = state.sensors().values().map(|it| (Noun::Sensor, it.id.as_str().into(), &it.place));
        let cameras = state.cameras().values().map(|it| (Noun::Camera, it.id.as_str().into(), &it.place));
        let alarms = state.alarms().values().map(|it| (Noun::Alarm, it.key.to_string().into(), &it.place));
        for (noun, id, place) in units.chain(incidents).chain(sensors).chain(cameras).chain(alarms) {
            places.0.entry(noun).or_default().insert(id, place.admin_unit.clone());
        }
        places
    }

    /// Where a record lies.
    pub(crate) fn of(&self, noun: Noun, id: &str) -> Option<&AdminUnitCode> {
        self.0.get(&noun)?.get(id)
    }

    /// Takes a batch; yields what lies elsewhere now.
    pub(crate) fn take(&mut self, batch: &EventBatch) -> Vec<Moved> {
        let mut moved = Vec::new();
        for subject in batch.events.iter().filter_map(|event| event.subject.as_ref()) {
            let ((noun, Some(to)), Some(id)) = (seat(subject), key_of(subject)) else { continue };
            let known = self.0.entry(noun).or_default();
            match known.get_mut(id.as_ref()) {
                Some(place) if place == to => {}
                Some(place) => {
                    let from = std::mem::replace(place, to.clone());
                    moved.push(Moved { noun, id: id.into(), from, to: to.clone() });
                }
                None => {
                    known.insert(id.into(), to.clone());
                }
            }
        }
        moved
    }
}

/// Whether the event's record may have lain elsewhere before: all other events leave a record where it is.
pub(crate) fn may_move(event: &Event) -> bool {
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

    /// The ids that left the view with this batch. `None`: a record outside of the view may have been inside before,
    /// and nobody knows.
    pub(crate) fn withdrawn(&self, view: &View, batch: &EventBatch) -> Option<Vec<String>> {
        if batch.index <= self.known_after {
            let hidden = |event: &Event| {
                let Some(subject) = event.subject.as_ref().filter(|_| may_move(event)) else { return false };
                let (noun, place) = seat(subject);
                place.is_some() && view.nouns.contains(&noun) && !view.shows(noun, place)
            };
            return (!batch.events.iter().any(hidden)).then(Vec::new);
        }
        let moved = self.by_index.get(&batch.index).map_or(&[][..], Vec::as_slice);
        Some(moved.iter().filter(|moved| moved.leaves(view)).map(Moved::name).collect())
    }
}
