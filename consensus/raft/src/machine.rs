//! One group's state machine: decodes committed entries, gives them to [`State::apply`], writes what changed, and tells
//! who waits. Everything that decides is in `domain`.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use domain::{GroupId, Logged, Millis, Row, State};
use futures::{Stream, StreamExt};
use openraft::{
    EntryPayload, OptionalSend,
    entry::RaftEntry,
    storage::{ApplyResponder, EntryResponder, RaftSnapshotBuilder, RaftStateMachine},
};
use prost::Message;
use tokio::sync::watch;

#[cfg(feature = "seeded-bugs")]
use crate::bugs::{self, Bug};
use crate::{
    asked::Asked,
    backlog::Backlog,
    disk::{Disk, DiskSnapshot},
    knowledge::Knowledge,
    membership::NodeIds,
    snapshot::{Received, SnapshotData},
    stage,
    tail::{BATCHES_MAX, EventTail},
    types::{
        Encoded, Entry, LogId, Outcome, Snapshot, SnapshotMeta, StoredMembership, TypeConfig, decode, malformed,
        meta_from_wire, meta_to_wire, node_ids_from_wire,
    },
    wire,
};

/// Entries applied under one lock and in one write.
const APPLY_BATCH_MAX: usize = 512;

/// Rows read at a time when state is loaded.
const ROWS_PER_LOAD: usize = 1024;

/// Bytes of rows read at a time when all of them are.
pub(crate) const CHUNK_BYTES: usize = 512 << 10;

/// Applied entries between two trims of the event rows.
const TRIM_EVERY: u64 = 1024;

/// How far a group is applied on this node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AppliedAt {
    /// Log index.
    pub index: u64,
    /// Term of that entry.
    pub term: u64,
    /// State's clock after it.
    pub at_ms: Millis,
}

/// State, how far it is, and its newest events: they change together, under one lock.
pub(crate) struct View {
    pub(crate) state: State,
    pub(crate) applied: AppliedAt,
    pub(crate) tail: EventTail,
    /// What of it is not in rows on this node's disk yet.
    backlog: Backlog,
    /// Where the log has what was asked for lately.
    asked: Asked,
    /// Which node ids were given away.
    pub(crate) node_ids: NodeIds,
}

/// What the state machine shares with readers on this node.
pub(crate) struct Shared {
    pub(crate) group: GroupId,
    view: RwLock<View>,
    /// Held while the backlog is written: what came later must not be written before what came earlier, nor anything of a
    /// state in the place of which a snapshot is being installed.
    writing: Mutex<()>,
    /// Rings after each application.
    pub(crate) applied: watch::Sender<AppliedAt>,
    /// Snapshots installed since the start.
    pub(crate) installed: AtomicU64,
}

impl Shared {
    /// State for a short look. Never held over an await.
    pub(crate) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the rows on this node's disk up to what is applied. Whoever reads rows comes here first. Blocks on IO. Where an
    /// apply or a write broke off in a panic nothing is written any more: half an entry would be, or rows would be left out.
    pub(crate) fn write_down(&self, disk: &dyn Disk) -> io::Result<()> {
        let broke_off = || io::Error::other("an apply broke off: this group's rows are written again after a restart");
        let _turn = self.writing.lock().map_err(|_| broke_off())?;
        let mut view = self.view.write().map_err(|_| broke_off())?;
        let View { state, backlog, .. } = &mut *view;
        let Some(batch) = backlog.empty(state) else { return Ok(()) };
        drop(view);
        disk.write_rows(self.group.0, batch)
    }

    /// Forgets events up to this index, which is applied; their rows go with the next that are written.
    pub(crate) fn forget_events(&self, through: u64) {
        let mut view = self.view_mut();
        let View { tail, backlog, .. } = &mut *view;
        tail.forget(through);
        backlog.raise_floor(tail.floor());
    }

    /// A frozen view of the rows, with all that is applied in it. Blocks on IO.
    pub(crate) fn frozen(&self, disk: &dyn Disk) -> io::Result<Box<dyn DiskSnapshot>> {
        self.write_down(disk)?;
        disk.snapshot(self.group.0)
    }
}

/// One group's state machine.
pub struct StateMachine {
    disk: Arc<dyn Disk>,
    knowledge: Knowledge,
    shared: Arc<Shared>,
    last: Option<LogId>,
    membership: StoredMembership,
    /// A snapshot was built or installed since the start: `get_current_snapshot` gives one on demand.
    has_snapshot: bool,
    trimmed_at: u64,
}

impl StateMachine {
    /// Opens the state of `group` as the disk has it. Blocks on IO.
    pub fn open(group: u32, disk: Arc<dyn Disk>) -> io::Result<Self> {
        Self::open_knowing(group, disk, domain::FEATURES)
    }

    /// The same for a version that knows other features.
    pub(crate) fn open_knowing(group: u32, disk: Arc<dyn Disk>, features: &'static [u32]) -> io::Result<Self> {
        let knowledge = Knowledge(features);
        let (last, membership, view) = load(group, disk.as_ref())?;
        knowledge.check_state(&view.state)?;
        let (applied, _) = watch::channel(view.applied);
        let shared = Arc::new(Shared {
            group: GroupId(group),
            view: RwLock::new(view),
            writing: Mutex::default(),
            applied,
            installed: AtomicU64::new(0),
        });
        Ok(Self { disk, knowledge, shared, last, membership, has_snapshot: false, trimmed_at: 0 })
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// The entry that was applied last.
    pub(crate) fn last(&self) -> Option<LogId> {
        self.last
    }

    fn meta(&self) -> SnapshotMeta {
        #[cfg(feature = "seeded-bugs")]
        if bugs::is_made(Bug::SnapshotWithoutMembers) {
            return SnapshotMeta { last_log_id: self.last, last_membership: StoredMembership::default() };
        }
        SnapshotMeta { last_log_id: self.last, last_membership: self.membership.clone() }
    }

    /// Applies `entries` to state, and gives whether the backlog of rows is full, and whom to tell what.
    fn apply_batch(&mut self, entries: Vec<Entry>) -> io::Result<(bool, Vec<Outcome>)> {
        let mut decoded = Vec::with_capacity(entries.len());
        for entry in &entries {
            decoded.push(match &entry.payload {
                // This node must not go on without it.
                EntryPayload::Normal(Encoded { proposal, .. }) => {
                    let at = |e: io::Error| io::Error::new(e.kind(), format!("proposal at {}: {e}", entry.log_id()));
                    Some((self.knowledge.read(proposal).map_err(at)?, proposal))
                }
                EntryPayload::Blank | EntryPayload::Membership(_) => None,
            });
        }
        let mut outcomes = Vec::with_capacity(entries.len());
        let mut view = self.shared.view_mut();
        for (entry, proposal) in entries.iter().zip(decoded) {
            let log_id = entry.log_id();
            self.last = Some(log_id);
            outcomes.push(match proposal {
                None => match &entry.payload {
                    EntryPayload::Membership(membership) => {
                        let is_same = self.membership.membership() == membership;
                        self.membership = StoredMembership::new(Some(log_id), membership.clone());
                        let members = membership.nodes().map(|(id, _)| *id);
                        view.node_ids.applied(members, is_same).map_or(Outcome::Nothing, Outcome::Invited)
                    }
                    _ => Outcome::Nothing,
                },
                Some((proposal, encoded)) => {
                    let View { state, tail, backlog, asked, .. } = &mut *view;
                    let decided = state.apply_unwritten(log_id.index, &proposal, encoded, &mut backlog.touched);
                    #[cfg(feature = "seeded-bugs")]
                    let decided = {
                        let mut decided = decided;
                        if outcomes.is_empty() && bugs::is_made(Bug::EventsDropped) {
                            decided.events.clear();
                        }
                        decided
                    };
                    let (index, term) = (log_id.index, log_id.committed_leader_id().term);
                    let at = Logged { group: self.shared.group, index, term, again: decided.again };
                    let logged = asked.place(proposal.request, at);
                    Outcome::Replied(backlog.take_in(index, state, decided, tail), logged)
                }
            });
            let at_ms = view.state.clock();
            view.applied = AppliedAt { index: log_id.index, term: log_id.committed_leader_id().term, at_ms };
        }
        let index = view.applied.index;
        let node_ids = &view.node_ids;
        #[cfg(feature = "seeded-bugs")]
        let node_ids = &if bugs::is_made(Bug::NodeIdsForgotten) { NodeIds::default() } else { node_ids.clone() };
        let applied: Bytes = meta_to_wire(self.last.as_ref(), &self.membership, node_ids).encode_to_vec().into();
        let floor = (index >= self.trimmed_at + TRIM_EVERY).then(|| view.tail.floor());
        if floor.is_some() {
            self.trimmed_at = index;
        }
        view.backlog.is_applied(entries.len(), applied.clone(), floor);
        let is_full = view.backlog.is_full();
        drop(view);
        self.disk.applies(self.shared.group.0, &applied);
        Ok((is_full, outcomes))
    }
}

type Loaded = (Option<LogId>, StoredMembership, View);

/// The rows of state of a frozen view, a page at a time. History lies beside them and is not read: how long a node takes to
/// start follows from what is, not from all that was. Ends at the first failure.
struct StateRows<'a> {
    view: &'a dyn DiskSnapshot,
    ranges: std::vec::IntoIter<(Bytes, Bytes)>,
    /// What is left of the range that is being read.
    rest: Option<(Bytes, Bytes)>,
    page: std::vec::IntoIter<(Bytes, Bytes)>,
    failed: Option<io::Error>,
}

impl<'a> StateRows<'a> {
    fn of(view: &'a dyn DiskSnapshot) -> Self {
        let ranges = domain::rows::state_ranges().into_iter();
        Self { view, ranges, rest: None, page: Vec::new().into_iter(), failed: None }
    }
}

impl Iterator for StateRows<'_> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        loop {
            if let Some((key, value)) = self.page.next() {
                return Some(Row { key, value });
            }
            let (from, to) = self.rest.take().or_else(|| self.ranges.next())?;
            match self.view.scan(&from, &to, ROWS_PER_LOAD) {
                Ok(page) => {
                    self.rest = page.last().map(|(last, _)| (domain::rows::after(last), to));
                    self.page = page.into_iter();
                }
                Err(error) => {
                    self.failed = Some(error);
                    return None;
                }
            }
        }
    }
}

/// State, membership and events of a group as the disk has them.
pub(crate) fn load(group: u32, disk: &dyn Disk) -> io::Result<Loaded> {
    let snapshot = disk.snapshot(group)?;
    let (meta, node_ids) = match snapshot.applied()? {
        Some(bytes) => {
            let wire = decode("applied state", &bytes)?;
            let node_ids = node_ids_from_wire(&wire);
            (meta_from_wire(wire)?, node_ids)
        }
        None => (SnapshotMeta::default(), NodeIds::default()),
    };
    let mut rows = StateRows::of(snapshot.as_ref());
    let state = State::from_rows(GroupId(group), &mut rows);
    rows.failed.map_or(Ok(()), Err)?;
    let state = state.map_err(|e| malformed(&format!("state rows: {e}")))?;
    let index = meta.last_log_id.map_or(0, |id| id.index);
    let term = meta.last_log_id.map_or(0, |id| id.committed_leader_id().term);
    let mut tail = EventTail::new(disk.event_floor(group)?);
    let mut newest = disk.events(group, tail.floor()..index.saturating_add(1), usize::MAX)?;
    let surplus = newest.len().saturating_sub(BATCHES_MAX);
    if let Some((below, _)) = surplus.checked_sub(1).and_then(|at| newest.get(at)) {
        tail = EventTail::new(*below);
    }
    for (index, bytes) in newest.drain(surplus..) {
        if index > tail.floor() {
            tail.push_stored(index, bytes);
        }
    }
    let applied = AppliedAt { index, term, at_ms: state.clock() };
    let (backlog, asked) = (Backlog::default(), Asked::default());
    let view = View { state, applied, tail, backlog, asked, node_ids };
    Ok((meta.last_log_id, meta.last_membership, view))
}

impl RaftStateMachine<TypeConfig> for StateMachine {
    type SnapshotData = SnapshotData;
    type SnapshotBuilder = SnapshotBuilder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.last, self.membership.clone()))
    }

    async fn apply<Strm>(&mut self, entries: Strm) -> Result<(), io::Error>
    where
        Strm: Stream<Item = Result<EntryResponder<TypeConfig>, io::Error>> + Unpin + OptionalSend,
    {
        let mut chunks = entries.ready_chunks(APPLY_BATCH_MAX);
        while let Some(chunk) = chunks.next().await {
            let mut batch = Vec::with_capacity(chunk.len());
            let mut waiting: Vec<Option<ApplyResponder<TypeConfig>>> = Vec::with_capacity(chunk.len());
            for item in chunk {
                let (entry, responder) = item?;
                batch.push(entry);
                waiting.push(responder);
            }
            let (is_full, outcomes) = self.apply_batch(batch)?;
            if is_full {
                let (shared, disk) = (Arc::clone(&self.shared), Arc::clone(&self.disk));
                stage::blocking(move || shared.write_down(disk.as_ref())).await?;
            }
            let applied = self.shared.view().applied;
            self.shared.applied.send_replace(applied);
            #[cfg(feature = "seeded-bugs")]
            if bugs::is_made(Bug::AnswersMisaligned) {
                for (responder, outcome) in waiting.into_iter().flatten().zip(outcomes) {
                    responder.send(outcome);
                }
                continue;
            }
            for (responder, outcome) in waiting.into_iter().zip(outcomes) {
                if let Some(responder) = responder {
                    responder.send(outcome);
                }
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder {
        self.has_snapshot = true;
        let (shared, disk) = (Arc::clone(&self.shared), Arc::clone(&self.disk));
        let view = stage::blocking(move || shared.frozen(disk.as_ref())).await;
        let node_ids = self.shared.view().node_ids.clone();
        SnapshotBuilder { meta: self.meta(), node_ids, view: Mutex::new(Some(view)) }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: SnapshotData) -> Result<(), io::Error> {
        let (group, disk) = (self.shared.group.0, Arc::clone(&self.disk));
        let floor = meta.last_log_id.map_or(0, |id| id.index);
        #[cfg(feature = "seeded-bugs")]
        let floor = if bugs::is_made(Bug::FloorNotRaised) { 0 } else { floor };
        let meta = meta.clone();
        #[cfg(feature = "seeded-bugs")]
        let meta = if bugs::is_made(Bug::InstalledWithoutIndex) {
            SnapshotMeta { last_log_id: self.last, last_membership: self.membership.clone() }
        } else {
            meta
        };
        let shared = Arc::clone(&self.shared);
        let knowledge = self.knowledge;
        let (last, membership, at) = stage::blocking(move || {
            // From here on no row of the former state is written: what it had in its backlog goes with it.
            let _turn = shared.writing.lock().unwrap_or_else(PoisonError::into_inner);
            let received = match snapshot {
                SnapshotData::Received(received) => received,
                SnapshotData::Local(view, node_ids) => copy(disk.as_ref(), group, view, node_ids)?,
            };
            let applied = meta_to_wire(meta.last_log_id.as_ref(), &meta.last_membership, &received.node_ids);
            received.finish(applied.encode_to_vec().into(), floor)?;
            // Whatever becomes of the rest: nothing of the former state is written over these rows.
            shared.view_mut().backlog = Backlog::default();
            let (last, membership, view) = load(group, disk.as_ref())?;
            knowledge.check_state(&view.state)?;
            let at = view.applied;
            shared.installed.fetch_add(1, Ordering::Relaxed);
            *shared.view_mut() = view;
            Ok((last, membership, at))
        })
        .await?;
        self.last = last;
        self.membership = membership;
        self.has_snapshot = true;
        self.shared.applied.send_replace(at);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot>, io::Error> {
        if !self.has_snapshot {
            return Ok(None);
        }
        let mut builder = self.get_snapshot_builder().await;
        builder.build_snapshot().await.map(Some)
    }
}

fn copy(disk: &dyn Disk, group: u32, mut view: Box<dyn DiskSnapshot>, node_ids: NodeIds) -> io::Result<Received> {
    let mut received = Received::new(disk.install(group)?, node_ids);
    loop {
        let rows = view.next_rows(CHUNK_BYTES)?;
        if rows.is_empty() {
            return Ok(received);
        }
        received.put(rows)?;
    }
}

/// A frozen view with the meta of the moment at which it was taken: taken between two applies, so they belong together.
pub struct SnapshotBuilder {
    meta: SnapshotMeta,
    node_ids: NodeIds,
    /// Taken once. In a lock because openraft shares the builder between threads, and a view is for one.
    view: Mutex<Option<io::Result<Box<dyn DiskSnapshot>>>>,
}

impl RaftSnapshotBuilder<TypeConfig> for SnapshotBuilder {
    type SnapshotData = SnapshotData;

    async fn build_snapshot(&mut self) -> Result<Snapshot, io::Error> {
        let view = self.view.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let view = view.unwrap_or_else(|| Err(io::Error::other("a snapshot builder builds once")))?;
        Ok(Snapshot { meta: self.meta.clone(), snapshot: SnapshotData::Local(view, self.node_ids.clone()) })
    }
}

/// What a snapshot's header says: how far it goes, who the members are, and which ids were given away.
pub(crate) fn meta_of(header: wire::SnapshotHeader) -> io::Result<(SnapshotMeta, NodeIds)> {
    let meta = header.meta.ok_or_else(|| malformed("snapshot header: no meta"))?;
    let node_ids = node_ids_from_wire(&meta);
    Ok((meta_from_wire(meta)?, node_ids))
}

#[cfg(test)]
mod tests;
