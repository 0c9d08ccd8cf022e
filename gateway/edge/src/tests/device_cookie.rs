//! Whoever signed in in a browser is held up there by nobody who guesses, over HTTP.

use domain::{GroupId, PersonId};
use reqwest::{Response, header};
use serde_json::{Value, json};

use super::{
    http::{self, User, answer, client, user},
    province::{KEY, PASSWORD, Served, config, province, serve},
};
use crate::{
    clock::unix_ms,
    cluster::read,
    seal::{Sealer, second_factor_context},
    totp,
};

/// What a browser keeps of an answer, as it sends it back.
fn kept(response: &Response, name: &str) -> String {
    let all = response.headers().get_all(header::SET_COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.filter_map(|cookie| cookie.split(';').next());
    pairs.find(|pair| pair.starts_with(&format!("{name}="))).unwrap().to_owned()
}

async fn login(served: &Served, cookie: &str, login: &Value) -> (u16, String) {
    let request = client().post(served.url("/api/login")).header(header::COOKIE, cookie).json(login);
    let (status, body) = answer(request).await;
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// Guesses at lan's password until whoever does so from here has to wait.
async fn guess_until_held_up(served: &Served) {
    // The first waits are short: on a machine that is busy one may be over before it is seen.
    for _ in 0..200 {
        if http::login(served, "lan", "wrong").await.status() == 429 {
            return;
        }
    }
    panic!("guesses are never held up");
}

#[tokio::test]
async fn whoever_signed_in_in_a_browser_gets_in_there_at_every_node_while_others_guess_at_them_from_next_door() {
    let one = serve(&province(), 1, config());
    let other = serve(&one.cluster, 2, config());
    let response = http::login(&one, "lan", PASSWORD).await;
    let set = response.headers().get_all(header::SET_COOKIE).into_iter().nth(1).unwrap().to_str().unwrap();
    assert!(set.starts_with("td_device=") && !set.contains("Secure"), "{set}");
    assert!(set.ends_with("; Path=/api; Max-Age=15552000; HttpOnly; SameSite=Strict"), "{set}");
    let browser = kept(&response, "td_device");
    let right = json!({"person": "lan", "password": PASSWORD});
    for node in [&one, &other] {
        for _ in 0..3 {
            guess_until_held_up(node).await;
            assert_eq!(login(node, &browser, &right).await.0, 200);
        }
    }
    // It lets nobody in.
    assert_eq!(login(&one, &browser, &json!({"person": "lan", "password": "wrong"})).await, (401, "denied".into()));
    assert_eq!(answer(client().get(one.url("/api/session")).header(header::COOKIE, &browser)).await.0, 401);
}

#[tokio::test]
async fn a_device_cookie_ends_with_the_password_that_it_was_given_for() {
    let served = serve(&province(), 1, config());
    let browser = kept(&http::login(&served, "lan", PASSWORD).await, "td_device");
    let wrong = json!({"person": "lan", "password": "wrong"});
    guess_until_held_up(&served).await;
    assert_eq!(login(&served, &browser, &wrong).await, (401, "denied".into()), "counted by itself");
    let admin = user(&served, "admin").await;
    let changed =
        json!({"id": "lan", "name": "Lan", "role": "operator", "districts": ["d1"], "password": "mật khẩu khác"});
    let (status, body) = answer(admin.post(&served, 1, "/api/people", &changed)).await;
    assert_eq!(status, 200, "{body}");
    // From now on it is as none. Each wait is twice as long as the one before, so one of them is seen on any machine.
    for _ in 0..7 {
        guess_until_held_up(&served).await;
        if login(&served, &browser, &wrong).await == (429, "too_soon".into()) {
            return;
        }
    }
    panic!("a void device cookie counts");
}

#[tokio::test]
async fn whoever_guesses_codes_holds_up_nobody_in_a_browser_in_which_they_signed_in() {
    let one = serve(&province(), 1, config());
    let other = serve(&one.cluster, 2, config());
    let browser = kept(&http::login(&one, "lan", PASSWORD).await, "td_device");
    // Somebody with lan's password, or at a screen that she left open.
    let thief = user(&one, "lan").await;
    assert_eq!(answer(thief.post(&one, 1, "/api/second-factor", &json!({"password": PASSWORD}))).await.0, 200);
    let id = PersonId::new("lan").unwrap();
    let sealed = read(&*one.node, GroupId(0), |state0| state0.second_factor(&id).unwrap().seed_sealed.clone());
    let seed = Sealer::new(&KEY).open(&second_factor_context(&id), &sealed).unwrap();
    let now_ms = unix_ms();
    let confirm = json!({"code": totp::shown_at(&seed, now_ms)});
    assert_eq!(answer(thief.post(&one, 2, "/api/second-factor/confirm", &confirm)).await.0, 200);

    let wrong = json!({"code": "000000"});
    for seq in 3..13 {
        let (status, body) = answer(thief.post(&other, seq, "/api/second-factor/drop", &wrong)).await;
        assert_eq!((status, &body["code"]), (401, &json!("code_denied")), "{seq}");
    }
    let right = json!({"person": "lan", "password": PASSWORD, "code": totp::shown_at(&seed, now_ms + 30_000)});
    let (status, body) = answer(thief.post(&other, 13, "/api/second-factor/drop", &wrong)).await;
    assert_eq!((status, &body["code"]), (429, &json!("too_soon")));
    assert_eq!(
        login(&other, "a=b", &right).await,
        (429, "too_soon".into()),
        "without one she waits, though it is right"
    );
    let hers = User { cookie: format!("{}; {browser}", thief.cookie), client: client() };
    let (status, body) = answer(hers.post(&other, 14, "/api/second-factor/drop", &wrong)).await;
    assert_eq!((status, &body["code"]), (401, &json!("code_denied")), "in her browser a wrong one is wrong");
    assert_eq!(login(&other, &browser, &right).await.0, 200, "and the right one lets her in");
}
