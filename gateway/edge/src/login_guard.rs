//! Slows down whoever guesses passwords, by account and address, and never locks an account for anybody else: not at another address,
//! and what others get wrong at theirs holds up nobody who signed in from there lately. Pure.

use std::{collections::HashMap, net::IpAddr};

use crate::{
    code_guard::{self, KNOWN_MS},
    limits::LOGIN_FAILURES_MAX,
};

/// Failures of one account from one address before each costs a wait.
const ACCOUNT_FREE: u32 = 3;
/// Failures from one address, all accounts together, before each costs a wait: a command room shares one.
const ADDRESS_FREE: u32 = 30;
/// The first wait; it doubles with each failure.
const WAIT_MS_MIN: u64 = 1_000;
/// The longest wait.
const WAIT_MS_MAX: u64 = 60_000;
/// A failure this old no longer counts.
const FORGET_MS: u64 = 15 * 60_000;

/// Account (`None`: any) and address (an IPv6 network of 64 bits counts as one).
type Key = (Option<String>, IpAddr);

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last_ms: u64,
    not_before_ms: u64,
}

/// Somebody who has to wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// As it was typed; none: all who try from there.
    pub(crate) account: Option<String>,
    /// Of an IPv6 network of 64 bits its first address.
    pub(crate) address: IpAddr,
    pub(crate) failures: u32,
    pub(crate) until_ms: u64,
}

/// The failed logins that count, and who is known where.
#[derive(Debug, Default)]
pub struct LoginGuard {
    failures: HashMap<Key, Failures>,
    /// When who signed in from where last.
    known: HashMap<(String, IpAddr), u64>,
}

impl LoginGuard {
    /// Begins a try, or says for how many milliseconds to wait. A try counts as failed until [`LoginGuard::succeeded`], so
    /// that many at once are no way around.
    ///
    /// # Errors
    /// Milliseconds to wait.
    pub fn begin(&mut self, account: &str, ip: IpAddr, now_ms: u64) -> Result<(), u64> {
        let keys = keys(account, ip);
        // Whoever is known there waits for their own failures only, and theirs hold up nobody else.
        let count = if self.is_known(account, ip, now_ms) { 1 } else { keys.len() };
        let counted = keys.iter().take(count);
        let wait_ms = counted.filter_map(|(key, _)| self.failures.get(key)).map(|it| it.not_before_ms).max();
        if let Some(wait_ms) = wait_ms.and_then(|until_ms| until_ms.checked_sub(now_ms)).filter(|wait_ms| *wait_ms > 0)
        {
            return Err(wait_ms);
        }
        for (key, free) in keys.into_iter().take(count) {
            self.make_room(&key);
            let failures = self.failures.entry(key).or_insert(Failures { count: 0, last_ms: now_ms, not_before_ms: 0 });
            if now_ms.saturating_sub(failures.last_ms) > FORGET_MS {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last_ms = now_ms;
            let over = failures.count.saturating_sub(free);
            if over > 0 {
                let wait_ms = WAIT_MS_MIN.checked_shl(over - 1).unwrap_or(WAIT_MS_MAX).clamp(WAIT_MS_MIN, WAIT_MS_MAX);
                failures.not_before_ms = now_ms + wait_ms;
            }
        }
        Ok(())
    }

    /// The password was right: they are known there.
    pub fn succeeded(&mut self, account: &str, ip: IpAddr, now_ms: u64) {
        if self.is_known(account, ip, now_ms) {
            let [(own, _), _] = keys(account, ip);
            self.failures.remove(&own);
        } else {
            self.ended_well(account, ip);
        }
        code_guard::make_room(&mut self.known, |at_ms| *at_ms);
        self.known.insert((account.to_owned(), network(ip)), now_ms);
    }

    /// The try does not count any more.
    pub(crate) fn ended_well(&mut self, account: &str, ip: IpAddr) {
        let [(account, _), (address, _)] = keys(account, ip);
        self.failures.remove(&account);
        if let Some(failures) = self.failures.get_mut(&address) {
            failures.count = failures.count.saturating_sub(1);
            failures.not_before_ms = 0;
        }
    }

    /// Who has to wait now.
    pub(crate) fn waiting(&self, now_ms: u64) -> Vec<Waiting> {
        let held = self.failures.iter().filter(|(_, failures)| failures.not_before_ms > now_ms);
        let waiting = held.map(|((account, address), failures)| Waiting {
            account: account.clone(),
            address: *address,
            failures: failures.count,
            until_ms: failures.not_before_ms,
        });
        waiting.collect()
    }

    fn is_known(&self, account: &str, ip: IpAddr, now_ms: u64) -> bool {
        let at_ms = self.known.get(&(account.to_owned(), network(ip)));
        at_ms.is_some_and(|at_ms| now_ms.saturating_sub(*at_ms) < KNOWN_MS)
    }

    /// At the bound the entry that may try soonest leaves: it loses the least by being forgotten.
    fn make_room(&mut self, key: &Key) {
        if self.failures.len() < LOGIN_FAILURES_MAX || self.failures.contains_key(key) {
            return;
        }
        let soonest = self.failures.iter().min_by_key(|(_, failures)| (failures.not_before_ms, failures.last_ms));
        if let Some(soonest) = soonest.map(|(key, _)| key.clone()) {
            self.failures.remove(&soonest);
        }
    }
}

/// Whom an address counts as: an IPv6 network of 64 bits is one.
pub(crate) fn network(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        ip => ip,
    }
}

/// Their own, then the address's.
fn keys(account: &str, ip: IpAddr) -> [(Key, u32); 2] {
    let ip = network(ip);
    [((Some(account.to_owned()), ip), ACCOUNT_FREE), ((None, ip), ADDRESS_FREE)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::CODE_GUARD_MAX;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn waits_grow_after_a_few_tries_and_stop_growing() {
        let mut guard = LoginGuard::default();
        let mut now_ms = 1_000_000;
        let mut waits = Vec::new();
        for _ in 0..12 {
            match guard.begin("lan", ip(1), now_ms) {
                Ok(()) => {}
                Err(wait_ms) => {
                    waits.push(wait_ms);
                    now_ms += wait_ms;
                    assert_eq!(guard.begin("lan", ip(1), now_ms), Ok(()), "the wait that was told is enough");
                }
            }
        }
        assert_eq!(waits[..6], [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]);
        assert_eq!(waits.last(), Some(&60_000));
    }

    #[test]
    fn who_waits_is_told_until_they_may_try_again() {
        let mut guard = LoginGuard::default();
        while guard.begin("lan", ip(1), 1_000).is_ok() {}
        let waiting = guard.waiting(1_000);
        let told = Waiting { account: Some("lan".into()), address: ip(1), failures: 4, until_ms: 2_000 };
        assert_eq!(waiting, [told]);
        assert_eq!(guard.waiting(2_000), []);
    }

    #[test]
    fn an_account_is_never_locked_for_another_address() {
        let mut guard = LoginGuard::default();
        while guard.begin("lan", ip(1), 1).is_ok() {}
        assert_eq!(guard.begin("lan", ip(2), 1), Ok(()));
        assert_eq!(guard.begin("minh", ip(1), 1), Ok(()), "nor another account from the same room");
    }

    #[test]
    fn guessing_many_accounts_from_one_address_is_slowed_too() {
        let mut guard = LoginGuard::default();
        let tries = (0..100).take_while(|n| guard.begin(&format!("p{n}"), ip(1), 1).is_ok()).count();
        assert_eq!(tries, ADDRESS_FREE as usize + 1);
    }

    #[test]
    fn who_signed_in_from_there_lately_is_not_held_up_by_what_others_get_wrong_there() {
        let mut guard = LoginGuard::default();
        assert_eq!(guard.begin("lan", ip(1), 1), Ok(()));
        guard.succeeded("lan", ip(1), 1);
        assert!((0..100).any(|n| guard.begin(&format!("p{n}"), ip(1), 2).is_err()), "the address is held up");
        assert!(guard.begin("minh", ip(1), 2).is_err(), "and who is not known there with it");
        for _ in 0..ACCOUNT_FREE {
            assert_eq!(guard.begin("lan", ip(1), 2), Ok(()), "who is known there is not");
        }
        assert_eq!(guard.begin("lan", ip(1), 2), Ok(()), "the first that costs a wait");
        assert_eq!(guard.begin("lan", ip(1), 2), Err(WAIT_MS_MIN), "whoever guesses at hers waits");
        assert_eq!(guard.begin("lan", ip(2), 2), Ok(()), "elsewhere she is nobody known, and nothing was wrong");
        guard.succeeded("lan", ip(1), 3);
        assert_eq!(guard.begin("lan", ip(1), 3), Ok(()), "and who gets in has nothing wrong any more");
        assert!(guard.begin("minh", ip(1), 3).is_err(), "which lets nobody else guess on");

        let mut guard = LoginGuard::default();
        guard.succeeded("lan", ip(1), 1);
        for n in 0..=ADDRESS_FREE {
            let _ = guard.begin(&format!("p{n}"), ip(1), 1 + KNOWN_MS);
        }
        assert!(guard.begin("lan", ip(1), 1 + KNOWN_MS).is_err(), "that she was there is long ago");
    }

    #[test]
    fn who_is_known_where_is_bounded_and_whoever_came_last_stays() {
        let mut guard = LoginGuard::default();
        for n in 0..CODE_GUARD_MAX as u64 {
            guard.succeeded(&n.to_string(), ip(1), n);
        }
        guard.succeeded("lan", ip(1), u64::MAX);
        assert_eq!(guard.known.len(), CODE_GUARD_MAX);
        assert!(guard.is_known("lan", ip(1), u64::MAX) && !guard.known.contains_key(&("0".to_owned(), ip(1))));
    }

    #[test]
    fn success_clears_and_time_forgets() {
        let mut guard = LoginGuard::default();
        for _ in 0..100 {
            assert_eq!(guard.begin("lan", ip(1), 1), Ok(()));
            guard.succeeded("lan", ip(1), 1);
        }
        while guard.begin("lan", ip(1), 1).is_ok() {}
        assert_eq!(guard.begin("lan", ip(1), 2 + FORGET_MS + WAIT_MS_MAX), Ok(()));
        assert_eq!(guard.begin("lan", ip(1), 2 + FORGET_MS + WAIT_MS_MAX), Ok(()), "counted from zero again");
    }

    #[test]
    fn the_bound_holds_and_whoever_waits_longest_stays() {
        let mut guard = LoginGuard::default();
        while guard.begin("lan", ip(1), 1).is_ok() {}
        for n in 0..u32::try_from(LOGIN_FAILURES_MAX).unwrap() {
            let _ = guard.begin("x", IpAddr::from(n.to_be_bytes()), 2);
        }
        assert!(guard.failures.len() <= LOGIN_FAILURES_MAX);
        assert!(guard.begin("lan", ip(1), 3).is_err());
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let mut guard = LoginGuard::default();
        let ip = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]);
        let tries = (0..100).take_while(|n| guard.begin("lan", ip(*n), 1).is_ok()).count();
        assert_eq!(tries, ACCOUNT_FREE as usize + 1);
    }
}
