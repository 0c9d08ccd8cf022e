//! A cluster with the demonstration's province, in which nothing moves but what the scripted people do.

use std::{sync::Arc, time::Duration};

use node::{
    client::{Answer, Client},
    local::ADMIN,
    town::{self, TownSize},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    Result,
    desk::Desk,
    parts::Setting,
    screen,
    stage::{NODES, Stage},
};

/// Response units of the province: more than are ever on the way at once.
const UNITS: usize = 30;
/// How often a decision is made anew because somebody (a model, a crew) was faster, or the node that is asked has come back and lags: ten seconds.
const DECISIONS_MAX: u32 = 200;
/// Pause before that.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// The cluster and an administrator's session.
pub(super) struct Scene {
    pub(super) stage: Stage,
    pub(super) client: Arc<Client>,
}

impl Scene {
    /// Starts three nodes and registers the province.
    pub(super) async fn start(setting: &Setting, name: &str) -> Result<Self> {
        let stage = Stage::start(&setting.program, name, setting.keep).await?;
        let client = Client::new(stage.cluster.urls(), None)?;
        client.login(ADMIN, &stage.cluster.password).await?;
        let size = TownSize { cameras: 0, sensors: 0, units: UNITS };
        let furnished = town::furnish(&client, size, None, &stage.cluster.password).await?;
        match furnished.refused_count() {
            0 => Ok(Self { stage, client: Arc::new(client) }),
            refused => Err(format!("{refused} registrations of the province were refused: see the nodes' logs").into()),
        }
    }

    /// Origin of the node at this place, counted round.
    pub(super) fn origin(&self, at: usize) -> Result<String> {
        let urls = self.stage.cluster.urls();
        let url = urls.get(at % urls.len().max(1)).cloned();
        Ok(url.ok_or("the cluster has no nodes")?)
    }

    /// The token of a person who signs in at the node at this place.
    pub(super) async fn token(&self, person: &str, at: usize) -> Result<String> {
        let desk = Desk::sign_in(&self.stage.gateways()?, at, person, &self.stage.cluster.password).await?;
        Ok(desk.token().to_owned())
    }

    /// The place of a node that does not lead group 0: screens there outlive the one that does. `more` is 0 or 1.
    pub(super) async fn beside_leader(&self, more: usize) -> Result<usize> {
        Ok((usize::try_from(self.leader().await?)? + more) % usize::try_from(NODES)?)
    }

    /// The node that leads group 0.
    pub(super) async fn leader(&self) -> Result<u64> {
        let gateways = self.stage.gateways()?;
        let address = gateways.first().copied().ok_or("the cluster has no nodes")?;
        screen::leader(address, &self.token(ADMIN, 0).await?).await
    }

    /// `kill -9` of the node that leads group 0; which one it was.
    pub(super) async fn kill_leader(&mut self) -> Result<u64> {
        let leader = self.leader().await?;
        self.stage.cluster.kill(leader)?;
        println!("  node {leader}, which led, was killed");
        Ok(leader)
    }

    /// Starts a node that was killed, and waits until it is ready.
    pub(super) async fn restart(&mut self, node: u64) -> Result<()> {
        self.stage.cluster.start_node(node)?;
        self.stage.cluster.ready().await
    }

    /// A command that has to be accepted; its answer.
    pub(super) async fn order(&self, path: &str, body: &Value) -> Result<Value> {
        match self.client.command(path, body).await? {
            Answer::Accepted(answer) => Ok(answer),
            Answer::Refused(refused) => Err(format!("{path}: {refused}").into()),
        }
    }

    /// Opens an incident; its id.
    pub(super) async fn open(&self, reference: &str) -> Result<String> {
        let opened = self.order("/api/reports", &crate::stage::report(reference)).await?;
        let id = opened.get("entity").and_then(Value::as_str);
        Ok(id.ok_or("the answer to a report names no incident")?.to_owned())
    }

    /// Decides on an incident as it stands, anew when it changed meanwhile.
    pub(super) async fn decide(&self, incident: &str, verb: &str, mut body: Value) -> Result<()> {
        let path = format!("/api/incidents/{incident}/{verb}");
        let mut last = String::new();
        for _ in 0..DECISIONS_MAX {
            let incidents: Vec<Value> = self.client.list("/api/incidents").await?;
            let found = incidents.iter().find(|it| it.get("id").and_then(Value::as_str) == Some(incident));
            let version = found.and_then(|it| it.get("version")).and_then(Value::as_u64);
            // A node that has just come back may not have it yet.
            let Some(version) = version else {
                last = format!("{incident} is not in the list");
                sleep(AGAIN_AFTER).await;
                continue;
            };
            body["expected_version"] = json!(version);
            match self.client.command(&path, &body).await? {
                Answer::Accepted(_) => return Ok(()),
                // It changed, or a unit is not free yet by what this node knows.
                Answer::Refused(refused) => last = refused.to_string(),
            }
            sleep(AGAIN_AFTER).await;
        }
        Err(format!("{path}: {last}").into())
    }

    /// Nobody is called back: who rings again is a new call of a number with a history, and not the same one once more.
    pub(super) async fn call_nobody_back(&self) -> Result<()> {
        let mut desk: Value = self.client.get("/api/call-desk").await?;
        desk["callback_always"] = json!(false);
        self.order("/api/call-desk", &desk).await.map(drop)
    }

    /// A caller rings.
    pub(super) async fn ring(&self, connection: &str, number: &str) -> Result<()> {
        let offer = json!({ "line": "1022", "number": number, "place": crate::stage::place(0) });
        self.order(&format!("/api/telephony/calls/{connection}/offer"), &offer).await.map(drop)
    }

    /// The caller hangs up.
    pub(super) async fn hang_up(&self, connection: &str) -> Result<()> {
        let path = format!("/api/telephony/calls/{connection}/end");
        self.order(&path, &json!({ "cause": "hung_up" })).await.map(drop)
    }
}
