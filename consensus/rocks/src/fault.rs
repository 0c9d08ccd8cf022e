//! Errors of the database, and the one that was final.

use std::io;

use crate::value::ValueError;

/// What to do about damage that nobody can repair here.
pub(crate) const REPLACE: &str = "replace this node: it must come back under a new id";

/// The error after which the disk is dead. Kept so that every later call can say why.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    kind: io::ErrorKind,
    what: String,
}

impl Fault {
    pub(crate) fn new(error: &io::Error) -> Self {
        Self { kind: error.kind(), what: error.to_string() }
    }

    pub(crate) fn error(&self) -> io::Error {
        io::Error::new(self.kind, self.what.clone())
    }
}

/// An error of RocksDB, with what was being done.
pub(crate) fn database(doing: &str, error: &rocksdb::Error) -> io::Error {
    let text = error.to_string();
    let kind = match error.kind() {
        rocksdb::ErrorKind::Corruption => io::ErrorKind::InvalidData,
        rocksdb::ErrorKind::IOError if text.contains("No space left") => io::ErrorKind::StorageFull,
        _ => io::ErrorKind::Other,
    };
    let remedy = match kind {
        io::ErrorKind::InvalidData => format!(": {REPLACE}"),
        io::ErrorKind::StorageFull => ": free space on the disk, then start again".to_owned(),
        _ => String::new(),
    };
    io::Error::new(kind, format!("{doing}: {text}{remedy}"))
}

/// A value that must not be used, with where it lies.
pub(crate) fn damaged(place: &str, error: ValueError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{place} is damaged, {error}: {REPLACE}"))
}

/// A call that breaks the contract of the disk, which only a defect of the program can make.
pub(crate) fn misuse(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what)
}
