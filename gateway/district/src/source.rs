//! The copy as the edge sees it: the same questions as to a node of the cluster, answered by what the line has brought.

use std::{io, sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{
    CameraHealth, CameraId, Command, DrillNow, EventBatch, Grant, GroupId, Reading, ReadingVerdict, Reply, RequestId,
    State, series::Asked,
};
use edge::{
    AppliedAt, BarrierError, BelowFloor, GroupAge, NotWatchable, ProvinceLine, Road, RoadError, Source, Taken, Video,
};
use futures::future::BoxFuture;
use ingest::rtsp::AccessUnit;
use tokio::sync::mpsc;

use crate::shared::Shared;

/// Id of this node towards its screens. It is no node of the cluster, whose ids begin with 1.
const NODE: u64 = 0;

/// The copy, for the edge.
pub(crate) struct CopySource(pub(crate) Arc<Shared>);

impl Source for CopySource {
    fn node(&self) -> u64 {
        NODE
    }

    fn epoch(&self) -> u64 {
        self.0.epoch
    }

    fn read(&self, group: GroupId, look: &mut dyn FnMut(&State, AppliedAt)) {
        self.0.read(|copy| match copy.replica(group) {
            Some(replica) => look(replica.state(), copy.applied(group)),
            None => look(&State::new(group), AppliedAt::default()),
        });
    }

    fn applied(&self, group: GroupId) -> AppliedAt {
        self.0.read(|copy| copy.applied(group))
    }

    fn applied_after(&self, group: GroupId, index: u64) -> BoxFuture<'static, Option<AppliedAt>> {
        let applied = self.0.applied(group);
        Box::pin(async move { applied?.wait_for(|at| at.index > index).await.ok().map(|at| *at) })
    }

    fn events_after(&self, group: GroupId, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, BelowFloor> {
        self.0.read(|copy| copy.events_after(group, index, batches_max))
    }

    fn group_age(&self, group: GroupId) -> GroupAge {
        GroupAge { leader: None, quorum_age: self.0.age(group) }
    }

    fn drill(&self) -> Option<DrillNow> {
        self.0.drill()
    }

    fn line(&self) -> Option<ProvinceLine> {
        let kept = self.0.outbox(|outbox| outbox.waiting().count());
        Some(ProvinceLine {
            cut: !self.0.stands(),
            age: self.0.silence(),
            kept: u32::try_from(kept).unwrap_or(u32::MAX),
        })
    }

    fn read_barrier(&self, _: GroupId, _: Duration) -> BoxFuture<'static, Result<u64, BarrierError>> {
        let why = "a district centre's node has a copy and no quorum: ask a node of the province".to_owned();
        Box::pin(std::future::ready(Err(BarrierError(why))))
    }

    fn scan(&self, _: GroupId, _: Bytes, _: Bytes, _: usize) -> BoxFuture<'static, io::Result<Vec<(Bytes, Bytes)>>> {
        // The front passes on whatever asks for history; what still comes here finds none.
        Box::pin(std::future::ready(Err(io::Error::other("history is at the province"))))
    }

    fn recorded(&self, _: GroupId, _: Asked, _: usize, _: Taken) -> BoxFuture<'static, io::Result<bool>> {
        Box::pin(std::future::ready(Err(io::Error::other("history is at the province"))))
    }
}

/// There is no road into the cluster from here but the line: a command that gets as far as this was understood and is allowed
/// by the copy, and the front decides what becomes of it.
pub(crate) struct NoRoad;

impl Road for NoRoad {
    fn command(
        &self,
        _: Option<GroupId>,
        _: Command,
        _: Option<RequestId>,
        _: Option<Grant>,
        _: Duration,
    ) -> BoxFuture<'static, Result<Reply, RoadError>> {
        Box::pin(std::future::ready(Err(RoadError::Cut)))
    }

    fn record(&self, _: Vec<Reading>, _: Duration) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RoadError>> {
        Box::pin(std::future::ready(Err(RoadError::Cut)))
    }
}

/// Moving pictures do not go over a thin line.
pub(crate) struct NoVideo;

impl Video for NoVideo {
    fn watch(&self, _: &CameraId) -> Result<mpsc::Receiver<Arc<AccessUnit>>, NotWatchable> {
        let why = "Nút cấp huyện không truyền hình ảnh qua đường truyền hẹp: mở camera ở một nút của tỉnh. / \
                   A district centre's node carries no video over its thin line: watch at a node of the province.";
        Err(NotWatchable(why.to_owned()))
    }

    fn health(&self, _: &CameraId) -> Option<CameraHealth> {
        None
    }
}
