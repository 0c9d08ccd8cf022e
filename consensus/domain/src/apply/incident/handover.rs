//! Hand-overs of an incident, out and in.
//!
//! | command | from | to |
//! |---|---|---|
//! | offer, to another service or to one of our rooms; receive | – | offered |
//! | (its clock is late, or the other side's system will not hear of it) | offered | escalated: the second channel is told |
//! | answer | offered, escalated | accepted, refused |
//! | withdraw; resolve and close the incident; they retract | offered, escalated | withdrawn |
//! | withdraw (we take the lead back) | accepted, of ours | withdrawn |
//! | retract (they take it back) | accepted, of theirs | withdrawn |
//!
//! Only the other side is told of these, by a notice in its own queue; what a screen shows is the incident.

use super::{Facts, find, find_version, is_live, keep, keep_as_it_was, need, open_incident, sent};
use crate::{
    AnswerHandover, ClockStage, ClockStatus, DutyPostId, EventKind, Handover, HandoverDirection, HandoverStatus,
    Incident, IncidentId, Millis, Obligation, OfferHandover, Origin, ReceiveHandover, Receiver, ReceiverId, Refusal,
    RefusalCode, RetractHandover, Room, RoomId, Source, Step, WithdrawHandover,
    apply::{Outcome, Work, accepted, deadline, notice, valid},
    deadline::ClockTerms,
    limits,
};

pub(in crate::apply) fn offer(work: &mut Work<'_>, command: &OfferHandover) -> Outcome {
    valid::text("reason", &command.reason)?;
    valid::maybe_name("contact", &command.contact)?;
    valid::maybe_name("second_contact", &command.second_contact)?;
    let room = command.room.as_ref().map(|id| room(work, id)).transpose()?;
    let party_name = match (&room, &command.to) {
        (Some(_), Some(_)) => return Err(valid::invalid("to", "stands beside a room: name one of the two")),
        (Some(room), None) => room.name.clone(),
        (None, Some(id)) => receiver(work, "to", id)?.name.clone(),
        (None, None) => {
            valid::name("to_name", &command.to_name)?;
            valid::name("contact", &command.contact)?;
            command.to_name.clone()
        }
    };
    if let Some(second) = &command.second {
        receiver(work, "second", second)?;
    }
    if room.is_some() && command.second.is_some() {
        let remedy = "is another service: of a room name whom to telephone, or give it a post with a roster";
        return Err(valid::invalid("second", remedy));
    }
    // Of a room with a roster, those on duty are called.
    let post = room.as_ref().and_then(|room| room.post.clone());
    let has_second = command.second.is_some() || !command.second_contact.trim().is_empty() || post.is_some();
    if !has_second || (command.second.is_some() && command.second == command.to) {
        let remedy = "is missing: name another receiver, or whom to telephone when nobody answers";
        return Err(valid::invalid("second", remedy));
    }
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    need(&incident, is_live(incident.status), "handed over")?;
    if let Some(room) = &room {
        need_along(work, &incident, room)?;
    }
    let is_there = |it: &&Handover| {
        it.status.is_waiting() && it.party == command.to && it.room == command.room && it.party_name == party_name
    };
    if let Some(open) = incident.dispatch.handovers.iter().find(is_there) {
        let message = format!("#{} waits for {party_name} already: wait for it, or withdraw it", open.number);
        return Err(valid::wrong_status("incident", message));
    }
    let handover = Handover {
        party: command.to.clone(),
        party_name,
        contact: command.contact.clone(),
        second: command.second.clone(),
        second_contact: command.second_contact.clone(),
        lead: command.lead,
        reason: command.reason.clone(),
        offered_by: work.by(),
        room: command.room.clone(),
        ..blank(work.now, if room.is_some() { HandoverDirection::Within } else { HandoverDirection::Out })
    };
    let note = add(work, &mut incident, handover, post.as_ref())?;
    sent(work, &mut incident);
    let outcome = keep(work, incident, EventKind::HandoverOffered, &note);
    tell(work, command.to.as_ref());
    Ok(outcome)
}

/// From another service's system, at least once: what is known by its reference opens nothing.
pub(in crate::apply) fn receive(work: &mut Work<'_>, command: &ReceiveHandover) -> Outcome {
    valid::name("reference", &command.reference)?;
    valid::text("summary", &command.summary)?;
    valid::place("place", &command.place)?;
    let from = receiver(work, "from", &command.from)?.clone();
    let is_it = |it: &Handover| {
        it.direction == HandoverDirection::In
            && it.party.as_ref() == Some(&from.id)
            && it.reference == command.reference
    };
    if let Some(known) = work.state.incidents.values().find(|incident| incident.dispatch.handovers.iter().any(is_it)) {
        return Ok(accepted(&known.id, known.version));
    }
    let facts = Facts {
        kind: command.kind,
        severity: command.severity,
        place: command.place.clone(),
        summary: command.summary.clone(),
        exercise: command.exercise,
        place_is_mapped: false,
    };
    let origin = Origin::Report(format!("{}: {}", from.id, command.reference));
    let source = Source { origin, episode: 0, version: 0, active: false, at_ms: work.now, alarm_report: None };
    let (id, _) = open_incident(work, facts, source)?;
    let mut incident = find(work, "incident", &id)?;
    let handover = Handover {
        party: Some(from.id),
        party_name: from.name,
        lead: command.lead,
        reason: command.summary.clone(),
        reference: command.reference.clone(),
        ..blank(work.now, HandoverDirection::In)
    };
    // A new incident has room for its first one.
    let note = add(work, &mut incident, handover, None)?;
    Ok(keep(work, incident, EventKind::HandoverReceived, &note))
}

/// Names the hand-over's number and not the incident's version: the other side does not know it. An answer that comes
/// again changes nothing.
pub(in crate::apply) fn answer(work: &mut Work<'_>, command: &AnswerHandover) -> Outcome {
    if command.accept {
        valid::maybe_text("answer", &command.answer)?;
    } else {
        valid::text("answer", &command.answer)?;
    }
    valid::maybe_name("answered_for", &command.answered_for)?;
    valid::maybe_name("reference", &command.reference)?;
    let mut incident = find(work, "incident", &command.incident)?;
    let (now, by) = (work.now, work.by());
    let status = if command.accept { HandoverStatus::Accepted } else { HandoverStatus::Refused };
    let version = incident.version;
    let can = is_live(incident.status);
    let handover = waiting_or_done(&mut incident, command.handover)?;
    let is_theirs = command.from.as_ref().is_some_and(|from| handover.is_with(from));
    match (&by, handover.direction) {
        // Whom a person telephones for.
        (by, HandoverDirection::Within) if *by == handover.offered_by => {
            let message = "you offered it: somebody of the room that it was offered to answers";
            return Err(Refusal::new(RefusalCode::Forbidden, "handover", message));
        }
        (Some(_), _) if command.from.is_none() => {}
        (None, HandoverDirection::Out) if is_theirs => {}
        _ => {
            let message = "this hand-over is not yours to answer: ask whom it was offered to";
            return Err(Refusal::new(RefusalCode::Forbidden, "handover", message));
        }
    }
    // Two channels may both say yes: the first one has it, and the second one hears that it has not.
    let is_again = command.from.is_none() || handover.taken_by == command.from;
    if handover.status == status && is_again {
        return Ok(accepted(&command.incident, version));
    }
    if !handover.status.is_waiting() || !can {
        let message = format!("it is {}: it cannot be answered any more", handover.status);
        return Err(valid::wrong_status("handover", message));
    }
    handover.status = status;
    handover.answered_at_ms = now;
    handover.answered_by = by;
    handover.answered_for.clone_from(&command.answered_for);
    handover.answer.clone_from(&command.answer);
    if let Some(from) = &command.from {
        handover.taken_by = Some(from.clone());
        handover.taken_by_name = work.state.receivers.get(from).map(|it| it.name.clone()).unwrap_or_default();
    }
    let others = told_beside(handover, command.from.as_ref());
    if !command.reference.is_empty() && handover.direction == HandoverDirection::Out {
        handover.reference.clone_from(&command.reference);
    }
    let (clock, is_in, party) = (handover.clock, handover.direction == HandoverDirection::In, handover.party.clone());
    let note = note(handover, &command.answer);
    end_clock(work, &mut incident, clock, ClockStatus::Met);
    let kind = if command.accept { EventKind::HandoverAccepted } else { EventKind::HandoverRefused };
    let outcome = keep(work, incident, kind, &note);
    if is_in {
        tell(work, party.as_ref());
    }
    others.iter().for_each(|other| tell(work, Some(other)));
    Ok(outcome)
}

/// Who was asked by another channel than the one that answers: their system has to show that nobody waits for them.
fn told_beside(handover: &Handover, from: Option<&ReceiverId>) -> Vec<ReceiverId> {
    if from.is_none() || handover.direction == HandoverDirection::In || !handover.escalated_at_ms.is_set() {
        return Vec::new();
    }
    let told = [&handover.party, &handover.second].into_iter().flatten();
    told.filter(|receiver| Some(*receiver) != from).cloned().collect()
}

pub(in crate::apply) fn withdraw(work: &mut Work<'_>, command: &WithdrawHandover) -> Outcome {
    valid::text("reason", &command.reason)?;
    let mut incident = find_version(work, &command.incident, command.expected_version)?;
    need(&incident, is_live(incident.status), "taken back")?;
    let now = work.now;
    let handover = waiting_or_done(&mut incident, command.handover)?;
    let can = handover.status.is_waiting() || handover.status == HandoverStatus::Accepted;
    if handover.direction == HandoverDirection::In || !can {
        let message =
            format!("it is {} and {}: only what we offered can be taken back", handover.direction, handover.status);
        return Err(valid::wrong_status("handover", message));
    }
    let was_escalated = handover.escalated_at_ms.is_set();
    handover.status = HandoverStatus::Withdrawn;
    handover.withdrawn_at_ms = now;
    let (clock, party) = (handover.clock, handover.party.clone());
    let second = handover.second.clone().filter(|_| was_escalated);
    let note = note(handover, &command.reason);
    end_clock(work, &mut incident, clock, ClockStatus::Void);
    let outcome = keep(work, incident, EventKind::HandoverWithdrawn, &note);
    tell(work, party.as_ref());
    tell(work, second.as_ref());
    Ok(outcome)
}

/// From the other side's system, at least once: what is withdrawn, refused or not known changes nothing. What we lead since they
/// gave it to us is theirs again, and both sides show it.
pub(in crate::apply) fn retract(work: &mut Work<'_>, command: &RetractHandover) -> Outcome {
    valid::maybe_text("reason", &command.reason)?;
    let from = receiver(work, "from", &command.from)?.id.clone();
    let is_it = |it: &Handover| {
        let can = it.status.is_waiting() || it.status == HandoverStatus::Accepted;
        it.direction == HandoverDirection::In
            && it.party.as_ref() == Some(&from)
            && it.reference == command.reference
            && can
    };
    let found = work.state.incidents.values().find(|incident| incident.dispatch.handovers.iter().any(is_it));
    let Some(mut incident) = found.cloned() else { return Ok(accepted(&from, 0)) };
    let Some(handover) = incident.dispatch.handovers.iter_mut().find(|it| is_it(it)) else {
        return Ok(accepted(&from, 0));
    };
    handover.status = HandoverStatus::Withdrawn;
    handover.withdrawn_at_ms = work.now;
    let (clock, note) = (handover.clock, note(handover, &command.reason));
    end_clock(work, &mut incident, clock, ClockStatus::Void);
    Ok(keep(work, incident, EventKind::HandoverWithdrawn, &note))
}

/// Its clock is late: the second channel, which is a system, a telephone that a person takes up, or both. The version
/// stays, as with every step of a clock.
pub(in crate::apply) fn escalate(work: &mut Work<'_>, id: &IncidentId, clock: u32) {
    let Some(mut incident) = work.state.incidents.get(id).cloned() else { return };
    let now = work.now;
    let is_it = |it: &&mut Handover| it.clock == clock && it.status == HandoverStatus::Offered;
    let Some(handover) = incident.dispatch.handovers.iter_mut().find(is_it) else { return };
    handover.status = HandoverStatus::Escalated;
    handover.escalated_at_ms = now;
    let second = handover.second.clone();
    let note = note(handover, &handover.second_contact);
    keep_as_it_was(work, incident, EventKind::HandoverEscalated, &note);
    tell(work, second.as_ref());
}

/// The incident is done: nobody has to take it over any more. The numbers of those that waited.
pub(super) fn withdraw_waiting(incident: &mut Incident, now: Millis) -> Vec<u32> {
    let mut waited = Vec::new();
    for handover in incident.dispatch.handovers.iter_mut().filter(|it| it.status.is_waiting()) {
        handover.status = HandoverStatus::Withdrawn;
        handover.withdrawn_at_ms = now;
        waited.push(handover.number);
    }
    waited
}

/// Tells whoever was asked, by each channel that was used, that nobody waits for them any more.
pub(super) fn tell_withdrawn(work: &mut Work<'_>, id: &IncidentId, numbers: &[u32]) {
    for number in numbers {
        let Some(incident) = work.state.incidents.get(id).cloned() else { return };
        let Some(handover) = incident.dispatch.handovers.iter().find(|it| it.number == *number) else { continue };
        if handover.direction != HandoverDirection::Out {
            continue;
        }
        let second = handover.second.clone().filter(|_| handover.escalated_at_ms.is_set());
        let (party, note) = (handover.party.clone(), note(handover, incident.status.as_str()));
        if party.is_none() && second.is_none() {
            continue;
        }
        keep_as_it_was(work, incident, EventKind::HandoverWithdrawn, &note);
        tell(work, party.as_ref());
        tell(work, second.as_ref());
    }
}

fn blank(now: Millis, direction: HandoverDirection) -> Handover {
    Handover {
        number: 0,
        direction,
        party: None,
        party_name: String::new(),
        contact: String::new(),
        second: None,
        second_contact: String::new(),
        lead: false,
        reason: String::new(),
        status: HandoverStatus::Offered,
        clock: 0,
        offered_at_ms: now,
        offered_by: None,
        escalated_at_ms: Millis(0),
        answered_at_ms: Millis(0),
        answered_by: None,
        answered_for: String::new(),
        answer: String::new(),
        reference: String::new(),
        withdrawn_at_ms: Millis(0),
        room: None,
        taken_by: None,
        taken_by_name: String::new(),
    }
}

/// Gives it its number and its clock, and puts it into the incident; the note of its event. Who is on duty at the `post` hears of
/// it when nobody answers in time.
fn add(
    work: &Work<'_>,
    incident: &mut Incident,
    mut handover: Handover,
    post: Option<&DutyPostId>,
) -> Result<String, Refusal> {
    let handovers = &incident.dispatch.handovers;
    valid::within("incident", handovers.len() + 1, limits::HANDOVERS_MAX)?;
    handover.number = handovers.last().map_or(1, |last| last.number + 1);
    handover.clock = start_clock(work, incident, post)?;
    let note = note(&handover, &handover.reason);
    incident.dispatch.handovers.push(handover);
    Ok(note)
}

/// As a policy says, else within what the severity asks for.
fn start_clock(work: &Work<'_>, incident: &mut Incident, post: Option<&DutyPostId>) -> Result<u32, Refusal> {
    let obligation = Obligation::AcknowledgeHandover;
    let (number, round) = (deadline::number(&incident.clocks), incident.reopened_count);
    let case = deadline::Case { kind: Some(incident.kind), agency: "", admin_unit: &incident.place.admin_unit };
    let policy = deadline::policy(work.state, obligation, &case);
    let asked = policy.map(|policy| deadline::terms(policy, number, round));
    let within_ms = limits::HANDOVER_WITHIN_MS[incident.severity.level() - 1];
    let steps = vec![Step { stage: ClockStage::Late, offset_ms: 0, post: None }];
    let plain = ClockTerms { number, obligation, policy: None, round, calendar: None, within_ms, steps };
    // A policy by whose calendar nobody ever works gives no clock: then it is the plain one.
    for mut terms in asked.into_iter().chain([plain]) {
        for step in terms.steps.iter_mut().filter(|step| step.stage == ClockStage::Late && step.post.is_none()) {
            step.post = post.cloned();
        }
        deadline::start(work.state, &mut incident.clocks, terms, work.now);
        if incident.clocks.last().is_some_and(|clock| clock.number == number) {
            return Ok(number);
        }
    }
    let message = format!("{} has as many clocks as it can: close it and open another", incident.id);
    Err(Refusal::new(RefusalCode::Limit, "incident", message))
}

fn end_clock(work: &Work<'_>, incident: &mut Incident, number: u32, status: ClockStatus) {
    deadline::end_one(work.state, &mut incident.clocks, number, status, work.now);
}

fn waiting_or_done(incident: &mut Incident, number: u32) -> Result<&mut Handover, Refusal> {
    let found = incident.dispatch.handovers.iter_mut().find(|handover| handover.number == number);
    found.ok_or_else(|| valid::not_found("handover", number))
}

fn room(work: &Work<'_>, id: &RoomId) -> Result<Room, Refusal> {
    work.state.board.rooms.get(id).cloned().ok_or_else(|| valid::not_found("room", id))
}

/// Up and down only: who works in the room has to see the incident.
fn need_along(work: &Work<'_>, incident: &Incident, room: &Room) -> Result<(), Refusal> {
    let place = &incident.place.admin_unit;
    if room.admin_unit.as_ref().is_none_or(|above| deadline::lies_in(work.state, above, place)) {
        return Ok(());
    }
    let remedy = format!("is not in charge of {place}: name a room of that place, or of one above it");
    Err(valid::invalid("room", remedy))
}

fn receiver<'a>(work: &'a Work<'_>, field: &str, id: &ReceiverId) -> Result<&'a Receiver, Refusal> {
    let receiver = work.state.receivers.get(id).ok_or_else(|| valid::not_found(field, id))?;
    if receiver.disabled {
        return Err(valid::invalid(field, format!("{id} is switched off: use the telephone, or another one")));
    }
    Ok(receiver)
}

/// Puts the newest event into the queue of the other side.
fn tell(work: &mut Work<'_>, receiver: Option<&ReceiverId>) {
    if let Some(receiver) = receiver {
        notice::post_newest(work, receiver);
    }
}

/// `Handover::of_event` reads it.
fn note(handover: &Handover, words: &str) -> String {
    format!("#{} {}: {words}", handover.number, handover.party_name)
}

#[cfg(test)]
mod tests;
