//! People who take calls: who they are, and what they do.

use super::{line, put as put_call, queue_again, settle_down, step};
use crate::{
    Accepted, Agent, AgentStatus, CallId, CallStatus, CallStepKind, EventKind, ExpireWrapUp, Millis, PersonId,
    PutAgent, Refusal, RefusalCode, SetAgentStatus,
    apply::{Outcome, Work, accepted, valid},
    limits,
    stored::Touched,
};

pub(in crate::apply) fn put(work: &mut Work<'_>, command: &PutAgent) -> Outcome {
    let person = &command.person;
    let Some(name) = work.state.persons.get(person).map(|person| person.name.clone()) else {
        return Err(valid::not_found("person", person));
    };
    valid::within("lines", command.lines.len(), limits::AGENT_LINES_MAX)?;
    command.lines.iter().try_for_each(|name| line("lines", name))?;
    valid::distinct("lines", &command.lines)?;
    valid::maybe_name("phone", &command.phone)?;
    if !command.phone.is_empty() && !command.phone.starts_with("sip:") && !command.phone.starts_with("sips:") {
        return Err(valid::invalid("phone", "is no SIP address: send it as in sip:101@10.0.0.5"));
    }
    let former = work.state.book.agents.get(person).cloned();
    if command.lines.is_empty() {
        let Some(former) = former else { return Ok(accepted(person, 0)) };
        if former.call.is_some() {
            return Err(valid::wrong_status("person", "has a call: let it end first"));
        }
        // The record stays, so that every screen hears that they are gone.
        if !former.lines.is_empty() {
            let status = AgentStatus::Off;
            let gone = Agent { lines: Vec::new(), status, status_at_ms: work.now, ..former };
            keep(work, gone, EventKind::AgentPut);
        }
        return Ok(outcome(work, person));
    }
    let added = usize::from(former.is_none());
    valid::within("person", work.state.book.agents.len() + added, limits::AGENTS_MAX)?;
    let now = work.now;
    let mut agent = former.clone().unwrap_or_else(|| Agent {
        person: person.clone(),
        lines: Vec::new(),
        phone: String::new(),
        status: AgentStatus::Off,
        status_at_ms: now,
        idle_since_ms: now,
        call: None,
        wrap_up_due_at_ms: Millis(0),
        missed: 0,
        reason: String::new(),
        version: 0,
        name: String::new(),
    });
    agent.lines.clone_from(&command.lines);
    agent.phone.clone_from(&command.phone);
    agent.name = name;
    if former.as_ref() == Some(&agent) {
        return Ok(accepted(person, agent.version));
    }
    keep(work, agent, EventKind::AgentPut);
    settle_down(work);
    Ok(outcome(work, person))
}

/// Comes, goes, or ends a wrap-up. Whoever is rung and goes gives the ring to the next; whoever talks ends the call first.
pub(in crate::apply) fn set_status(work: &mut Work<'_>, command: &SetAgentStatus) -> Outcome {
    valid::maybe_name("reason", &command.reason)?;
    if !matches!(command.status, AgentStatus::Available | AgentStatus::Break | AgentStatus::Off) {
        return Err(valid::invalid(
            "status",
            format!("{} comes of a call: send available, break or off", command.status),
        ));
    }
    let id = &command.agent;
    let Some(agent) = work.state.book.agents.get(id).cloned() else { return Err(valid::not_found("agent", id)) };
    if agent.version != command.expected_version {
        let message = format!("they are {} at version {}: look, then decide anew", agent.status, agent.version);
        return Err(valid::version_conflict("expected_version", message));
    }
    match agent.status {
        AgentStatus::OnCall => return Err(valid::wrong_status("agent", "is on a call: end it first")),
        AgentStatus::Ringing if command.status == AgentStatus::Available => {
            return Ok(accepted(id, agent.version));
        }
        AgentStatus::Ringing => unring(work, &agent, "declined"),
        AgentStatus::WrapUp => wrapped(work, &agent),
        AgentStatus::Off | AgentStatus::Available | AgentStatus::Break => {}
    }
    // Saying once more that one is free does not cost the place among the free.
    if agent.status != command.status || agent.reason != command.reason {
        set(work, id, command.status, None, |agent| {
            agent.reason.clone_from(&command.reason);
            agent.missed = 0;
        });
    }
    settle_down(work);
    Ok(outcome(work, id))
}

/// Sent by a timer, at least once, perhaps by two leaders: a wrap-up that is over changes nothing.
pub(in crate::apply) fn expire_wrap_up(work: &mut Work<'_>, command: &ExpireWrapUp) -> Outcome {
    let id = &command.agent;
    let Some(agent) = work.state.book.agents.get(id).cloned() else { return Err(valid::not_found("agent", id)) };
    if agent.status != AgentStatus::WrapUp || agent.wrap_up_due_at_ms != command.due_at_ms {
        return Ok(accepted(id, agent.version));
    }
    if work.now < command.due_at_ms {
        let message = format!("it is due at {}: come back then", command.due_at_ms);
        return Err(Refusal::new(RefusalCode::NotDue, "agent", message));
    }
    wrapped(work, &agent);
    set(work, id, AgentStatus::Available, None, |_| {});
    settle_down(work);
    Ok(outcome(work, id))
}

/// Sets what the agent does, with which call. What belongs to another status goes.
pub(super) fn set(
    work: &mut Work<'_>,
    id: &PersonId,
    status: AgentStatus,
    call: Option<&CallId>,
    change: impl FnOnce(&mut Agent),
) {
    let Some(mut agent) = work.state.book.agents.get(id).cloned() else { return };
    if status == AgentStatus::Available && agent.status != AgentStatus::Available {
        agent.idle_since_ms = work.now;
    }
    agent.status = status;
    agent.status_at_ms = work.now;
    agent.call = call.cloned();
    agent.wrap_up_due_at_ms = Millis(0);
    agent.reason = String::new();
    change(&mut agent);
    keep(work, agent, EventKind::AgentStatusSet);
}

/// The agent has talked and writes it down; until when, unset if no time is given for it.
pub(super) fn wrap_up(work: &mut Work<'_>, id: &PersonId, call: &CallId) -> Millis {
    let wrap_up_ms = work.state.book.desk().wrap_up_ms;
    if wrap_up_ms == 0 {
        set(work, id, AgentStatus::Available, None, |_| {});
        return Millis(0);
    }
    let due = work.now.plus(wrap_up_ms);
    set(work, id, AgentStatus::WrapUp, Some(call), |agent| agent.wrap_up_due_at_ms = due);
    due
}

/// Takes the ring from the agent; the caller has yet to set what they do now.
fn unring(work: &mut Work<'_>, agent: &Agent, note: &str) {
    let call = agent.call.as_ref().and_then(|id| work.state.book.calls.get(id)).cloned();
    let Some(mut call) = call.filter(|call| call.status == CallStatus::Ringing) else { return };
    step(work, &mut call, CallStepKind::Unanswered, Some(&agent.person), note);
    queue_again(work, &mut call, "");
    put_call(work, call, EventKind::CallUnanswered, agent.person.as_str());
}

/// Whoever takes up another call has written down what they had to.
pub(super) fn leave_wrap_up(work: &mut Work<'_>, agent: &Agent) {
    if agent.status == AgentStatus::WrapUp {
        wrapped(work, agent);
    }
}

/// Notes the end of a wrap-up with its call, if that is still in memory.
fn wrapped(work: &mut Work<'_>, agent: &Agent) {
    let Some(mut call) = agent.call.as_ref().and_then(|id| work.state.book.calls.get(id)).cloned() else { return };
    step(work, &mut call, CallStepKind::Wrapped, Some(&agent.person), "");
    call.wrap_up_due_at_ms = Millis(0);
    put_call(work, call, EventKind::CallWrapped, "");
}

/// Accepted, with the agent as they stand after everything that followed.
fn outcome(work: &Work<'_>, id: &PersonId) -> Accepted {
    accepted(id, work.state.book.agents.get(id).map_or(0, |agent| agent.version))
}

fn keep(work: &mut Work<'_>, mut agent: Agent, kind: EventKind) {
    agent.version += 1;
    work.touch(Touched::Agent(agent.person.clone()));
    work.emit(kind, &agent.reason, Some(agent.clone().into()));
    work.state.book.agents.insert(agent.person.clone(), agent);
}
