//! `ops/reports/consensus.md`, drawn from `consensus.json` and its details. It says nothing that is not in them.

use std::{fmt::Write, fs, path::Path};

use serde_json::{Map, Value};

use super::{
    commands::CLIENTS,
    plot::{self, Line},
};
use crate::{
    Result,
    book::read,
    report::{human, list, object},
};

/// The figures.
pub(crate) const FIGURES: &str = "consensus.json";
/// All else that was measured.
pub(crate) const DETAIL: &str = "consensus.detail.json";
const REPORT: &str = "consensus.md";
const PLOTS: [(&str, &str, &str, &str); 2] = [
    ("consensus-commands.svg", "Durable writes acknowledged a second", "/s", "commands_per_s"),
    ("consensus-latency.svg", "The slowest hundredth of writes", "ms", "command_ms_p99"),
];
/// Beginnings of the figures' names, and whose they are.
const SYSTEMS: [(&str, &str); 3] = [("", "nodes"), ("etcd_", "etcd"), ("jetstream_", "JetStream")];

/// A figure, its unit, what the target is, and what it is.
struct Row(&'static str, &'static str, &'static str, &'static str);

const ROWS: [Row; 18] = [
    Row(
        "readings_per_s",
        "/s",
        "200,000",
        "readings in batches of 100, acknowledged when a quorum's disks hold them; the best run",
    ),
    Row("readings_batch_ms_p50", "ms", "", "a batch of 100, in that run"),
    Row("readings_batch_ms_p99", "ms", "", ""),
    Row(
        "disk_bytes_per_reading",
        "B",
        "",
        "written to the disk by one node for one reading, compaction included, in that run",
    ),
    Row("row_bytes_per_reading", "B", "", "at rest as a row: a year of a hundred sensors, each read every ten minutes"),
    Row("chunk_bytes_per_reading", "B", "", "the same readings in chunks"),
    Row("failover_ms_p50", "ms", "800", "`kill -9` of the leader of all groups → the next command acknowledged"),
    Row("failover_ms_p99", "ms", "1,500", "of 50 kills the longest"),
    Row(
        "transfer_pause_ms_max",
        "ms",
        "100",
        "the slowest command while the lead of group 0 is handed over as planned, 5 moves",
    ),
    Row("restart_ready_s", "s", "3", "`kill -9` of one node → it is ready; what it holds is told below"),
    Row("restart_all_ready_s", "s", "", "`kill -9` of all nodes → all are ready"),
    Row(
        "snapshot_write_p99_ratio",
        "",
        "1.5",
        "slowest hundredth of writes while a follower is sent a snapshot, by the same without",
    ),
    Row("fsyncs_per_s", "/s", "", "flushes of the write-ahead log of the node with most, at 256 clients"),
    Row("node_rss_mib", "MiB", "", "resident memory of the largest node after the writes"),
    Row("etcd_rss_mib", "MiB", "", "the same of etcd"),
    Row("jetstream_rss_mib", "MiB", "", "the same of JetStream"),
    Row("disk_fdatasync_4k_per_s", "/s", "", "the disk alone: 4 KiB written and flushed, one after the other"),
    Row("disk_write_bytes_per_s", "B/s", "", "the disk alone: written in a row, flushed once"),
];

/// Draws the report and its plots into `folder`.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let figures = read(&folder.join(FIGURES))?;
    if figures.is_empty() {
        return Ok(());
    }
    let detail = read(&folder.join(DETAIL))?;
    for (file, title, unit, name) in PLOTS {
        let lines = lines(&figures, name);
        if !lines.is_empty() {
            fs::write(folder.join(file), plot::by_clients(title, unit, &lines))?;
        }
    }
    fs::write(folder.join(REPORT), draw(&figures, &detail)?)?;
    println!("{}", folder.join(REPORT).display());
    Ok(())
}

fn figure(figures: &Map<String, Value>, name: &str) -> Option<f64> {
    figures.get(name)?.as_f64()
}

fn lines(figures: &Map<String, Value>, name: &str) -> Vec<Line> {
    let line = |(prefix, system): (&str, &'static str)| {
        let point = |clients: usize| Some((clients as f64, figure(figures, &format!("{prefix}{name}_{clients}"))?));
        Line { name: system, points: CLIENTS.into_iter().filter_map(point).collect() }
    };
    SYSTEMS.into_iter().map(line).filter(|line| !line.points.is_empty()).collect()
}

fn draw(figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<String> {
    let text = |name: &str| figures.get(name).and_then(Value::as_str).unwrap_or("not told");
    let mut md = format!(
        "# Consensus, measured\n\nDrawn from `{FIGURES}` and `{DETAIL}` by `bench report`; measured by `cargo xtask bench \
         consensus` on {} at commit `{}`.\nA figure that is not there was not measured, or its measurement failed.\n\n\
         Conditions: {}\n",
        text("date"),
        text("commit"),
        text("conditions"),
    );
    commands(&mut md, figures, detail)?;
    writeln!(md, "\n## All figures\n\n| figure | | aim | what |\n|---|---:|---:|---|")?;
    for Row(name, unit, aim, what) in &ROWS {
        let Some(value) = figure(figures, name) else { continue };
        writeln!(md, "| `{name}` | {} {unit} | {aim} | {what} |", human(value))?;
    }
    spent(&mut md, detail)?;
    others(&mut md, detail)?;
    Ok(md)
}

fn commands(md: &mut String, figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<()> {
    writeln!(
        md,
        "\n## Durable writes, three processes each\n\n256-byte values from a closed loop: each client has one connection to \
         one of the three and one write under way. Ours are notes of a person on an incident over HTTP, with rights, \
         sequence numbers and a timeline; etcd's are puts over gRPC; JetStream's are messages published with acknowledgement \
         to a stream of three replicas in files, which it does not flush before it acknowledges. Nothing is encrypted between \
         clients and servers. Between themselves our nodes speak mutual TLS, as always; etcd's and JetStream's do not.\n"
    )?;
    for (file, title, ..) in PLOTS {
        writeln!(md, "![{title}]({file})\n")?;
    }
    writeln!(md, "| clients | system | per second | p50 ms | p99 ms | beside etcd |\n|---:|---|---:|---:|---:|---:|")?;
    for clients in CLIENTS {
        for (prefix, system) in SYSTEMS {
            let of = |name: &str| figure(figures, &format!("{prefix}{name}_{clients}"));
            let Some(per_s) = of("commands_per_s") else { continue };
            let etcd = figure(figures, &format!("etcd_commands_per_s_{clients}"));
            let beside = etcd.map_or(String::new(), |etcd| format!("× {}", human(per_s / etcd)));
            let ms = |name: &str| of(name).map_or(String::new(), human);
            let (p50, p99) = (ms("command_ms_p50"), ms("command_ms_p99"));
            writeln!(md, "| {clients} | {system} | {} | {p50} | {p99} | {beside} |", human(per_s))?;
        }
    }
    writeln!(
        md,
        "\nAims: at 256 clients five times etcd's writes with a lower p99, and above JetStream; at one client a median no \
         worse than etcd's."
    )?;
    for (prefix, system) in SYSTEMS {
        let skipped = object(detail, "commands").and_then(|part| part.get(&format!("{prefix}skipped")));
        if let Some(how) = skipped.and_then(Value::as_str) {
            writeln!(md, "\n{system} was not measured: {how}.")?;
        }
    }
    Ok(())
}

/// Where the time goes: processor time of one operation, and what the nodes counted.
fn spent(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    writeln!(
        md,
        "\n## Where the time goes\n\nProcessor time of one acknowledged operation, over all three processes and in the client \
         that drives them. Where nearly all cores are busy, this is what bounds the rate.\n\n| run | processes µs | of it in \
         the kernel µs | client µs | cores busy | bytes written | most by thread |\n|---|---:|---:|---:|---:|---:|---|"
    )?;
    for part in ["commands", "readings"] {
        let Some(runs) = object(detail, part) else { continue };
        for (name, run) in runs {
            let Some(spent) = run.get("spent").and_then(Value::as_object) else { continue };
            let Some(processes) = object(spent, "processes") else { continue };
            let number = |map: &Map<String, Value>, name: &str| figure(map, name).map_or(String::new(), human);
            let client = object(spent, "client").map_or(String::new(), |client| number(client, "cpu_us"));
            writeln!(
                md,
                "| {part}, {} | {} | {} | {client} | {} | {} | {} |",
                name.replace('_', " "),
                number(processes, "cpu_us"),
                number(processes, "of_it_in_the_kernel_us"),
                number(spent, "cores_busy"),
                number(processes, "bytes_written"),
                threads(processes),
            )?;
        }
    }
    writeln!(md, "\n| run | entries of one flush | ms of one flush | messages between nodes |\n|---|---:|---:|---:|")?;
    for part in ["commands", "readings"] {
        for (name, run) in object(detail, part).into_iter().flatten() {
            let counted = run.get("spent").and_then(|spent| spent.get("counted")).and_then(Value::as_object);
            let Some(counted) = counted else { continue };
            let number = |name: &str| figure(counted, name).map_or(String::new(), human);
            let (entries, ms, hops) =
                (number("entries_of_one_fsync"), number("ms_of_one_fsync"), number("entity_hops"));
            writeln!(md, "| {part}, {} | {entries} | {ms} | {hops} |", name.replace('_', " "))?;
        }
    }
    Ok(())
}

/// The threads that used most.
fn threads(processes: &Map<String, Value>) -> String {
    let mut threads: Vec<_> = object(processes, "by_thread_us")
        .into_iter()
        .flatten()
        .filter_map(|(name, us)| Some((name.as_str(), us.as_f64()?)))
        .collect();
    threads.sort_by(|a, b| b.1.total_cmp(&a.1));
    threads.iter().take(4).map(|(name, us)| format!("{name} {}", human(*us))).collect::<Vec<_>>().join(", ")
}

/// What stands beside the figures of the other parts.
fn others(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    writeln!(md, "\n## Of the other parts\n\n| part | what | |\n|---|---|---:|")?;
    for part in ["failover", "transfer", "restart", "snapshot"] {
        for (name, value) in object(detail, part).into_iter().flatten() {
            let is_plain = value.is_number() || value.as_array().is_some_and(|all| all.iter().all(Value::is_number));
            if is_plain {
                let value = value.as_f64().map_or_else(|| list(Some(value)), human);
                writeln!(md, "| {part} | {} | {value} |", name.replace('_', " "))?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn peers_stand_beside_and_what_was_not_measured_is_not_there() {
        let figures = json!({
            "commands_per_s_256": 20_000.0, "etcd_commands_per_s_256": 5_000.0, "command_ms_p99_256": 12.0,
            "failover_ms_p50": 120.0, "date": "2026-01-02",
        });
        let detail = json!({ "commands": { "jetstream_skipped": "install it: apt-get install nats-server" } });
        let md = draw(figures.as_object().unwrap(), detail.as_object().unwrap()).unwrap();
        assert!(md.contains("| 256 | nodes | 20,000 |  | 12.0 | × 4.00 |"), "{md}");
        assert!(md.contains("JetStream was not measured: install it"));
        assert!(md.contains("| `failover_ms_p50` | 120 ms | 800 |"));
        assert!(!md.contains("restart_ready_s"));
        assert_eq!(lines(figures.as_object().unwrap(), "commands_per_s").len(), 2);
    }
}
