//! The newest events of a group, in memory, for screens and actors that follow it.

use std::{
    collections::VecDeque,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use domain::{EventBatch, wire::Record};

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

/// One batch. What was found on the disk at the start is decoded when somebody asks for it: most of it nobody does.
struct Kept {
    index: u64,
    /// Encoded bytes.
    size: usize,
    /// As found; of a batch that was applied since, empty.
    stored: Bytes,
    batch: OnceLock<Arc<EventBatch>>,
}

impl Kept {
    /// The batch; none: what was found is none, which only a program of another version can have written.
    fn batch(&self) -> Option<Arc<EventBatch>> {
        if let Some(batch) = self.batch.get() {
            return Some(Arc::clone(batch));
        }
        match EventBatch::decode(&self.stored) {
            Ok(batch) => Some(Arc::clone(self.batch.get_or_init(|| Arc::new(batch)))),
            Err(error) => {
                tracing::error!(index = self.index, %error, "events of an entry are not readable: screens begin anew");
                None
            }
        }
    }
}

/// A bounded run of batches, complete after `floor`.
#[derive(Default)]
pub(crate) struct EventTail {
    floor: u64,
    batches: VecDeque<Kept>,
    bytes: usize,
}

impl EventTail {
    /// An empty tail: nothing at or below `floor` is known.
    pub(crate) fn new(floor: u64) -> Self {
        Self { floor, ..Self::default() }
    }

    /// Adds the newest batch; `size` is its encoded size.
    pub(crate) fn push(&mut self, batch: Arc<EventBatch>, size: usize) {
        self.keep(Kept { index: batch.index, size, stored: Bytes::new(), batch: OnceLock::from(batch) });
    }

    /// Adds the newest batch as it was found on the disk.
    pub(crate) fn push_stored(&mut self, index: u64, stored: Bytes) {
        self.keep(Kept { index, size: stored.len(), stored, batch: OnceLock::new() });
    }

    fn keep(&mut self, kept: Kept) {
        debug_assert!(self.batches.back().is_none_or(|last| last.index < kept.index), "batches come in order");
        self.bytes += kept.size;
        self.batches.push_back(kept);
        while self.batches.len() > BATCHES_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.batches.pop_front() else { return };
            self.bytes -= oldest.size;
            self.floor = oldest.index;
        }
    }

    /// Forgets everything up to this index.
    pub(crate) fn forget(&mut self, through: u64) {
        while let Some(oldest) = self.batches.front().filter(|kept| kept.index <= through) {
            self.bytes -= oldest.size;
            self.batches.pop_front();
        }
        self.floor = self.floor.max(through);
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
        let start = self.batches.partition_point(|kept| kept.index <= index);
        let asked = self.batches.iter().skip(start).take(batches_max);
        asked.map(|kept| kept.batch().ok_or(BelowFloor { floor: kept.index })).collect()
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
    fn what_was_found_on_the_disk_is_read_when_it_is_asked_for() {
        let mut tail = EventTail::new(10);
        tail.push_stored(11, Bytes::from(batch(11).encode()));
        tail.push_stored(12, Bytes::from_static(b"\xff of another version"));
        tail.push(batch(13), 1);
        assert_eq!(tail.after(10, 1), Ok(vec![batch(11)]));
        assert_eq!(tail.after(10, 10), Err(BelowFloor { floor: 12 }), "never served: who asks takes a snapshot");
        assert_eq!(tail.after(12, 10), Ok(vec![batch(13)]));
    }

    #[test]
    fn what_is_forgotten_is_refused_and_what_came_after_it_stays() {
        let mut tail = EventTail::new(10);
        for index in [11, 14, 15] {
            tail.push(batch(index), 1);
        }
        tail.forget(14);
        assert_eq!((tail.after(11, 10), tail.after(14, 10)), (Err(BelowFloor { floor: 14 }), Ok(vec![batch(15)])));
        tail.forget(12);
        tail.forget(20);
        assert_eq!((tail.floor(), tail.bytes), (20, 0), "it only rises");
        tail.push(batch(21), 1);
        assert_eq!(tail.after(20, 10), Ok(vec![batch(21)]));
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
