//! Seeds that are played in every run, and those that once found something.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use agree::{play_of, run};

/// Played each time, beside the ones below.
const SEEDS: std::ops::Range<u64> = 0..24;

fn must_hold(seed: u64) {
    let outcome = run(play_of(seed, None, false));
    if let Some(violation) = &outcome.violation {
        panic!("seed {seed}: {violation}\nagain: {}", outcome.command());
    }
    assert!(outcome.counts.acknowledged > 20, "seed {seed} did nothing: {:?}", outcome.counts);
}

/// Each once broke a promise. DESIGN.md tells what it was.
const ONCE_BROKEN: [u64; 5] = [45, 84, 142, 203, 245];

#[test]
fn what_was_broken_once_holds() {
    ONCE_BROKEN.into_iter().for_each(must_hold);
}

#[test]
fn the_fixed_seeds_hold_every_promise() {
    SEEDS.for_each(must_hold);
}
