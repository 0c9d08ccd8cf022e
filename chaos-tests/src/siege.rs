//! A siege: real nodes under load, and one thing after another that befalls them, drawn from a seed. Afterwards everything that
//! was promised is counted.

pub mod plan;
pub mod record;

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, Instant},
};

use node::{local::LocalCluster, watch::Screen};
use tokio::time::sleep;

use self::{
    plan::{Fault, Round, Step, Victim},
    record::{Happened, RoundRecord},
};
use crate::{
    Failure,
    load::Plan,
    older::Older,
    oracle::Promises,
    proxy::{Line, Proxies},
    scene::Scene,
    shim::{Control, Shim},
    upgrade::{Upgraded, upgrade},
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
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// A cluster whose nodes' disks, clocks and lines are in our hands, and the work on it.
pub struct Siege {
    scene: Scene,
    shims: BTreeMap<u64, Shim>,
    proxies: Proxies,
    happened: Vec<Happened>,
}

impl Siege {
    /// Starts the cluster and the work.
    ///
    /// # Errors
    /// As [`World::start`] and [`Scene::begin`].
    pub async fn begin(name: &'static str) -> Result<Self, Failure> {
        let mut held = None;
        let world = World::start_prepared(name, "", 0, |cluster, folder| {
            held = Some(take_in_hand(cluster, folder)?);
            Ok(())
        })
        .await?;
        let (shims, proxies) = held.ok_or("the nodes were not prepared")?;
        let scene = Scene::begin(name, world, Plan::FULL, [1, 2]).await?;
        sleep(CALM).await;
        Ok(Self { scene, shims, proxies, happened: Vec::new() })
    }

    /// Lets one fault happen from beginning to end.
    ///
    /// # Errors
    /// The cluster does not get over it in time, or a node goes on that must not.
    pub async fn step(&mut self, step: &Step) -> Result<(), Failure> {
        let leader = self.scene.screens[0].picture(|picture| picture.leader(0));
        let victim = match step.victim {
            Victim::Node(node) => node,
            // During an election nobody leads; then it is the first.
            Victim::Leader(group) => self.scene.screens[0].picture(|picture| picture.leader(group)).unwrap_or(1),
        };
        let name = step.fault.name(leader == Some(victim));
        println!("{name}: node {victim}; {leader:?} leads group 0");
        let begun = Instant::now();
        match step.fault {
            Fault::Killed => self.kill(name, victim, step.hold).await?,
            Fault::TwoKilled => self.kill_quorum(name, &[victim, victim % NODES + 1]).await?,
            Fault::AllKilled => self.kill_quorum(name, &(1..=NODES).collect::<Vec<_>>()).await?,
            Fault::RollingRestart => self.restart_in_turn(name).await?,
            Fault::DiskFailed => self.fail_disk(name, victim).await?,
            lasting => {
                self.bring_about(lasting, victim)?;
                let recovered = self.recovered(name, begun).await;
                sleep(step.hold.saturating_sub(begun.elapsed())).await;
                self.undo(victim)?;
                recovered?;
                if matches!(lasting, Fault::Cut | Fault::Deaf | Fault::Mute) {
                    self.healed(victim).await?;
                }
            }
        }
        sleep(step.calm).await;
        Ok(())
    }

    /// What befalls a node until [`Siege::undo`].
    ///
    /// # Errors
    /// There is no such node, or the fault is one that is over at once.
    pub fn bring_about(&mut self, fault: Fault, node: u64) -> Result<(), Failure> {
        let cut = Line { is_cut: true, ..Line::default() };
        match fault {
            Fault::Frozen => self.scene.world.signal(node, "STOP")?,
            Fault::DiskSlow { flush_ms } => self.shim(node)?.set(|control| control.flush_ms = flush_ms)?,
            Fault::DiskFailed => self.shim(node)?.set(|control| control.flush_fails = true)?,
            Fault::ClockJumped { ahead_ms } => self.shim(node)?.set(|control| control.clock_ahead_ms = ahead_ms)?,
            Fault::Cut => self.proxies.set_around(node, Some(cut), Some(cut)),
            Fault::Deaf => self.proxies.set_around(node, None, Some(cut)),
            Fault::Mute => self.proxies.set_around(node, Some(cut), None),
            Fault::LineSlow { delay_ms } => {
                let slow = Line { delay: Duration::from_millis(delay_ms.into()), ..Line::default() };
                self.proxies.set_around(node, Some(slow), Some(slow));
            }
            other => return Err(format!("{other:?} is nothing that lasts").into()),
        }
        Ok(())
    }

    /// The node runs, and its disk, clock and lines are whole again.
    ///
    /// # Errors
    /// There is no such node.
    pub fn undo(&mut self, node: u64) -> Result<(), Failure> {
        self.shim(node)?.set(Control::heal)?;
        self.proxies.set_around(node, Some(Line::default()), Some(Line::default()));
        self.scene.world.signal(node, "CONT")
    }

    /// Everything is whole again, the work ends, and what was promised is counted. Yields what was got over, and the promises.
    ///
    /// # Errors
    /// A promise was broken.
    pub async fn judge(mut self) -> Result<(Vec<Happened>, Promises), Failure> {
        for node in 1..=NODES {
            self.undo(node)?;
        }
        Ok((self.happened, self.scene.judge().await?))
    }

    fn shim(&mut self, node: u64) -> Result<&mut Shim, Failure> {
        self.shims.get_mut(&node).ok_or_else(|| format!("there is no node {node}").into())
    }

    async fn recovered(&mut self, name: &'static str, since: Instant) -> Result<(), Failure> {
        let after = self.scene.recovered(name, since).await?;
        self.got_over(name, after);
        Ok(())
    }

    fn got_over(&mut self, name: &'static str, after: Duration) {
        self.happened.push(Happened { fault: name.to_owned(), recovery_s: after.as_secs_f64() });
    }

    /// Waits until a node that was cut off hears the quorum itself.
    async fn healed(&mut self, node: u64) -> Result<(), Failure> {
        let since = Instant::now();
        let screen: Screen = self.scene.world.screen(self.scene.world.origin(node))?;
        screen
            .wait_until(HEARD_WITHIN, |picture| {
                picture.is_complete()
                    && picture.heartbeat.as_ref().is_some_and(|heartbeat| heartbeat.quorum_age_ms < QUORUM_AGE_MS)
            })
            .await?;
        self.got_over("partition_healed", since.elapsed());
        Ok(())
    }

    async fn kill(&mut self, name: &'static str, node: u64, hold: Duration) -> Result<(), Failure> {
        self.scene.world.kill(node)?;
        let fault = Instant::now();
        self.recovered(name, fault).await?;
        sleep(hold.saturating_sub(fault.elapsed())).await;
        self.scene.world.revive().await
    }

    /// Without a quorum nothing can be acknowledged until they are back.
    async fn kill_quorum(&mut self, name: &'static str, nodes: &[u64]) -> Result<(), Failure> {
        for node in nodes {
            self.scene.world.kill(*node)?;
        }
        let fault = Instant::now();
        self.scene.world.cluster.start().map_err(|error| error.to_string())?;
        self.recovered(name, fault).await?;
        self.scene.world.revive().await
    }

    async fn restart_in_turn(&mut self, name: &'static str) -> Result<(), Failure> {
        let begun = Instant::now();
        for node in 1..=NODES {
            self.scene.world.cluster.ask_to_stop(node).map_err(|error| error.to_string())?;
            self.ends(node, STOPPED_WITHIN, "was asked to stop").await?;
            self.scene.world.revive().await?;
        }
        let pause = self.scene.load.oracle.longest_pause_since(begun);
        self.got_over(name, pause);
        Ok(())
    }

    /// A node must not go on after a flush that failed: nobody knows what of its writes is on the disk.
    async fn fail_disk(&mut self, name: &'static str, node: u64) -> Result<(), Failure> {
        self.bring_about(Fault::DiskFailed, node)?;
        let fault = Instant::now();
        self.ends(node, ENDED_WITHIN, "has a disk that fails").await?;
        self.recovered(name, fault).await?;
        self.shim(node)?.set(|control| control.flush_fails = false)?;
        self.scene.world.revive().await
    }

    async fn ends(&mut self, node: u64, within: Duration, why: &str) -> Result<(), Failure> {
        let until = Instant::now() + within;
        while !self.scene.world.cluster.has_ended(node).map_err(|error| error.to_string())? {
            if Instant::now() > until {
                return Err(format!("node {node} {why}, and goes on for {within:?}").into());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }
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

/// One round from beginning to end, of what is checked out as `commit`. A round that fails is recorded too; its nodes' logs and data
/// are kept.
pub async fn round(seed: u64, commit: &str) -> RoundRecord {
    let begun = Instant::now();
    let (kept, failure) = match play(seed).await {
        Ok(kept) => (kept, None),
        Err(failure) => (Default::default(), Some(failure.to_string())),
    };
    let (happened, promises) = kept;
    RoundRecord::new(commit, seed, begun.elapsed(), happened, &promises, failure.as_deref())
}

/// A round that upgrades a cluster from `older` instead of a storm. Nothing in it is drawn: the seed only counts.
pub async fn upgrade_round(seed: u64, commit: &str, older: &Older) -> RoundRecord {
    let begun = Instant::now();
    let (happened, promises, failure) = match upgrade("siege-upgrade", older.clone()).await {
        Ok(Upgraded { promises: [mixed, mut whole], longest_pause }) => {
            whole.add(mixed);
            let happened = Happened { fault: "upgraded".to_owned(), recovery_s: longest_pause.as_secs_f64() };
            (vec![happened], whole, None)
        }
        Err(failure) => (Vec::new(), Promises::default(), Some(failure.to_string())),
    };
    RoundRecord::new(commit, seed, begun.elapsed(), happened, &promises, failure.as_deref())
}

async fn play(seed: u64) -> Result<(Vec<Happened>, Promises), Failure> {
    let round = Round::draw(seed);
    let mut siege = Siege::begin("siege").await?;
    if let Some((fault, node)) = round.background {
        println!("siege {seed}: node {node} all the time: {fault:?}");
        siege.bring_about(fault, node)?;
    }
    for step in &round.steps {
        println!("siege {seed}: {step:?}");
        siege.step(step).await?;
        if let Some((fault, node)) = round.background {
            // A step on the same lines, or with the same victim, has undone it.
            siege.bring_about(fault, node)?;
        }
    }
    siege.judge().await
}
