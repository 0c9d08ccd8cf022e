//! README.md and the guides that it leads to say what is: their commands are commands, the accounts are the demonstration's, the folder is that of
//! `up`. What the first hour promises is played in a browser (`web/e2e-real/readme.real.ts`), and what is said of `trongdong` is asked of the
//! program (`chaos-tests/tests/readme.rs`).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{fs, process::Command};

/// The pages that README.md leads to.
const GUIDES: &str = "ops/guides";

/// Lines of the blocks of shell commands, with their numbers and without comments.
fn commands(text: &str) -> Vec<(usize, &str)> {
    let (mut found, mut in_block) = (Vec::new(), false);
    for (at, line) in text.lines().enumerate() {
        match line {
            "```sh" => in_block = true,
            "```" => in_block = false,
            line if in_block => {
                let command = line.split('#').next().unwrap_or_default().trim();
                if !command.is_empty() {
                    found.push((at + 1, command));
                }
            }
            _ => {}
        }
    }
    found
}

/// Names in the first column of the table under the heading row that begins with `account`.
fn accounts(text: &str) -> Vec<&str> {
    let rows = text.lines().skip_while(|line| !line.starts_with("| account |")).skip(2);
    let cells = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('|').nth(1));
    cells.flat_map(|cell| cell.split(',')).map(|name| name.trim().trim_matches('`')).collect()
}

/// README.md and the pages of `ops/guides`, as paths and texts.
fn pages() -> Vec<(String, String)> {
    let guides = fs::read_dir(common::root().join(GUIDES)).unwrap();
    let names = guides.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut paths: Vec<String> = names.map(|name| format!("{GUIDES}/{name}")).collect();
    paths.sort();
    paths.insert(0, "README.md".to_owned());
    paths.into_iter().map(|path| (path.clone(), common::read(&path))).collect()
}

#[test]
fn the_read_me_leads_to_every_guide() {
    let pages = pages();
    let (readme, guides) = pages.split_first().unwrap();
    assert!(!guides.is_empty(), "{GUIDES} has pages");
    let lost = guides.iter().filter(|(path, _)| !readme.1.contains(&format!("({path})")));
    common::refuse(&lost.map(|(path, _)| format!("README.md: no link leads to {path}")).collect::<Vec<_>>());
}

#[test]
fn every_command_of_ours_is_one() {
    let help = Command::new(env!("CARGO_BIN_EXE_xtask")).arg("help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let pages = pages();
    let mut findings = Vec::new();
    let mut verbs = Vec::new();
    for (page, text) in &pages {
        let ours = commands(text).into_iter().filter_map(|(at, line)| Some((at, line.strip_prefix("cargo xtask ")?)));
        for (at, line) in ours {
            let mut words = line.split_whitespace();
            let verb = words.next().unwrap_or_default();
            if !help.lines().any(|known| known.trim_start().starts_with(&format!("cargo xtask {verb}"))) {
                findings.push(format!("{page}:{at}: `cargo xtask {verb}` is not a command: see `cargo xtask help`"));
            }
            for option in words.filter(|word| word.starts_with("--")) {
                if !help.contains(option) {
                    findings.push(format!("{page}:{at}: `{option}` is not in `cargo xtask help`"));
                }
            }
            verbs.push((page.as_str(), line));
        }
    }
    assert!(verbs.contains(&("README.md", "up")) && verbs.contains(&("README.md", "test")), "{verbs:?}");
    common::refuse(&findings);
}

#[test]
fn every_account_is_the_demonstrations_and_the_folder_is_that_of_up() {
    let readme = common::read("README.md");
    let people = ["cluster/node/src/town/person.rs", "cluster/node/src/local.rs"].map(common::read).join("\n");
    let accounts = accounts(&readme);
    assert!(accounts.len() >= 8, "{accounts:?}");
    // Crews' accounts are made of their units' ids.
    let missing =
        accounts.iter().filter(|name| !name.starts_with("to-unit-") && !people.contains(&format!("\"{name}\"")));
    let findings: Vec<_> =
        missing.map(|name| format!("README.md: `{name}` is no account of the demonstration")).collect();
    common::refuse(&findings);
    let up = common::read("ops/xtask/src/up.rs");
    let folder = readme.split("`trongdong start ").nth(1).and_then(|rest| rest.split("/node-").next()).unwrap();
    assert!(
        up.contains(&format!("FOLDER: &str = \"{folder}\"")),
        "`cargo xtask up` keeps its nodes elsewhere than {folder}"
    );
}

#[test]
fn blocks_and_tables_are_read_as_they_are_written() {
    let text = "x\n```sh\ncargo xtask up   # runs\n\ntrongdong status\n```\ncargo xtask no\n| account | role |\n|---|---|\n| `a`, `b` | c |\n\n| d |";
    assert_eq!(commands(text), [(3, "cargo xtask up"), (5, "trongdong status")]);
    assert_eq!(accounts(text), ["a", "b"]);
}
