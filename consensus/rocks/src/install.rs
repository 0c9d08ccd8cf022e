//! Receiving a snapshot: rows go under a generation of their own, which one durable write makes the one that counts.
//!
//! They come in key order, and nothing else has keys of that generation: so they are written as sorted files beside the database, and
//! taken into its lowest level as they are. Through the write-ahead log each would be written four times and more, and whoever writes
//! entries would wait behind them.

use std::{
    fs, io, mem,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use raft::disk::Install;
use rocksdb::{IngestExternalFileOptions, SstFileWriter, WriteBatch, WriteOptions};

use crate::{
    core::{Core, RowState},
    fault,
    key::{self, Meta},
    lock::write,
    options, value,
};

/// Bytes of keys and values in one sorted file. They are held until they are written, and flushed at once.
const FILE_BYTES: usize = 16 << 20;

/// Folder of files that are not taken in yet, beside the database and on the same file system, so that taking one in copies nothing.
fn folder(db: &Path) -> PathBuf {
    db.with_file_name("install")
}

/// Removes what installs have left that never ended.
pub(crate) fn sweep(db: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder(db)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(crate) struct RowInstall {
    core: Arc<Core>,
    group: u32,
    generation: u32,
    /// Key of the last row taken.
    last: Option<Bytes>,
    /// Rows that are in no file yet, as they are stored, and the bytes of them.
    rows: Vec<(Vec<u8>, Vec<u8>)>,
    rows_bytes: usize,
    /// Durable, in key order.
    files: Vec<PathBuf>,
    /// The database has the files.
    is_taken: bool,
    /// The generation counts: dropping this removes nothing.
    finished: bool,
}

impl RowInstall {
    pub(crate) fn new(core: Arc<Core>, group: u32) -> io::Result<Self> {
        core.alive()?;
        let generation = core.next_generation(group)?;
        Ok(Self {
            core,
            group,
            generation,
            last: None,
            rows: Vec::new(),
            rows_bytes: 0,
            files: Vec::new(),
            is_taken: false,
            finished: false,
        })
    }

    /// Makes a durable file of the rows that are in none. An error is final.
    fn write_file(&mut self) -> io::Result<()> {
        let rows = mem::take(&mut self.rows);
        self.rows_bytes = 0;
        if rows.is_empty() {
            return Ok(());
        }
        let folder = folder(self.core.db.path());
        let file = folder.join(format!("{}-{}-{}.sst", self.group, self.generation, self.files.len()));
        self.files.push(file.clone());
        let made = fs::create_dir_all(&folder)
            .and_then(|()| sorted_file(&file, &rows).map_err(|error| fault::database("receiving a snapshot", &error)));
        made.inspect_err(|error| {
            self.core.die(error);
        })
    }

    /// Takes the files into the database, where they count for nothing yet. An error is final.
    fn take_files(&mut self) -> io::Result<()> {
        self.write_file()?;
        if self.files.is_empty() {
            return Ok(());
        }
        let mut options = IngestExternalFileOptions::default();
        options.set_move_files(true);
        let taken = self.core.db.ingest_external_file_cf_opts(self.core.cf(key::ROWS)?, &options, self.files.clone());
        taken.map_err(|error| {
            let error = fault::database("taking a snapshot in", &error);
            self.core.die(&error);
            error
        })?;
        self.is_taken = true;
        Ok(())
    }

    fn flip(&mut self, applied: &[u8], event_floor: u64) -> io::Result<()> {
        let core = &self.core;
        let group = self.group;
        let (rows, events, meta) = (core.cf(key::ROWS)?, core.cf(key::EVENTS)?, core.cf(key::LOG_META)?);
        let shared = core.rows(group);
        let mut state = write(&shared);
        if self.generation <= state.generation {
            let what = format!("group {group}: a newer snapshot was installed meanwhile");
            return Err(fault::misuse(what));
        }
        let mut batch = WriteBatch::default();
        let mut sealed = Vec::new();
        let mut put = |batch: &mut WriteBatch, kind, bytes: &[u8]| {
            let key = key::meta(group, kind);
            batch.put_cf(meta, key, value::seal(&key, &[bytes], &mut sealed));
        };
        put(&mut batch, Meta::Generation, &self.generation.to_be_bytes());
        put(&mut batch, Meta::Applied, applied);
        put(&mut batch, Meta::EventFloor, &event_floor.to_be_bytes());
        // All that came before goes in the same step: also what installs left that never finished.
        batch.delete_range_cf(rows, key::row(group, 0, b""), key::row(group, self.generation, b""));
        batch.delete_range_cf(events, key::index(group, 0).to_vec(), key::index_end(group));
        let mut synced = WriteOptions::default();
        synced.set_sync(true);
        core.write("installing a snapshot", batch, &synced)?;
        *state = RowState {
            generation: self.generation,
            generation_last: state.generation_last,
            event_floor,
            events_swept: event_floor,
        };
        drop(state);
        self.finished = true;
        Ok(())
    }
}

fn sorted_file(path: &Path, rows: &[(Vec<u8>, Vec<u8>)]) -> Result<(), rocksdb::Error> {
    let options = options::rows_file();
    let mut file = SstFileWriter::create(&options);
    file.open(path)?;
    for (key, sealed) in rows {
        file.put(key, sealed)?;
    }
    file.finish()
}

impl Install for RowInstall {
    fn put_rows(&mut self, rows: Vec<(Bytes, Bytes)>) -> io::Result<()> {
        self.core.alive()?;
        for (name, row) in rows {
            if self.last.as_ref().is_some_and(|last| *last >= name) {
                let what = format!("group {}: rows of a snapshot must come in key order", self.group);
                return Err(fault::misuse(what));
            }
            let (key, mut sealed) = (key::row(self.group, self.generation, &name), Vec::new());
            value::seal(&key, &[&row], &mut sealed);
            self.rows_bytes += key.len() + sealed.len();
            self.rows.push((key, sealed));
            self.last = Some(name);
            if self.rows_bytes >= FILE_BYTES {
                self.write_file()?;
            }
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, applied: Bytes, event_floor: u64) -> io::Result<()> {
        self.core.alive()?;
        self.take_files()?;
        self.flip(&applied, event_floor)
    }
}

impl Drop for RowInstall {
    fn drop(&mut self) {
        // Those that were taken in have another name by now. What cannot be removed goes when the disk is opened.
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        if self.finished || !self.is_taken || self.core.alive().is_err() {
            return;
        }
        let Ok(rows) = self.core.cf(key::ROWS) else { return };
        let mut batch = WriteBatch::default();
        let from = key::row(self.group, self.generation, b"");
        batch.delete_range_cf(rows, from, key::row(self.group, self.generation + 1, b""));
        // An error is final and known to the disk; opening it anew removes the rows.
        let _ = self.core.write("giving up a snapshot", batch, &WriteOptions::default());
    }
}
