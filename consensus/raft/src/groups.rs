//! All Raft groups of a node: start, propose, read, follow, lead.

use std::{
    collections::BTreeMap,
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::{Command, Entry, EventBatch, Grant, GroupId, Logged, Reply, RequestId, State, wire::Record};
use futures::future::join_all;
use openraft::{
    Raft,
    errors::{ClientWriteError, InitializeError, RaftError},
    impls::ProgressResponder,
};
use tokio::{sync::watch, time::Instant};

#[cfg(feature = "seeded-bugs")]
use crate::bugs::{self, Bug};
use crate::{
    clock,
    disk::Disk,
    fold::Looked,
    lead::{Lead, Leads, Told, tell_quorum, watch_lead},
    log::LogStore,
    machine::{AppliedAt, Shared, StateMachine},
    mesh::Mesh,
    network::Network,
    read::Questions,
    room::{OwnRoom, Room, ToldRoom, mind_room},
    stage,
    succession::watch_over,
    tail::BelowFloor,
    timing,
    types::{Encoded, Node, NodeId, Outcome, TypeConfig},
};

/// Bytes of one encoded proposal. A larger one is refused before it is appended.
pub const PROPOSAL_BYTES_MAX: usize = 1 << 20;

/// A request on its way into the log.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Names the request; none for what is idempotent by itself.
    pub request: Option<RequestId>,
    /// By what right; none: the system itself.
    pub grant: Option<Grant>,
    /// What to do.
    pub command: Command,
}

impl Proposal {
    /// The system's own.
    pub fn system(command: impl Into<Command>) -> Self {
        Self { request: None, grant: None, command: command.into() }
    }
}

/// A proposal that is durable on a quorum and applied here; or one that was refused before it was appended, because some node
/// may run a release that cannot read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committed {
    /// Log index; of what was not appended, how far the group was applied.
    pub index: u64,
    /// What it came to.
    pub reply: Reply,
    /// Where the log has it; of a retry, where it has the first. None: it was not appended.
    pub logged: Option<Logged>,
}

impl Committed {
    /// What whoever asked is told: the reply, with where the log has it.
    #[must_use]
    pub fn told(self) -> Reply {
        self.reply.logged_at(self.logged)
    }
}

/// Why a proposal got no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// Never appended: send it to the leader.
    #[error("this node does not lead the group")]
    NotLeader {
        /// Who may.
        leader: Option<NodeId>,
    },
    /// The outcome is unknown: ask again under the same identity.
    #[error("no answer in time: the outcome is not known")]
    Unknown,
    /// Never appended: this node's clock is off, the lead is being handed over.
    #[error("this node's clock differs from the others' by more than {} ms", clock::CLOCK_SKEW_MS_MAX)]
    ClockUnsafe,
    /// Never appended.
    #[error("{bytes} bytes are more than {max}: send less at a time")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The bound.
        max: usize,
    },
    /// Never appended: no node's disk has room for more.
    #[error("the disks have no room for more; what is stored can be read")]
    DiskFull,
    /// This node is finished.
    #[error("consensus on this node has stopped")]
    Stopped,
}

/// One group on this node.
pub(crate) struct Group {
    pub(crate) id: GroupId,
    /// This node.
    pub(crate) node: NodeId,
    pub(crate) raft: Raft<TypeConfig, StateMachine>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) lead: watch::Sender<Lead>,
    pub(crate) leads: Mutex<Leads>,
    pub(crate) quorum: Mutex<Option<Told>>,
    /// What is asked of the leader for linearizable reads.
    pub(crate) questions: Questions,
    /// How often this node stood for election because the leader's process had ended.
    pub(crate) successions: AtomicU64,
    /// Held while a step of a change of the members is taken. tokio's, because it is held over the step.
    pub(crate) changing: tokio::sync::Mutex<()>,
    /// Held while readings are folded on this node; tokio's as well.
    pub(crate) folding: tokio::sync::Mutex<Looked>,
}

pub(crate) struct Inner {
    node: NodeId,
    epoch: u64,
    features: &'static [u32],
    pub(crate) peers: Arc<dyn Mesh>,
    pub(crate) groups: Vec<Arc<Group>>,
    pub(crate) started: Instant,
    /// Until when this node leads nothing.
    pub(crate) rest_until: Mutex<Option<Instant>>,
    /// When others last said that they lead nothing.
    pub(crate) resting: Mutex<BTreeMap<NodeId, Instant>>,
    /// This node has not been in step with every group yet.
    pub(crate) is_starting: AtomicBool,
    /// When others last said so.
    pub(crate) starting: Mutex<BTreeMap<NodeId, Instant>>,
    /// How far this node had acknowledged a log whose end its disk has lost, by group; since it started.
    pub(crate) lost: Mutex<BTreeMap<GroupId, u64>>,
    pub(crate) room: OwnRoom,
    pub(crate) told_room: Mutex<ToldRoom>,
    tasks: Mutex<Vec<stage::JoinHandle<()>>>,
}

/// All groups of this node. Clones are the same.
#[derive(Clone)]
pub struct Groups(pub(crate) Arc<Inner>);

/// What makes an entry's record unguessable once its payload is erased.
fn salt() -> io::Result<Bytes> {
    let mut salt = [0; domain::audit::SALT_BYTES];
    stage::fill(&mut salt)?;
    Ok(Bytes::copy_from_slice(&salt))
}

impl Groups {
    /// Opens every group on `disk` and joins in. `epoch` is the cluster's, fixed when it was made.
    pub async fn start(node: NodeId, epoch: u64, disk: Arc<dyn Disk>, peers: impl Mesh) -> io::Result<Self> {
        Self::start_knowing(node, epoch, disk, peers, domain::FEATURES).await
    }

    /// The same for a node whose version knows other features than this one: an earlier release's, in drills of upgrades.
    pub async fn start_knowing(
        node: NodeId,
        epoch: u64,
        disk: Arc<dyn Disk>,
        peers: impl Mesh,
        features: &'static [u32],
    ) -> io::Result<Self> {
        Self::open(node, epoch, disk, Arc::new(peers), GroupId::all().count(), features).await
    }

    /// The same with the first `count` groups only: a simulator has more to learn from many nights than from many groups.
    pub async fn start_first(
        node: NodeId,
        epoch: u64,
        disk: Arc<dyn Disk>,
        peers: impl Mesh,
        count: usize,
    ) -> io::Result<Self> {
        Self::open(node, epoch, disk, Arc::new(peers), count, domain::FEATURES).await
    }

    async fn open(
        node: NodeId,
        epoch: u64,
        disk: Arc<dyn Disk>,
        peers: Arc<dyn Mesh>,
        count: usize,
        features: &'static [u32],
    ) -> io::Result<Self> {
        // Side by side: a start takes as long as the largest group, where there are cores enough.
        let opened = join_all(GroupId::all().take(count).map(|id| {
            let disk = Arc::clone(&disk);
            stage::blocking(move || {
                let log = LogStore::open(id.0, Arc::clone(&disk))?;
                let machine = StateMachine::open_knowing(id.0, disk, features)?;
                log.begin_behind(machine.last())?;
                Ok((log, machine))
            })
        }));
        let mut groups = Vec::new();
        for (id, opened) in GroupId::all().zip(opened.await) {
            let (log, machine) = opened?;
            let shared = machine.shared();
            let network = Network::new(id.0, Arc::clone(&peers));
            let raft = Raft::new(node, Arc::new(timing::config(id.0)?), network, log, machine)
                .await
                .map_err(io::Error::other)?;
            let (lead, _) = watch::channel(Lead::default());
            let (disk, successions) = (Arc::clone(&disk), AtomicU64::new(0));
            groups.push(Arc::new(Group {
                id,
                node,
                raft,
                disk,
                shared,
                lead,
                leads: Mutex::default(),
                quorum: Mutex::default(),
                questions: Questions::default(),
                successions,
                changing: tokio::sync::Mutex::default(),
                folding: tokio::sync::Mutex::default(),
            }));
        }
        let inner = Inner {
            node,
            epoch,
            features,
            peers,
            groups,
            started: Instant::now(),
            rest_until: Mutex::default(),
            resting: Mutex::default(),
            is_starting: AtomicBool::new(true),
            starting: Mutex::default(),
            lost: Mutex::default(),
            room: OwnRoom::default(),
            told_room: Mutex::default(),
            tasks: Mutex::default(),
        };
        let this = Self(Arc::new(inner));
        let mut tasks = Vec::new();
        for group in &this.0.groups {
            tasks.push(stage::spawn(watch_lead(node, Arc::clone(group), Arc::clone(&this.0.peers))));
            tasks.push(stage::spawn(watch_over(node, Arc::clone(group), Arc::clone(&this.0.peers))));
        }
        tasks.push(stage::spawn(tell_quorum(Arc::downgrade(&this.0))));
        tasks.push(stage::spawn(mind_room(Arc::downgrade(&this.0))));
        *this.0.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        Ok(this)
    }

    /// Makes a new cluster of these nodes. On an initialized one it does nothing.
    pub async fn initialize(&self, nodes: &BTreeMap<NodeId, Node>) -> io::Result<()> {
        for group in &self.0.groups {
            match group.raft.initialize(nodes.clone()).await {
                Ok(()) | Err(RaftError::APIError(InitializeError::NotAllowed(_))) => {}
                Err(error) => return Err(io::Error::other(error)),
            }
        }
        Ok(())
    }

    /// This node.
    #[must_use]
    pub fn node(&self) -> NodeId {
        self.0.node
    }

    /// The cluster's epoch; a restored cluster has another.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.0.epoch
    }

    /// The features that this node's version knows, ascending.
    #[must_use]
    pub fn features(&self) -> &'static [u32] {
        self.0.features
    }

    /// The groups that run here.
    pub(crate) fn ids(&self) -> impl Iterator<Item = GroupId> {
        self.0.groups.iter().map(|group| group.id)
    }

    /// The field groups that run here.
    pub(crate) fn field(&self) -> impl Iterator<Item = GroupId> {
        self.ids().filter(|id| *id != GroupId::COMMAND)
    }

    pub(crate) fn group_at(&self, group: u32) -> Result<Arc<Group>, String> {
        let index = usize::try_from(group).unwrap_or(usize::MAX);
        self.0.groups.get(index).cloned().ok_or_else(|| format!("group {group} is not one of this cluster's"))
    }

    pub(crate) fn group(&self, group: GroupId) -> &Arc<Group> {
        #[allow(clippy::expect_used, reason = "a GroupId from outside is checked where it is read")]
        self.0.groups.get(group.0 as usize).expect("a group of this cluster")
    }

    /// Commits `proposal` if this node leads `group`. The reply comes once it is durable on a quorum and applied here.
    pub async fn propose(
        &self,
        group: GroupId,
        proposal: Proposal,
        deadline: Duration,
    ) -> Result<Committed, ProposeError> {
        let group = self.group(group);
        let not_leader = || ProposeError::NotLeader { leader: group.lead.borrow().leader };
        let leader = group.raft.as_leader().map_err(|forward| ProposeError::NotLeader { leader: forward.leader_id })?;
        if !self.clock_is_safe(group) {
            self.hand_over(group).await;
            return Err(ProposeError::ClockUnsafe);
        }
        if self.0.room.get() != Room::Enough {
            // The lead is on its way to a node with more room; when there is none, that is the answer.
            let moves = self.has_roomier(group);
            return Err(if moves { ProposeError::NotLeader { leader: None } } else { ProposeError::DiskFull });
        }
        let Proposal { request, grant, command } = proposal;
        if command.feature().is_some() || grant.as_ref().is_some_and(|grant| grant.terms != domain::Terms::default()) {
            let view = group.shared.view();
            let held = view.state.may_hold(&command).and_then(|()| view.state.may_carry(grant.as_ref()));
            if let Err(refusal) = held {
                let reply = Reply::Refused(refusal);
                return Ok(Committed { index: view.applied.index, reply, logged: None });
            }
        }
        #[cfg(feature = "seeded-bugs")]
        let request = request.filter(|_| !bugs::is_made(Bug::RequestForgotten));
        let salt = salt().map_err(|_| ProposeError::Stopped)?;
        let entry = Entry { at_ms: stage::now_ms(), request, grant, command, salt };
        let bytes = Bytes::from(entry.encode());
        if bytes.len() > PROPOSAL_BYTES_MAX {
            return Err(ProposeError::TooLarge { bytes: bytes.len(), max: PROPOSAL_BYTES_MAX });
        }
        let (responder, answer) = ProgressResponder::complete_only();
        group
            .raft
            .write(Encoded::new(bytes))
            .with_leader(leader.to_committed_leader_id())
            .responder(responder)
            .await
            .map_err(|_| ProposeError::Stopped)?;
        #[cfg(feature = "seeded-bugs")]
        if bugs::is_made(Bug::AcknowledgedBeforeQuorum) {
            let (mut state, index) = self.read_at(group.id, |state, at| (state.clone(), at.index + 1));
            return Ok(Committed { index, reply: state.apply(index, &entry).reply, logged: None });
        }
        let answer = tokio::time::timeout(deadline, answer).await.map_err(|_| ProposeError::Unknown)?;
        match answer {
            Ok(Ok(written)) => match written.data {
                Outcome::Replied(reply, at) => Ok(Committed { index: written.log_id.index, reply, logged: Some(at) }),
                Outcome::Nothing | Outcome::Invited(_) => Err(ProposeError::Unknown),
            },
            Ok(Err(ClientWriteError::ForwardToLeader(forward))) => match forward.leader_id {
                Some(leader) => Err(ProposeError::NotLeader { leader: Some(leader) }),
                None => Err(not_leader()),
            },
            Ok(Err(_)) | Err(_) => Err(ProposeError::Unknown),
        }
    }

    /// Looks at the applied state of this node. `look` must be short: it holds up what is being applied.
    pub fn read<R>(&self, group: GroupId, look: impl FnOnce(&State) -> R) -> R {
        look(&self.group(group).shared.view().state)
    }

    /// Looks at the applied state together with how far it is.
    pub fn read_at<R>(&self, group: GroupId, look: impl FnOnce(&State, AppliedAt) -> R) -> R {
        let view = self.group(group).shared.view();
        look(&view.state, view.applied)
    }

    /// How far this node has applied.
    #[must_use]
    pub fn applied(&self, group: GroupId) -> AppliedAt {
        self.group(group).shared.view().applied
    }

    /// Rings after each application.
    #[must_use]
    pub fn applied_watch(&self, group: GroupId) -> watch::Receiver<AppliedAt> {
        self.group(group).shared.applied.subscribe()
    }

    /// Events of entries after `index`, oldest first; complete up to an [`Groups::applied`] that was read before.
    pub fn events_after(
        &self,
        group: GroupId,
        index: u64,
        batches_max: usize,
    ) -> Result<Vec<Arc<EventBatch>>, BelowFloor> {
        self.group(group).shared.view().tail.after(index, batches_max)
    }

    /// History rows with `from <= key < to`.
    pub async fn scan(
        &self,
        group: GroupId,
        from: Bytes,
        to: Bytes,
        rows_max: usize,
    ) -> io::Result<Vec<(Bytes, Bytes)>> {
        let group = Arc::clone(self.group(group));
        stage::blocking(move || {
            group.shared.write_down(group.disk.as_ref())?;
            group.disk.scan(group.id.0, &from, &to, rows_max)
        })
        .await
    }

    /// Hands the lead to another voter.
    pub async fn transfer_leader(&self, group: GroupId, to: NodeId) {
        let _ = self.group(group).raft.trigger().transfer_leader(to).await;
    }

    fn clock_is_safe(&self, group: &Group) -> bool {
        #[cfg(feature = "seeded-bugs")]
        if bugs::is_made(Bug::ClockUnguarded) {
            return true;
        }
        let voters: Vec<NodeId> = group.raft.voter_ids().collect();
        let offsets: Vec<i64> =
            voters.iter().filter(|id| **id != self.0.node).filter_map(|id| self.0.peers.clock_offset_ms(*id)).collect();
        clock::may_stamp(&offsets, voters.len())
    }

    /// Gives the leads away for which this node's clock is too far off. Whoever proposes finds out by itself; a leader whose clock
    /// is behind finds nothing due, and so would never propose.
    pub async fn mind_clock(&self) {
        for group in self.0.groups.iter().filter(|group| group.raft.as_leader().is_ok()) {
            if !self.clock_is_safe(group) {
                self.hand_over(group).await;
            }
        }
    }

    /// Gives the lead away because this node's clock is wrong.
    async fn hand_over(&self, group: &Group) {
        let others: Vec<NodeId> =
            group.raft.voter_ids().filter(|id| *id != self.0.node && self.0.peers.is_connected(*id)).collect();
        let known: Vec<_> = others.iter().filter_map(|id| Some((*id, self.0.peers.clock_offset_ms(*id)?))).collect();
        if let Some(to) = clock::fittest(&known).or(others.first().copied()) {
            tracing::error!(
                group = group.id.0,
                to,
                "this node's clock differs from the quorum's: handing the lead over"
            );
            let _ = group.raft.trigger().transfer_leader(to).await;
        }
    }

    /// Stops consensus on this node in order: what is durable stays, nothing new is taken.
    pub async fn shutdown(&self) {
        for task in self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
        for group in &self.0.groups {
            let _ = group.raft.shutdown().await;
            let group = Arc::clone(group);
            // What is not written now the log gives back.
            let _ = stage::blocking(move || group.shared.write_down(group.disk.as_ref())).await;
        }
    }
}
