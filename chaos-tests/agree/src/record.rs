//! The record of what was played. Each run is added to `chaos.detail.json`; the figures of `chaos.json` and the page
//! `chaos.md` are drawn from it and say nothing that is not in it. Pure, but for `folder`, which reads and writes the files.

mod city;
mod commits;
mod failures;
mod folder;
mod peers;
mod plot;
mod siege;

use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::{
    Outcome,
    bug::Bug,
    counts::{Change, Counts},
    judge::promises,
    storm::Kind,
};

pub use city::{CityCaught, add_city_run, put_city_bugs};
pub use failures::{Failure, OPEN, known, open};
pub use folder::keep;
pub use siege::add_rounds;

/// All that was played.
pub const DETAIL: &str = "chaos.detail.json";
/// The figures.
pub const FIGURES: &str = "chaos.json";
/// The page.
pub const PAGE: &str = "chaos.md";
/// What the page shows of the times until faults were got over.
pub const PLOT: &str = "chaos-recovery.svg";

/// Runs that are kept. At the bound the oldest leaves, and what it counted with it.
const RUNS_MAX: usize = 1_000;

/// Failures told of one run. More are counted only.
const FAILURES_MAX: usize = 50;

/// The figures that are drawn here; others in the same file stay as they are.
const NAMES: [&str; 13] = [
    "acknowledged_checked",
    "agree_seeds",
    "agree_seeds_per_min",
    "commit",
    "conditions",
    "date",
    "doubled",
    "failures_found",
    "failures_open",
    "faults_injected",
    "lost",
    "seeded_bugs",
    "seeded_bugs_caught",
];

/// What no seed plays.
const NOT_COVERED: &str = "\
- In `agree` a stand-in with the actors' duties (deadlines, reports of alarms) works on every leader; `city` has the real actors, gateways and \
screens. Real processes under faults are the drills of `chaos-tests`.
- `peer` with its credit and TLS, RocksDB, bits that rot: their own tests. The disk here is a model that is compared with RocksDB.
- Nine groups at once, states of gigabytes, logs beyond what stands in memory, weeks.
";

/// Under what something was played.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// The commit that was built.
    pub commit: String,
    /// The day, in UTC.
    pub date: String,
    /// The moment, milliseconds since 1970: of two runs of one day the later one is known by it.
    pub at_ms: u64,
    /// Machine and build, in words.
    pub conditions: String,
}

/// What a run of seeds came to, as it goes.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// The first seed.
    pub first: u64,
    /// Seeds played.
    pub seeds: u64,
    /// Real time.
    pub seconds: f64,
    /// Time in the plays.
    pub virtual_seconds: f64,
    /// Of all plays.
    pub counts: Counts,
    failures: Vec<Value>,
    failed: u64,
    lost: u64,
    doubled: u64,
}

impl Tally {
    /// Nothing yet of the seeds from this one on.
    #[must_use]
    pub fn from(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// Adds a play.
    pub fn add(&mut self, outcome: &Outcome) {
        self.seeds += 1;
        self.virtual_seconds += outcome.passed.as_secs_f64();
        self.counts.add(&outcome.counts);
        let Some(violation) = &outcome.violation else { return };
        self.failed += 1;
        self.lost += u64::from(violation.what.contains(promises::IS_LOST));
        self.doubled += u64::from(violation.what.contains(promises::IS_DOUBLED));
        if self.failures.len() < FAILURES_MAX {
            let failure = json!({
                "seed": outcome.play.seed, "judge": violation.judge, "what": violation.what, "again": outcome.command(),
            });
            self.failures.push(failure);
        }
    }

    /// Plays in which something was found.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Seeds in a minute of real time.
    #[must_use]
    pub fn per_minute(&self) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "seeds of a run are far fewer than 2^52")]
        let seeds = self.seeds as f64;
        60.0 * seeds / self.seconds.max(0.001)
    }

    /// As it stands in the record.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let faults: Map<String, Value> =
            Kind::ALL.iter().map(|kind| (kind.as_str().to_owned(), self.counts.faults_of(*kind).into())).collect();
        let changes: Map<String, Value> = Change::ALL
            .iter()
            .map(|(change, name)| ((*name).to_owned(), self.counts.changes_of(*change).into()))
            .collect();
        let run = json!({
            "first_seed": self.first,
            "seeds": self.seeds,
            "seconds": rounded(self.seconds),
            "virtual_seconds": rounded(self.virtual_seconds),
            "seeds_per_minute": rounded(self.per_minute()),
            "sent": self.counts.sent,
            "acknowledged": self.counts.acknowledged,
            "reads": self.counts.reads,
            "committed": self.counts.committed,
            "leads": self.counts.leads,
            "crashes": self.counts.crashes,
            "snapshots": self.counts.snapshots,
            "faults": faults,
            "changes": changes,
            "failed": self.failed,
            "lost": self.lost,
            "doubled": self.doubled,
            "failures": self.failures,
        });
        run.as_object().cloned().unwrap_or_default()
    }
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// How one mistake that was put back was found.
#[derive(Clone, Debug)]
pub struct Caught {
    /// Which mistake.
    pub bug: Bug,
    /// The first judge that found it; none: nobody did.
    pub judge: Option<&'static str>,
    /// Seeds until then, from the first on.
    pub seeds_needed: u64,
    /// In how many of the seeds that every mistake is played in.
    pub found_in: u64,
    /// How many those are.
    pub of: u64,
}

/// Adds a run to the record.
pub fn add_run(detail: &mut Map<String, Value>, made: &Made, tally: &Tally) {
    let mut run = tally.to_json();
    sign(&mut run, made);
    let runs = detail.entry("agree_runs").or_insert_with(|| json!([]));
    if let Value::Array(runs) = runs {
        runs.push(run.into());
        let surplus = runs.len().saturating_sub(RUNS_MAX);
        runs.drain(..surplus);
    }
}

/// Puts the table of mistakes into the record, in the place of the one before.
pub fn put_bugs(detail: &mut Map<String, Value>, made: &Made, caught: &[Caught]) {
    let row = |caught: &Caught| {
        json!({
            "bug": format!("{:?}", caught.bug),
            "layer": caught.bug.layer().as_str(),
            "what": caught.bug.what(),
            "judge": caught.judge,
            "seeds_needed": caught.seeds_needed,
            "found_in": caught.found_in,
            "of": caught.of,
        })
    };
    let mut bugs = Map::new();
    bugs.insert("table".to_owned(), caught.iter().map(row).collect::<Vec<_>>().into());
    sign(&mut bugs, made);
    detail.insert("agree_bugs".to_owned(), bugs.into());
}

fn sign(what: &mut Map<String, Value>, made: &Made) {
    what.insert("commit".to_owned(), made.commit.clone().into());
    what.insert("date".to_owned(), made.date.clone().into());
    what.insert("conditions".to_owned(), made.conditions.clone().into());
    // A round of a siege has the moment at which it ended.
    what.entry("at_ms").or_insert_with(|| made.at_ms.into());
}

fn runs(detail: &Map<String, Value>) -> &[Value] {
    detail.get("agree_runs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn table(detail: &Map<String, Value>) -> &[Value] {
    let bugs = detail.get("agree_bugs").and_then(|bugs| bugs.get("table")).and_then(Value::as_array);
    bugs.map(Vec::as_slice).unwrap_or_default()
}

fn number(of: &Value, name: &str) -> u64 {
    of.get(name).and_then(Value::as_u64).unwrap_or(0)
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or("not told")
}

fn sum(runs: &[Value], name: &str) -> u64 {
    runs.iter().map(|run| number(run, name)).sum()
}

/// Faults of each kind over all runs, the most frequent first.
fn faults(runs: &[Value]) -> Vec<(String, u64)> {
    kinds(runs, "faults")
}

fn kinds(runs: &[Value], what: &str) -> Vec<(String, u64)> {
    let mut by_kind: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for (kind, times) in runs.iter().filter_map(|run| run.get(what)?.as_object()).flatten() {
        *by_kind.entry(kind).or_default() += times.as_u64().unwrap_or(0);
    }
    let mut kinds: Vec<(String, u64)> = by_kind.into_iter().map(|(kind, times)| (kind.to_owned(), times)).collect();
    kinds.sort_by_key(|(_, times)| std::cmp::Reverse(*times));
    kinds
}

/// The figures. Only what was measured has a name; what others have put into `figures` stays.
pub fn draw_figures(detail: &Map<String, Value>, figures: &mut Map<String, Value>) {
    for name in NAMES {
        figures.remove(name);
    }
    let (runs, rounds, city) = (runs(detail), siege::rounds(detail), city::runs(detail));
    siege::draw_figures(rounds, figures);
    city::draw_figures(city, figures);
    let mut put = |name: &str, value: Value| figures.insert(name.to_owned(), value);
    if let Some(newest) = runs.last() {
        put("agree_seeds", sum(runs, "seeds").into());
        put("agree_seeds_per_min", newest.get("seeds_per_minute").cloned().unwrap_or_default());
    }
    if !(runs.is_empty() && rounds.is_empty() && city.is_empty()) {
        let [faults_of, acknowledged, lost, doubled] = siege::shared(rounds);
        let played = |name: &str| sum(runs, name) + sum(city, name);
        let injected = faults(runs).into_iter().chain(faults(city)).map(|(_, times)| times).sum::<u64>();
        put("faults_injected", (faults_of + injected).into());
        put("acknowledged_checked", (acknowledged + played("acknowledged")).into());
        put("lost", (lost + played("lost")).into());
        put("doubled", (doubled + played("doubled")).into());
    }
    let rows: Vec<&Value> = table(detail).iter().chain(city::table(detail)).collect();
    if !rows.is_empty() {
        put("seeded_bugs", rows.len().into());
        put(
            "seeded_bugs_caught",
            rows.iter().filter(|row| row.get("judge").is_some_and(Value::is_string)).count().into(),
        );
    }
    if !(runs.is_empty() && rounds.is_empty() && city.is_empty()) {
        let known = known();
        let open = open(detail, &known).len();
        put("failures_found", (known.len() + open).into());
        put("failures_open", open.into());
    }
    let newest = [city::bugs(detail), detail.get("agree_bugs"), city.last(), rounds.last(), runs.last()];
    if let Some(newest) = newest.into_iter().flatten().max_by_key(|it| number(it, "at_ms")) {
        for name in ["commit", "date", "conditions"] {
            put(name, text(newest, name).into());
        }
    }
}

/// The picture of the times until faults of sieges were got over; none where none was.
#[must_use]
pub fn draw_plot(detail: &Map<String, Value>) -> Option<String> {
    siege::draw_plot(siege::rounds(detail))
}

/// The page.
///
/// # Errors
/// None in practice: writing into a `String` does not fail.
pub fn draw_page(detail: &Map<String, Value>) -> Result<String, std::fmt::Error> {
    let (runs, known) = (runs(detail), known());
    let fate = |layer: &str, failed: u64| failures::fate(detail, &known, layer, failed);
    let mut md = String::from(
        "# What was tried to break it\n\nDrawn from `chaos.detail.json` by `cargo xtask siege`. A figure that is not there was not \
         measured.\n\n## Seeds\n\n`chaos-tests/agree`: real consensus and real domain on simulated disks, ways and clocks, one thread, one \
         history a seed, by `cargo xtask siege --agree-minutes M`.\n",
    );
    if let Some(newest) = runs.last() {
        writeln!(
            md,
            "\n{} seeds in {} runs, {} requests acknowledged and checked, {} processes ended, {} faults; {} seeds in which a \
             promise was broken{}, {} requests lost, {} doubled.\nThe newest run was on {} at commit `{}`, at {} seeds a minute.\n\n\
             Its conditions: {}",
            sum(runs, "seeds"),
            runs.len(),
            sum(runs, "acknowledged"),
            sum(runs, "crashes"),
            faults(runs).iter().map(|(_, times)| times).sum::<u64>(),
            sum(runs, "failed"),
            fate("agree", sum(runs, "failed")),
            sum(runs, "lost"),
            sum(runs, "doubled"),
            text(newest, "date"),
            text(newest, "commit"),
            newest.get("seeds_per_minute").map_or_else(|| "unknown".to_owned(), Value::to_string),
            text(newest, "conditions"),
        )?;
        writeln!(md, "\n## Faults\n\n| kind | times |\n|---|---:|")?;
        for (kind, times) in faults(runs) {
            writeln!(md, "| {kind} | {times} |")?;
        }
        writeln!(md, "\n## Changes meanwhile\n\n| kind | times |\n|---|---:|")?;
        for (kind, times) in kinds(runs, "changes") {
            writeln!(md, "| {kind} | {times} |")?;
        }
        writeln!(
            md,
            "\n## Runs\n\n| date | commit | seeds | from | seconds | acknowledged | crashes | snapshots | failed |\n\
             |---|---|---:|---:|---:|---:|---:|---:|---:|"
        )?;
        for run in runs {
            let commit: String = text(run, "commit").chars().take(10).collect();
            writeln!(
                md,
                "| {} | `{commit}` | {} | {} | {} | {} | {} | {} | {} |",
                text(run, "date"),
                number(run, "seeds"),
                number(run, "first_seed"),
                run.get("seconds").map_or_else(String::new, Value::to_string),
                number(run, "acknowledged"),
                number(run, "crashes"),
                number(run, "snapshots"),
                number(run, "failed"),
            )?;
        }
    }
    let (city_runs, rounds) = (city::runs(detail), siege::rounds(detail));
    city::draw_section(&mut md, city_runs, &fate("city", sum(city_runs, "failed")))?;
    siege::draw_section(&mut md, rounds, &fate("siege", siege::failed(rounds)))?;
    commits::draw_section(&mut md, detail, &known)?;
    failures::draw_section(&mut md, detail, &known)?;
    bugs_section(&mut md, detail)?;
    city::draw_bugs(&mut md, detail)?;
    peers::draw_section(&mut md, detail, &known)?;
    write!(md, "\n## Not covered\n\n{NOT_COVERED}")?;
    Ok(md)
}

fn bugs_section(md: &mut String, detail: &Map<String, Value>) -> std::fmt::Result {
    let table = table(detail);
    let Some(bugs) = detail.get("agree_bugs") else { return Ok(()) };
    writeln!(
        md,
        "\n## Mistakes put back on purpose\n\nOne at a time, at commit `{}` on {}. They are compiled in under the feature `seeded-bugs`, \
         which nothing that ships turns on. A mistake of the domain is made on every node and in the judges' own history.\n\n\
         | mistake | layer | what | found by | seeds needed | in |\n|---|---|---|---|---:|---:|",
        text(bugs, "commit"),
        text(bugs, "date"),
    )?;
    for row in table {
        let judge =
            row.get("judge").and_then(Value::as_str).map_or_else(|| "nobody".to_owned(), |it| format!("`{it}`"));
        writeln!(
            md,
            "| `{}` | {} | {} | {judge} | {} | {} of {} |",
            text(row, "bug"),
            text(row, "layer"),
            text(row, "what"),
            number(row, "seeds_needed"),
            number(row, "found_in"),
            number(row, "of"),
        )?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn made() -> Made {
        Made { commit: "abc".to_owned(), date: "2026-01-02".to_owned(), at_ms: 7, conditions: "one core".to_owned() }
    }

    fn run(seeds: u64) -> Tally {
        let mut tally = Tally { first: 5, seeds, seconds: 30.0, ..Tally::default() };
        tally.counts.acknowledged = 7 * seeds;
        tally.counts.fault(Kind::PowerLost);
        tally
    }

    #[test]
    fn runs_add_up_and_the_newest_gives_the_rate() {
        let (mut detail, mut figures) = (Map::new(), Map::new());
        add_run(&mut detail, &made(), &run(100));
        add_run(&mut detail, &made(), &run(50));
        draw_figures(&detail, &mut figures);
        assert_eq!(figures["agree_seeds"], 150);
        assert_eq!(figures["agree_seeds_per_min"], 100.0);
        assert_eq!(figures["acknowledged_checked"], 1050);
        assert_eq!(figures["faults_injected"], 2);
        assert_eq!((&figures["lost"], &figures["doubled"]), (&json!(0), &json!(0)));
        assert_eq!(figures["commit"], "abc");
    }

    #[test]
    fn the_figures_are_of_the_commit_that_was_played_last() {
        let (mut detail, mut figures) = (Map::new(), Map::new());
        let at = |commit: &str, at_ms| Made { commit: commit.to_owned(), at_ms, ..made() };
        add_run(&mut detail, &at("older", 5), &run(1));
        add_city_run(&mut detail, &at("newer", 6), Map::new());
        draw_figures(&detail, &mut figures);
        assert_eq!(figures["commit"], "newer");
        let line = json!({ "commit": "besieged", "seed": 1, "at_ms": 9, "happened": [] }).to_string();
        add_rounds(&mut detail, &at("reader", 8), &line).unwrap();
        draw_figures(&detail, &mut figures);
        assert_eq!(figures["commit"], "besieged");
    }

    #[test]
    fn what_was_not_measured_has_no_name_and_what_is_not_ours_stays() {
        let mut figures = Map::from_iter([("seeded_bugs".to_owned(), json!(3)), ("others".to_owned(), json!(1))]);
        let mut detail = Map::new();
        add_run(&mut detail, &made(), &run(1));
        draw_figures(&detail, &mut figures);
        assert!(!figures.contains_key("seeded_bugs") && figures.contains_key("others"));
        let page = draw_page(&detail).unwrap();
        assert!(page.contains("1 seeds in 1 runs") && !page.contains("Mistakes put back"), "{page}");
    }

    #[test]
    fn a_mistake_that_nobody_found_is_told() {
        let (mut detail, mut figures) = (Map::new(), Map::new());
        let caught = |judge| Caught { bug: Bug::FlushSkipped, judge, seeds_needed: 4, found_in: 1, of: 20 };
        put_bugs(&mut detail, &made(), &[caught(Some("truth")), caught(None)]);
        draw_figures(&detail, &mut figures);
        assert_eq!((&figures["seeded_bugs"], &figures["seeded_bugs_caught"]), (&json!(2), &json!(1)));
        let page = draw_page(&detail).unwrap();
        assert!(page.contains("| `truth` | 4 | 1 of 20 |") && page.contains("| nobody |"), "{page}");
    }
}
