//! Who is rung next.

use std::collections::BTreeSet;

use super::{agent, find, outcome, put, queue_again, set_status, settle_down, step};
use crate::{
    Agent, AgentStatus, CallId, CallStatus, CallStepKind, EventKind, ExpireRing, PersonId, Refusal, RefusalCode,
    apply::{Outcome, Work},
    limits,
};

/// Rings whoever waits at whoever is free: of all lines that somebody is free for the longest waiting caller, at the
/// longest idle agent. Ends, because each ring takes an agent who was free.
pub(in crate::apply) fn route(work: &mut Work<'_>) {
    if work.state.book.waiting.is_empty() {
        return;
    }
    while let Some((call, agent)) = next(work) {
        ring(work, &call, &agent);
    }
}

/// The next caller and the agent for them; none: nobody who waits can be taken by anybody who is free.
fn next(work: &Work<'_>) -> Option<(CallId, PersonId)> {
    let book = &work.state.book;
    let can_work = |person: &PersonId| work.state.persons.get(person).is_some_and(|person| !person.disabled);
    let free: Vec<&Agent> = book
        .agents
        .values()
        .filter(|agent| agent.status == AgentStatus::Available && can_work(&agent.person))
        .collect();
    let lines: BTreeSet<&String> = free.iter().flat_map(|agent| &agent.lines).collect();
    let heads = lines.into_iter().filter_map(|line| Some((book.waiting.get(line)?.first()?, line)));
    let ((_, call), line) = heads.min()?;
    let agents = free.into_iter().filter(|agent| agent.lines.contains(line));
    let agent = agents.min_by_key(|agent| (agent.idle_since_ms, &agent.person))?;
    Some((call.clone(), agent.person.clone()))
}

fn ring(work: &mut Work<'_>, id: &CallId, person: &PersonId) {
    let Some(mut call) = work.state.book.calls.get(id).cloned() else { return };
    set_status(work, &mut call, CallStatus::Ringing);
    call.agent = Some(person.clone());
    call.ring = call.ring.saturating_add(1);
    call.ring_due_at_ms = work.now.plus(work.state.book.desk().ring_ms);
    step(work, &mut call, CallStepKind::Ringing, Some(person), "");
    put(work, call, EventKind::CallRinging, "");
    agent::set(work, person, AgentStatus::Ringing, Some(id), |_| {});
}

/// Sent by a timer, at least once, perhaps by two leaders: a ring that is over changes nothing.
pub(in crate::apply) fn expire(work: &mut Work<'_>, command: &ExpireRing) -> Outcome {
    let mut call = find(work, &command.call)?;
    if call.status != CallStatus::Ringing || call.ring != command.ring {
        return Ok(outcome(work, &call.id));
    }
    if work.now < call.ring_due_at_ms {
        let message = format!("it is due at {}: come back then", call.ring_due_at_ms);
        return Err(Refusal::new(RefusalCode::NotDue, "call", message));
    }
    let (id, person) = (call.id.clone(), call.agent.clone());
    step(work, &mut call, CallStepKind::Unanswered, person.as_ref(), "");
    queue_again(work, &mut call, "");
    put(work, call, EventKind::CallUnanswered, person.as_ref().map_or("", PersonId::as_str));
    if let Some(person) = person {
        let missed = work.state.book.agents.get(&person).map_or(1, |agent| agent.missed.saturating_add(1));
        // Who misses one ring after the other is not there, and each costs a caller a whole ring.
        let is_gone = missed >= limits::AGENT_MISSED_MAX;
        let status = if is_gone { AgentStatus::Break } else { AgentStatus::Available };
        agent::set(work, &person, status, None, |agent| {
            agent.missed = missed;
            if is_gone {
                "missed".clone_into(&mut agent.reason);
            }
        });
    }
    settle_down(work);
    Ok(outcome(work, &id))
}
