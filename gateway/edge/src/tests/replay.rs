//! The course of an incident on a map, over HTTP: who was where, and what was measured and rang around it, at each moment.

use domain::{
    AlarmKey, AssignIncident, ClearAlarm, CloseIncident, Condition, DeviceStatus, EntityId, Finding, Found, GroupId,
    IncidentId, Micro, Millis, ModelName, MoveUnit, OpenIncident, Place, RaiseAlarm, Reading, RecordReadings,
    RegisterSensor, Sensor, SensorId, Severity, SwitchFeature, Threshold, UNUSUAL, UnitId, Unusual, UnusualReason,
    VOCABULARY_2, VersionName, audit::FEATURE,
};
use serde_json::{Value, json};

use super::{
    http::{answer, user},
    province::{Served, accepted, config, incident, place, province, sensor, serve},
};

const PATH: &str = "/api/incidents/I1/replay";

fn record(served: &Served, sensor: &str, at_ms: u64, value: i64) {
    let reading = Reading {
        sensor: SensorId::new(sensor).unwrap(),
        at_ms: Millis(at_ms),
        value_micro: Micro(value * 1_000_000),
        status: DeviceStatus::Measuring,
        unit_of_measure: String::new(),
    };
    accepted(served.cluster.commit(GroupId(1), RecordReadings { readings: vec![reading] }));
}

fn high(sensor: &str) -> AlarmKey {
    AlarmKey { entity: EntityId::new(sensor).unwrap(), condition: Condition::new("high").unwrap() }
}

fn raise(served: &Served, group: u32, sensor: &str, severity: Severity, exercise: bool) {
    let (key, value_micro, limit_micro) = (high(sensor), Micro(3_000_000), Micro(2_000_000));
    let raise = RaiseAlarm { key, episode: 1, severity, value_micro, limit_micro, exercise, finding: None };
    accepted(served.cluster.commit(GroupId(group), raise));
}

/// The alarm of `s1` comes up for the so many-th time, and goes.
fn ring(served: &Served, episode: u32, severity: Severity, exercise: bool) {
    let (key, value_micro, limit_micro) = (high("s1"), Micro(3_000_000), Micro(2_000_000));
    let raise = RaiseAlarm { key, episode, severity, value_micro, limit_micro, exercise, finding: None };
    accepted(served.cluster.commit(GroupId(1), raise));
    served.cluster.pass(120_000);
    accepted(served.cluster.commit(GroupId(1), ClearAlarm { key: high("s1"), episode, value_micro: Micro(0) }));
    served.cluster.pass(120_000);
}

/// The limit of `s1` is set to so many metres.
fn set_limit(served: &Served, metres: i64) {
    let limit = Threshold {
        condition: Condition::new("high").unwrap(),
        above: true,
        limit_micro: Micro(metres * 1_000_000),
        hysteresis_micro: Micro(0),
        debounce_ms: 0,
        severity: Severity::High,
    };
    let with_limit = Sensor { thresholds: vec![limit], ..sensor("s1", 1) };
    accepted(served.cluster.commit(GroupId(1), RegisterSensor { sensor: with_limit }));
}

fn ids(of: &Value) -> Vec<&str> {
    of.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect()
}

/// The time of the line of that kind.
fn at(found: &Value, kind: &str) -> u64 {
    let lines = found["lines"].as_array().unwrap();
    lines.iter().find(|line| line["kind"] == kind).unwrap()["at_ms"].as_u64().unwrap()
}

#[tokio::test]
async fn each_moment_says_who_was_where_and_what_was_measured_until_then() {
    let cluster = province();
    let limit = Threshold {
        condition: Condition::new("level-1").unwrap(),
        above: true,
        limit_micro: Micro(2_000_000),
        hysteresis_micro: Micro(0),
        debounce_ms: 0,
        severity: Severity::High,
    };
    let with_limit = Sensor { thresholds: vec![limit], ..sensor("s1", 1) };
    accepted(cluster.commit(GroupId(1), RegisterSensor { sensor: with_limit }));
    let served = serve(&cluster, 1, config());
    let lan = user(&served, "lan").await;
    let opened = at(&answer(lan.get(&served, PATH)).await.1, "incident_opened");

    record(&served, "s1", opened, 1);
    let there = Place { latitude_e7: 215_100_000, ..place(1) };
    let unit = UnitId::new("xe1").unwrap();
    let moved = MoveUnit { unit: unit.clone(), position: there, at_ms: Millis(opened + 500) };
    accepted(served.cluster.commit(GroupId(0), moved));
    let incident = IncidentId::new("I1").unwrap();
    let assign = AssignIncident { incident, expected_version: 1, units: vec![unit] };
    accepted(served.cluster.commit(GroupId(0), assign));
    let assigned = at(&answer(lan.get(&served, PATH)).await.1, "unit_assigned");
    record(&served, "s1", assigned - 1, 3);
    // Nobody had seen it at the time of the last line.
    served.cluster.pass(600_000);
    record(&served, "s1", assigned + 600_000, 9);

    let (status, found) = answer(lan.get(&served, PATH)).await;
    assert_eq!((status, &found["incident"], &found["exercise"]), (200, &json!("I1"), &json!(false)), "{found}");
    assert_eq!(found["truncated"], json!(false));
    let lines = found["lines"].as_array().unwrap();
    let indexes: Vec<_> = lines.iter().map(|line| line["index"].as_u64().unwrap()).collect();
    assert!(indexes.is_sorted() && indexes[0] > 0 && *indexes.last().unwrap() <= found["applied"].as_u64().unwrap());
    assert_eq!((&lines[0]["incident"]["id"], &lines[0]["incident"]["status"]), (&json!("I1"), &json!("opened")));
    let sent = lines.iter().find(|line| line["kind"] == "unit_assigned").unwrap();
    assert_eq!((&sent["unit"]["id"], &sent["unit"]["name"]), (&json!("xe1"), &json!("xe1")));
    assert_eq!(
        (&sent["unit"]["latitude_e7"], &sent["unit"]["position_at_ms"]),
        (&json!(215_100_000), &json!(opened + 500)),
        "where it was then, and since when that is known"
    );

    let station = &found["stations"][0];
    assert_eq!(
        (&station["id"], &station["name"], &station["distance_m"]),
        (&json!("s1"), &json!("Trạm s1"), &json!(0))
    );
    assert_eq!(station["limits"], json!([{"condition": "level-1", "above": true, "limit": 2.0, "severity": "high"}]));
    let values: Vec<_> =
        station["readings"].as_array().unwrap().iter().map(|it| it["value"].as_f64().unwrap()).collect();
    assert_eq!(values, [1.0, 3.0], "of each moment the newest until then, and nothing of later");
}

#[tokio::test]
async fn each_moment_says_what_rang_then_and_which_limits_were_set_then() {
    let served = serve(&province(), 1, config());
    accepted(served.cluster.commit(GroupId(1), SwitchFeature { feature: VOCABULARY_2 }));
    let lan = user(&served, "lan").await;
    set_limit(&served, 2);
    ring(&served, 1, Severity::High, false);
    ring(&served, 2, Severity::Low, true);
    set_limit(&served, 4);
    ring(&served, 3, Severity::Critical, false);
    set_limit(&served, 5);
    let (incident, note) = (IncidentId::new("I1").unwrap(), String::new());
    let close = CloseIncident { incident, expected_version: 1, note };
    accepted(served.cluster.commit(GroupId(0), close));
    // Nobody had heard or seen these when it was closed.
    served.cluster.pass(600_000);
    ring(&served, 4, Severity::Medium, false);
    set_limit(&served, 6);
    set_limit(&served, 7);

    let (status, found) = answer(lan.get(&served, PATH)).await;
    assert_eq!((status, &found["truncated"]), (200, &json!(false)), "{found}");
    let number = |of: &Value| of.as_u64().unwrap();
    let alarms = found["alarms"].as_array().unwrap();
    let severities: Vec<_> = alarms.iter().map(|it| it["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["high", "critical"], "nor is what rang in a drill of it");
    assert!(alarms.iter().all(|it| it["entity"] == "s1" && it["before"] == json!([])));
    let times = alarms.iter().flat_map(|it| [number(&it["raised_at_ms"]), number(&it["cleared_at_ms"])]);
    let times: Vec<_> = times.collect();
    let (opened, closed) = (at(&found, "incident_opened"), at(&found, "incident_closed"));
    assert!(times.is_sorted() && opened < times[0] && times[3] < closed, "{opened} {times:?} {closed}");

    let station = &found["stations"][0];
    assert_eq!(station["limits"][0]["limit"], json!(7.0), "those of now");
    let before = station["limits_before"].as_array().unwrap();
    let limits: Vec<_> = before.iter().map(|it| it["limits"][0]["limit"].clone()).collect();
    // Before the first there was none; that of the end stood until the first that was set after it.
    assert_eq!(limits, [Value::Null, json!(2.0), json!(4.0), json!(5.0)]);
    let until: Vec<_> = before.iter().map(|it| number(&it["until_ms"])).collect();
    assert!(until[0] < times[0] && times[1] < until[1] && until[1] < times[2], "{until:?} {times:?}");
    assert!(times[3] < until[2] && until[2] < closed && closed < until[3], "{until:?} {closed}");
}

#[tokio::test]
async fn what_a_model_said_before_it_said_it_anew_stands_with_its_episode() {
    let served = serve(&province(), 1, config());
    accepted(served.cluster.commit(GroupId(1), SwitchFeature { feature: VOCABULARY_2 }));
    let say = |severity, score| {
        let condition = Condition::new(UNUSUAL).unwrap();
        let key = AlarmKey { entity: EntityId::new("s1").unwrap(), condition };
        let found = Found::Unusual(Unusual { score_micro: Micro(score), reason: UnusualReason::Spike });
        let (model, model_version) = (ModelName::new("muc-nuoc").unwrap(), VersionName::new("1").unwrap());
        let finding = Some(Finding { model, model_version, found });
        let (value_micro, limit_micro, exercise) = (Micro(3_000_000), Micro(2_000_000), false);
        let raise = RaiseAlarm { key, episode: 1, severity, value_micro, limit_micro, exercise, finding };
        accepted(served.cluster.commit(GroupId(1), raise));
        served.cluster.pass(60_000);
    };
    say(Severity::Low, 300_000);
    say(Severity::Medium, 900_000);
    let lan = user(&served, "lan").await;
    let (status, found) = answer(lan.get(&served, PATH)).await;
    let alarms = found["alarms"].as_array().unwrap();
    assert_eq!((status, alarms.len(), &alarms[0]["severity"]), (200, 1, &json!("medium")), "{found}");
    let before = &alarms[0]["before"];
    let until = before[0]["until_ms"].as_u64().unwrap();
    assert!(alarms[0]["raised_at_ms"].as_u64().unwrap() < until);
    assert_eq!(before, &json!([{"until_ms": until, "severity": "low", "value": 3.0, "limit": 2.0}]));
}

#[tokio::test]
async fn an_episode_that_rang_where_its_viewer_may_not_look_is_not_shown() {
    let served = serve(&province(), 1, config());
    accepted(served.cluster.commit(GroupId(1), SwitchFeature { feature: VOCABULARY_2 }));
    let elsewhere = Sensor { place: place(3), ..sensor("s1", 1) };
    accepted(served.cluster.commit(GroupId(1), RegisterSensor { sensor: elsewhere }));
    ring(&served, 1, Severity::High, false);
    accepted(served.cluster.commit(GroupId(1), RegisterSensor { sensor: sensor("s1", 1) }));
    ring(&served, 2, Severity::Low, false);
    let severities = |found: &Value| -> Vec<String> {
        let alarms = found["alarms"].as_array().unwrap().iter();
        alarms.map(|it| it["severity"].as_str().unwrap().to_owned()).collect()
    };
    let (lan, admin) = (user(&served, "lan").await, user(&served, "admin").await);
    assert_eq!(severities(&answer(lan.get(&served, PATH)).await.1), ["low"]);
    assert_eq!(severities(&answer(admin.get(&served, PATH)).await.1), ["high", "low"]);
}

#[tokio::test]
async fn a_replay_has_what_its_viewer_may_see_now_and_stands_in_the_record() {
    let cluster = province();
    accepted(cluster.commit(GroupId(0), SwitchFeature { feature: FEATURE }));
    let served = serve(&cluster, 1, config());
    raise(&served, 1, "s1", Severity::High, false);
    raise(&served, 2, "s2", Severity::High, false);
    let (lan, xem, admin) = (user(&served, "lan").await, user(&served, "xem").await, user(&served, "admin").await);
    assert_eq!(answer(xem.get(&served, PATH)).await.0, 404, "of another district");
    let (status, of_lan) = answer(lan.get(&served, PATH)).await;
    assert_eq!((status, ids(&of_lan["stations"])), (200, vec!["s1"]), "what lies in another district is not hers");
    let rung = |found: &Value| found["alarms"].as_array().unwrap().len();
    assert_eq!((rung(&of_lan), &of_lan["alarms"][0]["entity"]), (1, &json!("s1")));
    assert_eq!(of_lan["alarms"][0]["acknowledged_at_ms"], json!(0));
    let of_all = answer(admin.get(&served, PATH)).await.1;
    assert_eq!((ids(&of_all["stations"]), rung(&of_all)), (vec!["s1", "s2"], 2));

    // Who had a look at a course is found in the record: what she looks at next waits behind it.
    assert_eq!(answer(lan.get(&served, "/api/calls")).await.0, 200);
    let asked = json!({"group": 0, "reason": "thanh tra", "kind": "read", "by": "lan"});
    let found = answer(admin.post(&served, 1, "/api/audit/records", &asked)).await.1;
    let looks: Vec<_> = found["items"].as_array().unwrap().iter().map(|it| it["told"]["what"].to_string()).collect();
    assert!(looks.iter().any(|what| what.contains("course/I1")), "{found}");
}

#[tokio::test]
async fn nothing_of_a_drill_stands_around_what_is_real_and_nothing_that_is_far() {
    let cluster = province();
    let north = |at: Place, steps: i32| Place { latitude_e7: at.latitude_e7 + steps * 80_000, ..at };
    let played = Sensor { exercise: true, place: north(place(1), 9), ..sensor("drill", 1) };
    accepted(cluster.commit(GroupId(1), RegisterSensor { sensor: played }));
    // Along the river, 1.8 km apart.
    for n in 0..12 {
        let along = Sensor { place: north(place(1), 2 * n), ..sensor(&format!("r{n:02}"), 1) };
        accepted(cluster.commit(GroupId(1), RegisterSensor { sensor: along }));
    }
    let up = OpenIncident { exercise: true, place: north(place(1), 19), ..incident(1, "Giả định") };
    accepted(cluster.commit(GroupId(0), up));
    let served = serve(&cluster, 1, config());
    raise(&served, 1, "drill", Severity::Low, true);
    let lan = user(&served, "lan").await;
    let real = answer(lan.get(&served, PATH)).await.1;
    assert_eq!(ids(&real["stations"]), ["r00", "s1", "r01", "r02", "r03", "r04", "r05"], "the nearest first");
    assert_eq!(real["alarms"], json!([]));
    let drill = answer(lan.get(&served, "/api/incidents/I3/replay")).await.1;
    assert_eq!(drill["exercise"], json!(true));
    let near = ids(&drill["stations"]);
    assert!(near.contains(&"drill") && near.contains(&"r11") && !near.contains(&"r00"), "{near:?}");
    assert_eq!((&drill["alarms"][0]["entity"], &drill["alarms"][0]["exercise"]), (&json!("drill"), &json!(true)));
}
