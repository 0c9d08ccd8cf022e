//! Session descriptions (RFC 8866) on their way from one phone to the other. What they say of the sound goes through as it is;
//! whose session it is, and whether sound flows, is said anew, because each phone has one session with us, however often the
//! other end changes. Pure.

use bytes::Bytes;

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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OFFER: &[u8] = b"v=0\r\no=user1 53655765 2353687637 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n\
        m=audio 6000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\na=sendrecv\r\n";

    #[test]
    fn sound_goes_through_and_the_session_is_ours() {
        let text = String::from_utf8(pass(OFFER, 7, 2, false).to_vec()).unwrap();
        assert!(text.contains("o=- 7 2 IN IP4 10.0.0.5\r\n") && text.contains("m=audio 6000") && text.contains("a=sendrecv"));
        let held = String::from_utf8(pass(OFFER, 7, 3, true).to_vec()).unwrap();
        assert!(held.contains("a=inactive\r\nm=audio 6000 RTP/AVP 8\r\n") && !held.contains("sendrecv"));
    }

    proptest! {
        #[test]
        fn any_body_may_come(body in proptest::collection::vec(any::<u8>(), 0..200), silent in any::<bool>()) {
            let _ = pass(&body, 1, 1, silent);
        }
    }
}
