//! Slows down whoever guesses passwords, by account and address, and never locks an account for anybody else: not at another address;
//! what others get wrong at theirs holds up nobody who signed in from there lately; and whoever brings a device cookie of the
//! account is counted by that alone, so that nobody else's guessing holds them up at all. Pure.

use std::{collections::HashMap, hash::Hash, net::IpAddr};

use crate::{
    code_guard::{self, KNOWN_MS},
    device_cookie::DeviceId,
    limits::{DEVICES_COUNTED_MAX, LOGIN_FAILURES_MAX},
};

/// Failures of one account from one address before each costs a wait; of one device cookie too.
const ACCOUNT_FREE: u32 = 3;
/// Failures from one address, all accounts together, before each costs a wait: a command room shares one.
const ADDRESS_FREE: u32 = 30;
/// Failures with one device cookie; at them it is as none for [`FORGET_MS`].
const DEVICE_FAILURES_MAX: u32 = 10;
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

impl Failures {
    fn none(now_ms: u64) -> Self {
        Self { count: 0, last_ms: now_ms, not_before_ms: 0 }
    }

    /// One more; `free` of them cost nothing.
    fn add(&mut self, free: u32, now_ms: u64) {
        if now_ms.saturating_sub(self.last_ms) > FORGET_MS {
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        self.last_ms = now_ms;
        let over = self.count.saturating_sub(free);
        if over > 0 {
            let wait_ms = WAIT_MS_MIN.checked_shl(over - 1).unwrap_or(WAIT_MS_MAX).clamp(WAIT_MS_MIN, WAIT_MS_MAX);
            self.not_before_ms = now_ms + wait_ms;
        }
    }
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

/// What a try is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    /// The device cookie that came with it.
    Device(DeviceId),
    /// The account at an address where it is known: whoever is known there waits for their own failures only, and theirs hold up
    /// nobody else.
    Account,
    /// The account there, and the address.
    Address,
}

/// A try that was begun. It counts as failed until it is said to have ended well, so that many at once are no way around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    account: String,
    ip: IpAddr,
    by: By,
}

impl Try {
    /// Whether a device cookie of the account came with it and counts.
    #[must_use]
    pub fn is_by_device(&self) -> bool {
        matches!(self.by, By::Device(_))
    }

    /// What else than a device cookie it is counted by.
    fn keys(&self) -> impl Iterator<Item = (Key, u32)> + use<> {
        let [own, address] = keys(&self.account, self.ip);
        let (own, address) = match self.by {
            By::Device(_) => (None, None),
            By::Account => (Some(own), None),
            By::Address => (Some(own), Some(address)),
        };
        own.into_iter().chain(address)
    }
}

/// The failed logins that count, and who is known where.
#[derive(Debug, Default)]
pub struct LoginGuard {
    failures: HashMap<Key, Failures>,
    /// By device cookie and account, with the address of the last one. Apart from the others, so that neither drives the other out.
    devices: HashMap<(DeviceId, String), (Failures, IpAddr)>,
    /// When who signed in from where last.
    known: HashMap<(String, IpAddr), u64>,
}

impl LoginGuard {
    /// Begins a try, or says for how many milliseconds to wait. `device` is the device cookie of the account that came with it.
    ///
    /// # Errors
    /// Milliseconds to wait.
    pub fn begin(&mut self, account: &str, ip: IpAddr, device: Option<DeviceId>, now_ms: u64) -> Result<Try, u64> {
        let by = match device.filter(|device| !self.is_spent(*device, account, now_ms)) {
            Some(device) => By::Device(device),
            None if self.is_known(account, ip, now_ms) => By::Account,
            None => By::Address,
        };
        let tried = Try { account: account.to_owned(), ip, by };
        let until_ms = match by {
            By::Device(device) => self.devices.get(&(device, tried.account.clone())).map(|(it, _)| it.not_before_ms),
            By::Account | By::Address => {
                tried.keys().filter_map(|(key, _)| self.failures.get(&key)).map(|it| it.not_before_ms).max()
            }
        };
        if let Some(wait_ms) = until_ms.and_then(|until_ms| until_ms.checked_sub(now_ms)).filter(|wait_ms| *wait_ms > 0)
        {
            return Err(wait_ms);
        }
        if let By::Device(device) = by {
            let key = (device, tried.account.clone());
            make_room(&mut self.devices, &key, DEVICES_COUNTED_MAX, |(failures, _)| *failures);
            let (failures, at) = self.devices.entry(key).or_insert((Failures::none(now_ms), ip));
            failures.add(ACCOUNT_FREE, now_ms);
            *at = network(ip);
        }
        for (key, free) in tried.keys() {
            make_room(&mut self.failures, &key, LOGIN_FAILURES_MAX, |failures| *failures);
            self.failures.entry(key).or_insert(Failures::none(now_ms)).add(free, now_ms);
        }
        Ok(tried)
    }

    /// The password was right: they are known there.
    pub fn succeeded(&mut self, tried: &Try, now_ms: u64) {
        self.ended_well(tried);
        code_guard::make_room(&mut self.known, |at_ms| *at_ms);
        self.known.insert((tried.account.clone(), network(tried.ip)), now_ms);
    }

    /// The try does not count any more.
    pub(crate) fn ended_well(&mut self, tried: &Try) {
        let [(account, _), (address, _)] = keys(&tried.account, tried.ip);
        match tried.by {
            By::Device(device) => {
                self.devices.remove(&(device, tried.account.clone()));
            }
            By::Account => {
                self.failures.remove(&account);
            }
            By::Address => {
                self.failures.remove(&account);
                if let Some(failures) = self.failures.get_mut(&address) {
                    failures.count = failures.count.saturating_sub(1);
                    failures.not_before_ms = 0;
                }
            }
        }
    }

    /// Who has to wait now.
    pub(crate) fn waiting(&self, now_ms: u64) -> Vec<Waiting> {
        let others = self.failures.iter().map(|((account, address), failures)| (account.clone(), *address, *failures));
        let devices = self.devices.iter().filter(|((device, account), _)| !self.is_spent(*device, account, now_ms));
        let devices = devices.map(|((_, account), (failures, address))| (Some(account.clone()), *address, *failures));
        let held = others.chain(devices).filter(|(_, _, failures)| failures.not_before_ms > now_ms);
        let waiting = held.map(|(account, address, failures)| Waiting {
            account,
            address,
            failures: failures.count,
            until_ms: failures.not_before_ms,
        });
        waiting.collect()
    }

    fn is_known(&self, account: &str, ip: IpAddr, now_ms: u64) -> bool {
        let at_ms = self.known.get(&(account.to_owned(), network(ip)));
        at_ms.is_some_and(|at_ms| now_ms.saturating_sub(*at_ms) < KNOWN_MS)
    }

    /// Whether so much was wrong with a device cookie that it is as none.
    fn is_spent(&self, device: DeviceId, account: &str, now_ms: u64) -> bool {
        let found = self.devices.get(&(device, account.to_owned()));
        found.is_some_and(|(failures, _)| {
            failures.count >= DEVICE_FAILURES_MAX && now_ms.saturating_sub(failures.last_ms) <= FORGET_MS
        })
    }
}

/// At the bound the entry that may try soonest leaves: it loses the least by being forgotten.
fn make_room<K: Clone + Eq + Hash, V>(map: &mut HashMap<K, V>, key: &K, max: usize, of: impl Fn(&V) -> Failures) {
    if map.len() < max || map.contains_key(key) {
        return;
    }
    let soonest = map.iter().min_by_key(|(_, value)| {
        let failures = of(value);
        (failures.not_before_ms, failures.last_ms)
    });
    if let Some(soonest) = soonest.map(|(key, _)| key.clone()) {
        map.remove(&soonest);
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
    use proptest::prelude::*;

    use super::*;
    use crate::limits::CODE_GUARD_MAX;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    /// Begins a try that brings no device cookie.
    fn begin(guard: &mut LoginGuard, account: &str, ip: IpAddr, now_ms: u64) -> Result<(), u64> {
        guard.begin(account, ip, None, now_ms).map(drop)
    }

    /// Somebody signed in from there.
    fn signed_in(guard: &mut LoginGuard, account: &str, ip: IpAddr, now_ms: u64) {
        let by = if guard.is_known(account, ip, now_ms) { By::Account } else { By::Address };
        guard.succeeded(&Try { account: account.to_owned(), ip, by }, now_ms);
    }

    #[test]
    fn waits_grow_after_a_few_tries_and_stop_growing() {
        let mut guard = LoginGuard::default();
        let mut now_ms = 1_000_000;
        let mut waits = Vec::new();
        for _ in 0..12 {
            match begin(&mut guard, "lan", ip(1), now_ms) {
                Ok(()) => {}
                Err(wait_ms) => {
                    waits.push(wait_ms);
                    now_ms += wait_ms;
                    assert_eq!(begin(&mut guard, "lan", ip(1), now_ms), Ok(()), "the wait that was told is enough");
                }
            }
        }
        assert_eq!(waits[..6], [1_000, 2_000, 4_000, 8_000, 16_000, 32_000]);
        assert_eq!(waits.last(), Some(&60_000));
    }

    #[test]
    fn who_waits_is_told_until_they_may_try_again() {
        let mut guard = LoginGuard::default();
        while begin(&mut guard, "lan", ip(1), 1_000).is_ok() {}
        let told = Waiting { account: Some("lan".into()), address: ip(1), failures: 4, until_ms: 2_000 };
        assert_eq!(guard.waiting(1_000), [told]);
        assert_eq!(guard.waiting(2_000), []);
        while guard.begin("minh", ip(2), Some(DeviceId::of(1)), 3_000).is_ok() {}
        let told = Waiting { account: Some("minh".into()), address: ip(2), failures: 4, until_ms: 4_000 };
        assert_eq!(guard.waiting(3_000), [told], "with a device cookie too");
    }

    #[test]
    fn an_account_is_never_locked_for_another_address() {
        let mut guard = LoginGuard::default();
        while begin(&mut guard, "lan", ip(1), 1).is_ok() {}
        assert_eq!(begin(&mut guard, "lan", ip(2), 1), Ok(()));
        assert_eq!(begin(&mut guard, "minh", ip(1), 1), Ok(()), "nor another account from the same room");
    }

    #[test]
    fn guessing_many_accounts_from_one_address_is_slowed_too() {
        let mut guard = LoginGuard::default();
        let tries = (0..100).take_while(|n| begin(&mut guard, &format!("p{n}"), ip(1), 1).is_ok()).count();
        assert_eq!(tries, ADDRESS_FREE as usize + 1);
    }

    #[test]
    fn who_signed_in_from_there_lately_is_not_held_up_by_what_others_get_wrong_there() {
        let mut guard = LoginGuard::default();
        let first = guard.begin("lan", ip(1), None, 1).unwrap();
        guard.succeeded(&first, 1);
        assert!((0..100).any(|n| begin(&mut guard, &format!("p{n}"), ip(1), 2).is_err()), "the address is held up");
        assert!(begin(&mut guard, "minh", ip(1), 2).is_err(), "and who is not known there with it");
        for _ in 0..ACCOUNT_FREE {
            assert_eq!(begin(&mut guard, "lan", ip(1), 2), Ok(()), "who is known there is not");
        }
        assert_eq!(begin(&mut guard, "lan", ip(1), 2), Ok(()), "the first that costs a wait");
        assert_eq!(begin(&mut guard, "lan", ip(1), 2), Err(WAIT_MS_MIN), "whoever guesses at hers waits");
        assert_eq!(begin(&mut guard, "lan", ip(2), 2), Ok(()), "elsewhere she is nobody known, and nothing was wrong");
        signed_in(&mut guard, "lan", ip(1), 3);
        assert_eq!(begin(&mut guard, "lan", ip(1), 3), Ok(()), "and who gets in has nothing wrong any more");
        assert!(begin(&mut guard, "minh", ip(1), 3).is_err(), "which lets nobody else guess on");

        let mut guard = LoginGuard::default();
        signed_in(&mut guard, "lan", ip(1), 1);
        for n in 0..=ADDRESS_FREE {
            let _ = begin(&mut guard, &format!("p{n}"), ip(1), 1 + KNOWN_MS);
        }
        assert!(begin(&mut guard, "lan", ip(1), 1 + KNOWN_MS).is_err(), "that she was there is long ago");
    }

    #[test]
    fn who_is_known_where_is_bounded_and_whoever_came_last_stays() {
        let mut guard = LoginGuard::default();
        for n in 0..CODE_GUARD_MAX as u64 {
            signed_in(&mut guard, &n.to_string(), ip(1), n);
        }
        signed_in(&mut guard, "lan", ip(1), u64::MAX);
        assert_eq!(guard.known.len(), CODE_GUARD_MAX);
        assert!(guard.is_known("lan", ip(1), u64::MAX) && !guard.known.contains_key(&("0".to_owned(), ip(1))));
    }

    #[test]
    fn success_clears_and_time_forgets() {
        for device in [None, Some(DeviceId::of(1))] {
            let mut guard = LoginGuard::default();
            for _ in 0..100 {
                let tried = guard.begin("lan", ip(1), device, 1).unwrap();
                guard.succeeded(&tried, 1);
            }
            while guard.begin("lan", ip(1), device, 1).is_ok() {}
            let later_ms = 2 + FORGET_MS + WAIT_MS_MAX;
            assert!(guard.begin("lan", ip(1), device, later_ms).is_ok());
            assert!(guard.begin("lan", ip(1), device, later_ms).is_ok(), "counted from zero again");
        }
    }

    #[test]
    fn the_bound_holds_and_whoever_waits_longest_stays() {
        let mut guard = LoginGuard::default();
        while begin(&mut guard, "lan", ip(1), 1).is_ok() {}
        while guard.begin("lan", ip(1), Some(DeviceId::of(0)), 1).is_ok() {}
        for n in 0..u32::try_from(LOGIN_FAILURES_MAX.max(DEVICES_COUNTED_MAX)).unwrap() {
            let _ = begin(&mut guard, "x", IpAddr::from(n.to_be_bytes()), 2);
            let _ = guard.begin("x", ip(1), Some(DeviceId::of(1 + u128::from(n))), 2);
        }
        assert!(guard.failures.len() <= LOGIN_FAILURES_MAX);
        assert_eq!(guard.devices.len(), DEVICES_COUNTED_MAX);
        assert!(begin(&mut guard, "lan", ip(1), 3).is_err());
        assert!(guard.begin("lan", ip(1), Some(DeviceId::of(0)), 3).is_err());
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let mut guard = LoginGuard::default();
        let ip = |n: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, n]);
        let tries = (0..100).take_while(|n| begin(&mut guard, "lan", ip(*n), 1).is_ok()).count();
        assert_eq!(tries, ACCOUNT_FREE as usize + 1);
    }

    #[test]
    fn a_stolen_device_cookie_is_good_for_a_few_guesses_and_then_as_none() {
        let mut guard = LoginGuard::default();
        let (device, mut now_ms) = (Some(DeviceId::of(1)), 1);
        while begin(&mut guard, "lan", ip(1), now_ms).is_ok() {}
        let mut tries = 0;
        let wait_ms = loop {
            match guard.begin("lan", ip(1), device, now_ms) {
                Ok(tried) if tried.is_by_device() => tries += 1,
                Ok(_) => panic!("it waits with those who have none"),
                // What is left of the wait that those without a cookie have is no device cookie's.
                Err(wait_ms) if tries == DEVICE_FAILURES_MAX => break wait_ms,
                Err(wait_ms) => {
                    now_ms += wait_ms;
                    while begin(&mut guard, "lan", ip(1), now_ms).is_ok() {}
                }
            }
        };
        assert!(wait_ms <= WAIT_MS_MAX);
        assert_eq!(guard.begin("lan", ip(2), device, now_ms).map(|tried| tried.is_by_device()), Ok(false));
        let other = guard.begin("lan", ip(1), Some(DeviceId::of(2)), now_ms);
        assert_eq!(other.map(|tried| tried.is_by_device()), Ok(true), "her own browser has another one");
        let later = guard.begin("lan", ip(1), device, now_ms + FORGET_MS + 1);
        assert_eq!(later.map(|tried| tried.is_by_device()), Ok(true), "she may have mistyped");
    }

    /// Somebody tries: at which account, from where, with which device cookie, whether it ends well, how long after the one before.
    #[derive(Clone, Debug)]
    struct Guess {
        account: u8,
        ip: u8,
        device: Option<u8>,
        ends_well: bool,
        after_ms: u64,
    }

    fn guess(device: impl Strategy<Value = Option<u8>>) -> impl Strategy<Value = Guess> {
        let after_ms = prop_oneof![8 => 0_u64..1_500, 1 => 0_u64..FORGET_MS + 2];
        (0_u8..3, 0_u8..2, device, prop::bool::weighted(0.1), after_ms)
            .prop_map(|(account, ip, device, ends_well, after_ms)| Guess { account, ip, device, ends_well, after_ms })
    }

    /// Plays it; what came of it.
    fn play(guard: &mut LoginGuard, guess: &Guess, now_ms: u64) -> Result<(), u64> {
        let device = guess.device.map(|device| DeviceId::of(u128::from(device)));
        let tried = guard.begin(&format!("p{}", guess.account), ip(guess.ip), device, now_ms)?;
        if guess.ends_well {
            guard.succeeded(&tried, now_ms);
        }
        Ok(())
    }

    /// When the first of them begins.
    const BEGINS_MS: u64 = 1_000_000;

    proptest! {
        #[test]
        fn whatever_others_guess_nobody_with_a_device_cookie_of_their_own_is_held_up(
            guesses in prop::collection::vec(guess(prop::option::of(1_u8..4)), 0..200),
            at in 0_u8..2,
            is_mistyped in any::<bool>(),
        ) {
            let (mut guard, mut now_ms) = (LoginGuard::default(), BEGINS_MS);
            for guess in &guesses {
                now_ms += guess.after_ms;
                let _ = play(&mut guard, guess, now_ms);
                let own = Some(DeviceId::of(0));
                if is_mistyped {
                    prop_assert!(guard.begin("p0", ip(at), own, now_ms).is_ok());
                }
                let tried = guard.begin("p0", ip(at), own, now_ms);
                prop_assert!(tried.is_ok(), "{tried:?}");
                guard.succeeded(&tried.unwrap(), now_ms);
            }
        }

        #[test]
        fn whoever_has_no_device_cookie_may_try_as_often_as_if_nobody_had_one(
            guesses in prop::collection::vec(guess(prop::option::weighted(0.5, Just(1_u8))), 0..200),
        ) {
            // Beside the guard a second one that knows of no device cookies. A sign-in with one tells it, as one without would,
            // that somebody is known there; nothing else.
            let (mut guard, mut without, mut now_ms) = (LoginGuard::default(), LoginGuard::default(), BEGINS_MS);
            for guess in &guesses {
                now_ms += guess.after_ms;
                // Each account's is another one.
                let device = guess.device.map(|_| DeviceId::of(u128::from(guess.account)));
                let account = format!("p{}", guess.account);
                let tried = guard.begin(&account, ip(guess.ip), device, now_ms);
                if let Ok(tried) = &tried && guess.ends_well {
                    guard.succeeded(tried, now_ms);
                }
                let is_by_device = match &tried {
                    Ok(tried) => tried.is_by_device(),
                    Err(_) => device.is_some_and(|device| !guard.is_spent(device, &account, now_ms)),
                };
                if !is_by_device {
                    let plain = Guess { device: None, ..guess.clone() };
                    prop_assert_eq!(tried.map(drop), play(&mut without, &plain, now_ms));
                } else if tried.is_ok() && guess.ends_well {
                    without.known.insert((account, ip(guess.ip)), now_ms);
                }
            }
        }
    }
}
