//! When to try a peer again. Pure: the time and the random number come from outside.

use std::time::Duration;

use tokio::time::Instant;

use crate::limits::{BACKOFF_MAX, BACKOFF_MIN};

/// The state of one connection's attempts.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    not_before: Option<Instant>,
}

impl Backoff {
    /// An attempt failed. The pause doubles up to the limit, and `jitter` (any number) takes away up to half of it, so that nodes which
    /// lost a peer together do not come back together.
    pub(crate) fn failed(&mut self, now: Instant, jitter: u32) {
        let full = BACKOFF_MIN.saturating_mul(1 << self.failures.min(16)).min(BACKOFF_MAX);
        self.failures = self.failures.saturating_add(1);
        let pause = full - (full / 2).mul_f64(f64::from(jitter) / f64::from(u32::MAX));
        self.not_before = Some(now + pause);
    }

    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }

    /// How long to wait still; `None` when an attempt is due.
    pub(crate) fn pause(&self, now: Instant) -> Option<Duration> {
        self.not_before.map(|at| at.saturating_duration_since(now)).filter(|pause| !pause.is_zero())
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failures > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_doubles_to_its_limit_and_ends_with_success() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        assert_eq!(backoff.pause(now), None);
        for expected_ms in [50, 100, 200, 400, 800, 1600, 2000, 2000] {
            backoff.failed(now, 0);
            assert_eq!(backoff.pause(now), Some(Duration::from_millis(expected_ms)));
        }
        assert_eq!(backoff.pause(now + BACKOFF_MAX), None, "after the pause an attempt is due");
        assert!(backoff.has_failed());
        backoff.succeeded();
        assert_eq!(backoff.pause(now), None);
        assert!(!backoff.has_failed());
    }

    #[test]
    fn jitter_takes_at_most_half() {
        let (mut backoff, now) = (Backoff::default(), Instant::now());
        backoff.failed(now, u32::MAX);
        assert_eq!(backoff.pause(now), Some(BACKOFF_MIN / 2));
    }
}
