//! The actor of one incident whose deadline runs. The timer is a shadow: the deadline is state, so whoever leads next arms
//! it again, and an escalation that two actors propose happens once.

use std::sync::Arc;

use domain::{IncidentId, Reply};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{
    config::DECIDE_AGAIN_WAIT,
    counters::{Alive, count},
    host::reign::Reign,
    incident::rules::{Decision, decide},
    timer::Timer,
};

pub(crate) enum IncidentMsg {
    /// Time has passed, or the incident changed.
    Look,
    /// Nobody sends to this actor any more.
    Leave,
}

pub(crate) struct IncidentState {
    reign: Arc<Reign>,
    incident: IncidentId,
    timer: Timer,
    _alive: Alive,
}

pub(crate) struct IncidentActor;

impl Actor for IncidentActor {
    type Msg = IncidentMsg;
    type State = IncidentState;
    type Arguments = (Arc<Reign>, IncidentId);

    async fn pre_start(
        &self,
        _: ActorRef<IncidentMsg>,
        (reign, incident): Self::Arguments,
    ) -> Result<IncidentState, ActorProcessingErr> {
        let _alive = Alive::new(&reign.ctx.counters);
        Ok(IncidentState { reign, incident, timer: Timer::default(), _alive })
    }

    async fn handle(
        &self,
        myself: ActorRef<IncidentMsg>,
        message: IncidentMsg,
        state: &mut IncidentState,
    ) -> Result<(), ActorProcessingErr> {
        match state.decision() {
            Decision::Wait(wait_ms) => state.timer.arm(&myself, Some(wait_ms), IncidentMsg::Look),
            Decision::Escalate(escalate) => {
                count(&state.reign.ctx.counters.escalations);
                match state.reign.propose(escalate.into()).await {
                    // The next deadline, if there is one, is in state now.
                    Ok(Reply::Accepted(_)) => myself.cast(IncidentMsg::Look)?,
                    // State's clock is a little behind, or nobody knows: look again.
                    Ok(Reply::Refused(_)) | Err(_) => {
                        let wait_ms = u64::try_from(DECIDE_AGAIN_WAIT.as_millis()).unwrap_or(u64::MAX);
                        state.timer.arm(&myself, Some(wait_ms), IncidentMsg::Look);
                    }
                }
            }
            Decision::Sleep if matches!(message, IncidentMsg::Leave) => myself.stop(None),
            Decision::Sleep => {
                state.timer.disarm();
                // What was sent before this comes before `Leave`, and is looked at.
                state.reign.directory.forget(myself.get_id());
                myself.cast(IncidentMsg::Leave)?;
            }
        }
        Ok(())
    }
}

impl IncidentState {
    fn decision(&self) -> Decision {
        let now = self.reign.clock.now().clock;
        let decide = |state: &domain::State| state.incidents().get(&self.incident).map(|i| decide(i, now));
        self.reign.ctx.cluster.read(self.reign.group, decide).unwrap_or(Decision::Sleep)
    }
}
