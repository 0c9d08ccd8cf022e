//! Deadlines of real nodes: each is told once and within ten seconds, across a leader that dies, a restart of all nodes and clocks
//! that jump. The timeline of the incident that they serve says what was told, and when.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chaos_tests::{
    Failure,
    deadlines::{Given, LATE_MS_MAX, Spread},
    shim::{Control, Shim},
    unix_ms,
    world::{NODES, World},
};
use node::watch::{Screen, picture::Picture};
use tokio::time::sleep;

/// Deadlines of a drill.
const SPREAD: Spread = Spread { count: 50, ahead_ms: 5_000, spacing_ms: 220 };
/// A first complete picture, and another leader.
const SOON: Duration = Duration::from_secs(60);
/// The leader's clock: so long after the first deadline it is so far ahead, for so long. Twenty minutes ahead everything is due at
/// once. Behind nothing is: longer than a deadline may be late, so the leader must not wait until somebody asks it for something.
const JUMPS: [(Duration, i64, Duration); 2] = [
    (Duration::from_millis(500), 20 * 60_000, Duration::from_millis(2_500)),
    (Duration::from_millis(3_500), -40_000, Duration::from_secs(11)),
];

/// Who leads the command group, as this screen is told.
async fn leader(screen: &Screen) -> Result<u64, Failure> {
    screen.wait_until(SOON, |picture| picture.leader(0).is_some()).await?;
    screen.picture(|picture| picture.leader(0)).ok_or_else(|| "nobody leads".into())
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_told_once_and_in_time_across_a_dead_leader_and_a_restart_of_all() {
    let drill = async || {
        let mut world = World::start("deadlines").await?;
        let screen = world.screen(world.origins())?;
        screen.wait_until(SOON, Picture::is_complete).await?;
        let given = Given::to(&world, SPREAD).await?;

        given.sleep_until(Duration::from_millis(1_500)).await;
        world.kill(leader(&screen).await?)?;
        world.revive().await?;

        given.sleep_until(Duration::from_secs(6)).await;
        for node in 1..=NODES {
            world.kill(node)?;
        }
        let dead = Instant::now();
        world.revive().await?;
        let down = dead.elapsed();
        println!("all nodes are ready again after {:.1} s", down.as_secs_f64());
        let worst = given.judge(&world, unix_ms()).await?;
        // What fell due while one leader was dead was not put off until all were back.
        let late_max = Duration::from_millis(LATE_MS_MAX) + down;
        assert!(worst <= late_max, "{worst:?} late, with all nodes down for {down:?}");

        let counters = screen.picture(|picture| picture.counters);
        assert_eq!((counters.gaps, counters.doubles), (0, 0), "{counters:?}");
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaders_clock_that_jumps_tells_none_early_late_or_twice() {
    let drill = async || {
        let mut shims: BTreeMap<u64, Shim> = BTreeMap::new();
        let mut world = World::start_prepared("deadlines-clock", "", |cluster, folder| {
            let library = Shim::compile(folder)?;
            for node in &mut cluster.nodes {
                let shim = Shim::new(library.clone(), folder.join(format!("faults-{}", node.id)), Control::default())?;
                node.environment = shim.environment();
                shims.insert(node.id, shim);
            }
            Ok(())
        })
        .await?;
        let screen = world.screen(world.origins())?;
        screen.wait_until(SOON, Picture::is_complete).await?;
        let given = Given::to(&world, SPREAD).await?;

        for (after, ahead_ms, hold) in JUMPS {
            given.sleep_until(after).await;
            let victim = leader(&screen).await?;
            let shim = shims.get_mut(&victim).ok_or("there is no such node")?;
            shim.set(|control| control.clock_ahead_ms = ahead_ms)?;
            sleep(hold).await;
            shim.set(Control::heal)?;
            println!("node {victim} led, and its clock was {ahead_ms} ms ahead for {hold:?}");
        }
        // Nothing was down: no deadline counts from later than its own time.
        given.judge(&world, 0).await?;
        world.done();
        Ok::<_, Failure>(())
    };
    drill().await.unwrap();
}
