//! Who may see and do what, over real nodes: nothing of another district, nothing after the rights are gone, and a session that
//! outlives the node that opened it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{sync::Arc, time::Duration};

use chaos_tests::{
    Failure,
    desk::{Desk, Outcome},
    device::{Device, DeviceConfig},
    oracle::Oracle,
    unix_ms,
    world::{NODES, Site, World},
};
use domain::wire::generated::event::Subject;
use node::watch::{Screen, ScreenConfig, picture::Picture};
use serde_json::{Value, json};
use tokio::time::sleep;

/// A first complete picture.
const PICTURE: Duration = Duration::from_secs(60);
/// A change of rights must have reached every screen.
const REACHED: Duration = Duration::from_secs(10);
/// An operator of the first district.
const LAN: &str = "lan";
/// A device account of the first district.
const STATION: &str = "tram-a";

fn screen(origins: Vec<String>, desk: &Desk) -> Result<Screen, Failure> {
    Ok(Screen::open(ScreenConfig::new(origins, desk.token().to_owned()))?)
}

fn report(site: &Site, summary: &str) -> Value {
    json!({
        "reference": summary, "kind": "other", "severity": "low", "place": site.place(), "summary": summary,
    })
}

/// Codes of the communes that records with a place lie in.
fn communes(picture: &Picture) -> Vec<String> {
    let mut codes: Vec<String> = picture
        .groups
        .iter()
        .flat_map(|group| group.records.values())
        .filter_map(|record| match record {
            Subject::Sensor(it) => it.place.clone(),
            Subject::Camera(it) => it.place.clone(),
            Subject::Alarm(it) => it.place.clone(),
            Subject::Incident(it) => it.place.clone(),
            Subject::Unit(it) => it.station.clone(),
            _ => None,
        })
        .map(|place| place.admin_unit)
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

/// Every id and place that a list answers.
fn listed(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().cloned().unwrap_or_default();
    items.iter().filter_map(|item| item["place"]["admin_unit"].as_str().map(str::to_owned)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_of_one_district_sees_and_does_only_that() {
    let drill = async || {
        let mut world = World::start("rights").await?;
        let [a, b] = world.sites.clone();
        world.put_person(LAN, "operator", &[&a.district], false).await?;
        world.put_person(STATION, "device", &[&a.district], false).await?;
        let of_b = world.put("/api/reports", report(&b, "b-first")).await?;
        let id_b = of_b["entity"].as_str().ok_or("no id")?.to_owned();

        let origins = world.origins();
        let lan = Desk::sign_in(&origins, LAN, &world.secret).await?;
        let view = screen(origins.clone(), &lan)?;
        view.wait_until(PICTURE, Picture::is_complete).await?;
        assert_eq!(view.picture(communes), std::slice::from_ref(&a.commune));

        // What happens in B is not told, what happens in A is.
        world.put("/api/reports", report(&b, "b-second")).await?;
        let readings: Vec<_> =
            [&a, &b].iter().map(|site| json!({ "sensor": site.pushed[0], "at_ms": unix_ms(), "value": 1.0 })).collect();
        world.admin.push("/api/readings", &json!(readings)).await.accepted("readings")?;
        lan.command("/api/reports", &report(&a, "a-first")).await.accepted("a report in A")?;
        view.wait_until(REACHED, |picture| {
            picture.records("incident").any(|(_, it)| matches!(it, Subject::Incident(it) if it.summary == "a-first"))
                && picture.counters.readings > 0
        })
        .await?;
        assert_eq!(view.picture(communes), std::slice::from_ref(&a.commune));
        let shown: Vec<String> = view.picture(|picture| {
            let seen = picture.groups.iter().flat_map(|group| &group.seen);
            seen.flat_map(|seen| seen.readings.iter().map(|(sensor, _)| sensor.clone())).collect()
        });
        assert!(shown.iter().all(|sensor| sensor.starts_with("a-")) && !shown.is_empty(), "{shown:?}");

        // Nor is it answered.
        for path in ["/api/sensors", "/api/incidents"] {
            let places = listed(&lan.read(path).await.accepted(path)?);
            assert!(!places.is_empty() && places.iter().all(|place| *place == a.commune), "{path}: {places:?}");
        }
        let hidden = format!("/api/sensors/{}/readings", b.pushed[0]);
        assert_eq!(lan.get(&hidden).await.refused(), Some(404));
        assert_eq!(lan.get(&format!("/api/incidents/{id_b}/timeline")).await.refused(), Some(404));
        assert_eq!(lan.get("/api/people").await.refused(), Some(403));

        // Nor can it be done.
        assert_eq!(lan.command("/api/reports", &report(&b, "b-third")).await.refused(), Some(403));
        let note = lan.command(&format!("/api/incidents/{id_b}/note"), &json!({ "note": "x" })).await;
        assert!(matches!(note.refused(), Some(403 | 404)), "{note:?}");
        let sensor = lan.command("/api/sensors", &a.sensor("a-new")).await;
        assert_eq!(sensor.refused(), Some(403), "an operator registers nothing");
        let own = json!([{ "sensor": a.pushed[1], "at_ms": unix_ms(), "value": 1.0 }]);
        assert_eq!(lan.push("/api/readings", &own).await.refused(), Some(403), "an operator is no device");

        // A device account speaks for the sensors of its district.
        let station = Desk::sign_in(&origins, STATION, &world.secret).await?;
        station.push("/api/readings", &own).await.accepted("a reading of A")?;
        let foreign = json!([{ "sensor": b.pushed[1], "at_ms": unix_ms(), "value": 1.0 }]);
        assert_eq!(station.push("/api/readings", &foreign).await.refused(), Some(403));
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_of_one_district_cannot_speak_for_anothers_sensor_over_mqtt() {
    let drill = async || {
        let mut world = World::start("rights-mqtt").await?;
        let [a, b] = world.sites.clone();
        world.put_person(STATION, "device", &[&a.district], false).await?;
        let view = world.screen(world.origins())?;
        view.wait_until(PICTURE, Picture::is_complete).await?;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let config = DeviceConfig {
            addresses: world.mqtt_from(1),
            login: Some((STATION.to_owned(), world.secret.clone())),
            client_id: "station".to_owned(),
            sensors: vec![a.published[0].clone(), b.published[0].clone()],
            pace: Duration::from_millis(100),
        };
        let device = tokio::spawn(Device::new(config, Arc::new(Oracle::default())).run(stopped));
        let last = |picture: &Picture, sensor: &str| match picture.record(&format!("sensor/{sensor}")) {
            Some(Subject::Sensor(sensor)) => sensor.last_at_ms,
            _ => 0,
        };
        view.wait_until(REACHED, |picture| last(picture, &a.published[0]) > 0).await?;
        // The foreign one was published right after the own one, so this is enough of them.
        sleep(Duration::from_secs(1)).await;
        stop.send_replace(true);
        device.await??;
        let foreign = view.picture(|picture| last(picture, &b.published[0]));
        assert_eq!(foreign, 0, "{} recorded a reading of an account of {}", b.published[0], a.district);
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rights_that_are_gone_are_gone_on_every_screen() {
    let drill = async || {
        let mut world = World::start("revoked").await?;
        let [a, b] = world.sites.clone();
        world.put_person(LAN, "operator", &[&a.district], false).await?;
        let origins = world.origins();
        let lan = Desk::sign_in(&origins, LAN, &world.secret).await?;
        let views: Vec<Screen> = (1..=NODES).map(|node| screen(world.origin(node), &lan)).collect::<Result<_, _>>()?;
        for view in &views {
            view.wait_until(PICTURE, Picture::is_complete).await?;
            assert_eq!(view.picture(communes), std::slice::from_ref(&a.commune));
        }
        // Another district: the same line, another picture.
        world.put_person(LAN, "operator", &[&b.district], false).await?;
        for view in &views {
            let moved =
                |picture: &Picture| picture.is_complete() && communes(picture) == std::slice::from_ref(&b.commune);
            view.wait_until(REACHED, moved).await?;
            let (counters, welcomes) = (view.picture(|picture| picture.counters), view.connection().welcomes);
            assert!(counters.resets > 0 && counters.gaps == 0 && counters.doubles == 0, "{counters:?}");
            assert_eq!(welcomes, 1, "a change of rights needs no new line");
        }
        assert_eq!(lan.command("/api/reports", &report(&a, "late")).await.refused(), Some(403));

        // Nobody at all any more.
        let gone = json!({ "id": LAN, "name": LAN, "role": "operator", "districts": [b.district], "disabled": true });
        world.put("/api/people", gone).await?;
        for view in &views {
            view.wait_connection(REACHED, |connection| connection.over.is_some()).await?;
            assert_eq!(view.connection().over.as_deref(), Some("session-ended"));
        }
        for node in 1..=NODES {
            let answer = lan.at(&world.origin(node)).get("/api/incidents").await;
            assert_eq!(answer.refused(), Some(401), "node {node}: {answer:?}");
        }
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlives_the_node_that_opened_it() {
    let drill = async || {
        let mut world = World::start("session").await?;
        let [a, _] = world.sites.clone();
        world.put_person(LAN, "operator", &[&a.district], false).await?;
        for node in 1..=NODES {
            let lan = Desk::sign_in(&world.origin(node), LAN, &world.secret).await?;
            let others: Vec<String> =
                (1..=NODES).filter(|other| *other != node).flat_map(|other| world.origin(other)).collect();
            world.kill(node)?;
            let lan = lan.at(&others);
            let session = lan.get("/api/session").await.accepted("the session")?;
            assert_eq!(session["person"], LAN);
            let done = lan.command("/api/reports", &report(&a, &format!("after-{node}"))).await;
            assert!(matches!(done, Outcome::Accepted(_)), "{done:?}");
            let view = screen(others, &lan)?;
            view.wait_until(PICTURE, Picture::is_complete).await?;
            world.revive().await?;
        }
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
