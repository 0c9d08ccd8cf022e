//! Style that a machine can see. Each finding names the file, the line and the remedy.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{collections::BTreeMap, path::Path};

use common::{Source, has_word};

/// Lines of a source file: what a reader holds in mind at once.
const LINES_MAX: usize = 500;
/// Kinds of files that the bound is for.
const MEASURED: &[&str] = &["rs", "ts", "svelte", "proto", "py"];
/// Columns of a line of Rust. rustfmt breaks at 120; beyond this it has met a string that it cannot break.
const COLUMNS_MAX: usize = 160;
/// Kinds of files that no path and no left-over may stand in.
const TEXTS: &[&str] =
    &["rs", "ts", "svelte", "proto", "py", "js", "mjs", "css", "html", "md", "toml", "yaml", "json", "sh", ""];
/// The last section of each DESIGN.md.
const LAST_SECTION: &str = "## Decisions and their cost";

fn all(check: impl Fn(&Source) -> Vec<String>) {
    common::refuse(&common::sources().iter().flat_map(check).collect::<Vec<_>>());
}

fn is_fixture(path: &str) -> bool {
    path.split('/').any(|part| part == "fixtures")
}

// Files that a reader can hold.

fn too_long(source: &Source) -> Vec<String> {
    let lines = source.text.lines().count();
    let exempt = source.is_generated() || is_fixture(&source.path) || !MEASURED.contains(&source.extension());
    if exempt || lines <= LINES_MAX {
        return Vec::new();
    }
    vec![format!("{}:{lines}: more than {LINES_MAX} lines: one subject a file, so split it by subject", source.path)]
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    all(too_long);
}

#[test]
fn a_long_file_is_found_unless_a_program_made_it() {
    let long = "x\n".repeat(LINES_MAX + 1);
    assert_eq!(too_long(&Source::planted("a.rs", &long)).len(), 1);
    assert_eq!(too_long(&Source::planted("a.md", &long)).len(), 0);
    assert_eq!(too_long(&Source::planted("tests/fixtures/a.ts", &long)).len(), 0);
    assert_eq!(too_long(&Source::planted("a.rs", &format!("// @generated\n{long}"))).len(), 0);
    assert_eq!(too_long(&Source::planted("a.rs", &"x\n".repeat(LINES_MAX))).len(), 0);
}

fn too_wide(source: &Source) -> Vec<String> {
    if source.extension() != "rs" || source.is_generated() {
        return Vec::new();
    }
    let wide = source.lines().filter(|(_, line)| line.chars().count() > COLUMNS_MAX);
    wide.map(|(at, _)| format!("{}:{at}: more than {COLUMNS_MAX} columns: break the line", source.path)).collect()
}

#[test]
fn no_line_of_rust_is_too_wide() {
    all(too_wide);
}

#[test]
fn a_wide_line_is_found_and_counted_in_letters() {
    assert_eq!(too_wide(&Source::planted("a.rs", &"đ".repeat(COLUMNS_MAX))).len(), 0);
    assert_eq!(too_wide(&Source::planted("a.rs", &"đ".repeat(COLUMNS_MAX + 1))).len(), 1);
}

// Nothing half done.

/// Written in two halves, so that this file does not find itself.
const LEFT_OVER: &[(&str, &str)] = &[
    (concat!("to", "do!"), "write what is missing"),
    (concat!("unimpl", "emented!"), "write what is missing"),
    (concat!("d", "bg!"), "use tracing, or take it out"),
    (concat!("FIX", "ME"), "mend it, or say in the folder's DESIGN.md what is missing"),
    (concat!("TO", "DO"), "do it, or say in the folder's DESIGN.md what is missing"),
];

fn left_overs(source: &Source) -> Vec<String> {
    if !TEXTS.contains(&source.extension()) || source.is_generated() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (at, line) in source.lines() {
        for (word, remedy) in LEFT_OVER.iter().filter(|(word, _)| has_word(line, word)) {
            findings.push(format!("{}:{at}: `{word}`: {remedy}", source.path));
        }
    }
    findings
}

#[test]
fn nothing_is_left_half_done() {
    all(left_overs);
}

#[test]
fn what_is_half_done_is_found() {
    for (word, _) in LEFT_OVER {
        assert_eq!(left_overs(&Source::planted("a.rs", &format!("fn a() {{ {word}(); }}"))).len(), 1, "{word}");
    }
    assert_eq!(left_overs(&Source::planted("a.rs", concat!("MAS", "TO", "DON"))).len(), 0);
}

// Nothing that holds on one machine only.

/// Folders of people. The checkout's own path is looked for as well.
const HOMES: &[&str] = &[concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/")];

fn machine_paths(source: &Source, checkout: &str) -> Vec<String> {
    if !TEXTS.contains(&source.extension()) {
        return Vec::new();
    }
    let starts_there = |line: &str, path: &str| {
        let goes_on = |c: char| c.is_alphanumeric() || "._-~*)}".contains(c);
        line.match_indices(path).any(|(at, _)| !line[..at].chars().next_back().is_some_and(goes_on))
    };
    let mut findings = Vec::new();
    for (at, line) in source.lines() {
        if HOMES.iter().chain([&checkout]).any(|path| starts_there(line, path)) {
            findings.push(format!("{}:{at}: a path of one machine: begin at the root of the checkout", source.path));
        }
    }
    findings
}

#[test]
fn no_path_holds_on_one_machine_only() {
    let checkout = common::root();
    all(|source| machine_paths(source, &checkout.to_string_lossy()));
}

#[test]
fn a_path_of_one_machine_is_found() {
    let found = |text: &str| machine_paths(&Source::planted("a.md", text), "/srv/checkout").len();
    assert_eq!(found(&format!("see `{}an/notes`", HOMES[0])), 1);
    assert_eq!(found("see /srv/checkout/web"), 1);
    assert_eq!(found(&format!("GET /api{}page", HOMES[0])), 0);
    assert_eq!(found("see web/src"), 0);
}

/// The one registry of crates, under the name that Cargo gives it whatever mirror it was fetched from.
const CRATES: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

fn registries(source: &Source) -> Vec<String> {
    let name = source.path.rsplit('/').next().unwrap();
    let is_wrong: fn(&str) -> bool = match name {
        "package-lock.json" => |line| line.starts_with("\"resolved\": \"http"),
        "Cargo.lock" => |line| line.starts_with("source = ") && line != CRATES,
        ".npmrc" => |line| line.contains("registry=") || line.contains("_authToken"),
        "requirements.txt" => |line| line.contains("://") || line.starts_with("-i") || line.starts_with("--"),
        "config.toml" if source.path.ends_with(".cargo/config.toml") => {
            |line| ["[source", "[registries", "[registry", "[http"].iter().any(|start| line.starts_with(start))
        }
        _ => return Vec::new(),
    };
    let remedy = match name {
        "package-lock.json" => "put `omit-lockfile-registry-resolved=true` into .npmrc beside it and run `npm install`",
        "Cargo.lock" => "take the crate from the common registry",
        _ => "mirrors and tokens belong into the machine's own settings",
    };
    let wrong = source.lines().filter(|(_, line)| is_wrong(line.trim()));
    wrong.map(|(at, _)| format!("{}:{at}: names where packages are fetched from: {remedy}", source.path)).collect()
}

#[test]
fn no_file_names_a_registry() {
    all(registries);
}

#[test]
fn a_registry_is_found() {
    let found = |path: &str, text: &str| registries(&Source::planted(path, text)).len();
    assert_eq!(found("web/package-lock.json", "      \"resolved\": \"https://a.example/x.tgz\","), 1);
    assert_eq!(found("web/package-lock.json", "      \"version\": \"1.0.0\","), 0);
    assert_eq!(found("Cargo.lock", "source = \"git+https://a.example/x#1\""), 1);
    assert_eq!(found("Cargo.lock", CRATES), 0);
    assert_eq!(found("web/.npmrc", "registry=https://a.example"), 1);
    assert_eq!(found("web/.npmrc", "omit-lockfile-registry-resolved=true"), 0);
    assert_eq!(found("ops/map/requirements.txt", "--index-url x"), 1);
    assert_eq!(found(".cargo/config.toml", "[source.crates-io]"), 1);
}

// Documents that lead somewhere.

/// The relative links of a document, with their lines.
fn links(source: &Source) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut in_listing = false;
    for (at, line) in source.lines() {
        if line.trim_start().starts_with("```") {
            in_listing = !in_listing;
        }
        if in_listing {
            continue;
        }
        for (start, _) in line.match_indices("](") {
            let target = line[start + 2..].split([')', ' ']).next().unwrap_or_default();
            let file = target.split('#').next().unwrap_or_default();
            if !file.is_empty() && !file.contains(':') {
                found.push((at, file));
            }
        }
    }
    found
}

fn dead_links(source: &Source) -> Vec<String> {
    if source.extension() != "md" {
        return Vec::new();
    }
    let folder = common::root().join(Path::new(&source.path).parent().unwrap());
    let dead = links(source).into_iter().filter(|(_, file)| !folder.join(file).exists());
    dead.map(|(at, file)| format!("{}:{at}: `{file}` is not there: mend the link", source.path)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    all(dead_links);
}

#[test]
fn a_dead_link_is_found() {
    let text = "[a](nowhere.md) [b](README.md#top) [c](https://a.example) [d](#here)\n```\n[e](nowhere.md)\n```";
    let source = Source::planted("x.md", text);
    assert_eq!(links(&source), [(1, "nowhere.md"), (1, "README.md")]);
    assert_eq!(dead_links(&source).len(), 1);
}

/// What is wrong with the DESIGN.md of `folder`: its own, or that of the shelf that it stands on.
fn undesigned(folder: &str, designs: &BTreeMap<&str, &Source>) -> Option<String> {
    let mut folders = Path::new(folder).ancestors().filter(|folder| !folder.as_os_str().is_empty());
    let Some(design) = folders.find_map(|folder| designs.get(folder.join("DESIGN.md").to_str()?)) else {
        return Some(format!("{folder}/DESIGN.md: is not there: say what the folder is and how it works, short"));
    };
    let last = design.lines().filter(|(_, line)| line.starts_with("## ")).last();
    match last {
        Some((_, LAST_SECTION)) => None,
        Some((at, line)) => Some(format!("{}:{at}: ends with `{line}`: end with `{LAST_SECTION}`", design.path)),
        None => Some(format!("{}:1: has no sections: end with `{LAST_SECTION}`", design.path)),
    }
}

#[test]
fn every_folder_has_a_design() {
    let sources = common::sources();
    let designs = sources.iter().filter(|source| source.path.ends_with("DESIGN.md"));
    let designs: BTreeMap<_, _> = designs.map(|source| (source.path.as_str(), source)).collect();
    let rows = common::table(&common::read("ARCHITECTURE.md"));
    common::refuse(&rows.iter().filter_map(|row| undesigned(&row.folder, &designs)).collect::<Vec<_>>());
}

#[test]
fn a_folder_without_a_design_is_found() {
    let whole = Source::planted("ops/DESIGN.md", "# Ops\n## How\n## Decisions and their cost\n");
    let other = Source::planted("web/DESIGN.md", "# Web\n## Decisions and their cost\n## More\n");
    let designs = BTreeMap::from([(whole.path.as_str(), &whole), (other.path.as_str(), &other)]);
    assert_eq!(undesigned("ops/xtask", &designs), None, "the shelf's counts");
    assert!(undesigned("web", &designs).is_some_and(|found| found.starts_with("web/DESIGN.md:3:")));
    assert!(undesigned("actors/entity", &designs).is_some());
}

// Tests that are run.

/// Files of tests that no program has: in a crate with one program of tests it names each, or Cargo.toml does.
fn left_out(sources: &[Source]) -> Vec<String> {
    let programs = sources.iter().filter_map(|source| Some((source.path.strip_suffix("tests/it.rs")?, source)));
    let of_crate = |(folder, program): (&str, &Source)| -> Vec<String> {
        let manifest = sources.iter().find(|source| source.path == format!("{folder}Cargo.toml"));
        let has = |source: &Source, line: &str| source.lines().any(|(_, it)| it == line);
        let files = sources.iter().filter_map(|source| {
            let name = source.path.strip_prefix(folder)?.strip_prefix("tests/")?.strip_suffix(".rs")?;
            (name != "it" && !name.contains('/')).then_some((name, source))
        });
        let is_left_out = |name: &str| {
            let is_apart = manifest.is_some_and(|manifest| has(manifest, &format!("name = \"{name}\"")));
            !is_apart && !has(program, &format!("mod {name};"))
        };
        let missing = files.filter(|(name, _)| is_left_out(name));
        missing
            .map(|(name, it)| format!("{}: nobody runs it: name it in {} (`mod {name};`)", it.path, program.path))
            .collect()
    };
    programs.flat_map(of_crate).collect()
}

#[test]
fn every_file_of_tests_is_run() {
    let sources = common::sources();
    assert!(sources.iter().filter(|source| source.path.ends_with("tests/it.rs")).count() >= 5);
    common::refuse(&left_out(&sources));
}

#[test]
fn a_file_of_tests_that_nobody_runs_is_found() {
    let files = [
        ("a/Cargo.toml", "[[test]]\nname = \"apart\"\n"),
        ("a/tests/it.rs", "mod one;\n"),
        ("a/tests/one.rs", ""),
        ("a/tests/apart.rs", ""),
        ("a/tests/two.rs", ""),
        ("a/tests/one/part.rs", ""),
        ("b/tests/three.rs", ""),
    ];
    let sources = files.map(|(path, text)| Source::planted(path, text));
    let found = left_out(&sources);
    assert!(found.len() == 1 && found[0].starts_with("a/tests/two.rs: "), "{found:?}");
}
