//! Asks a provider: what it is, its keys, for the ID token of a code, and at UserInfo for what that token does not say.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD};
use reqwest::{RequestBuilder, StatusCode, Url, header};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;

use super::{
    ANSWER_BYTES_MAX, DISCOVERY_MS, KEYS_MS, LEFT_ALONE_MS, OidcConfig, OidcError, UNKNOWN_KEYS_MAX, denied,
    discovery::{Discovery, document},
    id_token::{Expected, IdToken},
    keys::Keys,
    passage::Passage,
};
use crate::clock::unix_ms;

/// For so long unknown keys are counted.
const UNKNOWN_KEYS_MS: u64 = 60_000;

#[derive(Deserialize)]
struct Answer {
    id_token: String,
    /// Opens UserInfo; it is shown nowhere else and is not kept.
    access_token: Option<String>,
}

/// What is known of the provider's addresses.
#[derive(Default)]
struct Known {
    discovered: Option<(u64, Arc<Discovery>)>,
    failed_at_ms: Option<u64>,
}

/// What is known of its keys.
#[derive(Default)]
struct Ring {
    keys: Keys,
    /// 0: never.
    asked_at_ms: u64,
    /// How often an unknown key made us ask, since when.
    unknown: u32,
    unknown_since_ms: u64,
}

impl Ring {
    /// Whether an unknown key may make us ask again.
    fn may_ask_again(&mut self, now_ms: u64) -> bool {
        if now_ms.saturating_sub(self.unknown_since_ms) >= UNKNOWN_KEYS_MS {
            (self.unknown, self.unknown_since_ms) = (0, now_ms);
        }
        self.unknown += 1;
        self.unknown <= UNKNOWN_KEYS_MAX
    }
}

/// The provider.
pub(crate) struct Provider {
    pub(crate) config: OidcConfig,
    known: Mutex<Known>,
    ring: Mutex<Ring>,
}

fn unavailable(what: &str) -> OidcError {
    OidcError::Unavailable(what.to_owned())
}

/// As in a form (application/x-www-form-urlencoded), which RFC 6749, 2.3.1 wants in the header too.
fn form_encoded(text: &str) -> String {
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'*' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(encode).collect()
}

impl Provider {
    pub(super) fn new(config: OidcConfig) -> Self {
        Self { config, known: Mutex::default(), ring: Mutex::default() }
    }

    /// What the provider says of itself, not older than [`DISCOVERY_MS`].
    ///
    /// # Errors
    /// It did not answer, now or a moment ago.
    pub(crate) async fn discovery(&self) -> Result<Arc<Discovery>, OidcError> {
        // Held while it is asked: many who sign in at once ask once.
        let mut known = self.known.lock().await;
        let now_ms = unix_ms();
        if let Some((at_ms, discovery)) = &known.discovered
            && now_ms.saturating_sub(*at_ms) < DISCOVERY_MS
        {
            return Ok(Arc::clone(discovery));
        }
        if known.failed_at_ms.is_some_and(|at_ms| now_ms.saturating_sub(at_ms) < LEFT_ALONE_MS) {
            return Err(unavailable("it did not answer a moment ago"));
        }
        match self.discover().await {
            Ok(discovery) => {
                let discovery = Arc::new(discovery);
                *known = Known { discovered: Some((now_ms, Arc::clone(&discovery))), failed_at_ms: None };
                Ok(discovery)
            }
            Err(error) => {
                known.failed_at_ms = Some(unix_ms());
                Err(error)
            }
        }
    }

    async fn discover(&self) -> Result<Discovery, OidcError> {
        let url = document(&self.config.issuer)?;
        let (status, bytes) = answered(self.config.http.get(url)).await?;
        if status != StatusCode::OK {
            return Err(OidcError::Unavailable(format!("it answered {status} for its discovery document")));
        }
        Discovery::parse(&self.config.issuer, &bytes)
    }

    /// What the provider says of whoever came back with this code.
    ///
    /// # Errors
    /// [`OidcError`].
    pub(crate) async fn redeem(
        &self,
        passage: &Passage,
        code: &str,
        returns_to: &str,
    ) -> Result<Map<String, Value>, OidcError> {
        let discovery = self.discovery().await?;
        let answer = self.answer(&discovery, passage, code, returns_to).await?;
        let token = IdToken::parse(&answer.id_token)?;
        let expected = Expected {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            nonce: &passage.nonce,
            now_s: unix_ms() / 1_000,
        };
        let mut claims = self.claims(&discovery, &token, &expected).await?;
        if !self.config.says_who(&claims)
            && let (Some(url), Some(access_token)) = (&discovery.user_info, &answer.access_token)
        {
            let told = self.user_info(url, access_token).await?;
            self.config.take_over(&told, &mut claims)?;
        }
        Ok(claims)
    }

    async fn answer(
        &self,
        discovery: &Discovery,
        passage: &Passage,
        code: &str,
        returns_to: &str,
    ) -> Result<Answer, OidcError> {
        let (id, secret) = (self.config.client_id.as_str(), self.config.client_secret.as_str());
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", returns_to),
            ("code_verifier", passage.verifier.as_str()),
        ];
        let request = self.config.http.post(discovery.token.clone()).header(header::ACCEPT, "application/json");
        let request = if discovery.secret_in_form {
            form.extend([("client_id", id), ("client_secret", secret)]);
            request
        } else {
            let pair = BASE64_STANDARD.encode(format!("{}:{}", form_encoded(id), form_encoded(secret)));
            request.header(header::AUTHORIZATION, format!("Basic {pair}"))
        };
        let (status, bytes) = answered(request.form(&form)).await?;
        match status {
            StatusCode::OK => {}
            // Used before, expired, or of another client.
            StatusCode::BAD_REQUEST => return Err(denied("code", "is not taken by the provider")),
            status => return Err(OidcError::Unavailable(format!("it answered {status} for a code"))),
        }
        let answer = serde_json::from_slice::<Answer>(&bytes);
        answer.map_err(|_| unavailable("it answered a code without an ID token"))
    }

    /// What is told of whoever this token was given out for (Core 1.0, 5.3).
    async fn user_info(&self, url: &Url, access_token: &str) -> Result<Map<String, Value>, OidcError> {
        let request = self.config.http.get(url.clone()).bearer_auth(access_token);
        let (status, bytes) = answered(request.header(header::ACCEPT, "application/json")).await?;
        if status != StatusCode::OK {
            return Err(OidcError::Unavailable(format!("it answered {status} at UserInfo")));
        }
        let told = serde_json::from_slice::<Map<String, Value>>(&bytes);
        told.map_err(|_| unavailable("it told something else than plain JSON at UserInfo: have it sign nothing there"))
    }

    /// The claims of a token, by a key that the provider has now. A key that is not known may be a new one: it is asked once.
    async fn claims(
        &self,
        discovery: &Discovery,
        token: &IdToken<'_>,
        expected: &Expected<'_>,
    ) -> Result<Map<String, Value>, OidcError> {
        let mut ring = self.ring.lock().await;
        let now_ms = unix_ms();
        let is_fresh = ring.asked_at_ms > 0 && now_ms.saturating_sub(ring.asked_at_ms) < KEYS_MS;
        let name = token.key.as_deref();
        if !is_fresh || (ring.keys.find(name, token.algorithm).is_none() && ring.may_ask_again(now_ms)) {
            ring.keys = self.keys(&discovery.keys).await?;
            ring.asked_at_ms = now_ms;
        }
        let key = ring.keys.find(name, token.algorithm);
        let key = key.ok_or_else(|| denied("kid", "is no key of the provider"))?;
        token.claims(key, expected).cloned()
    }

    async fn keys(&self, url: &Url) -> Result<Keys, OidcError> {
        let (status, bytes) = answered(self.config.http.get(url.clone())).await?;
        if status != StatusCode::OK {
            return Err(OidcError::Unavailable(format!("it answered {status} for its keys")));
        }
        Keys::parse(&bytes)
    }
}

/// Status and body of an answer, as far as [`ANSWER_BYTES_MAX`].
async fn answered(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), OidcError> {
    let failed = |error: reqwest::Error| OidcError::Unavailable(error.without_url().to_string());
    let mut response = request.send().await.map_err(failed)?;
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(unavailable("its answer is too long"));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok((response.status(), bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_in_the_header_is_encoded_as_in_a_form() {
        assert_eq!(form_encoded("trống:đồng+1"), "tr%E1%BB%91ng%3A%C4%91%E1%BB%93ng%2B1");
    }

    #[test]
    fn unknown_keys_make_us_ask_a_few_times_in_a_minute() {
        let mut ring = Ring::default();
        let asked = (0..100).filter(|_| ring.may_ask_again(100_000)).count();
        assert_eq!(asked, UNKNOWN_KEYS_MAX as usize);
        assert!(ring.may_ask_again(100_000 + UNKNOWN_KEYS_MS));
    }
}
