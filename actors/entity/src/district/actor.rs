//! The actor of one district: gathers readings for the log, keeps the quiet sensors, and counts alarms. It never waits for
//! the log itself, so a slow commit holds up nobody's next batch.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{AlarmKey, EntityId, Millis, Reading, ReadingVerdict, RecordReadings, Reply, SensorId};
use ractor::{Actor, ActorId, ActorProcessingErr, ActorRef, ActorStatus};
use raft::ProposeError;
use tokio::{sync::oneshot, task::JoinHandle, time::Instant};

use crate::{
    admission::Permit,
    alarm::{Book, Propose, condition},
    config::{SENSOR_BACKLOG_MAX, SLAB_SCAN_MAX, SLAB_TICK},
    counters::{Alive, add, count},
    district::{
        batch::{Batch, Waiting},
        rules::{FLOOD_WINDOW_MS, FloodRule, flood_key},
        slab::Slab,
    },
    error::ServeError,
    host::{reign::Reign, serve::serve_error},
    sensor::{
        actor::{SensorArguments, SensorMsg},
        rules::{Known, SensorRule},
    },
    timer::Timer,
};

type Verdicts = Result<Vec<ReadingVerdict>, ServeError>;

pub(crate) enum DistrictMsg {
    /// These sensors are of this district; others may be too.
    Members(Vec<SensorId>),
    /// Somebody waits for these to be recorded.
    Record { readings: Vec<Reading>, until: Instant, permit: Permit, reply: oneshot::Sender<Verdicts> },
    /// The entry under way has an outcome.
    Committed(Result<Reply, ProposeError>),
    /// These were recorded, whoever proposed them.
    Recorded { readings: Vec<Reading>, permit: Permit },
    /// An alarm was raised in the district.
    Raised { key: AlarmKey, episode: u32, at: Millis },
    /// A sensor is not what it was.
    Changed(SensorId),
    /// A sensor's actor has nothing under way, after so many readings.
    Quiet { sensor: SensorId, actor: ActorId, rule: SensorRule, handled: u64 },
    /// Time has passed.
    Tick,
    /// Nobody sends to this actor any more.
    Leave,
    /// Fails, so that a test sees what follows.
    #[cfg(test)]
    Panic,
}

/// Who waits for a verdict, and the room that the message takes until then.
struct Waiter {
    reply: oneshot::Sender<Verdicts>,
    _permit: Permit,
}

/// A sensor with an actor of its own.
struct Promoted {
    actor: ActorRef<SensorMsg>,
    sent: u64,
    handled: Arc<AtomicU64>,
}

/// A sensor that is to get one: its rule, what it wants, and the readings that came after that.
type Restless = BTreeMap<SensorId, (SensorRule, Vec<Propose>, Vec<Reading>)>;

pub(crate) struct DistrictState {
    reign: Arc<Reign>,
    district: EntityId,
    batch: Batch<Waiter>,
    slab: Slab,
    promoted: BTreeMap<SensorId, Promoted>,
    flood: FloodRule,
    flood_proposal: Option<JoinHandle<()>>,
    tick: Timer,
    _alive: Alive,
}

pub(crate) struct DistrictActor;

impl Actor for DistrictActor {
    type Msg = DistrictMsg;
    type State = DistrictState;
    type Arguments = (Arc<Reign>, EntityId);

    async fn pre_start(
        &self,
        myself: ActorRef<DistrictMsg>,
        (reign, district): Self::Arguments,
    ) -> Result<DistrictState, ActorProcessingErr> {
        let mut state = DistrictState {
            _alive: Alive::new(&reign.ctx.counters),
            reign,
            district,
            batch: Batch::default(),
            slab: Slab::default(),
            promoted: BTreeMap::new(),
            flood: FloodRule::default(),
            flood_proposal: None,
            tick: Timer::default(),
        };
        state.remember_alarms();
        state.arm(&myself);
        Ok(state)
    }

    async fn handle(
        &self,
        myself: ActorRef<DistrictMsg>,
        message: DistrictMsg,
        state: &mut DistrictState,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            DistrictMsg::Members(sensors) => {
                for sensor in sensors {
                    if !state.promoted.contains_key(&sensor) {
                        state.slab.keep(sensor, SensorRule::default());
                    }
                }
            }
            DistrictMsg::Record { readings, until, permit, reply } => {
                let waiting = Waiting { readings, until, waiter: Waiter { reply, _permit: permit } };
                let refused = state.batch.push(waiting);
                state.refuse(refused);
                state.propose_readings(&myself);
            }
            DistrictMsg::Committed(outcome) => {
                state.answer(outcome);
                state.propose_readings(&myself);
            }
            DistrictMsg::Recorded { readings, permit } => {
                state.recorded(&myself, readings);
                drop(permit);
            }
            DistrictMsg::Raised { key, episode, at } => {
                state.flood.raised(key, episode, at);
                state.decide_flood();
            }
            DistrictMsg::Changed(sensor) => match state.promoted.get(&sensor) {
                Some(promoted) => drop(promoted.actor.cast(SensorMsg::Look)),
                None => state.look_at(&myself, vec![sensor]),
            },
            DistrictMsg::Quiet { sensor, actor, rule, handled } => state.take_back(sensor, actor, rule, handled),
            DistrictMsg::Tick => state.tick(&myself),
            #[cfg(test)]
            DistrictMsg::Panic => panic!("as a test asked for"),
            DistrictMsg::Leave => {
                if state.is_idle() {
                    myself.stop(None);
                } else {
                    state.arm(&myself);
                }
            }
        }
        Ok(())
    }
}

impl DistrictState {
    fn arm(&mut self, myself: &ActorRef<DistrictMsg>) {
        let wait_ms = u64::try_from(SLAB_TICK.as_millis()).unwrap_or(u64::MAX);
        self.tick.arm(myself, Some(wait_ms), DistrictMsg::Tick);
    }

    fn is_idle(&self) -> bool {
        self.slab.is_empty() && self.promoted.is_empty() && self.flood.is_empty() && self.batch.is_idle()
    }

    fn refuse(&self, refused: Vec<Waiting<Waiter>>) {
        for waiting in refused {
            add(&self.reign.ctx.counters.readings_conflated, waiting.readings.len());
            let _ = waiting.waiter.reply.send(Err(ServeError::Overloaded));
        }
    }

    fn propose_readings(&mut self, myself: &ActorRef<DistrictMsg>) {
        let (readings, late) = self.batch.next(Instant::now());
        for waiting in late {
            // It was never proposed.
            let _ = waiting.waiter.reply.send(Err(ServeError::Overloaded));
        }
        let Some(mut readings) = readings else { return };
        self.reign.ctx.cluster.read(self.reign.group, |state| state.leave_units_out(&mut readings));
        count(&self.reign.ctx.counters.reading_batches);
        let (reign, myself) = (self.reign.clone(), myself.clone());
        tokio::spawn(async move {
            let outcome = reign.propose(RecordReadings { readings }.into()).await;
            // A district that has ended answers nobody: its waiters have been told that the outcome is unknown.
            let _ = myself.cast(DistrictMsg::Committed(outcome));
        });
    }

    /// Tells everybody in the batch what became of it.
    fn answer(&mut self, outcome: Result<Reply, ProposeError>) {
        let verdicts = match outcome.or_else(serve_error) {
            Ok(Reply::Accepted(accepted)) => Ok(accepted.verdicts),
            Ok(Reply::Refused(refusal)) => {
                tracing::error!(?refusal, "a batch of readings was refused");
                Err(ServeError::Unknown)
            }
            Err(error) => Err(error),
        };
        let mut verdicts = verdicts.map(Vec::into_iter);
        for waiting in self.batch.done() {
            let answer = match &mut verdicts {
                Ok(verdicts) => {
                    let own: Vec<_> = verdicts.by_ref().take(waiting.readings.len()).collect();
                    add(&self.reign.ctx.counters.readings_judged, own.len());
                    if own.len() == waiting.readings.len() { Ok(own) } else { Err(ServeError::Unknown) }
                }
                Err(error) => Err(*error),
            };
            let _ = waiting.waiter.reply.send(answer);
        }
    }

    /// Shows readings to the rules: of quiet sensors here, of others to their actors.
    fn recorded(&mut self, myself: &ActorRef<DistrictMsg>, readings: Vec<Reading>) {
        let mut quiet = Vec::new();
        for reading in readings {
            match self.promoted.get_mut(&reading.sensor) {
                Some(promoted) => send(&self.reign, promoted, reading),
                None => quiet.push(reading),
            }
        }
        let now = self.reign.clock.now();
        let slab = &mut self.slab;
        let restless = self.reign.ctx.cluster.read(self.reign.group, |state| {
            let mut restless = Restless::new();
            for reading in quiet {
                if let Some((.., later)) = restless.get_mut(&reading.sensor) {
                    later.push(reading);
                    continue;
                }
                let Some(sensor) = state.sensors().get(&reading.sensor) else { continue };
                let known = Known { sensor, alarms: Book(state.alarms()) };
                let rule = slab.rule(&reading.sensor);
                let proposed = rule.reading(known, &reading, now);
                if !proposed.is_empty() || !rule.is_quiet(known) {
                    let rule = slab.take(&reading.sensor).unwrap_or_default();
                    restless.insert(reading.sensor, (rule, proposed, Vec::new()));
                }
            }
            restless
        });
        self.promote(myself, restless);
    }

    /// Lets time pass for these sensors.
    fn look_at(&mut self, myself: &ActorRef<DistrictMsg>, sensors: Vec<SensorId>) {
        let now = self.reign.clock.now();
        let slab = &mut self.slab;
        let restless = self.reign.ctx.cluster.read(self.reign.group, |state| {
            let mut restless = Restless::new();
            for id in sensors {
                let Some(sensor) = state.sensors().get(&id) else {
                    slab.take(&id);
                    continue;
                };
                let known = Known { sensor, alarms: Book(state.alarms()) };
                let rule = slab.rule(&id);
                let proposed = rule.tick(known, now);
                if !proposed.is_empty() || !rule.is_quiet(known) {
                    let rule = slab.take(&id).unwrap_or_default();
                    restless.insert(id, (rule, proposed, Vec::new()));
                }
            }
            restless
        });
        self.promote(myself, restless);
    }

    fn promote(&mut self, myself: &ActorRef<DistrictMsg>, restless: Restless) {
        for (sensor, (rule, proposed, later)) in restless {
            let handled = Arc::new(AtomicU64::new(0));
            let arguments = SensorArguments {
                reign: self.reign.clone(),
                sensor: sensor.clone(),
                district: myself.clone(),
                rule,
                proposed,
                handled: handled.clone(),
            };
            let Some(actor) = self.reign.wake_sensor(arguments) else { continue };
            let mut promoted = Promoted { actor, sent: 0, handled };
            for reading in later {
                send(&self.reign, &mut promoted, reading);
            }
            self.promoted.insert(sensor, promoted);
        }
    }

    /// A sensor is quiet again, unless a reading is on its way to its actor: then that one asks again.
    fn take_back(&mut self, sensor: SensorId, actor: ActorId, rule: SensorRule, handled: u64) {
        let is_done = self.promoted.get(&sensor).is_some_and(|p| p.actor.get_id() == actor && p.sent == handled);
        if is_done && let Some(promoted) = self.promoted.remove(&sensor) {
            promoted.actor.stop(None);
            self.slab.keep(sensor, rule);
        }
    }

    fn tick(&mut self, myself: &ActorRef<DistrictMsg>) {
        self.arm(myself);
        // An actor that failed gives its sensor back; what it knew is gone, what matters is in state.
        let (gone, awake) = std::mem::take(&mut self.promoted)
            .into_iter()
            .partition(|(_, promoted)| promoted.actor.get_status() >= ActorStatus::Stopping);
        self.promoted = awake;
        for (sensor, _) in BTreeMap::<SensorId, Promoted>::into_iter(gone) {
            self.slab.keep(sensor, SensorRule::default());
        }
        let turn = self.slab.turn(SLAB_SCAN_MAX);
        let (mine, moved): (Vec<_>, Vec<_>) =
            turn.into_iter().partition(|sensor| self.reign.district_of_sensor(sensor) == self.district);
        for sensor in moved {
            self.slab.take(&sensor);
        }
        self.look_at(myself, mine);
        self.decide_flood();
        if self.is_idle() {
            self.reign.directory.forget(myself.get_id());
            let _ = myself.cast(DistrictMsg::Leave);
        }
    }

    /// The alarms raised lately, found again in state.
    fn remember_alarms(&mut self) {
        let now = self.reign.clock.now().clock;
        let lately: Vec<_> = self.reign.ctx.cluster.read(self.reign.group, |state| {
            let lately = state.alarms().values().filter(|alarm| now.since(alarm.raised_at_ms) < FLOOD_WINDOW_MS);
            let counted = lately.filter(|alarm| alarm.key.condition != *condition::FLOOD && alarm.finding.is_none());
            counted.filter(|alarm| state.inhibited(&alarm.key, now).is_none()).cloned().collect()
        });
        for alarm in lately {
            if self.reign.district_of_unit(&alarm.place.admin_unit) == self.district {
                self.flood.raised(alarm.key, alarm.episode, alarm.raised_at_ms);
            }
        }
    }

    fn decide_flood(&mut self) {
        if self.flood_proposal.as_ref().is_some_and(|proposal| !proposal.is_finished()) {
            return;
        }
        let now = self.reign.clock.now();
        let (key, flood) = (flood_key(&self.district), &mut self.flood);
        let decide = |state: &domain::State| flood.decide(&key, Book(state.alarms()), now);
        let Some(propose) = self.reign.ctx.cluster.read(self.reign.group, decide) else { return };
        let reign = self.reign.clone();
        // One that fails is decided anew with the next tick.
        self.flood_proposal =
            Some(tokio::spawn(async move { reign.propose_all(&mut VecDeque::from([propose])).await }));
    }
}

fn send(reign: &Reign, promoted: &mut Promoted, reading: Reading) {
    if promoted.sent - promoted.handled.load(Ordering::Acquire) >= SENSOR_BACKLOG_MAX {
        count(&reign.ctx.counters.rule_readings_skipped);
    } else if promoted.actor.cast(SensorMsg::Reading(reading)).is_ok() {
        promoted.sent += 1;
    }
}
