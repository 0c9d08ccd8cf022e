//! Signing in by a provider's word, with a provider on loopback.

use std::collections::BTreeMap;

use domain::{GroupId, PersonId};
use reqwest::{Client, Response, Url, header, redirect::Policy};
use serde_json::{Value, json};

use super::{
    http::{User, answer, client, login, user},
    oidc_provider::{CLIENT, Instead, Provider, SECRET},
    province::{KEY, PASSWORD, Served, config, province, serve},
};
use crate::{
    clock::unix_ms,
    cluster::read,
    config::EdgeConfig,
    oidc::{OidcConfig, ProviderFactor},
    seal::{Sealer, second_factor_context},
    totp,
};

/// Follows no redirect: a test looks at each.
fn browser() -> Client {
    drop(client());
    // No connection is kept: one that is would outlive the listener of a provider that stops.
    Client::builder().redirect(Policy::none()).pool_max_idle_per_host(0).build().unwrap()
}

fn with(provider: &Provider, second_factor: ProviderFactor) -> EdgeConfig {
    let oidc = OidcConfig {
        name: "Cổng của tỉnh".into(),
        issuer: provider.issuer(),
        client_id: CLIENT.into(),
        client_secret: SECRET.into(),
        claim: "preferred_username".into(),
        people: BTreeMap::new(),
        second_factor,
        http: browser(),
    };
    EdgeConfig { oidc: Some(oidc), ..config() }
}

fn served(provider: &Provider) -> Served {
    serve(&province(), 1, with(provider, ProviderFactor::Asked))
}

fn location(response: &Response) -> String {
    assert_eq!(response.status(), 303);
    response.headers()[header::LOCATION].to_str().unwrap().to_owned()
}

/// The cookie of that name which an answer sets, as it is sent back.
fn cookie(response: &Response, name: &str) -> Option<String> {
    let all = response.headers().get_all(header::SET_COOKIE).into_iter();
    let found = all.filter_map(|value| value.to_str().ok()).find(|value| value.starts_with(&format!("{name}=")))?;
    let pair = found.split(';').next()?;
    (pair.len() > name.len() + 1).then(|| pair.to_owned())
}

/// A browser that was sent to the provider.
struct Sent {
    address: Url,
    cookie: String,
}

async fn begin(served: &Served) -> Sent {
    let response = browser().get(served.url("/api/oidc/start?back=/rooms.html")).send().await.unwrap();
    let address = Url::parse(&location(&response)).unwrap();
    Sent { address, cookie: cookie(&response, "td_oidc").unwrap() }
}

impl Sent {
    fn state(&self) -> String {
        self.address.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned()
    }

    async fn comes_back(&self, served: &Served, code: &str, state: &str) -> Response {
        let request = browser().get(served.url("/api/oidc/callback")).query(&[("code", code), ("state", state)]);
        request.header(header::COOKIE, &self.cookie).send().await.unwrap()
    }
}

/// The whole way of one sign-in.
async fn signs_in(served: &Served, provider: &Provider, login: &str, instead: &Instead) -> Response {
    let sent = begin(served).await;
    let code = provider.sign_in(&sent.address, login, instead);
    sent.comes_back(served, &code, &sent.state()).await
}

#[tokio::test]
async fn whoever_the_provider_vouches_for_is_signed_in_with_the_rights_of_the_register() {
    let provider = Provider::start().await;
    let served = served(&provider);
    let (_, ways) = answer(client().get(served.url("/api/sign-in/ways"))).await;
    assert_eq!(ways, json!({"provider": "Cổng của tỉnh"}));
    let response = signs_in(&served, &provider, "lan", &Instead::nothing()).await;
    assert_eq!(location(&response), "/rooms.html");
    assert_eq!(cookie(&response, "td_oidc"), None, "what was carried there is taken away");
    let lan = User { cookie: cookie(&response, "td_session").unwrap(), client: client() };
    let (status, session) = answer(lan.get(&served, "/api/session")).await;
    assert_eq!((status, &session["person"], &session["role"]), (200, &json!("lan"), &json!("operator")));
    assert_eq!(answer(lan.get(&served, "/api/people")).await.0, 403, "no right comes from the provider");
}

#[tokio::test]
async fn a_word_that_is_not_the_providers_about_this_sign_in_lets_nobody_in() {
    let provider = Provider::start().await;
    let now_s = unix_ms() / 1_000;
    for (why, login, instead) in [
        ("denied", "lan", Instead::claims(json!({"nonce": "another"}))),
        ("denied", "lan", Instead::claims(json!({"nonce": null}))),
        ("denied", "lan", Instead::claims(json!({"aud": "another"}))),
        ("denied", "lan", Instead::claims(json!({"aud": [CLIENT, "another"]}))),
        ("denied", "lan", Instead::claims(json!({"azp": "another"}))),
        ("denied", "lan", Instead::claims(json!({"iss": "https://another.example"}))),
        ("denied", "lan", Instead::claims(json!({"exp": now_s - 600, "iat": now_s - 900}))),
        ("denied", "lan", Instead::claims(json!({"iat": now_s + 3_600}))),
        ("denied", "lan", Instead { header: json!({"alg": "none"}), ..Instead::nothing() }),
        ("denied", "lan", Instead { header: json!({"alg": "HS256"}), ..Instead::nothing() }),
        ("denied", "lan", Instead { header: json!({"kid": "unknown"}), ..Instead::nothing() }),
        ("denied", "lan", Instead { forged: true, ..Instead::nothing() }),
        ("unknown", "nobody", Instead::nothing()),
        ("unknown", "lan minh", Instead::nothing()),
        // A device is in the register, and no person.
        ("unknown", "tram", Instead::nothing()),
    ] {
        // Each at a node of its own, so that no wait for too many tries is in the way.
        let served = served(&provider);
        let response = signs_in(&served, &provider, login, &instead).await;
        let said = format!("{} {} {login}", instead.claims, instead.header);
        assert_eq!(location(&response), format!("/rooms.html?signin={why}"), "{said}");
        assert_eq!(cookie(&response, "td_session"), None, "{said}");
    }
    let served = served(&provider);
    let people = read(&*served.node, GroupId(0), |state0| state0.persons().len());
    signs_in(&served, &provider, "nobody", &Instead::nothing()).await;
    assert_eq!(read(&*served.node, GroupId(0), |state0| state0.persons().len()), people, "nobody is made by it");
}

#[tokio::test]
async fn what_the_id_token_does_not_say_is_told_at_user_info_about_the_same_person() {
    let provider = Provider::start().await;
    // By the letter a scope's claims stand in no ID token where a code is redeemed.
    let strict = |told: Value| Instead { claims: json!({"preferred_username": null}), told, ..Instead::nothing() };
    for (outcome, told) in [
        ("/rooms.html", json!({"preferred_username": "lan"})),
        ("/rooms.html?signin=unknown", json!({})),
        ("/rooms.html?signin=unknown", json!({"preferred_username": "nobody"})),
        ("/rooms.html?signin=denied", json!({"sub": "id-of-xem", "preferred_username": "xem"})),
        ("/rooms.html?signin=denied", json!({"sub": null, "preferred_username": "lan"})),
    ] {
        let served = served(&provider);
        let before = provider.told_asked();
        let response = signs_in(&served, &provider, "lan", &strict(told.clone())).await;
        assert_eq!(location(&response), outcome, "{told}");
        assert_eq!(cookie(&response, "td_session").is_some(), outcome == "/rooms.html", "{told}");
        assert_eq!(provider.told_asked(), before + 1, "{told}");
    }
    let before = provider.told_asked();
    let response = signs_in(&served(&provider), &provider, "lan", &Instead::nothing()).await;
    assert_eq!((location(&response).as_str(), provider.told_asked()), ("/rooms.html", before), "the token said it");
}

#[tokio::test]
async fn a_new_key_is_asked_for_and_a_withdrawn_one_is_not_believed() {
    let provider = Provider::start().await;
    let served = served(&provider);
    assert_eq!(location(&signs_in(&served, &provider, "lan", &Instead::nothing()).await), "/rooms.html");
    assert_eq!(location(&signs_in(&served, &provider, "xem", &Instead::nothing()).await), "/rooms.html");
    assert_eq!(provider.keys_asked(), 1, "keys are kept");
    // Signed before the key was withdrawn, shown after the next one is known.
    let late = begin(&served).await;
    let code = provider.sign_in(&late.address, "lan", &Instead::nothing());
    provider.rotate("k2");
    assert_eq!(location(&signs_in(&served, &provider, "lan", &Instead::nothing()).await), "/rooms.html");
    assert_eq!(provider.keys_asked(), 2);
    let response = late.comes_back(&served, &code, &late.state()).await;
    assert_eq!(location(&response), "/rooms.html?signin=denied");
}

#[tokio::test]
async fn a_way_back_is_gone_once_and_in_the_browser_that_began() {
    let provider = Provider::start().await;
    let served = served(&provider);
    let sent = begin(&served).await;
    let code = provider.sign_in(&sent.address, "lan", &Instead::nothing());
    // Somebody else's browser is sent here with this code: another state than its own, or none.
    let other = begin(&served).await;
    let response = other.comes_back(&served, &code, &sent.state()).await;
    assert_eq!(location(&response), "/rooms.html?signin=expired");
    let bare = Sent { address: sent.address.clone(), cookie: "td_oidc=AAAA".into() };
    assert_eq!(location(&bare.comes_back(&served, &code, &sent.state()).await), "/?signin=expired");

    assert_eq!(location(&sent.comes_back(&served, &code, &sent.state()).await), "/rooms.html");
    let replayed = sent.comes_back(&served, &code, &sent.state()).await;
    assert_eq!(location(&replayed), "/rooms.html?signin=expired", "the state was used");
    assert_eq!(cookie(&replayed, "td_session"), None);
    let response = other.comes_back(&served, &code, &other.state()).await;
    assert_eq!(location(&response), "/rooms.html?signin=denied", "the code was used, and is of another verifier");

    let refused = begin(&served).await;
    let request = browser().get(served.url("/api/oidc/callback"));
    let state = refused.state();
    let request = request.query(&[("error", "access_denied"), ("state", state.as_str())]);
    let response = request.header(header::COOKIE, &refused.cookie).send().await.unwrap();
    assert_eq!(location(&response), "/rooms.html?signin=denied");
}

#[tokio::test]
async fn whoever_signed_in_in_a_browser_comes_in_from_the_provider_while_their_address_is_held_up() {
    let provider = Provider::start().await;
    let served = served(&provider);
    let first = signs_in(&served, &provider, "lan", &Instead::nothing()).await;
    let device = cookie(&first, "td_device").unwrap();
    for _ in 0..3 {
        // The first waits are short: on a machine that is busy one may be over before it is seen.
        let mut is_held_up = false;
        for n in 0..200 {
            is_held_up = is_held_up || login(&served, &format!("nobody-{n}"), "wrong").await.status() == 429;
        }
        assert!(is_held_up);
        let request = browser().get(served.url("/api/oidc/start?back=/rooms.html")).header(header::COOKIE, &device);
        let response = request.send().await.unwrap();
        let address = Url::parse(&location(&response)).unwrap();
        // The provider's page leads back without it: what it says comes along with the passage.
        let sent = Sent { address, cookie: cookie(&response, "td_oidc").unwrap() };
        let code = provider.sign_in(&sent.address, "lan", &Instead::nothing());
        let back = sent.comes_back(&served, &code, &sent.state()).await;
        assert_eq!(location(&back), "/rooms.html");
        assert!(cookie(&back, "td_session").is_some() && cookie(&back, "td_device").is_some_and(|it| it != device));
    }
}

/// Gives lan a second factor; the code of the step after the one that confirmed it, which is left for the sign-in. A step before and
/// one after count besides the one of now, so half a minute may pass before each.
async fn with_second_factor(served: &Served) -> String {
    let lan = user(served, "lan").await;
    answer(lan.post(served, 1, "/api/second-factor", &json!({"password": PASSWORD}))).await;
    let id = PersonId::new("lan").unwrap();
    let sealed = read(&*served.node, GroupId(0), |state0| state0.second_factor(&id).unwrap().seed_sealed.clone());
    let seed = Sealer::new(&KEY).open(&second_factor_context(&id), &sealed).unwrap();
    let now_ms = unix_ms();
    let code = totp::shown_at(&seed, now_ms);
    assert_eq!(answer(lan.post(served, 2, "/api/second-factor/confirm", &json!({"code": code}))).await.0, 200);
    totp::shown_at(&seed, now_ms + 30_000)
}

#[tokio::test]
async fn a_code_is_asked_for_besides_unless_the_operator_says_that_the_providers_second_factor_counts() {
    let provider = Provider::start().await;
    let asks = served(&provider);
    let right = with_second_factor(&asks).await;
    let with_mfa = Instead::claims(json!({"amr": ["pwd", "mfa"]}));
    let response = signs_in(&asks, &provider, "lan", &with_mfa).await;
    assert_eq!(location(&response), "/rooms.html?signin=code");
    assert_eq!(cookie(&response, "td_session"), None);
    let proven = cookie(&response, "td_oidc_proven").unwrap();
    let code = |code: String, cookie: &str| {
        let request = client().post(asks.url("/api/oidc/code")).header(header::COOKIE, cookie);
        request.json(&json!({"code": code})).send()
    };
    let refused = code("000000".into(), &proven).await.unwrap();
    let body: Value = refused.json().await.unwrap();
    assert_eq!(body["code"], json!("code_denied"));
    assert_eq!(code(right.clone(), "td_oidc_proven=AAAA").await.unwrap().status(), 401, "nobody vouched");
    let let_in = code(right.clone(), &proven).await.unwrap();
    assert_eq!(let_in.status(), 200);
    assert!(cookie(&let_in, "td_session").is_some());
    let body: Value = let_in.json().await.unwrap();
    assert_eq!((&body["person"], &body["next_seq"]), (&json!("lan"), &json!(1)));
    assert_eq!(code(right, &proven).await.unwrap().status(), 401, "a code is good once");

    let counts = serve(&asks.cluster, 2, with(&provider, ProviderFactor::Counts));
    let response = signs_in(&counts, &provider, "lan", &with_mfa).await;
    assert_eq!(location(&response), "/rooms.html");
    let plain = signs_in(&counts, &provider, "lan", &Instead::claims(json!({"amr": ["pwd"]}))).await;
    assert_eq!(location(&plain), "/rooms.html?signin=code", "one factor there is one factor");
}

/// Nobody is asked for a password here: an open session at the provider was good for any number of codes.
#[tokio::test]
async fn guessing_codes_after_the_provider_is_bounded_where_the_person_is_known_too() {
    let provider = Provider::start().await;
    let asks = served(&provider);
    let right = with_second_factor(&asks).await;
    let response = signs_in(&asks, &provider, "lan", &Instead::nothing()).await;
    let proven = cookie(&response, "td_oidc_proven").unwrap();
    let code = |code: &str| {
        let request = client().post(asks.url("/api/oidc/code")).header(header::COOKIE, &proven);
        request.json(&json!({"code": code})).send()
    };
    for n in 0..10 {
        let refused: Value = code("000000").await.unwrap().json().await.unwrap();
        assert_eq!(refused["code"], json!("code_denied"), "{n}");
    }
    assert_eq!(code(&right).await.unwrap().status(), 429);
}

#[tokio::test]
async fn a_provider_that_is_gone_is_said_and_without_one_there_is_no_such_way() {
    let provider = Provider::start().await;
    let served = served(&provider);
    let sent = begin(&served).await;
    let code = provider.sign_in(&sent.address, "lan", &Instead::nothing());
    provider.stop();
    let response = sent.comes_back(&served, &code, &sent.state()).await;
    assert_eq!(location(&response), "/rooms.html?signin=unavailable");
    let other = serve(&province(), 1, with(&provider, ProviderFactor::Asked));
    let response = browser().get(other.url("/api/oidc/start")).send().await.unwrap();
    assert_eq!(location(&response), "/?signin=unavailable");

    let without = serve(&province(), 1, config());
    assert_eq!(answer(client().get(without.url("/api/sign-in/ways"))).await.1, json!({}));
    for path in ["/api/oidc/start", "/api/oidc/callback"] {
        assert_eq!(browser().get(without.url(path)).send().await.unwrap().status(), 404);
    }
}
