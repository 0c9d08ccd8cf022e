//! A storm from beginning to end: two screens and a load, a fault that the drill brings about, and the judgement.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use node::watch::{
    Screen,
    picture::{GROUPS, Picture},
};
use tokio::time::sleep;

use crate::{
    Failure,
    gather::gather,
    judge::{Broken, is_abreast, judge, judge_registers, judge_screen, judge_streams},
    load::{Load, Plan},
    oracle::{Oracle, Promises},
    world::World,
};

/// A first complete picture.
const PICTURE_WITHIN: Duration = Duration::from_secs(60);
/// After a fault: until the next command is acknowledged.
const RECOVERED_WITHIN: Duration = Duration::from_secs(60);
/// After the storm: until all screens show the same, and until two of them are at the same place.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
/// Between two looks while something is waited for.
const LOOK: Duration = Duration::from_millis(100);
/// Differences that are printed.
const DIFFERENCES_MAX: usize = 6;

/// A storm.
pub struct Scene {
    /// The cluster.
    pub world: World,
    /// The work.
    pub load: Load,
    /// Two screens with the same view: the first begins at the node that was named, the second at another.
    pub screens: [Screen; 2],
    name: String,
}

impl Scene {
    /// Opens the screens and begins the load. `first` is the node of the first screen and where the load begins, `second`
    /// that of the other screen.
    ///
    /// # Errors
    /// A screen gets no picture, or somebody is not let in.
    pub async fn begin(
        name: impl Into<String>,
        world: World,
        plan: Plan,
        [first, second]: [u64; 2],
    ) -> Result<Self, Failure> {
        let screens = [world.screen(world.origins_from(first))?, world.screen(world.origins_from(second))?];
        for screen in &screens {
            screen.wait_until(PICTURE_WITHIN, Picture::is_complete).await?;
        }
        let load = Load::start(&world, plan, first).await?;
        Ok(Self { world, load, screens, name: name.into() })
    }

    /// Waits until a command was acknowledged that was sent after `fault`, and says how long that took.
    ///
    /// # Errors
    /// None is.
    pub async fn recovered(&self, what: &str, fault: Instant) -> Result<Duration, Failure> {
        loop {
            if let Some(after) = self.load.oracle.first_command_after(fault) {
                println!("{}: {what}: next command acknowledged after {:.1} s", self.name, after.as_secs_f64());
                return Ok(after);
            }
            if fault.elapsed() > RECOVERED_WITHIN {
                return Err(format!("{what}: no command is acknowledged within {RECOVERED_WITHIN:?}").into());
            }
            sleep(LOOK).await;
        }
    }

    /// Ends the load, brings every node up, lets everything settle, and judges it. Prints what the storm consisted of.
    ///
    /// # Errors
    /// A promise was broken, or nothing was promised that could have been.
    pub async fn judge(self) -> Result<Promises, Failure> {
        let Self { mut world, load, screens, name } = self;
        let registers = Arc::clone(&load.registers);
        let (oracle, counts) = load.finish().await?;
        world.revive().await?;
        let promises = oracle.promises();
        settle(&world, &screens).await?;
        let mut broken = Broken::default();
        for node in &world.cluster.nodes {
            let desk = world.admin.at(&world.origin(node.id));
            broken.add(&format!("node {}", node.id), judge(&promises, &gather(&desk, &promises).await?));
        }
        for (number, screen) in screens.iter().enumerate() {
            broken.add(&format!("screen {number}"), screen.picture(|picture| judge_screen(&promises, picture)));
        }
        broken.add("registers", judge_registers(&registers));
        let [one, other] = abreast(&screens).await?;
        let (streams, common) = judge_streams(&one, &other);
        broken.add("streams", streams);
        report(&name, &oracle, &promises, &screens, common);
        println!("{name}: registers: {:?}", registers.ordered());
        println!("{name}: device: {} connections, {} publishes sent again", counts.connections, counts.resent);
        if promises.readings_acknowledged() == 0 && promises.commands_acknowledged() == 0 {
            return Err("nothing was acknowledged, so nothing is proved".into());
        }
        if !broken.is_empty() {
            return Err(broken.to_string().into());
        }
        world.done();
        Ok(promises)
    }
}

fn report(name: &str, oracle: &Arc<Oracle>, promises: &Promises, screens: &[Screen; 2], common: usize) {
    println!(
        "{name}: acknowledged {} readings and {} commands, {} unknown, {} attempts failed, {common} events in common",
        promises.readings_acknowledged(),
        promises.commands_acknowledged(),
        promises.unknown(),
        oracle.attempts_failed()
    );
    for (number, screen) in screens.iter().enumerate() {
        let connection = screen.connection();
        let counters = screen.picture(|picture| picture.counters);
        println!("{name}: screen {number}: {} welcomes, {counters:?}, ends {:?}", connection.welcomes, connection.ends);
    }
}

/// Waits until both screens, and a fresh one at each node, show the same.
///
/// # Errors
/// They do not agree in time; the text says in what.
pub async fn settle(world: &World, screens: &[Screen; 2]) -> Result<(), Failure> {
    let mut fresh = Vec::new();
    for node in &world.cluster.nodes {
        let screen = world.screen(world.origin(node.id))?;
        screen.wait_until(PICTURE_WITHIN, Picture::is_complete).await?;
        fresh.push(screen);
    }
    let until = Instant::now() + SETTLED_WITHIN;
    loop {
        let all = || screens.iter().chain(&fresh);
        let first = screens[0].digest();
        if all().all(|screen| screen.digest() == first && screen.picture(Picture::is_complete)) {
            return Ok(());
        }
        if Instant::now() > until {
            let newest = fresh.first().map(|screen| screen.picture(Clone::clone)).unwrap_or_else(|| Picture::new(0));
            let mut lines = Vec::new();
            for (number, screen) in all().enumerate() {
                let places = screen.picture(Picture::positions);
                lines.push(format!("screen {number} at {places:?}"));
                lines.extend(screen.picture(|picture| newest.differences(picture, DIFFERENCES_MAX)));
            }
            return Err(format!("screens do not agree within {SETTLED_WITHIN:?}:\n  {}", lines.join("\n  ")).into());
        }
        sleep(LOOK).await;
    }
}

/// What both screens know of each group, from a moment at which both are at the same place in it. The work has ended by then and
/// its consequences have not: a model says something of the last note half a second later, and one node tells its screen before
/// another does. Equal records do not show that, only equal places do; those of idle screens follow with the heartbeat.
///
/// # Errors
/// They do not meet in time; the text says in which groups, and where they are.
pub async fn abreast(screens: &[Screen; 2]) -> Result<[Picture; 2], Failure> {
    let until = Instant::now() + SETTLED_WITHIN;
    let mut both = [Picture::new(0), Picture::new(0)];
    let mut apart: Vec<usize> = (0..GROUPS).collect();
    loop {
        apart.retain(|number| {
            let group = |screen: &Screen| screen.picture(|picture| picture.groups[*number].clone());
            let (one, two) = (group(&screens[0]), group(&screens[1]));
            let is_apart = !is_abreast(&one, &two);
            if !is_apart {
                both[0].groups[*number] = one;
                both[1].groups[*number] = two;
            }
            is_apart
        });
        if apart.is_empty() {
            return Ok(both);
        }
        if Instant::now() > until {
            let places = [screens[0].picture(Picture::positions), screens[1].picture(Picture::positions)];
            let text = format!("two screens are not at the same place of groups {apart:?} within {SETTLED_WITHIN:?}");
            return Err(format!("{text}: {places:?}").into());
        }
        sleep(LOOK).await;
    }
}
