//! Chunks: rows of a group in key order, cut where the rows themselves say, so that a change moves no other cut. Pure.
//!
//! A chunk's file is `TDBC`, a version, the CRC-32C of the rest (4 bytes, big-endian), and the rows as protobuf
//! (`SnapshotChunk` of `consensus/raft/proto`). Its name is the SHA-256 of the whole file.

use bytes::Bytes;
use domain::Row;
use raft::backup::{rows_from_bytes, rows_to_bytes};
use sha2::{Digest, Sha256};

use super::hash::Hash;

/// Bytes of rows in a chunk, on average: small enough that one changed row costs little, large enough that ten gigabytes
/// are not more than forty thousand files.
pub const CHUNK_BYTES_MEAN: u64 = 256 << 10;

/// Bytes of rows at which a chunk ends wherever it is. The last row may pass it.
pub const CHUNK_BYTES_MAX: usize = 4 << 20;

/// Bytes of a chunk's file: the rows, the row that passes the bound, and what protobuf puts around them.
pub const FILE_BYTES_MAX: u64 = 16 << 20;

const MAGIC: &[u8; 4] = b"TDBC";
const VERSION: u8 = 1;
const HEAD_BYTES: usize = 9;

/// A chunk as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// SHA-256 of `bytes`: its name.
    pub hash: Hash,
    /// The file.
    pub bytes: Vec<u8>,
    /// Rows in it.
    pub rows: u64,
}

/// A file that is no chunk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChunkError {
    /// It does not begin like one.
    #[error("it is no chunk of a backup")]
    Foreign,
    /// A newer program wrote it.
    #[error("it has version {0} and this program knows {VERSION}: use the newer program")]
    Version(u8),
    /// It was changed.
    #[error("its checksum is wrong")]
    Checksum,
    /// Its rows cannot be read.
    #[error("its rows cannot be read ({0})")]
    Rows(String),
}

/// Makes chunks of rows that come in key order.
#[derive(Default)]
pub struct Cutter {
    rows: Vec<Row>,
    bytes: usize,
}

impl Cutter {
    /// Takes a row; gives the chunk that ends with it.
    pub fn push(&mut self, row: Row) -> Option<Chunk> {
        self.bytes += row.key.len() + row.value.len();
        let is_last = ends_here(&row) || self.bytes >= CHUNK_BYTES_MAX;
        self.rows.push(row);
        if is_last { self.finish() } else { None }
    }

    /// The chunk of what is left, if anything is.
    pub fn finish(&mut self) -> Option<Chunk> {
        self.bytes = 0;
        let rows = std::mem::take(&mut self.rows);
        if rows.is_empty() { None } else { Some(seal(&rows)) }
    }
}

/// Whether a chunk ends with this row. It depends on the row's key and size alone, and is as likely as the row is long.
fn ends_here(row: &Row) -> bool {
    let [a, b, c, d, ..] = <[u8; 32]>::from(Sha256::digest(&row.key));
    let bytes = (row.key.len() + row.value.len()) as u64;
    u64::from(u32::from_be_bytes([a, b, c, d])).saturating_mul(CHUNK_BYTES_MEAN) < bytes << 32
}

fn seal(rows: &[Row]) -> Chunk {
    let body = rows_to_bytes(rows);
    let mut bytes = Vec::with_capacity(HEAD_BYTES + body.len());
    bytes.extend_from_slice(MAGIC);
    bytes.push(VERSION);
    bytes.extend_from_slice(&crc32c::crc32c(&body).to_be_bytes());
    bytes.extend_from_slice(&body);
    Chunk { hash: Hash::of(&bytes), bytes, rows: rows.len() as u64 }
}

/// The rows of a chunk's file, whose name has been compared with its hash.
///
/// # Errors
/// It is no chunk, or was damaged.
pub fn open(bytes: Vec<u8>) -> Result<Vec<Row>, ChunkError> {
    let Some((&[m0, m1, m2, m3, version, c0, c1, c2, c3], body)) = bytes.split_first_chunk::<HEAD_BYTES>() else {
        return Err(ChunkError::Foreign);
    };
    if [m0, m1, m2, m3] != *MAGIC {
        return Err(ChunkError::Foreign);
    }
    if version != VERSION {
        return Err(ChunkError::Version(version));
    }
    if crc32c::crc32c(body) != u32::from_be_bytes([c0, c1, c2, c3]) {
        return Err(ChunkError::Checksum);
    }
    rows_from_bytes(Bytes::from(bytes).slice(HEAD_BYTES..)).map_err(|error| ChunkError::Rows(error.to_string()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn row(number: u32, bytes: usize) -> Row {
        Row { key: Bytes::copy_from_slice(&number.to_be_bytes()), value: Bytes::from(vec![7; bytes]) }
    }

    fn cut(rows: impl IntoIterator<Item = Row>) -> Vec<Chunk> {
        let mut cutter = Cutter::default();
        let mut chunks: Vec<Chunk> = rows.into_iter().filter_map(|row| cutter.push(row)).collect();
        chunks.extend(cutter.finish());
        chunks
    }

    #[test]
    fn a_new_row_changes_one_chunk_or_two() {
        let rows = |skipped: u32| (0..40_000).filter(move |number| *number != skipped).map(|number| row(number, 200));
        let (before, after) = (cut(rows(20_000)), cut(rows(u32::MAX)));
        assert!(before.len() > 10, "{} chunks", before.len());
        let known: BTreeSet<Hash> = before.iter().map(|chunk| chunk.hash).collect();
        let new = after.iter().filter(|chunk| !known.contains(&chunk.hash)).count();
        assert!((1..=2).contains(&new), "{new} of {} are new", after.len());
    }

    #[test]
    fn chunks_are_of_the_size_that_is_meant_whatever_the_size_of_rows() {
        for bytes in [40, 2_000, 60_000] {
            let count = u32::try_from(32_000_000 / bytes).unwrap();
            let chunks = cut((0..count).map(|number| row(number, bytes)));
            let mean = chunks.iter().map(|chunk| chunk.bytes.len() as u64).sum::<u64>() / chunks.len() as u64;
            assert!((CHUNK_BYTES_MEAN / 2..CHUNK_BYTES_MEAN * 2).contains(&mean), "rows of {bytes}: {mean}");
            assert!(chunks.iter().all(|chunk| (chunk.bytes.len() as u64) < FILE_BYTES_MAX));
        }
    }

    #[test]
    fn a_chunk_is_bounded_where_no_row_ends_it() {
        let endless: Vec<u32> = (0..200_000).filter(|number| !ends_here(&row(*number, 1_000))).take(10_000).collect();
        let chunks = cut(endless.into_iter().map(|number| row(number, 1_000)));
        assert_eq!(chunks.len(), 3);
    }

    proptest! {
        #[test]
        fn rows_come_back_and_a_changed_byte_does_not_pass(
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..20),
            at in any::<prop::sample::Index>(),
            bit in 0_u8..8,
        ) {
            let rows: Vec<Row> = (0_u32..)
                .zip(values)
                .map(|(n, value)| Row { key: Bytes::copy_from_slice(&n.to_be_bytes()), value: value.into() })
                .collect();
            let chunk = seal(&rows);
            prop_assert_eq!(open(chunk.bytes.clone()).unwrap(), rows);
            let mut changed = chunk.bytes;
            let at = at.index(changed.len());
            changed[at] ^= 1 << bit;
            prop_assert!(open(changed).is_err());
        }

        #[test]
        fn any_file_may_lie_there(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = open(bytes);
        }
    }
}
