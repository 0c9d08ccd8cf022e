//! Deadlines of real nodes: each is told once and within ten seconds, across a leader that dies, a restart of all nodes and clocks
//! that jump. The timeline of the incident that they serve says what was told, and when.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use chaos_tests::{
    Failure,
    shim::{Control, Shim},
    unix_ms,
    world::{NODES, World},
};
use node::watch::{Screen, picture::Picture};
use serde_json::{Value, json};
use tokio::time::sleep;

/// Deadlines of a drill.
const COUNT: u64 = 50;
/// From the first command to the first deadline: all are given by then.
const AHEAD_MS: u64 = 5_000;
/// Between two deadlines.
const SPACING_MS: u64 = 220;
/// So late one may be told.
const LATE_MS_MAX: u64 = 10_000;
/// After the last one was told: until it would have been told twice.
const LISTEN: Duration = Duration::from_secs(2);
/// A first complete picture, and another leader.
const SOON: Duration = Duration::from_secs(20);
/// The leader's clock: so long after the first deadline it is so far ahead, for so long. Twenty minutes ahead everything is due at
/// once. Behind nothing is: longer than a deadline may be late, so the leader must not wait until somebody asks it for something.
const JUMPS: [(Duration, i64, Duration); 2] = [
    (Duration::from_millis(500), 20 * 60_000, Duration::from_millis(2_500)),
    (Duration::from_millis(3_500), -40_000, Duration::from_secs(11)),
];
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

/// What was given: the incident, and when each clock is due.
struct Given {
    incident: String,
    due_at_ms: BTreeMap<String, u64>,
    first_at_ms: u64,
}

impl Given {
    /// Gives instructions that are due one after the other, for one incident.
    async fn to(world: &World) -> Result<Self, Failure> {
        let site = &world.sites[0];
        let report = json!({
            "reference": "served", "kind": "other", "severity": "info", "place": site.place(), "summary": "Ngập hầm chui",
        });
        let incident = entity(&world.put("/api/reports", report).await?)?;
        let first_at_ms = unix_ms() + AHEAD_MS;
        let mut due_at_ms = BTreeMap::new();
        for number in 0..COUNT {
            let due = first_at_ms + number * SPACING_MS;
            let instruction = json!({
                "title": format!("Việc {number}"), "incident": incident, "admin_unit": site.commune,
                "agency": "Sở Xây dựng", "due_at_ms": due,
            });
            let given = entity(&world.put("/api/instructions", instruction).await?)?;
            // Its only clock is its first.
            due_at_ms.insert(format!("{given}#1"), due);
        }
        assert!(unix_ms() < first_at_ms, "the machine is too slow for this drill");
        Ok(Self { incident, due_at_ms, first_at_ms })
    }

    fn last_at_ms(&self) -> u64 {
        self.first_at_ms + COUNT * SPACING_MS
    }

    /// Sleeps until so long after the first one is due.
    async fn sleep_until(&self, after: Duration) {
        let since_ms = unix_ms().saturating_sub(self.first_at_ms);
        let early = Duration::from_millis(self.first_at_ms.saturating_sub(unix_ms()));
        sleep((early + after).saturating_sub(Duration::from_millis(since_ms))).await;
    }

    /// Waits until all were told, and a little longer; each has to be told once, not early, and not late by more than
    /// [`LATE_MS_MAX`]. While no node ran nothing could be told: what was due by `back_at_ms` counts from then.
    async fn judge(&self, world: &World, back_at_ms: u64) -> Result<(), Failure> {
        let until_ms = self.last_at_ms().max(back_at_ms) + LATE_MS_MAX;
        while self.told(world).await?.len() < self.due_at_ms.len() && unix_ms() < until_ms {
            sleep(LOOK).await;
        }
        sleep(LISTEN).await;
        let mut told: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        for (clock, at_ms) in self.told(world).await? {
            told.entry(clock).or_default().push(at_ms);
        }
        let mut worst_ms = 0;
        for (clock, due) in &self.due_at_ms {
            let times = told.remove(clock).unwrap_or_default();
            assert_eq!(times.len(), 1, "{clock}, due at {due}, was told at {times:?}");
            let counted_from = if *due <= back_at_ms { back_at_ms } else { *due };
            assert!(times[0] >= *due, "{clock}, due at {due}, was told early, at {}", times[0]);
            assert!(times[0] <= counted_from + LATE_MS_MAX, "{clock}, due at {due}, was told late, at {}", times[0]);
            worst_ms = worst_ms.max(times[0] - due);
        }
        assert!(told.is_empty(), "nobody asked for {told:?}");
        println!("{COUNT} deadlines, each told once, the latest {worst_ms} ms late");
        Ok(())
    }

    /// Every line that tells that a clock is late: which, and when.
    async fn told(&self, world: &World) -> Result<Vec<(String, u64)>, Failure> {
        let path = format!("/api/incidents/{}/timeline", self.incident);
        let timeline = world.admin.get(&path).await.accepted(&path)?;
        let lines = timeline.as_array().ok_or("a timeline is no list")?;
        let late = lines.iter().filter(|line| line["kind"] == "deadline_late");
        let told = |line: &Value| {
            let clock = line["note"].as_str()?.split(' ').next()?.to_owned();
            Some((clock, line["at_ms"].as_u64()?))
        };
        Ok(late.filter_map(told).collect())
    }
}

fn entity(done: &Value) -> Result<String, Failure> {
    Ok(done["entity"].as_str().ok_or("nothing was made")?.to_owned())
}

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
        let given = Given::to(&world).await?;

        given.sleep_until(Duration::from_millis(1_500)).await;
        world.kill(leader(&screen).await?)?;
        world.revive().await?;

        given.sleep_until(Duration::from_secs(6)).await;
        for node in 1..=NODES {
            world.kill(node)?;
        }
        let dead = Instant::now();
        world.revive().await?;
        println!("all nodes are ready again after {:.1} s", dead.elapsed().as_secs_f64());
        given.judge(&world, unix_ms()).await?;

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
        let mut world = World::start_prepared("deadlines-clock", "", 0, |cluster, folder| {
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
        let given = Given::to(&world).await?;

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
