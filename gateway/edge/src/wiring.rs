//! Ties the edge to the real cluster: consensus for what this node knows, the actors' router for what is asked, the fleet
//! for moving pictures.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{Command, EventBatch, Grant, GroupId, Reading, ReadingVerdict, Reply, RequestId, State, series::Asked};
use entity::{Router, TellError};
use futures::future::BoxFuture;
use raft::Groups;

use crate::{
    accounts::{Accounts, KeyUses},
    cluster::{AppliedAt, BarrierError, BelowFloor, GroupAge, Road, RoadError, Source, Taken, Video},
    config::{EdgeConfig, Nodes},
    edge::{Edge, EdgeError},
    seal::Sealer,
};

impl Edge {
    /// Starts the edge of a node. `video` gives moving pictures, from this node or another; `nodes` yields the members
    /// and their origins. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// [`EdgeError`].
    #[allow(clippy::unused_async, reason = "starting is asynchronous for callers, so that it may come to wait")]
    pub async fn start(
        config: EdgeConfig,
        groups: Groups,
        router: Router,
        video: Arc<dyn Video>,
        nodes: Nodes,
    ) -> Result<Self, EdgeError> {
        Self::start_over(config, Arc::new(NodeSource(groups)), Arc::new(NodeRoad(router)), video, nodes)
    }
}

impl Accounts {
    /// The accounts of the cluster, for whoever else lets people or devices in.
    #[must_use]
    pub fn new(groups: Groups, sealing_key: &[u8; 32]) -> Self {
        Self::over(Arc::new(NodeSource(groups)), Sealer::new(sealing_key), KeyUses::default())
    }
}

struct NodeSource(Groups);

impl From<raft::AppliedAt> for AppliedAt {
    fn from(at: raft::AppliedAt) -> Self {
        Self { index: at.index, at_ms: at.at_ms }
    }
}

impl Source for NodeSource {
    fn node(&self) -> u64 {
        self.0.node()
    }

    fn epoch(&self) -> u64 {
        self.0.epoch()
    }

    fn read(&self, group: GroupId, look: &mut dyn FnMut(&State, AppliedAt)) {
        self.0.read_at(group, |state, at| look(state, at.into()));
    }

    fn applied(&self, group: GroupId) -> AppliedAt {
        self.0.applied(group).into()
    }

    fn applied_after(&self, group: GroupId, index: u64) -> BoxFuture<'static, Option<AppliedAt>> {
        let mut applied = self.0.applied_watch(group);
        Box::pin(async move { applied.wait_for(|at| at.index > index).await.ok().map(|at| (*at).into()) })
    }

    fn events_after(&self, group: GroupId, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, BelowFloor> {
        self.0.events_after(group, index, batches_max).map_err(|below| BelowFloor { floor: below.floor })
    }

    fn group_age(&self, group: GroupId) -> GroupAge {
        GroupAge { leader: self.0.lead_watch(group).borrow().leader, quorum_age: self.0.quorum_age(group) }
    }

    fn read_barrier(&self, group: GroupId, deadline: Duration) -> BoxFuture<'static, Result<u64, BarrierError>> {
        let groups = self.0.clone();
        Box::pin(
            async move { groups.read_barrier(group, deadline).await.map_err(|error| BarrierError(error.to_string())) },
        )
    }

    fn scan(
        &self,
        group: GroupId,
        from: Bytes,
        to: Bytes,
        rows_max: usize,
    ) -> BoxFuture<'static, io::Result<Vec<(Bytes, Bytes)>>> {
        let groups = self.0.clone();
        Box::pin(async move { groups.scan(group, from, to, rows_max).await })
    }

    fn recorded(
        &self,
        group: GroupId,
        asked: Asked,
        rows_max: usize,
        take: Taken,
    ) -> BoxFuture<'static, io::Result<bool>> {
        let groups = self.0.clone();
        Box::pin(async move { groups.recorded(group, asked, rows_max, take).await })
    }
}

struct NodeRoad(Router);

impl From<TellError> for RoadError {
    fn from(error: TellError) -> Self {
        match error {
            TellError::Overloaded => Self::Overloaded,
            TellError::NoLeader => Self::NoLeader,
            TellError::DiskFull => Self::DiskFull,
            TellError::Unknown => Self::Unknown,
            TellError::Stopped => Self::Stopped,
        }
    }
}

impl Road for NodeRoad {
    fn command(
        &self,
        group: Option<GroupId>,
        command: Command,
        request: Option<RequestId>,
        grant: Option<Grant>,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Reply, RoadError>> {
        let router = self.0.clone();
        Box::pin(async move { Ok(router.command(group, command, request, grant, deadline).await?) })
    }

    fn record(
        &self,
        readings: Vec<Reading>,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RoadError>> {
        let router = self.0.clone();
        Box::pin(async move { Ok(router.record(readings, deadline).await?) })
    }
}
