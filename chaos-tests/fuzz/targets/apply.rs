//! The state machine is total: whatever entries the log holds, applying them yields a reply, breaks no invariant, and the rows
//! give the same state back. Entries stand one after the other, each after two bytes of length.

#![no_main]

use domain::{Entry, GroupId, State, wire::Record};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((group, mut rest)) = data.split_first() else { return };
    let group = GroupId(u32::from(*group) % 9);
    let mut state = State::new(group);
    let mut index = 0;
    while let Some((size, after)) = rest.split_first_chunk::<2>() {
        let (bytes, after) = after.split_at(usize::from(u16::from_be_bytes(*size)).min(after.len()));
        if let Ok(entry) = Entry::decode(bytes) {
            index += 1;
            state.apply(index, &entry);
            if let Err(violation) = state.check() {
                panic!("{violation:?}");
            }
        }
        rest = after;
    }
    let rows = state.rows();
    let Ok(again) = State::from_rows(group, rows.clone()) else { panic!("the rows of a state are not a state") };
    assert_eq!(again.rows(), rows);
});
