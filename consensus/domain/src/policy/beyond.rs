//! Rights beyond a role: how they change a grant, and who may change them. Pure.

use super::{Action, allows, forbidden};
use crate::{Command, Delegation, DelegationId, Grant, Millis, Person, PersonId, Refusal, ServiceKeyId, State, Terms};

/// Whose rights somebody has now, whether everywhere, and on which terms: their own, a giver's by a delegation that was taken
/// and holds, and with a broken glass the whole province. A giver's own rights only: what was given to them stays with them,
/// and who is disabled gives nothing.
pub(super) fn standing<'a>(state0: &'a State, person: &'a Person, now: Millis) -> (&'a Person, bool, Terms) {
    let stance = state0.stances().get(&person.id);
    let mut terms = Terms::default();
    let mut rights = person;
    let taken = stance.and_then(|stance| state0.delegations().get(stance.acts_by.as_ref()?));
    if let Some(delegation) = taken.filter(|delegation| delegation.holds(now) && delegation.deputy == person.id)
        && let Some(giver) = state0.persons().get(&delegation.giver).filter(|giver| !giver.disabled)
    {
        terms.acts_for = Some(giver.id.clone());
        terms.end_at(delegation.until_ms);
        rights = giver;
    }
    let glass = stance.and_then(|stance| stance.broken(now));
    if let Some(glass) = glass {
        terms.broken_glass = true;
        terms.end_at(glass.until_ms);
    } else if let Some(remit) = state0.remit(&rights.id) {
        // In an emergency everybody works for every field; otherwise a remit goes with the rights that it bounds.
        terms.remit = remit.clone();
    }
    (rights, rights.everywhere || glass.is_some(), terms)
}

/// The grant of whoever shows this key: its account's own rights, of which the scopes leave a part.
#[must_use]
pub fn grant_of_key(state0: &State, key: &ServiceKeyId, index: u64, now: Millis) -> Option<Grant> {
    let key = state0.service_keys().get(key).filter(|key| now < key.expires_at_ms)?;
    let mut grant = super::grant_at(state0, &key.account, index, now)?;
    grant.terms.key = Some(key.id.clone());
    grant.terms.scopes.clone_from(&key.scopes);
    grant.terms.end_at(key.expires_at_ms);
    Some(grant)
}

/// Whether the grant allows a command about rights; none: it is about something else.
pub(super) fn authorize(state: &State, grant: &Grant, command: &Command) -> Option<Result<(), Refusal>> {
    let is_self = |person: &PersonId| grant.person == *person;
    let is_plain = grant.terms.are_own();
    let administers = || allows(grant, Action::Administer, None);
    let of = |id: &DelegationId| state.delegations().get(id);
    let is_party = |it: &Delegation| is_self(&it.deputy) || is_self(&it.giver);
    let no_further = "who acts for somebody, or in an emergency, gives no rights away: lay that down first";
    Some(match command {
        Command::PutSecondFactor(command) if is_self(&command.person) => Ok(()),
        Command::PutSecondFactor(_) => Err(forbidden("everybody chooses their own second factor: ask them")),
        Command::DropSecondFactor(command) if is_self(&command.person) => Ok(()),
        Command::DropSecondFactor(_) => administers(),
        Command::PutDelegation(_) if !is_plain => Err(forbidden(no_further)),
        Command::PutDelegation(command) if is_self(&command.delegation.giver) => Ok(()),
        Command::PutDelegation(_) => administers(),
        Command::RevokeDelegation(command) if of(&command.delegation).is_some_and(is_party) => Ok(()),
        Command::RevokeDelegation(_) => administers(),
        Command::EndGlass(command) if is_self(&command.person) => Ok(()),
        Command::EndGlass(_) => administers(),
        Command::TakeDelegation(_) | Command::BreakGlass(_) => Ok(()),
        _ => return None,
    })
}
