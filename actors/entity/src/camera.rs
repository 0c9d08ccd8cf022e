//! Cameras: whether a picture comes.

pub(crate) mod actor;
pub(crate) mod rules;
