//! The lead moves, actors fail, and nobody is alarmed for it.

use std::{sync::atomic::Ordering, time::Duration};

use super::world::{FIELD, SECOND, World, reading, until};

#[tokio::test(start_paused = true)]
async fn all_actors_stop_with_the_lead() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    world.camera("C1");
    let router = world.node(1);
    world.lead(1).await;
    router.record(vec![reading(&sensor, world.clock(), 280)], 5 * SECOND).await.unwrap();
    until(|| world.is_active("S1", "high")).await;
    // The district, the sensor that is not quiet, the camera, the reporter.
    until(|| router.counters().actors.load(Ordering::Relaxed) >= 4).await;
    let reign = std::sync::Arc::downgrade(&router.reign(FIELD).unwrap());
    for group in domain::GroupId::all() {
        world.set_lead(group, Some(2));
    }
    until(|| router.counters().actors.load(Ordering::Relaxed) == 0).await;
    until(|| reign.upgrade().is_none()).await;
    assert_eq!(router.counters().actor_failures.load(Ordering::Relaxed), 0, "stopping is no failure");
}

#[tokio::test(start_paused = true)]
async fn a_failover_alarms_nobody_and_silence_is_still_heard() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    world.node(1);
    world.lead(1).await;
    world.apply(FIELD, domain::RecordReadings { readings: vec![reading(&sensor, world.clock(), 200)] });
    // The whole cluster was down for an hour: nothing could be recorded.
    for group in domain::GroupId::all() {
        world.set_lead(group, None);
    }
    tokio::time::sleep(3600 * SECOND).await;
    world.node(2);
    world.lead(2).await;
    // Another sensor speaks, so that state's clock leaps over the hour.
    let other = world.sensor("S2", "05443");
    world.apply(FIELD, domain::RecordReadings { readings: vec![reading(&other, world.clock(), 200)] });
    tokio::time::sleep(170 * SECOND).await;
    assert!(world.alarm("S1", "silence").is_none() && world.alarm("S2", "silence").is_none());
    // Three periods after the new leader got ready it is silence.
    tokio::time::sleep(20 * SECOND).await;
    assert!(world.is_active("S1", "silence"));
    // And the next reading ends it.
    world.apply(FIELD, domain::RecordReadings { readings: vec![reading(&sensor, world.clock(), 200)] });
    until(|| !world.is_active("S1", "silence")).await;
}

#[tokio::test(start_paused = true)]
async fn a_debounce_fires_without_another_reading_and_episodes_go_on_under_the_next_leader() {
    let world = World::new();
    let id = world.sensor("S1", "05443");
    let mut slow = super::world::sensor(&id, "05443");
    slow.thresholds[0].debounce_ms = 30_000;
    world.apply(FIELD, domain::RegisterSensor { sensor: slow });
    let (one, two) = (world.node(1), world.node(2));
    world.lead(1).await;
    one.record(vec![reading(&id, world.clock(), 280)], 5 * SECOND).await.unwrap();
    tokio::time::sleep(29 * SECOND).await;
    assert!(world.alarm("S1", "high").is_none());
    tokio::time::sleep(2 * SECOND).await;
    assert!(world.is_active("S1", "high"));
    world.lead(2).await;
    // The new leader knows of the alarm from state: it clears it, and the next is the next episode.
    two.record(vec![reading(&id, world.clock(), 260)], 5 * SECOND).await.unwrap();
    until(|| !world.is_active("S1", "high")).await;
    tokio::time::sleep(SECOND).await;
    two.record(vec![reading(&id, world.clock(), 280)], 5 * SECOND).await.unwrap();
    tokio::time::sleep(31 * SECOND).await;
    assert_eq!(world.alarm("S1", "high").unwrap().episode, 2);
    assert_eq!(world.proposed(FIELD, "RaiseAlarm"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sensor_that_is_quiet_again_has_no_actor() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    let router = world.node(1);
    world.lead(1).await;
    router.record(vec![reading(&sensor, world.clock(), 280)], 5 * SECOND).await.unwrap();
    until(|| world.is_active("S1", "high")).await;
    tokio::time::sleep(SECOND).await;
    let busy = router.counters().actors.load(Ordering::Relaxed);
    router.record(vec![reading(&sensor, world.clock(), 200)], 5 * SECOND).await.unwrap();
    until(|| !world.is_active("S1", "high")).await;
    until(|| router.counters().actors.load(Ordering::Relaxed) == busy - 1).await;
}

#[tokio::test(start_paused = true)]
async fn an_actor_that_panics_is_counted_and_its_next_use_wakes_a_new_one() {
    let world = World::new();
    let sensor = world.sensor("S1", "05443");
    let router = world.node(1);
    world.lead(1).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let reign = router.reign(FIELD).unwrap();
    reign.tell_district(&domain::EntityId::new("D1").unwrap(), crate::district::actor::DistrictMsg::Panic);
    until(|| router.counters().actor_failures.load(Ordering::Relaxed) == 1).await;
    router.record(vec![reading(&sensor, world.clock(), 280)], 5 * SECOND).await.unwrap();
    until(|| world.is_active("S1", "high")).await;
}
