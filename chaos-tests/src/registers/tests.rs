#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::{random::Random, world::NODES};

fn registers() -> Registers {
    Registers::new(Reads::Linearizable, ["a".to_owned(), "b".to_owned()])
}

fn write(registers: &Registers, name: &str) -> u64 {
    let (number, value) = registers.writes(name).unwrap();
    registers.wrote(name, number);
    value
}

fn read(registers: &Registers, name: &str, value: u64) {
    registers.got(name, registers.asks(), value);
}

#[test]
fn what_was_acknowledged_is_read_and_each_register_is_its_own() {
    let registers = registers();
    read(&registers, "b", 0);
    let first = write(&registers, "a");
    read(&registers, "a", first);
    let second = write(&registers, "a");
    read(&registers, "a", second);
    read(&registers, "b", 0);
    assert_eq!(registers.judge(), Vec::<String>::new());
    assert_eq!(registers.ordered(), Ordered { reads: 4, writes: 2, unknown: 0 });
}

#[test]
fn a_stale_read_is_caught_and_the_first_wrong_answer_is_told() {
    let registers = registers();
    let old = write(&registers, "a");
    let new = write(&registers, "a");
    read(&registers, "a", new);
    read(&registers, "a", old);
    for _ in 0..20 {
        read(&registers, "a", new);
        read(&registers, "b", 0);
    }
    let said = registers.judge();
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("a: no order explains"), "{said:?}");
    assert!(said[0].ends_with(&format!("read {old} [6, 7]")), "what comes after it is not told: {said:?}");
}

#[test]
fn while_a_write_is_under_way_both_values_are_right_but_not_in_turn() {
    let registers = registers();
    let old = write(&registers, "a");
    let (number, new) = registers.writes("a").unwrap();
    read(&registers, "a", old);
    read(&registers, "a", new);
    registers.wrote("a", number);
    assert_eq!(registers.judge(), Vec::<String>::new());
    let (_, newer) = registers.writes("a").unwrap();
    read(&registers, "a", newer);
    read(&registers, "a", new);
    assert_eq!(registers.judge().len(), 1);
}

#[test]
fn a_write_that_nobody_was_answered_may_come_late_or_never_but_once() {
    let registers = registers();
    let (_, unknown) = registers.writes("a").unwrap();
    let known = write(&registers, "a");
    read(&registers, "a", known);
    assert_eq!(registers.judge(), Vec::<String>::new(), "never");
    read(&registers, "a", unknown);
    assert_eq!(registers.judge(), Vec::<String>::new(), "late");
    assert_eq!(registers.ordered().unknown, 1);
    let last = write(&registers, "a");
    read(&registers, "a", last);
    read(&registers, "a", unknown);
    assert_eq!(registers.judge().len(), 1, "twice");
}

#[test]
fn what_nobody_wrote_and_a_register_that_has_gone_are_found() {
    let registers = registers();
    read(&registers, "a", FOREIGN);
    assert_eq!(registers.judge().len(), 1);
}

#[test]
fn a_full_register_takes_nothing_new_and_is_judged() {
    let registers = registers();
    for _ in 0..OPS_PER_REGISTER_MAX / 2 {
        let value = write(&registers, "a");
        read(&registers, "a", value);
    }
    assert!(registers.writes("a").is_none());
    assert_eq!(registers.open(), ["b"]);
    assert_eq!(registers.judge(), Vec::<String>::new());
    // Whoever had asked before is answered all the same.
    read(&registers, "a", 1);
    assert_eq!(registers.judge().len(), 1);
}

#[test]
fn what_cannot_be_searched_fails_and_is_not_passed_over() {
    let registers = registers();
    let numbers: Vec<(usize, u64)> = (0..12).map(|_| registers.writes("a").unwrap()).collect();
    numbers.iter().for_each(|(number, _)| registers.wrote("a", *number));
    read(&registers, "a", numbers[5].1);
    let history = registers.histories()["a"].clone();
    assert_eq!(explained(&history, POSITIONS_MAX), Ok(()));
    let said = explained(&history, 5).unwrap_err();
    assert!(said.contains("13 operations"), "{said}");
}

/// Nodes that apply what is acknowledged sooner or later, and clients of whom each asks any of them; two operations may overlap.
fn play(seed: u64, reads: Reads) -> Registers {
    let registers = Registers::new(reads, ["a".to_owned()]);
    let mut random = Random::new(seed);
    let mut log = vec![0];
    let mut applied = vec![0; usize::try_from(NODES).unwrap()];
    let mut under_way: Option<(usize, u64)> = None;
    for _ in 0..200 {
        let node = random.below(applied.len());
        applied[node] = applied[node].max(random.below(log.len()));
        match (random.below(3), under_way.take()) {
            (0, None) => under_way = registers.writes("a"),
            (0, Some((number, value))) => {
                log.push(value);
                registers.wrote("a", number);
            }
            (_, write) => {
                let called = registers.asks();
                if reads == Reads::Linearizable {
                    applied[node] = log.len() - 1;
                }
                registers.got("a", called, log[applied[node]]);
                under_way = write;
            }
        }
    }
    registers
}

#[test]
fn a_gateway_that_answers_from_what_it_has_applied_is_caught_in_every_seed_and_one_that_asks_in_none() {
    for seed in 0..50 {
        assert_eq!(play(seed, Reads::Linearizable).judge(), Vec::<String>::new(), "seed {seed}");
        assert_eq!(play(seed, Reads::Local).judge().len(), 1, "seed {seed}");
    }
}
