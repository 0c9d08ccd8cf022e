//! Calls. Who takes which is decided here, so that no two agents can answer one: `route` runs at the end of each entry that
//! changes who waits or who is free, and rings the longest waiting caller at the longest idle agent of the line.
//!
//! | command | from | to |
//! |---|---|---|
//! | offer | – | queued; an open call of the same number and line is folded instead |
//! | (route) | queued | ringing |
//! | answer | ringing | answered |
//! | expire ring | ringing | queued, in its old place |
//! | hold | answered, held | held, answered |
//! | transfer | answered, held | queued on the other line; or transferred |
//! | return | answered, held | queued, in its old place |
//! | end | answered, held | ended |
//! | end of its last leg | queued, ringing | callback; abandoned when the desk says so and there is no overload |
//! | end of the talking leg | answered, held | ended; callback when lost |
//! | take callback | callback | calling back |
//! | settle | calling back | answered (reached), callback (unreached), ended (settled) |
//! | settle | callback | ended (settled) |
//! | offer of the same number | callback | queued, in its old place |
//!
//! Whatever becomes of a caller is a step of the call; a withheld number cannot be called back and is abandoned.

mod agent;
mod callback;
mod desk;
mod draft;
mod leg;
mod offer;
mod over;
mod route;
mod talk;

pub(super) use agent::{expire_wrap_up, put as put_agent, set_status as set_agent_status};
pub(super) use callback::{settle as settle_callback, take as take_callback};
pub(super) use desk::{check_queue, put as put_desk};
pub(super) use draft::put as put_draft;
pub(super) use leg::end as end_leg;
pub(super) use offer::offer;
pub(super) use over::{end_drilled, erase, filed, forget_caller, name};
pub(super) use route::{expire as expire_ring, route};
pub(super) use talk::{answer, end, give_back, hold, transfer};

use super::{Work, accepted, valid};
use crate::{
    Accepted, Call, CallId, CallStatus, CallStep, CallStepKind, EventKind, Millis, PersonId, Refusal, Role, limits,
    stored::Touched,
};

fn find(work: &Work<'_>, id: &CallId) -> Result<Call, Refusal> {
    work.state.book.calls.get(id).cloned().ok_or_else(|| valid::not_found("call", id))
}

fn find_version(work: &Work<'_>, id: &CallId, expected_version: u64) -> Result<Call, Refusal> {
    let call = find(work, id)?;
    if call.version == expected_version {
        return Ok(call);
    }
    let message = format!("it is {} at version {}: look, then decide anew", call.status, call.version);
    Err(valid::version_conflict("expected_version", message))
}

/// Keeps the call as a new version, and tells it.
fn put(work: &mut Work<'_>, mut call: Call, kind: EventKind, note: &str) {
    call.version += 1;
    work.touch(Touched::Call(call.id.clone()));
    work.emit(kind, note, Some(call.clone().into()));
    work.state.book.keep(call);
}

/// Accepted, with the call as it stands after everything that followed.
fn outcome(work: &Work<'_>, id: &CallId) -> Accepted {
    accepted(id, work.state.book.calls.get(id).map_or(0, |call| call.version))
}

/// What follows every change of calls and agents.
fn settle_down(work: &mut Work<'_>) {
    route(work);
    desk::judge(work);
}

fn step(work: &Work<'_>, call: &mut Call, kind: CallStepKind, agent: Option<&PersonId>, note: &str) {
    if call.steps.len() >= limits::CALL_STEPS_MAX {
        call.steps.remove(1);
    }
    call.steps.push(CallStep { kind, at_ms: work.now, agent: agent.cloned(), note: note.to_owned() });
}

fn set_status(work: &Work<'_>, call: &mut Call, status: CallStatus) {
    call.status = status;
    call.status_at_ms = work.now;
    call.ring_due_at_ms = Millis(0);
    if !matches!(status, CallStatus::Answered | CallStatus::Held) {
        call.talking = None;
    }
}

/// Puts the call back to where it waited.
fn queue_again(work: &Work<'_>, call: &mut Call, note: &str) {
    set_status(work, call, CallStatus::Queued);
    step(work, call, CallStepKind::Queued, None, note);
}

/// Somebody has to call back. Only for a call with a number.
fn due_back(work: &Work<'_>, call: &mut Call, note: &str) {
    set_status(work, call, CallStatus::Callback);
    step(work, call, CallStepKind::CallbackDue, None, note);
}

/// Refuses what is said of somebody else's call. Exchanges and administrators speak for whoever has it.
fn need_own(work: &Work<'_>, call: &Call) -> Result<(), Refusal> {
    let Some(grant) = &work.grant else { return Ok(()) };
    if matches!(grant.role, Role::Admin | Role::Telephony) || call.agent.as_ref() == Some(&grant.person) {
        return Ok(());
    }
    let who = call.agent.as_ref().map_or("nobody", PersonId::as_str);
    Err(Refusal::new(crate::RefusalCode::Forbidden, "call", format!("{who} has this call: ask them")))
}

/// Refuses what needs somebody on the line.
fn need_talking(call: &Call) -> Result<(), Refusal> {
    if matches!(call.status, CallStatus::Answered | CallStatus::Held) {
        return Ok(());
    }
    Err(valid::wrong_status("call", format!("it is {}: nobody talks on it", call.status)))
}

/// The name of a line.
fn line(field: &str, text: &str) -> Result<(), Refusal> {
    let is_right = !text.is_empty()
        && text.len() <= limits::LINE_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if is_right {
        return Ok(());
    }
    let remedy = format!("is no line: send 1 to {} letters, digits, - or _, as in 1022", limits::LINE_BYTES_MAX);
    Err(valid::invalid(field, remedy))
}
