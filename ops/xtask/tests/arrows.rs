//! The arrows of ARCHITECTURE.md: who imports whom, and which names stay behind which door. A new arrow is the rare change
//! that gets the long review: it is drawn in the table first, with its reason below it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::BTreeSet;

use common::{Row, Source, has_word};

/// A dependency as a Cargo.toml names it.
#[derive(Debug, PartialEq, Eq)]
struct Dependency {
    line: usize,
    name: String,
    only_for_tests: bool,
    has_path: bool,
}

/// The dependencies of a Cargo.toml. It reads as much TOML as Cargo.toml files of this workspace use: one key a line.
fn dependencies(cargo_toml: &str) -> Vec<Dependency> {
    let mut found: Vec<Dependency> = Vec::new();
    let mut section = String::new();
    for (at, line) in cargo_toml.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').trim().to_owned();
            // `[dependencies.name]` is a dependency by itself.
            if let Some((kind, name)) = section.rsplit_once("dependencies.") {
                let only_for_tests = kind.ends_with("dev-");
                found.push(Dependency { line: at + 1, name: name.to_owned(), only_for_tests, has_path: false });
            }
            continue;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        if section.contains("dependencies.") {
            if let Some(last) = found.last_mut() {
                last.has_path |= key.trim() == "path";
            }
        } else if section.ends_with("dependencies") {
            let name = key.trim().split('.').next().unwrap_or_default().trim_matches('"').to_owned();
            let has_path = value.contains("path =") || value.contains("path=");
            found.push(Dependency {
                line: at + 1,
                name,
                only_for_tests: section.ends_with("dev-dependencies"),
                has_path,
            });
        }
    }
    found
}

/// What is wrong with one crate's Cargo.toml.
fn wrong_imports(row: &Row, ours: &BTreeSet<&str>, cargo_toml: &str) -> Vec<String> {
    let file = format!("{}/Cargo.toml", row.folder);
    let mut findings = Vec::new();
    let found = dependencies(cargo_toml);
    for dependency in &found {
        let Dependency { line, name, only_for_tests, has_path } = dependency;
        if *has_path {
            findings.push(format!("{file}:{line}: `{name}` by path: write `{name}.workspace = true`"));
        }
        let allowed = row.imports.contains(name) || (*only_for_tests && row.test_imports.contains(name));
        if ours.contains(name.as_str()) && !allowed {
            findings.push(format!(
                "{file}:{line}: the table in ARCHITECTURE.md has no arrow to `{name}`: go without it, or draw the arrow with its reason"
            ));
        }
    }
    for name in row.imports.iter().chain(&row.test_imports) {
        if !found.iter().any(|dependency| dependency.name == *name) {
            findings.push(format!(
                "ARCHITECTURE.md: {} has an arrow to `{name}` but does not import it: take it out",
                row.folder
            ));
        }
    }
    findings
}

#[test]
fn crates_import_only_what_the_table_allows() {
    let rows = common::table(&common::read("ARCHITECTURE.md"));
    let ours: BTreeSet<_> = rows.iter().filter_map(|row| row.name.as_deref()).collect();
    let mut findings = Vec::new();
    for row in rows.iter().filter(|row| row.name.is_some()) {
        findings.extend(wrong_imports(row, &ours, &common::read(&format!("{}/Cargo.toml", row.folder))));
    }
    common::refuse(&findings);
}

#[test]
fn every_crate_stands_in_the_table() {
    let rows = common::table(&common::read("ARCHITECTURE.md"));
    let drawn: BTreeSet<_> = rows.iter().filter(|row| row.name.is_some()).map(|row| row.folder.clone()).collect();
    let workspace = common::read("Cargo.toml");
    let members = workspace.lines().skip_while(|line| !line.starts_with("members")).skip(1);
    let members: BTreeSet<_> = members
        .take_while(|line| !line.starts_with(']'))
        .map(|line| line.trim().trim_matches(|c| c == '"' || c == ',').to_owned())
        .collect();
    assert_eq!(members, drawn, "left: crates of the workspace; right: the table of ARCHITECTURE.md");
}

#[test]
fn an_import_that_is_not_in_the_table_is_found() {
    let row = Row {
        folder: "gateway/x".to_owned(),
        name: Some("x".to_owned()),
        imports: vec!["entity".to_owned()],
        test_imports: vec!["domain".to_owned()],
    };
    let ours = BTreeSet::from(["x", "entity", "domain", "raft", "peer"]);
    let cargo_toml = "\
[package]
name = \"x\"
[dependencies]
entity.workspace = true
raft = { workspace = true }
bytes.workspace = true
[dependencies.peer]
path = \"../../cluster/peer\"
[dev-dependencies]
domain.workspace = true";
    let findings = wrong_imports(&row, &ours, cargo_toml);
    assert_eq!(findings.len(), 3, "{findings:?}");
    assert!(findings[0].starts_with("gateway/x/Cargo.toml:5: the table"), "{findings:?}");
    assert!(findings[1].starts_with("gateway/x/Cargo.toml:7: `peer` by path"), "{findings:?}");
    assert!(findings[2].starts_with("gateway/x/Cargo.toml:7: the table"), "{findings:?}");
    let outside_tests = cargo_toml.replace("[dev-dependencies]\n", "[build-dependencies]\n");
    assert_eq!(wrong_imports(&row, &ours, &outside_tests).len(), 4);
    assert_eq!(wrong_imports(&row, &ours, "[dependencies]").len(), 2, "arrows that nobody goes");
}

/// A name that stays behind a door.
struct Kept {
    names: &'static [&'static str],
    extensions: &'static [&'static str],
    /// Only files below these folders are looked at.
    within: &'static str,
    /// Files below these folders may use it.
    but: &'static [&'static str],
    remedy: &'static str,
}

const KEPT: &[Kept] = &[
    Kept {
        names: &["rocksdb::"],
        extensions: &["rs"],
        within: "",
        but: &["consensus/rocks/"],
        remedy: "go through raft::disk::Disk; consensus/rocks alone knows RocksDB",
    },
    Kept {
        names: &["openraft::"],
        extensions: &["rs"],
        within: "",
        but: &["consensus/raft/", "consensus/rocks/tests/"],
        remedy: "go through raft::Groups; consensus/raft alone knows openraft",
    },
    Kept {
        names: &["ractor::"],
        extensions: &["rs"],
        within: "",
        but: &["actors/"],
        remedy: "go through entity::Router; the actors are its own",
    },
    Kept {
        names: &[
            "std::time::SystemTime",
            "std::time::Instant",
            "SystemTime::now",
            "Instant::now",
            "HashMap",
            "HashSet",
        ],
        extensions: &["rs"],
        within: "consensus/domain/src/",
        but: &[],
        remedy: "domain is pure: take the time from the entry, and BTreeMap or BTreeSet, whose order is the same on every node",
    },
    Kept {
        names: &["seeded-bugs"],
        extensions: &["toml"],
        within: "",
        but: &["chaos-tests/agree/", "chaos-tests/city/", "consensus/domain/Cargo.toml", "consensus/raft/Cargo.toml"],
        remedy: "nothing that ships turns mistakes on; chaos-tests/agree and city do, to judge their judges",
    },
    Kept {
        names: &["new WebSocket", "fetch(", "new XMLHttpRequest", "new EventSource", "sendBeacon("],
        extensions: &["ts", "svelte", "js"],
        within: "web/src/",
        but: &["web/src/link/"],
        remedy: "ask web/src/link; it alone touches the network",
    },
];

/// Where `source` uses a name that it may not.
fn wrong_names(source: &Source) -> Vec<String> {
    let mut findings = Vec::new();
    for kept in KEPT {
        let binds = source.path.starts_with(kept.within) && !kept.but.iter().any(|but| source.path.starts_with(but));
        if !binds || !kept.extensions.contains(&source.extension()) {
            continue;
        }
        for (at, line) in source.code() {
            for name in kept.names.iter().filter(|name| has_word(line, name)) {
                findings.push(format!("{}:{at}: `{name}`: {}", source.path, kept.remedy));
            }
        }
    }
    findings
}

#[test]
fn names_stay_behind_their_doors() {
    // This file names them all, to look for them.
    let sources = common::sources();
    let others = sources.iter().filter(|source| source.path != "ops/xtask/tests/arrows.rs");
    common::refuse(&others.flat_map(wrong_names).collect::<Vec<_>>());
}

#[test]
fn a_name_outside_its_door_is_found() {
    let found = |path: &str, text: &str| wrong_names(&Source::planted(path, text)).len();
    assert_eq!(found("gateway/edge/src/lib.rs", "use rocksdb::DB;"), 1);
    assert_eq!(found("consensus/rocks/src/lib.rs", "use rocksdb::DB;"), 0);
    assert_eq!(found("consensus/rocks/src/lib.rs", "use openraft::Raft;"), 1);
    assert_eq!(found("consensus/rocks/tests/suite.rs", "use openraft::Raft;"), 0);
    assert_eq!(found("cluster/node/src/lib.rs", "use ractor::Actor; // and a tractor::Wheel"), 1);
    assert_eq!(found("cluster/node/src/lib.rs", "use tractor::Wheel;"), 0);
    assert_eq!(found("consensus/domain/src/state.rs", "let now = std::time::Instant::now();"), 2);
    assert_eq!(found("consensus/domain/src/state.rs", "//! no clock, no HashMap"), 0);
    assert_eq!(found("consensus/domain/src/state.rs", "cells: HashMap<u8, u8>,"), 1);
    assert_eq!(found("consensus/domain/tests/properties.rs", "cells: HashMap<u8, u8>,"), 0);
    assert_eq!(found("cluster/node/Cargo.toml", "raft = { workspace = true, features = [\"seeded-bugs\"] }"), 1);
    assert_eq!(found("chaos-tests/agree/Cargo.toml", "seeded-bugs = [\"raft/seeded-bugs\"]"), 0);
    assert_eq!(found("web/src/ui/Bell.svelte", "await fetch('/api')"), 1);
    assert_eq!(found("web/src/ui/Bell.svelte", "await prefetch('/api')"), 0);
    assert_eq!(found("web/src/link/api.ts", "await window.fetch('/api')"), 0);
    assert_eq!(found("web/src/state/desk.svelte.ts", "await window.fetch('/api')"), 1);
}
