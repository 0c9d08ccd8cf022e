//! Where the log has what was asked for lately, so that who asks again is told where the first of them is. State cannot say it: an
//! answer that is kept is without, because terms are no part of state. Known is what this node applied itself since it started or
//! installed a snapshot. Pure.

use std::collections::{BTreeMap, VecDeque};

use domain::{Logged, RequestId, SessionId};

/// Requests of one group that are remembered; past it the oldest is forgotten.
const ASKED_MAX: usize = 16_384;

type Key = (SessionId, u64);

/// Index and term of the requests applied lately.
#[derive(Default)]
pub(crate) struct Asked {
    places: BTreeMap<Key, (u64, u64)>,
    /// The same keys, oldest first.
    order: VecDeque<Key>,
}

impl Asked {
    /// Where the log has what is applied at `at`: there, or, when it is there again, where it was first.
    pub(crate) fn place(&mut self, request: Option<RequestId>, at: Logged) -> Logged {
        let Some(RequestId { session, seq }) = request else { return at };
        let key = (session, seq);
        if at.again {
            let (index, term) = self.places.get(&key).copied().unwrap_or_default();
            return Logged { index, term, ..at };
        }
        if self.places.insert(key, (at.index, at.term)).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > ASKED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.places.remove(&oldest);
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use domain::GroupId;

    use super::*;

    fn at(index: u64, again: bool) -> Logged {
        Logged { group: GroupId(2), index, term: index / 10, again }
    }

    fn request(session: u8, seq: u64) -> Option<RequestId> {
        Some(RequestId { session: SessionId([session; 32]), seq })
    }

    #[test]
    fn a_retry_is_where_the_first_was() {
        let mut asked = Asked::default();
        assert_eq!(asked.place(request(1, 1), at(10, false)), at(10, false));
        assert_eq!(asked.place(request(2, 1), at(20, false)), at(20, false));
        assert_eq!(asked.place(request(1, 1), at(30, true)), Logged { again: true, ..at(10, false) });
        assert_eq!(asked.place(None, at(40, false)), at(40, false));
        let unknown = Logged { index: 0, term: 0, ..at(50, true) };
        assert_eq!(asked.place(request(3, 1), at(50, true)), unknown, "it was applied before this node came to be");
    }

    #[test]
    fn what_was_refused_for_want_of_a_session_is_where_it_was_taken() {
        let mut asked = Asked::default();
        asked.place(request(1, 1), at(10, false));
        asked.place(request(1, 1), at(20, false));
        assert_eq!(asked.place(request(1, 1), at(30, true)).index, 20);
    }

    #[test]
    fn the_oldest_leaves_at_the_bound() {
        let mut asked = Asked::default();
        for seq in 0..=ASKED_MAX as u64 {
            asked.place(request(1, seq), at(seq + 10, false));
        }
        assert_eq!((asked.order.len(), asked.places.len()), (ASKED_MAX, ASKED_MAX));
        assert_eq!(asked.place(request(1, 0), at(99_999, true)).index, 0);
        assert_eq!(asked.place(request(1, 1), at(99_999, true)).index, 11);
    }
}
