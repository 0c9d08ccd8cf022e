//! A group's visible records as a picture in parts. The position is taken first and the records afterwards, a few at a time
//! so that applying is not held up: a part may be newer than the position says, and the events that made it so come once
//! more. They show whole records, so that a screen that takes them again ends where everybody is.

use std::{collections::BTreeMap, ops::Bound, sync::Arc};

use domain::{
    Alarm, Call, Camera, Exercise, GroupId, Incident, Instruction, Millis, Position, Room, Sensor, ShiftNote, State,
    Unit, WaitingReport,
    policy::{Matter, Noun},
};

use super::{
    frames::last_of,
    hub::Picture,
    message::{Part, Payload, ToScreen},
    view::{View, bare_camera, without_shadows},
};
use crate::{
    cluster::{Source, read},
    limits::{CALLS_OVER_SHOWN_MAX, FRAME_BYTES_SOFT_MAX, RECORDS_PER_READ},
};

/// Where the group is on this node. The ordinal is that of the entry's last event, if the tail still has it, so that every
/// node calls the same place by the same numbers.
pub(crate) fn position_at(source: &dyn Source, group: GroupId, index: u64) -> Position {
    let at = Position { epoch: source.epoch(), group, index, ordinal: 0 };
    let batches = index.checked_sub(1).and_then(|before| source.events_after(group, before, 1).ok());
    match batches.as_deref() {
        Some([batch, ..]) if batch.index == index => last_of(at, batch),
        _ => at,
    }
}

/// The picture of a view.
pub(crate) fn build(source: &dyn Source, group: GroupId, view: &View) -> Picture {
    let applied = source.applied(group);
    let mut parts = Parts::new(position_at(source, group, applied.index), applied.at_ms, view);
    let group0 = group == GroupId::COMMAND;
    if group0 {
        let (admin_units, districts, live_nodes) = read(source, group, |state| {
            let admin_units: Vec<_> = state.admin_units().values().cloned().collect();
            let districts: Vec<_> = state.districts().values().cloned().collect();
            (admin_units, districts, state.live_nodes().clone())
        });
        parts.part.live_nodes = view.shows(Noun::LiveNodes, None).then_some(live_nodes);
        for unit in admin_units.into_iter().filter(|_| view.shows(Noun::AdminUnit, None)) {
            parts.add(96 + unit.aliases.len() * 24, |part| part.admin_units.push(unit));
        }
        for district in districts.into_iter().filter(|_| view.shows(Noun::District, None)) {
            parts.add(64 + district.admin_units.len() * 12, |part| part.districts.push(district));
        }
        if view.shows(Noun::Model, None) {
            add_models(source, &mut parts);
        }
        if view.shows(Noun::Call, None) {
            let (desk, agents) =
                read(source, group, |state| (state.call_desk(), state.agents().values().cloned().collect::<Vec<_>>()));
            parts.add(256 + desk.surge_script.len() * 2, |part| part.call_desk = Some(desk));
            for agent in agents {
                parts.add(160, |part| part.agents.push(agent));
            }
        }
    }
    let exercise = |it: &Exercise| view.shows(Noun::Exercise, None).then(|| it.clone());
    walk(source, group, State::exercises, exercise, |exercise| {
        parts.add(128 + exercise.scenario.len(), |part| part.exercises.push(exercise));
    });
    let room = |it: &Room| view.shows(Noun::Room, None).then(|| it.clone());
    walk(source, group, State::rooms, room, |room| parts.add(512, |part| part.rooms.push(room)));
    let shift_note = |it: &ShiftNote| view.shows_note(Noun::ShiftNote, it.admin_unit.as_ref()).then(|| it.clone());
    walk(source, group, State::shift_notes, shift_note, |shift_note| {
        parts.add(256 + shift_note.note.len(), |part| part.shift_notes.push(shift_note));
    });
    let unit = |unit: &Unit| {
        let place = Some(&unit.station.admin_unit);
        view.shows_of(Noun::Unit, place, &Matter::of_unit(unit)).then(|| unit.clone())
    };
    walk(source, group, State::units, unit, |unit| parts.add(192, |part| part.units.push(unit)));
    let incident = |it: &Incident| {
        let place = Some(&it.place.admin_unit);
        view.shows_of(Noun::Incident, place, &Matter::of_incident(it)).then(|| without_shadows(it).into_owned())
    };
    walk(source, group, State::incidents, incident, |incident| {
        let bytes = 192
            + incident.summary.len()
            + incident.sources.len() * 96
            + incident.suggestions.len() * 320
            + incident.clocks.len() * 256;
        parts.add(bytes, |part| part.incidents.push(incident));
    });
    let instruction = |it: &Instruction| {
        let place = Some(&it.admin_unit);
        view.shows_of(Noun::Instruction, place, &Matter::of_instruction(it)).then(|| it.clone())
    };
    walk(source, group, State::instructions, instruction, |instruction| {
        let bytes = 256 + instruction.title.len() + instruction.clocks.len() * 256;
        parts.add(bytes, |part| part.instructions.push(instruction));
    });
    // Those of the whole day would be tens of megabytes for each screen; `/api/calls` has them.
    let over_from = read(source, group, |state| state.calls_over_from(CALLS_OVER_SHOWN_MAX));
    let call = |it: &Call| {
        let shown = || if view.callers { it.clone() } else { it.masked() };
        let is_recent = || over_from.as_ref().is_none_or(|(at, id)| (it.status_at_ms, &it.id) >= (*at, id));
        (view.shows(Noun::Call, None) && (it.status.is_open() || is_recent())).then(shown)
    };
    walk(source, group, State::calls, call, |call| {
        parts.add(256 + call.steps.len() * 48, |part| part.calls.push(call));
    });
    let report = |it: &WaitingReport| {
        let place = Some(&it.place.admin_unit);
        view.shows_of(Noun::Report, place, &Matter::of_waiting(it)).then(|| it.clone())
    };
    walk(source, group, State::waiting_reports, report, |report| {
        parts.add(256 + report.text.len() + report.note.len(), |part| part.waiting_reports.push(report));
    });
    let sensor = |it: &Sensor| view.shows(Noun::Sensor, Some(&it.place.admin_unit)).then(|| it.clone());
    walk(source, group, State::sensors, sensor, |sensor| {
        parts.add(192 + sensor.thresholds.len() * 48, |part| part.sensors.push(sensor));
    });
    let camera = |it: &Camera| view.shows(Noun::Camera, Some(&it.place.admin_unit)).then(|| bare_camera(it));
    walk(source, group, State::cameras, camera, |camera| parts.add(192, |part| part.cameras.push(camera)));
    let alarm = |it: &Alarm| view.shows(Noun::Alarm, Some(&it.place.admin_unit)).then(|| it.clone());
    walk(source, group, State::alarms, alarm, |alarm| parts.add(192, |part| part.alarms.push(alarm)));
    parts.finish()
}

/// Models and their tallies: a few thousand small records at most, taken at once so that they fit each other.
fn add_models(source: &dyn Source, parts: &mut Parts<'_>) {
    let (models, tallies) = read(source, GroupId::COMMAND, |state| {
        let models: Vec<_> = state.models().values().cloned().collect();
        (models, state.tallies().values().cloned().collect::<Vec<_>>())
    });
    for model in models {
        let versions = model.versions.iter().map(|it| 128 + it.data.len() + (it.quality.len() + it.shares.len()) * 32);
        parts.add(128 + versions.sum::<usize>(), |part| part.models.push(model));
    }
    for tally in tallies {
        parts.add(256, |part| part.tallies.push(tally));
    }
}

/// Goes through a map in slices of `RECORDS_PER_READ`, each under the lock by itself.
fn walk<K: Ord + Clone, V, T>(
    source: &dyn Source,
    group: GroupId,
    map: impl Fn(&State) -> &BTreeMap<K, V>,
    pick: impl Fn(&V) -> Option<T>,
    mut put: impl FnMut(T),
) {
    let mut after: Option<K> = None;
    loop {
        let (picked, last, seen) = read(source, group, |state| {
            let from = after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let mut picked = Vec::new();
            let mut last = None;
            let mut seen = 0;
            for (key, record) in map(state).range((from, Bound::Unbounded)).take(RECORDS_PER_READ) {
                picked.extend(pick(record));
                last = Some(key.clone());
                seen += 1;
            }
            (picked, last, seen)
        });
        picked.into_iter().for_each(&mut put);
        if seen < RECORDS_PER_READ {
            return;
        }
        after = last;
    }
}

/// Parts in the making.
struct Parts<'a> {
    view: &'a View,
    part: Part,
    bytes: usize,
    encoded: Vec<Payload>,
}

impl<'a> Parts<'a> {
    fn new(through: Position, at_ms: Millis, view: &'a View) -> Self {
        let part = Part {
            through,
            last: false,
            admin_units: Vec::new(),
            districts: Vec::new(),
            units: Vec::new(),
            incidents: Vec::new(),
            sensors: Vec::new(),
            cameras: Vec::new(),
            alarms: Vec::new(),
            live_nodes: None,
            models: Vec::new(),
            tallies: Vec::new(),
            instructions: Vec::new(),
            calls: Vec::new(),
            agents: Vec::new(),
            call_desk: None,
            exercises: Vec::new(),
            rooms: Vec::new(),
            shift_notes: Vec::new(),
            waiting_reports: Vec::new(),
            part: 0,
            at_ms,
        };
        Self { view, part, bytes: 0, encoded: Vec::new() }
    }

    /// Adds a record of about `bytes`, in a new part if this one is full.
    fn add(&mut self, bytes: usize, put: impl FnOnce(&mut Part)) {
        if self.bytes + bytes > FRAME_BYTES_SOFT_MAX && self.bytes > 0 {
            let next = Self::new(self.part.through, self.part.at_ms, self.view).part;
            let part = self.part.part + 1;
            let full = std::mem::replace(&mut self.part, Part { part, ..next });
            self.encoded.push(ToScreen::Snapshot(full).encode(self.view.encoding));
            self.bytes = 0;
        }
        self.bytes += bytes;
        put(&mut self.part);
    }

    fn finish(mut self) -> Picture {
        let through = self.part.through;
        self.part.last = true;
        self.encoded.push(ToScreen::Snapshot(self.part).encode(self.view.encoding));
        Picture { through, parts: Arc::from(self.encoded) }
    }
}
