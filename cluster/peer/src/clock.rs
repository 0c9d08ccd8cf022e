//! The offset of a peer's wall clock, from ping exchanges. Pure.
//!
//! As in NTP (RFC 5905, section 8): the peer's clock is read between sending and receiving, so against the midpoint it is wrong by
//! at most half the round trip. The exchange with the shortest of the last few is therefore the one to believe.

use std::collections::VecDeque;
use std::time::Duration;

/// Samples kept. At one each 500 ms and per direction of dialling, a clock that is set shows within 2 s.
const SAMPLES: usize = 4;

/// The last few samples of one peer.
#[derive(Debug, Default)]
pub(crate) struct ClockFilter(VecDeque<(Duration, i64)>);

/// The offset in ms that one exchange shows: the peer's clock less ours at the midpoint. Positive: the peer is ahead.
pub(crate) fn offset_ms(sent_wall_ms: i64, round_trip: Duration, peer_wall_ms: i64) -> i64 {
    let half = i64::try_from(round_trip.as_millis() / 2).unwrap_or(i64::MAX);
    peer_wall_ms.saturating_sub(sent_wall_ms.saturating_add(half))
}

impl ClockFilter {
    pub(crate) fn add(&mut self, round_trip: Duration, offset_ms: i64) {
        if self.0.len() == SAMPLES {
            self.0.pop_front();
        }
        self.0.push_back((round_trip, offset_ms));
    }

    /// The offset with the shortest round trip; among equals the latest.
    pub(crate) fn offset_ms(&self) -> Option<i64> {
        self.0.iter().rev().min_by_key(|(round_trip, _)| *round_trip).map(|(_, offset)| *offset)
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offset_is_against_the_midpoint() {
        assert_eq!(offset_ms(1_000, Duration::from_millis(40), 1_020), 0);
        assert_eq!(offset_ms(1_000, Duration::from_millis(40), 3_020), 2_000);
        assert_eq!(offset_ms(i64::MAX, Duration::MAX, i64::MIN), i64::MIN);
    }

    #[test]
    fn shortest_round_trip_wins_and_old_samples_leave() {
        let mut filter = ClockFilter::default();
        assert_eq!(filter.offset_ms(), None);
        filter.add(Duration::from_millis(1), 10);
        filter.add(Duration::from_millis(90), 45);
        assert_eq!(filter.offset_ms(), Some(10));
        for _ in 0..SAMPLES {
            filter.add(Duration::from_millis(2), 5_000);
        }
        assert_eq!(filter.offset_ms(), Some(5_000), "a clock that was set shows once the old samples have left");
        filter.clear();
        assert_eq!(filter.offset_ms(), None);
    }
}
