//! "Follow one report" in ARCHITECTURE.md leads a newcomer through the files. This test walks it: each file and each name
//! that it gives is there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;

/// What stands over the walk.
const HEADING: &str = "## Follow one report";

/// Fewer would mean that the walk is not read any more.
const STOPS_MIN: usize = 15;

/// A stop of the walk: a line of ARCHITECTURE.md, a file, a name in it.
#[derive(Debug, PartialEq, Eq)]
struct Stop {
    line: usize,
    path: String,
    symbol: String,
}

/// The stops: `path` → `symbol`, `symbol` and so on, until the list of names ends.
fn stops(architecture: &str) -> Vec<Stop> {
    let mut found = Vec::new();
    let lines = architecture.lines().enumerate().skip_while(|(_, line)| *line != HEADING).skip(1);
    for (at, line) in lines.take_while(|(_, line)| !line.starts_with("## ")) {
        for (arrow, _) in line.match_indices("` → `") {
            let path = line[..arrow].rsplit('`').next().unwrap();
            let mut rest = &line[arrow + "` → `".len()..];
            while let Some((symbol, after)) = rest.split_once('`') {
                found.push(Stop { line: at + 1, path: path.to_owned(), symbol: symbol.to_owned() });
                let Some(next) = after.strip_prefix(", `") else { break };
                rest = next;
            }
        }
    }
    found
}

#[test]
fn every_stop_of_the_walk_is_there() {
    let stops = stops(&common::read("ARCHITECTURE.md"));
    assert!(stops.len() >= STOPS_MIN, "the walk has {} stops; it is written `path` → `symbol`", stops.len());
    let root = common::root();
    let mut findings = Vec::new();
    for Stop { line, path, symbol } in stops {
        match fs::read_to_string(root.join(&path)) {
            Err(_) => findings.push(format!("ARCHITECTURE.md:{line}: `{path}` is not there: mend the walk")),
            Ok(text) if text.lines().any(|line| common::has_word(line, &symbol)) => {}
            Ok(_) => findings.push(format!("ARCHITECTURE.md:{line}: `{path}` has no `{symbol}`: mend the walk")),
        }
    }
    common::refuse(&findings);
}

#[test]
fn the_walk_is_read_as_it_is_written() {
    let text = "## Folders\n`a.rs` → `no`\n## Follow one report\n1. In `a.rs` → `b`, `c`; then `d/e.ts` → `f`.\n## Next\n`g.rs` → `h`";
    let stop = |path: &str, symbol: &str| Stop { line: 4, path: path.to_owned(), symbol: symbol.to_owned() };
    assert_eq!(stops(text), [stop("a.rs", "b"), stop("a.rs", "c"), stop("d/e.ts", "f")]);
}
