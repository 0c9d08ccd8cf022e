//! Seeds that are played in every run, and those that once found something.

#![allow(clippy::panic, reason = "a test may panic")]

use city::{play_of, run};

/// Played each time. Each takes a few seconds of one core at most.
const SEEDS: std::ops::Range<u64> = 0..20;

/// Each broke a promise once. A change of the plays changes what they play: what they found has a test of its own as well.
const ONCE_BROKEN: [u64; 3] = [117_667_740_713_666, 117_667_740_713_827, 117_667_787_964_690];

#[test]
fn what_was_broken_once_holds() {
    for seed in ONCE_BROKEN {
        let outcome = run(play_of(seed, None, None, false));
        if let Some(violation) = &outcome.violation {
            panic!("seed {seed}: {violation}\nagain: {}", outcome.command());
        }
    }
}

#[test]
fn the_fixed_seeds_hold_every_promise() {
    let (mut answered, mut messages, mut opened, mut reads) = (0, 0, 0, 0);
    for seed in SEEDS {
        let outcome = run(play_of(seed, None, None, false));
        if let Some(violation) = &outcome.violation {
            panic!("seed {seed}: {violation}\nagain: {}", outcome.command());
        }
        let counts = &outcome.counts;
        assert!(counts.answered > 0 && counts.messages > 0 && counts.screens_opened > 0, "seed {seed}: {counts:?}");
        answered += counts.answered;
        messages += counts.messages;
        opened += counts.screens_opened;
        reads += counts.reads;
    }
    // A night in which little gets through is a night too; twenty of them are not all so.
    assert!(
        answered > 200 && messages > 1_000 && opened > 80 && reads > 5,
        "{answered} answers, {messages} messages, {opened} screens, {reads} linearizable looks"
    );
}
