//! Many readers of one stream: what they share, and how each is judged.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::{
    Result,
    screen::{GROUPS, Place},
    stats::Histogram,
};

pub(crate) mod nats;
pub(crate) mod ours;

/// Sockets that one client address opens at one server: below the node's bound of 1,000.
const SOCKETS_PER_ADDRESS: usize = 400;
/// One socket in so many stops reading.
const STALLED_ONE_IN: usize = 100;
/// Kernel receive buffer of a socket that will stall.
pub(crate) const STALLED_RECEIVE_BYTES: u32 = 4096;
/// How often a wait looks again.
const LOOK: Duration = Duration::from_millis(20);

/// What all readers share.
#[derive(Debug, Default)]
pub(crate) struct Board {
    /// Latencies while [`Board::measures`].
    pub(crate) latency: Histogram,
    /// Whether latencies count now.
    pub(crate) measures: AtomicBool,
    /// Events that readers got, in all.
    pub(crate) deliveries: AtomicU64,
    /// Readers that are where they should be to begin.
    pub(crate) ready: AtomicUsize,
    /// Tries to open a socket that failed.
    pub(crate) failed_opens: AtomicU64,
}

/// Of no events.
const DIGEST_OF_NONE: u64 = 0xcbf2_9ce4_8422_2325;

/// What one reader has got.
#[derive(Debug)]
pub(crate) struct Slot {
    /// Whether it stops reading once it is ready.
    pub(crate) stalls: bool,
    /// Events.
    pub(crate) count: AtomicU64,
    /// Of all events in their order: equal for readers that got the same.
    pub(crate) digest: AtomicU64,
    /// Frames that did not begin where the last one ended, or numbers out of their order.
    pub(crate) breaks: AtomicU64,
    /// Whether the server let it go, or the socket failed.
    pub(crate) ended: AtomicBool,
    /// Where it is in each group, to resume.
    pub(crate) places: Mutex<[Place; GROUPS]>,
}

impl Slot {
    /// Takes an event.
    pub(crate) fn take(&self, event: &[u8]) {
        let digest = event.iter().fold(self.digest.load(Ordering::Relaxed), |digest, byte| {
            (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        // One task writes, so that load and store need not be one step.
        self.digest.store(digest, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// Forgets the events so far: what came right behind a picture is not of the run. Called while nothing comes.
    pub(crate) fn forget(&self) {
        self.count.store(0, Ordering::Relaxed);
        self.digest.store(DIGEST_OF_NONE, Ordering::Relaxed);
    }

    /// Keeps where it is.
    pub(crate) fn keep(&self, place: Place) {
        crate::screen::put(&mut self.places.lock().unwrap_or_else(PoisonError::into_inner), place);
    }

    /// Where it is.
    pub(crate) fn places(&self) -> [Place; GROUPS] {
        *self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `count` readers, one in a hundred of which will stall.
pub(crate) fn slots(count: usize) -> Vec<Arc<Slot>> {
    let slot = |at: usize| {
        Arc::new(Slot {
            stalls: at % STALLED_ONE_IN == STALLED_ONE_IN / 2,
            count: AtomicU64::new(0),
            digest: AtomicU64::new(DIGEST_OF_NONE),
            breaks: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            places: Mutex::default(),
        })
    };
    (0..count).map(slot).collect()
}

/// The client address of a reader: a few hundred share one, as behind a few gateways.
pub(crate) fn client_address(at: usize) -> IpAddr {
    let last = u8::try_from(2 + at / SOCKETS_PER_ADDRESS % 250).unwrap_or(u8::MAX);
    IpAddr::V4(Ipv4Addr::new(127, 0, 1, last))
}

/// Waits until `done`, at most `within`; whether it came to be.
pub(crate) async fn wait(within: Duration, done: impl Fn() -> bool) -> bool {
    let until = Instant::now() + within;
    while !done() {
        if Instant::now() > until {
            return false;
        }
        sleep(LOOK).await;
    }
    true
}

/// How the readers that kept reading did.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Readers that kept reading.
    pub(crate) readers: usize,
    /// Of them, those that got every event, once, in order.
    pub(crate) whole: usize,
    /// Those let go by the server.
    pub(crate) let_go: usize,
    /// Frames or numbers out of their order, in all.
    pub(crate) breaks: u64,
    /// Readers that stalled.
    pub(crate) stalled: usize,
}

/// Judges readers against `expected` events: whole is who has that many, without a break, and the same digest as most.
pub(crate) fn judge(slots: &[Arc<Slot>], expected: u64) -> Verdict {
    let digest = |slot: &Slot| slot.digest.load(Ordering::Relaxed);
    let full = |slot: &Slot| slot.count.load(Ordering::Relaxed) == expected && slot.breaks.load(Ordering::Relaxed) == 0;
    let mut digests = std::collections::HashMap::<u64, usize>::new();
    for slot in slots.iter().filter(|slot| !slot.stalls && full(slot)) {
        *digests.entry(digest(slot)).or_default() += 1;
    }
    let common = digests.into_iter().max_by_key(|(_, count)| *count).map(|(digest, _)| digest);
    let mut verdict = Verdict::default();
    for slot in slots {
        if slot.stalls {
            verdict.stalled += 1;
            continue;
        }
        verdict.readers += 1;
        verdict.whole += usize::from(full(slot) && Some(digest(slot)) == common);
        verdict.let_go += usize::from(slot.ended.load(Ordering::Relaxed));
        verdict.breaks += slot.breaks.load(Ordering::Relaxed);
    }
    verdict
}

/// Says what the readers that are not whole have, for the log.
pub(crate) fn explain(slots: &[Arc<Slot>], expected: u64) -> String {
    let others: Vec<_> = slots
        .iter()
        .enumerate()
        .filter(|(_, slot)| !slot.stalls && slot.count.load(Ordering::Relaxed) != expected)
        .take(5)
        .map(|(at, slot)| format!("reader {at}: {} of {expected}", slot.count.load(Ordering::Relaxed)))
        .collect();
    others.join(", ")
}

/// Raises this process's bound of open files to its hard bound, for itself and what it starts.
pub(crate) fn raise_open_files() -> Result<()> {
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    let line =
        limits.lines().find(|line| line.starts_with("Max open files")).ok_or("no bound of open files is told")?;
    let hard = line.split_whitespace().nth(4).ok_or("no hard bound of open files is told")?;
    let own = std::process::id().to_string();
    let raised =
        std::process::Command::new("prlimit").args(["--pid", &own, &format!("--nofile={hard}:{hard}")]).status()?;
    if raised.success() { Ok(()) } else { Err("prlimit could not raise the bound of open files".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_is_all_in_order_and_the_same_as_the_others() {
        let slots = slots(4);
        for slot in &slots {
            slot.take(b"one");
            slot.take(b"two");
        }
        assert_eq!(judge(&slots, 2).whole, 4);
        slots[0].take(b"two");
        slots[1].breaks.store(1, Ordering::Relaxed);
        slots[2].ended.store(true, Ordering::Relaxed);
        assert_eq!(judge(&slots, 2), Verdict { readers: 4, whole: 2, let_go: 1, breaks: 1, stalled: 0 });
        let turned = super::slots(3);
        for slot in &turned {
            slot.take(b"one");
            slot.take(b"two");
        }
        let other = super::slots(1);
        other[0].take(b"two");
        other[0].take(b"one");
        let all: Vec<_> = turned.into_iter().chain(other).collect();
        assert_eq!(judge(&all, 2).whole, 3, "the same events in another order are not whole");
    }

    #[test]
    fn one_in_a_hundred_stalls_and_addresses_are_spread() {
        assert_eq!(slots(1000).iter().filter(|slot| slot.stalls).count(), 10);
        assert_ne!(client_address(0), client_address(SOCKETS_PER_ADDRESS));
        assert_eq!(client_address(4999).to_string(), "127.0.1.14");
    }
}
