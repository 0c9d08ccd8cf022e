//! What remains of a call: with its number, with the reports that it became. And how it is forgotten.

use super::{due_back, find, find_version, outcome, put, queue_again, set_status, settle_down, step};
use crate::{
    Call, CallDraft, CallId, CallStatus, CallStepKind, Caller, EraseCall, EventKind, FileReport, IncidentId, Millis,
    NameCaller, PastCall, ReportChannel,
    apply::{Outcome, Work, accepted, valid},
    limits,
    stored::Touched,
};

/// The call is over. Its legs are, and its number remembers it. The step and keeping it are the caller's.
pub(super) fn finish(work: &mut Work<'_>, call: &mut Call, status: CallStatus, outcome: &str) {
    set_status(work, call, status);
    outcome.clone_into(&mut call.outcome);
    let now = work.now;
    for leg in call.legs.iter_mut().filter(|leg| !leg.ended_at_ms.is_set()) {
        leg.ended_at_ms = now;
    }
    // What was played tells nothing of a number.
    if call.number.is_empty() || call.exercise {
        return;
    }
    let mut caller = caller(work, &call.number);
    caller.total = caller.total.saturating_add(1);
    if caller.calls.len() >= limits::CALLER_CALLS_MAX {
        caller.calls.remove(0);
    }
    caller.calls.push(PastCall {
        call: call.id.clone(),
        line: call.line.clone(),
        offered_at_ms: call.offered_at_ms,
        ended_at_ms: now,
        outcome: call.outcome.clone(),
        agent: call.agent.clone(),
        reports: call.reports.clone(),
    });
    if let Some(place) = &call.place
        && call.offered_at_ms >= caller.place_at_ms
    {
        caller.place = Some(place.clone());
        caller.place_at_ms = call.offered_at_ms;
    }
    caller.last_at_ms = now;
    keep_caller(work, caller);
}

/// Back into the queue if anybody is on the line, or else due to be called back; without a number nobody can be.
pub(super) fn wait_again(work: &mut Work<'_>, call: &mut Call, note: &str) {
    if call.live_legs().next().is_some() {
        queue_again(work, call, note);
    } else if call.number.is_empty() {
        finish(work, call, CallStatus::Ended, "hung_up");
        step(work, call, CallStepKind::Ended, None, "hung_up");
    } else {
        due_back(work, call, note);
    }
}

/// The drill is over: who waits, or waits to be called back, waits no more. Whether that was so.
pub(in crate::apply) fn end_drilled(work: &mut Work<'_>, id: &CallId, note: &str) -> bool {
    let waits = |call: &&Call| matches!(call.status, CallStatus::Queued | CallStatus::Callback);
    let Some(mut call) = work.state.book.calls.get(id).filter(waits).cloned() else { return false };
    finish(work, &mut call, CallStatus::Ended, "exercise_ended");
    step(work, &mut call, CallStepKind::Ended, None, note);
    let number = call.number.clone();
    put(work, call, EventKind::CallEnded, note);
    make_room(work, &number);
    settle_down(work);
    true
}

/// Those that have been over the longest leave, of this number and of all, with what was put down of them.
pub(super) fn make_room(work: &mut Work<'_>, number: &str) {
    if work.state.calls_of(number).count() > limits::CALLS_OF_NUMBER_MAX {
        let over = work.state.calls_of(number).filter(|call| !call.status.is_open());
        if let Some((_, id)) = over.map(|call| (call.status_at_ms, call.id.clone())).min() {
            leave(work, &id);
        }
    }
    while work.state.book.over.len() > limits::CALLS_OVER_MAX {
        let Some((_, id)) = work.state.book.over.first().cloned() else { return };
        leave(work, &id);
    }
}

fn leave(work: &mut Work<'_>, id: &CallId) {
    work.state.book.drop_call(id);
    work.touch(Touched::Call(id.clone()));
    drop_draft(work, id);
}

fn drop_draft(work: &mut Work<'_>, id: &CallId) {
    if work.state.book.drafts.remove(id).is_some() {
        work.touch(Touched::CallDraft(id.clone()));
    }
}

/// A report was filed of a call: each knows the other from this entry on, and what was put down of it is saved. Whoever
/// is about to decide on the call is not in the way of it: the version stays.
pub(in crate::apply) fn filed(work: &mut Work<'_>, command: &FileReport, incident: Option<&IncidentId>) {
    if command.channel != ReportChannel::Call {
        return;
    }
    let Some(mut call) = work.state.book.calls.get(command.reference.as_str()).cloned() else { return };
    if call.reports.len() >= limits::CALL_REPORTS_MAX {
        call.reports.remove(0);
    }
    call.reports.push(command.code.clone());
    if let Some(incident) = incident.filter(|id| !call.incidents.contains(id)) {
        if call.incidents.len() >= limits::CALL_REPORTS_MAX {
            call.incidents.remove(0);
        }
        call.incidents.push(incident.clone());
    }
    if !call.number.is_empty() && !call.exercise {
        let mut caller = caller(work, &call.number);
        caller.place = Some(command.place.clone());
        caller.place_at_ms = work.now;
        caller.last_at_ms = work.now;
        if let Some(past) = caller.calls.iter_mut().find(|past| past.call == call.id) {
            past.reports.clone_from(&call.reports);
        }
        keep_caller(work, caller);
    }
    if let Some(draft) = work.state.book.drafts.get(&call.id).cloned() {
        // The number stays, so that an older form that comes late does not bring it back.
        work.touch(Touched::CallDraft(call.id.clone()));
        work.state.book.drafts.insert(call.id.clone(), CallDraft { form: String::new(), at_ms: work.now, ..draft });
    }
    work.touch(Touched::Call(call.id.clone()));
    work.emit(EventKind::CallFiled, command.code.as_str(), Some(call.clone().into()));
    work.state.book.keep(call);
}

/// The number has this name from here on. Nothing is told: whoever rings next is looked up, and who is about to decide on the call is
/// not in the way of it. When it is erased is counted from the call, not from the name.
pub(in crate::apply) fn name(work: &mut Work<'_>, command: &NameCaller) -> Outcome {
    let call = find(work, &command.call)?;
    valid::maybe_name("name", &command.name)?;
    if call.exercise {
        return Err(valid::wrong_status("call", "it is part of a drill: what is played tells nothing of a number"));
    }
    if call.number.is_empty() {
        return Err(valid::wrong_status("call", "it has no number that a name could be kept with"));
    }
    let name = command.name.trim();
    let known = work.state.book.callers.get(&call.number);
    if known.map_or("", |known| known.name.as_str()) == name {
        return Ok(accepted(&call.id, call.version));
    }
    let heard = if call.status.is_open() { work.now } else { call.status_at_ms };
    let last_at_ms = known.map_or(heard, |known| known.last_at_ms.max(heard));
    let caller = Caller { name: name.to_owned(), last_at_ms, ..caller(work, &call.number) };
    keep_caller(work, caller);
    Ok(accepted(&call.id, call.version))
}

/// What is known of the number, and of all calls of it that are over, goes; when and on which line they were stays.
pub(in crate::apply) fn erase(work: &mut Work<'_>, command: &EraseCall) -> Outcome {
    let call = find_version(work, &command.call, command.expected_version)?;
    if call.status.is_open() {
        return Err(valid::wrong_status("call", format!("it is {}: erase it when it is over", call.status)));
    }
    let of_number: Vec<_> = work.state.book.by_number.get(&call.number).into_iter().flatten().cloned().collect();
    let ids = if call.number.is_empty() { vec![call.id.clone()] } else { of_number };
    for id in ids {
        forget_caller(work, &id);
    }
    if work.state.book.callers.contains_key(&call.number) {
        work.state.book.drop_caller(&call.number);
        work.touch(Touched::Caller(call.number.clone()));
    }
    Ok(outcome(work, &call.id))
}

/// Who called goes from a call that is over, and from what was put down of it.
pub(in crate::apply) fn forget_caller(work: &mut Work<'_>, id: &CallId) {
    let over = work.state.book.calls.get(id).filter(|call| !call.status.is_open());
    let Some(mut call) = over.cloned() else { return };
    call.number = String::new();
    call.wanted = String::new();
    call.place = None;
    call.transferred_to = String::new();
    call.steps.iter_mut().for_each(|step| step.note = String::new());
    put(work, call, EventKind::CallErased, "");
    drop_draft(work, id);
}

fn caller(work: &Work<'_>, number: &str) -> Caller {
    work.state.book.callers.get(number).cloned().unwrap_or_else(|| Caller {
        number: number.to_owned(),
        total: 0,
        calls: Vec::new(),
        place: None,
        place_at_ms: Millis(0),
        last_at_ms: work.now,
        name: String::new(),
    })
}

fn keep_caller(work: &mut Work<'_>, caller: Caller) {
    let is_new = !work.state.book.callers.contains_key(&caller.number);
    if is_new && work.state.book.callers.len() >= limits::CALLERS_MAX {
        let oldest = work.state.book.by_last.first().map(|(_, number)| number.clone());
        if let Some(number) = oldest {
            work.state.book.drop_caller(&number);
            work.touch(Touched::Caller(number));
        }
    }
    work.touch(Touched::Caller(caller.number.clone()));
    work.state.book.keep_caller(caller);
}
