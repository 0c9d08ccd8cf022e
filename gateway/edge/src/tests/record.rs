//! The auditor: reads the record, and nothing else. And who is held up at sign-in.

use domain::{
    CallId, EraseAudit, GroupId, HoldCall, IncidentKind, LegId, OfferCall, PersonId, PutPerson, PutRemit,
    RegisterCamera, Remit, Role, SwitchFeature, VOCABULARY_2,
    audit::{FEATURE, frames, verify::Verifier},
    wire::generated::{self as wire, to_screen::Body, to_server::Body as Say},
};
use serde_json::{Value, json};

use super::{
    double::Fate,
    fold::Fold,
    http::{User, answer, client, login, user},
    province::{PASSWORD, Served, accepted, camera, config, person, province, serve},
    rights_matrix::paths,
    screen::{Client, gateway, token, whole},
};
use crate::cluster::{RoadError, read};

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
async fn a_line_of_an_exercise_is_marked_as_one() {
    let served = served();
    let (kiem, lan) = (user(&served, "kiem").await, user(&served, "lan").await);
    for (seq, exercise) in [(1, true), (2, false)] {
        let open = json!({
            "kind": "flood", "severity": "low", "place": super::province::place(1), "summary": "Ngập", "exercise": exercise,
        });
        let (status, opened) = answer(lan.post(&served, seq, "/api/incidents", &open)).await;
        assert_eq!(status, 200, "{opened}");
        let note = format!("/api/incidents/{}/note", opened["entity"].as_str().unwrap());
        assert_eq!(answer(lan.post(&served, seq + 10, &note, &json!({"note": "x"}))).await.0, 200);
    }
    let (_, found) = search(&served, &kiem, 1, json!({"by": "lan", "kind": "change"})).await;
    let marks: Vec<_> = found["items"].as_array().unwrap().iter().map(|line| &line["told"]["exercise"]).collect();
    // Newest first: what was done about the real one, then the exercise: its note says so by its incident alone.
    assert_eq!(marks, [&json!(false), &json!(false), &json!(true), &json!(true)], "{found}");
}

#[tokio::test]
async fn whether_a_form_was_filled_in_as_it_suggested_is_told_once_every_node_knows_it() {
    let served = served();
    let (kiem, lan) = (user(&served, "kiem").await, user(&served, "lan").await);
    let open = json!({
        "kind": "flood", "severity": "low", "place": super::province::place(1), "summary": "Ngập",
        "advice": {"kind": "flood", "severity": "high"},
    });
    assert_eq!(answer(lan.post(&served, 1, "/api/incidents", &open)).await.0, 200, "opened without, until then");
    accepted(served.cluster.commit(GroupId(0), SwitchFeature { feature: VOCABULARY_2 }));
    assert_eq!(answer(lan.post(&served, 2, "/api/incidents", &open)).await.0, 200);
    let (_, found) = search(&served, &kiem, 1, json!({"by": "lan", "kind": "change"})).await;
    let advised: Vec<_> = found["items"].as_array().unwrap().iter().map(|line| &line["told"]["advised"]).collect();
    let told = json!({"kind": "flood", "kind_taken": true, "severity": "high", "severity_taken": false});
    assert_eq!(advised, [&told, &Value::Null], "{found}");
}

#[tokio::test]
async fn who_comes_and_goes_stands_in_the_record_with_their_address() {
    let cluster = called();
    accepted(cluster.commit(GroupId(0), SwitchFeature { feature: VOCABULARY_2 }));
    let served = serve(&cluster, 1, config());
    let (kiem, lan) = (user(&served, "kiem").await, user(&served, "lan").await);
    let gone = lan.client.post(served.url("/api/logout")).header("cookie", &lan.cookie).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let (_, found) = search(&served, &kiem, 1, json!({"kind": "sign_in", "by": "lan"})).await;
    let lines: Vec<_> = found["items"].as_array().unwrap().iter().map(|line| &line["told"]).collect();
    let names: Vec<_> = lines.iter().map(|told| told["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["CloseSession", "OpenSession"], "{found}");
    assert!(lines.iter().all(|told| told["from"] == json!("127.0.0.1")), "{found}");
    // A district centre's node names the screen behind it, of a sign-in and of whatever else it passes on.
    let body = json!({"person": "lan", "password": PASSWORD});
    let passed = client().post(served.url("/api/login")).header("forwarded", "for=192.168.3.4").json(&body);
    assert_eq!(passed.send().await.unwrap().status(), 200);
    let grant = served.cluster.newest_grant(GroupId(0)).unwrap();
    assert_eq!(grant.from, "127.0.0.1 for 192.168.3.4");
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

const NUMBER: &str = "0912345678";

/// A province with the record switched on and a caller who waits.
fn called() -> std::sync::Arc<super::double::Cluster> {
    let cluster = province();
    accepted(cluster.commit(GroupId(0), SwitchFeature { feature: FEATURE }));
    accepted(cluster.commit(GroupId(0), PutPerson { person: person("kiem", Role::Auditor, &[]) }));
    let call = OfferCall {
        leg: LegId::new("l1").unwrap(),
        door: "113".into(),
        line: "1022".into(),
        number: NUMBER.into(),
        wanted: String::new(),
        place: None,
        language: String::new(),
        exercise: false,
    };
    accepted(cluster.commit(GroupId(0), call));
    cluster
}

#[tokio::test]
async fn who_looks_at_a_caller_stands_in_the_record_before_the_caller_is_shown() {
    let served = serve(&called(), 1, config());
    let (lan, kiem) = (user(&served, "lan").await, user(&served, "kiem").await);
    for _ in 0..5 {
        let look = lan.get(&served, "/api/calls/C1/caller").header("x-reason", "h%E1%BB%8Fi%20l%E1%BA%A1i");
        let (status, pop) = answer(look).await;
        assert_eq!((status, &pop["call"]["number"]), (200, &json!(NUMBER)));
    }
    // A course is shown at once; what the same person looks at next waits in the same queue behind it.
    assert_eq!(answer(lan.get(&served, "/api/incidents/I1/timeline")).await.0, 200);
    assert_eq!(answer(lan.get(&served, "/api/calls")).await.0, 200);
    // Nobody can record it: nothing is shown, and with the next one it is.
    served.cluster.next(Fate::Lost(|| RoadError::NoLeader));
    let (status, refused) = answer(lan.get(&served, "/api/calls").header("x-reason", "x")).await;
    assert!(status == 503 && !refused.to_string().contains(NUMBER), "{status} {refused}");
    let (status, shown) = answer(lan.get(&served, "/api/calls").header("x-reason", "x")).await;
    assert!(status == 200 && shown.to_string().contains(NUMBER), "{status} {shown}");

    let (_, found) = search(&served, &kiem, 1, json!({"kind": "read", "by": "lan"})).await;
    let lines = told(&found);
    let of = |what: &str| lines.iter().filter(|(_, _, it, _)| it.contains(what)).count();
    assert_eq!(
        (of("call/C1"), of("calls"), of("course/I1")),
        (1, 2, 1),
        "the same look for the same reason is one: {lines:?}"
    );
    assert!(lines.contains(&("read", "lan", "call/C1", "hỏi lại")), "{lines:?}");
    let from = found["items"].as_array().unwrap().iter().all(|line| line["told"]["from"] == json!("127.0.0.1"));
    assert!(from, "{found}");
}

/// What stands where nobody said why, of the newest line with this name by this person.
fn unsaid(found: &Value, by: &str, name: &str) -> Option<(String, String)> {
    let mut lines = found["items"].as_array().unwrap().iter().map(|line| &line["told"]);
    let told = lines.find(|told| told["by"] == json!(by) && told["name"] == json!(name))?;
    let of = |field: &str| told["unsaid"][field].as_str().map(str::to_owned);
    assert_eq!(of("code").is_some(), told["why"] == json!(""), "said, or not: {told}");
    Some((of("code")?, of("of")?))
}

#[tokio::test]
async fn what_nobody_gave_a_reason_for_says_what_it_follows_from() {
    let served = serve(&called(), 1, config());
    let (lan, kiem, admin) = (user(&served, "lan").await, user(&served, "kiem").await, user(&served, "admin").await);
    let line = |code: &str, of: &str| Some((code.to_owned(), of.to_owned()));
    // A program that sends no reason, and a page that opens an address by itself.
    assert_eq!(answer(lan.post(&served, 1, "/api/incidents/I1/note", &json!({"note": "x"}))).await.0, 200);
    let look = lan.get(&served, "/api/calls/C1/caller").header("referer", "http://trongdong.test/console.html?call=C1");
    assert_eq!(answer(look).await.0, 200);
    // An exchange that signs in by a password.
    accepted(served.cluster.commit(GroupId(0), PutPerson { person: person("may", Role::Telephony, &[]) }));
    let hold = HoldCall { call: CallId::new("C1").unwrap(), expected_version: 1, held: true };
    let _ = served.cluster.commit_by("may", hold);
    let (_, found) = search(&served, &kiem, 1, json!({})).await;
    assert_eq!(unsaid(&found, "may", "HoldCall"), line("account", "may"), "{found}");
    assert_eq!(unsaid(&found, "lan", "NoteIncident"), line("none_given", ""), "{found}");
    let asked = "/api/calls/{id}/caller screen/console";
    assert_eq!(unsaid(&found, "lan", "RecordRead"), line("asked", asked), "{found}");
    assert_eq!(unsaid(&found, "kiem", "RecordRead"), None, "a reason was given, and stands there");
    // What no person sent.
    let (_, system) = search(&served, &kiem, 2, json!({"kind": "system"})).await;
    assert_eq!(unsaid(&system, "", "OfferCall"), line("caller_rang", "1022"), "{system}");
    assert_eq!(unsaid(&system, "", "SwitchFeature"), line("release", "250"), "{system}");
    let (_, ringing) = search(&served, &kiem, 3, json!({"kind": "system", "text": "CALLER_RANG"})).await;
    assert_eq!(told(&ringing).len(), 1, "it is found by that as well: {ringing}");
    // What a key is for says its name.
    let expires_at_ms = read(&*served.node, GroupId(0), domain::State::clock).0 + 86_400_000;
    let body =
        json!({"id": "bang", "account": "xem", "name": "Bảng tin", "scopes": ["see"], "expires_at_ms": expires_at_ms});
    let made = answer(admin.post(&served, 1, "/api/keys", &body)).await.1;
    let course = client().get(served.url("/api/incidents/I2/timeline")).bearer_auth(made["key"].as_str().unwrap());
    assert_eq!(answer(course).await.0, 200);
    // A course is shown at once, and recorded behind that.
    let mut by_key = None;
    for seq in 4..1_000 {
        by_key =
            unsaid(&search(&served, &kiem, seq, json!({"by": "xem", "kind": "read"})).await.1, "xem", "RecordRead");
        if by_key.is_some() {
            break;
        }
    }
    assert_eq!(by_key, line("key", "bang: Bảng tin"));
}

#[tokio::test]
async fn rights_and_erasure_are_changed_by_nobody_who_does_not_say_why() {
    let served = serve(&called(), 1, config());
    let (lan, kiem, admin) = (user(&served, "lan").await, user(&served, "kiem").await, user(&served, "admin").await);
    let minh =
        json!({"id": "minh", "name": "Minh", "role": "operator", "districts": ["d2"], "password": "một mật khẩu"});
    let rules = json!({"number": 1, "rules": [{"kind": "caller", "days": 30}]});
    for (seq, path, body) in [(1, "/api/people", &minh), (2, "/api/erasure", &rules)] {
        let ask = || admin.post_silently(&served, seq, path, body);
        for request in [ask(), ask().header("x-reason", ""), ask().header("x-reason", "%20%0A")] {
            let (status, refused) = answer(request).await;
            let said = (&refused["code"], &refused["field"]);
            assert_eq!((status, said), (422, (&json!("invalid"), &json!("x-reason"))), "{path}: {refused}");
        }
        // Who may not do it at all is told that, and what was refused for want of a word left its number free.
        let asked = lan.post_silently(&served, seq, path, body);
        assert_eq!(answer(asked).await.0, 403, "{path}");
        assert_eq!(answer(ask().header("x-reason", "ca%20m%E1%BB%9Bi")).await.0, 200, "{path}");
    }
    let (_, found) = search(&served, &kiem, 1, json!({"by": "admin", "kind": "right"})).await;
    let is_said = |(_, _, what, why): (&str, &str, &str, &str)| what.starts_with("minh") && why == "ca mới";
    assert!(told(&found).into_iter().any(is_said), "{found}");
    assert_eq!(unsaid(&found, "admin", "PutPerson"), None, "{found}");
}

#[tokio::test]
async fn an_auditors_export_verifies_and_holds_no_caller() {
    let served = serve(&called(), 1, config());
    let wanted = json!({"group": 0, "after": 0, "reason": "thanh tra"});
    for (who, sees_callers) in [("kiem", false), ("admin", true)] {
        let asker = user(&served, who).await;
        let response = asker.post(&served, 1, "/api/audit/export", &wanted).send().await.unwrap();
        assert_eq!(response.status(), 200, "{who}");
        let withheld = response.headers().get("x-audit-withheld").map(|count| count.to_str().unwrap().to_owned());
        assert_eq!(withheld.as_deref(), (!sees_callers).then_some("1"), "{who}");
        let file = response.bytes().await.unwrap();
        assert_eq!(String::from_utf8_lossy(&file).contains(NUMBER), sees_callers, "{who}");
        let mut verifier = Verifier::default();
        frames(&file).for_each(|framed| verifier.read(&framed.unwrap()).unwrap());
        let verdict = verifier.finish(&std::collections::BTreeMap::new()).unwrap();
        assert_eq!((verdict.withheld > 0, verdict.erased), (!sees_callers, 0), "{who}");
    }
}

#[tokio::test]
async fn who_works_for_one_field_reads_who_did_what_and_exports_nothing() {
    let cluster = called();
    accepted(cluster.commit(GroupId(0), PutPerson { person: person("lo-chay", Role::Admin, &[]) }));
    let remit = Remit { fields: vec![IncidentKind::Fire], agencies: Vec::new() };
    accepted(cluster.commit(GroupId(0), PutRemit { person: PersonId::new("lo-chay").unwrap(), remit }));
    let served = serve(&cluster, 1, config());
    let admin = user(&served, "lo-chay").await;
    let wanted = json!({"group": 0, "after": 0, "reason": "thanh tra"});
    let (status, refused) = answer(admin.post(&served, 1, "/api/audit/export", &wanted)).await;
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains("ask somebody"), "{refused}");
    // Why somebody opened a flood again is a word about a flood: it is neither told nor found.
    let word = "bờ kè lại vỡ";
    let lan = user(&served, "lan").await;
    let emergency = json!({"reason": "lũ quét", "lasts_ms": 600_000});
    assert_eq!(answer(lan.post(&served, 1, "/api/glass", &emergency)).await.0, 200);
    let (resolve, reopen) =
        (json!({"expected_version": 1, "note": "x"}), json!({"expected_version": 2, "reason": word}));
    assert_eq!(answer(lan.post(&served, 2, "/api/incidents/I1/resolve", &resolve)).await.0, 200);
    assert_eq!(answer(lan.post(&served, 3, "/api/incidents/I1/reopen", &reopen)).await.0, 200);
    let (status, found) = search(&served, &admin, 2, json!({"reason": "thanh tra của tôi"})).await;
    assert_eq!(status, 200, "{found}");
    let lines = told(&found);
    assert!(lines.contains(&("right", "lan", "", "lũ quét")), "who broke the glass says why to all who read: {found}");
    assert!(lines.contains(&("change", "lan", "I1", "")), "{found}");
    let withheld = Some(("withheld".to_owned(), String::new()));
    assert_eq!(unsaid(&found, "lan", "ReopenIncident"), withheld, "there was one, and not for this reader: {found}");
    assert!(!found.to_string().contains(word) && found.to_string().contains("thanh tra của tôi"), "{found}");
    let (_, none) = search(&served, &admin, 3, json!({"text": word})).await;
    assert_eq!(told(&none).len(), 0, "a search says nothing of what is not told: {none}");
    let (_, all) = search(&served, &user(&served, "kiem").await, 4, json!({"text": word})).await;
    assert_eq!(told(&all).len(), 1, "{all}");
}

#[tokio::test]
async fn a_line_says_what_erased_it_and_what_is_withheld_from_who_asks() {
    let cluster = called();
    accepted(cluster.commit(GroupId(0), SwitchFeature { feature: VOCABULARY_2 }));
    accepted(cluster.commit(GroupId(0), EraseAudit { numbers: vec![1], rule: "hai năm".into() }));
    let served = serve(&cluster, 1, config());
    let line = |found: &Value, number: u64| {
        let mut items = found["items"].as_array().unwrap().iter();
        items.find(|line| line["number"] == json!(number)).cloned().unwrap()
    };
    for (who, hides) in [("kiem", true), ("admin", false)] {
        let asker = user(&served, who).await;
        let (_, found) = search(&served, &asker, 1, json!({})).await;
        let gone = line(&found, 1);
        // Switched on, the auditor, the call, the other switch: the fifth record erases the first.
        let by = json!({"record": 5, "at_ms": gone["erased"]["at_ms"], "rule": 0, "said": "hai năm"});
        assert_eq!((&gone["told"], &gone["erased"], &gone["withheld"]), (&Value::Null, &by, &json!(false)), "{found}");
        assert!(gone["erased"]["at_ms"].as_u64().unwrap() > 0);
        let (_, found) = search(&served, &asker, 2, json!({"kind": "system"})).await;
        assert_eq!(line(&found, 3)["withheld"], json!(hides), "{who}: {found}");
        assert_eq!(line(&found, 5)["withheld"], json!(false), "{who}: {found}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_screen_hides_callers_until_that_they_are_looked_at_is_recorded() {
    let gateway = gateway(&called(), 1, config());
    for _ in 0..2 {
        gateway.cluster.next(Fate::Lost(|| RoadError::NoLeader));
    }
    let lan = token(&gateway.cluster, "lan");
    let mut screen = Client::open(&gateway, &lan).await;
    let shows = |fold: &Fold| {
        let call = fold.groups.get(&0).and_then(|group| group.records.get("call/C1"));
        call.is_some_and(|call| String::from_utf8_lossy(call).contains(NUMBER))
    };
    assert!(!shows(&screen.fold), "the end of the number and nothing else");
    screen.until(|fold| whole(fold) && shows(fold)).await;
    let came = gateway.cluster.came.lock().unwrap();
    assert_eq!(came.iter().filter(|(_, name)| *name == "RecordRead").count(), 3, "twice lost, then held");
}

async fn video_status(screen: &mut Client) -> String {
    loop {
        match screen.next().await {
            Body::VideoStatus(status) => return status.message,
            // Positions move on with what is recorded.
            Body::Frame(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sensitive_camera_is_shown_once_it_is_recorded_that_it_is_watched() {
    let gateway = gateway(&called(), 1, config());
    accepted(gateway.cluster.commit(GroupId(2), RegisterCamera { camera: camera("c2", 3, true) }));
    let mut screen = Client::open(&gateway, &token(&gateway.cluster, "xem")).await;
    let watch = || Say::WatchCamera(wire::WatchCamera { camera: "c2".into(), why: "incident/I1".into() });
    gateway.cluster.next(Fate::Lost(|| RoadError::NoLeader));
    screen.say(watch()).await;
    let hidden = video_status(&mut screen).await;
    assert!(hidden.contains("cannot be recorded"), "{hidden}");
    // The camera itself is on another node, which is told only to whose look is recorded.
    screen.say(watch()).await;
    let elsewhere = video_status(&mut screen).await;
    assert!(elsewhere.contains("node 2"), "{elsewhere}");
    let grant = gateway.cluster.newest_grant(GroupId(0)).unwrap();
    assert_eq!((&*grant.why, grant.from.is_empty()), ("incident/I1", false), "from where, and why");
    let came = gateway.cluster.came.lock().unwrap();
    assert_eq!(came.iter().filter(|(_, name)| *name == "RecordRead").count(), 2);
}
