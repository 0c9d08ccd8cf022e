//! One group's state machine: decodes committed entries, gives them to [`State::apply`], writes what changed, and tells
//! who waits. Everything that decides is in `domain`.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use bytes::Bytes;
use domain::{EventBatch, GroupId, Millis, Row, RowChange, State, wire::Record};
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
    disk::{Disk, DiskSnapshot, RowBatch},
    knowledge::Knowledge,
    membership::NodeIds,
    snapshot::{Received, SnapshotData},
    stage,
    tail::{BATCHES_MAX, EventTail},
    types::{
        Entry, LogId, Outcome, Snapshot, SnapshotMeta, StoredMembership, TypeConfig, decode, malformed, meta_from_wire,
        meta_to_wire, node_ids_from_wire,
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
    /// Which node ids were given away.
    pub(crate) node_ids: NodeIds,
}

/// What the state machine shares with readers on this node.
pub(crate) struct Shared {
    pub(crate) group: GroupId,
    view: RwLock<View>,
    /// Rings after the rows are written.
    pub(crate) applied: watch::Sender<AppliedAt>,
}

impl Shared {
    /// State for a short look. Never held over an await.
    pub(crate) fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn view_mut(&self) -> RwLockWriteGuard<'_, View> {
        self.view.write().unwrap_or_else(PoisonError::into_inner)
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
        let shared = Shared { group: GroupId(group), view: RwLock::new(view), applied };
        let shared = Arc::new(shared);
        Ok(Self { disk, knowledge, shared, last, membership, has_snapshot: false, trimmed_at: 0 })
    }

    pub(crate) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    fn meta(&self) -> SnapshotMeta {
        #[cfg(feature = "seeded-bugs")]
        if bugs::is_made(Bug::SnapshotWithoutMembers) {
            return SnapshotMeta { last_log_id: self.last, last_membership: StoredMembership::default() };
        }
        SnapshotMeta { last_log_id: self.last, last_membership: self.membership.clone() }
    }

    /// Applies `entries` to state and gives what to write and whom to tell.
    fn apply_batch(&mut self, entries: Vec<Entry>) -> io::Result<(RowBatch, Vec<Outcome>)> {
        let mut decoded = Vec::with_capacity(entries.len());
        for entry in &entries {
            decoded.push(match &entry.payload {
                // This node must not go on without it.
                EntryPayload::Normal(encoded) => Some(
                    self.knowledge
                        .read(&encoded.proposal)
                        .map_err(|e| io::Error::new(e.kind(), format!("proposal at {}: {e}", entry.log_id())))?,
                ),
                EntryPayload::Blank | EntryPayload::Membership(_) => None,
            });
        }
        let mut batch = RowBatch::default();
        // The last change to a key counts, whichever entry made it.
        let mut changes: BTreeMap<Bytes, Option<Bytes>> = BTreeMap::new();
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
                Some(proposal) => {
                    let applied = view.state.apply(log_id.index, &proposal);
                    #[cfg(feature = "seeded-bugs")]
                    let applied = if outcomes.is_empty() && bugs::is_made(Bug::EventsDropped) {
                        domain::Applied { events: Vec::new(), ..applied }
                    } else {
                        applied
                    };
                    for change in applied.rows {
                        #[cfg(feature = "seeded-bugs")]
                        if bugs::is_made(Bug::FirstChangeKept)
                            && let RowChange::Put(row) = &change
                            && changes.contains_key(&row.key)
                        {
                            continue;
                        }
                        match change {
                            RowChange::Put(row) => changes.insert(row.key, Some(row.value)),
                            RowChange::Delete(key) => changes.insert(key, None),
                        };
                    }
                    if !applied.events.is_empty() {
                        let at_ms = view.state.clock();
                        let events = EventBatch { index: log_id.index, at_ms, events: applied.events };
                        let bytes = Bytes::from(events.encode());
                        view.tail.push(Arc::new(events), bytes.len());
                        batch.events.push((log_id.index, bytes));
                    }
                    Outcome::Replied(applied.reply)
                }
            });
            let at_ms = view.state.clock();
            view.applied = AppliedAt { index: log_id.index, term: log_id.committed_leader_id().term, at_ms };
        }
        let index = view.applied.index;
        let node_ids = &view.node_ids;
        #[cfg(feature = "seeded-bugs")]
        let node_ids = &if bugs::is_made(Bug::NodeIdsForgotten) { NodeIds::default() } else { node_ids.clone() };
        batch.applied = meta_to_wire(self.last.as_ref(), &self.membership, node_ids).encode_to_vec().into();
        if index >= self.trimmed_at + TRIM_EVERY {
            self.trimmed_at = index;
            batch.event_floor = Some(view.tail.floor());
        }
        drop(view);
        for (key, value) in changes {
            match value {
                Some(value) => batch.puts.push((key, value)),
                None => batch.deletes.push(key),
            }
        }
        Ok((batch, outcomes))
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
    Ok((meta.last_log_id, meta.last_membership, View { state, applied, tail, node_ids }))
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
            let (rows, outcomes) = self.apply_batch(batch)?;
            let (group, disk) = (self.shared.group.0, Arc::clone(&self.disk));
            stage::blocking(move || disk.write_rows(group, rows)).await?;
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
        let (group, disk) = (self.shared.group.0, Arc::clone(&self.disk));
        let view = stage::blocking(move || disk.snapshot(group)).await;
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
        let loaded = stage::blocking(move || {
            let received = match snapshot {
                SnapshotData::Received(received) => received,
                SnapshotData::Local(view, node_ids) => copy(disk.as_ref(), group, view, node_ids)?,
            };
            let applied = meta_to_wire(meta.last_log_id.as_ref(), &meta.last_membership, &received.node_ids);
            received.finish(applied.encode_to_vec().into(), floor)?;
            load(group, disk.as_ref())
        })
        .await?;
        let (last, membership, view) = loaded;
        let at = view.applied;
        self.knowledge.check_state(&view.state)?;
        *self.shared.view_mut() = view;
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
