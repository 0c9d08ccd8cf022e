//! Receiving a snapshot: rows go under a generation of their own, which one durable write makes the one that counts.

use std::{io, sync::Arc};

use bytes::Bytes;
use raft::disk::Install;
use rocksdb::{WriteBatch, WriteOptions};

use crate::{
    core::{Core, RowState},
    fault,
    key::{self, Meta},
    lock::write,
    value,
};

/// Bytes of rows in one write. Writes of the log wait behind it, so it is small.
const BATCH_BYTES_MAX: usize = 1 << 20;

pub(crate) struct RowInstall {
    core: Arc<Core>,
    group: u32,
    generation: u32,
    /// Key of the last row written.
    last: Option<Bytes>,
    /// The generation counts: dropping this removes nothing.
    finished: bool,
}

impl RowInstall {
    pub(crate) fn new(core: Arc<Core>, group: u32) -> io::Result<Self> {
        core.alive()?;
        let generation = core.next_generation(group)?;
        Ok(Self { core, group, generation, last: None, finished: false })
    }

    fn flip(&mut self, applied: &[u8], event_floor: u64) -> io::Result<()> {
        let core = &self.core;
        let group = self.group;
        core.alive()?;
        // First, so that the flip below has little to sync and others can write meanwhile.
        core.db.flush_wal(true).map_err(|error| {
            let error = fault::database("flushing a snapshot", &error);
            core.die(&error);
            error
        })?;
        let (rows, events, meta) = (core.cf(key::ROWS)?, core.cf(key::EVENTS)?, core.cf(key::LOG_META)?);
        let shared = core.rows(group);
        let mut state = write(&shared);
        if self.generation <= state.generation {
            let what = format!("group {group}: a newer snapshot was installed meanwhile");
            return Err(fault::misuse(what));
        }
        let mut batch = WriteBatch::default();
        let mut sealed = Vec::new();
        let mut put = |batch: &mut WriteBatch, kind, bytes: &[u8]| {
            let key = key::meta(group, kind);
            batch.put_cf(meta, key, value::seal(&key, &[bytes], &mut sealed));
        };
        put(&mut batch, Meta::Generation, &self.generation.to_be_bytes());
        put(&mut batch, Meta::Applied, applied);
        put(&mut batch, Meta::EventFloor, &event_floor.to_be_bytes());
        // All that came before goes in the same step: also what installs left that never finished.
        batch.delete_range_cf(rows, key::row(group, 0, b""), key::row(group, self.generation, b""));
        batch.delete_range_cf(events, key::index(group, 0).to_vec(), key::index_end(group));
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        core.write("installing a snapshot", batch, &synced)?;
        *state = RowState {
            generation: self.generation,
            generation_last: state.generation_last,
            event_floor,
            events_swept: event_floor,
        };
        drop(state);
        self.finished = true;
        Ok(())
    }
}

impl Install for RowInstall {
    fn put_rows(&mut self, rows: Vec<(Bytes, Bytes)>) -> io::Result<()> {
        self.core.alive()?;
        let column = self.core.cf(key::ROWS)?;
        let mut batch = WriteBatch::default();
        let mut sealed = Vec::new();
        for (name, row) in rows {
            if self.last.as_ref().is_some_and(|last| *last >= name) {
                let what = format!("group {}: rows of a snapshot must come in key order", self.group);
                return Err(fault::misuse(what));
            }
            let key = key::row(self.group, self.generation, &name);
            batch.put_cf(column, &key, value::seal(&key, &[&row], &mut sealed));
            self.last = Some(name);
            if batch.size_in_bytes() >= BATCH_BYTES_MAX {
                self.core.write("receiving a snapshot", std::mem::take(&mut batch), &WriteOptions::default())?;
            }
        }
        self.core.write("receiving a snapshot", batch, &WriteOptions::default())
    }

    fn finish(mut self: Box<Self>, applied: Bytes, event_floor: u64) -> io::Result<()> {
        self.flip(&applied, event_floor)
    }
}

impl Drop for RowInstall {
    fn drop(&mut self) {
        if self.finished || self.core.alive().is_err() {
            return;
        }
        let Ok(rows) = self.core.cf(key::ROWS) else { return };
        let mut batch = WriteBatch::default();
        let from = key::row(self.group, self.generation, b"");
        batch.delete_range_cf(rows, from, key::row(self.group, self.generation + 1, b""));
        // An error is final and known to the disk; opening it anew removes the rows.
        let _ = self.core.write("giving up a snapshot", batch, &WriteOptions::default());
    }
}
