//! What people without an account may ask: each route, each refusal, and that nothing internal gets out.

use domain::{AnswerReport, GroupId, PutPerson, ReportCode, ReportStatus, Role};
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    double::Fate,
    http::{answer, client, user},
    province::{KEY, Served, accepted, config, person, province, serve},
};
use crate::{
    cluster::{RoadError, read},
    config::EdgeConfig,
    limits::PUBLIC_BODY_BYTES_MAX,
    public::{Public, code},
};

const SENDER_KEY: &str = "a-key-of-chance-0001";

fn served() -> Served {
    serve(&province(), 1, config())
}

fn filing() -> Value {
    json!({
        "key": SENDER_KEY, "kind": "infrastructure", "text": "Ổ gà trước cổng trường\r\n",
        "place": {"admin_unit": "u1", "address": "Tổ 5", "latitude_e7": 215_000_001, "longitude_e7": 1_058_000_001},
        "contact": "0905 000 000", "language": "vi"
    })
}

async fn ask(served: &Served, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
    let request = client().request(method, served.url(path));
    answer(if let Some(body) = body { request.json(body) } else { request }).await
}

async fn post(served: &Served, path: &str, body: &Value) -> (u16, Value) {
    ask(served, Method::POST, path, Some(body)).await
}

async fn get(served: &Served, path: &str) -> (u16, Value) {
    ask(served, Method::GET, path, None).await
}

/// Files the report of [`filing`]; its code as it is kept.
async fn filed(served: &Served) -> ReportCode {
    let (status, body) = post(served, "/api/public/reports", &filing()).await;
    assert_eq!(status, 201, "{body}");
    code::parse(body["code"].as_str().unwrap()).unwrap()
}

fn count(served: &Served) -> usize {
    read(&*served.node, GroupId::COMMAND, |state| state.reports().len())
}

fn version(served: &Served, report: &ReportCode) -> u64 {
    read(&*served.node, GroupId::COMMAND, |state| state.reports()[report].version)
}

/// A person answers, so that there is a name that could get out.
fn answered(served: &Served, report: &ReportCode) {
    let expected_version = version(served, report);
    let answer = "Đã vá xong".to_owned();
    accepted(
        served.cluster.commit(GroupId::COMMAND, AnswerReport { report: report.clone(), expected_version, answer }),
    );
}

/// Every refusal says in both languages what to do, and names the field.
fn refused(answer: (u16, Value), status: u16, code: &str, field: &str) {
    let (found, body) = answer;
    assert_eq!((found, &body["code"], &body["field"]), (status, &json!(code), &json!(field)), "{body}");
    for language in ["message", "message_en"] {
        assert!(body[language].as_str().is_some_and(|text| text.len() > 10), "{body}");
    }
    assert_ne!(body["message"], body["message_en"]);
    assert_eq!(body.as_object().unwrap().len(), 4, "{body}");
}

#[tokio::test]
async fn a_report_is_held_then_followed_rated_and_opened_again() {
    let served = served();
    let report = filed(&served).await;
    let path = format!("/api/public/reports/{}", code::shown(&report).to_lowercase());
    let (status, seen) = get(&served, &path).await;
    assert_eq!((status, &seen["status"], &seen["text"]), (200, &json!("received"), &json!("Ổ gà trước cổng trường")));
    assert_eq!((&seen["place"]["name"], &seen["can_respond"]), (&json!("Xã 1"), &json!(false)));
    refused(post(&served, &format!("{path}/rating"), &json!({"rating": 5})).await, 409, "wrong_status", "code");
    refused(post(&served, &format!("{path}/reopening"), &json!({"reason": "x"})).await, 409, "wrong_status", "code");

    answered(&served, &report);
    let (_, seen) = get(&served, &path).await;
    assert_eq!(
        (&seen["status"], &seen["answer"], &seen["can_respond"]),
        (&json!("answered"), &json!("Đã vá xong"), &json!(true))
    );
    refused(post(&served, &format!("{path}/rating"), &json!({"rating": 6})).await, 422, "invalid", "rating");
    refused(post(&served, &format!("{path}/rating"), &json!({"rating": "x"})).await, 422, "invalid", "rating");
    refused(
        post(&served, &format!("{path}/rating"), &json!({"rating": 5, "note": "ộ".repeat(2_000)})).await,
        422,
        "invalid",
        "note",
    );
    assert_eq!(post(&served, &format!("{path}/rating"), &json!({"rating": 2, "note": "chưa phẳng"})).await.0, 204);
    assert_eq!(get(&served, &path).await.1["rating"], 2);

    refused(post(&served, &format!("{path}/reopening"), &json!({"reason": " \n"})).await, 422, "invalid", "reason");
    refused(post(&served, &format!("{path}/reopening"), &json!({})).await, 422, "invalid", "reason");
    let again = json!({"reason": "còn đọng nước"});
    served.cluster.next(Fate::Unanswered);
    refused(post(&served, &format!("{path}/reopening"), &again).await, 503, "unknown", "");
    assert_eq!(post(&served, &format!("{path}/reopening"), &again).await.0, 204, "sent again it is opened once");
    let (_, seen) = get(&served, &path).await;
    let kinds: Vec<_> = seen["history"].as_array().unwrap().iter().map(|step| step["kind"].as_str().unwrap()).collect();
    assert_eq!((kinds, &seen["status"]), (vec!["received", "answered", "reopened"], &json!("received")));
    assert_eq!(seen["history"][2]["note"], "còn đọng nước");
}

#[tokio::test]
async fn the_same_request_is_one_report_on_whichever_node_however_often() {
    let one = served();
    let other = serve(&one.cluster, 2, config());
    for fate in [Fate::Unanswered, Fate::Lost(|| RoadError::NoLeader), Fate::Lost(|| RoadError::Overloaded)] {
        one.cluster.next(fate);
        let (status, body) = post(&one, "/api/public/reports", &filing()).await;
        assert!(status == 503 || status == 429, "{body}");
        let told = code::parse(body["code"].as_str().unwrap());
        assert!(told.is_err(), "no code before a quorum holds it: {body}");
    }
    let code = filed(&one).await;
    assert_eq!(filed(&other).await, code);
    assert_eq!(count(&one), 1);
    let mut another = filing();
    another["text"] = json!("Chuyện khác");
    refused(post(&one, "/api/public/reports", &another).await, 409, "exists", "key");
    another["key"] = json!("a-key-of-chance-0002");
    assert_eq!(post(&one, "/api/public/reports", &another).await.0, 201);
    assert_eq!(count(&one), 2);
}

#[tokio::test]
async fn each_field_that_is_wrong_is_named_and_nothing_is_filed() {
    let served = served();
    let with = |pointer: &str, value: Value| {
        let mut body = filing();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let wrong = [
        ("key", with("/key", json!("short"))),
        ("key", with("/key", json!("k".repeat(65)))),
        ("key", with("/key", json!("a key with blanks in it"))),
        ("text", with("/text", json!(" \u{7}\n"))),
        ("text", with("/text", json!("ộ".repeat(1_500)))),
        ("kind", with("/kind", json!("device"))),
        ("kind", with("/kind", json!("bomb"))),
        ("language", with("/language", json!("fr"))),
        ("place.admin_unit", with("/place/admin_unit", json!("u9"))),
        ("place.admin_unit", with("/place/admin_unit", json!("a/b"))),
        ("place.address", with("/place/address", json!("x".repeat(257)))),
        ("place", with("/place/latitude_e7", json!(900_000_001))),
        ("place", with("/place/longitude_e7", Value::Null)),
        ("place.latitude_e7", with("/place/latitude_e7", json!("north"))),
        ("contact", with("/contact", json!("9".repeat(257)))),
    ];
    for (field, body) in wrong {
        refused(post(&served, "/api/public/reports", &body).await, 422, "invalid", field);
    }
    for absent in ["key", "text", "place"] {
        let mut body = filing();
        body.as_object_mut().unwrap().remove(absent);
        refused(post(&served, "/api/public/reports", &body).await, 422, "invalid", absent);
    }
    let raw = |bytes: Vec<u8>| answer(client().post(served.url("/api/public/reports")).body(bytes));
    refused(raw(b"{".to_vec()).await, 400, "bad_request", "body");
    refused(raw(vec![b' '; PUBLIC_BODY_BYTES_MAX + 1]).await, 413, "too_large", "body");
    assert_eq!(count(&served), 0);
}

#[tokio::test]
async fn two_fields_and_a_key_are_enough() {
    let served = served();
    let body = json!({"key": SENDER_KEY, "text": "Cứu!", "place": {"admin_unit": "u2"}});
    let (status, filed) = post(&served, "/api/public/reports", &body).await;
    assert_eq!(status, 201);
    let (_, seen) = get(&served, &format!("/api/public/reports/{}", filed["code"].as_str().unwrap())).await;
    assert_eq!((&seen["kind"], &seen["place"]["latitude_e7"]), (&Value::Null, &Value::Null));
    assert_eq!(
        (&seen["status_text"]["vi"], &seen["status_text"]["en"]),
        (&json!("Đã tiếp nhận, đang chờ xử lý"), &json!("Received, waiting to be handled"))
    );
}

#[tokio::test]
async fn a_code_that_is_wrong_is_told_from_one_that_nobody_has_and_guessing_ends() {
    let served = served();
    let of = |code: &str| format!("/api/public/reports/{code}");
    refused(get(&served, &of("7K3F")).await, 422, "invalid", "code");
    let unknown = code::shown(&code::derive(&KEY, "a-key-that-nobody-sent"));
    let slip = if unknown.starts_with('A') { unknown.replacen('A', "B", 1) } else { format!("A{}", &unknown[1..]) };
    refused(get(&served, &of(&slip)).await, 422, "invalid", "code");
    refused(get(&served, &of(&unknown)).await, 404, "not_found", "code");
    refused(post(&served, &format!("{}/rating", of(&unknown)), &json!({"rating": 1})).await, 404, "not_found", "code");
    refused(
        post(&served, &format!("{}/reopening", of(&unknown)), &json!({"reason": "x"})).await,
        404,
        "not_found",
        "code",
    );
    let mut misses = 0;
    let refusal = loop {
        let response = client().get(served.url(&of(&unknown))).send().await.unwrap();
        if response.status() != 404 {
            break response;
        }
        misses += 1;
        assert!(misses < 10, "guessing never ends");
    };
    // Of the same answer: the next one may come when the wait is over.
    assert!(refusal.headers()["retry-after"].to_str().unwrap().parse::<u64>().unwrap() >= 1);
    refused((refusal.status().as_u16(), refusal.json().await.unwrap()), 429, "busy", "");
}

#[tokio::test]
async fn a_node_that_is_behind_asks_a_quorum_and_says_when_there_is_none() {
    let one = served();
    let late = serve(&one.cluster, 2, config());
    late.node.follows.store(false, std::sync::atomic::Ordering::SeqCst);
    let path = format!("/api/public/reports/{}", filed(&one).await);
    assert_eq!(get(&late, &path).await.0, 200);
    late.node.quorum.store(false, std::sync::atomic::Ordering::SeqCst);
    let unknown = format!("/api/public/reports/{}", code::derive(&KEY, "a-key-that-nobody-sent"));
    refused(get(&late, &unknown).await, 503, "no_leader", "");
}

#[tokio::test]
async fn who_rates_or_opens_again_at_a_node_that_is_behind_sees_it_at_the_next_look() {
    let one = served();
    let report = filed(&one).await;
    answered(&one, &report);
    let late = serve(&one.cluster, 2, config());
    late.node.follows.store(false, std::sync::atomic::Ordering::SeqCst);
    let path = format!("/api/public/reports/{report}");
    assert_eq!(post(&late, &format!("{path}/rating"), &json!({"rating": 5})).await.0, 204);
    assert_eq!(get(&late, &path).await.1["rating"], 5);
    // What is held is not refused because the quorum is not heard of afterwards.
    late.node.quorum.store(false, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(post(&late, &format!("{path}/rating"), &json!({"rating": 4})).await.0, 204);
    late.node.quorum.store(true, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(post(&late, &format!("{path}/reopening"), &json!({"reason": "còn đọng nước"})).await.0, 204);
    let (_, seen) = get(&late, &path).await;
    assert_eq!(
        (&seen["rating"], &seen["status"], &seen["can_respond"]),
        (&json!(4), &json!("received"), &json!(false))
    );
}

#[tokio::test]
async fn one_address_too_many_is_told_when_to_come_and_whom_to_call_and_staff_are_not_held_up() {
    let served = served();
    let lan = user(&served, "lan").await;
    let mut body = filing();
    let mut taken = 0;
    let refusal = loop {
        body["key"] = json!(format!("a-key-of-chance-{taken:04}"));
        match post(&served, "/api/public/reports", &body).await {
            (201, _) => taken += 1,
            refusal => break refusal,
        }
    };
    assert!((30..40).contains(&taken), "{taken}");
    for number in ["114", "1022"] {
        assert!(refusal.1["message"].as_str().unwrap().contains(number));
        assert!(refusal.1["message_en"].as_str().unwrap().contains(number));
    }
    refused(refusal, 429, "busy", "");
    assert_eq!(count(&served), taken);
    assert_eq!(get(&served, "/api/public/communes").await.0, 200, "looking goes on");
    let note = lan.post(&served, 1, "/api/incidents/I1/note", &json!({"note": "đã gọi"}));
    assert_eq!(answer(note).await.0, 200);
}

#[tokio::test]
async fn the_publics_turns_are_few_and_staff_need_none() {
    let served = served();
    let lan = user(&served, "lan").await;
    // As every edge has them.
    let app = Public::default();
    let turns: Vec<_> = std::iter::from_fn(|| app.turn().ok()).collect();
    assert_eq!(turns.len(), crate::limits::PUBLIC_TURNS_MAX);
    assert_eq!(app.turn().unwrap_err().status.as_u16(), 429);
    drop(turns);
    let note = lan.post(&served, 1, "/api/incidents/I1/note", &json!({"note": "đã gọi"}));
    assert_eq!(answer(note).await.0, 200);
}

#[tokio::test]
async fn where_connections_are_short_the_public_is_sent_away_and_staff_are_not() {
    let served = serve(&province(), 1, EdgeConfig { connections_max: 10, ..config() });
    let lan = user(&served, "lan").await;
    let mut idle = Vec::new();
    for _ in 0..7 {
        idle.push(tokio::net::TcpStream::connect(served.edge.local_addr()).await.unwrap());
    }
    let public = client();
    // The connections that only opened are taken in as their turn comes.
    let sent_away = async {
        loop {
            let response = public.get(served.url("/api/public/communes")).send().await.unwrap();
            if response.status() != 200 {
                return response;
            }
            tokio::task::yield_now().await;
        }
    };
    let response = tokio::time::timeout(std::time::Duration::from_secs(30), sent_away).await.expect("never sent away");
    assert_eq!((response.status().as_u16(), response.headers()["connection"].to_str().unwrap()), (429, "close"));
    drop(response);
    assert_eq!(answer(lan.get(&served, "/api/session")).await.0, 200);
}

/// Every key of a JSON value, wherever it stands.
fn keys(value: &Value, into: &mut std::collections::BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                into.insert(key.clone());
                keys(value, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

#[tokio::test]
async fn nothing_internal_gets_out() {
    let served = served();
    accepted(served.cluster.commit(GroupId::COMMAND, PutPerson { person: person("mai", Role::Agent, &["d1"]) }));
    let mai = user(&served, "mai").await;
    let report = filed(&served).await;
    let mut neighbour = filing();
    (neighbour["key"], neighbour["text"]) = (json!("a-key-of-chance-0002"), json!("LỜI HÀNG XÓM"));
    let (_, other) = post(&served, "/api/public/reports", &neighbour).await;
    let other = code::parse(other["code"].as_str().unwrap()).unwrap();
    // A person links, separates for a reason, links and answers, and notes something; a neighbour is in the same incident.
    let mut seq = 0;
    let mut command = |path: String, body: Value| {
        seq += 1;
        answer(mai.post(&served, seq, &path, &body))
    };
    let of = |code: &ReportCode, verb: &str| format!("/api/reports/{code}/{verb}");
    for (code, verb, version, more) in [
        (&report, "link", 1, json!({"incident": "I1"})),
        (&report, "unlink", 2, json!({"reason": "LÝ DO NỘI BỘ"})),
        (&report, "link", 3, json!({"incident": "I1"})),
        (&other, "link", 1, json!({"incident": "I1"})),
        (&report, "answer", 4, json!({"answer": "Đã vá xong"})),
    ] {
        let mut body = more;
        body["expected_version"] = json!(version);
        let (status, told) = command(of(code, verb), body).await;
        assert_eq!(status, 200, "{verb}: {told}");
    }
    assert_eq!(command("/api/incidents/I1/note".into(), json!({"note": "GHI CHÚ NỘI BỘ"})).await.0, 200);

    let path = format!("/api/public/reports/{report}");
    let (_, seen) = get(&served, &path).await;
    let mut found = std::collections::BTreeSet::new();
    keys(&seen, &mut found);
    let allowed = [
        "code",
        "status",
        "status_text",
        "vi",
        "en",
        "kind",
        "kind_text",
        "text",
        "place",
        "admin_unit",
        "name",
        "address",
        "latitude_e7",
        "longitude_e7",
        "received_at_ms",
        "updated_at_ms",
        "waiting_message",
        "history",
        "at_ms",
        "note",
        "answer",
        "rating",
        "can_respond",
        "photos_sent",
        "answer_photos",
    ];
    assert_eq!(found, allowed.iter().map(|key| (*key).to_owned()).collect());
    let asked = [
        path,
        format!("/open311/v2/requests/{report}.json"),
        format!("/open311/v2/requests/{report}.xml"),
        format!("/open311/v2/servicerequestupdates.json?service_request_id={report}"),
    ];
    for path in asked {
        let text = client().get(served.url(&path)).send().await.unwrap().text().await.unwrap();
        assert!(text.contains("Đã vá xong"), "{path}: {text}");
        let secrets =
            ["mai", "I1", "Ngập 1", "LÝ DO NỘI BỘ", "GHI CHÚ NỘI BỘ", "LỜI HÀNG XÓM", "0905", "xe1", other.as_str()];
        for secret in secrets {
            assert!(!text.contains(secret), "{path} tells {secret}: {text}");
        }
    }
}

#[tokio::test]
async fn what_the_public_may_choose_from() {
    let served = served();
    let (status, communes) = get(&served, "/api/public/communes").await;
    let codes: Vec<_> = communes.as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
    assert_eq!((status, codes), (200, vec!["u1", "u2", "u3", "u4"]));
}

#[tokio::test]
async fn who_handles_reports_lists_gathers_and_answers_them_in_their_districts_only() {
    let served = served();
    accepted(served.cluster.commit(GroupId::COMMAND, PutPerson { person: person("mai", Role::Agent, &["d2"]) }));
    let report = filed(&served).await;
    let (lan, mai, xem) = (user(&served, "lan").await, user(&served, "mai").await, user(&served, "xem").await);
    let listed = |of: &str| format!("/api/reports{of}");
    let (status, all) = answer(lan.get(&served, &listed("?status=received&admin_unit=u1"))).await;
    assert_eq!(
        (status, &all["items"][0]["code"], &all["items"][0]["contact"]),
        (200, &json!(report.as_str()), &json!("0905 000 000"))
    );
    assert_eq!(answer(lan.get(&served, &listed("?incident=I1"))).await.1["items"], json!([]));
    assert_eq!(answer(mai.get(&served, &listed(""))).await.1["items"], json!([]), "it lies in another district");
    assert_eq!(answer(xem.get(&served, &listed(""))).await.0, 403, "who only looks sees nobody's telephone number");
    assert_eq!(answer(lan.get(&served, &listed("?status=lost"))).await.0, 422);

    let link = |version: u64| json!({"expected_version": version, "incident": "I1"});
    assert_eq!(answer(mai.post(&served, 1, &format!("/api/reports/{report}/link"), &link(1))).await.0, 403);
    assert_eq!(answer(lan.post(&served, 1, &format!("/api/reports/{report}/link"), &link(1))).await.0, 200);
    assert_eq!(answer(lan.post(&served, 2, &format!("/api/reports/{report}/link"), &link(1))).await.0, 409);
    assert_eq!(answer(lan.get(&served, &listed("?incident=I1"))).await.1["items"][0]["status"], "in_hand");
    let body = json!({"expected_version": 2, "reason": "việc khác"});
    assert_eq!(answer(lan.post(&served, 3, &format!("/api/reports/{report}/unlink"), &body)).await.0, 200);
    let body = json!({"expected_version": 3, "answer": "Đã chuyển đội đường bộ"});
    assert_eq!(answer(lan.post(&served, 4, &format!("/api/reports/{report}/answer"), &body)).await.0, 200);
    let status = read(&*served.node, GroupId::COMMAND, |state| state.reports()[&report].status);
    assert_eq!(status, ReportStatus::Answered);
}
