//! From the answer to the end.

use super::{
    agent, find, find_version, need_own, need_talking, offer, outcome, over, put, set_status, settle_down, step,
};
use crate::{
    AgentStatus, AnswerCall, Call, CallStatus, CallStepKind, EndCall, EventKind, HoldCall, PersonId, Refusal,
    RefusalCode, ReturnCall, Role, TransferCall,
    apply::{Outcome, Work, valid},
};

/// What an agent may say that a call was.
const OUTCOMES: [&str; 2] = ["served", "false_call"];

pub(in crate::apply) fn answer(work: &mut Work<'_>, command: &AnswerCall) -> Outcome {
    let who = who(work, command.agent.as_ref())?;
    let call = find(work, &command.call)?;
    let is_theirs = call.agent.as_ref() == Some(&who);
    if is_theirs && matches!(call.status, CallStatus::Answered | CallStatus::Held) {
        return Ok(outcome(work, &call.id));
    }
    let mut call = find_version(work, &command.call, command.expected_version)?;
    if call.status != CallStatus::Ringing || !is_theirs {
        let at = call.agent.as_ref().filter(|_| call.status == CallStatus::Ringing);
        let message = at.map_or(format!("it is {}: look at the list", call.status), |at| format!("it rings at {at}"));
        return Err(valid::wrong_status("call", message));
    }
    let id = call.id.clone();
    let others = talk(work, &mut call, &who);
    let answered = call.clone();
    put(work, call, EventKind::CallAnswered, "");
    agent::set(work, &who, AgentStatus::OnCall, Some(&id), |agent| agent.missed = 0);
    for leg in others {
        offer::split(work, &answered, leg);
    }
    settle_down(work);
    Ok(outcome(work, &id))
}

/// The agent talks with the newest leg. Who is on the others waits on, as calls of their own: one number may be a company's.
/// At the bound of calls they stay with this one.
pub(super) fn talk(work: &Work<'_>, call: &mut Call, who: &PersonId) -> Vec<crate::CallLeg> {
    set_status(work, call, CallStatus::Answered);
    let newest = call.live_legs().next_back().map(|leg| leg.id.clone());
    call.talking = newest;
    step(work, call, CallStepKind::Answered, Some(who), "");
    if !offer::has_room_for(work, call.legs.len()) {
        return Vec::new();
    }
    let talking = call.talking.clone();
    let is_other = |leg: &crate::CallLeg| !leg.ended_at_ms.is_set() && Some(&leg.id) != talking.as_ref();
    let others = call.legs.iter().filter(|leg| is_other(leg)).cloned().collect();
    call.legs.retain(|leg| !is_other(leg));
    others
}

/// Who answers: whoever asks, or whom an exchange names.
fn who(work: &Work<'_>, named: Option<&PersonId>) -> Result<PersonId, Refusal> {
    let may_name = work.grant.as_ref().is_none_or(|grant| matches!(grant.role, Role::Admin | Role::Telephony));
    match (work.by(), named) {
        (_, Some(named)) if may_name => Ok(named.clone()),
        (Some(by), None) => Ok(by),
        (Some(by), Some(named)) if by == *named => Ok(by),
        (Some(_), Some(_)) => {
            Err(Refusal::new(RefusalCode::Forbidden, "agent", "is somebody else: answer your own calls"))
        }
        (None, _) => Err(valid::invalid("agent", "is required: say who answered")),
    }
}

pub(in crate::apply) fn hold(work: &mut Work<'_>, command: &HoldCall) -> Outcome {
    let call = find(work, &command.call)?;
    let wanted = if command.held { CallStatus::Held } else { CallStatus::Answered };
    need_own(work, &call)?;
    if call.status == wanted {
        return Ok(outcome(work, &call.id));
    }
    let mut call = find_version(work, &command.call, command.expected_version)?;
    need_talking(&call)?;
    set_status(work, &mut call, wanted);
    let (kind, event) = if command.held {
        (CallStepKind::Held, EventKind::CallHeld)
    } else {
        (CallStepKind::Resumed, EventKind::CallResumed)
    };
    let agent = call.agent.clone();
    step(work, &mut call, kind, agent.as_ref(), "");
    let id = call.id.clone();
    put(work, call, event, "");
    Ok(outcome(work, &id))
}

/// To a line that somebody is here for: the caller waits there, in the place of their first call. Else: away.
pub(in crate::apply) fn transfer(work: &mut Work<'_>, command: &TransferCall) -> Outcome {
    valid::name("to", &command.to)?;
    valid::maybe_name("note", &command.note)?;
    let mut call = find_version(work, &command.call, command.expected_version)?;
    need_own(work, &call)?;
    need_talking(&call)?;
    let is_ours = work
        .state
        .book
        .agents
        .values()
        .any(|agent| agent.status != AgentStatus::Off && agent.lines.contains(&command.to));
    let (id, agent, number) = (call.id.clone(), call.agent.clone(), call.number.clone());
    if let Some(agent) = &agent {
        call.wrap_up_due_at_ms = agent::wrap_up(work, agent, &id);
    }
    step(work, &mut call, CallStepKind::Transferred, agent.as_ref(), &command.to);
    if is_ours {
        call.line.clone_from(&command.to);
        call.wanted.clone_from(&command.note);
        over::wait_again(work, &mut call, "");
    } else {
        call.transferred_to.clone_from(&command.to);
        over::finish(work, &mut call, CallStatus::Transferred, "transferred");
    }
    put(work, call, EventKind::CallTransferred, &command.to);
    over::make_room(work, &number);
    settle_down(work);
    Ok(outcome(work, &id))
}

/// Nothing is the caller's fault: they wait in their old place, and the agent takes no more until the phone is right.
pub(in crate::apply) fn give_back(work: &mut Work<'_>, command: &ReturnCall) -> Outcome {
    valid::name("reason", &command.reason)?;
    let mut call = find_version(work, &command.call, command.expected_version)?;
    need_talking(&call)?;
    let (id, agent, number) = (call.id.clone(), call.agent.clone(), call.number.clone());
    step(work, &mut call, CallStepKind::Unanswered, agent.as_ref(), &command.reason);
    over::wait_again(work, &mut call, "");
    put(work, call, EventKind::CallUnanswered, &command.reason);
    if let Some(agent) = &agent {
        agent::set(work, agent, AgentStatus::Break, None, |agent| agent.reason.clone_from(&command.reason));
    }
    over::make_room(work, &number);
    settle_down(work);
    Ok(outcome(work, &id))
}

pub(in crate::apply) fn end(work: &mut Work<'_>, command: &EndCall) -> Outcome {
    if !OUTCOMES.contains(&command.outcome.as_str()) {
        return Err(valid::invalid("outcome", format!("send one of {}", OUTCOMES.join(", "))));
    }
    let mut call = find_version(work, &command.call, command.expected_version)?;
    need_own(work, &call)?;
    need_talking(&call)?;
    let (id, agent, number) = (call.id.clone(), call.agent.clone(), call.number.clone());
    if let Some(agent) = &agent {
        call.wrap_up_due_at_ms = agent::wrap_up(work, agent, &id);
    }
    over::finish(work, &mut call, CallStatus::Ended, &command.outcome);
    step(work, &mut call, CallStepKind::Ended, agent.as_ref(), &command.outcome);
    put(work, call, EventKind::CallEnded, &command.outcome);
    over::make_room(work, &number);
    settle_down(work);
    Ok(outcome(work, &id))
}
