//! What the threads that use the disk share.

use std::{
    collections::BTreeMap,
    io,
    sync::{Arc, Mutex, OnceLock, RwLock},
};

use rocksdb::{ColumnFamily, DB, ReadOptions, WriteOptions};

use crate::{
    counters::Counters,
    fault::{self, Fault},
    hindrance::Hindrance,
    key::{self, Meta},
    lock::{lock, write},
    queue::Queue,
    scrub::Scrub,
    span::Span,
    value,
};

/// State that the handle, the write-ahead thread and installs share.
pub(crate) struct Core {
    pub(crate) db: Arc<DB>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) counters: Counters,
    /// Of each group, what is written. The write-ahead thread holds the lock while it writes, and who reads holds it
    /// while it makes its iterator, so that both see the same log.
    pub(crate) spans: RwLock<BTreeMap<u32, Span>>,
    /// Of each group, what must not change while somebody writes or begins to read its rows.
    rows: Mutex<BTreeMap<u32, Arc<RwLock<RowState>>>>,
    fault: OnceLock<Fault>,
    /// What a drill makes flushes wait.
    pub(crate) hindrance: Hindrance,
    /// What was read only to see whether it is whole.
    pub(crate) scrub: Scrub,
}

/// A group's applied state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RowState {
    /// The generation of rows that counts.
    pub(crate) generation: u32,
    /// The highest that an install has taken.
    pub(crate) generation_last: u32,
    /// No event below this index counts.
    pub(crate) event_floor: u64,
    /// Events in `events_swept..event_floor` are not removed yet.
    pub(crate) events_swept: u64,
}

impl Core {
    pub(crate) fn new(
        db: DB,
        queue: Queue,
        spans: BTreeMap<u32, Span>,
        rows: impl IntoIterator<Item = (u32, RowState)>,
    ) -> Self {
        Self {
            db: Arc::new(db),
            queue: Arc::new(queue),
            counters: Counters::default(),
            spans: RwLock::new(spans),
            rows: Mutex::new(rows.into_iter().map(|(group, state)| (group, Arc::new(RwLock::new(state)))).collect()),
            fault: OnceLock::new(),
            hindrance: Hindrance::default(),
            scrub: Scrub::default(),
        }
    }

    /// An error if one before was final.
    pub(crate) fn alive(&self) -> io::Result<()> {
        self.fault.get().map_or(Ok(()), |fault| Err(fault.error()))
    }

    /// Makes an error final. The first one stays.
    pub(crate) fn die(&self, error: &io::Error) -> Fault {
        let fault = self.fault.get_or_init(|| {
            tracing::error!(%error, "the disk is dead; this process must end");
            Fault::new(error)
        });
        fault.clone()
    }

    pub(crate) fn cf(&self, name: &'static str) -> io::Result<&ColumnFamily> {
        column(&self.db, name)
    }

    pub(crate) fn rows(&self, group: u32) -> Arc<RwLock<RowState>> {
        Arc::clone(lock(&self.rows).entry(group).or_default())
    }

    /// What is one per group.
    pub(crate) fn meta(&self, group: u32, kind: Meta) -> io::Result<Option<Vec<u8>>> {
        meta(&self.db, group, kind)
    }

    /// Writes a batch that changes applied state. An error is final.
    pub(crate) fn write(&self, doing: &str, batch: rocksdb::WriteBatch, options: &WriteOptions) -> io::Result<()> {
        self.db.write_opt(batch, options).map_err(|error| {
            let error = fault::database(doing, &error);
            self.die(&error);
            error
        })
    }

    /// Takes the next generation of a group's rows.
    pub(crate) fn next_generation(&self, group: u32) -> io::Result<u32> {
        let rows = self.rows(group);
        let mut state = write(&rows);
        let generation = state.generation_last.checked_add(1).filter(|next| *next < key::GENERATION_END);
        let Some(generation) = generation else {
            let what = format!("group {group}: generations of rows are used up: {}", fault::REPLACE);
            return Err(io::Error::other(what));
        };
        state.generation_last = generation;
        Ok(generation)
    }
}

pub(crate) fn column<'d>(db: &'d DB, name: &'static str) -> io::Result<&'d ColumnFamily> {
    db.cf_handle(name).ok_or_else(|| io::Error::other(format!("column family {name} is not open")))
}

pub(crate) fn meta(db: &DB, group: u32, kind: Meta) -> io::Result<Option<Vec<u8>>> {
    let key = key::meta(group, kind);
    let place = || format!("group {group}: {kind:?} in {}", key::LOG_META);
    let found = db.get_pinned_cf(column(db, key::LOG_META)?, key);
    let Some(found) = found.map_err(|error| fault::database(&place(), &error))? else { return Ok(None) };
    match value::unseal(&key, &found) {
        Ok(bytes) => Ok(Some(bytes.to_vec())),
        Err(error) => Err(fault::damaged(&place(), error)),
    }
}

/// A number in `log_meta`.
pub(crate) fn number<const N: usize>(group: u32, kind: Meta, bytes: &[u8]) -> io::Result<[u8; N]> {
    bytes.first_chunk::<N>().copied().ok_or_else(|| {
        fault::damaged(&format!("group {group}: {kind:?} in {}", key::LOG_META), value::ValueError::Short)
    })
}

/// Reads `from..to` and nothing beside it, so that no tombstone outside is walked over.
pub(crate) fn within(from: impl Into<Vec<u8>>, to: impl Into<Vec<u8>>) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.set_iterate_lower_bound(from);
    options.set_iterate_upper_bound(to);
    options
}
