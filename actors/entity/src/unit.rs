//! Response units: offers that run out, crews that are not heard of, and whom to send.

pub(crate) mod actor;
pub mod recommend;
pub(crate) mod rules;
