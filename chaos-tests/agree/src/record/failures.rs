//! What was found, and what became of it. A failure in the record is open until `chaos-tests/failures.json` names the commit that
//! mended it and the tests that would find it again; `tests/failures.rs` sees that both are there.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::{city, number, runs, siege, text};

/// The list of what was mended.
const TEXT: &str = include_str!("../../../failures.json");

/// Letters of a failure that the page has room for.
const WHAT_CHARS_MAX: usize = 300;

/// What stands on the page above failures that nobody has mended.
pub const OPEN: &str = "Not mended yet:";

/// A failure as the record has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Who found it: `agree`, `city` or `siege`.
    pub layer: &'static str,
    /// At which commit.
    pub commit: String,
    /// In which seed.
    pub seed: u64,
    /// The command that plays it again.
    pub again: String,
    /// What was said.
    pub what: String,
}

/// What was mended, an entry each; nothing when the list cannot be read, which a test finds.
#[must_use]
pub fn known() -> Vec<Value> {
    serde_json::from_str(TEXT).unwrap_or_default()
}

/// Every failure of the record.
fn all(detail: &Map<String, Value>) -> Vec<Failure> {
    let of_seeds = |layer: &'static str, run: &Value| -> Vec<Failure> {
        let failures = run.get("failures").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let failure = |failure: &Value| Failure {
            layer,
            commit: text(run, "commit").to_owned(),
            seed: number(failure, "seed"),
            again: text(failure, "again").to_owned(),
            what: format!("{}: {}", text(failure, "judge"), text(failure, "what")),
        };
        failures.iter().map(failure).collect()
    };
    let of_round = |round: &Value| {
        let what = round.get("failure")?.as_str()?.replace('\n', " ");
        let seed = number(round, "seed");
        let again = format!("cargo xtask siege --seed {seed} --hours 0");
        Some(Failure { layer: "siege", commit: text(round, "commit").to_owned(), seed, again, what })
    };
    let mut all: Vec<Failure> = runs(detail).iter().flat_map(|run| of_seeds("agree", run)).collect();
    all.extend(city::runs(detail).iter().flat_map(|run| of_seeds("city", run)));
    all.extend(siege::rounds(detail).iter().filter_map(of_round));
    all
}

/// Whether this entry tells of that failure.
fn tells_of(entry: &Value, failure: &Failure) -> bool {
    let seen = entry.get("seen").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    text(entry, "layer") == failure.layer
        && seen.iter().any(|seen| text(seen, "commit") == failure.commit && number(seen, "seed") == failure.seed)
}

/// Failures of the record that no entry of `known` tells of.
#[must_use]
pub fn open(detail: &Map<String, Value>, known: &[Value]) -> Vec<Failure> {
    all(detail).into_iter().filter(|failure| !known.iter().any(|entry| tells_of(entry, failure))).collect()
}

/// What became of `failed` failures of a layer, in a few words behind their number. What a run has only counted nobody can name, and
/// counts as not mended.
pub(super) fn fate(detail: &Map<String, Value>, known: &[Value], layer: &str, failed: u64) -> String {
    let of_layer = |failures: Vec<Failure>| failures.iter().filter(|it| it.layer == layer).count() as u64;
    let mended = of_layer(all(detail)).saturating_sub(of_layer(open(detail, known)));
    match failed.saturating_sub(mended) {
        _ if failed == 0 => String::new(),
        0 => " (each was mended and is guarded by a test, see below)".to_owned(),
        left => format!(" ({mended} of them mended, {left} not, see below)"),
    }
}

/// How many failures of a commit were mended since.
pub(super) fn mended_of(detail: &Map<String, Value>, known: &[Value], commit: &str) -> u64 {
    let of_commit = |failures: Vec<Failure>| failures.iter().filter(|it| it.commit == commit).count() as u64;
    of_commit(all(detail)).saturating_sub(of_commit(open(detail, known)))
}

fn short(commit: &str) -> String {
    commit.chars().take(10).collect()
}

/// The part of the page.
pub(super) fn draw_section(md: &mut String, detail: &Map<String, Value>, known: &[Value]) -> std::fmt::Result {
    if !known.is_empty() {
        writeln!(
            md,
            "\n## Failures that were found\n\nEach with the commit that mended it and the tests that would find it again \
             (`chaos-tests/failures.json`).\n\n| found by | what | mended by | guarded by |\n|---|---|---|---|"
        )?;
    }
    for entry in known {
        let list = |name: &str| entry.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let seen = |seen: &Value| format!(", seed {} at `{}`", number(seen, "seed"), short(text(seen, "commit")));
        let guard = |guard: &Value| format!("`{}` in `{}`", text(guard, "test"), text(guard, "file"));
        writeln!(
            md,
            "| {}{} | {} | `{}` | {} |",
            text(entry, "layer"),
            list("seen").iter().map(seen).collect::<String>(),
            text(entry, "what"),
            short(text(entry, "mended")),
            list("guards").iter().map(guard).collect::<Vec<_>>().join(", "),
        )?;
    }
    let open = open(detail, known);
    if open.is_empty() {
        return Ok(());
    }
    writeln!(md, "\n{OPEN} each is played again by its command at its commit.\n")?;
    for failure in open {
        let what: String = failure.what.chars().take(WHAT_CHARS_MAX).collect();
        writeln!(md, "- `{}`: `{}`: {what}", short(&failure.commit), failure.again)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn detail() -> Map<String, Value> {
        let seed = |seed: u64| json!({ "seed": seed, "judge": "lead", "what": "two lead", "again": "play" });
        let detail = json!({
            "agree_runs": [{ "commit": "c1", "failures": [seed(3), seed(4)] }, { "commit": "c2", "failures": [] }],
            "city_runs": [{ "commit": "c1", "failures": [seed(3)] }],
            "siege_rounds": [
                { "commit": "c2", "seed": 9, "failure": "2 broken promises\n  node 1: x is lost" },
                { "commit": "c2", "seed": 10, "failure": null },
            ],
        });
        detail.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn a_failure_is_open_until_an_entry_tells_of_it_by_layer_commit_and_seed() {
        let detail = detail();
        assert_eq!(open(&detail, &[]).len(), 4);
        let entry = json!({
            "layer": "agree", "seen": [{ "commit": "c1", "seed": 3 }], "what": "two led", "mended": "c2c2c2c2c2c2",
            "guards": [{ "file": "a.rs", "test": "one_leads" }],
        });
        let left = open(&detail, std::slice::from_ref(&entry));
        let left: Vec<_> = left.iter().map(|it| (it.layer, it.commit.as_str(), it.seed)).collect();
        assert_eq!(left, [("agree", "c1", 4), ("city", "c1", 3), ("siege", "c2", 9)]);
        let known = [entry];
        assert_eq!(fate(&detail, &known, "agree", 2), " (1 of them mended, 1 not, see below)");
        assert_eq!(fate(&detail, &known, "agree", 1), " (each was mended and is guarded by a test, see below)");
        assert_eq!((fate(&detail, &known, "city", 0), mended_of(&detail, &known, "c1")), (String::new(), 1));
        assert_eq!(mended_of(&detail, &known, "c2"), 0);
        let mut page = String::new();
        assert_eq!(draw_section(&mut page, &detail, &known), Ok(()));
        assert!(page.contains("| agree, seed 3 at `c1` | two led | `c2c2c2c2c2` | `one_leads` in `a.rs` |"), "{page}");
        assert!(page.contains(OPEN), "{page}");
        let siege = "- `c2`: `cargo xtask siege --seed 9 --hours 0`: 2 broken promises   node 1: x is lost";
        assert!(page.contains(siege) && page.contains("- `c1`: `play`: lead: two lead"), "{page}");
    }

    #[test]
    fn where_nothing_was_found_nothing_is_told() {
        let mut page = String::new();
        assert_eq!(draw_section(&mut page, &Map::new(), &[]), Ok(()));
        assert!(page.is_empty(), "{page}");
    }
}
