//! A node that has just started says so until it is in step with every group: it may answer heartbeats long before it could
//! win an election, and nobody should hand it a lead meanwhile.

use std::{
    sync::{PoisonError, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use tokio::time::Instant;

use crate::{
    groups::{Groups, Inner},
    kinds,
    membership::LAG_ENTRIES_MAX,
    types::NodeId,
};

/// How long a node counts as starting after it last said so.
const TOLD_FOR: Duration = Duration::from_secs(3);

/// A quorum that was heard of longer ago than this is none to be in step with.
const QUORUM_AGE_MAX: Duration = Duration::from_millis(1_500);

/// What a node knows of itself in one group.
#[derive(Clone, Copy, Debug)]
struct Own {
    has_leader: bool,
    quorum_age: Duration,
    applied: u64,
    committed: u64,
}

impl Own {
    fn is_in_step(self) -> bool {
        self.has_leader
            && self.quorum_age < QUORUM_AGE_MAX
            && self.applied > 0
            && self.committed.saturating_sub(self.applied) <= LAG_ENTRIES_MAX
    }
}

impl Inner {
    /// Tells the others, while it is so, that this node starts.
    pub(crate) fn tell_starting(&self) {
        if self.is_starting.load(Ordering::Acquire) {
            self.peers.publish(kinds::START_TOPIC, Bytes::new(), Bytes::new());
        }
    }
}

impl Groups {
    /// Whether the node has not been in step with every group since it started; another one by its own word of a moment ago.
    #[must_use]
    pub fn is_starting(&self, node: NodeId) -> bool {
        if node == self.node() {
            return self.0.is_starting.load(Ordering::Acquire);
        }
        let starting = self.0.starting.lock().unwrap_or_else(PoisonError::into_inner);
        starting.get(&node).is_some_and(|told| told.elapsed() < TOLD_FOR)
    }

    /// Looks whether this node has come into step with every group. Once it has, it has started.
    pub(crate) fn mind_start(&self) {
        if !self.is_starting(self.node()) {
            return;
        }
        let own = |status: crate::GroupStatus| Own {
            has_leader: status.leader.is_some(),
            quorum_age: Duration::from_millis(status.quorum_age_ms),
            applied: status.applied,
            committed: status.committed,
        };
        if self.status().into_iter().map(own).all(Own::is_in_step) {
            self.0.is_starting.store(false, Ordering::Release);
            tracing::info!("in step with every group");
        }
    }

    pub(crate) fn serve_starting(&self, from: NodeId) {
        self.0.starting.lock().unwrap_or_else(PoisonError::into_inner).insert(from, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_in_step_once_it_hears_a_quorum_and_has_applied_what_that_agreed_on() {
        let well = Own { has_leader: true, quorum_age: Duration::from_millis(600), applied: 70, committed: 75 };
        assert!(well.is_in_step());
        let behind = [
            Own { has_leader: false, ..well },
            Own { quorum_age: QUORUM_AGE_MAX, ..well },
            Own { applied: 0, committed: 0, ..well },
            Own { committed: 70 + LAG_ENTRIES_MAX + 1, ..well },
        ];
        assert!(behind.iter().all(|own| !own.is_in_step()), "{behind:?}");
    }
}
