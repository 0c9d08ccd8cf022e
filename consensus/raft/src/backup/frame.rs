//! Frames on the line: length `u32`, CRC-32C `u32` of the bytes, both big-endian, then a `BackupPart`. Pure.

use std::io;

use bytes::{Buf, Bytes, BytesMut};
use domain::{GroupId, Row};
use prost::Message;

use super::{Begin, LogPlace, Part, Sum};
use crate::wire::{self, backup_part};

/// Bytes of one frame: a chunk of rows ends at half a mebibyte, and the row that passes this is no longer than a proposal.
pub const FRAME_BYTES_MAX: usize = 4 << 20;

/// Bytes before a frame's own.
const HEAD_BYTES: usize = 8;

/// Bytes that are no part of a backup.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// It says that it is longer than any is.
    #[error("a frame of {bytes} bytes is more than {FRAME_BYTES_MAX}: this is no backup")]
    TooLong {
        /// What it says.
        bytes: usize,
    },
    /// It was changed on the way.
    #[error("the checksum of a frame is wrong: take the backup again")]
    Checksum,
    /// It is not as it should be.
    #[error("{0}: the node runs another version, use the program of that version")]
    Malformed(String),
}

fn malformed(what: &str) -> FrameError {
    FrameError::Malformed(what.to_owned())
}

impl Part {
    /// The frame that carries it.
    #[must_use]
    pub fn to_frame(&self) -> Bytes {
        let body = wire::BackupPart { part: Some(to_wire(self)) }.encode_to_vec();
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        let mut frame = Vec::with_capacity(HEAD_BYTES + body.len());
        frame.extend_from_slice(&length.to_be_bytes());
        frame.extend_from_slice(&crc32c::crc32c(&body).to_be_bytes());
        frame.extend_from_slice(&body);
        frame.into()
    }
}

/// Takes bytes as they come and gives the parts in them.
#[derive(Debug, Default)]
pub struct FrameReader {
    bytes: BytesMut,
}

impl FrameReader {
    /// Takes what has come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next part, once all of it has come. After an error nothing more is to be asked.
    ///
    /// # Errors
    /// What has come is no part of a backup.
    pub fn next_part(&mut self) -> Result<Option<Part>, FrameError> {
        let Some((&[l0, l1, l2, l3, c0, c1, c2, c3], _)) = self.bytes.split_first_chunk::<HEAD_BYTES>() else {
            return Ok(None);
        };
        let length = usize::try_from(u32::from_be_bytes([l0, l1, l2, l3])).unwrap_or(usize::MAX);
        if length > FRAME_BYTES_MAX {
            return Err(FrameError::TooLong { bytes: length });
        }
        if self.bytes.len() < HEAD_BYTES + length {
            return Ok(None);
        }
        self.bytes.advance(HEAD_BYTES);
        let body = self.bytes.split_to(length).freeze();
        if crc32c::crc32c(&body) != u32::from_be_bytes([c0, c1, c2, c3]) {
            return Err(FrameError::Checksum);
        }
        let part = wire::BackupPart::decode(body).map_err(|error| FrameError::Malformed(error.to_string()))?;
        from_wire(part.part.ok_or_else(|| malformed("a part of an unknown kind"))?).map(Some)
    }

    /// Whether bytes have come that are no whole frame.
    #[must_use]
    pub fn is_in_a_frame(&self) -> bool {
        !self.bytes.is_empty()
    }
}

/// Rows as they are kept in files: the same rows are the same bytes.
#[must_use]
pub fn rows_to_bytes(rows: &[Row]) -> Vec<u8> {
    to_chunk(rows).encode_to_vec()
}

/// The rows that [`rows_to_bytes`] wrote.
///
/// # Errors
/// The bytes are not rows.
pub fn rows_from_bytes(bytes: Bytes) -> io::Result<Vec<Row>> {
    let chunk =
        wire::SnapshotChunk::decode(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
    Ok(from_chunk(chunk))
}

fn to_chunk(rows: &[Row]) -> wire::SnapshotChunk {
    let rows = rows.iter().map(|row| wire::KeyValue { key: row.key.clone(), value: row.value.clone() });
    wire::SnapshotChunk { rows: rows.collect() }
}

fn from_chunk(chunk: wire::SnapshotChunk) -> Vec<Row> {
    chunk.rows.into_iter().map(|row| Row { key: row.key, value: row.value }).collect()
}

fn to_wire(part: &Part) -> backup_part::Part {
    match part {
        Part::Begin(begin) => backup_part::Part::Begin(wire::BackupBegin {
            format: begin.format,
            cluster: begin.cluster.clone(),
            epoch: begin.epoch,
            node: begin.node,
            at_ms: begin.at_ms,
            program: begin.program.clone(),
        }),
        Part::Group(group, at) => {
            let last_log_id = wire::LogId { term: at.term, node: at.leader, index: at.index };
            backup_part::Part::Group(wire::BackupGroup { group: group.0, last_log_id: Some(last_log_id) })
        }
        Part::Rows(rows) => backup_part::Part::Rows(to_chunk(rows)),
        Part::Sum(sum) => backup_part::Part::Sum(wire::BackupSum {
            rows: sum.rows,
            bytes: sum.bytes,
            rows_sha256: Bytes::copy_from_slice(&sum.rows_sha256),
            state_sha256: Bytes::copy_from_slice(&sum.state_sha256),
        }),
        Part::End(groups) => backup_part::Part::End(wire::BackupEnd { groups: *groups }),
    }
}

fn from_wire(part: backup_part::Part) -> Result<Part, FrameError> {
    let hash = |bytes: &Bytes| <[u8; 32]>::try_from(&bytes[..]).map_err(|_| malformed("a SHA-256 of another length"));
    Ok(match part {
        backup_part::Part::Begin(begin) => Part::Begin(Begin {
            format: begin.format,
            cluster: begin.cluster,
            epoch: begin.epoch,
            node: begin.node,
            at_ms: begin.at_ms,
            program: begin.program,
        }),
        backup_part::Part::Group(group) => {
            let at = group.last_log_id.ok_or_else(|| malformed("a group without its place in the log"))?;
            let at = LogPlace { index: at.index, term: at.term, leader: at.node };
            Part::Group(GroupId(group.group), at)
        }
        backup_part::Part::Rows(chunk) => Part::Rows(from_chunk(chunk)),
        backup_part::Part::Sum(sum) => Part::Sum(Sum {
            rows: sum.rows,
            bytes: sum.bytes,
            rows_sha256: hash(&sum.rows_sha256)?,
            state_sha256: hash(&sum.state_sha256)?,
        }),
        backup_part::Part::End(end) => Part::End(end.groups),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::backup::{FORMAT, Summing};

    fn parts() -> Vec<Part> {
        let begin = Begin {
            format: FORMAT,
            cluster: "thai-nguyen".into(),
            epoch: 7,
            node: 2,
            at_ms: 5,
            program: "0.1.0".into(),
        };
        let row = Row { key: Bytes::from_static(&[8, 1]), value: Bytes::from_static(b"value") };
        let mut summing = Summing::default();
        summing.add(&row).unwrap();
        vec![
            Part::Begin(begin),
            Part::Group(GroupId(3), LogPlace { index: 9, term: 2, leader: 1 }),
            Part::Rows(vec![row]),
            Part::Sum(summing.finish()),
            Part::End(9),
        ]
    }

    fn read(reader: &mut FrameReader) -> Vec<Part> {
        std::iter::from_fn(|| reader.next_part().unwrap()).collect()
    }

    #[test]
    fn parts_come_through_in_whatever_pieces() {
        let line: Vec<u8> = parts().iter().flat_map(Part::to_frame).collect();
        for size in [1, 7, line.len()] {
            let mut reader = FrameReader::default();
            let mut found = Vec::new();
            for piece in line.chunks(size) {
                reader.push(piece);
                found.extend(read(&mut reader));
            }
            assert_eq!(found, parts());
            assert!(!reader.is_in_a_frame());
        }
    }

    #[test]
    fn a_frame_that_says_it_is_endless_is_refused_before_it_has_come() {
        let mut reader = FrameReader::default();
        reader.push(&[255; 8]);
        assert_eq!(reader.next_part(), Err(FrameError::TooLong { bytes: u32::MAX as usize }));
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_noticed(at in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let mut line: Vec<u8> = parts().iter().flat_map(Part::to_frame).collect();
            let at = at.index(line.len());
            line[at] ^= 1 << bit;
            let mut reader = FrameReader::default();
            reader.push(&line);
            let mut found = Vec::new();
            let ended = loop {
                match reader.next_part() {
                    Ok(Some(part)) => found.push(part),
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            prop_assert!(ended.is_err() || reader.is_in_a_frame(), "{found:?}");
            prop_assert!(found.len() < parts().len());
        }

        #[test]
        fn anything_may_come(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = FrameReader::default();
            reader.push(&bytes);
            while let Ok(Some(_)) = reader.next_part() {}
            let _ = rows_from_bytes(Bytes::from(bytes));
        }
    }
}
