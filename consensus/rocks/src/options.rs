//! How the database is set up. Names and meaning: RocksDB's `include/rocksdb/options.h`.

use std::time::Duration;

use rocksdb::{BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, LogLevel};

use crate::key;

const MIB: usize = 1 << 20;

/// Seconds after which what was deleted is taken down, level by level, to where it stands, and leaves the files: erased data of people
/// must not lie there until so much is written that it is compacted by chance. RocksDB's own default is 30 days.
const DELETED_WITHIN_S: u64 = 7 * 24 * 3_600;

/// How sorted files of rows are written, by whomever.
const ROWS_COMPRESSION: DBCompressionType = DBCompressionType::Lz4;
const ROWS_BLOOM: bool = true;

/// A sorted file of rows that is made beside the database, as the database would make it.
pub(crate) fn rows_file() -> rocksdb::Options {
    let mut options = rocksdb::Options::default();
    options.set_compression_type(ROWS_COMPRESSION);
    options.set_block_based_table_factory(&blocks(ROWS_BLOOM));
    options
}

fn blocks(bloom: bool) -> BlockBasedOptions {
    let mut table = BlockBasedOptions::default();
    if bloom {
        table.set_bloom_filter(10.0, false);
    }
    table
}

/// What an operator or a test may set. The defaults suit a node of 2 cores and 4 GiB.
#[derive(Clone, Debug)]
pub struct Options {
    /// Bytes of log operations that wait or are being written; above it `room()` waits. At 64 MiB and 100 MB/s a full
    /// queue is worked off within a second.
    pub queue_bytes_max: usize,
    /// Bytes of log operations in one write: what a flush may have to carry, and so how long the first waits.
    pub drain_bytes_max: usize,
    /// Bytes of each group's newest entries whose checksums are verified when the disk is opened. The index of every
    /// entry is verified whatever this is.
    pub verify_bytes: usize,
    /// Appended entries after which the watermark file is written again.
    pub watermark_every: u64,
    /// Time after which it is written again, if anything became durable since.
    pub watermark_interval: Duration,
    /// Bytes of log entries in memory before they are written to a sorted file.
    pub log_buffer_bytes: usize,
    /// The same for rows, and for events.
    pub rows_buffer_bytes: usize,
    /// Bytes of all column families in memory together.
    pub buffer_bytes_max: usize,
    /// Bytes of blocks cached for reading.
    pub cache_bytes: usize,
    /// Bytes of write-ahead log after which the column family that pins its oldest file is written out.
    pub wal_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            queue_bytes_max: 64 * MIB,
            drain_bytes_max: 8 * MIB,
            verify_bytes: 64 * MIB,
            watermark_every: 8192,
            watermark_interval: Duration::from_secs(1),
            log_buffer_bytes: 64 * MIB,
            rows_buffer_bytes: 32 * MIB,
            buffer_bytes_max: 256 * MIB,
            cache_bytes: 64 * MIB,
            wal_bytes_max: 512 << 20,
        }
    }
}

impl Options {
    pub(crate) fn database(&self) -> rocksdb::Options {
        let mut options = rocksdb::Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        // What was never synced may end in a torn record after a power cut, which is no reason to refuse. What it drops
        // silently beyond that, the watermark file finds.
        options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
        options.set_track_and_verify_wals_in_manifest(true);
        options.set_paranoid_checks(true);
        // Dirty pages leave steadily, so that the flush which somebody waits for has little left to do.
        options.set_wal_bytes_per_sync(512 << 10);
        options.set_bytes_per_sync(1 << 20);
        options.set_max_total_wal_size(self.wal_bytes_max);
        options.set_db_write_buffer_size(self.buffer_bytes_max);
        options.set_max_background_jobs(2);
        options.set_max_open_files(512);
        options.set_stats_dump_period_sec(0);
        options.set_log_level(LogLevel::Warn);
        options.set_max_log_file_size(4 * MIB);
        options.set_keep_log_file_num(4);
        options
    }

    pub(crate) fn column_families(&self) -> Vec<ColumnFamilyDescriptor> {
        let cache = Cache::new_lru_cache(self.cache_bytes);
        let table = |bloom: bool| {
            let mut table = blocks(bloom);
            table.set_block_cache(&cache);
            table
        };
        let column = |name: &str, buffer_bytes: usize, compression, bloom| {
            let mut options = rocksdb::Options::default();
            options.set_write_buffer_size(buffer_bytes);
            options.set_max_write_buffer_number(3);
            options.set_compression_type(compression);
            options.set_block_based_table_factory(&table(bloom));
            options.set_level_zero_file_num_compaction_trigger(4);
            options.set_level_zero_slowdown_writes_trigger(20);
            options.set_level_zero_stop_writes_trigger(36);
            options.set_ttl(DELETED_WITHIN_S);
            ColumnFamilyDescriptor::new(name, options)
        };
        vec![
            column(key::DEFAULT, MIB, DBCompressionType::None, false),
            // Payloads are mostly compressed already, and most entries are purged before they sink below level 0.
            column(key::LOG, self.log_buffer_bytes, DBCompressionType::None, false),
            column(key::LOG_META, 4 * MIB, DBCompressionType::None, true),
            column(key::ROWS, self.rows_buffer_bytes, ROWS_COMPRESSION, ROWS_BLOOM),
            column(key::EVENTS, self.rows_buffer_bytes, DBCompressionType::Lz4, false),
        ]
    }
}
