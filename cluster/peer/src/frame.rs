//! Frames: `u32 length | u8 kind | u8 flags | u64 id | payload`, numbers big endian.
//!
//! The length counts what follows it. Pure: bytes in, frames out, no IO.

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::limits::FRAME_BYTES_MAX;

/// Bytes of the length field.
const LENGTH_BYTES: usize = 4;

/// Bytes before the payload, the length field included.
pub(crate) const HEADER_BYTES: usize = LENGTH_BYTES + 1 + 1 + 8;

/// A payload up to this size is copied out of the read buffer, so that a small message kept for long does not keep the
/// buffer of large ones alive.
const COPY_BYTES_MAX: usize = 4096;

/// What a frame is for. The numbers are the protocol and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Who am I, whom do I mean; the first frame of either side.
    Hello = 1,
    /// Instead of a hello: why not.
    Refuse = 2,
    /// Are you there, with my wall clock.
    Ping = 3,
    /// I am, with mine.
    Pong = 4,
    /// A request.
    Call = 5,
    /// Its answer; the flags say which sort.
    Reply = 6,
    /// Opens a stream.
    Open = 7,
    /// The opened stream is not accepted.
    Decline = 8,
    /// A message of a stream.
    Data = 9,
    /// More may be sent on a stream.
    Credit = 10,
    /// The sender's direction has ended in order.
    Close = 11,
    /// The sender's direction has broken off.
    Abort = 12,
    /// The receiver takes no more.
    Stop = 13,
    /// A value of the live bus.
    Live = 14,
}

/// The highest flag that a [`Kind::Reply`] may carry: 0 done, 1 the handler's error, 2 overloaded.
const REPLY_FLAG_MAX: u8 = 2;

impl Kind {
    fn parse(byte: u8) -> Option<Self> {
        Some(match byte {
            1 => Self::Hello,
            2 => Self::Refuse,
            3 => Self::Ping,
            4 => Self::Pong,
            5 => Self::Call,
            6 => Self::Reply,
            7 => Self::Open,
            8 => Self::Decline,
            9 => Self::Data,
            10 => Self::Credit,
            11 => Self::Close,
            12 => Self::Abort,
            13 => Self::Stop,
            14 => Self::Live,
            _ => return None,
        })
    }

    fn flag_max(self) -> u8 {
        if self == Self::Reply { REPLY_FLAG_MAX } else { 0 }
    }
}

/// Why bytes are not a frame, or a frame's payload not what its kind says. It ends the connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FrameError {
    #[error("frame.length {length} is outside {min}..={max}", min = HEADER_BYTES - LENGTH_BYTES)]
    Length { length: usize, max: usize },
    #[error("frame.kind {0} is unknown")]
    Kind(u8),
    #[error("frame.flags {flags} are unknown for {kind:?}")]
    Flags { kind: Kind, flags: u8 },
    #[error("{field}: {problem}")]
    Field { field: &'static str, problem: &'static str },
}

/// A frame as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: Kind,
    pub(crate) flags: u8,
    pub(crate) id: u64,
    pub(crate) payload: Bytes,
}

/// A frame as it goes: header and the message's own fields in `head`, the payload untouched in `body`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    head: Bytes,
    body: Bytes,
}

impl Outgoing {
    /// The caller has checked the sizes ([`crate::limits::MESSAGE_BYTES_MAX`]), so header, fields and body fit a frame.
    pub(crate) fn new(kind: Kind, flags: u8, id: u64, fields: &[u8], body: Bytes) -> Self {
        let length = HEADER_BYTES - LENGTH_BYTES + fields.len() + body.len();
        let mut head = BytesMut::with_capacity(HEADER_BYTES + fields.len());
        // A frame that were too long would be refused by the reader, never misread.
        head.put_u32(u32::try_from(length).unwrap_or(u32::MAX));
        head.put_u8(kind as u8);
        head.put_u8(flags);
        head.put_u64(id);
        head.put_slice(fields);
        Self { head: head.freeze(), body }
    }

    pub(crate) fn len(&self) -> usize {
        self.head.len() + self.body.len()
    }

    pub(crate) fn write(&self, out: &mut BytesMut) {
        out.put_slice(&self.head);
        out.put_slice(&self.body);
    }
}

/// Takes the next frame off the front of `buf`; `None` when more bytes are needed, and then `buf` has room for them.
/// `frame_bytes_max` bounds the frame, its length field included.
///
/// # Errors
/// When the bytes cannot become a frame. That is seen from the header, before room is made for the rest.
pub(crate) fn decode(buf: &mut BytesMut, frame_bytes_max: usize) -> Result<Option<Frame>, FrameError> {
    let Some(mut header) = buf.get(..LENGTH_BYTES) else { return Ok(None) };
    let length = usize::try_from(header.get_u32()).unwrap_or(usize::MAX);
    let max = frame_bytes_max.min(FRAME_BYTES_MAX) - LENGTH_BYTES;
    if !(HEADER_BYTES - LENGTH_BYTES..=max).contains(&length) {
        return Err(FrameError::Length { length, max });
    }
    let Some(mut header) = buf.get(LENGTH_BYTES..HEADER_BYTES) else { return Ok(None) };
    let byte = header.get_u8();
    let kind = Kind::parse(byte).ok_or(FrameError::Kind(byte))?;
    let flags = header.get_u8();
    if flags > kind.flag_max() {
        return Err(FrameError::Flags { kind, flags });
    }
    let id = header.get_u64();
    let total = LENGTH_BYTES + length;
    if buf.len() < total {
        buf.reserve(total - buf.len());
        return Ok(None);
    }
    buf.advance(HEADER_BYTES);
    let payload = buf.split_to(total - HEADER_BYTES);
    let payload = if payload.len() <= COPY_BYTES_MAX { Bytes::copy_from_slice(&payload) } else { payload.freeze() };
    Ok(Some(Frame { kind, flags, id, payload }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn encode(frame: &Frame, split: usize) -> BytesMut {
        let (fields, body) = frame.payload.split_at(split.min(frame.payload.len()));
        let mut out = BytesMut::new();
        Outgoing::new(frame.kind, frame.flags, frame.id, fields, Bytes::copy_from_slice(body)).write(&mut out);
        out
    }

    #[test]
    fn length_is_refused_before_room_is_made() {
        for length in [0, 9, u32::try_from(FRAME_BYTES_MAX).unwrap() - 3, u32::MAX] {
            let mut buf = BytesMut::from(&length.to_be_bytes()[..]);
            let room = buf.capacity();
            assert!(matches!(decode(&mut buf, FRAME_BYTES_MAX), Err(FrameError::Length { .. })), "length {length}");
            assert_eq!(buf.capacity(), room);
        }
    }

    #[test]
    fn largest_frame_passes_and_one_more_byte_does_not() {
        let full =
            Frame { kind: Kind::Data, flags: 0, id: 1, payload: Bytes::from(vec![7; FRAME_BYTES_MAX - HEADER_BYTES]) };
        assert_eq!(decode(&mut encode(&full, 0), FRAME_BYTES_MAX), Ok(Some(full.clone())));
        assert!(decode(&mut encode(&full, 0), FRAME_BYTES_MAX - 1).is_err());
    }

    #[test]
    fn unknown_kind_and_flags_are_refused_from_the_header_alone() {
        let mut bytes = [0, 0, 1, 0, 200, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!(decode(&mut BytesMut::from(&bytes[..]), FRAME_BYTES_MAX), Err(FrameError::Kind(200)));
        bytes[4] = Kind::Data as u8;
        bytes[5] = 1;
        let refused = decode(&mut BytesMut::from(&bytes[..]), FRAME_BYTES_MAX);
        assert_eq!(refused, Err(FrameError::Flags { kind: Kind::Data, flags: 1 }));
    }

    #[test]
    fn every_kind_has_its_own_number() {
        let kinds: Vec<_> = (0..=u8::MAX).filter_map(Kind::parse).collect();
        assert_eq!(kinds.len(), 14);
        assert!(kinds.iter().all(|kind| Kind::parse(*kind as u8) == Some(*kind)));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            kinds in prop::collection::vec((1u8..=14, any::<u64>(), prop::collection::vec(any::<u8>(), 0..6000)), 1..5),
            split in 0usize..20, step in 1usize..5000,
        ) {
            let frames: Vec<Frame> = kinds.into_iter().map(|(kind, id, payload)| {
                Frame { kind: Kind::parse(kind).unwrap(), flags: 0, id, payload: payload.into() }
            }).collect();
            let wire: Vec<u8> = frames.iter().flat_map(|f| encode(f, split).to_vec()).collect();
            let (mut buf, mut got) = (BytesMut::new(), Vec::new());
            for piece in wire.chunks(step) {
                buf.put_slice(piece);
                while let Some(frame) = decode(&mut buf, FRAME_BYTES_MAX).unwrap() {
                    got.push(frame);
                }
            }
            prop_assert_eq!(got, frames);
            prop_assert!(buf.is_empty());
        }

        #[test]
        fn any_bytes_are_refused_or_wait_or_decode(bytes in prop::collection::vec(any::<u8>(), 0..64), max in 64usize..1024) {
            let mut buf = BytesMut::from(&bytes[..]);
            while let Ok(Some(frame)) = decode(&mut buf, max) {
                prop_assert!(frame.payload.len() + HEADER_BYTES <= max);
            }
            prop_assert!(buf.capacity() <= bytes.len().max(max) + 64);
        }
    }
}
