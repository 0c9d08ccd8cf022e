//! What `chaos-tests` feeds with anything: the reader of messages and the whole machine of calls.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::{
    Standing,
    exchange::{Deed, Exchange},
    message::{Message, framed},
    resend::Peer,
};

/// Reads bytes as a datagram and as a stream.
pub fn message(bytes: &[u8]) {
    let _ = Message::parse(bytes);
    if let Ok(Some(total)) = framed(bytes) {
        assert!(total <= bytes.len());
    }
}

/// Plays messages, split at empty pieces of four zeros, and times that pass between them, to one door; what it sends is a
/// message again, and it never grows beyond its bounds.
pub fn door(bytes: &[u8]) {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let peer = Peer { at: SocketAddr::new(ip, 5060), is_tcp: false };
    let mut exchange = Exchange::new("127.0.0.1:5070".to_owned(), [ip].into(), 7);
    let mut now_ms = 0;
    let standings = [
        Standing::Waiting,
        Standing::Talking { phone: "sip:101@127.0.0.1:5062".to_owned() },
        Standing::Held,
        Standing::Transferred { to: "115".to_owned() },
        Standing::Over,
    ];
    for (count, piece) in bytes.split(|byte| *byte == 0).take(64).enumerate() {
        now_ms += u64::try_from(piece.len() % 7).unwrap_or(0) * 700;
        let mut deeds = match Message::parse(piece) {
            Ok(message) => exchange.receive(now_ms, peer, &message),
            Err(_) => Vec::new(),
        };
        let connections: Vec<String> = exchange.connections().cloned().collect();
        for connection in connections {
            deeds.extend(exchange.offered(now_ms, &connection, None));
            let standing = &standings[(count + piece.len()) % standings.len()];
            deeds.extend(exchange.standing(now_ms, &connection, standing, Some(peer)));
        }
        deeds.extend(exchange.tick(now_ms));
        for deed in deeds {
            if let Deed::Send(_, bytes) = deed {
                assert!(bytes.ends_with(b"\r\n\r\n") || bytes.windows(4).any(|four| four == b"\r\n\r\n"));
            }
        }
    }
}
