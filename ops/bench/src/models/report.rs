//! `ops/reports/models.md`, drawn from `models.json` and its details. It says nothing that is not in them, but for figures that
//! others published.

use std::{cmp::Ordering, fmt::Write, fs, path::Path};

use models::{
    report::plot::{Line, bars, lines, reliability, standalone},
    triage::quality::Bin,
};
use serde_json::{Map, Value};

use super::published::{NAB, NAB_SOURCE};
use crate::{
    Result,
    book::read,
    report::{human, list, object},
};

/// The figures.
pub(crate) const FIGURES: &str = "models.json";
/// All else that was measured.
pub(crate) const DETAIL: &str = "models.detail.json";
const REPORT: &str = "models.md";
const RECALL_PLOT: &str = "models-recall.svg";
const NAB_PLOT: &str = "models-nab.svg";
const FORECAST_PLOT: &str = "models-forecast.svg";
const TRIAGE_SAID_PLOT: &str = "models-triage-said.svg";
const DUPLICATE_SAID_PLOT: &str = "models-duplicate-said.svg";

/// Who stands beside a figure.
#[derive(Clone, Copy)]
enum Beside {
    Nobody,
    /// A figure of the same run.
    Figure(&'static str, &'static str),
    /// What somebody published.
    Published(f64, &'static str),
}
use Beside::{Figure, Nobody, Published};

/// A row of the table: the figure, its unit, who stands beside it, and what it is.
struct Row(&'static str, &'static str, Beside, &'static str);

const ROWS: [Row; 39] = [
    Row(
        "triage_micro_f1",
        "",
        Figure("svm_micro_f1", "TF-IDF and linear SVM"),
        "public crisis messages, 36 labels: trained on train, judged once on validation; the peer's settings were chosen by \
         cross-validation on train",
    ),
    Row("triage_macro_f1", "", Figure("svm_macro_f1", "TF-IDF and linear SVM"), "the same, mean over the labels"),
    Row(
        "triage_micro_f1",
        "",
        Figure("svm_fitted_micro_f1", "the SVM with fitted thresholds"),
        "the same; the peer has a threshold a label too, fitted on folds of train",
    ),
    Row(
        "triage_macro_f1",
        "",
        Figure("svm_fitted_macro_f1", "the SVM with fitted thresholds"),
        "the same, mean over the labels",
    ),
    Row("triage_calibration_error", "", Nobody, "the same: how far probabilities and frequencies lie apart on average"),
    Row(
        "triage_per_s_core",
        "/s",
        Figure("sklearn_per_s_core", "scikit-learn"),
        "those messages to labels, batches of 32, one thread",
    ),
    Row("triage_per_s_core", "/s", Figure("fasttext_per_s_core", "fastText"), "the same"),
    Row(
        "triage_verdicts_per_s_core",
        "/s",
        Nobody,
        "the shipped model on the hand-written messages: whole verdicts, with the words that decided",
    ),
    Row("triage_ms_p99_idle", "ms", Nobody, "one message to a whole verdict, nothing else running"),
    Row(
        "triage_ms_p99_busy",
        "ms",
        Nobody,
        "one message to a whole verdict every 10 ms, while three nodes beside it take readings at full speed",
    ),
    Row(
        "triage_served_ms_p99_busy",
        "ms",
        Nobody,
        "the same through the model's queue and thread, which wait up to 2 ms for company",
    ),
    Row("busy_readings_per_s", "/s", Nobody, "the readings that were acknowledged meanwhile"),
    Row("vi_messages_tested", "n", Nobody, "Vietnamese messages written and labelled by hand, never learned from"),
    Row("vi_emergencies_tested", "n", Nobody, "emergencies among them"),
    Row("vi_emergencies_missed", "n", Nobody, "emergencies that were ranked as none"),
    Row("vi_missed_percent_bound_95", "%", Nobody, "so the rate lies below this with 95 % confidence"),
    Row("vi_none_recall", "", Nobody, "others that were ranked as none"),
    Row("vi_kind_accuracy", "", Nobody, "emergencies whose kind is right"),
    Row("vi_kind_calibration_error", "", Nobody, "how far the kind's probability and frequency lie apart on average"),
    Row("vi_severity_within_one", "", Nobody, "severity right or one step off"),
    Row("vi_people_accuracy", "", Nobody, "people in danger counted right, where the text says how many"),
    Row(
        "nab_standard",
        "",
        Published(70.5, "Numenta HTM, published"),
        "Numenta Anomaly Benchmark, all 58 files, one threshold for all; settings chosen on half of the files",
    ),
    Row("nab_low_fp", "", Published(62.6, "Numenta HTM, published"), "the same, false alarms cost more"),
    Row("nab_low_fn", "", Published(75.2, "Numenta HTM, published"), "the same, misses cost more"),
    Row("nab_chosen_half_standard", "", Nobody, "the half of the files on which settings were chosen"),
    Row("nab_heldout_half_standard", "", Nobody, "the half that chose nothing, at its own best threshold"),
    Row("nab_heldout_half_carried_threshold_standard", "", Nobody, "the same at the chosen half's threshold"),
    Row("anomaly_readings_per_s_core", "/s", Nobody, "readings observed on one core"),
    Row("anomaly_bytes_per_sensor", "B", Nobody, "state of one sensor"),
    Row(
        "river_pinball_ratio_12h",
        "",
        Nobody,
        "pinball loss over that of the better of persistence and seasonal naive, river stages 12 h ahead, mean of the stages; trained \
         on the first 70 % of the time",
    ),
    Row("river_covered_90_12h", "", Nobody, "truths within the interval that claims 0.9"),
    Row(
        "calls_pinball_ratio",
        "",
        Nobody,
        "the same ratio for emergency calls an hour, mean of 1, 3, 6, 12 and 24 h ahead",
    ),
    Row(
        "calls_pinball_ratio_hour_of_week",
        "",
        Nobody,
        "against all earlier counts of the hour of the week, a stronger peer",
    ),
    Row("calls_covered_90_exactly", "", Nobody, "truths within the interval that claims 0.9, edges counted in part"),
    Row(
        "duplicate_precision",
        "",
        Nobody,
        "suggestions of the same incident that are right: generated nights and 911 calls",
    ),
    Row("duplicate_recall", "", Nobody, "reports with an earlier one of the same incident that got it suggested"),
    Row(
        "duplicate_calls_precision",
        "",
        Nobody,
        "911 calls alone, with the shipped weights, which have never seen a call",
    ),
    Row("duplicate_calls_recall", "", Nobody, ""),
    Row("duplicate_us_per_report", "µs", Nobody, "one report asked about and kept"),
];

/// Draws the report and its plots into `folder`; nothing where models were not measured yet.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let figures = read(&folder.join(FIGURES))?;
    if figures.is_empty() {
        return Ok(());
    }
    let detail = read(&folder.join(DETAIL))?;
    for (name, svg) in plots(&figures, &detail) {
        fs::write(folder.join(name), standalone(&svg))?;
    }
    fs::write(folder.join(REPORT), draw(&figures, &detail)?)?;
    println!("{}", folder.join(REPORT).display());
    Ok(())
}

fn draw(figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<String> {
    let text = |name: &str| figures.get(name).and_then(Value::as_str).unwrap_or("not told");
    let mut md = format!(
        "# The models, measured\n\nDrawn from `{FIGURES}` and `{DETAIL}` by `bench report`; measured by `cargo xtask bench models` on {} \
         at commit `{}`.\nA figure that is not there was not measured, or its measurement failed.\n\nConditions: {}\n\n\
         | figure | ours | beside it | who | what |\n|---|---:|---:|---|---|\n",
        text("date"),
        text("commit"),
        text("conditions"),
    );
    for Row(name, unit, beside, what) in &ROWS {
        let Some(value) = number(figures, name) else { continue };
        let (other, who) = match beside {
            Nobody => (None, ""),
            Figure(other, who) => (number(figures, other), *who),
            Published(value, who) => (Some(*value), *who),
        };
        let (other, who) = other.map_or((String::new(), ""), |other| (figure(other, unit), who));
        writeln!(md, "| `{name}` | {} | {other} | {who} | {what} |", figure(value, unit))?;
    }
    triage(&mut md, figures, detail)?;
    hand_written(&mut md, detail)?;
    sensors(&mut md, figures)?;
    forecasts(&mut md, figures, detail)?;
    duplicates(&mut md, detail)?;
    Ok(md)
}

fn triage(md: &mut String, figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<()> {
    writeln!(
        md,
        "\n## Texts with many labels\n\n| who | micro F1 | macro F1 | messages/s and core |\n|---|---:|---:|---:|"
    )?;
    for (who, prefix, speed) in [
        ("ours", "triage", "triage_per_s_core"),
        ("TF-IDF and linear SVM (scikit-learn)", "svm", "sklearn_per_s_core"),
        ("the same with fitted thresholds", "svm_fitted", "sklearn_per_s_core"),
        ("fastText", "fasttext", "fasttext_per_s_core"),
    ] {
        let Some(micro) = number(figures, &format!("{prefix}_micro_f1")) else { continue };
        let macro_f1 = number(figures, &format!("{prefix}_macro_f1")).map_or(String::new(), |value| figure(value, ""));
        let speed = number(figures, speed).map_or(String::new(), human);
        writeln!(md, "| {who} | {} | {macro_f1} | {speed} |", figure(micro, ""))?;
    }
    if let Some(reason) = object(detail, "peers").and_then(|peers| peers.get("skipped")).and_then(Value::as_str) {
        writeln!(md, "\nThe peers were left out: {reason}.")?;
    }
    let labels = object(detail, "triage").and_then(|triage| triage.get("labels")).and_then(Value::as_array);
    if let Some(labels) = labels {
        writeln!(md, "\n| label | messages | precision | recall | F1 |\n|---|---:|---:|---:|---:|")?;
        label_rows(md, labels)?;
    }
    Ok(())
}

fn label_rows(md: &mut String, labels: &[Value]) -> Result<()> {
    for label in labels {
        let cell =
            |name: &str| label.get(name).and_then(Value::as_f64).map_or(String::new(), |value| figure(value, ""));
        let name = label.get("name").and_then(Value::as_str).unwrap_or_default();
        let (precision, recall, f1) = (cell("precision"), cell("recall"), cell("f1"));
        writeln!(md, "| {name} | {} | {precision} | {recall} | {f1} |", list(label.get("support")))?;
    }
    Ok(())
}

fn hand_written(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let Some(vi) = object(detail, "vi") else { return Ok(()) };
    writeln!(md, "\n## Vietnamese messages written by hand\n\n![Recall by kind]({RECALL_PLOT})\n")?;
    writeln!(md, "![What was said and what came]({TRIAGE_SAID_PLOT})\n")?;
    for head in vi.get("heads").and_then(Value::as_array).into_iter().flatten() {
        let name = head.get("name").and_then(Value::as_str).unwrap_or_default();
        writeln!(md, "| {name} | messages | precision | recall | F1 |\n|---|---:|---:|---:|---:|")?;
        label_rows(md, head.get("labels").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default())?;
        md.push('\n');
    }
    Ok(())
}

/// Detectors by their standard score, ours among those that were published: name, three scores.
fn scoreboard(figures: &Map<String, Value>) -> Vec<(&'static str, f64, f64, f64)> {
    let mut all = NAB.to_vec();
    let ours = ["nab_standard", "nab_low_fp", "nab_low_fn"].map(|name| number(figures, name));
    if let [Some(standard), Some(low_fp), Some(low_fn)] = ours {
        all.push(("ours", standard, low_fp, low_fn));
    }
    all.sort_by(|one, other| other.1.partial_cmp(&one.1).unwrap_or(Ordering::Equal));
    all
}

fn sensors(md: &mut String, figures: &Map<String, Value>) -> Result<()> {
    if number(figures, "nab_standard").is_none() {
        return Ok(());
    }
    writeln!(md, "\n## Sensors: the Numenta Anomaly Benchmark\n\n![Scores]({NAB_PLOT})\n")?;
    writeln!(md, "| detector | standard | fewer false alarms | fewer misses |\n|---|---:|---:|---:|")?;
    let row = |md: &mut String, name: &str, scores: [Option<f64>; 3]| {
        let [a, b, c] = scores.map(|score| score.map_or(String::new(), |score| format!("{score:.1}")));
        writeln!(md, "| {name} | {a} | {b} | {c} |")
    };
    for (name, standard, low_fp, low_fn) in scoreboard(figures) {
        row(md, name, [Some(standard), Some(low_fp), Some(low_fn)])?;
    }
    writeln!(
        md,
        "\nAll but ours stand on {NAB_SOURCE}; of a range the best is taken. That the scorer is the benchmark's own, and what the half of \
         the files says that chose nothing:\n\n| ours | standard | fewer false alarms | fewer misses |\n|---|---:|---:|---:|"
    )?;
    for (name, prefix) in [
        ("says nothing (0 by the scale)", "nab_null"),
        ("says all and nothing else (100 by the scale)", "nab_perfect"),
        ("chance, mean of 20 seeds (published 11.0, 1.2, 19.5)", "nab_random"),
        ("chosen half", "nab_chosen_half"),
        ("held-out half, its own threshold", "nab_heldout_half"),
        ("held-out half, the chosen half's threshold", "nab_heldout_half_carried_threshold"),
    ] {
        row(md, name, ["standard", "low_fp", "low_fn"].map(|profile| number(figures, &format!("{prefix}_{profile}"))))?;
    }
    Ok(())
}

fn forecasts(md: &mut String, figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<()> {
    if object(detail, "forecast").is_none() {
        return Ok(());
    }
    writeln!(
        md,
        "\n## Forecasts\n\nEach model has learned from the first 70 % of the time of its series and is measured on the rest. A ratio is its \
         pinball loss over that of the better of persistence and seasonal naive, which have the quantiles of their own errors; below 1 is \
         better.\n\n![Ratios by hours ahead]({FORECAST_PLOT})\n"
    )?;
    writeln!(
        md,
        "| series | hours ahead | ratio | to persistence | inside 90 % | inside 50 % |\n|---|---:|---:|---:|---:|---:|"
    )?;
    for (prefix, name) in [
        ("river", "river stages, mean of 8"),
        ("beijing", "PM2.5"),
        ("uci_no2", "nitrogen dioxide"),
        ("i94", "traffic"),
    ] {
        for hours in [3, 6, 12, 24] {
            let cell =
                |what: &str| number(figures, &format!("{prefix}_{what}_{hours}h")).map(|value| figure(value, ""));
            let Some(ratio) = cell("pinball_ratio") else { continue };
            let others = ["pinball_ratio_to_persistence", "covered_90", "covered_50"];
            let others = others.map(|what| cell(what).unwrap_or_default()).join(" | ");
            writeln!(md, "| {name} | {hours} | {ratio} | {others} |")?;
        }
    }
    for point in curve(detail, "calls") {
        let cell =
            |name: &str| point.get(name).and_then(Value::as_f64).map_or(String::new(), |value| figure(value, ""));
        writeln!(
            md,
            "| emergency calls | {} | {} | | {} | |",
            list(point.get("hours")),
            cell("ratio"),
            cell("covered_90")
        )?;
    }
    let level = ["passing_precision", "passing_recall", "passing_off_h_median"].map(|name| number(figures, name));
    if let [Some(right), Some(said), Some(off)] = level {
        writeln!(
            md,
            "\n\"Will pass the level within a day\", for levels that 5 % and 1 % of the learned hours passed: right {}, said before {} of those \
             that came, half of the times off by at most {} h.",
            figure(right, ""),
            figure(said, ""),
            human(off)
        )?;
    }
    Ok(())
}

fn duplicates(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let Some(duplicate) = object(detail, "duplicate") else { return Ok(()) };
    writeln!(
        md,
        "\n## The same incident\n\nGenerated nights are in words and under seeds that no training has seen. The 911 calls are made into \
         reports: calls from one spot within 15 minutes are one event; each report gets a place as good as a telephone knows it, and the \
         words of a caller. The shipped weights have learned from the generator alone.\n\n![What was said and what came]\
         ({DUPLICATE_SAID_PLOT})\n"
    )?;
    writeln!(
        md,
        "| set | reports | with an earlier one | suggested | right | among the candidates |\n|---|---:|---:|---:|---:|---:|"
    )?;
    for (name, what) in [
        ("duplicate_nights", "generated nights"),
        ("duplicate_calls", "911 calls, shipped weights"),
        ("duplicate_calls_own", "911 calls, weights learned from their own past"),
        ("duplicate", "nights and calls, shipped weights"),
    ] {
        let Some(counts) = object(duplicate, name) else { continue };
        let count = |name: &str| list(counts.get(name));
        let cells = ["reports", "with_earlier", "shown", "right", "found"].map(count).join(" | ");
        writeln!(md, "| {what} | {cells} |")?;
    }
    Ok(())
}

/// The plots that the details are enough for: file and drawing.
fn plots(figures: &Map<String, Value>, detail: &Map<String, Value>) -> Vec<(&'static str, String)> {
    let mut plots = Vec::new();
    if let Some(vi) = object(detail, "vi") {
        let kinds = vi.get("kinds").and_then(Value::as_array).into_iter().flatten();
        let recall = kinds.filter_map(|kind| {
            let name = format!("{} ({})", kind.get("kind")?.as_str()?, kind.get("messages")?);
            Some((name, kind.get("recall")?.as_f64()?))
        });
        plots.push((RECALL_PLOT, bars("recall", &recall.collect::<Vec<_>>())));
        let heads = vi.get("heads").and_then(Value::as_array);
        let kind = heads.and_then(|heads| heads.first()).and_then(|head| head.get("bins"));
        plots.extend(kind.and_then(bins).map(|bins| (TRIAGE_SAID_PLOT, reliability(&bins))));
    }
    if number(figures, "nab_standard").is_some() {
        let scores: Vec<_> =
            scoreboard(figures).into_iter().map(|(name, standard, ..)| (name.to_owned(), standard)).collect();
        plots.push((NAB_PLOT, bars("standard", &scores)));
    }
    let line = |prefix: &str, name: &str| {
        let point = |point: &Value| Some((point.get("hours")?.as_f64()?, point.get("ratio")?.as_f64()?));
        Line { name: name.to_owned(), points: curve(detail, prefix).filter_map(point).collect() }
    };
    let series = [("river", "river"), ("beijing", "PM2.5"), ("uci_no2", "NO2"), ("i94", "traffic"), ("calls", "calls")];
    let series: Vec<Line> = series.into_iter().map(|(prefix, name)| line(prefix, name)).collect();
    if series.iter().any(|line| !line.points.is_empty()) {
        plots.push((FORECAST_PLOT, lines("hours ahead", "ratio to the best of the simple", &series)));
    }
    let said = object(detail, "duplicate").and_then(|duplicate| duplicate.get("bins")).and_then(bins);
    plots.extend(said.map(|bins| (DUPLICATE_SAID_PLOT, reliability(&bins))));
    plots
}

fn bins(value: &Value) -> Option<Vec<Bin>> {
    serde_json::from_value(value.clone()).ok()
}

/// The points of a series by hours ahead.
fn curve<'a>(detail: &'a Map<String, Value>, prefix: &str) -> impl Iterator<Item = &'a Value> {
    let points = object(detail, "forecast").and_then(|forecast| forecast.get(prefix)).and_then(Value::as_array);
    points.into_iter().flatten()
}

fn number(figures: &Map<String, Value>, name: &str) -> Option<f64> {
    figures.get(name)?.as_f64()
}

/// A figure as text: counts (`n`) whole, shares and scores without a unit, all else as the spine's report has it.
fn figure(value: f64, unit: &str) -> String {
    match unit {
        "n" if value.abs() < 1000.0 => format!("{value:.0}"),
        "n" => human(value),
        "" if value.abs() >= 10.0 => format!("{value:.1}"),
        "" => format!("{value:.3}"),
        unit => format!("{} {unit}", human(value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> (Value, Value) {
        let figures = json!({
            "date": "2026-01-02", "commit": "abc", "conditions": "two cores.",
            "triage_micro_f1": 0.7, "triage_macro_f1": 0.5, "svm_micro_f1": 0.674, "triage_per_s_core": 20000.0,
            "sklearn_per_s_core": 2450.5, "vi_emergencies_tested": 642.0, "vi_emergencies_missed": 0.0,
            "nab_standard": 71.25, "nab_low_fp": 63.0, "nab_low_fn": 76.5, "nab_random_standard": 11.7,
            "river_pinball_ratio_12h": 0.5, "river_covered_90_12h": 0.9,
        });
        let bins = json!([{ "count": 4, "said": 2.0, "came": 1 }]);
        let detail = json!({
            "peers": { "skipped": "no python3" },
            "triage": { "labels": [{ "name": "water", "support": 30, "precision": 0.8, "recall": 0.6, "f1": 0.686 }] },
            "vi": {
                "kinds": [{ "kind": "flood", "recall": 0.9, "messages": 100 }],
                "heads": [{ "name": "kind", "bins": bins, "labels": [] }],
            },
            "forecast": { "river": [{ "hours": 3, "ratio": 0.6 }, { "hours": 12, "ratio": 0.5 }] },
            "duplicate": { "bins": bins, "duplicate_calls": { "reports": 10, "with_earlier": 4, "shown": 3, "right": 2 } },
        });
        (figures, detail)
    }

    #[test]
    fn figures_stand_beside_their_peers_and_what_was_not_measured_is_not_there() {
        let (figures, detail) = sample();
        let md = draw(figures.as_object().unwrap(), detail.as_object().unwrap()).unwrap();
        assert!(md.contains("| `triage_micro_f1` | 0.700 | 0.674 | TF-IDF and linear SVM |"), "{md}");
        assert!(md.contains("| `triage_macro_f1` | 0.500 |  |  |"), "{md}");
        assert!(
            md.contains("| `triage_per_s_core` | 20,000 /s | 2,450 /s | scikit-learn |") || md.contains("2,451 /s")
        );
        assert!(md.contains("| `nab_standard` | 71.2 | 70.5 | Numenta HTM, published |") || md.contains("71.3 | 70.5"));
        assert!(md.contains("| `vi_emergencies_missed` | 0.000 |") || md.contains("| `vi_emergencies_missed` | 0 |"));
        assert!(md.contains("on 2026-01-02 \\\n") || md.contains("on 2026-01-02 at commit `abc`"), "{md}");
        assert!(!md.contains("calls_pinball_ratio"), "{md}");
        assert!(md.contains("The peers were left out: no python3."), "{md}");
        assert!(md.contains("| water | 30 | 0.800 | 0.600 | 0.686 |"), "{md}");
        assert!(md.contains("| river stages, mean of 8 | 12 | 0.500 |"), "{md}");
        assert!(md.contains("| 911 calls, shipped weights | 10 | 4 | 3 | 2 | not told |"), "{md}");
    }

    #[test]
    fn ours_stands_where_its_score_puts_it() {
        let (figures, _) = sample();
        let board = scoreboard(figures.as_object().unwrap());
        let names: Vec<_> = board.iter().take(3).map(|row| row.0).collect();
        assert_eq!(names, ["ARTime", "ours", "Numenta HTM"]);
        assert_eq!(scoreboard(&Map::new()).len(), NAB.len());
    }

    #[test]
    fn every_plot_that_the_report_shows_is_drawn() {
        let (figures, detail) = sample();
        let (figures, detail) = (figures.as_object().unwrap(), detail.as_object().unwrap());
        let md = draw(figures, detail).unwrap();
        let plots = plots(figures, detail);
        assert_eq!(plots.len(), 5);
        for (file, svg) in &plots {
            assert!(md.contains(&format!("({file})")), "{file}: {md}");
            assert!(svg.starts_with("<svg") && !svg.contains("NaN"), "{svg}");
        }
        assert!(super::plots(&Map::new(), &Map::new()).is_empty());
    }
}
