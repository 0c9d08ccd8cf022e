//! What rows add up to: their count, their bytes, and two hashes. Pure.

use bytes::Bytes;
use domain::{Row, rows};
use sha2::{Digest, Sha256};

/// What the rows of a group add up to. Groups with equal sums hold the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sum {
    /// How many.
    pub rows: u64,
    /// Bytes of keys and values.
    pub bytes: u64,
    /// SHA-256 over all rows in key order: of each the length of its key (4 bytes, big-endian), the key, the length of its
    /// value, the value.
    pub rows_sha256: [u8; 32],
    /// The same over the rows that state is made of; history is left out.
    pub state_sha256: [u8; 32],
}

/// A row does not follow the one before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("row {number} is not after the one before it in key order")]
pub struct OutOfOrder {
    /// Number of the row, from 1.
    pub number: u64,
}

/// A sum under way.
#[derive(Clone, Default)]
pub struct Summing {
    rows: u64,
    bytes: u64,
    all: Sha256,
    state: Sha256,
    last: Option<Bytes>,
}

impl Summing {
    /// Adds the next row.
    ///
    /// # Errors
    /// Its key is not above the last one's: something is missing, doubled or swapped.
    pub fn add(&mut self, row: &Row) -> Result<(), OutOfOrder> {
        self.rows += 1;
        if self.last.as_ref().is_some_and(|last| *last >= row.key) {
            return Err(OutOfOrder { number: self.rows });
        }
        self.bytes += row.key.len() as u64 + row.value.len() as u64;
        add(&mut self.all, row);
        if rows::is_state(&row.key) {
            add(&mut self.state, row);
        }
        self.last = Some(row.key.clone());
        Ok(())
    }

    /// The sum of what was added.
    #[must_use]
    pub fn finish(self) -> Sum {
        Sum {
            rows: self.rows,
            bytes: self.bytes,
            rows_sha256: self.all.finalize().into(),
            state_sha256: self.state.finalize().into(),
        }
    }
}

/// The lengths go in too, so that bytes cannot move between a key and its value.
fn add(hash: &mut Sha256, row: &Row) {
    for part in [&row.key, &row.value] {
        let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
        hash.update(length.to_be_bytes());
        hash.update(part);
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn row(key: &[u8], value: &[u8]) -> Row {
        Row { key: Bytes::copy_from_slice(key), value: Bytes::copy_from_slice(value) }
    }

    fn sum(rows: &[Row]) -> Sum {
        let mut summing = Summing::default();
        rows.iter().for_each(|row| summing.add(row).unwrap());
        summing.finish()
    }

    #[test]
    fn history_counts_in_one_hash_only() {
        let state = row(&[rows::SENSORS, 1], b"a");
        let without = sum(std::slice::from_ref(&state));
        let with = sum(&[state, row(&[rows::READINGS, 1], b"b")]);
        assert_eq!(without.state_sha256, with.state_sha256);
        assert_ne!(without.rows_sha256, with.rows_sha256);
        assert_eq!((with.rows, with.bytes), (2, 6));
    }

    #[test]
    fn a_byte_that_moves_from_a_key_to_its_value_is_noticed() {
        assert_ne!(sum(&[row(&[1, 2], &[3])]), sum(&[row(&[1], &[2, 3])]));
    }

    #[test]
    fn rows_come_in_key_order_and_once() {
        for second in [&[1][..], &[2]] {
            let mut summing = Summing::default();
            summing.add(&row(&[2], b"")).unwrap();
            assert_eq!(summing.add(&row(second, b"")), Err(OutOfOrder { number: 2 }));
        }
    }
}
