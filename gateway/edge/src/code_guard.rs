//! Slows down whoever has somebody's password and guesses codes from many addresses. Whoever is slowed down knows the password;
//! the person themselves gets in from where they signed in lately, with a device cookie of theirs, which counts by itself, and from
//! anywhere by a recovery code, so that nobody is locked out by it. Pure.

use std::{collections::HashMap, net::IpAddr};

use crate::{device_cookie::DeviceId, limits::CODE_GUARD_MAX, login_guard::network};

/// Wrong codes of one person from all addresses, before codes count from known addresses only; at one known address, before it is as
/// any other; with one device cookie, before it is as none.
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

impl Wrong {
    /// Until when no more of them are taken; none: more are.
    fn held_until_ms(&self, now_ms: u64) -> Option<u64> {
        let until_ms = self.since_ms + WINDOW_MS;
        (self.count >= WRONG_FREE && until_ms > now_ms).then_some(until_ms)
    }

    /// One more.
    fn add(&mut self, now_ms: u64) {
        if now_ms.saturating_sub(self.since_ms) >= WINDOW_MS {
            *self = Self { count: 0, since_ms: now_ms };
        }
        self.count = self.count.saturating_add(1);
    }
}

/// Wrong codes that count, and addresses that are known.
#[derive(Debug, Default)]
pub(crate) struct CodeGuard {
    wrong: HashMap<String, Wrong>,
    /// Those that came with a device cookie of the person, apart from the others, so that neither drives the other out.
    wrong_by_device: HashMap<DeviceId, Wrong>,
    /// Those at addresses where the person is known, which are among `wrong` too.
    wrong_at_known: HashMap<(String, IpAddr), Wrong>,
    known: HashMap<(String, IpAddr), u64>,
}

impl CodeGuard {
    /// Whether a code of the person may be tried from there. `device` is the person's device cookie that came with it.
    ///
    /// # Errors
    /// Milliseconds to wait.
    pub(crate) fn begin(&self, person: &str, ip: IpAddr, device: Option<DeviceId>, now_ms: u64) -> Result<(), u64> {
        let at = (person.to_owned(), network(ip));
        let is_spent = || self.wrong_at_known.get(&at).is_some_and(|wrong| wrong.held_until_ms(now_ms).is_some());
        if self.counts(device, now_ms).is_some() || (self.is_known(&at, now_ms) && !is_spent()) {
            return Ok(());
        }
        let held_until_ms = self.wrong.get(person).and_then(|wrong| wrong.held_until_ms(now_ms));
        held_until_ms.map_or(Ok(()), |until_ms| Err(until_ms.saturating_sub(now_ms)))
    }

    /// Whether the person signed in from there lately.
    fn is_known(&self, at: &(String, IpAddr), now_ms: u64) -> bool {
        self.known.get(at).is_some_and(|at_ms| now_ms.saturating_sub(*at_ms) < KNOWN_MS)
    }

    /// The device cookie, while not too much was wrong with it.
    fn counts(&self, device: Option<DeviceId>, now_ms: u64) -> Option<DeviceId> {
        let is_spent = |device: &DeviceId| {
            self.wrong_by_device.get(device).is_some_and(|wrong| wrong.held_until_ms(now_ms).is_some())
        };
        device.filter(|device| !is_spent(device))
    }

    /// Whose codes count from known addresses only: who, how many were wrong, until when.
    pub(crate) fn waiting(&self, now_ms: u64) -> Vec<(String, u32, u64)> {
        let held = self.wrong.iter().filter_map(|(person, wrong)| {
            let until_ms = wrong.held_until_ms(now_ms)?;
            Some((person.clone(), wrong.count, until_ms))
        });
        held.collect()
    }

    /// It was wrong.
    pub(crate) fn failed(&mut self, person: &str, ip: IpAddr, device: Option<DeviceId>, now_ms: u64) {
        let none = Wrong { count: 0, since_ms: now_ms };
        let at = (person.to_owned(), network(ip));
        if self.counts(device, now_ms).is_none() && self.is_known(&at, now_ms) {
            make_room(&mut self.wrong_at_known, |wrong| wrong.since_ms);
            self.wrong_at_known.entry(at).or_insert(none).add(now_ms);
        }
        let wrong = match self.counts(device, now_ms) {
            Some(device) => {
                make_room(&mut self.wrong_by_device, |wrong| wrong.since_ms);
                self.wrong_by_device.entry(device).or_insert(none)
            }
            None => {
                make_room(&mut self.wrong, |wrong| wrong.since_ms);
                self.wrong.entry(person.to_owned()).or_insert(none)
            }
        };
        wrong.add(now_ms);
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
    use proptest::prelude::*;

    use super::*;

    fn ip(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    #[test]
    fn guessing_from_many_addresses_is_slowed_down_and_the_person_is_not() {
        let mut guard = CodeGuard::default();
        let begin = |guard: &CodeGuard, person: &str, ip: IpAddr, now_ms: u64| guard.begin(person, ip, None, now_ms);
        guard.succeeded("lan", ip(1), 0);
        for last in 10..10 + u8::try_from(WRONG_FREE).unwrap() {
            assert_eq!(begin(&guard, "lan", ip(last), 1_000), Ok(()));
            guard.failed("lan", ip(last), None, 1_000);
        }
        assert_eq!(begin(&guard, "lan", ip(99), 2_000), Err(WINDOW_MS - 1_000));
        assert_eq!(guard.waiting(2_000), [("lan".to_owned(), WRONG_FREE, 1_000 + WINDOW_MS)]);
        assert_eq!(begin(&guard, "lan", ip(1), 2_000), Ok(()), "from where she signed in lately");
        assert_eq!(begin(&guard, "minh", ip(99), 2_000), Ok(()), "nor is anybody else");
        assert_eq!(begin(&guard, "lan", ip(99), 1_000 + WINDOW_MS), Ok(()), "and it ends");
        guard.failed("lan", ip(99), None, 1_000 + WINDOW_MS);
        assert_eq!(begin(&guard, "lan", ip(99), 1_001 + WINDOW_MS), Ok(()), "it begins anew");
    }

    #[test]
    fn a_stolen_device_cookie_is_good_for_a_few_codes_and_then_as_none() {
        let mut guard = CodeGuard::default();
        let device = Some(DeviceId::of(1));
        for n in 0..2 * WRONG_FREE {
            assert_eq!(guard.begin("lan", ip(1), device, 1_000), Ok(()), "{n}");
            guard.failed("lan", ip(1), device, 1_000);
        }
        assert_eq!(guard.begin("lan", ip(1), device, 1_000), Err(WINDOW_MS), "nor is there more without it");
        assert_eq!(guard.begin("lan", ip(1), Some(DeviceId::of(2)), 1_000), Ok(()), "her own browser has another one");
    }

    #[test]
    fn guessing_where_the_person_signed_in_lately_is_bounded_and_holds_them_up_nowhere_else() {
        let mut guard = CodeGuard::default();
        guard.succeeded("lan", ip(1), 0);
        guard.succeeded("lan", ip(2), 0);
        for n in 0..WRONG_FREE {
            assert_eq!(guard.begin("lan", ip(1), None, 1_000), Ok(()), "{n}");
            guard.failed("lan", ip(1), None, 1_000);
        }
        assert_eq!(guard.begin("lan", ip(1), None, 2_000), Err(WINDOW_MS - 1_000));
        assert_eq!(guard.begin("lan", ip(2), None, 2_000), Ok(()), "at another address where she is known");
        assert_eq!(guard.begin("lan", ip(1), Some(DeviceId::of(1)), 2_000), Ok(()), "and in her own browser");
        guard.succeeded("lan", ip(1), 3_000);
        assert!(guard.begin("lan", ip(1), None, 4_000).is_err(), "who guesses has no more when she gets in meanwhile");
        assert_eq!(guard.begin("lan", ip(1), None, 1_000 + WINDOW_MS), Ok(()), "and it ends");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut guard = CodeGuard::default();
        for n in 0..CODE_GUARD_MAX as u64 + 10 {
            guard.succeeded(&n.to_string(), ip(1), n);
            guard.failed(&n.to_string(), ip(1), None, n);
            guard.failed("lan", ip(1), Some(DeviceId::of(u128::from(n))), n);
        }
        assert!(guard.wrong.len() <= CODE_GUARD_MAX && guard.known.len() <= CODE_GUARD_MAX);
        assert!(guard.wrong_by_device.len() <= CODE_GUARD_MAX && guard.wrong_at_known.len() <= CODE_GUARD_MAX);
    }

    proptest! {
        #[test]
        fn a_device_cookie_is_held_up_by_nobody_and_gives_nobody_without_one_another_code(
            guesses in prop::collection::vec((0_u8..3, prop::option::of(1_u8..4), 0_u64..200_000), 0..100),
        ) {
            // Beside the guard a second one that is told of those alone who bring none.
            let (mut guard, mut without, mut now_ms) = (CodeGuard::default(), CodeGuard::default(), 1_000_000);
            for (at, device, after_ms) in guesses {
                now_ms += after_ms;
                let device = device.map(|device| DeviceId::of(u128::from(device)));
                if guard.counts(device, now_ms).is_none() {
                    let may = guard.begin("lan", ip(at), device, now_ms);
                    prop_assert_eq!(may, without.begin("lan", ip(at), None, now_ms));
                    if may.is_ok() {
                        without.failed("lan", ip(at), None, now_ms);
                    }
                }
                if guard.begin("lan", ip(at), device, now_ms).is_ok() {
                    guard.failed("lan", ip(at), device, now_ms);
                }
                prop_assert_eq!(guard.begin("lan", ip(at), Some(DeviceId::of(0)), now_ms), Ok(()));
            }
        }
    }
}
