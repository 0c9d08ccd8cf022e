//! Applying entries without writing each: rows of state are encoded when they are written, once for however many entries
//! changed them, and an event that stands in a timeline is encoded once for the timeline and for the tail.

use std::collections::BTreeSet;

use bytes::Bytes;
use prost::encoding;

use crate::{Applied, Entry, Event, Millis, Reply, Row, RowChange, State, stored::Touched, wire::Record};

/// The names of the rows of state that changed and are not written yet.
#[derive(Debug, Default)]
pub struct Unwritten(pub(crate) BTreeSet<Touched>);

impl Unwritten {
    /// How many rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether everything is written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What applying an entry came to, but for the rows of state that changed, which are named in an [`Unwritten`].
#[derive(Debug)]
pub struct Decided {
    /// For whoever asked.
    pub reply: Reply,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// New rows of history. A key comes once for ever.
    pub history: Vec<Row>,
    /// Keys of rows of history that go.
    pub erased: Vec<Bytes>,
    /// Events that were encoded for a timeline, by ordinal.
    pub(crate) encoded: Vec<(u32, Bytes)>,
}

impl Decided {
    /// The bytes of an [`crate::EventBatch`] of its events.
    #[must_use]
    pub fn encode_events(&self, index: u64, at_ms: Millis) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(32 + self.encoded.iter().map(|(_, event)| event.len() + 8).sum::<usize>());
        // Zero is written as absent.
        if index != 0 {
            encoding::uint64::encode(1, &index, &mut bytes);
        }
        if at_ms.is_set() {
            encoding::uint64::encode(2, &at_ms.0, &mut bytes);
        }
        for event in &self.events {
            match self.encoded.iter().find(|(ordinal, _)| *ordinal == event.ordinal) {
                Some((_, encoded)) => encoding::bytes::encode(3, encoded, &mut bytes),
                None => encoding::message::encode(3, &event.to_wire(), &mut bytes),
            }
        }
        bytes
    }
}

impl State {
    /// Applies the entry at this log index. Total and deterministic; entries come in the order of the log, each once.
    pub fn apply(&mut self, index: u64, entry: &Entry) -> Applied {
        let mut unwritten = Unwritten::default();
        let Decided { reply, events, history, erased, .. } = self.apply_unwritten(index, entry, &mut unwritten);
        let mut rows = self.changes(&unwritten);
        rows.extend(history.into_iter().map(RowChange::Put));
        rows.extend(erased.into_iter().map(RowChange::Delete));
        Applied { reply, events, rows }
    }

    /// These rows as they stand now: put, or gone.
    #[must_use]
    pub fn changes(&self, unwritten: &Unwritten) -> Vec<RowChange> {
        unwritten.0.iter().map(|touched| self.row_change(touched)).collect()
    }
}
