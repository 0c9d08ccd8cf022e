//! The one place where what comes over the wire becomes a screen's state, by the rules of the web's own fold: the same
//! messages in the same order give the same picture on every screen. Pure.

use domain::wire::generated::{Event, Frame, Position, Reading, Snapshot, WaitReason, event::Subject, to_screen::Body};

use super::picture::{Group, Picture, name_of, seen};

/// What the caller has to do after a fold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folded {
    /// Nothing.
    Taken,
    /// A group is void: subscribe again from the positions that are left.
    Resubscribe,
}

/// Folds one message into the picture.
///
/// A frame is taken only when it continues the group's place exactly. A frame at or before that place is a double and
/// changes nothing; any other is a gap, which voids the group's place until a snapshot replaces what it has.
pub fn fold(picture: &mut Picture, body: Body) -> Folded {
    let is_taken = match body {
        Body::Snapshot(snapshot) => fold_snapshot(picture, snapshot),
        Body::Frame(frame) => fold_frame(picture, &frame),
        Body::Reset(reset) => {
            if let Some(group) = usize::try_from(reset.group).ok().and_then(|group| picture.groups.get_mut(group)) {
                let seen = std::mem::take(&mut group.seen);
                *group = Group { seen, ..Group::default() };
                picture.counters.resets += 1;
            }
            true
        }
        Body::Heartbeat(heartbeat) => {
            picture.heartbeat = Some(heartbeat);
            true
        }
        Body::Welcome(_) | Body::Pong(_) | Body::Bye(_) | Body::VideoFrame(_) | Body::VideoStatus(_) => true,
    };
    if is_taken { Folded::Taken } else { Folded::Resubscribe }
}

/// Takes one part; false when the parts do not follow each other, which voids the group.
fn fold_snapshot(picture: &mut Picture, snapshot: Snapshot) -> bool {
    let Picture { groups, counters, .. } = picture;
    let group = snapshot.through.and_then(|through| Some((through, groups.get_mut(index(through)?)?)));
    let Some((through, group)) = group else { return false };
    if snapshot.part == 0 {
        let seen = std::mem::take(&mut group.seen);
        *group = Group { seen, building: Some((through, 0)), ..Group::default() };
    }
    if group.building != Some((through, snapshot.part)) {
        counters.gaps += 1;
        group.through = None;
        group.building = None;
        return false;
    }
    group.building = Some((through, snapshot.part + 1));
    let records = (snapshot.admin_units.into_iter().map(Subject::AdminUnit))
        .chain(snapshot.districts.into_iter().map(Subject::District))
        .chain(snapshot.units.into_iter().map(Subject::Unit))
        .chain(snapshot.incidents.into_iter().map(Subject::Incident))
        .chain(snapshot.sensors.into_iter().map(Subject::Sensor))
        .chain(snapshot.cameras.into_iter().map(Subject::Camera))
        .chain(snapshot.alarms.into_iter().map(Subject::Alarm))
        .chain(snapshot.live_nodes.into_iter().map(Subject::LiveNodes))
        .chain(snapshot.models.into_iter().map(Subject::Model))
        .chain(snapshot.tallies.into_iter().map(Subject::Tally))
        .chain(snapshot.instructions.into_iter().map(Subject::Instruction))
        .chain(snapshot.calls.into_iter().map(Subject::Call))
        .chain(snapshot.agents.into_iter().map(Subject::Agent))
        .chain(snapshot.call_desk.into_iter().map(Subject::CallDesk))
        .chain(snapshot.exercises.into_iter().map(Subject::Exercise))
        .chain(snapshot.rooms.into_iter().map(Subject::Room))
        .chain(snapshot.shift_notes.into_iter().map(Subject::ShiftNote))
        .chain(snapshot.waiting_reports.into_iter().map(Subject::WaitingReport));
    group.records.extend(records.filter_map(|record| Some((name_of(&record)?, record))));
    if snapshot.last {
        group.through = Some(through);
        group.at_ms = snapshot.at_ms;
        group.building = None;
        counters.snapshots += 1;
    }
    true
}

/// Takes, drops as double, or refuses (false: a gap) one frame.
fn fold_frame(picture: &mut Picture, frame: &Frame) -> bool {
    let Picture { groups, counters, seen_max, .. } = picture;
    let (Some(from), Some(through)) = (frame.from, frame.through) else {
        counters.gaps += 1;
        return false;
    };
    let group = index(from).and_then(|at| groups.get_mut(at)).filter(|_| from.group == through.group);
    let Some(group) = group else {
        counters.gaps += 1;
        return false;
    };
    // Before the snapshot is complete there is no place to continue from: the frame belongs to what it will replace.
    let Some(held) = group.through else { return true };
    if from != held {
        if is_not_after(through, held) {
            counters.doubles += 1;
            return true;
        }
        counters.gaps += 1;
        group.through = None;
        return false;
    }
    if is_not_after(through, from) {
        counters.disorders += 1;
    }
    for event in &frame.events {
        // A group's clock never goes back.
        if event.at_ms < group.last_event_ms {
            counters.disorders += 1;
        }
        group.last_event_ms = event.at_ms;
        counters.events += 1;
        if let Some(Subject::Readings(readings)) = &event.subject {
            counters.readings += readings.readings.len() as u64;
        }
        remember(group, event, through, *seen_max, &mut counters.forgotten);
        fold_event(group, event);
    }
    for name in &frame.withdrawn {
        group.records.remove(name);
    }
    group.through = Some(through);
    group.at_ms = frame.at_ms;
    counters.frames += 1;
    true
}

fn remember(group: &mut Group, event: &Event, through: Position, seen_max: usize, forgotten: &mut u64) {
    if seen_max == 0 {
        *forgotten += 1;
        return;
    }
    if group.seen.len() >= seen_max {
        group.seen.pop_front();
        *forgotten += 1;
    }
    group.seen.push_back(seen(event, through));
    group.seen_since_snapshot = (group.seen_since_snapshot + 1).min(group.seen.len());
}

/// Replaces the event's subject: it is the whole record as it stands after the event.
fn fold_event(group: &mut Group, event: &Event) {
    match &event.subject {
        Some(Subject::Readings(readings)) => {
            readings.readings.iter().for_each(|reading| fold_reading(group, reading, event.at_ms));
        }
        Some(subject) => {
            if let Subject::Model(model) = subject {
                // A version that has left takes its tally with it.
                let of_model = format!("tally/{}/", model.name);
                let is_known = |version: &str| model.versions.iter().any(|known| known.version == version);
                group.records.retain(|name, _| name.strip_prefix(&of_model).is_none_or(is_known));
            }
            let Some(name) = name_of(subject) else { return };
            // A report that waits no more is told once, and forgotten.
            if matches!(subject, Subject::WaitingReport(it) if it.why == WaitReason::Settled as i32) {
                group.records.remove(&name);
            } else {
                group.records.insert(name, subject.clone());
            }
        }
        None => {}
    }
}

/// A reading that comes late fills the history; the newest device time is what a sensor shows.
fn fold_reading(group: &mut Group, reading: &Reading, recorded_at_ms: u64) {
    let record = group.records.get_mut(&format!("sensor/{}", reading.sensor));
    let Some(Subject::Sensor(sensor)) = record else { return };
    if reading.at_ms <= sensor.last_at_ms {
        return;
    }
    if reading.status != 0 {
        sensor.status = reading.status;
    }
    sensor.last_at_ms = reading.at_ms;
    sensor.last_micro = reading.value_micro;
    sensor.last_recorded_at_ms = recorded_at_ms;
}

fn index(position: Position) -> Option<usize> {
    usize::try_from(position.group).ok()
}

/// Whether `one` is at or before `two`. Places of different epochs are not comparable.
fn is_not_after(one: Position, two: Position) -> bool {
    one.epoch == two.epoch && (one.index, one.ordinal) <= (two.index, two.ordinal)
}

#[cfg(test)]
mod tests;
