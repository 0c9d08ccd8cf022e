//! The way to whoever decides: finds the group of a message, and the node that leads it.

pub(crate) mod message;
pub(crate) mod place;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use domain::{
    CameraHealth, CameraId, Command, EntityId, Grant, GroupId, Reading, ReadingVerdict, RecordCameraHealth, Reply,
    RequestId, limits::READINGS_PER_COMMAND_MAX,
};
use futures::future::join_all;
use raft::{
    NodeId,
    stage::{JoinHandle, spawn},
};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until, timeout, timeout_at},
};

use crate::{
    admission::{Admission, Permit},
    advice::Advisor,
    cluster::Cluster,
    config::{
        CATCH_UP_WAIT_MAX, DEADLINE_MAX, ELECTION_WAIT_MAX, EntityConfig, HOPS_MAX, READY_WAIT_MAX, STOP_WAIT_MAX,
    },
    counters::{Counters, count},
    error::{ServeError, TellError},
    host::{Ctx, GroupHost, reign::Reign},
    notice::Courier,
    overseer::oversee,
    router::message::{Body, Envelope, Failure, Outcome},
    watch::Watcher,
    wiring::Wired,
};

/// The kind of a peer call that carries a message to a router; its answer is `Router::told`'s.
pub const TELL_KIND: u16 = 100;

/// The one door to the actors of the cluster, on this node or another. Cloning it is cheap.
#[derive(Clone)]
pub struct Router(Arc<Road>);

/// What a router is made of.
pub(crate) struct Road {
    ctx: Arc<Ctx>,
    hosts: Vec<Arc<GroupHost>>,
    /// Bounds of what begins here, and of what other nodes send here.
    own: Admission,
    others: Admission,
    stopping: watch::Sender<bool>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// When the newest question to the command group began that was answered.
    caught_up: tokio::sync::Mutex<Option<Instant>>,
}

impl Router {
    /// Starts to follow every group's lead, and hosts the actors of those that this node leads.
    pub async fn start(groups: raft::Groups, peers: peer::Peers, config: EntityConfig) -> Self {
        Self::over(Arc::new(Wired { groups, peers }), config)
    }

    /// The same over whatever stands for the cluster: a double, or a node of a simulator.
    #[doc(hidden)]
    #[must_use]
    pub fn over(cluster: Arc<dyn Cluster>, config: EntityConfig) -> Self {
        let counters = Arc::new(Counters::default());
        let ctx = Arc::new(Ctx {
            cluster,
            config,
            counters,
            road: OnceLock::new(),
            advisor: OnceLock::new(),
            courier: OnceLock::new(),
            watcher: OnceLock::new(),
        });
        let hosts: Vec<_> = GroupId::all().map(|group| Arc::new(GroupHost::new(group, ctx.clone()))).collect();
        let road = Arc::new(Road {
            ctx: ctx.clone(),
            hosts,
            own: Admission::new(),
            others: Admission::new(),
            stopping: watch::Sender::new(false),
            tasks: Mutex::default(),
            caught_up: tokio::sync::Mutex::default(),
        });
        // A new context has no road yet, so this one stays.
        let _ = ctx.road.set(Arc::downgrade(&road));
        let mut tasks: Vec<_> =
            road.hosts.iter().map(|host| spawn(host.clone().run(road.stopping.subscribe()))).collect();
        tasks.push(spawn(oversee(ctx, road.hosts.clone(), road.stopping.subscribe())));
        *road.tasks.lock().unwrap_or_else(PoisonError::into_inner) = tasks;
        Self(road)
    }

    /// Records readings: one verdict for each, in order. It resolves when a quorum holds those that are recorded.
    ///
    /// # Errors
    /// Nothing is known of the readings, or nothing was done with them; either way, sending them again is harmless.
    pub async fn record(&self, readings: Vec<Reading>, deadline: Duration) -> Result<Vec<ReadingVerdict>, TellError> {
        self.0.record(readings, Instant::now() + deadline.min(DEADLINE_MAX)).await
    }

    /// Records what a camera's node says of it. A repetition of what is known costs no entry.
    ///
    /// # Errors
    /// As for [`Self::command`]. A refusal (an older epoch, no such camera) is no error: sending it again is useless.
    pub async fn camera_health(&self, camera: CameraId, health: CameraHealth, epoch: u64) -> Result<(), TellError> {
        let command = RecordCameraHealth { camera, health, epoch }.into();
        match self.command(None, command, None, None, self.0.ctx.config.commit_deadline).await? {
            Reply::Accepted(_) => {}
            Reply::Refused(refusal) => tracing::debug!(?refusal, "a camera's health was refused"),
        }
        Ok(())
    }

    /// Has a command decided by whoever leads its group; without a group, the one that keeps what the command is about.
    /// What is placed nowhere is `Refused` with `NotFound`.
    ///
    /// # Errors
    /// Only after [`TellError::Unknown`] may the command have taken effect.
    pub async fn command(
        &self,
        group: Option<GroupId>,
        command: Command,
        request: Option<RequestId>,
        grant: Option<Grant>,
        deadline: Duration,
    ) -> Result<Reply, TellError> {
        let group = match group {
            Some(group) => group,
            None => match self.0.group_of(&command).await? {
                Ok(group) => group,
                Err(refusal) => return Ok(Reply::Refused(refusal)),
            },
        };
        let permit = self.0.own.command(group).inspect_err(|_| count(&self.0.ctx.counters.commands_overloaded))?;
        let envelope = Envelope { group, request, grant, body: Body::Command(Box::new(command)) };
        self.0.tell(&envelope, Instant::now() + deadline.min(DEADLINE_MAX), &permit).await
    }

    /// Answers another node's message.
    ///
    /// # Errors
    /// The payload is not a message; the text names the field.
    pub async fn told(&self, payload: Bytes) -> Result<Bytes, String> {
        self.0.told(payload).await
    }

    /// Says that what brings readings in has just come up on this node: until it has had its time, nothing is silent.
    pub fn ingest_came_up(&self) {
        for reign in self.0.hosts.iter().filter_map(|host| host.reign()) {
            reign.clock.came_up();
        }
    }

    /// Has notices carried by `courier`. Once; they wait in the outbox until then.
    pub fn deliver_with(&self, courier: Arc<dyn Courier>) {
        if self.0.ctx.courier.set(courier).is_err() {
            tracing::warn!("entity: there is a courier already; the first one stays");
        }
    }

    /// Gives the models to ask. Until then, and on a node that has none, whatever is in use counts as having failed.
    pub fn advise_with(&self, advisor: Arc<dyn Advisor>) {
        if self.0.ctx.advisor.set(advisor).is_err() {
            tracing::warn!("entity: there is an advisor already; the first one stays");
        }
    }

    /// Gives the models that look at readings. Until then, and on a node that has none, whatever is in use counts as
    /// having failed.
    pub fn watch_with(&self, watcher: Arc<dyn Watcher>) {
        if self.0.ctx.watcher.set(watcher).is_err() {
            tracing::warn!("entity: there is a watcher already; the first one stays");
        }
    }

    /// What was counted since start.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.ctx.counters
    }

    /// Stops every actor and stops following; from then on messages are answered with `Stopped`.
    pub async fn stop(&self) {
        self.0.stopping.send_replace(true);
        let tasks = std::mem::take(&mut *self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        if timeout(STOP_WAIT_MAX, join_all(tasks)).await.is_err() {
            tracing::warn!("entity: actors were still stopping when the wait ended");
        }
    }

    /// Ends every actor at once and waits for nobody, as the end of a process does.
    #[doc(hidden)]
    pub fn cut(&self) {
        self.0.stopping.send_replace(true);
        for host in &self.0.hosts {
            host.end();
        }
    }

    #[cfg(test)]
    pub(crate) fn reign(&self, group: GroupId) -> Option<Arc<Reign>> {
        self.0.host(group)?.reign()
    }
}

impl Road {
    fn host(&self, group: GroupId) -> Option<&Arc<GroupHost>> {
        self.hosts.get(usize::try_from(group.0).ok()?)
    }

    fn placed(&self, readings: &[Reading]) -> Vec<Option<GroupId>> {
        self.ctx.cluster.read(GroupId::COMMAND, |state| {
            let placed = |reading: &Reading| state.placements().get(&EntityId::from(&reading.sensor)).copied();
            readings.iter().map(placed).collect()
        })
    }

    /// The group of a command, as newly as a quorum knows it when this node does not. While no quorum answers nothing is unknown.
    async fn group_of(&self, command: &Command) -> Result<Result<GroupId, domain::Refusal>, TellError> {
        if let Ok(group) = place::group_of(&*self.ctx.cluster, command) {
            return Ok(Ok(group));
        }
        self.catch_up(Instant::now() + CATCH_UP_WAIT_MAX).await?;
        Ok(place::group_of(&*self.ctx.cluster, command))
    }

    /// Hears what the command group has acknowledged. Who asks while somebody is asking waits for the next round, so that
    /// any number of unknown names costs one question at a time.
    async fn catch_up(&self, until: Instant) -> Result<(), TellError> {
        let asked_at = Instant::now();
        let mut begun_at = self.caught_up.lock().await;
        if begun_at.is_some_and(|begun_at| begun_at >= asked_at) {
            return Ok(());
        }
        let now = Instant::now();
        let wait = until.saturating_duration_since(now).min(CATCH_UP_WAIT_MAX);
        if !self.ctx.cluster.catch_up(GroupId::COMMAND, wait).await {
            return Err(TellError::NoLeader);
        }
        *begun_at = Some(now);
        Ok(())
    }

    async fn record(&self, readings: Vec<Reading>, until: Instant) -> Result<Vec<ReadingVerdict>, TellError> {
        let mut verdicts = vec![ReadingVerdict::UnknownSensor; readings.len()];
        let mut groups: BTreeMap<GroupId, (Vec<usize>, Vec<Reading>)> = BTreeMap::new();
        let (mut placed, mut failed) = (self.placed(&readings), None);
        if placed.contains(&None) {
            // Registered a moment ago through another node, or before this one came back: a device must not be told that it is unknown.
            let heard = self.catch_up(until).await;
            placed = self.placed(&readings);
            failed = heard.err().filter(|_| placed.contains(&None));
        }
        for (at, (reading, group)) in readings.into_iter().zip(placed).enumerate() {
            let Some(group) = group else {
                count(&self.ctx.counters.readings_unplaced);
                continue;
            };
            let (places, readings) = groups.entry(group).or_default();
            places.push(at);
            readings.push(reading);
        }
        let mut parts = Vec::new();
        for (group, (places, readings)) in groups {
            // One message is one entry at most, so it fits a frame.
            let chunks = places.chunks(READINGS_PER_COMMAND_MAX).zip(readings.chunks(READINGS_PER_COMMAND_MAX));
            for (places, readings) in chunks {
                let permit = self.own.readings(group, readings.len());
                let permit = permit.inspect_err(|_| count(&self.ctx.counters.records_overloaded))?;
                let body = Body::Readings(readings.to_vec());
                let envelope = Envelope { group, request: None, grant: None, body };
                let places = places.to_vec();
                parts.push(async move { (places, self.tell(&envelope, until, &permit).await) });
            }
        }
        for (places, reply) in join_all(parts).await {
            let answered = match reply {
                Ok(Reply::Accepted(accepted)) if accepted.verdicts.len() == places.len() => accepted.verdicts,
                Ok(_) => {
                    failed = Some(TellError::Unknown);
                    continue;
                }
                Err(error) => {
                    failed = failed.filter(|failed| *failed == TellError::Unknown).or(Some(error));
                    continue;
                }
            };
            for (place, verdict) in places.into_iter().zip(answered) {
                if let Some(slot) = verdicts.get_mut(place) {
                    *slot = verdict;
                }
            }
        }
        failed.map_or(Ok(verdicts), Err)
    }

    /// The system's own command: idempotent by itself.
    pub(crate) async fn system(&self, group: GroupId, command: Command) -> Result<Reply, TellError> {
        let permit = self.own.command(group)?;
        let envelope = Envelope { group, request: None, grant: None, body: Body::Command(Box::new(command)) };
        self.tell(&envelope, Instant::now() + self.ctx.config.commit_deadline, &permit).await
    }

    /// Refuses what some node may run a release for that cannot read it. A leader of that release would drop what it does not
    /// know, so this is asked before anything is sent.
    async fn may_tell(&self, envelope: &Envelope, until: Instant) -> Result<Result<(), domain::Refusal>, TellError> {
        let Body::Command(command) = &envelope.body else { return Ok(Ok(())) };
        let held = self.ctx.cluster.may_hold(envelope.group, command);
        if held.is_ok() || envelope.group != GroupId::COMMAND {
            return Ok(held);
        }
        // Switched on a moment ago through another node.
        self.catch_up(until).await?;
        Ok(self.ctx.cluster.may_hold(envelope.group, command))
    }

    /// Has the message decided by whoever leads its group, and decided anew by whoever leads next.
    async fn tell(&self, envelope: &Envelope, until: Instant, permit: &Permit) -> Result<Reply, TellError> {
        let Some(host) = self.host(envelope.group) else { return Err(TellError::NoLeader) };
        if let Err(refusal) = self.may_tell(envelope, until).await? {
            return Ok(Reply::Refused(refusal));
        }
        let node = self.ctx.cluster.node();
        let mut leads = self.ctx.cluster.lead_watch(envelope.group);
        let mut reigns = host.reign_watch();
        let (mut hops, mut is_unknown, mut hint, mut is_hinted) = (0, false, None, false);
        loop {
            if *self.stopping.borrow() {
                return Err(if is_unknown { TellError::Unknown } else { TellError::Stopped });
            }
            let reign = reigns.borrow_and_update().clone();
            let leader = leads.borrow_and_update().leader;
            // Who said that it does not lead knows better than the reign, whose end is told in a task of its own: asking the
            // reign again would be answered at once, and would keep that task from ever running.
            let told = hint.take();
            let there = told.or(leader).filter(|leader: &NodeId| *leader != node);
            let served = match (reign.filter(|_| told.is_none()), there) {
                (Some(reign), _) => {
                    let served = timeout_at(until, serve(&reign, envelope, until, permit)).await;
                    Outcome::from(served.unwrap_or(Err(ServeError::Unknown)))
                }
                (None, Some(leader)) if hops < HOPS_MAX => {
                    let sent = self.hop(leader, envelope, hops, until).await;
                    // What was never sent is no hop.
                    hops += u32::from(sent != Outcome::NeverSent);
                    sent
                }
                (None, Some(_)) => break,
                (None, None) => Outcome::NeverSent,
            };
            match served {
                Outcome::Replied(reply) => return Ok(reply),
                Outcome::Failed(Failure::Overloaded) if !is_unknown => return Err(TellError::Overloaded),
                Outcome::Failed(Failure::DiskFull) if !is_unknown => return Err(TellError::DiskFull),
                Outcome::Failed(Failure::Stopped) => {}
                Outcome::Failed(Failure::Overloaded | Failure::DiskFull) => break,
                Outcome::Failed(Failure::Unknown) => {
                    is_unknown = true;
                    if !envelope.is_idempotent() {
                        break;
                    }
                }
                Outcome::Failed(Failure::NotLeader(leader)) => {
                    // One hint is followed at once. While a lead moves, two nodes may name each other: that takes a moment too.
                    hint = leader.filter(|leader| *leader != node && !is_hinted);
                    is_hinted = hint.is_some();
                    if is_hinted {
                        continue;
                    }
                }
                Outcome::NeverSent => {}
            }
            // An election takes a moment; any sign of it ends the wait.
            let wait_until = until.min(Instant::now() + ELECTION_WAIT_MAX);
            let mut stopping = self.stopping.subscribe();
            tokio::select! {
                biased;
                _ = leads.changed() => {}
                _ = reigns.changed() => {}
                _ = stopping.wait_for(|stop| *stop) => {}
                () = sleep_until(wait_until) => {}
            }
            is_hinted = false;
            if Instant::now() >= until {
                break;
            }
        }
        if is_unknown {
            count(&self.ctx.counters.unknown);
            Err(TellError::Unknown)
        } else {
            count(&self.ctx.counters.no_leader);
            Err(TellError::NoLeader)
        }
    }

    async fn hop(&self, leader: NodeId, envelope: &Envelope, hops: u32, until: Instant) -> Outcome {
        let deadline = until.saturating_duration_since(Instant::now());
        if deadline.is_zero() {
            return Outcome::NeverSent;
        }
        count(&self.ctx.counters.hops);
        let payload = envelope.encode(deadline, hops + 1);
        match self.ctx.cluster.tell(leader, payload, deadline).await {
            Ok(answer) => message::decode_told(&answer).unwrap_or_else(|error| {
                tracing::warn!(leader, %error, "a node's answer cannot be read");
                Outcome::Failed(Failure::Unknown)
            }),
            Err(peer::CallError::Overloaded(_)) => Outcome::Failed(Failure::Overloaded),
            Err(error) if error.never_done() => Outcome::NeverSent,
            Err(error) => {
                tracing::debug!(leader, %error, "a message to a leader has no answer");
                Outcome::Failed(Failure::Unknown)
            }
        }
    }

    async fn told(&self, payload: Bytes) -> Result<Bytes, String> {
        count(&self.ctx.counters.told);
        let (envelope, deadline) = Envelope::decode(payload).map_err(|malformed| malformed.to_string())?;
        let until = Instant::now() + deadline.min(DEADLINE_MAX);
        Ok(message::encode_told(self.serve_told(&envelope, until).await))
    }

    /// Serves it here or not at all: a message that was passed on is never passed on further.
    async fn serve_told(&self, envelope: &Envelope, until: Instant) -> Result<Reply, ServeError> {
        let host = self.host(envelope.group).ok_or(ServeError::NotLeader(None))?;
        if *self.stopping.borrow() {
            return Err(ServeError::Stopped);
        }
        let permit = match &envelope.body {
            Body::Readings(readings) => self.others.readings(envelope.group, readings.len()),
            Body::Command(_) => self.others.command(envelope.group),
        };
        let permit = permit.map_err(|_| ServeError::Overloaded)?;
        let leader = self.ctx.cluster.lead_watch(envelope.group).borrow().leader;
        let mut reigns = host.reign_watch();
        if leader == Some(self.ctx.cluster.node()) {
            // Elected; ready in a moment.
            let ready_until = until.min(Instant::now() + READY_WAIT_MAX);
            let _ = timeout_at(ready_until, reigns.wait_for(Option::is_some)).await;
        }
        let reign = reigns.borrow().clone();
        let reign = reign.ok_or(ServeError::NotLeader(leader))?;
        timeout_at(until, serve(&reign, envelope, until, &permit)).await.unwrap_or(Err(ServeError::Unknown))
    }
}

async fn serve(reign: &Arc<Reign>, envelope: &Envelope, until: Instant, permit: &Permit) -> Result<Reply, ServeError> {
    match &envelope.body {
        Body::Readings(readings) => {
            let verdicts = reign.record(readings.clone(), until, permit.clone()).await?;
            Ok(Reply::Accepted(domain::Accepted { verdicts, ..Default::default() }))
        }
        Body::Command(command) => {
            let (request, grant) = (envelope.request, envelope.grant.clone());
            let command = Command::clone(command);
            reign.command(command, request, grant, until, permit.clone()).await
        }
    }
}

impl Drop for Road {
    fn drop(&mut self) {
        // Nobody is left to tell anything to.
        self.stopping.send_replace(true);
    }
}
