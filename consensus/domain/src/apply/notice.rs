//! The outbox. A notice is put in the entry of the change that it tells of, so neither is there without the other; it leaves
//! when its receiver has confirmed it. At the bound of one receiver its newest notices are counted and not kept, and the
//! next one that is says how many: a receiver that is slow or gone harms itself only.

use super::{Outcome, Work, accepted, deadline, incident, valid};
use crate::{
    AdminUnitCode, ConfirmNotices, Event, EventKind, GiveUpNotice, Handover, Incident, Notice, NoticeGivenUp,
    PutReceiver, Receiver, ReceiverId, Subject, UnitId, handover::is_of_handover, limits, stored::Touched,
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
    (receiver.newest, receiver.confirmed, receiver.missed) =
        former.map_or((0, 0, 0), |former| (former.newest, former.confirmed, former.missed));
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
    for number in receiver.confirmed + 1..=command.through {
        work.state.notices.remove(&(receiver.id.clone(), number));
        work.touch(Touched::Notice(receiver.id.clone(), number));
    }
    let outcome = accepted(&receiver.id, receiver.newest);
    if command.through > receiver.confirmed {
        receiver.confirmed = command.through;
        keep(work, receiver);
    }
    Ok(outcome)
}

/// Only of the oldest: sent again, or late, it changes nothing. A hand-over that the receiver refuses to hear of goes to its second
/// channel at once.
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
    let key = (receiver.id.clone(), command.number);
    let notice = work.state.notices.remove(&key);
    work.touch(Touched::Notice(key.0.clone(), key.1));
    let count = receiver.given_up.as_ref().map_or(0, |former| former.count).saturating_add(1);
    receiver.confirmed = command.number;
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
    if waiting >= limits::NOTICES_MAX {
        receiver.missed = receiver.missed.saturating_add(1);
        return keep(work, receiver);
    }
    receiver.newest += 1;
    let key = (receiver.id.clone(), receiver.newest);
    let missed_before = std::mem::take(&mut receiver.missed);
    let event = shown(event).encode().into();
    let notice = Notice { receiver: key.0.clone(), number: receiver.newest, index: work.index, missed_before, event };
    work.touch(Touched::Notice(key.0.clone(), key.1));
    work.state.notices.insert(key, notice);
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
