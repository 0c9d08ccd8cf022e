//! Slows down whoever has somebody's password and guesses codes from many addresses. Whoever is slowed down knows the password;
//! the person themselves gets in from where they signed in lately, and from anywhere by a recovery code, so that nobody is
//! locked out by it. Pure.

use std::{collections::HashMap, net::IpAddr};

use crate::{limits::CODE_GUARD_MAX, login_guard::network};

/// Wrong codes of one person from all addresses, before codes count from known addresses only.
const WRONG_FREE: u32 = 10;
/// For so long after the first of them. 10 of 10^6 codes, three of which count, each quarter of an hour: a year of guessing
/// from any number of addresses finds one with a chance of two thirds, and is seen by the counter of refused sign-ins.
const WINDOW_MS: u64 = 15 * 60_000;
/// An address is known for so long after a sign-in.
pub(crate) const KNOWN_MS: u64 = 30 * 86_400_000;

#[derive(Clone, Copy, Debug)]
struct Wrong {
    count: u32,
    since_ms: u64,
}

/// Wrong codes that count, and addresses that are known.
#[derive(Debug, Default)]
pub(crate) struct CodeGuard {
    wrong: HashMap<String, Wrong>,
    known: HashMap<(String, IpAddr), u64>,
}

impl CodeGuard {
    /// Whether a code of the person may be tried from there.
    ///
    /// # Errors
    /// Milliseconds to wait.
    pub(crate) fn begin(&mut self, person: &str, ip: IpAddr, now_ms: u64) -> Result<(), u64> {
        let is_known = |at_ms: &u64| now_ms.saturating_sub(*at_ms) < KNOWN_MS;
        if self.known.get(&(person.to_owned(), network(ip))).is_some_and(is_known) {
            return Ok(());
        }
        let Some(wrong) = self.wrong.get(person) else { return Ok(()) };
        let left_ms = (wrong.since_ms + WINDOW_MS).saturating_sub(now_ms);
        if wrong.count < WRONG_FREE || left_ms == 0 { Ok(()) } else { Err(left_ms) }
    }

    /// Whose codes count from known addresses only: who, how many were wrong, until when.
    pub(crate) fn waiting(&self, now_ms: u64) -> Vec<(String, u32, u64)> {
        let held = self.wrong.iter().filter(|(_, wrong)| wrong.count >= WRONG_FREE);
        let held = held.map(|(person, wrong)| (person.clone(), wrong.count, wrong.since_ms + WINDOW_MS));
        held.filter(|(_, _, until_ms)| *until_ms > now_ms).collect()
    }

    /// It was wrong.
    pub(crate) fn failed(&mut self, person: &str, now_ms: u64) {
        make_room(&mut self.wrong, |wrong| wrong.since_ms);
        let wrong = self.wrong.entry(person.to_owned()).or_insert(Wrong { count: 0, since_ms: now_ms });
        if now_ms.saturating_sub(wrong.since_ms) >= WINDOW_MS {
            *wrong = Wrong { count: 0, since_ms: now_ms };
        }
        wrong.count = wrong.count.saturating_add(1);
    }

    /// It was right.
    pub(crate) fn succeeded(&mut self, person: &str, ip: IpAddr, now_ms: u64) {
        make_room(&mut self.known, |at_ms| *at_ms);
        self.known.insert((person.to_owned(), network(ip)), now_ms);
    }
}

/// At the bound the oldest leaves.
pub(crate) fn make_room<K: Clone + Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>, at_ms: impl Fn(&V) -> u64) {
    if map.len() < CODE_GUARD_MAX {
        return;
    }
    if let Some(oldest) = map.iter().min_by_key(|(_, value)| at_ms(value)).map(|(key, _)| key.clone()) {
        map.remove(&oldest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn guessing_from_many_addresses_is_slowed_down_and_the_person_is_not() {
        let mut guard = CodeGuard::default();
        guard.succeeded("lan", ip(1), 0);
        for last in 10..10 + u8::try_from(WRONG_FREE).unwrap() {
            assert_eq!(guard.begin("lan", ip(last), 1_000), Ok(()));
            guard.failed("lan", 1_000);
        }
        assert_eq!(guard.begin("lan", ip(99), 2_000), Err(WINDOW_MS - 1_000));
        assert_eq!(guard.waiting(2_000), [("lan".to_owned(), WRONG_FREE, 1_000 + WINDOW_MS)]);
        assert_eq!(guard.begin("lan", ip(1), 2_000), Ok(()), "from where she signed in lately");
        assert_eq!(guard.begin("minh", ip(99), 2_000), Ok(()), "nor is anybody else");
        assert_eq!(guard.begin("lan", ip(99), 1_000 + WINDOW_MS), Ok(()), "and it ends");
        guard.failed("lan", 1_000 + WINDOW_MS);
        assert_eq!(guard.begin("lan", ip(99), 1_001 + WINDOW_MS), Ok(()), "it begins anew");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut guard = CodeGuard::default();
        for n in 0..CODE_GUARD_MAX as u64 + 10 {
            guard.failed(&n.to_string(), n);
            guard.succeeded(&n.to_string(), ip(1), n);
        }
        assert!(guard.wrong.len() <= CODE_GUARD_MAX && guard.known.len() <= CODE_GUARD_MAX);
    }
}
