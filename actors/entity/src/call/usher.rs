//! The usher of the command group: one actor, one timer, armed for the next ring or wrap-up that ends. As with the keeper of
//! deadlines, all that it knows stands in state, and what two ushers propose takes effect once.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{Command, Reply};
use futures::{StreamExt, stream};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use super::rules::{Due, due};
use crate::{
    config::{CALLS_IN_FLIGHT_MAX, CALLS_PER_ROUND_MAX, DECIDE_AGAIN_WAIT, KEEPER_LOOK_WAIT_MAX},
    counters::{Alive, count},
    host::reign::Reign,
    timer::Timer,
};

pub(crate) enum UsherMsg {
    /// A call, an agent or the nodes that are up changed.
    Look,
    /// Time has passed.
    Tick,
}

pub(crate) struct UsherState {
    reign: Arc<Reign>,
    timer: Timer,
    _alive: Alive,
}

impl Drop for UsherState {
    fn drop(&mut self) {
        // One that fails must be woken again.
        self.reign.is_usher_woken.store(false, Ordering::Release);
    }
}

pub(crate) struct Usher;

impl Actor for Usher {
    type Msg = UsherMsg;
    type State = UsherState;
    type Arguments = Arc<Reign>;

    async fn pre_start(&self, _: ActorRef<UsherMsg>, reign: Arc<Reign>) -> Result<UsherState, ActorProcessingErr> {
        let _alive = Alive::new(&reign.ctx.counters);
        Ok(UsherState { reign, timer: Timer::default(), _alive })
    }

    async fn handle(
        &self,
        myself: ActorRef<UsherMsg>,
        message: UsherMsg,
        state: &mut UsherState,
    ) -> Result<(), ActorProcessingErr> {
        if matches!(message, UsherMsg::Look) {
            // Before looking: what changes from here on wakes it again.
            state.reign.is_usher_woken.store(false, Ordering::Release);
        }
        let due = state.look();
        let wait = if due.commands.is_empty() {
            due.next_in_ms.map(|ms| Duration::from_millis(ms).min(KEEPER_LOOK_WAIT_MAX))
        } else if state.propose(due.commands).await {
            // What came of it is in state now.
            myself.cast(UsherMsg::Look)?;
            None
        } else {
            Some(DECIDE_AGAIN_WAIT)
        };
        let wait_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        state.timer.arm(&myself, wait_ms, UsherMsg::Tick);
        Ok(())
    }
}

impl UsherState {
    fn look(&self) -> Due {
        let cluster = &self.reign.ctx.cluster;
        let wall = cluster.wall();
        // State's clock never goes back, and an entry has its time or a later one.
        cluster.read(self.reign.group, |state| due(state, state.clock().max(wall), CALLS_PER_ROUND_MAX))
    }

    /// Proposes what is due. Whether every one was answered: a failure, or a clock that is behind, means to look again later.
    async fn propose(&self, commands: Vec<Command>) -> bool {
        let propose = |command: Command| async {
            count(&self.reign.ctx.counters.calls_ushered);
            matches!(self.reign.propose(command).await, Ok(Reply::Accepted(_)))
        };
        let answered: Vec<bool> =
            stream::iter(commands).map(propose).buffer_unordered(CALLS_IN_FLIGHT_MAX).collect().await;
        answered.into_iter().all(|is_answered| is_answered)
    }
}
