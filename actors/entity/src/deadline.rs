//! Deadlines: the clocks of incidents and instructions, whose steps are state, and the one timer that is their shadow.

pub(crate) mod keeper;
pub(crate) mod rules;
