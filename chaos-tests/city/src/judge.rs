//! Who watches the city, each property in a file of its own. Consensus, units, incidents and offers are watched by the judges of `agree`, which
//! see the same nodes.
//!
//! | file | what it holds against a node, a screen or a phone |
//! |---|---|
//! | `agree/judge` | see there: Raft's own properties, one true history, promises, dispatch, healing |
//! | `promises.rs` | a note that was acknowledged and is lost, or is there twice |
//! | `screens.rs` | a gap, a double, a disorder; events that are not the true ones; a last picture that is not the cluster's state |
//! | `deadlines.rs` | a step of an escalation that is taken twice, before its time, or late when nothing is wrong |
//! | `actors.rs` | an actor that fails |
//! | `reads.rs` | a linearizable look that does not show what was acknowledged before it |
//! | `phones.rs` | a tap that nobody has heard of when the storm is long over |

use std::collections::{BTreeMap, BTreeSet};

use agree::judge::promises::Fate;

pub mod actors;
pub mod deadlines;
pub mod phones;
pub mod promises;
pub mod reads;
pub mod screens;

/// What people were told, as far as `agree` has no book for it.
#[derive(Default)]
pub struct Book {
    /// Notes, by their text.
    notes: BTreeMap<String, Fate>,
    /// Taps that were made and of which the phone has not heard.
    unheard: BTreeSet<u64>,
    is_open: bool,
    /// By all wall clocks; 0: it still storms.
    healed_at_ms: u64,
}

impl Book {
    /// A note will be sent, or its fate is known.
    pub fn note(&mut self, text: &str, fate: Fate) {
        self.notes.insert(text.to_owned(), fate);
    }

    /// A tap was made on a phone.
    pub fn tapped(&mut self, name: u64) {
        self.unheard.insert(name);
    }

    /// The phone has heard what became of it.
    pub fn heard(&mut self, name: u64) {
        self.unheard.remove(&name);
    }

    /// Whether crews still tap.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// Crews begin to tap, or cease.
    pub fn set_open(&mut self, is_open: bool) {
        self.is_open = is_open;
    }

    /// Nothing is wrong any more, from this time of all wall clocks on.
    pub fn healed(&mut self, at_ms: u64) {
        self.healed_at_ms = at_ms;
    }
}

/// What happened in a city, counted beside what `agree` counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Commands that people asked for.
    pub asked: u64,
    /// Commands and batches of readings that were acknowledged to them.
    pub answered: u64,
    /// Commands that were sent once more after they were acknowledged.
    pub repeated: u64,
    /// Linearizable looks that were answered.
    pub reads: u64,
    /// Times that a node welcomed a screen.
    pub screens_opened: u64,
    /// Times that a screen lost its node.
    pub screens_lost: u64,
    /// Pictures, frames and resets that screens were told.
    pub messages: u64,
    /// Gaps, doubles and disorders that screens found.
    pub gaps: u64,
    /// Lines that were cut.
    pub cuts: u64,
    /// Tunnels that lines went through.
    pub tunnels: u64,
    /// Milliseconds from the end of the storm until a report was taken.
    pub served_ms: u64,
}

impl Counts {
    /// Adds what another play came to; of how long it took the longest counts.
    pub fn add(&mut self, more: &Self) {
        self.asked += more.asked;
        self.answered += more.answered;
        self.repeated += more.repeated;
        self.reads += more.reads;
        self.screens_opened += more.screens_opened;
        self.screens_lost += more.screens_lost;
        self.messages += more.messages;
        self.gaps += more.gaps;
        self.cuts += more.cuts;
        self.tunnels += more.tunnels;
        self.served_ms = self.served_ms.max(more.served_ms);
    }
}
