//! The newest events of a group, in memory, for screens and actors that follow it.

use std::{collections::VecDeque, sync::Arc};

use domain::EventBatch;

/// Batches kept. Who falls further behind gets a snapshot instead.
pub(crate) const BATCHES_MAX: usize = 16_384;

/// Encoded bytes kept.
pub(crate) const BYTES_MAX: usize = 32 << 20;

/// What somebody asked for is not kept any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("events below index {floor} are not kept: take a snapshot")]
pub struct BelowFloor {
    /// The lowest index after which everything is kept.
    pub floor: u64,
}

/// A bounded run of batches, complete after `floor`.
#[derive(Default)]
pub(crate) struct EventTail {
    floor: u64,
    batches: VecDeque<(Arc<EventBatch>, usize)>,
    bytes: usize,
}

impl EventTail {
    /// An empty tail: nothing at or below `floor` is known.
    pub(crate) fn new(floor: u64) -> Self {
        Self { floor, ..Self::default() }
    }

    /// Adds the newest batch; `size` is its encoded size.
    pub(crate) fn push(&mut self, batch: Arc<EventBatch>, size: usize) {
        debug_assert!(self.batches.back().is_none_or(|(last, _)| last.index < batch.index), "batches come in order");
        self.bytes += size;
        self.batches.push_back((batch, size));
        while self.batches.len() > BATCHES_MAX || self.bytes > BYTES_MAX {
            let Some((oldest, size)) = self.batches.pop_front() else { return };
            self.bytes -= size;
            self.floor = oldest.index;
        }
    }

    /// The lowest index after which everything is kept.
    pub(crate) fn floor(&self) -> u64 {
        self.floor
    }

    /// Batches after `index`, oldest first, at most `batches_max`.
    pub(crate) fn after(&self, index: u64, batches_max: usize) -> Result<Vec<Arc<EventBatch>>, BelowFloor> {
        if index < self.floor {
            return Err(BelowFloor { floor: self.floor });
        }
        #[cfg(feature = "seeded-bugs")]
        let index = index + u64::from(crate::bugs::is_made(crate::bugs::Bug::EventsResumedLate));
        let start = self.batches.partition_point(|(batch, _)| batch.index <= index);
        Ok(self.batches.iter().skip(start).take(batches_max).map(|(batch, _)| Arc::clone(batch)).collect())
    }
}

#[cfg(test)]
mod tests {
    use domain::Millis;

    use super::*;

    fn batch(index: u64) -> Arc<EventBatch> {
        Arc::new(EventBatch { index, at_ms: Millis(index), events: Vec::new() })
    }

    #[test]
    fn after_gives_what_is_newer_and_refuses_what_was_let_go() {
        let mut tail = EventTail::new(10);
        for index in [11, 14, 15] {
            tail.push(batch(index), 1);
        }
        let indexes = |from| tail.after(from, 10).map(|batches| batches.iter().map(|b| b.index).collect::<Vec<_>>());
        assert_eq!(indexes(9), Err(BelowFloor { floor: 10 }));
        assert_eq!(indexes(10), Ok(vec![11, 14, 15]));
        assert_eq!(indexes(12), Ok(vec![14, 15]));
        assert_eq!(indexes(15), Ok(vec![]));
    }

    #[test]
    fn the_floor_rises_when_the_tail_is_full() {
        let mut tail = EventTail::new(0);
        for index in 1..=BATCHES_MAX as u64 + 5 {
            tail.push(batch(index), 1);
        }
        assert_eq!(tail.floor(), 5);
        tail.push(batch(1_000_000), BYTES_MAX);
        assert!(tail.after(1_000_000 - 1, 10).is_err() || tail.floor() > 5);
    }
}
