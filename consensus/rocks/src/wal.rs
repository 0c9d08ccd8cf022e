//! The thread that writes the log of all groups.
//!
//! It takes what has queued up, writes it as one batch in order of arrival, flushes once if anybody waits for that, and
//! calls all callbacks. While a flush runs the queue fills, so batches grow with the load and nobody waits for a timer.
//!
//! The write is not synced itself: RocksDB would then sync inside its write queue, and whoever writes applied state
//! would stand behind it. `flush_wal(true)` syncs outside.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Instant,
};

use raft::disk::LogOp;
use rocksdb::{ColumnFamily, WriteBatch, WriteOptions};

use crate::{
    core::Core,
    fault,
    key::{self, Meta},
    lock::write,
    queue::{Queued, Taken},
    span::{Misplaced, Span},
    value,
    watermark::{Mark, Watermarks},
};

/// Truncated entries up to which each has a delete of its own. Above it one range delete is cheaper, though every later
/// read has to look at it.
const TRUNCATE_POINTS_MAX: u64 = 64;

pub(crate) struct Wal {
    pub(crate) core: Arc<Core>,
    pub(crate) drain_bytes_max: usize,
    pub(crate) watermarks: Watermarks,
    pub(crate) logs: Logs,
}

/// What the thread knows of each group. Ahead of `Core::spans` while a batch is made.
#[derive(Default)]
pub(crate) struct Logs {
    pub(crate) spans: BTreeMap<u32, Span>,
    pub(crate) votes: BTreeMap<u32, u64>,
}

/// A batch being made, and what it means.
struct Work {
    batch: WriteBatch,
    /// Groups whose span or vote it changes.
    touched: BTreeSet<u32>,
    /// Where logs end after a truncation.
    truncated: Vec<(u32, u64)>,
    needs_flush: bool,
    entries: u64,
    /// The value being sealed.
    sealed: Vec<u8>,
}

impl Wal {
    /// Works until the queue is closed or the disk is dead.
    pub(crate) fn run(mut self) {
        let core = Arc::clone(&self.core);
        let _last_words = LastWords(&core);
        loop {
            let outcome = match core.queue.take(self.drain_bytes_max, self.watermarks.due_in()) {
                Taken::Ops(ops, bytes) => self.work(ops, bytes),
                Taken::Idle => self.write_watermarks(),
                Taken::Closed => {
                    if let Err(error) = self.stop() {
                        core.die(&error);
                    }
                    return;
                }
            };
            if let Err(error) = outcome {
                core.die(&error);
                return;
            }
        }
    }

    fn work(&mut self, ops: Vec<Queued>, bytes: usize) -> io::Result<()> {
        let written = self.write(&ops);
        let fault = written.as_ref().err().map(|error| self.core.die(error));
        let counters = &self.core.counters;
        if let Ok(entries) = written {
            counters.ops.fetch_add(ops.len() as u64, Relaxed);
            counters.entries.fetch_add(entries, Relaxed);
            counters.bytes.fetch_add(bytes as u64, Relaxed);
            counters.batches.fetch_add(1, Relaxed);
        }
        let count = ops.len();
        for queued in ops {
            (queued.done)(fault.as_ref().map_or(Ok(()), |fault| Err(fault.error())));
        }
        self.core.queue.give_back(count, bytes);
        written?;
        // Under load the queue is never empty, so this is looked at here as well. After the callbacks: nobody waits for it.
        if self.watermarks.due_in().is_some_and(|due| due.is_zero()) {
            self.write_watermarks()?;
        }
        Ok(())
    }

    /// Returns how many entries were appended.
    fn write(&mut self, ops: &[Queued]) -> io::Result<u64> {
        let core = Arc::clone(&self.core);
        let (log, meta) = (core.cf(key::LOG)?, core.cf(key::LOG_META)?);
        let mut work = Work {
            batch: WriteBatch::default(),
            touched: BTreeSet::new(),
            truncated: Vec::new(),
            needs_flush: false,
            entries: 0,
            sealed: Vec::new(),
        };
        for queued in ops {
            work.add(&mut self.logs, &queued.op, log, meta)?;
        }
        for (group, next) in &work.truncated {
            self.watermarks.lower(*group, *next)?;
        }
        {
            let mut spans = write(&core.spans);
            let options = WriteOptions::default();
            let written = core.db.write_opt(work.batch, &options);
            written.map_err(|error| fault::database("writing the log", &error))?;
            for group in &work.touched {
                if let Some(span) = self.logs.spans.get(group) {
                    spans.insert(*group, *span);
                }
            }
        }
        if work.needs_flush {
            let started = Instant::now();
            if let Some(wait) = core.hindrance.wait(started) {
                std::thread::sleep(wait);
            }
            core.db.flush_wal(true).map_err(|error| fault::database("flushing the log", &error))?;
            core.counters.fsync(started.elapsed());
            self.note_durable(work.entries);
        }
        Ok(work.entries)
    }

    /// A flush covers all that was written before it, of whatever batch.
    fn note_durable(&mut self, entries: u64) {
        let groups: BTreeSet<u32> = self.logs.spans.keys().chain(self.logs.votes.keys()).copied().collect();
        for group in groups {
            let next = self.logs.spans.get(&group).map_or(0, |span| span.next);
            let votes = self.logs.votes.get(&group).copied().unwrap_or(0);
            self.watermarks.advance(group, Mark { next, votes });
        }
        self.watermarks.appended(entries);
    }

    fn write_watermarks(&mut self) -> io::Result<()> {
        self.watermarks.write().map_err(|error| doing("writing the watermarks", &error))?;
        self.core.counters.watermarks.fetch_add(1, Relaxed);
        Ok(())
    }

    /// Makes everything durable, applied state included.
    fn stop(&mut self) -> io::Result<()> {
        self.core.db.flush_wal(true).map_err(|error| fault::database("flushing the log", &error))?;
        self.note_durable(0);
        if self.watermarks.due_in().is_some() {
            self.write_watermarks()?;
        }
        Ok(())
    }
}

impl Work {
    fn add(&mut self, logs: &mut Logs, op: &LogOp, log: &ColumnFamily, meta: &ColumnFamily) -> io::Result<()> {
        self.needs_flush |= op.needs_flush();
        match op {
            LogOp::Append { group, entries } => {
                for (index, entry) in entries {
                    let before = logs.spans.get(group).copied();
                    let span = Span::append(before, *index).map_err(|Misplaced { index, expected }| {
                        let what = format!("group {group}: entry {index} was appended where {expected} must follow");
                        fault::misuse(what)
                    })?;
                    if before.is_none() {
                        self.put_meta(meta, *group, Meta::First, &[&index.to_be_bytes()]);
                    }
                    logs.spans.insert(*group, span);
                    let key = key::index(*group, *index);
                    self.batch.put_cf(log, key, value::seal(&key, &[entry], &mut self.sealed));
                    self.entries += 1;
                }
                self.touched.insert(*group);
            }
            LogOp::Vote { group, vote } => {
                let votes = logs.votes.entry(*group).or_default();
                *votes += 1;
                self.put_meta(meta, *group, Meta::Vote, &[&votes.to_be_bytes(), vote]);
            }
            LogOp::Committed { group, committed } => self.put_meta(meta, *group, Meta::Committed, &[committed]),
            LogOp::Truncate { group, from } => {
                let Some(span) = logs.spans.get_mut(group) else { return Ok(()) };
                let (kept, gone) = span.truncate(*from);
                *span = kept;
                if gone.end - gone.start <= TRUNCATE_POINTS_MAX {
                    for index in gone {
                        self.batch.delete_cf(log, key::index(*group, index));
                    }
                } else {
                    self.batch.delete_range_cf(log, key::index(*group, gone.start), key::index(*group, gone.end));
                }
                self.truncated.push((*group, kept.next));
                self.touched.insert(*group);
            }
            LogOp::Purge { group, upto, purged } => {
                let Some(step) = Span::purge(logs.spans.get(group).copied(), *upto) else { return Ok(()) };
                self.put_meta(meta, *group, Meta::Purged, &[purged]);
                self.put_meta(meta, *group, Meta::First, &[&step.span.first.to_be_bytes()]);
                if let Some(gone) = step.remove {
                    self.batch.delete_range_cf(log, key::index(*group, gone.start), key::index(*group, gone.end));
                }
                logs.spans.insert(*group, step.span);
                self.touched.insert(*group);
            }
        }
        Ok(())
    }

    fn put_meta(&mut self, meta: &ColumnFamily, group: u32, kind: Meta, parts: &[&[u8]]) {
        let key = key::meta(group, kind);
        self.batch.put_cf(meta, key, value::seal(&key, parts, &mut self.sealed));
    }
}

/// Fails what still waits when the thread ends, however it ends: nobody waits for a dead thread.
struct LastWords<'c>(&'c Core);

impl Drop for LastWords<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.die(&io::Error::other("the write-ahead thread panicked"));
        }
        for queued in self.0.queue.clear() {
            let error = self.0.alive().err().unwrap_or_else(closed);
            (queued.done)(Err(error));
        }
    }
}

/// What who comes after [`raft::disk::Disk::close`] hears.
pub(crate) fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the disk is closed")
}

fn doing(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{what}: {error}"))
}
