//! Runs of the city in the record: whole nodes under one seed (`chaos-tests/city`).

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::{Made, RUNS_MAX, faults, number, sign, sum, text};

/// Where they stand in the record.
const RUNS: &str = "city_runs";

/// Where the table of mistakes stands in the record.
const BUGS: &str = "city_bugs";

/// The figures that are drawn here.
const NAMES: [&str; 2] = ["city_seeds", "city_seeds_per_min"];

/// Adds a run, as `city` tells it.
pub fn add_city_run(detail: &mut Map<String, Value>, made: &Made, mut run: Map<String, Value>) {
    sign(&mut run, made);
    let runs = detail.entry(RUNS).or_insert_with(|| json!([]));
    if let Value::Array(runs) = runs {
        runs.push(run.into());
        let surplus = runs.len().saturating_sub(RUNS_MAX);
        runs.drain(..surplus);
    }
}

/// How one mistake of the city's was found.
#[derive(Clone, Debug)]
pub struct CityCaught {
    /// Its name.
    pub bug: String,
    /// What is wrong with it.
    pub what: &'static str,
    /// The judge that found it first; none: nobody did.
    pub judge: Option<&'static str>,
    /// Seeds until then, from the first on.
    pub seeds_needed: u64,
}

/// Puts the table of the city's mistakes into the record, in the place of the one before.
pub fn put_city_bugs(detail: &mut Map<String, Value>, made: &Made, caught: &[CityCaught]) {
    let row = |it: &CityCaught| json!({ "bug": it.bug, "layer": "city", "what": it.what, "judge": it.judge, "seeds_needed": it.seeds_needed });
    let mut bugs = Map::new();
    bugs.insert("table".to_owned(), caught.iter().map(row).collect::<Vec<_>>().into());
    sign(&mut bugs, made);
    detail.insert(BUGS.to_owned(), bugs.into());
}

/// The city's mistakes, with when and where they were put back.
pub(super) fn bugs(detail: &Map<String, Value>) -> Option<&Value> {
    detail.get(BUGS)
}

/// The table of the city's mistakes.
pub(super) fn table(detail: &Map<String, Value>) -> &[Value] {
    let rows = bugs(detail).and_then(|bugs| bugs.get("table")).and_then(Value::as_array);
    rows.map(Vec::as_slice).unwrap_or_default()
}

/// The city's mistakes on the page.
pub(super) fn draw_bugs(md: &mut String, detail: &Map<String, Value>) -> std::fmt::Result {
    let Some(bugs) = bugs(detail) else { return Ok(()) };
    writeln!(
        md,
        "\n## Mistakes between consensus and people\n\nMade where `chaos-tests/city` ties the parts of a node together, one at a time, \
         at commit `{}` on {}.\n\n\
         | mistake | what | found by | seeds needed |\n|---|---|---|---:|",
        text(bugs, "commit"),
        text(bugs, "date"),
    )?;
    for row in table(detail) {
        let judge = row.get("judge").and_then(Value::as_str).unwrap_or("nobody");
        writeln!(
            md,
            "| `{}` | {} | `{judge}` | {} |",
            text(row, "bug"),
            text(row, "what"),
            number(row, "seeds_needed")
        )?;
    }
    Ok(())
}

/// All runs of the record.
pub(super) fn runs(detail: &Map<String, Value>) -> &[Value] {
    detail.get(RUNS).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Puts the figures of the runs, and takes away those of runs that are no more. Gaps of screens are added to what the sieges found.
pub(super) fn draw_figures(runs: &[Value], figures: &mut Map<String, Value>) {
    for name in NAMES {
        figures.remove(name);
    }
    let Some(newest) = runs.last() else { return };
    figures.insert("city_seeds".to_owned(), sum(runs, "seeds").into());
    figures.insert("city_seeds_per_min".to_owned(), newest.get("seeds_per_minute").cloned().unwrap_or_default());
    let of_sieges = figures.get("screen_gaps").and_then(Value::as_u64).unwrap_or(0);
    figures.insert("screen_gaps".to_owned(), (of_sieges + sum(runs, "screen_gaps")).into());
}

/// The city's part of the page; `fate` is what became of the seeds in which a promise was broken.
pub(super) fn draw_section(md: &mut String, runs: &[Value], fate: &str) -> std::fmt::Result {
    let Some(newest) = runs.last() else { return Ok(()) };
    writeln!(
        md,
        "\n## City\n\n`chaos-tests/city`: whole nodes with actors, HTTP and screens, and people with phones, on the same disks, ways and clocks, by \
         `cargo xtask siege --city-minutes M`: {} seeds in {} runs; {} commands and batches acknowledged and checked, {} of them asked for \
         again elsewhere; {} messages to screens, {} gaps; screens lost their node {} times; {} faults; {} seeds in which a promise was \
         broken{fate}. At most {} ms from the end of a storm to the next report that was taken.\nThe newest run was on {} at commit \
         `{}`, at {} seeds a minute.\n\n\
         | kind of fault | times |\n|---|---:|",
        sum(runs, "seeds"),
        runs.len(),
        sum(runs, "acknowledged"),
        sum(runs, "repeated"),
        sum(runs, "screen_messages"),
        sum(runs, "screen_gaps"),
        sum(runs, "screens_lost"),
        faults(runs).iter().map(|(_, times)| times).sum::<u64>(),
        sum(runs, "failed"),
        runs.iter().map(|run| number(run, "served_ms_max")).max().unwrap_or(0),
        text(newest, "date"),
        text(newest, "commit"),
        newest.get("seeds_per_minute").map_or_else(|| "unknown".to_owned(), Value::to_string),
    )?;
    for (kind, times) in faults(runs) {
        writeln!(md, "| {kind} | {times} |")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seeds: u64) -> Map<String, Value> {
        let run = json!({
            "seeds": seeds, "seeds_per_minute": 60.0, "acknowledged": 10 * seeds, "screen_gaps": 0, "screen_messages": 7,
            "faults": { "line_cut": 3 }, "failed": 0, "served_ms_max": 900,
        });
        run.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn runs_add_up_beside_the_sieges() {
        let made = Made { commit: "abc".to_owned(), date: "2026-01-02".to_owned(), ..Made::default() };
        let mut detail = Map::new();
        add_city_run(&mut detail, &made, run(5));
        add_city_run(&mut detail, &made, run(2));
        let mut figures = Map::from_iter([("screen_gaps".to_owned(), json!(1)), ("others".to_owned(), json!(4))]);
        draw_figures(runs(&detail), &mut figures);
        assert_eq!((&figures["city_seeds"], &figures["screen_gaps"]), (&json!(7), &json!(1)));
        assert_eq!(figures["city_seeds_per_min"], 60.0);
        let mut page = String::new();
        assert_eq!(draw_section(&mut page, runs(&detail), ""), Ok(()));
        assert!(page.contains("7 seeds in 2 runs") && page.contains("| line_cut | 6 |"), "{page}");
    }

    #[test]
    fn a_mistake_that_nobody_found_is_told() {
        let caught = |judge| CityCaught { bug: "TimerLost".to_owned(), what: "lost", judge, seeds_needed: 2 };
        let mut detail = Map::new();
        put_city_bugs(&mut detail, &Made::default(), &[caught(Some("dispatch")), caught(None)]);
        let mut figures = Map::new();
        super::super::draw_figures(&detail, &mut figures);
        assert_eq!((&figures["seeded_bugs"], &figures["seeded_bugs_caught"]), (&json!(2), &json!(1)));
        let mut page = String::new();
        assert_eq!(draw_bugs(&mut page, &detail), Ok(()));
        assert!(page.contains("| `TimerLost` | lost | `dispatch` | 2 |") && page.contains("`nobody`"), "{page}");
    }

    #[test]
    fn what_was_not_played_has_no_name() {
        let mut figures = Map::from_iter([("city_seeds".to_owned(), json!(3))]);
        draw_figures(&[], &mut figures);
        assert!(figures.is_empty());
    }
}
