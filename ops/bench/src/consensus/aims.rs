//! Every figure of the report: what it is, what is aimed at, and whether that was reached.

use serde_json::{Map, Value};

use crate::report::human;

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    /// Nothing is aimed at: it is told to understand the others.
    Told,
    /// That much or more.
    AtLeast(f64),
    /// That much or less.
    AtMost(f64),
}

impl Aim {
    /// Whether `value` is what it should be; none where nothing is aimed at.
    pub(crate) fn is_reached(self, value: f64) -> Option<bool> {
        match self {
            Self::Told => None,
            Self::AtLeast(least) => Some(value >= least),
            Self::AtMost(most) => Some(value <= most),
        }
    }

    /// For the table.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Told => String::new(),
            Self::AtLeast(least) => format!("≥ {}", short(least)),
            Self::AtMost(most) => format!("≤ {}", short(most)),
        }
    }
}

/// As [`human`], and a small count without a fraction.
pub(crate) fn short(value: f64) -> String {
    let is_count = value.abs() < 1000.0 && value.fract().abs() < f64::EPSILON;
    if is_count { format!("{value:.0}") } else { human(value) }
}

/// A figure, its unit, what is aimed at, and what it is.
pub(crate) struct Row(pub(crate) &'static str, pub(crate) &'static str, pub(crate) Aim, pub(crate) &'static str);

/// The figures in the order of the table.
pub(crate) const ROWS: [Row; 28] = [
    Row(
        "readings_per_s",
        "/s",
        Aim::AtLeast(200_000.0),
        "readings in batches of 100, acknowledged when a quorum's disks hold them; the best run",
    ),
    Row("readings_batch_ms_p50", "ms", Aim::Told, "a batch of 100, in that run"),
    Row("readings_batch_ms_p99", "ms", Aim::Told, ""),
    Row(
        "disk_bytes_per_reading",
        "B",
        Aim::Told,
        "written to the disk by one node for one reading, compaction included, in that run",
    ),
    Row(
        "row_bytes_per_reading",
        "B",
        Aim::Told,
        "at rest as a row: a year of a hundred sensors, each read every ten minutes",
    ),
    Row("chunk_bytes_per_reading", "B", Aim::Told, "the same readings in chunks"),
    Row(
        "failover_ms_p50",
        "ms",
        Aim::AtMost(800.0),
        "`kill -9` of the leader of all groups → the next command acknowledged",
    ),
    Row("failover_ms_p99", "ms", Aim::AtMost(1_500.0), "the longest of the kills"),
    Row(
        "transfer_pause_ms_max",
        "ms",
        Aim::AtMost(100.0),
        "longest time between two acknowledgements of a client around a planned move of the lead, of all moves",
    ),
    Row("transfer_pause_ms_p50", "ms", Aim::Told, "the same of the middle one"),
    Row("restart_ready_s", "s", Aim::AtMost(3.0), "`kill -9` of one node → it is ready; what it holds is told below"),
    Row("restart_all_ready_s", "s", Aim::Told, "`kill -9` of all nodes → all are ready"),
    Row(
        "snapshot_write_p99_ratio",
        "",
        Aim::AtMost(1.5),
        "slowest hundredth of writes while a follower is sent a snapshot, by the same without",
    ),
    Row("soak_minutes", "min", Aim::AtLeast(60.0), "full load with the settings that ship"),
    Row("spurious_elections", "", Aim::AtMost(0.0), "terms that began in that time and that nobody had asked for"),
    Row("soak_acknowledged", "", Aim::Told, "commands acknowledged in that time"),
    Row("soak_refused", "", Aim::Told, "answers that told a client to send its command again"),
    Row("soak_failed", "", Aim::Told, "commands without an answer"),
    Row("soak_commands_per_s", "/s", Aim::Told, "64 clients, readings beside them"),
    Row("soak_readings_per_s", "/s", Aim::Told, "8 connections, commands beside them"),
    Row("soak_command_ms_p99", "ms", Aim::Told, "slowest hundredth of these commands"),
    Row("soak_rss_mib_end", "MiB", Aim::Told, "resident memory of the largest node at the end of it"),
    Row("fsyncs_per_s", "/s", Aim::Told, "flushes of the write-ahead log of the node with most, at 256 clients"),
    Row("node_rss_mib", "MiB", Aim::Told, "resident memory of the largest node after the writes"),
    Row("etcd_rss_mib", "MiB", Aim::Told, "the same of etcd"),
    Row("jetstream_rss_mib", "MiB", Aim::Told, "the same of JetStream"),
    Row("disk_fdatasync_4k_per_s", "/s", Aim::Told, "the disk alone: 4 KiB written and flushed, one after the other"),
    Row("disk_write_bytes_per_s", "B/s", Aim::Told, "the disk alone: written in a row, flushed once"),
];

/// A figure that is not what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Missed {
    /// Its name.
    pub(crate) figure: &'static str,
    /// What it is, with its unit.
    pub(crate) got: String,
    /// What it should be.
    pub(crate) aim: String,
}

/// What should be beside a peer's figure of the same run: ours, the unit, the peer's, how many times that at least (or, of a
/// time, at most once that), in words.
const BESIDE: [(&str, &str, &str, f64, &str); 4] = [
    ("commands_per_s_256", "/s", "etcd_commands_per_s_256", 5.0, "five times etcd's"),
    ("commands_per_s_256", "/s", "jetstream_commands_per_s_256", 1.0, "JetStream's"),
    ("command_ms_p99_256", "ms", "etcd_command_ms_p99_256", 1.0, "etcd's"),
    ("command_ms_p50_1", "ms", "etcd_command_ms_p50_1", 1.0, "etcd's"),
];

fn figure(figures: &Map<String, Value>, name: &str) -> Option<f64> {
    figures.get(name)?.as_f64()
}

/// Every figure that was measured and is not what it should be.
pub(crate) fn missed(figures: &Map<String, Value>) -> Vec<Missed> {
    let got = |value: f64, unit: &str| format!("{} {unit}", short(value)).trim_end().to_owned();
    let rows = ROWS.iter().filter_map(|&Row(name, unit, aim, _)| {
        let value = figure(figures, name)?;
        let missed = Missed { figure: name, got: got(value, unit), aim: aim.words() };
        aim.is_reached(value).is_some_and(|is_reached| !is_reached).then_some(missed)
    });
    let beside = BESIDE.iter().filter_map(|&(name, unit, peer, times, words)| {
        let (value, peer) = (figure(figures, name)?, figure(figures, peer)?);
        let aim = if unit == "ms" { Aim::AtMost(peer) } else { Aim::AtLeast(peer * times) };
        let missed = Missed { figure: name, got: got(value, unit), aim: format!("{}, {words}", aim.words()) };
        aim.is_reached(value).is_some_and(|is_reached| !is_reached).then_some(missed)
    });
    rows.chain(beside).collect()
}

/// Figures with an aim that were not measured.
pub(crate) fn unmeasured(figures: &Map<String, Value>) -> Vec<&'static str> {
    let rows = ROWS.iter().filter(|row| row.2 != Aim::Told).map(|row| row.0).chain(BESIDE.iter().map(|row| row.0));
    let mut names: Vec<_> = rows.filter(|name| figure(figures, name).is_none()).collect();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn counts_have_no_fraction() {
        assert_eq!([short(0.0), short(60.0), short(1.5), short(25_000.0)], ["0", "60", "1.50", "25,000"]);
    }

    #[test]
    fn what_is_missed_is_named_with_what_it_should_be() {
        let figures = json!({
            "commands_per_s_256": 20_000.0, "etcd_commands_per_s_256": 5_000.0, "jetstream_commands_per_s_256": 15_000.0,
            "command_ms_p99_256": 12.0, "etcd_command_ms_p99_256": 69.0,
            "restart_ready_s": 13.8, "failover_ms_p50": 80.0, "spurious_elections": 0.0,
        });
        let missed = missed(figures.as_object().unwrap());
        let names: Vec<_> = missed.iter().map(|missed| missed.figure).collect();
        assert_eq!(names, ["restart_ready_s", "commands_per_s_256"]);
        assert_eq!((missed[0].got.as_str(), missed[0].aim.as_str()), ("13.8 s", "≤ 3"));
        assert_eq!(missed[1].aim, "≥ 25,000, five times etcd's");
    }

    #[test]
    fn what_was_not_measured_is_not_missed_but_named() {
        let figures = json!({ "failover_ms_p50": 80.0, "failover_ms_p99": 90.0, "commands_per_s_256": 1.0 });
        let figures = figures.as_object().unwrap();
        assert_eq!(missed(figures), []);
        let names = unmeasured(figures);
        assert!(names.contains(&"spurious_elections") && names.contains(&"command_ms_p50_1"), "{names:?}");
        assert!(!names.contains(&"failover_ms_p99") && !names.contains(&"commands_per_s_256"), "{names:?}");
    }
}
