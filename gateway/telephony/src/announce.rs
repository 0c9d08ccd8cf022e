//! What those hear who wait: an announcement in both laws of G.711, and the packets that carry it to one of them (RTP, RFC 3550;
//! its profile, RFC 3551). Pure: whoever sends a packet each 20 ms is the clock.

use std::{f64::consts::TAU, fmt, net::SocketAddr};

use rtp_types::RtpPacketBuilder;

use crate::{
    g711::Law,
    party::Names,
    wav::{self, AnnouncementError, RATE_HZ},
};

/// Sound of one packet: what RFC 3551, 4.2 asks every receiver to take, and what telephones send.
pub(crate) const FRAME_MS: u64 = 20;
/// Samples of one packet, and in G.711 its bytes.
const FRAME_SAMPLES: usize = 160;
/// What the timestamp grows by with each packet.
const FRAME_TICKS: u32 = 160;
/// Silence after the announcement, before it comes again: 3 s.
const PAUSE_FRAMES: usize = 150;

/// An announcement for those who wait, as it is sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Whole frames, the pause behind it included.
    alaw: Vec<u8>,
    mulaw: Vec<u8>,
}

impl fmt::Debug for Announcement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Announcement({} frames)", self.frames())
    }
}

impl Announcement {
    /// Of a WAV file: one channel of 8 kHz in 16-bit PCM, A-law or mu-law.
    ///
    /// # Errors
    /// [`AnnouncementError`] says what it is instead, and the remedy.
    pub fn from_wav(file: &[u8]) -> Result<Self, AnnouncementError> {
        let mut samples = wav::samples(file)?;
        let frames = samples.len().div_ceil(FRAME_SAMPLES) + PAUSE_FRAMES;
        samples.resize(frames * FRAME_SAMPLES, 0);
        let coded = |law: Law| samples.iter().map(|sample| law.encode(*sample)).collect();
        Ok(Self { alaw: coded(Law::A), mulaw: coded(Law::Mu) })
    }

    fn frames(&self) -> usize {
        self.alaw.len() / FRAME_SAMPLES
    }

    /// A frame of it; after the last one comes the first.
    fn frame(&self, law: Law, at: usize) -> &[u8] {
        let bytes = match law {
            Law::A => &self.alaw,
            Law::Mu => &self.mulaw,
        };
        let first = at % self.frames().max(1) * FRAME_SAMPLES;
        bytes.get(first..first + FRAME_SAMPLES).unwrap_or_default()
    }
}

/// A made tone as a WAV file, for who has recorded nothing yet: two soft beeps, then nothing; 5 s with the pause behind it.
#[must_use]
#[allow(clippy::cast_possible_truncation, reason = "a sample is a tenth of what a sample can be")]
pub fn wait_tone() -> Vec<u8> {
    /// Pitch of the tones that Vietnam's telephone net makes (ITU-T E.180, supplement 2).
    const TONE_HZ: f64 = 425.0;
    /// Of 1: quiet enough to be beside somebody who speaks.
    const LOUDNESS: f64 = 0.1;
    /// Beginnings of the beeps, and their length, in samples.
    const BEEPS: [u32; 2] = [0, 3_200];
    const BEEP: u32 = 1_600;
    /// So long it grows louder, and quieter at its end: without it each beep would click.
    const EDGE: u32 = 160;
    let sample = |at: u32| {
        let within = BEEPS.iter().find_map(|first| at.checked_sub(*first).filter(|within| *within < BEEP));
        let Some(within) = within else { return 0 };
        let edge = f64::from(within.min(BEEP - within).min(EDGE)) / f64::from(EDGE);
        let wave = (TAU * TONE_HZ * f64::from(within) / f64::from(RATE_HZ)).sin();
        (wave * edge * LOUDNESS * f64::from(i16::MAX)) as i16
    };
    let samples: Vec<i16> = (0..2 * RATE_HZ).map(sample).collect();
    wav::file(&samples)
}

/// The announcement on its way to one who waits.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    to: SocketAddr,
    law: Law,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// Frames sent.
    sent: usize,
}

impl Stream {
    /// Begins anywhere, as RFC 3550, 5.1 has it, and always with the announcement's first word.
    pub(crate) fn new(to: SocketAddr, law: Law, names: &mut Names) -> Self {
        let [a, b, c, d, e, f, ..] = names.number().to_le_bytes();
        let [g, h, i, j, ..] = names.number().to_le_bytes();
        Self {
            to,
            law,
            ssrc: u32::from_le_bytes([a, b, c, d]),
            sequence: u16::from_le_bytes([e, f]),
            timestamp: u32::from_le_bytes([g, h, i, j]),
            sent: 0,
        }
    }

    /// The next packet, and where it goes.
    pub(crate) fn packet(&mut self, announcement: &Announcement) -> Option<(SocketAddr, Vec<u8>)> {
        let packet = RtpPacketBuilder::<&[u8], &[u8]>::new()
            .payload_type(self.law.payload_type())
            .sequence_number(self.sequence)
            .timestamp(self.timestamp)
            .ssrc(self.ssrc)
            // The first after silence (RFC 3551, 4.1); the pauses are sent, as silence.
            .marker_bit(self.sent == 0)
            .payload(announcement.frame(self.law, self.sent))
            .write_vec();
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME_TICKS);
        self.sent = self.sent.wrapping_add(1);
        packet.ok().map(|packet| (self.to, packet))
    }
}

#[cfg(test)]
mod tests {
    use rtp_types::RtpPacket;

    use super::*;

    #[test]
    fn packets_follow_one_another_and_the_announcement_comes_again_after_a_pause() {
        // A frame and a half: the rest of the second is silence.
        let loud = [i16::MAX; FRAME_SAMPLES * 3 / 2];
        let announcement = Announcement::from_wav(&wav::file(&loud)).unwrap();
        for (law, loud, silence) in [(Law::A, 0xAA, 0xD5), (Law::Mu, 0x80, 0xFF)] {
            let to: SocketAddr = "10.0.0.9:6000".parse().unwrap();
            let mut stream = Stream::new(to, law, &mut Names(7));
            // Both numbers begin again from zero in the middle of it.
            (stream.sequence, stream.timestamp) = (u16::MAX - 1, u32::MAX - 200);
            let (ssrc, sequence, timestamp) = (stream.ssrc, stream.sequence, stream.timestamp);
            let mut heard = Vec::new();
            for count in 0..u16::try_from(PAUSE_FRAMES + 4).unwrap() {
                let (at, bytes) = stream.packet(&announcement).unwrap();
                let packet = RtpPacket::parse(&bytes).unwrap();
                assert_eq!((at, bytes.len()), (to, 12 + FRAME_SAMPLES));
                assert_eq!((packet.version(), packet.payload_type()), (2, law.payload_type()));
                assert_eq!((packet.ssrc(), packet.marker_bit()), (ssrc, count == 0));
                assert_eq!(packet.sequence_number(), sequence.wrapping_add(count));
                assert_eq!(packet.timestamp(), timestamp.wrapping_add(u32::from(count) * 160));
                heard.push((packet.payload()[0], packet.payload()[FRAME_SAMPLES - 1]));
            }
            assert_eq!(heard[..2], [(loud, loud), (loud, silence)]);
            assert!(heard[2..PAUSE_FRAMES + 2].iter().all(|both| *both == (silence, silence)));
            assert_eq!(heard[PAUSE_FRAMES + 2..], [(loud, loud), (loud, silence)]);
        }
    }

    #[test]
    fn no_two_streams_begin_alike() {
        let mut names = Names(42);
        let to: SocketAddr = "10.0.0.9:6000".parse().unwrap();
        let (one, other) = (Stream::new(to, Law::A, &mut names), Stream::new(to, Law::A, &mut names));
        assert_ne!((one.ssrc, one.sequence, one.timestamp), (other.ssrc, other.sequence, other.timestamp));
        assert_ne!(one.ssrc, other.ssrc);
    }

    #[test]
    fn the_made_tone_is_two_soft_beeps_each_five_seconds() {
        let tone = wait_tone();
        let samples = wav::samples(&tone).unwrap();
        let loud = |from: usize, to: usize| samples[from..to].iter().map(|sample| sample.unsigned_abs()).max().unwrap();
        assert!((3_000..=3_277).contains(&loud(0, 1_600)) && (3_000..=3_277).contains(&loud(3_200, 4_800)));
        assert_eq!((loud(1_600, 3_200), loud(4_800, samples.len()), samples[0]), (0, 0, 0));
        let announcement = Announcement::from_wav(&tone).unwrap();
        assert_eq!(announcement.frames(), 250, "five seconds");
    }
}
