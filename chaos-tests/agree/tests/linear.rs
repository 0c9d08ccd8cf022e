//! The search for an order, against the plainest one there is.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use agree::judge::linear::{Did, Held, Timed, explains, explains_slowly};
use proptest::prelude::*;

fn timed(did: Did, called: u64, answered: Option<u64>) -> Timed {
    Timed { did, called, answered }
}

#[test]
fn a_read_of_what_was_overwritten_before_it_began_is_found() {
    let held = |value| Held { version: 0, value };
    let fresh = [timed(Did::Put(1), 0, Some(1)), timed(Did::Put(2), 2, Some(3)), timed(Did::Got(held(2)), 4, Some(5))];
    assert_eq!(explains(Held::default(), &fresh), Some(true));
    let stale = [fresh[0], fresh[1], timed(Did::Got(held(1)), 4, Some(5))];
    assert_eq!(explains(Held::default(), &stale), Some(false));
    let overlapping = [fresh[0], timed(Did::Put(2), 2, Some(6)), timed(Did::Got(held(1)), 4, Some(5))];
    assert_eq!(explains(Held::default(), &overlapping), Some(true));
}

#[test]
fn what_nobody_was_answered_may_come_late_but_only_once() {
    let held = |value| Held { version: 0, value };
    let late = [
        timed(Did::Put(1), 0, None),
        timed(Did::Put(2), 1, Some(2)),
        timed(Did::Got(held(2)), 3, Some(4)),
        timed(Did::Got(held(1)), 5, Some(6)),
    ];
    assert_eq!(explains(Held::default(), &late), Some(true));
    let twice =
        [late[0], late[1], late[3], timed(Did::Got(held(2)), 7, Some(8)), timed(Did::Got(held(1)), 9, Some(10))];
    assert_eq!(explains(Held::default(), &twice), Some(false));
}

#[test]
fn of_two_who_name_the_same_version_one_takes() {
    let cas = |value, took| Did::Cas { expected: 0, value, took };
    let both = [timed(cas(1, Some(true)), 0, Some(3)), timed(cas(2, Some(true)), 1, Some(2))];
    assert_eq!(explains(Held::default(), &both), Some(false));
    let one = [timed(cas(1, Some(true)), 0, Some(3)), timed(cas(2, Some(false)), 1, Some(2))];
    assert_eq!(explains(Held::default(), &one), Some(true));
}

fn any_did() -> impl Strategy<Value = Did> {
    let held = (0..3_u64, 0..3_u64).prop_map(|(version, value)| Held { version, value });
    prop_oneof![
        (1..3_u64).prop_map(Did::Put),
        (0..2_u64, 1..3_u64, proptest::option::of(any::<bool>())).prop_map(|(expected, value, took)| Did::Cas {
            expected,
            value,
            took
        }),
        held.prop_map(Did::Got),
        Just(Did::Got(Held { version: 0, value: 1 })),
        Just(Did::Got(Held { version: 1, value: 2 })),
    ]
}

/// Distinct moments: places in a shuffled row of them.
fn any_history() -> impl Strategy<Value = Vec<Timed>> {
    (1..6_usize).prop_flat_map(|count| {
        let moments = Just((0..2 * count as u64).collect::<Vec<u64>>()).prop_shuffle();
        let dids = proptest::collection::vec((any_did(), proptest::bool::weighted(0.8)), count);
        (dids, moments).prop_map(|(dids, moments)| {
            let timed = |((did, is_answered), pair): ((Did, bool), &[u64])| {
                let (called, answered) = (pair[0].min(pair[1]), pair[0].max(pair[1]));
                // A read that was not answered is not in a history, nor is an answer without a moment.
                let is_answered = match did {
                    Did::Got(_) => true,
                    Did::Put(_) => is_answered,
                    Did::Cas { took, .. } => took.is_some(),
                };
                Timed { did, called, answered: is_answered.then_some(answered) }
            };
            dids.into_iter().zip(moments.chunks(2)).map(timed).collect()
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, ..ProptestConfig::default() })]

    #[test]
    fn both_searches_say_the_same(history in any_history()) {
        prop_assert_eq!(explains(Held::default(), &history), Some(explains_slowly(Held::default(), &history)));
    }
}
