//! Opening a disk: who holds it, which format it has, whether its logs are whole, what an interrupted install left.
//!
//! The folder holds `watermarks` and `db`, and `install` while a snapshot comes. The first is made, and durable, before the second: a database without it has
//! lost it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use rocksdb::{DB, WriteBatch, WriteOptions};

use crate::{
    core::{RowState, column, meta, number, within},
    fault::{self, REPLACE},
    install,
    key::{self, Meta},
    options::Options,
    span::Span,
    value, verify, wal,
    watermark::{Mark, WatermarkError, Watermarks, sync_directory},
};

/// Version of keys and values. A program refuses what is newer than it.
const FORMAT: u32 = 1;

/// Why a disk was not opened. None is worth a retry without what its text asks for.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process, or another handle of this one, has it open.
    #[error("{path}: another process holds it: stop that one, or use another data folder")]
    Locked {
        /// Folder of the disk.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error("{path}: it was written by a newer program (format {found}, this one knows {known}): run that program")]
    Newer {
        /// Folder of the disk.
        path: PathBuf,
        /// Version, or the name of something unknown, that was found.
        found: String,
        /// Version that this program knows.
        known: u32,
    },
    /// It holds something that was never a disk of ours.
    #[error("{path}: it holds a database of another program: use another data folder")]
    Foreign {
        /// Folder of the disk.
        path: PathBuf,
    },
    /// The log of a group has a hole or a value whose checksum is wrong.
    #[error("group {group}: the log is damaged at index {index}, {what}: {REPLACE}")]
    Damaged {
        /// Raft group.
        group: u32,
        /// Index of the entry that is missing or wrong.
        index: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The log of a group ends before what was once durable, so acknowledged entries or votes are lost.
    #[error(
        "group {group}: the log ends at index {next} and vote {votes}, but it was durable up to index {next_durable} \
         and vote {votes_durable} (both excluded): {REPLACE}"
    )]
    Behind {
        /// Raft group.
        group: u32,
        /// Index after the last entry found.
        next: u64,
        /// Number of votes found.
        votes: u64,
        /// Index after the last entry known to have been durable.
        next_durable: u64,
        /// Number of votes known to have been durable.
        votes_durable: u64,
    },
    /// The file of watermarks is missing or damaged, so nobody knows whether the log is whole.
    #[error("{path}: {what}: {REPLACE}")]
    Watermarks {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Reading, writing or RocksDB failed.
    #[error("{path}: {doing}")]
    Io {
        /// Folder of the disk.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
}

/// What opening yields.
pub(crate) struct Opened {
    pub(crate) db: DB,
    pub(crate) watermarks: Watermarks,
    pub(crate) logs: wal::Logs,
    pub(crate) rows: BTreeMap<u32, RowState>,
}

pub(crate) fn open(path: &Path, options: &Options) -> Result<Opened, OpenError> {
    let failed = |doing| move |source| OpenError::Io { path: path.to_owned(), doing, source };
    fs::create_dir_all(path).map_err(failed("making the folder"))?;
    sync_directory(path).map_err(failed("making the folder"))?;
    let db_path = path.join("db");
    let exists = db_path.join("CURRENT").try_exists().map_err(failed("looking for a database"))?;
    let watermarks = open_watermarks(path, exists, options)?;

    let db = open_database(path, &db_path, exists, options)?;
    check_format(path, &db)?;

    let groups = groups(&db).map_err(failed("listing groups"))?;
    let spans = verify::logs(&db, &groups, options.verify_bytes).map_err(|error| error.at(path))?;
    let mut logs = wal::Logs::default();
    let mut rows = BTreeMap::new();
    let mut batch = WriteBatch::default();
    for group in groups {
        let reading = failed("reading a group");
        if let Some(votes) = votes(&db, group).map_err(&reading)? {
            logs.votes.insert(group, votes);
        }
        if let Some(span) = spans.get(&group) {
            logs.spans.insert(group, sweep_log(&db, group, *span, &mut batch).map_err(&reading)?);
        }
        rows.insert(group, sweep_rows(&db, group, &mut batch).map_err(&reading)?);
    }
    check_watermarks(&watermarks, &logs)?;
    // After all checks: a disk that is refused stays as it was found.
    install::sweep(&db_path).map_err(failed("removing an install that never ended"))?;
    let swept = db.write_opt(batch, &WriteOptions::default());
    swept.map_err(|error| failed("sweeping")(fault::database("removing what no longer counts", &error)))?;
    Ok(Opened { db, watermarks, logs, rows })
}

fn open_watermarks(path: &Path, database_exists: bool, options: &Options) -> Result<Watermarks, OpenError> {
    let file = path.join("watermarks");
    let refused = |what: String| OpenError::Watermarks { path: file.clone(), what };
    Watermarks::open(&file, database_exists, options).map_err(|error| match error {
        WatermarkError::Locked => OpenError::Locked { path: path.to_owned() },
        WatermarkError::Newer(version) => {
            OpenError::Newer { path: file.clone(), found: version.to_string(), known: FORMAT }
        }
        WatermarkError::Missing | WatermarkError::Damaged => refused(error.to_string()),
        WatermarkError::Io(source) => OpenError::Io { path: path.to_owned(), doing: "opening the watermarks", source },
    })
}

fn open_database(path: &Path, db_path: &Path, exists: bool, options: &Options) -> Result<DB, OpenError> {
    let refused = |error: rocksdb::Error| {
        let text = error.to_string().to_lowercase();
        // A snapshot or an install that outlives its handle keeps RocksDB's own lock.
        if text.contains("lock file") || text.contains("lock hold") {
            return OpenError::Locked { path: path.to_owned() };
        }
        let source = fault::database("opening the database", &error);
        OpenError::Io { path: path.to_owned(), doing: "opening the database", source }
    };
    let known = [key::DEFAULT, key::LOG, key::LOG_META, key::ROWS, key::EVENTS];
    if exists {
        let found = DB::list_cf(&rocksdb::Options::default(), db_path).map_err(refused)?;
        if let Some(unknown) = found.iter().find(|name| !known.contains(&name.as_str())) {
            let found = format!("column family {unknown}");
            return Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT });
        }
    }
    DB::open_cf_descriptors(&options.database(), db_path, options.column_families()).map_err(refused)
}

fn check_format(path: &Path, db: &DB) -> Result<(), OpenError> {
    let failed = |source| OpenError::Io { path: path.to_owned(), doing: "reading the format", source };
    let found = db.get(key::FORMAT).map_err(|error| failed(fault::database("reading the format", &error)))?;
    let Some(found) = found else {
        // A process may end between making the database and writing the format, and then there is nothing in it.
        let mut anything = db.raw_iterator();
        anything.seek_to_first();
        if anything.valid() || !groups(db).map_err(failed)?.is_empty() {
            return Err(OpenError::Foreign { path: path.to_owned() });
        }
        let mut sealed = Vec::new();
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        let sealed = value::seal(key::FORMAT, &[&FORMAT.to_be_bytes()], &mut sealed);
        let written = db.put_opt(key::FORMAT, sealed, &synced);
        return written.map_err(|error| failed(fault::database("writing the format", &error)));
    };
    let version = match value::unseal(key::FORMAT, &found) {
        Ok(bytes) => bytes.first_chunk::<4>().map(|bytes| u32::from_be_bytes(*bytes)).unwrap_or_default(),
        Err(value::ValueError::Version(version)) => {
            let found = format!("values {version}");
            return Err(OpenError::Newer { path: path.to_owned(), found, known: FORMAT });
        }
        Err(error) => return Err(failed(fault::damaged("the version of the format", error))),
    };
    if version != FORMAT {
        return Err(OpenError::Newer { path: path.to_owned(), found: version.to_string(), known: FORMAT });
    }
    Ok(())
}

/// Groups that have anything, found by hopping from group to group.
fn groups(db: &DB) -> io::Result<BTreeSet<u32>> {
    let mut groups = BTreeSet::new();
    for name in [key::LOG, key::LOG_META, key::ROWS, key::EVENTS] {
        let mut iterator = db.raw_iterator_cf_opt(column(db, name)?, rocksdb::ReadOptions::default());
        iterator.seek_to_first();
        while let Some(group) = iterator.key().and_then(key::parse_group) {
            groups.insert(group);
            let Some(next) = group.checked_add(1) else { break };
            iterator.seek(next.to_be_bytes());
        }
        iterator.status().map_err(|error| fault::database(name, &error))?;
    }
    Ok(groups)
}

fn votes(db: &DB, group: u32) -> io::Result<Option<u64>> {
    let Some(vote) = meta(db, group, Meta::Vote)? else { return Ok(None) };
    Ok(Some(u64::from_be_bytes(number(group, Meta::Vote, &vote)?)))
}

/// A log that has lost what was durable must not vote or acknowledge again.
fn check_watermarks(watermarks: &Watermarks, logs: &wal::Logs) -> Result<(), OpenError> {
    for (group, mark) in watermarks.recorded() {
        let next = logs.spans.get(group).map_or(0, |span| span.next);
        let votes = logs.votes.get(group).copied().unwrap_or(0);
        let Mark { next: next_durable, votes: votes_durable } = *mark;
        if next < next_durable || votes < votes_durable {
            return Err(OpenError::Behind { group: *group, next, votes, next_durable, votes_durable });
        }
    }
    Ok(())
}

/// Removes purged entries that were left for a later range delete.
fn sweep_log(db: &DB, group: u32, span: Span, batch: &mut WriteBatch) -> io::Result<Span> {
    if span.swept < span.first {
        let (from, to) = (key::index(group, span.swept), key::index(group, span.first));
        batch.delete_range_cf(column(db, key::LOG)?, from, to);
    }
    Ok(Span { swept: span.first, ..span })
}

/// Removes generations of rows that do not count, which an install left that never finished, and events below the floor.
fn sweep_rows(db: &DB, group: u32, batch: &mut WriteBatch) -> io::Result<RowState> {
    let generation = match meta(db, group, Meta::Generation)? {
        Some(bytes) => u32::from_be_bytes(number(group, Meta::Generation, &bytes)?),
        None => 0,
    };
    let event_floor = match meta(db, group, Meta::EventFloor)? {
        Some(bytes) => u64::from_be_bytes(number(group, Meta::EventFloor, &bytes)?),
        None => 0,
    };
    let rows = column(db, key::ROWS)?;
    let events = column(db, key::EVENTS)?;
    let stale = [
        (rows, key::row(group, 0, b""), key::row(group, generation, b"")),
        (rows, key::row(group, generation.saturating_add(1), b""), key::row(group, key::GENERATION_END, b"")),
        (events, key::index(group, 0).to_vec(), key::index(group, event_floor).to_vec()),
    ];
    for (column, from, to) in stale {
        let mut iterator = db.raw_iterator_cf_opt(column, within(from.clone(), to.clone()));
        iterator.seek_to_first();
        if iterator.valid() {
            batch.delete_range_cf(column, from, to);
        }
        iterator.status().map_err(|error| fault::database("looking for what no longer counts", &error))?;
    }
    Ok(RowState { generation, generation_last: generation, event_floor, events_swept: event_floor })
}
