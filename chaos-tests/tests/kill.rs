//! Nodes die and freeze under load: what was acknowledged stays, once, and every screen goes on without a gap or a double.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::time::{Duration, Instant};

use chaos_tests::{
    Failure,
    load::Plan,
    scene::Scene,
    unix_ms,
    world::{NODES, World},
};
use node::watch::picture::Picture;
use tokio::time::sleep;

/// Work before the fault.
const CALM: Duration = Duration::from_secs(3);
/// Work under the fault, and again after it.
const STORM: Duration = Duration::from_secs(4);
/// How long a frozen node stays frozen: longer than its peers wait for it.
const FROZEN: Duration = Duration::from_secs(5);
/// How long one node of three is left alone: past the age at which screens must say that they are cut off.
const CUT_OFF: Duration = Duration::from_secs(7);
/// Deaths one after the other.
const TURNS: u64 = 6;
/// A leader, a picture, another line of a screen whose node is gone.
const SOON: Duration = Duration::from_secs(60);
/// A drill that promised less than this has tested nothing.
const READINGS_MIN: usize = 300;
const COMMANDS_MIN: usize = 20;

/// Who leads the group, by what a screen is told.
async fn leader(world: &World, group: u32) -> Result<u64, Failure> {
    let screen = world.screen(world.origins())?;
    screen.wait_until(SOON, |picture| picture.leader(group).is_some()).await?;
    screen.picture(|picture| picture.leader(group)).ok_or_else(|| "nobody leads".into())
}

fn another_than(node: u64) -> u64 {
    node % NODES + 1
}

/// The storm's end: somebody was hit, enough was promised, and every promise was kept.
async fn judge(scene: Scene) -> Result<(), Failure> {
    assert!(scene.load.oracle.attempts_failed() > 0, "the fault has hit nobody");
    scene.load.promised(READINGS_MIN, COMMANDS_MIN).await?;
    let promises = scene.judge().await?;
    assert!(promises.readings_acknowledged() >= READINGS_MIN, "{} readings", promises.readings_acknowledged());
    assert!(promises.commands_acknowledged() >= COMMANDS_MIN, "{} commands", promises.commands_acknowledged());
    Ok(())
}

/// Kills one node in the middle of the load and starts it again later. One screen is connected to it, one to another.
async fn kill_one(name: &'static str, choose: impl AsyncFnOnce(&World) -> Result<u64, Failure>) -> Result<(), Failure> {
    let world = World::start(name).await?;
    let victim = choose(&world).await?;
    let mut scene = Scene::begin(name, world, Plan::FULL, [victim, another_than(victim)]).await?;
    sleep(CALM).await;
    scene.world.kill(victim)?;
    scene.recovered(&format!("node {victim} killed"), Instant::now()).await?;
    sleep(STORM).await;
    scene.world.revive().await?;
    sleep(STORM).await;
    // It was connected to the node that died.
    scene.screens[0].wait_connection(SOON, |connection| connection.welcomes >= 2).await?;
    judge(scene).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_of_the_command_group_dies() {
    kill_one("leader-command", async |world| leader(world, 0).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_of_the_busiest_field_group_dies() {
    kill_one("leader-field", async |world| leader(world, world.sites[0].group).await).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_dies() {
    kill_one("follower", async |world| Ok(another_than(leader(world, 0).await?))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_die_at_once() {
    let drill = async || {
        let world = World::start("all").await?;
        let mut scene = Scene::begin("all", world, Plan::FULL, [1, 2]).await?;
        sleep(CALM).await;
        for node in 1..=NODES {
            scene.world.kill(node)?;
        }
        let fault = Instant::now();
        scene.world.cluster.start().map_err(|error| error.to_string())?;
        scene.recovered("all nodes killed", fault).await?;
        scene.world.revive().await?;
        sleep(STORM).await;
        for screen in &scene.screens {
            // It has lost its node, as every screen has.
            screen.wait_connection(SOON, |connection| connection.welcomes >= 2).await?;
        }
        judge(scene).await
    };
    drill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_freezes_and_comes_back_believing_that_it_leads() {
    let drill = async || {
        let world = World::start("frozen").await?;
        let victim = leader(&world, 0).await?;
        let mut scene = Scene::begin("frozen", world, Plan::FULL, [victim, another_than(victim)]).await?;
        sleep(CALM).await;
        scene.world.signal(victim, "STOP")?;
        let fault = Instant::now();
        sleep(FROZEN).await;
        scene.world.signal(victim, "CONT")?;
        scene.recovered(&format!("node {victim} frozen for {FROZEN:?}"), fault).await?;
        sleep(STORM).await;
        judge(scene).await
    };
    drill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_die_in_turn_as_soon_as_the_last_one_is_back() {
    let drill = async || {
        let world = World::start("turns").await?;
        let mut scene = Scene::begin("turns", world, Plan::FULL, [1, 2]).await?;
        for turn in 0..TURNS {
            let victim = (turn + unix_ms() % 2) % NODES + 1;
            sleep(Duration::from_millis(500 + unix_ms() % 1_000)).await;
            scene.world.kill(victim)?;
            let fault = Instant::now();
            sleep(Duration::from_millis(unix_ms() % 1_500)).await;
            scene.world.revive().await?;
            scene.recovered(&format!("node {victim} killed"), fault).await?;
        }
        judge(scene).await
    };
    drill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_quorum_nothing_is_promised_and_the_screen_says_how_old_it_is() {
    let drill = async || {
        let world = World::start("minority").await?;
        let mut scene = Scene::begin("minority", world, Plan::FULL, [1, 2]).await?;
        sleep(CALM).await;
        let survivor = scene.world.screen(scene.world.origin(3))?;
        survivor.wait_until(SOON, Picture::is_complete).await?;
        scene.world.kill(1)?;
        scene.world.kill(2)?;
        // What was under way when they died may still be answered.
        sleep(Duration::from_secs(1)).await;
        let fault = Instant::now();
        sleep(CUT_OFF).await;
        // The survivor says how old its picture is; on a busy machine a heartbeat later.
        let age_ms = |picture: &Picture| picture.heartbeat.as_ref().map(|heartbeat| heartbeat.quorum_age_ms);
        survivor.wait_until(SOON, |picture| age_ms(picture).is_some_and(|age_ms| age_ms >= 5_000)).await?;
        assert_eq!(scene.load.oracle.first_command_after(fault), None, "one of three is no quorum");
        assert_eq!(survivor.connection().welcomes, 1, "a cut-off node goes on serving its screens");
        let revived = Instant::now();
        scene.world.revive().await?;
        scene.recovered("two of three killed and revived", revived).await?;
        sleep(STORM).await;
        survivor.wait_until(SOON, |picture| age_ms(picture).is_some_and(|age_ms| age_ms < 2_000)).await?;
        judge(scene).await
    };
    drill().await.unwrap();
}
