//! The auditor: reads the record, and nothing else. And who is held up at sign-in.

use domain::{GroupId, PutPerson, Role, SwitchFeature, audit::FEATURE};
use serde_json::{Value, json};

use super::{
    http::{User, answer, client, login, user},
    province::{Served, accepted, config, person, province, serve},
    rights_matrix::paths,
};

/// With an auditor, kiem, and the record switched on.
fn served() -> Served {
    let cluster = province();
    accepted(cluster.commit(GroupId(0), SwitchFeature { feature: FEATURE }));
    accepted(cluster.commit(GroupId(0), PutPerson { person: person("kiem", Role::Auditor, &[]) }));
    accepted(cluster.commit(GroupId(0), PutPerson { person: person("kiem-d1", Role::Auditor, &["d1"]) }));
    serve(&cluster, 1, config())
}

async fn search(served: &Served, user: &User, seq: u64, more: Value) -> (u16, Value) {
    let mut body = json!({"group": 0, "reason": "thanh tra quý 3"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    answer(user.post(served, seq, "/api/audit/records", &body)).await
}

fn told(found: &Value) -> Vec<(&str, &str, &str, &str)> {
    let lines = found["items"].as_array().unwrap().iter().map(|line| &line["told"]);
    lines
        .map(|line| {
            let of = |name: &str| line[name].as_str().unwrap_or_default();
            (of("kind"), of("by"), of("what"), of("why"))
        })
        .collect()
}

#[tokio::test]
async fn an_auditor_finds_who_did_what_and_why_and_each_look_stands_in_the_record() {
    let served = served();
    let (kiem, lan) = (user(&served, "kiem").await, user(&served, "lan").await);
    let emergency = json!({"reason": "lũ quét ở huyện bên", "lasts_ms": 600_000});
    assert_eq!(answer(lan.post(&served, 1, "/api/glass", &emergency)).await.0, 200);
    assert_eq!(answer(lan.post(&served, 2, "/api/incidents/I2/note", &json!({"note": "bà Tư, số 7"}))).await.0, 200);

    let (status, found) = search(&served, &kiem, 1, json!({})).await;
    assert_eq!(status, 200, "{found}");
    let lines = told(&found);
    assert_eq!(lines[0], ("read", "kiem", "record/0 newest", "thanh tra quý 3"), "the newest line is this look");
    assert!(lines.contains(&("right", "lan", "", "lũ quét ở huyện bên")), "{lines:?}");
    assert!(!found.to_string().contains("bà Tư"), "who did what, and not what was written");
    let note = found["items"].as_array().unwrap().iter().find(|line| line["told"]["what"] == json!("I2")).unwrap();
    assert_eq!((&note["told"]["broken_glass"], &note["told"]["from"]), (&json!(true), &json!("127.0.0.1")));

    let (_, by) = search(&served, &kiem, 2, json!({"by": "lan", "kind": "change"})).await;
    assert_eq!(told(&by), [("change", "lan", "I2", "")]);
    let (_, reads) = search(&served, &kiem, 3, json!({"kind": "read"})).await;
    assert_eq!(told(&reads).len(), 3, "each look");
    let (_, older) = search(&served, &kiem, 4, json!({"before": 2, "kind": "system"})).await;
    assert_eq!((told(&older).len(), &older["next_before"]), (1, &json!(0)), "the switch is the first line");

    let glasses = answer(kiem.get(&served, "/api/glass")).await.1;
    assert_eq!(glasses["items"][0]["glass"]["reason"], json!("lũ quét ở huyện bên"));
}

#[tokio::test]
async fn the_record_is_read_with_a_reason_by_who_may() {
    let served = served();
    let (status, body) = search(&served, &user(&served, "kiem").await, 1, json!({"reason": " "})).await;
    assert_eq!((status, &body["field"]), (422, &json!("RecordRead.why")));
    for person in ["lan", "xem", "kiem-d1"] {
        let asker = user(&served, person).await;
        assert_eq!(search(&served, &asker, 1, json!({})).await.0, 403, "{person}");
        let export = json!({"group": 0, "after": 0, "reason": "x"});
        assert_eq!(answer(asker.post(&served, 2, "/api/audit/export", &export)).await.0, 403, "{person}");
    }
    assert_eq!(search(&served, &user(&served, "admin").await, 1, json!({})).await.0, 200);
    assert_eq!(search(&served, &user(&served, "kiem").await, 2, json!({"group": 9})).await.0, 404);
}

#[tokio::test]
async fn an_auditor_reads_nothing_else_and_changes_nothing() {
    let served = served();
    let kiem = user(&served, "kiem").await;
    let own = ["/api/session", "/api/second-factor", "/api/duty", "/api/delegations", "/api/glass"];
    for path in paths(&served, "get").await {
        let anybody = client().get(served.url(&path)).send().await.unwrap().status();
        let status = kiem.get(&served, &path).send().await.unwrap().status();
        let is_open = anybody == status || own.contains(&path.as_str());
        assert!(is_open || !status.is_success(), "{path}: {status}");
    }
    let body = json!({"expected_version": 1, "note": "x", "reason": "x", "group": 0, "person": "kiem", "lasts_ms": 1,
        "deputy": "lan", "from_ms": 1, "until_ms": 2, "after": 0, "password": "x", "code": "x"});
    let own = ["/api/audit/records", "/api/audit/export", "/api/second-factor/drop"];
    for (seq, path) in (1_u64..).zip(paths(&served, "post").await) {
        let anybody = client().post(served.url(&path)).json(&body).send().await.unwrap().status();
        let status = kiem.post(&served, seq, &path, &body).send().await.unwrap().status();
        let is_open = anybody == status || own.contains(&path.as_str());
        assert!(is_open || !status.is_success(), "{path}: {status}");
    }
}

#[tokio::test]
async fn administrators_see_who_is_held_up_and_never_what_was_typed_for_a_name() {
    let served = served();
    let admin = user(&served, "admin").await;
    for name in ["mật khẩu của tôi", "lan"] {
        for _ in 0..5 {
            login(&served, name, "wrong").await;
        }
    }
    let (status, held) = answer(admin.get(&served, "/api/sign-in/holds")).await;
    let items = held["items"].as_array().unwrap();
    assert_eq!((status, items.len()), (200, 1), "{held}");
    assert_eq!((&items[0]["person"], &items[0]["what"]), (&json!("lan"), &json!("password")));
    assert_eq!(items[0]["address"], json!("127.0.0.1"));
    assert_eq!(answer(user(&served, "xem").await.get(&served, "/api/sign-in/holds")).await.0, 403);
}
