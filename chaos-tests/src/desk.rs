//! Somebody at the HTTP API. A command is sent under one sequence number to node after node until somebody answers it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{
    Method,
    header::{CONTENT_TYPE, COOKIE, SET_COOKIE},
};
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::Failure;

/// One attempt. Shorter than what a node takes to give up, so that a retry meets its own first attempt under way.
const ATTEMPT_MS_MAX: u64 = 4_000;
/// Between two attempts.
const PAUSE_MS: u64 = 100;
/// How long one goes on asking; past it the outcome is unknown.
pub const ANSWER_MS_MAX: u64 = 60_000;

/// What came of something that was asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is done.
    Accepted(Value),
    /// It is refused.
    Refused {
        /// HTTP status.
        status: u16,
        /// The body.
        body: Value,
    },
    /// Nobody answered.
    Unknown(String),
}

impl Outcome {
    /// The answer of something that cannot be refused.
    ///
    /// # Errors
    /// It was refused, or nobody answered.
    pub fn accepted(self, what: &str) -> Result<Value, Failure> {
        match self {
            Self::Accepted(body) => Ok(body),
            Self::Refused { status, body } => Err(format!("{what} was refused: {status} {body}").into()),
            Self::Unknown(last) => Err(format!("{what}: nobody answered; the last said: {last}").into()),
        }
    }

    /// The status that it was refused with.
    #[must_use]
    pub fn refused(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}

/// A signed-in person, or a program.
pub struct Desk {
    http: reqwest::Client,
    origins: Vec<String>,
    at: AtomicUsize,
    token: String,
    next_seq: AtomicU64,
    failed: Arc<AtomicU64>,
}

/// What goes with one attempt.
#[derive(Clone, Copy)]
struct Asked {
    /// The number of a command.
    seq: Option<u64>,
    is_linearizable: bool,
}

impl Asked {
    /// What is no command, and any state will do.
    const PLAIN: Self = Self { seq: None, is_linearizable: false };

    /// A command of that number.
    fn command(seq: u64) -> Self {
        Self { seq: Some(seq), is_linearizable: false }
    }
}

/// One answer.
struct Answer {
    status: u16,
    body: Value,
    token: Option<String>,
}

impl Desk {
    /// Signs in at one of `origins`; all of them are asked from then on.
    ///
    /// # Errors
    /// It was refused, or nobody answered.
    pub async fn sign_in(origins: &[String], person: &str, password: &str) -> Result<Self, Failure> {
        let http = client()?;
        let mut desk = Self {
            http,
            origins: origins.to_vec(),
            at: AtomicUsize::new(0),
            token: String::new(),
            next_seq: AtomicU64::new(1),
            failed: Arc::default(),
        };
        let body = serde_json::json!({ "person": person, "password": password });
        let answer = desk.ask(Method::POST, "/api/login", Some(&body), Asked::PLAIN, ANSWER_MS_MAX).await;
        match answer {
            Ok(Answer { token: Some(token), body, .. }) => {
                desk.token = token;
                let next_seq = body.get("next_seq").and_then(Value::as_u64).unwrap_or(1);
                desk.next_seq.store(next_seq, Ordering::Relaxed);
                Ok(desk)
            }
            Ok(answer) => Err(format!("sign-in of {person} was answered {}: {}", answer.status, answer.body).into()),
            Err(last) => Err(format!("sign-in of {person}: nobody answered; the last said: {last}").into()),
        }
    }

    /// The same session, asking other nodes.
    #[must_use]
    pub fn at(&self, origins: &[String]) -> Self {
        Self {
            http: self.http.clone(),
            origins: origins.to_vec(),
            at: AtomicUsize::new(0),
            token: self.token.clone(),
            next_seq: AtomicU64::new(self.next_seq.load(Ordering::Relaxed)),
            failed: Arc::clone(&self.failed),
        }
    }

    /// Begins with the node of that place in the list, so that not all begin with the same.
    #[must_use]
    pub fn from_node(self, at: usize) -> Self {
        self.at.store(at, Ordering::Relaxed);
        self
    }

    /// Begins the next question with the node of that place, around the list.
    pub fn turn_to(&self, at: usize) {
        self.at.store(at, Ordering::Relaxed);
    }

    /// The session token.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Attempts that came to nothing.
    #[must_use]
    pub fn attempts_failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Sends a command until it is answered, or `ANSWER_MS_MAX` is over.
    pub async fn command(&self, path: &str, body: &Value) -> Outcome {
        let seq = self.next_seq.fetch_add(1, Ordering::Relaxed);
        outcome(self.ask(Method::POST, path, Some(body), Asked::command(seq), ANSWER_MS_MAX).await)
    }

    /// Sends a command until it is answered, or that time is over.
    pub async fn command_within(&self, path: &str, body: &Value, within: Duration) -> Outcome {
        let seq = self.next_seq.fetch_add(1, Ordering::Relaxed);
        let wait_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        outcome(self.ask(Method::POST, path, Some(body), Asked::command(seq), wait_ms).await)
    }

    /// Sends what is no command and may be sent again: readings.
    pub async fn push(&self, path: &str, body: &Value) -> Outcome {
        outcome(self.ask(Method::POST, path, Some(body), Asked::PLAIN, ANSWER_MS_MAX).await)
    }

    /// Looks at what the node that answers has applied: what was acknowledged a moment ago may not be in it.
    pub async fn get(&self, path: &str) -> Outcome {
        outcome(self.ask(Method::GET, path, None, Asked::PLAIN, ANSWER_MS_MAX).await)
    }

    /// Looks at what holds all that was acknowledged before, by whichever node it was.
    pub async fn read(&self, path: &str) -> Outcome {
        let asked = Asked { seq: None, is_linearizable: true };
        outcome(self.ask(Method::GET, path, None, asked, ANSWER_MS_MAX).await)
    }

    /// Looks, for no longer than that.
    pub async fn get_within(&self, path: &str, within: Duration) -> Outcome {
        let wait_ms = u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        outcome(self.ask(Method::GET, path, None, Asked::PLAIN, wait_ms).await)
    }

    /// One look at the node whose turn it is, by its own state or linearizable; none: it does not answer that now.
    pub async fn look(&self, path: &str, is_linearizable: bool) -> Option<Value> {
        let origin = &self.origins[self.at.load(Ordering::Relaxed) % self.origins.len()];
        let asked = Asked { seq: None, is_linearizable };
        let answer = self.attempt(&Method::GET, &format!("{origin}{path}"), None, asked).await.ok()?;
        (answer.status == 200).then_some(answer.body)
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        asked: Asked,
        wait_ms: u64,
    ) -> Result<Answer, String> {
        let until = Instant::now() + Duration::from_millis(wait_ms);
        loop {
            let at = self.at.load(Ordering::Relaxed);
            let origin = &self.origins[at % self.origins.len()];
            let last = match self.attempt(&method, &format!("{origin}{path}"), body, asked).await {
                Ok(answer) if answer.status != 429 && answer.status < 500 => return Ok(answer),
                Ok(answer) => format!("{origin}: {} {}", answer.status, answer.body),
                Err(error) => format!("{origin}: {error}"),
            };
            self.failed.fetch_add(1, Ordering::Relaxed);
            let _ = self.at.compare_exchange(at, at.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
            if Instant::now() >= until {
                return Err(last);
            }
            sleep(Duration::from_millis(PAUSE_MS)).await;
        }
    }

    async fn attempt(
        &self,
        method: &Method,
        url: &str,
        body: Option<&Value>,
        asked: Asked,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method.clone(), url);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        if let Some(seq) = asked.seq {
            request = request.header("x-request-seq", seq).header("x-reason", "program/chaos-tests");
        }
        if asked.is_linearizable {
            request = request.header("x-read", "linearizable");
        }
        if !self.token.is_empty() {
            request = request.header(COOKIE, format!("td_session={}", self.token));
        }
        let response = request.send().await?;
        let status = response.status().as_u16();
        let cookies = response.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        let token = cookies.filter_map(|cookie| cookie.split(';').next()?.split_once('=')).find_map(|(name, value)| {
            (name.trim() == "td_session" && !value.trim().is_empty()).then(|| value.trim().to_owned())
        });
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer { status, body, token })
    }
}

fn outcome(answer: Result<Answer, String>) -> Outcome {
    match answer {
        Ok(answer) if (200..300).contains(&answer.status) => Outcome::Accepted(answer.body),
        Ok(answer) => Outcome::Refused { status: answer.status, body: answer.body },
        Err(last) => Outcome::Unknown(last),
    }
}

/// Plain HTTP on loopback; nothing is trusted, because nothing has to be.
fn client() -> Result<reqwest::Client, Failure> {
    let tls = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    Ok(reqwest::Client::builder()
        .use_preconfigured_tls(tls)
        .timeout(Duration::from_millis(ATTEMPT_MS_MAX))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()?)
}
