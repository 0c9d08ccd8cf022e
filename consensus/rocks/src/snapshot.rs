//! A frozen view of a group's rows.

use std::{io, sync::Arc};

use bytes::Bytes;
use raft::disk::DiskSnapshot;
use rocksdb::{DB, Snapshot};

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
