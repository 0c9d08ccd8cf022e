//! Photos and clips as strangers send them, and what is stored of them: the picture, and nothing else. Nothing is decoded; a walker for
//! each format copies the parts that make the picture and leaves the rest out: places, devices, names, times, previews, comments,
//! profiles, and whatever stands behind the end. What a walker does not know is refused. Pure.
//!
//! The pixels are those of the header, and bounded: whoever shows the picture has to hold them in memory.

mod clip;
mod exif;
pub(crate) mod film;
mod jpeg;
mod png;
mod reader;
pub(crate) mod seeds;
mod webp;

use domain::{FileKind, limits};

/// A picture that can be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Which format.
    pub(crate) kind: FileKind,
    /// Pixels.
    pub(crate) width: u32,
    /// Pixels.
    pub(crate) height: u32,
    /// What is stored: the picture alone.
    pub(crate) bytes: Vec<u8>,
}

/// Why it is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotPicture {
    /// Another format.
    #[error("send a photo as JPEG, PNG or WebP, or a clip as MP4 or MOV: this is none of them")]
    Format,
    /// Of a format that is taken, in a form that is not.
    #[error("{0}: save it as an ordinary JPEG and send that")]
    Form(&'static str),
    /// Not what the format says.
    #[error("the file is damaged ({0}): take or choose the photo again")]
    Damaged(&'static str),
    /// More than is shown.
    #[error("the photo has too many pixels: send one of at most {} megapixels", limits::FILE_PIXELS_MAX / 1_000_000)]
    Pixels,
    /// More than is stored.
    #[error("the photo is too large: send at most {} MiB", limits::FILE_BYTES_MAX / (1024 * 1024))]
    Bytes,
    /// A clip in a form that is not taken.
    #[error("{0}: record it with the phone's camera as MP4 or MOV in H.264 or HEVC, and send that")]
    ClipForm(&'static str),
    /// A clip that is not what the format says.
    #[error("the clip is damaged ({0}): record or choose it again")]
    ClipDamaged(&'static str),
    /// More of a clip than is stored.
    #[error("the clip is too large: send at most {} MiB", limits::CLIP_BYTES_MAX / (1024 * 1024))]
    ClipBytes,
}

/// What of the bytes is stored. Stripping what was stripped changes nothing.
///
/// # Errors
/// [`NotPicture`], in words for who sent it.
pub(crate) fn strip(data: &[u8]) -> Result<Picture, NotPicture> {
    if clip::is_clip(data) {
        let is_within = u32::try_from(data.len()).is_ok_and(|bytes| bytes <= limits::CLIP_BYTES_MAX);
        return if is_within { clip::strip(data) } else { Err(NotPicture::ClipBytes) };
    }
    if !is_within(data.len()) {
        return Err(NotPicture::Bytes);
    }
    let picture = match data {
        [0xff, 0xd8, ..] => jpeg::strip(data)?,
        [0x89, b'P', b'N', b'G', ..] => png::strip(data)?,
        [b'R', b'I', b'F', b'F', ..] => webp::strip(data)?,
        _ => return Err(NotPicture::Format),
    };
    if !is_within(picture.bytes.len()) {
        return Err(NotPicture::Bytes);
    }
    Ok(picture)
}

fn is_within(bytes: usize) -> bool {
    u32::try_from(bytes).is_ok_and(|bytes| bytes <= limits::FILE_BYTES_MAX)
}

/// Both sides, where they are within their bounds.
fn sides(width: u32, height: u32) -> Result<(u32, u32), NotPicture> {
    if width == 0 || height == 0 {
        return Err(NotPicture::Damaged("it has no pixels"));
    }
    let pixels = u64::from(width) * u64::from(height);
    let is_shown = width.max(height) <= limits::FILE_SIDE_PIXELS_MAX && pixels <= limits::FILE_PIXELS_MAX;
    if is_shown { Ok((width, height)) } else { Err(NotPicture::Pixels) }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A JPEG of this size with what is given in front of its picture.
    pub(crate) fn jpeg(width: u16, height: u16, extra: &[u8], entropy: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8];
        bytes.extend(extra);
        bytes.extend([0xff, 0xdb, 0, 67, 0]);
        bytes.extend([1; 64]);
        bytes.extend([0xff, 0xc0, 0, 11, 8]);
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes.extend([1, 1, 0x11, 0]);
        bytes.extend([0xff, 0xc4, 0, 20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.extend([0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
        bytes.extend(entropy);
        bytes.extend([0xff, 0xd9]);
        bytes
    }

    /// A segment with its marker and length.
    pub(crate) fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len() + 2).unwrap();
        [&[0xff, marker][..], &length.to_be_bytes(), body].concat()
    }

    #[test]
    fn what_is_none_of_the_formats_is_refused() {
        for data in [&b""[..], b"%PDF-1.7", b"GIF89a", b"\x00\x00\x00\x18ftypheic", b"<svg xmlns=", b"<html>"] {
            assert_eq!(strip(data), Err(NotPicture::Format), "{data:?}");
        }
    }

    #[test]
    fn too_many_bytes_are_refused_before_they_are_looked_at() {
        let mut data = vec![0xff, 0xd8];
        data.resize(usize::try_from(limits::FILE_BYTES_MAX).unwrap() + 1, 0);
        assert_eq!(strip(&data), Err(NotPicture::Bytes));
    }

    #[test]
    fn sides_are_within_their_bounds() {
        assert_eq!(sides(640, 480), Ok((640, 480)));
        assert_eq!(sides(0, 480), Err(NotPicture::Damaged("it has no pixels")));
        assert_eq!(sides(limits::FILE_SIDE_PIXELS_MAX + 1, 1), Err(NotPicture::Pixels));
        assert_eq!(sides(10_000, 10_000), Err(NotPicture::Pixels));
        assert_eq!(sides(u32::MAX, u32::MAX), Err(NotPicture::Pixels));
    }

    proptest! {
        #[test]
        fn any_bytes_may_come(start in 0usize..5, bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let starts: [&[u8]; 5] = [
                b"",
                b"\xff\xd8\xff",
                b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
                b"RIFF\x40\0\0\0WEBPVP8 ",
                b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x40moov",
            ];
            let start = starts[start];
            if let Ok(picture) = strip(&[start, &bytes[..]].concat()) {
                prop_assert_eq!(strip(&picture.bytes), Ok(picture));
            }
        }

        #[test]
        fn a_flipped_byte_never_brings_more_than_came(at in any::<prop::sample::Index>(), to in any::<u8>()) {
            let secret = segment(0xe1, b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0GPS 16.46N 107.59E");
            let mut data = jpeg(8, 8, &secret, &[0x12, 0x34, 0xff, 0x00, 0x56]);
            let at = at.index(data.len());
            data[at] = to;
            if let Ok(picture) = strip(&data) {
                prop_assert!(picture.bytes.len() <= data.len());
                prop_assert_eq!(strip(&picture.bytes), Ok(picture));
            }
        }
    }
}
