//! In front of the edge's own routes: what a copy cannot answer is passed on to the province, what people enter while the line is
//! cut is kept, and whoever signs in is asked for by the province or, while that cannot be, by what it said before.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Response as HttpResponse, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use edge::{CUT_CODE, DeviceCookies, LoginGuard, Peer, Token};
use http_body_util::{BodyExt, Limited};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tower_service::Service;

use crate::{
    limits::{CHECKS_MAX, COMMAND_BYTES_MAX, FORWARD_BYTES_MAX, FORWARD_DEADLINE, MAYBE_SENT_MAX},
    outbox::{Entry, Full, Known, Number, Offer},
    people::{Sitting, name_of},
    province::{AGE_HEADER, Answer, Asked, Lost, Province, READ_HEADER, REASON_HEADER, SEQ_HEADER},
    routes::{Route, route},
    sessions,
    shared::{Counts, Shared, unix_ms},
};

mod kept;
pub(crate) mod sign_in;

/// The front of one node.
pub(crate) struct Front {
    pub(crate) shared: Arc<Shared>,
    pub(crate) province: Arc<Province>,
    /// The edge's routes.
    inner: Router,
    sign_in_age_ms_max: u64,
    /// Cookies are for TLS only.
    secure: bool,
    guard: Mutex<LoginGuard>,
    /// This node's own, under its key.
    devices: DeviceCookies,
    checks: Semaphore,
    /// Numbers that were passed on and not answered, so far: the screen may have given up on them and ask again.
    maybe_sent: Mutex<BTreeSet<(String, u64)>>,
    /// What an earlier process may have passed on: numbers of each session up to this one.
    sent_before: BTreeMap<String, u64>,
}

/// A request that is refused here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refused(StatusCode, &'static str, &'static str, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self(status, code, field, message) = self;
        let mut response = (status, Json(json!({ "code": code, "field": field, "message": message }))).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}

impl Refused {
    fn signed_out() -> Self {
        Self(StatusCode::UNAUTHORIZED, "signed_out", "", "sign in: POST /api/login".to_owned())
    }

    fn cut() -> Self {
        let message = "the line to the province is cut: this cannot be done until it is back".to_owned();
        Self(StatusCode::SERVICE_UNAVAILABLE, CUT_CODE, "", message)
    }

    fn disk(error: &std::io::Error) -> Self {
        tracing::error!(%error, "district: the disk takes nothing");
        let message = "this node's disk takes nothing now: tell who runs it, and use the telephone".to_owned();
        Self(StatusCode::INSUFFICIENT_STORAGE, "disk_full", "", message)
    }
}

/// Whoever asks.
struct Caller {
    /// Name of the session.
    session: String,
    sitting: Sitting,
}

impl Front {
    /// The node's routes: the front, and the edge's behind it.
    pub(crate) fn around(
        shared: Arc<Shared>,
        province: Arc<Province>,
        sign_in_age_ms_max: u64,
        (secure, devices): (bool, DeviceCookies),
        inner: Router,
    ) -> Router {
        let sent_before = shared
            .people(|people| people.sittings().map(|(name, sitting)| (name.clone(), sitting.seq_reserved)).collect());
        let front = Self {
            shared,
            province,
            inner,
            sign_in_age_ms_max,
            secure,
            guard: Mutex::default(),
            devices,
            checks: Semaphore::new(CHECKS_MAX),
            maybe_sent: Mutex::default(),
            sent_before,
        };
        Router::new().fallback(handle).with_state(Arc::new(front))
    }

    async fn pass_in(&self, request: Request) -> Response {
        match self.inner.clone().call(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    fn caller(&self, headers: &HeaderMap) -> Result<Caller, Refused> {
        let token = edge::token(headers).ok_or_else(Refused::signed_out)?;
        let session = name_of(token.session());
        let sitting = self.shared.people(|people| people.sitting(&session).cloned());
        let sitting = sitting.filter(|it| !it.left && it.expires_at_ms > unix_ms());
        Ok(Caller { session, sitting: sitting.ok_or_else(Refused::signed_out)? })
    }

    /// Passes a request on that is not kept.
    async fn pass_on(&self, request: Request) -> Result<Response, Refused> {
        let (parts, body) = request.into_parts();
        let caller = self.caller(&parts.headers)?;
        if !self.shared.stands() {
            return Err(Refused::cut());
        }
        if !caller.sitting.at_province {
            return Err(Refused::signed_out());
        }
        let is_get = parts.method == Method::GET;
        let body = if is_get { None } else { Some(read(body, FORWARD_BYTES_MAX).await?.to_vec()) };
        let asked = asked(&parts, &caller, body);
        let method = parts.method.as_str().parse().unwrap_or(reqwest::Method::GET);
        match self.ask(method, &asked, &caller).await? {
            Ok(answer) => Ok(answered(answer)),
            Err(_) => Err(Refused::cut()),
        }
    }

    /// Asks the province for somebody; a session that is over there is over here.
    async fn ask(
        &self,
        method: reqwest::Method,
        asked: &Asked,
        caller: &Caller,
    ) -> Result<Result<Answer, Lost>, Refused> {
        let counts = &self.shared.counts;
        Counts::one(&counts.forwarded);
        let answer = self.province.ask(method, asked, FORWARD_DEADLINE).await;
        if let Ok(answer) = &answer {
            let bytes = answer.body.len() + asked.body.as_ref().map_or(0, Vec::len);
            counts.forwarded_bytes.fetch_add(bytes as u64, std::sync::atomic::Ordering::Relaxed);
            if answer.is_signed_out() {
                let ended = sessions::end(&self.shared, &caller.session, None).await;
                ended.map_err(|error| Refused::disk(&error))?;
                return Err(Refused::signed_out());
            }
        }
        Ok(answer)
    }

    /// A person's command: answered by the province, or kept.
    async fn command(&self, request: Request) -> Result<Response, Refused> {
        let (parts, body) = request.into_parts();
        let caller = self.caller(&parts.headers)?;
        let Some(seq) = seq(&parts.headers) else {
            let message = "send the number of the command: `next_seq` of GET /api/session, and one more each time";
            return Err(Refused(StatusCode::BAD_REQUEST, "bad_request", SEQ_HEADER, message.to_owned()));
        };
        let body = read(body, COMMAND_BYTES_MAX).await?;
        let entered = Number { session: caller.session.clone(), seq };
        let print = print(&parts, &body);
        match self.shared.outbox(|outbox| outbox.known(&entered, &print)) {
            Known::New => {}
            Known::Entry(place) => return Ok(self.told(place)),
            Known::Reused => return Err(reused(seq)),
        }
        if self.shared.people(|people| people.used(&caller.session, seq)) {
            self.shared.write_people().await.map_err(|error| Refused::disk(&error))?;
        }
        let has_waiting = self.shared.outbox(|outbox| outbox.has_waiting(&caller.session));
        if self.shared.stands() && caller.sitting.at_province && !has_waiting {
            let asked = asked(&parts, &caller, Some(body.to_vec()));
            self.sent(&entered, true);
            let answer = self.ask(reqwest::Method::POST, &asked, &caller).await;
            if !matches!(answer, Ok(Err(Lost::Unknown(_)))) {
                self.sent(&entered, false);
            }
            if let Ok(answer) = answer? {
                return Ok(answered(answer));
            }
        }
        // What may have been done already is kept without being looked at: only the province can say.
        let is_maybe_sent = self.is_maybe_sent(&entered);
        if !is_maybe_sent {
            let looked_at = self.look_at(&parts, body.clone()).await;
            if let Err(response) = looked_at {
                return Ok(*response);
            }
        }
        let is_unsure = is_maybe_sent || self.sent_before.get(&caller.session).is_some_and(|before| seq <= *before);
        let offer = Offer {
            person: caller.sitting.person.clone(),
            entered,
            print,
            path: path_of(&parts),
            body: String::from_utf8_lossy(&body).into_owned(),
            reason: text(&parts.headers, REASON_HEADER),
            from: screen_of(&parts),
            at_province: caller.sitting.at_province,
            is_unsure,
        };
        self.keep(offer).await
    }

    /// A number is passed on from here on, or surely is not under way any more.
    fn sent(&self, number: &Number, is_under_way: bool) {
        let mut numbers = self.maybe_sent.lock().unwrap_or_else(PoisonError::into_inner);
        let number = (number.session.clone(), number.seq);
        if !is_under_way {
            numbers.remove(&number);
        } else if numbers.len() < MAYBE_SENT_MAX {
            numbers.insert(number);
        }
    }

    fn is_maybe_sent(&self, number: &Number) -> bool {
        let numbers = self.maybe_sent.lock().unwrap_or_else(PoisonError::into_inner);
        numbers.len() >= MAYBE_SENT_MAX || numbers.contains(&(number.session.clone(), number.seq))
    }

    /// Has the edge look whether the command can be read and whether the copy's rights allow it, as the province's own would:
    /// what comes out at the end of its road is worth keeping.
    async fn look_at(&self, parts: &Parts, body: Bytes) -> Result<(), Box<Response>> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = parts.method.clone();
        *request.uri_mut() = parts.uri.clone();
        *request.headers_mut() = parts.headers.clone();
        *request.extensions_mut() = parts.extensions.clone();
        let (parts, body) = self.pass_in(request).await.into_parts();
        let body = Limited::new(body, COMMAND_BYTES_MAX).collect().await.map(|it| it.to_bytes()).unwrap_or_default();
        let code = serde_json::from_slice::<Value>(&body).ok();
        let code = code.as_ref().and_then(|it| it.get("code")).and_then(Value::as_str);
        if parts.status == StatusCode::SERVICE_UNAVAILABLE && code == Some(CUT_CODE) {
            return Ok(());
        }
        Err(Box::new(HttpResponse::from_parts(parts, Body::from(body))))
    }

    async fn keep(&self, offer: Offer) -> Result<Response, Refused> {
        let (seq, is_unsure) = (offer.entered.seq, offer.is_unsure);
        // Looked up again: the same request may have come twice meanwhile.
        let kept = self.shared.outbox(|outbox| match outbox.known(&offer.entered, &offer.print) {
            Known::New => outbox.keep(offer, unix_ms()).map(Ok),
            known => Ok(Err(known)),
        });
        let entry: Entry = match kept {
            Ok(Ok(entry)) => entry,
            Ok(Err(Known::Entry(place))) => {
                let changed = self.shared.outbox(|outbox| if is_unsure { outbox.was_sent(place) } else { None });
                let written = self.shared.write_entries(changed.into_iter().collect()).await;
                written.map_err(|error| Refused::disk(&error))?;
                return Ok(self.told(place));
            }
            Ok(Err(_)) => return Err(reused(seq)),
            Err(full) => return Err(full_up(full)),
        };
        let place = entry.place;
        if let Err(error) = self.shared.write_entries(vec![entry]).await {
            self.shared.outbox(|outbox| outbox.take_back(place));
            return Err(Refused::disk(&error));
        }
        Counts::one(&self.shared.counts.kept);
        self.shared.to_send.notify_one();
        Ok(self.told(place))
    }

    /// What whoever entered it is told: that it is kept, or what the province answered meanwhile.
    fn told(&self, place: u64) -> Response {
        self.shared.outbox(|outbox| match outbox.entry(place) {
            Some(Entry { said: Some(said), .. }) => {
                let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::BAD_GATEWAY);
                (status, [(header::CONTENT_TYPE, "application/json")], said.body.clone()).into_response()
            }
            Some(entry) => {
                let kept = json!({ "place": place, "entered_at_ms": entry.entered_at_ms });
                (StatusCode::ACCEPTED, Json(json!({ "kept": kept }))).into_response()
            }
            None => Refused::cut().into_response(),
        })
    }
}

async fn handle(State(front): State<Arc<Front>>, request: Request) -> Response {
    let mut way = route(request.method().as_str(), request.uri().path());
    let is_list = way == Route::Copy && request.uri().path().starts_with("/api/");
    if is_list && request.method() == Method::GET && request.headers().contains_key(READ_HEADER) {
        // A copy is never what the cluster has acknowledged: whoever has to know that asks the province, or is told that
        // it cannot be asked.
        way = Route::Province;
    }
    let answered = match way {
        Route::Copy => return front.pass_in(request).await,
        Route::Login => front.login(request).await,
        Route::Logout => front.logout(request.headers()).await,
        Route::Session => front.session(request.headers()).await,
        Route::Kept => front.kept(request.headers()),
        Route::Ready => Ok(front.ready()),
        Route::Description => return kept::description(front.pass_in(request).await).await,
        Route::Command => front.command(request).await,
        Route::Province => front.pass_on(request).await,
        Route::Nowhere => {
            let message = "ask a node of the province: a district centre's serves its own room".to_owned();
            Err(Refused(StatusCode::NOT_FOUND, "not_found", "path", message))
        }
    };
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned)
}

/// The screen's address.
fn screen_of(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<Peer>().map(|peer| peer.0.ip())
}

fn seq(headers: &HeaderMap) -> Option<u64> {
    text(headers, SEQ_HEADER)?.parse().ok().filter(|seq| *seq > 0)
}

fn path_of(parts: &Parts) -> String {
    parts.uri.path_and_query().map_or_else(|| parts.uri.path().to_owned(), ToString::to_string)
}

/// Of a command as it was entered, in hexadecimal.
fn print(parts: &Parts, body: &[u8]) -> String {
    let mut digest = Sha256::new_with_prefix(parts.uri.path());
    digest.update([0]);
    digest.update(body);
    domain::Digest(digest.finalize().into()).to_string()
}

fn asked(parts: &Parts, caller: &Caller, body: Option<Vec<u8>>) -> Asked {
    Asked {
        path: path_of(parts),
        token: Some(caller.sitting.token.clone()),
        device: None,
        seq: seq(&parts.headers),
        reason: text(&parts.headers, REASON_HEADER),
        from: screen_of(parts),
        read: text(&parts.headers, READ_HEADER),
        content_type: text(&parts.headers, header::CONTENT_TYPE.as_str()),
        body,
    }
}

/// The province's answer as it came.
fn answered(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::BAD_GATEWAY);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    if let Ok(value) = HeaderValue::try_from(answer.content_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    if let Some(value) = answer.retry_after.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(header::RETRY_AFTER, value);
    }
    if let Some(value) = answer.age.and_then(|value| HeaderValue::try_from(value).ok()) {
        headers.insert(AGE_HEADER, value);
    }
    response
}

fn reused(seq: u64) -> Refused {
    let message = format!("{seq} was already used for another command: use the next number");
    Refused(StatusCode::CONFLICT, "seq_reused", SEQ_HEADER, message)
}

fn full_up(full: Full) -> Refused {
    Refused(StatusCode::INSUFFICIENT_STORAGE, "kept_full", "", full.to_string())
}

async fn read(body: Body, bytes_max: usize) -> Result<Bytes, Refused> {
    let body = Limited::new(body, bytes_max).collect().await;
    body.map(|body| body.to_bytes()).map_err(|_| {
        let message = format!("send at most {bytes_max} bytes, and all of them");
        Refused(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "body", message)
    })
}

/// The session behind a token, as it is named here.
fn session_of(token: &str) -> Option<(domain::SessionId, String)> {
    let session = Token::read(token)?.session();
    Some((session, name_of(session)))
}

#[cfg(test)]
mod tests;
