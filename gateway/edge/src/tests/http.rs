//! The HTTP API over loopback.

use std::time::{Duration, Instant};

use domain::{AlarmKey, Condition, EntityId, GroupId, Micro, RaiseAlarm, Severity};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};

use super::{
    double::{Fate, TERM},
    province::{PASSWORD, Served, accepted, config, province, serve},
};
use crate::{
    api::body::{REASON_HEADER, SEQ_HEADER},
    cluster::{RoadError, Source},
};

/// A client; the first one says whose cryptography is used.
pub(super) fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

/// Somebody signed in.
pub(super) struct User {
    pub(super) cookie: String,
    pub(super) client: Client,
}

pub(super) async fn login(served: &Served, person: &str, password: &str) -> Response {
    let body = json!({"person": person, "password": password});
    client().post(served.url("/api/login")).json(&body).send().await.unwrap()
}

pub(super) async fn user(served: &Served, person: &str) -> User {
    let response = login(served, person, PASSWORD).await;
    assert_eq!(response.status(), 200, "{:?}", response.text().await);
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    User { cookie, client: client() }
}

impl User {
    pub(super) fn get(&self, served: &Served, path: &str) -> RequestBuilder {
        self.client.get(served.url(path)).header("cookie", &self.cookie)
    }

    /// A command; where a person has to say why, they do.
    pub(super) fn post(&self, served: &Served, seq: u64, path: &str, body: &Value) -> RequestBuilder {
        let request = self.post_silently(served, seq, path, body);
        let starts = ["people", "remits", "keys", "delegations/", "second-factor", "erasure", "file-retention"];
        let needs_why = starts.iter().any(|start| path.starts_with(&format!("/api/{start}")))
            || ["/approve", "/erase"].iter().any(|end| path.ends_with(end));
        if needs_why { request.header(REASON_HEADER, "screen/test") } else { request }
    }

    /// A command of which nobody says why.
    pub(super) fn post_silently(&self, served: &Served, seq: u64, path: &str, body: &Value) -> RequestBuilder {
        let request = self.client.post(served.url(path)).header("cookie", &self.cookie);
        request.header(SEQ_HEADER, seq).json(body)
    }
}

pub(super) async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

fn served() -> Served {
    serve(&province(), 1, config())
}

#[tokio::test]
async fn who_signs_in_is_known_on_every_node_and_until_they_sign_out() {
    let one = served();
    let other = serve(&one.cluster, 2, config());
    let response = login(&one, "lan", PASSWORD).await;
    assert_eq!(response.status(), 200);
    let cookie = response.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"));
    let body: Value = response.json().await.unwrap();
    assert_eq!((&body["person"], &body["role"], &body["next_seq"]), (&json!("lan"), &json!("operator"), &json!(1)));

    let lan = User { cookie: cookie.split(';').next().unwrap().to_owned(), client: client() };
    let (status, session) = answer(lan.get(&other, "/api/session")).await;
    assert_eq!((status, &session["name"]), (200, &json!("Người lan")));
    let logout = lan.client.post(one.url("/api/logout")).header("cookie", &lan.cookie).send().await.unwrap();
    assert_eq!(logout.status(), 204);
    assert_eq!(answer(lan.get(&other, "/api/session")).await.0, 401);
}

#[tokio::test]
async fn a_node_that_is_behind_asks_the_quorum_before_it_says_no() {
    let one = served();
    let late = serve(&one.cluster, 2, config());
    late.node.follows.store(false, std::sync::atomic::Ordering::SeqCst);
    let lan = user(&one, "lan").await;
    assert_eq!(answer(lan.get(&late, "/api/session")).await.0, 200);
    let minh = User { cookie: "td_session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(), client: client() };
    assert_eq!(answer(minh.get(&late, "/api/session")).await.0, 401);
    late.node.quorum.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(answer(minh.get(&late, "/api/session")).await.0, 503, "nobody can be asked");
}

#[tokio::test]
async fn a_wrong_password_is_denied_like_a_wrong_name_and_soon_costs_a_wait() {
    for _ in 0..20 {
        let served = served();
        let (mut codes, mut fourth_at) = (Vec::new(), Instant::now());
        for person in ["lan", "nobody", "lan", "lan", "lan", "lan"] {
            if codes.len() == 4 {
                fourth_at = Instant::now();
            }
            let response = login(&served, person, "wrong").await;
            let wait = response.headers().get("retry-after").is_some();
            let status = response.status().as_u16();
            let body: Value = response.json().await.unwrap();
            codes.push((status, body["code"].as_str().unwrap().to_owned(), wait));
        }
        let right = login(&served, "lan", PASSWORD).await.status();
        // The fourth wrong one costs a second; where that was over by now nothing was to be seen.
        if fourth_at.elapsed() >= Duration::from_secs(1) {
            continue;
        }
        assert!(codes[..5].iter().all(|code| *code == (401, "denied".into(), false)), "{codes:?}");
        assert_eq!(codes[5], (429, "too_soon".into(), true));
        assert_eq!(right, 429, "also with the right one, from here");
        assert_eq!(login(&served, "xem", PASSWORD).await.status(), 200, "but nobody else is held up");
        return;
    }
    panic!("three sign-ins never fit into a second");
}

#[tokio::test]
async fn who_signed_in_from_there_lately_gets_in_while_their_address_is_held_up() {
    let served = served();
    assert_eq!(login(&served, "lan", PASSWORD).await.status(), 200);
    // The first waits are short: on a machine that is busy one may be over before it is seen.
    for n in 0..200 {
        // Nothing was ever wrong under that name: it waits with the address.
        if login(&served, &format!("nobody-{n}"), "wrong").await.status() == 429 {
            assert_eq!(login(&served, "lan", PASSWORD).await.status(), 200);
            return;
        }
    }
    panic!("an address is never held up");
}

#[tokio::test]
async fn an_acknowledgement_whose_answer_was_lost_is_applied_once() {
    let served = served();
    let key = AlarmKey { entity: EntityId::new("s1").unwrap(), condition: Condition::new("high").unwrap() };
    let (value_micro, limit_micro) = (Micro(28_000_000), Micro(27_000_000));
    let raise = RaiseAlarm {
        key,
        episode: 1,
        severity: Severity::High,
        value_micro,
        limit_micro,
        exercise: false,
        finding: None,
    };
    accepted(served.cluster.commit(GroupId(1), raise));
    let lan = user(&served, "lan").await;
    let body = json!({"entity": "s1", "condition": "high", "episode": 1});
    let ask = || lan.post(&served, 1, "/api/alarms/acknowledge", &body);

    served.cluster.next(Fate::Lost(|| RoadError::NoLeader));
    assert_eq!(answer(ask()).await.0, 503);
    let (status, first) = answer(ask()).await;
    assert_eq!((status, &first["entity"]), (200, &json!("s1/high")), "{first}");
    let index = served.node.applied(GroupId(1)).index;
    served.cluster.next(Fate::Unanswered);
    let (status, lost) = answer(ask()).await;
    assert_eq!((status, &lost["code"]), (503, &json!("unknown")));
    let (status, again) = answer(ask()).await;
    assert_eq!((status, &again["entity"], &again["version"]), (200, &first["entity"], &first["version"]));
    assert_eq!(first["log"], json!({"group": 1, "index": index, "term": TERM, "again": false}));
    assert_eq!(again["log"], json!({"group": 1, "index": index, "term": TERM, "again": true}), "where the first is");
    served.cluster.forget_places();
    let (_, again) = answer(ask()).await;
    assert_eq!(again["log"], json!({"group": 1, "index": 0, "term": 0, "again": true}), "nobody remembers where");

    let (_, session) = answer(lan.get(&served, "/api/session")).await;
    assert_eq!(session["next_seq"], 2, "the highest of all groups, and one");
    let came = served.cluster.came.lock().unwrap();
    let opened = came.iter().filter(|it| **it == (GroupId(1), "OpenSession")).count();
    assert_eq!(opened, 1, "the session reached the field group with its first command");
}

#[tokio::test]
async fn one_number_for_two_commands_is_refused() {
    let served = served();
    let lan = user(&served, "lan").await;
    let note = |text: &str| lan.post(&served, 1, "/api/incidents/I1/note", &json!({"note": text}));
    assert_eq!(answer(note("một")).await.0, 200);
    let (status, body) = answer(note("hai")).await;
    assert_eq!((status, &body["code"], &body["field"]), (409, &json!("seq_reused"), &json!("x-request-seq")));
}

#[tokio::test]
async fn refusals_have_their_status_and_name_the_field() {
    let served = served();
    let lan = user(&served, "lan").await;
    let post = |seq, path: &str, body: Value| answer(lan.post(&served, seq, path, &body));
    let seen = |version: u64| json!({"expected_version": version});
    let place = json!({"latitude_e7": 1, "longitude_e7": 2, "admin_unit": "u1"});
    for (status, code, (got, body)) in [
        (409, "version_conflict", post(1, "/api/incidents/I1/acknowledge", seen(9)).await),
        (403, "forbidden", post(2, "/api/incidents/I2/acknowledge", seen(1)).await),
        (404, "not_found", post(3, "/api/incidents/I9/acknowledge", seen(1)).await),
        (404, "not_found", post(4, "/api/alarms/unshelve", json!({"entity": "s1", "condition": "high"})).await),
        (422, "invalid", post(5, "/api/incidents/a%20b/acknowledge", seen(1)).await),
        (
            422,
            "invalid",
            post(6, "/api/incidents", json!({"kind": "flod", "severity": "high", "place": place, "summary": "x"}))
                .await,
        ),
        (403, "forbidden", post(7, "/api/units", json!({"id": "xe9", "name": "x", "station": place})).await),
    ] {
        assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{body}");
        assert!(!body["message"].as_str().unwrap().is_empty());
    }
    let (status, done) =
        post(8, "/api/incidents", json!({"kind": "flood", "severity": "high", "place": place, "summary": "Ngập"}))
            .await;
    assert_eq!((status, &done["entity"], &done["version"]), (200, &json!("I3"), &json!(1)));
    let log = &done["log"];
    assert_eq!((&log["group"], &log["term"], &log["again"]), (&json!(0), &json!(TERM), &json!(false)), "{done}");
    let report = json!({"reference": "113-7", "kind": "fire", "severity": "low", "place": place, "summary": "Khói"});
    assert_eq!(post(9, "/api/reports", report).await.0, 200);
}

#[tokio::test]
async fn what_is_no_command_is_told_so() {
    let served = served();
    let lan = user(&served, "lan").await;
    let path = "/api/incidents/I1/note";
    let bare = lan.client.post(served.url(path)).header("cookie", &lan.cookie).json(&json!({"note": "x"}));
    let (status, body) = answer(bare).await;
    assert_eq!((status, &body["field"]), (400, &json!("x-request-seq")));
    let (status, body) = answer(lan.post(&served, 1, path, &json!({"note": 7}))).await;
    assert_eq!((status, &body["field"]), (422, &json!("note")));
    let (status, body) = answer(lan.post(&served, 1, path, &json!({}))).await;
    assert_eq!((status, &body["field"], &body["message"]), (422, &json!("note"), &json!("is required")));
    let broken = lan.post(&served, 1, path, &json!({})).body("{\"note\":");
    assert_eq!(answer(broken).await.0, 400);
    let large = lan.post(&served, 1, path, &json!({"note": "x".repeat(70_000)}));
    let (status, body) = answer(large).await;
    assert_eq!((status, &body["code"]), (413, &json!("too_large")));
    assert_eq!(answer(client().post(served.url(path)).json(&json!({}))).await.0, 401);
    assert_eq!(answer(lan.get(&served, "/api/no/such")).await.0, 404);
}

#[tokio::test]
async fn a_timeline_and_a_chart_come_from_history() {
    let served = served();
    let lan = user(&served, "lan").await;
    answer(lan.post(&served, 1, "/api/incidents/I1/note", &json!({"note": "đã gọi"}))).await;
    let (status, items) = answer(lan.get(&served, "/api/incidents/I1/timeline")).await;
    assert_eq!(status, 200);
    let kinds: Vec<_> = items.as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["incident_opened", "incident_noted"]);
    assert_eq!((&items[1]["note"], &items[1]["by"]), (&json!("đã gọi"), &json!("lan")));
    assert_eq!(answer(lan.get(&served, "/api/incidents/I2/timeline")).await.0, 404, "not in her district");

    let reading = |at_ms: u64, value: f64| json!({"sensor": "s1", "at_ms": at_ms, "value": value});
    let at_ms = 4_000_000_000_000_u64;
    let admin = user(&served, "admin").await;
    let push = admin.client.post(served.url("/api/readings")).header("cookie", &admin.cookie);
    let body = json!([reading(at_ms, 1.5), reading(at_ms + 1, 2.5), reading(at_ms + 5, 3.5)]);
    assert_eq!(answer(push.json(&body)).await.0, 200);
    let path = format!("/api/sensors/s1/readings?from_ms={}&to_ms={}", at_ms, at_ms + 1);
    let (status, chart) = answer(lan.get(&served, &path)).await;
    assert_eq!((status, &chart["points"]), (200, &json!([[at_ms, 1.5], [at_ms + 1, 2.5]])));
    assert_eq!(answer(lan.get(&served, "/api/sensors/s2/readings")).await.0, 404);
    assert_eq!(answer(lan.get(&served, "/api/sensors/s1/readings?from_ms=x")).await.0, 422);
}

#[tokio::test]
async fn health_counts_and_the_description() {
    let served = served();
    let get = |path: &str| client().get(served.url(path)).send();
    assert_eq!(get("/live").await.unwrap().status(), 200);
    let not_ready = get("/ready").await.unwrap();
    assert_eq!(not_ready.status(), 503);
    let body: Value = not_ready.json().await.unwrap();
    assert_eq!(body["waiting_for"], json!([3, 4, 5, 6, 7, 8]), "nothing was ever applied in those");
    for group in 3..=8 {
        served.cluster.commit(GroupId(group), domain::SwitchFeature { feature: 1 });
    }
    assert_eq!(get("/ready").await.unwrap().status(), 200);
    served.node.quorum.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(get("/ready").await.unwrap().status(), 503);
    let metrics = get("/metrics").await.unwrap().text().await.unwrap();
    assert!(metrics.contains("trongdong_edge_requests_total{route=\"/ready\",status=\"503\"} 2"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"));
    let nodes: Value = get("/api/nodes").await.unwrap().json().await.unwrap();
    assert_eq!(nodes[1], json!({"id": 2, "url": "http://khac.test"}));
    let description: Value = get("/api").await.unwrap().json().await.unwrap();
    assert!(description["paths"]["/api/alarms/acknowledge"]["post"].is_object());
}

#[tokio::test]
async fn pages_of_the_cluster_may_ask_any_node_and_others_may_not() {
    let served = served();
    let preflight = |origin: &'static str| {
        let request = client().request(reqwest::Method::OPTIONS, served.url("/api/session"));
        request.header("origin", origin).header("access-control-request-method", "GET").send()
    };
    let ours = preflight("http://khac.test").await.unwrap();
    assert_eq!(ours.headers()["access-control-allow-origin"], "http://khac.test");
    assert_eq!(ours.headers()["access-control-allow-credentials"], "true");
    // A browser holds back what is not named here: every header that the screens send, and each that they read.
    let named = |list: &str| ours.headers()[list].to_str().unwrap().split(", ").map(str::to_owned).collect::<Vec<_>>();
    let sent = named("access-control-allow-headers");
    for header in ["content-type", "x-read", REASON_HEADER, SEQ_HEADER] {
        assert!(sent.iter().any(|it| it == header), "{header}: {sent:?}");
    }
    let read = named("access-control-expose-headers");
    for header in ["retry-after", "x-audit-through", "x-audit-withheld", "x-state-age-ms"] {
        assert!(read.iter().any(|it| it == header), "{header}: {read:?}");
    }
    assert!(preflight("http://evil.test").await.unwrap().headers().get("access-control-allow-origin").is_none());
}
