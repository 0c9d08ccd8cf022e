//! One lead of one group: its clock, its actors, and what they share. It ends with the lead, and all its actors with it.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{
    AdminUnitCode, Alarm, AlarmKey, CameraId, Command, EntityId, GroupId, Incident, IncidentId, Millis,
    RaisePolicyFloor, Reading, Reply, SensorId, State, Unit, UnitId,
};
use ractor::{Actor, ActorCell, ActorRef, ActorRuntime};
use raft::{
    Proposal, ProposeError,
    stage::{JoinHandle, spawn},
};
use tokio::sync::{Semaphore, mpsc};

use crate::{
    advice::{
        desk,
        rules::{Told, is_in_words, unasked},
    },
    alarm::{
        Propose,
        reporter::{Reporter, ReporterMsg},
    },
    audit::anchor,
    call::usher::{Usher, UsherMsg},
    camera::{
        actor::{CameraActor, CameraMsg},
        rules::Patience,
    },
    clock::Clock,
    config::{
        ADVICE_QUEUE_MAX, ADVICE_RESCAN_MAX, FEEDS_IN_FLIGHT_MAX, PUMP_BATCHES_MAX, STAMP_WAIT_MAX, WATCH_QUEUE_MAX,
    },
    counters::count,
    deadline::keeper::{Keeper, KeeperMsg},
    district::actor::{DistrictActor, DistrictMsg},
    host::{
        Ctx,
        directory::{Directory, Key, Supervisor},
        membership::{Membership, district_of},
        pump::pump,
        wake::{self, is_near},
    },
    incident::{
        actor::{IncidentActor, IncidentMsg},
        rules::due,
    },
    notice::postman,
    sensor::actor::{SensorActor, SensorArguments, SensorMsg},
    unit::{
        actor::{UnitActor, UnitMsg},
        rules as unit_rules,
    },
    watch::lookout,
};

/// See the module.
pub(crate) struct Reign {
    pub(crate) group: GroupId,
    pub(crate) ctx: Arc<Ctx>,
    pub(crate) clock: Clock,
    pub(crate) directory: Arc<Directory>,
    supervisor: ActorCell,
    membership: Mutex<Membership>,
    /// Room for feeds of recorded readings.
    pub(crate) feeds: Arc<Semaphore>,
    /// Ends of shelves. At most one for each alarm of the group.
    shelves: Mutex<BTreeMap<AlarmKey, Millis>>,
    /// The reporter has been woken and has not looked yet: one message in its mailbox is enough.
    pub(crate) is_reporter_woken: AtomicBool,
    /// The same of the keeper of deadlines.
    pub(crate) is_keeper_woken: AtomicBool,
    /// The same of the usher of calls.
    pub(crate) is_usher_woken: AtomicBool,
    /// What was told and waits to be asked about.
    told: mpsc::Sender<Told>,
    /// Counts the leads of this node: readings that went by under another one were not shown here.
    pub(crate) number: u64,
    /// Models are in use that look at readings.
    pub(crate) is_watched: AtomicBool,
    /// What was recorded and waits to be shown to models.
    recorded: mpsc::Sender<Vec<Reading>>,
    /// The pump, the anchors, in the command group the desk, the postman and what wakes, in a field group the lookout.
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Reign {
    /// Begins to act for the group; none when the runtime is going down.
    pub(crate) async fn begin(group: GroupId, ctx: Arc<Ctx>) -> Option<Arc<Self>> {
        let directory = Arc::new(Directory::default());
        let supervisor = Supervisor { directory: directory.clone(), counters: ctx.counters.clone() };
        let (supervisor, _) = Actor::spawn(None, supervisor, ()).await.ok()?;
        let applied = ctx.cluster.applied(group);
        let clock = Clock::new(ctx.cluster.read(group, State::clock).max(applied.at_ms));
        let (told, queue) = mpsc::channel(ADVICE_QUEUE_MAX);
        let (recorded, shown) = mpsc::channel(WATCH_QUEUE_MAX);
        let number = ctx.counters.reigns.fetch_add(1, Ordering::Relaxed) + 1;
        let reign = Arc::new(Self {
            group,
            clock,
            directory,
            supervisor: supervisor.get_cell(),
            membership: Mutex::default(),
            feeds: Arc::new(Semaphore::new(FEEDS_IN_FLIGHT_MAX)),
            shelves: Mutex::default(),
            is_reporter_woken: AtomicBool::new(false),
            is_keeper_woken: AtomicBool::new(false),
            is_usher_woken: AtomicBool::new(false),
            told,
            number,
            is_watched: AtomicBool::new(false),
            recorded,
            tasks: Mutex::default(),
            ctx,
        });
        if group == GroupId::COMMAND {
            let desk = spawn(desk::run(Arc::downgrade(&reign), queue));
            let postman = spawn(postman::run(reign.clone()));
            lock(&reign.tasks).extend([desk, postman]);
        }
        if !anchor::anchored_in(group).is_empty() {
            let anchor = spawn(anchor::run(Arc::downgrade(&reign)));
            lock(&reign.tasks).push(anchor);
        }
        if group.is_field() {
            reign.stamp().await;
            // After the stamp: findings are measured by state's clock.
            let lookout = spawn(lookout::run(Arc::downgrade(&reign), shown));
            lock(&reign.tasks).push(lookout);
            // Districts know their sensors before the first reading comes.
            reign.rescan();
            let pump = spawn(pump(reign.clone(), applied.index, PUMP_BATCHES_MAX));
            lock(&reign.tasks).push(pump);
        } else {
            // Commands need none of it: they are taken while the new lead looks round.
            let looking = spawn(reign.clone().look_round(applied.index));
            lock(&reign.tasks).push(looking);
        }
        Some(reign)
    }

    /// Of the command group: first everything that stands in state, then the events after it, so nothing falls in between.
    async fn look_round(self: Arc<Self>, index: u64) {
        self.stamp().await;
        self.rescan();
        let waking = wake::run(self.clone());
        tokio::select! {
            biased;
            () = waking => {}
            () = pump(self, index, PUMP_BATCHES_MAX) => {}
        }
    }

    /// State's clock stands where the last entry left it, however long ago that was, and deadlines are measured by it. An
    /// entry that changes nothing brings it to now; without an answer in time, the next entry will.
    async fn stamp(&self) {
        let floor = self.ctx.cluster.read(self.group, State::policy_floor);
        let stamped = self.propose_within(RaisePolicyFloor { floor }.into(), STAMP_WAIT_MAX).await;
        if let Err(error) = stamped {
            tracing::debug!(group = %self.group, %error, "a new lead begins on an old clock");
        }
        self.clock.observe(self.ctx.cluster.applied(self.group).at_ms);
    }

    /// Stops every actor at once. What they held may be lost; whoever waits for one hears that the outcome is unknown.
    pub(crate) fn end(&self) {
        for task in lock(&self.tasks).drain(..) {
            task.abort();
        }
        // The supervisor takes its children with it.
        self.supervisor.kill();
    }

    /// Looks at the whole state and wakes whoever has something to do; whose deadline comes near, [`wake`] finds.
    pub(crate) fn rescan(self: &Arc<Self>) {
        if self.group.is_field() {
            self.read_districts();
            let cluster = &self.ctx.cluster;
            let shelves = |state: &State| {
                let shelved = state.alarms().values().filter_map(|alarm| Some((&alarm.key, alarm.shelf.as_ref()?)));
                shelved.map(|(key, shelf)| (key.clone(), shelf.until_ms)).collect()
            };
            *lock(&self.shelves) = cluster.read(self.group, shelves);
            let cameras: Vec<_> = cluster.read(self.group, |state| state.cameras().keys().cloned().collect());
            for camera in cameras {
                self.tell_camera(&camera, CameraMsg::Look);
            }
            self.wake_reporter();
        } else {
            let has_due =
                |state: &State| state.clocks_due().next().is_some() || state.shift_notes_due().next().is_some();
            if self.ctx.cluster.read(self.group, has_due) {
                self.wake_keeper();
            }
            if self.ctx.cluster.read(self.group, |state| !state.agents().is_empty() || !state.calls().is_empty()) {
                self.wake_usher();
            }
            for told in self.ctx.cluster.read(self.group, |state| unasked(state, ADVICE_RESCAN_MAX)) {
                self.advise(told);
            }
        }
    }

    /// Reads which sensor is of which district, and tells each district its own.
    pub(crate) fn read_districts(self: &Arc<Self>) {
        if !self.group.is_field() {
            return;
        }
        let cluster = &self.ctx.cluster;
        let membership = Membership::read(
            self.group,
            |read| cluster.with_state(self.group, read),
            |read| cluster.with_state(GroupId::COMMAND, read),
        );
        let districts = membership.districts();
        *lock(&self.membership) = membership;
        for (district, sensors) in districts {
            self.tell_district(&district, DistrictMsg::Members(sensors));
        }
    }

    /// A sensor was registered, or registered anew at another place.
    pub(crate) fn sensor_registered(self: &Arc<Self>, sensor: &SensorId, unit: &AdminUnitCode) {
        let district = self.district_of_unit(unit);
        lock(&self.membership).put_sensor(sensor.clone(), district.clone());
        self.tell_district(&district, DistrictMsg::Members(vec![sensor.clone()]));
        self.tell_district(&district, DistrictMsg::Changed(sensor.clone()));
    }

    /// The district that gathers a sensor's readings, whether or not the sensor is known.
    pub(crate) fn district_of_sensor(&self, sensor: &SensorId) -> EntityId {
        if let Some(district) = lock(&self.membership).sensor(sensor) {
            return district;
        }
        let unit = |state: &State| state.sensors().get(sensor).map(|sensor| sensor.place.admin_unit.clone());
        match self.ctx.cluster.read(self.group, unit) {
            Some(unit) => {
                let district = self.district_of_unit(&unit);
                lock(&self.membership).put_sensor(sensor.clone(), district.clone());
                district
            }
            None => crate::host::membership::no_district(self.group),
        }
    }

    pub(crate) fn district_of_unit(&self, unit: &AdminUnitCode) -> EntityId {
        if let Some(district) = lock(&self.membership).unit(unit) {
            return district;
        }
        let district = self.ctx.cluster.read(GroupId::COMMAND, |state| district_of(state, unit, self.group));
        lock(&self.membership).put_unit(unit.clone(), district.clone());
        district
    }

    pub(crate) fn tell_district(self: &Arc<Self>, district: &EntityId, message: DistrictMsg) {
        let wake = || (DistrictActor, (self.clone(), district.clone()));
        self.directory.tell(&Key::District(district.clone()), message, &self.supervisor, wake);
    }

    pub(crate) fn tell_camera(self: &Arc<Self>, camera: &CameraId, message: CameraMsg) {
        let wake = || (CameraActor, (self.clone(), camera.clone()));
        self.directory.tell(&Key::Camera(camera.clone()), message, &self.supervisor, wake);
    }

    pub(crate) fn tell_incident(self: &Arc<Self>, incident: &IncidentId) {
        let wake = || (IncidentActor, (self.clone(), incident.clone()));
        self.directory.tell(&Key::Incident(incident.clone()), IncidentMsg::Look, &self.supervisor, wake);
    }

    pub(crate) fn tell_unit(self: &Arc<Self>, unit: &UnitId) {
        let wake = || (UnitActor, (self.clone(), unit.clone()));
        self.directory.tell(&Key::Unit(unit.clone()), UnitMsg::Look, &self.supervisor, wake);
    }

    /// A unit changed: wakes its actor when a deadline is near, and lets one that is awake see that it is not.
    pub(crate) fn unit_changed(self: &Arc<Self>, unit: &Unit) {
        if is_near(unit_rules::due(unit), self.clock.now().clock) {
            self.tell_unit(&unit.id);
        } else {
            self.directory.tell_awake(&Key::Unit(unit.id.clone()), UnitMsg::Look);
        }
    }

    /// An incident changed: wakes its actor when a deadline is near, and lets one that is awake see that it is not.
    pub(crate) fn incident_changed(self: &Arc<Self>, incident: &Incident) {
        if is_near(due(incident), self.clock.now().clock) {
            self.tell_incident(&incident.id);
        } else {
            self.directory.tell_awake(&Key::Incident(incident.id.clone()), IncidentMsg::Look);
        }
    }

    /// An incident was opened, in words.
    pub(crate) fn incident_opened(&self, incident: &Incident) {
        if is_in_words(incident) {
            self.advise(Told { incident: incident.id.clone(), note: None });
        }
    }

    /// A note was added to an incident.
    pub(crate) fn incident_noted(&self, incident: &Incident, note: &str) {
        self.advise(Told { incident: incident.id.clone(), note: Some(note.to_owned()) });
    }

    /// Has models asked, if there is room at the desk. Never waits.
    fn advise(&self, told: Told) {
        if self.told.try_send(told).is_err() {
            count(&self.ctx.counters.advice_dropped);
        }
    }

    /// Has models shown what was recorded, if any is in use and there is room. Never waits.
    pub(crate) fn show(&self, readings: &[Reading]) {
        if self.is_watched.load(Ordering::Acquire) && self.recorded.try_send(readings.to_vec()).is_err() {
            count(&self.ctx.counters.watch_dropped);
        }
    }

    /// The actor of a sensor that is not quiet.
    pub(crate) fn wake_sensor(self: &Arc<Self>, arguments: SensorArguments) -> Option<ActorRef<SensorMsg>> {
        let (actor, _) =
            ActorRuntime::spawn_linked_instant(None, SensorActor, arguments, self.supervisor.clone()).ok()?;
        Some(actor)
    }

    /// Something waits to be reported, a shelf changed, or what is in service.
    pub(crate) fn wake_reporter(self: &Arc<Self>) {
        if !self.is_reporter_woken.swap(true, Ordering::AcqRel) {
            let wake = || (Reporter, self.clone());
            self.directory.tell(&Key::Reporter, ReporterMsg::Look, &self.supervisor, wake);
        }
    }

    /// A clock of an incident or a task was started, stopped or set.
    pub(crate) fn wake_keeper(self: &Arc<Self>) {
        if !self.is_keeper_woken.swap(true, Ordering::AcqRel) {
            let wake = || (Keeper, self.clone());
            self.directory.tell(&Key::Keeper, KeeperMsg::Look, &self.supervisor, wake);
        }
    }

    /// A call, an agent or the nodes that are up changed.
    pub(crate) fn wake_usher(self: &Arc<Self>) {
        if !self.is_usher_woken.swap(true, Ordering::AcqRel) {
            let wake = || (Usher, self.clone());
            self.directory.tell(&Key::Usher, UsherMsg::Look, &self.supervisor, wake);
        }
    }

    /// Whether the alarm calls for nobody now: out of service, or suppressed by design.
    pub(crate) fn is_inhibited(&self, alarm: &Alarm) -> bool {
        let now = self.clock.now().clock;
        self.ctx.cluster.read(self.group, |state| state.inhibited(&alarm.key, now).is_some())
    }

    /// What is in service is not what it was, nor what suppresses what: something that was held back may be due.
    pub(crate) fn service_changed(self: &Arc<Self>) {
        if self.ctx.cluster.read(self.group, |state| state.unreported_alarms().next().is_some()) {
            self.wake_reporter();
        }
    }

    /// An alarm was shelved until then, or is no longer.
    pub(crate) fn shelf(&self, key: &AlarmKey, until: Option<Millis>) {
        let mut shelves = lock(&self.shelves);
        match until {
            Some(until) => shelves.insert(key.clone(), until),
            None => shelves.remove(key),
        };
    }

    /// The shelves that have ended, and in how many milliseconds the next one does.
    pub(crate) fn shelves_ended(&self) -> (Vec<AlarmKey>, Option<u64>) {
        let now = self.clock.now().clock;
        let shelves = lock(&self.shelves);
        let ended = shelves.iter().filter(|(_, until)| **until <= now).map(|(key, _)| key.clone()).collect();
        let next = shelves.values().filter(|until| **until > now).map(|until| until.since(now)).min();
        (ended, next)
    }

    pub(crate) fn patience(&self) -> Patience {
        let config = &self.ctx.config;
        Patience { debounce_ms: config.camera_debounce_ms, report_within_ms: config.camera_report_within_ms }
    }

    /// Proposes on behalf of the system. A failure also means that nothing was being recorded.
    pub(crate) async fn propose(&self, command: Command) -> Result<Reply, ProposeError> {
        self.propose_within(command, self.ctx.config.commit_deadline).await
    }

    pub(crate) async fn propose_within(&self, command: Command, deadline: Duration) -> Result<Reply, ProposeError> {
        let proposal = Proposal { request: None, grant: None, command };
        let outcome = self.ctx.cluster.propose(self.group, proposal, deadline).await;
        if outcome.is_err() {
            self.clock.came_up();
        }
        outcome.map(|committed| committed.reply)
    }

    /// Proposes what a rule decided, in order, and leaves what was not answered: a refusal is an answer (somebody
    /// else was first), a failure means to propose it again a little later.
    pub(crate) async fn propose_all(&self, proposed: &mut VecDeque<Propose>) {
        while let Some(propose) = proposed.front().cloned() {
            let counters = &self.ctx.counters;
            match &propose {
                Propose::Raise { .. } => count(&counters.alarms_raised),
                Propose::Clear { .. } => count(&counters.alarms_cleared),
            }
            match self.propose(propose.into()).await {
                Ok(Reply::Accepted(_)) => {}
                Ok(Reply::Refused(refusal)) => tracing::debug!(?refusal, "a rule's proposal was refused"),
                Err(error) => {
                    tracing::debug!(?error, "a rule's proposal has no outcome");
                    return;
                }
            }
            proposed.pop_front();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
