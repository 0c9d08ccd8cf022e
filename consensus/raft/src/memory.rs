//! A [`Disk`] in memory: the reference model of what a disk promises, and the disk of tests and simulations.
//!
//! It keeps what was written and what is on the platter apart, as a real disk does, so that [`MemoryDisk::crash`] can lose
//! the part that no flush has reached. [`MemoryDisk::held`] makes one whose operations wait until
//! [`MemoryDisk::release`] lets them go, so that a test decides when a flush ends.

mod view;

use std::{
    collections::{BTreeMap, VecDeque},
    future, io, mem,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;

use crate::disk::{BoxFuture, Disk, DiskSnapshot, Done, Install, LogOnDisk, LogOp, Replacement, RowBatch};
use view::{MemorySnapshot, owned, within};

/// Changes that may wait for a flush. At the bound all of them reach the platter, as an operating system writes back
/// what has been dirty for too long.
const UNSYNCED_MAX: usize = 65_536;

/// A disk in memory. Clones are handles on the same disk.
#[derive(Clone)]
pub struct MemoryDisk {
    held: bool,
    state: Arc<Mutex<State>>,
}

impl MemoryDisk {
    /// A disk on which every operation is done before [`Disk::submit`] returns, unless another thread is just calling
    /// callbacks: then that thread calls this one too, in order.
    #[must_use]
    pub fn new() -> Self {
        Self::with(false, Platter::new())
    }

    /// A disk whose operations stay queued until [`MemoryDisk::release`]. Nothing of them is seen before. Its queue has
    /// no bound: the test that holds it is the bound.
    #[must_use]
    pub fn held() -> Self {
        Self::with(true, Platter::new())
    }

    /// Does what is queued at this moment with one flush, calls the callbacks in order on this thread, and says how
    /// many they were.
    pub fn release(&self) -> usize {
        self.deliver_once().unwrap_or(0)
    }

    /// Operations that wait for [`MemoryDisk::release`].
    #[must_use]
    pub fn queued(&self) -> usize {
        self.lock().queue.len()
    }

    /// Flushes that have been made.
    #[must_use]
    pub fn flushes(&self) -> u64 {
        self.lock().flushes
    }

    /// Breaks the disk: what is queued, and every call from now on, fails.
    pub fn fail(&self) {
        let queue = {
            let mut state = self.lock();
            state.failed = true;
            mem::take(&mut state.queue)
        };
        for (_, done) in queue {
            done(Err(broken()));
        }
    }

    /// What a restart would find after a crash at this moment: the platter, and of the writes that no flush has reached
    /// the first `unsynced_kept`, since a disk may have written more than it was told to, in order. This disk is broken
    /// from then on, and the callbacks of what was queued are never called.
    #[must_use]
    pub fn crash(&self, unsynced_kept: usize) -> Self {
        let mut platter = {
            let mut state = self.lock();
            state.failed = true;
            drop(mem::take(&mut state.queue));
            let mut platter = mem::take(&mut state.platter);
            for change in state.unsynced.drain(..).take(unsynced_kept) {
                change.apply(&mut platter);
            }
            platter
        };
        platter.retain(|_, group| *group != Group::default());
        Self::with(false, platter)
    }

    /// What this disk holds now, on another one: a restart on that has lost what is written here later.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self::with(false, self.lock().written.clone())
    }

    fn with(held: bool, platter: Platter) -> Self {
        let state = State {
            written: platter.clone(),
            platter,
            unsynced: Vec::new(),
            queue: VecDeque::new(),
            delivering: false,
            failed: false,
            flushes: 0,
        };
        Self { held, state: Arc::new(Mutex::new(state)) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn working(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.lock();
        if state.failed { Err(broken()) } else { Ok(state) }
    }

    /// One flush and its callbacks. `None`: another call is at it, or nothing is queued.
    fn deliver_once(&self) -> Option<usize> {
        let calls = {
            let mut state = self.lock();
            if state.delivering || state.queue.is_empty() {
                return None;
            }
            state.delivering = true;
            state.work_off()
        };
        let count = calls.len();
        // Callbacks run without the lock, since they may use the disk.
        for (done, outcome) in calls {
            done(outcome);
        }
        self.lock().delivering = false;
        Some(count)
    }
}

impl Default for MemoryDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl Disk for MemoryDisk {
    fn log(&self, group: u32) -> io::Result<LogOnDisk> {
        Ok(self.working()?.written.get(&group).map(Group::log_on_disk).unwrap_or_default())
    }

    fn room(&self) -> BoxFuture<()> {
        Box::pin(future::ready(()))
    }

    fn submit(&self, op: LogOp, done: Done) {
        {
            let mut state = self.lock();
            if !state.failed {
                state.queue.push_back((op, done));
                if self.held {
                    return;
                }
            } else {
                drop(state);
                done(Err(broken()));
                return;
            }
        }
        while self.deliver_once().is_some() {}
    }

    fn read_log(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>> {
        let state = self.working()?;
        let Some(group) = state.written.get(&group) else { return Ok(Vec::new()) };
        Ok(limited(&group.log, range, bytes_max))
    }

    fn applied(&self, group: u32) -> io::Result<Option<Bytes>> {
        Ok(self.working()?.written.get(&group).and_then(|group| group.applied.clone()))
    }

    fn write_rows(&self, group: u32, batch: RowBatch) -> io::Result<()> {
        self.working()?.write(Change::Rows(group, batch));
        Ok(())
    }

    fn replace_rows(&self, group: u32, generation: u32, step: Replacement) -> io::Result<bool> {
        let mut state = self.working()?;
        let is_same = state.written.get(&group).map_or(0, |group| group.generation) == generation;
        if is_same {
            state.write(Change::Replace(group, step));
        }
        Ok(is_same)
    }

    fn scan(&self, group: u32, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        let state = self.working()?;
        let Some(group) = state.written.get(&group) else { return Ok(Vec::new()) };
        Ok(within(&group.rows, from, to).take(rows_max).map(owned).collect())
    }

    fn events(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>> {
        let state = self.working()?;
        let Some(group) = state.written.get(&group) else { return Ok(Vec::new()) };
        Ok(limited(&group.events, range, bytes_max))
    }

    fn event_floor(&self, group: u32) -> io::Result<u64> {
        Ok(self.working()?.written.get(&group).map_or(0, |group| group.event_floor))
    }

    fn snapshot(&self, group: u32) -> io::Result<Box<dyn DiskSnapshot>> {
        let state = self.working()?;
        let group = state.written.get(&group).cloned().unwrap_or_default();
        Ok(Box::new(MemorySnapshot {
            applied: group.applied,
            rows: group.rows,
            generation: group.generation,
            after: None,
        }))
    }

    fn install(&self, group: u32) -> io::Result<Box<dyn Install>> {
        drop(self.working()?);
        Ok(Box::new(MemoryInstall { disk: self.clone(), group, rows: BTreeMap::new() }))
    }

    fn close(&self) -> io::Result<()> {
        while self.deliver_once().is_some() {}
        self.working()?.flush();
        Ok(())
    }
}

struct State {
    /// What reads see.
    written: Platter,
    /// What a crash leaves. `written` is this and `unsynced` after it.
    platter: Platter,
    unsynced: Vec<Change>,
    queue: VecDeque<(LogOp, Done)>,
    /// A thread is calling callbacks. Only one does at a time, or their order would be lost.
    delivering: bool,
    failed: bool,
    flushes: u64,
}

impl State {
    /// Writes what is queued, flushes once if anything of it needs that, and says what to tell whom.
    fn work_off(&mut self) -> Vec<(Done, io::Result<()>)> {
        let mut calls = Vec::with_capacity(self.queue.len());
        let mut needs_flush = false;
        for (op, done) in mem::take(&mut self.queue) {
            if !self.failed
                && let Err(error) = self.written.entry(op_group(&op)).or_default().check(&op)
            {
                self.failed = true;
                calls.push((done, Err(error)));
                continue;
            }
            if self.failed {
                calls.push((done, Err(broken())));
                continue;
            }
            needs_flush |= op.needs_flush();
            self.write(Change::Log(op));
            calls.push((done, Ok(())));
        }
        if needs_flush {
            self.flush();
        }
        calls
    }

    fn write(&mut self, change: Change) {
        change.apply(&mut self.written);
        self.unsynced.push(change);
        if self.unsynced.len() >= UNSYNCED_MAX {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.flushes += 1;
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.platter);
        }
    }
}

enum Change {
    Log(LogOp),
    Rows(u32, RowBatch),
    Replace(u32, Replacement),
    Install { group: u32, rows: Arc<BTreeMap<Bytes, Bytes>>, applied: Bytes, event_floor: u64 },
}

impl Change {
    fn apply(&self, platter: &mut Platter) {
        match self {
            Self::Log(op) => platter.entry(op_group(op)).or_default().apply_op(op),
            Self::Rows(group, batch) => platter.entry(*group).or_default().apply_rows(batch),
            Self::Replace(group, step) => platter.entry(*group).or_default().replace_rows(step),
            Self::Install { group, rows, applied, event_floor } => {
                let group = platter.entry(*group).or_default();
                group.rows = Arc::clone(rows);
                group.generation += 1;
                group.applied = Some(applied.clone());
                group.events.clear();
                group.event_floor = *event_floor;
            }
        }
    }
}

type Platter = BTreeMap<u32, Group>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Group {
    vote: Option<Bytes>,
    committed: Option<Bytes>,
    purged: Option<Bytes>,
    /// Indexes of the entries present; `None` before the first append or purge.
    /// Invariant: the keys of `log` are exactly these.
    span: Option<Range<u64>>,
    log: BTreeMap<u64, Bytes>,
    applied: Option<Bytes>,
    /// Shared with snapshots; copied when it is written while one lives.
    rows: Arc<BTreeMap<Bytes, Bytes>>,
    /// Snapshots that were installed.
    generation: u32,
    events: BTreeMap<u64, Bytes>,
    event_floor: u64,
}

impl Group {
    fn log_on_disk(&self) -> LogOnDisk {
        LogOnDisk {
            vote: self.vote.clone(),
            committed: self.committed.clone(),
            purged: self.purged.clone(),
            bounds: self.span.clone().filter(|span| !span.is_empty()).map(|span| (span.start, span.end - 1)),
        }
    }

    /// Refuses an append that would leave a hole or lie over another entry.
    fn check(&self, op: &LogOp) -> io::Result<()> {
        let LogOp::Append { group, entries } = op else { return Ok(()) };
        let mut expected = self.span.as_ref().map(|span| span.end);
        for (index, _) in entries {
            if expected.is_some_and(|expected| expected != *index) {
                let expected = expected.unwrap_or_default();
                let what = format!("group {group}: entry {index} was appended where {expected} must follow");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
            expected = Some(index + 1);
        }
        Ok(())
    }

    fn apply_op(&mut self, op: &LogOp) {
        match op {
            LogOp::Append { entries, .. } => {
                for (index, entry) in entries {
                    self.span.get_or_insert(*index..*index).end = index + 1;
                    self.log.insert(*index, entry.clone());
                }
            }
            LogOp::Vote { vote, .. } => self.vote = Some(vote.clone()),
            LogOp::Committed { committed, .. } => self.committed = Some(committed.clone()),
            LogOp::Truncate { from, .. } => {
                if let Some(span) = &mut self.span {
                    span.end = span.end.min(span.start.max(*from));
                    drop(self.log.split_off(&span.end));
                }
            }
            LogOp::Purge { upto, purged, .. } => {
                let first = upto.saturating_add(1);
                // An older purge than the last changes nothing.
                if self.span.as_ref().is_some_and(|span| first <= span.start) {
                    return;
                }
                let next = self.span.as_ref().map_or(first, |span| span.end.max(first));
                self.span = Some(first..next);
                self.log = self.log.split_off(&first);
                self.purged = Some(purged.clone());
            }
        }
    }

    fn apply_rows(&mut self, batch: &RowBatch) {
        let rows = Arc::make_mut(&mut self.rows);
        for (key, value) in &batch.puts {
            rows.insert(key.clone(), value.clone());
        }
        for key in &batch.deletes {
            rows.remove(key);
        }
        self.event_floor = self.event_floor.max(batch.event_floor.unwrap_or(0));
        for (index, event) in &batch.events {
            self.events.insert(*index, event.clone());
        }
        self.events = self.events.split_off(&self.event_floor);
        self.applied = Some(batch.applied.clone());
    }

    fn replace_rows(&mut self, step: &Replacement) {
        let rows = Arc::make_mut(&mut self.rows);
        if let Some((from, to)) = &step.range {
            let going: Vec<Bytes> = within(rows, from, to).map(|(key, _)| key.clone()).collect();
            going.iter().for_each(|key| drop(rows.remove(key)));
        }
        step.deletes.iter().for_each(|key| drop(rows.remove(key)));
        rows.extend(step.puts.iter().cloned());
    }
}

struct MemoryInstall {
    disk: MemoryDisk,
    group: u32,
    rows: BTreeMap<Bytes, Bytes>,
}

impl Install for MemoryInstall {
    fn put_rows(&mut self, rows: Vec<(Bytes, Bytes)>) -> io::Result<()> {
        drop(self.disk.working()?);
        for (key, value) in rows {
            if self.rows.last_key_value().is_some_and(|(last, _)| *last >= key) {
                let what = format!("group {}: rows of a snapshot must come in key order", self.group);
                return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
            }
            self.rows.insert(key, value);
        }
        Ok(())
    }

    fn finish(self: Box<Self>, applied: Bytes, event_floor: u64) -> io::Result<()> {
        let mut state = self.disk.working()?;
        state.write(Change::Install { group: self.group, rows: Arc::new(self.rows), applied, event_floor });
        state.flush();
        Ok(())
    }
}

/// What lies in `range`, at most `bytes_max` bytes of it but at least one.
fn limited(found: &BTreeMap<u64, Bytes>, range: Range<u64>, bytes_max: usize) -> Vec<(u64, Bytes)> {
    let mut taken = Vec::new();
    let mut bytes = 0;
    // Not `range(range)`, which panics where the end is before the start.
    for (index, value) in found.range(range.start..).take_while(|(index, _)| **index < range.end) {
        bytes += value.len();
        if bytes > bytes_max && !taken.is_empty() {
            break;
        }
        taken.push((*index, value.clone()));
    }
    taken
}

fn op_group(op: &LogOp) -> u32 {
    match op {
        LogOp::Append { group, .. }
        | LogOp::Vote { group, .. }
        | LogOp::Truncate { group, .. }
        | LogOp::Purge { group, .. }
        | LogOp::Committed { group, .. } => *group,
    }
}

fn broken() -> io::Error {
    io::Error::other("the disk in memory is broken: make a new one, or `crash` one to have what a restart would find")
}
