//! The actor of one unit whose deadline runs. As with incidents, the timer is a shadow: the deadline is state, so whoever
//! leads next arms it again, and what two actors propose happens once.

use std::sync::Arc;

use domain::{Command, Reply, UnitId};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{
    config::DECIDE_AGAIN_WAIT,
    counters::{Alive, count},
    host::reign::Reign,
    timer::Timer,
    unit::rules::{Decision, decide},
};

pub(crate) enum UnitMsg {
    /// Time has passed, or the unit changed.
    Look,
    /// Nobody sends to this actor any more.
    Leave,
}

pub(crate) struct UnitActorState {
    reign: Arc<Reign>,
    unit: UnitId,
    timer: Timer,
    _alive: Alive,
}

pub(crate) struct UnitActor;

impl Actor for UnitActor {
    type Msg = UnitMsg;
    type State = UnitActorState;
    type Arguments = (Arc<Reign>, UnitId);

    async fn pre_start(
        &self,
        _: ActorRef<UnitMsg>,
        (reign, unit): Self::Arguments,
    ) -> Result<UnitActorState, ActorProcessingErr> {
        let _alive = Alive::new(&reign.ctx.counters);
        Ok(UnitActorState { reign, unit, timer: Timer::default(), _alive })
    }

    async fn handle(
        &self,
        myself: ActorRef<UnitMsg>,
        message: UnitMsg,
        state: &mut UnitActorState,
    ) -> Result<(), ActorProcessingErr> {
        match state.decision() {
            Decision::Wait(wait_ms) => state.timer.arm(&myself, Some(wait_ms), UnitMsg::Look),
            Decision::Remind(remind) => state.propose(&myself, remind.into()).await?,
            Decision::Expire(expire) => {
                count(&state.reign.ctx.counters.offers_expired);
                state.propose(&myself, expire.into()).await?;
            }
            Decision::Ask(ask) => {
                count(&state.reign.ctx.counters.check_ins_escalated);
                state.propose(&myself, ask.into()).await?;
            }
            Decision::Sleep if matches!(message, UnitMsg::Leave) => myself.stop(None),
            Decision::Sleep => {
                state.timer.disarm();
                // What was sent before this comes before `Leave`, and is looked at.
                state.reign.directory.forget(myself.get_id());
                myself.cast(UnitMsg::Leave)?;
            }
        }
        Ok(())
    }
}

impl UnitActorState {
    fn decision(&self) -> Decision {
        let now = self.reign.clock.now().clock;
        self.reign.ctx.cluster.read(self.reign.group, |state| decide(state, &self.unit, now))
    }

    async fn propose(&mut self, myself: &ActorRef<UnitMsg>, command: Command) -> Result<(), ActorProcessingErr> {
        match self.reign.propose(command).await {
            // The next deadline, if there is one, is in state now.
            Ok(Reply::Accepted(_)) => myself.cast(UnitMsg::Look)?,
            // State's clock is a little behind, the next unit was sent elsewhere meanwhile, or nobody knows: decide anew.
            Ok(Reply::Refused(_)) | Err(_) => {
                let wait_ms = u64::try_from(DECIDE_AGAIN_WAIT.as_millis()).unwrap_or(u64::MAX);
                self.timer.arm(myself, Some(wait_ms), UnitMsg::Look);
            }
        }
        Ok(())
    }
}
