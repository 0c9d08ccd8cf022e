//! Seeds that are played in every run. What seeds once found is put back as a mistake (`Bug::ReadBeyondEnd`), which outlives
//! every change of the plays.

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

#[test]
fn the_fixed_seeds_hold_every_promise() {
    SEEDS.for_each(must_hold);
}
