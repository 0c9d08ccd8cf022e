//! Emergency Incident Data Objects over a WebSocket, as NENA-STA-024.1.1-2025 conveys them: whoever wants objects subscribes, the
//! notifier sends one event at a time, and each event is acknowledged.
//!
//! - A service whose address begins with `wss:` fetches what waits for it here, at any node (`serve`). Its queue is its outbox: what
//!   is in state, of at most `domain::limits::NOTICES_MAX`, and behind that what is parked in history. One event is under way: what it
//!   has acknowledged leaves, and after a cut it goes on with the oldest that it has not, under the same `transactionId`, at whichever
//!   node it comes to.
//! - Where the address goes on with a host, the leader of the command group subscribes there (`subscriber`), and acknowledges an event
//!   once a quorum holds what it says. What comes twice changes nothing.
//!
//! The path is `/IncidentData/ent/{receiver}`, the sub-protocol the standard's. Where the standard has certificates of its own
//! authority, the two sides here have a secret: `trongdong-date` is the sender's clock in Unix milliseconds, and
//! `trongdong-signature` the HMAC of the receiver's name, a blank and that date.

pub(crate) mod message;
pub(crate) mod notifier;
pub(crate) mod serve;
pub(crate) mod subscriber;
#[cfg(test)]
mod tests;

use domain::ReceiverId;
use sha2::{Digest, Sha256};

/// The sub-protocol (NENA-STA-024, 2.1.3.1.2).
pub(crate) const PROTOCOL: &str = "emergency-ent1.0";
/// The header with the sender's clock.
pub(crate) const DATE_HEADER: &str = "trongdong-date";
/// How far the clocks of the two sides may be apart, and how long a signature can be used.
pub(crate) const DATE_MS_MAX: u64 = 300_000;

/// What is signed to open a line.
pub(crate) fn signed_words(receiver: &str, date: &str) -> String {
    format!("{receiver} {date}")
}

/// Whether a date is of now.
pub(crate) fn is_fresh(date: &str, now_ms: u64) -> bool {
    date.parse::<u64>().is_ok_and(|date| date.abs_diff(now_ms) <= DATE_MS_MAX)
}

/// The name of an event of this notice, however often it is sent and by whichever node.
pub(crate) fn transaction(epoch: u64, receiver: &ReceiverId, number: u64) -> String {
    uuid(&format!("{epoch}-{receiver}-{number}"))
}

/// The UUID of a text (RFC 9562, version 8): the same of the same.
pub(crate) fn uuid(text: &str) -> String {
    let digest = Sha256::digest(text);
    let text: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let mut digits: Vec<char> = text.chars().collect();
    if let Some(version) = digits.get_mut(12) {
        *version = '8';
    }
    if let Some(variant) = digits.get_mut(16) {
        *variant = 'a';
    }
    let part = |from: usize, to: usize| digits.get(from..to).into_iter().flatten().collect::<String>();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}
