//! What the tests on the sources share: the files of the checkout, and the table of ARCHITECTURE.md.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test file takes a part; a test fails by panicking"
)]

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// Folders that hold nothing of ours: built, installed, downloaded.
const NOT_OURS: &[&str] = &["target", "node_modules", "dist", "test-results", "playwright-report", "__pycache__"];

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    PathBuf::from(here).ancestors().nth(2).unwrap().to_path_buf()
}

/// One text file of the checkout.
pub(crate) struct Source {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    /// A file that is not there, to try a rule on.
    pub(crate) fn planted(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    pub(crate) fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|x| x.to_str()).unwrap_or_default()
    }

    /// Made by a program, so no rule of style binds it.
    pub(crate) fn is_generated(&self) -> bool {
        self.text.lines().take(3).any(|line| line.contains("@generated"))
    }

    /// Lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }

    /// Lines without the comments that stand on lines of their own or after `//`. Coarse, and on the safe side for
    /// names: a `//` inside a string hides what follows it, which no rule here looks for.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.lines().filter(|(_, line)| !line.trim_start().starts_with('*')).map(|(at, line)| {
            let end = line.find("//").unwrap_or(line.len());
            (at, &line[..end])
        })
    }
}

/// Every text file of the checkout, by path. Files that are not UTF-8 are left out.
pub(crate) fn sources() -> Vec<Source> {
    let root = root();
    let mut found = Vec::new();
    let mut waiting = vec![root.clone()];
    while let Some(folder) = waiting.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let kind = fs::symlink_metadata(&path).unwrap();
            if kind.is_dir() {
                let is_hidden = name.starts_with('.') && !matches!(name.as_str(), ".ci" | ".cargo");
                if !is_hidden && !NOT_OURS.contains(&name.as_str()) {
                    waiting.push(path);
                }
            } else if kind.is_file()
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 100, "a walk over the checkout finds its files, not {}", found.len());
    found
}

/// Reads a file that has to be there.
pub(crate) fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Fails with one line per finding.
pub(crate) fn refuse(findings: &[String]) {
    assert!(findings.is_empty(), "{} to mend:\n{}", findings.len(), findings.join("\n"));
}

/// Where `name` stands in `line` as a word of its own: nothing that could belong to a name right before it, and, when it
/// ends in a letter, none right after it.
pub(crate) fn has_word(line: &str, name: &str) -> bool {
    let in_name = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + name.len()..].chars().next();
        let goes_on = before.is_some_and(in_name) || (name.ends_with(in_name) && after.is_some_and(in_name));
        !goes_on
    })
}

/// A row of the table "Folders" in ARCHITECTURE.md.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) folder: String,
    /// None: no crate of Rust.
    pub(crate) name: Option<String>,
    /// What the crate may import of ours.
    pub(crate) imports: Vec<String>,
    /// What only its tests may import beside that.
    pub(crate) test_imports: Vec<String>,
}

/// The rows of the table whose head is `| folder | crate | what it is | imports | must not |`.
pub(crate) fn table(architecture: &str) -> Vec<Row> {
    let in_ticks =
        |cell: &str| cell.split('`').skip(1).step_by(2).map(|name| name.trim().to_owned()).collect::<Vec<_>>();
    let mut rows = Vec::new();
    let after_head = architecture.lines().skip_while(|line| !line.starts_with("| folder | crate |")).skip(2);
    for line in after_head.take_while(|line| line.starts_with('|')) {
        let cells: Vec<_> = line.trim_matches('|').split('|').collect();
        let [folder, name, _, imports, _] = cells.as_slice() else { panic!("not five cells: {line}") };
        let (imports, test_imports) = imports.split_once("tests:").unwrap_or((imports, ""));
        rows.push(Row {
            folder: in_ticks(folder).first().unwrap_or_else(|| panic!("no folder: {line}")).clone(),
            name: in_ticks(name).first().cloned(),
            imports: in_ticks(imports),
            test_imports: in_ticks(test_imports),
        });
    }
    rows
}
