//! Waking: a timer is only the shadow of a deadline that is state.

use std::time::Duration;

use ractor::{ActorRef, Message};
use tokio::task::AbortHandle;

use crate::config::TIMER_WAIT_MIN;

/// One timer of an actor: arming it again replaces it, dropping it ends it.
#[derive(Default)]
pub(crate) struct Timer(Option<AbortHandle>);

impl Timer {
    /// Sends the actor `message` after `wait_ms`; none: sends nothing.
    pub(crate) fn arm<M: Message>(&mut self, actor: &ActorRef<M>, wait_ms: Option<u64>, message: M) {
        self.disarm();
        let Some(wait_ms) = wait_ms else { return };
        let wait = Duration::from_millis(wait_ms).max(TIMER_WAIT_MIN);
        let actor = actor.clone();
        let task = tokio::spawn(async move {
            tokio::time::sleep(wait).await;
            // An actor that has stopped needs no waking.
            let _ = actor.cast(message);
        });
        self.0 = Some(task.abort_handle());
    }

    pub(crate) fn disarm(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.disarm();
    }
}
