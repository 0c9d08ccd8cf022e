//! Commands about calls and those who take them.

use super::vocabulary::body;
use crate::{AgentStatus, CallDesk, CallId, LegEnd, LegId, Millis, PersonId, Place, wire::record};

body! {
    /// How calls are taken.
    PutCallDesk {
        /// As it shall be; what is not configuration is passed over.
        desk: CallDesk,
    }
}

body! {
    /// Makes an agent, or changes their lines, phone and whether they send units; without lines they are no agent.
    PutAgent {
        /// Who.
        person: PersonId,
        /// Which lines they take.
        lines: Vec<String>,
        /// SIP address of their phone; may be empty.
        phone: String,
        /// Sends units from this seat, too.
        dispatches: bool,
    }
}

body! {
    /// An agent comes, goes, or ends a wrap-up.
    SetAgentStatus {
        /// Who.
        agent: PersonId,
        /// The version seen.
        expected_version: u64,
        /// Available, break or off.
        status: AgentStatus,
        /// May be empty.
        reason: String,
    }
}

body! {
    /// A caller rings. Idempotent by its leg.
    OfferCall {
        /// Made of the exchange's own id.
        leg: LegId,
        /// Through which it came.
        door: String,
        /// On which line.
        line: String,
        /// Empty: withheld.
        number: String,
        /// What whoever hands it over says; may be empty.
        wanted: String,
        /// Where the caller is, as far as it is known.
        place: Option<Place>,
        /// May be empty.
        language: String,
        /// Part of a drill.
        exercise: bool,
    }
}

body! {
    /// The agent at whom it rings answers.
    AnswerCall {
        /// Which.
        call: CallId,
        /// The version seen.
        expected_version: u64,
        /// Who, said by an exchange; none: who asks.
        agent: Option<PersonId>,
    }
}

body! {
    /// The caller waits, or waits no more.
    HoldCall {
        /// Which.
        call: CallId,
        /// The version seen.
        expected_version: u64,
        /// Whether the caller shall wait.
        held: bool,
    }
}

body! {
    /// It goes on to another line, or away.
    TransferCall {
        /// Which.
        call: CallId,
        /// The version seen.
        expected_version: u64,
        /// A line that somebody is here for, or an address.
        to: String,
        /// For whoever takes it; may be empty.
        note: String,
    }
}

body! {
    /// A caller's connection is gone. Idempotent.
    EndLeg {
        /// Which.
        leg: LegId,
        /// Why.
        cause: LegEnd,
    }
}

body! {
    /// The agent hangs up.
    EndCall {
        /// Which.
        call: CallId,
        /// The version seen.
        expected_version: u64,
        /// What it was.
        outcome: String,
    }
}

body! {
    /// The agent's phone did not answer: the caller waits on, in the same place.
    ReturnCall {
        /// Which.
        call: CallId,
        /// The version seen.
        expected_version: u64,
        /// Why.
        reason: String,
    }
}

body! {
    /// An agent calls back.
    TakeCallback {
        /// Whom.
        call: CallId,
        /// The version seen.
        expected_version: u64,
    }
}

body! {
    /// What came of calling back.
    SettleCallback {
        /// Which.
        call: CallId,
        /// The version seen.
        expected_version: u64,
        /// `reached`, `unreached` or `settled`.
        outcome: String,
        /// Required with `settled`.
        note: String,
    }
}

body! {
    /// Keeps what an agent has put down of a call: the greatest `seq` stands.
    PutCallDraft {
        /// Of which.
        call: CallId,
        /// The writer's own number.
        seq: u64,
        /// A JSON object; empty: dropped.
        form: String,
    }
}

body! {
    /// Who calls, as they said it: kept with the number, and shown when it calls again.
    NameCaller {
        /// On which call.
        call: CallId,
        /// One line; empty: not known any more.
        name: String,
    }
}

body! {
    /// Forgets who called.
    EraseCall {
        /// Which call, and with it all of the same number that are over.
        call: CallId,
        /// The version seen.
        expected_version: u64,
    }
}

body! {
    /// Nobody answered in time.
    ExpireRing {
        /// Which.
        call: CallId,
        /// Which of its rings.
        ring: u32,
    }
}

body! {
    /// A wrap-up is over.
    ExpireWrapUp {
        /// Whose.
        agent: PersonId,
        /// Names it.
        due_at_ms: Millis,
    }
}

body! {
    /// Somebody has waited for long: whether that is an overload.
    CheckQueue {
        /// Since when the one that has waited the longest does.
        waiting_since_ms: Millis,
    }
}
