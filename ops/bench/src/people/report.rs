//! `ops/reports/people.md`, drawn from `people.json` and its details. It says nothing that is not in them.

use std::{fmt::Write, fs, path::Path};

use serde_json::{Map, Value};

use crate::{
    Result,
    book::read,
    report::{human, list, object, waits},
};

/// The figures.
pub(crate) const FIGURES: &str = "people.json";
/// All else that was measured.
pub(crate) const DETAIL: &str = "people.detail.json";
const REPORT: &str = "people.md";

/// A row of the table: the figure, its unit, what is asked for, and what it is.
struct Row(&'static str, &'static str, &'static str, &'static str);

const ROWS: [Row; 22] = [
    Row(
        "answer_to_dispatch_s_median",
        "s",
        "< 25",
        "call answered → first unit dispatched, by the keystroke-level model for a trained typist (K 0.20 s, M 1.35 s) and the measured \
         waits for the screen; the time in which the caller talks and nobody types is not in it",
    ),
    Row("answer_to_dispatch_s_median_average_typist", "s", "", "the same with K 0.28 s"),
    Row(
        "answer_to_dispatch_s_max",
        "s",
        "",
        "of all calls, the one during which the leader was killed included; trained",
    ),
    Row(
        "keystrokes_median",
        "",
        "",
        "from the answering key to the sending key, the caller's words included; counted in the page",
    ),
    Row("mouse_clicks_median", "", "0", ""),
    Row(
        "screen_pop_ms_p50",
        "ms",
        "",
        "the ring's stamp in the log → painted with the caller's history and the open incidents nearby",
    ),
    Row("screen_pop_ms_p99", "ms", "< 300", ""),
    Row(
        "tap_to_wall_ms_p50",
        "ms",
        "",
        "a crew's tap → painted on the wall, from the moment at which it can no longer be taken back: five seconds after the press, a \
         pause that is there on purpose",
    ),
    Row("tap_to_wall_ms_p99", "ms", "< 500", "the taps that met the election included"),
    Row("peak_calls_offered", "", "", "a peak through the exchange's interface, the leader killed in the middle"),
    Row("peak_calls_lost", "", "0", "calls that not every node has in its list afterwards"),
    Row("peak_calls_per_s", "/s", "5", "offered"),
    Row(
        "calls_offered",
        "",
        "60000",
        "a whole day's calls, one after the other as fast as the centre takes them, leaders killed meanwhile",
    ),
    Row("calls_lost", "", "0", "calls of these that not every node has in its state afterwards"),
    Row("calls_doubled", "", "0", "calls that the centre numbered beyond those that were offered"),
    Row("calls_per_s", "/s", "", "offered and played to their end"),
    Row("calls_node_rss_mib", "MiB", "", "memory of the largest node, which holds all of them"),
    Row("axe_serious", "", "0", "serious and critical findings of axe, all screens in both themes"),
    Row("axe_screens", "", "", "screens by theme, those with an opened file among them"),
    Row(
        "responder_first_picture_s_3g",
        "s",
        "< 3",
        "crew's page, first contentful paint, the worst of the first visits: 400 kbit/s, 400 ms, a quarter of the processor",
    ),
    Row("responder_order_s_3g", "s", "", "the same, until the order stands there; median"),
    Row("responder_page_kib", "KiB", "", "over the line until then, compressed"),
];

/// Draws the report into `folder`.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let (figures, detail) = (read(&folder.join(FIGURES))?, read(&folder.join(DETAIL))?);
    if figures.is_empty() {
        return Ok(());
    }
    fs::write(folder.join(REPORT), draw(&figures, &detail)?)?;
    println!("{}", folder.join(REPORT).display());
    Ok(())
}

fn draw(figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<String> {
    let text = |name: &str| figures.get(name).and_then(Value::as_str).unwrap_or("not told");
    let mut md = format!(
        "# People at their screens, measured\n\nDrawn from `people.json` and `people.detail.json` by `bench report`; measured by \
         `cargo xtask bench people` on {} at commit `{}`.\nA figure that is not there was not measured, or its measurement failed.\n\n\
         Conditions: {}\n\n| figure | measured | asked for | what |\n|---|---:|---:|---|\n",
        text("date"),
        text("commit"),
        text("conditions"),
    );
    for Row(name, unit, wanted, what) in &ROWS {
        let Some(value) = figures.get(*name).and_then(Value::as_f64) else { continue };
        let value = if value.fract() == 0.0 { format!("{value:.0}") } else { human(value) };
        writeln!(md, "| `{name}` | {value} {unit} | {wanted} | {what} |")?;
    }
    latencies(&mut md, detail)?;
    if let Some(console) = object(detail, "console") {
        writeln!(
            md,
            "\n## Calls at the console\n\n{} whole calls: answered, written down without marks, suggestions taken, saved, first unit sent. \
             Node {} led and was killed while one of them was being taken. Three thoughts a call (what is it, is what is suggested right, \
             is the unit right); waits for the screen {} s (median).",
            list(console.get("calls_taken")),
            list(console.get("killed_node")),
            list(console.get("response_s_median")),
        )?;
    }
    if let Some(calls) = object(detail, "calls") {
        peak_section(&mut md, calls)?;
    }
    if let Some(day) = object(detail, "day") {
        day_section(&mut md, day)?;
    }
    if let Some(found) = object(detail, "look").and_then(|look| look.get("violations")).and_then(Value::as_array) {
        writeln!(md, "\n## axe\n")?;
        for screen in found {
            writeln!(
                md,
                "- {}, {}: {}",
                list(screen.get("screen")),
                list(screen.get("theme")),
                list(screen.get("violations"))
            )?;
        }
        if found.is_empty() {
            md.push_str("Nothing was found on any screen, of any impact.\n");
        }
    }
    Ok(md)
}

fn latencies(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let rows = [
        ("pop", "number_shown", "ring's stamp → the caller's number painted"),
        ("pop", "screen_pop", "ring's stamp → history and what is near painted"),
        ("tap", "tap_to_wall", "a tap goes (it can no longer be taken back) → painted on the wall"),
        ("tap", "press_to_wall", "the press → painted on the wall"),
        ("calls", "offer_to_answer", "exchange's offer → the cluster's answer, at the peak"),
        ("day", "offer_to_answer", "the same over the day's calls"),
        ("console", "response", "all waits for the screen of one call"),
    ];
    waits(md, detail, "Waits", &rows)?;
    md.push_str(
        "\nScreens are at nodes that did not lead when the part began, so that the killed one is not theirs; what a screen does that loses its \
         own node is in the browser tests (`web/e2e-real`).\n",
    );
    Ok(())
}

fn peak_section(md: &mut String, calls: &Map<String, Value>) -> Result<()> {
    writeln!(
        md,
        "\n## The peak\n\nNode {} led and was killed in the middle. What became of the calls, as every node's list has it: {}. Four scripted \
         agents answer; callers hang up when they have waited 5 to 30 s.",
        list(calls.get("killed_node")),
        list(calls.get("statuses")),
    )?;
    Ok(())
}

fn day_section(md: &mut String, day: &Map<String, Value>) -> Result<()> {
    writeln!(
        md,
        "\n## The day\n\nA day of 60,000 calls has {} a second on average; here they came within {} s, {} callers at a time, {} agents. Nodes {} led, \
         one after the other, and were killed and started again. What became of the calls, as every node has it: {}. Callers who were never \
         told how it ended: {}. Memory of the nodes before, KiB: {}; after: {}.",
        list(day.get("mean_per_s_of_a_day")),
        list(day.get("offered_s")),
        list(day.get("callers_at_once")),
        list(day.get("agents")),
        list(day.get("killed_nodes")),
        list(day.get("statuses")),
        list(day.get("callers_without_an_end")),
        list(day.get("rss_kib_before")),
        list(day.get("rss_kib_after")),
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_not_measured_is_not_in_the_table() {
        let figures = json!({ "calls_lost": 0.0, "screen_pop_ms_p99": 123.4, "date": "2026-01-02" });
        let detail = json!({ "calls": { "statuses": { "ended": 7 } }, "day": { "statuses": { "abandoned": 2 } } });
        let md = draw(figures.as_object().unwrap(), detail.as_object().unwrap()).unwrap();
        assert!(md.contains("| `calls_lost` | 0  | 0 |"), "{md}");
        assert!(md.contains("| `screen_pop_ms_p99` | 123 ms | < 300 |"), "{md}");
        assert!(md.contains("{\"abandoned\":2}"), "{md}");
        assert!(md.contains("{\"ended\":7}") && !md.contains("tap_to_wall_ms_p99"), "{md}");
    }
}
