//! People who take calls.

use serde::{Deserialize, Serialize};

use crate::{
    CallId, Millis, PersonId,
    wire::{record, wire_enum},
};

wire_enum! {
    /// What an agent does.
    AgentStatus {
        /// Is not here.
        Off = "off",
        /// Waits for a call.
        Available = "available",
        /// A call rings.
        Ringing = "ringing",
        /// Talks, or calls somebody back.
        OnCall = "on_call",
        /// Writes down what was said.
        WrapUp = "wrap_up",
        /// Takes no calls for a while.
        Break = "break",
    }
}

/// An agent as they stand. Named by the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Who.
    pub person: PersonId,
    /// Lines that they take, at most `limits::AGENT_LINES_MAX`.
    pub lines: Vec<String>,
    /// SIP address of their phone; may be empty.
    pub phone: String,
    /// What they do.
    pub status: AgentStatus,
    /// Since when.
    pub status_at_ms: Millis,
    /// Who has been idle the longest is rung first.
    pub idle_since_ms: Millis,
    /// Ringing, on a call, in wrap-up: of which.
    pub call: Option<CallId>,
    /// In wrap-up: when it ends by itself.
    pub wrap_up_due_at_ms: Millis,
    /// Rings not answered in a row.
    pub missed: u32,
    /// Of a break; may be empty.
    pub reason: String,
    /// Grows with every change.
    pub version: u64,
    /// The person's name.
    pub name: String,
    /// Sends units from this seat, whatever else an agent may not (`policy/seat.rs`).
    #[serde(default)]
    pub dispatches: bool,
}

record!(Agent {
    person,
    lines,
    phone,
    status,
    status_at_ms,
    idle_since_ms,
    call,
    wrap_up_due_at_ms,
    missed,
    reason,
    version,
    name,
    dispatches,
});
