//! Readings over HTTP: acknowledged when they are committed, and not before.

use domain::{DeviceStatus, Micro, Millis, Reading, Readings, SensorId, wire::Record};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{
    double::Fate,
    http::{answer, client, user},
    province::{PASSWORD, Served, config, province, serve},
};
use crate::{cluster::RoadError, limits::READINGS_BYTES_MAX};

const AT_MS: u64 = 4_000_000_000_000;

fn push(served: &Served) -> RequestBuilder {
    client().post(served.url("/api/readings")).basic_auth("tram", Some(PASSWORD))
}

fn reading(sensor: &str, at_ms: u64) -> Value {
    json!({"sensor": sensor, "at_ms": at_ms, "value": 1.25, "unit": "m"})
}

#[tokio::test]
async fn nothing_is_acknowledged_before_it_is_committed() {
    let served = serve(&province(), 1, config());
    served.cluster.gate.send_replace(false);
    let pushing = tokio::spawn(answer(push(&served).json(&reading("s1", AT_MS))));
    // The edge has taken the request once it waits at the gate.
    while served.cluster.gate.receiver_count() == 0 {
        tokio::task::yield_now().await;
    }
    assert!(!pushing.is_finished());
    served.cluster.gate.send_replace(true);
    assert_eq!(pushing.await.unwrap(), (200, json!({"verdicts": ["recorded"]})));
}

#[tokio::test]
async fn one_many_and_protobuf() {
    let served = serve(&province(), 1, config());
    let many = json!([reading("s1", AT_MS), reading("s1", AT_MS + 1), reading("s1", AT_MS)]);
    assert_eq!(
        answer(push(&served).json(&many)).await,
        (200, json!({"verdicts": ["recorded", "recorded", "duplicate"]}))
    );
    let reading = Reading {
        sensor: SensorId::new("s1").unwrap(),
        at_ms: Millis(AT_MS + 2),
        value_micro: Micro(7),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    };
    let body = Readings { readings: vec![reading] }.encode();
    let protobuf = push(&served).header("content-type", "application/x-protobuf").body(body);
    assert_eq!(answer(protobuf).await, (200, json!({"verdicts": ["recorded"]})));
}

#[tokio::test]
async fn a_push_of_which_nothing_is_recorded_says_why_of_each() {
    let served = serve(&province(), 1, config());
    let mut wrong_unit = reading("s1", AT_MS);
    wrong_unit["unit"] = json!("mm");
    let (status, body) = answer(push(&served).json(&json!([wrong_unit, reading("s9", AT_MS)]))).await;
    assert_eq!(
        (status, &body["code"], &body["verdicts"]),
        (422, &json!("all_refused"), &json!(["wrong_unit", "unknown_sensor"]))
    );
}

#[tokio::test]
async fn what_does_not_parse_names_the_reading() {
    let served = serve(&province(), 1, config());
    let (status, body) = answer(push(&served).json(&json!([reading("s1", 1), {"sensor": "s1", "at_ms": 2}]))).await;
    assert_eq!((status, &body["field"]), (422, &json!("readings[1].value")));
    assert_eq!(answer(push(&served).json(&json!({"sensor": "s1", "value": 1}))).await.1["field"], "at_ms");
    assert_eq!(answer(push(&served).body("{")).await.0, 422);
    let (status, body) = answer(push(&served).body("x".repeat(READINGS_BYTES_MAX + 1))).await;
    assert_eq!((status, &body["code"]), (413, &json!("too_large")));
}

#[tokio::test]
async fn only_devices_and_administrators_push_and_only_for_their_districts() {
    let served = serve(&province(), 1, config());
    let wrong = client().post(served.url("/api/readings")).basic_auth("tram", Some("wrong"));
    assert_eq!(answer(wrong.json(&reading("s1", AT_MS))).await.0, 401);
    let (status, body) = answer(push(&served).json(&json!([reading("s1", AT_MS), reading("s2", AT_MS)]))).await;
    assert_eq!((status, &body["field"]), (403, &json!("readings[1].sensor")));
    let lan = user(&served, "lan").await;
    let by_operator = lan.client.post(served.url("/api/readings")).header("cookie", &lan.cookie);
    assert_eq!(answer(by_operator.json(&reading("s1", AT_MS))).await.0, 403);
    let admin = user(&served, "admin").await;
    let bearer = admin.cookie.strip_prefix("td_session=").unwrap();
    let by_admin = client().post(served.url("/api/readings")).bearer_auth(bearer);
    assert_eq!(answer(by_admin.json(&reading("s2", AT_MS))).await.0, 200);
}

#[tokio::test]
async fn an_overloaded_cluster_says_when_to_come_back() {
    let served = serve(&province(), 1, config());
    served.cluster.next(Fate::Lost(|| RoadError::Overloaded));
    let response = push(&served).json(&reading("s1", AT_MS)).send().await.unwrap();
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["retry-after"], "1");
}
