//! The real cluster.

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use domain::{Command, EventBatch, GroupId, Millis, Refusal, State};
use futures::{FutureExt, future::BoxFuture};
use peer::{CallError, Lane, Peers};
use raft::{AppliedAt, BelowFloor, Committed, Groups, Lead, NodeId, Proposal, ProposeError};
use tokio::sync::watch;

use crate::{cluster::Cluster, router::TELL_KIND};

/// Raft's groups and the frames between nodes.
pub(crate) struct Wired {
    pub(crate) groups: Groups,
    pub(crate) peers: Peers,
}

impl Cluster for Wired {
    fn node(&self) -> NodeId {
        self.groups.node()
    }

    fn wall(&self) -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }

    fn may_hold(&self, group: GroupId, command: &Command) -> Result<(), Refusal> {
        if command.feature().is_none() {
            return Ok(());
        }
        self.groups.read(group, |state| state.may_hold(command))
    }

    fn propose(
        &self,
        group: GroupId,
        proposal: Proposal,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Committed, ProposeError>> {
        let groups = self.groups.clone();
        async move { groups.propose(group, proposal, deadline).await }.boxed()
    }

    fn with_state(&self, group: GroupId, read: &mut dyn FnMut(&State)) {
        self.groups.read(group, read);
    }

    fn applied(&self, group: GroupId) -> AppliedAt {
        self.groups.applied(group)
    }

    fn applied_watch(&self, group: GroupId) -> watch::Receiver<AppliedAt> {
        self.groups.applied_watch(group)
    }

    fn events_after(&self, group: GroupId, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, BelowFloor> {
        self.groups.events_after(group, index, batches_max)
    }

    fn scan(
        &self,
        group: GroupId,
        from: Bytes,
        to: Bytes,
        rows_max: usize,
    ) -> BoxFuture<'static, io::Result<Vec<(Bytes, Bytes)>>> {
        let groups = self.groups.clone();
        async move { groups.scan(group, from, to, rows_max).await }.boxed()
    }

    fn lead_watch(&self, group: GroupId) -> watch::Receiver<Lead> {
        self.groups.lead_watch(group)
    }

    fn catch_up(&self, group: GroupId, deadline: Duration) -> BoxFuture<'static, bool> {
        let groups = self.groups.clone();
        async move { groups.read_barrier(group, deadline).await.is_ok() }.boxed()
    }

    fn tell(&self, to: NodeId, payload: Bytes, deadline: Duration) -> BoxFuture<'static, Result<Bytes, CallError>> {
        let peers = self.peers.clone();
        async move { peers.call(to, Lane::Control, TELL_KIND, payload, deadline).await }.boxed()
    }
}
