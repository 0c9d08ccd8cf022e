//! Consensus alone, played on one thread under one seed: the nodes are the real crate `raft` with the real `apply`, on disks, ways
//! and clocks that are simulated. The same seed is the same play, byte for byte.
//!
//! - `stage` is the thread: virtual time, and tasks that take turns by chance; `chance` is the seed.
//! - `disk` and `network` are what a node stands on; `world` holds them, starts nodes and ends them.
//! - `storm` is what goes wrong, `client` and `setup` are who works meanwhile, `keeper` stands for the actors of a leader.
//! - `admin` changes the members, `backup` takes a backup and makes a fresh cluster of it.
//! - `judge` is who watches; `history` is what they can be shown afterwards.
//! - `record` is what was played so far, under `conditions`; figures and a page are drawn from it.
//! - `bug` are mistakes that can be put back, to judge the judges.
//!
//! DESIGN.md tells how to run it, how to read a failure, and what its decisions cost.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use domain::GroupId;
use raft::Proposal;
use tokio::{
    sync::oneshot,
    time::{Instant, sleep},
};

pub mod admin;
pub mod backup;
pub mod bug;
pub mod chance;
pub mod client;
pub mod conditions;
pub mod counts;
pub mod disk;
pub mod history;
pub mod judge;
pub mod keeper;
pub mod network;
pub mod record;
pub mod setup;
pub mod stage;
pub mod storm;
pub mod world;

use self::{
    bug::Bug,
    chance::Chance,
    client::{CLIENTS, Client},
    counts::Counts,
    judge::{
        Verdict, Violation, dispatch,
        healing::{self, AGREES_WITHIN, SERVES_WITHIN},
        promises::{self, Fate},
    },
    world::{FIELD, Play, World},
};

/// How often the judges look at every node's state.
const LOOK_EVERY: Duration = Duration::from_millis(150);

/// Storms last from so many to so many ms.
const STORM_MS: (u64, u64) = (4_000, 14_000);

/// How far a leader's clock is off in the calm, in ms: beyond what is borne.
const WRONG_CLOCK_MS: (u64, u64) = (4_000, 30_000);

/// In the calm so much time passes at once, in ms: what nobody answers is due then.
const DUE_AFTER_MS: u64 = 100_000;

/// Of a thousand seeds so many change their members.
const CHANGES_MEMBERS_PER_MILLE: u64 = 500;

/// Of a thousand seeds so many take a backup and make a fresh cluster of it.
const BACKED_UP_PER_MILLE: u64 = 350;

/// Of four seeds one is played by five nodes.
const FIVE_NODES_EVERY: u64 = 4;

/// What a play came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was played.
    pub play: Play,
    /// Of the whole history.
    pub hash: u64,
    /// Lines of it.
    pub lines: u64,
    /// The lines themselves, if they were kept.
    pub history: Option<String>,
    /// What was found first; none: nothing was.
    pub violation: Option<Violation>,
    /// What happened, counted.
    pub counts: Counts,
    /// Virtual time that passed.
    pub passed: Duration,
}

impl Outcome {
    /// The command that plays this again.
    #[must_use]
    pub fn command(&self) -> String {
        match self.play.bug {
            None => format!("cargo run -p agree -- --seed {}", self.play.seed),
            Some(bug) => {
                format!("cargo run -p agree --features seeded-bugs -- --seed {} --bug {bug:?}", self.play.seed)
            }
        }
    }
}

/// The play of a seed: how many nodes and how long a storm come from it too.
#[must_use]
pub fn play_of(seed: u64, bug: Option<Bug>, keeps_lines: bool) -> Play {
    let mut chance = Chance::new(seed ^ 0x0a9_2ee);
    let nodes = if chance.below(FIVE_NODES_EVERY) == 0 { 5 } else { 3 };
    let storm = chance.ms(STORM_MS.0, STORM_MS.1);
    Play { seed, nodes, storm, bug, keeps_lines }
}

/// Plays it. A panic inside is found too, and named.
#[must_use]
pub fn run(play: Play) -> Outcome {
    #[cfg(feature = "seeded-bugs")]
    Bug::make(play.bug);
    let world = World::new(play.clone());
    let played = Arc::clone(&world);
    let passed = catch_unwind(AssertUnwindSafe(|| {
        stage::play(play.seed, async move {
            whole(&played).await;
            let passed = stage::elapsed();
            played.clear();
            passed
        })
    }));
    let mut violation = world.violation();
    let passed = passed.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without a word");
        violation.get_or_insert_with(|| Violation { judge: "panic", what: text.to_owned() });
        Duration::ZERO
    });
    let counts = world.counts();
    let mut history = world.history();
    Outcome {
        hash: history.hash(),
        lines: history.count(),
        history: history.take_lines(),
        violation,
        counts,
        passed,
        play,
    }
}

/// From the founding to the last look, or to what is found first.
async fn whole(world: &Arc<World>) {
    let (played, watched) = (Arc::clone(world), Arc::clone(world));
    stage::spawn_on(stage::WORLD, async move {
        loop {
            sleep(LOOK_EVERY).await;
            look(&watched);
        }
    });
    tokio::select! {
        biased;
        () = world.found.notified() => {}
        verdict = acts(&played) => if let Err(found) = verdict {
            world.violate(found.judge, format_args!("{}", found.what));
        },
    }
}

/// The judges look at every node.
pub fn look(world: &World) {
    for node in world.node_ids() {
        world.judges.look_at(world, node);
        let Some(groups) = world.groups(node) else { continue };
        let is_broken = world.disk(node).is_none_or(|disk| disk.is_broken());
        let fatal = groups.status().into_iter().find_map(|status| status.fatal);
        if let Some(fatal) = fatal.filter(|_| !is_broken) {
            world.violate("stopped", format_args!("consensus on node {node} has stopped by itself: {fatal}"));
        }
    }
}

async fn acts(world: &Arc<World>) -> Verdict {
    for node in world.node_ids() {
        world.start(node);
    }
    setup::prepare(world).await;
    world.note(format_args!("the storm begins"));
    world.set_storms(true);
    let mut clients = Vec::new();
    for id in 1..=CLIENTS {
        clients.push(done_of(Some(Client::new(Arc::clone(world), id).run())));
    }
    stage::spawn_on(stage::WORLD, storm::pass_time(Arc::clone(world)));
    let changes_members = world.chance().per_mille(CHANGES_MEMBERS_PER_MILLE);
    let changed = done_of(changes_members.then(|| admin::administer(Arc::clone(world))));
    let is_backed_up = world.chance().per_mille(BACKED_UP_PER_MILLE);
    let backup = done_of(is_backed_up.then(|| backup::take(Arc::clone(world))));
    storm::blow(world, world.play.storm).await;
    world.set_storms(false);
    storm::heal(world);
    serves(world, "serving after the storm").await?;
    for done in clients {
        // A client gives up in bounded time.
        let _ = done.await;
    }
    // What was begun is done in bounded time, or somebody has said so.
    let _ = changed.await;
    rests(world).await?;
    has_a_wrong_clock(world).await?;
    // What is durable is there when all have lost their power.
    for node in world.node_ids() {
        world.kill(node);
    }
    for node in world.node_ids() {
        world.start(node);
    }
    serves(world, "serving after all have lost their power").await?;
    rests(world).await?;
    let Ok(Some(taken)) = backup.await else { return Ok(()) };
    for node in world.node_ids() {
        world.kill(node);
    }
    backup::restore(world, taken).await
}

/// What becomes of some work beside the storm. An error: there is none.
fn done_of<T: Send + 'static>(work: Option<impl Future<Output = T> + Send + 'static>) -> oneshot::Receiver<T> {
    let (tell, done) = oneshot::channel();
    if let Some(work) = work {
        stage::spawn_on(stage::WORLD, async move {
            // Nobody waits for it when something was found.
            let _ = tell.send(work.await);
        });
    }
    done
}

/// A leader whose clock is wrong, and who can hear the others', stamps nothing and hands over, so that the cluster serves.
async fn has_a_wrong_clock(world: &Arc<World>) -> Verdict {
    let (ahead, is_behind) = {
        let mut chance = world.chance();
        (i64::try_from(chance.between(WRONG_CLOCK_MS.0, WRONG_CLOCK_MS.1)).unwrap_or(0), chance.per_mille(500))
    };
    let Some(leader) = storm::leader(world) else { return Ok(()) };
    let ahead = if is_behind { -ahead } else { ahead };
    world.note(format_args!("the clock of node {leader} is off by {ahead} ms"));
    stage::set_skew_ms(leader, ahead);
    world.changes();
    // Until then the others may not know.
    sleep(world::SETTLED_AFTER).await;
    serves(world, "serving when a leader's clock is wrong").await?;
    stage::set_skew_ms(leader, 0);
    Ok(())
}

/// A write is acknowledged in every group, in time.
async fn serves(world: &Arc<World>, what: &str) -> Verdict {
    let mut client = client::world_client(world);
    let began = Instant::now();
    // A key that no client touches.
    for (group, command) in [(GroupId::COMMAND, client::put(client::KEYS, 1)), (FIELD, setup::register_sensor(1))] {
        loop {
            let (_, fate) = client.ask(group, Proposal::system(command.clone()), true).await;
            if fate == Fate::Acknowledged {
                break;
            }
            if began.elapsed() > SERVES_WITHIN {
                return Err(healing::too_late(what, SERVES_WITHIN));
            }
        }
    }
    if began.elapsed() > SERVES_WITHIN {
        return Err(healing::too_late(what, SERVES_WITHIN));
    }
    Ok(())
}

/// All nodes come to the same, which is then judged.
async fn rests(world: &World) -> Verdict {
    let began = Instant::now();
    // So that what waits for an answer is due.
    stage::leap(DUE_AFTER_MS);
    world.changes();
    loop {
        let overdue = dispatch::overdue(world);
        if overdue.is_none() && healing::is_even(world) {
            break;
        }
        if began.elapsed() > AGREES_WITHIN {
            return Err(match overdue {
                Some(what) => dispatch::forgotten(&what, AGREES_WITHIN),
                None => healing::too_late("coming to the same", AGREES_WITHIN),
            });
        }
        sleep(Duration::from_millis(50)).await;
    }
    // Rows are written a moment after the state is seen.
    sleep(Duration::from_millis(200)).await;
    look(world);
    healing::judge(world)?;
    promises::judge(world)?;
    dispatch::judge(world)?;
    world.judges.keys().judge()
}
