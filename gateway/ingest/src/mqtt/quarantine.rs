//! What was acknowledged but not recorded. A device that sends nonsense would send it for ever if it were not
//! acknowledged; so it is, and somebody can look here at what it was. Bounded: the oldest leaves.

use std::{
    collections::VecDeque,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use domain::{Millis, ReadingVerdict};

/// Entries kept; at the bound the oldest leaves.
pub const QUARANTINE_MAX: usize = 1024;
/// Bytes kept of each payload.
pub const QUARANTINE_PAYLOAD_BYTES_MAX: usize = 512;
/// Bytes kept of each client id and topic.
const QUARANTINE_TEXT_BYTES_MAX: usize = 256;

/// Why a publish, or a part of it, was not recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// No topic of readings.
    Topic,
    /// The payload, or a reading in it, did not parse.
    Malformed,
    /// The cluster does not know the sensor.
    UnknownSensor,
    /// Not the sensor's unit of measure.
    WrongUnit,
    /// Device time ahead of the cluster's.
    InFuture,
    /// Older than what the cluster keeps to know duplicates by.
    TooLate,
    /// A value that the sensor cannot measure.
    OutOfRange,
}

impl Reason {
    /// Every reason, in the order of [`Counters::quarantined`].
    pub const ALL: [Self; 7] = [
        Self::Topic,
        Self::Malformed,
        Self::UnknownSensor,
        Self::WrongUnit,
        Self::InFuture,
        Self::TooLate,
        Self::OutOfRange,
    ];

    /// Its name in metrics and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Topic => "topic",
            Self::Malformed => "malformed",
            Self::UnknownSensor => "unknown_sensor",
            Self::WrongUnit => "wrong_unit",
            Self::InFuture => "in_future",
            Self::TooLate => "too_late",
            Self::OutOfRange => "out_of_range",
        }
    }

    /// The reason of a verdict, `None` when the reading is held.
    #[must_use]
    pub fn of(verdict: ReadingVerdict) -> Option<Self> {
        match verdict {
            ReadingVerdict::Recorded | ReadingVerdict::Duplicate => None,
            ReadingVerdict::UnknownSensor => Some(Self::UnknownSensor),
            ReadingVerdict::WrongUnit => Some(Self::WrongUnit),
            ReadingVerdict::InFuture => Some(Self::InFuture),
            ReadingVerdict::TooLate => Some(Self::TooLate),
            ReadingVerdict::OutOfRange => Some(Self::OutOfRange),
        }
    }
}

/// One publish of which something was not recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// When it came, by this node's clock.
    pub at: Millis,
    /// Why; the first reason when there were several.
    pub reason: Reason,
    /// What was wrong, naming the field and the remedy.
    pub detail: String,
    /// The account and client id that sent it.
    pub client: String,
    /// The topic it came under.
    pub topic: String,
    /// The first [`QUARANTINE_PAYLOAD_BYTES_MAX`] bytes.
    pub payload: Bytes,
    /// Bytes of the whole payload.
    pub payload_bytes: usize,
}

/// The ring of [`Quarantined`].
#[derive(Debug, Default)]
pub struct Quarantine {
    entries: Mutex<VecDeque<Quarantined>>,
}

impl Quarantine {
    /// Keeps one; at [`QUARANTINE_MAX`] the oldest leaves.
    pub fn put(&self, reason: Reason, detail: String, client: &str, topic: &str, payload: &[u8]) {
        let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let kept = payload.get(..QUARANTINE_PAYLOAD_BYTES_MAX).unwrap_or(payload);
        let entry = Quarantined {
            at: Millis(u64::try_from(at).unwrap_or(u64::MAX)),
            reason,
            detail,
            client: cut(client),
            topic: cut(topic),
            payload: Bytes::copy_from_slice(kept),
            payload_bytes: payload.len(),
        };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() == QUARANTINE_MAX {
            entries.pop_front();
        }
        entries.push_back(entry);
    }

    /// What is in it, the oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<Quarantined> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// The longest prefix of whole characters within [`QUARANTINE_TEXT_BYTES_MAX`].
fn cut(text: &str) -> String {
    let end = text.floor_char_boundary(QUARANTINE_TEXT_BYTES_MAX);
    text.get(..end).unwrap_or_default().to_owned()
}

/// Counts since the start of the process, for metrics.
#[derive(Debug, Default)]
pub struct Counters {
    /// Connections taken.
    pub connections: AtomicU64,
    /// Connections turned away at the bound.
    pub connections_refused: AtomicU64,
    /// CONNECTs with a wrong key.
    pub logins_denied: AtomicU64,
    /// Connections closed for a packet or an order of packets that MQTT forbids, QoS 2 included.
    pub protocol_errors: AtomicU64,
    /// Connections closed for silence beyond their keep-alive.
    pub keep_alive_expired: AtomicU64,
    /// Publishes received.
    pub publishes: AtomicU64,
    /// Publishes acknowledged (QoS 1).
    pub acknowledged: AtomicU64,
    /// QoS 0 publishes whose outcome is unknown; nobody will send them again.
    pub lost_best_effort: AtomicU64,
    /// Commits of QoS 1 publishes whose outcome is unknown; the device sends again.
    pub commits_unknown: AtomicU64,
    /// Readings that a quorum holds.
    pub recorded: AtomicU64,
    /// Readings that were already held.
    pub duplicates: AtomicU64,
    /// Readings or payloads not recorded, by [`Reason::ALL`].
    pub quarantined: [AtomicU64; Reason::ALL.len()],
}

impl Counters {
    /// Adds one.
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds one to a reason.
    pub(crate) fn add_reason(&self, reason: Reason) {
        if let Some(counter) = Reason::ALL.iter().position(|r| *r == reason).and_then(|at| self.quarantined.get(at)) {
            Self::add(counter);
        }
    }

    /// How often a reason came up.
    #[must_use]
    pub fn of_reason(&self, reason: Reason) -> u64 {
        let at = Reason::ALL.iter().position(|r| *r == reason);
        at.and_then(|at| self.quarantined.get(at)).map_or(0, |counter| counter.load(Ordering::Relaxed))
    }

    /// Every count under its metric name; the reasons follow with [`Self::of_reason`].
    #[must_use]
    pub fn snapshot(&self) -> Vec<(&'static str, u64)> {
        [
            ("connections", &self.connections),
            ("connections_refused", &self.connections_refused),
            ("logins_denied", &self.logins_denied),
            ("protocol_errors", &self.protocol_errors),
            ("keep_alive_expired", &self.keep_alive_expired),
            ("publishes", &self.publishes),
            ("acknowledged", &self.acknowledged),
            ("lost_best_effort", &self.lost_best_effort),
            ("commits_unknown", &self.commits_unknown),
            ("recorded", &self.recorded),
            ("duplicates", &self.duplicates),
        ]
        .map(|(name, counter)| (name, counter.load(Ordering::Relaxed)))
        .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_leaves_at_the_bound() {
        let quarantine = Quarantine::default();
        for n in 0..=QUARANTINE_MAX {
            quarantine.put(Reason::Topic, n.to_string(), "c", "t", &[0; 600]);
        }
        let list = quarantine.list();
        assert_eq!(list.len(), QUARANTINE_MAX);
        assert_eq!(list[0].detail, "1");
        assert_eq!((list[0].payload.len(), list[0].payload_bytes), (QUARANTINE_PAYLOAD_BYTES_MAX, 600));
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let quarantine = Quarantine::default();
        quarantine.put(Reason::Topic, String::new(), &"đ".repeat(300), "t", b"");
        assert_eq!(quarantine.list()[0].client.len(), 256);
        quarantine.put(Reason::Topic, String::new(), &format!("x{}", "đ".repeat(300)), "t", b"");
        assert_eq!(quarantine.list()[1].client.len(), 255);
    }

    #[test]
    fn reasons_are_counted_apart() {
        let counters = Counters::default();
        counters.add_reason(Reason::WrongUnit);
        counters.add_reason(Reason::WrongUnit);
        assert_eq!(counters.of_reason(Reason::WrongUnit), 2);
        assert_eq!(counters.of_reason(Reason::Topic), 0);
    }
}
