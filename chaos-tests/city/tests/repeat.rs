//! One seed is one play.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use city::{play_of, run};

#[test]
fn a_seed_played_twice_is_the_same_byte_for_byte() {
    for seed in [3, 77_777] {
        let (first, second) = (run(play_of(seed, None, None, true)), run(play_of(seed, None, None, true)));
        let (first_lines, second_lines) = (first.history.unwrap(), second.history.unwrap());
        let differs = first_lines.lines().zip(second_lines.lines()).enumerate().find(|(_, (a, b))| a != b);
        assert_eq!(differs, None, "seed {seed}: the first line that differs");
        assert_eq!((first_lines.len(), first.hash), (second_lines.len(), second.hash), "seed {seed}");
    }
}

#[test]
fn a_play_does_not_depend_on_what_was_played_before_it_nor_on_the_thread() {
    let here = run(play_of(5, None, None, false)).hash;
    let there =
        std::thread::spawn(|| (run(play_of(6, None, None, false)).hash, run(play_of(5, None, None, false)).hash));
    let (other, again) = there.join().unwrap();
    assert_eq!(here, again);
    assert_ne!(here, other, "another seed is another play");
}
