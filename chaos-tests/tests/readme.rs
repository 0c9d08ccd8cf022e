//! What README.md and the guides say of the program `trongdong` is asked of the program itself: each command of their blocks is one, and takes the
//! options that stand there. The runbooks' blocks are run word by word (`runbooks.rs`); the demonstration's first hour is played in a browser.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, path::PathBuf, process::Command};

use chaos_tests::program::program;

/// From this crate.
const README: &str = "../README.md";
/// The pages that README.md leads to, each with blocks of its own.
const GUIDES: &str = "../ops/guides";
/// Commands that have commands of their own.
const FAMILIES: [&str; 4] = ["audit", "drill", "model", "train"];

/// The words of each `trongdong` line in a block of shell commands, without its comment.
fn lines(text: &str) -> Vec<Vec<String>> {
    let blocks = text.split("```sh\n").skip(1).filter_map(|rest| rest.split_once("```")).map(|(block, _)| block);
    let lines = blocks.flat_map(str::lines).map(|line| line.split('#').next().unwrap_or_default());
    let ours = lines.filter_map(|line| line.trim().strip_prefix("trongdong "));
    ours.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn every_command_of_the_read_me_and_the_guides_is_one_and_takes_its_options() {
    let program = program().unwrap();
    let guides = fs::read_dir(GUIDES).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = guides.chain([PathBuf::from(README)]).collect();
    pages.sort();
    let all = pages.iter().flat_map(|page| {
        let found = lines(&fs::read_to_string(page).unwrap());
        found.into_iter().map(move |words| (page.display(), words))
    });
    let all: Vec<_> = all.collect();
    assert!(all.len() >= 20, "{:?}", all.iter().map(|(_, words)| words).collect::<Vec<_>>());
    let mut findings = Vec::new();
    for (page, words) in all {
        let named = if FAMILIES.contains(&words[0].as_str()) { 2 } else { 1 };
        let command: Vec<&str> = words.iter().take(named).map(String::as_str).collect();
        let help = Command::new(&program).args(&command).arg("--help").output().unwrap();
        let said = String::from_utf8_lossy(&help.stdout).into_owned();
        if !help.status.success() {
            findings.push(format!(
                "{page}: `trongdong {}` is not a command: {}",
                command.join(" "),
                String::from_utf8_lossy(&help.stderr)
            ));
        }
        for option in words.iter().filter(|word| word.starts_with("--")) {
            if !said.contains(option.as_str()) {
                findings.push(format!("{page}: `trongdong {}` does not take `{option}`", command.join(" ")));
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn lines_are_read_without_their_comments() {
    let text = "```sh\ntrongdong init     # makes\ncargo xtask up\ntrongdong model list …\n```\ntrongdong no";
    assert_eq!(lines(text), [vec!["init"], vec!["model", "list", "…"]]);
}
