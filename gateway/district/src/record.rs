//! The records of the copy's file: length, CRC-32C and bytes, one behind the other. The length comes twice, the second time
//! inverted, so that a bit flipped in it is not taken for a torn tail. Pure.
//!
//! ```text
//! file   = "TDCOPY1\n" record*
//! record = length u32 LE · !length u32 LE · CRC-32C of the rest u32 LE · kind u8 · bytes
//! kind   = 0: a message of the screens' protocol, protobuf · 1: when the province was heard: Unix ms u64 LE, quorum age ms u64 LE
//! ```

use domain::wire::generated::ToScreen;
use prost::Message;

use crate::limits::RECORD_BYTES_MAX;

/// How a file begins.
pub(crate) const MAGIC: &[u8] = b"TDCOPY1\n";
/// Length, twice, and sum in front of a record.
const HEAD_BYTES: usize = 12;
const MESSAGE: u8 = 0;
const HEARD: u8 = 1;

/// One record.
#[derive(Clone, Debug, PartialEq)]
#[allow(clippy::large_enum_variant, reason = "read and folded one at a time")]
pub(crate) enum Stored {
    /// A message of the line that changed the copy.
    Message(ToScreen),
    /// The province was heard.
    Heard(Heard),
}

/// When the province was heard, and how old its own picture was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Heard {
    /// By this machine's clock, Unix milliseconds.
    pub(crate) at_ms: u64,
    /// As its heartbeat said.
    pub(crate) quorum_age_ms: u64,
}

/// How a file ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a whole record.
    Whole,
    /// In the middle of one that was being written when the process or the power ended: the rest is cut off.
    Torn {
        /// Bytes up to the last whole record.
        whole_bytes: usize,
    },
    /// Something in it is not what was written.
    Damaged {
        /// Where the record begins that cannot be read.
        at_byte: usize,
    },
}

impl Stored {
    /// Appends the record to `out`.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let mut body = Vec::new();
        match self {
            Self::Message(message) => {
                body.push(MESSAGE);
                // Writing to memory cannot fail.
                let _ = message.encode(&mut body);
            }
            Self::Heard(heard) => {
                body.push(HEARD);
                body.extend_from_slice(&heard.at_ms.to_le_bytes());
                body.extend_from_slice(&heard.quorum_age_ms.to_le_bytes());
            }
        }
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&body).to_le_bytes());
        out.extend_from_slice(&body);
    }

    fn read(body: &[u8]) -> Option<Self> {
        match body.split_first()? {
            (&MESSAGE, rest) => ToScreen::decode(rest).ok().map(Self::Message),
            (&HEARD, rest) => {
                let (at_ms, quorum_age_ms) = rest.split_first_chunk::<8>()?;
                let heard = Heard {
                    at_ms: u64::from_le_bytes(*at_ms),
                    quorum_age_ms: u64::from_le_bytes(quorum_age_ms.try_into().ok()?),
                };
                Some(Self::Heard(heard))
            }
            _ => None,
        }
    }
}

/// Reads a file record by record; `take` gets each in turn.
///
/// A record that ends behind the file's end is torn, and so is one whose sum is wrong when nothing but zeros, or nothing at
/// all, is behind it: a file grows before its blocks are written. A wrong sum with records behind it is damage.
pub(crate) fn read(file: &[u8], mut take: impl FnMut(Stored)) -> End {
    if file.is_empty() {
        return End::Torn { whole_bytes: 0 };
    }
    if !file.starts_with(MAGIC) {
        let is_begun = MAGIC.starts_with(file);
        return if is_begun { End::Torn { whole_bytes: 0 } } else { End::Damaged { at_byte: 0 } };
    }
    let mut at = MAGIC.len();
    loop {
        let rest = file.get(at..).unwrap_or_default();
        if rest.is_empty() {
            return End::Whole;
        }
        let torn = End::Torn { whole_bytes: at };
        let is_empty = rest.iter().all(|byte| *byte == 0);
        let Some((head, behind)) = rest.split_first_chunk::<HEAD_BYTES>() else { return torn };
        let [l0, l1, l2, l3, i0, i1, i2, i3, s0, s1, s2, s3] = *head;
        let (length, inverted) = (u32::from_le_bytes([l0, l1, l2, l3]), u32::from_le_bytes([i0, i1, i2, i3]));
        let sum = u32::from_le_bytes([s0, s1, s2, s3]);
        if is_empty {
            return torn;
        }
        let is_length = length == !inverted;
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        if !is_length || length == 0 || length > RECORD_BYTES_MAX {
            return End::Damaged { at_byte: at };
        }
        let Some(body) = behind.get(..length) else { return torn };
        let is_right = crc32c::crc32c(body) == sum;
        let after = behind.get(length..).unwrap_or_default();
        match Stored::read(body).filter(|_| is_right) {
            Some(stored) => take(stored),
            None if after.iter().all(|byte| *byte == 0) => return torn,
            None => return End::Damaged { at_byte: at },
        }
        at += HEAD_BYTES + length;
    }
}

#[cfg(test)]
mod tests {
    use domain::wire::generated::{Reset, to_screen::Body};
    use proptest::prelude::*;

    use super::*;

    fn message(group: u32) -> Stored {
        let reset = Reset { group, reason: "below-floor".to_owned() };
        Stored::Message(ToScreen { body: Some(Body::Reset(reset)) })
    }

    fn file(records: &[Stored]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        records.iter().for_each(|record| record.write(&mut bytes));
        bytes
    }

    fn taken(file: &[u8]) -> (Vec<Stored>, End) {
        let mut taken = Vec::new();
        let end = read(file, |stored| taken.push(stored));
        (taken, end)
    }

    #[test]
    fn what_was_written_is_read() {
        let records = [message(1), Stored::Heard(Heard { at_ms: 5, quorum_age_ms: 7 }), message(2)];
        assert_eq!(taken(&file(&records)), (records.to_vec(), End::Whole));
    }

    proptest! {
        /// Wherever the process or the power ends: what was whole before is there, and nothing else.
        #[test]
        fn a_torn_tail_costs_what_was_torn(cut in 0_usize..200, zeros in 0_usize..40) {
            let records: Vec<_> = (0..6).map(message).collect();
            let whole = file(&records);
            let cut = cut.min(whole.len());
            let mut torn = whole[..cut].to_vec();
            torn.extend(std::iter::repeat_n(0, zeros));
            let (read, end) = taken(&torn);
            prop_assert_eq!(&read[..], &records[..read.len()]);
            if let End::Torn { whole_bytes } = end {
                prop_assert!(whole_bytes <= cut);
                prop_assert_eq!(taken(&whole[..whole_bytes.max(MAGIC.len())]).0, read);
            } else if let End::Damaged { .. } = end {
                prop_assert!(cut < MAGIC.len() && zeros > 0, "only a torn head with something behind it");
            }
        }

        /// A flipped bit is never taken for a record: it is named, or the record is the last and goes.
        #[test]
        fn a_flipped_bit_is_never_served(at in 0_usize..400, bit in 0_u8..8) {
            let records: Vec<_> = (0..6).map(message).collect();
            let mut flipped = file(&records);
            let at = at % flipped.len();
            flipped[at] ^= 1 << bit;
            let (read, end) = taken(&flipped);
            prop_assert_eq!(&read[..], &records[..read.len()]);
            prop_assert!(end != End::Whole);
            let last = file(&records[..5]).len();
            prop_assert!(at >= last || matches!(end, End::Damaged { .. }), "named, wherever it is but in the last record");
        }

        #[test]
        fn any_file_may_be_there(bytes in proptest::collection::vec(any::<u8>(), 0..300), with_magic in any::<bool>()) {
            let file = if with_magic { [MAGIC, &bytes].concat() } else { bytes };
            let _ = taken(&file);
        }
    }
}
