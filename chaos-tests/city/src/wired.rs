//! The cluster of a node, as the actors and the edge want it: that node's real groups, the simulated way to the others, the node's own
//! clock. Groups that do not play are empty and stay so.

use std::{
    io,
    sync::{
        Arc, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use agree::{
    stage,
    world::{GROUPS, World},
};
use bytes::Bytes;
use domain::{
    Command, EventBatch, Grant, GroupId, Millis, Reading, ReadingVerdict, Refusal, Reply, RequestId, State, Subject,
    series::Asked,
};
use edge::{AppliedAt as Applied, BarrierError, BelowFloor as Below, GroupAge, Road, RoadError, Source, Taken};
use entity::{Router, staged::Cluster};
use futures::{FutureExt, future::BoxFuture};
use peer::CallError;
use raft::{AppliedAt, BelowFloor, Committed, Groups, Lead, NodeId, Proposal, ProposeError};
use tokio::{
    sync::{oneshot, watch},
    time::{Instant, sleep, timeout_at},
};

use crate::{bug::Mistake, host::Hosts};

/// The leaders up to this term forget no timer, when [`Mistake::TimerLost`] is made.
const TIMER_KEPT_TERM_MAX: u64 = 2;

/// Whether this group plays.
fn plays(group: GroupId) -> bool {
    usize::try_from(group.0).is_ok_and(|group| group < GROUPS)
}

/// The actors' cluster.
pub struct Wired {
    world: Arc<World>,
    hosts: Weak<Hosts>,
    node: NodeId,
    groups: Groups,
    /// Turns false when the node's process ends; an actor may get a turn after that.
    is_alive: Arc<AtomicBool>,
    /// Of groups that do not play.
    no_lead: watch::Sender<Lead>,
    no_entry: watch::Sender<AppliedAt>,
}

impl Wired {
    /// That of a node.
    #[must_use]
    pub fn new(world: Arc<World>, hosts: Weak<Hosts>, node: NodeId, groups: Groups, is_alive: Arc<AtomicBool>) -> Self {
        let (no_lead, no_entry) = (watch::Sender::new(Lead::default()), watch::Sender::new(AppliedAt::default()));
        Self { world, hosts, node, groups, is_alive, no_lead, no_entry }
    }

    fn is_timer_lost(&self, group: GroupId, command: &Command) -> bool {
        let mistake = self.hosts.upgrade().and_then(|hosts| hosts.mistake());
        let is_timer = matches!(
            command,
            Command::EscalateIncident(_)
                | Command::ExpireOffer(_)
                | Command::RemindOffer(_)
                | Command::EscalateCheckIn(_)
        );
        let is_late = || self.groups.lead_watch(group).borrow().term > TIMER_KEPT_TERM_MAX;
        mistake == Some(Mistake::TimerLost) && is_timer && plays(group) && is_late()
    }
}

impl Cluster for Wired {
    fn node(&self) -> NodeId {
        self.node
    }

    fn wall(&self) -> Millis {
        Millis(stage::wall_ms(self.node))
    }

    fn may_hold(&self, group: GroupId, command: &Command) -> Result<(), Refusal> {
        if command.feature().is_none() || !plays(group) {
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
        let is_lost = self.is_timer_lost(group, &proposal.command);
        let (world, groups, node) = (Arc::clone(&self.world), self.groups.clone(), self.node);
        let is_alive = Arc::clone(&self.is_alive);
        async move {
            if !is_alive.load(Ordering::Relaxed) || !plays(group) {
                return Err(ProposeError::Stopped);
            }
            if is_lost {
                return Err(ProposeError::Unknown);
            }
            let (tell, answer) = oneshot::channel();
            // Actors have turns of their own: on the node's, the stamp is of the node's clock and the end is the node's.
            stage::spawn_on(node, async move {
                let outcome = groups.propose(group, proposal, deadline).await;
                if let Ok(Committed { index, reply, .. }) = &outcome {
                    world.judges.answered(&world, group, *index, reply);
                }
                // Who asked may not wait any more.
                let _ = tell.send(outcome);
            });
            answer.await.unwrap_or(Err(ProposeError::Unknown))
        }
        .boxed()
    }

    fn with_state(&self, group: GroupId, read: &mut dyn FnMut(&State)) {
        if plays(group) {
            self.groups.read(group, read);
        } else {
            read(&State::new(group));
        }
    }

    fn applied(&self, group: GroupId) -> AppliedAt {
        if plays(group) { self.groups.applied(group) } else { AppliedAt::default() }
    }

    fn applied_watch(&self, group: GroupId) -> watch::Receiver<AppliedAt> {
        if plays(group) { self.groups.applied_watch(group) } else { self.no_entry.subscribe() }
    }

    fn events_after(&self, group: GroupId, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, BelowFloor> {
        if plays(group) { self.groups.events_after(group, index, batches_max) } else { Ok(Vec::new()) }
    }

    fn scan(
        &self,
        group: GroupId,
        from: Bytes,
        to: Bytes,
        rows_max: usize,
    ) -> BoxFuture<'static, io::Result<Vec<(Bytes, Bytes)>>> {
        let groups = self.groups.clone();
        async move { if plays(group) { groups.scan(group, from, to, rows_max).await } else { Ok(Vec::new()) } }.boxed()
    }

    fn lead_watch(&self, group: GroupId) -> watch::Receiver<Lead> {
        if plays(group) { self.groups.lead_watch(group) } else { self.no_lead.subscribe() }
    }

    fn catch_up(&self, group: GroupId, deadline: Duration) -> BoxFuture<'static, bool> {
        let groups = self.groups.clone();
        async move { !plays(group) || groups.read_barrier(group, deadline).await.is_ok() }.boxed()
    }

    fn tell(&self, to: NodeId, payload: Bytes, deadline: Duration) -> BoxFuture<'static, Result<Bytes, CallError>> {
        let (world, hosts, me) = (Arc::clone(&self.world), Weak::clone(&self.hosts), self.node);
        async move {
            let until = Instant::now() + deadline;
            let ask = async {
                let Some(takes) = world.way(me, to) else { return std::future::pending().await };
                sleep(takes).await;
                let host = hosts.upgrade().and_then(|hosts| hosts.at(to));
                let host = host.ok_or_else(|| CallError::Unreachable("connection refused".to_owned()))?;
                let (tell, told) = oneshot::channel();
                stage::spawn_on(to, async move {
                    let _ = tell.send(host.router.told(payload).await);
                });
                let told = told.await;
                let Some(takes) = world.way(to, me) else { return std::future::pending().await };
                sleep(takes).await;
                told.map_err(|_| CallError::Closed("the node has ended".to_owned()))?.map_err(CallError::Remote)
            };
            timeout_at(until, ask).await.unwrap_or(Err(CallError::Timeout))
        }
        .boxed()
    }
}

/// What the edge shows.
pub struct Shown {
    groups: Groups,
    mistake: Option<Mistake>,
}

impl Shown {
    /// What a node has applied.
    #[must_use]
    pub fn new(groups: Groups, mistake: Option<Mistake>) -> Self {
        Self { groups, mistake }
    }
}

/// Leaves out of the batches every event of an alarm that a later one is told of as well.
fn conflated(batches: Vec<Arc<EventBatch>>) -> Vec<Arc<EventBatch>> {
    let mut told = std::collections::BTreeSet::new();
    let mut kept = Vec::new();
    for batch in batches.into_iter().rev() {
        let mut batch = EventBatch::clone(&batch);
        batch.events.retain(|event| match &event.subject {
            Some(Subject::Alarm(alarm)) => told.insert(alarm.key.clone()),
            _ => true,
        });
        kept.push(Arc::new(batch));
    }
    kept.reverse();
    kept
}

impl Source for Shown {
    fn node(&self) -> u64 {
        self.groups.node()
    }

    fn epoch(&self) -> u64 {
        self.groups.epoch()
    }

    fn read(&self, group: GroupId, look: &mut dyn FnMut(&State, Applied)) {
        if plays(group) {
            self.groups.read_at(group, |state, at| look(state, at.into()));
        } else {
            look(&State::new(group), Applied::default());
        }
    }

    fn applied(&self, group: GroupId) -> Applied {
        if plays(group) { self.groups.applied(group).into() } else { Applied::default() }
    }

    fn applied_after(&self, group: GroupId, index: u64) -> BoxFuture<'static, Option<Applied>> {
        if !plays(group) {
            return std::future::pending().boxed();
        }
        let mut applied = self.groups.applied_watch(group);
        async move { applied.wait_for(|at| at.index > index).await.ok().map(|at| (*at).into()) }.boxed()
    }

    fn events_after(&self, group: GroupId, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, Below> {
        if !plays(group) {
            return Ok(Vec::new());
        }
        // Who is told of what comes next stands at its node's place; who resumes stands further back.
        let is_resuming = index + 1 < self.groups.applied(group).index;
        let is_late = self.mistake == Some(Mistake::ResumeOffByOne) && is_resuming && group == GroupId::COMMAND;
        let batches = self.groups.events_after(group, index + u64::from(is_late), batches_max);
        let batches = batches.map_err(|below| Below { floor: below.floor })?;
        Ok(if self.mistake == Some(Mistake::AlarmEventsConflated) { conflated(batches) } else { batches })
    }

    fn group_age(&self, group: GroupId) -> GroupAge {
        if !plays(group) {
            return GroupAge::default();
        }
        GroupAge { leader: self.groups.lead_watch(group).borrow().leader, quorum_age: self.groups.quorum_age(group) }
    }

    fn read_barrier(&self, group: GroupId, deadline: Duration) -> BoxFuture<'static, Result<u64, BarrierError>> {
        if !plays(group) {
            return std::future::ready(Ok(0)).boxed();
        }
        if self.mistake == Some(Mistake::ReadUnasked) {
            return std::future::ready(Ok(self.groups.applied(group).index)).boxed();
        }
        let groups = self.groups.clone();
        async move { groups.read_barrier(group, deadline).await.map_err(|error| BarrierError(error.to_string())) }
            .boxed()
    }

    fn scan(
        &self,
        group: GroupId,
        from: Bytes,
        to: Bytes,
        rows_max: usize,
    ) -> BoxFuture<'static, io::Result<Vec<(Bytes, Bytes)>>> {
        let groups = self.groups.clone();
        async move { if plays(group) { groups.scan(group, from, to, rows_max).await } else { Ok(Vec::new()) } }.boxed()
    }

    fn recorded(
        &self,
        group: GroupId,
        asked: Asked,
        rows_max: usize,
        take: Taken,
    ) -> BoxFuture<'static, io::Result<bool>> {
        let groups = self.groups.clone();
        async move { if plays(group) { groups.recorded(group, asked, rows_max, take).await } else { Ok(true) } }.boxed()
    }
}

/// The edge's way to the actors.
pub struct Inward(pub Router);

impl Road for Inward {
    fn command(
        &self,
        group: Option<GroupId>,
        command: Command,
        request: Option<RequestId>,
        grant: Option<Grant>,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Reply, RoadError>> {
        let router = self.0.clone();
        async move { Ok(router.command(group, command, request, grant, deadline).await?) }.boxed()
    }

    fn record(
        &self,
        readings: Vec<Reading>,
        deadline: Duration,
    ) -> BoxFuture<'static, Result<Vec<ReadingVerdict>, RoadError>> {
        let router = self.0.clone();
        async move { Ok(router.record(readings, deadline).await?) }.boxed()
    }
}
