//! Transcripts: what the domain does, one command a line, as a person would tell it. `tests/scripts/<noun>/*`.
//!
//! After each command the runner also checks the invariants, that the changed rows add up to the whole state, and that a
//! refusal has no events. `UPDATE_GOLDENFILES=1 cargo test -p domain --test it scripts` writes the expected halves anew;
//! read the difference before committing it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it does not expect stops")]

use crate::script;
use std::path::Path;

fn run(noun: &str) {
    // Tests run in their package's folder. The folder of the build may be that of another clone.
    let folder = Path::new("tests/scripts").join(noun);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 2, "{noun} has too few scripts: {paths:?}");
    for path in paths {
        goldenscript::run(&mut script::Runner::new(), &path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}

macro_rules! nouns {
    ($($noun:ident)+) => {$(
        #[test]
        fn $noun() {
            run(stringify!($noun));
        }
    )+};
}

nouns! {
    admin_unit alarm camera deadline dispatch district incident instruction model notice person placement report sensor
    session unit
}
