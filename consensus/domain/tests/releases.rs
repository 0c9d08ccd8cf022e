//! Logs that earlier releases wrote end in the state in which those releases left them. A node that is upgraded applies what the old one
//! had in its log, beside nodes that have not been upgraded yet: should the two differ in one byte, replicas would differ.
//!
//! `releases/<version>/group-<n>.log` are entries, each after its length (4 bytes, big endian); `group-<n>.hashes` says how far,
//! and the SHA-256 of all replies, events and rows until there. Both are written once, by the release itself
//! (`RELEASE=0.1.0 cargo test -p domain --test it releases`), and never again: a hash that changes is a mistake in the code that
//! applies. What has to change is switched on by a command in the log.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]
#![allow(dead_code, reason = "the generator is shared with `properties`")]
#![allow(
    clippy::disallowed_methods,
    reason = "logs of releases are files, and one is written on request; what is tested does no IO"
)]

use crate::any;
use std::{collections::BTreeSet, fmt::Write, fs, path::Path};

use domain::{Entry, Event, GroupId, RowChange, State, rows, wire::Record};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use sha2::{Digest, Sha256};

/// Where the releases are.
const FOLDER: &str = "tests/releases";
/// Entries between two hashes: a difference is found near to where it began.
const HASH_EVERY: usize = 250;
/// Entries of a new log.
const ENTRIES: usize = 2_000;
/// Sorts of commands that a log has.
const COMMANDS_MIN: usize = 12;
const GROUPS: [GroupId; 2] = [GroupId::COMMAND, GroupId(1)];

/// Applies entries, and hashes all that comes of it.
struct Replay {
    state: State,
    index: u64,
    hash: Sha256,
}

impl Replay {
    fn new(group: GroupId) -> Self {
        Self { state: State::new(group), index: 0, hash: Sha256::new() }
    }

    fn put(&mut self, part: &[u8]) {
        self.hash.update(u64::try_from(part.len()).unwrap().to_be_bytes());
        self.hash.update(part);
    }

    fn apply(&mut self, entry: &Entry) {
        self.index += 1;
        let applied = self.state.apply(self.index, entry);
        self.put(&applied.reply.encode());
        for event in &applied.events {
            self.put(&Event::encode(event));
        }
        for change in &applied.rows {
            match change {
                RowChange::Put(row) => {
                    self.put(&row.key);
                    self.put(&row.value);
                }
                RowChange::Delete(key) => self.put(key),
            }
        }
    }

    fn hash(&self) -> String {
        let mut hash = self.hash.clone();
        let mut state: Vec<_> = self.state.rows().into_iter().map(|row| (row.key, row.value)).collect();
        state.sort();
        for (key, value) in state {
            assert!(rows::is_state(&key));
            hash.update(key);
            hash.update(value);
        }
        hash.finalize().iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }
}

/// A log of this program's own: any commands, most of them aimed at what is there.
fn log(group: GroupId) -> Vec<Entry> {
    let mut runner = TestRunner::deterministic();
    let command = match group {
        GroupId::COMMAND => any::command_of_group_0().boxed(),
        _ => any::command_of_field().boxed(),
    };
    let strategy = any::entries(command);
    let mut replay = Replay::new(group);
    let mut entries = any::world(group);
    entries.iter().for_each(|entry| replay.apply(entry));
    while entries.len() < ENTRIES {
        for (is_aimed, mut entry) in strategy.new_tree(&mut runner).unwrap().current() {
            if is_aimed {
                any::aim(&mut entry, &replay.state);
            }
            replay.apply(&entry);
            entries.push(entry);
        }
    }
    entries
}

fn encode(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.encode();
        bytes.extend_from_slice(&u32::try_from(entry.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(&entry);
    }
    bytes
}

fn decode(mut bytes: &[u8]) -> Vec<Entry> {
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (entry, rest) = rest.split_at(usize::try_from(u32::from_be_bytes(*length)).unwrap());
        entries.push(Entry::decode(entry).unwrap());
        bytes = rest;
    }
    assert!(bytes.is_empty(), "the log ends in the middle of an entry");
    entries
}

fn hashes(group: GroupId, entries: &[Entry]) -> Vec<String> {
    let mut replay = Replay::new(group);
    let mut hashes = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        replay.apply(entry);
        if number % HASH_EVERY == 0 || number == entries.len() {
            hashes.push(format!("{number} {}", replay.hash()));
        }
    }
    hashes
}

#[test]
fn logs_of_earlier_releases_end_in_the_same_state() {
    let folder = Path::new(FOLDER);
    if let Ok(version) = std::env::var("RELEASE") {
        let folder = folder.join(&version);
        fs::create_dir(&folder).unwrap_or_else(|error| panic!("{version} is written once, and it is there: {error}"));
        for group in GROUPS {
            let entries = log(group);
            fs::write(folder.join(format!("group-{}.log", group.0)), encode(&entries)).unwrap();
            let hashes = hashes(group, &entries).join("\n") + "\n";
            fs::write(folder.join(format!("group-{}.hashes", group.0)), hashes).unwrap();
        }
    }
    let mut replayed = 0;
    for release in fs::read_dir(folder).unwrap() {
        let release = release.unwrap().path();
        for group in GROUPS {
            let entries = decode(&fs::read(release.join(format!("group-{}.log", group.0))).unwrap());
            let expected = fs::read_to_string(release.join(format!("group-{}.hashes", group.0))).unwrap();
            let found = hashes(group, &entries);
            assert_eq!(expected.lines().count(), found.len(), "{}: group {}", release.display(), group.0);
            for (expected, found) in expected.lines().zip(found) {
                assert_eq!(expected, found, "{}: group {} differs by this entry", release.display(), group.0);
            }
            assert!(entries.len() >= ENTRIES, "{}", release.display());
            assert_tells_something(group, &entries);
            replayed += 1;
        }
    }
    assert!(replayed >= GROUPS.len(), "there is no release");
}

/// A log that tests little would pass for ever.
fn assert_tells_something(group: GroupId, entries: &[Entry]) {
    let mut replay = Replay::new(group);
    let mut names = BTreeSet::new();
    let mut changed = 0;
    for entry in entries {
        let before = replay.state.clone();
        replay.apply(entry);
        changed += usize::from(before != replay.state);
        names.insert(entry.command.name());
    }
    assert!(names.len() >= COMMANDS_MIN, "group {}: {names:?}", group.0);
    assert!(changed * 4 > entries.len(), "group {}: {changed} of {} changed anything", group.0, entries.len());
}
