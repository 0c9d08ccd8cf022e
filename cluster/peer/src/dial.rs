//! One lane to one peer: whether it is up, being dialled, or to be left alone for a while. No IO here.

use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::limits::FLAP_MAX;
use crate::sync::lock;

/// How an attempt ended: the connection, or why not.
pub(crate) type Outcome = Result<Arc<Connection>, Arc<str>>;

enum Phase {
    Idle,
    Dialling(watch::Receiver<Option<Outcome>>),
    Up { connection: Arc<Connection>, since: Instant },
}

struct State {
    phase: Phase,
    backoff: Backoff,
    last_error: Arc<str>,
    /// Grows with each change of address: an attempt that began before it does not count.
    generation: u64,
}

pub(crate) struct Dial(Mutex<State>);

/// What a caller is to do.
pub(crate) enum Step {
    Use(Arc<Connection>),
    /// The peer is backed off from; why the last attempt failed.
    Refused(Arc<str>),
    /// Somebody dials already. `again`: the last attempt failed.
    Wait {
        outcome: watch::Receiver<Option<Outcome>>,
        again: bool,
    },
    /// The caller has to start the attempt, and then waits like all others.
    Start(Attempt),
}

/// An attempt to be made. However it ends, [`Dial::finish`] is to be told.
pub(crate) struct Attempt {
    generation: u64,
    outcome: watch::Sender<Option<Outcome>>,
}

impl Dial {
    pub(crate) fn new() -> Self {
        let state = State { phase: Phase::Idle, backoff: Backoff::default(), last_error: Arc::from(""), generation: 0 };
        Self(Mutex::new(state))
    }

    /// The connection, if it is up.
    pub(crate) fn up(&self) -> Option<Arc<Connection>> {
        match &lock(&self.0).phase {
            Phase::Up { connection, .. } if !connection.is_closed() => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    pub(crate) fn step(&self, now: Instant, jitter: u32) -> Step {
        let mut state = lock(&self.0);
        match &state.phase {
            Phase::Up { connection, since } => {
                let lasted = now.saturating_duration_since(*since) > FLAP_MAX;
                let connection = Arc::clone(connection);
                if lasted {
                    state.backoff.succeeded();
                }
                if !connection.is_closed() {
                    return Step::Use(connection);
                }
                state.phase = Phase::Idle;
                if !lasted {
                    state.last_error = connection.closed_text().into();
                    state.backoff.failed(now, jitter);
                }
            }
            // An attempt whose task is gone without an outcome is over.
            Phase::Dialling(outcome) if outcome.has_changed().is_ok() => {
                return Step::Wait { outcome: outcome.clone(), again: state.backoff.has_failed() };
            }
            Phase::Dialling(_) | Phase::Idle => {}
        }
        if state.backoff.pause(now).is_some() {
            return Step::Refused(Arc::clone(&state.last_error));
        }
        let (sender, receiver) = watch::channel(None);
        state.phase = Phase::Dialling(receiver);
        Step::Start(Attempt { generation: state.generation, outcome: sender })
    }

    /// An attempt has ended. A connection to an address that no longer holds is closed.
    pub(crate) fn finish(&self, attempt: Attempt, outcome: Outcome, now: Instant, jitter: u32) {
        let mut state = lock(&self.0);
        if state.generation == attempt.generation {
            match &outcome {
                Ok(connection) => state.phase = Phase::Up { connection: Arc::clone(connection), since: now },
                Err(error) => {
                    state.phase = Phase::Idle;
                    state.last_error = Arc::clone(error);
                    state.backoff.failed(now, jitter);
                }
            }
            attempt.outcome.send_replace(Some(outcome));
            return;
        }
        drop(state);
        if let Ok(connection) = outcome {
            connection.close("the peer's address has changed");
        }
    }

    /// Closes what is up and forgets past failures: the peer has a new address, or this node stops.
    pub(crate) fn reset(&self, reason: &str) {
        let phase = {
            let mut state = lock(&self.0);
            state.generation += 1;
            state.backoff.succeeded();
            std::mem::replace(&mut state.phase, Phase::Idle)
        };
        if let Phase::Up { connection, .. } = phase {
            connection.close(reason);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::BACKOFF_MAX;

    fn start(dial: &Dial, now: Instant) -> Attempt {
        match dial.step(now, 0) {
            Step::Start(attempt) => attempt,
            _ => panic!("an attempt is due"),
        }
    }

    #[tokio::test]
    async fn one_attempt_for_all_and_a_pause_after_its_failure() {
        let (dial, now) = (Dial::new(), Instant::now());
        let attempt = start(&dial, now);
        let Step::Wait { mut outcome, again: false } = dial.step(now, 0) else { panic!("the second caller waits") };
        dial.finish(attempt, Err("connection refused".into()), now, 0);
        let ended = outcome.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        assert_eq!(ended.err().as_deref(), Some("connection refused"));
        assert!(matches!(dial.step(now, 0), Step::Refused(error) if &*error == "connection refused"));
        let _attempt = start(&dial, now + BACKOFF_MAX);
        assert!(matches!(dial.step(now, 0), Step::Wait { again: true, .. }));
    }

    #[tokio::test]
    async fn a_new_address_ends_the_pause_and_the_old_attempt_does_not_count() {
        let (dial, now) = (Dial::new(), Instant::now());
        let old = start(&dial, now);
        dial.reset("moved");
        let new = start(&dial, now);
        dial.finish(old, Err("no route".into()), now, 0);
        assert!(matches!(dial.step(now, 0), Step::Wait { again: false, .. }), "the new attempt is still under way");
        drop(new);
        assert!(matches!(dial.step(now, 0), Step::Start(_)), "an attempt that vanished is made again");
    }
}
