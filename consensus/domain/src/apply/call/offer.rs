//! A caller rings.

use super::{line, outcome, put, queue_again, settle_down, step};
use crate::{
    Call, CallId, CallLeg, CallStatus, CallStepKind, EventKind, Millis, OfferCall, Refusal,
    apply::{Outcome, Work, valid},
    limits,
};

/// Idempotent: a leg that is known changes nothing.
pub(in crate::apply) fn offer(work: &mut Work<'_>, command: &OfferCall) -> Outcome {
    valid::name("door", &command.door)?;
    line("line", &command.line)?;
    number(&command.number)?;
    valid::maybe_name("wanted", &command.wanted)?;
    valid::maybe_name("language", &command.language)?;
    command.place.as_ref().map_or(Ok(()), |place| valid::place("place", place))?;
    if let Some(id) = work.state.book.legs.get(&command.leg) {
        return Ok(outcome(work, id));
    }
    let leg = CallLeg {
        id: command.leg.clone(),
        door: command.door.clone(),
        offered_at_ms: work.now,
        ended_at_ms: Millis(0),
    };
    if let Some(call) = same_caller(work, command) {
        return Ok(fold(work, call, leg, command));
    }
    need_room(work)?;
    let mut call = new(work, command, leg);
    call.times = 1 + times_before(work, command);
    step(work, &mut call, CallStepKind::Offered, None, &command.wanted);
    step(work, &mut call, CallStepKind::Queued, None, "");
    let id = call.id.clone();
    put(work, call, EventKind::CallOffered, "");
    settle_down(work);
    Ok(outcome(work, &id))
}

/// A leg of a call that somebody else's leg was answered on, as a call of its own, in the place where it waited.
pub(super) fn split(work: &mut Work<'_>, from: &Call, leg: CallLeg) {
    let command = OfferCall {
        leg: leg.id.clone(),
        door: leg.door.clone(),
        line: from.line.clone(),
        number: from.number.clone(),
        wanted: from.wanted.clone(),
        place: from.place.clone(),
        language: from.language.clone(),
        exercise: from.exercise,
    };
    let mut call = new(work, &command, leg);
    call.offered_at_ms = from.offered_at_ms;
    step(work, &mut call, CallStepKind::Offered, None, from.id.as_str());
    step(work, &mut call, CallStepKind::Queued, None, "");
    put(work, call, EventKind::CallOffered, from.id.as_str());
}

/// Whether so many more open calls can be taken.
pub(super) fn has_room_for(work: &Work<'_>, more: usize) -> bool {
    work.state.book.open_count() + more <= limits::CALLS_OPEN_MAX
}

fn need_room(work: &Work<'_>) -> Result<(), Refusal> {
    valid::within("call", work.state.book.open_count() + 1, limits::CALLS_OPEN_MAX)
}

fn new(work: &mut Work<'_>, command: &OfferCall, leg: CallLeg) -> Call {
    work.state.book.offered += 1;
    #[allow(clippy::expect_used, reason = "a letter and at most twenty digits are an id")]
    let id = CallId::new(&format!("C{}", work.state.book.offered)).expect("a call's number is an id");
    Call {
        id,
        line: command.line.clone(),
        number: command.number.clone(),
        status: CallStatus::Queued,
        offered_at_ms: work.now,
        status_at_ms: work.now,
        agent: None,
        ring_due_at_ms: Millis(0),
        ring: 0,
        times: 1,
        legs: vec![leg],
        steps: Vec::new(),
        reports: Vec::new(),
        incidents: Vec::new(),
        wanted: command.wanted.clone(),
        place: command.place.clone(),
        callback_tries: 0,
        outcome: String::new(),
        transferred_to: String::new(),
        wrap_up_due_at_ms: Millis(0),
        version: 0,
        language: command.language.clone(),
        talking: None,
        exercise: command.exercise,
    }
}

/// The open call of the same number on the same line that another leg can join: one that nobody talks on.
fn same_caller(work: &Work<'_>, command: &OfferCall) -> Option<Call> {
    let can_join = |call: &&Call| {
        let waits = matches!(
            call.status,
            CallStatus::Queued | CallStatus::Ringing | CallStatus::Callback | CallStatus::CallingBack
        );
        let is_alike = call.line == command.line && call.exercise == command.exercise;
        waits && is_alike && call.live_legs().count() < limits::CALL_LEGS_MAX
    };
    let calls = work.state.calls_of(&command.number);
    calls.filter(can_join).min_by_key(|call| (call.offered_at_ms, call.id.clone())).cloned()
}

fn fold(work: &mut Work<'_>, mut call: Call, leg: CallLeg, command: &OfferCall) -> crate::Accepted {
    if call.legs.len() >= limits::CALL_LEGS_MAX
        && let Some(at) = call.legs.iter().position(|leg| leg.ended_at_ms.is_set())
    {
        call.legs.remove(at);
    }
    call.legs.push(leg);
    call.times = call.times.saturating_add(1);
    if !command.wanted.is_empty() {
        call.wanted.clone_from(&command.wanted);
    }
    if command.place.is_some() {
        call.place.clone_from(&command.place);
    }
    step(work, &mut call, CallStepKind::Folded, None, "");
    if call.status == CallStatus::Callback {
        queue_again(work, &mut call, "");
    }
    let id = call.id.clone();
    put(work, call, EventKind::CallFolded, "");
    settle_down(work);
    outcome(work, &id)
}

/// How often the number called in vain just before.
fn times_before(work: &Work<'_>, command: &OfferCall) -> u32 {
    let lately = work.state.calls_of(&command.number).filter(|call| {
        let since = work.now.since(call.status_at_ms);
        let is_alike = call.line == command.line && call.exercise == command.exercise;
        call.status == CallStatus::Abandoned && is_alike && since <= limits::CALL_FOLD_MS
    });
    lately.max_by_key(|call| (call.status_at_ms, call.id.clone())).map_or(0, |call| call.times)
}

fn number(text: &str) -> Result<(), Refusal> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let is_right = text.len() <= limits::NUMBER_BYTES_MAX
        && digits.is_empty() == text.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'*' | b'#'));
    if is_right {
        return Ok(());
    }
    let remedy = format!(
        "is no telephone number: send at most {} digits, or nothing if it is withheld",
        limits::NUMBER_BYTES_MAX
    );
    Err(valid::invalid("number", remedy))
}
