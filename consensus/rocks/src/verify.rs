//! Whether a group's log is whole, looked at before anybody relies on it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::Path,
    sync::{Mutex, PoisonError},
    thread,
};

use rocksdb::DB;

use crate::{
    core::{column, meta, number, within},
    fault,
    key::{self, Meta},
    open::OpenError,
    span::Span,
    value,
};

/// Why a log was not verified.
pub(crate) enum VerifyError {
    Damaged { group: u32, index: u64, what: String },
    Io(io::Error),
}

impl VerifyError {
    pub(crate) fn at(self, path: &Path) -> OpenError {
        match self {
            Self::Damaged { group, index, what } => OpenError::Damaged { group, index, what },
            Self::Io(source) => OpenError::Io { path: path.to_owned(), doing: "reading the log", source },
        }
    }
}

impl From<io::Error> for VerifyError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Goes through the logs of all groups, as many at a time as there are cores: it is most of what a node reads before it may
/// vote. Of several that are damaged the lowest group is named.
pub(crate) fn logs(db: &DB, groups: &BTreeSet<u32>, verify_bytes: usize) -> Result<BTreeMap<u32, Span>, VerifyError> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let left = Mutex::new(groups.iter().copied());
    let found: Vec<_> = thread::scope(|scope| {
        let look = || {
            let mut found = Vec::new();
            loop {
                // The lock is let go before the log is read.
                let group = left.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(group) = group else { return found };
                found.push((group, log(db, group, verify_bytes)));
            }
        };
        let threads: Vec<_> = (0..cores.min(groups.len())).map(|_| scope.spawn(look)).collect();
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect()
    });
    let mut all = BTreeMap::new();
    for found in found {
        let found = found.map_err(|_| VerifyError::Io(io::Error::other("a thread that reads logs has ended")))?;
        all.extend(found);
    }
    let whole = all.into_iter().filter_map(|(group, span)| span.map(|span| span.map(|span| (group, span))).transpose());
    whole.collect()
}

/// Goes through the log from its end: every index must be there, and the newest `verify_bytes` must have right
/// checksums. `None`: the group has no log.
fn log(db: &DB, group: u32, verify_bytes: usize) -> Result<Option<Span>, VerifyError> {
    let damaged = |index, what: &str| VerifyError::Damaged { group, index, what: what.to_owned() };
    let first = match meta(db, group, Meta::First)? {
        Some(bytes) => Some(u64::from_be_bytes(number(group, Meta::First, &bytes)?)),
        None => None,
    };
    let log = column(db, key::LOG)?;
    let mut iterator =
        db.raw_iterator_cf_opt(log, within(key::index(group, first.unwrap_or(0)), key::index_end(group)));
    iterator.seek_to_last();
    let mut next = None;
    let mut lowest: Option<u64> = None;
    let mut bytes = 0;
    while let Some((key, value)) = iterator.item() {
        let Some((_, index)) = key::parse_index(key) else {
            return Err(damaged(lowest.unwrap_or(0), "a key beside it has a wrong length"));
        };
        if let Some(above) = lowest
            && index + 1 != above
        {
            return Err(damaged(above - 1, "it is missing"));
        }
        if bytes < verify_bytes {
            value::unseal(key, value).map_err(|error| damaged(index, &error.to_string()))?;
        }
        bytes += value.len();
        next = next.or(index.checked_add(1));
        lowest = Some(index);
        iterator.prev();
    }
    iterator.status().map_err(|error| fault::database(&format!("group {group}: reading the log"), &error))?;
    let Some(first) = first else {
        return lowest.map_or(Ok(None), |index| Err(damaged(index, "the record of where the log begins is missing")));
    };
    if let Some(lowest) = lowest
        && lowest != first
    {
        return Err(damaged(first, "it is missing"));
    }
    drop(iterator);
    let swept = lowest_purged(db, group, first)?.unwrap_or(first);
    Ok(Some(Span { first, next: next.unwrap_or(first), swept }))
}

/// The first entry below `first` that has not been removed yet.
fn lowest_purged(db: &DB, group: u32, first: u64) -> io::Result<Option<u64>> {
    let range = within(key::index(group, 0), key::index(group, first));
    let mut iterator = db.raw_iterator_cf_opt(column(db, key::LOG)?, range);
    iterator.seek_to_first();
    let lowest = iterator.key().and_then(key::parse_index).map(|(_, index)| index);
    iterator.status().map_err(|error| fault::database(&format!("group {group}: reading the log"), &error))?;
    Ok(lowest)
}
