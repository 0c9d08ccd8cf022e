//! Reads everything that is stored, a little at a time and round after round. What nobody reads may rot unseen until the other
//! copies are gone too; what is found in time is replaced while they stand.

use std::{collections::BTreeSet, io, sync::Mutex};

use rocksdb::ReadOptions;

use crate::{core::Core, fault, key, lock::lock, value};

/// Where values are, in the order in which they are read.
const PLACES: [&str; 4] = [key::LOG, key::LOG_META, key::ROWS, key::EVENTS];

/// Rotten values that are named: a disk with more of them needs no longer list.
pub const ROTTEN_NAMES_MAX: usize = 16;

/// What was read so far, and what was wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Scrub {
    /// Held while values are read: there is one reader.
    position: Mutex<Position>,
    /// Held for a moment.
    seen: Mutex<Seen>,
}

/// Where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Position {
    /// Which of [`PLACES`].
    place: usize,
    /// The first key that was not read.
    from: Vec<u8>,
}

impl Position {
    /// The beginning of the next place; whether a round is done.
    fn next_place(&mut self) -> bool {
        let place = (self.place + 1) % PLACES.len();
        *self = Self { place, from: Vec::new() };
        place == 0
    }
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Bytes of keys and values that were read.
    pub(crate) bytes: u64,
    /// Times that everything was read.
    pub(crate) rounds: u64,
    /// In this round, and in the one before: what was purged or replaced meanwhile is forgotten with that.
    now: BTreeSet<String>,
    before: BTreeSet<String>,
}

impl Seen {
    fn put(&mut self, name: String) {
        if self.now.len() >= ROTTEN_NAMES_MAX || self.now.contains(&name) {
            return;
        }
        if !self.before.contains(&name) {
            tracing::error!(%name, "what is stored is damaged: {}", fault::REPLACE);
        }
        self.now.insert(name);
    }

    fn end_round(&mut self) {
        self.rounds += 1;
        self.before = std::mem::take(&mut self.now);
    }

    /// What is rotten, by name.
    pub(crate) fn rotten(&self) -> Vec<String> {
        self.now.union(&self.before).take(ROTTEN_NAMES_MAX).cloned().collect()
    }
}

impl Scrub {
    /// What was found so far.
    pub(crate) fn seen(&self) -> Seen {
        lock(&self.seen).clone()
    }
}

impl Core {
    /// Reads on for about so many bytes, at most to the end of a column family.
    pub(crate) fn scrub(&self, bytes_max: usize) -> io::Result<()> {
        let mut position = lock(&self.scrub.position);
        let place = PLACES.get(position.place).copied().unwrap_or(key::LOG);
        let mut options = ReadOptions::default();
        // What others read stays in the cache.
        options.fill_cache(false);
        options.set_iterate_lower_bound(position.from.clone());
        let mut iterator = self.db.raw_iterator_cf_opt(self.cf(place)?, options);
        iterator.seek_to_first();
        let (mut bytes, mut last, mut rotten) = (0, Vec::new(), Vec::new());
        while bytes < bytes_max
            && let Some((key, sealed)) = iterator.item()
        {
            bytes += key.len() + sealed.len();
            last.clear();
            last.extend_from_slice(key);
            if let Err(error) = value::unseal(key, sealed) {
                rotten.push(format!("{}: {error}", name(place, key)));
            }
            iterator.next();
        }
        let is_end = match iterator.status() {
            Ok(()) => !iterator.valid(),
            // A block that RocksDB itself finds rotten has no keys, so nothing behind it is reached.
            Err(error) if error.kind() == rocksdb::ErrorKind::Corruption => {
                rotten.push(format!("{place}: {error}"));
                true
            }
            Err(error) => return Err(fault::database("reading what is stored", &error)),
        };
        let is_round = if is_end {
            position.next_place()
        } else {
            // The key that comes next, whether or not there is one.
            last.push(0);
            position.from = last;
            false
        };
        let mut seen = lock(&self.scrub.seen);
        seen.bytes += bytes as u64;
        rotten.into_iter().for_each(|name| seen.put(name));
        if is_round {
            seen.end_round();
        }
        Ok(())
    }
}

/// A value's name for people.
fn name(place: &str, key: &[u8]) -> String {
    let group = key::parse_group(key).unwrap_or_default();
    let index = key::parse_index(key).map_or(0, |(_, index)| index);
    match place {
        key::LOG => format!("group {group}: entry {index}"),
        key::EVENTS => format!("group {group}: events of entry {index}"),
        key::ROWS => {
            let row = key.get(key::ROW_PREFIX_BYTES..).unwrap_or_default();
            format!("group {group}: row \"{}\"", row.escape_ascii())
        }
        place => format!("group {group}: {place} \"{}\"", key.escape_ascii()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_in_turn_and_a_round_ends_with_the_last() {
        let mut position = Position { place: 0, from: vec![7] };
        let rounds: Vec<_> = (0..PLACES.len()).map(|_| position.next_place()).collect();
        assert_eq!(rounds, [false, false, false, true]);
        assert_eq!(position, Position::default());
    }

    #[test]
    fn what_is_rotten_stays_named_until_a_round_does_not_find_it_and_names_are_bounded() {
        let mut seen = Seen::default();
        seen.put("a".to_owned());
        seen.end_round();
        assert_eq!(seen.rotten(), ["a"], "the next round has not come to it yet");
        seen.put("a".to_owned());
        assert_eq!(seen.rotten(), ["a"], "once");
        seen.end_round();
        seen.end_round();
        assert_eq!(seen.rotten(), Vec::<String>::new());
        (0..100).for_each(|number| seen.put(number.to_string()));
        assert_eq!(seen.rotten().len(), ROTTEN_NAMES_MAX);
    }

    #[test]
    fn values_have_names() {
        assert_eq!(name(key::LOG, &key::index(9, 2)), "group 9: entry 2");
        assert_eq!(name(key::EVENTS, &key::index(9, 2)), "group 9: events of entry 2");
        assert_eq!(name(key::ROWS, &key::row(3, 1, b"beta")), "group 3: row \"beta\"");
        assert_eq!(name(key::ROWS, b"x"), "group 0: row \"\"");
    }
}
