//! Every mistake that is put back is found, within the seeds that are played here. Those inside consensus need the feature `seeded-bugs`.

#![allow(clippy::panic, reason = "a test may panic")]

use agree::{bug::Bug, play_of, run};

/// More than the slowest mistake needs by far.
const SEEDS_MAX: u64 = 300;

fn must_be_found(bug: Bug) {
    if (0..SEEDS_MAX).all(|seed| run(play_of(seed, Some(bug), false)).violation.is_none()) {
        panic!("{bug:?} is found by nobody in {SEEDS_MAX} seeds");
    }
}

#[test]
fn a_mistake_of_the_disk_is_found() {
    Bug::ALL.into_iter().filter(|bug| !bug.is_inside()).for_each(must_be_found);
}

#[cfg(feature = "seeded-bugs")]
#[test]
fn a_mistake_of_consensus_is_found() {
    Bug::ALL.into_iter().filter(|bug| bug.is_inside()).for_each(must_be_found);
}
