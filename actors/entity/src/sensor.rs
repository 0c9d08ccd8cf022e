//! Sensors: their rules, and the actor of one that is not quiet.

pub(crate) mod actor;
pub(crate) mod rules;
#[cfg(test)]
mod rules_tests;
