//! A caller's connection is gone.

use super::{agent, due_back, outcome, over, put, settle_down, step};
use crate::{
    AgentStatus, Call, CallStatus, CallStepKind, EndLeg, EventKind, LegEnd,
    apply::{Outcome, Work, valid},
};

/// Idempotent: a leg that has ended changes nothing. While another leg lives the caller is still there.
pub(in crate::apply) fn end(work: &mut Work<'_>, command: &EndLeg) -> Outcome {
    let known = work.state.book.legs.get(&command.leg).and_then(|id| work.state.book.calls.get(id)).cloned();
    let Some(mut call) = known else { return Err(valid::not_found("leg", &command.leg)) };
    let id = call.id.clone();
    let was_talking = call.talking.as_ref() == Some(&command.leg);
    let now = work.now;
    let Some(leg) = call.legs.iter_mut().find(|leg| leg.id == command.leg && !leg.ended_at_ms.is_set()) else {
        return Ok(outcome(work, &id));
    };
    leg.ended_at_ms = now;
    if command.cause == LegEnd::Lost {
        step(work, &mut call, CallStepKind::Lost, None, "");
    }
    let is_there = call.live_legs().next().is_some();
    let number = call.number.clone();
    match call.status {
        CallStatus::Queued | CallStatus::Ringing if !is_there || command.cause == LegEnd::Callback => {
            gave_up(work, call, command.cause);
        }
        CallStatus::Answered | CallStatus::Held if was_talking => hung_up(work, call, command.cause),
        // It goes on without the leg. What it came to is told with the next step.
        _ => put(work, call, EventKind::CallFolded, ""),
    }
    over::make_room(work, &number);
    settle_down(work);
    Ok(outcome(work, &id))
}

/// Before anybody answered.
fn gave_up(work: &mut Work<'_>, mut call: Call, cause: LegEnd) {
    let desk = work.state.book.desk();
    let rung = call.agent.clone().filter(|_| call.status == CallStatus::Ringing);
    let is_owed = cause != LegEnd::HungUp || desk.callback_always || desk.overloaded_since_ms.is_set();
    let kind = if is_owed && !call.number.is_empty() {
        let note = cause.as_str();
        let now = work.now;
        // Who accepted to be called back has no reason to hold another line.
        call.legs.iter_mut().filter(|leg| !leg.ended_at_ms.is_set()).for_each(|leg| leg.ended_at_ms = now);
        due_back(work, &mut call, note);
        EventKind::CallCallbackDue
    } else {
        over::finish(work, &mut call, CallStatus::Abandoned, "hung_up");
        step(work, &mut call, CallStepKind::Abandoned, None, "");
        EventKind::CallAbandoned
    };
    put(work, call, kind, cause.as_str());
    if let Some(agent) = rung {
        let idle_since = work.state.book.agents.get(&agent).map(|agent| agent.idle_since_ms);
        // It was not the agent's doing: their place among the free is as before.
        agent::set(work, &agent, AgentStatus::Available, None, |agent| {
            agent.idle_since_ms = idle_since.unwrap_or(agent.idle_since_ms);
        });
    }
}

/// While an agent talked with them.
fn hung_up(work: &mut Work<'_>, mut call: Call, cause: LegEnd) {
    let (id, agent) = (call.id.clone(), call.agent.clone());
    if let Some(agent) = &agent {
        call.wrap_up_due_at_ms = agent::wrap_up(work, agent, &id);
    }
    let kind = if call.live_legs().next().is_some() {
        over::wait_again(work, &mut call, cause.as_str());
        EventKind::CallUnanswered
    } else if cause == LegEnd::Lost && !call.number.is_empty() {
        due_back(work, &mut call, cause.as_str());
        EventKind::CallCallbackDue
    } else {
        over::finish(work, &mut call, CallStatus::Ended, "hung_up");
        step(work, &mut call, CallStepKind::Ended, agent.as_ref(), "hung_up");
        EventKind::CallEnded
    };
    put(work, call, kind, cause.as_str());
}

#[cfg(test)]
mod tests {
    use crate::{
        CallDesk, CallStatus, Command, EndLeg, Entry, GroupId, LegEnd, LegId, Millis, OfferCall, PutCallDesk, Reply,
        State,
    };

    fn ok(state: &mut State, index: u64, command: impl Into<Command>) {
        let entry = Entry {
            at_ms: Millis(index),
            request: None,
            grant: None,
            command: command.into(),
            salt: Default::default(),
        };
        let reply = state.apply(index, &entry).reply;
        assert!(matches!(reply, Reply::Accepted(_)), "{reply:?}");
        state.check().unwrap();
    }

    fn offer(leg: &str, number: &str) -> OfferCall {
        OfferCall {
            leg: LegId::new(leg).unwrap(),
            door: "pbx".into(),
            line: "1022".into(),
            number: number.into(),
            wanted: String::new(),
            place: None,
            language: String::new(),
            exercise: false,
        }
    }

    #[test]
    fn who_gives_up_before_being_answered_is_owed_a_call_unless_the_desk_says_otherwise() {
        let mut state = State::new(GroupId::COMMAND);
        let gone = |leg: &str| EndLeg { leg: LegId::new(leg).unwrap(), cause: LegEnd::HungUp };
        for (index, (leg, number)) in (1..).zip([("l-1", "0901"), ("l-2", "")]) {
            ok(&mut state, 2 * index, offer(leg, number));
            ok(&mut state, 2 * index + 1, gone(leg));
        }
        let owed = &state.calls()["C1"];
        assert_eq!((owed.status, owed.steps.last().unwrap().note.as_str()), (CallStatus::Callback, "hung_up"));
        assert_eq!(state.calls()["C2"].status, CallStatus::Abandoned, "nobody knows whom to call");
        let desk = CallDesk { callback_always: false, ..CallDesk::default() };
        ok(&mut state, 6, PutCallDesk { desk });
        ok(&mut state, 7, offer("l-3", "0903"));
        ok(&mut state, 8, gone("l-3"));
        assert_eq!(state.calls()["C3"].status, CallStatus::Abandoned);
    }
}
