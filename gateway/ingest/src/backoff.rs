//! How long to wait before trying a peer again: exponential with equal jitter, so that a thousand cameras that lost the
//! same switch do not return in the same millisecond.

use std::time::Duration;

/// Doubling delays between two bounds.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    min_ms: u64,
    max_ms: u64,
    failures: u32,
}

impl Backoff {
    /// Delays grow from `min_ms` to `max_ms`.
    pub(crate) fn new(min_ms: u64, max_ms: u64) -> Self {
        Self { min_ms, max_ms, failures: 0 }
    }

    /// The next try starts at the lower bound again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// Delay after one more failure: half of it fixed, half spread by `random`.
    pub(crate) fn next(&mut self, random: u32) -> Duration {
        // 2^32 times the lower bound is past any upper bound in use; more doublings would only overflow.
        let doubled = self.min_ms.saturating_mul(1_u64 << self.failures.min(32)).min(self.max_ms);
        self.failures = self.failures.saturating_add(1);
        let half = doubled / 2;
        let spread = half.saturating_mul(u64::from(random)) / u64::from(u32::MAX);
        Duration::from_millis(doubled - half + spread)
    }
}

/// Randomness for jitter and client nonces. Without an entropy source jitter falls to none, which is slow but right.
pub(crate) fn random_u32() -> u32 {
    getrandom::u32().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_to_the_bound_and_start_anew() {
        let mut backoff = Backoff::new(1_000, 60_000);
        let full: Vec<u128> = (0..8).map(|_| backoff.next(u32::MAX).as_millis()).collect();
        assert_eq!(full, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
        backoff.reset();
        assert_eq!(backoff.next(0).as_millis(), 500);
    }

    #[test]
    fn many_failures_do_not_overflow() {
        let mut backoff = Backoff::new(u64::MAX, u64::MAX);
        for _ in 0..100 {
            backoff.next(7);
        }
        assert!(backoff.next(u32::MAX).as_millis() > 0);
    }
}
