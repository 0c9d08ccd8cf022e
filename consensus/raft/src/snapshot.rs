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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        disk::{Disk, RowBatch},
        memory::MemoryDisk,
    };

    type Rows = Vec<(Bytes, Bytes)>;

    fn rows() -> Rows {
        let row = |(key, value): (&'static str, &'static str)| (Bytes::from(key), Bytes::from(value));
        [("a", "alpha"), ("b", ""), ("cd", "gamma")].map(row).to_vec()
    }

    /// A snapshot of [`rows`], as it goes over the line.
    fn parts() -> Vec<Bytes> {
        let disk = MemoryDisk::new();
        disk.write_rows(1, RowBatch { puts: rows(), ..RowBatch::default() }).unwrap();
        let mut parts = Parts::new(disk.snapshot(1).unwrap());
        std::iter::from_fn(|| parts.next().unwrap()).collect()
    }

    /// What a node holds that was sent these parts; none: it has refused them.
    fn installed(parts: &[Bytes]) -> Option<Rows> {
        let disk = MemoryDisk::new();
        let mut received = Received::new(disk.install(1).unwrap(), NodeIds::default());
        let mut is_whole = false;
        for part in parts {
            is_whole = received.take(part).ok()?;
        }
        if !is_whole {
            return None;
        }
        received.finish(Bytes::from_static(b"applied"), 0).ok()?;
        disk.scan(1, &[], &[255], 100).ok()
    }

    #[test]
    fn what_is_sent_whole_is_installed_whole() {
        assert_eq!(parts().len(), 2, "a chunk and the trailer");
        assert_eq!(installed(&parts()), Some(rows()));
    }

    #[test]
    fn a_flipped_bit_in_a_snapshot_never_becomes_a_row() {
        let (whole, mut refused) = (parts(), 0);
        for (number, part) in whole.iter().enumerate() {
            for bit in 0..part.len() * 8 {
                let (mut sent, mut bytes) = (whole.clone(), part.to_vec());
                bytes[bit / 8] ^= 1 << (bit % 8);
                sent[number] = bytes.into();
                // A bit beyond the 32 of the checksum says nothing, and may be what it likes.
                let found = installed(&sent);
                assert!(found.as_ref().is_none_or(|found| *found == rows()), "bit {bit} of part {number}: {found:?}");
                refused += usize::from(found.is_none());
            }
        }
        let bits = whole.iter().map(|part| part.len() * 8).sum::<usize>();
        assert!(refused + 8 > bits, "{refused} of {bits}");
    }

    #[test]
    fn a_snapshot_that_lacks_or_repeats_a_part_is_never_installed() {
        let whole = parts();
        assert_eq!(installed(&whole[..1]), None, "no trailer");
        assert_eq!(installed(&whole[1..]), None, "no rows");
        assert_eq!(installed(&[whole[0].clone(), whole[0].clone(), whole[1].clone()]), None, "rows twice");
    }
}
