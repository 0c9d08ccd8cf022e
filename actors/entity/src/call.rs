//! Calls: rings that nobody answers, wrap-ups that are over, doors that are gone. All of it stands in state; the one timer
//! is its shadow.

pub(crate) mod rules;
pub(crate) mod usher;
