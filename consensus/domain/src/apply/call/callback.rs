//! Calling back those who could not wait. None leaves the list but by a person's word, or by calling again.

use super::{agent, find_version, need_own, offer, outcome, over, put, settle_down, step, talk};
use crate::{
    AgentStatus, CallStatus, CallStepKind, EventKind, SettleCallback, TakeCallback,
    apply::{Outcome, Work, valid},
};

pub(in crate::apply) fn take(work: &mut Work<'_>, command: &TakeCallback) -> Outcome {
    let who = work.by_person()?;
    let mut call = find_version(work, &command.call, command.expected_version)?;
    if call.status != CallStatus::Callback {
        return Err(valid::wrong_status("call", format!("it is {}: nobody has to call back", call.status)));
    }
    let Some(agent) = work.state.book.agents.get(&who).cloned() else {
        return Err(valid::not_found("agent", &who));
    };
    if !matches!(agent.status, AgentStatus::Available | AgentStatus::Break | AgentStatus::WrapUp) {
        let message = format!("you are {}: be available first", agent.status);
        return Err(valid::wrong_status("agent", message));
    }
    let id = call.id.clone();
    super::set_status(work, &mut call, CallStatus::CallingBack);
    call.agent = Some(who.clone());
    call.callback_tries = call.callback_tries.saturating_add(1);
    step(work, &mut call, CallStepKind::CallingBack, Some(&who), "");
    put(work, call, EventKind::CallCallingBack, "");
    agent::leave_wrap_up(work, &agent);
    agent::set(work, &who, AgentStatus::OnCall, Some(&id), |_| {});
    settle_down(work);
    Ok(outcome(work, &id))
}

pub(in crate::apply) fn settle(work: &mut Work<'_>, command: &SettleCallback) -> Outcome {
    valid::maybe_name("note", &command.note)?;
    let mut call = find_version(work, &command.call, command.expected_version)?;
    let is_calling = call.status == CallStatus::CallingBack;
    if is_calling {
        need_own(work, &call)?;
    } else if call.status != CallStatus::Callback || command.outcome != "settled" {
        return Err(valid::wrong_status("call", format!("it is {}: call back first", call.status)));
    }
    let (id, agent) = (call.id.clone(), call.agent.clone().filter(|_| is_calling));
    let mut others = Vec::new();
    let event = match (command.outcome.as_str(), &agent) {
        ("reached", Some(agent)) => {
            others = talk::talk(work, &mut call, agent);
            EventKind::CallAnswered
        }
        ("unreached", Some(agent)) => {
            step(work, &mut call, CallStepKind::Unreached, Some(agent), &command.note);
            call.wrap_up_due_at_ms = agent::wrap_up(work, agent, &id);
            // Whoever called meanwhile is on the line: that is better than to call back.
            over::wait_again(work, &mut call, "unreached");
            EventKind::CallCallbackDue
        }
        ("settled", agent) => {
            valid::name("note", &command.note)?;
            if let Some(agent) = agent {
                call.wrap_up_due_at_ms = agent::wrap_up(work, agent, &id);
            }
            let by = work.by();
            over::finish(work, &mut call, CallStatus::Ended, "settled");
            step(work, &mut call, CallStepKind::Ended, by.as_ref(), &command.note);
            EventKind::CallEnded
        }
        _ => return Err(valid::invalid("outcome", "send reached, unreached or settled")),
    };
    let kept = call.clone();
    put(work, call, event, &command.note);
    for leg in others {
        offer::split(work, &kept, leg);
    }
    over::make_room(work, &kept.number);
    settle_down(work);
    Ok(outcome(work, &id))
}
