//! The cluster as its users reach it: HTTP with an account, readings over MQTT. The demonstration province, the simulator
//! and the replay go through here and have no other way in, so what they do proves the same doors that devices and people
//! use.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    time::Duration,
};

use reqwest::{Method, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::{
    sync::{RwLock, Semaphore},
    time::{Instant, sleep},
};

mod door;
pub mod publisher;
mod stream;
pub(crate) mod tls;

pub use door::Door;
pub use stream::Streamed;

/// How long one attempt may take: longer than the gateway's own deadline of 10 s.
const ATTEMPT_MS_MAX: u64 = 12_000;
/// How long a request is tried over all nodes until its outcome counts as unknown: longer than an election and a restart.
const ANSWER_MS_MAX: u64 = 120_000;
/// First and longest pause between attempts.
const BACKOFF_MS: (u64, u64) = (100, 3_000);
/// Commands of one session under way at once: well within the replies that the cluster remembers of a session.
const COMMANDS_AT_ONCE_MAX: usize = 16;
/// Bytes of one answer.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// What a body is that is not a file.
const JSON: &str = "application/json";
/// The cookie that carries the session.
const COOKIE: &str = "td_session";
/// Bytes of a subcommand's name; none of ours is longer.
const SUBCOMMAND_BYTES_MAX: usize = 32;

/// What went wrong on the way; a refusal is not one of these, it is an [`Answer`].
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The configuration cannot be used.
    #[error("{field}: {remedy}")]
    Config {
        /// The option.
        field: &'static str,
        /// What to give instead.
        remedy: String,
    },
    /// No node gave an answer in time. A command may or may not have been applied.
    #[error("{path}: no answer from any node within {seconds} s, the outcome is unknown; the last said: {last}")]
    Unknown {
        /// Which request.
        path: String,
        /// How long it was tried.
        seconds: u64,
        /// What the last attempt came to.
        last: String,
    },
    /// The account was not let in.
    #[error("sign-in of {person} was refused ({code}): {message}")]
    SignIn {
        /// Who.
        person: String,
        /// The gateway's code.
        code: String,
        /// The gateway's words.
        message: String,
    },
    /// A look was refused.
    #[error("{path} was refused: {refused}")]
    Refused {
        /// Which request.
        path: String,
        /// Why.
        refused: Refused,
    },
    /// The answer is not what the interface promises.
    #[error("{path}: answer not understood ({reason})")]
    Answer {
        /// Which request.
        path: String,
        /// What was wrong with it.
        reason: String,
    },
}

/// A refusal: sending the same again is useless.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code} {field}: {message}")]
pub struct Refused {
    /// HTTP status.
    pub status: u16,
    /// Code for programs.
    pub code: String,
    /// The field that was wrong; may be empty.
    pub field: String,
    /// What to do about it.
    pub message: String,
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A quorum holds it; the body of the answer.
    Accepted(Value),
    /// It was refused and changed nothing.
    Refused(Refused),
}

/// A signed-in session.
struct Session {
    person: String,
    password: String,
    cookie: String,
    next_seq: AtomicU64,
}

/// A client of all nodes of a cluster. It stays with the node that answers and moves on when one does not.
pub struct Client {
    http: reqwest::Client,
    origins: Vec<String>,
    at: AtomicUsize,
    session: RwLock<Option<Session>>,
    turns: Semaphore,
    /// Why it asks, for the record.
    why: String,
}

/// What goes with a request.
#[derive(Clone, Copy)]
struct Body<'a> {
    content_type: &'static str,
    /// Number of the command; none: it is no command.
    seq: Option<u64>,
    bytes: &'a [u8],
}

/// What one attempt came to.
enum Attempt {
    Answered(StatusCode, Vec<u8>, Option<String>),
    Again(String),
}

impl Client {
    /// A client of the nodes at `origins` (`https://host:port`); `ca_pem` is the cluster's own authority in PEM.
    ///
    /// # Errors
    /// No origin, one that is not an origin, HTTPS without an authority, or an authority that does not parse.
    pub fn new(origins: Vec<String>, ca_pem: Option<&[u8]>) -> Result<Self, ClientError> {
        let origins: Vec<String> = origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect();
        let is_origin = |origin: &&String| origin.starts_with("https://") || origin.starts_with("http://");
        if origins.is_empty() || !origins.iter().all(|origin| is_origin(&origin)) {
            let remedy = "give the origin of at least one node, such as https://node-1:8443".to_owned();
            return Err(ClientError::Config { field: "url", remedy });
        }
        if ca_pem.is_none() && origins.iter().any(|origin| origin.starts_with("https://")) {
            let remedy = "give the ca.pem of the cluster's certificates folder: nodes use HTTPS".to_owned();
            return Err(ClientError::Config { field: "ca", remedy });
        }
        let http = reqwest::Client::builder()
            .use_preconfigured_tls(tls::config(ca_pem)?)
            .timeout(Duration::from_millis(ATTEMPT_MS_MAX))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|e| ClientError::Config { field: "ca", remedy: e.to_string() })?;
        let turns = Semaphore::new(COMMANDS_AT_ONCE_MAX);
        let why = why_of(std::env::args_os().nth(1).and_then(|word| word.into_string().ok()).as_deref());
        Ok(Self { http, origins, at: AtomicUsize::new(0), session: RwLock::new(None), turns, why })
    }

    /// The nodes' origins.
    #[must_use]
    pub fn origins(&self) -> &[String] {
        &self.origins
    }

    /// Signs in; later requests carry the session, and sign in anew when it has ended.
    ///
    /// # Errors
    /// A wrong account or password, or no node answers.
    pub async fn login(&self, person: &str, password: &str) -> Result<(), ClientError> {
        let mut session = self.session.write().await;
        *session = Some(self.open(person, password).await?);
        Ok(())
    }

    async fn open(&self, person: &str, password: &str) -> Result<Session, ClientError> {
        let body = serde_json::json!({ "person": person, "password": password });
        let bytes = encode("/api/login", &body)?;
        let (status, body, cookie) = self
            .ask(Method::POST, "/api/login", Some(Body { content_type: JSON, seq: None, bytes: &bytes }), None)
            .await?
            .0;
        if !status.is_success() {
            let Refused { code, message, .. } = refused(status, &body);
            return Err(ClientError::SignIn { person: person.to_owned(), code, message });
        }
        let answer: Value = decode("/api/login", &body)?;
        let cookie = cookie.ok_or_else(|| ClientError::Answer {
            path: "/api/login".into(),
            reason: format!("no cookie {COOKIE} came with it"),
        })?;
        let next_seq = AtomicU64::new(answer.get("next_seq").and_then(Value::as_u64).unwrap_or(1));
        Ok(Session { person: person.to_owned(), password: password.to_owned(), cookie, next_seq })
    }

    /// Sends a command and tries again, under the same sequence number and over all nodes, until there is an answer.
    ///
    /// # Errors
    /// No answer came; the command may or may not have been applied.
    pub async fn command(&self, path: &str, body: &(impl Serialize + ?Sized)) -> Result<Answer, ClientError> {
        Ok(match self.command_bytes(path, body).await? {
            Ok(bytes) if bytes.is_empty() => Answer::Accepted(Value::Null),
            Ok(bytes) => Answer::Accepted(decode(path, &bytes)?),
            Err(refused) => Answer::Refused(refused),
        })
    }

    /// The same of a command whose answer is a file.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub async fn command_bytes(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Result<Vec<u8>, Refused>, ClientError> {
        let bytes = encode(path, body)?;
        let _turn = self.turns.acquire().await;
        for is_renewed in [false, true] {
            let (cookie, seq) = self.next_request().await?;
            let ((status, body, _), was_unsure) = self
                .ask(
                    Method::POST,
                    path,
                    Some(Body { content_type: JSON, seq: Some(seq), bytes: &bytes }),
                    Some(&cookie),
                )
                .await?;
            if status.is_success() {
                return Ok(Ok(body));
            }
            // A new session numbers its requests anew. Only what was surely not applied may be sent under it.
            if status == StatusCode::UNAUTHORIZED && !is_renewed && !was_unsure {
                self.renew(&cookie).await?;
                continue;
            }
            return Ok(Err(refused(status, &body)));
        }
        Err(ClientError::Answer { path: path.to_owned(), reason: "a fresh session was refused".into() })
    }

    /// Says something without a session, as people without an account do. It may be said any number of times, and is until
    /// a node answers.
    ///
    /// # Errors
    /// No answer came; it may or may not have been taken.
    pub async fn tell(&self, path: &str, body: &(impl Serialize + ?Sized)) -> Result<Answer, ClientError> {
        let bytes = encode(path, body)?;
        self.say(path, Body { content_type: JSON, seq: None, bytes: &bytes }).await
    }

    /// Sends a photo, a PNG, without a session.
    ///
    /// # Errors
    /// As [`Self::tell`].
    pub async fn tell_photo(&self, path: &str, png: &[u8]) -> Result<Answer, ClientError> {
        self.say(path, Body { content_type: "image/png", seq: None, bytes: png }).await
    }

    async fn say(&self, path: &str, body: Body<'_>) -> Result<Answer, ClientError> {
        let _turn = self.turns.acquire().await;
        let ((status, answer, _), _) = self.ask(Method::POST, path, Some(body), None).await?;
        if !status.is_success() {
            return Ok(Answer::Refused(refused(status, &answer)));
        }
        Ok(Answer::Accepted(if answer.is_empty() { Value::Null } else { decode(path, &answer)? }))
    }

    /// Looks at `path`.
    ///
    /// # Errors
    /// No answer, a refusal, or an answer of another shape.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        for is_renewed in [false, true] {
            let cookie = self.session.read().await.as_ref().map(|session| session.cookie.clone());
            let ((status, body, _), _) = self.ask(Method::GET, path, None, cookie.as_deref()).await?;
            if status.is_success() {
                return decode(path, &body);
            }
            match cookie {
                Some(cookie) if status == StatusCode::UNAUTHORIZED && !is_renewed => self.renew(&cookie).await?,
                _ => return Err(ClientError::Refused { path: path.to_owned(), refused: refused(status, &body) }),
            }
        }
        Err(ClientError::Answer { path: path.to_owned(), reason: "a fresh session was refused".into() })
    }

    /// Looks at a list: an array, or an object with one array in it.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>, ClientError> {
        let malformed = |reason: String| ClientError::Answer { path: path.to_owned(), reason };
        let items = match self.get::<Value>(path).await? {
            Value::Object(object) => object.into_iter().map(|(_, value)| value).find(Value::is_array),
            array => Some(array),
        };
        let items = items.ok_or_else(|| malformed("no array in it".into()))?;
        serde_json::from_value(items).map_err(|e| malformed(e.to_string()))
    }

    /// Looks at `path` of one node and no other.
    ///
    /// # Errors
    /// That node gives no answer, a refusal, or one of another shape.
    pub async fn get_from<T: DeserializeOwned>(&self, origin: &str, path: &str) -> Result<T, ClientError> {
        let cookie = self.session.read().await.as_ref().map(|session| session.cookie.clone());
        let url = format!("{origin}{path}");
        match self.attempt(&Method::GET, &url, None, cookie.as_deref()).await {
            Attempt::Answered(status, body, _) if status.is_success() => decode(&url, &body),
            Attempt::Answered(status, body, _) => {
                Err(ClientError::Refused { path: url, refused: refused(status, &body) })
            }
            Attempt::Again(last) => Err(ClientError::Unknown { path: url, seconds: ATTEMPT_MS_MAX / 1000, last }),
        }
    }

    async fn next_request(&self) -> Result<(String, u64), ClientError> {
        let session = self.session.read().await;
        let session = session.as_ref().ok_or_else(|| ClientError::Config {
            field: "person",
            remedy: "sign in before sending commands".to_owned(),
        })?;
        Ok((session.cookie.clone(), session.next_seq.fetch_add(1, Ordering::Relaxed)))
    }

    /// Signs in anew unless somebody else did already.
    async fn renew(&self, ended: &str) -> Result<(), ClientError> {
        let mut session = self.session.write().await;
        let Some(account) = session.as_ref().filter(|session| session.cookie == ended) else { return Ok(()) };
        let opened = self.open(&account.person, &account.password).await?;
        *session = Some(opened);
        Ok(())
    }

    /// Asks node after node until one answers. Also says whether an earlier attempt may have been applied unseen.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Body<'_>>,
        cookie: Option<&str>,
    ) -> Result<((StatusCode, Vec<u8>, Option<String>), bool), ClientError> {
        let until = Instant::now() + Duration::from_millis(ANSWER_MS_MAX);
        let mut backoff_ms = BACKOFF_MS.0;
        let mut was_unsure = false;
        loop {
            let at = self.at.load(Ordering::Relaxed);
            let origin = self.origins.get(at % self.origins.len()).map_or("", String::as_str);
            let last = match self.attempt(&method, &format!("{origin}{path}"), body, cookie).await {
                Attempt::Answered(status, body, cookie) => return Ok(((status, body, cookie), was_unsure)),
                Attempt::Again(reason) => format!("{origin}: {reason}"),
            };
            was_unsure = true;
            // Whoever gets here first moves everybody on; the others find it moved.
            let _ = self.at.compare_exchange(at, at.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
            if Instant::now() >= until {
                return Err(ClientError::Unknown { path: path.to_owned(), seconds: ANSWER_MS_MAX / 1000, last });
            }
            tracing::debug!(path, last, "asking again");
            sleep(Duration::from_millis(backoff_ms)).await;
            backoff_ms = (backoff_ms * 2).min(BACKOFF_MS.1);
        }
    }

    async fn attempt(&self, method: &Method, url: &str, body: Option<Body<'_>>, cookie: Option<&str>) -> Attempt {
        let mut request = self.http.request(method.clone(), url);
        if let Some(Body { content_type, seq, bytes }) = body {
            request = request.header(header::CONTENT_TYPE, content_type).body(bytes.to_vec());
            if let Some(seq) = seq {
                request = request.header("x-request-seq", seq);
            }
        }
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, format!("{COOKIE}={cookie}")).header("x-reason", &self.why);
        }
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Attempt::Again(with_causes(&error)),
        };
        let status = response.status();
        let set = response.headers().get_all(header::SET_COOKIE).iter().find_map(|set| cookie_of(set.to_str().ok()?));
        let mut bytes = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if bytes.len() + chunk.len() <= ANSWER_BYTES_MAX => bytes.extend_from_slice(&chunk),
                Ok(Some(_)) => return Attempt::Again(format!("answer of more than {ANSWER_BYTES_MAX} bytes")),
                Ok(None) => break,
                Err(error) => return Attempt::Again(with_causes(&error)),
            }
        }
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            return Attempt::Again(refused(status, &bytes).to_string());
        }
        Attempt::Answered(status, bytes, set)
    }
}

/// Why a program asks, as the record has it: which of its subcommands somebody called. Nothing else that was typed goes there.
fn why_of(first_word: Option<&str>) -> String {
    let is_name = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_lowercase())
            && word.len() <= SUBCOMMAND_BYTES_MAX
            && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    format!("program/{}", first_word.filter(is_name).unwrap_or("trongdong"))
}

/// The value of [`COOKIE`] in a `set-cookie` header.
fn cookie_of(set: &str) -> Option<String> {
    let (name, value) = set.split(';').next()?.split_once('=')?;
    (name.trim() == COOKIE && !value.trim().is_empty()).then(|| value.trim().to_owned())
}

/// Reads `{code, field, message}`; whatever else it is becomes the message.
fn refused(status: StatusCode, body: &[u8]) -> Refused {
    let value: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (mut code, mut message) = (text("code"), text("message"));
    if code.is_empty() {
        code = format!("http_{}", status.as_u16());
    }
    if message.is_empty() {
        message = String::from_utf8_lossy(body.get(..200).unwrap_or(body)).into_owned();
    }
    Refused { status: status.as_u16(), code, field: text("field"), message }
}

fn encode(path: &str, body: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, ClientError> {
    serde_json::to_vec(body).map_err(|e| ClientError::Answer { path: path.to_owned(), reason: e.to_string() })
}

fn decode<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, ClientError> {
    serde_json::from_slice(body).map_err(|e| ClientError::Answer { path: path.to_owned(), reason: e.to_string() })
}

/// The error and what caused it: the outer one alone only says that sending failed.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
