//! Disks run full under load: the lead moves away, writes are refused by name when no disk is left, reads go on, nothing is lost,
//! and everything goes on by itself when there is room again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use chaos_tests::{
    Failure,
    ballast::{Ballast, limit, limits},
    desk::Outcome,
    load::Plan,
    scene::Scene,
    world::{NODES, World},
};
use serde_json::json;
use tokio::time::sleep;

/// Work before and after the fault.
const CALM: Duration = Duration::from_secs(3);
/// A node that runs low has measured it and given its leads away.
const MOVED_WITHIN: Duration = Duration::from_secs(60);
/// How long a command is tried that has to be refused.
const REFUSED_WITHIN: Duration = Duration::from_secs(8);
/// A node that has room again has measured it.
const AGAIN_WITHIN: Duration = Duration::from_secs(60);
/// A drill that promised less than this has tested nothing.
const READINGS_MIN: usize = 300;

/// Restarts the nodes with limits under which the ballast leaves them too little.
async fn with_limits(world: &mut World, nodes: &[u64]) -> Result<(), Failure> {
    let limits = limits(&std::env::temp_dir())?;
    for node in nodes {
        world.kill(*node)?;
    }
    for node in nodes {
        limit(world, *node, &limits)?;
    }
    world.revive().await
}

/// What this node's own state says was reported. It may be a moment behind what was acknowledged.
async fn summaries(world: &World, node: u64, expected: usize) -> Result<Vec<String>, Failure> {
    let until = Instant::now() + AGAIN_WITHIN;
    loop {
        let read = world.admin.at(&world.origin(node)).get("/api/incidents").await.accepted("incidents")?;
        let items = read["items"].as_array().into_iter().flatten();
        let summaries: Vec<String> = items.filter_map(|it| it["summary"].as_str().map(str::to_owned)).collect();
        if summaries.len() >= expected || Instant::now() >= until {
            return Ok(summaries);
        }
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_disk_runs_low_leads_nothing_and_nobody_notices() {
    let drill = async || {
        let mut world = World::start("disk-low").await?;
        let screen = world.screen(world.origins())?;
        screen.wait_until(MOVED_WITHIN, |picture| picture.leader(0).is_some()).await?;
        let victim = screen.picture(|picture| picture.leader(0)).ok_or("nobody leads")?;
        with_limits(&mut world, &[victim]).await?;
        let scene = Scene::begin("disk-low", world, Plan::FULL, [victim, victim % NODES + 1]).await?;
        sleep(CALM).await;
        let ballast = Ballast::take(&std::env::temp_dir())?;
        let leads_nothing = |picture: &node::watch::picture::Picture| {
            (0..=8).all(|group| picture.leader(group).is_some_and(|leader| leader != victim))
        };
        scene.screens[1].wait_until(MOVED_WITHIN, leads_nothing).await?;
        scene.recovered("the disk of a leader runs low", Instant::now()).await?;
        sleep(CALM).await;
        // Nor has a lead gone back to a node without room. On a busy machine nobody may lead a group for a moment.
        scene.screens[1].wait_until(MOVED_WITHIN, leads_nothing).await?;
        drop(ballast);
        sleep(CALM).await;
        scene.load.promised(READINGS_MIN, 0).await?;
        let promises = scene.judge().await?;
        assert!(promises.readings_acknowledged() >= READINGS_MIN, "{} readings", promises.readings_acknowledged());
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn when_all_disks_run_low_writes_are_refused_by_name_reads_go_on_and_it_recovers() {
    let drill = async || {
        let mut world = World::start("disk-full").await?;
        let nodes: Vec<u64> = (1..=NODES).collect();
        with_limits(&mut world, &nodes).await?;
        let report = |reference: &str| {
            let place = world.sites[0].place();
            json!({ "reference": reference, "kind": "other", "severity": "low", "place": place, "summary": reference })
        };
        world.put("/api/reports", report("before")).await?;
        let ballast = Ballast::take(&std::env::temp_dir())?;
        // What is taken before all have measured is kept like everything else.
        let mut taken = 1;
        let last = loop {
            match world.admin.command_within("/api/reports", &report(&format!("full-{taken}")), REFUSED_WITHIN).await {
                Outcome::Accepted(_) => taken += 1,
                Outcome::Refused { status, body } => return Err(format!("{status} {body}").into()),
                Outcome::Unknown(last) => break last,
            }
        };
        assert!(last.contains(" 507 ") && last.contains("disk_full"), "{last}");
        for node in &nodes {
            let read = summaries(&world, *node, taken).await?;
            assert_eq!(read.len(), taken, "node {node}: {read:?}");
        }
        drop(ballast);
        let again = world.admin.command_within("/api/reports", &report("after"), AGAIN_WITHIN).await;
        assert!(matches!(again, Outcome::Accepted(_)), "{again:?}");
        for node in &nodes {
            let read = summaries(&world, *node, taken + 1).await?;
            assert_eq!(read.len(), taken + 1, "node {node}: {read:?}");
            assert!(["before", "after"].iter().all(|told| read.iter().any(|it| it == told)), "node {node}: {read:?}");
        }
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
