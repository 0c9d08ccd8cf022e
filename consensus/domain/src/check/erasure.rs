//! Invariants of personal data that go by rule.

use std::collections::BTreeSet;

use super::{Violation, hold};
use crate::{State, limits};

impl State {
    pub(super) fn check_erasure(&self) -> Result<(), Violation> {
        let erasure = &self.erasure;
        let kinds: BTreeSet<_> = erasure.rules.iter().map(|rule| rule.kind).collect();
        let is_right = kinds.len() == erasure.rules.len()
            && erasure.rules.iter().all(|rule| (1..=limits::RETENTION_DAYS_MAX).contains(&rule.days))
            && (erasure.number > 0 || (erasure.rules.is_empty() && erasure.erased_index == 0));
        hold(50, is_right, || format!("{erasure:?}"))?;
        let erasing = &erasure.erasing;
        hold(3, erasing.len() <= limits::ERASING_RECORDS_MAX, || format!("erasing: {}", erasing.len()))?;
        let are_there = erasing.last().is_none_or(|last| *last <= self.audit.number);
        let is_right = are_there && erasing.is_sorted_by(|one, next| one < next);
        hold(50, is_right, || format!("{} records: {erasing:?}", self.audit.number))
    }
}
