//! Alarms on their way to the command group.

use domain::{
    AlarmKey, ClearAlarm, Condition, EntityId, GroupId, IncidentKind, Micro, PersonId, RaiseAlarm, RegisterSensor,
    ReturnToService, Role, Severity, ShelveAlarm, Suppression, TakeOutOfService, Threshold,
};

use super::world::{FIELD, SECOND, World, accepted, reading, sensor, until};

fn raise(entity: &str, condition: &str, severity: Severity) -> RaiseAlarm {
    RaiseAlarm {
        key: key(entity, condition),
        episode: 1,
        severity,
        value_micro: Micro(27_300_000),
        limit_micro: Micro(27_000_000),
        exercise: false,
        finding: None,
    }
}

fn key(entity: &str, condition: &str) -> AlarmKey {
    AlarmKey { entity: EntityId::new(entity).unwrap(), condition: Condition::new(condition).unwrap() }
}

fn operator() -> domain::Grant {
    domain::Grant {
        person: PersonId::new("lan").unwrap(),
        role: Role::Operator,
        everywhere: true,
        admin_units: Default::default(),
        index: 1,
        from: String::new(),
        why: String::new(),
        terms: domain::Terms::default(),
    }
}

fn out_of_service(entity: &str, until_ms: domain::Millis) -> TakeOutOfService {
    TakeOutOfService {
        entity: EntityId::new(entity).unwrap(), condition: None, reason: "sửa chữa".into(), until_ms
    }
}

#[tokio::test(start_paused = true)]
async fn an_alarm_opens_an_incident_and_is_confirmed() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    let router = world.node(1);
    world.lead(1).await;
    router.record(vec![reading(&sensor, world.clock(), 273)], 5 * SECOND).await.unwrap();
    until(|| world.alarm("S1", "high").is_some_and(|alarm| !alarm.is_unreported())).await;
    let incidents = world.incidents();
    assert_eq!((incidents.len(), incidents[0].kind), (1, IncidentKind::Flood));
    assert_eq!(incidents[0].summary, "Mực nước vượt mức cao: Trạm S1 27.3 m (giới hạn 27)");
    assert_eq!(world.alarm("S1", "high").unwrap().incident.as_ref(), Some(&incidents[0].id));
    tokio::time::sleep(SECOND).await;
    // That the alarm went is told too, and the incident stays a person's to close.
    router.record(vec![reading(&sensor, world.clock(), 200)], 5 * SECOND).await.unwrap();
    until(|| world.incidents()[0].sources.iter().all(|source| !source.active)).await;
    until(|| !world.alarm("S1", "high").unwrap().is_unreported()).await;
    assert_eq!(world.incidents().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_told_is_told_by_the_next_leader() {
    let world = World::new();
    world.sensor("S1", "05443");
    world.node(1);
    world.lead(1).await;
    // The command group commits nothing, and the leader dies over it.
    world.hold(GroupId::COMMAND);
    accepted(world.apply(FIELD, raise("S1", "high", Severity::High)));
    tokio::time::sleep(20 * SECOND).await;
    assert!(world.incidents().is_empty() && world.alarm("S1", "high").unwrap().is_unreported());
    world.node(2);
    world.lead(2).await;
    world.release(GroupId::COMMAND);
    until(|| !world.alarm("S1", "high").unwrap().is_unreported()).await;
    assert_eq!(world.incidents().len(), 1, "told twice, opened once");
}

#[tokio::test(start_paused = true)]
async fn an_information_opens_nothing() {
    let world = World::new();
    world.sensor("S1", "05443");
    world.node(1);
    world.lead(1).await;
    accepted(world.apply(FIELD, raise("S1", "high", Severity::Info)));
    until(|| !world.alarm("S1", "high").unwrap().is_unreported()).await;
    assert!(world.incidents().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_shelf_ends_by_itself() {
    let world = World::new();
    world.sensor("S1", "05443");
    world.node(1);
    world.lead(1).await;
    accepted(world.apply(FIELD, raise("S1", "high", Severity::High)));
    let until_ms = world.clock().plus(60_000);
    let shelve = ShelveAlarm { key: key("S1", "high"), reason: "sửa chữa".into(), until_ms };
    accepted(world.apply_by(FIELD, shelve, operator()));
    tokio::time::sleep(59 * SECOND).await;
    assert!(world.alarm("S1", "high").unwrap().shelf.is_some());
    tokio::time::sleep(6 * SECOND).await;
    assert!(world.alarm("S1", "high").unwrap().shelf.is_none());
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_service_calls_for_nobody_until_its_time_or_a_persons_word() {
    let world = World::new();
    world.sensor("S1", "05443");
    world.sensor("S2", "05443");
    world.node(1);
    world.lead(1).await;
    accepted(world.apply_by(FIELD, out_of_service("S1", world.clock().plus(60_000)), operator()));
    accepted(world.apply_by(FIELD, out_of_service("S2", world.clock().plus(3_600_000)), operator()));
    accepted(world.apply(FIELD, raise("S1", "high", Severity::High)));
    accepted(world.apply(FIELD, raise("S2", "high", Severity::High)));
    tokio::time::sleep(59 * SECOND).await;
    assert!(world.incidents().is_empty(), "nobody is called");
    tokio::time::sleep(6 * SECOND).await;
    assert_eq!(world.incidents().len(), 1, "its time is over, without an entry");
    let back = ReturnToService { entity: EntityId::new("S2").unwrap(), condition: None };
    accepted(world.apply_by(FIELD, back, operator()));
    until(|| world.incidents().len() == 2).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_out_of_service_makes_no_flood() {
    let world = World::new();
    world.node(1);
    let sensors: Vec<_> = (0..12).map(|n| world.sensor(&format!("S{n:02}"), "05443")).collect();
    world.lead(1).await;
    let until_ms = world.clock().plus(3_600_000);
    for sensor in &sensors {
        accepted(world.apply_by(FIELD, out_of_service(sensor.as_str(), until_ms), operator()));
        accepted(world.apply(FIELD, raise(sensor.as_str(), "high", Severity::Medium)));
    }
    tokio::time::sleep(30 * SECOND).await;
    assert!(world.alarm("D1", "flood").is_none() && world.incidents().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_suppressed_by_design_calls_when_its_cause_ends() {
    let world = World::new();
    let id = world.sensor("S1", "05443");
    let named = |name: &str| Condition::new(name).unwrap();
    let mut ruled = sensor(&id, "05443");
    let graver = Threshold { condition: named("level-2"), ..ruled.thresholds[0].clone() };
    ruled.thresholds.push(graver);
    ruled.suppressions.push(Suppression { condition: named("high"), while_active: named("level-2") });
    accepted(world.apply(FIELD, RegisterSensor { sensor: ruled }));
    accepted(world.apply(FIELD, raise("S1", "level-2", Severity::High)));
    accepted(world.apply(FIELD, raise("S1", "high", Severity::High)));
    world.node(1);
    world.lead(1).await;
    until(|| !world.alarm("S1", "level-2").unwrap().is_unreported()).await;
    tokio::time::sleep(30 * SECOND).await;
    assert!(world.alarm("S1", "high").unwrap().is_unreported(), "its cause is told, and it is not");
    accepted(world.apply(FIELD, ClearAlarm { key: key("S1", "level-2"), episode: 1, value_micro: Micro(0) }));
    until(|| !world.alarm("S1", "high").unwrap().is_unreported()).await;
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_alarms_is_one_line_and_nothing_stays_unreported() {
    let world = World::new();
    let router = world.node(1);
    let sensors: Vec<_> = (0..30).map(|n| world.sensor(&format!("S{n:02}"), "05443")).collect();
    world.lead(1).await;
    // Eleven alarms, each told by itself.
    for sensor in &sensors[..11] {
        accepted(world.apply(FIELD, raise(sensor.as_str(), "rate", Severity::Medium)));
    }
    until(|| world.is_active("D1", "flood")).await;
    until(|| world.read(FIELD, |state| state.unreported_alarms().count()) == 0).await;
    let flood = world.alarm("D1", "flood").unwrap();
    let before = world.incidents().len();
    let line = world.incidents().into_iter().find(|incident| Some(&incident.id) == flood.incident.as_ref()).unwrap();
    assert_eq!(line.summary, "Dồn dập cảnh báo: Khu vực 1, 11 cảnh báo trong 10 phút");
    // More of the same open nothing; what is grave still does.
    for sensor in &sensors[11..29] {
        accepted(world.apply(FIELD, raise(sensor.as_str(), "rate", Severity::Medium)));
    }
    accepted(world.apply(FIELD, raise(sensors[29].as_str(), "rate", Severity::Critical)));
    until(|| world.read(FIELD, |state| state.unreported_alarms().count()) == 0).await;
    assert_eq!(world.incidents().len(), before + 1);
    let folded = world.alarm(sensors[20].as_str(), "rate").unwrap();
    assert_eq!(folded.incident, flood.incident);
    // A folded alarm that goes is confirmed too. (`rate` is no condition of these sensors, so they are all cleared.)
    until(|| !world.is_active(sensors[20].as_str(), "rate")).await;
    until(|| world.read(FIELD, |state| state.unreported_alarms().count()) == 0).await;
    // Ten minutes without a new one: over. Silence would be the next flood, so the sensors go on speaking.
    for _ in 0..12 {
        let readings = sensors.iter().map(|sensor| reading(sensor, world.clock(), 200)).collect();
        router.record(readings, 5 * SECOND).await.unwrap();
        tokio::time::sleep(60 * SECOND).await;
    }
    assert!(!world.is_active("D1", "flood"));
}
