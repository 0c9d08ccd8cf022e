//! A frozen view of the rows in memory.

use std::{collections::BTreeMap, io, sync::Arc};

use bytes::Bytes;

use crate::disk::DiskSnapshot;

/// The rows of a range; none, if its end is before its start, for which a `BTreeMap` panics.
pub(super) fn within<'a>(
    rows: &'a BTreeMap<Bytes, Bytes>,
    from: &[u8],
    to: &[u8],
) -> impl DoubleEndedIterator<Item = (&'a Bytes, &'a Bytes)> {
    let end = to.max(from);
    rows.range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(end)))
}

pub(super) fn owned((key, value): (&Bytes, &Bytes)) -> (Bytes, Bytes) {
    (key.clone(), value.clone())
}

pub(super) struct MemorySnapshot {
    pub(super) applied: Option<Bytes>,
    pub(super) rows: Arc<BTreeMap<Bytes, Bytes>>,
    pub(super) generation: u32,
    /// Key of the last row given.
    pub(super) after: Option<Bytes>,
}

impl DiskSnapshot for MemorySnapshot {
    fn applied(&self) -> io::Result<Option<Bytes>> {
        Ok(self.applied.clone())
    }

    fn generation(&self) -> u32 {
        self.generation
    }

    fn scan(&self, from: &[u8], to: &[u8], rows_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        Ok(within(&self.rows, from, to).take(rows_max).map(owned).collect())
    }

    fn last(&self, from: &[u8], to: &[u8]) -> io::Result<Option<(Bytes, Bytes)>> {
        Ok(within(&self.rows, from, to).next_back().map(owned))
    }

    fn next_rows(&mut self, bytes_max: usize) -> io::Result<Vec<(Bytes, Bytes)>> {
        let start = self.after.as_ref().map_or(std::ops::Bound::Unbounded, std::ops::Bound::Excluded);
        let mut rows = Vec::new();
        let mut bytes = 0;
        for (key, value) in self.rows.range::<Bytes, _>((start, std::ops::Bound::Unbounded)) {
            rows.push((key.clone(), value.clone()));
            bytes += key.len() + value.len();
            if bytes >= bytes_max {
                break;
            }
        }
        if let Some((key, _)) = rows.last() {
            self.after = Some(key.clone());
        }
        Ok(rows)
    }
}
