//! Linearizability of one key (Herlihy and Wing 1990): is there an order of what clients did that respects real time and explains every answer?
//!
//! The search is that of Wing and Gong with the memory of Lowe: an order is built from the front, and what was already tried from
//! the same set of operations and the same value is not tried again. What nobody was answered may take effect at any later time or never.
//! [`explains_slowly`] asks the same in the plainest way, for tests.

use std::collections::{BTreeMap, BTreeSet};

use super::{Verdict, broken};

/// What a key holds: a version that only `Cas` moves, and a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Held {
    /// Moves with each `Cas` that took.
    pub version: u64,
    /// What was written last.
    pub value: u64,
}

/// What a client did, with what it was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Did {
    /// Wrote, whatever was there.
    Put(u64),
    /// Wrote if the version was `expected`. `took`: whether it was told so; none: not answered.
    Cas {
        /// The version that it named.
        expected: u64,
        /// What it wrote.
        value: u64,
        /// What it was told.
        took: Option<bool>,
    },
    /// Read.
    Got(Held),
}

impl Did {
    /// What a key holds after it; none: it cannot have been answered so.
    fn after(self, held: Held) -> Option<Held> {
        match self {
            Self::Put(value) => Some(Held { value, ..held }),
            Self::Cas { expected, value, took } => {
                let takes = held.version == expected;
                if took.is_some_and(|took| took != takes) {
                    return None;
                }
                Some(if takes { Held { version: held.version + 1, value } } else { held })
            }
            Self::Got(got) => (got == held).then_some(held),
        }
    }
}

/// An operation on a key, and when: numbers of a counter that all clients share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// What.
    pub did: Did,
    /// When it was called.
    pub called: u64,
    /// When it was answered; none: never, so it may take effect at any time from `called` on, or never.
    pub answered: Option<u64>,
}

/// Positions searched before the judge gives up, which says nothing of the history.
const SEARCH_MAX: usize = 4_000_000;

/// Which operations are in the order.
type Taken = Vec<u64>;

/// Whether some order explains this history of one key that held `begin`. `None`: too much to search.
#[must_use]
pub fn explains(begin: Held, history: &[Timed]) -> Option<bool> {
    explains_within(begin, history, SEARCH_MAX)
}

/// The same, of at most so many positions. Each takes as many bits as the history has operations.
#[must_use]
pub fn explains_within(begin: Held, history: &[Timed], positions_max: usize) -> Option<bool> {
    let mut seen: BTreeSet<(Taken, Held)> = BTreeSet::new();
    let mut to_try: Vec<(Taken, Held)> = vec![(vec![0; history.len().div_ceil(64)], begin)];
    while let Some((taken, held)) = to_try.pop() {
        let is_taken = |at: usize| taken[at / 64] & (1 << (at % 64)) != 0;
        let waiting = || history.iter().enumerate().filter(|(at, _)| !is_taken(*at));
        // Whoever was answered before another called comes before it.
        let Some(first_answer) = waiting().filter_map(|(_, timed)| timed.answered).min() else { return Some(true) };
        for (at, timed) in waiting().filter(|(_, timed)| timed.called < first_answer) {
            let Some(after) = timed.did.after(held) else { continue };
            let mut taken = taken.clone();
            taken[at / 64] |= 1 << (at % 64);
            if seen.len() >= positions_max {
                return None;
            }
            if seen.insert((taken.clone(), after)) {
                to_try.push((taken, after));
            }
        }
    }
    Some(false)
}

/// The same for a handful of operations: every subset of the unanswered ones, every permutation.
#[must_use]
pub fn explains_slowly(begin: Held, history: &[Timed]) -> bool {
    let unanswered: Vec<usize> =
        history.iter().enumerate().filter(|(_, timed)| timed.answered.is_none()).map(|(at, _)| at).collect();
    (0..1_u32 << unanswered.len()).any(|chosen| {
        let happened =
            |at: usize| unanswered.iter().position(|other| *other == at).is_none_or(|bit| chosen & (1 << bit) != 0);
        let ops: Vec<Timed> = history.iter().enumerate().filter(|(at, _)| happened(*at)).map(|(_, op)| *op).collect();
        permuted(&ops, &mut Vec::new(), begin)
    })
}

fn permuted(ops: &[Timed], order: &mut Vec<usize>, begin: Held) -> bool {
    if order.len() == ops.len() {
        let in_time = order.iter().enumerate().all(|(place, at)| {
            order[place + 1..]
                .iter()
                .all(|later| ops[*later].answered.is_none_or(|answered| answered > ops[*at].called))
        });
        return in_time && order.iter().try_fold(begin, |held, at| ops[*at].did.after(held)).is_some();
    }
    (0..ops.len()).any(|at| {
        if order.contains(&at) {
            return false;
        }
        order.push(at);
        let found = permuted(ops, order, begin);
        order.pop();
        found
    })
}

/// What clients did to each key.
#[derive(Default)]
pub struct Keys {
    begin: BTreeMap<String, Held>,
    histories: BTreeMap<String, Vec<Timed>>,
}

impl Keys {
    /// A key holds this before anybody touches it.
    pub fn begins(&mut self, key: &str, held: Held) {
        self.begin.insert(key.to_owned(), held);
    }

    /// Somebody did something to it.
    pub fn did(&mut self, key: &str, timed: Timed) {
        self.histories.entry(key.to_owned()).or_default().push(timed);
    }

    /// Judges every key by itself, which is enough (locality).
    pub fn judge(&self) -> Verdict {
        for (key, history) in &self.histories {
            let begin = self.begin.get(key).copied().unwrap_or_default();
            if explains(begin, &observed(history)) == Some(false) {
                return Err(broken("linear", format_args!("no order explains what was done to {key}: {history:?}")));
            }
        }
        Ok(())
    }
}

/// Without what nobody was answered and nobody has seen: it explains nothing that would not be explained without it.
#[must_use]
pub fn observed(history: &[Timed]) -> Vec<Timed> {
    let seen = |wrote: u64| history.iter().any(|timed| matches!(timed.did, Did::Got(held) if held.value == wrote));
    let moves = |from: u64| {
        history.iter().any(|timed| match timed.did {
            Did::Got(held) => held.version > from,
            Did::Cas { expected, took, .. } => took.is_some() && expected >= from,
            Did::Put(_) => false,
        })
    };
    let counts = |timed: &&Timed| {
        timed.answered.is_some()
            || match timed.did {
                Did::Put(value) => seen(value),
                Did::Cas { expected, value, .. } => seen(value) || moves(expected),
                Did::Got(_) => false,
            }
    };
    history.iter().filter(counts).copied().collect()
}
