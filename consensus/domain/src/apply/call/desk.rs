//! How calls are taken, and whether there are too many.

use super::settle_down;
use crate::{
    CallDesk, CheckQueue, EventKind, Millis, PutCallDesk, Refusal,
    apply::{Outcome, Work, accepted, valid},
    limits,
    stored::Touched,
};

pub(in crate::apply) fn put(work: &mut Work<'_>, command: &PutCallDesk) -> Outcome {
    let desk = &command.desk;
    time("desk.ring_ms", desk.ring_ms)?;
    time("desk.overload_wait_ms", desk.overload_wait_ms)?;
    if desk.wrap_up_ms != 0 {
        time("desk.wrap_up_ms", desk.wrap_up_ms)?;
    }
    if desk.overload_waiting == 0 || desk.callback_tries_max == 0 {
        return Err(valid::invalid("desk.overload_waiting", "and callback_tries_max are 1 at least: send greater ones"));
    }
    valid::maybe_text("desk.surge_script", &desk.surge_script)?;
    valid::maybe_text("desk.surge_script_en", &desk.surge_script_en)?;
    valid::maybe_name("desk.waiting_message", &desk.waiting_message)?;
    valid::maybe_name("desk.waiting_message_en", &desk.waiting_message_en)?;
    let former = work.state.book.desk();
    let desk = CallDesk { overloaded_since_ms: former.overloaded_since_ms, version: former.version, ..desk.clone() };
    if work.state.book.desk.as_ref() != Some(&desk) {
        keep(work, desk, EventKind::CallDeskPut);
        settle_down(work);
    }
    Ok(accepted("", work.state.book.desk().version))
}

/// Sent by a timer when somebody has waited for as long as the desk bears; who judges is `judge`.
pub(in crate::apply) fn check_queue(work: &mut Work<'_>, _: &CheckQueue) -> Outcome {
    judge(work);
    Ok(accepted("", work.state.book.desk().version))
}

/// An overload begins above either bound, and ends below half of both, so that it does not come and go with each caller.
pub(super) fn judge(work: &mut Work<'_>) {
    let desk = work.state.book.desk();
    let waiting = work.state.book.waiting_count();
    let wait_ms = work.state.book.waiting_since().map_or(0, |since| work.now.since(since));
    let most = usize::try_from(desk.overload_waiting).unwrap_or(usize::MAX);
    let is_on = desk.overloaded_since_ms.is_set();
    if !is_on && (waiting > most || wait_ms > desk.overload_wait_ms) {
        let overloaded_since_ms = work.now;
        keep(work, CallDesk { overloaded_since_ms, ..desk }, EventKind::CallOverloadBegan);
    } else if is_on && waiting <= most / 2 && wait_ms <= desk.overload_wait_ms / 2 {
        keep(work, CallDesk { overloaded_since_ms: Millis(0), ..desk }, EventKind::CallOverloadEnded);
    }
}

fn keep(work: &mut Work<'_>, mut desk: CallDesk, kind: EventKind) {
    desk.version += 1;
    work.touch(Touched::CallDesk);
    work.emit(kind, "", Some(desk.clone().into()));
    work.state.book.desk = Some(desk);
}

fn time(field: &str, ms: u64) -> Result<(), Refusal> {
    if limits::CALL_TIMES_MS.contains(&ms) {
        return Ok(());
    }
    let (least, most) = (limits::CALL_TIMES_MS.start(), limits::CALL_TIMES_MS.end());
    Err(valid::invalid(field, format!("is {ms}: send {least} to {most} milliseconds")))
}
