//! Every mistake of the city's is found, within the seeds that are played here.

#![allow(clippy::panic, reason = "a test may panic")]

use city::{bug::Mistake, play_of, run};

/// More than the slowest mistake needs.
const SEEDS_MAX: u64 = 60;

fn must_be_found(mistake: Mistake) {
    if (0..SEEDS_MAX).all(|seed| run(play_of(seed, Some(mistake), None, false)).violation.is_none()) {
        panic!("{mistake:?} is found by nobody in {SEEDS_MAX} seeds");
    }
}

#[test]
fn a_mistake_between_consensus_and_people_is_found() {
    Mistake::ALL.iter().map(|(mistake, _)| *mistake).for_each(must_be_found);
}
