//! Screens at rest: each shows the state of the cluster, and what it was told since its last picture is what truly happened, each event once and in order.
//! Gaps, doubles and disorders are noticed while they are told (`screen.rs`).

use agree::{
    judge::{Verdict, broken},
    world::World,
};
use domain::{Event, EventBatch, GroupId, State, Subject, wire::Record, wire::generated::event::Subject as Wire};
use node::watch::picture::{Group, Picture, Seen};

use crate::{screen::Screen, town::Town};

/// Whether the screen is connected and as far as the nodes are.
#[must_use]
pub fn is_even(town: &Town, screen: &Screen) -> bool {
    let Some(groups) = screen.node().and_then(|node| town.world.groups(node)) else { return false };
    let picture = screen.picture();
    picture.is_complete()
        && World::group_ids().all(|group| {
            let through = held(&picture, group).and_then(|held| held.through);
            through.is_some_and(|through| through.index == groups.applied(group).index)
        })
}

fn held(picture: &Picture, group: GroupId) -> Option<&Group> {
    picture.groups.get(usize::try_from(group.0).ok()?)
}

/// Judges a screen that is even with its node.
pub fn judge(town: &Town, screen: &Screen) -> Verdict {
    let picture = screen.picture();
    let person = screen.person;
    for group in World::group_ids() {
        let Some(held) = held(&picture, group) else { continue };
        let judged = town.world.judges.ask(group, |judges| {
            is_state(person, held, judges.truth.state())?;
            is_history(person, held, judges.truth.batches())
        });
        judged.unwrap_or(Ok(()))?;
    }
    Ok(())
}

/// Each incident, unit and alarm as the state has it, and no other.
fn is_state(person: u64, held: &Group, state: &State) -> Verdict {
    let incidents = state.incidents().values().map(|it| (format!("incident/{}", it.id), Wire::Incident(it.to_wire())));
    let units = state.units().values().map(|it| (format!("unit/{}", it.id), Wire::Unit(it.to_wire())));
    let alarms = state.alarms().values().map(|it| (format!("alarm/{}", it.key), Wire::Alarm(it.to_wire())));
    let mut count = 0;
    for (name, record) in incidents.chain(units).chain(alarms) {
        count += 1;
        let shown = held.records.get(&name);
        if shown != Some(&record) {
            return Err(broken(
                "screens",
                format_args!("the screen of {person} shows {name} as {shown:?}, where {record:?} is true"),
            ));
        }
    }
    let is_judged = |record: &&Wire| matches!(record, Wire::Incident(_) | Wire::Unit(_) | Wire::Alarm(_));
    let shown = held.records.values().filter(is_judged).count();
    if shown == count {
        return Ok(());
    }
    Err(broken("screens", format_args!("the screen of {person} shows {shown} records, where {count} are there")))
}

/// What is compared of an event: its place in its entry, its time, what happened, to what.
type Told = (u32, u64, String, String);

fn truly(event: &Event) -> Option<Told> {
    let subject = match event.subject.as_ref()? {
        Subject::Incident(it) => format!("incident/{}", it.id),
        Subject::Unit(it) => format!("unit/{}", it.id),
        Subject::Alarm(it) => format!("alarm/{}", it.key),
        Subject::Readings(it) => format!("reading/{}", it.readings.len()),
        _ => return None,
    };
    Some((event.ordinal, event.at_ms.0, event.kind.as_str().to_owned(), subject))
}

fn shown(seen: &Seen) -> Option<Told> {
    let is_judged = ["incident/", "unit/", "alarm/", "reading/"].iter().any(|noun| seen.subject.starts_with(noun));
    let kind = seen.kind.map_or("", domain::EventKind::as_str).to_owned();
    is_judged.then(|| (seen.at.ordinal, seen.at_ms, kind, seen.subject.clone()))
}

/// What the screen was told since its last picture is the end of the true history.
fn is_history(person: u64, held: &Group, history: &[EventBatch]) -> Verdict {
    let shown: Vec<Told> = held.since_snapshot().filter_map(shown).collect();
    let truly: Vec<Told> = history.iter().flat_map(|batch| &batch.events).filter_map(truly).collect();
    let end = truly.len().checked_sub(shown.len()).map(|from| &truly[from..]);
    if end == Some(shown.as_slice()) {
        return Ok(());
    }
    let wrong = end.and_then(|end| shown.iter().zip(end).find(|(shown, truly)| shown != truly));
    Err(broken(
        "screens",
        format_args!(
            "the screen of {person} was told {} events since its picture; the first wrong one: {wrong:?}",
            shown.len()
        ),
    ))
}
