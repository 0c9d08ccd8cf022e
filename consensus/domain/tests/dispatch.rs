//! No sequence of commands sends a unit twice or loses an assignment, and of two that decide on the same version one wins.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use crate::any;
use std::collections::{BTreeMap, BTreeSet};

use domain::*;
use proptest::prelude::*;

fn apply(state: &mut State, index: u64, command: impl Into<Command>) -> Reply {
    let at_ms = state.clock().plus(1);
    state
        .apply(index, &Entry { at_ms, request: None, grant: None, command: command.into(), salt: bytes::Bytes::new() })
        .reply
}

/// Each assignment that was ever made, by unit and number, and whether it goes on.
fn assignments(state: &State) -> BTreeMap<(UnitId, u64), bool> {
    let mut found = BTreeMap::new();
    let live = state.units().values().filter_map(|unit| unit.duty.assignment.as_ref()).map(|it| (it, true));
    let past = state.incidents().values().flat_map(|incident| &incident.dispatch.past).map(|it| (it, false));
    for (assignment, is_live) in live.chain(past) {
        let before = found.insert((assignment.unit.clone(), assignment.number), is_live);
        assert_eq!(before, None, "{} #{} is there twice", assignment.unit, assignment.number);
    }
    found
}

fn check(state: &State) {
    let mut sent = BTreeSet::new();
    for incident in state.incidents().values() {
        for unit in &incident.units {
            assert!(sent.insert(unit), "{unit} is in two incidents");
        }
    }
    let found = assignments(state);
    for unit in state.units().values() {
        let numbers: Vec<_> = found.keys().filter(|(id, _)| *id == unit.id).map(|(_, number)| *number).collect();
        assert_eq!(numbers, (1..=unit.duty.assignments_made).collect::<Vec<_>>(), "{} lost one", unit.id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn no_unit_is_sent_twice_and_no_assignment_is_lost(entries in any::entries(any::command_of_group_0())) {
        let mut state = State::new(GroupId::COMMAND);
        let world = any::world(GroupId::COMMAND).into_iter().map(|entry| (false, entry));
        for (index, (is_aimed, mut entry)) in (1..).zip(world.chain(entries)) {
            if is_aimed {
                any::aim(&mut entry, &state);
            }
            let before = assignments(&state);
            state.apply(index, &entry);
            state.check().unwrap_or_else(|violation| panic!("{violation} after {entry:?}"));
            check(&state);
            // What has ended stays so.
            let after = assignments(&state);
            prop_assert!(before.iter().all(|(key, is_live)| *is_live || after.get(key) == Some(&false)));
        }
    }

    /// Two dispatchers who have seen the same version: exactly one is heard, whichever comes first.
    #[test]
    fn of_two_that_saw_the_same_version_one_is_refused(
        one in prop::collection::btree_set(0usize..3, 1..3),
        other in prop::collection::btree_set(0usize..3, 1..3),
    ) {
        let mut state = State::new(GroupId::COMMAND);
        for (index, entry) in (1..).zip(any::world(GroupId::COMMAND)) {
            state.apply(index, &entry);
        }
        let ids: Vec<UnitId> = state.units().keys().cloned().collect();
        let place = state.units().values().next().unwrap().station.clone();
        let origin = Origin::Report("call-1".into());
        let source = Source { origin, episode: 0, version: 0, active: false, at_ms: Millis(0), alarm_report: None };
        let open = OpenIncident {
            kind: IncidentKind::Fire,
            severity: Severity::High,
            place,
            summary: "smoke".into(),
            source,
            exercise: false,
            place_is_mapped: false,
            advice: None,
        };
        apply(&mut state, 100, open);
        let assign = |chosen: &BTreeSet<usize>| AssignIncident {
            incident: IncidentId::new("I1").unwrap(),
            expected_version: 1,
            units: chosen.iter().map(|at| ids[*at].clone()).collect(),
        };
        prop_assert!(matches!(apply(&mut state, 101, assign(&one)), Reply::Accepted(_)));
        let late = apply(&mut state, 102, assign(&other));
        let is_conflict = matches!(&late, Reply::Refused(refusal) if refusal.code == RefusalCode::VersionConflict);
        prop_assert!(is_conflict, "{:?}", late);
        let sent: BTreeSet<usize> = ids.iter().enumerate()
            .filter(|(_, id)| state.units()[*id].incident.is_some()).map(|(at, _)| at).collect();
        prop_assert_eq!(sent, one);
    }
}
