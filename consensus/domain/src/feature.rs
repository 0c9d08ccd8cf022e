//! Behaviour that a group switches on by an entry. Nodes of two versions never apply one entry in two ways, because the newer
//! one does nothing new before that entry, and it is proposed only when every node knows what it switches.

use crate::{State, audit, chunk};

/// Every feature that this version knows, ascending. A new cluster has them all from its first entries on.
pub const FEATURES: &[u32] = &[audit::FEATURE, chunk::FEATURE];

impl State {
    /// Features that this version knows and the group has not switched on.
    #[must_use]
    pub fn missing_features(&self) -> Vec<u32> {
        FEATURES.iter().copied().filter(|feature| !self.has_feature(*feature)).collect()
    }
}
