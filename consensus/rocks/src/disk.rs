//! The disk as consensus sees it.

use std::{
    fmt, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use bytes::Bytes;
use raft::disk::{BoxFuture, Disk, DiskSnapshot, Done, Install, LogOnDisk, LogOp, Replacement, RowBatch};

use crate::{
    core::Core,
    counters::CounterValues,
    install::RowInstall,
    key::Meta,
    lock::{lock, read},
    open::{self, OpenError},
    options::Options,
    queue::Queue,
    snapshot::RowSnapshot,
    wal::{self, Wal},
};

/// [`Disk`] on one RocksDB for all groups. Dropping it works off what is queued, as [`Disk::close`] does. Snapshots and
/// installs that outlive it keep the database open.
pub struct RocksDisk {
    core: Arc<Core>,
    path: PathBuf,
    /// Taken by who waits for its end.
    wal: Mutex<Option<JoinHandle<()>>>,
}

impl RocksDisk {
    /// Opens the disk in the folder `path`, or makes it, and verifies the logs of all groups. Blocks for as long as it
    /// takes to read them.
    ///
    /// # Errors
    /// Whatever makes the disk unfit to be relied on; see [`OpenError`].
    pub fn open(path: &Path, options: &Options) -> Result<Self, OpenError> {
        let opened = open::open(path, options)?;
        let core =
            Arc::new(Core::new(opened.db, Queue::new(options.queue_bytes_max), opened.logs.spans.clone(), opened.rows));
        let wal = Wal {
            core: Arc::clone(&core),
            drain_bytes_max: options.drain_bytes_max,
            watermarks: opened.watermarks,
            logs: opened.logs,
        };
        let spawned = thread::Builder::new().name("wal".to_owned()).spawn(move || wal.run());
        let wal = spawned.map_err(|source| OpenError::Io {
            path: path.to_owned(),
            doing: "starting the write-ahead thread",
            source,
        })?;
        Ok(Self { core, path: path.to_owned(), wal: Mutex::new(Some(wal)) })
    }

    /// What the disk has done so far.
    #[must_use]
    pub fn counters(&self) -> CounterValues {
        let depth = self.core.queue.depth();
        let seen = self.core.scrub.seen();
        let property = |name: &str| self.core.db.property_int_value(name).ok().flatten().unwrap_or(0);
        CounterValues {
            queue_ops: depth.ops as u64,
            queue_bytes: depth.bytes as u64,
            background_errors: property("rocksdb.background-errors"),
            write_stopped: property("rocksdb.is-write-stopped") != 0,
            scrubbed_bytes: seen.bytes,
            scrub_rounds: seen.rounds,
            rotten: seen.rotten().len() as u64,
            ..self.core.counters.values()
        }
    }

    /// Lets every flush of the log wait so long before it begins, at most [`HINDRANCE_MAX`](crate::HINDRANCE_MAX), for so long from
    /// now on, at most [`HINDERED_FOR_MAX`](crate::HINDERED_FOR_MAX), in place of what was said before. It ends by itself; no wait
    /// ends it now. For drills.
    pub fn hinder(&self, wait: Duration, length: Duration) {
        self.core.hindrance.set(wait, Instant::now(), length);
    }

    /// Bytes that this process may still write to the file system of the disk.
    ///
    /// # Errors
    /// When the file system does not say.
    pub fn free_bytes(&self) -> io::Result<u64> {
        let found = rustix::fs::statvfs(&self.path)?;
        Ok(found.f_bavail.saturating_mul(found.f_frsize))
    }

    /// Reads on, where the last call ended, for about so many bytes of log and rows, round after round, to see whether they are
    /// whole. Blocks for as long as it takes to read them.
    ///
    /// # Errors
    /// When the disk is dead or cannot be read; what is only damaged is told by [`RocksDisk::rotten`].
    pub fn scrub(&self, bytes_max: usize) -> io::Result<()> {
        self.core.alive()?;
        self.core.scrub(bytes_max)
    }

    /// What [`RocksDisk::scrub`] found damaged in this round or the one before, by name; at most
    /// [`ROTTEN_NAMES_MAX`](crate::ROTTEN_NAMES_MAX).
    #[must_use]
    pub fn rotten(&self) -> Vec<String> {
        self.core.scrub.seen().rotten()
    }

    /// Waits for the end of the write-ahead thread, which comes when the queue is closed and worked off.
    fn stop(&self) -> io::Result<()> {
        self.core.queue.close();
        let handle = lock(&self.wal).take();
        if let Some(handle) = handle {
            // A callback may hold the last handle on the disk; its thread cannot wait for itself.
            if handle.thread().id() != thread::current().id() && handle.join().is_err() {
                return Err(self.core.die(&io::Error::other("the write-ahead thread panicked")).error());
            }
        }
        self.core.alive()
    }
}

impl Disk for RocksDisk {
    fn log(&self, group: u32) -> io::Result<LogOnDisk> {
        self.core.alive()?;
        self.core.log_on_disk(group)
    }

    fn room(&self) -> BoxFuture<()> {
        Arc::clone(&self.core.queue).room()
    }

    fn submit(&self, op: LogOp, done: Done) {
        if let Err(refused) = self.core.queue.push(op, done) {
            (refused.done)(Err(self.core.alive().err().unwrap_or_else(wal::closed)));
        }
    }

    fn read_log(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>> {
        self.core.alive()?;
        self.core.read_entries(group, range, bytes_max)
    }

    fn applied(&self, group: u32) -> io::Result<Option<Bytes>> {
        self.core.alive()?;
        Ok(self.core.meta(group, Meta::Applied)?.map(Bytes::from))
    }

    fn write_rows(&self, group: u32, batch: RowBatch) -> io::Result<()> {
        self.core.alive()?;
        self.core.write_applied(group, &batch)
    }

    fn replace_rows(&self, group: u32, generation: u32, step: Replacement) -> io::Result<bool> {
        self.core.alive()?;
        self.core.replace_rows(group, generation, &step)
    }

    fn scan(&self, group: u32, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        self.core.alive()?;
        self.core.scan_rows(group, from, to, rows_max)
    }

    fn events(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>> {
        self.core.alive()?;
        self.core.read_events(group, range, bytes_max)
    }

    fn event_floor(&self, group: u32) -> io::Result<u64> {
        self.core.alive()?;
        let shared = self.core.rows(group);
        Ok(read(&shared).event_floor)
    }

    fn snapshot(&self, group: u32) -> io::Result<Box<dyn DiskSnapshot>> {
        self.core.alive()?;
        Ok(Box::new(RowSnapshot::new(&self.core, group)))
    }

    fn install(&self, group: u32) -> io::Result<Box<dyn Install>> {
        Ok(Box::new(RowInstall::new(Arc::clone(&self.core), group)?))
    }

    fn close(&self) -> io::Result<()> {
        self.stop()
    }
}

impl Drop for RocksDisk {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            tracing::warn!(%error, "the disk did not stop in order");
        }
    }
}

impl fmt::Debug for RocksDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocksDisk").field("path", &self.path).field("queue", &self.core.queue.depth()).finish()
    }
}
