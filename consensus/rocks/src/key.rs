//! Keys. Numbers are big-endian, so that the order of bytes is the order of numbers.
//!
//! | column family | key |
//! |---|---|
//! | `default` | `format` |
//! | `log` | group `u32`, index `u64` |
//! | `log_meta` | group `u32`, kind `u8` (`Meta`) |
//! | `rows` | group `u32`, generation `u32`, the caller's key |
//! | `events` | group `u32`, index `u64` |

/// Column family of log entries.
pub(crate) const LOG: &str = "log";
/// Column family of what is one per group.
pub(crate) const LOG_META: &str = "log_meta";
/// Column family of applied rows.
pub(crate) const ROWS: &str = "rows";
/// Column family of the events of applied entries.
pub(crate) const EVENTS: &str = "events";
/// Column family that every database has; here it holds the format only.
pub(crate) const DEFAULT: &str = "default";
/// Key of the version of the format, in `DEFAULT`.
pub(crate) const FORMAT: &[u8] = b"format";

/// What is one per group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Meta {
    /// `u64` count of votes ever written, then the vote.
    Vote = 1,
    /// Log id of the last committed entry, as given.
    Committed = 2,
    /// Log id of the last purged entry, as given.
    Purged = 3,
    /// `u64` index of the first entry that counts. Entries below are rubbish on its way out.
    First = 4,
    /// Applied log id and membership, as given.
    Applied = 5,
    /// `u64` index below which no event counts.
    EventFloor = 6,
    /// `u32` generation of rows that counts. Absent: 0.
    Generation = 7,
}

/// `log` and `events`.
pub(crate) fn index(group: u32, index: u64) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&group.to_be_bytes());
    key[4..].copy_from_slice(&index.to_be_bytes());
    key
}

/// The end, excluded, of a group's keys in `log` and `events`.
pub(crate) fn index_end(group: u32) -> Vec<u8> {
    let mut key = index(group, u64::MAX).to_vec();
    key.push(0);
    key
}

/// Group and index of a key in `log` or `events`.
pub(crate) fn parse_index(key: &[u8]) -> Option<(u32, u64)> {
    let (group, index) = key.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*group), u64::from_be_bytes(index.try_into().ok()?)))
}

/// `log_meta`.
pub(crate) fn meta(group: u32, kind: Meta) -> [u8; 5] {
    let [a, b, c, d] = group.to_be_bytes();
    [a, b, c, d, kind as u8]
}

/// `rows`, and with an empty `key` the start of a generation.
pub(crate) fn row(group: u32, generation: u32, key: &[u8]) -> Vec<u8> {
    let mut full = Vec::with_capacity(ROW_PREFIX_BYTES + key.len());
    full.extend_from_slice(&group.to_be_bytes());
    full.extend_from_slice(&generation.to_be_bytes());
    full.extend_from_slice(key);
    full
}

/// Bytes of group and generation before the caller's key in `rows`.
pub(crate) const ROW_PREFIX_BYTES: usize = 8;

/// No group has this generation, so it ends a group's rows.
pub(crate) const GENERATION_END: u32 = u32::MAX;

/// The group that any key but that of the format begins with.
pub(crate) fn parse_group(key: &[u8]) -> Option<u32> {
    key.first_chunk::<4>().map(|group| u32::from_be_bytes(*group))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_by_group_then_index() {
        assert!(index(1, u64::MAX) < index(2, 0));
        assert!(index(1, 255) < index(1, 256));
        assert!(index(1, u64::MAX).as_slice() < index_end(1).as_slice());
        assert!(index_end(1).as_slice() < index(2, 0).as_slice());
        assert_eq!(parse_index(&index(7, 9)), Some((7, 9)));
        assert_eq!(parse_index(&index_end(7)), None);
    }

    #[test]
    fn a_generation_holds_all_its_rows() {
        let rows = [row(3, 1, b""), row(3, 1, b"a"), row(3, 1, &[0xff; 300]), row(3, 2, b"")];
        assert!(rows.is_sorted());
        assert_eq!(parse_group(&rows[2]), Some(3));
    }
}
