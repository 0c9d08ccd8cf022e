//! The cluster, as this crate needs it: the seam at which tests put a double.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{Command, EventBatch, GroupId, Millis, Refusal, State};
use futures::future::BoxFuture;
use peer::CallError;
use raft::{AppliedAt, BelowFloor, Committed, Lead, NodeId, Proposal, ProposeError};
use tokio::sync::watch;

/// What `raft::Groups` and `peer::Peers` do for this crate, with their words for it.
pub trait Cluster: Send + Sync + 'static {
    /// This node.
    fn node(&self) -> NodeId;
    /// What a leader would stamp on an entry now.
    fn wall(&self) -> Millis;
    /// Whether the group's log may hold the command, by the local applied state: some node may run a release that cannot read
    /// it. The refusal is what to answer instead.
    fn may_hold(&self, group: GroupId, command: &Command) -> Result<(), Refusal>;
    /// Commits the proposal; only where this node leads the group.
    fn propose(
        &self,
        group: GroupId,
        proposal: Proposal,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Committed, ProposeError>>;
    /// Calls `read` once with the local applied state.
    fn with_state(&self, group: GroupId, read: &mut dyn FnMut(&State));
    /// How far this node has applied.
    fn applied(&self, group: GroupId) -> AppliedAt;
    /// Rings after each application.
    fn applied_watch(&self, group: GroupId) -> watch::Receiver<AppliedAt>;
    /// Events of entries after `index`, oldest first.
    ///
    /// # Errors
    /// They are no longer kept.
    fn events_after(&self, group: GroupId, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, BelowFloor>;
    /// History rows in `from..to`, ascending, at most `rows_max`.
    ///
    /// # Errors
    /// This node's disk cannot be read.
    fn scan(
        &self,
        group: GroupId,
        from: Bytes,
        to: Bytes,
        rows_max: usize,
    ) -> BoxFuture<'static, io::Result<Vec<(Bytes, Bytes)>>>;
    /// Who leads the group, as this node knows it.
    fn lead_watch(&self, group: GroupId) -> watch::Receiver<Lead>;
    /// Resolves once this node has applied all that the group acknowledged before the call; false: no quorum answered.
    fn catch_up(&self, group: GroupId, deadline: Duration) -> BoxFuture<'static, bool>;
    /// Hands a message to another node's router.
    fn tell(&self, to: NodeId, payload: Bytes, deadline: Duration) -> BoxFuture<'static, Result<Bytes, CallError>>;
}

impl dyn Cluster {
    /// Reads the local applied state. Short: nothing is applied meanwhile.
    pub(crate) fn read<R>(&self, group: GroupId, read: impl FnOnce(&State) -> R) -> R {
        let mut read = Some(read);
        let mut result = None;
        self.with_state(group, &mut |state| result = read.take().map(|read| read(state)));
        #[allow(clippy::expect_used, reason = "with_state calls its argument exactly once")]
        result.expect("the state was read")
    }
}
