//! A cluster of an earlier release becomes one of this release, node by node, while it works.
//!
//! First a time in which both releases are there: each leads and follows the other, a node is killed, and one goes back. Nothing
//! that the earlier one could not read is taken meanwhile. Then the others follow, what is new is switched on, and from then on
//! the earlier release does not come back. After each half everything that was promised is counted on every node, and all nodes
//! hold the same rows.

use std::{
    fs,
    time::{Duration, Instant},
};

use node::local::ADMIN;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    Failure,
    desk::{Desk, Outcome},
    gather::{equal, gather},
    judge::{Broken, judge},
    load::{Load, Plan},
    older::Older,
    oracle::Promises,
    world::{NODES, World},
};

/// Work between two steps.
const CALM: Duration = Duration::from_secs(2);
/// A node that is asked to stop has ended; one that refuses to start as well.
const ENDED_WITHIN: Duration = Duration::from_secs(30);
/// All leads are where they should be.
const LED_WITHIN: Duration = Duration::from_secs(30);
/// Whoever leads has heard that every node runs this release.
const SWITCHED_WITHIN: Duration = Duration::from_secs(30);
/// The longest time in which nothing at all was acknowledged while nodes were replaced one by one.
const PAUSE_MAX: Duration = Duration::from_secs(6);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// How long a node rests that is to lead nothing.
const REST_MIN: u32 = 5;
/// Routes that every release since the first has.
const REST: &str = "/api/cluster/rest";
pub(crate) const FEATURES: &str = "/api/cluster/features";

/// What both halves came to.
#[derive(Debug)]
pub struct Upgraded {
    /// What was promised while both releases were there, and what was afterwards.
    pub promises: [Promises; 2],
    /// The longest time without any acknowledgement.
    pub longest_pause: Duration,
}

/// A cluster in the middle of it.
struct Drill {
    world: World,
    older: Older,
    /// Until now.
    promised: Promises,
}

/// The whole of it, from `older` to the program under test.
///
/// # Errors
/// A promise was broken, a rule of upgrades did not hold, or a node did not come up.
pub async fn upgrade(name: &'static str, older: Older) -> Result<Upgraded, Failure> {
    let begin = older.clone();
    let world = World::start_prepared(name, "", |cluster, _| {
        cluster.nodes.iter_mut().for_each(|node| begin.put_on(node));
        Ok(())
    })
    .await?;
    let mut drill = Drill { world, older, promised: Promises::default() };
    let begun = Instant::now();
    let load = Load::start(&drill.world, Plan::FULL, 1).await?;
    drill.mix().await?;
    let mixed = drill.count("mixed", load, begun).await?;

    let begun = Instant::now();
    let load = Load::start(&drill.world, Plan::FULL, 1).await?;
    drill.finish().await?;
    let whole = drill.count("whole", load, begun).await?;
    drill.refuse_to_go_back().await?;
    drill.world.done();
    Ok(Upgraded { promises: [mixed.0, whole.0], longest_pause: mixed.1.max(whole.1) })
}

impl Drill {
    /// The time in which both releases are there.
    async fn mix(&mut self) -> Result<(), Failure> {
        sleep(CALM).await;
        self.change(1, false).await?;
        self.nothing_new_is_taken(1).await?;
        // Each has to read what the other writes.
        self.lead_all(1).await?;
        sleep(CALM).await;
        self.nothing_new_is_taken(1).await?;
        self.lead_all(2).await?;
        sleep(CALM).await;
        self.nothing_new_is_taken(1).await?;
        self.world.kill(1)?;
        sleep(CALM).await;
        self.world.revive().await?;
        // Back, and forth again: nothing was written that the earlier release cannot read.
        self.change(1, true).await?;
        sleep(CALM).await;
        self.change(1, false).await?;
        sleep(CALM).await;
        Ok(())
    }

    /// The others follow, and what is new is switched on.
    async fn finish(&mut self) -> Result<(), Failure> {
        for node in 2..=NODES {
            self.nothing_new_is_taken(1).await?;
            self.change(node, false).await?;
            sleep(CALM).await;
        }
        let desk = self.desk(1).await?;
        let until = Instant::now() + SWITCHED_WITHIN;
        let switched = loop {
            match desk.push(FEATURES, &json!({})).await {
                // A leader that has not heard yet what each node runs.
                Outcome::Refused { body, .. } if code_of(&body) == "older_version" && Instant::now() < until => {
                    sleep(LOOK).await;
                }
                other => break other.accepted(FEATURES)?,
            }
        };
        println!("switched on: {}", switched["switched"]);
        if switched["switched"].as_array().is_none_or(Vec::is_empty) {
            return Err("the earlier release knew everything: nothing is proved".into());
        }
        // At once, through a node that may not have heard of it yet.
        let put = put_what_is_new(&self.desk(NODES).await?).await;
        put.accepted("what is new, after it was switched on")?;
        self.world.kill(1)?;
        sleep(CALM).await;
        self.world.revive().await?;
        sleep(CALM).await;
        Ok(())
    }

    /// Stops a node in order and starts it with another release: `back` to the earlier one.
    async fn change(&mut self, id: u64, back: bool) -> Result<(), Failure> {
        let begun = Instant::now();
        self.world.cluster.ask_to_stop(id).map_err(|error| error.to_string())?;
        self.ends(id, "was asked to stop").await?;
        self.wear(id, back)?;
        self.world.revive().await?;
        let to = if back { "the earlier release" } else { "this one" };
        println!("node {id} runs {to} after {:.1} s", begun.elapsed().as_secs_f64());
        Ok(())
    }

    fn wear(&mut self, id: u64, older: bool) -> Result<(), Failure> {
        let node = self.world.cluster.nodes.iter_mut().find(|node| node.id == id).ok_or("no such node")?;
        if older {
            self.older.put_on(node)
        } else {
            Older::take_off(node)
        }
        Ok(())
    }

    async fn ends(&mut self, id: u64, why: &str) -> Result<(), Failure> {
        let until = Instant::now() + ENDED_WITHIN;
        while !self.world.cluster.has_ended(id).map_err(|error| error.to_string())? {
            if Instant::now() > until {
                return Err(format!("node {id} {why}, and goes on for {ENDED_WITHIN:?}").into());
            }
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// The administrator at one node.
    async fn desk(&self, node: u64) -> Result<Desk, Failure> {
        Desk::sign_in(&self.world.origin(node), ADMIN, &self.world.cluster.password).await
    }

    /// While a node runs the earlier release, `node`, which runs this one, puts nothing into a log that the other cannot read.
    async fn nothing_new_is_taken(&self, node: u64) -> Result<(), Failure> {
        let desk = self.desk(node).await?;
        for (what, outcome, code) in [
            ("the switch", desk.push(FEATURES, &json!({})).await, "older_version"),
            ("a new command", put_what_is_new(&desk).await, "not_switched_on"),
        ] {
            match outcome {
                Outcome::Refused { body, .. } if code_of(&body) == code => {}
                other => return Err(format!("{what} is to be refused as {code}: {other:?}").into()),
            }
        }
        Ok(())
    }

    /// Lets one node lead every group.
    async fn lead_all(&self, node: u64) -> Result<(), Failure> {
        let others: Vec<u64> = (1..=NODES).filter(|other| *other != node).collect();
        let until = Instant::now() + LED_WITHIN;
        loop {
            let mut done = true;
            for other in &others {
                let rest = json!({ "node": other, "minutes": REST_MIN });
                done &= self.desk(node).await?.push(REST, &rest).await.accepted(REST)?["done"] == true;
            }
            if done {
                break;
            }
            if Instant::now() > until {
                return Err(format!("node {node} does not come to lead every group").into());
            }
            sleep(LOOK).await;
        }
        for other in &others {
            let rest = json!({ "node": other, "minutes": 0 });
            self.desk(node).await?.push(REST, &rest).await.accepted(REST)?;
        }
        Ok(())
    }

    /// Ends the load, and counts on every node what was promised. Yields the longest pause as well.
    async fn count(&mut self, half: &str, load: Load, begun: Instant) -> Result<(Promises, Duration), Failure> {
        let (oracle, _) = load.finish().await?;
        let pause = oracle.longest_pause_since(begun);
        let promises = oracle.promises();
        self.promised.add(promises.clone());
        equal(&self.world.admin, &self.world.origins()).await?;
        let mut broken = Broken::default();
        for node in 1..=NODES {
            let found = gather(&self.world.admin.at(&self.world.origin(node)), &self.promised).await?;
            broken.add(&format!("{half}: node {node}"), judge(&self.promised, &found));
        }
        println!(
            "{half}: {} readings and {} commands kept, {} unknown, longest pause {pause:?}",
            promises.readings_acknowledged(),
            promises.commands_acknowledged(),
            promises.unknown()
        );
        if !broken.is_empty() {
            return Err(broken.to_string().into());
        }
        if pause > PAUSE_MAX {
            return Err(format!("{half}: nothing was acknowledged for {pause:?}").into());
        }
        Ok((promises, pause))
    }

    /// After the switch a node with the earlier release ends by itself, says what to do, and comes back as this one.
    async fn refuse_to_go_back(&mut self) -> Result<(), Failure> {
        if self.older != Older::Acting {
            // Programs that were built before this rule do not know it.
            return Ok(());
        }
        self.world.cluster.ask_to_stop(NODES).map_err(|error| error.to_string())?;
        self.ends(NODES, "was asked to stop").await?;
        self.wear(NODES, true)?;
        self.world.cluster.start_node(NODES).map_err(|error| error.to_string())?;
        self.ends(NODES, "cannot read what is switched on").await?;
        let home = self.world.cluster.nodes.iter().find(|node| node.id == NODES).map(|node| node.home.clone());
        let log = fs::read_to_string(home.ok_or("no such node")?.join("node.log"))?;
        if !log.contains("run the newer version on this node") {
            return Err("a node that cannot read what is switched on does not say what to do".into());
        }
        self.wear(NODES, false)?;
        self.world.revive().await?;
        equal(&self.world.admin, &self.world.origins()).await
    }
}

/// A command that the first release cannot read.
async fn put_what_is_new(desk: &Desk) -> Outcome {
    let hours = json!([{ "weekday": 1, "from_min": 480, "until_min": 1020 }]);
    let calendar =
        json!({ "id": "hanh-chinh", "name": "Giờ hành chính", "hours": hours, "national_holidays": true, "days": [] });
    desk.command("/api/calendars", &calendar).await
}

/// What an answer that refuses calls its reason.
pub(crate) fn code_of(body: &Value) -> &str {
    body["code"].as_str().unwrap_or_default()
}
