//! The actor of one sensor that is not quiet: an alarm is active, or a debounce runs. It may propose and wait, while its
//! district goes on.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{Reading, SensorId};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{
    alarm::{Book, Propose},
    config::DECIDE_AGAIN_WAIT,
    counters::Alive,
    district::actor::DistrictMsg,
    host::reign::Reign,
    sensor::rules::{Known, SensorRule},
    timer::Timer,
};

pub(crate) enum SensorMsg {
    /// It was recorded.
    Reading(Reading),
    /// Time has passed, or something changed.
    Look,
}

/// What a district hands over when a sensor is no longer quiet.
pub(crate) struct SensorArguments {
    pub(crate) reign: Arc<Reign>,
    pub(crate) sensor: SensorId,
    pub(crate) district: ActorRef<DistrictMsg>,
    pub(crate) rule: SensorRule,
    pub(crate) proposed: Vec<Propose>,
    /// Readings handled so far, for the district to compare with what it sent.
    pub(crate) handled: Arc<AtomicU64>,
}

pub(crate) struct SensorState {
    reign: Arc<Reign>,
    sensor: SensorId,
    district: ActorRef<DistrictMsg>,
    rule: SensorRule,
    /// Decided and not yet answered.
    proposed: VecDeque<Propose>,
    handled: Arc<AtomicU64>,
    timer: Timer,
    _alive: Alive,
}

pub(crate) struct SensorActor;

impl Actor for SensorActor {
    type Msg = SensorMsg;
    type State = SensorState;
    type Arguments = SensorArguments;

    async fn pre_start(
        &self,
        myself: ActorRef<SensorMsg>,
        arguments: SensorArguments,
    ) -> Result<SensorState, ActorProcessingErr> {
        myself.cast(SensorMsg::Look)?;
        Ok(SensorState {
            _alive: Alive::new(&arguments.reign.ctx.counters),
            reign: arguments.reign,
            sensor: arguments.sensor,
            district: arguments.district,
            rule: arguments.rule,
            proposed: arguments.proposed.into(),
            handled: arguments.handled,
            timer: Timer::default(),
        })
    }

    async fn handle(
        &self,
        myself: ActorRef<SensorMsg>,
        message: SensorMsg,
        state: &mut SensorState,
    ) -> Result<(), ActorProcessingErr> {
        // What was decided before comes first: the rules decide against what came of it.
        state.reign.propose_all(&mut state.proposed).await;
        let is_reading = matches!(message, SensorMsg::Reading(_));
        let decided = state.decide(message);
        if is_reading {
            state.handled.fetch_add(1, Ordering::Release);
        }
        let Some(decided) = decided else {
            // The sensor is gone from the state.
            myself.stop(None);
            return Ok(());
        };
        state.proposed.extend(decided);
        state.reign.propose_all(&mut state.proposed).await;
        state.sleep(&myself);
        Ok(())
    }
}

impl SensorState {
    fn decide(&mut self, message: SensorMsg) -> Option<Vec<Propose>> {
        let now = self.reign.clock.now();
        let (sensor, rule) = (&self.sensor, &mut self.rule);
        self.reign.ctx.cluster.read(self.reign.group, |state| {
            let known = Known { sensor: state.sensors().get(sensor)?, alarms: Book(state.alarms()) };
            Some(match &message {
                SensorMsg::Reading(reading) => rule.reading(known, reading, now),
                SensorMsg::Look => rule.tick(known, now),
            })
        })
    }

    /// Arms the timer, or asks the district to take the sensor back.
    fn sleep(&mut self, myself: &ActorRef<SensorMsg>) {
        if !self.proposed.is_empty() {
            let wait_ms = u64::try_from(DECIDE_AGAIN_WAIT.as_millis()).unwrap_or(u64::MAX);
            self.timer.arm(myself, Some(wait_ms), SensorMsg::Look);
            return;
        }
        let now = self.reign.clock.now();
        let rest = self.reign.ctx.cluster.read(self.reign.group, |state| {
            let known = Known { sensor: state.sensors().get(&self.sensor)?, alarms: Book(state.alarms()) };
            Some((self.rule.is_quiet(known), self.rule.wake_in_ms(known, now)))
        });
        let Some((is_quiet, wake_in_ms)) = rest else {
            myself.stop(None);
            return;
        };
        self.timer.arm(myself, wake_in_ms, SensorMsg::Look);
        if !is_quiet {
            return;
        }
        let quiet = DistrictMsg::Quiet {
            sensor: self.sensor.clone(),
            actor: myself.get_id(),
            rule: self.rule.clone(),
            handled: self.handled.load(Ordering::Acquire),
        };
        // A district that was restarted looks after its sensors itself.
        if self.district.cast(quiet).is_err() {
            myself.stop(None);
        }
    }
}
