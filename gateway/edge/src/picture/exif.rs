//! The one thing that is kept of Exif (CIPA DC-008): which way up the photo is. A camera stores its sensor's rows and says how to turn
//! them; without that half of all photos would lie on their side.

/// How to turn the rows, 2 to 8 as in Exif; 1 needs no turning and is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Turn(u8);

/// Begins the body of the APP1 segment that holds Exif.
pub(super) const NAME: &[u8] = b"Exif\0\0";

/// The tag of it in the first directory.
const ORIENTATION: u16 = 0x0112;
/// A field of two bytes.
const SHORT: u16 = 3;
/// Entries of the first directory that are looked at: cameras write about twenty.
const ENTRIES_MAX: u16 = 256;

/// Numbers in the order of the file.
#[derive(Clone, Copy)]
struct Tiff<'a> {
    bytes: &'a [u8],
    is_big: bool,
}

impl Tiff<'_> {
    fn u16(self, at: usize) -> Option<u16> {
        let pair = self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) })
    }

    fn u32(self, at: usize) -> Option<u32> {
        let four = self.bytes.get(at..)?.first_chunk()?;
        Some(if self.is_big { u32::from_be_bytes(*four) } else { u32::from_le_bytes(*four) })
    }
}

/// How to turn the rows, out of a TIFF structure behind [`NAME`]; none: not at all, or it cannot be told.
pub(super) fn turn(bytes: &[u8]) -> Option<Turn> {
    let is_big = match bytes.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let tiff = Tiff { bytes, is_big };
    let directory = usize::try_from(tiff.u32(4)?).ok()?;
    let entries = tiff.u16(directory)?.min(ENTRIES_MAX);
    for number in 0..usize::from(entries) {
        let entry = directory.checked_add(2 + 12 * number)?;
        if tiff.u16(entry)? == ORIENTATION {
            let is_one_short = tiff.u16(entry + 2)? == SHORT && tiff.u32(entry + 4)? == 1;
            let turn = u8::try_from(tiff.u16(entry + 8)?).ok()?;
            return (is_one_short && (2..=8).contains(&turn)).then_some(Turn(turn));
        }
    }
    None
}

/// Exif that says this and nothing else: the body of an APP1 segment.
pub(super) fn written(turn: Turn) -> Vec<u8> {
    let mut body = NAME.to_vec();
    body.extend(b"MM\0*\0\0\0\x08");
    body.extend([0, 1]);
    body.extend(ORIENTATION.to_be_bytes());
    body.extend(SHORT.to_be_bytes());
    body.extend([0, 0, 0, 1, 0, turn.0, 0, 0]);
    body.extend([0, 0, 0, 0]);
    body
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for number in 2..=8 {
            let body = written(Turn(number));
            assert_eq!(turn(body.strip_prefix(NAME).unwrap()), Some(Turn(number)));
        }
    }

    #[test]
    fn both_orders_of_bytes_are_read() {
        let mut little = b"II*\0\x08\0\0\0\x02\0".to_vec();
        little.extend([0x0f, 0x01, 2, 0, 4, 0, 0, 0, b'A', b'c', b'm', b'e']);
        little.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]);
        assert_eq!(turn(&little), Some(Turn(6)));
        *little.get_mut(30).unwrap() = 9;
        assert_eq!(turn(&little), None, "there is no such turn");
    }

    proptest! {
        #[test]
        fn any_bytes_may_come(big in any::<bool>(), bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let start: &[u8] = if big { b"MM\0*" } else { b"II*\0" };
            let found = turn(&[start, &bytes[..]].concat());
            prop_assert!(found.is_none_or(|turn| (2..=8).contains(&turn.0)));
        }
    }
}
