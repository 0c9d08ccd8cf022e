//! A provider of OpenID Connect on loopback, with keys of its own: it says what a test has it say.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
};

use axum::{
    Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::{get, post},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use reqwest::Url;
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::clock::unix_ms;

pub(super) const CLIENT: &str = "trongdong";
pub(super) const SECRET: &str = "bí mật:1";

/// A key pair and its name.
struct Signer {
    name: String,
    pair: EcdsaKeyPair,
}

impl Signer {
    fn new(name: &str) -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        Self { name: name.to_owned(), pair }
    }

    fn jwk(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.name,
            "x": part(&point[1..33]), "y": part(&point[33..])})
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.pair.sign(&SystemRandom::new(), message.as_bytes()).unwrap();
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

/// A code that was given out.
struct Given {
    token: String,
    /// What UserInfo says of whom it is about.
    told: Value,
    challenge: String,
}

struct Inner {
    issuer: String,
    signer: Signer,
    codes: HashMap<String, Given>,
    /// By access token.
    told: HashMap<String, Value>,
    given: u64,
    keys_asked: u64,
    told_asked: u64,
}

/// See the module.
pub(super) struct Provider {
    inner: Arc<Mutex<Inner>>,
    server: JoinHandle<()>,
}

/// What an ID token says instead of what is right, in claims and header; `null` takes a claim away.
#[derive(Clone)]
pub(super) struct Instead {
    pub(super) claims: Value,
    pub(super) header: Value,
    /// What UserInfo says, which is the subject and nothing else.
    pub(super) told: Value,
    /// Signed by a key of the same name that is not the provider's.
    pub(super) forged: bool,
}

impl Instead {
    pub(super) fn nothing() -> Self {
        Self { claims: json!({}), header: json!({}), told: json!({}), forged: false }
    }

    pub(super) fn claims(claims: Value) -> Self {
        Self { claims, ..Self::nothing() }
    }
}

fn put(over: &Value, into: &mut Value) {
    for (name, value) in over.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

fn value(address: &Url, name: &str) -> String {
    address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

async fn discovery(State(inner): State<Arc<Mutex<Inner>>>) -> Json<Value> {
    let issuer = inner.lock().unwrap().issuer.clone();
    Json(json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"), "userinfo_endpoint": format!("{issuer}/me"),
        "id_token_signing_alg_values_supported": ["ES256"]}))
}

async fn keys(State(inner): State<Arc<Mutex<Inner>>>) -> Json<Value> {
    let mut inner = inner.lock().unwrap();
    inner.keys_asked += 1;
    Json(json!({"keys": [inner.signer.jwk()]}))
}

async fn user_info(State(inner): State<Arc<Mutex<Inner>>>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    let mut inner = inner.lock().unwrap();
    inner.told_asked += 1;
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    bearer.and_then(|token| inner.told.get(token).cloned()).map(Json).ok_or(StatusCode::UNAUTHORIZED)
}

async fn token(
    State(inner): State<Arc<Mutex<Inner>>>,
    headers: HeaderMap,
    body: String,
) -> Result<Json<Value>, (StatusCode, Json<Value>)> {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error})));
    // The secret as in a form: "bí mật:1".
    let pair = BASE64_STANDARD.encode(format!("{CLIENT}:b%C3%AD%20m%E1%BA%ADt%3A1"));
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(format!("Basic {pair}").as_str()) {
        return Err((StatusCode::UNAUTHORIZED, Json(json!({"error": "invalid_client"}))));
    }
    let form = Url::parse(&format!("http://form/?{body}")).unwrap();
    if value(&form, "grant_type") != "authorization_code" || !value(&form, "redirect_uri").ends_with("/callback") {
        return Err(refused("invalid_request"));
    }
    // A code is good once.
    let code = value(&form, "code");
    let given = inner.lock().unwrap().codes.remove(&code).ok_or_else(|| refused("invalid_grant"))?;
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(value(&form, "code_verifier")));
    if challenge != given.challenge {
        return Err(refused("invalid_grant"));
    }
    let access = format!("access-{code}");
    inner.lock().unwrap().told.insert(access.clone(), given.told);
    Ok(Json(json!({"access_token": access, "token_type": "Bearer", "id_token": given.token})))
}

impl Provider {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let signer = Signer::new("k1");
        let (codes, told) = (HashMap::new(), HashMap::new());
        let inner = Inner { issuer, signer, codes, told, given: 0, keys_asked: 0, told_asked: 0 };
        let inner = Arc::new(Mutex::new(inner));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(user_info))
            .with_state(Arc::clone(&inner));
        let server = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { inner, server }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    pub(super) fn issuer(&self) -> String {
        self.inner().issuer.clone()
    }

    /// How often somebody asked for the keys.
    pub(super) fn keys_asked(&self) -> u64 {
        self.inner().keys_asked
    }

    /// How often somebody asked UserInfo.
    pub(super) fn told_asked(&self) -> u64 {
        self.inner().told_asked
    }

    /// From here on it signs with another key, and publishes no other.
    pub(super) fn rotate(&self, name: &str) {
        self.inner().signer = Signer::new(name);
    }

    /// It answers nobody any more.
    pub(super) fn stop(&self) {
        self.server.abort();
    }

    /// Somebody signs in at the address that their browser was sent to: the code that it comes back with.
    pub(super) fn sign_in(&self, address: &Url, login: &str, instead: &Instead) -> String {
        let mut inner = self.inner();
        inner.given += 1;
        let code = format!("code-{}", inner.given);
        assert_eq!((value(address, "response_type"), value(address, "client_id")), ("code".into(), CLIENT.into()));
        assert_eq!(value(address, "code_challenge_method"), "S256");
        let now_s = unix_ms() / 1_000;
        let mut claims = json!({"iss": inner.issuer, "sub": format!("id-of-{login}"), "aud": CLIENT, "iat": now_s,
            "exp": now_s + 300, "nonce": value(address, "nonce"), "preferred_username": login});
        put(&instead.claims, &mut claims);
        let mut told = json!({"sub": format!("id-of-{login}")});
        put(&instead.told, &mut told);
        let mut header = json!({"alg": "ES256", "typ": "JWT", "kid": inner.signer.name});
        put(&instead.header, &mut header);
        let token = match instead.forged {
            true => Signer::new("x").sign(&header, &claims),
            false => inner.signer.sign(&header, &claims),
        };
        inner.codes.insert(code.clone(), Given { token, told, challenge: value(address, "code_challenge") });
        code
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        self.server.abort();
    }
}
