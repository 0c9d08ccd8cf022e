//! The province over HTTP: requests passed on, kept commands sent, sign-ins.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::{
    Method, Response,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, FORWARDED, RETRY_AFTER, SET_COOKIE},
};
use rustls::ClientConfig;
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::limits::{ANSWER_BYTES_MAX, CONNECT_DEADLINE};

/// Number of a command.
pub(crate) const SEQ_HEADER: &str = "x-request-seq";
/// Why somebody asks.
pub(crate) const REASON_HEADER: &str = "x-reason";
/// How fresh an answer has to be.
pub(crate) const READ_HEADER: &str = "x-read";
/// How old an answer is.
pub(crate) const AGE_HEADER: &str = "x-state-age-ms";

/// The province's nodes.
pub(crate) struct Province {
    http: reqwest::Client,
    origins: Vec<String>,
    at: AtomicUsize,
}

/// A request to the province.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub(crate) path: String,
    pub(crate) token: Option<String>,
    /// The province's device cookie of the browser, for a sign-in.
    pub(crate) device: Option<String>,
    pub(crate) seq: Option<u64>,
    pub(crate) reason: Option<String>,
    /// The screen's address, for the record.
    pub(crate) from: Option<IpAddr>,
    /// `x-read`, as it came.
    pub(crate) read: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Option<Vec<u8>>,
}

/// What it said.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: String,
    pub(crate) retry_after: Option<String>,
    pub(crate) age: Option<String>,
    /// The session that came with it.
    pub(crate) token: Option<String>,
    /// The device cookie that did.
    pub(crate) device: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// It said nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lost {
    /// It never got the request.
    #[error("no node of the province could be reached ({0})")]
    NotSent(String),
    /// It may have.
    #[error("the province did not answer ({0})")]
    Unknown(String),
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Its `code`, as errors have one.
    pub(crate) fn code(&self) -> String {
        self.json().get("code").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// Whether it says that the session is over.
    pub(crate) fn is_signed_out(&self) -> bool {
        self.status == 401
    }

    /// Whether it let nobody in because of the second factor: the password was right.
    pub(crate) fn asks_for_code(&self) -> bool {
        let body = serde_json::from_slice::<serde_json::Value>(&self.body).unwrap_or_default();
        matches!(body["code"].as_str(), Some(edge::CODE_NEEDED | edge::CODE_DENIED))
    }

    /// Whether the same request may be answered otherwise in a moment. A refusal at one of the cluster's bounds is an answer
    /// like any other: it is remembered under the request's number.
    pub(crate) fn asks_for_patience(&self) -> bool {
        self.status >= 500 || self.status == 408 || (self.status == 429 && self.code() != "limit")
    }
}

impl Province {
    pub(crate) fn new(origins: Vec<String>, tls: &Arc<ClientConfig>) -> Result<Self, String> {
        let origins: Vec<String> = origins.iter().map(|origin| origin.trim_end_matches('/').to_owned()).collect();
        let is_origin = |origin: &String| origin.starts_with("https://") || origin.starts_with("http://");
        if origins.is_empty() || !origins.iter().all(is_origin) {
            return Err("province: give the origins of the province's nodes, such as https://node-1:8443".to_owned());
        }
        let http = reqwest::Client::builder()
            .use_preconfigured_tls(ClientConfig::clone(tls))
            .connect_timeout(CONNECT_DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { http, origins, at: AtomicUsize::new(0) })
    }

    /// The node that is asked first.
    pub(crate) fn origin(&self) -> &str {
        let at = self.at.load(Ordering::Relaxed);
        self.origins.get(at % self.origins.len()).map_or("", String::as_str)
    }

    /// Another one from now on.
    pub(crate) fn turn(&self) {
        self.at.fetch_add(1, Ordering::Relaxed);
    }

    /// Asks one node, and another one only if the request surely did not arrive.
    pub(crate) async fn ask(&self, method: Method, asked: &Asked, deadline: Duration) -> Result<Answer, Lost> {
        let until = Instant::now() + deadline;
        let mut last = String::new();
        for _ in 0..self.origins.len() {
            let at = self.at.load(Ordering::Relaxed);
            match timeout_at(until, self.try_ask(&method, asked)).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(Lost::NotSent(reason))) => last = reason,
                Ok(Err(unknown)) => {
                    self.move_on(at);
                    return Err(unknown);
                }
                Err(_) => {
                    self.move_on(at);
                    return Err(Lost::Unknown(format!("nothing within {} ms", deadline.as_millis())));
                }
            }
            self.move_on(at);
        }
        Err(Lost::NotSent(last))
    }

    /// Whoever gets here first moves everybody on; the others find it moved.
    fn move_on(&self, from: usize) {
        let _ = self.at.compare_exchange(from, from.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
    }

    async fn try_ask(&self, method: &Method, asked: &Asked) -> Result<Answer, Lost> {
        let mut request = self.http.request(method.clone(), format!("{}{}", self.origin(), asked.path));
        if let Some(token) = &asked.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        if let Some(device) = &asked.device {
            request = request.header(COOKIE, format!("{}={device}", edge::DEVICE_COOKIE_NAME));
        }
        if let Some(seq) = asked.seq {
            request = request.header(SEQ_HEADER, seq);
        }
        if let Some(reason) = &asked.reason {
            request = request.header(REASON_HEADER, reason);
        }
        if let Some(from) = &asked.from {
            let from = if from.is_ipv6() { format!("for=\"[{from}]\"") } else { format!("for={from}") };
            request = request.header(FORWARDED, from);
        }
        if let Some(read) = &asked.read {
            request = request.header(READ_HEADER, read);
        }
        if let Some(body) = &asked.body {
            let content_type = asked.content_type.as_deref().unwrap_or("application/json");
            request = request.header(CONTENT_TYPE, content_type).body(body.clone());
        }
        let response = request.send().await.map_err(|error| {
            let reason = error.without_url();
            if reason.is_connect() { Lost::NotSent(reason.to_string()) } else { Lost::Unknown(reason.to_string()) }
        })?;
        read(response).await
    }
}

async fn read(mut response: Response) -> Result<Answer, Lost> {
    let text = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
    let set = |wanted: &str| {
        let cookies = response.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        let mut pairs = cookies.filter_map(|cookie| cookie.split(';').next()?.split_once('='));
        let found = pairs.find(|(name, value)| name.trim() == wanted && !value.trim().is_empty());
        found.map(|(_, value)| value.trim().to_owned())
    };
    let mut answer = Answer {
        status: response.status().as_u16(),
        content_type: text(CONTENT_TYPE.as_str()).unwrap_or_default(),
        retry_after: text(RETRY_AFTER.as_str()),
        age: text(AGE_HEADER),
        token: set(edge::COOKIE_NAME),
        device: set(edge::DEVICE_COOKIE_NAME),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await.map_err(|error| Lost::Unknown(error.without_url().to_string()))? {
        if answer.body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Lost::Unknown(format!("an answer of more than {ANSWER_BYTES_MAX} bytes")));
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, code: &str) -> Answer {
        let body = format!(r#"{{"code":"{code}"}}"#).into_bytes();
        Answer { status, content_type: String::new(), retry_after: None, age: None, token: None, device: None, body }
    }

    #[test]
    fn a_refusal_is_an_answer_and_trouble_is_none() {
        assert!(!answer(200, "").asks_for_patience());
        assert!(!answer(409, "version_conflict").asks_for_patience());
        assert!(!answer(429, "limit").asks_for_patience(), "remembered under its number: it would be said for ever");
        assert!(answer(429, "overloaded").asks_for_patience());
        assert!(answer(503, "unknown").asks_for_patience());
        assert!(answer(507, "disk_full").asks_for_patience());
    }
}
