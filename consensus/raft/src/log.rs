//! One group's log: what openraft asks of it, over [`Disk`]. The newest entries stand in memory too, so that they can be
//! read the moment they are appended, and followers and the state machine seldom touch the disk.

use std::{
    collections::VecDeque,
    fmt::Debug,
    io,
    ops::{Bound, RangeBounds},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures::{Stream, channel::oneshot, stream};
use openraft::{
    LogState, OptionalSend, RaftLogReader,
    entry::RaftEntry,
    storage::{IOFlushed, RaftLogStorage},
};
use prost::Message;

use crate::{
    disk::{Disk, LogOp},
    stage,
    types::{
        Entry, LogId, TypeConfig, Vote, decode, entry_from_bytes, entry_with_bytes, log_id_from_wire, log_id_to_wire,
        malformed, vote_from_wire, vote_to_wire,
    },
    wire,
};

/// Bytes of entries kept in memory for one group. Older ones are read from the disk.
const TAIL_BYTES_MAX: usize = 32 << 20;

/// Bytes of entries sent or applied at a time.
const READ_BYTES_MAX: usize = 1 << 20;

/// What stands in memory of a log.
#[derive(Default)]
struct Tail {
    vote: Option<Vote>,
    committed: Option<LogId>,
    purged: Option<LogId>,
    last: Option<LogId>,
    /// The first index present, in memory or on the disk; none: the log is empty.
    start: Option<u64>,
    /// Consecutive, ending at `last`. May be empty while the log is not.
    entries: VecDeque<(Entry, usize)>,
    /// Sum of the sizes in `entries`.
    bytes: usize,
    /// Entries up to here are on the platter. Invariant: what is not durable is in `entries`.
    durable: Option<u64>,
    /// Grows with each truncation, so that a flush from before it does not raise `durable`.
    truncations: u64,
    /// From here on the disk still has what was truncated: see [`LogStore`].
    cut: Option<u64>,
}

impl Tail {
    fn first(&self) -> Option<u64> {
        self.entries.front().map(|(entry, _)| entry.index())
    }

    fn push(&mut self, entry: Entry, size: usize) {
        self.last = Some(entry.log_id());
        self.start = self.start.or(Some(entry.index()));
        self.bytes += size;
        self.entries.push_back((entry, size));
    }

    /// Lets go of what is durable, oldest first, until the rest fits.
    fn shrink(&mut self) {
        while self.bytes > TAIL_BYTES_MAX {
            let Some(first) = self.first() else { return };
            if self.durable.is_none_or(|durable| first > durable) {
                return;
            }
            self.pop_front();
        }
    }

    fn pop_front(&mut self) {
        if let Some((_, size)) = self.entries.pop_front() {
            self.bytes -= size;
        }
    }

    fn truncate_from(&mut self, from: u64) {
        while self.entries.back().is_some_and(|(entry, _)| entry.index() >= from) {
            if let Some((_, size)) = self.entries.pop_back() {
                self.bytes -= size;
            }
        }
        self.start = self.start.filter(|start| *start < from);
        self.truncations += 1;
        self.durable = self.durable.and_then(|durable| durable.min(from.checked_sub(1)?).into());
    }

    fn purge_upto(&mut self, upto: u64) {
        let last = self.last.map(|id| id.index);
        self.start =
            self.start.map(|start| start.max(upto + 1)).filter(|start| last.is_some_and(|last| *start <= last));
        while self.first().is_some_and(|first| first <= upto) {
            self.pop_front();
        }
    }

    /// Entries of `from..to` that stand here, and where they begin.
    fn range(&self, from: u64, to: u64) -> (u64, Vec<Entry>) {
        let Some(first) = self.first() else { return (to, Vec::new()) };
        let start = from.max(first);
        // What stands here may begin far behind the range: after a start it is the last entry alone.
        if start >= to {
            #[cfg(feature = "seeded-bugs")]
            if crate::bugs::is_made(crate::bugs::Bug::ReadBeyondEnd) {
                return (start, Vec::new());
            }
            return (to, Vec::new());
        }
        let skip = usize::try_from(start - first).unwrap_or(usize::MAX);
        let take = usize::try_from(to - start).unwrap_or(usize::MAX);
        (start, self.entries.iter().skip(skip).take(take).map(|(entry, _)| entry.clone()).collect())
    }
}

/// One group's log. Clones are the same log.
///
/// What is truncated stays on the disk until something takes its place: entries there, or the snapshot up to which is purged.
/// Before it installs a snapshot, openraft truncates all that this node does not know to be committed, and others may have
/// committed it on this node's word: whoever crashed before the snapshot was there had broken that word.
#[derive(Clone)]
pub struct LogStore {
    group: u32,
    disk: Arc<dyn Disk>,
    tail: Arc<Mutex<Tail>>,
}

impl LogStore {
    /// Opens the log of `group` as the disk has it. Blocks on IO.
    pub fn open(group: u32, disk: Arc<dyn Disk>) -> io::Result<Self> {
        let found = disk.log(group)?;
        let log_id = |what: &str, bytes: &Bytes| decode::<wire::LogId>(what, bytes).map(|id| log_id_from_wire(&id));
        let mut tail = Tail {
            vote: found.vote.map(|b| decode::<wire::Vote>("vote", &b).map(|v| vote_from_wire(&v))).transpose()?,
            committed: found.committed.map(|b| log_id("committed log id", &b)).transpose()?,
            purged: found.purged.map(|b| log_id("purged log id", &b)).transpose()?,
            ..Tail::default()
        };
        tail.last = tail.purged;
        if let Some((first, last)) = found.bounds {
            tail.start = Some(first);
            let rows = disk.read_log(group, last..last + 1, READ_BYTES_MAX)?;
            let (_, bytes) = rows.into_iter().next().ok_or_else(|| malformed("log: its last entry is not there"))?;
            let size = bytes.len();
            tail.push(entry_from_bytes(bytes)?, size);
            tail.durable = Some(last);
        }
        Ok(Self { group, disk, tail: Arc::new(Mutex::new(tail)) })
    }

    fn tail(&self) -> MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Finishes what a crash cut off between the installing of a snapshot and the log's beginning behind it: where the snapshot
    /// ends, the log has another entry, so that one and all behind it were never agreed on. `applied` is what the rows say. Blocks
    /// on IO.
    pub(crate) fn begin_behind(&self, applied: Option<LogId>) -> io::Result<()> {
        let Some(applied) = applied else { return Ok(()) };
        let held = self.disk.read_log(self.group, applied.index..applied.index.saturating_add(1), READ_BYTES_MAX)?;
        let mut tail = self.tail();
        let is_other = match held.into_iter().next() {
            Some((_, bytes)) => entry_from_bytes(bytes)?.log_id() != applied,
            // It ends before, with an entry of a leader that came later: openraft would take it for the newer of the two.
            None => tail.last.is_some_and(|last| last.index < applied.index && last > applied),
        };
        if !is_other {
            return Ok(());
        }
        tracing::warn!(group = self.group, index = applied.index, "the log begins anew behind an installed snapshot");
        tail.entries.clear();
        tail.bytes = 0;
        tail.start = None;
        tail.durable = None;
        tail.purged = Some(applied);
        tail.last = Some(applied);
        let purged = log_id_to_wire(&applied).encode_to_vec().into();
        self.disk.submit(LogOp::Truncate { group: self.group, from: applied.index }, Box::new(|_| ()));
        self.disk.submit(LogOp::Purge { group: self.group, upto: applied.index, purged }, Box::new(|_| ()));
        Ok(())
    }

    /// Entries of `from..to` that the log holds; of those that must come from the disk only as many as fit `bytes_max`.
    async fn read(&self, from: u64, to: u64, bytes_max: usize) -> io::Result<Vec<Entry>> {
        let (from, cached_from, cached) = {
            let tail = self.tail();
            // What was purged, or never was, is not there, and that is no hole.
            let Some(start) = tail.start else { return Ok(Vec::new()) };
            let from = from.max(start);
            let to = to.min(tail.last.map_or(0, |id| id.index.saturating_add(1)));
            if from >= to {
                return Ok(Vec::new());
            }
            let (cached_from, cached) = tail.range(from, to);
            (from, cached_from, cached)
        };
        if from >= cached_from {
            return Ok(cached);
        }
        let (group, disk) = (self.group, Arc::clone(&self.disk));
        let rows = stage::blocking(move || disk.read_log(group, from..cached_from, bytes_max)).await?;
        let Some((last, _)) = rows.last() else {
            // Purged while it was read, or gone: only the first is right.
            return if self.tail().start.is_none_or(|start| start >= cached_from) {
                Ok(cached)
            } else {
                Err(malformed(&format!("log of group {group}: a hole from {from} to {cached_from}")))
            };
        };
        let complete = last + 1 == cached_from;
        let mut entries = Vec::with_capacity(rows.len() + cached.len());
        for (_, bytes) in rows {
            entries.push(entry_from_bytes(bytes)?);
        }
        if complete {
            entries.extend(cached);
        }
        Ok(entries)
    }
}

fn bounds(range: &impl RangeBounds<u64>) -> (u64, u64) {
    let from = match range.start_bound() {
        Bound::Included(start) => *start,
        Bound::Excluded(start) => start + 1,
        Bound::Unbounded => 0,
    };
    let to = match range.end_bound() {
        Bound::Included(end) => end + 1,
        Bound::Excluded(end) => *end,
        Bound::Unbounded => u64::MAX,
    };
    (from, to)
}

/// As many of `entries` as fit, but at least one.
fn limit(mut entries: Vec<Entry>, bytes_max: usize) -> Vec<Entry> {
    let mut bytes = 0;
    let fit = entries
        .iter()
        .take_while(|entry| {
            let fits = bytes < bytes_max;
            bytes += match &entry.payload {
                openraft::EntryPayload::Normal(encoded) => encoded.proposal.len(),
                _ => 0,
            };
            fits
        })
        .count();
    entries.truncate(fit.max(1));
    entries
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<RB: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: RB,
    ) -> Result<Vec<Entry>, io::Error> {
        let (mut from, to) = bounds(&range);
        let mut entries = Vec::new();
        loop {
            let mut part = self.read(from, to, READ_BYTES_MAX).await?;
            let Some(last) = part.last() else { return Ok(entries) };
            from = last.index() + 1;
            entries.append(&mut part);
            if from >= to {
                return Ok(entries);
            }
        }
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, io::Error> {
        Ok(self.tail().vote)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, io::Error> {
        Ok(limit(self.read(start, end, READ_BYTES_MAX).await?, READ_BYTES_MAX))
    }

    async fn entries_stream<RB>(&mut self, range: RB) -> impl Stream<Item = Result<Entry, io::Error>> + OptionalSend
    where
        RB: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let (from, to) = bounds(&range);
        let chunks = stream::try_unfold((self.clone(), from), move |(log, from)| async move {
            if from >= to {
                return Ok(None);
            }
            let entries = limit(log.read(from, to, READ_BYTES_MAX).await?, READ_BYTES_MAX);
            let Some(last) = entries.last() else { return Ok(None) };
            let next = last.index() + 1;
            Ok::<_, io::Error>(Some((stream::iter(entries.into_iter().map(Ok)), (log, next))))
        });
        Box::pin(futures::TryStreamExt::try_flatten(chunks))
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, io::Error> {
        let tail = self.tail();
        Ok(LogState { last_purged_log_id: tail.purged, last_log_id: tail.last })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), io::Error> {
        let (tx, rx) = oneshot::channel();
        let op = LogOp::Vote { group: self.group, vote: vote_to_wire(vote).encode_to_vec().into() };
        // Readable at once, as what is appended is; nobody is told before it is durable.
        self.tail().vote = Some(*vote);
        self.disk.submit(op, Box::new(move |result| drop(tx.send(result))));
        rx.await.map_err(|_| io::Error::other("the disk was closed"))?
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), io::Error> {
        self.tail().committed = committed;
        if let Some(id) = committed {
            let committed = log_id_to_wire(&id).encode_to_vec().into();
            self.disk.submit(LogOp::Committed { group: self.group, committed }, Box::new(|_| ()));
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, io::Error> {
        Ok(self.tail().committed)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<TypeConfig>) -> Result<(), io::Error>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut rows = Vec::new();
        let (truncations, cut) = {
            let mut tail = self.tail();
            for entry in entries {
                let (entry, bytes) = entry_with_bytes(entry);
                rows.push((entry.index(), bytes.clone()));
                tail.push(entry, bytes.len());
            }
            (tail.truncations, if rows.is_empty() { None } else { tail.cut.take() })
        };
        let (Some((first, _)), Some((last, _))) = (rows.first(), rows.last()) else {
            callback.io_completed(Ok(()));
            return Ok(());
        };
        let (first, last) = (*first, *last);
        let shared = Arc::clone(&self.tail);
        let done = move |result: io::Result<()>| {
            if result.is_ok() {
                let mut tail = shared.lock().unwrap_or_else(PoisonError::into_inner);
                if tail.truncations == truncations {
                    tail.durable = tail.durable.max(Some(last));
                    tail.shrink();
                }
            }
            callback.io_completed(result);
        };
        self.disk.room().await;
        if cut.is_some() {
            self.disk.submit(LogOp::Truncate { group: self.group, from: first }, Box::new(|_| ()));
        }
        self.disk.submit(LogOp::Append { group: self.group, entries: rows }, Box::new(done));
        Ok(())
    }

    async fn truncate_after(&mut self, last_log_id: Option<LogId>) -> Result<(), io::Error> {
        let from = last_log_id.map_or(0, |id| id.index.saturating_add(1));
        let mut tail = self.tail();
        tail.truncate_from(from);
        tail.cut = Some(tail.cut.map_or(from, |cut| cut.min(from)));
        // Truncating beyond the end changes nothing.
        tail.last = tail.last.min(last_log_id.max(tail.purged));
        Ok(())
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), io::Error> {
        let is_cut = {
            let mut tail = self.tail();
            tail.purged = Some(log_id);
            tail.purge_upto(log_id.index);
            tail.last = tail.last.max(Some(log_id));
            tail.cut.take_if(|cut| *cut <= log_id.index).is_some()
        };
        if is_cut {
            // The rest of it goes by the purge.
            let from = log_id.index.saturating_add(1);
            self.disk.submit(LogOp::Truncate { group: self.group, from }, Box::new(|_| ()));
        }
        let purged = log_id_to_wire(&log_id).encode_to_vec().into();
        let op = LogOp::Purge { group: self.group, upto: log_id.index, purged };
        self.disk.submit(op, Box::new(|_| ()));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
