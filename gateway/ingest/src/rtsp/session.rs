//! The state of one RTSP session (RFC 2326), without a socket or a clock: bytes go in, bytes and events come out, and time
//! is a number of milliseconds that the caller counts.
//!
//! OPTIONS, DESCRIBE, SETUP (interleaved in the TCP connection, the only transport that passes a province's firewalls
//! without luck), PLAY, a keep-alive at half the session's timeout, TEARDOWN. Each request waits under its CSeq with a
//! deadline. A `401` is answered once per nonce.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use rtsp_types::{HeaderName, Message, Method, ParseError, Request, Response, StatusCode, Url, Version, headers};

use super::{
    address::Address,
    auth::{Challenge, Credentials},
    sdp::{SdpError, VideoTrack},
};

/// Bytes of one message: an interleaved frame has at most 65,539, a description `SDP_BYTES_MAX` and its headers.
/// A camera that sends a longer one is disconnected.
pub const MESSAGE_BYTES_MAX: usize = 80 * 1024;
/// How long a camera may take to answer a request.
pub const REQUEST_TIMEOUT_MS: u64 = 10_000;
/// Session timeout when the camera names none (RFC 2326 section 12.37).
const SESSION_TIMEOUT_S: u64 = 60;
/// Session timeouts outside of these are a camera's mistake; keep-alives would flood or never come.
const SESSION_TIMEOUT_S_RANGE: std::ops::RangeInclusive<u64> = 4..=600;
/// Requests that wait for an answer at once.
const PENDING_MAX: usize = 8;
/// Answers that wait to be written to a camera that sends requests and reads nothing.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a session id.
const SESSION_ID_BYTES_MAX: usize = 256;
/// RTP goes over this channel, RTCP over the next, unless the camera chooses others.
const CHANNEL: u8 = 0;

/// A request of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// What can the camera do?
    Options,
    /// What does it show?
    Describe,
    /// How does it come here?
    Setup,
    /// Send it.
    Play,
    /// We are still here.
    KeepAlive,
    /// Good-bye.
    Teardown,
}

/// Why a session cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// Wrong or missing user and password.
    #[error("the camera refuses its user and password; correct the camera's credential")]
    Unauthorized,
    /// It asks in a way that cannot be answered.
    #[error("the camera asks for an authentication that is not known here ({0}); set it to Digest with MD5")]
    UnknownChallenge(String),
    /// It said no.
    #[error("the camera answered {step:?} with {status}; check the address of its stream")]
    Refused {
        /// To what.
        step: Step,
        /// RTSP status code.
        status: u16,
    },
    /// No answer in time.
    #[error("the camera did not answer {0:?} in time")]
    Timeout(Step),
    /// No video to show.
    #[error(transparent)]
    Sdp(#[from] SdpError),
    /// It does not send over this TCP connection.
    #[error("the camera does not send RTP over its RTSP connection; allow RTP over RTSP (TCP)")]
    Transport,
    /// Not RTSP.
    #[error("the camera sent what is not RTSP ({0})")]
    Malformed(&'static str),
    /// The camera forgot the session.
    #[error("the camera has ended the session")]
    Lost,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionEvent {
    /// The track that will come.
    Described(VideoTrack),
    /// The camera plays.
    Playing,
    /// An RTP packet of the track.
    Rtp(Bytes),
    /// The camera confirmed the end.
    TornDown,
}

#[derive(Clone, Copy, Debug)]
struct Pending {
    step: Step,
    deadline_ms: u64,
    /// The challenge was answered with credentials in this request.
    answered: bool,
}

/// One RTSP session.
#[derive(Debug)]
pub struct Session {
    address: Address,
    credentials: Option<Credentials>,
    cnonce: String,
    challenge: Option<Challenge>,
    challenge_count: u32,
    input: BytesMut,
    output: Vec<u8>,
    cseq: u32,
    pending: BTreeMap<u32, Pending>,
    track_url: Url,
    play_url: Url,
    session_id: Option<String>,
    timeout_ms: u64,
    keep_alive: Method,
    keep_alive_at_ms: Option<u64>,
    channel: u8,
}

impl Session {
    /// Begins a session; the first request is in the output at once. `cnonce` is what Digest calls the client's nonce:
    /// it must differ from session to session.
    #[must_use]
    pub fn new(address: Address, credentials: Option<Credentials>, cnonce: String, now_ms: u64) -> Self {
        let url = address.url().clone();
        let mut session = Self {
            address,
            credentials,
            cnonce,
            challenge: None,
            challenge_count: 0,
            input: BytesMut::new(),
            output: Vec::new(),
            cseq: 0,
            pending: BTreeMap::new(),
            track_url: url.clone(),
            play_url: url,
            session_id: None,
            timeout_ms: SESSION_TIMEOUT_S * 1000,
            keep_alive: Method::Options,
            keep_alive_at_ms: None,
            channel: CHANNEL,
        };
        session.send(Step::Options, now_ms);
        session
    }

    /// Where received bytes go. Call [`Self::step`] until it yields nothing before adding more.
    pub fn input(&mut self) -> &mut BytesMut {
        &mut self.input
    }

    /// Takes what is to be written.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// When [`Self::tick`] has something to do.
    #[must_use]
    pub fn deadline_ms(&self) -> Option<u64> {
        self.pending.values().map(|pending| pending.deadline_ms).chain(self.keep_alive_at_ms).min()
    }

    /// Lets time pass: sends the keep-alive, and gives up on answers that are overdue.
    ///
    /// # Errors
    /// The camera did not answer a request that playing depends on.
    pub fn tick(&mut self, now_ms: u64) -> Result<(), SessionError> {
        let overdue: Vec<u32> =
            self.pending.iter().filter(|(_, pending)| pending.deadline_ms <= now_ms).map(|(cseq, _)| *cseq).collect();
        for cseq in overdue {
            if let Some(Pending { step, .. }) = self.pending.remove(&cseq) {
                // Some cameras leave keep-alives unanswered while they play; whether frames come decides.
                if step != Step::KeepAlive {
                    return Err(SessionError::Timeout(step));
                }
            }
        }
        if self.keep_alive_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.keep_alive_at_ms = Some(now_ms + self.timeout_ms / 2);
            self.send(Step::KeepAlive, now_ms);
        }
        Ok(())
    }

    /// Says good-bye, if there is a session to end.
    pub fn teardown(&mut self, now_ms: u64) {
        if self.session_id.is_some() {
            self.keep_alive_at_ms = None;
            self.send(Step::Teardown, now_ms);
        }
    }

    /// Takes the next message from the input. `Ok(None)`: more bytes are needed.
    ///
    /// # Errors
    /// The session cannot go on.
    pub fn step(&mut self, now_ms: u64) -> Result<Option<SessionEvent>, SessionError> {
        loop {
            let (message, consumed) = match Message::<&[u8]>::parse(&self.input[..]) {
                Ok(parsed) => parsed,
                Err(ParseError::Incomplete(missing)) => {
                    let missing = missing.map_or(1, std::num::NonZeroUsize::get);
                    if self.input.len().saturating_add(missing) > MESSAGE_BYTES_MAX {
                        return Err(SessionError::Malformed("a message over the bound"));
                    }
                    return Ok(None);
                }
                Err(ParseError::Error) => return Err(SessionError::Malformed("no RTSP message")),
            };
            match message {
                Message::Data(data) => {
                    let (channel, bytes) = (data.channel_id(), data.len());
                    // The body ends the message, so it can be cut out of the buffer without a copy.
                    let frame = self.input.split_to(consumed).freeze();
                    if channel == self.channel && self.session_id.is_some() {
                        return Ok(Some(SessionEvent::Rtp(frame.slice(frame.len() - bytes..))));
                    }
                }
                Message::Request(request) => {
                    let answer = answer(&request);
                    self.input.advance_to(consumed);
                    self.write(&Message::Response(answer));
                    if self.output.len() > OUTPUT_BYTES_MAX {
                        return Err(SessionError::Malformed("a flood of requests"));
                    }
                }
                Message::Response(response) => {
                    let response = response.map_body(Bytes::copy_from_slice);
                    self.input.advance_to(consumed);
                    if let Some(event) = self.on_response(&response, now_ms)? {
                        return Ok(Some(event));
                    }
                }
            }
        }
    }

    fn on_response(&mut self, response: &Response<Bytes>, now_ms: u64) -> Result<Option<SessionEvent>, SessionError> {
        if response.status().is_informational() {
            return Ok(None);
        }
        let cseq = text(response, &headers::CSEQ).and_then(|cseq| cseq.trim().parse().ok());
        // An answer to nothing, or one that came after its deadline, says nothing any more.
        let Some(pending) = cseq.and_then(|cseq: u32| self.pending.remove(&cseq)) else { return Ok(None) };
        let (step, status) = (pending.step, response.status());
        if status == StatusCode::Unauthorized {
            return self.on_unauthorized(pending, response, now_ms).map(|()| None);
        }
        let refused = SessionError::Refused { step, status: status.into() };
        match step {
            Step::Options => {
                // What is not answered well is not needed: a camera without OPTIONS may still DESCRIBE.
                let public = text(response, &headers::PUBLIC).unwrap_or_default();
                if public.split(',').any(|method| method.trim() == "GET_PARAMETER") {
                    self.keep_alive = Method::GetParameter;
                }
                self.send(Step::Describe, now_ms);
                Ok(None)
            }
            Step::Describe if status.is_success() => self.on_described(response, now_ms).map(Some),
            Step::Setup if status.is_success() => self.on_setup(response, now_ms).map(|()| None),
            // 461 Unsupported transport.
            Step::Setup if u16::from(status) == 461 => Err(SessionError::Transport),
            Step::Play if status.is_success() => {
                self.keep_alive_at_ms = Some(now_ms + self.timeout_ms / 2);
                Ok(Some(SessionEvent::Playing))
            }
            Step::KeepAlive if u16::from(status) == 454 => Err(SessionError::Lost),
            Step::KeepAlive => {
                if !status.is_success() {
                    self.keep_alive = Method::Options;
                }
                Ok(None)
            }
            Step::Teardown => {
                self.session_id = None;
                Ok(Some(SessionEvent::TornDown))
            }
            Step::Describe | Step::Setup | Step::Play => Err(refused),
        }
    }

    fn on_unauthorized(
        &mut self,
        pending: Pending,
        response: &Response<Bytes>,
        now_ms: u64,
    ) -> Result<(), SessionError> {
        if self.credentials.is_none() {
            return Err(SessionError::Unauthorized);
        }
        let header = text(response, &headers::WWW_AUTHENTICATE).unwrap_or_default();
        let Some(challenge) = Challenge::parse(header) else {
            let scheme = header.split_whitespace().next().unwrap_or("nothing");
            return Err(SessionError::UnknownChallenge(scheme.chars().take(32).collect()));
        };
        // The same request was already answered with the password: only a nonce that has aged is worth another try.
        if pending.answered && !matches!(challenge, Challenge::Digest { stale: true, .. }) {
            return Err(SessionError::Unauthorized);
        }
        if self.challenge.as_ref() == Some(&challenge) && pending.answered {
            return Err(SessionError::Unauthorized);
        }
        self.challenge = Some(challenge);
        self.challenge_count = 0;
        self.send(pending.step, now_ms);
        Ok(())
    }

    fn on_described(&mut self, response: &Response<Bytes>, now_ms: u64) -> Result<SessionEvent, SessionError> {
        let track = VideoTrack::parse(response.body())?;
        let base = [&headers::CONTENT_BASE, &headers::CONTENT_LOCATION]
            .into_iter()
            .find_map(|name| text(response, name))
            .and_then(|base| Url::parse(base.trim()).ok())
            .unwrap_or_else(|| self.address.url().clone());
        self.play_url = control_url(&base, &track.session_control);
        self.track_url = control_url(&base, &track.control);
        self.send(Step::Setup, now_ms);
        Ok(SessionEvent::Described(track))
    }

    fn on_setup(&mut self, response: &Response<Bytes>, now_ms: u64) -> Result<(), SessionError> {
        let session = text(response, &headers::SESSION).unwrap_or_default();
        let mut parts = session.split(';').map(str::trim);
        let id = parts.next().unwrap_or_default();
        if id.is_empty() || id.len() > SESSION_ID_BYTES_MAX || id.chars().any(char::is_control) {
            return Err(SessionError::Malformed("SETUP answered without a session"));
        }
        let timeout_s = parts
            .find_map(|part| part.strip_prefix("timeout="))
            .and_then(|timeout| timeout.trim().parse::<u64>().ok())
            .unwrap_or(SESSION_TIMEOUT_S);
        self.timeout_ms = timeout_s.clamp(*SESSION_TIMEOUT_S_RANGE.start(), *SESSION_TIMEOUT_S_RANGE.end()) * 1000;
        let transport = text(response, &headers::TRANSPORT).unwrap_or_default();
        let interleaved = transport.split(';').find_map(|part| part.trim().strip_prefix("interleaved="));
        self.channel = interleaved
            .and_then(|channels| channels.split('-').next()?.trim().parse().ok())
            .ok_or(SessionError::Transport)?;
        self.session_id = Some(id.to_owned());
        self.send(Step::Play, now_ms);
        Ok(())
    }

    fn send(&mut self, step: Step, now_ms: u64) {
        let (method, url) = match step {
            Step::Options => (Method::Options, self.address.url()),
            Step::Describe => (Method::Describe, self.address.url()),
            Step::Setup => (Method::Setup, &self.track_url),
            Step::Play => (Method::Play, &self.play_url),
            Step::KeepAlive => (self.keep_alive.clone(), &self.play_url),
            Step::Teardown => (Method::Teardown, &self.play_url),
        };
        let url = url.clone();
        self.cseq = self.cseq.wrapping_add(1);
        let mut request = Request::builder(method.clone(), Version::V1_0)
            .header(headers::CSEQ, self.cseq.to_string())
            .header(headers::USER_AGENT, "trongdong");
        let mut answered = false;
        if let (Some(challenge), Some(credentials)) = (&self.challenge, &self.credentials) {
            self.challenge_count = self.challenge_count.saturating_add(1);
            let name: &str = (&method).into();
            let answer = challenge.answer(credentials, name, url.as_str(), self.challenge_count, &self.cnonce);
            request = request.header(headers::AUTHORIZATION, answer);
            answered = true;
        }
        if let Some(id) = &self.session_id {
            request = request.header(headers::SESSION, id.clone());
        }
        request = match step {
            Step::Describe => request.header(headers::ACCEPT, "application/sdp"),
            Step::Setup => {
                let transport = format!("RTP/AVP/TCP;unicast;interleaved={}-{}", CHANNEL, CHANNEL + 1);
                request.header(headers::TRANSPORT, transport)
            }
            Step::Play => request.header(headers::RANGE, "npt=0.000-"),
            _ => request,
        };
        let request = request.request_uri(url).build(Bytes::new());
        self.write(&Message::Request(request));
        if self.pending.len() == PENDING_MAX {
            // Only keep-alives can pile up, and the oldest of them says least.
            self.pending.pop_first();
        }
        self.pending.insert(self.cseq, Pending { step, deadline_ms: now_ms + REQUEST_TIMEOUT_MS, answered });
    }

    fn write(&mut self, message: &Message<Bytes>) {
        // Writing to memory does not fail.
        let _ = message.write(&mut self.output);
    }
}

/// `BytesMut::advance` under a name that needs no trait.
trait Advance {
    fn advance_to(&mut self, at: usize);
}

impl Advance for BytesMut {
    fn advance_to(&mut self, at: usize) {
        drop(self.split_to(at));
    }
}

/// Answers a camera's own request: it may ask whether we are here, nothing else.
fn answer(request: &Request<&[u8]>) -> Response<Bytes> {
    let status = match request.method() {
        Method::Options | Method::GetParameter | Method::SetParameter => StatusCode::Ok,
        _ => StatusCode::NotImplemented,
    };
    let mut response = Response::builder(Version::V1_0, status);
    if let Some(cseq) = request.header(&headers::CSEQ) {
        let cseq: String = cseq.as_str().chars().filter(char::is_ascii_digit).take(20).collect();
        response = response.header(headers::CSEQ, cseq);
    }
    response.build(Bytes::new())
}

fn text<'a>(response: &'a Response<Bytes>, name: &HeaderName) -> Option<&'a str> {
    response.header(name).map(headers::HeaderValue::as_str)
}

/// The address of an `a=control`. RFC 2326 section C.1.1 asks for resolution relative to the base; cameras mean it to be
/// appended, whether or not the base ends with a slash, and every client does.
fn control_url(base: &Url, control: &str) -> Url {
    let control = control.trim();
    if control.is_empty() || control == "*" {
        return base.clone();
    }
    if control.to_ascii_lowercase().starts_with("rtsp://") {
        return Url::parse(control).unwrap_or_else(|_| base.clone());
    }
    let slash = if base.as_str().ends_with('/') || control.starts_with('/') { "" } else { "/" };
    Url::parse(&format!("{base}{slash}{control}")).unwrap_or_else(|_| base.clone())
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
