//! The cluster as this crate sees it. `wiring` ties these to the real one, the tests to a state in memory.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use domain::{
    CameraHealth, CameraId, Command, DrillNow, EventBatch, Grant, GroupId, Millis, Reading, ReadingVerdict, Reply,
    RequestId, SensorId, State, chunk::Sample, series::Asked,
};
use futures::future::BoxFuture;
use ingest::rtsp::AccessUnit;
use tokio::sync::mpsc;

/// How far this node has applied a group's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppliedAt {
    /// Log index.
    pub index: u64,
    /// State's clock at it.
    pub at_ms: Millis,
}

/// Events older than `floor` are no longer in the tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BelowFloor {
    /// Lowest index from which the tail is whole.
    pub floor: u64,
}

/// Who leads a group, and when this node last knew of a quorum of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupAge {
    /// Node id.
    pub leader: Option<u64>,
    /// Since a quorum was heard of.
    pub quorum_age: Duration,
}

/// Why no linearizable read is possible now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no quorum answered ({0}); try again")]
pub struct BarrierError(pub String);

/// How the line from a district centre's node to the province stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProvinceLine {
    /// Nothing comes over it.
    pub cut: bool,
    /// Since the province was last heard.
    pub age: Duration,
    /// Commands kept here and not yet answered by the province.
    pub kept: u32,
}

/// What this node knows: applied state, and the events that led to it.
pub trait Source: Send + Sync + 'static {
    /// Id of this node.
    fn node(&self) -> u64;
    /// Incarnation of the cluster; another one after a restore from a backup.
    fn epoch(&self) -> u64;
    /// Lets `look` see the applied state once, and how far it is. Short, no waiting inside.
    fn read(&self, group: GroupId, look: &mut dyn FnMut(&State, AppliedAt));
    /// How far the group is applied. State read afterwards is at least that new.
    fn applied(&self, group: GroupId) -> AppliedAt;
    /// Resolves once more than `index` is applied; `None` when the group stopped.
    fn applied_after(&self, group: GroupId, index: u64) -> BoxFuture<'static, Option<AppliedAt>>;
    /// Batches after `index`, ascending, at most `batches_max`; whole up to `applied` read before the call.
    fn events_after(&self, group: GroupId, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, BelowFloor>;
    /// Who leads, and how old that knowledge is.
    fn group_age(&self, group: GroupId) -> GroupAge;
    /// The line to the province, at a district centre's node; `None` at a node of the cluster itself.
    fn line(&self) -> Option<ProvinceLine> {
        None
    }
    /// The drill that is not closed, at a district centre's node, whose copy of the state has none; `None`: what the state says.
    fn drill(&self) -> Option<DrillNow> {
        None
    }
    /// The index that a linearizable read has to wait for; applied here when it resolves.
    fn read_barrier(&self, group: GroupId, deadline: Duration) -> BoxFuture<'static, Result<u64, BarrierError>>;
    /// History rows in `from..to`, ascending, at most `rows_max`.
    fn scan(
        &self,
        group: GroupId,
        from: Bytes,
        to: Bytes,
        rows_max: usize,
    ) -> BoxFuture<'static, std::io::Result<Vec<(Bytes, Bytes)>>>;
    /// Hands over what was recorded of sensors, as it stands at one moment; whether that was all. At most `rows_max` rows and
    /// as many chunks are read.
    fn recorded(
        &self,
        group: GroupId,
        asked: Asked,
        rows_max: usize,
        take: Taken,
    ) -> BoxFuture<'static, std::io::Result<bool>>;
}

/// Takes one reading after another; false: enough.
pub type Taken = Box<dyn FnMut(&SensorId, Sample) -> bool + Send>;

/// Reads applied state and yields what `look` makes of it.
pub(crate) fn read<R>(source: &dyn Source, group: GroupId, look: impl FnOnce(&State) -> R) -> R {
    read_at(source, group, |state, _| look(state))
}

/// The same, together with how far the state is.
pub(crate) fn read_at<R>(source: &dyn Source, group: GroupId, look: impl FnOnce(&State, AppliedAt) -> R) -> R {
    let mut look = Some(look);
    let mut seen = None;
    source.read(group, &mut |state, at| {
        if let Some(look) = look.take() {
            seen = Some(look(state, at));
        }
    });
    #[allow(clippy::expect_used, reason = "a Source calls `look` exactly once, by its contract")]
    seen.expect("the source showed its state")
}

/// Why the cluster did not answer. [`RoadError::Unknown`] is the only one after which the command may still be applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoadError {
    /// At a bound of admission; nothing was applied.
    #[error("the cluster takes no more now; try again in a second")]
    Overloaded,
    /// Nobody leads the group; nothing was applied.
    #[error("the group has no leader now; try again")]
    NoLeader,
    /// No disk has room for more; nothing was applied.
    #[error(
        "the disks of the centre have no room for more: what is stored can be read, nothing new is taken until there is room"
    )]
    DiskFull,
    /// The outcome is unknown; the same request asks for it.
    #[error("the outcome is unknown; send the same request again to learn it")]
    Unknown,
    /// This node is stopping; nothing was applied.
    #[error("this node is stopping; use another one")]
    Stopped,
    /// A district centre's node has no line to the province now; nothing was applied.
    #[error("the line to the province is cut: this cannot be done until it is back")]
    Cut,
}

/// The way of commands and readings into the cluster.
pub trait Road: Send + Sync + 'static {
    /// Proposes `command`, at the group given or, with `None`, where the command belongs.
    fn command(
        &self,
        group: Option<GroupId>,
        command: Command,
        request: Option<RequestId>,
        grant: Option<Grant>,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Reply, RoadError>>;
    /// Resolves when a quorum holds the readings or each is refused: one verdict per reading, in order.
    fn record(
        &self,
        readings: Vec<Reading>,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RoadError>>;
}

/// Why a camera cannot be watched through this node. The text is for the person in front of the screen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotWatchable(pub String);

/// Where moving pictures come from.
pub trait Video: Send + Sync + 'static {
    /// Frames since the last key frame, then each as it comes; ends when the camera leaves. A viewer that is slow misses
    /// frames up to a key frame.
    fn watch(&self, camera: &CameraId) -> Result<mpsc::Receiver<Arc<AccessUnit>>, NotWatchable>;
    /// Whether its frames arrive, as this node sees it; `None` when the camera is elsewhere.
    fn health(&self, camera: &CameraId) -> Option<CameraHealth>;
}
