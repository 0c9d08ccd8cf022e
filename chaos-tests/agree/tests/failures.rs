//! Nothing that was found is forgotten: each failure of the record was mended by a commit, and has a test that would find it again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may panic")]

use std::{fs, path::Path};

use agree::record::{DETAIL, known, open};
use serde_json::{Map, Value};

/// The root of the checkout, from this crate.
const ROOT: &str = "../..";
/// The record, from there.
const REPORTS: &str = "ops/reports";
/// Hexadecimal digits of a commit.
const COMMIT_DIGITS: usize = 40;

fn is_commit(value: &Value) -> bool {
    value.as_str().is_some_and(|it| it.len() == COMMIT_DIGITS && it.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

/// What is wrong with the guard of a failure.
fn unguarded(guard: &Value) -> Option<String> {
    let (file, test) = (guard["file"].as_str().unwrap_or_default(), guard["test"].as_str().unwrap_or_default());
    let Ok(source) = fs::read_to_string(Path::new(ROOT).join(file)) else {
        return Some(format!("{file} is not there: name the file that has the test `{test}` now"));
    };
    let head = format!("fn {test}(");
    let is_test = source.split(&head).next().filter(|before| before.len() < source.len()).is_some_and(|before| {
        let above = before.trim_end().rsplit("\n\n").next().unwrap_or_default();
        above.contains("#[test]") || above.contains("#[tokio::test") || above.contains("proptest!")
    });
    (!is_test).then(|| format!("{file} has no test `{test}`: name the one that guards it now"))
}

#[test]
fn every_failure_that_was_mended_names_its_commit_and_tests_that_are_there() {
    let known = known();
    assert!(!known.is_empty(), "failures.json is not read");
    let mut findings = Vec::new();
    for entry in &known {
        let what = entry["what"].as_str().unwrap_or_default();
        if what.is_empty() || !matches!(entry["layer"].as_str(), Some("agree" | "city" | "siege")) {
            findings.push(format!("{entry}: say in `what` what was wrong, and in `layer` who found it"));
        }
        if !is_commit(&entry["mended"]) {
            findings.push(format!("{what}: `mended` is no commit"));
        }
        let seen = entry["seen"].as_array().cloned().unwrap_or_default();
        if seen.iter().any(|seen| seen["commit"].as_str().is_none() || seen["seed"].as_u64().is_none()) {
            findings.push(format!("{what}: `seen` takes commits and seeds"));
        }
        let guards = entry["guards"].as_array().cloned().unwrap_or_default();
        if guards.is_empty() {
            findings.push(format!("{what}: it has no guard"));
        }
        findings.extend(guards.iter().filter_map(unguarded));
    }
    assert!(findings.is_empty(), "chaos-tests/failures.json:\n{}", findings.join("\n"));
}

#[test]
fn no_failure_of_the_record_is_open() {
    let path = Path::new(ROOT).join(REPORTS).join(DETAIL);
    let detail: Map<String, Value> = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let open = open(&detail, &known());
    assert!(open.is_empty(), "mend it and name it in chaos-tests/failures.json: {open:#?}");
}

#[test]
fn a_guard_that_is_gone_or_is_no_test_is_found() {
    let guard = |file: &str, test: &str| serde_json::json!({ "file": file, "test": test });
    let own = "chaos-tests/agree/tests/failures.rs";
    assert_eq!(unguarded(&guard(own, "no_failure_of_the_record_is_open")), None);
    assert!(unguarded(&guard(own, "unguarded")).is_some());
    assert!(unguarded(&guard(own, "nobody_wrote_this")).is_some());
    assert!(unguarded(&guard("nowhere.rs", "x")).is_some());
}
