//! What a caller hears until somebody answers: that it rings, which place in the queue they have, and an announcement.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;

use super::{Action, Actions, Bridge, Phase};
use crate::{
    QueuePlace,
    announce::{Announcement, Stream},
    limits::{PHRASE_BYTES_MAX, RINGING_AGAIN_MS},
    message::Message,
    party::Names,
    sdp,
};

/// A dialog that an announcement alone is heard in. Its tag is its own, because what answers an offer first is the answer for that
/// dialog (RFC 3261, 13.2.1): whoever takes the call answers the same offer in another one, as after a fork (13.2.2.4).
#[derive(Clone, Debug)]
pub(super) struct Early {
    tag: String,
    sdp: Bytes,
    /// None: somebody has answered, or the caller is gone.
    stream: Option<Stream>,
}

impl Early {
    /// None: the caller cannot hear, or their offer names an address that is no trunk's. Who rings says where sound goes, so it goes
    /// to those who may ring and to nobody else: no offer turns us against a third party.
    fn new(invite: &Message, from: SocketAddr, is_trunk: impl Fn(IpAddr) -> bool, names: &mut Names) -> Option<Self> {
        let ear = sdp::ear(&invite.body)?;
        if !is_trunk(ear.at.ip()) || ear.at.is_ipv4() != from.is_ipv4() {
            return None;
        }
        let sdp = sdp::announce(&invite.body, &ear, from, names.number() >> 1)?;
        Some(Self { tag: names.name(), sdp, stream: Some(Stream::new(ear.at, ear.law, names)) })
    }
}

impl Bridge {
    /// The caller has this place in the queue. `from` is where the announcement comes from; none: they cannot have it.
    pub(crate) fn queued(
        &mut self,
        now_ms: u64,
        place: QueuePlace,
        from: Option<SocketAddr>,
        is_trunk: impl Fn(IpAddr) -> bool,
        names: &mut Names,
    ) -> Actions {
        if self.answered || self.phase != Phase::Waiting {
            return Vec::new();
        }
        self.place = Some(place);
        if self.early.is_none() {
            self.early = from.and_then(|from| Early::new(&self.invite, from, is_trunk, names));
        }
        self.ring(now_ms)
    }

    /// Whether their place has to be told again.
    pub(crate) fn is_place_due(&self, now_ms: u64) -> bool {
        self.place.is_some() && !self.answered && self.phase == Phase::Waiting && now_ms >= self.ring_again_ms
    }

    /// Whether the announcement is heard here.
    pub(crate) fn is_heard(&self) -> bool {
        self.early.as_ref().is_some_and(|early| early.stream.is_some())
    }

    /// Whether this is the tag of the announcement's dialog.
    pub(super) fn is_early(&self, tag: &str) -> bool {
        self.early.as_ref().is_some_and(|early| early.tag == tag)
    }

    /// The announcement ends.
    pub(super) fn quiet(&mut self) {
        if let Some(early) = &mut self.early {
            early.stream = None;
        }
    }

    /// The announcement's next packet.
    pub(crate) fn packet(&mut self, announcement: &Announcement) -> Option<(SocketAddr, Vec<u8>)> {
        self.early.as_mut()?.stream.as_mut()?.packet(announcement)
    }

    /// 182 to who has a place in the queue, 180 to everybody else; and what they hear is said again, because it may have been lost.
    pub(super) fn ring(&mut self, now_ms: u64) -> Actions {
        self.ring_again_ms = now_ms + RINGING_AGAIN_MS;
        let contact = [self.contact()];
        let (code, reason) = match &self.place {
            Some(place) => (182, phrase(place)),
            None => (180, "Ringing".to_owned()),
        };
        self.last = self.invite.answer(code, &reason, &self.caller.local_tag, &contact, b"");
        let mut out = vec![Action::Send(self.caller.peer, self.last.clone())];
        if let Some(early) = &self.early {
            let progress = self.invite.answer(183, "Session Progress", &early.tag, &contact, &early.sdp);
            out.push(Action::Send(self.caller.peer, progress));
        }
        out
    }

    pub(super) fn contact(&self) -> String {
        let suffix = if self.caller.peer.is_tcp { ";transport=tcp" } else { "" };
        format!("Contact: <sip:trongdong@{}{suffix}>", self.own)
    }
}

/// RFC 3261, 21.1.4: "The reason phrase MAY give further details about the status of the call". Of the characters that a phrase may
/// have (25.1) those of ASCII.
fn phrase(place: &QueuePlace) -> String {
    let said = match place.before {
        1 => "Queued; 1 call before yours".to_owned(),
        before => format!("Queued; {before} calls before yours"),
    };
    let message = if place.message.is_empty() { String::new() } else { format!("; {}", place.message) };
    let is_kept = |c: &char| c.is_ascii_alphanumeric() || " ;/?:@&=+$,-_.!~*'()".contains(*c);
    let plain = said.chars().chain(message.chars()).map(|c| if c.is_whitespace() { ' ' } else { c });
    plain.filter(is_kept).take(PHRASE_BYTES_MAX).collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told(before: usize, message: &str) -> String {
        phrase(&QueuePlace { before, message: message.to_owned() })
    }

    #[test]
    fn a_phrase_says_the_place_and_what_the_desk_says() {
        assert_eq!(told(0, ""), "Queued; 0 calls before yours");
        assert_eq!(told(1, "Xin cho may!"), "Queued; 1 call before yours; Xin cho may!");
        assert_eq!(told(2, "a\r\nVia: x\t\"b\"%"), "Queued; 2 calls before yours; a  Via: x b");
    }

    proptest! {
        #[test]
        fn a_phrase_is_one_short_line_of_ascii(before in any::<usize>(), message in "\\PC{0,300}|[\\x00-\\x7f]{0,300}") {
            let said = told(before, &message);
            prop_assert!(said.len() <= PHRASE_BYTES_MAX && said.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{said}");
        }
    }
}
