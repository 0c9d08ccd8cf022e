//! SIP messages: read with bounds by `ezk-sip-types`' grammar, and written. Pure.

use bytes::Bytes;
use ezk_sip_types::{
    Headers, Name,
    header::typed::{CSeq, Contact, FromTo},
    msg::{MessageLine, PullParser},
    parse::Parse,
    print::{AppendCtx, PrintCtx},
    uri::{SipUri, SipUriUserPart},
};

use crate::limits::{HEADERS_MAX, MESSAGE_BYTES_MAX, TOKEN_BYTES_MAX};

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no SIP message ({0})")]
pub(crate) struct NoMessage(pub(crate) &'static str);

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Request { method: String, uri: String, user: String },
    Response { code: u16 },
}

/// Somebody in a dialog: an address and their tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Someone {
    pub(crate) uri: String,
    pub(crate) user: String,
    pub(crate) host: String,
    pub(crate) tag: String,
}

/// What of a message is needed; what answers it is taken over word by word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) start: Start,
    pub(crate) vias: Vec<String>,
    /// Of the first `Via`.
    pub(crate) branch: String,
    pub(crate) from_line: String,
    pub(crate) to_line: String,
    pub(crate) from: Someone,
    pub(crate) to: Someone,
    pub(crate) call_id: String,
    pub(crate) cseq: u32,
    pub(crate) cseq_method: String,
    /// Address of the `Contact`; empty: none.
    pub(crate) contact: String,
    pub(crate) record_routes: Vec<String>,
    pub(crate) body: Bytes,
}

impl Message {
    /// Reads one message that is there as a whole.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NoMessage> {
        if bytes.len() > MESSAGE_BYTES_MAX {
            return Err(NoMessage("it is too long"));
        }
        let source = Bytes::copy_from_slice(bytes);
        let mut lines = PullParser::new(&source, 0);
        let mut headers = Headers::new();
        let mut start = None;
        for (count, line) in lines.by_ref().enumerate() {
            let line = line.map_err(|_| NoMessage("its head has no end"))?;
            let line = std::str::from_utf8(line).map_err(|_| NoMessage("it is no UTF-8"))?;
            if count > HEADERS_MAX {
                return Err(NoMessage("it has too many headers"));
            }
            if count == 0 {
                start = Some(MessageLine::parse_str(line).map_err(|_| NoMessage("its first line"))?);
                continue;
            }
            let (name, value) = line.split_once(':').ok_or(NoMessage("a header without a colon"))?;
            // A value that goes on over lines is one line from here on.
            let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
            headers.insert(Name::from(name.trim().to_owned()), value.trim().to_owned());
        }
        let body = source.slice(lines.head_end().min(source.len())..);
        Self::of(start.ok_or(NoMessage("it is empty"))?, &headers, body)
    }

    fn of(start: MessageLine, headers: &Headers, body: Bytes) -> Result<Self, NoMessage> {
        let from: FromTo = headers.get(Name::FROM).map_err(|_| NoMessage("From"))?;
        let to: FromTo = headers.get(Name::TO).map_err(|_| NoMessage("To"))?;
        let cseq: CSeq = headers.get_named().map_err(|_| NoMessage("CSeq"))?;
        let contact = headers.try_get_named::<Contact>().and_then(Result::ok);
        let one = |name: &Name| headers.get_raw(name).next().map(ToString::to_string).unwrap_or_default();
        let vias: Vec<String> = headers.get_raw(&Name::VIA).map(ToString::to_string).collect();
        let first = vias.first().ok_or(NoMessage("Via"))?;
        let branch = branch_of(first);
        let start = match start {
            MessageLine::Response(line) => Start::Response { code: line.code.into_u16() },
            MessageLine::Request(line) => Start::Request {
                method: line.method.to_string(),
                uri: printed(&line.uri),
                user: user_of(&line.uri),
            },
        };
        let message = Self {
            start,
            branch,
            from_line: one(&Name::FROM),
            to_line: one(&Name::TO),
            from: someone(&from),
            to: someone(&to),
            call_id: one(&Name::CALL_ID),
            cseq: cseq.cseq,
            cseq_method: cseq.method.to_string(),
            contact: contact.map(|contact| printed(&contact.uri.uri)).unwrap_or_default(),
            record_routes: headers.get_raw(&Name::RECORD_ROUTE).map(ToString::to_string).collect(),
            vias,
            body: fits(headers, body)?,
        };
        let kept = [&message.branch, &message.call_id, &message.from.uri, &message.from.tag, &message.to.uri];
        let kept = kept.into_iter().chain([&message.to.tag, &message.contact]);
        if message.call_id.is_empty() || kept.into_iter().any(|text| text.len() > TOKEN_BYTES_MAX) {
            return Err(NoMessage("a name in it is missing or too long"));
        }
        Ok(message)
    }

    /// Its method, if it asks for something.
    pub(crate) fn method(&self) -> Option<&str> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// An answer to this request: its lines, with our tag where the dialog is not known yet.
    pub(crate) fn answer(&self, code: u16, reason: &str, tag: &str, extra: &[String], body: &[u8]) -> Vec<u8> {
        let mut text = format!("SIP/2.0 {code} {reason}\r\n");
        for via in &self.vias {
            text += &format!("Via: {via}\r\n");
        }
        let to = if self.to.tag.is_empty() && code > 100 {
            format!("{};tag={tag}", self.to_line)
        } else {
            self.to_line.clone()
        };
        let (from, call_id, cseq, method) = (&self.from_line, &self.call_id, self.cseq, &self.cseq_method);
        text += &format!("From: {from}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n");
        // RFC 3261, 12.1.1: the answer that makes a dialog says the way again.
        for route in self.record_routes.iter().filter(|_| self.cseq_method == "INVITE" && (101..300).contains(&code)) {
            text += &format!("Record-Route: {route}\r\n");
        }
        finish(text, extra, body)
    }
}

/// The rest of a message: what else it says, how long it is, and its body.
pub(crate) fn finish(mut text: String, extra: &[String], body: &[u8]) -> Vec<u8> {
    for line in extra {
        text += &format!("{line}\r\n");
    }
    if !body.is_empty() {
        text += "Content-Type: application/sdp\r\n";
    }
    text += &format!("Content-Length: {}\r\n\r\n", body.len());
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// Bytes of the first message of a stream; none: it is not there as a whole.
///
/// # Errors
/// There will be none.
pub(crate) fn framed(stream: &[u8]) -> Result<Option<usize>, NoMessage> {
    let Some(end) = stream.windows(4).position(|four| four == b"\r\n\r\n") else {
        return if stream.len() > MESSAGE_BYTES_MAX { Err(NoMessage("its head is too long")) } else { Ok(None) };
    };
    let head = std::str::from_utf8(&stream[..end]).map_err(|_| NoMessage("it is no UTF-8"))?;
    let length = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':')).find_map(|(name, value)| {
        let name = name.trim();
        let is_length = name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("l");
        is_length.then(|| value.trim().parse::<usize>())
    });
    let length = length.unwrap_or(Ok(0)).map_err(|_| NoMessage("Content-Length"))?;
    let total = (end + 4).checked_add(length).filter(|total| *total <= MESSAGE_BYTES_MAX);
    let total = total.ok_or(NoMessage("it is too long"))?;
    Ok((stream.len() >= total).then_some(total))
}

/// The body as long as `Content-Length` says; without one, all that came.
fn fits(headers: &Headers, body: Bytes) -> Result<Bytes, NoMessage> {
    let Some(length) = headers.get_raw(&Name::CONTENT_LENGTH).next() else { return Ok(body) };
    let length: usize = length.trim().parse().map_err(|_| NoMessage("Content-Length"))?;
    if length > body.len() {
        return Err(NoMessage("its body is cut off"));
    }
    Ok(body.slice(..length))
}

fn someone(party: &FromTo) -> Someone {
    Someone {
        uri: printed(&party.uri.uri),
        user: user_of(&party.uri.uri),
        host: party.uri.uri.host_port.print_ctx(PrintCtx::default()).to_string(),
        tag: party.tag.as_ref().map(ToString::to_string).unwrap_or_default(),
    }
}

fn printed(uri: &SipUri) -> String {
    uri.print_ctx(PrintCtx::default()).to_string()
}

fn user_of(uri: &SipUri) -> String {
    match &uri.user_part {
        SipUriUserPart::Empty => String::new(),
        SipUriUserPart::User(user) => user.to_string(),
        SipUriUserPart::UserPw(both) => both.user.to_string(),
    }
}

fn branch_of(via: &str) -> String {
    let first = via.split(',').next().unwrap_or_default();
    let found = first.split(';').skip(1).find_map(|param| param.trim().strip_prefix("branch="));
    found.unwrap_or_default().trim().to_owned()
}

/// A SIP address in a text: the host's name or address, its port and whether it asks for TCP; none: it is not one.
pub(crate) fn address(text: &str) -> Option<(String, u16, bool)> {
    use ezk_sip_types::host::Host;
    if text.len() > TOKEN_BYTES_MAX || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return None;
    }
    let uri = SipUri::parse_str(text).ok()?;
    let host = match &uri.host_port.host {
        Host::IP4(ip) => ip.to_string(),
        Host::IP6(ip) => ip.to_string(),
        Host::Name(name) => name.to_string(),
    };
    let is_tcp = text.to_ascii_lowercase().contains(";transport=tcp");
    Some((host, uri.host_port.port.unwrap_or(5060), is_tcp))
}
