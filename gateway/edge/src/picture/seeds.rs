//! Small pictures and clips of each format, each with something that must not be stored: for the fuzz targets, and for tests elsewhere.

use super::film::{Track, film};

/// What no stored picture may hold.
pub(crate) const SECRET: &[u8] = b"GPS 16.46N 107.59E";

/// One of each format.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    vec![jpeg(), png(), webp(), clip(*b"qt  "), clip(*b"mp42")]
}

/// A clip of a picture, its sound, and where its phone was meanwhile.
fn clip(brand: [u8; 4]) -> Vec<u8> {
    let track = |handler: &[u8; 4], codec: &[u8; 4], sample: &[u8]| Track {
        handler: *handler,
        codec: *codec,
        samples: vec![sample.to_vec(), sample.to_vec()],
    };
    film(brand, &[track(b"vide", b"avc1", &[1; 9]), track(b"meta", b"mebx", SECRET), track(b"soun", b"mp4a", &[2; 5])])
}

/// A grey JPEG of eight by eight pixels that is to be turned.
fn jpeg() -> Vec<u8> {
    let exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xe1, 0, 52];
    bytes.extend(exif);
    bytes.extend(SECRET);
    bytes.extend([0xff, 0xdb, 0, 67, 0]);
    bytes.extend([1; 64]);
    bytes.extend([0xff, 0xc0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]);
    // One code of one bit in each table: no difference, and the end of the block.
    for table in [0x00, 0x10] {
        bytes.extend([0xff, 0xc4, 0, 20, table, 1]);
        bytes.extend([0; 15]);
        bytes.push(0);
    }
    bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0, 0x3f, 0xff, 0xd9]);
    bytes.extend(SECRET);
    bytes
}

/// A white PNG of one pixel, with a text.
fn png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut push = |name: &[u8; 4], body: &[u8]| {
        let checked = [&name[..], body].concat();
        bytes.extend(u32::try_from(body.len()).unwrap_or_default().to_be_bytes());
        bytes.extend(&checked);
        bytes.extend(super::png::crc(&checked).to_be_bytes());
    };
    push(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]);
    push(b"tEXt", SECRET);
    // A stored block of deflate: no filter, white.
    push(b"IDAT", &[0x78, 0x01, 0x01, 0x02, 0x00, 0xfd, 0xff, 0x00, 0xff, 0x01, 0x01, 0x01, 0x00]);
    push(b"IEND", &[]);
    bytes
}

/// The frame of a WebP, with XMP behind it.
fn webp() -> Vec<u8> {
    let mut body = b"WEBPVP8X\x0a\0\0\0\x04\0\0\0\x07\0\0\x07\0\0".to_vec();
    body.extend(b"VP8 \x0c\0\0\0\x10\0\0\x9d\x01\x2a\x08\0\x08\0\x01\x02");
    body.extend(b"XMP ");
    body.extend(u32::try_from(SECRET.len()).unwrap_or_default().to_le_bytes());
    body.extend(SECRET);
    let length = u32::try_from(body.len()).unwrap_or_default();
    [&b"RIFF"[..], &length.to_le_bytes(), &body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_taken_without_its_secret() {
        for seed in seeds() {
            let holds = |bytes: &[u8]| bytes.windows(SECRET.len()).any(|found| found == SECRET);
            assert!(holds(&seed));
            let picture = super::super::strip(&seed).unwrap();
            assert!(!holds(&picture.bytes), "{:?}", picture.kind);
        }
    }
}
