//! The command about retention.

use super::vocabulary::body;
use crate::{KindRetention, wire::record};

body! {
    /// Says how long readings are kept, in place of what was said before. What was dropped stays dropped.
    SetRetention {
        /// Days, of kinds without their own; 0: for ever.
        days: u32,
        /// Kinds with days of their own, each once.
        kinds: Vec<KindRetention>,
    }
}
