//! Sound files: WAVE in RIFF (Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0; RFC 2361 for the
//! codings' numbers), as far as a telephone's sound needs it. Pure.

use crate::{
    g711::Law,
    limits::{ANNOUNCEMENT_BYTES_MAX, ANNOUNCEMENT_S_MAX},
};

/// Samples of a second: the telephone net's.
pub(crate) const RATE_HZ: u32 = 8_000;
const PCM: u16 = 1;
const A_LAW: u16 = 6;
const MU_LAW: u16 = 7;
/// The coding stands further behind.
const EXTENSIBLE: u16 = 0xFFFE;

/// Why a file is no announcement, and what to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnnouncementError {
    /// Something else.
    #[error("this is no WAV file; save the announcement as WAV")]
    NoWav,
    /// It says that it has more than there is.
    #[error("the file is cut off; save it anew, to a file and not through a pipe")]
    CutOff,
    /// A sound that telephones do not have.
    #[error(
        "it has {channels} channel(s) of {rate_hz} Hz in coding {coding} of {bits} bits; make it one channel of 8000 Hz in 16-bit PCM, \
         A-law or mu-law, for example with: sox in.wav -r 8000 -c 1 -b 16 out.wav"
    )]
    Format {
        /// RFC 2361's number of the coding.
        coding: u16,
        /// Channels.
        channels: u16,
        /// Samples of a second.
        rate_hz: u32,
        /// Bits of a sample.
        bits: u16,
    },
    /// Nothing to hear.
    #[error("it has no sound; record one")]
    Empty,
    /// Longer than somebody listens.
    #[error("it is longer than {} s; shorten it", ANNOUNCEMENT_S_MAX)]
    TooLong,
    /// A file that cannot be one.
    #[error("it is larger than {} bytes; shorten it", ANNOUNCEMENT_BYTES_MAX)]
    TooLarge,
}

/// The samples of a file.
pub(crate) fn samples(file: &[u8]) -> Result<Vec<i16>, AnnouncementError> {
    if file.len() > ANNOUNCEMENT_BYTES_MAX {
        return Err(AnnouncementError::TooLarge);
    }
    if !file.starts_with(b"RIFF") || file.get(8..12) != Some(b"WAVE".as_slice()) {
        return Err(AnnouncementError::NoWav);
    }
    let mut format = None;
    let mut rest = file.get(12..).unwrap_or_default();
    while let Some((head, body)) = rest.split_at_checked(8) {
        let (name, length) = head.split_at(4);
        let length = u32_at(length, 0).and_then(|length| usize::try_from(length).ok());
        let chunk = length.and_then(|length| body.get(..length)).ok_or(AnnouncementError::CutOff)?;
        match name {
            b"fmt " => format = Some(coding_of(chunk)?),
            b"data" => return decode(format.ok_or(AnnouncementError::NoWav)?, chunk),
            _ => {}
        }
        // Chunks begin at even places.
        rest = body.get(chunk.len() + chunk.len() % 2..).unwrap_or_default();
    }
    Err(AnnouncementError::NoWav)
}

/// The coding, if it is one that telephones have.
fn coding_of(chunk: &[u8]) -> Result<u16, AnnouncementError> {
    let half = |at| u16_at(chunk, at).ok_or(AnnouncementError::CutOff);
    let (channels, bits) = (half(2)?, half(14)?);
    let rate_hz = u32_at(chunk, 4).ok_or(AnnouncementError::CutOff)?;
    let coding = match half(0)? {
        EXTENSIBLE => half(24)?,
        coding => coding,
    };
    let is_known = matches!((coding, bits), (PCM, 16) | (A_LAW | MU_LAW, 8));
    if is_known && channels == 1 && rate_hz == RATE_HZ {
        return Ok(coding);
    }
    Err(AnnouncementError::Format { coding, channels, rate_hz, bits })
}

fn decode(coding: u16, data: &[u8]) -> Result<Vec<i16>, AnnouncementError> {
    let samples: Vec<i16> = match coding {
        A_LAW => data.iter().map(|byte| Law::A.decode(*byte)).collect(),
        MU_LAW => data.iter().map(|byte| Law::Mu.decode(*byte)).collect(),
        _ => data.chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect(),
    };
    let most = usize::try_from(RATE_HZ).unwrap_or(usize::MAX).saturating_mul(ANNOUNCEMENT_S_MAX);
    match samples.len() {
        0 => Err(AnnouncementError::Empty),
        length if length > most => Err(AnnouncementError::TooLong),
        _ => Ok(samples),
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let found = bytes.get(at..)?.first_chunk::<2>()?;
    Some(u16::from_le_bytes(*found))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*found))
}

/// A file of these samples: one channel of 8 kHz, 16-bit PCM.
pub(crate) fn file(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes();
    let mut out = Vec::with_capacity(data.len() + 44);
    out.extend_from_slice(b"RIFF");
    out.extend(length(data.len() + 36));
    out.extend_from_slice(b"WAVEfmt ");
    out.extend(length(16));
    out.extend(PCM.to_le_bytes());
    out.extend(1_u16.to_le_bytes());
    out.extend(RATE_HZ.to_le_bytes());
    out.extend((2 * RATE_HZ).to_le_bytes());
    out.extend(2_u16.to_le_bytes());
    out.extend(16_u16.to_le_bytes());
    out.extend_from_slice(b"data");
    out.extend(length(data.len()));
    out.extend(data);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A file of this coding, with a chunk of odd length before its sound.
    fn coded(coding: u16, bits: u16, channels: u16, rate_hz: u32, data: &[u8]) -> Vec<u8> {
        let mut out = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0".to_vec();
        out.extend(coding.to_le_bytes());
        out.extend(channels.to_le_bytes());
        out.extend(rate_hz.to_le_bytes());
        out.extend([0; 6]);
        out.extend(bits.to_le_bytes());
        out.extend_from_slice(b"LIST\x03\0\0\0abc\0data");
        out.extend(u32::try_from(data.len()).unwrap().to_le_bytes());
        out.extend(data);
        out
    }

    #[test]
    fn the_three_codings_are_read() {
        assert_eq!(samples(&coded(PCM, 16, 1, RATE_HZ, &[1, 0, 0xFF, 0xFF])), Ok(vec![1, -1]));
        assert_eq!(samples(&coded(A_LAW, 8, 1, RATE_HZ, &[0xAA])), Ok(vec![32_256]));
        assert_eq!(samples(&coded(MU_LAW, 8, 1, RATE_HZ, &[0x80, 0xFF])), Ok(vec![32_124, 0]));
        assert_eq!(samples(&file(&[5, -5])), Ok(vec![5, -5]));
    }

    #[test]
    fn what_is_no_telephones_sound_is_said_with_its_remedy() {
        for (file, error) in [
            (b"ID3".to_vec(), AnnouncementError::NoWav),
            (coded(PCM, 16, 1, RATE_HZ, &[]), AnnouncementError::Empty),
            (coded(PCM, 16, 1, RATE_HZ, &vec![0; 16_000 * ANNOUNCEMENT_S_MAX + 2]), AnnouncementError::TooLong),
            (vec![0; ANNOUNCEMENT_BYTES_MAX + 1], AnnouncementError::TooLarge),
            (
                coded(PCM, 16, 2, 44_100, &[0; 4]),
                AnnouncementError::Format { coding: 1, channels: 2, rate_hz: 44_100, bits: 16 },
            ),
            (
                coded(3, 32, 1, RATE_HZ, &[0; 4]),
                AnnouncementError::Format { coding: 3, channels: 1, rate_hz: RATE_HZ, bits: 32 },
            ),
        ] {
            assert_eq!(samples(&file), Err(error));
        }
        let whole = file(&[1, 2, 3]);
        assert_eq!(samples(&whole[..whole.len() - 1]), Err(AnnouncementError::CutOff));
        let said = AnnouncementError::Format { coding: 1, channels: 2, rate_hz: 44_100, bits: 16 }.to_string();
        assert!(said.contains("2 channel(s) of 44100 Hz") && said.contains("8000 Hz"), "{said}");
    }

    proptest! {
        #[test]
        fn any_file_may_come(bytes in proptest::collection::vec(any::<u8>(), 0..200), is_wave in any::<bool>()) {
            let mut file = if is_wave { b"RIFF\0\0\0\0WAVEfmt ".to_vec() } else { Vec::new() };
            file.extend(bytes);
            let _ = samples(&file);
        }
    }
}
