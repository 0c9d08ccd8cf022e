//! The file of an export: records, each with its length before it, and after each part its end.
//!
//! A chain by itself says neither where it stopped nor what a record held that has its link alone; the end of a part does, by
//! number, count and SHA-256. It is not keyed: it tells what was changed by chance, or by somebody who does not make it anew.

use prost::Message;
use sha2::{Digest as _, Sha256};

use super::AuditRecord;
use crate::{
    Digest, GroupId,
    wire::{Malformed, Record, generated, record},
};

/// Bytes of one record in an export: a command of a whole proposal and what stands around it.
pub const EXPORTED_BYTES_MAX: usize = (1 << 20) + 4096;

/// What ends a part of an export, and tells of what stands before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditEnd {
    /// Of which group.
    pub group: GroupId,
    /// Number before the part's first record.
    pub after: u64,
    /// Number of its last record; of a part without records the same as `after`.
    pub through: u64,
    /// Records of it that are withheld.
    pub withheld: u64,
    /// Of its frames as they are written, this one not, then of group and `after`.
    pub sha256: Digest,
    /// It is full: another part follows, with records or without.
    pub more: bool,
}

record!(AuditEnd { group, after, through, withheld, sha256, more });

impl AuditEnd {
    /// The end as an export file has it.
    #[must_use]
    pub fn frame(&self) -> Vec<u8> {
        let end = Some(self.to_wire());
        generated::AuditRecord { link: None, sealed: None, withheld: false, end }.encode_length_delimited_to_vec()
    }
}

/// What stands between two lengths of an export file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A record.
    Record(AuditRecord),
    /// The end of a part.
    End(AuditEnd),
}

impl Frame {
    /// The record, if it is one.
    #[must_use]
    pub fn record(self) -> Option<AuditRecord> {
        match self {
            Self::Record(record) => Some(record),
            Self::End(_) => None,
        }
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let wire = generated::AuditRecord::decode(bytes)
            .map_err(|e| Malformed::new("export", format!("send valid protobuf ({e})")))?;
        match wire.end {
            Some(end) => AuditEnd::from_wire(end).map(Self::End).map_err(|e| e.within("end")),
            None => AuditRecord::from_wire(wire).map(Self::Record),
        }
    }
}

/// A frame, and its bytes with its length: an end is of bytes, for one message can be written in more than one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Framed<'a> {
    /// What it says.
    pub frame: Frame,
    /// As it stands in the file.
    pub bytes: &'a [u8],
}

/// One record as an export file has it: its length (varint), then the record.
#[must_use]
pub fn frame(record: &AuditRecord) -> Vec<u8> {
    record.to_wire().encode_length_delimited_to_vec()
}

/// What the end of a part has, out of what was hashed of its frames. Group and number stand in it too: without records there is nothing
/// else that would say whose end it is.
pub(super) fn part_sha256(mut frames: Sha256, group: GroupId, after: u64) -> Digest {
    frames.update(group.0.to_be_bytes());
    frames.update(after.to_be_bytes());
    Digest(frames.finalize().into())
}

/// A part of a group's export: the records after number `after`, in their order, and the end. `more`: it is full.
#[must_use]
pub fn part(group: GroupId, after: u64, records: &[AuditRecord], more: bool) -> Vec<u8> {
    let (mut file, mut hash) = (Vec::new(), Sha256::new());
    let (mut through, mut withheld) = (after, 0);
    for record in records {
        let bytes = frame(record);
        hash.update(&bytes);
        file.extend_from_slice(&bytes);
        through = record.link.number;
        withheld += u64::from(record.withheld);
    }
    let sha256 = part_sha256(hash, group, after);
    file.extend(AuditEnd { group, after, through, withheld, sha256, more }.frame());
    file
}

/// What an export file holds, in its order. Ends after the first that cannot be read.
pub fn frames(mut file: &[u8]) -> impl Iterator<Item = Result<Framed<'_>, Malformed>> {
    std::iter::from_fn(move || {
        if file.is_empty() {
            return None;
        }
        let read = next_frame(&mut file);
        if read.is_err() {
            file = &[];
        }
        Some(read)
    })
}

fn next_frame<'a>(file: &mut &'a [u8]) -> Result<Framed<'a>, Malformed> {
    let broken = |what: String| Malformed::new("export", format!("is cut off or no export ({what}): export it again"));
    let whole = *file;
    let mut behind_length = whole;
    let length = prost::decode_length_delimiter(&mut behind_length).map_err(|e| broken(e.to_string()))?;
    if length > EXPORTED_BYTES_MAX || length > behind_length.len() {
        return Err(broken(format!("a record of {length} bytes")));
    }
    let (message, rest) = behind_length.split_at(length);
    let (bytes, _) = whole.split_at(whole.len() - rest.len());
    *file = rest;
    Ok(Framed { frame: Frame::decode(message)?, bytes })
}
