//! What others publish of the same kind of work, beside what was played here.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::{city, open, runs, siege, sum, table};

/// Somebody else's work.
struct Peer {
    /// What it is.
    name: &'static str,
    /// What is said of it.
    what: &'static str,
    /// Where.
    source: &'static str,
}

/// Published by themselves or by those who tested them; nothing of it was measured here.
const PEERS: [Peer; 6] = [
    Peer {
        name: "FoundationDB's simulation",
        what: "tens of thousands of simulations a night, about ten times as fast as the time in them; by their own estimate worth about \
               a trillion hours of processor in all",
        source: "https://apple.github.io/foundationdb/testing.html",
    },
    Peer {
        name: "TigerBeetle's VOPR",
        what: "a minute of it is worth days of tests in real time; how many seeds were played is not said there",
        source: "https://docs.tigerbeetle.com/about/vopr",
    },
    Peer {
        name: "Jepsen on TigerBeetle 0.16.11 to 0.16.30",
        what: "real processes: seven crashes of clients and servers, two faults of safety; no way to replace a node whose data were lost",
        source: "https://jepsen.io/analyses/tigerbeetle-0.16.11",
    },
    Peer {
        name: "Jepsen on etcd 3.4.3",
        what: "real processes, paused, killed, cut off, with wrong clocks and changing members: nothing wrong with keys and watches; \
               locks do not exclude each other",
        source: "https://jepsen.io/blog/2020-01-30-etcd-3.4.3",
    },
    Peer {
        name: "etcd's robustness tests",
        what: "real processes: of 13 faults of consistency from 2022 to 2025 they found 7, users 6",
        source: "https://github.com/etcd-io/etcd/blob/0709522941a895834f2b208f03b919876a233c69/tests/robustness/README.md",
    },
    Peer {
        name: "openraft's tests-turmoil",
        what: "the consensus that is used here, under partitions, loss, delay and crashes, 100,000 ms of simulated time a seed; how many \
               seeds were played is not said there",
        source: "https://github.com/databendlabs/openraft/blob/23d7da3783afef7ab7dc904822cfedcd8e4e49ee/tests-turmoil/README.md",
    },
];

fn total(runs: &[Value], name: &str) -> f64 {
    runs.iter().filter_map(|run| run.get(name)?.as_f64()).sum()
}

/// How many seeds, and how much faster than real time.
fn simulated(md: &mut String, layer: &str, runs: &[Value]) -> std::fmt::Result {
    if runs.is_empty() {
        return Ok(());
    }
    let (played_s, took_s) = (total(runs, "virtual_seconds"), total(runs, "seconds"));
    writeln!(
        md,
        "| here, `{layer}` | {} seeds: {:.1} h of a cluster's time in {:.1} h, {:.0} times as fast | this page |",
        sum(runs, "seeds"),
        played_s / 3600.0,
        took_s / 3600.0,
        played_s / took_s.max(0.001)
    )
}

/// The part of the page.
pub(super) fn draw_section(md: &mut String, detail: &Map<String, Value>, known: &[Value]) -> std::fmt::Result {
    let (agree, cities, rounds) = (runs(detail), city::runs(detail), siege::rounds(detail));
    if agree.is_empty() && cities.is_empty() && rounds.is_empty() {
        return Ok(());
    }
    writeln!(
        md,
        "\n## Beside others\n\nWhat others say of theirs. Other systems, other machines, other counts: it tells what is usual in this trade, and \
         nothing of it was measured here.\n\n| who | what | where |\n|---|---|---|"
    )?;
    simulated(md, "agree", agree)?;
    simulated(md, "city", cities)?;
    if !rounds.is_empty() {
        let faults = siege::shared(rounds)[0];
        let hours = siege::seconds(rounds) / 3600.0;
        writeln!(md, "| here, siege | {hours:.1} h of a cluster of real processes, {faults} faults | this page |")?;
    }
    let bugs: Vec<&Value> = table(detail).iter().chain(city::table(detail)).collect();
    let caught = bugs.iter().filter(|row| row.get("judge").is_some_and(Value::is_string)).count();
    let not_mended = open(detail, known).len();
    writeln!(
        md,
        "| here, all layers | {} failures mended, {not_mended} not; of {} mistakes that were put back {caught} are found | this page |",
        known.len(),
        bugs.len()
    )?;
    for Peer { name, what, source } in &PEERS {
        writeln!(md, "| {name} | {what} | <{source}> |")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ours_stand_above_those_of_others_and_each_of_them_has_a_source() {
        let detail = json!({
            "agree_runs": [{ "commit": "c1", "seeds": 9, "seconds": 60.0, "virtual_seconds": 7200.0, "failed": 0 }],
            "siege_rounds": [{ "commit": "c1", "seconds": 5400.0, "happened": [{ "fault": "disk_slow", "recovery_s": 1.0 }] }],
            "agree_bugs": { "table": [{ "bug": "A", "judge": "truth" }, { "bug": "B", "judge": null }] },
        });
        let detail = detail.as_object().cloned().unwrap_or_default();
        let mut page = String::new();
        assert_eq!(draw_section(&mut page, &detail, &[]), Ok(()));
        assert!(
            page.contains("| here, `agree` | 9 seeds: 2.0 h of a cluster's time in 0.0 h, 120 times as fast |"),
            "{page}"
        );
        assert!(page.contains("| here, siege | 1.5 h of a cluster of real processes, 1 faults |"), "{page}");
        assert!(page.contains("0 failures mended, 0 not; of 2 mistakes that were put back 1 are found"), "{page}");
        assert!(!page.contains("`city`"), "what was not played is not told: {page}");
        assert_eq!(page.matches("| <https://").count(), PEERS.len());
    }

    #[test]
    fn where_nothing_was_played_nothing_stands_beside_it() {
        let mut page = String::new();
        assert_eq!(draw_section(&mut page, &Map::new(), &[]), Ok(()));
        assert!(page.is_empty(), "{page}");
    }
}
