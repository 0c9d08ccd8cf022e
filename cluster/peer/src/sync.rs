//! Locks and task counting that the rest shares.

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Takes a lock whose sections are short and hold no await. A panic in one of them leaves plain data behind, so
/// poisoning says nothing here.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The wall clock in ms since 1970; negative before.
pub(crate) fn wall_ms() -> i64 {
    match SystemTime::now().duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
        Err(before) => -i64::try_from(before.duration().as_millis()).unwrap_or(i64::MAX),
    }
}

/// A clock that nobody sets, in ms since this process asked for it first.
pub(crate) fn steady_ms() -> i64 {
    static BEGUN: LazyLock<Instant> = LazyLock::new(Instant::now);
    i64::try_from(BEGUN.elapsed().as_millis()).unwrap_or(i64::MAX)
}

/// How far the wall clock is ahead of the steady one: the same until somebody sets it.
pub(crate) fn wall_ahead_ms() -> i64 {
    wall_ms().saturating_sub(steady_ms())
}

/// How many background tasks live, so that a shutdown can wait for them.
#[derive(Clone, Debug)]
pub(crate) struct Tasks(watch::Sender<usize>);

/// Counts one task until it is dropped.
struct Alive(watch::Sender<usize>);

impl Tasks {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(0))
    }

    /// Runs a task that counts until all that it holds is dropped, its sockets included.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.send_modify(|n| *n += 1);
        let alive = Alive(self.0.clone());
        tokio::spawn(async move {
            let _alive = alive;
            task.await;
        });
    }

    pub(crate) async fn all_ended(&self) {
        // The sender is held by `self`, so the wait cannot fail.
        let _ = self.0.subscribe().wait_for(|n| *n == 0).await;
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.send_modify(|n| *n = n.saturating_sub(1));
    }
}
