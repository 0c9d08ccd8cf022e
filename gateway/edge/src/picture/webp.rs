//! WebP (RFC 9649): the still picture and its alpha are copied into a file of their own; Exif, XMP, profiles and what nobody knows
//! are left out. Moving pictures are refused.

use domain::FileKind;

use super::{NotPicture, Picture, reader::Reader, sides};

/// Chunks of one file: a still picture has a handful.
const CHUNKS_MAX: usize = 64;

const DAMAGED: NotPicture = NotPicture::Damaged("a part of it has the wrong shape");

/// The flag of an extended file that has alpha in a chunk of its own.
const HAS_ALPHA: u8 = 0x10;

/// See the module.
pub(super) fn strip(data: &[u8]) -> Result<Picture, NotPicture> {
    let mut rest = Reader(data);
    rest.array::<4>()?;
    let length = rest.u32_le()?;
    let mut rest = Reader(rest.take_u32(length)?);
    if rest.array::<4>()? != *b"WEBP" {
        return Err(NotPicture::Format);
    }
    let (mut picture, mut alpha) = (None, None);
    for _ in 0..CHUNKS_MAX {
        if rest.0.is_empty() {
            let (name, body) = picture.ok_or(NotPicture::Damaged("it has no picture"))?;
            return written(name, body, alpha);
        }
        let name = rest.array::<4>()?;
        let length = rest.u32_le()?;
        let body = rest.take_u32(length)?;
        if !length.is_multiple_of(2) {
            rest.byte()?;
        }
        match &name {
            b"VP8 " | b"VP8L" if picture.is_none() => picture = Some((name, body)),
            b"ALPH" if alpha.is_none() && picture.is_none() => alpha = Some(body),
            b"VP8 " | b"VP8L" | b"ALPH" => return Err(DAMAGED),
            b"ANIM" | b"ANMF" => return Err(NotPicture::Form("it is a moving picture")),
            _ => {}
        }
    }
    Err(NotPicture::Form("it has too many parts"))
}

/// A file of this picture alone.
fn written(name: [u8; 4], body: &[u8], alpha: Option<&[u8]>) -> Result<Picture, NotPicture> {
    let (width, height) = if name == *b"VP8L" { lossless(body)? } else { lossy(body)? };
    // A lossless picture has its alpha within.
    let alpha = alpha.filter(|_| name == *b"VP8 ");
    let mut chunks = b"WEBP".to_vec();
    if let Some(alpha) = alpha {
        let canvas = [width - 1, height - 1].map(u32::to_le_bytes);
        let [[w0, w1, w2, _], [h0, h1, h2, _]] = canvas;
        push(&mut chunks, *b"VP8X", &[HAS_ALPHA, 0, 0, 0, w0, w1, w2, h0, h1, h2])?;
        push(&mut chunks, *b"ALPH", alpha)?;
    }
    push(&mut chunks, name, body)?;
    let length = u32::try_from(chunks.len()).map_err(|_| NotPicture::Bytes)?;
    let bytes = [&b"RIFF"[..], &length.to_le_bytes(), &chunks].concat();
    Ok(Picture { kind: FileKind::Webp, width, height, bytes })
}

fn push(bytes: &mut Vec<u8>, name: [u8; 4], body: &[u8]) -> Result<(), NotPicture> {
    let length = u32::try_from(body.len()).map_err(|_| NotPicture::Bytes)?;
    bytes.extend(name);
    bytes.extend(length.to_le_bytes());
    bytes.extend(body);
    if !length.is_multiple_of(2) {
        bytes.push(0);
    }
    Ok(())
}

/// The sides that the first frame of VP8 says (RFC 6386, 9.1).
fn lossy(body: &[u8]) -> Result<(u32, u32), NotPicture> {
    let mut rest = Reader(body);
    let [tag, _, _] = rest.array::<3>()?;
    let is_key = tag & 1 == 0;
    if !is_key || rest.array::<3>()? != [0x9d, 0x01, 0x2a] {
        return Err(DAMAGED);
    }
    let [w0, w1, h0, h1] = rest.array::<4>()?;
    // The two highest bits only say how to scale it.
    sides(u32::from(u16::from_le_bytes([w0, w1 & 0x3f])), u32::from(u16::from_le_bytes([h0, h1 & 0x3f])))
}

/// The sides that the header of a lossless picture says (RFC 9649, 3.4).
fn lossless(body: &[u8]) -> Result<(u32, u32), NotPicture> {
    let mut rest = Reader(body);
    if rest.byte()? != 0x2f {
        return Err(DAMAGED);
    }
    let bits = rest.u32_le()?;
    if bits >> 29 != 0 {
        return Err(NotPicture::Form("it is a rare kind of WebP"));
    }
    sides((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        push(&mut bytes, *name, body).unwrap();
        bytes
    }

    fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
        let body = [b"WEBP".to_vec(), chunks.concat()].concat();
        [&b"RIFF"[..], &u32::try_from(body.len()).unwrap().to_le_bytes(), &body].concat()
    }

    fn vp8(width: u16, height: u16) -> Vec<u8> {
        let size = [width.to_le_bytes(), height.to_le_bytes()].concat();
        chunk(b"VP8 ", &[&[0x10, 0, 0, 0x9d, 0x01, 0x2a][..], &size, &[1, 2, 3]].concat())
    }

    fn vp8l(width: u32, height: u32) -> Vec<u8> {
        let bits = (width - 1) | ((height - 1) << 14) | (1 << 28);
        chunk(b"VP8L", &[&[0x2f][..], &bits.to_le_bytes(), &[9]].concat())
    }

    fn secrets() -> [Vec<u8>; 3] {
        [chunk(b"ICCP", b"secret"), chunk(b"EXIF", b"MM\0*secret"), chunk(b"XMP ", b"<x>secret</x>")]
    }

    #[test]
    fn the_picture_stays_and_nothing_else() {
        let [icc, exif, xmp] = secrets();
        for (picture, size) in [(vp8(640, 480), (640, 480)), (vp8l(9_000, 2), (9_000, 2))] {
            let plain = riff(std::slice::from_ref(&picture));
            let found = strip(&plain).unwrap();
            assert_eq!((found.kind, (found.width, found.height)), (FileKind::Webp, size));
            assert_eq!(found.bytes, plain);
            let extended = chunk(b"VP8X", &[0x2c, 0, 0, 0, 0x7f, 2, 0, 0xdf, 1, 0]);
            let mut dirty = riff(&[extended, icc.clone(), picture, exif.clone(), xmp.clone()]);
            dirty.extend(b"secret");
            assert_eq!(strip(&dirty).unwrap().bytes, plain);
        }
    }

    #[test]
    fn a_bomb_is_told_by_its_header() {
        assert_eq!(strip(&riff(&[vp8l(16_383, 16_383)])), Err(NotPicture::Pixels));
        assert_eq!(strip(&riff(&[vp8(0, 4)])), Err(NotPicture::Damaged("it has no pixels")));
    }

    #[test]
    fn alpha_stays() {
        let extended = chunk(b"VP8X", &[HAS_ALPHA, 0, 0, 0, 0x7f, 2, 0, 0xdf, 1, 0]);
        let plain = riff(&[extended, chunk(b"ALPH", &[0, 7, 7]), vp8(640, 480)]);
        let found = strip(&plain).unwrap();
        assert_eq!((found.width, found.height), (640, 480));
        assert_eq!(found.bytes, plain);
    }

    #[test]
    fn what_is_cut_off_moves_or_is_bent_is_refused() {
        let whole = riff(&[vp8(6, 4)]);
        for length in 4..whole.len() {
            assert!(strip(&whole[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(strip(&riff(&[])), Err(NotPicture::Damaged("it has no picture")));
        assert_eq!(strip(&riff(&[vp8(6, 4), vp8(6, 4)])), Err(DAMAGED));
        let moving = riff(&[chunk(b"VP8X", &[2; 10]), chunk(b"ANIM", &[0; 6])]);
        assert_eq!(strip(&moving), Err(NotPicture::Form("it is a moving picture")));
        assert_eq!(strip(b"RIFF\x04\0\0\0WAVE"), Err(NotPicture::Format));
    }

    proptest! {
        #[test]
        fn any_body_may_come(body in proptest::collection::vec(any::<u8>(), 0..40), lossless in any::<bool>()) {
            let name = if lossless { b"VP8L" } else { b"VP8 " };
            if let Ok(picture) = strip(&riff(&[chunk(name, &body)])) {
                prop_assert_eq!(strip(&picture.bytes), Ok(picture));
            }
        }
    }
}
