//! Seeds that are played in every run.

#![allow(clippy::panic, reason = "a test may panic")]

use city::{play_of, run};

/// Played each time. Each takes a few seconds of one core at most.
const SEEDS: std::ops::Range<u64> = 0..20;

#[test]
fn the_fixed_seeds_hold_every_promise() {
    for seed in SEEDS {
        let outcome = run(play_of(seed, None, None, false));
        if let Some(violation) = &outcome.violation {
            panic!("seed {seed}: {violation}\nagain: {}", outcome.command());
        }
        let counts = &outcome.counts;
        assert!(counts.answered > 10 && counts.messages > 50 && counts.screens_opened > 4, "seed {seed}: {counts:?}");
    }
}
