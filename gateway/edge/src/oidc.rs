//! Signing in by another provider's word: OpenID Connect Core 1.0, the authorization code flow with PKCE (RFC 7636, S256).
//!
//! ```text
//! browser                     this node                                  provider
//!   GET /api/oidc/start ────▶ state, nonce, verifier: sealed in a cookie
//!   ◀──── 303 ─────────────── to the provider, with state, nonce, hash of the verifier
//!   signs in there ─────────────────────────────────────────────────────▶
//!   GET /api/oidc/callback ─▶ state as in the cookie, and not seen before
//!                             code and verifier ─────────────────────────▶ ID token
//!                             signature, issuer, audience, times, nonce; the claim that names the person,
//!                             asked for where it is not in the token ────▶ UserInfo, about the same subject
//!   ◀──── 303 ─────────────── a session like any other, or the question for a code of the second factor
//! ```
//!
//! Nobody is created by it: the claim has to name somebody who is in the register, and what they may do stands there. `keys`,
//! `discovery`, `id_token` and `passage` are pure, `provider` is what asks.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, PoisonError},
};

use domain::PersonId;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

pub(crate) mod discovery;
pub(crate) mod id_token;
pub(crate) mod keys;
pub(crate) mod passage;
mod provider;

use crate::seal::Sealer;
use provider::Provider;

/// Bytes of a provider's answer that are read; more is no answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// Bytes of an ID token; a longer one is not believed.
const ID_TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Bytes of what comes back in the address of the callback, each; longer is not looked at.
pub(crate) const RETURNED_BYTES_MAX: usize = 4 * 1024;
/// Keys of one provider that are kept; what comes after them is left out.
const KEYS_MAX: usize = 64;
/// For so long what a provider says of itself is not asked for again.
const DISCOVERY_MS: u64 = 3_600_000;
/// For so long a provider's keys are believed; a key that it withdrew counts no longer than this.
const KEYS_MS: u64 = 10 * 60_000;
/// How often in a minute an unknown key makes us ask for the keys anew: each new key needs it once, and made-up tokens with
/// made-up names of keys do not make us ask without end.
const UNKNOWN_KEYS_MAX: u32 = 6;
/// After a provider did not answer it is left alone for so long, and everybody is told so at once.
const LEFT_ALONE_MS: u64 = 5_000;
/// Sign-ins that wait for the provider at a time; at the bound the next ones wait, within their request's deadline.
const REDEEMED_MAX: usize = 16;
/// A sign-in at the provider takes at most so long, and so does the question for a code after it.
pub(crate) const PASSAGE_MS_MAX: u64 = 10 * 60_000;
/// States that came back and are remembered, so that none is taken twice here; at the bound the oldest is forgotten, and the
/// provider, which takes a code once, is what still refuses it.
const STATES_MAX: usize = 10_000;
/// How much the provider's clock may differ from ours.
const CLOCKS_DIFFER_S: u64 = 60;

/// Whether a sign-in at the provider is as good as one with a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProviderFactor {
    /// It is where the ID token says `mfa` in `amr` (RFC 8176); who signed in otherwise is asked for a code if they have one.
    Counts,
    /// It is not: who has a second factor is asked for a code besides.
    Asked,
}

/// A provider, as the operator says.
#[derive(Clone)]
pub struct OidcConfig {
    /// What people call it; stands on the button.
    pub name: String,
    /// Exactly as the provider writes it, such as `https://dangnhap.example.gov.vn/realms/tinh`.
    pub issuer: String,
    /// What the provider knows us as.
    pub client_id: String,
    /// What we prove it with.
    pub client_secret: String,
    /// The claim that names the person. `email` counts only where the provider says that it verified it.
    pub claim: String,
    /// Who it is, by that claim's value; empty: the value itself is the login name.
    pub people: BTreeMap<String, PersonId>,
    /// Whether it counts as the second factor.
    pub second_factor: ProviderFactor,
    /// Asks the provider: trusts whom the operator says, has a deadline, and follows no redirect.
    pub http: reqwest::Client,
}

impl OidcConfig {
    /// Whom the claims name; none: nobody whose name could be in the register.
    pub(crate) fn person(&self, claims: &Map<String, Value>) -> Option<PersonId> {
        let value = claims.get(&self.claim)?.as_str()?;
        if self.claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
            return None;
        }
        if self.people.is_empty() {
            return PersonId::new(value).ok();
        }
        self.people.get(value).cloned()
    }

    /// Whether an ID token says all that names somebody. By the letter (Core 1.0, 5.4) what a scope asks for is told at UserInfo alone.
    pub(crate) fn says_who(&self, claims: &Map<String, Value>) -> bool {
        claims.contains_key(&self.claim) && (self.claim != "email" || claims.contains_key("email_verified"))
    }

    /// Takes over what UserInfo told of whom the token is about: who that is, and nothing else.
    ///
    /// # Errors
    /// It is about somebody else (Core 1.0, 5.3.2).
    pub(crate) fn take_over(
        &self,
        told: &Map<String, Value>,
        claims: &mut Map<String, Value>,
    ) -> Result<(), OidcError> {
        if told.get("sub") != claims.get("sub") {
            return Err(denied("sub", "is another one at UserInfo than in the ID token"));
        }
        for name in [self.claim.as_str(), "email_verified"] {
            if let Some(value) = told.get(name) {
                claims.insert(name.to_owned(), value.clone());
            }
        }
        Ok(())
    }
}

/// Why a provider's word was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OidcError {
    /// It did not answer, or not as a provider does. Trying again may help.
    #[error("the provider: {0}")]
    Unavailable(String),
    /// What it answered is not believed, or it refused.
    #[error("{field} {remedy}")]
    Denied {
        /// What of it.
        field: &'static str,
        /// What is wrong about it.
        remedy: &'static str,
    },
}

/// What is believed of nobody.
pub(crate) fn denied(field: &'static str, remedy: &'static str) -> OidcError {
    OidcError::Denied { field, remedy }
}

/// The provider of this node, and what is under way with it.
pub(crate) struct Oidc {
    pub(crate) provider: Provider,
    /// Seals what a browser carries through the sign-in; another key than that of credentials, because everybody may have
    /// as many of these made as they like.
    pub(crate) sealer: Sealer,
    /// Where the provider sends the browser back to.
    pub(crate) returns_to: String,
    pub(crate) turns: Semaphore,
    seen: Mutex<Seen>,
}

impl Oidc {
    pub(crate) fn new(config: OidcConfig, public_url: &str, sealing_key: &[u8; 32]) -> Self {
        let key = Sha256::new_with_prefix(b"trongdong oidc passage 1").chain_update(sealing_key).finalize();
        Self {
            provider: Provider::new(config),
            sealer: Sealer::new(&key.into()),
            returns_to: format!("{}/api/oidc/callback", public_url.trim_end_matches('/')),
            turns: Semaphore::new(REDEEMED_MAX),
            seen: Mutex::default(),
        }
    }

    /// Takes the state of a sign-in, once: false the second time.
    pub(crate) fn take(&self, state: &str, now_ms: u64) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.take(state, now_ms)
    }
}

/// States that came back.
#[derive(Debug, Default)]
struct Seen(HashMap<[u8; 32], u64>);

impl Seen {
    fn take(&mut self, state: &str, now_ms: u64) -> bool {
        let digest: [u8; 32] = Sha256::digest(state).into();
        if self.0.contains_key(&digest) {
            return false;
        }
        if self.0.len() >= STATES_MAX {
            self.0.retain(|_, at_ms| now_ms.saturating_sub(*at_ms) <= PASSAGE_MS_MAX);
        }
        if self.0.len() >= STATES_MAX
            && let Some(oldest) = self.0.iter().min_by_key(|(_, at_ms)| **at_ms).map(|(digest, _)| *digest)
        {
            self.0.remove(&oldest);
        }
        self.0.insert(digest, now_ms);
        true
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn config(claim: &str, people: &[(&str, &str)]) -> OidcConfig {
        OidcConfig {
            name: "Cổng".into(),
            issuer: "https://op.example".into(),
            client_id: "trongdong".into(),
            client_secret: "s".into(),
            claim: claim.into(),
            people: people.iter().map(|(value, id)| ((*value).to_owned(), PersonId::new(id).unwrap())).collect(),
            second_factor: ProviderFactor::Asked,
            http: client(),
        }
    }

    fn client() -> reqwest::Client {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::new()
    }

    fn named(config: &OidcConfig, claims: Value) -> Option<String> {
        config.person(claims.as_object().unwrap()).map(|id| id.to_string())
    }

    #[test]
    fn the_claim_names_the_person_itself_or_by_the_operators_list() {
        let plain = config("preferred_username", &[]);
        assert_eq!(named(&plain, json!({"preferred_username": "lan"})), Some("lan".into()));
        assert_eq!(named(&plain, json!({"preferred_username": "lan minh"})), None, "no login name");
        assert_eq!(named(&plain, json!({"preferred_username": ["lan"], "sub": "lan"})), None);
        let listed = config("email", &[("lan@tinh.vn", "lan")]);
        assert_eq!(named(&listed, json!({"email": "lan@tinh.vn", "email_verified": true})), Some("lan".into()));
        assert_eq!(named(&listed, json!({"email": "lan@tinh.vn"})), None, "nobody verified that it is hers");
        assert_eq!(named(&listed, json!({"email": "minh", "email_verified": true})), None, "the list is all there is");
    }

    #[test]
    fn what_user_info_tells_names_the_same_subject_and_changes_nothing_else() {
        let listed = config("email", &[("lan@tinh.vn", "lan")]);
        let token = json!({"sub": "17", "nonce": "n", "amr": ["pwd"], "email": "lan@tinh.vn"});
        let mut claims = token.as_object().unwrap().clone();
        assert!(!listed.says_who(&claims), "nobody said whether it is hers");
        assert!(config("sub", &[]).says_who(&claims));
        for another in [json!({"sub": "18", "email_verified": true}), json!({"email_verified": true})] {
            assert!(listed.take_over(another.as_object().unwrap(), &mut claims).is_err(), "{another}");
            assert_eq!(Value::Object(claims.clone()), token);
        }
        let told = json!({"sub": "17", "email_verified": true, "amr": ["mfa"], "nonce": "m"});
        listed.take_over(told.as_object().unwrap(), &mut claims).unwrap();
        assert!(listed.says_who(&claims));
        assert_eq!(listed.person(&claims).map(|id| id.to_string()), Some("lan".into()));
        assert_eq!((&claims["amr"], &claims["nonce"]), (&json!(["pwd"]), &json!("n")));
    }

    #[test]
    fn a_state_is_taken_once_and_what_is_remembered_is_bounded() {
        let mut seen = Seen::default();
        assert!(seen.take("a", 1) && !seen.take("a", 2) && seen.take("b", 2));
        for n in 0..STATES_MAX as u64 + 10 {
            assert!(seen.take(&format!("s{n}"), 3 + n));
        }
        assert!(seen.0.len() <= STATES_MAX);
        assert!(!seen.take(&format!("s{}", STATES_MAX + 9), 99), "the newest stay");
    }
}
