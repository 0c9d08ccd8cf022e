//! A node's disk: [`MemoryDisk`], which keeps what is written and what is on the platter apart, behind a queue that takes virtual
//! time, with faults, and with the mistakes of [`Bug`] that belong to a disk.

mod views;

use std::{
    collections::{BTreeMap, VecDeque},
    io, mem,
    ops::Range,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use domain::GroupId;
use raft::{
    NodeId,
    disk::{BoxFuture, Disk, DiskSnapshot, Done, Install, LogOnDisk, LogOp, Replacement, RowBatch},
    memory::MemoryDisk,
};
use tokio::sync::Notify;

use self::views::{LaterRows, WithoutAnswers};
use crate::{bug::Bug, world::World};

/// Bytes in the queue from which on [`Disk::room`] makes wait.
pub const QUEUE_BYTES_MAX: usize = 64 << 10;
/// Bytes that those in flight when the queue filled up may add: one append of each group, as large as openraft makes them.
pub const QUEUE_BYTES_BEYOND: usize = 4 << 20;

/// `FlushSkipped`: how much later than it says it writes, in ms.
const FLUSH_SKIPPED_MS: u64 = 400;

/// What a disk does next instead of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The next write fails with `EIO`.
    WriteFails,
    /// The next write fails with `ENOSPC`.
    NoSpace,
    /// The next read of the log or of a snapshot fails with `EIO`.
    ReadFails,
    /// The next write of rows fails with `EIO`, whatever the log does: many entries may wait for it.
    RowsFail,
}

#[derive(Default)]
struct Queue {
    ops: VecDeque<(LogOp, Done)>,
    bytes: usize,
    fault: Option<Fault>,
    /// `SuffixKept`: what was truncated, by group.
    suffix: BTreeMap<u32, Vec<(u64, Bytes)>>,
    /// `TornBatchAccepted`: the half that is not written yet.
    torn: BTreeMap<u32, RowBatch>,
    /// `AppliedIndexLost`: how far the last batch was.
    applied: BTreeMap<u32, Bytes>,
    /// `VoteAfterLog`: votes that were said to be written.
    votes: Vec<LogOp>,
}

/// The disk of one life of a node.
pub struct SimDisk {
    world: Arc<World>,
    node: NodeId,
    memory: MemoryDisk,
    queue: Mutex<Queue>,
    work: Notify,
    room: Notify,
    broken: AtomicBool,
    /// How long a flush takes at most, in ms.
    flush_ms_max: AtomicU64,
}

impl SimDisk {
    /// What a node finds at its start.
    #[must_use]
    pub fn new(world: Arc<World>, node: NodeId, memory: MemoryDisk) -> Self {
        Self {
            world,
            node,
            memory,
            queue: Mutex::default(),
            work: Notify::new(),
            room: Notify::new(),
            broken: AtomicBool::new(false),
            flush_ms_max: AtomicU64::new(2),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has(&self, bug: Bug) -> bool {
        self.world.has(bug)
    }

    /// What is written, for judges: they look past the lies.
    #[must_use]
    pub fn written(&self) -> &MemoryDisk {
        &self.memory
    }

    /// Flushes take so long at most from now on.
    pub fn set_flush_ms_max(&self, ms: u64) {
        self.flush_ms_max.store(ms, Ordering::Relaxed);
    }

    /// Breaks at the next chance.
    pub fn break_next(&self, fault: Fault) {
        self.queue().fault = Some(fault);
        self.work.notify_one();
    }

    /// What was to break does not.
    pub fn mend(&self) {
        self.queue().fault = None;
    }

    /// Whether an error was given. The node's process must end.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    fn check(&self) -> io::Result<()> {
        if self.is_broken() { Err(io::Error::other("the disk is broken")) } else { Ok(()) }
    }

    fn fail(&self, fault: Fault) -> io::Error {
        self.broken.store(true, Ordering::Relaxed);
        self.world.note(format_args!("disk {} fails: {fault:?}", self.node));
        self.world.disk_failed(self.node);
        match fault {
            Fault::NoSpace => io::Error::new(io::ErrorKind::StorageFull, "no space left on device"),
            Fault::WriteFails | Fault::ReadFails | Fault::RowsFail => io::Error::other("input/output error"),
        }
    }

    /// The judges hear of a vote when consensus hears that it is on the platter.
    fn told(&self, op: &LogOp, done: Done) -> Done {
        let LogOp::Vote { group, vote } = op else { return done };
        let (world, node, group, vote) = (Arc::clone(&self.world), self.node, GroupId(*group), vote.clone());
        Box::new(move |outcome| {
            if outcome.is_ok() {
                world.judges.voted(group, node, &vote);
            }
            done(outcome);
        })
    }

    fn may_read(&self) -> io::Result<()> {
        let fault = self.queue().fault.take_if(|fault| *fault == Fault::ReadFails);
        fault.map_or(Ok(()), |fault| Err(self.fail(fault)))
    }

    fn rows_fail(&self) -> Option<Fault> {
        self.queue().fault.take_if(|fault| *fault == Fault::RowsFail)
    }

    /// Works the queue off until the node ends: one write and one flush for all that has come meanwhile.
    pub async fn run(self: Arc<Self>) {
        loop {
            self.work.notified().await;
            let longest = self.flush_ms_max.load(Ordering::Relaxed);
            // Who lies about flushes leaves them to the operating system, which takes its time.
            let late = if self.has(Bug::FlushSkipped) { FLUSH_SKIPPED_MS } else { 0 };
            let takes: Duration = self.world.chance().ms(late, longest.max(late));
            tokio::time::sleep(takes).await;
            self.flush();
        }
    }

    fn flush(&self) {
        let (ops, fault) = {
            let mut queue = self.queue();
            queue.bytes = 0;
            (
                mem::take(&mut queue.ops),
                queue.fault.take_if(|fault| matches!(fault, Fault::WriteFails | Fault::NoSpace)),
            )
        };
        self.room.notify_waiters();
        let mut left = fault.map(|_| self.world.chance().below(ops.len() as u64 + 1));
        for (op, done) in ops {
            // A write that fails may have got somewhere.
            if left == Some(0) || self.is_broken() {
                let fault = fault.unwrap_or(Fault::WriteFails);
                done(Err(self.fail(fault)));
                continue;
            }
            left = left.map(|left| left - 1);
            done(self.write(op));
        }
        if let Some(fault) = fault
            && !self.is_broken()
        {
            self.fail(fault);
        }
    }

    /// Writes and flushes one operation.
    fn write(&self, op: LogOp) -> io::Result<()> {
        self.finish_torn();
        if self.has(Bug::VoteNotPersisted) && matches!(op, LogOp::Vote { .. }) {
            return Ok(());
        }
        if self.has(Bug::VoteAfterLog) {
            if matches!(op, LogOp::Vote { .. }) {
                self.queue().votes.push(op);
                return Ok(());
            }
            if matches!(op, LogOp::Append { .. }) {
                self.write_through(op)?;
                let votes = mem::take(&mut self.queue().votes);
                return votes.into_iter().try_for_each(|vote| self.write_through(vote));
            }
        }
        if self.has(Bug::SuffixKept) {
            return self.write_keeping_suffix(op);
        }
        self.write_through(op)
    }

    fn write_through(&self, op: LogOp) -> io::Result<()> {
        let outcome = Arc::new(Mutex::new(None));
        let told = Arc::clone(&outcome);
        self.memory.submit(op, Box::new(move |done| *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(done)));
        // The memory disk is done before it returns; otherwise it has been taken away by a crash.
        let outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner).take();
        outcome.unwrap_or_else(|| Err(io::Error::other("the disk is gone")))
    }

    fn write_keeping_suffix(&self, op: LogOp) -> io::Result<()> {
        match &op {
            LogOp::Truncate { group, from } => {
                let suffix = self.memory.read_log(*group, *from..u64::MAX, usize::MAX)?;
                self.queue().suffix.insert(*group, suffix);
                self.write_through(op)
            }
            LogOp::Append { group, entries } => {
                let group = *group;
                let next = entries.last().map_or(0, |(index, _)| index + 1);
                self.write_through(op)?;
                let mut stale = self.queue().suffix.remove(&group).unwrap_or_default();
                stale.retain(|(index, _)| *index >= next);
                if stale.first().is_none_or(|(index, _)| *index != next) {
                    return Ok(());
                }
                // It lies there until it is overwritten, which a truncation has to come before.
                self.write_through(LogOp::Append { group, entries: stale })
            }
            _ => self.write_through(op),
        }
    }

    /// `TornBatchAccepted`: the other half follows.
    fn finish_torn(&self) {
        let torn = mem::take(&mut self.queue().torn);
        for (group, batch) in torn {
            // A disk that is gone tears nothing any more.
            let _ = self.memory.write_rows(group, batch);
        }
    }

    /// The power goes: what was queued may or may not have got to the platter, and nobody is told. Gives what a restart finds.
    #[must_use]
    pub fn crash(&self) -> MemoryDisk {
        self.broken.store(true, Ordering::Relaxed);
        let ops = mem::take(&mut self.queue().ops);
        let (written, unsynced) = {
            let mut chance = self.world.chance();
            let unsynced = match chance.below(4) {
                0 => 0,
                1 => usize::MAX,
                _ => usize::try_from(chance.below(12)).unwrap_or(0),
            };
            (usize::try_from(chance.below(ops.len() as u64 + 1)).unwrap_or(0), unsynced)
        };
        // A disk that lies about flushes has written none of it.
        let written = if self.has(Bug::FlushSkipped) { 0 } else { written };
        for (op, _) in ops.into_iter().take(written) {
            if self.write(op).is_err() {
                break;
            }
        }
        self.memory.crash(unsynced)
    }
}

impl Disk for SimDisk {
    fn log(&self, group: u32) -> io::Result<LogOnDisk> {
        self.memory.log(group)
    }

    fn room(&self) -> BoxFuture<()> {
        // A future of this trait owns what it needs.
        let (world, node) = (Arc::clone(&self.world), self.node);
        Box::pin(async move {
            while let Some(disk) = world.disk(node).filter(|disk| disk.queue().bytes >= QUEUE_BYTES_MAX) {
                disk.room.notified().await;
            }
        })
    }

    fn submit(&self, op: LogOp, done: Done) {
        if self.is_broken() {
            done(Err(io::Error::other("the disk is broken")));
            return;
        }
        self.world.judges.submitted(&self.world, self.node, &op);
        let done = self.told(&op, done);
        let bytes = {
            let mut queue = self.queue();
            queue.bytes += op.bytes();
            queue.bytes
        };
        self.world.judges.queue(&self.world, self.node, bytes);
        if self.has(Bug::FlushSkipped) && op.needs_flush() {
            self.queue().ops.push_back((op, Box::new(|_| ())));
            self.work.notify_one();
            // Later, as a flush that is none would be.
            let longest = self.flush_ms_max.load(Ordering::Relaxed);
            let takes = self.world.chance().ms(0, longest);
            crate::stage::spawn_on(self.node, async move {
                tokio::time::sleep(takes).await;
                done(Ok(()));
            });
            return;
        }
        self.queue().ops.push_back((op, done));
        self.work.notify_one();
    }

    fn read_log(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>> {
        self.may_read()?;
        self.memory.read_log(group, range, bytes_max)
    }

    fn applied(&self, group: u32) -> io::Result<Option<Bytes>> {
        self.memory.applied(group)
    }

    fn applies(&self, group: u32, applied: &Bytes) {
        self.world.judges.applied(&self.world, self.node, group, applied);
    }

    fn write_rows(&self, group: u32, mut batch: RowBatch) -> io::Result<()> {
        self.check()?;
        self.finish_torn();
        if self.has(Bug::AppliedIndexLost) {
            let before = self.queue().applied.insert(group, batch.applied.clone());
            let stored = self.memory.applied(group)?;
            if let Some(before) = before.or(stored) {
                batch.applied = before;
            }
        }
        if self.has(Bug::TornBatchAccepted) {
            let rest = batch.puts.split_off(batch.puts.len() / 2);
            let rest = RowBatch {
                puts: rest,
                deletes: mem::take(&mut batch.deletes),
                events: mem::take(&mut batch.events),
                event_floor: batch.event_floor,
                applied: batch.applied.clone(),
            };
            self.queue().torn.insert(group, rest);
        }
        if let Some(fault) = self.rows_fail() {
            // Who is told that a write failed does not know whether it is there.
            let is_written = self.world.chance().per_mille(500);
            let written = if is_written { self.memory.write_rows(group, batch) } else { Ok(()) };
            return written.and(Err(self.fail(fault)));
        }
        self.memory.write_rows(group, batch)
    }

    fn replace_rows(&self, group: u32, generation: u32, step: Replacement) -> io::Result<bool> {
        self.check()?;
        self.finish_torn();
        if let Some(fault) = self.rows_fail() {
            return Err(self.fail(fault));
        }
        self.memory.replace_rows(group, generation, step)
    }

    fn scan(&self, group: u32, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        self.finish_torn();
        self.memory.scan(group, from, to, rows_max)
    }

    fn events(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>> {
        self.memory.events(group, range, bytes_max)
    }

    fn event_floor(&self, group: u32) -> io::Result<u64> {
        self.memory.event_floor(group)
    }

    fn snapshot(&self, group: u32) -> io::Result<Box<dyn DiskSnapshot>> {
        self.may_read()?;
        self.finish_torn();
        let view = self.memory.snapshot(group)?;
        if self.has(Bug::SnapshotOfLaterRows) {
            let (world, node) = (Arc::clone(&self.world), self.node);
            return Ok(Box::new(LaterRows::of(view.applied()?, world, node, group)));
        }
        if self.has(Bug::AnswersNotInSnapshot) {
            return Ok(Box::new(WithoutAnswers(view)));
        }
        Ok(view)
    }

    fn install(&self, group: u32) -> io::Result<Box<dyn Install>> {
        let (world, node) = (Arc::clone(&self.world), self.node);
        Ok(Box::new(Installing { inner: self.memory.install(group)?, world, node, group }))
    }

    fn close(&self) -> io::Result<()> {
        self.flush();
        self.memory.close()
    }
}

/// Tells the judges what is installed.
struct Installing {
    inner: Box<dyn Install>,
    world: Arc<World>,
    node: NodeId,
    group: u32,
}

impl Install for Installing {
    fn put_rows(&mut self, rows: Vec<(Bytes, Bytes)>) -> io::Result<()> {
        self.inner.put_rows(rows)
    }

    fn finish(self: Box<Self>, applied: Bytes, event_floor: u64) -> io::Result<()> {
        if self.world.disk(self.node).is_none_or(|disk| disk.is_broken()) {
            return Err(io::Error::other("the disk is broken"));
        }
        self.world.note(format_args!("node {} group {} installs a snapshot", self.node, self.group));
        self.world.judges.applied(&self.world, self.node, self.group, &applied);
        self.world.count(|counts| counts.snapshots += 1);
        self.inner.finish(applied, event_floor)
    }
}
