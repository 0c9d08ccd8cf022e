//! Every mistake inside consensus and the domain that can be put back is found, within the seeds that are played here. `cargo xtask test --only
//! mistakes` builds them in, under the feature `seeded-bugs`.

#![allow(clippy::panic, reason = "a test may panic")]

use agree::{
    bug::{Bug, Layer},
    play_of, run,
};

/// More than the slowest mistake needs by far.
const SEEDS_MAX: u64 = 300;

/// A mistake is made on the thread that plays: the layers are played beside each other.
fn must_be_found(layer: Layer) {
    for bug in Bug::ALL.iter().copied().filter(|bug| bug.layer() == layer) {
        let found = (0..SEEDS_MAX).find_map(|seed| Some((seed + 1, run(play_of(seed, Some(bug), false)).violation?)));
        match found {
            Some((seeds, violation)) => println!("{bug:?}: found by {} after {seeds} seeds", violation.judge),
            None => panic!("{bug:?} is found by nobody in {SEEDS_MAX} seeds"),
        }
    }
}

#[test]
fn a_mistake_of_consensus_is_found() {
    must_be_found(Layer::Raft);
}

#[test]
fn a_mistake_of_the_domain_is_found() {
    must_be_found(Layer::Domain);
}
