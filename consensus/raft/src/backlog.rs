//! What is applied here and not yet in the rows of this node's disk. A row of state that many entries change is encoded
//! and written once for all of them. Nothing is lost with it: the log gives it back, as it does with rows that no flush
//! has reached.

#[cfg(feature = "seeded-bugs")]
use std::collections::BTreeMap;
use std::{mem, sync::Arc};

use bytes::Bytes;
use domain::{Decided, EventBatch, Reply, Row, RowChange, State, Unwritten};

#[cfg(feature = "seeded-bugs")]
use crate::bugs::{self, Bug};
use crate::{disk::RowBatch, stage, tail::EventTail};

/// Entries whose rows may wait: what a start after a crash has to apply again at most, beyond what was never flushed.
const ENTRIES_MAX: usize = 256;
/// Rows of state that may wait: what is encoded at once while readers of state wait, some thirty milliseconds. Full batches
/// of readings, each of other sensors, pass the bound of entries first.
const ROWS_MAX: usize = 32_768;
/// Bytes of history and events that may wait.
const BYTES_MAX: usize = 1 << 20;

/// The rows of some entries, as one step of applied state.
#[derive(Default)]
pub(crate) struct Backlog {
    /// Rows of state that changed.
    pub(crate) touched: Unwritten,
    /// All the rest; without how far is applied there is nothing.
    batch: RowBatch,
    entries: usize,
    bytes: usize,
    /// `FirstChangeKept`.
    #[cfg(feature = "seeded-bugs")]
    first: BTreeMap<Bytes, Bytes>,
}

impl Backlog {
    /// Takes in what an entry came to in `state`; its events go to the tail, its reply to whoever asked.
    pub(crate) fn take_in(&mut self, index: u64, state: &State, decided: Decided, tail: &mut EventTail) -> Reply {
        if !decided.events.is_empty() {
            let at_ms = state.clock();
            let encoded = Bytes::from(decided.encode_events(index, at_ms));
            self.bytes += encoded.len();
            tail.push(Arc::new(EventBatch { index, at_ms, events: decided.events }), encoded.len());
            self.batch.events.push((index, encoded));
        }
        for Row { key, value } in decided.history {
            self.bytes += key.len() + value.len();
            self.batch.puts.push((key, value));
        }
        self.batch.deletes.extend(decided.erased);
        #[cfg(feature = "seeded-bugs")]
        if bugs::is_made(Bug::FirstChangeKept) {
            for change in state.changes(&self.touched) {
                if let RowChange::Put(row) = change {
                    self.first.entry(row.key).or_insert(row.value);
                }
            }
        }
        decided.reply
    }

    /// So many entries more are applied, up to what `applied` says; events below `floor` may go.
    pub(crate) fn is_applied(&mut self, entries: usize, applied: Bytes, floor: Option<u64>) {
        self.entries += entries;
        self.batch.applied = applied;
        self.batch.event_floor = floor.or(self.batch.event_floor);
    }

    /// Events below `floor` may go with what is written next.
    pub(crate) fn raise_floor(&mut self, floor: u64) {
        self.batch.event_floor = self.batch.event_floor.max(Some(floor));
    }

    /// Whether it is to be written before more is applied.
    pub(crate) fn is_full(&self) -> bool {
        self.entries >= stage::at_most(ENTRIES_MAX) || self.touched.len() >= ROWS_MAX || self.bytes >= BYTES_MAX
    }

    /// All of it as one step, with the rows of state as they stand in `state`, which is the one that it is of.
    pub(crate) fn empty(&mut self, state: &State) -> Option<RowBatch> {
        if self.batch.applied.is_empty() {
            return None;
        }
        #[allow(unused_mut, reason = "a seeded bug takes from it")]
        let mut all = mem::take(self);
        let mut batch = all.batch;
        for change in state.changes(&all.touched) {
            match change {
                RowChange::Put(row) => {
                    #[cfg(feature = "seeded-bugs")]
                    let row = Row { value: all.first.remove(&row.key).unwrap_or(row.value), ..row };
                    batch.puts.push((row.key, row.value));
                }
                RowChange::Delete(key) => batch.deletes.push(key),
            }
        }
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use domain::{Command, Entry, GroupId, Millis, RaisePolicyFloor, rows, wire::Record};

    use super::*;

    fn entry(floor: u64) -> Entry {
        let command = Command::from(RaisePolicyFloor { floor });
        Entry { at_ms: Millis(floor), request: None, grant: None, command, salt: Bytes::new() }
    }

    #[test]
    fn what_is_written_at_the_end_is_what_was_written_after_each_entry() {
        let group = GroupId(3);
        let (mut state, mut once) = (State::new(group), State::new(group));
        let (mut backlog, mut tail, mut each) = (Backlog::default(), EventTail::new(0), BTreeMap::new());
        for index in 1..=20 {
            let decided = state.apply_unwritten(index, &entry(index), &Bytes::new(), &mut backlog.touched);
            backlog.take_in(index, &state, decided, &mut tail);
            backlog.is_applied(1, Bytes::from(index.to_string()), None);
            let applied = once.apply(index, &entry(index));
            for change in applied.rows {
                match change {
                    RowChange::Put(row) => drop(each.insert(row.key, row.value)),
                    RowChange::Delete(key) => drop(each.remove(&key)),
                }
            }
        }
        let batch = backlog.empty(&state).unwrap();
        assert_eq!(batch.puts.iter().filter(|(key, _)| *key == rows::meta_key()).count(), 1, "once for all entries");
        assert_eq!(batch.puts.iter().cloned().collect::<BTreeMap<_, _>>(), each);
        assert_eq!((&batch.applied[..], batch.events.len()), (&b"20"[..], 20));
        let stored = batch.events.iter().map(|(_, bytes)| Arc::new(EventBatch::decode(bytes).unwrap()));
        let stored: Vec<_> = stored.collect();
        assert_eq!(tail.after(0, 100), Ok(stored));
        assert!(backlog.empty(&state).is_none(), "it is written");
    }

    #[test]
    fn a_backlog_is_bounded() {
        let mut backlog = Backlog::default();
        backlog.is_applied(ENTRIES_MAX - 1, Bytes::from_static(b"x"), Some(7));
        assert!(!backlog.is_full());
        backlog.is_applied(1, Bytes::from_static(b"y"), None);
        assert!(backlog.is_full());
        backlog.raise_floor(5);
        let batch = backlog.empty(&State::new(GroupId(1))).unwrap();
        assert_eq!((batch.event_floor, batch.applied), (Some(7), Bytes::from_static(b"y")));
        backlog.raise_floor(9);
        assert!(backlog.empty(&State::new(GroupId(1))).is_none(), "it waits for an entry");
        backlog.is_applied(1, Bytes::from_static(b"z"), None);
        assert_eq!(backlog.empty(&State::new(GroupId(1))).unwrap().event_floor, Some(9));
        assert!(!backlog.is_full());
    }
}
