//! The copy on disk: one file that grows by a record with each change and is written anew when it has grown much. A record
//! holds what changed together with the place that it leads to, so either both are there after a crash or neither; what was
//! lost is asked for again by the place that is left.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use domain::{
    GroupId,
    wire::generated::{Reset, ToScreen, to_screen::Body},
};
use tokio::{
    sync::mpsc,
    task::spawn_blocking,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{
    copy::{Copy, Via},
    disk,
    limits::{FLUSH_EVERY, LOG_BYTES_MIN, WRITES_MAX},
    record::{self, End, Heard, Stored},
};

/// The file's name is this and a number that grows with each writing anew.
const EXTENSION: &str = "copy";
/// Where a damaged file is kept for whoever wants to know what happened; the next one replaces it.
const DAMAGED: &str = "damaged";
/// Pause before the file is written anew after an error.
const RETRY: Duration = Duration::from_secs(60);

/// What was on the disk.
pub(crate) struct Opened {
    /// As far as it could be read.
    pub(crate) copy: Copy,
    /// When the province was last heard before.
    pub(crate) heard: Option<Heard>,
    /// What was damaged, in words.
    pub(crate) damage: Option<String>,
}

/// Where changes are handed to the disk.
#[derive(Clone)]
pub(crate) struct Store {
    jobs: mpsc::Sender<Job>,
    state: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Whether the file has to be written anew before anything is appended to it, or should be because it is long.
    wants_rewrite: AtomicBool,
    /// Whether the last write failed.
    broken: AtomicBool,
    bytes: AtomicU64,
}

#[allow(clippy::large_enum_variant, reason = "moved once, and most are of the larger kind")]
enum Job {
    Append(Stored),
    Rewrite(Vec<Stored>),
}

/// The open file.
struct Log {
    folder: PathBuf,
    number: u64,
    file: File,
    bytes: u64,
    bytes_first: u64,
    is_dirty: bool,
}

fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("{number:012}.{EXTENSION}"))
}

fn number_of(path: &Path) -> u64 {
    path.file_stem().and_then(|stem| stem.to_str()?.parse().ok()).unwrap_or_default()
}

/// Opens the copy in `folder`, and makes one where there is none. Must be called within a tokio runtime.
///
/// # Errors
/// The folder cannot be read or written.
pub(crate) fn open(folder: &Path) -> io::Result<(Opened, Store)> {
    disk::make_folder(folder)?;
    let mut opened = Opened { copy: Copy::new(), heard: None, damage: None };
    let mut files = disk::files(folder, EXTENSION)?;
    let newest = files.pop();
    // A newer one replaced them whole before they could be removed.
    for older in files {
        disk::remove(&older)?;
    }
    let log = match newest {
        Some(newest) => Log::open(folder, &newest, &mut opened)?,
        None => Log::create(folder, 1, &[])?,
    };
    let (jobs, queue) = mpsc::channel(WRITES_MAX);
    let state = Arc::new(Shared::default());
    state.bytes.store(log.bytes, Ordering::Relaxed);
    tokio::spawn(run(log, queue, Arc::clone(&state)));
    Ok((opened, Store { jobs, state }))
}

impl Store {
    /// Hands a change over; waits while the disk is behind.
    pub(crate) async fn append(&self, stored: Stored) {
        // The other end lives as long as the runtime.
        let _ = self.jobs.send(Job::Append(stored)).await;
    }

    /// Whether the file should be written anew; whoever is told so does it, and nobody is told again.
    pub(crate) fn take_rewrite(&self) -> bool {
        self.state.wants_rewrite.swap(false, Ordering::Relaxed)
    }

    /// Writes the file anew.
    pub(crate) async fn rewrite(&self, records: Vec<Stored>) {
        let _ = self.jobs.send(Job::Rewrite(records)).await;
    }

    /// Bytes of the file, and whether it could not be written lately.
    pub(crate) fn gauge(&self) -> (u64, bool) {
        (self.state.bytes.load(Ordering::Relaxed), self.state.broken.load(Ordering::Relaxed))
    }
}

async fn run(log: Log, mut queue: mpsc::Receiver<Job>, state: Arc<Shared>) {
    let mut log = Some(log);
    let mut flushes = interval(FLUSH_EVERY);
    flushes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut retry_at = Instant::now();
    let mut jobs = Vec::new();
    loop {
        let is_broken = state.broken.load(Ordering::Relaxed);
        tokio::select! {
            count = queue.recv_many(&mut jobs, WRITES_MAX) => if count == 0 { break },
            _ = flushes.tick() => {}
            () = sleep_until(retry_at), if is_broken => {
                retry_at = Instant::now() + RETRY;
                state.wants_rewrite.store(true, Ordering::Relaxed);
            }
        }
        let Some(mut open) = log.take() else { return };
        let todo = std::mem::take(&mut jobs);
        let done = spawn_blocking(move || {
            let done = open.work(todo, is_broken);
            (open, done)
        });
        // A task that panicked took the file with it; nothing in it does.
        let Ok((open, done)) = done.await else { return };
        state.bytes.store(open.bytes, Ordering::Relaxed);
        match done {
            Ok(is_written) => {
                if is_written {
                    state.broken.store(false, Ordering::Relaxed);
                }
                if open.is_long() {
                    state.wants_rewrite.store(true, Ordering::Relaxed);
                }
            }
            Err(error) => {
                tracing::error!(%error, "district: the copy could not be written: it is shown, and after a restart it is as old as the file");
                state.broken.store(true, Ordering::Relaxed);
                retry_at = Instant::now() + RETRY;
            }
        }
        log = Some(open);
    }
}

impl Log {
    fn create(folder: &Path, number: u64, records: &[Stored]) -> io::Result<Self> {
        let path = path(folder, number);
        let mut bytes = record::MAGIC.to_vec();
        records.iter().for_each(|stored| stored.write(&mut bytes));
        disk::put(&path, &bytes)?;
        let mut file = OpenOptions::new().write(true).open(&path)?;
        let bytes = file.seek(SeekFrom::End(0))?;
        Ok(Self { folder: folder.to_owned(), number, file, bytes, bytes_first: bytes, is_dirty: false })
    }

    /// Reads a file into `opened`, and makes its end one to append to.
    fn open(folder: &Path, path: &Path, opened: &mut Opened) -> io::Result<Self> {
        let content = fs::read(path)?;
        let mut unread = None;
        let end = record::read(&content, |stored| match stored {
            Stored::Heard(heard) => opened.heard = Some(heard),
            Stored::Message(message) => {
                if let Some(body) = &message.body
                    && let Err(malformed) = opened.copy.fold(body, Via::File)
                {
                    unread.get_or_insert(malformed);
                }
            }
        });
        let mut file = OpenOptions::new().write(true).open(path)?;
        let whole = match end {
            End::Whole => content.len(),
            End::Torn { whole_bytes } => whole_bytes,
            End::Damaged { at_byte } => {
                fs::copy(path, folder.join(DAMAGED))?;
                let damage = format!(
                    "{} is damaged at byte {at_byte}: what is before it is shown, a new picture is fetched, the file is kept as {}",
                    path.display(),
                    folder.join(DAMAGED).display()
                );
                opened.damage = Some(damage);
                at_byte
            }
        };
        if let Some(malformed) = unread {
            opened
                .damage
                .get_or_insert(format!("{} holds what this version cannot read ({malformed})", path.display()));
        }
        file.set_len(whole as u64)?;
        let mut bytes = file.seek(SeekFrom::End(0))?;
        let mut missing = Vec::new();
        if bytes == 0 {
            missing.extend_from_slice(record::MAGIC);
        }
        if opened.damage.is_some() {
            // What was read so far is old; the places are void, so that the line brings whole pictures.
            for group in GroupId::all() {
                let body = Body::Reset(Reset { group: group.0, reason: "damaged".to_owned() });
                let _ = opened.copy.fold(&body, Via::File);
                Stored::Message(ToScreen { body: Some(body) }).write(&mut missing);
            }
        }
        file.write_all(&missing)?;
        file.sync_all()?;
        bytes += missing.len() as u64;
        Ok(Self {
            folder: folder.to_owned(),
            number: number_of(path),
            file,
            bytes,
            bytes_first: bytes,
            is_dirty: false,
        })
    }

    /// Does what was handed over. While the file is broken, only writing it anew helps: what it misses must not have more behind
    /// it. Gives whether something was written.
    fn work(&mut self, jobs: Vec<Job>, mut is_broken: bool) -> io::Result<bool> {
        let mut bytes = Vec::new();
        let is_flush = jobs.is_empty();
        let mut is_written = false;
        for job in jobs {
            match job {
                Job::Append(stored) if !is_broken => stored.write(&mut bytes),
                Job::Append(_) => {}
                Job::Rewrite(records) => {
                    self.rewrite(&records)?;
                    bytes.clear();
                    is_broken = false;
                    is_written = true;
                }
            }
        }
        if !bytes.is_empty() {
            self.file.write_all(&bytes)?;
            self.bytes += bytes.len() as u64;
            self.is_dirty = true;
            is_written = true;
        }
        if is_flush && self.is_dirty && !is_broken {
            self.file.sync_data()?;
            self.is_dirty = false;
        }
        Ok(is_written)
    }

    fn rewrite(&mut self, records: &[Stored]) -> io::Result<()> {
        let former = path(&self.folder, self.number);
        *self = Self::create(&self.folder, self.number + 1, records)?;
        disk::remove(&former)
    }

    fn is_long(&self) -> bool {
        self.bytes > LOG_BYTES_MIN.max(self.bytes_first * 3)
    }
}

#[cfg(test)]
mod tests;
