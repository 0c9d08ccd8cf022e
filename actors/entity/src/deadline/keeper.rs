//! The keeper of the command group's deadlines: one actor, one timer, armed for the next step of any clock, and for the next
//! shift note that nobody has acknowledged. All that it
//! knows stands in state, so whoever leads next arms it again; a step that two keepers propose is taken once.
//!
//! It goes by the time that an entry proposed now would have, and looks at least every `KEEPER_LOOK_WAIT_MAX`, so that a
//! clock that was set, or a machine that slept, delays a step by no more than that.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use domain::{Command, Reply};
use futures::{StreamExt, stream};
use ractor::{Actor, ActorProcessingErr, ActorRef};

use crate::{
    config::{DECIDE_AGAIN_WAIT, FIRES_IN_FLIGHT_MAX, FIRES_PER_ROUND_MAX, KEEPER_LOOK_WAIT_MAX},
    counters::{Alive, count},
    deadline::rules::{Due, due},
    host::reign::Reign,
    timer::Timer,
};

pub(crate) enum KeeperMsg {
    /// A clock was started, stopped or set.
    Look,
    /// Time has passed.
    Tick,
}

pub(crate) struct KeeperState {
    reign: Arc<Reign>,
    timer: Timer,
    _alive: Alive,
}

impl Drop for KeeperState {
    fn drop(&mut self) {
        // One that fails must be woken again.
        self.reign.is_keeper_woken.store(false, Ordering::Release);
    }
}

pub(crate) struct Keeper;

impl Actor for Keeper {
    type Msg = KeeperMsg;
    type State = KeeperState;
    type Arguments = Arc<Reign>;

    async fn pre_start(&self, _: ActorRef<KeeperMsg>, reign: Arc<Reign>) -> Result<KeeperState, ActorProcessingErr> {
        let _alive = Alive::new(&reign.ctx.counters);
        Ok(KeeperState { reign, timer: Timer::default(), _alive })
    }

    async fn handle(
        &self,
        myself: ActorRef<KeeperMsg>,
        message: KeeperMsg,
        state: &mut KeeperState,
    ) -> Result<(), ActorProcessingErr> {
        if matches!(message, KeeperMsg::Look) {
            // Before looking: what changes from here on wakes it again.
            state.reign.is_keeper_woken.store(false, Ordering::Release);
        }
        let wait = loop {
            let due = state.look();
            if due.fires.is_empty() {
                break due.next_in_ms.map(|ms| Duration::from_millis(ms).min(KEEPER_LOOK_WAIT_MAX));
            }
            if !state.fire(due.fires).await {
                break Some(DECIDE_AGAIN_WAIT);
            }
        };
        let wait_ms = wait.map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        state.timer.arm(&myself, wait_ms, KeeperMsg::Tick);
        Ok(())
    }
}

impl KeeperState {
    fn look(&self) -> Due {
        let cluster = &self.reign.ctx.cluster;
        let wall = cluster.wall();
        // State's clock never goes back, and an entry has its time or a later one.
        cluster.read(self.reign.group, |state| due(state, state.clock().max(wall), FIRES_PER_ROUND_MAX))
    }

    /// Proposes the steps. Whether every one was answered: a failure, or a clock that is behind, means to look again later.
    async fn fire(&self, fires: Vec<Command>) -> bool {
        let fire = |fire: Command| async {
            count(&self.reign.ctx.counters.deadlines_fired);
            matches!(self.reign.propose(fire).await, Ok(Reply::Accepted(_)))
        };
        let answered: Vec<bool> = stream::iter(fires).map(fire).buffer_unordered(FIRES_IN_FLIGHT_MAX).collect().await;
        answered.into_iter().all(|is_answered| is_answered)
    }
}
