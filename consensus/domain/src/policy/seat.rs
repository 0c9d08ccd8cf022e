//! Who sends units from a seat where calls are taken: in a small centre the caller is still on the line when the first
//! unit goes. An agent may no more than their role says, but for this one command, and only where their seat was
//! registered so. Pure.

use super::{covers, outside, places};
use crate::{Command, Grant, Refusal, Role, State};

/// Whether the grant's seat allows the command; none: the role decides.
pub(super) fn authorize(state: &State, grant: &Grant, command: &Command) -> Option<Result<(), Refusal>> {
    if grant.role != Role::Agent || !matches!(command, Command::AssignIncident(_)) {
        return None;
    }
    // Whoever acts for somebody has that person's seat; a key of few scopes has none.
    let whose = grant.terms.acts_for.as_ref().unwrap_or(&grant.person);
    let sends = state.agents().get(whose).is_some_and(|agent| agent.dispatches);
    if !sends || !grant.terms.allow(super::action_of(command)) {
        return None;
    }
    let elsewhere = places::places(state, command).into_iter().find(|place| !covers(grant, place));
    Some(elsewhere.map_or(Ok(()), |place| Err(outside(state, place))))
}
