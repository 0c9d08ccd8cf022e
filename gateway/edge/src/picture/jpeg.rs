//! JPEG (ITU-T T.81): the segments that make the picture are copied, each after a look at its shape; comments, application data and
//! whatever follows the end (a second picture, the film of a "live" photo) are left out. Of Exif the turn is kept, of JFIF the density,
//! of Adobe's segment how the colours are coded, each written anew.

use domain::FileKind;

use super::{NotPicture, Picture, exif, reader::Reader, sides};

/// Segments of one file: a progressive photo has some dozens, one with a large profile some hundreds.
const SEGMENTS_MAX: usize = 2_000;
/// Scans of one file: each costs whoever shows it a pass over the picture. Encoders write at most about a dozen.
const SCANS_MAX: usize = 64;

const DAMAGED: NotPicture = NotPicture::Damaged("a part of it has the wrong shape");

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const APP0: u8 = 0xe0;
const APP1: u8 = 0xe1;
const APP14: u8 = 0xee;

/// What has been kept of the segments so far.
#[derive(Default)]
struct Kept {
    jfif: Option<[u8; 14]>,
    turn: Option<exif::Turn>,
    adobe: Option<[u8; 12]>,
    size: Option<(u32, u32)>,
    scans: usize,
    /// Tables, frame and scans, in their order.
    body: Vec<u8>,
}

/// See the module.
pub(super) fn strip(data: &[u8]) -> Result<Picture, NotPicture> {
    let mut rest = Reader(data);
    rest.array::<2>()?;
    let mut kept = Kept { body: Vec::with_capacity(data.len()), ..Kept::default() };
    for _ in 0..SEGMENTS_MAX {
        let code = marker(&mut rest)?;
        if code == EOI {
            return kept.finish();
        }
        // These have no length; none has any business here.
        if matches!(code, 0x00..=0x01 | 0xd0..=SOI) {
            return Err(DAMAGED);
        }
        let length = usize::from(rest.u16_be()?);
        let body = rest.take(length.checked_sub(2).ok_or(DAMAGED)?)?;
        kept.take(code, body, &mut rest)?;
    }
    Err(NotPicture::Form("it has too many parts"))
}

/// The code of the next marker; fill bytes before it are left out.
fn marker(rest: &mut Reader<'_>) -> Result<u8, NotPicture> {
    if rest.byte()? != 0xff {
        return Err(DAMAGED);
    }
    loop {
        let code = rest.byte()?;
        if code != 0xff {
            return Ok(code);
        }
    }
}

impl Kept {
    fn take(&mut self, code: u8, body: &[u8], rest: &mut Reader<'_>) -> Result<(), NotPicture> {
        match code {
            APP0 => self.jfif = self.jfif.or_else(|| jfif(body)),
            APP1 => self.turn = self.turn.or_else(|| exif::turn(body.strip_prefix(exif::NAME)?)),
            APP14 => self.adobe = self.adobe.or_else(|| adobe(body)),
            // Other application data and comments.
            0xe2..=0xef | 0xfe => {}
            0xdb => self.table(code, body, quantization_bytes)?,
            0xc4 => self.table(code, body, huffman_bytes)?,
            0xdd if body.len() == 2 => self.push(code, body),
            0xc0..=0xc2 => {
                if self.size.is_some() {
                    return Err(NotPicture::Form("it holds several frames"));
                }
                self.size = Some(frame(body)?);
                self.push(code, body);
            }
            0xda => {
                let components = body.first().copied().unwrap_or_default();
                let is_right = (1..=4).contains(&components) && body.len() == 4 + 2 * usize::from(components);
                if !is_right || self.size.is_none() {
                    return Err(DAMAGED);
                }
                self.scans += 1;
                if self.scans > SCANS_MAX {
                    return Err(NotPicture::Form("it has too many scans"));
                }
                self.push(code, body);
                self.coded(rest)?;
            }
            0xdd => return Err(DAMAGED),
            _ => return Err(NotPicture::Form("it is a rare kind of JPEG")),
        }
        Ok(())
    }

    fn push(&mut self, code: u8, body: &[u8]) {
        push(&mut self.body, code, body);
    }

    /// Tables that fill their segment: nothing else stands in it.
    fn table(&mut self, code: u8, body: &[u8], bytes_of: fn(&[u8]) -> Option<usize>) -> Result<(), NotPicture> {
        let mut left = body;
        while !left.is_empty() {
            left = bytes_of(left).and_then(|bytes| left.get(bytes..)).ok_or(DAMAGED)?;
        }
        self.push(code, body);
        Ok(())
    }

    /// The coded data of a scan, up to the next marker that is not one of its own.
    fn coded(&mut self, rest: &mut Reader<'_>) -> Result<(), NotPicture> {
        loop {
            let run = rest.0.iter().position(|byte| *byte == 0xff).ok_or(NotPicture::Damaged("it is cut off"))?;
            self.body.extend(rest.take(run)?);
            match rest.0 {
                // A byte of data, or a restart.
                [0xff, 0x00 | 0xd0..=0xd7, ..] => self.body.extend(rest.take(2)?),
                // A fill byte.
                [0xff, 0xff, ..] => {
                    rest.byte()?;
                }
                [0xff, _, ..] => return Ok(()),
                _ => return Err(NotPicture::Damaged("it is cut off")),
            }
        }
    }

    fn finish(self) -> Result<Picture, NotPicture> {
        let (width, height) = self.size.filter(|_| self.scans > 0).ok_or(NotPicture::Damaged("it has no picture"))?;
        let mut bytes = vec![0xff, SOI];
        if let Some(jfif) = self.jfif {
            push(&mut bytes, APP0, &jfif);
        }
        if let Some(turn) = self.turn {
            push(&mut bytes, APP1, &exif::written(turn));
        }
        if let Some(adobe) = self.adobe {
            push(&mut bytes, APP14, &adobe);
        }
        bytes.extend(self.body);
        bytes.extend([0xff, EOI]);
        Ok(Picture { kind: FileKind::Jpeg, width, height, bytes })
    }
}

/// Appends a segment; its body came out of one, or is shorter.
fn push(bytes: &mut Vec<u8>, code: u8, body: &[u8]) {
    let length = u16::try_from(body.len() + 2).unwrap_or(u16::MAX);
    bytes.extend([0xff, code]);
    bytes.extend(length.to_be_bytes());
    bytes.extend(body);
}

/// JFIF's version and density, without its preview.
fn jfif(body: &[u8]) -> Option<[u8; 14]> {
    let known: &[u8; 12] = body.first_chunk().filter(|_| body.starts_with(b"JFIF\0") && body.len() >= 14)?;
    let mut kept = [0; 14];
    kept.iter_mut().zip(known).for_each(|(kept, known)| *kept = *known);
    Some(kept)
}

/// How the colours are coded, the rest as Adobe writes it.
fn adobe(body: &[u8]) -> Option<[u8; 12]> {
    let [b'A', b'd', b'o', b'b', b'e', _, _, _, _, _, _, transform @ 0..=2] = body else { return None };
    Some([b'A', b'd', b'o', b'b', b'e', 0, 100, 0, 0, 0, 0, *transform])
}

/// Bytes of the first quantization table.
fn quantization_bytes(tables: &[u8]) -> Option<usize> {
    match tables.first()? {
        0x00..=0x03 => Some(1 + 64),
        0x10..=0x13 => Some(1 + 128),
        _ => None,
    }
}

/// Bytes of the first Huffman table.
fn huffman_bytes(tables: &[u8]) -> Option<usize> {
    let (kind, rest) = tables.split_first()?;
    let counts: &[u8; 16] = rest.first_chunk()?;
    let symbols: usize = counts.iter().map(|count| usize::from(*count)).sum();
    (matches!(kind, 0x00..=0x03 | 0x10..=0x13) && symbols <= 256).then_some(17 + symbols)
}

/// The sides that a frame's header says.
fn frame(body: &[u8]) -> Result<(u32, u32), NotPicture> {
    let mut header = Reader(body);
    let precision = header.byte()?;
    let (height, width) = (header.u16_be()?, header.u16_be()?);
    let components = header.byte()?;
    if precision != 8 || !matches!(components, 1 | 3 | 4) {
        return Err(NotPicture::Form("it is a rare kind of JPEG"));
    }
    if header.0.len() != 3 * usize::from(components) {
        return Err(DAMAGED);
    }
    sides(u32::from(width), u32::from(height))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{jpeg, segment};
    use super::*;

    const ENTROPY: &[u8] = &[0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56];
    const EXIF: &[u8] = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0GPS";

    fn stripped(data: &[u8]) -> Vec<u8> {
        strip(data).unwrap().bytes
    }

    #[test]
    fn the_picture_stays_and_nothing_else() {
        let plain = jpeg(640, 480, &[], ENTROPY);
        let picture = strip(&plain).unwrap();
        assert_eq!((picture.kind, picture.width, picture.height), (FileKind::Jpeg, 640, 480));
        assert_eq!(picture.bytes, plain);
        let secrets = [
            segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>secret</x:xmpmeta>"),
            segment(0xe2, b"ICC_PROFILE\0\x01\x01secret"),
            segment(0xed, b"Photoshop 3.0\0secret"),
            segment(0xfe, b"secret"),
        ];
        let mut dirty = jpeg(640, 480, &secrets.concat(), ENTROPY);
        dirty.extend(b"ftypmp42 a film of three seconds, secret");
        assert_eq!(stripped(&dirty), plain);
    }

    #[test]
    fn of_exif_the_turn_stays() {
        let turned = stripped(&jpeg(4, 4, &segment(0xe1, EXIF), ENTROPY));
        assert_eq!(turned, jpeg(4, 4, &segment(0xe1, &EXIF[..EXIF.len() - 3]), ENTROPY));
        assert_eq!(stripped(&turned), turned);
    }

    #[test]
    fn of_jfif_the_preview_goes() {
        let with_preview = segment(0xe0, b"JFIF\0\x01\x02\x01\0\x48\0\x48\x01\x01RGB");
        let without = segment(0xe0, b"JFIF\0\x01\x02\x01\0\x48\0\x48\0\0");
        assert_eq!(stripped(&jpeg(4, 4, &with_preview, ENTROPY)), jpeg(4, 4, &without, ENTROPY));
    }

    #[test]
    fn how_adobe_codes_colours_stays() {
        let said = segment(0xee, b"Adobe\0\x64\xc0\x01\0\x01\x01");
        let kept = segment(0xee, b"Adobe\0\x64\0\0\0\0\x01");
        assert_eq!(stripped(&jpeg(4, 4, &said, ENTROPY)), jpeg(4, 4, &kept, ENTROPY));
    }

    #[test]
    fn what_is_cut_off_or_bent_is_refused() {
        let whole = jpeg(4, 4, &[], ENTROPY);
        for length in 2..whole.len() {
            assert!(strip(&whole[..length]).is_err(), "{length} bytes");
        }
        assert_eq!(strip(&[0xff, 0xd8, 0xff, 0xd9]), Err(NotPicture::Damaged("it has no picture")));
        let arithmetic = jpeg(4, 4, &segment(0xc9, &[8, 0, 4, 0, 4, 1, 1, 0x11, 0]), ENTROPY);
        assert_eq!(strip(&arithmetic), Err(NotPicture::Form("it is a rare kind of JPEG")));
        let two_frames = jpeg(4, 4, &segment(0xc0, &[8, 0, 4, 0, 4, 1, 1, 0x11, 0]), ENTROPY);
        assert_eq!(strip(&two_frames), Err(NotPicture::Form("it holds several frames")));
        let hidden = jpeg(4, 4, &segment(0xdb, &[&[0][..], &[1; 64], b"secret"].concat()), ENTROPY);
        assert_eq!(strip(&hidden), Err(DAMAGED));
    }

    #[test]
    fn a_bomb_is_told_by_its_header() {
        assert_eq!(strip(&jpeg(65_535, 65_535, &[], ENTROPY)), Err(NotPicture::Pixels));
        assert_eq!(strip(&jpeg(4, 0, &[], ENTROPY)), Err(NotPicture::Damaged("it has no pixels")));
    }

    #[test]
    fn endless_parts_are_refused() {
        let parts = segment(0xfe, b"x").repeat(SEGMENTS_MAX);
        assert_eq!(strip(&jpeg(4, 4, &parts, ENTROPY)), Err(NotPicture::Form("it has too many parts")));
    }

    proptest! {
        #[test]
        fn whatever_else_is_said_does_not_matter(
            said in proptest::collection::vec((0xe2u8..=0xed, proptest::collection::vec(any::<u8>(), 0..60)), 0..6),
            behind in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let extra: Vec<u8> = said.iter().flat_map(|(marker, body)| segment(*marker, body)).collect();
            let dirty = [jpeg(9, 7, &extra, ENTROPY), behind].concat();
            prop_assert_eq!(strip(&dirty).unwrap().bytes, jpeg(9, 7, &[], ENTROPY));
        }
    }
}
