//! What the disk has done so far, for dashboards and tests.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Upper bounds of the buckets of fsync latency, in microseconds. One more bucket holds what is slower.
pub const FSYNC_BUCKETS_US: [u64; 13] =
    [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 125_000, 250_000, 500_000, 1_000_000];

/// Values of all counters at a moment. They only grow, but for the last five.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CounterValues {
    /// Log operations done.
    pub ops: u64,
    /// Log entries appended.
    pub entries: u64,
    /// Bytes of log operations done.
    pub bytes: u64,
    /// Batches of log operations written.
    pub batches: u64,
    /// Flushes of the write-ahead log for log operations. Entries divided by this is what group commit gains.
    pub fsyncs: u64,
    /// How many flushes took how long: one count for each of [`FSYNC_BUCKETS_US`], and what was slower.
    pub fsync_counts: [u64; FSYNC_BUCKETS_US.len() + 1],
    /// Time of all flushes together, in microseconds.
    pub fsync_us_sum: u64,
    /// Times that the watermark file was written.
    pub watermarks: u64,
    /// Batches of applied rows written.
    pub row_batches: u64,
    /// Bytes that were read only to see whether they are whole.
    pub scrubbed_bytes: u64,
    /// Times that everything was read so.
    pub scrub_rounds: u64,
    /// Log operations that wait or are being written.
    pub queue_ops: u64,
    /// Bytes of them.
    pub queue_bytes: u64,
    /// Errors of flushes and compactions in the background. Anything but 0 is followed by a failing write.
    pub background_errors: u64,
    /// Whether RocksDB has stopped all writes until compaction catches up.
    pub write_stopped: bool,
    /// Values that were found damaged, at most [`ROTTEN_NAMES_MAX`](crate::ROTTEN_NAMES_MAX).
    pub rotten: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) ops: AtomicU64,
    pub(crate) entries: AtomicU64,
    pub(crate) bytes: AtomicU64,
    pub(crate) batches: AtomicU64,
    pub(crate) fsyncs: AtomicU64,
    fsync_counts: [AtomicU64; FSYNC_BUCKETS_US.len() + 1],
    fsync_us_sum: AtomicU64,
    pub(crate) watermarks: AtomicU64,
    pub(crate) row_batches: AtomicU64,
}

impl Counters {
    pub(crate) fn fsync(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.fsyncs.fetch_add(1, Relaxed);
        self.fsync_us_sum.fetch_add(us, Relaxed);
        if let Some(count) = self.fsync_counts.get(bucket(us)) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// All but the gauges, which live elsewhere.
    pub(crate) fn values(&self) -> CounterValues {
        CounterValues {
            ops: self.ops.load(Relaxed),
            entries: self.entries.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            batches: self.batches.load(Relaxed),
            fsyncs: self.fsyncs.load(Relaxed),
            fsync_counts: std::array::from_fn(|at| self.fsync_counts.get(at).map_or(0, |count| count.load(Relaxed))),
            fsync_us_sum: self.fsync_us_sum.load(Relaxed),
            watermarks: self.watermarks.load(Relaxed),
            row_batches: self.row_batches.load(Relaxed),
            ..CounterValues::default()
        }
    }
}

/// The first bucket whose bound is not below `us`.
fn bucket(us: u64) -> usize {
    FSYNC_BUCKETS_US.partition_point(|bound| *bound < us)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_latency_falls_into_the_bucket_whose_bound_it_reaches() {
        assert_eq!(bucket(0), 0);
        assert_eq!(bucket(250), 0);
        assert_eq!(bucket(251), 1);
        assert_eq!(bucket(1_000_000), 12);
        assert_eq!(bucket(1_000_001), 13);
        let counters = Counters::default();
        counters.fsync(Duration::from_micros(300));
        counters.fsync(Duration::from_secs(2));
        let values = counters.values();
        assert_eq!((values.fsyncs, values.fsync_us_sum), (2, 2_000_300));
        assert_eq!((values.fsync_counts[1], values.fsync_counts[13]), (1, 1));
    }
}
