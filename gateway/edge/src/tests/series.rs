//! Series for charts, and how long readings are kept, over HTTP.

use std::sync::atomic::Ordering;

use domain::{DAY_MS, DeviceStatus, GroupId, Micro, Millis, Reading, RecordReadings, SensorId, SwitchFeature, chunk};
use serde_json::{Value, json};

use super::{
    double::Fate,
    http::{User, answer, client, user},
    province::{Served, accepted, config, province, serve},
};
use crate::{
    cluster::RoadError,
    limits::{SERIES_POINTS_MAX, SERIES_SPAN_MS_MAX},
};

const AT_MS: u64 = 4_000_000_000_000;

fn record(served: &Served, sensor: &str, readings: &[(u64, i64)]) {
    let reading = |(at_ms, value): &(u64, i64)| Reading {
        sensor: SensorId::new(sensor).unwrap(),
        at_ms: Millis(*at_ms),
        value_micro: Micro(value * 1_000_000),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    };
    let group = if sensor == "s1" { GroupId(1) } else { GroupId(2) };
    accepted(served.cluster.commit(group, RecordReadings { readings: readings.iter().map(reading).collect() }));
}

fn series(from_ms: u64, to_ms: u64, more: &str) -> String {
    format!("/api/sensors/s1/series?from_ms={from_ms}&to_ms={to_ms}{more}")
}

#[tokio::test]
async fn a_series_has_lowest_highest_mean_and_newest_and_no_point_where_nothing_was_measured() {
    let served = serve(&province(), 1, config());
    let lan = user(&served, "lan").await;
    record(&served, "s1", &[(AT_MS, 1), (AT_MS + 3, 6), (AT_MS + 9, 2), (AT_MS + 39, 4)]);
    let (status, found) = answer(lan.get(&served, &series(AT_MS, AT_MS + 39, "&points_max=4"))).await;
    assert_eq!(status, 200, "{found}");
    assert_eq!(found["step_ms"], 10);
    assert_eq!(
        found["points"],
        json!([
            {"from_ms": AT_MS, "min": 1.0, "max": 6.0, "mean": 3.0, "last": 2.0, "count": 3},
            {"from_ms": AT_MS + 30, "min": 4.0, "max": 4.0, "mean": 4.0, "last": 4.0, "count": 1},
        ])
    );
    assert_eq!((&found["truncated"], &found["kept_from_ms"], &found["age_ms"]), (&json!(false), &json!(0), &json!(0)));
    assert!(found["applied"].as_u64().unwrap() > 0);
    let (status, points) = answer(lan.get(&served, &series(AT_MS, AT_MS + 39, ""))).await;
    assert_eq!((status, points["points"].as_array().unwrap().len()), (200, 4));
}

#[tokio::test]
async fn a_series_says_how_old_it_is_and_a_fresh_one_asks_a_quorum() {
    let served = serve(&province(), 1, config());
    let lan = user(&served, "lan").await;
    served.node.follows.store(false, Ordering::SeqCst);
    record(&served, "s1", &[(AT_MS, 1)]);
    let count = |found: &Value| found["points"].as_array().unwrap().len();
    assert_eq!(count(&answer(lan.get(&served, &series(AT_MS, AT_MS + 9, ""))).await.1), 0, "not applied here yet");
    assert_eq!(count(&answer(lan.get(&served, &series(AT_MS, AT_MS + 9, "&fresh=true"))).await.1), 1);
    served.node.quorum.store(false, Ordering::SeqCst);
    let (status, found) = answer(lan.get(&served, &series(AT_MS, AT_MS + 9, ""))).await;
    assert_eq!((status, &found["age_ms"]), (200, &json!(60_000)));
    assert_eq!(answer(lan.get(&served, &series(AT_MS, AT_MS + 9, "&fresh=true"))).await.0, 503);
    let raw = format!("/api/sensors/s1/readings?from_ms={AT_MS}&fresh=true");
    assert_eq!(answer(lan.get(&served, &raw)).await.0, 503);
}

#[tokio::test]
async fn a_series_is_seen_by_who_sees_the_sensor_and_bounded() {
    let served = serve(&province(), 1, config());
    let (lan, xem) = (user(&served, "lan").await, user(&served, "xem").await);
    assert_eq!(answer(xem.get(&served, &series(AT_MS, AT_MS, ""))).await.0, 404, "of another district");
    assert_eq!(answer(xem.get(&served, "/api/sensors/s2/series")).await.0, 200);
    assert_eq!(answer(lan.get(&served, "/api/sensors/nothing/series")).await.0, 404);
    assert_eq!(answer(client().get(served.url("/api/sensors/s1/series"))).await.0, 401);
    for (path, field) in [
        (series(5, 4, ""), "from_ms"),
        (series(0, SERIES_SPAN_MS_MAX + 1, ""), "from_ms"),
        (series(0, 9, "&points_max=0"), "points_max"),
        (series(0, 9, &format!("&points_max={}", SERIES_POINTS_MAX + 1)), "points_max"),
        (series(0, 9, "&points_max=x"), "query"),
    ] {
        let (status, refused) = answer(lan.get(&served, &path)).await;
        assert_eq!((status, &refused["field"]), (422, &json!(field)), "{path}");
    }
}

fn switch_on(served: &Served) {
    for group in GroupId::field() {
        accepted(served.cluster.commit(group, SwitchFeature { feature: chunk::FEATURE }));
    }
}

async fn set(served: &Served, user: &User, body: &Value) -> (u16, Value) {
    let path = served.url("/api/retention");
    answer(user.client.post(path).header("cookie", &user.cookie).json(body)).await
}

#[tokio::test]
async fn an_administrator_says_how_long_readings_are_kept_and_what_is_older_is_shown_to_nobody() {
    let served = serve(&province(), 1, config());
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    let body = json!({"days": 30, "kinds": [{"kind": "river_level", "days": 2}]});
    assert_eq!(
        set(&served, &admin, &body).await.1["code"],
        "feature",
        "a node of an earlier release would not know it"
    );
    switch_on(&served);
    record(&served, "s1", &[(AT_MS, 1)]);
    served.cluster.pass(4 * DAY_MS);
    record(&served, "s1", &[(AT_MS + 4 * DAY_MS, 2)]);
    let path = series(AT_MS, AT_MS + 5 * DAY_MS, "");
    assert_eq!(answer(lan.get(&served, &path)).await.1["points"].as_array().unwrap().len(), 2);

    let (status, kept) = set(&served, &admin, &body).await;
    assert_eq!((status, &kept["days"], &kept["is_everywhere"]), (200, &json!(30), &json!(true)), "{kept}");
    assert_eq!(kept["kinds"], json!([{"kind": "river_level", "days": 2}]));
    let (_, found) = answer(lan.get(&served, &path)).await;
    assert_eq!(found["points"].as_array().unwrap().len(), 1);
    let floor = found["kept_from_ms"].as_u64().unwrap();
    assert!(floor.is_multiple_of(DAY_MS) && floor > AT_MS, "{floor}");
    let raw = format!("/api/sensors/s1/readings?from_ms={AT_MS}&to_ms={}", AT_MS + 5 * DAY_MS);
    assert_eq!(answer(lan.get(&served, &raw)).await.1["points"].as_array().unwrap().len(), 1);
    assert_eq!(answer(admin.get(&served, "/api/retention")).await.1, kept);
    assert_eq!(set(&served, &admin, &body).await, (200, kept), "sent again");
}

#[tokio::test]
async fn nobody_else_says_it_and_what_is_wrong_is_named() {
    let served = serve(&province(), 1, config());
    switch_on(&served);
    let (admin, lan) = (user(&served, "admin").await, user(&served, "lan").await);
    assert_eq!(answer(lan.get(&served, "/api/retention")).await.0, 403);
    assert_eq!(set(&served, &lan, &json!({"days": 3})).await.0, 403);
    let twice = json!({"days": 3, "kinds": [{"kind": "rain", "days": 1}, {"kind": "rain", "days": 2}]});
    for (body, field) in [
        (json!({"days": 40_000}), "SetRetention.days"),
        (json!({"days": 3, "kinds": [{"kind": "rain", "days": 40_000}]}), "SetRetention.kinds.days"),
        (twice, "SetRetention.kinds.kind"),
    ] {
        let (status, refused) = set(&served, &admin, &body).await;
        assert_eq!((status, &refused["field"]), (422, &json!(field)), "{refused}");
    }
    assert_eq!(set(&served, &admin, &json!({"days": 3, "kinds": [{"kind": "snow", "days": 1}]})).await.0, 422);
    assert_eq!(set(&served, &admin, &json!({"days": -1})).await.0, 422);
}

#[tokio::test]
async fn what_one_group_did_not_hear_is_said_and_mended_by_asking_again() {
    let served = serve(&province(), 1, config());
    switch_on(&served);
    let admin = user(&served, "admin").await;
    served.cluster.next(Fate::Lost(|| RoadError::NoLeader));
    assert_eq!(set(&served, &admin, &json!({"days": 9})).await.0, 503);
    let kept = answer(admin.get(&served, "/api/retention")).await.1;
    assert_eq!(kept["is_everywhere"], false, "{kept}");
    assert_eq!(set(&served, &admin, &json!({"days": 9})).await.1["is_everywhere"], true);
}
