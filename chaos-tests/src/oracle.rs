//! What was promised: every reading and every command that was sent, and what was answered. An outcome that nobody
//! learned is kept as unknown and never counted as absent. Pure but for its lock.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// What became of something that was sent, as far as its sender knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was acknowledged: it must be there, once.
    Acknowledged,
    /// Nobody knows: it may be there, once.
    Unknown,
    /// It was refused, with these words: nothing that the load sends deserves it.
    Refused(String),
}

/// A reading that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadingPromise {
    /// What it said, in millionths.
    pub value_micro: i64,
    /// What became of it.
    pub fate: Fate,
}

/// An incident that was reported, and what was done with it. Everything in it carries a text of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentPromise {
    /// What became of the report.
    pub opened: Fate,
    /// Its id, when that is known.
    pub id: Option<String>,
    /// What became of the acknowledgement, if it was sent.
    pub acknowledged: Option<Fate>,
    /// Notes by their text.
    pub notes: BTreeMap<String, Fate>,
}

/// Everything that was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Promises {
    /// By sensor and device time.
    pub readings: BTreeMap<(String, u64), ReadingPromise>,
    /// By the text of the summary.
    pub incidents: BTreeMap<String, IncidentPromise>,
}

impl Promises {
    /// With those of another load on the same cluster.
    pub fn add(&mut self, other: Self) {
        self.readings.extend(other.readings);
        self.incidents.extend(other.incidents);
    }

    /// Readings that were acknowledged.
    #[must_use]
    pub fn readings_acknowledged(&self) -> usize {
        self.readings.values().filter(|promise| promise.fate == Fate::Acknowledged).count()
    }

    /// Commands that were acknowledged.
    #[must_use]
    pub fn commands_acknowledged(&self) -> usize {
        let of_incident = |promise: &IncidentPromise| {
            [Some(&promise.opened), promise.acknowledged.as_ref()]
                .into_iter()
                .flatten()
                .chain(promise.notes.values())
                .filter(|fate| **fate == Fate::Acknowledged)
                .count()
        };
        self.incidents.values().map(of_incident).sum()
    }

    /// Whatever nobody learned the outcome of.
    #[must_use]
    pub fn unknown(&self) -> usize {
        let readings = self.readings.values().filter(|promise| promise.fate == Fate::Unknown).count();
        let commands = self.incidents.values().flat_map(|promise| {
            [Some(&promise.opened), promise.acknowledged.as_ref()].into_iter().flatten().chain(promise.notes.values())
        });
        readings + commands.filter(|fate| **fate == Fate::Unknown).count()
    }
}

/// One command that was answered.
#[derive(Clone, Copy, Debug)]
struct Answered {
    sent: Instant,
    answered: Instant,
}

#[derive(Debug, Default)]
struct Inner {
    promises: Promises,
    answered: Vec<Answered>,
    attempts_failed: u64,
    /// When readings and commands were acknowledged.
    acknowledged: Vec<Instant>,
}

/// The promises, shared by everybody who sends.
#[derive(Debug, Default)]
pub struct Oracle(Mutex<Inner>);

impl Oracle {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reading is about to be sent: from now on it may be there.
    pub fn reading_sent(&self, sensor: &str, at_ms: u64, value_micro: i64) {
        let promise = ReadingPromise { value_micro, fate: Fate::Unknown };
        self.inner().promises.readings.insert((sensor.to_owned(), at_ms), promise);
    }

    /// What became of it.
    pub fn reading_done(&self, sensor: &str, at_ms: u64, fate: Fate) {
        let mut inner = self.inner();
        if fate == Fate::Acknowledged {
            inner.acknowledged.push(Instant::now());
        }
        if let Some(promise) = inner.promises.readings.get_mut(&(sensor.to_owned(), at_ms)) {
            promise.fate = fate;
        }
    }

    /// An incident is about to be reported.
    pub fn incident_sent(&self, summary: &str) {
        let promise = IncidentPromise { opened: Fate::Unknown, id: None, acknowledged: None, notes: BTreeMap::new() };
        self.inner().promises.incidents.insert(summary.to_owned(), promise);
    }

    /// What is known of it now.
    pub fn incident(&self, summary: &str, change: impl FnOnce(&mut IncidentPromise)) {
        if let Some(promise) = self.inner().promises.incidents.get_mut(summary) {
            change(promise);
        }
    }

    /// A command that was sent at `sent` was acknowledged now.
    pub fn command_acknowledged(&self, sent: Instant) {
        let answered = Instant::now();
        let mut inner = self.inner();
        inner.answered.push(Answered { sent, answered });
        inner.acknowledged.push(answered);
    }

    /// An attempt came to nothing and was made again.
    pub fn attempt_failed(&self) {
        self.inner().attempts_failed += 1;
    }

    /// Attempts that came to nothing: a storm without any has hit nobody.
    #[must_use]
    pub fn attempts_failed(&self) -> u64 {
        self.inner().attempts_failed
    }

    /// How long after `since` the first command was acknowledged that was sent after it.
    #[must_use]
    pub fn first_command_after(&self, since: Instant) -> Option<Duration> {
        let inner = self.inner();
        let later = inner.answered.iter().filter(|command| command.sent >= since);
        later.map(|command| command.answered.duration_since(since)).min()
    }

    /// The longest time without any acknowledgement since `since`; the load sends many times in it.
    #[must_use]
    pub fn longest_pause_since(&self, since: Instant) -> Duration {
        let inner = self.inner();
        let mut times: Vec<Instant> = inner.acknowledged.iter().copied().filter(|at| *at >= since).collect();
        times.push(since);
        times.push(Instant::now());
        times.sort_unstable();
        times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
    }

    /// The longest that a command of the load waited for its answer, of those that were sent since `since`.
    #[must_use]
    pub fn slowest_command_since(&self, since: Instant) -> Duration {
        let inner = self.inner();
        let later = inner.answered.iter().filter(|command| command.sent >= since);
        later.map(|command| command.answered - command.sent).max().unwrap_or_default()
    }

    /// Everything so far.
    #[must_use]
    pub fn promises(&self) -> Promises {
        self.inner().promises.clone()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    #[test]
    fn what_was_sent_is_unknown_until_it_is_answered() {
        let oracle = Oracle::default();
        oracle.reading_sent("s", 1, 5);
        oracle.reading_sent("s", 2, 6);
        oracle.reading_done("s", 2, Fate::Acknowledged);
        oracle.incident_sent("m");
        oracle.incident("m", |promise| {
            promise.opened = Fate::Acknowledged;
            promise.notes.insert("n".to_owned(), Fate::Unknown);
        });
        let promises = oracle.promises();
        assert_eq!(promises.readings_acknowledged(), 1);
        assert_eq!(promises.commands_acknowledged(), 1);
        assert_eq!(promises.unknown(), 2);
    }

    #[test]
    fn recovery_counts_commands_that_were_sent_after_the_fault() {
        let oracle = Oracle::default();
        let before = Instant::now();
        std::thread::sleep(Duration::from_millis(2));
        let fault = Instant::now();
        oracle.command_acknowledged(before);
        assert_eq!(oracle.first_command_after(fault), None);
        oracle.command_acknowledged(Instant::now());
        assert!(oracle.first_command_after(fault).unwrap() < Duration::from_secs(60));
    }
}
