//! Batches of events made into the frames of one view. Pure.

use std::{borrow::Cow, sync::Arc};

use domain::{Event, EventBatch, Millis, Position, Subject};

use super::{
    message::{Frame, Payload, ToScreen},
    places::{Moves, Places},
    view::{View, key_of, seat},
};
use crate::limits::FRAME_BYTES_SOFT_MAX;

/// A stretch of one group's log, from where a screen is to where it shall be.
pub(crate) struct Stretch<'a> {
    /// The screen's last `through`, said again word by word.
    pub(crate) from: Position,
    pub(crate) through: Position,
    /// State's clock at `through`.
    pub(crate) at_ms: Millis,
    /// All batches in between, ascending.
    pub(crate) batches: &'a [Arc<EventBatch>],
}

/// The frames of a stretch as the view shows it, encoded. Empty when nothing in it is visible; with `always` there is a
/// frame even then, as long as the position moves. `None`: what left the view is not known, and only a snapshot helps.
pub(crate) fn frames(
    view: &View,
    stretch: &Stretch<'_>,
    places: &Places,
    moves: &Moves,
    always: bool,
) -> Option<Vec<Payload>> {
    let mut encoded = Vec::new();
    let mut draft = Draft::new(stretch.from, stretch.at_ms);
    // Of the last batch that is in the draft.
    let mut reached = None;
    for batch in stretch.batches {
        let gone = moves.withdrawn(view, batch)?;
        let seen = shown(view, batch, places, &gone);
        if gone.is_empty() && seen.is_empty() {
            continue;
        }
        let weight = seen.iter().map(|event| weight(event)).sum::<usize>() + gone.len() * 64;
        if let Some((cut, at_ms)) = reached.filter(|_| draft.weight + weight > FRAME_BYTES_SOFT_MAX) {
            encoded.push(draft.encode(cut, at_ms, view));
            draft = Draft::new(cut, stretch.at_ms);
        }
        draft.take(seen, gone, weight);
        reached = Some((last_of(stretch.from, batch), batch.at_ms));
    }
    if reached.is_some() || (always && stretch.from != stretch.through) {
        encoded.push(draft.encode(stretch.through, stretch.at_ms, view));
    }
    Some(encoded)
}

/// The events of a batch that the view shows. An event shows a record as it stands afterwards: what the batch said of a record
/// before it left the view is not for this view any more, and only what it says after that brings the record back.
fn shown<'a>(view: &View, batch: &'a EventBatch, places: &Places, gone: &[String]) -> Vec<Cow<'a, Event>> {
    let mut seen: Vec<Cow<'a, Event>> = Vec::new();
    for event in &batch.events {
        if let Some(shown) = view.filter(event, places) {
            seen.push(shown);
        } else if let Some(name) = name_of(event).filter(|name| gone.contains(name)) {
            seen.retain(|earlier| name_of(earlier).is_none_or(|of| of != name));
        }
    }
    seen
}

/// The position of a batch's last event.
pub(crate) fn last_of(like: Position, batch: &EventBatch) -> Position {
    let ordinal = batch.events.last().map_or(0, |event| event.ordinal);
    Position { index: batch.index, ordinal, ..like }
}

/// A frame in the making.
struct Draft<'a> {
    frame: Frame<'a>,
    weight: usize,
}

impl<'a> Draft<'a> {
    fn new(from: Position, at_ms: Millis) -> Self {
        Self { frame: Frame { from, through: from, events: Vec::new(), withdrawn: Vec::new(), at_ms }, weight: 0 }
    }

    /// Adds a batch. A record that went and came back within the frame has only come, one that came and went has only
    /// gone: so it does not matter in which order a screen takes events and withdrawals.
    fn take(&mut self, seen: Vec<Cow<'a, Event>>, gone: Vec<String>, weight: usize) {
        if !gone.is_empty() {
            self.frame.events.retain(|event| name_of(event).is_none_or(|name| !gone.contains(&name)));
            self.frame.withdrawn.extend(gone);
        }
        if !self.frame.withdrawn.is_empty() {
            for name in seen.iter().filter_map(|event| name_of(event)) {
                self.frame.withdrawn.retain(|withdrawn| *withdrawn != name);
            }
        }
        self.frame.events.extend(seen);
        self.weight += weight;
    }

    fn encode(mut self, through: Position, at_ms: Millis, view: &View) -> Payload {
        self.frame.through = through;
        self.frame.at_ms = at_ms;
        ToScreen::Frame(self.frame).encode(view.encoding)
    }
}

/// "noun/id" of the record that the event shows, as in `Frame.withdrawn`.
fn name_of(event: &Event) -> Option<String> {
    let subject = event.subject.as_ref()?;
    seat(subject).1?;
    Some(format!("{}/{}", subject.noun(), key_of(subject)?))
}

/// About the bytes of an event, cheaper than encoding it: frames are cut by it, and nothing depends on it being exact.
fn weight(event: &Event) -> usize {
    let subject = match &event.subject {
        Some(Subject::Readings(readings)) => readings.readings.len() * 40,
        Some(Subject::Incident(incident)) => {
            256 + incident.summary.len() + incident.sources.len() * 96 + incident.clocks.len() * 256
        }
        Some(Subject::Instruction(instruction)) => 256 + instruction.title.len() + instruction.clocks.len() * 256,
        Some(Subject::Call(call)) => 256 + call.steps.len() * 48,
        Some(Subject::ShiftNote(it)) => 256 + it.note.len() + it.incidents.len() * 16,
        Some(Subject::DutyEntry(it)) => 128 + it.text.len(),
        Some(Subject::WaitingReport(it)) => 256 + it.text.len() + it.note.len(),
        Some(Subject::District(district)) => 128 + district.admin_units.len() * 16,
        Some(Subject::Sensor(sensor)) => 256 + sensor.thresholds.len() * 64,
        _ => 256,
    };
    64 + event.note.len() + subject
}
