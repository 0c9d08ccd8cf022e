//! Snapshots on the wire: a header, chunks of rows, and a trailer with their count and checksum. Nothing counts before
//! the trailer is right.

use std::io;

use bytes::Bytes;
use prost::Message;

use crate::{
    disk::{DiskSnapshot, Install},
    machine::CHUNK_BYTES,
    membership::NodeIds,
    types::{decode, malformed},
    wire::{self, snapshot_part::Part},
};

/// Rows of a group at one moment.
pub enum SnapshotData {
    /// A frozen view of this node's own disk, with the node ids that were given away by then.
    Local(Box<dyn DiskSnapshot>, NodeIds),
    /// Received whole from a leader, checked, not yet installed.
    Received(Received),
}

/// Counts rows and their bytes as both sides see them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) rows: u64,
    pub(crate) crc32c: u32,
}

impl Sum {
    pub(crate) fn add(&mut self, rows: &[(Bytes, Bytes)]) {
        for (key, value) in rows {
            self.rows += 1;
            self.crc32c = crc32c::crc32c_append(self.crc32c, key);
            self.crc32c = crc32c::crc32c_append(self.crc32c, value);
        }
    }
}

/// A snapshot on its way in.
pub struct Received {
    install: Box<dyn Install>,
    sum: Sum,
    /// Node ids that were given away, by its header.
    pub(crate) node_ids: NodeIds,
}

impl Received {
    pub(crate) fn new(install: Box<dyn Install>, node_ids: NodeIds) -> Self {
        Self { install, sum: Sum::default(), node_ids }
    }

    pub(crate) fn put(&mut self, rows: Vec<(Bytes, Bytes)>) -> io::Result<()> {
        self.sum.add(&rows);
        self.install.put_rows(rows)
    }

    /// Takes a part; true when it was the trailer and everything is there.
    pub(crate) fn take(&mut self, part: &[u8]) -> io::Result<bool> {
        match decode::<wire::SnapshotPart>("snapshot part", part)?.part {
            Some(Part::Chunk(chunk)) => {
                self.put(chunk.rows.into_iter().map(|row| (row.key, row.value)).collect())?;
                Ok(false)
            }
            Some(Part::Trailer(trailer)) if trailer.rows == self.sum.rows && trailer.crc32c == self.sum.crc32c => {
                Ok(true)
            }
            Some(Part::Trailer(_)) => Err(malformed("snapshot: its rows are not those that were sent")),
            Some(Part::Header(_)) | None => Err(malformed("snapshot part out of place")),
        }
    }

    pub(crate) fn finish(self, applied: Bytes, event_floor: u64) -> io::Result<()> {
        self.install.finish(applied, event_floor)
    }
}

/// A snapshot on its way out, part by part.
pub(crate) struct Parts {
    view: Box<dyn DiskSnapshot>,
    sum: Sum,
    done: bool,
}

impl Parts {
    pub(crate) fn new(view: Box<dyn DiskSnapshot>) -> Self {
        Self { view, sum: Sum::default(), done: false }
    }

    /// The next part; none after the trailer. Blocks on IO.
    pub(crate) fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.done {
            return Ok(None);
        }
        let rows = self.view.next_rows(CHUNK_BYTES)?;
        self.sum.add(&rows);
        let part = if rows.is_empty() {
            self.done = true;
            Part::Trailer(wire::SnapshotTrailer { rows: self.sum.rows, crc32c: self.sum.crc32c })
        } else {
            let rows = rows.into_iter().map(|(key, value)| wire::KeyValue { key, value }).collect();
            Part::Chunk(wire::SnapshotChunk { rows })
        };
        Ok(Some(wire::SnapshotPart { part: Some(part) }.encode_to_vec().into()))
    }
}
