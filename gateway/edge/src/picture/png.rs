//! PNG (W3C, ISO/IEC 15948): the critical chunks and those that say which colours are meant are copied, with their checksums verified;
//! texts, times, profiles, Exif, animations and whatever follows the end are left out.

use domain::FileKind;

use super::{NotPicture, Picture, reader::Reader, sides};

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";

/// Chunks of one file: the largest picture that is taken has one for each 8 KiB.
const CHUNKS_MAX: usize = 16_384;

const DAMAGED: NotPicture = NotPicture::Damaged("a part of it has the wrong shape");

/// The remainders of CRC-32 as PNG has it (polynomial 0xedb88320, reflected).
const CRC: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        #[allow(clippy::cast_possible_truncation, reason = "n is below 256")]
        let mut c = n as u32;
        let mut bit = 0;
        while bit < 8 {
            c = if c & 1 == 1 { 0xedb8_8320 ^ (c >> 1) } else { c >> 1 };
            bit += 1;
        }
        table[n] = c;
        n += 1;
    }
    table
};

pub(super) fn crc(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        let [low, ..] = crc.to_le_bytes();
        CRC[usize::from(low ^ byte)] ^ (crc >> 8)
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// How far the file is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Before,
    Data,
    After,
}

/// See the module.
pub(super) fn strip(data: &[u8]) -> Result<Picture, NotPicture> {
    let mut rest = Reader(data);
    if rest.array::<8>()? != *SIGNATURE {
        return Err(DAMAGED);
    }
    let mut bytes = Vec::with_capacity(data.len());
    bytes.extend(SIGNATURE);
    let mut size = None;
    let mut stage = Stage::Before;
    // Chunks that may stand there once.
    let mut seen: Vec<[u8; 4]> = Vec::new();
    for _ in 0..CHUNKS_MAX {
        let chunk = rest.0;
        let length = rest.u32_be()?;
        let checked = rest.0;
        let name = rest.array::<4>()?;
        let body = rest.take_u32(length)?;
        let sum = rest.u32_be()?;
        if checked.get(..4 + body.len()).map(crc) != Some(sum) {
            return Err(NotPicture::Damaged("a checksum is wrong"));
        }
        if size.is_none() && name != *b"IHDR" {
            return Err(DAMAGED);
        }
        if stage == Stage::Data && name != *b"IDAT" {
            stage = Stage::After;
        }
        let is_kept = match &name {
            b"IHDR" if size.is_none() => {
                size = Some(header(body)?);
                true
            }
            b"IDAT" if stage != Stage::After => {
                stage = Stage::Data;
                true
            }
            b"IEND" if stage == Stage::After && body.is_empty() => true,
            b"PLTE" if stage == Stage::Before && body.len() <= 768 && body.len().is_multiple_of(3) => true,
            b"IHDR" | b"IDAT" | b"IEND" | b"PLTE" => return Err(DAMAGED),
            b"tRNS" => stage == Stage::Before && body.len() <= 256,
            b"gAMA" => stage == Stage::Before && body.len() == 4,
            b"cHRM" => stage == Stage::Before && body.len() == 32,
            b"sRGB" => stage == Stage::Before && body.len() == 1,
            // A small first letter: whoever does not know it may pass over it.
            [first, ..] if first.is_ascii_lowercase() => false,
            _ => return Err(NotPicture::Form("it is a rare kind of PNG")),
        };
        if is_kept && name != *b"IDAT" {
            if seen.contains(&name) {
                return Err(DAMAGED);
            }
            seen.push(name);
        }
        if is_kept {
            bytes.extend(chunk.get(..12 + body.len()).unwrap_or_default());
        }
        if name == *b"IEND" {
            let (width, height) = size.ok_or(DAMAGED)?;
            return Ok(Picture { kind: FileKind::Png, width, height, bytes });
        }
    }
    Err(NotPicture::Form("it has too many parts"))
}

/// The sides that the header says.
fn header(body: &[u8]) -> Result<(u32, u32), NotPicture> {
    let mut rest = Reader(body);
    let (width, height) = (rest.u32_be()?, rest.u32_be()?);
    let [depth, colour, compression, filter, interlace] = rest.array::<5>()?;
    let is_colour = match colour {
        0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
        2 | 4 | 6 => matches!(depth, 8 | 16),
        3 => matches!(depth, 1 | 2 | 4 | 8),
        _ => false,
    };
    if !is_colour || (compression, filter) != (0, 0) || interlace > 1 || !rest.0.is_empty() {
        return Err(DAMAGED);
    }
    sides(width, height)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap();
        let checked = [&name[..], body].concat();
        [&length.to_be_bytes()[..], &checked, &crc(&checked).to_be_bytes()].concat()
    }

    fn png(width: u32, height: u32, before: &[u8], behind: &[u8]) -> Vec<u8> {
        let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
        [
            &SIGNATURE[..],
            &chunk(b"IHDR", &header),
            before,
            &chunk(b"IDAT", &[1, 2, 3]),
            &chunk(b"IDAT", &[4]),
            behind,
            &chunk(b"IEND", &[]),
        ]
        .concat()
    }

    #[test]
    fn the_checksum_is_pngs() {
        // The IEND of every PNG.
        assert_eq!(crc(b"IEND"), 0xae42_6082);
    }

    #[test]
    fn the_picture_stays_and_nothing_else() {
        let kept = [chunk(b"gAMA", &[0, 0, 0xb1, 0x8f]), chunk(b"sRGB", &[0])].concat();
        let plain = png(3, 2, &kept, &[]);
        let picture = strip(&plain).unwrap();
        assert_eq!((picture.kind, picture.width, picture.height), (FileKind::Png, 3, 2));
        assert_eq!(picture.bytes, plain);
        let secrets = [chunk(b"tEXt", b"Author\0secret"), chunk(b"eXIf", b"MM\0*secret")].concat();
        let mut dirty = png(3, 2, &[&secrets[..], &kept].concat(), &chunk(b"iTXt", b"XML:com.adobe.xmp\0secret"));
        dirty.extend(b"secret");
        assert_eq!(strip(&dirty).unwrap().bytes, plain);
    }

    #[test]
    fn what_is_cut_off_or_bent_is_refused() {
        let whole = png(3, 2, &[], &[]);
        for length in 4..whole.len() {
            assert!(strip(&whole[..length]).is_err(), "{length} bytes");
        }
        let mut bent = whole;
        *bent.get_mut(45).unwrap() ^= 1;
        assert!(strip(&bent).is_err());
        assert!(strip(&png(3, 2, &chunk(b"ABCD", b""), &[])).is_err(), "a critical chunk that nobody knows");
        assert!(strip(&png(3, 2, &chunk(b"PLTE", &[1, 2]), &[])).is_err());
        assert!(strip(&png(3, 2, &[], &chunk(b"IDAT", &[9]))).is_ok());
        let parted = [chunk(b"tIME", &[0; 7]), chunk(b"IDAT", &[9])].concat();
        assert!(strip(&png(3, 2, &[], &parted)).is_err(), "data in two places");
    }

    #[test]
    fn a_bomb_is_told_by_its_header() {
        assert_eq!(strip(&png(50_000, 50_000, &[], &[])), Err(NotPicture::Pixels));
        assert_eq!(strip(&png(0, 2, &[], &[])), Err(NotPicture::Damaged("it has no pixels")));
    }

    /// Names of chunks that a reader may pass over, without those that a picture keeps.
    fn passed_over() -> impl Strategy<Value = String> {
        "[a-z][A-Z]{3}"
            .prop_filter("a picture keeps it", |name| !["tRNS", "gAMA", "cHRM", "sRGB"].contains(&name.as_str()))
    }

    proptest! {
        #[test]
        fn whatever_else_is_said_does_not_matter(
            said in proptest::collection::vec((passed_over(), proptest::collection::vec(any::<u8>(), 0..40)), 0..5),
        ) {
            let named = said.iter().map(|(name, body)| (<[u8; 4]>::try_from(name.as_bytes()).unwrap(), body));
            let chunks: Vec<u8> = named.flat_map(|(name, body)| chunk(&name, body)).collect();
            prop_assert_eq!(strip(&png(3, 2, &chunks, &[])).unwrap().bytes, png(3, 2, &[], &[]));
        }
    }
}
