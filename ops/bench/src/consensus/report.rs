//! `ops/reports/consensus.md`, drawn from `consensus.json` and its details. It says nothing that is not in them.

use std::{fmt::Write, fs, path::Path};

use serde_json::{Map, Value};

use super::{
    PARTS,
    aims::{self, ROWS, Row, short},
    causes,
    commands::CLIENTS,
    plot::{self, Line},
    usage::threads,
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
    parts(&mut md, figures, detail)?;
    commands(&mut md, figures, detail)?;
    writeln!(md, "\n## All figures\n\n| figure | | aim | what | measured elsewhen |\n|---|---:|---:|---|---|")?;
    for Row(name, unit, aim, what) in &ROWS {
        let Some(value) = figure(figures, name) else { continue };
        let elsewhen = elsewhen(figures, detail, name).unwrap_or_default();
        writeln!(md, "| `{name}` | {} {unit} | {} | {what} | {elsewhen} |", short(value), aim.words())?;
    }
    missed(&mut md, figures, detail)?;
    memory(&mut md, detail)?;
    spent(&mut md, detail)?;
    by_thread(&mut md, detail)?;
    soak(&mut md, detail)?;
    others(&mut md, detail)?;
    Ok(md)
}

/// When each part was measured, where that was not all at once.
fn parts(md: &mut String, figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<()> {
    let text = |part: &Map<String, Value>, name: &str| part.get(name).and_then(Value::as_str).map(str::to_owned);
    let own = figures.get("commit").and_then(Value::as_str);
    let measured = || PARTS.iter().filter_map(|part| Some((part.name, object(detail, part.name)?)));
    if measured().all(|(_, part)| text(part, "commit").as_deref() == own) {
        return Ok(());
    }
    writeln!(md, "\nNot all of it was measured in one run:\n\n| part | commit | date | took |\n|---|---|---|---:|")?;
    for (name, part) in measured() {
        let (commit, date) = (text(part, "commit").unwrap_or_default(), text(part, "date").unwrap_or_default());
        let seconds = figure(part, "seconds").map_or(String::new(), |seconds| format!("{} s", human(seconds)));
        writeln!(md, "| {name} | `{commit}` | {date} | {seconds} |")?;
    }
    Ok(())
}

/// Commit and date of a figure that is of another commit than the last run.
fn elsewhen(figures: &Map<String, Value>, detail: &Map<String, Value>, name: &str) -> Option<String> {
    let part = PARTS.iter().find(|part| part.figures.iter().any(|begins| name.starts_with(begins)))?;
    let part = object(detail, part.name)?;
    let commit = part.get("commit")?.as_str()?;
    let date = part.get("date").and_then(Value::as_str).unwrap_or_default();
    let is_other = figures.get("commit").and_then(Value::as_str) != Some(commit);
    is_other.then(|| format!("`{}`, {date}", commit.get(..7).unwrap_or(commit)))
}

/// What is not what it should be, each with its cause.
fn missed(md: &mut String, figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<()> {
    let missed = aims::missed(figures);
    if !missed.is_empty() {
        writeln!(md, "\n## Missed, and why\n")?;
    }
    for aims::Missed { figure, got, aim } in missed {
        let cause = causes::cause(figure, figures, detail);
        writeln!(md, "- **Missed: `{figure}` is {got}, and should be {aim}.** {cause}")?;
    }
    let unmeasured = aims::unmeasured(figures);
    if !unmeasured.is_empty() {
        writeln!(md, "\nNot measured: `{}`.", unmeasured.join("`, `"))?;
    }
    Ok(())
}

/// What each process holds after the writes, beside the peers'.
fn memory(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let Some(commands) = object(detail, "commands") else { return Ok(()) };
    let each = |prefix: &str| commands.get(&format!("{prefix}rss_mib_of_each"));
    let systems: Vec<_> = SYSTEMS.iter().filter_map(|(prefix, system)| Some((system, each(prefix)?))).collect();
    if systems.is_empty() {
        return Ok(());
    }
    writeln!(md, "\n## Memory\n\n| system | MiB of each process after the writes |\n|---|---|")?;
    for (system, each) in systems {
        writeln!(md, "| {system} | {} |", list(Some(each)))?;
    }
    Ok(())
}

/// All threads of the busiest runs.
fn by_thread(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let runs = [("commands", Some("clients_256")), ("readings", causes::best(detail, "readings"))];
    for (part, run) in runs {
        let processes = run.and_then(|run| object(object(object(object(detail, part)?, run)?, "spent")?, "processes"));
        let Some((run, processes)) = run.zip(processes) else { continue };
        let whole = figure(processes, "cpu_us").unwrap_or_default().max(f64::MIN_POSITIVE);
        writeln!(md, "\n| thread: {part}, {} | µs of one | share |\n|---|---:|---:|", run.replace('_', " "))?;
        let mut threads: Vec<_> = object(processes, "by_thread_us").into_iter().flatten().collect();
        threads.sort_by(|a, b| b.1.as_f64().unwrap_or_default().total_cmp(&a.1.as_f64().unwrap_or_default()));
        for (name, us) in threads {
            let us = us.as_f64().unwrap_or_default();
            writeln!(md, "| {name} | {} | {} % |", human(us), human(100.0 * us / whole))?;
        }
    }
    Ok(())
}

/// The load of a stated time, minute by minute.
fn soak(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    let Some(soak) = object(detail, "soak") else { return Ok(()) };
    writeln!(
        md,
        "\n## Full load, minute by minute\n\n| minute | acknowledged | refused | failed | p50 ms | p99 ms | most ms | readings \
         |\n|---:|---:|---:|---:|---:|---:|---:|---:|"
    )?;
    let minutes = soak.get("minutes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (minute, number) in minutes.iter().zip(1..) {
        let of = |name: &str| minute.get(name).and_then(Value::as_f64).map_or(String::new(), short);
        let [acknowledged, refused, failed, readings] = ["acknowledged", "refused", "failed", "readings"].map(of);
        let [p50, p99, most] = ["ms_p50", "ms_p99", "ms_most"].map(of);
        writeln!(md, "| {number} | {acknowledged} | {refused} | {failed} | {p50} | {p99} | {most} | {readings} |")?;
    }
    for said in soak.get("said").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        writeln!(md, "\n{said}")?;
    }
    Ok(())
}

fn commands(md: &mut String, figures: &Map<String, Value>, detail: &Map<String, Value>) -> Result<()> {
    writeln!(
        md,
        "\n## Durable writes, three processes each\n\n256-byte values from a closed loop: each client has one connection to \
         one of the three and one write under way. Ours are notes of a person on an incident over HTTP, with rights, \
         sequence numbers and a timeline; etcd's are puts over gRPC; JetStream's are messages published with acknowledgement \
         to a stream of three replicas in files, which it does not flush before it acknowledges. Nothing is encrypted between \
         clients and servers; between the three processes of each system there is mutual TLS.\n"
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
    for part in ["commands", "readings", "restart"] {
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

/// What stands beside the figures of the other parts.
fn others(md: &mut String, detail: &Map<String, Value>) -> Result<()> {
    writeln!(md, "\n## Of the other parts\n\n| part | what | |\n|---|---|---:|")?;
    for part in ["failover", "transfer", "restart", "snapshot", "soak"] {
        for (name, value) in object(detail, part).into_iter().flatten() {
            let is_plain = value.is_number()
                || value.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(Value::is_number));
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
        assert!(md.contains("| `failover_ms_p50` | 120 ms | ≤ 800 |"), "{md}");
        assert!(!md.contains("| `restart_ready_s`") && md.contains("Not measured: "), "{md}");
        assert_eq!(lines(figures.as_object().unwrap(), "commands_per_s").len(), 2);
    }

    #[test]
    fn a_figure_of_another_commit_is_marked_and_what_was_missed_has_its_cause() {
        let figures = json!({ "commit": "aaaaaaaaaa", "restart_ready_s": 13.8, "failover_ms_p50": 120.0 });
        let detail = json!({
            "restart": { "commit": "bbbbbbbbbb", "date": "2026-01-01", "seconds": 5.0 },
            "failover": { "commit": "aaaaaaaaaa", "date": "2026-01-02" },
            "soak": { "minutes": [{ "acknowledged": 7, "ms_p50": 1.5 }], "said": ["ended early"] },
            "commands": { "rss_mib_of_each": [1.5, 2.0] },
        });
        let md = draw(figures.as_object().unwrap(), detail.as_object().unwrap()).unwrap();
        assert!(md.contains("it holds is told below | `bbbbbbb`, 2026-01-01 |"), "{md}");
        assert!(md.contains("next command acknowledged |  |"), "{md}");
        assert!(md.contains("Not all of it was measured in one run"), "{md}");
        assert!(md.contains("- **Missed: `restart_ready_s` is 13.8 s, and should be ≤ 3.** "), "{md}");
        assert!(md.contains("| 1 | 7 |  |  | 1.50 |  |  |  |") && md.contains("ended early"), "{md}");
        assert!(md.contains("| nodes | 1.5, 2.0 |"), "{md}");
    }
}
