//! Incidents: the deadline by which somebody must have seen one.

pub(crate) mod actor;
pub(crate) mod rules;
