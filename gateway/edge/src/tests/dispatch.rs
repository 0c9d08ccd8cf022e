//! Dispatch over HTTP: whom to send, taps that come late, what a crew sees, who may do what.

use domain::{GroupId, PutPerson, Role, SwitchFeature, UnitId, VOCABULARY_2};
use serde_json::{Value, json};

use super::{
    http::{User, answer, user},
    province::{Served, accepted, config, person, province, serve},
};

/// The province with a dispatcher of d1, and a crew of unit xe2, which is stationed in d2.
async fn served() -> (Served, User, User) {
    let cluster = province();
    accepted(cluster.commit(GroupId(0), PutPerson { person: person("dung", Role::Dispatcher, &["d1"]) }));
    let mut crew = person("rin", Role::Responder, &["d2"]);
    crew.unit = Some(UnitId::new("xe2").unwrap());
    accepted(cluster.commit(GroupId(0), PutPerson { person: crew }));
    let served = serve(&cluster, 1, config());
    let (dispatcher, crew) = (user(&served, "dung").await, user(&served, "rin").await);
    (served, dispatcher, crew)
}

fn tap(status: &str, expected: &str, assignment: u64, tapped_at_ms: u64) -> Value {
    json!({"status": status, "expected_status": expected, "assignment": assignment, "tapped_at_ms": tapped_at_ms})
}

#[tokio::test]
async fn the_recommendation_says_why_and_names_the_version_to_send_on() {
    let (served, dung, _) = served().await;
    let (status, made) = answer(dung.get(&served, "/api/incidents/I1/recommendation")).await;
    assert_eq!(status, 200);
    assert_eq!((&made["version"], &made["has_card"], &made["speed_km_h"]), (&json!(1), &json!(false), &json!(40.0)));
    // Units of another room are not hers to see, though the best of all may be among them.
    let units = made["units"].as_array().unwrap();
    assert_eq!(units.len(), 1);
    assert_eq!((&units[0]["unit"], &units[0]["can_send"]), (&json!("xe1"), &json!(true)));
    assert_eq!(units[0]["reasons"][0], json!({"code": "travel", "distance_m": 0, "travel_s": 0}));
    assert_eq!(units[0]["reasons"][1]["code"], "free");
    assert_eq!(answer(dung.get(&served, "/api/incidents/I2/recommendation")).await.0, 404, "not in her district");

    let sent = json!({"expected_version": made["version"], "units": ["xe1"]});
    assert_eq!(answer(dung.post(&served, 1, "/api/incidents/I1/assign", &sent)).await.0, 200);
    let (status, late) = answer(dung.post(&served, 2, "/api/incidents/I1/assign", &sent)).await;
    assert_eq!((status, &late["code"]), (409, &json!("version_conflict")));
}

#[tokio::test]
async fn a_crew_sees_its_order_wherever_it_is_and_its_taps_count_once() {
    let (served, dung, rin) = served().await;
    assert_eq!(answer(rin.get(&served, "/api/incidents/I1/timeline")).await.0, 404);
    let (status, view) = answer(rin.get(&served, "/api/crew")).await;
    assert_eq!((status, &view["unit"]["id"], &view["order"]), (200, &json!("xe2"), &Value::Null));
    let sent = json!({"expected_version": 1, "units": ["xe2"]});
    assert_eq!(answer(dung.post(&served, 1, "/api/incidents/I1/assign", &sent)).await.0, 200);
    let task = json!({"expected_version": 2, "agency": "PCCC", "text": "Hút nước"});
    assert_eq!(answer(dung.post(&served, 2, "/api/incidents/I1/task", &task)).await.0, 200);
    let view = answer(rin.get(&served, "/api/crew")).await.1;
    assert_eq!((&view["order"]["incident"], &view["order"]["summary"]), (&json!("I1"), &json!("Ngập 1")));
    assert_eq!(view["order"]["tasks"][0]["text"], "Hút nước");
    let assignment = &view["unit"]["duty"]["assignment"];
    assert_eq!((&assignment["number"], &assignment["steps"][0]["status"]), (&json!(1), &json!("offered")));

    let path = "/api/units/xe2/status";
    let yes = tap("accepted", "offered", 1, 1);
    assert_eq!(answer(rin.post(&served, 1, path, &yes)).await.0, 200);
    // The answer was lost on the way: the phone sends the same again under its number.
    assert_eq!(answer(rin.post(&served, 1, path, &yes)).await.0, 200);
    assert_eq!(answer(rin.post(&served, 2, path, &tap("en_route", "accepted", 1, 1))).await.0, 200);
    let (status, body) = answer(rin.post(&served, 3, path, &tap("on_scene", "en_route", 9, 1))).await;
    assert_eq!(
        (status, &body["code"], &body["field"]),
        (409, &json!("version_conflict"), &json!("SetUnitStatus.assignment"))
    );
    let (status, body) = answer(rin.post(&served, 4, "/api/units/xe1/mayday", &json!({}))).await;
    assert_eq!((status, &body["code"]), (403, &json!("forbidden")));
    let done = json!({"task": 1, "status": "done", "expected_status": "given", "answer": "Đã hút"});
    assert_eq!(answer(rin.post(&served, 5, "/api/incidents/I1/task/answer", &done)).await.0, 200);

    assert_eq!(answer(rin.post(&served, 6, "/api/units/xe2/mayday", &json!({}))).await.0, 200);
    let incidents = answer(dung.get(&served, "/api/incidents")).await.1;
    let attention = &incidents["items"][0]["dispatch"]["attentions"][0];
    assert_eq!((&attention["kind"], &attention["unit"]), (&json!("mayday"), &json!("xe2")));
    let looked = json!({"attention": 1});
    assert_eq!(answer(rin.post(&served, 7, "/api/incidents/I1/attention", &looked)).await.0, 403);
    assert_eq!(answer(dung.post(&served, 3, "/api/incidents/I1/attention", &looked)).await.0, 200);

    let items = answer(dung.get(&served, "/api/incidents/I1/timeline")).await.1;
    let of_unit: Vec<_> = items.as_array().unwrap().iter().filter(|item| item["unit"]["id"] == "xe2").collect();
    let kinds: Vec<_> = of_unit.iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["unit_assigned", "unit_status_set", "unit_status_set", "unit_mayday_raised"]);
    assert_eq!(of_unit[1]["unit"]["status"], "accepted");
    // The crew is of another district, and sees the course of what it is on, but not before it was sent there.
    assert_eq!(answer(rin.get(&served, "/api/incidents/I1/timeline")).await, (200, items));
}

#[tokio::test]
async fn who_takes_incidents_apart_is_told_which_units_do_not_come_back() {
    let (served, _, rin) = served().await;
    accepted(served.cluster.commit(GroupId(0), SwitchFeature { feature: VOCABULARY_2 }));
    let admin = user(&served, "admin").await;
    let sent = json!({"expected_version": 1, "units": ["xe1", "xe2"]});
    assert_eq!(answer(admin.post(&served, 1, "/api/incidents/I1/assign", &sent)).await.0, 200);
    let one = json!({"expected_version": 2, "into": "I2"});
    assert_eq!(answer(admin.post(&served, 2, "/api/incidents/I1/merge", &one)).await.0, 200);
    assert_eq!(answer(rin.post(&served, 1, "/api/units/xe2/status", &tap("available", "offered", 1, 1))).await.0, 200);
    let two = json!({"expected_version": 3});
    let (status, parted) = answer(admin.post(&served, 3, "/api/incidents/I1/unmerge", &two)).await;
    let expected = json!({"entity": "I1", "version": 4, "log": parted["log"], "stayed": ["xe2"]});
    assert_eq!((status, &parted, &parted["log"]["again"]), (200, &expected, &json!(false)));
    // The answer was lost on the way.
    let (status, mut again) = answer(admin.post(&served, 3, "/api/incidents/I1/unmerge", &two)).await;
    assert_eq!(again["log"]["again"].take(), json!(true), "{again}");
    again["log"]["again"] = json!(false);
    assert_eq!((status, again), (200, parted), "where the log has the first");
    let (_, incidents) = answer(admin.get(&served, "/api/incidents")).await;
    assert_eq!((&incidents["items"][0]["id"], &incidents["items"][0]["units"]), (&json!("I1"), &json!(["xe1"])));
}

#[tokio::test]
async fn run_cards_are_put_by_administrators_and_read_by_whoever_sees_incidents() {
    let (served, dung, rin) = served().await;
    let admin = user(&served, "admin").await;
    let card = json!({"kind": "flood", "severity": "high", "needs": [{"skill": "boat", "count": 2}]});
    assert_eq!(answer(dung.post(&served, 1, "/api/run-cards", &card)).await.0, 403);
    assert_eq!(answer(admin.post(&served, 1, "/api/run-cards", &card)).await.0, 200);
    let (status, cards) = answer(rin.get(&served, "/api/run-cards")).await;
    assert_eq!((status, &cards[0]["needs"][0]), (200, &json!({"skill": "boat", "count": 2})));
    let made = answer(dung.get(&served, "/api/incidents/I1/recommendation")).await.1;
    assert_eq!(made["needs"], json!([{"skill": "boat", "count": 2, "covered": 0}]));
    assert_eq!(made["units"][0]["reasons"][2]["code"], "no_skill");
    assert_eq!(answer(user(&served, "tram").await.get(&served, "/api/run-cards")).await.0, 403);
}

#[tokio::test]
async fn what_two_administrators_register_the_second_one_looks_at_first() {
    let (served, ..) = served().await;
    accepted(served.cluster.commit(GroupId(0), SwitchFeature { feature: VOCABULARY_2 }));
    let admin = user(&served, "admin").await;
    let card = json!({"kind": "flood", "severity": "high", "needs": [{"skill": "boat", "count": 2}]});
    let unit = json!({"id": "xe9", "name": "Một", "agency": "PCCC", "station": super::province::place(1)});
    let receiver = json!({"id": "so", "name": "Một", "url": "https://so.example.vn/nhan", "kinds": []});
    let mut seq = 0;
    for (path, body, field, other) in [
        ("/api/run-cards", card, "needs", json!([{"skill": "boat", "count": 3}])),
        ("/api/units", unit, "name", json!("Hai")),
        ("/api/receivers", receiver, "name", json!("Hai")),
    ] {
        let mut wanted = body;
        for (value, expected_version, status) in
            [(None, None, 200), (Some(&other), Some(7), 409), (Some(&other), Some(1), 200), (None, Some(2), 200)]
        {
            if let Some(value) = value {
                wanted[field] = value.clone();
            }
            wanted["expected_version"] = json!(expected_version.unwrap_or(0));
            seq += 1;
            let (came, said) = answer(admin.post(&served, seq, path, &wanted)).await;
            assert_eq!(came, status, "{path}: {said}");
            if status == 409 {
                assert_eq!(said["code"], "version_conflict", "{path}: {said}");
                assert!(said["message"].as_str().unwrap().contains("version 1"), "{path}: {said}");
            }
        }
    }
    let (_, receivers) = answer(admin.get(&served, "/api/receivers")).await;
    assert_eq!((&receivers["items"][0]["name"], &receivers["items"][0]["version"]), (&json!("Hai"), &json!(3)));
}
