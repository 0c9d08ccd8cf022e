//! A siege: real nodes under load, and one thing after another that befalls them, drawn from a seed. Afterwards everything that
//! was promised is counted.

pub mod plan;
pub mod record;
mod replace;
mod rounds;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use node::{
    local::{ADMIN, LocalCluster},
    watch::Screen,
};
use serde_json::json;
use tokio::time::sleep;

pub use self::rounds::{round, upgrade_round};
use self::{
    plan::{Fault, Step, Victim},
    record::{Happened, Played},
};
use crate::{
    Failure,
    deadlines::{Given, Spread},
    desk::{Desk, Outcome},
    dispatch::Dispatched,
    gather,
    load::Plan,
    older::Older,
    proxy::{Line, Proxies},
    registers::{Reads, Registers},
    scene::Scene,
    shim::{Control, Shim},
    unix_ms,
    upgrade::{FEATURES, code_of},
    world::{NODES, World},
};

/// Work before the first fault.
const CALM: Duration = Duration::from_secs(2);
/// A node whose disk fails has ended.
const ENDED_WITHIN: Duration = Duration::from_secs(15);
/// A node that is asked to stop has ended.
const STOPPED_WITHIN: Duration = Duration::from_secs(20);
/// A node that was cut off hears the quorum again.
const HEARD_WITHIN: Duration = Duration::from_secs(30);
/// Its quorum is this young then.
const QUORUM_AGE_MS: u64 = 1_500;
/// After the last node was upgraded the others have heard of it, and what is new is switched on.
const SWITCHED_WITHIN: Duration = Duration::from_secs(20);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// Between two changes of a clock that drifts.
const DRIFT_TICK: Duration = Duration::from_millis(50);
/// What runs out while a round goes on. Offers take a minute to: most do so under the faults, some after them.
const OF_ROUND: Asked = Asked {
    deadlines: Spread { count: 40, ahead_ms: 15_000, spacing_ms: 1_000 },
    dispatches: 6,
    registers: Reads::Linearizable,
};
/// What runs out in a drill of a few faults, which is over in less than a minute.
const OF_DRILL: Asked = Asked {
    deadlines: Spread { count: 12, ahead_ms: 8_000, spacing_ms: 1_000 },
    dispatches: 0,
    registers: Reads::Linearizable,
};

/// What the cluster has to do by itself.
#[derive(Clone, Copy, Debug)]
struct Asked {
    deadlines: Spread,
    /// Units that are sent.
    dispatches: u64,
    /// How registers are read through its gateways.
    registers: Reads,
}

/// Where a siege stands.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Name of its folder.
    pub name: String,
    /// The first of its ports when others are besieged beside it; none: it takes free ones, and waits until no other cluster of this
    /// process runs.
    pub first_port: Option<u16>,
    /// Clusters that are besieged on this machine at the same time, itself included.
    pub clusters: usize,
}

impl Ground {
    /// For a siege that has the machine for itself.
    #[must_use]
    pub fn alone(name: &str) -> Self {
        Self { name: name.to_owned(), first_port: None, clusters: 1 }
    }
}

/// A cluster whose nodes' disks, clocks and lines are in our hands, and the work on it. A node goes by its place, from 1 on: who stands in
/// for one that is lost has another id, and takes over its place, addresses, shim and proxies.
pub struct Siege {
    scene: Scene,
    shims: BTreeMap<u64, Shim>,
    proxies: Proxies,
    /// What runs out meanwhile; an earlier release knows no instructions.
    given: Option<(Given, Dispatched)>,
    /// When the newest fault was over.
    whole_at_ms: u64,
    so_far: Played,
    stand_ins: u32,
}

impl Siege {
    /// Starts the cluster and the work, on a machine of its own.
    ///
    /// # Errors
    /// As [`World::start`] and [`Scene::begin`].
    pub async fn begin(name: &str) -> Result<Self, Failure> {
        Self::begin_on(&Ground::alone(name), false, OF_DRILL).await
    }

    /// The same with clients that take what a node has applied for a linearizable answer: what a gateway would show that does not ask
    /// a quorum. Nobody holds it against the cluster but whoever asks the [`Siege::registers`].
    ///
    /// # Errors
    /// As [`Siege::begin`].
    pub async fn begin_mistaken(name: &str) -> Result<Self, Failure> {
        Self::begin_on(&Ground::alone(name), false, Asked { registers: Reads::Local, ..OF_DRILL }).await
    }

    /// What was done to the registers.
    #[must_use]
    pub fn registers(&self) -> Arc<Registers> {
        Arc::clone(&self.scene.load.registers)
    }

    /// Starts the cluster and the work there; `begins_older`: with nodes of an earlier release.
    async fn begin_on(ground: &Ground, begins_older: bool, asked: Asked) -> Result<Self, Failure> {
        let mut held = None;
        let prepare = |cluster: &mut LocalCluster, folder: &Path| -> Result<(), Failure> {
            held = Some(take_in_hand(cluster, folder)?);
            if begins_older {
                cluster.nodes.iter_mut().for_each(|node| Older::Acting.put_on(node));
            }
            Ok(())
        };
        let world = match ground.first_port {
            Some(first_port) => World::start_beside(&ground.name, first_port, prepare).await?,
            None => World::start_prepared(&ground.name, "", prepare).await?,
        };
        let (shims, proxies) = held.ok_or("the nodes were not prepared")?;
        let given = if begins_older {
            None
        } else {
            Some((Given::to(&world, asked.deadlines).await?, Dispatched::to(&world, asked.dispatches).await?))
        };
        let plan = Plan { registers: asked.registers, ..Plan::FULL };
        let scene = Scene::begin(ground.name.clone(), world, plan, [1, 2]).await?;
        sleep(CALM).await;
        Ok(Self { scene, shims, proxies, given, whole_at_ms: 0, so_far: Played::default(), stand_ins: 0 })
    }

    /// Lets one fault happen from beginning to end, and waits until all nodes hold the same.
    ///
    /// # Errors
    /// The cluster does not get over it in time, or a node goes on that must not.
    pub async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        let leader = self.leader(0);
        let victim = match step.victim {
            Victim::Node(place) => place,
            // During an election nobody leads; then it is the first.
            Victim::Leader(group) => self.leader(group).unwrap_or(1),
        };
        let name = step.fault.name(leader == Some(victim));
        println!("{name}: place {victim}; {leader:?} leads group 0");
        let begun = Instant::now();
        match step.fault {
            Fault::Killed => self.kill(name, victim, step.hold).await?,
            Fault::TwoKilled => self.kill_quorum(name, &[victim, next(victim)]).await?,
            Fault::AllKilled => self.kill_quorum(name, &(1..=NODES).collect::<Vec<_>>()).await?,
            Fault::RollingRestart => self.restart_in_turn(name, false).await?,
            Fault::RollingUpgrade => self.upgrade_in_turn(name).await?,
            Fault::DiskFailed => self.fail_disk(name, victim, step.fault, "has a disk that fails").await?,
            Fault::DiskFull => self.fail_disk(name, victim, step.fault, "has a disk without room").await?,
            Fault::BitFlipped { at_per_mille } => self.flip_bit(name, victim, at_per_mille).await?,
            Fault::DiskLost => self.lose_disk(name, victim).await?,
            Fault::ClockDrifts { per_mille } => {
                self.drift(victim, per_mille, step.hold).await?;
                self.recovered(name, begun).await?;
            }
            lasting => {
                self.bring_about(lasting, victim)?;
                let recovered = self.recovered(name, begun).await;
                sleep(step.hold.saturating_sub(begun.elapsed())).await;
                self.undo(victim)?;
                self.undo(next(victim))?;
                recovered?;
                if matches!(lasting, Fault::Cut | Fault::Deaf | Fault::Mute | Fault::LinkCut) {
                    self.healed(victim).await?;
                }
            }
        }
        self.whole_at_ms = unix_ms();
        sleep(step.calm).await;
        self.equal().await
    }

    /// The work rests until all nodes hold the same rows of every group at the same index.
    async fn equal(&mut self) -> Result<(), Failure> {
        self.scene.load.set_resting(true);
        let since = Instant::now();
        let equal = gather::equal(&self.scene.world.admin, &self.scene.world.origins()).await;
        self.scene.load.set_resting(false);
        equal?;
        self.so_far.states_compared += 1;
        self.so_far.equal_within = self.so_far.equal_within.max(since.elapsed());
        Ok(())
    }

    /// The place of who leads the group, as the first screen is told.
    fn leader(&self, group: u32) -> Option<u64> {
        let leader = self.scene.screens[0].picture(|picture| picture.leader(group))?;
        let at = self.scene.world.cluster.nodes.iter().position(|node| node.id == leader)?;
        u64::try_from(at + 1).ok()
    }

    /// The id of who is in a place.
    fn id(&self, place: u64) -> Result<u64, Failure> {
        let at = usize::try_from(place)?.checked_sub(1);
        let node = at.and_then(|at| self.scene.world.cluster.nodes.get(at));
        node.map(|node| node.id).ok_or_else(|| format!("there is no place {place}").into())
    }

    /// What befalls a node until [`Siege::undo`].
    ///
    /// # Errors
    /// There is no such node, or the fault is one that is over at once.
    pub fn bring_about(&mut self, fault: Fault, place: u64) -> Result<(), Failure> {
        let cut = Line { is_cut: true, ..Line::default() };
        match fault {
            Fault::Frozen => {
                let id = self.id(place)?;
                self.scene.world.signal(id, "STOP")?;
            }
            Fault::DiskSlow { flush_ms } => self.shim(place)?.set(|control| control.flush_ms = flush_ms)?,
            Fault::DiskFailed => self.shim(place)?.set(|control| control.flush_fails = true)?,
            Fault::DiskFull => self.shim(place)?.set(|control| control.is_full = true)?,
            Fault::ClockJumped { ahead_ms } => self.shim(place)?.set(|control| control.clock_ahead_ms = ahead_ms)?,
            Fault::ClocksApart { ms } => {
                self.shim(place)?.set(|control| control.clock_ahead_ms = ms)?;
                self.shim(next(place))?.set(|control| control.clock_ahead_ms = -ms)?;
            }
            Fault::Cut => self.proxies.set_around(place, Some(cut), Some(cut)),
            Fault::Deaf => self.proxies.set_around(place, None, Some(cut)),
            Fault::Mute => self.proxies.set_around(place, Some(cut), None),
            Fault::LinkCut => {
                self.proxies.set(place, next(place), cut);
                self.proxies.set(next(place), place, cut);
            }
            Fault::LinkSlow { delay_ms } => self.proxies.set(place, next(place), slow(delay_ms)),
            Fault::LineSlow { delay_ms } => {
                self.proxies.set_around(place, Some(slow(delay_ms)), Some(slow(delay_ms)));
            }
            other => return Err(format!("{other:?} is nothing that lasts").into()),
        }
        Ok(())
    }

    /// The node runs, and its disk, clock and lines are whole again.
    ///
    /// # Errors
    /// There is no such node.
    pub fn undo(&mut self, place: u64) -> Result<(), Failure> {
        self.shim(place)?.set(Control::heal)?;
        self.proxies.set_around(place, Some(Line::default()), Some(Line::default()));
        let id = self.id(place)?;
        self.scene.world.signal(id, "CONT")
    }

    /// Everything is whole again, the work ends, and what was promised is counted.
    ///
    /// # Errors
    /// A promise was broken.
    pub async fn judge(self) -> Result<Played, Failure> {
        let played = self.end().await;
        match played.failure {
            Some(failure) => Err(failure.into()),
            None => Ok(played),
        }
    }

    /// The same, with what was got over also when a promise was broken.
    async fn end(mut self) -> Played {
        if let Err(failure) = self.tell_in_time().await {
            self.so_far.failure = Some(failure.to_string());
            return self.so_far;
        }
        let Self { scene, mut so_far, .. } = self;
        let registers = Arc::clone(&scene.load.registers);
        match scene.judge().await {
            Ok(promises) => so_far.promises = promises,
            Err(failure) => so_far.failure = Some(failure.to_string()),
        }
        so_far.ordered = registers.ordered();
        so_far
    }

    async fn tell_in_time(&mut self) -> Result<(), Failure> {
        for place in 1..=NODES {
            self.undo(place)?;
        }
        if let Some((given, dispatched)) = &self.given {
            let world = &self.scene.world;
            self.so_far.deadline_late = Some(given.judge(world, self.whole_at_ms).await?);
            self.so_far.dispatches = dispatched.judge(world, self.whole_at_ms).await?;
        }
        Ok(())
    }

    fn shim(&mut self, place: u64) -> Result<&mut Shim, Failure> {
        self.shims.get_mut(&place).ok_or_else(|| format!("there is no place {place}").into())
    }

    async fn recovered(&mut self, name: &'static str, since: Instant) -> Result<(), Failure> {
        let after = self.scene.recovered(name, since).await?;
        self.got_over(name, after);
        Ok(())
    }

    fn got_over(&mut self, name: &'static str, after: Duration) {
        self.so_far.happened.push(Happened { fault: name.to_owned(), recovery_s: after.as_secs_f64() });
    }

    /// Waits until a node that was cut off hears the quorum itself.
    async fn healed(&mut self, place: u64) -> Result<(), Failure> {
        let since = Instant::now();
        let id = self.id(place)?;
        let screen: Screen = self.scene.world.screen(self.scene.world.origin(id))?;
        screen
            .wait_until(HEARD_WITHIN, |picture| {
                picture.is_complete()
                    && picture.heartbeat.as_ref().is_some_and(|heartbeat| heartbeat.quorum_age_ms < QUORUM_AGE_MS)
            })
            .await?;
        self.got_over("partition_healed", since.elapsed());
        Ok(())
    }

    async fn kill(&mut self, name: &'static str, place: u64, hold: Duration) -> Result<(), Failure> {
        let id = self.id(place)?;
        self.scene.world.kill(id)?;
        let fault = Instant::now();
        self.recovered(name, fault).await?;
        sleep(hold.saturating_sub(fault.elapsed())).await;
        self.scene.world.revive().await
    }

    /// Without a quorum nothing can be acknowledged until they are back.
    async fn kill_quorum(&mut self, name: &'static str, places: &[u64]) -> Result<(), Failure> {
        for place in places {
            let id = self.id(*place)?;
            self.scene.world.kill(id)?;
        }
        let fault = Instant::now();
        self.scene.world.cluster.start().map_err(|error| error.to_string())?;
        self.recovered(name, fault).await?;
        self.scene.world.revive().await
    }

    /// Stops and starts one node after the other; `is_upgrade`: with this release from then on.
    async fn restart_in_turn(&mut self, name: &'static str, is_upgrade: bool) -> Result<(), Failure> {
        let begun = Instant::now();
        for place in 1..=NODES {
            let id = self.id(place)?;
            self.scene.world.cluster.ask_to_stop(id).map_err(|error| error.to_string())?;
            self.ends(id, STOPPED_WITHIN, "was asked to stop").await?;
            if is_upgrade {
                self.scene.world.cluster.nodes.iter_mut().filter(|node| node.id == id).for_each(Older::take_off);
            }
            self.scene.world.revive().await?;
        }
        let pause = self.scene.load.oracle.longest_pause_since(begun);
        self.got_over(name, pause);
        Ok(())
    }

    /// Each node comes to run this release, and then what is new is switched on.
    async fn upgrade_in_turn(&mut self, name: &'static str) -> Result<(), Failure> {
        self.restart_in_turn(name, true).await?;
        let world = &self.scene.world;
        let desk = Desk::sign_in(&world.origins(), ADMIN, &world.cluster.password).await?;
        let until = Instant::now() + SWITCHED_WITHIN;
        loop {
            match desk.push(FEATURES, &json!({})).await {
                // A leader that has not heard yet what each node runs.
                Outcome::Refused { body, .. } if code_of(&body) == "older_version" && Instant::now() < until => {
                    sleep(LOOK).await;
                }
                other => return other.accepted(FEATURES).map(|_| ()),
            }
        }
    }

    /// The clock of a node goes wrong all the time, and is set right again.
    async fn drift(&mut self, place: u64, per_mille: i32, length: Duration) -> Result<(), Failure> {
        let begun = Instant::now();
        while begun.elapsed() < length {
            let passed_ms = i64::try_from(begun.elapsed().as_millis())?;
            let ahead_ms = passed_ms * i64::from(per_mille) / 1_000;
            self.shim(place)?.set(|control| control.clock_ahead_ms = ahead_ms)?;
            sleep(DRIFT_TICK).await;
        }
        self.undo(place)
    }

    /// A node must not go on after a flush or a write that failed: nobody knows what of its writes is on the disk.
    async fn fail_disk(&mut self, name: &'static str, place: u64, fault: Fault, why: &str) -> Result<(), Failure> {
        self.bring_about(fault, place)?;
        let begun = Instant::now();
        let id = self.id(place)?;
        self.ends(id, ENDED_WITHIN, why).await?;
        self.recovered(name, begun).await?;
        self.shim(place)?.set(|control| (control.flush_fails, control.is_full) = (false, false))?;
        self.scene.world.revive().await
    }

    async fn ends(&mut self, id: u64, within: Duration, why: &str) -> Result<(), Failure> {
        if self.has_ended_within(id, within).await? {
            return Ok(());
        }
        Err(format!("node {id} {why}, and goes on for {within:?}").into())
    }

    async fn has_ended_within(&mut self, id: u64, within: Duration) -> Result<bool, Failure> {
        let until = Instant::now() + within;
        while !self.scene.world.cluster.has_ended(id).map_err(|error| error.to_string())? {
            if Instant::now() > until {
                return Ok(false);
            }
            sleep(LOOK).await;
        }
        Ok(true)
    }
}

/// The place after this one, around.
fn next(place: u64) -> u64 {
    place % NODES + 1
}

fn slow(delay_ms: u32) -> Line {
    Line { delay: Duration::from_millis(delay_ms.into()), ..Line::default() }
}

/// Puts each node under a shim, and a proxy on each way to another one.
fn take_in_hand(cluster: &mut LocalCluster, folder: &Path) -> Result<(BTreeMap<u64, Shim>, Proxies), Failure> {
    let peers: Vec<_> = cluster.nodes.iter().map(|node| (node.id, node.peer)).collect();
    let proxies = Proxies::open(&peers)?;
    let library = Shim::compile(folder)?;
    let mut shims = BTreeMap::new();
    for node in &mut cluster.nodes {
        let route =
            |(peer, address): &(u64, std::net::SocketAddr)| Some((address.port(), proxies.port(node.id, *peer)?));
        let control = Control { routes: peers.iter().filter_map(route).collect(), ..Control::default() };
        let shim = Shim::new(library.clone(), folder.join(format!("faults-{}", node.id)), control)?;
        node.environment = shim.environment();
        shims.insert(node.id, shim);
    }
    Ok((shims, proxies))
}
