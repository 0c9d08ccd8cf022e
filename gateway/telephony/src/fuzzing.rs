//! What `chaos-tests` feeds with anything: the reader of messages, and the whole machine of calls.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{Arc, LazyLock},
};

use crate::{
    Announcement, QueuePlace, Standing,
    exchange::{Deed, Exchange},
    message::{Message, framed},
    resend::Peer,
    wait_tone,
};

static ANNOUNCEMENT: LazyLock<Option<Arc<Announcement>>> =
    LazyLock::new(|| Announcement::from_wav(&wait_tone()).ok().map(Arc::new));

/// Pieces that are played to one door at most.
const PIECES_MAX: usize = 64;

/// Reads bytes as a datagram and as a stream. Taken whole: it is a message, and ends where the bytes do.
#[must_use]
pub fn fuzz_message(bytes: &[u8]) -> bool {
    let is_message = Message::parse(bytes).is_ok();
    let total = framed(bytes).ok().flatten();
    assert!(total.is_none_or(|total| total <= bytes.len()), "a message ends behind its bytes");
    is_message && total == Some(bytes.len())
}

/// Plays messages, with a zero between them, and times that pass, to one door, while the log says one thing after the
/// other. What the door sends can be read again. Taken whole: each piece is a message.
#[must_use]
pub fn fuzz_door(bytes: &[u8]) -> bool {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let peer = Peer { at: SocketAddr::new(ip, 5060), is_tcp: false };
    let mut exchange = Exchange::new("127.0.0.1:5070".to_owned(), [ip].into(), 7);
    if let Some(announcement) = &*ANNOUNCEMENT {
        exchange.announce(announcement.clone(), SocketAddr::new(ip, 5072));
    }
    let standings = [
        Standing::Waiting,
        Standing::Queued,
        Standing::Talking { phone: "sip:101@127.0.0.1:5062".to_owned() },
        Standing::Held,
        Standing::Transferred { to: "115".to_owned() },
        Standing::Over,
    ];
    let mut now_ms = 0;
    let mut are_messages = true;
    for (count, piece) in bytes.split(|byte| *byte == 0).take(PIECES_MAX).enumerate() {
        now_ms += u64::try_from(piece.len() % 7).unwrap_or(0) * 700;
        let mut deeds = match Message::parse(piece) {
            Ok(message) => exchange.receive(now_ms, peer, &message),
            Err(_) => {
                are_messages = false;
                Vec::new()
            }
        };
        let connections: Vec<String> = exchange.connections().cloned().collect();
        for connection in connections {
            deeds.extend(exchange.offered(now_ms, &connection, None));
            let standing = &standings[(count + piece.len()) % standings.len()];
            deeds.extend(exchange.standing(now_ms, &connection, standing, Some(peer)));
            if *standing == Standing::Queued {
                let place = QueuePlace { before: count, message: String::from_utf8_lossy(piece).into_owned() };
                deeds.extend(exchange.queued(now_ms, &connection, place));
            }
        }
        assert!(exchange.packets().iter().all(|(to, _)| to.ip() == ip), "sound goes to a trunk");
        deeds.extend(exchange.tick(now_ms));
        for deed in deeds {
            if let Deed::Send(_, bytes) = deed {
                assert!(bytes.windows(4).any(|four| four == b"\r\n\r\n"), "what is sent has a head");
            }
        }
    }
    are_messages
}

/// Messages as exchanges and phones send them.
#[must_use]
pub fn message_seeds() -> Vec<Vec<u8>> {
    let sdp = "v=0\r\no=u 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 8\r\n";
    let head = |start: &str, method: &str, cseq: u32, tag: &str, body: &str| {
        format!(
            "{start}\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK{method}{cseq};rport\r\nMax-Forwards: 70\r\n\
             From: \"An\" <sip:0912345678@127.0.0.1>;tag=far\r\nTo: <sip:1022@127.0.0.1:5070>{tag}\r\nCall-ID: a1\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:0912345678@127.0.0.1:5060;transport=udp>\r\n\
             Record-Route: <sip:127.0.0.1;lr>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    };
    let ask = |method: &str, cseq, tag: &str, body: &str| {
        head(&format!("{method} sip:1022@127.0.0.1:5070 SIP/2.0"), method, cseq, tag, body)
    };
    vec![
        ask("INVITE", 1, "", sdp),
        ask("ACK", 1, ";tag=near", ""),
        ask("CANCEL", 1, "", ""),
        ask("BYE", 2, ";tag=near", ""),
        ask("NOTIFY", 3, ";tag=near", "SIP/2.0 200 OK\r\n"),
        head("SIP/2.0 200 OK", "INVITE", 1, ";tag=near", sdp),
        head("SIP/2.0 486 Busy Here", "INVITE", 1, ";tag=near", ""),
    ]
}

/// What one caller says, one message after the other.
#[must_use]
pub fn door_seeds() -> Vec<Vec<u8>> {
    vec![message_seeds().join(&0)]
}

/// Pieces of SIP's grammar.
pub const WORDS: &[&str] = &[
    "\r\n",
    "\r\n ",
    "\r\n\r\n",
    "\0",
    "INVITE ",
    "CANCEL ",
    "SIP/2.0 180 Ringing",
    ";tag=",
    ";branch=z9hG4bK",
    "Content-Length: 0",
    "l: 99999999999",
    "CSeq: 4294967295 INVITE",
    "<sip:[::1]:65536;lr?a=b>",
    "sips:\"",
    "Via: SIP/2.0/TCP",
    "Record-Route: ",
    "m=audio 1 RTP/AVP 0\r\na=inactive",
];
