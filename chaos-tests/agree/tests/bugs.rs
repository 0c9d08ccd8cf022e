//! Every mistake of a disk that is put back is found, within the seeds that are played here. Those inside consensus and the domain are in
//! `mistakes.rs`, which is built with them.

#![allow(clippy::panic, reason = "a test may panic")]

use agree::{bug::Bug, play_of, run};

/// More than the slowest mistake needs by far.
const SEEDS_MAX: u64 = 300;

#[test]
fn a_mistake_of_the_disk_is_found() {
    for bug in Bug::ALL.iter().copied().filter(|bug| !bug.is_inside()) {
        if (0..SEEDS_MAX).all(|seed| run(play_of(seed, Some(bug), false)).violation.is_none()) {
            panic!("{bug:?} is found by nobody in {SEEDS_MAX} seeds");
        }
    }
}
