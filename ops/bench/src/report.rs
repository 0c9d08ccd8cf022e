//! `ops/reports/spine.md`, drawn from `spine.json` and its details. It says nothing that is not in them.

use std::{fmt::Write, fs, path::Path};

use serde_json::{Map, Value};

use crate::{
    Result,
    book::read,
    plot::{self, Line},
};

/// The figures.
pub(crate) const SPINE: &str = "spine.json";
/// All else that was measured.
pub(crate) const DETAIL: &str = "spine.detail.json";
const REPORT: &str = "spine.md";
const PLOT: &str = "spine-fanout.svg";

/// A row of the table: the figure, its unit, the peer's figure, and what it is.
struct Row(&'static str, &'static str, Option<&'static str>, &'static str);

const ROWS: [Row; 17] = [
    Row(
        "readings_acked_per_s",
        "/s",
        None,
        "readings that devices pushed and that a quorum's disks hold when they are acknowledged; best of the runs below",
    ),
    Row(
        "commands_acked_per_s",
        "/s",
        None,
        "people's commands (a report that opens an incident), the same promise; best of the runs below",
    ),
    Row(
        "commit_to_socket_ms_p50",
        "ms",
        None,
        "leader's stamp → frame on a socket of another node, consensus and its disk writes included; 50 commands/s, sent to a third node",
    ),
    Row("commit_to_socket_ms_p99", "ms", None, ""),
    Row(
        "commit_to_paint_ms_p50",
        "ms",
        None,
        "leader's stamp → the incident's row painted in Chromium on the same machine, without GPU and map",
    ),
    Row("commit_to_paint_ms_p99", "ms", None, ""),
    Row(
        "leader_kill_to_ack_ms_p50",
        "ms",
        None,
        "`kill -9` of the leader of group 0 → the next command acknowledged; 20 kills",
    ),
    Row("leader_kill_to_ack_ms_p99", "ms", None, "of 20 kills the longest"),
    Row(
        "node_rss_mib_1k_cameras_100k_sensors",
        "MiB",
        None,
        "resident memory of the largest node, 60 s after they were registered; the cameras do not answer",
    ),
    Row(
        "fanout_deliveries_per_s_1000",
        "/s",
        Some("nats_fanout_deliveries_per_s_1000"),
        "events delivered, 1,000 sockets at 200 events/s, 1 % of them stalled",
    ),
    Row(
        "fanout_ms_p99_1000",
        "ms",
        Some("nats_fanout_ms_p99_1000"),
        "stamp → read by the client, all readers that go on",
    ),
    Row(
        "fanout_deliveries_per_s_5000",
        "/s",
        Some("nats_fanout_deliveries_per_s_5000"),
        "5,000 sockets at 40 events/s, 1 % of them stalled",
    ),
    Row("fanout_ms_p99_5000", "ms", Some("nats_fanout_ms_p99_5000"), ""),
    Row("socket_kib", "KiB", None, "growth of the three nodes' memory by socket, 5,000 sockets, after the run"),
    Row("reconnect_all_s", "s", None, "all 4,950 live sockets cut at once → the last has resumed without a gap"),
    Row("test_cold_s", "s", None, "`cargo xtask test` where nothing was built"),
    Row("test_warm_s", "s", None, "`cargo xtask test` where everything was built"),
];

/// Draws the report and its plot into `folder`.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let spine = read(&folder.join(SPINE))?;
    let detail = read(&folder.join(DETAIL))?;
    if let Some(plot) = fanout_plot(&detail) {
        fs::write(folder.join(PLOT), plot)?;
    }
    fs::write(folder.join(REPORT), draw(&spine, &detail)?)?;
    println!("{}", folder.join(REPORT).display());
    Ok(())
}

fn draw(spine: &Map<String, Value>, detail: &Map<String, Value>) -> Result<String> {
    let text = |name: &str| spine.get(name).and_then(Value::as_str).unwrap_or("not told");
    let mut md = format!(
        "# The spine, measured\n\nDrawn from `spine.json` and `spine.detail.json` by `bench report`; measured by `cargo xtask \
         bench spine` on {} at commit `{}`.\nA figure that is not there was not measured, or its measurement failed.\n\n\
         Conditions: {}\n\n| figure | nodes | peer | what |\n|---|---:|---:|---|\n",
        text("date"),
        text("commit"),
        text("conditions"),
    );
    for Row(name, unit, peer, what) in &ROWS {
        let Some(value) = spine.get(*name).and_then(Value::as_f64) else { continue };
        let peer = peer.and_then(|peer| spine.get(peer)).and_then(Value::as_f64);
        let peer = peer.map_or(String::new(), |peer| format!("{} {unit}", human(peer)));
        writeln!(md, "| `{name}` | {} {unit} | {peer} | {what} |", human(value))?;
    }
    md.push_str(
        "\nThe peer is Debian's `nats-server` with its WebSocket listener: one process that neither stores nor agrees, filters \
         no rights and resumes nothing. It shows what pushing the same bytes to as many sockets costs on this machine; its \
         latency begins at the publisher, a node's at the leader's stamp, before consensus.\n",
    );
    if let Some(fanout) = object(detail, "fanout") {
        fanout_section(&mut md, fanout)?;
    }
    throughput(&mut md, detail)?;
    latencies(&mut md, detail)?;
    if let Some(memory) = object(detail, "memory") {
        writeln!(md, "\n## Memory\n\n| when | KiB of each node |\n|---|---|")?;
        for (name, when) in [
            ("empty_rss_kib", "just started"),
            ("signed_in_rss_kib", "48 administrators have signed in"),
            ("cameras_rss_kib", "1,000 cameras registered"),
            ("registered_rss_kib", "1,000 cameras and 100,000 sensors registered"),
            ("later_rss_kib", "60 s later"),
        ] {
            writeln!(md, "| {when} | {} |", list(memory.get(name)))?;
        }
    }
    Ok(md)
}

fn fanout_section(md: &mut String, fanout: &Map<String, Value>) -> Result<()> {
    writeln!(md, "\n## Fan-out\n\n![Latency by percentile]({PLOT})\n")?;
    writeln!(
        md,
        "| run | readers | got every event, once, in order | let go | stalled | events |\n|---|---:|---:|---:|---:|---:|"
    )?;
    for prefix in ["", "nats_"] {
        for sockets in [1000, 5000] {
            let Some(run) = object(fanout, &format!("{prefix}fanout_{sockets}")) else { continue };
            let count = |name: &str| list(run.get(name));
            let who = if prefix.is_empty() { "nodes" } else { "peer" };
            writeln!(
                md,
                "| {who}, {sockets} sockets | {} | {} | {} | {} | {} |",
                count("readers"),
                count("whole"),
                count("let_go"),
                count("stalled"),
                count("events")
            )?;
        }
    }
    writeln!(md, "\nOther measurements of the same runs:\n")?;
    for (name, value) in fanout.iter().filter(|(_, value)| value.is_number() || value.is_string()) {
        writeln!(md, "- `{name}`: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))?;
    }
    Ok(())
}

/// Runs by number of clients.
fn throughput(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    for (part, title) in [("readings", "Readings"), ("commands", "Commands")] {
        let Some(part) = object(detail, part) else { continue };
        writeln!(md, "\n## {title}\n\n| run | per second | p50 ms | p99 ms |\n|---|---:|---:|---:|")?;
        for (name, run) in part {
            let Some(per_s) = run.get("per_s").and_then(Value::as_f64) else { continue };
            let at = |percent| run.get("latency").and_then(|curve| point(curve, percent)).map_or(String::new(), human);
            writeln!(md, "| {} | {} | {} | {} |", name.replace('_', " "), human(per_s), at(50.0), at(99.0))?;
        }
    }
    Ok(())
}

fn latencies(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let rows = [
        ("latency", "commit_to_socket", "leader's stamp → frame on another node's socket"),
        ("latency", "ack_to_socket", "answer to the client → that frame"),
        ("latency", "send_to_socket", "command sent → that frame"),
        ("latency", "send_to_ack", "command sent → answer to the client"),
        ("paint", "commit_to_paint", "leader's stamp → row painted"),
        ("kill", "leader_kill_to_ack", "leader killed → command acknowledged"),
    ];
    waits(md, detail, "Latencies", &rows)?;
    md.push_str("\nA stamp is a whole millisecond, so that a latency from it is up to 1 ms too long.\n");
    Ok(())
}

/// A table of waits: for each the part of the details that has its curve, the curve's name there, and what it is from and to. What was not
/// measured has no row.
pub(crate) fn waits(
    md: &mut String,
    detail: &Map<String, Value>,
    title: &str,
    rows: &[(&str, &str, &str)],
) -> Result<()> {
    writeln!(
        md,
        "\n## {title}\n\n| from → to | samples | p50 ms | p90 ms | p99 ms | most ms |\n|---|---:|---:|---:|---:|---:|"
    )?;
    for &(part, name, what) in rows {
        let Some(curve) = object(detail, part).and_then(|part| part.get(name)) else { continue };
        let at = |percent| point(curve, percent).map_or(String::new(), human);
        let samples = list(curve.get("samples"));
        writeln!(md, "| {what} | {samples} | {} | {} | {} | {} |", at(50.0), at(90.0), at(99.0), at(100.0))?;
    }
    Ok(())
}

fn fanout_plot(detail: &Map<String, Value>) -> Option<String> {
    let fanout = object(detail, "fanout")?;
    let line = |prefix: &str, sockets: u32| {
        let curve = object(fanout, &format!("{prefix}fanout_{sockets}"))?.get("latency")?;
        let points: Vec<_> = points(curve).collect();
        let who = if prefix.is_empty() { "nodes" } else { "nats-server" };
        (!points.is_empty()).then(|| Line {
            name: format!("{who}, {sockets} sockets"),
            dashed: sockets == 5000,
            points,
        })
    };
    let lines: Vec<_> = [("", 1000), ("nats_", 1000), ("", 5000), ("nats_", 5000)]
        .into_iter()
        .filter_map(|(prefix, sockets)| line(prefix, sockets))
        .collect();
    (!lines.is_empty()).then(|| plot::percentiles("Stamp to read, share of deliveries", &lines))
}

/// An object in an object.
pub(crate) fn object<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    map.get(name)?.as_object()
}

/// Points of a curve of `stats::curve`.
pub(crate) fn points(curve: &Value) -> impl Iterator<Item = (f64, f64)> + '_ {
    let points = curve.get("percentiles_ms").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    points.iter().filter_map(|point| Some((point.get(0)?.as_f64()?, point.get(1)?.as_f64()?)))
}

/// The value of a curve at a percentile.
pub(crate) fn point(curve: &Value, percent: f64) -> Option<f64> {
    points(curve).find(|point| (point.0 - percent).abs() < 0.01).map(|point| point.1)
}

/// A number, or numbers, as text; "not told" where there is none.
pub(crate) fn list(value: Option<&Value>) -> String {
    match value {
        Some(Value::Array(values)) => values.iter().map(Value::to_string).collect::<Vec<_>>().join(", "),
        Some(value) => value.to_string(),
        None => "not told".to_owned(),
    }
}

/// Three significant digits, or whole with thousands apart.
pub(crate) fn human(value: f64) -> String {
    match value.abs() {
        size if size >= 1000.0 => {
            let whole = format!("{value:.0}");
            let mut text = String::new();
            for (at, digit) in whole.chars().enumerate() {
                if at > 0 && (whole.len() - at) % 3 == 0 {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_short() {
        assert_eq!(human(1_234_567.8), "1,234,568");
        assert_eq!(human(999.6), "1000");
        assert_eq!(human(12.345), "12.3");
        assert_eq!(human(0.5), "0.50");
    }

    #[test]
    fn what_was_not_measured_is_not_in_the_table() {
        let spine = json!({ "fanout_ms_p99_1000": 12.0, "nats_fanout_ms_p99_1000": 3.0, "date": "2026-01-02" });
        let md = draw(spine.as_object().unwrap(), &Map::new()).unwrap();
        assert!(md.contains("| `fanout_ms_p99_1000` | 12.0 ms | 3.00 ms |"), "{md}");
        assert!(!md.contains("reconnect_all_s"));
        assert!(md.contains("on 2026-01-02 at commit `not told`"));
    }
}
