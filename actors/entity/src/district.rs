//! Districts: where readings are gathered for the log, quiet sensors are kept, and floods of alarms are seen.

pub(crate) mod actor;
pub(crate) mod batch;
pub(crate) mod rules;
pub(crate) mod slab;
