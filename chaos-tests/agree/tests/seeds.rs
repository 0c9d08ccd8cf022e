//! Seeds that are played in every run, and those that once found something. What was found before the plays changed is put back
//! as a mistake (`Bug::ReadBeyondEnd`), which outlives every change of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use agree::{play_of, run};

/// Played each time.
const SEEDS: std::ops::Range<u64> = 0..24;

fn must_hold(seed: u64) {
    let outcome = run(play_of(seed, None, false));
    if let Some(violation) = &outcome.violation {
        panic!("seed {seed}: {violation}\nagain: {}", outcome.command());
    }
    assert!(outcome.counts.acknowledged > 20, "seed {seed} did nothing: {:?}", outcome.counts);
}

/// Each broke a promise once. A change of the plays changes what they play: what they found has a test in `raft` as well.
const ONCE_BROKEN: [u64; 7] = [
    117_661_816_324_644,
    117_661_816_324_712,
    117_667_572_680_126,
    117_667_612_000_650,
    117_667_612_001_653,
    117_667_612_004_306,
    117_667_651_322_643,
];

#[test]
fn what_was_broken_once_holds() {
    ONCE_BROKEN.into_iter().for_each(must_hold);
}

#[test]
fn the_fixed_seeds_hold_every_promise() {
    SEEDS.for_each(must_hold);
}
