//! Whole nodes under one seed: consensus and domain as in `agree`, and on them the real actors, the real HTTP API and the real screens, with people who act on
//! what they are shown. One thread, virtual time; the same seed is the same play, byte for byte.
//!
//! - `host` is what stands on consensus at each node, `wired` ties it to that node's groups, way and clock.
//! - `line` is somebody's way to the nodes; `person` asks over it, `screen` is a picture that follows it.
//! - `town` is who and what is there, `people` what they do, `weather` what goes wrong between them and the nodes.
//! - `judge` is who watches, beside the judges of `agree`; `bug` are mistakes to judge them by; `record` is what is kept.
//!
//! DESIGN.md tells what is real and what is not, how to run it, and what its decisions cost.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use agree::{
    bug::Bug,
    chance::Chance,
    counts,
    judge::{
        Verdict, Violation, dispatch,
        healing::{self, AGREES_WITHIN},
        promises as kept,
    },
    look, stage, storm,
    world::{self, World},
};
use domain::GroupId;
use tokio::time::{Instant, sleep, timeout};

pub mod bug;
pub mod host;
pub mod judge;
pub mod line;
pub mod people;
pub mod person;
pub mod record;
pub mod screen;
pub mod town;
pub mod weather;
pub mod wired;

use self::{
    bug::Mistake,
    host::Hosts,
    judge::{Counts, actors, deadlines, phones, promises, screens},
    line::Line,
    people::{caller, crew, device, dispatcher},
    person::Person,
    screen::Screen,
    town::{GAUGES, Job, Town, people as everybody},
};

/// How often the judges look at every node's state.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Storms last from so many to so many ms.
const STORM_MS: (u64, u64) = (6_000, 18_000);

/// Of four seeds one is played by five nodes.
const FIVE_NODES_EVERY: u64 = 4;

/// From the end of the storm until a report is taken: an election or two, and a person who asks one node after the other.
pub const SERVES_WITHIN: Duration = Duration::from_secs(20);

/// How long the calm lasts: longer than what is urgent may wait for an answer, so that every dispatch of the storm is acknowledged or escalated in it.
const CALM: Duration = Duration::from_secs(70);

/// From there until no phone holds a tap and all screens are as far as the nodes.
pub const QUIET_WITHIN: Duration = Duration::from_secs(30);

/// What is played.
#[derive(Clone, Debug)]
pub struct Play {
    /// Nodes, storm, and what `agree` makes wrong in it.
    pub agree: world::Play,
    /// The mistake that is made between consensus and people; none: all as it is.
    pub mistake: Option<Mistake>,
}

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
    /// What happened to consensus, counted.
    pub agreed: counts::Counts,
    /// What happened to people, counted.
    pub counts: Counts,
    /// Virtual time that passed.
    pub passed: Duration,
}

impl Outcome {
    /// The command that plays this again.
    #[must_use]
    pub fn command(&self) -> String {
        let seed = self.play.agree.seed;
        match (self.play.mistake, self.play.agree.bug) {
            (Some(mistake), _) => format!("cargo run -p city -- --seed {seed} --bug {mistake:?}"),
            (None, Some(bug)) => format!("cargo run -p city --features seeded-bugs -- --seed {seed} --bug {bug:?}"),
            (None, None) => format!("cargo xtask siege --city-seed {seed}"),
        }
    }
}

/// The play of a seed: how many nodes and how long a storm come from it too.
#[must_use]
pub fn play_of(seed: u64, mistake: Option<Mistake>, bug: Option<Bug>, keeps_lines: bool) -> Play {
    let mut chance = Chance::new(seed ^ 0xc17_1e5);
    let nodes = if chance.below(FIVE_NODES_EVERY) == 0 { 5 } else { 3 };
    let storm = chance.ms(STORM_MS.0, STORM_MS.1);
    Play { agree: world::Play { seed, nodes, storm, bug, keeps_lines }, mistake }
}

/// Plays it. A panic inside is found too, and named.
#[must_use]
pub fn run(play: Play) -> Outcome {
    #[cfg(feature = "seeded-bugs")]
    Bug::make(play.agree.bug);
    let world = World::new(play.agree.clone());
    let hosts = Hosts::new(play.mistake);
    let town = Town::new(Arc::clone(&world), Arc::clone(&hosts));
    world.set_crew(hosts);
    let played = Arc::clone(&town);
    let passed = catch_unwind(AssertUnwindSafe(|| {
        stage::play(play.agree.seed, async move {
            whole(&played).await;
            let passed = stage::elapsed();
            played.world.clear();
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
    let (agreed, counts) = (world.counts(), town.counts());
    let mut history = world.history();
    Outcome {
        hash: history.hash(),
        lines: history.count(),
        history: history.take_lines(),
        violation,
        agreed,
        counts,
        passed,
        play,
    }
}

/// From the founding to the last look, or to what is found first.
async fn whole(town: &Arc<Town>) {
    let watched = Arc::clone(&town.world);
    stage::spawn_on(stage::WORLD, async move {
        loop {
            sleep(LOOK_EVERY).await;
            look(&watched);
        }
    });
    tokio::select! {
        biased;
        () = town.world.found.notified() => {}
        verdict = acts(town) => if let Err(found) = verdict {
            town.world.violate(found.judge, format_args!("{}", found.what));
        },
    }
}

async fn acts(town: &Arc<Town>) -> Verdict {
    let world = &town.world;
    for node in world.node_ids() {
        world.start(node);
    }
    town.prepare().await;
    world.note(format_args!("the storm begins"));
    world.set_storms(true);
    town.book().set_open(true);
    let (screens, lines) = work(town);
    stage::spawn_on(stage::WORLD, weather::blow(Arc::clone(town), lines.clone()));
    storm::blow(world, world.play.storm).await;
    world.set_storms(false);
    storm::heal(world);
    lines.iter().for_each(|line| line.set_dark(false));
    serves(town).await?;
    town.book().healed(Person::now_ms());
    sleep(CALM).await;
    town.book().set_open(false);
    rests(town, &screens).await
}

/// Everybody goes to work. Their screens, and the lines of all.
fn work(town: &Arc<Town>) -> (Vec<Arc<Screen>>, Vec<Arc<Line>>) {
    let (mut all, mut lines) = (Vec::new(), Vec::new());
    for (number, job) in everybody() {
        if job == Job::Probe {
            continue;
        }
        let line: Arc<Line> = Arc::default();
        lines.push(Arc::clone(&line));
        if job == Job::Crew {
            stage::spawn_on(stage::WORLD, crew::work(Arc::clone(town), number, line));
            continue;
        }
        let screen = Screen::new(number, line);
        let chance = town.world.chance().fork();
        stage::spawn_on(stage::WORLD, Arc::clone(&screen).follow(Arc::clone(town), chance));
        match job {
            Job::Caller => stage::spawn_on(stage::WORLD, caller::work(Arc::clone(town), Arc::clone(&screen))),
            _ => stage::spawn_on(stage::WORLD, dispatcher::work(Arc::clone(town), Arc::clone(&screen))),
        }
        all.push(screen);
    }
    for number in 1..=GAUGES {
        stage::spawn_on(stage::WORLD, device::work(Arc::clone(town), number));
    }
    (all, lines)
}

/// A report is taken, in time. It is filed by somebody whose line was never cut.
async fn serves(town: &Arc<Town>) -> Verdict {
    let began = Instant::now();
    let mut person = Person::probe(Arc::clone(town));
    let served = timeout(SERVES_WITHIN, async { while !caller::is_served(&mut person).await {} });
    if served.await.is_err() {
        return Err(healing::too_late("serving after the storm", SERVES_WITHIN));
    }
    let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    town.world.note(format_args!("served after {took} ms"));
    town.count(|counts| counts.served_ms = took);
    Ok(())
}

/// Phones, screens and nodes come to rest, and are judged.
async fn rests(town: &Arc<Town>, all: &[Arc<Screen>]) -> Verdict {
    let began = Instant::now();
    let is_quiet = || phones::waiting(&town.book()) == 0 && all.iter().all(|screen| screens::is_even(town, screen));
    loop {
        let overdue = dispatch::overdue(&town.world);
        let is_even = healing::is_even(&town.world);
        if overdue.is_none() && is_even && is_quiet() {
            break;
        }
        if began.elapsed() > QUIET_WITHIN {
            phones::judge(&town.book())?;
            return Err(match overdue {
                Some(what) => dispatch::forgotten(&what, QUIET_WITHIN),
                None if !is_even => healing::too_late("nodes that come to the same", AGREES_WITHIN),
                None => healing::too_late("screens that come to where their node is", QUIET_WITHIN),
            });
        }
        sleep(Duration::from_millis(100)).await;
    }
    // Rows are written a moment after the state is seen.
    sleep(Duration::from_millis(200)).await;
    look(&town.world);
    healing::judge(&town.world)?;
    kept::judge(&town.world)?;
    dispatch::judge(&town.world)?;
    actors::judge(town)?;
    all.iter().filter(|screen| screens::is_even(town, screen)).try_for_each(|screen| screens::judge(town, screen))?;
    let judged = town.world.judges.ask(GroupId::COMMAND, |judges| {
        let (book, truth) = (town.book(), &judges.truth);
        promises::judge(&book, truth.batches())?;
        deadlines::judge(&book, truth.batches(), truth.state())
    });
    judged.unwrap_or(Ok(()))
}
