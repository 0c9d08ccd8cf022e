//! How often the public may ask, by address and in all. Each count is one point in time (GCRA, the generic cell rate algorithm
//! of ATM, ITU-T I.371): a request moves it on by its cost, and may not move it further ahead of now than the burst. Pure.
//!
//! Many people share one address: a mobile operator puts a commune behind one. So the rates of an address are those of a
//! neighbourhood in trouble, and not of one person; what holds off a flood is the rate in all.

use std::{collections::HashMap, net::IpAddr};

use domain::limits::{CLIP_BYTES_MAX, FILE_BYTES_MAX};

use crate::{limits::PUBLIC_ADDRESSES_MAX, login_guard::network};

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Something that goes into the log.
    Write,
    /// The same that brings a clip.
    Clip,
    /// A look.
    Look,
    /// A code that nobody has: what is charged on top of the look, so that guessing is slow.
    Miss,
}

/// A rate: one each so many milliseconds, and so many at once.
#[derive(Clone, Copy, Debug)]
struct Rate {
    each_ms: u64,
    burst: u64,
}

/// Reports, ratings and the like from one address: twelve a minute, thirty at once.
const WRITES_OF_ADDRESS: Rate = Rate { each_ms: 5_000, burst: 30 };
/// The same on this node: twenty a second, four hundred at once. The busiest days of Vietnam's hotlines had one a second.
const WRITES_IN_ALL: Rate = Rate { each_ms: 50, burst: 400 };
/// Looks from one address: five a second, a hundred at once.
const LOOKS_OF_ADDRESS: Rate = Rate { each_ms: 200, burst: 100 };
/// Looks on this node: five hundred a second.
const LOOKS_IN_ALL: Rate = Rate { each_ms: 2, burst: 2_000 };
/// A clip is as large as two photos, and costs as much: what an address may bring in an hour is no more for it.
const CLIP_COST: u64 = (CLIP_BYTES_MAX / FILE_BYTES_MAX) as u64;
/// A code that nobody has costs an address as much as so many looks, and others nothing.
const MISS_COST: u64 = 19;
/// Between two sweeps of addresses that have nothing to wait for.
const SWEEP_MS: u64 = 1_000;

/// Until when a count is used up: writes, looks.
type Counts = [u64; 2];

/// The counts.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    in_all: Counts,
    by_ip: HashMap<IpAddr, Counts>,
    /// Of all addresses for which there is no room.
    strangers: Counts,
    swept_ms: u64,
}

impl Guard {
    /// Counts one request, or says for how many milliseconds to wait; then nothing is counted.
    pub(crate) fn take(&mut self, kind: Kind, ip: IpAddr, now_ms: u64) -> Result<(), u64> {
        let (at, of_address, in_all, cost) = match kind {
            Kind::Write => (0, WRITES_OF_ADDRESS, Some(WRITES_IN_ALL), 1),
            Kind::Clip => (0, WRITES_OF_ADDRESS, Some(WRITES_IN_ALL), CLIP_COST),
            Kind::Look => (1, LOOKS_OF_ADDRESS, Some(LOOKS_IN_ALL), 1),
            Kind::Miss => (1, LOOKS_OF_ADDRESS, None, MISS_COST),
        };
        let ip = network(ip);
        self.make_room(ip, now_ms);
        let is_known = self.by_ip.contains_key(&ip) || self.by_ip.len() < PUBLIC_ADDRESSES_MAX;
        let counts = if is_known { self.by_ip.entry(ip).or_default() } else { &mut self.strangers };
        let next = of_address.next(counts[at], cost, now_ms)?;
        if let Some(in_all) = in_all {
            self.in_all[at] = in_all.next(self.in_all[at], cost, now_ms)?;
        }
        counts[at] = next;
        Ok(())
    }

    /// At the bound those leave that have nothing to wait for: they lose nothing by being forgotten.
    fn make_room(&mut self, ip: IpAddr, now_ms: u64) {
        let is_full = self.by_ip.len() >= PUBLIC_ADDRESSES_MAX && !self.by_ip.contains_key(&ip);
        if is_full && now_ms.abs_diff(self.swept_ms) >= SWEEP_MS {
            self.by_ip.retain(|_, counts| counts.iter().any(|until_ms| *until_ms > now_ms));
            self.swept_ms = now_ms;
        }
    }
}

impl Rate {
    /// Where the count stands after it, or how long to wait.
    fn next(self, until_ms: u64, cost: u64, now_ms: u64) -> Result<u64, u64> {
        let ahead_max = self.each_ms * self.burst;
        // A clock that was set back must not hold anybody up for longer than a full burst.
        let next = until_ms.clamp(now_ms, now_ms + ahead_max) + self.each_ms * cost;
        match next.saturating_sub(now_ms + ahead_max) {
            0 => Ok(next),
            wait_ms => Err(wait_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ip(n: u32) -> IpAddr {
        IpAddr::from(n.to_be_bytes())
    }

    #[test]
    fn an_address_has_its_burst_then_its_rate_and_the_wait_that_is_told_is_enough() {
        let mut guard = Guard::default();
        let mut now_ms = 1_000_000;
        for _ in 0..WRITES_OF_ADDRESS.burst {
            assert_eq!(guard.take(Kind::Write, ip(1), now_ms), Ok(()));
        }
        for _ in 0..3 {
            let wait_ms = guard.take(Kind::Write, ip(1), now_ms).unwrap_err();
            assert_eq!(wait_ms, WRITES_OF_ADDRESS.each_ms);
            assert_eq!(guard.take(Kind::Write, ip(2), now_ms), Ok(()), "another address is not held up");
            assert_eq!(guard.take(Kind::Look, ip(1), now_ms), Ok(()), "nor is a look");
            now_ms += wait_ms;
            assert_eq!(guard.take(Kind::Write, ip(1), now_ms), Ok(()));
        }
    }

    #[test]
    fn clips_bring_no_more_bytes_than_photos() {
        let brought = |kind: Kind, bytes_max: u32| {
            let mut guard = Guard::default();
            let taken = (0..100_u64).take_while(|_| guard.take(kind, ip(1), 5_000_000).is_ok()).count();
            taken as u64 * u64::from(bytes_max)
        };
        assert_eq!(brought(Kind::Write, FILE_BYTES_MAX), WRITES_OF_ADDRESS.burst * u64::from(FILE_BYTES_MAX));
        assert_eq!(brought(Kind::Clip, CLIP_BYTES_MAX), brought(Kind::Write, FILE_BYTES_MAX));
    }

    #[test]
    fn many_addresses_together_meet_the_rate_in_all() {
        let mut guard = Guard::default();
        let taken = (0..10_000).take_while(|n| guard.take(Kind::Write, ip(*n), 5_000_000).is_ok()).count();
        assert_eq!(taken as u64, WRITES_IN_ALL.burst);
        assert!(guard.take(Kind::Write, ip(1), 5_000_000 + WRITES_IN_ALL.each_ms).is_ok());
    }

    #[test]
    fn guessing_codes_is_slow() {
        let mut guard = Guard::default();
        let mut guess =
            |now_ms| guard.take(Kind::Look, ip(1), now_ms).and_then(|()| guard.take(Kind::Miss, ip(1), now_ms));
        let guesses = (0..100).take_while(|_| guess(9_000_000).is_ok()).count();
        assert_eq!(guesses, 5);
        assert!(guess(9_000_000 + 20 * LOOKS_OF_ADDRESS.each_ms).is_ok());
    }

    #[test]
    fn at_the_bound_strangers_share_and_who_waits_stays() {
        let mut guard = Guard::default();
        while guard.take(Kind::Miss, ip(0), 1_000).is_ok() {}
        for n in 1..=u32::try_from(PUBLIC_ADDRESSES_MAX).unwrap() + 50 {
            let _ = guard.take(Kind::Miss, ip(n), 1_000);
        }
        assert!(guard.by_ip.len() <= PUBLIC_ADDRESSES_MAX);
        assert!(guard.take(Kind::Miss, ip(0), 1_000).is_err());
        let stranger = ip(u32::MAX);
        assert!(guard.take(Kind::Miss, stranger, 1_000).is_err(), "those without room share one count");
        assert!(guard.take(Kind::Miss, stranger, 1_000_000).is_ok());
        assert!(guard.by_ip.len() < 10, "who has nothing to wait for was forgotten");
    }

    proptest! {
        #[test]
        fn no_more_than_burst_and_rate_ever_pass(steps in proptest::collection::vec((0u64..20_000, 0u32..3), 1..300)) {
            let mut guard = Guard::default();
            let (mut now_ms, start_ms) = (1_000_000, 1_000_000);
            let mut taken = [0u64; 3];
            for (wait_ms, from) in steps {
                now_ms += wait_ms;
                if guard.take(Kind::Write, ip(from), now_ms).is_ok() {
                    taken[from as usize] += 1;
                }
                let most = WRITES_OF_ADDRESS.burst + (now_ms - start_ms) / WRITES_OF_ADDRESS.each_ms + 1;
                prop_assert!(taken.iter().all(|taken| *taken <= most));
            }
        }
    }
}
