//! The notifier's side: a service connects to any node and gets what waits for it in the outbox, oldest first.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
};
use domain::{
    Channel, Command, ConfirmNotices, Event, GiveUpNotice, GroupId, Handover, Notice, Receiver, ReceiverId, Reply,
    Subject, limits::TEXT_BYTES_MAX, rows, wire::Record,
};
use futures::{SinkExt, StreamExt};
use hyper::{
    HeaderMap, StatusCode,
    header::{
        CONNECTION, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
        SEC_WEBSOCKET_VERSION, UPGRADE,
    },
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, frame::coding::CloseCode},
    },
};

use super::{
    DATE_HEADER, PROTOCOL, is_fresh,
    message::{self, ToNotifier},
    notifier::{Effect, Notifier},
    signed_words, transaction, uuid,
};
use crate::{
    api::handover::PartnerError,
    app::App,
    clock::unix_ms,
    cluster::read,
    courier::{SIGNATURE_HEADER, is_signed},
    eido,
    error::ApiError,
    limits::{COMMAND_DEADLINE, FLUSH_DEADLINE},
    public::guard::Kind,
    screen::upgrade,
    seats::Seat,
    server::Peer,
    stop::stopped,
};

/// Messages that a subscriber may send in a second; more cut its line.
const MESSAGES_PER_SECOND_MAX: u32 = 50;
/// How long a closing line is given to hear why.
const CLOSE_DEADLINE: Duration = Duration::from_millis(1_000);

/// `GET /IncidentData/ent/{receiver}`: a WebSocket of the standard's sub-protocol.
pub(crate) async fn accept(
    State(app): State<Arc<App>>,
    Path(receiver): Path<String>,
    mut request: Request,
) -> Response {
    let ip = request.extensions().get::<Peer>().map_or(IpAddr::from([0, 0, 0, 0]), |peer| peer.0.ip());
    let (admitted, key) = match admit(&app, ip, &receiver, request.headers()) {
        Ok(admitted) => admitted,
        Err(refused) => return refused.into_response(),
    };
    let seat = request.extensions().get::<Arc<Seat>>().cloned();
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        match upgrade.await {
            Ok(upgraded) => {
                let io = TokioIo::new(upgraded);
                let socket = WebSocketStream::from_raw_socket(io, Role::Server, Some(upgrade::config())).await;
                serve(app, socket, admitted, ip).await;
                drop(seat);
            }
            Err(error) => tracing::debug!(%error, "conveyance: the connection was gone before it became a WebSocket"),
        }
    });
    let headers: [(HeaderName, HeaderValue); 4] = [
        (CONNECTION, HeaderValue::from_static("upgrade")),
        (UPGRADE, HeaderValue::from_static("websocket")),
        (SEC_WEBSOCKET_ACCEPT, key),
        (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(PROTOCOL)),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

/// Who it is, and the key's answer. Whoever is not known and whoever signs wrongly are told the same.
fn admit(app: &App, ip: IpAddr, receiver: &str, headers: &HeaderMap) -> Result<(Receiver, HeaderValue), PartnerError> {
    app.admit(Kind::Look, ip)?;
    let key = key_of(headers)?;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (date, signature) = (text(DATE_HEADER), text(SIGNATURE_HEADER));
    let words = signed_words(receiver, date);
    let known = app.partner(receiver);
    let signed =
        known.filter(|(_, secret)| is_fresh(date, unix_ms()) && is_signed(secret, words.as_bytes(), signature));
    let Some((known, _)) = signed else {
        app.charge(Kind::Miss, ip)?;
        let remedy = "sign your name, a blank and trongdong-date: sha256= and their HMAC-SHA-256 under the secret";
        return Err(ApiError::forbidden(SIGNATURE_HEADER, remedy).into());
    };
    if !matches!(known.channel(), Some(Channel::Conveyance(_))) {
        let remedy = "its notices go another way: an administrator gives it an address that begins with wss:";
        return Err(ApiError::forbidden("receiver", remedy).into());
    }
    Ok((known, key))
}

/// The answer to the key of a handshake (RFC 6455, 4.2.2) that offers our sub-protocol.
fn key_of(headers: &HeaderMap) -> Result<HeaderValue, ApiError> {
    let has = |name: HeaderName, token: &str| {
        let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
    };
    if !has(CONNECTION, "upgrade") || !has(UPGRADE, "websocket") || !has(SEC_WEBSOCKET_VERSION, "13") {
        return Err(ApiError::bad_request("upgrade", "open this as a WebSocket, version 13"));
    }
    if !has(SEC_WEBSOCKET_PROTOCOL, PROTOCOL) {
        return Err(ApiError::bad_request("sec-websocket-protocol", "offer emergency-ent1.0"));
    }
    let key = headers.get(SEC_WEBSOCKET_KEY);
    let key = key.ok_or_else(|| ApiError::bad_request("sec-websocket-key", "is required"))?;
    HeaderValue::try_from(derive_accept_key(key.as_bytes()))
        .map_err(|_| ApiError::bad_request("sec-websocket-key", "send a nonce in base64"))
}

/// What a receiver's outbox has for its line.
enum Next {
    Send(u64, Value),
    /// No object can say it.
    Unfit(u64, String),
    /// It is parked in history, under this number.
    Parked(u64),
    Nothing,
    /// The receiver is gone, off, reached another way, or signs under another secret by now.
    Gone,
}

/// The oldest notice after those that this line has settled, for whom it was opened to; nothing where it may not send now.
fn next(app: &App, admitted: &Receiver, settled: u64, may_send: bool) -> Next {
    let (issuer, receiver) = (eido::issuer(app.source.epoch()), &admitted.id);
    read(&*app.source, GroupId::COMMAND, |state| {
        let is_as_admitted = |it: &&Receiver| !it.disabled && it.secret_sealed == admitted.secret_sealed;
        let known = state.receivers().get(receiver).filter(is_as_admitted);
        let Some(known) = known.filter(|it| matches!(it.channel(), Some(Channel::Conveyance(_)))) else {
            return Next::Gone;
        };
        if !may_send {
            return Next::Nothing;
        }
        match state.notices_for(receiver).find(|notice| notice.number > settled) {
            Some(notice) => said(&issuer, notice),
            None => known.parked_after(settled).map_or(Next::Nothing, Next::Parked),
        }
    })
}

/// What an object says of a notice.
fn said(issuer: &str, notice: &Notice) -> Next {
    // What this node cannot read, a newer one can.
    let Ok(event) = Event::decode(&notice.event) else { return Next::Nothing };
    match (Handover::of_event(&event), &event.subject) {
        (Some((incident, handover)), _) => {
            Next::Send(notice.number, eido::write(issuer, incident, Some(handover), event.at_ms))
        }
        (None, Some(Subject::Incident(incident))) => {
            Next::Send(notice.number, eido::write(issuer, incident, None, event.at_ms))
        }
        _ => {
            let kind = event.kind;
            Next::Unfit(notice.number, format!("no EIDO can say {kind}: use a webhook or mail for it"))
        }
    }
}

/// The same of one that is parked; nothing where this node cannot read it now, or has not applied it.
async fn parked(app: &App, receiver: &ReceiverId, number: u64) -> Next {
    let issuer = eido::issuer(app.source.epoch());
    let (from, to) = rows::parked_notices_range(receiver, number);
    match app.source.scan(GroupId::COMMAND, from, to, 1).await {
        Ok(found) => {
            let notice = found.first().and_then(|(_, row)| Notice::decode(row).ok());
            notice.filter(|it| it.number == number).map_or(Next::Nothing, |notice| said(&issuer, &notice))
        }
        Err(error) => {
            tracing::error!(%receiver, number, %error, "conveyance: a parked notice cannot be read");
            Next::Nothing
        }
    }
}

/// Serves a subscriber until it is gone or let go.
async fn serve<IO: AsyncRead + AsyncWrite + Unpin>(
    app: Arc<App>,
    mut socket: WebSocketStream<IO>,
    admitted: Receiver,
    ip: IpAddr,
) {
    let Some(_seat) = app.sockets.take(ip) else {
        return close(&mut socket, "this node has as many lines as it may: use another node").await;
    };
    let mut chance = [0_u8; 16];
    if getrandom::fill(&mut chance).is_err() {
        return close(&mut socket, "this node has no randomness: use another one").await;
    }
    // Ids of subscriptions are nobody else's, on no line before and at no node.
    let (name, opened) = (uuid(&format!("{}-{}-{chance:02x?}", app.source.epoch(), admitted.id)), Instant::now());
    let notifier = Notifier::new(&name);
    let mut line = Line { app, admitted, notifier, settled: 0, counted_s: 0, messages: 0 };
    let mut stop = line.app.stopping.clone();
    let why = loop {
        let now_ms = u64::try_from(opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        // Read before the outbox is: what is applied in between wakes the line again.
        let seen = line.app.source.applied(GroupId::COMMAND).index;
        let mut effects = line.fetch(now_ms).await;
        if effects.is_empty() {
            let due = line.notifier.due_ms(now_ms).map(|due_ms| opened + Duration::from_millis(due_ms));
            let due = async move {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => std::future::pending().await,
                }
            };
            effects = tokio::select! {
                received = socket.next() => match received {
                    Some(Ok(Message::Text(text))) => line.received(now_ms, text.as_bytes()),
                    Some(Ok(Message::Binary(_))) => vec![Effect::Close("send JSON as text")],
                    Some(Ok(Message::Close(_))) | Some(Err(_)) | None => return,
                    Some(Ok(_)) => continue,
                },
                // Also while an object is under way: its right to the line may be gone.
                applied = line.app.source.applied_after(GroupId::COMMAND, seen) => match applied {
                    Some(_) => continue,
                    None => vec![Effect::Close("this node stops: use another one")],
                },
                () = stopped(&mut stop) => vec![Effect::Close("this node stops: use another one")],
                () = due => {
                    let now_ms = u64::try_from(opened.elapsed().as_millis()).unwrap_or(u64::MAX);
                    line.notifier.tick(now_ms)
                }
            };
        }
        match line.carry_out(&mut socket, effects).await {
            Ok(()) => {}
            Err(Some(why)) => break why,
            Err(None) => return,
        }
    };
    tracing::debug!(receiver = %line.admitted.id, %ip, why, "conveyance: let go");
    close(&mut socket, why).await;
}

struct Line {
    app: Arc<App>,
    /// Who it is opened to, as it was when its signature was believed.
    admitted: Receiver,
    notifier: Notifier,
    /// Up to here this line has settled its notices; state may be behind on this node.
    settled: u64,
    /// The second whose messages are counted.
    counted_s: u64,
    messages: u32,
}

impl Line {
    fn next(&self, now_ms: u64) -> Next {
        next(&self.app, &self.admitted, self.settled, self.notifier.may_send(now_ms))
    }

    /// What is to be sent now.
    async fn fetch(&mut self, now_ms: u64) -> Vec<Effect> {
        let mut found = self.next(now_ms);
        if let Next::Parked(number) = found {
            let said = parked(&self.app, &self.admitted.id, number).await;
            // The right to the line may be gone by now.
            found = match self.next(now_ms) {
                Next::Parked(still) if still == number => said,
                other => other,
            };
        }
        match found {
            Next::Send(number, eido) => {
                let transaction = transaction(self.app.source.epoch(), &self.admitted.id, number);
                vec![self.notifier.send(now_ms, number, transaction, eido)]
            }
            Next::Unfit(number, reason) => vec![Effect::GivenUp(number, reason)],
            Next::Nothing | Next::Parked(_) => Vec::new(),
            Next::Gone => {
                vec![Effect::Close("this receiver is off, has another secret, or its notices go another way")]
            }
        }
    }

    fn received(&mut self, now_ms: u64, bytes: &[u8]) -> Vec<Effect> {
        if self.counted_s != now_ms / 1_000 {
            (self.counted_s, self.messages) = (now_ms / 1_000, 0);
        }
        self.messages += 1;
        if self.messages > MESSAGES_PER_SECOND_MAX {
            return vec![Effect::Close("send less at once")];
        }
        match message::read::<ToNotifier>(bytes) {
            Ok(message) => self.notifier.received(now_ms, message),
            Err(wrong) => match message::refusal(bytes) {
                Some(refusal) => vec![Effect::Say(refusal)],
                None => {
                    tracing::debug!(receiver = %self.admitted.id, wrong, "conveyance: a message that is none");
                    vec![Effect::Close("send a message of the standard")]
                }
            },
        }
    }

    /// `Err`: the line ends, and why if somebody is there to hear it.
    async fn carry_out<IO: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        socket: &mut WebSocketStream<IO>,
        effects: Vec<Effect>,
    ) -> Result<(), Option<&'static str>> {
        for effect in effects {
            match effect {
                Effect::Say(message) => {
                    let sent = timeout(FLUSH_DEADLINE, socket.send(Message::text(message::write(&message)))).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        return Err(None);
                    }
                }
                Effect::Taken(through) => {
                    let confirm = ConfirmNotices { receiver: self.admitted.id.clone(), through };
                    self.settle(through, confirm.into()).await?;
                }
                Effect::GivenUp(number, mut reason) => {
                    reason.truncate(reason.floor_char_boundary(TEXT_BYTES_MAX));
                    let give_up = GiveUpNotice { receiver: self.admitted.id.clone(), number, reason };
                    self.settle(number, give_up.into()).await?;
                }
                Effect::Close(why) => return Err(Some(why)),
            }
        }
        Ok(())
    }

    /// Only what a quorum holds is settled: else the subscriber gets it again, on another line.
    async fn settle(&mut self, number: u64, command: Command) -> Result<(), Option<&'static str>> {
        let reply = self.app.road.command(Some(GroupId::COMMAND), command, None, None, COMMAND_DEADLINE).await;
        if !matches!(reply, Ok(Reply::Accepted(_))) {
            return Err(Some("the cluster could not note that now: come back, and take it again"));
        }
        self.settled = number;
        Ok(())
    }
}

async fn close<IO: AsyncRead + AsyncWrite + Unpin>(socket: &mut WebSocketStream<IO>, why: &'static str) {
    let frame = CloseFrame { code: CloseCode::Normal, reason: why.into() };
    let _ = timeout(CLOSE_DEADLINE, socket.close(Some(frame))).await;
}
