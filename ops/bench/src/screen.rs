//! A node's screen protocol as a reader among thousands speaks it: it looks at positions, counts events, and leaves the
//! records alone.

use std::{io, net::IpAddr, net::SocketAddr};

use bytes::BytesMut;
use domain::wire::generated::{Heartbeat, Hello, Position, Subscribe, ToServer, to_server::Body};
use prost::Message as _;

use crate::{
    Result,
    protobuf::Fields,
    websocket::{Socket, Target},
};

/// The command group and the field groups.
pub(crate) const GROUPS: usize = 1 + domain::limits::FIELD_GROUPS as usize;

/// A place in a group's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Epoch of the cluster.
    pub(crate) epoch: u64,
    /// Group.
    pub(crate) group: u64,
    /// Index of the entry.
    pub(crate) index: u64,
    /// Event within it.
    pub(crate) ordinal: u64,
}

impl Place {
    fn read(bytes: &[u8]) -> Self {
        let mut place = Self::default();
        for (tag, value) in Fields(bytes) {
            match tag {
                1 => place.epoch = value.number(),
                2 => place.group = value.number(),
                3 => place.index = value.number(),
                4 => place.ordinal = value.number(),
                _ => {}
            }
        }
        place
    }

    fn wire(self) -> Position {
        Position {
            epoch: self.epoch,
            group: u32::try_from(self.group).unwrap_or(u32::MAX),
            index: self.index,
            ordinal: u32::try_from(self.ordinal).unwrap_or(u32::MAX),
        }
    }
}

/// What a node says, as far as a reader looks.
#[derive(Debug, PartialEq)]
pub(crate) enum Said<'a> {
    /// It knows who this is.
    Welcome,
    /// A part of a picture.
    Snapshot { through: Place, last: bool },
    /// Events of a group; `body` is the frame's message, for [`events`].
    Frame { from: Place, through: Place, body: &'a [u8] },
    /// What was had of a group is void.
    Reset { group: u64, reason: String },
    /// It lets this socket go.
    Bye { code: String },
    /// How it stands.
    Heartbeat(&'a [u8]),
    /// Anything else.
    Other,
}

impl<'a> Said<'a> {
    /// Reads a `ToScreen`.
    pub(crate) fn read(payload: &'a [u8]) -> Self {
        let Some((tag, value)) = Fields(payload).next() else { return Self::Other };
        let body = value.bytes();
        let text = |tag: u64| {
            let field = Fields(body).find(|field| field.0 == tag);
            field.map(|(_, value)| String::from_utf8_lossy(value.bytes()).into_owned()).unwrap_or_default()
        };
        match tag {
            1 => Self::Welcome,
            2 => {
                let (mut through, mut last) = (Place::default(), false);
                for (tag, value) in Fields(body) {
                    match tag {
                        1 => through = Place::read(value.bytes()),
                        2 => last = value.number() != 0,
                        _ => {}
                    }
                }
                Self::Snapshot { through, last }
            }
            3 => {
                let (mut from, mut through) = (Place::default(), Place::default());
                for (tag, value) in Fields(body) {
                    match tag {
                        1 => from = Place::read(value.bytes()),
                        2 => through = Place::read(value.bytes()),
                        _ => {}
                    }
                }
                Self::Frame { from, through, body }
            }
            4 => {
                let group = Fields(body).find(|field| field.0 == 1).map_or(0, |(_, value)| value.number());
                Self::Reset { group, reason: text(2) }
            }
            6 => Self::Bye { code: text(1) },
            9 => Self::Heartbeat(body),
            _ => Self::Other,
        }
    }
}

/// The events of a frame's body, each as its own message.
pub(crate) fn events(frame: &[u8]) -> impl Iterator<Item = &[u8]> {
    Fields(frame).filter(|(tag, _)| *tag == 3).map(|(_, value)| value.bytes())
}

/// Kind and time of an event.
pub(crate) fn kind_and_time(event: &[u8]) -> (u64, u64) {
    let (mut kind, mut at_ms) = (0, 0);
    for (tag, value) in Fields(event) {
        match tag {
            1 => kind = value.number(),
            4 => {
                at_ms = value.number();
                // What follows is not looked at.
                break;
            }
            _ => {}
        }
    }
    (kind, at_ms)
}

/// Where a node's screens connect to.
pub(crate) fn target(address: SocketAddr, from: IpAddr, token: &str, receive_bytes: Option<u32>) -> Target {
    let headers = format!("cookie: td_session={token}\r\nsec-websocket-protocol: trongdong.v1\r\n");
    Target { address, from, path: "/ws", headers, receive_bytes }
}

/// Opens a socket and subscribes to everything, from those places on; none is a picture of every group.
pub(crate) async fn open(target: &Target, from: &[Place]) -> io::Result<Socket> {
    let mut socket = Socket::open(target).await?;
    let hello = Body::Hello(Hello { token: String::new(), language: String::new(), why: String::new() });
    socket.send(&ToServer { body: Some(hello) }.encode_to_vec()).await?;
    loop {
        let payload = socket.next().await?;
        match Said::read(&payload) {
            Said::Welcome => break,
            Said::Bye { code } => return Err(io::Error::new(io::ErrorKind::ConnectionRefused, code)),
            _ => {}
        }
    }
    let from = from.iter().map(|place| place.wire()).collect();
    let subscribe = Body::Subscribe(Subscribe { districts: Vec::new(), nouns: Vec::new(), from });
    socket.send(&ToServer { body: Some(subscribe) }.encode_to_vec()).await?;
    Ok(socket)
}

/// Reads until the pictures of all groups are there; where each stands.
pub(crate) async fn pictures(socket: &mut Socket) -> io::Result<[Place; GROUPS]> {
    let mut places = [Place::default(); GROUPS];
    let mut missing = GROUPS;
    while missing > 0 {
        let payload = socket.next().await?;
        match Said::read(&payload) {
            Said::Snapshot { through, last: true } => {
                put(&mut places, through);
                missing -= 1;
            }
            Said::Frame { through, .. } => put(&mut places, through),
            Said::Bye { code } => return Err(io::Error::new(io::ErrorKind::ConnectionAborted, code)),
            _ => {}
        }
    }
    Ok(places)
}

/// Keeps the place of its group.
pub(crate) fn put(places: &mut [Place; GROUPS], place: Place) {
    if let Some(kept) = usize::try_from(place.group).ok().and_then(|group| places.get_mut(group)) {
        *kept = place;
    }
}

/// The node that leads group 0, as this node knows it.
pub(crate) async fn leader(address: SocketAddr, token: &str) -> Result<u64> {
    let mut socket = open(&target(address, crate::stage::LOOPBACK, token, None), &[]).await?;
    for _ in 0..LEADER_LOOKS_MAX {
        let payload: BytesMut = socket.next().await?;
        if let Said::Heartbeat(body) = Said::read(&payload)
            && let Some(group) = Heartbeat::decode(body)?.groups.iter().find(|group| group.group == 0)
            && group.leader != 0
        {
            return Ok(group.leader);
        }
    }
    Err("no leader of group 0 was named: look into node.log".into())
}

/// Messages in which [`leader`] looks for a leader.
const LEADER_LOOKS_MAX: usize = 10_000;

#[cfg(test)]
mod tests {
    use domain::wire::generated::{Event, Frame, ToScreen, to_screen};

    use super::*;

    #[test]
    fn frames_are_read_as_prost_writes_them() {
        let event = Event { kind: 12, by: "lan".into(), at_ms: 77, ordinal: 1, ..Event::default() };
        let from = Position { epoch: 1, group: 2, index: 3, ordinal: 4 };
        let through = Position { index: 5, ..from };
        let frame = Frame {
            from: Some(from),
            through: Some(through),
            events: vec![event.clone(), event.clone()],
            withdrawn: Vec::new(),
            at_ms: 9,
        };
        let bytes = ToScreen { body: Some(to_screen::Body::Frame(frame)) }.encode_to_vec();
        let Said::Frame { from: read, through, body } = Said::read(&bytes) else { panic!("{bytes:?}") };
        assert_eq!(read, Place { epoch: 1, group: 2, index: 3, ordinal: 4 });
        assert_eq!(read.wire(), from);
        assert_eq!(through.index, 5);
        assert_eq!(events(body).collect::<Vec<_>>(), vec![event.encode_to_vec(); 2]);
        assert_eq!(events(body).map(kind_and_time).collect::<Vec<_>>(), [(12, 77); 2]);
    }

    #[test]
    fn nonsense_is_something_else() {
        assert_eq!(Said::read(&[]), Said::Other);
        assert_eq!(Said::read(&[0xff, 0xff]), Said::Other);
    }
}
