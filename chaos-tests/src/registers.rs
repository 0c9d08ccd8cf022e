//! Registers that clients write and read through every gateway, and whether an order explains what they were told (linearizability, key
//! by key). Pure but for its lock. A register is a unit that nobody sends; what it holds is its name.

pub(crate) mod client;

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use agree::judge::linear::{Did, Held, Timed, explains_within, observed};

/// Operations on one register. Once it has so many nothing new is begun on it, so that no judgement takes long: what was done by then is
/// judged, and the work goes on with the other registers, or rests.
pub const OPS_PER_REGISTER_MAX: usize = 2_000;
/// Positions searched in one history, some hundred bytes each. A history that needs more is not passed over but fails the judgement: with
/// so few clients only many writes that nobody was answered, and that were read, could make one.
const POSITIONS_MAX: usize = 500_000;
/// Operations that are told of a register that no order explains: the first answer that is wrong, and what came before it.
const TOLD_MAX: usize = 8;
/// What a register holds that has gone, or holds what nobody wrote.
pub const FOREIGN: u64 = u64::MAX;

/// How clients read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reads {
    /// Not at all: there are no registers.
    #[default]
    None,
    /// By asking for a linearizable answer.
    Linearizable,
    /// What a node has applied, taken for a linearizable answer: the mistake of a gateway that does not ask a quorum. To judge the judge;
    /// the scene itself does not hold it against the cluster.
    Local,
}

/// What was put in an order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ordered {
    /// Reads that were answered.
    pub reads: usize,
    /// Writes that were answered.
    pub writes: usize,
    /// Writes that nobody was answered: they may take effect at any later time, or never.
    pub unknown: usize,
}

/// What clients did to each register, in moments of one counter that all of them share.
#[derive(Debug, Default)]
pub struct Registers {
    reads: Reads,
    moment: AtomicU64,
    value: AtomicU64,
    histories: Mutex<BTreeMap<String, Vec<Timed>>>,
}

impl Registers {
    /// Registers of these names, each of which holds 0.
    #[must_use]
    pub fn new(reads: Reads, names: impl IntoIterator<Item = String>) -> Self {
        let histories = names.into_iter().map(|name| (name, Vec::new())).collect();
        Self { reads, histories: Mutex::new(histories), ..Self::default() }
    }

    /// How they are read.
    #[must_use]
    pub fn reads(&self) -> Reads {
        self.reads
    }

    fn histories(&self) -> MutexGuard<'_, BTreeMap<String, Vec<Timed>>> {
        self.histories.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> u64 {
        self.moment.fetch_add(1, Ordering::SeqCst)
    }

    /// Names of those on which something may be begun.
    #[must_use]
    pub fn open(&self) -> Vec<String> {
        let histories = self.histories();
        histories.iter().filter(|(_, done)| done.len() < OPS_PER_REGISTER_MAX).map(|(name, _)| name.clone()).collect()
    }

    /// A write is about to be sent: from now on it may take effect. Its number and the value, that no other write has; none: the
    /// register is full.
    pub fn writes(&self, name: &str) -> Option<(usize, u64)> {
        let mut histories = self.histories();
        let done = histories.get_mut(name).filter(|done| done.len() < OPS_PER_REGISTER_MAX)?;
        let value = self.value.fetch_add(1, Ordering::SeqCst) + 1;
        done.push(Timed { did: Did::Put(value), called: self.now(), answered: None });
        Some((done.len() - 1, value))
    }

    /// The write of that number was acknowledged.
    pub fn wrote(&self, name: &str, number: usize) {
        let answered = self.now();
        if let Some(write) = self.histories().get_mut(name).and_then(|done| done.get_mut(number)) {
            write.answered = Some(answered);
        }
    }

    /// A read is about to be sent.
    pub fn asks(&self) -> u64 {
        self.now()
    }

    /// What was asked for at `called` was answered so.
    pub fn got(&self, name: &str, called: u64, value: u64) {
        let answered = Some(self.now());
        if let Some(done) = self.histories().get_mut(name) {
            done.push(Timed { did: Did::Got(Held { version: 0, value }), called, answered });
        }
    }

    /// What there is to be put in an order.
    #[must_use]
    pub fn ordered(&self) -> Ordered {
        let mut ordered = Ordered::default();
        for timed in self.histories().values().flatten() {
            let count = match (timed.did, timed.answered) {
                (Did::Got(_), _) => &mut ordered.reads,
                (_, Some(_)) => &mut ordered.writes,
                (_, None) => &mut ordered.unknown,
            };
            *count += 1;
        }
        ordered
    }

    /// What is wrong, register by register, which is enough: an order of each gives one of all (locality).
    #[must_use]
    pub fn judge(&self) -> Vec<String> {
        let histories = self.histories();
        let of_register = |(name, history): (&String, &Vec<Timed>)| {
            explained(history, POSITIONS_MAX).err().map(|why| format!("{name}: {why}"))
        };
        histories.iter().filter_map(of_register).collect()
    }
}

fn explained(history: &[Timed], positions_max: usize) -> Result<(), String> {
    let verdict = |history: &[Timed]| explains_within(Held::default(), &observed(history), positions_max);
    match verdict(history) {
        Some(true) => return Ok(()),
        Some(false) => {}
        None => return Err(format!("of {} operations more orders are possible than can be tried", history.len())),
    }
    // What explains a history explains its beginnings, so the first moment that nothing explains can be halved towards.
    let last = history.iter().filter_map(|timed| timed.answered).max().unwrap_or_default();
    let (mut well, mut wrong) = (0, last);
    while well < wrong {
        let middle = well + (wrong - well) / 2;
        if verdict(&until(history, middle)) == Some(false) {
            wrong = middle;
        } else {
            well = middle + 1;
        }
    }
    let mut before: Vec<Timed> = until(history, wrong);
    before.sort_by_key(|timed| timed.answered.unwrap_or(timed.called));
    let mut text = String::from("no order explains what clients were told:");
    for timed in before.iter().rev().take(TOLD_MAX).rev() {
        let Timed { did, called, answered } = timed;
        // Writing into a text cannot fail.
        let _ = match did {
            Did::Got(held) => write!(text, " read {}", held.value),
            Did::Put(value) => write!(text, " wrote {value}"),
            Did::Cas { expected, value, took } => write!(text, " set {value} at version {expected}: {took:?}"),
        };
        let _ = match answered {
            Some(answered) => write!(text, " [{called}, {answered}],"),
            None => write!(text, " [{called}, never answered],"),
        };
    }
    Err(text.trim_end_matches(',').to_owned())
}

/// What had happened by a moment: who was not answered by then does not know yet.
fn until(history: &[Timed], moment: u64) -> Vec<Timed> {
    let begun = history.iter().filter(|timed| timed.called <= moment);
    let known = begun.filter_map(|timed| match (timed.answered, timed.did) {
        (Some(answered), Did::Got(_)) if answered > moment => None,
        (Some(answered), did) if answered > moment => Some(Timed { did, answered: None, ..*timed }),
        _ => Some(*timed),
    });
    known.collect()
}

#[cfg(test)]
mod tests;
