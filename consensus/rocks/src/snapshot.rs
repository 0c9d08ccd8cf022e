//! A frozen view of a group's rows.

use std::{io, sync::Arc};

use bytes::Bytes;
use raft::disk::DiskSnapshot;
use rocksdb::{DB, DBRawIterator, Snapshot};

use crate::{
    core::{Core, column, within},
    fault,
    key::{self, Meta},
    lock::read,
    rows::row,
    value,
};

self_cell::self_cell!(
    /// A snapshot of RocksDB together with the database that it borrows from.
    struct Frozen {
        owner: Arc<DB>,
        #[covariant]
        dependent: Snapshot,
    }
);

/// A snapshot keeps what is overwritten or deleted after it on disk for as long as it lives.
pub(crate) struct RowSnapshot {
    frozen: Frozen,
    group: u32,
    generation: u32,
    /// Key from which to go on; `None` when the end was reached.
    from: Option<Vec<u8>>,
}

impl RowSnapshot {
    pub(crate) fn new(core: &Core, group: u32) -> Self {
        let shared = core.rows(group);
        // While this is held no install can flip the generation between the two.
        let state = read(&shared);
        let generation = state.generation;
        let frozen = Frozen::new(Arc::clone(&core.db), |db| db.snapshot());
        Self { frozen, group, generation, from: Some(key::row(group, generation, b"")) }
    }
}

impl RowSnapshot {
    /// Over a range of the frozen rows; none, when its end is not after its start.
    fn iterator(&self, from: &[u8], to: &[u8]) -> io::Result<Option<DBRawIterator<'_>>> {
        if from >= to {
            return Ok(None);
        }
        let bounds = within(key::row(self.group, self.generation, from), key::row(self.group, self.generation, to));
        let column = column(self.frozen.borrow_owner(), key::ROWS)?;
        Ok(Some(self.frozen.borrow_dependent().raw_iterator_cf_opt(column, bounds)))
    }

    fn unread(&self, error: &rocksdb::Error) -> io::Error {
        fault::database(&format!("group {}: reading frozen rows", self.group), error)
    }
}

impl DiskSnapshot for RowSnapshot {
    fn applied(&self) -> io::Result<Option<Bytes>> {
        let place = || format!("group {}: {:?} in {}", self.group, Meta::Applied, key::LOG_META);
        let key = key::meta(self.group, Meta::Applied);
        let column = column(self.frozen.borrow_owner(), key::LOG_META)?;
        let found = self.frozen.borrow_dependent().get_pinned_cf(column, key);
        match found.map_err(|error| fault::database(&place(), &error))? {
            Some(sealed) => {
                value::unseal_owned(&key, &sealed).map(Some).map_err(|error| fault::damaged(&place(), error))
            }
            None => Ok(None),
        }
    }

    fn generation(&self) -> u32 {
        self.generation
    }

    fn scan(&self, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        let Some(mut iterator) = self.iterator(from, to)? else { return Ok(Vec::new()) };
        iterator.seek_to_first();
        let mut found = Vec::new();
        while found.len() < rows_max
            && let Some((key, sealed)) = iterator.item()
        {
            found.push(row(self.group, key, sealed)?);
            iterator.next();
        }
        iterator.status().map_err(|error| self.unread(&error))?;
        Ok(found)
    }

    fn last(&self, from: &[u8], to: &[u8]) -> io::Result<Option<(Bytes, Bytes)>> {
        let Some(mut iterator) = self.iterator(from, to)? else { return Ok(None) };
        iterator.seek_to_last();
        let found = iterator.item().map(|(key, sealed)| row(self.group, key, sealed)).transpose()?;
        iterator.status().map_err(|error| self.unread(&error))?;
        Ok(found)
    }

    fn next_rows(&mut self, bytes_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        let Some(from) = &self.from else { return Ok(Vec::new()) };
        let mut bounds = within(from.clone(), key::row(self.group, self.generation + 1, b""));
        // Read once: it would push out what others read often.
        bounds.fill_cache(false);
        let column = column(self.frozen.borrow_owner(), key::ROWS)?;
        let mut iterator = self.frozen.borrow_dependent().raw_iterator_cf_opt(column, bounds);
        iterator.seek_to_first();
        let mut found = Vec::new();
        let mut bytes = 0;
        let mut goes_on = None;
        while let Some((key, sealed)) = iterator.item() {
            if bytes >= bytes_max && !found.is_empty() {
                goes_on = Some(key.to_vec());
                break;
            }
            let (name, row) = row(self.group, key, sealed)?;
            bytes += name.len() + row.len();
            found.push((name, row));
            iterator.next();
        }
        let doing = || format!("group {}: reading rows for a snapshot", self.group);
        iterator.status().map_err(|error| fault::database(&doing(), &error))?;
        drop(iterator);
        // Not before all went well: who asks again after an error must not take what is left for nothing.
        self.from = goes_on;
        Ok(found)
    }
}
