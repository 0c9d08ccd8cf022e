//! This node's wall clock. Decisions of the cluster never depend on it.

/// Unix milliseconds.
pub(crate) fn unix_ms() -> u64 {
    raft::stage::now_ms().0
}
