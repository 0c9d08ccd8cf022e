//! The record: the heads of the groups' hash chains, anchored in one another.

pub(crate) mod anchor;
