//! Calls: a caller who wants to be heard, from the first ring until nobody owes them anything.

use serde::{Deserialize, Serialize};

use crate::{
    CallId, IncidentId, LegId, Millis, PersonId, Place, ReportCode, limits,
    wire::{record, wire_enum},
};

wire_enum! {
    /// How far it is.
    CallStatus {
        /// Waits for an agent.
        Queued = "queued",
        /// Rings at one agent.
        Ringing = "ringing",
        /// Somebody talks with the caller.
        Answered = "answered",
        /// The caller waits in the middle of it.
        Held = "held",
        /// Nobody is on the line, and somebody has to call back.
        Callback = "callback",
        /// An agent is calling back.
        CallingBack = "calling_back",
        /// Over.
        Ended = "ended",
        /// The caller hung up before anybody answered.
        Abandoned = "abandoned",
        /// It went on to a place that is not ours.
        Transferred = "transferred",
    }
}

impl CallStatus {
    /// Somebody still owes the caller something.
    #[must_use]
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Ended | Self::Abandoned | Self::Transferred)
    }

    /// One agent has it.
    #[must_use]
    pub fn is_with_agent(self) -> bool {
        matches!(self, Self::Ringing | Self::Answered | Self::Held | Self::CallingBack)
    }
}

wire_enum! {
    /// What happened to a call.
    CallStepKind {
        /// It came.
        Offered = "offered",
        /// It waits, or waits again.
        Queued = "queued",
        /// It rings at an agent.
        Ringing = "ringing",
        /// The agent did not answer.
        Unanswered = "unanswered",
        /// The agent answered.
        Answered = "answered",
        /// The caller waits.
        Held = "held",
        /// They talk on.
        Resumed = "resumed",
        /// It went on to another line or place.
        Transferred = "transferred",
        /// It is over.
        Ended = "ended",
        /// The caller hung up.
        Abandoned = "abandoned",
        /// Somebody has to call back.
        CallbackDue = "callback_due",
        /// Somebody calls back.
        CallingBack = "calling_back",
        /// Called back in vain.
        Unreached = "unreached",
        /// The same number called again.
        Folded = "folded",
        /// The line broke.
        Lost = "lost",
        /// The agent's wrap-up is over.
        Wrapped = "wrapped",
    }
}

wire_enum! {
    /// Why a leg is gone.
    LegEnd {
        /// The caller hung up.
        HungUp = "hung_up",
        /// The caller accepted to be called back.
        Callback = "callback",
        /// The line broke, or the door that it came through.
        Lost = "lost",
    }
}

/// One thing that happened to a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallStep {
    /// What.
    pub kind: CallStepKind,
    /// When.
    pub at_ms: Millis,
    /// Whom it concerns.
    pub agent: Option<PersonId>,
    /// May be empty.
    pub note: String,
}

record!(CallStep { kind, at_ms, agent, note });

/// One telephone connection of a caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallLeg {
    /// Made of the exchange's own id.
    pub id: LegId,
    /// Through which it came.
    pub door: String,
    /// When.
    pub offered_at_ms: Millis,
    /// Unset: it lives.
    pub ended_at_ms: Millis,
}

record!(CallLeg { id, door, offered_at_ms, ended_at_ms });

/// A call as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// "C" and a number that grows.
    pub id: CallId,
    /// `1022`, or who handed it over.
    pub line: String,
    /// Digits, perhaps with a +; empty: withheld. Personal.
    pub number: String,
    /// How far.
    pub status: CallStatus,
    /// The first offer: its place in the queue.
    pub offered_at_ms: Millis,
    /// Since when it is as far.
    pub status_at_ms: Millis,
    /// At whom it rings, who talks, who talked last.
    pub agent: Option<PersonId>,
    /// While it rings: then it goes to the next agent.
    pub ring_due_at_ms: Millis,
    /// Counts the rings.
    pub ring: u32,
    /// How often this number called.
    pub times: u32,
    /// At most `limits::CALL_LEGS_MAX`.
    pub legs: Vec<CallLeg>,
    /// Oldest first, at most `limits::CALL_STEPS_MAX`.
    pub steps: Vec<CallStep>,
    /// Reports that it became, at most `limits::CALL_REPORTS_MAX`.
    pub reports: Vec<ReportCode>,
    /// The incidents of these.
    pub incidents: Vec<IncidentId>,
    /// What whoever handed it over says. Personal.
    pub wanted: String,
    /// Where the caller is, as far as the exchange knows. Personal.
    pub place: Option<Place>,
    /// How often it was called back.
    pub callback_tries: u32,
    /// Why it is over; empty while it is not.
    pub outcome: String,
    /// Where it went; may be empty.
    pub transferred_to: String,
    /// After talking: when the agent's wrap-up ends by itself.
    pub wrap_up_due_at_ms: Millis,
    /// Grows with every change that somebody may have decided on.
    pub version: u64,
    /// The caller's language; may be empty.
    pub language: String,
    /// The leg that the agent talks on.
    pub talking: Option<LegId>,
    /// Part of a drill.
    #[serde(default)]
    pub exercise: bool,
}

record!(Call {
    id,
    line,
    number,
    status,
    offered_at_ms,
    status_at_ms,
    agent,
    ring_due_at_ms,
    ring,
    times,
    legs,
    steps,
    reports,
    incidents,
    wanted,
    place,
    callback_tries,
    outcome,
    transferred_to,
    wrap_up_due_at_ms,
    version,
    language,
    talking,
    exercise,
});

impl Call {
    /// The legs on which the caller is there.
    pub fn live_legs(&self) -> impl DoubleEndedIterator<Item = &CallLeg> {
        self.legs.iter().filter(|leg| !leg.ended_at_ms.is_set())
    }

    /// The call for who may not see callers: the end of the number tells two apart, and nothing else of the person is there.
    #[must_use]
    pub fn masked(&self) -> Self {
        let bare = |step: &CallStep| CallStep { note: String::new(), ..step.clone() };
        Self {
            number: masked(&self.number),
            wanted: String::new(),
            place: None,
            transferred_to: masked(&self.transferred_to),
            steps: self.steps.iter().map(bare).collect(),
            ..self.clone()
        }
    }
}

/// The last three digits of a number.
#[must_use]
pub fn masked(number: &str) -> String {
    let end: Vec<char> = number.chars().rev().take(3).collect();
    if number.chars().count() <= end.len() {
        return if number.is_empty() { String::new() } else { "••••".to_owned() };
    }
    format!("•••• {}", end.into_iter().rev().collect::<String>())
}

/// A call of a number that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastCall {
    /// Which.
    pub call: CallId,
    /// On which line.
    pub line: String,
    /// When.
    pub offered_at_ms: Millis,
    /// Until when.
    pub ended_at_ms: Millis,
    /// Why it was over.
    pub outcome: String,
    /// Who talked last.
    pub agent: Option<PersonId>,
    /// What it became.
    pub reports: Vec<ReportCode>,
}

record!(PastCall { call, line, offered_at_ms, ended_at_ms, outcome, agent, reports });

/// What is known of a number. Personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Which.
    pub number: String,
    /// Calls that are over.
    pub total: u64,
    /// The newest of them, oldest first, at most `limits::CALLER_CALLS_MAX`.
    pub calls: Vec<PastCall>,
    /// Where the caller last was.
    pub place: Option<Place>,
    /// As of when.
    pub place_at_ms: Millis,
    /// When something was last heard of the number.
    pub last_at_ms: Millis,
    /// As an agent was told it; may be empty.
    pub name: String,
}

record!(Caller { number, total, calls, place, place_at_ms, last_at_ms, name });

/// What an agent has put down of a call and not saved. Personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallDraft {
    /// Which call.
    pub call: CallId,
    /// The writer's own number: the greatest stands.
    pub seq: u64,
    /// Who.
    pub by: Option<PersonId>,
    /// When.
    pub at_ms: Millis,
    /// A JSON object of the screen's; empty: dropped.
    pub form: String,
}

record!(CallDraft { call, seq, by, at_ms, form });

/// How calls are taken, and whether there are too many now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallDesk {
    /// An agent has so long to answer.
    pub ring_ms: u64,
    /// An agent has so long after a call; 0: none.
    pub wrap_up_ms: u64,
    /// More waiting than this is an overload.
    pub overload_waiting: u32,
    /// One waiting longer than this is one too.
    pub overload_wait_ms: u64,
    /// What agents read out in an overload.
    #[serde(default)]
    pub surge_script: String,
    /// The same in English.
    #[serde(default)]
    pub surge_script_en: String,
    /// What those who wait are told.
    #[serde(default)]
    pub waiting_message: String,
    /// The same in English.
    #[serde(default)]
    pub waiting_message_en: String,
    /// Whoever hangs up while waiting is called back, overload or not. Who sends nothing of it says yes: a caller is left to
    /// themselves by a decision and not by a field that is missing.
    #[serde(default = "yes")]
    pub callback_always: bool,
    /// Unset: no overload.
    #[serde(default)]
    pub overloaded_since_ms: Millis,
    /// Grows with every change.
    #[serde(default)]
    pub version: u64,
    /// After so many calls in vain a person decides what becomes of it.
    pub callback_tries_max: u32,
}

record!(CallDesk {
    ring_ms,
    wrap_up_ms,
    overload_waiting,
    overload_wait_ms,
    surge_script,
    surge_script_en,
    waiting_message,
    waiting_message_en,
    callback_always,
    overloaded_since_ms,
    version,
    callback_tries_max,
});

impl Default for CallDesk {
    fn default() -> Self {
        Self {
            ring_ms: limits::RING_MS,
            wrap_up_ms: limits::WRAP_UP_MS,
            overload_waiting: limits::OVERLOAD_WAITING,
            overload_wait_ms: limits::OVERLOAD_WAIT_MS,
            surge_script: String::new(),
            surge_script_en: String::new(),
            waiting_message: String::new(),
            waiting_message_en: String::new(),
            callback_always: yes(),
            overloaded_since_ms: Millis(0),
            version: 0,
            callback_tries_max: limits::CALLBACK_TRIES,
        }
    }
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn a_masked_number_keeps_three_digits_at_most() {
        assert_eq!(masked("0912345678"), "•••• 678");
        assert_eq!(masked("114"), "••••");
        assert_eq!(masked(""), "");
    }
}
