//! Photos that nobody took: sky, ground, and something in the colour of what is told, as PNG. Pure.

use std::io::Write;

use domain::IncidentKind;
use flate2::{Compression, Crc, write::ZlibEncoder};

use crate::town::random::Random;

/// Pixels across and down.
const WIDTH: u32 = 320;
const HEIGHT: u32 = 240;
/// How wide and high the thing is that the photo is of.
const THING: u32 = 80;
const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Eight bits a channel, three channels, nothing interlaced.
const TRUE_COLOUR: [u8; 5] = [8, 2, 0, 0, 0];

type Colour = [u8; 3];

fn colour(kind: IncidentKind) -> Colour {
    match kind {
        IncidentKind::Fire => [226, 88, 34],
        IncidentKind::Flood => [92, 84, 61],
        IncidentKind::Medical => [200, 30, 45],
        IncidentKind::Traffic => [40, 60, 140],
        IncidentKind::Pollution => [60, 52, 48],
        IncidentKind::PublicOrder => [120, 60, 130],
        IncidentKind::Infrastructure => [130, 96, 60],
        IncidentKind::Device | IncidentKind::Other => [90, 90, 90],
    }
}

/// A photo; each is another one.
pub(super) fn png(random: &mut Random, kind: IncidentKind) -> Vec<u8> {
    let mut below = |count: u32| {
        let count = usize::try_from(count).unwrap_or(1);
        u32::try_from(random.below(count)).unwrap_or(0)
    };
    let horizon = HEIGHT / 3 + below(HEIGHT / 4);
    let (left, top) = (below(WIDTH - THING), horizon - THING / 2);
    let thing = colour(kind);
    let mut lines = Vec::new();
    for y in 0..HEIGHT {
        // Each line says first how it was filtered: not at all.
        lines.push(0);
        for x in 0..WIDTH {
            let is_thing = (left..left + THING).contains(&x) && (top..top + THING).contains(&y);
            let pixel = match y {
                _ if is_thing => thing,
                y if y < horizon => [176, 200, 220],
                _ => [96, 120, 72],
            };
            lines.extend_from_slice(&pixel);
        }
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory does not fail.
    let _ = packed.write_all(&lines);
    let packed = packed.finish().unwrap_or_default();
    let mut out = SIGNATURE.to_vec();
    let size = [WIDTH.to_be_bytes(), HEIGHT.to_be_bytes()].concat();
    chunk(&mut out, *b"IHDR", &[size.as_slice(), &TRUE_COLOUR].concat());
    chunk(&mut out, *b"IDAT", &packed);
    chunk(&mut out, *b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, name: [u8; 4], data: &[u8]) {
    out.extend_from_slice(&u32::try_from(data.len()).unwrap_or(0).to_be_bytes());
    let mut crc = Crc::new();
    for part in [&name[..], data] {
        crc.update(part);
        out.extend_from_slice(part);
    }
    out.extend_from_slice(&crc.sum().to_be_bytes());
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::ZlibDecoder;

    use super::*;

    #[test]
    fn a_photo_is_a_png_of_its_size_and_no_two_are_the_same() {
        let mut random = Random::new(3, "photo");
        let (one, other) = (png(&mut random, IncidentKind::Fire), png(&mut random, IncidentKind::Fire));
        assert_ne!(one, other);
        assert!(one.starts_with(SIGNATURE) && one.len() < 32 * 1024, "{}", one.len());
        // Signature, the header's length, name, 13 bytes and checksum; then length and name of the pixels.
        let at = SIGNATURE.len() + 4 + 4 + 13 + 4;
        assert_eq!(&one[at + 4..at + 8], b"IDAT");
        let length = u32::from_be_bytes(one[at..at + 4].try_into().unwrap());
        let mut lines = Vec::new();
        ZlibDecoder::new(&one[at + 8..at + 8 + length as usize]).read_to_end(&mut lines).unwrap();
        assert_eq!(lines.len(), (HEIGHT * (WIDTH * 3 + 1)) as usize);
        assert!(lines.windows(3).any(|pixel| pixel == colour(IncidentKind::Fire)));
        // The checksum of an end without data is known (PNG, 11.2.5).
        assert!(one.ends_with(b"IEND\xae\x42\x60\x82"));
    }
}
