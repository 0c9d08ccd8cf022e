//! What README.md says of the program `trongdong` is asked of the program itself: each command of its blocks is one, and takes the options that
//! stand there. The runbooks' blocks are run word by word (`runbooks.rs`); the demonstration's first hour is played in a browser.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{fs, process::Command};

use chaos_tests::program::program;

/// From this crate.
const README: &str = "../README.md";
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
fn every_command_of_the_read_me_is_one_and_takes_its_options() {
    let program = program().unwrap();
    let lines = lines(&fs::read_to_string(README).unwrap());
    assert!(lines.len() >= 20, "{lines:?}");
    let mut findings = Vec::new();
    for words in lines {
        let named = if FAMILIES.contains(&words[0].as_str()) { 2 } else { 1 };
        let command: Vec<&str> = words.iter().take(named).map(String::as_str).collect();
        let help = Command::new(&program).args(&command).arg("--help").output().unwrap();
        let said = String::from_utf8_lossy(&help.stdout).into_owned();
        if !help.status.success() {
            findings.push(format!(
                "`trongdong {}` is not a command: {}",
                command.join(" "),
                String::from_utf8_lossy(&help.stderr)
            ));
        }
        for option in words.iter().filter(|word| word.starts_with("--")) {
            if !said.contains(option.as_str()) {
                findings.push(format!("`trongdong {}` does not take `{option}`", command.join(" ")));
            }
        }
    }
    assert!(findings.is_empty(), "README.md:\n{}", findings.join("\n"));
}

#[test]
fn lines_are_read_without_their_comments() {
    let text = "```sh\ntrongdong init     # makes\ncargo xtask up\ntrongdong model list …\n```\ntrongdong no";
    assert_eq!(lines(text), [vec!["init"], vec!["model", "list", "…"]]);
}
