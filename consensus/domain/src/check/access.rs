//! Invariants of rights beyond a role.

use super::{Violation, hold};
use crate::{PersonId, State, limits};

impl State {
    pub(super) fn check_access(&self) -> Result<(), Violation> {
        let access = &self.access;
        let is_known = |person: &PersonId| self.persons.contains_key(person);
        for (id, factor) in &access.second_factors {
            let is_right = factor.person == *id
                && is_known(id)
                && factor.confirmed == (factor.last_step > 0)
                && factor.recovery_spent >> limits::RECOVERY_CODES == 0;
            hold(38, is_right, || format!("second factor of {id}"))?;
        }
        for (id, key) in &access.service_keys {
            let is_right = key.id == *id && is_known(&key.account) && !key.scopes.is_empty();
            hold(38, is_right, || format!("service key {id}"))?;
        }
        for (id, it) in &access.delegations {
            let is_right = it.id == *id && is_known(&it.giver) && is_known(&it.deputy) && it.giver != it.deputy;
            hold(38, is_right, || format!("delegation {id}"))?;
        }
        for (id, stance) in &access.stances {
            let acts_by = stance.acts_by.as_ref();
            let is_own = acts_by.is_none_or(|by| access.delegations.get(by).is_some_and(|it| it.deputy == *id));
            hold(38, stance.person == *id && is_known(id) && is_own, || format!("stance of {id}"))?;
        }
        for (id, remit) in &access.remits {
            let is_right = is_known(id)
                && !remit.is_all()
                && remit.fields.is_sorted_by(|one, next| one < next)
                && remit.agencies.is_sorted_by(|one, next| one < next)
                && remit.agencies.len() <= limits::REMIT_AGENCIES_MAX;
            hold(47, is_right, || format!("remit of {id}: {remit:?}"))?;
        }
        let is_within = access.service_keys.len() <= limits::SERVICE_KEYS_MAX
            && access.delegations.len() <= limits::DELEGATIONS_MAX;
        hold(3, is_within, || format!("{} records of rights", access.len()))
    }
}
