//! A slow disk that is played, in a drill: each flush of the log waits before it begins, until a time that was said beforehand.

use std::{
    sync::Mutex,
    time::{Duration, Instant},
};

use crate::lock::lock;

/// The longest wait before one flush.
pub const HINDRANCE_MAX: Duration = Duration::from_millis(500);

/// The longest time for which flushes are hindered.
pub const HINDERED_FOR_MAX: Duration = Duration::from_secs(600);

/// How long each flush waits, and until when.
#[derive(Debug, Default)]
pub(crate) struct Hindrance(Mutex<Option<(Duration, Instant)>>);

impl Hindrance {
    /// From now on for so long, in place of what was said before; no wait ends it.
    pub(crate) fn set(&self, wait: Duration, now: Instant, length: Duration) {
        let until = now + length.min(HINDERED_FOR_MAX);
        *lock(&self.0) = (!wait.is_zero()).then(|| (wait.min(HINDRANCE_MAX), until));
    }

    /// How long a flush at this time waits.
    pub(crate) fn wait(&self, now: Instant) -> Option<Duration> {
        lock(&self.0).filter(|(_, until)| now < *until).map(|(wait, _)| wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hindrance_is_bounded_and_ends_by_itself() {
        let (hindrance, now) = (Hindrance::default(), Instant::now());
        assert_eq!(hindrance.wait(now), None);
        hindrance.set(Duration::from_millis(80), now, Duration::from_secs(5));
        assert_eq!(hindrance.wait(now + Duration::from_millis(4999)), Some(Duration::from_millis(80)));
        assert_eq!(hindrance.wait(now + Duration::from_secs(5)), None);
        hindrance.set(Duration::MAX, now, Duration::MAX);
        assert_eq!(hindrance.wait(now), Some(HINDRANCE_MAX));
        assert_eq!(hindrance.wait(now + HINDERED_FOR_MAX), None);
        hindrance.set(Duration::from_millis(80), now, Duration::from_secs(5));
        hindrance.set(Duration::ZERO, now, Duration::from_secs(5));
        assert_eq!(hindrance.wait(now), None);
    }
}
