//! Invariants of the outbox.

use super::{Violation, hold};
use crate::{State, limits};

impl State {
    pub(super) fn check_notices(&self) -> Result<(), Violation> {
        let mut waiting = 0;
        for receiver in self.receivers.values() {
            let id = &receiver.id;
            let numbers = self.notices_for(id).map(|notice| notice.number);
            let is_right = receiver.confirmed <= receiver.newest_in_state()
                && numbers.eq(receiver.confirmed + 1..=receiver.newest_in_state())
                && self.notices_for(id).count() <= limits::NOTICES_MAX;
            hold(32, is_right, || format!("receiver {id}: {} of {}", receiver.confirmed, receiver.newest))?;
            let is_parked_right = receiver.parked <= limits::NOTICES_PARKED_MAX.min(receiver.newest);
            hold(67, is_parked_right, || format!("receiver {id}: {} parked of {}", receiver.parked, receiver.newest))?;
            let given_up = receiver.given_up.as_ref();
            let is_behind = given_up.is_none_or(|it| it.count > 0 && it.number <= receiver.confirmed);
            hold(32, is_behind, || format!("receiver {id}: {given_up:?}"))?;
            waiting += self.notices_for(id).count();
        }
        hold(32, waiting == self.notices.len(), || "a notice without its receiver".into())
    }
}
