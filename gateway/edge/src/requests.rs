//! One sequence number, one command. Two pages of a browser share a session; should both use one number for different
//! commands, the second would be answered with the first one's reply. This node notices and refuses the second. Pure.

use std::collections::{HashMap, VecDeque};

use domain::{GroupId, SessionId};

use crate::limits::REQUESTS_REMEMBERED_MAX;

type Key = (SessionKey, GroupId, u64);
type SessionKey = [u8; 32];

/// The requests seen lately.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    fingerprints: HashMap<Key, [u8; 32]>,
    /// The same keys, oldest first.
    order: VecDeque<Key>,
}

impl Requests {
    /// Whether the number is new, or was used for the same command before. At the bound the oldest is forgotten.
    pub(crate) fn take(&mut self, session: SessionId, group: GroupId, seq: u64, fingerprint: [u8; 32]) -> bool {
        let key = (session.0, group, seq);
        if let Some(known) = self.fingerprints.get(&key) {
            return *known == fingerprint;
        }
        if self.order.len() >= REQUESTS_REMEMBERED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.fingerprints.remove(&oldest);
        }
        self.fingerprints.insert(key, fingerprint);
        self.order.push_back(key);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_the_same_and_another_command_is_not() {
        let mut requests = Requests::default();
        let mut take =
            |session: u8, seq, print: u8| requests.take(SessionId([session; 32]), GroupId(0), seq, [print; 32]);
        assert!(take(1, 1, 1) && take(1, 1, 1));
        assert!(!take(1, 1, 2));
        assert!(take(2, 1, 2) && take(1, 2, 2));
    }

    #[test]
    fn the_oldest_leaves_at_the_bound() {
        let mut requests = Requests::default();
        for seq in 0..=REQUESTS_REMEMBERED_MAX as u64 {
            assert!(requests.take(SessionId([1; 32]), GroupId(0), seq, [1; 32]));
        }
        assert_eq!(requests.order.len(), REQUESTS_REMEMBERED_MAX);
        assert!(requests.take(SessionId([1; 32]), GroupId(0), 0, [2; 32]), "forgotten");
    }
}
