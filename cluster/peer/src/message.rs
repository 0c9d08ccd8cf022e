//! What stands in the payloads of the frames. Pure: fields in, frames out, and back.

use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};

use crate::format::Formats;
use crate::frame::{Frame, FrameError, Kind, Outgoing};
use crate::limits::{CLUSTER_NAME_BYTES_MAX, LIVE_KEY_BYTES_MAX, LIVE_VALUE_BYTES_MAX, REASON_BYTES_MAX};
use crate::{Lane, NodeId};

/// Stands first in every hello: another protocol is refused by name. Versions of this one are [`Formats`].
const HELLO_MAGIC: u32 = 0x5444_5031; // "TDP1"

/// The connections between two nodes: the three lanes, and one for the live bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    Control,
    Log,
    Bulk,
    Live,
}

impl Link {
    pub(crate) const ALL: [Self; 4] = [Self::Control, Self::Log, Self::Bulk, Self::Live];

    pub(crate) fn index(self) -> usize {
        match self {
            Self::Control => 0,
            Self::Log => 1,
            Self::Bulk => 2,
            Self::Live => 3,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Log => "log",
            Self::Bulk => "bulk",
            Self::Live => "live",
        }
    }
}

impl From<Lane> for Link {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Control => Self::Control,
            Lane::Log => Self::Log,
            Lane::Bulk => Self::Bulk,
        }
    }
}

fn short(field: &'static str) -> FrameError {
    FrameError::Field { field, problem: "ends too early" }
}

fn ended(payload: &Bytes, field: &'static str) -> Result<(), FrameError> {
    if payload.is_empty() { Ok(()) } else { Err(FrameError::Field { field, problem: "has bytes behind its end" }) }
}

/// Who speaks, whom they mean, and which connection this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hello {
    pub(crate) link: Link,
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) cluster: String,
}

impl Hello {
    /// The frame, with the formats that the sender speaks.
    pub(crate) fn frame(&self, formats: Formats) -> Outgoing {
        let mut fields = Vec::with_capacity(32 + self.cluster.len());
        fields.put_u32(HELLO_MAGIC);
        fields.put_u8(u8::try_from(self.link.index()).unwrap_or(u8::MAX));
        fields.put_u64(self.from);
        fields.put_u64(self.to);
        Outgoing::new(Kind::Hello, 0, formats.to_id(), &fields, Bytes::copy_from_slice(self.cluster.as_bytes()))
    }

    pub(crate) fn parse(mut payload: Bytes) -> Result<Self, FrameError> {
        if payload.try_get_u32().map_err(|_| short("hello.magic"))? != HELLO_MAGIC {
            return Err(FrameError::Field { field: "hello.magic", problem: "is of another protocol" });
        }
        let link = payload.try_get_u8().map_err(|_| short("hello.link"))?;
        let link = *Link::ALL
            .get(usize::from(link))
            .ok_or(FrameError::Field { field: "hello.link", problem: "is unknown" })?;
        let from = payload.try_get_u64().map_err(|_| short("hello.from"))?;
        let to = payload.try_get_u64().map_err(|_| short("hello.to"))?;
        if payload.len() > CLUSTER_NAME_BYTES_MAX {
            return Err(FrameError::Field { field: "hello.cluster", problem: "is too long" });
        }
        let cluster = std::str::from_utf8(&payload)
            .map_err(|_| FrameError::Field { field: "hello.cluster", problem: "is not UTF-8" })?;
        Ok(Self { link, from, to, cluster: cluster.to_owned() })
    }
}

/// A reason or error text, cut to what a frame may carry.
pub(crate) fn text(kind: Kind, flags: u8, id: u64, reason: &str) -> Outgoing {
    let mut end = reason.len().min(REASON_BYTES_MAX);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    let body = reason.get(..end).unwrap_or_default();
    Outgoing::new(kind, flags, id, &[], Bytes::copy_from_slice(body.as_bytes()))
}

/// Reads what [`text`] wrote; what is not UTF-8 is replaced, since it is only shown.
pub(crate) fn parse_text(payload: &Bytes) -> String {
    String::from_utf8_lossy(payload.get(..REASON_BYTES_MAX).unwrap_or(payload)).into_owned()
}

/// A ping or pong: `id` pairs them, the payload is the sender's wall clock.
pub(crate) fn clock(kind: Kind, id: u64, wall_ms: i64) -> Outgoing {
    Outgoing::new(kind, 0, id, &wall_ms.to_be_bytes(), Bytes::new())
}

pub(crate) fn parse_clock(mut payload: Bytes) -> Result<i64, FrameError> {
    let wall_ms = payload.try_get_i64().map_err(|_| short("ping.wall_ms"))?;
    ended(&payload, "ping")?;
    Ok(wall_ms)
}

pub(crate) fn call(id: u64, kind: u16, deadline: Duration, payload: Bytes) -> Outgoing {
    let mut fields = [0; 6];
    fields[..2].copy_from_slice(&kind.to_be_bytes());
    fields[2..].copy_from_slice(&u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX).to_be_bytes());
    Outgoing::new(Kind::Call, 0, id, &fields, payload)
}

pub(crate) fn parse_call(mut payload: Bytes) -> Result<(u16, Duration, Bytes), FrameError> {
    let kind = payload.try_get_u16().map_err(|_| short("call.kind"))?;
    let deadline_ms = payload.try_get_u32().map_err(|_| short("call.deadline_ms"))?;
    Ok((kind, Duration::from_millis(deadline_ms.into()), payload))
}

pub(crate) fn open(id: u64, kind: u16, header: Bytes) -> Outgoing {
    Outgoing::new(Kind::Open, 0, id, &kind.to_be_bytes(), header)
}

pub(crate) fn parse_open(mut payload: Bytes) -> Result<(u16, Bytes), FrameError> {
    let kind = payload.try_get_u16().map_err(|_| short("open.kind"))?;
    Ok((kind, payload))
}

/// How much more may be sent on a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) messages: u32,
    pub(crate) bytes: u32,
}

pub(crate) fn credit(id: u64, grant: Grant) -> Outgoing {
    let mut fields = [0; 8];
    fields[..4].copy_from_slice(&grant.messages.to_be_bytes());
    fields[4..].copy_from_slice(&grant.bytes.to_be_bytes());
    Outgoing::new(Kind::Credit, 0, id, &fields, Bytes::new())
}

pub(crate) fn parse_credit(mut payload: Bytes) -> Result<Grant, FrameError> {
    let messages = payload.try_get_u32().map_err(|_| short("credit.messages"))?;
    let bytes = payload.try_get_u32().map_err(|_| short("credit.bytes"))?;
    ended(&payload, "credit")?;
    Ok(Grant { messages, bytes })
}

/// The bus has checked the sizes of key and value.
pub(crate) fn live(topic: u16, key: &Bytes, value: Bytes) -> Outgoing {
    let mut fields = Vec::with_capacity(4 + key.len());
    fields.put_u16(topic);
    fields.put_u16(u16::try_from(key.len()).unwrap_or(u16::MAX));
    fields.put_slice(key);
    Outgoing::new(Kind::Live, 0, 0, &fields, value)
}

pub(crate) fn parse_live(frame: Frame) -> Result<(u16, Bytes, Bytes), FrameError> {
    let mut payload = frame.payload;
    let topic = payload.try_get_u16().map_err(|_| short("live.topic"))?;
    let key_len = usize::from(payload.try_get_u16().map_err(|_| short("live.key_len"))?);
    if key_len > LIVE_KEY_BYTES_MAX {
        return Err(FrameError::Field { field: "live.key_len", problem: "is too long" });
    }
    if payload.len() < key_len {
        return Err(short("live.key"));
    }
    let key = payload.split_to(key_len);
    if payload.len() > LIVE_VALUE_BYTES_MAX {
        return Err(FrameError::Field { field: "live.value", problem: "is too long" });
    }
    Ok((topic, key, payload))
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;
    use proptest::prelude::*;

    use super::*;
    use crate::frame::decode;
    use crate::limits::FRAME_BYTES_MAX;

    fn through(frame: &Outgoing) -> Frame {
        let mut wire = BytesMut::new();
        frame.write(&mut wire);
        assert_eq!(wire.len(), frame.len());
        decode(&mut wire, FRAME_BYTES_MAX).unwrap().unwrap()
    }

    #[test]
    fn hello_of_another_protocol_is_refused_by_name() {
        let error = Hello::parse(Bytes::from_static(b"HTTP/1.1 400 Bad Request")).unwrap_err();
        assert_eq!(error.to_string(), "hello.magic: is of another protocol");
    }

    #[test]
    fn text_is_cut_between_characters() {
        let long = "ố".repeat(REASON_BYTES_MAX);
        let frame = through(&text(Kind::Abort, 0, 3, &long));
        assert!(frame.payload.len() <= REASON_BYTES_MAX && frame.payload.len() > REASON_BYTES_MAX - 4);
        assert!(parse_text(&frame.payload).chars().all(|c| c == 'ố'));
    }

    #[test]
    fn largest_messages_fit_a_frame() {
        let body = Bytes::from(vec![0; crate::limits::MESSAGE_BYTES_MAX]);
        assert!(call(1, 2, Duration::MAX, body.clone()).len() <= FRAME_BYTES_MAX);
        assert!(open(1, 2, body).len() <= FRAME_BYTES_MAX);
        let (key, value) = (Bytes::from(vec![0; LIVE_KEY_BYTES_MAX]), Bytes::from(vec![0; LIVE_VALUE_BYTES_MAX]));
        assert!(live(1, &key, value).len() <= FRAME_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn messages_round_trip(
            a in any::<u64>(), b in any::<u64>(), c in any::<u32>(), d in any::<u32>(), k in any::<u16>(), wall in any::<i64>(),
            link in 0usize..4, cluster in "[a-z]{1,64}", key in prop::collection::vec(any::<u8>(), 0..LIVE_KEY_BYTES_MAX),
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let (key, body) = (Bytes::from(key), Bytes::from(body));
            let hello = Hello { link: Link::ALL[link], from: a, to: b, cluster };
            let frame = through(&hello.frame(Formats::OWN));
            prop_assert_eq!(Formats::from_id(frame.id), Ok(Formats::OWN));
            prop_assert_eq!(Hello::parse(frame.payload), Ok(hello));
            prop_assert_eq!(parse_clock(through(&clock(Kind::Ping, a, wall)).payload), Ok(wall));
            let deadline = Duration::from_millis(c.into());
            prop_assert_eq!(parse_call(through(&call(a, k, deadline, body.clone())).payload), Ok((k, deadline, body.clone())));
            prop_assert_eq!(parse_open(through(&open(a, k, body.clone())).payload), Ok((k, body.clone())));
            let grant = Grant { messages: c, bytes: d };
            prop_assert_eq!(parse_credit(through(&credit(a, grant)).payload), Ok(grant));
            prop_assert_eq!(parse_live(through(&live(k, &key, body.clone()))), Ok((k, key, body)));
        }

        #[test]
        fn any_payload_is_refused_or_read(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let bytes = Bytes::from(bytes);
            if let Ok(hello) = Hello::parse(bytes.clone()) {
                prop_assert!(hello.cluster.len() <= CLUSTER_NAME_BYTES_MAX);
            }
            prop_assert_eq!(parse_clock(bytes.clone()).is_ok(), bytes.len() == 8);
            prop_assert_eq!(parse_credit(bytes.clone()).is_ok(), bytes.len() == 8);
            prop_assert_eq!(parse_call(bytes.clone()).is_ok(), bytes.len() >= 6);
            prop_assert_eq!(parse_open(bytes.clone()).is_ok(), bytes.len() >= 2);
            if let Ok((_, key, value)) = parse_live(Frame { kind: Kind::Live, flags: 0, id: 0, payload: bytes.clone() }) {
                prop_assert_eq!(key.len() + value.len() + 4, bytes.len());
            }
        }
    }
}
