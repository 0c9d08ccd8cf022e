//! The offset of a peer's wall clock, from ping exchanges. Pure.
//!
//! As in NTP (RFC 5905, section 8): the peer's clock is read between sending and receiving, so against the midpoint it is wrong by
//! at most half the round trip. The exchange with the shortest of the last few is therefore the one to believe.
//!
//! Of ours the steady clock is read, that nobody sets, and the wall clock only when somebody asks how far the two are apart: when
//! our own wall clock is set, that shows at once, not with the next exchanges.

use std::collections::VecDeque;
use std::time::Duration;

/// Samples kept. At one each 500 ms and per direction of dialling, a peer's clock that is set shows within 2 s.
const SAMPLES: usize = 4;

/// The last few samples of one peer.
#[derive(Debug, Default)]
pub(crate) struct ClockFilter(VecDeque<(Duration, i64)>);

/// What one exchange shows, in ms: the peer's clock less ours at the midpoint, whichever of ours was read on sending. Positive:
/// the peer is ahead.
pub(crate) fn offset_ms(sent_ms: i64, round_trip: Duration, peer_wall_ms: i64) -> i64 {
    let half = i64::try_from(round_trip.as_millis() / 2).unwrap_or(i64::MAX);
    peer_wall_ms.saturating_sub(sent_ms.saturating_add(half))
}

impl ClockFilter {
    pub(crate) fn add(&mut self, round_trip: Duration, offset_ms: i64) {
        if self.0.len() == SAMPLES {
            self.0.pop_front();
        }
        self.0.push_back((round_trip, offset_ms));
    }

    /// The offset with the shortest round trip, among equals the latest, against a clock that is so far ahead of the one that
    /// the samples were taken by.
    pub(crate) fn offset_ms(&self, ahead_ms: i64) -> Option<i64> {
        let best = self.0.iter().rev().min_by_key(|(round_trip, _)| *round_trip);
        best.map(|(_, offset)| offset.saturating_sub(ahead_ms))
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
        assert_eq!(filter.offset_ms(0), None);
        filter.add(Duration::from_millis(1), 10);
        filter.add(Duration::from_millis(90), 45);
        assert_eq!(filter.offset_ms(0), Some(10));
        for _ in 0..SAMPLES {
            filter.add(Duration::from_millis(2), 5_000);
        }
        assert_eq!(filter.offset_ms(0), Some(5_000), "a clock that was set shows once the old samples have left");
        filter.clear();
        assert_eq!(filter.offset_ms(0), None);
    }

    #[test]
    fn our_own_clock_that_was_set_shows_without_another_exchange() {
        let mut filter = ClockFilter::default();
        // The peer's wall clock is an hour ahead of our steady one, and so is our own wall clock.
        filter.add(Duration::from_millis(1), 3_600_010);
        assert_eq!(filter.offset_ms(3_600_000), Some(10));
        let set_forward_ms = 20 * 60_000;
        assert_eq!(filter.offset_ms(3_600_000 + set_forward_ms), Some(10 - set_forward_ms));
    }
}
