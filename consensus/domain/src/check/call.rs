//! Invariants of calls.

use super::{Violation, hold};
use crate::{
    Agent, AgentStatus, Call, CallStatus, State,
    call_book::CallBook,
    limits::{
        AGENT_LINES_MAX, AGENTS_MAX, CALL_LEGS_MAX, CALL_REPORTS_MAX, CALL_STEPS_MAX, CALLER_CALLS_MAX, CALLERS_MAX,
        CALLS_OPEN_MAX, CALLS_OVER_MAX, NAME_BYTES_MAX,
    },
};

impl State {
    pub(super) fn check_calls(&self) -> Result<(), Violation> {
        let book = &self.book;
        book.calls.values().try_for_each(|call| self.check_call(call))?;
        book.agents.values().try_for_each(|agent| self.check_agent(agent))?;
        let mut derived = CallBook {
            offered: book.offered,
            agents: book.agents.clone(),
            desk: book.desk.clone(),
            ..CallBook::default()
        };
        book.calls.values().for_each(|call| derived.keep(call.clone()));
        book.callers.values().for_each(|caller| derived.keep_caller(caller.clone()));
        derived.drafts.clone_from(&book.drafts);
        hold(35, derived == *book, || "what is derived of calls".into())?;
        let over = book.over.len();
        let open = book.open_count();
        let is_within = open <= CALLS_OPEN_MAX
            && over <= CALLS_OVER_MAX
            && book.agents.len() <= AGENTS_MAX
            && book.callers.len() <= CALLERS_MAX
            && book.callers.values().all(|caller| caller.calls.len() <= CALLER_CALLS_MAX);
        hold(35, is_within, || format!("{open} calls open, {over} over"))?;
        let is_line = |name: &str| name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control);
        let is_named = book.callers.values().all(|caller| is_line(&caller.name));
        hold(70, is_named, || "the name of a caller".into())?;
        let are_there = book.drafts.keys().all(|call| book.calls.contains_key(call));
        let offered = usize::try_from(book.offered).unwrap_or(usize::MAX);
        hold(35, are_there && book.calls.len() <= offered, || "drafts, or more calls than were offered".into())?;
        self.check_nobody_waits_in_vain()
    }

    fn check_call(&self, call: &Call) -> Result<(), Violation> {
        let id = &call.id;
        let agent = call.agent.as_ref().and_then(|agent| self.book.agents.get(agent));
        let is_with = agent.is_some_and(|agent| {
            agent.call.as_ref() == Some(id) && matches!(agent.status, AgentStatus::Ringing | AgentStatus::OnCall)
        });
        hold(33, is_with == call.status.is_with_agent(), || format!("call {id} is {}", call.status))?;
        let rings = call.status == CallStatus::Ringing;
        let is_open = call.status.is_open();
        let lives = call.live_legs().next().is_some();
        let must_live = matches!(call.status, CallStatus::Queued | CallStatus::Ringing);
        let is_right = call.ring_due_at_ms.is_set() == rings
            && call.outcome.is_empty() == is_open
            && (is_open || !lives)
            && (!must_live || lives)
            && (call.status != CallStatus::Callback || !lives && !call.number.is_empty())
            && call.talking.as_ref().is_none_or(|leg| call.legs.iter().any(|known| known.id == *leg))
            && call.times > 0;
        hold(34, is_right, || format!("call {id} is {}: {call:?}", call.status))?;
        let is_within = call.legs.len() <= CALL_LEGS_MAX
            && call.steps.len() <= CALL_STEPS_MAX
            && call.reports.len() <= CALL_REPORTS_MAX
            && call.incidents.len() <= CALL_REPORTS_MAX;
        hold(35, is_within, || format!("call {id}: its lists"))
    }

    fn check_agent(&self, agent: &Agent) -> Result<(), Violation> {
        let call = agent.call.as_ref().and_then(|id| self.book.calls.get(id));
        let is_with = |call: &Call| call.agent.as_ref() == Some(&agent.person) && call.status.is_with_agent();
        let rings = |call: &Call| call.status == CallStatus::Ringing;
        let is_right = match agent.status {
            AgentStatus::Ringing => call.is_some_and(|call| is_with(call) && rings(call)),
            AgentStatus::OnCall => call.is_some_and(|call| is_with(call) && !rings(call)),
            // The call may have left memory meanwhile.
            AgentStatus::WrapUp => agent.call.is_some(),
            AgentStatus::Off | AgentStatus::Available | AgentStatus::Break => agent.call.is_none(),
        };
        let wraps = agent.status == AgentStatus::WrapUp;
        let is_right = is_right && agent.wrap_up_due_at_ms.is_set() == wraps;
        hold(33, is_right, || format!("agent {} is {}", agent.person, agent.status))?;
        let lines = agent.lines.len();
        let is_person = self.persons.contains_key(&agent.person);
        hold(35, is_person && lines <= AGENT_LINES_MAX, || format!("agent {}", agent.person))
    }

    fn check_nobody_waits_in_vain(&self) -> Result<(), Violation> {
        let is_free = |agent: &&Agent| {
            let may_work = self.persons.get(&agent.person).is_some_and(|person| !person.disabled);
            agent.status == AgentStatus::Available && may_work
        };
        for agent in self.book.agents.values().filter(is_free) {
            let missed = agent.lines.iter().find(|line| self.book.waiting.contains_key(*line));
            hold(36, missed.is_none(), || format!("{} is free and somebody waits on {missed:?}", agent.person))?;
        }
        Ok(())
    }
}
