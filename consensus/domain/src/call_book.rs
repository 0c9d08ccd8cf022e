//! The part of group 0's state that is about calls: who waits, who takes them, what is known of a number. What is derived
//! is kept right where a record is kept, and `check` derives it anew.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use crate::{
    Agent, AgentStatus, Call, CallDesk, CallDraft, CallId, CallStatus, Caller, LegId, Millis, PersonId, State, rows,
    stored::same_key,
    wire::{Malformed, Record},
};

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallBook {
    /// The number of the newest call.
    pub(crate) offered: u64,
    pub(crate) calls: BTreeMap<CallId, Call>,
    pub(crate) agents: BTreeMap<PersonId, Agent>,
    /// None: as the program has it.
    pub(crate) desk: Option<CallDesk>,
    pub(crate) callers: BTreeMap<String, Caller>,
    pub(crate) drafts: BTreeMap<CallId, CallDraft>,

    /// Invariant: exactly the queued calls, by line; the longest waiting first.
    pub(crate) waiting: BTreeMap<String, BTreeSet<(Millis, CallId)>>,
    /// Invariant: exactly the legs of the calls.
    pub(crate) legs: BTreeMap<LegId, CallId>,
    /// Invariant: exactly the calls with a number.
    pub(crate) by_number: BTreeMap<String, BTreeSet<CallId>>,
    /// Invariant: exactly the calls that are over; the longest over first.
    pub(crate) over: BTreeSet<(Millis, CallId)>,
    /// Invariant: exactly the callers; the one not heard of the longest first.
    pub(crate) by_last: BTreeSet<(Millis, String)>,
}

/// What has to happen of a call at its time, if nobody does something before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallDue {
    /// This ring of the call is not answered.
    Ring(CallId, u32),
    /// The wrap-up of this agent that ends at this time.
    WrapUp(PersonId, Millis),
    /// One has waited since then, which is an overload.
    Wait(Millis),
}

impl CallBook {
    /// How calls are taken.
    pub(crate) fn desk(&self) -> CallDesk {
        self.desk.clone().unwrap_or_default()
    }

    /// Keeps a call, and what is derived right.
    pub(crate) fn keep(&mut self, call: Call) {
        self.drop_call(&call.id);
        if call.status == CallStatus::Queued {
            let line = self.waiting.entry(call.line.clone()).or_default();
            line.insert((call.offered_at_ms, call.id.clone()));
        }
        if !call.status.is_open() {
            self.over.insert((call.status_at_ms, call.id.clone()));
        }
        if !call.number.is_empty() {
            self.by_number.entry(call.number.clone()).or_default().insert(call.id.clone());
        }
        self.legs.extend(call.legs.iter().map(|leg| (leg.id.clone(), call.id.clone())));
        self.calls.insert(call.id.clone(), call);
    }

    /// Forgets a call, and keeps what is derived right.
    pub(crate) fn drop_call(&mut self, id: &CallId) {
        let Some(call) = self.calls.remove(id) else { return };
        forget(&mut self.waiting, &call.line, &(call.offered_at_ms, id.clone()));
        forget(&mut self.by_number, &call.number, id);
        self.over.remove(&(call.status_at_ms, id.clone()));
        for leg in &call.legs {
            self.legs.remove(&leg.id);
        }
    }

    /// Keeps what is known of a number, and what is derived right.
    pub(crate) fn keep_caller(&mut self, caller: Caller) {
        let key = (caller.last_at_ms, caller.number.clone());
        if let Some(former) = self.callers.insert(caller.number.clone(), caller) {
            self.by_last.remove(&(former.last_at_ms, former.number));
        }
        self.by_last.insert(key);
    }

    /// Forgets a number.
    pub(crate) fn drop_caller(&mut self, number: &str) {
        if let Some(caller) = self.callers.remove(number) {
            self.by_last.remove(&(caller.last_at_ms, caller.number));
        }
    }

    /// How many are not over.
    pub(crate) fn open_count(&self) -> usize {
        self.calls.len() - self.over.len()
    }

    /// How many wait; callers of a drill make no overload.
    pub(crate) fn waiting_count(&self) -> usize {
        self.waiting.values().flatten().filter(|(_, id)| self.is_real(id)).count()
    }

    /// Since when the one that has waited the longest does.
    pub(crate) fn waiting_since(&self) -> Option<Millis> {
        let longest = |line: &BTreeSet<(Millis, CallId)>| line.iter().find(|(_, id)| self.is_real(id)).map(|it| it.0);
        self.waiting.values().filter_map(longest).min()
    }

    fn is_real(&self, id: &CallId) -> bool {
        self.calls.get(id).is_some_and(|call| !call.exercise)
    }

    /// Whether rows of this table are its own.
    pub(crate) fn reads(&self, table: u8) -> bool {
        matches!(table, rows::CALLS | rows::AGENTS | rows::CALL_DESK | rows::CALLERS | rows::CALL_DRAFTS)
    }

    /// Takes a row of one of these tables.
    pub(crate) fn read_row(&mut self, key: &Bytes, value: &Bytes) -> Result<(), Malformed> {
        match key.first().copied() {
            Some(rows::CALLS) => {
                let record = Call::decode(value)?;
                same_key(key, &rows::call_key(&record.id))?;
                self.keep(record);
            }
            Some(rows::AGENTS) => {
                let record = Agent::decode(value)?;
                same_key(key, &rows::agent_key(&record.person))?;
                self.agents.insert(record.person.clone(), record);
            }
            Some(rows::CALL_DESK) => {
                same_key(key, &rows::call_desk_key())?;
                self.desk = Some(CallDesk::decode(value)?);
            }
            Some(rows::CALLERS) => {
                let record = Caller::decode(value)?;
                same_key(key, &rows::caller_key(&record.number))?;
                self.keep_caller(record);
            }
            _ => {
                let record = CallDraft::decode(value)?;
                same_key(key, &rows::call_draft_key(&record.call))?;
                self.drafts.insert(record.call.clone(), record);
            }
        }
        Ok(())
    }
}

fn forget<T: Ord>(map: &mut BTreeMap<String, BTreeSet<T>>, key: &str, item: &T) {
    if let Some(set) = map.get_mut(key) {
        set.remove(item);
        if set.is_empty() {
            map.remove(key);
        }
    }
}

impl State {
    /// Calls, those that were over lately included (group 0).
    #[must_use]
    pub fn calls(&self) -> &BTreeMap<CallId, Call> {
        &self.book.calls
    }

    /// The call of a leg (group 0).
    #[must_use]
    pub fn call_of_leg(&self, leg: &LegId) -> Option<&Call> {
        self.book.legs.get(leg).and_then(|id| self.book.calls.get(id))
    }

    /// How many calls were ever offered, folded ones once; the newest has this number (group 0).
    #[must_use]
    pub fn calls_offered(&self) -> u64 {
        self.book.offered
    }

    /// How many calls on the line wait longer than this one (group 0).
    #[must_use]
    pub fn calls_before(&self, call: &Call) -> usize {
        let line = self.book.waiting.get(&call.line);
        line.map_or(0, |line| line.range(..(call.offered_at_ms, call.id.clone())).count())
    }

    /// People who take calls (group 0).
    #[must_use]
    pub fn agents(&self) -> &BTreeMap<PersonId, Agent> {
        &self.book.agents
    }

    /// How calls are taken (group 0).
    #[must_use]
    pub fn call_desk(&self) -> CallDesk {
        self.book.desk()
    }

    /// What is known of a number. Personal (group 0).
    #[must_use]
    pub fn caller(&self, number: &str) -> Option<&Caller> {
        self.book.callers.get(number)
    }

    /// The calls in memory of a number; none of a withheld one. Personal (group 0).
    pub fn calls_of(&self, number: &str) -> impl Iterator<Item = &Call> {
        self.book.by_number.get(number).into_iter().flatten().filter_map(|id| self.book.calls.get(id))
    }

    /// Calls on which a caller waits for an agent, or that an agent has: all that are open but those to be called back (group 0).
    pub fn calls_at_hand(&self) -> impl Iterator<Item = &Call> {
        let waiting = self.book.waiting.values().flatten().map(|(_, id)| id);
        let has_call = |agent: &&Agent| matches!(agent.status, AgentStatus::Ringing | AgentStatus::OnCall);
        let with_agents = self.book.agents.values().filter(has_call).filter_map(|agent| agent.call.as_ref());
        waiting.chain(with_agents).filter_map(|id| self.book.calls.get(id))
    }

    /// Where the newest so many of the calls that are over begin: since when that one has been, and which it is. None: there are
    /// fewer (group 0).
    #[must_use]
    pub fn calls_over_from(&self, count: usize) -> Option<(Millis, CallId)> {
        self.book.over.iter().rev().nth(count.checked_sub(1)?).cloned()
    }

    /// What an agent has put down of a call and not saved (group 0).
    #[must_use]
    pub fn call_draft(&self, call: &CallId) -> Option<&CallDraft> {
        self.book.drafts.get(call)
    }

    /// What has to happen of calls, and when (group 0).
    pub fn calls_due(&self) -> impl Iterator<Item = (Millis, CallDue)> {
        let of_agent = |agent: &Agent| match agent.status {
            AgentStatus::Ringing => {
                let call = agent.call.as_ref().and_then(|id| self.book.calls.get(id))?;
                Some((call.ring_due_at_ms, CallDue::Ring(call.id.clone(), call.ring)))
            }
            AgentStatus::WrapUp => {
                Some((agent.wrap_up_due_at_ms, CallDue::WrapUp(agent.person.clone(), agent.wrap_up_due_at_ms)))
            }
            _ => None,
        };
        let desk = self.book.desk();
        let since = self.book.waiting_since().filter(|_| !desk.overloaded_since_ms.is_set());
        // It is an overload from the millisecond after the bound on.
        let wait = since.map(|since| (since.plus(desk.overload_wait_ms.saturating_add(1)), CallDue::Wait(since)));
        self.book.agents.values().filter_map(of_agent).chain(wait)
    }
}
