//! Devices over MQTT while nodes die between receipt and commit: an acknowledged reading is there once, and one that was not
//! acknowledged is sent again and is there once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chaos_tests::{
    Failure,
    broker::Broker,
    device::DeviceConfig,
    load::Plan,
    registers::Reads,
    scene::Scene,
    unix_ms,
    world::{NODES, World},
};
use domain::wire::generated::event::Subject;
use node::watch::picture::Picture;
use tokio::time::sleep;

/// Nodes killed one after the other.
const KILLS: usize = 3;
/// Between two of a device's readings: so many are always under way that a node cannot die between them.
const PACE: Duration = Duration::from_millis(5);
/// Somebody leads, and a screen shows what was sent.
const SOON: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(100);
/// A drill that promised less than this has tested nothing.
const READINGS_MIN: usize = 500;

/// A moment up to 700 ms that nobody chose.
async fn some_moment() {
    sleep(Duration::from_millis(100 + unix_ms() % 600)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_die_between_receipt_and_commit() {
    let drill = async || {
        let world = World::start("mqtt").await?;
        let plan = Plan { http: false, mqtt: true, operators: 0, registers: Reads::None };
        let mut scene = Scene::begin("mqtt", world, plan, [1, 2]).await?;
        for (number, site) in (1..).zip(&scene.world.sites.clone()) {
            let addresses = scene.world.mqtt_from(number);
            scene.load.add_device(DeviceConfig {
                addresses,
                login: Some((chaos_tests::world::DEVICE.to_owned(), scene.world.secret.clone())),
                client_id: format!("drill-quick-{number}"),
                sensors: site.pushed.clone(),
                pace: PACE,
            });
        }
        for kill in 0..KILLS {
            sleep(Duration::from_secs(1)).await;
            some_moment().await;
            scene.world.kill(kill as u64 % NODES + 1)?;
            some_moment().await;
            scene.world.revive().await?;
        }
        sleep(Duration::from_secs(1)).await;
        scene.load.promised(READINGS_MIN, 0).await?;
        let promises = scene.judge().await?;
        assert!(promises.readings_acknowledged() >= READINGS_MIN, "{} readings", promises.readings_acknowledged());
        assert_eq!(promises.unknown(), 0, "a device gives nothing up");
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

/// Whether any sensor has a reading.
fn has_reading(picture: &Picture, sensors: &[String]) -> bool {
    sensors.iter().any(|sensor| last_at_ms(picture, sensor) > 0)
}

/// When the sensor's newest reading was measured; 0: it has none.
fn last_at_ms(picture: &Picture, sensor: &str) -> u64 {
    match picture.record(&format!("sensor/{sensor}")) {
        Some(Subject::Sensor(sensor)) => sensor.last_at_ms,
        _ => 0,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_node_takes_over_the_session_at_the_brokers() {
    if !Broker::is_installed() {
        println!("skipped: mosquitto is not installed (apt-get install mosquitto)");
        return;
    }
    let drill = async || {
        let broker = Broker::start("session").await?;
        let more = format!("[mqtt_client]\nhost = \"{}\"\nport = {}\n", broker.address.ip(), broker.address.port());
        let world = World::start_with("broker", &more).await?;
        let plan = Plan { http: false, mqtt: false, operators: 0, registers: Reads::None };
        let mut scene = Scene::begin("broker", world, plan, [1, 2]).await?;
        let config = |client_id: &str, sensors: &[String], pace| DeviceConfig {
            addresses: vec![broker.address],
            login: None,
            client_id: client_id.to_owned(),
            sensors: sensors.to_vec(),
            pace,
        };
        // What the broker acknowledges before anybody has subscribed is not kept by it. So one reading by hand, again and
        // again, until it has come through; from then on the session is there.
        let [probe, site] = scene.world.sites.clone();
        probe_until_it_comes_through(&scene, &config("probe", &probe.pushed, PACE)).await?;
        for (number, sensor) in site.sensors().enumerate() {
            let pace = Duration::from_millis(30);
            scene.load.add_device(config(&format!("broker-{number}"), std::slice::from_ref(sensor), pace));
        }
        for _ in 0..2 {
            sleep(Duration::from_secs(1)).await;
            some_moment().await;
            scene.screens[0].wait_until(SOON, |picture| picture.leader(0).is_some()).await?;
            let subscriber = scene.screens[0].picture(|picture| picture.leader(0)).ok_or("nobody leads")?;
            scene.world.kill(subscriber)?;
            sleep(Duration::from_secs(6)).await;
            scene.world.revive().await?;
        }
        sleep(Duration::from_secs(3)).await;
        scene.load.promised(READINGS_MIN, 0).await?;
        // The broker holds what it acknowledged until the cluster has it: only then is there something to judge. Nothing new comes from
        // here on, so that each sensor has a last reading.
        scene.load.set_resting(true);
        let until = Instant::now() + SOON;
        while scene.load.oracle.promises().unknown() > 0 {
            assert!(Instant::now() < until, "the broker does not acknowledge what it was sent");
            sleep(LOOK).await;
        }
        let mut newest: BTreeMap<String, u64> = BTreeMap::new();
        for (sensor, at_ms) in scene.load.oracle.promises().readings.into_keys() {
            let last = newest.entry(sensor).or_default();
            *last = at_ms.max(*last);
        }
        let has_all = |picture: &Picture| newest.iter().all(|(sensor, at_ms)| last_at_ms(picture, sensor) >= *at_ms);
        scene.screens[0].wait_until(SOON, has_all).await?;
        let promises = scene.judge().await?;
        assert!(promises.readings_acknowledged() >= READINGS_MIN, "{} readings", promises.readings_acknowledged());
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

/// Publishes outside of the oracle until a screen shows it.
async fn probe_until_it_comes_through(scene: &Scene, config: &DeviceConfig) -> Result<(), Failure> {
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let oracle = std::sync::Arc::default();
    let probe = tokio::spawn(chaos_tests::device::Device::new(config.clone(), oracle).run(stopped));
    let sensors = config.sensors.clone();
    scene.screens[0].wait_until(SOON, |picture| has_reading(picture, &sensors)).await?;
    stop.send_replace(true);
    probe.await??;
    Ok(())
}
