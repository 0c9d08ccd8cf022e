//! RTP packets to H.264 access units (RFC 3550, RFC 6184: single NAL unit, STAP-A, FU-A). Pure.
//!
//! Nothing damaged leaves: after a gap in the sequence numbers everything is dropped up to the next key frame, and what
//! leaves first is a key frame with its parameter sets before it.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rtp_types::RtpPacket;

use super::{
    h264::{NAL_IDR, NAL_PPS, NAL_SPS, ParameterSets},
    sdp::VideoTrack,
};

/// Bytes of one access unit; a larger one is dropped and the next key frame awaited.
pub const ACCESS_UNIT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Annex B start code.
const START: [u8; 4] = [0, 0, 0, 1];

/// One frame as a decoder takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessUnit {
    /// Presentation time, Unix microseconds by the clock of the node that fetched it when the session began.
    pub timestamp_us: u64,
    /// Decoding can start here.
    pub key: bool,
    /// `avc1.PPCCLL` for the decoder's configuration.
    pub codec: Arc<str>,
    /// Annex B; parameter sets stand before a key frame.
    pub data: Bytes,
}

/// What came and what was lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DepacketizerStats {
    /// Access units that ended, whether they could be used or not.
    pub access_units: u64,
    /// Packets missing by their sequence numbers.
    pub packets_lost: u64,
    /// Packets that were not RTP, not this track's, late, doubled, or malformed H.264.
    pub packets_discarded: u64,
    /// Access units dropped: damaged, too large, or before a key frame.
    pub access_units_dropped: u64,
}

/// Turns the packets of one track into access units.
#[derive(Debug)]
pub struct Depacketizer {
    payload_type: u8,
    clock_hz: u32,
    base_us: u64,
    sets: ParameterSets,
    codec: Arc<str>,
    ssrc: Option<u32>,
    sequence: Option<u16>,
    /// Ticks since the first packet, unwrapped, and the 32-bit timestamp they belong to.
    ticks: i64,
    timestamp: Option<u32>,
    unit: Unit,
    awaits_key: bool,
    stats: DepacketizerStats,
}

/// The access unit being put together.
#[derive(Debug, Default)]
struct Unit {
    data: BytesMut,
    sets: ParameterSets,
    key: bool,
    /// A fragmented NAL unit has begun and not ended.
    open: bool,
    damaged: bool,
    /// Anything came.
    begun: bool,
}

impl Depacketizer {
    /// For one track; the first access unit gets the time `base_us`.
    #[must_use]
    pub fn new(track: &VideoTrack, base_us: u64) -> Self {
        let sets = track.parameter_sets.clone();
        Self {
            payload_type: track.payload_type,
            clock_hz: track.clock_hz.max(1),
            base_us,
            codec: sets.codec().unwrap_or_default().into(),
            sets,
            ssrc: None,
            sequence: None,
            ticks: 0,
            timestamp: None,
            unit: Unit::default(),
            awaits_key: true,
            stats: DepacketizerStats::default(),
        }
    }

    /// What came and what was lost so far.
    #[must_use]
    pub fn stats(&self) -> DepacketizerStats {
        self.stats
    }

    /// Takes one RTP packet; puts finished access units into `out`, at most two: one that ended without a marker, and
    /// one that this packet completes.
    pub fn push(&mut self, packet: &[u8], out: &mut Vec<AccessUnit>) {
        let Ok(packet) = RtpPacket::parse(packet) else {
            self.stats.packets_discarded += 1;
            return;
        };
        if packet.payload_type() != self.payload_type {
            self.stats.packets_discarded += 1;
            return;
        }
        if self.ssrc.is_some_and(|ssrc| ssrc != packet.ssrc()) {
            // The camera began anew: its numbers say nothing about the old ones.
            self.lose();
            self.sequence = None;
        }
        self.ssrc = Some(packet.ssrc());
        let sequence = packet.sequence_number();
        let mut gap = false;
        if let Some(last) = self.sequence {
            let ahead = sequence.wrapping_sub(last);
            if ahead == 0 || ahead >= 0x8000 {
                self.stats.packets_discarded += 1;
                return;
            }
            if ahead > 1 {
                self.stats.packets_lost += u64::from(ahead) - 1;
                self.lose();
                gap = true;
            }
        }
        self.sequence = Some(sequence);
        if self.timestamp.is_some_and(|timestamp| timestamp != packet.timestamp()) && self.unit.begun {
            // Some cameras forget the marker; a new time is a new picture.
            out.extend(self.finish());
            // What was lost may have been the end of the last picture or the beginning of this one.
            self.unit.damaged = gap;
        }
        self.advance(packet.timestamp());
        self.unit.begun = true;
        if !self.payload(packet.payload()) {
            self.stats.packets_discarded += 1;
            self.unit.damaged = true;
        }
        if packet.marker_bit() {
            out.extend(self.finish());
        }
    }

    /// What is being put together is damaged, and so is all that refers to it.
    fn lose(&mut self) {
        self.unit.damaged = true;
        self.unit.open = false;
        self.awaits_key = true;
    }

    fn advance(&mut self, timestamp: u32) {
        if let Some(last) = self.timestamp {
            // The shorter way round: with B-frames time also steps back.
            let step = timestamp.wrapping_sub(last).cast_signed();
            self.ticks = self.ticks.saturating_add(i64::from(step));
        }
        self.timestamp = Some(timestamp);
    }

    /// Takes the payload apart; `false` when it is malformed.
    fn payload(&mut self, payload: &[u8]) -> bool {
        let Some((header, body)) = payload.split_first() else { return false };
        match header & 0x1f {
            1..=23 => {
                self.unit.open = false;
                self.nal(payload)
            }
            24 => self.stap_a(body),
            28 => self.fu_a(*header, body),
            // STAP-B, MTAP and FU-B belong to the interleaved mode that is never set up.
            _ => false,
        }
    }

    fn stap_a(&mut self, mut body: &[u8]) -> bool {
        while let Some((size, rest)) = body.split_first_chunk::<2>() {
            let size = usize::from(u16::from_be_bytes(*size));
            let Some((nal, rest)) = rest.split_at_checked(size) else { return false };
            if !self.nal(nal) {
                return false;
            }
            body = rest;
        }
        body.is_empty()
    }

    fn fu_a(&mut self, indicator: u8, body: &[u8]) -> bool {
        let Some((header, fragment)) = body.split_first() else { return false };
        let (starts, ends, kind) = (header & 0x80 != 0, header & 0x40 != 0, header & 0x1f);
        if starts {
            self.unit.open = true;
            // A fragmented parameter set would be larger than one may be.
            if matches!(kind, NAL_SPS | NAL_PPS) || !self.room(START.len() + 1 + fragment.len()) {
                return false;
            }
            self.unit.data.extend_from_slice(&START);
            self.unit.data.extend_from_slice(&[(indicator & 0xe0) | kind]);
            self.unit.key |= kind == NAL_IDR;
        } else if !self.unit.open || !self.room(fragment.len()) {
            return false;
        }
        self.unit.data.extend_from_slice(fragment);
        if ends {
            self.unit.open = false;
        }
        true
    }

    fn nal(&mut self, nal: &[u8]) -> bool {
        let Some(header) = nal.first() else { return false };
        match header & 0x1f {
            NAL_SPS | NAL_PPS => self.unit.sets.take(nal),
            // Slices, partitions and SEI; delimiters and filler say nothing that the start codes do not.
            1..=6 => {
                if !self.room(START.len() + nal.len()) {
                    return false;
                }
                self.unit.data.extend_from_slice(&START);
                self.unit.data.extend_from_slice(nal);
                self.unit.key |= header & 0x1f == NAL_IDR;
                true
            }
            _ => true,
        }
    }

    fn room(&self, bytes: usize) -> bool {
        self.unit.data.len() + bytes <= ACCESS_UNIT_BYTES_MAX
    }

    /// Ends the access unit being put together.
    fn finish(&mut self) -> Option<AccessUnit> {
        let mut unit = std::mem::take(&mut self.unit);
        self.stats.access_units += 1;
        if unit.damaged || unit.open {
            self.stats.access_units_dropped += 1;
            self.awaits_key = true;
            return None;
        }
        if unit.sets != ParameterSets::default() {
            self.sets.replace(unit.sets);
            self.codec = self.sets.codec().unwrap_or_default().into();
        }
        if unit.data.is_empty() {
            // Parameter sets in a unit of their own.
            return None;
        }
        if (self.awaits_key && !unit.key) || !self.sets.is_whole() {
            self.stats.access_units_dropped += 1;
            return None;
        }
        self.awaits_key = false;
        let data = if unit.key {
            let mut data = BytesMut::with_capacity(unit.data.len() + 128);
            for set in self.sets.sps.iter().chain(&self.sets.pps) {
                data.extend_from_slice(&START);
                data.extend_from_slice(set);
            }
            data.extend_from_slice(&unit.data);
            data.freeze()
        } else {
            unit.data.split().freeze()
        };
        Some(AccessUnit { timestamp_us: self.time_us(), key: unit.key, codec: self.codec.clone(), data })
    }

    fn time_us(&self) -> u64 {
        let us = i128::from(self.ticks) * 1_000_000 / i128::from(self.clock_hz);
        let us = (i128::from(self.base_us) + us).max(0);
        u64::try_from(us).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
#[path = "depacketize_tests.rs"]
mod tests;
