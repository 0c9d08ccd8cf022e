//! `ops/reports/trust.md`, drawn from `trust.json` and its details. It says nothing that is not in them.

use std::{fmt::Write, fs, path::Path};

use serde_json::{Map, Value};

use crate::{
    Result,
    book::read,
    plot::{self, Line},
    report::{human, list, object, points, waits},
};

/// The figures.
pub(crate) const FIGURES: &str = "trust.json";
/// All else that was measured.
pub(crate) const DETAIL: &str = "trust.detail.json";
const REPORT: &str = "trust.md";
const PLOT: &str = "trust-lateness.svg";

/// A figure, its unit, what the target is, and what it is.
struct Row(&'static str, &'static str, &'static str, &'static str);

const ROWS: [Row; 17] = [
    Row(
        "deadlines_tested",
        "",
        "",
        "instructions, each due at its own time, while leaders and once all nodes are killed",
    ),
    Row(
        "deadline_late_ms_p50",
        "ms",
        "",
        "due time → the first screen was told; who looks on goes on at another node when theirs dies",
    ),
    Row("deadline_late_ms_p99", "ms", "", ""),
    Row("deadline_late_ms_max", "ms", "10,000", "the worst of them, the restart of all nodes included"),
    Row("deadlines_twice", "", "0", "told more than once, by the timelines afterwards"),
    Row("deadlines_never", "", "0", "told never"),
    Row("deadlines_early", "", "0", "told before their time"),
    Row(
        "notices_per_s",
        "/s",
        "",
        "webhooks taken by ten receivers that answer at once, each in order, each confirmed in the log before the next",
    ),
    Row("notices_taken", "", "", "by all receivers of the run"),
    Row("notices_doubled", "", "0", "what happened was told to one receiver under two numbers"),
    Row("notices_lost", "", "0", "what happened was never told to whom it was for"),
    Row("notices_out_of_order", "", "0", "taken after a later one"),
    Row(
        "notices_brought_again",
        "",
        "",
        "posts under a number that the receiver had taken: its leader died before that was confirmed; the receiver knows it by its key",
    ),
    Row("policy_decisions_per_s", "/s", "", "the one pure function, one thread, people and questions mixed as below"),
    Row(
        "audit_verify_entries_per_s",
        "/s",
        "",
        "`trongdong audit verify` over an export, away from any cluster, the start of the program included",
    ),
    Row("revoke_to_silence_ms_p50", "ms", "", "right taken, acknowledged → the last message that the stream got by it"),
    Row("revoke_to_silence_ms_p99", "ms", "", "0: the last one came before the acknowledgement"),
];

/// Draws the report and its plot into `folder`.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let figures = read(&folder.join(FIGURES))?;
    if figures.is_empty() {
        return Ok(());
    }
    let detail = read(&folder.join(DETAIL))?;
    if let Some(svg) = lateness(&detail) {
        fs::write(folder.join(PLOT), svg)?;
    }
    fs::write(folder.join(REPORT), draw(&figures, &detail)?)?;
    println!("{}", folder.join(REPORT).display());
    Ok(())
}

fn lateness(detail: &Map<String, Value>) -> Option<String> {
    let part = object(detail, "deadlines")?;
    let line = |name: &str, what: &str, dashed| {
        let points: Vec<_> = points(part.get(name)?).collect();
        (!points.is_empty()).then(|| Line { name: what.to_owned(), dashed, points })
    };
    let lines = [
        line("deadline_late", "due → the first screen is told", false),
        line("deadline_late_in_log", "due → the log's time of it", true),
    ];
    let lines: Vec<_> = lines.into_iter().flatten().collect();
    (!lines.is_empty()).then(|| plot::percentiles("How late deadlines are told, share of deadlines", &lines))
}

fn draw(figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<String> {
    let text = |name: &str| figures.get(name).and_then(Value::as_str).unwrap_or("not told");
    let mut md = format!(
        "# Trust, measured\n\nDrawn from `{FIGURES}` and `{DETAIL}` by `bench report`; measured by `cargo xtask bench trust` on {} \
         at commit `{}`.\nA figure that is not there was not measured, or its measurement failed.\n\nConditions: {}\n\n\
         | figure | | aim | what |\n|---|---:|---:|---|\n",
        text("date"),
        text("commit"),
        text("conditions"),
    );
    for Row(name, unit, aim, what) in &ROWS {
        let Some(value) = figures.get(*name) else { continue };
        // A count is a whole number and is shown as one.
        let shown = match (value.as_u64(), value.as_f64()) {
            (Some(count), _) if count < 1000 => count.to_string(),
            (_, Some(value)) => human(value),
            _ => continue,
        };
        writeln!(md, "| `{name}` | {shown} {unit} | {aim} | {what} |")?;
    }
    deadlines(&mut md, detail)?;
    notices(&mut md, detail)?;
    curves(&mut md, detail)?;
    others(&mut md, detail)?;
    Ok(md)
}

fn deadlines(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let Some(part) = object(detail, "deadlines") else { return Ok(()) };
    let of = |name: &str| list(part.get(name));
    writeln!(
        md,
        "\n## Deadlines in a storm\n\n![How late]({PLOT})\n\nOver {} s deadlines fell due one after the other. Meanwhile the leader \
         of the group that keeps them was killed {} times (`kill -9`) and started again, and all nodes at once a single time: {} s \
         until all were ready. What fell due while nobody led is what is late. Afterwards the timelines of all incidents were read: \
         each deadline has to stand there once. {} records of the run were exported and verified.\n",
        of("spread_s"),
        of("kills_while_due"),
        of("all_ready_s"),
        of("records_that_verified"),
    )?;
    writeln!(md, "| kill | another leads after s | the node was ready after s |\n|---:|---:|---:|")?;
    let column = |name: &str| part.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (at, (moved, ready)) in column("another_leads_s").iter().zip(column("node_ready_s")).enumerate() {
        writeln!(md, "| {} | {moved} | {ready} |", at + 1)?;
    }
    Ok(())
}

fn notices(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let Some(sorts) = object(detail, "notices").and_then(|part| object(part, "receivers")) else { return Ok(()) };
    writeln!(
        md,
        "\n## Notices by receiver\n\n| receivers | how many | taken | doubled | out of order | brought again | refused by them |\n\
         |---|---:|---:|---:|---:|---:|---:|"
    )?;
    for (sort, row) in sorts {
        let of = |name: &str| list(row.get(name));
        writeln!(
            md,
            "| {sort} | {} | {} | {} | {} | {} | {} |",
            of("receivers"),
            of("taken"),
            of("doubled"),
            of("out_of_order"),
            of("brought_again"),
            of("refused")
        )?;
    }
    Ok(())
}

fn curves(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let rows = [
        ("deadlines", "deadline_late", "due → the first screen is told"),
        (
            "deadlines",
            "deadline_late_in_log",
            "due → the log's time of it, given by the leader before the quorum is asked",
        ),
        (
            "notices",
            "quick_while_others_are_not_well",
            "event → taken by a receiver that answers at once, while the leader is killed and others are slow or refuse",
        ),
        ("revoke", "revoke_to_silence", "right taken, acknowledged → the last message by it"),
        ("revoke", "moved", "of them: moved to another district, the stream goes on"),
        ("revoke", "ended", "of them: let in no more, the stream ends"),
    ];
    waits(md, detail, "Times", &rows)
}

/// What stands beside the figures.
fn others(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    writeln!(md, "\n## Of the parts\n\n| part | what | |\n|---|---|---:|")?;
    for part in ["deadlines", "notices", "policy", "audit", "revoke"] {
        for (name, value) in object(detail, part).into_iter().flatten() {
            let shown = match value {
                Value::Number(number) => number.as_f64().map(human).unwrap_or_default(),
                Value::Bool(is_so) => (if *is_so { "yes" } else { "no" }).to_owned(),
                _ => continue,
            };
            writeln!(md, "| {part} | {} | {shown} |", name.replace('_', " "))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_are_whole_and_what_was_not_measured_is_not_there() {
        let figures = json!({
            "deadlines_twice": 0, "deadlines_tested": 10_000, "deadline_late_ms_p99": 812.5, "date": "2026-01-02",
        });
        let detail = json!({
            "deadlines": {
                "deadline_late": { "samples": 2, "percentiles_ms": [[50, 20.0], [100, 900.0]] },
                "another_leads_s": [0.4], "node_ready_s": [2.5],
            },
            "notices": { "receivers": { "slow": { "receivers": 2, "taken": 120, "doubled": 0 } } },
            "audit": { "a_changed_byte_was_found": true },
        });
        let md = draw(figures.as_object().unwrap(), detail.as_object().unwrap()).unwrap();
        assert!(md.contains("| `deadlines_twice` | 0  | 0 |"), "{md}");
        assert!(md.contains("| `deadlines_tested` | 10,000  |"));
        assert!(
            md.contains("| `deadline_late_ms_p99` | 812 ms |") || md.contains("| `deadline_late_ms_p99` | 813 ms |")
        );
        assert!(md.contains("| 1 | 0.4 | 2.5 |"));
        assert!(md.contains("| slow | 2 | 120 | 0 |"));
        assert!(md.contains("| audit | a changed byte was found | yes |"));
        assert!(!md.contains("notices_per_s"));
        assert!(lateness(detail.as_object().unwrap()).is_some());
    }
}
