//! Values: version `u8`, CRC-32C `u32` over key, version and bytes, then the bytes.
//!
//! The key is part of the checksum, so that a value which lies under a wrong key is found out too. RocksDB checks its
//! blocks itself; this checksum also covers the way through memory, the cache and the write-ahead log.

use bytes::Bytes;

/// How values are written.
const VERSION: u8 = 1;

/// Bytes before the caller's.
const HEADER_BYTES: usize = 5;

/// Why a value must not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("it is cut short")]
    Short,
    #[error("it has version {0}, and this program knows {VERSION}")]
    Version(u8),
    #[error("its checksum is wrong")]
    Checksum,
}

/// Writes into `out` what is stored under `key` for the joined `parts`.
pub(crate) fn seal<'o>(key: &[u8], parts: &[&[u8]], out: &'o mut Vec<u8>) -> &'o [u8] {
    out.clear();
    out.push(VERSION);
    out.extend_from_slice(&checksum(key, parts).to_be_bytes());
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// The bytes that were given to [`seal`].
pub(crate) fn unseal<'v>(key: &[u8], value: &'v [u8]) -> Result<&'v [u8], ValueError> {
    let (header, bytes) = value.split_first_chunk::<HEADER_BYTES>().ok_or(ValueError::Short)?;
    let [version, crc @ ..] = *header;
    if version != VERSION {
        return Err(ValueError::Version(version));
    }
    if u32::from_be_bytes(crc) != checksum(key, &[bytes]) {
        return Err(ValueError::Checksum);
    }
    Ok(bytes)
}

/// As [`unseal`], copied.
pub(crate) fn unseal_owned(key: &[u8], value: &[u8]) -> Result<Bytes, ValueError> {
    unseal(key, value).map(Bytes::copy_from_slice)
}

fn checksum(key: &[u8], parts: &[&[u8]]) -> u32 {
    let start = crc32c::crc32c_append(crc32c::crc32c(key), &[VERSION]);
    parts.iter().fold(start, |crc, part| crc32c::crc32c_append(crc, part))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_joined() {
        let mut out = Vec::new();
        seal(b"k", &[b"ab", b"", b"c"], &mut out);
        assert_eq!(unseal(b"k", &out), Ok(b"abc".as_slice()));
    }

    #[test]
    fn an_empty_value_is_a_value() {
        let mut out = Vec::new();
        seal(b"k", &[], &mut out);
        assert_eq!(unseal(b"k", &out), Ok(b"".as_slice()));
        assert_eq!(unseal(b"k", &out[..4]), Err(ValueError::Short));
    }

    #[test]
    fn a_value_under_another_key_is_refused() {
        let mut out = Vec::new();
        seal(b"k", &[b"v"], &mut out);
        assert_eq!(unseal(b"l", &out), Err(ValueError::Checksum));
    }

    proptest! {
        #[test]
        fn every_flipped_bit_is_found(key in any::<Vec<u8>>(), bytes in any::<Vec<u8>>(), at in any::<usize>()) {
            let mut out = Vec::new();
            seal(&key, &[&bytes], &mut out);
            let bit = at % (out.len() * 8);
            out[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(unseal(&key, &out).is_err());
        }

        #[test]
        fn rubbish_is_an_error_and_no_panic(key in any::<Vec<u8>>(), value in any::<Vec<u8>>()) {
            let _ = unseal(&key, &value);
        }
    }
}
