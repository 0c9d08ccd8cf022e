//! Invariants of the outbox.

use super::{Violation, hold};
use crate::{State, limits};

impl State {
    pub(super) fn check_notices(&self) -> Result<(), Violation> {
        let mut waiting = 0;
        for receiver in self.receivers.values() {
            let id = &receiver.id;
            let numbers = self.notices_for(id).map(|notice| notice.number);
            let is_right = receiver.confirmed <= receiver.newest
                && numbers.eq(receiver.confirmed + 1..=receiver.newest)
                && self.notices_for(id).count() <= limits::NOTICES_MAX;
            hold(32, is_right, || format!("receiver {id}: {} of {}", receiver.confirmed, receiver.newest))?;
            waiting += self.notices_for(id).count();
        }
        hold(32, waiting == self.notices.len(), || "a notice without its receiver".into())
    }
}
