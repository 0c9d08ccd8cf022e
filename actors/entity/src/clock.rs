//! What time it is for an actor. Decisions are made on state's clock, which stands still while nothing is recorded; tokio's
//! time says how far it would have come by now. Leaders stamp entries from a checked wall clock, so the two agree.

use std::sync::{Mutex, MutexGuard, PoisonError};

use domain::Millis;
use tokio::time::Instant;

/// Now, as plain values for the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// State's clock, carried on by the time since it last moved.
    pub(crate) clock: Millis,
    /// For how long readings could have been recorded: since this node got ready to lead, and since what comes in last
    /// came up. Silence is never longer than this, so a failover alarms nobody.
    pub(crate) up_for_ms: u64,
}

/// The clock of one group under one lead.
#[derive(Debug)]
pub(crate) struct Clock(Mutex<Inner>);

#[derive(Debug)]
struct Inner {
    /// State's clock when it last moved, and when that was.
    anchor: (Millis, Instant),
    up_since: Instant,
}

impl Clock {
    /// A clock that is up from now on.
    pub(crate) fn new(state: Millis) -> Self {
        let now = Instant::now();
        Self(Mutex::new(Inner { anchor: (state, now), up_since: now }))
    }

    /// State's clock stands at `state`.
    pub(crate) fn observe(&self, state: Millis) {
        let mut inner = self.inner();
        if state > inner.anchor.0 {
            inner.anchor = (state, Instant::now());
        }
    }

    /// Nothing could be recorded until now.
    pub(crate) fn came_up(&self) {
        self.inner().up_since = Instant::now();
    }

    pub(crate) fn now(&self) -> Now {
        let inner = self.inner();
        let now = Instant::now();
        let since = |then: Instant| u64::try_from(now.duration_since(then).as_millis()).unwrap_or(u64::MAX);
        Now { clock: inner.anchor.0.plus(since(inner.anchor.1)), up_for_ms: since(inner.up_since) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn goes_on_while_the_state_stands_still() {
        let clock = Clock::new(Millis(1000));
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(clock.now(), Now { clock: Millis(3000), up_for_ms: 2000 });
        // An entry that does not move state's clock does not set this one back.
        clock.observe(Millis(1000));
        assert_eq!(clock.now().clock, Millis(3000));
        clock.observe(Millis(9000));
        clock.came_up();
        tokio::time::advance(Duration::from_millis(5)).await;
        assert_eq!(clock.now(), Now { clock: Millis(9005), up_for_ms: 5 });
    }
}
