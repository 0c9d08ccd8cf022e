//! One of the two ends of a call: a dialog (RFC 3261, 12) with a caller's exchange or an agent's phone. Pure.

use bytes::Bytes;

use crate::{
    limits::ROUTES_MAX,
    message::{Message, finish},
    resend::Peer,
};

/// Names that nobody else uses: from a seed of chance, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Names(pub(crate) u64);

impl Names {
    pub(crate) fn number(&mut self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014): every number once in a period of 2^64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn name(&mut self) -> String {
        format!("{:016x}", self.number())
    }

    pub(crate) fn branch(&mut self) -> String {
        format!("z9hG4bK{}", self.name())
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) peer: Peer,
    pub(crate) call_id: String,
    /// Our address and theirs, as in `From` and `To` of what we ask.
    pub(crate) local: String,
    pub(crate) local_tag: String,
    pub(crate) remote: String,
    pub(crate) remote_tag: String,
    /// Where requests go: their `Contact`.
    pub(crate) target: String,
    pub(crate) routes: Vec<String>,
    pub(crate) cseq: u32,
    /// What they last said of their sound.
    pub(crate) sdp: Bytes,
    /// Names the session that we have with them.
    pub(crate) session: u64,
    pub(crate) session_version: u64,
}

impl Party {
    /// The caller, of their INVITE.
    pub(crate) fn caller(invite: &Message, peer: Peer, names: &mut Names) -> Self {
        let target = if invite.contact.is_empty() { invite.from.uri.clone() } else { invite.contact.clone() };
        Self {
            peer,
            call_id: invite.call_id.clone(),
            local: invite.to.uri.clone(),
            local_tag: names.name(),
            remote: invite.from.uri.clone(),
            remote_tag: invite.from.tag.clone(),
            target,
            routes: invite.record_routes.iter().take(ROUTES_MAX).cloned().collect(),
            cseq: 0,
            sdp: invite.body.clone(),
            session: names.number() >> 1,
            session_version: 0,
        }
    }

    /// A phone that is about to be called.
    pub(crate) fn phone(uri: &str, peer: Peer, local: &str, names: &mut Names) -> Self {
        Self {
            peer,
            call_id: names.name() + &names.name(),
            local: local.to_owned(),
            local_tag: names.name(),
            remote: uri.to_owned(),
            remote_tag: String::new(),
            target: uri.to_owned(),
            routes: Vec::new(),
            cseq: 0,
            sdp: Bytes::new(),
            session: names.number() >> 1,
            session_version: 0,
        }
    }

    /// What the phone said with its answer.
    pub(crate) fn answered(&mut self, answer: &Message) {
        self.remote_tag.clone_from(&answer.to.tag);
        if !answer.contact.is_empty() {
            self.target.clone_from(&answer.contact);
        }
        // The way back is the way there, from the other end (RFC 3261, 12.1.2).
        self.routes = answer.record_routes.iter().rev().take(ROUTES_MAX).cloned().collect();
        if !answer.body.is_empty() {
            self.sdp = answer.body.clone();
        }
    }

    /// The other's description, for this one.
    pub(crate) fn describe(&mut self, sdp: &[u8], silent: bool) -> Bytes {
        self.session_version += 1;
        crate::sdp::pass(sdp, self.session, self.session_version, silent)
    }

    /// A new request in the dialog. `own` is what we are reached by.
    pub(crate) fn ask(&mut self, method: &str, own: &str, branch: &str, extra: &[String], body: &[u8]) -> Vec<u8> {
        self.cseq += 1;
        self.write(method, self.cseq, own, branch, extra, body)
    }

    /// A request that belongs to an earlier one: ACK and CANCEL have its number.
    pub(crate) fn write(
        &self,
        method: &str,
        cseq: u32,
        own: &str,
        branch: &str,
        extra: &[String],
        body: &[u8],
    ) -> Vec<u8> {
        let (transport, suffix) = if self.peer.is_tcp { ("TCP", ";transport=tcp") } else { ("UDP", "") };
        let mut text = format!(
            "{method} {} SIP/2.0\r\nVia: SIP/2.0/{transport} {own};branch={branch};rport\r\nMax-Forwards: 70\r\n",
            self.target
        );
        for route in &self.routes {
            text += &format!("Route: {route}\r\n");
        }
        text += &format!("From: <{}>;tag={}\r\n", self.local, self.local_tag);
        let tag = if self.remote_tag.is_empty() { String::new() } else { format!(";tag={}", self.remote_tag) };
        text += &format!("To: <{}>{tag}\r\nCall-ID: {}\r\nCSeq: {cseq} {method}\r\n", self.remote, self.call_id);
        text += &format!("Contact: <sip:trongdong@{own}{suffix}>\r\n");
        finish(text, extra, body)
    }
}
