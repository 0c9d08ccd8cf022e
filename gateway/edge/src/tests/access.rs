//! Second factors, service keys, delegations and the broken glass, over HTTP.

use std::sync::atomic::Ordering;

use domain::{BreakGlass, Grant, GroupId, KeyScope, PersonId, RaisePolicyFloor, policy};
use reqwest::Response;
use serde_json::{Value, json};

use super::{
    http::{self, User, answer, client, user},
    province::{KEY, PASSWORD, Served, accepted, config, province, serve},
    screen::{Client, gateway, token, whole},
};
use crate::{
    clock::unix_ms,
    cluster::read,
    limits::COMMAND_DEADLINE,
    seal::{Sealer, second_factor_context},
    totp,
};

fn served() -> Served {
    serve(&province(), 1, config())
}

async fn login(served: &Served, person: &str, code: &str) -> Response {
    let body = json!({"person": person, "password": PASSWORD, "code": code});
    client().post(served.url("/api/login")).json(&body).send().await.unwrap()
}

async fn code_of(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    let body: Value = response.json().await.unwrap();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

fn seed(served: &Served, person: &str) -> Vec<u8> {
    let id = PersonId::new(person).unwrap();
    let sealed = read(&*served.node, GroupId(0), |state0| state0.second_factor(&id).unwrap().seed_sealed.clone());
    Sealer::new(&KEY).open(&second_factor_context(&id), &sealed).unwrap()
}

/// Time of state's clock, which these tests are ahead of their machine's in.
fn clock(served: &Served) -> u64 {
    read(&*served.node, GroupId(0), domain::State::clock).0
}

/// Lets state's clock reach what passed.
fn pass(served: &Served, ms: u64) {
    served.cluster.pass(ms);
    served.cluster.commit(GroupId(0), RaisePolicyFloor { floor: 0 });
}

fn sees(listed: &Value) -> Vec<&str> {
    listed["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_second_factor_counts_from_its_first_code_on_and_each_code_once() {
    let one = served();
    let other = serve(&one.cluster, 2, config());
    let lan = user(&one, "lan").await;
    let wrong = json!({"password": "wrong"});
    assert_eq!(answer(lan.post(&one, 1, "/api/second-factor", &wrong)).await.0, 401);
    let choice = json!({"password": PASSWORD});
    let (status, chosen) = answer(lan.post(&one, 2, "/api/second-factor", &choice)).await;
    assert_eq!(status, 200, "{chosen}");
    let (_, again) = answer(lan.post(&one, 2, "/api/second-factor", &choice)).await;
    assert_eq!(again, chosen, "whoever sends it again, because the answer was lost, is shown the same seed");
    assert_eq!(login(&one, "lan", "").await.status(), 200, "nothing counts before a code of it was shown");

    let seed = seed(&one, "lan");
    assert_eq!(chosen["secret"], json!(totp::base32(&seed)));
    let now_ms = unix_ms();
    let (first, second) = (totp::shown_at(&seed, now_ms), totp::shown_at(&seed, now_ms + 30_000));
    let confirm = json!({"code": first});
    assert_eq!(answer(lan.post(&one, 3, "/api/second-factor/confirm", &confirm)).await.0, 200);
    assert_eq!(code_of(login(&one, "lan", "").await).await, (401, "code_needed".into()));
    assert_eq!(code_of(login(&one, "lan", &first).await).await, (401, "code_denied".into()), "it confirmed");
    assert_eq!(login(&one, "lan", &second).await.status(), 200);
    assert_eq!(code_of(login(&other, "lan", &second).await).await, (401, "code_denied".into()), "a replay elsewhere");

    let recovery = chosen["recovery"][3].as_str().unwrap();
    assert_eq!(login(&other, "lan", &recovery.to_lowercase()).await.status(), 200);
    assert_eq!(code_of(login(&one, "lan", recovery).await).await, (401, "code_denied".into()));
    let (_, standing) = answer(lan.get(&one, "/api/second-factor")).await;
    assert_eq!(standing, json!({"state": "on", "recovery_left": 9}));

    let people = answer(user(&one, "admin").await.get(&one, "/api/people")).await.1.to_string();
    assert!(!people.contains("seed"), "{people}");
}

#[tokio::test]
async fn a_second_factor_of_one_node_counts_at_another_that_is_behind() {
    let one = served();
    let late = serve(&one.cluster, 2, config());
    let lan = user(&one, "lan").await;
    assert_eq!(answer(lan.get(&late, "/api/session")).await.0, 200);
    late.node.follows.store(false, Ordering::SeqCst);
    let (status, chosen) = answer(lan.post(&one, 1, "/api/second-factor", &json!({"password": PASSWORD}))).await;
    assert_eq!(status, 200, "{chosen}");
    let confirm = json!({"code": totp::shown_at(&seed(&one, "lan"), unix_ms())});
    assert_eq!(answer(lan.post(&late, 2, "/api/second-factor/confirm", &confirm)).await.0, 200);

    let admin = user(&one, "admin").await;
    assert_eq!(answer(admin.get(&late, "/api/session")).await.0, 200);
    assert_eq!(answer(admin.post(&one, 1, "/api/second-factor", &json!({"password": PASSWORD}))).await.0, 200);
    let confirm = json!({"code": totp::shown_at(&seed(&one, "admin"), unix_ms())});
    assert_eq!(answer(admin.post(&one, 2, "/api/second-factor/confirm", &confirm)).await.0, 200);
    let (status, body) = answer(admin.post(&late, 3, "/api/second-factor/drop", &json!({"code": ""}))).await;
    assert_eq!((status, &body["code"]), (401, &json!("code_needed")), "not without a code");
}

#[tokio::test]
async fn whom_one_node_has_just_let_in_another_that_is_behind_does_not_deny() {
    let one = served();
    let late = serve(&one.cluster, 2, config());
    late.node.follows.store(false, Ordering::SeqCst);
    let admin = user(&one, "admin").await;
    let minh = |password: &str| json!({"id": "minh", "name": "Minh", "role": "operator", "password": password});
    assert_eq!(answer(admin.post(&one, 1, "/api/people", &minh("một mật khẩu"))).await.0, 200);
    assert_eq!(http::login(&late, "minh", "một mật khẩu").await.status(), 200, "who is new");
    assert_eq!(answer(admin.post(&one, 2, "/api/people", &minh("mật khẩu khác"))).await.0, 200);
    let with_former = http::login(&late, "minh", "một mật khẩu").await;
    assert_eq!(code_of(with_former).await, (401, "denied".into()), "a password that was changed");
    assert_eq!(http::login(&late, "minh", "mật khẩu khác").await.status(), 200);

    let key = |id: &str, account: &str, scope: KeyScope| {
        json!({"id": id, "account": account, "name": "Trạm mưa", "scopes": [scope],
            "expires_at_ms": clock(&one) + 86_400_000})
    };
    let (status, made) = answer(admin.post(&one, 3, "/api/keys", &key("k1", "tram", KeyScope::Readings))).await;
    assert_eq!(status, 200, "{made}");
    let reading = json!({"sensor": "s1", "at_ms": 4_000_000_000_001_u64, "value": 1.5});
    let push = client().post(late.url("/api/readings")).basic_auth("tram", made["key"].as_str()).json(&reading);
    assert_eq!(answer(push).await.0, 200, "a key that is new");
    let (status, made) = answer(admin.post(&one, 4, "/api/keys", &key("k2", "xem", KeyScope::See))).await;
    assert_eq!(status, 200, "{made}");
    let look = client().get(late.url("/api/sensors")).bearer_auth(made["key"].as_str().unwrap());
    assert_eq!(answer(look).await.0, 200);
    let device =
        json!({"id": "tram2", "name": "Trạm 2", "role": "device", "districts": ["d1"], "password": "khoá của trạm 2"});
    assert_eq!(answer(admin.post(&one, 5, "/api/people", &device)).await.0, 200);
    let reading = json!({"sensor": "s1", "at_ms": 4_000_000_000_002_u64, "value": 1.5});
    let push = client().post(late.url("/api/readings")).basic_auth("tram2", Some("khoá của trạm 2")).json(&reading);
    assert_eq!(answer(push).await.0, 200, "a device that is new");
}

#[tokio::test]
async fn whoever_lost_everything_is_let_in_by_another_administrator_and_no_open_screen_turns_it_off() {
    let served = served();
    let lan = user(&served, "lan").await;
    answer(lan.post(&served, 1, "/api/second-factor", &json!({"password": PASSWORD}))).await;
    let code = totp::shown_at(&seed(&served, "lan"), unix_ms());
    assert_eq!(answer(lan.post(&served, 2, "/api/second-factor/confirm", &json!({"code": code}))).await.0, 200);
    let (status, body) = answer(lan.post(&served, 3, "/api/second-factor/drop", &json!({"code": ""}))).await;
    assert_eq!((status, &body["code"]), (401, &json!("code_needed")));
    let xem = user(&served, "xem").await;
    let path = "/api/people/lan/second-factor/drop";
    assert_eq!(answer(xem.post(&served, 1, path, &json!({}))).await.0, 403);
    assert_eq!(login(&served, "lan", "").await.status(), 401);
    assert_eq!(answer(user(&served, "admin").await.post(&served, 1, path, &json!({}))).await.0, 200);
    pass(&served, 0);
    assert_eq!(login(&served, "lan", "").await.status(), 200);
}

#[tokio::test]
async fn a_service_key_does_what_it_is_for_until_it_ends_and_is_replaced_without_a_gap() {
    let served = served();
    let admin = user(&served, "admin").await;
    let expires_at_ms = clock(&served) + 86_400_000;
    let key = |id: &str, scope: KeyScope, replaces: Option<&str>| {
        json!({"id": id, "account": "tram", "name": "Trạm mưa", "scopes": [scope], "expires_at_ms": expires_at_ms,
            "replaces": replaces, "overlap_ms": 60_000})
    };
    let (status, made) = answer(admin.post(&served, 1, "/api/keys", &key("k1", KeyScope::Readings, None))).await;
    assert_eq!(status, 200, "{made}");
    let text = made["key"].as_str().unwrap().to_owned();
    let mut again = answer(admin.post(&served, 1, "/api/keys", &key("k1", KeyScope::Readings, None))).await.1;
    assert_eq!(again["log"]["again"].take(), json!(true), "{again}");
    again["log"]["again"] = json!(false);
    assert_eq!(again, made, "the same request, the same key");
    let lan = user(&served, "lan").await;
    assert_eq!(answer(lan.post(&served, 1, "/api/keys", &key("k2", KeyScope::Readings, None))).await.0, 403);
    let listed = answer(admin.get(&served, "/api/keys")).await.1.to_string();
    assert!(listed.contains("k1") && !listed.contains("secret") && !listed.contains(&text), "{listed}");

    let push = |text: String, at_ms: u64| {
        let reading = json!({"sensor": "s1", "at_ms": 4_000_000_000_000_u64 + at_ms, "value": 1.5});
        answer(client().post(served.url("/api/readings")).basic_auth("tram", Some(text)).json(&reading))
    };
    assert_eq!(push(text.clone(), 1).await.0, 200);
    let listed = answer(admin.get(&served, "/api/keys")).await.1;
    assert!(listed["items"][0]["used_here_at_ms"].as_u64().unwrap() > 0, "{listed}");
    let look = |text: &str| answer(client().get(served.url("/api/sensors")).bearer_auth(text));
    assert_eq!(look(&text).await.0, 403, "this key is not for looking");

    let (_, next) = answer(admin.post(&served, 2, "/api/keys", &key("k3", KeyScope::Readings, Some("k1")))).await;
    let next = next["key"].as_str().unwrap().to_owned();
    assert_eq!((push(text.clone(), 2).await.0, push(next.clone(), 3).await.0), (200, 200), "both, while they overlap");
    pass(&served, 120_000);
    assert_eq!((push(text, 4).await.0, push(next.clone(), 5).await.0), (401, 200));
    assert_eq!(answer(admin.post(&served, 3, "/api/keys/k3/revoke", &json!({}))).await.0, 200);
    assert_eq!(push(next, 6).await.0, 401);
}

#[tokio::test]
async fn a_key_for_looking_sees_what_its_account_sees_and_sends_no_commands() {
    let served = served();
    let admin = user(&served, "admin").await;
    let body = json!({"id": "bang", "account": "xem", "name": "Bảng tin", "scopes": ["see"],
        "expires_at_ms": clock(&served) + 86_400_000});
    let (status, made) = answer(admin.post(&served, 1, "/api/keys", &body)).await;
    assert_eq!(status, 200, "{made}");
    let text = made["key"].as_str().unwrap();
    let (status, listed) = answer(client().get(served.url("/api/sensors")).bearer_auth(text)).await;
    assert_eq!((status, sees(&listed)), (200, vec!["s2"]));
    let note = client().post(served.url("/api/incidents/I2/note")).bearer_auth(text).header("x-request-seq", 1);
    assert_eq!(answer(note.json(&json!({"note": "x"}))).await.0, 403);
    let push = client().post(served.url("/api/readings")).bearer_auth(text);
    assert_eq!(answer(push.json(&json!({"sensor": "s2", "at_ms": 1, "value": 1}))).await.0, 403);
}

async fn sensors(served: &Served, user: &User) -> Vec<String> {
    let (status, listed) = answer(user.get(served, "/api/sensors")).await;
    assert_eq!(status, 200, "{listed}");
    sees(&listed).into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_broken_glass_shows_the_province_with_a_reason_and_ends_by_itself() {
    let served = served();
    let (admin, lan, xem) = (user(&served, "admin").await, user(&served, "lan").await, user(&served, "xem").await);
    let open = json!({"reason": "lũ quét ở huyện bên", "lasts_ms": 600_000});
    assert_eq!(answer(xem.post(&served, 1, "/api/glass", &open)).await.0, 403);
    let silent = json!({"reason": " ", "lasts_ms": 600_000});
    assert_eq!(answer(lan.post(&served, 1, "/api/glass", &silent)).await.0, 422);
    assert_eq!(sensors(&served, &lan).await, ["s1"]);
    assert_eq!(answer(lan.post(&served, 2, "/api/glass", &open)).await.0, 200);
    assert_eq!(sensors(&served, &lan).await, ["s1", "s2"]);
    let acknowledge = json!({"expected_version": 1});
    assert_eq!(answer(lan.post(&served, 3, "/api/incidents/I2/acknowledge", &acknowledge)).await.0, 200);
    let grant = served.cluster.newest_grant(GroupId(0)).unwrap();
    assert!(grant.terms.broken_glass && grant.terms.until_ms.is_set());

    let (_, known) = answer(admin.get(&served, "/api/glass")).await;
    assert_eq!(known["items"][0]["glass"]["reason"], json!("lũ quét ở huyện bên"), "whoever audits reads why");
    assert_eq!(answer(xem.get(&served, "/api/glass")).await.1["items"], json!([]), "and nobody else");

    pass(&served, 700_000);
    assert_eq!(sensors(&served, &lan).await, ["s1"]);
    assert_eq!(answer(lan.post(&served, 4, "/api/incidents/I2/note", &json!({"note": "x"}))).await.0, 403);
}

#[tokio::test]
async fn a_delegation_is_taken_within_its_dates_and_the_entry_says_for_whom() {
    let served = served();
    let (lan, xem) = (user(&served, "lan").await, user(&served, "xem").await);
    let from_ms = clock(&served) + 600_000;
    let giving = json!({"deputy": "xem", "from_ms": from_ms, "until_ms": from_ms + 600_000, "reason": "nghỉ phép"});
    let (status, done) = answer(lan.post(&served, 1, "/api/delegations", &giving)).await;
    assert_eq!(status, 200, "{done}");
    let take = json!({"delegation": done["entity"]});
    assert_eq!(answer(xem.post(&served, 1, "/api/delegations/take", &take)).await.0, 409, "it has not begun");
    pass(&served, 600_000);
    assert_eq!(answer(lan.post(&served, 2, "/api/delegations/take", &take)).await.0, 404, "it is not hers to take");
    assert_eq!(answer(xem.post(&served, 2, "/api/delegations/take", &take)).await.0, 200);
    assert_eq!(sensors(&served, &xem).await, ["s1"], "the giver's rights, and not both");
    let (_, session) = answer(xem.get(&served, "/api/session")).await;
    assert_eq!((&session["role"], &session["acts_for"]), (&json!("operator"), &json!("lan")));
    let acknowledge = json!({"expected_version": 1});
    assert_eq!(answer(xem.post(&served, 3, "/api/incidents/I1/acknowledge", &acknowledge)).await.0, 200);
    let grant = served.cluster.newest_grant(GroupId(0)).unwrap();
    assert_eq!((grant.person.as_str(), grant.terms.acts_for.as_ref().map(PersonId::as_str)), ("xem", Some("lan")));
    let further = json!({"deputy": "admin", "from_ms": 0, "until_ms": from_ms + 600_000, "reason": "x"});
    assert_eq!(answer(xem.post(&served, 4, "/api/delegations", &further)).await.0, 403, "nothing is passed on");

    let path = format!("/api/delegations/{}/revoke", done["entity"].as_str().unwrap());
    assert_eq!(answer(lan.post(&served, 3, &path, &json!({}))).await.0, 200);
    assert_eq!(sensors(&served, &xem).await, ["s2"]);
}

#[tokio::test(start_paused = true)]
async fn an_open_screen_loses_what_was_lent_to_it_with_the_heartbeat_after_the_end() {
    let gateway = gateway(&province(), 1, config());
    let lan = token(&gateway.cluster, "lan");
    let mut screen = Client::open(&gateway, &lan).await;
    let has = |screen: &Client, name: &str| screen.fold.groups.values().any(|group| group.records.contains_key(name));
    assert!(!has(&screen, "sensor/s2"));

    let person = PersonId::new("lan").unwrap();
    let grant = read(&*gateway.node, GroupId(0), |state0| policy::grant(state0, &person, 1));
    let grant = grant.map(|grant| Grant { from: "127.0.0.1".into(), ..grant });
    let glass = BreakGlass { reason: "lũ quét ở huyện bên".into(), lasts_ms: 4_000 };
    let broken = gateway.app.road.command(Some(GroupId(0)), glass.into(), None, grant, COMMAND_DEADLINE).await;
    accepted(broken.unwrap());
    screen.until(|fold| fold.resets.len() == 9 && whole(fold)).await;
    assert!(has(&screen, "sensor/s2"));

    gateway.cluster.pass(4_000);
    gateway.cluster.commit(GroupId(0), RaisePolicyFloor { floor: 0 });
    screen.until(|fold| fold.resets.len() == 18 && whole(fold)).await;
    assert!(screen.fold.resets.iter().all(|(_, reason)| reason == "rights-changed"));
    assert!(!has(&screen, "sensor/s2") && has(&screen, "sensor/s1"));
}

#[tokio::test]
async fn only_who_is_on_duty_by_the_roster_is_rung_and_who_stands_in_none_always_is() {
    const SHIFT_MS: u64 = 600_000;
    let served = served();
    let (admin, lan, xem) = (user(&served, "admin").await, user(&served, "lan").await, user(&served, "xem").await);
    let begins = clock(&served);
    let (between, ends) = (begins + SHIFT_MS, begins + 2 * SHIFT_MS);
    let post = json!({"id": "desk", "name": "Trực ban", "above": null, "shifts": [
        {"person": "lan", "from_ms": begins, "until_ms": between},
        {"person": "xem", "from_ms": between, "until_ms": ends},
    ]});
    assert_eq!(answer(admin.post(&served, 1, "/api/duty-posts", &post)).await.0, 200);
    let on_duty =
        |until_ms: u64| json!({"rung": true, "posts": [{"id": "desk", "name": "Trực ban", "until_ms": until_ms}]});
    let off_duty = json!({"rung": false, "posts": []});
    assert_eq!(answer(lan.get(&served, "/api/duty")).await, (200, on_duty(between)));
    assert_eq!(answer(xem.get(&served, "/api/duty")).await, (200, off_duty.clone()));
    assert_eq!(answer(admin.get(&served, "/api/duty")).await, (200, json!({"rung": true, "posts": []})));
    pass(&served, SHIFT_MS + 1);
    assert_eq!(answer(lan.get(&served, "/api/duty")).await, (200, off_duty));
    assert_eq!(answer(xem.get(&served, "/api/duty")).await, (200, on_duty(ends)));
}
