//! Reading the log.

use std::{io, ops::Range};

use bytes::Bytes;
use raft::disk::LogOnDisk;

use crate::{
    core::{Core, within},
    fault,
    key::{self, Meta},
    lock::read,
    value,
};

/// Bytes of a vote before the caller's: how many votes there have been.
const VOTE_COUNT_BYTES: usize = 8;

impl Core {
    pub(crate) fn log_on_disk(&self, group: u32) -> io::Result<LogOnDisk> {
        let span = read(&self.spans).get(&group).copied();
        let vote = self.meta(group, Meta::Vote)?.map(Bytes::from);
        Ok(LogOnDisk {
            vote: vote.map(|vote| vote.slice(VOTE_COUNT_BYTES.min(vote.len())..)),
            committed: self.meta(group, Meta::Committed)?.map(Bytes::from),
            purged: self.meta(group, Meta::Purged)?.map(Bytes::from),
            bounds: span.filter(|span| span.first < span.next).map(|span| (span.first, span.next - 1)),
        })
    }

    pub(crate) fn read_entries(
        &self,
        group: u32,
        range: Range<u64>,
        bytes_max: usize,
    ) -> io::Result<Vec<(u64, Bytes)>> {
        let doing = || format!("group {group}: reading the log");
        let (mut iterator, range) = {
            // The iterator sees the log of the moment when it is made, and that is the log which the span describes.
            let spans = read(&self.spans);
            let Some(span) = spans.get(&group) else { return Ok(Vec::new()) };
            let range = range.start.max(span.first)..range.end.min(span.next);
            if range.is_empty() {
                return Ok(Vec::new());
            }
            let bounds = within(key::index(group, range.start), key::index(group, range.end));
            (self.db.raw_iterator_cf_opt(self.cf(key::LOG)?, bounds), range)
        };
        iterator.seek_to_first();
        let mut entries = Vec::new();
        let mut bytes = 0;
        for expected in range {
            let found = iterator.item().filter(|(key, _)| **key == key::index(group, expected));
            let Some((key, sealed)) = found else {
                iterator.status().map_err(|error| fault::database(&doing(), &error))?;
                let what = format!("group {group}: entry {expected} is missing: {}", fault::REPLACE);
                return Err(io::Error::new(io::ErrorKind::InvalidData, what));
            };
            let entry = value::unseal(key, sealed)
                .map_err(|error| fault::damaged(&format!("group {group}: entry {expected}"), error))?;
            bytes += entry.len();
            if bytes > bytes_max && !entries.is_empty() {
                break;
            }
            entries.push((expected, Bytes::copy_from_slice(entry)));
            iterator.next();
        }
        Ok(entries)
    }
}
