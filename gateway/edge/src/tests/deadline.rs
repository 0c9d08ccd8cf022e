//! Deadlines, instructions and receivers over HTTP: who puts them, whose they are, and what stands in the record of it.

use domain::{ClockKey, FileReport, FireDeadline, GroupId, Measured, ReportChannel, ReportCode};
use serde_json::{Value, json};

use super::{
    http::{answer, user},
    province::{Served, config, province, serve},
};

fn served() -> Served {
    serve(&province(), 1, config())
}

fn calendar() -> Value {
    let hours: Vec<_> =
        (1..=5).map(|weekday| json!({"weekday": weekday, "from_min": 480, "until_min": 1020})).collect();
    json!({"id": "office", "name": "Giờ hành chính", "hours": hours, "national_holidays": true, "days": []})
}

fn policy() -> Value {
    json!({
        "id": "answer", "name": "Trả lời trong năm ngày", "obligation": "answer", "kinds": [], "agency": "",
        "admin_unit": null, "calendar": "office", "within_ms": 5 * 9 * 3_600_000, "disabled": false,
        "steps": [{"stage": "late", "offset_ms": 0, "post": "desk"}],
    })
}

#[tokio::test]
async fn an_administrator_sets_deadlines_and_an_incident_runs_by_them() {
    let served = served();
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    let post = json!({"id": "desk", "name": "Trực ban", "above": null, "shifts": []});
    let puts = [("/api/calendars", calendar()), ("/api/duty-posts", post), ("/api/deadline-policies", policy())];
    for (seq, (path, body)) in (1..).zip(&puts) {
        assert_eq!(answer(lan.post(&served, seq, path, body)).await.0, 403, "{path}");
        let (status, body) = answer(admin.post(&served, seq, path, body)).await;
        assert_eq!(status, 200, "{path} {body}");
        let listed = answer(lan.get(&served, path)).await.1;
        assert_eq!((listed["items"].as_array().unwrap().len(), &listed["items"][0]["version"]), (1, &json!(1)));
    }
    // Of two who edit the same calendar the second one looks first.
    let mut edited = calendar();
    (edited["name"], edited["version"]) = (json!("Giờ mùa hè"), json!(1));
    assert_eq!(answer(admin.post(&served, 4, "/api/calendars", &edited)).await.0, 200);
    let (status, refused) = answer(admin.post(&served, 5, "/api/calendars", &edited)).await;
    assert_eq!((status, &refused["code"]), (409, &json!("version_conflict")), "{refused}");
    let open = json!({"kind": "flood", "severity": "low", "place": super::province::place(1), "summary": "Ngập"});
    let (status, body) = answer(lan.post(&served, 9, "/api/incidents", &open)).await;
    assert_eq!(status, 200, "{body}");
    let listed = answer(lan.get(&served, "/api/incidents")).await.1;
    let opened = listed["items"].as_array().unwrap().iter().find(|it| it["id"] == body["entity"]).unwrap();
    assert_eq!((&opened["clocks"][0]["status"], &opened["clocks"][0]["policy"]), (&json!("running"), &json!("answer")));
    let hold =
        json!({"clock": {"of": {"incident": body["entity"]}, "number": 1}, "expected_version": 1, "reason": "chờ"});
    let (status, paused) = answer(lan.post(&served, 10, "/api/clocks/pause", &hold)).await;
    assert_eq!((status, &paused["version"]), (200, &json!(2)), "{paused}");
    assert_eq!(answer(lan.post(&served, 11, "/api/clocks/resume", &hold)).await.0, 409);
    // It is on time still: nothing is there to be acknowledged.
    let seen = json!({"clock": {"of": {"incident": body["entity"]}, "number": 1}, "expected_version": 2});
    let (status, refused) = answer(lan.post(&served, 12, "/api/clocks/acknowledge", &seen)).await;
    assert_eq!((status, &refused["code"]), (409, &json!("wrong_status")), "{refused}");
    assert_eq!(refused["field"], json!("AcknowledgeClock.clock"));
    let xem = user(&served, "xem").await;
    assert_eq!(answer(xem.post(&served, 1, "/api/clocks/acknowledge", &seen)).await.0, 403);
}

#[tokio::test]
async fn a_instruction_is_done_by_whose_it_is_and_by_no_other_viewer() {
    let served = served();
    let (admin, xem) = (user(&served, "admin").await, user(&served, "xem").await);
    let give = json!({"title": "Thông cống", "admin_unit": "u1", "owner": "lan", "due_at_ms": 0});
    let (status, given) = answer(admin.post(&served, 1, "/api/instructions", &give)).await;
    assert_eq!((status, &given["entity"]), (200, &json!("T1")), "{given}");
    let take = json!({"expected_version": 1});
    assert_eq!(answer(xem.post(&served, 1, "/api/instructions/T1/take", &take)).await.0, 403);
    let lan = user(&served, "lan").await;
    let taken =
        lan.post(&served, 1, "/api/instructions/T1/take", &take).header("x-reason", "giao%20ban s%C3%A1ng%0A 100%");
    assert_eq!(answer(taken).await.0, 200);
    // Who, from where and why go into the entry, for the record.
    let grant = served.cluster.newest_grant(GroupId::COMMAND).unwrap();
    assert_eq!((grant.person.as_str(), &*grant.from, &*grant.why), ("lan", "127.0.0.1", "giao ban sáng 100%"));
    let done = json!({"expected_version": 2, "note": "xong"});
    assert_eq!(answer(lan.post(&served, 2, "/api/instructions/T1/finish", &done)).await.0, 200);
    assert_eq!(answer(lan.get(&served, "/api/instructions")).await.1["items"][0]["status"], json!("done"));
    let confirm = json!({"expected_version": 3});
    let own = answer(lan.post(&served, 3, "/api/instructions/T1/confirm", &confirm)).await;
    assert_eq!(own.0, 403, "nobody confirms their own work: {}", own.1);
    assert_eq!(answer(admin.post(&served, 2, "/api/instructions/T1/confirm", &confirm)).await.0, 200);
    let again = json!({"expected_version": 4});
    assert_eq!(answer(admin.post(&served, 3, "/api/instructions/T1/confirm", &again)).await.0, 409);
    assert_eq!(answer(lan.get(&served, "/api/instructions")).await.1["items"][0]["confirmed_by"], json!("admin"));
}

#[tokio::test]
async fn an_instruction_without_an_incident_is_put_off_by_who_gave_it_and_not_by_whose_it_is() {
    let served = served();
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    let now = crate::cluster::read(&*served.node, GroupId::COMMAND, domain::State::clock);
    let give = json!({
        "title": "Thông cống", "admin_unit": "u1", "owner": "lan", "due_at_ms": now.plus(3_600_000).0,
    });
    assert_eq!(answer(admin.post(&served, 1, "/api/instructions", &give)).await.0, 200);
    let put_off = json!({
        "clock": {"of": {"instruction": "T1"}, "number": 1}, "expected_version": 1, "note": "Thiếu máy bơm",
        "promised_at_ms": now.plus(7_200_000).0,
    });
    let (status, refused) = answer(lan.post(&served, 1, "/api/clocks/progress", &put_off)).await;
    assert_eq!((status, &refused["code"]), (403, &json!("forbidden")), "{refused}");
    let (status, done) = answer(admin.post(&served, 2, "/api/clocks/progress", &put_off)).await;
    assert_eq!((status, &done["version"]), (200, &json!(2)), "{done}");
    let listed = answer(lan.get(&served, "/api/instructions")).await.1;
    assert_eq!(listed["items"][0]["clocks"][0]["promises"], json!(1), "{listed}");
}

#[tokio::test]
async fn a_receiver_is_put_by_administrators_and_its_secret_is_shown_to_nobody() {
    let served = served();
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    let receiver = json!({
        "id": "police", "name": "113", "url": "https://113.example/notices", "secret": "s3cret",
        "kinds": ["incident_opened", "deadline_late"],
    });
    assert_eq!(answer(lan.post(&served, 1, "/api/receivers", &receiver)).await.0, 403);
    let (status, body) = answer(admin.post(&served, 1, "/api/receivers", &receiver)).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(answer(lan.get(&served, "/api/receivers")).await.0, 403);
    let listed = answer(admin.get(&served, "/api/receivers")).await.1;
    assert_eq!(listed["items"][0]["id"], json!("police"));
    assert!(!listed.to_string().contains("secret"), "{listed}");
}

#[tokio::test]
async fn an_export_of_the_record_verifies_elsewhere_and_stands_in_it() {
    use domain::audit::{FEATURE, frames, verify::Verifier};
    let served = served();
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    served.cluster.commit(GroupId::COMMAND, domain::SwitchFeature { feature: FEATURE });
    assert_eq!(answer(admin.post(&served, 1, "/api/calendars", &calendar())).await.0, 200);
    let wanted = json!({"group": 0, "after": 0, "reason": "thanh tra"});
    assert_eq!(answer(lan.post(&served, 1, "/api/audit/export", &wanted)).await.0, 403);
    let response = admin.post(&served, 2, "/api/audit/export", &wanted).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-audit-through"], "3");
    let file = response.bytes().await.unwrap();
    let mut verifier = Verifier::default();
    for framed in frames(&file) {
        verifier.read(&framed.unwrap()).unwrap();
    }
    let head = crate::cluster::read(&*served.node, GroupId::COMMAND, domain::State::audit_head);
    let noted = std::collections::BTreeMap::from([(GroupId::COMMAND, head)]);
    // The switch, the calendar, and this very read.
    assert_eq!(verifier.finish(&noted).unwrap().records, 3);
}

#[tokio::test]
async fn a_late_report_is_listed_for_who_handles_it_until_somebody_acknowledges_it() {
    let served = served();
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    let mut in_time = policy();
    (in_time["obligation"], in_time["calendar"], in_time["within_ms"]) =
        (json!("answer_report"), Value::Null, json!(60_000));
    in_time["steps"][0]["post"] = Value::Null;
    assert_eq!(answer(admin.post(&served, 1, "/api/deadline-policies", &in_time)).await.0, 200);
    let code = ReportCode::new("7K3F").unwrap();
    served.cluster.commit(
        GroupId::COMMAND,
        FileReport {
            code: code.clone(),
            channel: ReportChannel::Web,
            reference: String::new(),
            text: "Ổ gà".into(),
            place: super::province::place(1),
            incident: None,
            kind: None,
            severity: None,
            told_kind: None,
            advice: None,
            contact: String::new(),
            language: String::new(),
            exercise: false,
        },
    );
    let late = "/api/reports?late=true";
    assert_eq!(answer(lan.get(&served, late)).await.1["items"], json!([]), "there is time");
    served.cluster.pass(120_000);
    let clock = ClockKey { of: Measured::Report(code), number: 1 };
    served.cluster.commit(GroupId::COMMAND, FireDeadline { clock, step: 0, version: 1 });
    let listed = answer(lan.get(&served, late)).await.1;
    assert_eq!(
        (&listed["items"][0]["code"], &listed["items"][0]["clocks"][0]["stage"]),
        (&json!("7K3F"), &json!("late"))
    );
    let seen = json!({"clock": {"of": {"report": "7K3F"}, "number": 1}, "expected_version": 2});
    let (status, body) = answer(lan.post(&served, 1, "/api/clocks/acknowledge", &seen)).await;
    assert_eq!((status, &body["version"]), (200, &json!(3)), "{body}");
    assert_eq!(answer(lan.get(&served, late)).await.1["items"], json!([]), "somebody knows");
}
