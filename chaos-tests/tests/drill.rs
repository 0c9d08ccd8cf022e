//! The drill that an operations team runs on its own cluster, over real nodes: it ends by itself, whoever is gone; it is stopped; it is
//! refused where it would harm; and its report says what was measured.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use chaos_tests::{
    Failure,
    desk::{Desk, Outcome},
    world::World,
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

/// A cluster that has just started is well by then.
const WELL_WITHIN: Duration = Duration::from_secs(60);
/// A drill is closed by then after its time.
const CLOSED_WITHIN: Duration = Duration::from_secs(180);
/// Drills that may break a promise of time: a machine that does much else is late once, and who is late each time is slow.
const DRILLS_MAX: usize = 3;
/// Scenarios with who suffers, how strong they usually are, and how many promises they have.
const OTHERS: [(&str, &[u64], u32, usize); 4] = [
    ("link_lost", &[3], 0, 5),
    ("slow_disk", &[3], 120, 5),
    ("camera_storm", &[], 240, 6),
    ("call_surge", &[], 120, 6),
];
/// Between two looks.
const LOOK: Duration = Duration::from_millis(500);

/// Asks until the cluster is well enough for a drill; its number. Who was away may be well before the log counts it as up:
/// until then too many of those that are up would be hit.
async fn begin(desk: &Desk, wanted: &Value) -> Result<u64, Failure> {
    let until = Instant::now() + WELL_WITHIN;
    let may_pass = |body: &Value| body["code"] == "unhealthy" || body["code"] == "invalid";
    loop {
        match desk.command("/api/drills", wanted).await {
            Outcome::Accepted(body) => return Ok(body["drill"].as_u64().ok_or("no number")?),
            Outcome::Refused { body, .. } if may_pass(&body) && Instant::now() < until => sleep(LOOK).await,
            other => return Err(format!("{wanted}: {other:?}").into()),
        }
    }
}

/// The drill as a node has it, once `is_so`.
async fn wait(desk: &Desk, number: u64, is_so: impl Fn(&Value) -> bool) -> Result<Value, Failure> {
    let until = Instant::now() + CLOSED_WITHIN;
    loop {
        let drill = match desk.get(&format!("/api/drills/{number}")).await {
            // It has begun, and this node has not heard of it yet.
            Outcome::Refused { status: 404, .. } => Value::Null,
            answer => answer.accepted("the drill")?,
        };
        if drill.is_object() && is_so(&drill) {
            return Ok(drill);
        }
        if Instant::now() >= until {
            return Err(format!("drill {number} stands still: {drill}").into());
        }
        sleep(LOOK).await;
    }
}

fn is_closed(drill: &Value) -> bool {
    drill["closed_at_ms"].as_u64() > Some(0)
}

/// The terms of all groups, as that node has them.
async fn terms(desk: &Desk) -> Result<u64, Failure> {
    let status = desk.get("/api/cluster").await.accepted("the cluster")?;
    let groups = status["groups"].as_array().ok_or("no groups")?;
    Ok(groups.iter().filter_map(|group| group["term"].as_u64()).sum())
}

fn samples(drill: &Value) -> impl Iterator<Item = &Value> {
    drill["samples"].as_array().into_iter().flatten()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_is_lost_at_dispatch_and_comes_back_by_itself() {
    let drill = async || {
        let mut world = World::start("drill-leader").await?;
        let wanted = json!({ "scenario": "leader_lost", "seconds": 10, "strength": 120, "purpose": "practice" });
        let (mut number, mut broken) = (0, Vec::new());
        for _ in 0..DRILLS_MAX {
            // The first sample may come after the election: a busy machine looks late.
            let before = terms(&world.admin).await?;
            number = begin(&world.admin, &wanted).await?;
            let again = world.admin.command("/api/drills", &wanted).await;
            assert!(matches!(again, Outcome::Refused { status: 409, .. }), "one at a time: {again:?}");
            let done = wait(&world.admin, number, is_closed).await?;
            assert_eq!(done["ended"], "over", "{done}");
            let last = samples(&done).last().and_then(|it| it["terms"].as_u64());
            assert!(before > 0 && last > Some(before), "an election was held after {before}: {done}");
            assert!(samples(&done).any(|it| it["silent"] == 1), "a node was silent: {done}");
            let verdicts = done["verdicts"].as_array().cloned().unwrap_or_default();
            assert_eq!(verdicts.len(), 6, "{verdicts:?}");
            assert!(verdicts.iter().all(|it| it["promise"] != "keeps" || it["kept"] == true), "lost: {verdicts:?}");
            broken = verdicts.into_iter().filter(|it| it["kept"] != true).collect();
            if broken.is_empty() {
                break;
            }
            println!("drill-leader: drill {number} broke {broken:?}");
        }
        assert!(broken.is_empty(), "in each of {DRILLS_MAX} drills a promise was broken, in the last {broken:?}");

        // What was opened as an exercise is closed, and a real report is taken as ever.
        let incidents = world.admin.read("/api/incidents").await.accepted("incidents")?;
        let items = incidents["items"].as_array().cloned().unwrap_or_default();
        let open = items.iter().filter(|it| it["exercise"] == true && it["status"] != "closed").count();
        assert_eq!(open, 0, "{incidents}");
        let site = &world.sites[0];
        let report = json!({
            "reference": "real", "kind": "other", "severity": "low", "place": site.place(), "summary": "real",
        });
        world.put("/api/reports", report).await?;
        let now = world.admin.read("/api/drills/now").await.accepted("now")?;
        assert_eq!(now, json!({ "last": number, "drill": null }));
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drill_is_over_although_the_node_that_watched_it_is_dead() {
    let drill = async || {
        let mut world = World::start("drill-watcher").await?;
        let wanted = json!({ "scenario": "node_lost", "nodes": [3], "seconds": 15, "purpose": "practice" });
        let two = json!({ "scenario": "node_lost", "nodes": [2, 3], "seconds": 15, "purpose": "practice" });
        // Whoever is asked watches.
        let first = world.admin.at(&world.origin(1));
        let number = begin(&first, &wanted).await?;
        let second = world.admin.at(&world.origins_from(2));
        wait(&second, number, |drill| samples(drill).count() >= 2).await?;
        // The last two nodes do not hear each other now: nothing can be agreed on before the fault ends by itself.
        world.kill(1)?;
        let done = wait(&second, number, is_closed).await?;
        assert_eq!(done["verdicts"], json!([]), "nobody measured it to its end");
        assert!(done["ended"] == "over" || done["ended"] == "lost", "{done}");
        let refused = second.command("/api/drills", &wanted).await;
        assert!(matches!(&refused, Outcome::Refused { body, .. } if body["code"] == "unhealthy"), "{refused:?}");
        world.revive().await?;
        // Well again, and still: never the majority.
        let stopped = begin(&second, &wanted).await?;
        second.command(&format!("/api/drills/{stopped}/stop"), &json!({})).await.accepted("stop")?;
        let done = wait(&second, stopped, is_closed).await?;
        assert_eq!(done["ended"], "stopped", "{done}");
        let majority = second.command("/api/drills", &two).await;
        let code = |body: &Value| body["code"] == "quorum" || body["code"] == "unhealthy";
        assert!(matches!(&majority, Outcome::Refused { body, .. } if code(body)), "{majority:?}");
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

/// What of a list is part of an exercise.
fn played(list: &Value) -> Vec<&Value> {
    list["items"].as_array().into_iter().flatten().filter(|it| it["exercise"] == true).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_a_disk_a_storm_of_cameras_and_a_surge_of_calls_are_drilled_and_leave_nothing_behind() {
    let drill = async || {
        let mut world = World::start("drill-others").await?;
        for site in &world.sites {
            // The port is closed: each camera is tried again and again, as one that is down is.
            let id = format!("cau-{}", site.district);
            let camera = json!({ "id": id, "name": id, "rtsp_url": "rtsp://127.0.0.1:1/1", "place": site.place() });
            world.put("/api/cameras", camera).await?;
        }
        // Whoever is asked watches.
        let first = world.admin.at(&world.origin(1));
        for (scenario, nodes, strength, promises) in OTHERS {
            let wanted = json!({ "scenario": scenario, "nodes": nodes, "seconds": 10, "purpose": "practice" });
            let number = begin(&first, &wanted).await?;
            let done = wait(&first, number, is_closed).await?;
            assert_eq!((&done["scenario"], &done["ended"]), (&json!(scenario), &json!("over")), "{done}");
            assert_eq!((&done["nodes"], &done["strength"]), (&json!(nodes), &json!(strength)), "{done}");
            let verdicts = done["verdicts"].as_array().cloned().unwrap_or_default();
            assert_eq!(verdicts.len(), promises, "{done}");
            assert!(verdicts.iter().all(|it| it["promise"] != "keeps" || it["kept"] == true), "lost: {done}");
            let is_silent = samples(&done).any(|it| it["silent"] == 1);
            assert!(is_silent || scenario != "link_lost", "a node was cut off: {done}");
            let last = samples(&done).last().ok_or("nothing was measured")?;
            // Of a load some was taken; who breaks a node sends none.
            assert_eq!(last["sent"].as_u64() > last["refused"].as_u64(), nodes.is_empty(), "{done}");
        }

        // It was marked, and is over.
        let incidents = first.get("/api/incidents").await.accepted("incidents")?;
        let calls = played(&incidents);
        assert!(!calls.is_empty() && calls.iter().all(|it| it["status"] == "closed"), "{incidents}");
        let alarms = first.get("/api/alarms").await.accepted("alarms")?;
        let raised = played(&alarms);
        assert!(!raised.is_empty() && raised.iter().all(|it| it["active"] == false), "{alarms}");
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
