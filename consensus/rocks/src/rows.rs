//! Applied state: rows, events and how far is applied.

use std::{io, ops::Range};

use bytes::Bytes;
use raft::disk::{Replacement, RowBatch};
use rocksdb::{WriteBatch, WriteOptions};

use crate::{
    core::{Core, within},
    fault,
    key::{self, Meta},
    lock::{read, write},
    value,
};

/// Events below the floor that may lie about before they are removed with one range delete.
const EVENT_SWEEP_STEP: u64 = 1024;

impl Core {
    /// One batch, not synced: what a crash loses of it, the log gives back.
    pub(crate) fn write_applied(&self, group: u32, step: &RowBatch) -> io::Result<()> {
        let (rows, events, meta) = (self.cf(key::ROWS)?, self.cf(key::EVENTS)?, self.cf(key::LOG_META)?);
        let shared = self.rows(group);
        // Held over the write, so that no row lands in a generation which an install has just replaced.
        let mut state = write(&shared);
        let mut after = *state;
        let mut batch = WriteBatch::default();
        let mut sealed = Vec::new();
        for (name, row) in &step.puts {
            let key = key::row(group, state.generation, name);
            batch.put_cf(rows, &key, value::seal(&key, &[row], &mut sealed));
        }
        for name in &step.deletes {
            batch.delete_cf(rows, key::row(group, state.generation, name));
        }
        if let Some(floor) = step.event_floor.filter(|floor| *floor > state.event_floor) {
            let key = key::meta(group, Meta::EventFloor);
            batch.put_cf(meta, key, value::seal(&key, &[&floor.to_be_bytes()], &mut sealed));
            after.event_floor = floor;
            if floor - state.events_swept >= EVENT_SWEEP_STEP {
                batch.delete_range_cf(events, key::index(group, state.events_swept), key::index(group, floor));
                after.events_swept = floor;
            }
        }
        for (index, event) in step.events.iter().filter(|(index, _)| *index >= after.event_floor) {
            let key = key::index(group, *index);
            batch.put_cf(events, key, value::seal(&key, &[event], &mut sealed));
        }
        let key = key::meta(group, Meta::Applied);
        batch.put_cf(meta, key, value::seal(&key, &[&step.applied], &mut sealed));
        self.write("writing rows", batch, &WriteOptions::default())?;
        *state = after;
        self.counters.row_batches.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }

    /// One batch, not synced, in the same write-ahead log as the rows that it is made of: a crash leaves them or it.
    pub(crate) fn replace_rows(&self, group: u32, generation: u32, step: &Replacement) -> io::Result<bool> {
        let rows = self.cf(key::ROWS)?;
        let shared = self.rows(group);
        // Held over the write, as in `write_applied`.
        let state = write(&shared);
        if state.generation != generation {
            return Ok(false);
        }
        let mut batch = WriteBatch::default();
        let mut sealed = Vec::new();
        if let Some((from, to)) = &step.range {
            batch.delete_range_cf(rows, key::row(group, generation, from), key::row(group, generation, to));
        }
        for name in &step.deletes {
            batch.delete_cf(rows, key::row(group, generation, name));
        }
        for (name, row) in &step.puts {
            let key = key::row(group, generation, name);
            batch.put_cf(rows, &key, value::seal(&key, &[row], &mut sealed));
        }
        self.write("replacing rows", batch, &WriteOptions::default())?;
        Ok(true)
    }

    pub(crate) fn scan_rows(
        &self,
        group: u32,
        from: &[u8],
        to: &[u8],
        rows_max: usize,
    ) -> io::Result<Vec<(Bytes, Bytes)>> {
        if from >= to {
            return Ok(Vec::new());
        }
        let mut iterator = {
            let shared = self.rows(group);
            let state = read(&shared);
            let bounds = within(key::row(group, state.generation, from), key::row(group, state.generation, to));
            self.db.raw_iterator_cf_opt(self.cf(key::ROWS)?, bounds)
        };
        iterator.seek_to_first();
        let mut found = Vec::new();
        while found.len() < rows_max
            && let Some((key, sealed)) = iterator.item()
        {
            found.push(row(group, key, sealed)?);
            iterator.next();
        }
        iterator.status().map_err(|error| fault::database(&format!("group {group}: reading rows"), &error))?;
        Ok(found)
    }

    pub(crate) fn read_events(&self, group: u32, range: Range<u64>, bytes_max: usize) -> io::Result<Vec<(u64, Bytes)>> {
        let mut iterator = {
            let shared = self.rows(group);
            let state = read(&shared);
            let start = range.start.max(state.event_floor);
            if start >= range.end {
                return Ok(Vec::new());
            }
            let bounds = within(key::index(group, start), key::index(group, range.end));
            self.db.raw_iterator_cf_opt(self.cf(key::EVENTS)?, bounds)
        };
        iterator.seek_to_first();
        let mut found = Vec::new();
        let mut bytes = 0;
        while let Some((key, sealed)) = iterator.item() {
            let index = key::parse_index(key).map_or(0, |(_, index)| index);
            let event = value::unseal_owned(key, sealed)
                .map_err(|error| fault::damaged(&format!("group {group}: events of entry {index}"), error))?;
            bytes += event.len();
            if bytes > bytes_max && !found.is_empty() {
                break;
            }
            found.push((index, event));
            iterator.next();
        }
        iterator.status().map_err(|error| fault::database(&format!("group {group}: reading events"), &error))?;
        Ok(found)
    }
}

/// The caller's key and value of a row as stored.
pub(crate) fn row(group: u32, key: &[u8], sealed: &[u8]) -> io::Result<(Bytes, Bytes)> {
    let name = key.get(key::ROW_PREFIX_BYTES..).unwrap_or_default();
    match value::unseal_owned(key, sealed) {
        Ok(row) => Ok((Bytes::copy_from_slice(name), row)),
        Err(error) => Err(fault::damaged(&format!("group {group}: row \"{}\"", name.escape_ascii()), error)),
    }
}
