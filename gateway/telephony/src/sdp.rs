//! Session descriptions (RFC 8866) on their way from one phone to the other. What they say of the sound goes through as it is;
//! whose session it is, and whether sound flows, is said anew, because each phone has one session with us, however often the
//! other end changes. Pure.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use crate::{g711::Law, limits::RTP_PORT_MIN};

/// The description for one of the two: session `id`, its `version`th word, silent where the other waits.
pub(crate) fn pass(body: &[u8], id: u64, version: u64, silent: bool) -> Bytes {
    let Ok(text) = std::str::from_utf8(body) else { return Bytes::copy_from_slice(body) };
    let mut out = String::with_capacity(text.len() + 32);
    let mut said = false;
    for line in text.lines() {
        let line = line.trim_end_matches('\r');
        if line.starts_with("o=") {
            // <username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address>
            let place = line.splitn(4, ' ').nth(3).unwrap_or("IN IP4 0.0.0.0");
            out += &format!("o=- {id} {version} {place}\r\n");
            continue;
        }
        let is_direction = matches!(line, "a=sendrecv" | "a=sendonly" | "a=recvonly" | "a=inactive");
        if silent && is_direction {
            continue;
        }
        if silent && !said && line.starts_with("m=") {
            // Before the first medium it holds for all of them (RFC 8866, 6.7).
            out += "a=inactive\r\n";
            said = true;
        }
        out += line;
        out += "\r\n";
    }
    Bytes::from(out)
}

/// Where whoever offers this hears, and in which law.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ear {
    pub(crate) at: SocketAddr,
    pub(crate) law: Law,
    /// Which medium of the offer it is, from zero.
    medium: usize,
}

/// What stands before the first medium, or of one medium.
#[derive(Clone, Copy, Default)]
struct Section<'a> {
    /// Behind `m=`; empty for what holds for all.
    medium: &'a str,
    /// Behind `c=`.
    connection: Option<&'a str>,
    /// Whether whoever says it wants to hear.
    hears: Option<bool>,
}

fn sections(text: &str) -> Vec<Section<'_>> {
    let mut all = vec![Section::default()];
    for line in text.lines().map(str::trim_end) {
        if let Some(medium) = line.strip_prefix("m=") {
            all.push(Section { medium, ..Section::default() });
            continue;
        }
        let Some(section) = all.last_mut() else { continue };
        match line {
            "a=sendrecv" | "a=recvonly" => section.hears = Some(true),
            "a=sendonly" | "a=inactive" => section.hears = Some(false),
            _ => section.connection = line.strip_prefix("c=").or(section.connection),
        }
    }
    all
}

/// Where sound can be sent before anybody has answered: the first audio that takes G.711 in the clear.
pub(crate) fn ear(offer: &[u8]) -> Option<Ear> {
    let text = std::str::from_utf8(offer).ok()?;
    if text.lines().any(|line| line.trim_end().chars().any(char::is_control)) {
        return None;
    }
    let all = sections(text);
    let (session, media) = all.split_first()?;
    media.iter().enumerate().find_map(|(medium, section)| {
        let mut words = section.medium.split(' ');
        let is_audio = words.next() == Some("audio");
        let port: u16 = words.next()?.parse().ok()?;
        let is_clear = words.next() == Some("RTP/AVP");
        let law = words.find_map(Law::of_format)?;
        let ip = address(section.connection.or(session.connection)?)?;
        let hears = section.hears.or(session.hears).unwrap_or(true);
        let is_it = is_audio && is_clear && hears && port >= RTP_PORT_MIN;
        is_it.then_some(Ear { at: SocketAddr::new(ip, port), law, medium })
    })
}

/// The address of a connection, if it is one and no name.
fn address(connection: &str) -> Option<IpAddr> {
    let (kind, ip) = connection.strip_prefix("IN ")?.split_once(' ')?;
    let ip: IpAddr = ip.parse().ok()?;
    let is_kind = kind == if ip.is_ipv4() { "IP4" } else { "IP6" };
    is_kind.then_some(ip)
}

/// The answer to an offer by one who only speaks, from that address, in the session `id`; every other medium is refused.
pub(crate) fn announce(offer: &[u8], ear: &Ear, from: SocketAddr, id: u64) -> Option<Bytes> {
    let text = std::str::from_utf8(offer).ok()?;
    let kind = if from.is_ipv4() { "IP4" } else { "IP6" };
    let place = format!("IN {kind} {}", from.ip());
    // RFC 3264, 6: an answer has the offer's time.
    let time = text.lines().map(str::trim_end).find(|line| line.starts_with("t=")).unwrap_or("t=0 0");
    let mut out = format!("v=0\r\no=- {id} 1 {place}\r\ns=-\r\nc={place}\r\n{time}\r\n");
    for (medium, section) in sections(text).iter().skip(1).enumerate() {
        if medium == ear.medium {
            let (format, name) = (ear.law.payload_type(), ear.law.name());
            out += &format!("m=audio {} RTP/AVP {format}\r\na=rtpmap:{format} {name}/8000\r\n", from.port());
            out += "a=ptime:20\r\na=sendonly\r\n";
            continue;
        }
        // RFC 3264, 6: as many media as were offered, and port zero for those that are not wanted.
        let (kind, rest) = section.medium.split_once(' ')?;
        let (_, rest) = rest.split_once(' ')?;
        out += &format!("m={kind} 0 {rest}\r\n");
    }
    Some(Bytes::from(out))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OFFER: &[u8] = b"v=0\r\no=user1 53655765 2353687637 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n\
        m=audio 6000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n";

    #[test]
    fn sound_goes_through_and_the_session_is_ours() {
        let text = String::from_utf8(pass(OFFER, 7, 2, false).to_vec()).unwrap();
        assert!(
            text.contains("o=- 7 2 IN IP4 10.0.0.5\r\n")
                && text.contains("m=audio 6000")
                && text.contains("a=sendrecv")
        );
        let held = String::from_utf8(pass(OFFER, 7, 3, true).to_vec()).unwrap();
        assert!(held.contains("a=inactive\r\nm=audio 6000 RTP/AVP 8\r\n") && !held.contains("sendrecv"));
    }

    /// An offer whose session is at 10.0.0.5, with these lines behind.
    fn offer(lines: &str) -> String {
        format!("v=0\r\no=u 1 1 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n{lines}")
    }

    #[test]
    fn who_offers_says_where_they_hear() {
        let heard = |lines: &str| ear(offer(lines).as_bytes()).map(|ear| (ear.at.to_string(), ear.law));
        let at = |at: &str, law| Some((at.to_owned(), law));
        assert_eq!(heard("m=audio 6000 RTP/AVP 8 0\r\n"), at("10.0.0.5:6000", Law::A));
        assert_eq!(heard("m=audio 6000 RTP/AVP 96 0 8\r\na=recvonly\r\n"), at("10.0.0.5:6000", Law::Mu));
        let two = "m=video 7000 RTP/AVP 96\r\nm=audio 6000 RTP/AVP 0\r\nc=IN IP4 10.0.0.6\r\n";
        assert_eq!(heard(two), at("10.0.0.6:6000", Law::Mu));
        for nobody in [
            "",
            "m=audio 0 RTP/AVP 8\r\n",
            "m=audio 53 RTP/AVP 8\r\n",
            "m=audio 6000/2 RTP/AVP 8\r\n",
            "m=audio 6000 RTP/SAVP 8\r\n",
            "m=audio 6000 RTP/AVP 9 18\r\n",
            "m=audio 6000 RTP/AVP 8\r\na=sendonly\r\n",
            "a=inactive\r\nm=audio 6000 RTP/AVP 8\r\n",
            "m=audio 6000 RTP/AVP 8\r\nc=IN IP4 pbx.example\r\n",
            "m=audio 6000 RTP/AVP 8\r\nc=IN IP6 10.0.0.5\r\n",
            "m=audio 6000 RTP/AVP 8\r\na=x\ry\r\n",
        ] {
            assert_eq!(heard(nobody), None, "{nobody}");
        }
    }

    #[test]
    fn an_announcement_answers_each_medium_and_takes_one() {
        let lines = "m=video 7000 RTP/AVP 96 97\r\na=rtpmap:96 H264/90000\r\nm=audio 6000 RTP/AVP 0 8\r\n";
        let offer = offer(lines).replace("t=0 0", "t=1 2");
        let ear = ear(offer.as_bytes()).unwrap();
        let said = announce(offer.as_bytes(), &ear, "10.0.0.1:4000".parse().unwrap(), 7).unwrap();
        assert_eq!(
            String::from_utf8(said.to_vec()).unwrap(),
            "v=0\r\no=- 7 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.1\r\nt=1 2\r\nm=video 0 RTP/AVP 96 97\r\n\
             m=audio 4000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendonly\r\n"
        );
    }

    proptest! {
        #[test]
        fn any_offer_may_come(lines in "([vostcma=]=?[ -~]{0,24}\r?\n){0,6}", from in any::<bool>()) {
            let offer = if from { offer(&lines) } else { lines };
            if let Some(ear) = ear(offer.as_bytes()) {
                let said = announce(offer.as_bytes(), &ear, "[::1]:4000".parse().unwrap(), 1);
                prop_assert!(ear.at.port() >= RTP_PORT_MIN && said.is_none_or(|said| said.starts_with(b"v=0\r\n")));
            }
        }

        #[test]
        fn any_body_may_come(body in proptest::collection::vec(any::<u8>(), 0..200), silent in any::<bool>()) {
            let _ = pass(&body, 1, 1, silent);
        }
    }
}
