//! The outbox. A notice is put in the entry of the change that it tells of, so neither is there without the other; it leaves
//! when its receiver has confirmed it. What state has no room for is parked: a row of history under the next number, from where whoever
//! carries notices reads it in its turn. As long as any is parked what comes is parked behind it, so the order is that of the numbers. At
//! the bound of what one receiver may have parked its newest notices are counted and not kept, and the next one that is says how many: a
//! receiver that is slow or gone harms itself only.

use super::{Outcome, Work, accepted, deadline, incident, valid};
use crate::{
    AdminUnitCode, ConfirmNotices, Event, EventKind, GiveUpNotice, Handover, Incident, Notice, NoticeGivenUp,
    PutReceiver, Receiver, ReceiverId, Subject, UnitId,
    handover::is_of_handover,
    limits, rows,
    stored::{self, Touched},
    wire::Record,
};

/// An empty secret keeps the one that is there, because whoever edits a receiver cannot see it.
pub(super) fn put(work: &mut Work<'_>, command: &PutReceiver) -> Outcome {
    let mut receiver = command.receiver.clone();
    valid::name("receiver.name", &receiver.name)?;
    valid::line("receiver.url", &receiver.url, limits::URL_BYTES_MAX)?;
    if receiver.channel().is_none() {
        let remedy = "names no channel: begin it with https://, mailto:, wss:// or sms+https://, the last with #+ and a number; \
                      or send wss: alone where only they connect";
        return Err(valid::invalid("receiver.url", remedy));
    }
    valid::sealed("receiver.secret_sealed", &receiver.secret_sealed)?;
    valid::distinct("receiver.kinds", &receiver.kinds)?;
    if let Some(code) = &receiver.admin_unit
        && !work.state.admin_units.contains_key(code)
    {
        return Err(valid::not_found("receiver.admin_unit", code));
    }
    if let Some(unit) = &receiver.unit
        && !work.state.units.contains_key(unit)
    {
        return Err(valid::not_found("receiver.unit", unit));
    }
    let former = work.state.receivers.get(&receiver.id);
    let added = usize::from(former.is_none());
    valid::within("receiver", work.state.receivers.len() + added, limits::RECEIVERS_MAX)?;
    (receiver.newest, receiver.confirmed, receiver.missed, receiver.parked) =
        former.map_or((0, 0, 0, 0), |former| (former.newest, former.confirmed, former.missed, former.parked));
    receiver.given_up = former.and_then(|former| former.given_up.clone());
    let former_version = former.map(|former| former.version);
    receiver.version = valid::next_version("receiver.version", receiver.version, former_version)?;
    if receiver.secret_sealed.is_empty()
        && let Some(former) = former
    {
        receiver.secret_sealed = former.secret_sealed.clone();
    }
    let outcome = accepted(&receiver.id, receiver.newest);
    keep(work, receiver);
    Ok(outcome)
}

/// Sent again, or late, it changes nothing.
pub(super) fn confirm(work: &mut Work<'_>, command: &ConfirmNotices) -> Outcome {
    let mut receiver = work
        .state
        .receivers
        .get(&command.receiver)
        .cloned()
        .ok_or_else(|| valid::not_found("receiver", &command.receiver))?;
    if command.through > receiver.newest {
        let remedy = format!("has not been sent: at most {}", receiver.newest);
        return Err(valid::invalid("through", remedy));
    }
    let confirmed = usize::try_from(command.through.saturating_sub(receiver.confirmed)).unwrap_or(usize::MAX);
    valid::within("through", confirmed, limits::NOTICES_MAX)?;
    for number in receiver.confirmed + 1..=command.through {
        take_out(work, &receiver, number);
    }
    let outcome = accepted(&receiver.id, receiver.newest);
    if command.through > receiver.confirmed {
        is_through(&mut receiver, command.through);
        keep(work, receiver);
    }
    Ok(outcome)
}

/// Takes a notice out of where it waits; none: it was parked, and no entry reads history.
fn take_out(work: &mut Work<'_>, receiver: &Receiver, number: u64) -> Option<Notice> {
    if number > receiver.newest_in_state() {
        work.deleted.push(rows::parked_notice_key(&receiver.id, number));
        return None;
    }
    let key = (receiver.id.clone(), number);
    let notice = work.state.notices.remove(&key);
    work.touch(Touched::Notice(key.0, key.1));
    notice
}

/// It has all up to this number.
fn is_through(receiver: &mut Receiver, number: u64) {
    receiver.confirmed = number;
    receiver.parked = receiver.parked.min(receiver.newest.saturating_sub(number));
}

/// Only of the oldest: sent again, or late, it changes nothing. A hand-over that the receiver refuses to hear of goes to its second
/// channel at once; one that was parked has waited behind thousands and goes there by its own clock.
pub(super) fn give_up(work: &mut Work<'_>, command: &GiveUpNotice) -> Outcome {
    let found = work.state.receivers.get(&command.receiver).cloned();
    let mut receiver = found.ok_or_else(|| valid::not_found("receiver", &command.receiver))?;
    valid::text("reason", &command.reason)?;
    if command.number > receiver.newest {
        let remedy = format!("has not been sent: at most {}", receiver.newest);
        return Err(valid::invalid("number", remedy));
    }
    let outcome = accepted(&receiver.id, receiver.newest);
    if command.number != receiver.confirmed + 1 {
        return Ok(outcome);
    }
    let notice = take_out(work, &receiver, command.number);
    let count = receiver.given_up.as_ref().map_or(0, |former| former.count).saturating_add(1);
    is_through(&mut receiver, command.number);
    receiver.given_up =
        Some(NoticeGivenUp { count, number: command.number, reason: command.reason.clone(), at_ms: work.now });
    keep(work, receiver);
    let told = notice.and_then(|notice| Event::decode(&notice.event).ok());
    if let Some(told) = told.filter(|told| told.kind == EventKind::HandoverOffered)
        && let Some((incident, handover)) = Handover::of_event(&told)
    {
        incident::escalate_handover(work, &incident.id, handover.clock);
    }
    Ok(outcome)
}

/// Puts what the entry's events tell into the outbox of each receiver that is told of it.
pub(super) fn post(work: &mut Work<'_>) {
    if work.state.receivers.is_empty() {
        return;
    }
    let events = work.events.clone();
    let is_for_many = |event: &&Event| {
        // Drafts are nobody's business but ours, and of a hand-over only its other side is told.
        let is_draft = matches!(event.kind, EventKind::WarningDrafted | EventKind::WarningRejected);
        !is_draft && !is_of_handover(event.kind)
    };
    for event in events.iter().filter(is_for_many) {
        let Some(place) = place_of(event).map(|place| place.cloned()) else { continue };
        let is_told = |receiver: &&Receiver| {
            let lies_in =
                |above: &AdminUnitCode| place.as_ref().is_none_or(|place| deadline::lies_in(work.state, above, place));
            let reaches = receiver.admin_unit.as_ref().is_none_or(lies_in);
            let concerns = receiver.unit.as_ref().is_none_or(|unit| is_of_unit(event, unit));
            !receiver.disabled && receiver.kinds.contains(&event.kind) && reaches && concerns
        };
        let told: Vec<_> = work.state.receivers.values().filter(is_told).cloned().collect();
        for receiver in told {
            post_to(work, receiver, event);
        }
    }
}

/// Puts the newest event into the queue of one receiver that it is for, whatever else that one is told of.
pub(super) fn post_newest(work: &mut Work<'_>, receiver: &ReceiverId) {
    let Some(event) = work.events.last().cloned() else { return };
    let found = work.state.receivers.get(receiver).filter(|receiver| !receiver.disabled).cloned();
    if let Some(receiver) = found {
        post_to(work, receiver, &event);
    }
}

/// Puts the newest event, which is about a crew's offer, into the queues of the crew's own text messages, as one of its incident: whatever
/// else they are told of.
pub(super) fn text_crew(work: &mut Work<'_>, unit: &UnitId, incident: &Incident) {
    let Some(newest) = work.events.last().cloned() else { return };
    let event = Event { note: unit.to_string(), subject: Some(incident.clone().into()), ..newest };
    let texts: Vec<_> = work.state.crew_texts(unit).cloned().collect();
    for receiver in texts {
        post_to(work, receiver, &event);
    }
}

fn post_to(work: &mut Work<'_>, mut receiver: Receiver, event: &Event) {
    let waiting = usize::try_from(receiver.newest - receiver.confirmed).unwrap_or(usize::MAX);
    // None that comes later is before one that is parked.
    let is_parked = receiver.parked > 0 || waiting >= limits::NOTICES_MAX;
    if is_parked && receiver.parked >= limits::NOTICES_PARKED_MAX {
        receiver.missed = receiver.missed.saturating_add(1);
        return keep(work, receiver);
    }
    receiver.newest += 1;
    let key = (receiver.id.clone(), receiver.newest);
    let missed_before = std::mem::take(&mut receiver.missed);
    let event = shown(event).encode().into();
    let notice = Notice { receiver: key.0.clone(), number: receiver.newest, index: work.index, missed_before, event };
    if is_parked {
        receiver.parked += 1;
        work.history.push(stored::row(rows::parked_notice_key(&key.0, key.1), &notice));
    } else {
        work.touch(Touched::Notice(key.0.clone(), key.1));
        work.state.notices.insert(key, notice);
    }
    keep(work, receiver);
}

fn keep(work: &mut Work<'_>, receiver: Receiver) {
    work.touch(Touched::Receiver(receiver.id.clone()));
    work.state.receivers.insert(receiver.id.clone(), receiver);
}

/// Where what the event is about lies; only incidents, instructions, warnings and exercises are told of, and the last to everybody.
fn place_of(event: &Event) -> Option<Option<&AdminUnitCode>> {
    match event.subject.as_ref()? {
        Subject::Incident(incident) => Some(Some(&incident.place.admin_unit)),
        Subject::Instruction(instruction) => Some(Some(&instruction.admin_unit)),
        Subject::Warning(warning) => Some(Some(&warning.admin_unit)),
        Subject::Exercise(_) => Some(None),
        _ => None,
    }
}

/// Whether its crew has to know: a person is called because of it, or what it left undone is now its own; else, it is on the incident.
fn is_of_unit(event: &Event, unit: &UnitId) -> bool {
    let Some(Subject::Incident(incident)) = &event.subject else { return false };
    let called = incident.dispatch.attentions.last().filter(|_| event.kind == EventKind::IncidentAttentionRaised);
    called.map_or_else(
        || incident.units.contains(unit),
        |called| called.unit == *unit || called.next.as_ref() == Some(unit),
    )
}

/// The event without what shadows said of its incident: that is nobody's advice.
fn shown(event: &Event) -> Event {
    let mut event = event.clone();
    if let Some(Subject::Incident(Incident { suggestions, .. })) = &mut event.subject {
        suggestions.retain(|suggestion| !suggestion.shadow);
    }
    event
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bytes::Bytes;

    use super::*;
    use crate::{GroupId, Millis, State};

    #[test]
    fn past_the_bound_of_what_is_parked_the_newest_are_counted_and_the_next_says_how_many() {
        let (mut state, mut touched) = (State::new(GroupId::COMMAND), BTreeSet::new());
        let (id, newest) = (ReceiverId::new("gone").unwrap(), limits::NOTICES_PARKED_MAX + 7);
        let gone = Receiver {
            id: id.clone(),
            name: "gone".into(),
            url: "https://example/notices".into(),
            secret_sealed: Bytes::new(),
            kinds: vec![EventKind::IncidentOpened],
            admin_unit: None,
            disabled: false,
            newest,
            confirmed: 7,
            missed: 0,
            given_up: None,
            unit: None,
            version: 0,
            parked: limits::NOTICES_PARKED_MAX,
        };
        state.receivers.insert(id.clone(), gone);
        let mut work = Work {
            state: &mut state,
            index: 9,
            proposal: &Bytes::new(),
            now: Millis(5),
            grant: None,
            again: false,
            events: Vec::new(),
            encoded: Vec::new(),
            touched: &mut touched,
            history: Vec::new(),
            deleted: Vec::new(),
        };
        let kind = EventKind::IncidentOpened;
        let event = Event { kind, by: None, note: String::new(), at_ms: Millis(5), ordinal: 0, subject: None };
        for _ in 0..2 {
            let receiver = work.state.receivers[&id].clone();
            post_to(&mut work, receiver, &event);
        }
        let found = work.state.receivers[&id].clone();
        assert_eq!((found.newest, found.parked, found.missed), (newest, limits::NOTICES_PARKED_MAX, 2));
        assert!(work.history.is_empty());

        confirm(&mut work, &ConfirmNotices { receiver: id.clone(), through: 8 }).unwrap();
        assert_eq!(work.deleted, [rows::parked_notice_key(&id, 8)]);
        let receiver = work.state.receivers[&id].clone();
        post_to(&mut work, receiver, &event);
        let row = work.history.pop().unwrap();
        assert_eq!(row.key, rows::parked_notice_key(&id, newest + 1));
        let notice = Notice::decode(&row.value).unwrap();
        assert_eq!((notice.number, notice.missed_before), (newest + 1, 2));
        let found = &work.state.receivers[&id];
        assert_eq!((found.newest, found.parked, found.missed), (newest + 1, limits::NOTICES_PARKED_MAX, 0));
    }
}
