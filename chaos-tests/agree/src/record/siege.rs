//! Rounds of a siege in the record: real nodes under faults (`chaos-tests/src/siege`), one line of JSON each.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Map, Value, json};

use super::{
    Made, PLOT, number,
    plot::{self, Times},
    sign, text,
};

/// Rounds that are kept: a week of sieges. At the bound the oldest leaves, and what it counted with it.
const ROUNDS_MAX: usize = 20_000;

/// Where they stand in the record.
const ROUNDS: &str = "siege_rounds";

/// What is no fault, but the time until one was wholly over: it is told, and not counted as injected.
const HEALINGS: [&str; 2] = ["partition_healed", "node_replaced"];

/// How the figures of a fault begin.
const RECOVERY_MAX: &str = "recovery_s_max_";

/// The figures that are drawn here.
const NAMES: [&str; 6] =
    ["recovery_s_max", "recovery_s_p50", "recovery_s_p99", "screen_gaps", "siege_hours", "siege_rounds"];

/// Adds the rounds of a file, a line each, but for those that are there already.
///
/// # Errors
/// A line is no round; the text says which.
pub fn add_rounds(detail: &mut Map<String, Value>, made: &Made, lines: &str) -> Result<(), String> {
    let mut fresh: Vec<Value> = Vec::new();
    for (number, line) in (1..).zip(lines.lines()) {
        let mut round: Map<String, Value> =
            serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))?;
        if !round.get("happened").is_some_and(Value::is_array) {
            return Err(format!("line {number} is no round of a siege: it has no `happened`"));
        }
        let commit = round.remove("commit");
        sign(&mut round, made);
        // The siege may have been built from another commit than what reads its lines.
        round.extend(commit.map(|commit| ("commit".to_owned(), commit)));
        fresh.push(round.into());
    }
    let rounds = detail.entry(ROUNDS).or_insert_with(|| json!([]));
    if let Value::Array(rounds) = rounds {
        // The file of a siege that goes on is read again after every round.
        fresh.retain(|round| !rounds.iter().any(|known| is_same(known, round)));
        rounds.extend(fresh);
        let surplus = rounds.len().saturating_sub(ROUNDS_MAX);
        rounds.drain(..surplus);
    }
    Ok(())
}

/// Whether both are of one round: no two of one commit and seed end in the same millisecond.
fn is_same(one: &Value, other: &Value) -> bool {
    ["seed", "at_ms"].iter().all(|name| number(one, name) == number(other, name))
        && text(one, "commit") == text(other, "commit")
}

/// All rounds of the record.
pub(super) fn rounds(detail: &Map<String, Value>) -> &[Value] {
    detail.get(ROUNDS).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// What the rounds add to figures that all layers share: faults, acknowledged, lost, doubled.
pub(super) fn shared(rounds: &[Value]) -> [u64; 4] {
    let is_fault = |(name, _): &(&String, &Vec<f64>)| !HEALINGS.contains(&name.as_str());
    let faults = recoveries(rounds).iter().filter(is_fault).map(|(_, times)| times.len() as u64).sum();
    let acknowledged = rounds
        .iter()
        .map(|round| number(round, "readings_acknowledged") + number(round, "commands_acknowledged"))
        .sum();
    [faults, acknowledged, told(rounds, "is lost"), told(rounds, "is there ")]
}

/// In how many lines of failures something is told.
fn told(rounds: &[Value], what: &str) -> u64 {
    let failures = rounds.iter().filter_map(|round| round.get("failure")?.as_str());
    failures.flat_map(str::lines).filter(|line| line.contains(what)).count() as u64
}

/// Seconds until each fault was got over, sorted.
fn recoveries(rounds: &[Value]) -> BTreeMap<String, Vec<f64>> {
    let mut by_fault: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for happened in rounds.iter().filter_map(|round| round.get("happened")?.as_array()).flatten() {
        let seconds = happened.get("recovery_s").and_then(Value::as_f64).unwrap_or_default();
        by_fault.entry(text(happened, "fault").to_owned()).or_default().push(seconds);
    }
    by_fault.values_mut().for_each(|times| times.sort_by(f64::total_cmp));
    by_fault
}

/// The nearest rank of sorted values; none of nothing.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().map(hundredths)
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// Rounds that failed.
pub(super) fn failed(rounds: &[Value]) -> u64 {
    rounds.iter().filter(|round| round.get("failure").is_some_and(Value::is_string)).count() as u64
}

/// Seconds of all rounds: of clusters, where several were besieged side by side.
pub(super) fn seconds(rounds: &[Value]) -> f64 {
    rounds.iter().filter_map(|round| round.get("seconds")?.as_f64()).sum()
}

fn hours(rounds: &[Value]) -> f64 {
    hundredths(seconds(rounds) / 3600.0)
}

/// Puts the figures of the rounds, and takes away those of rounds that are no more.
pub(super) fn draw_figures(rounds: &[Value], figures: &mut Map<String, Value>) {
    figures.retain(|name, _| !NAMES.contains(&name.as_str()) && !name.starts_with(RECOVERY_MAX));
    if rounds.is_empty() {
        return;
    }
    let by_fault = recoveries(rounds);
    let mut all: Vec<f64> = by_fault.values().flatten().copied().collect();
    all.sort_by(f64::total_cmp);
    figures.insert("siege_rounds".to_owned(), rounds.len().into());
    figures.insert("siege_hours".to_owned(), hours(rounds).into());
    figures.insert("screen_gaps".to_owned(), told(rounds, " gaps").into());
    for (name, percent) in [("recovery_s_p50", 50), ("recovery_s_p99", 99), ("recovery_s_max", 100)] {
        figures.extend(percentile(&all, percent).map(|seconds| (name.to_owned(), seconds.into())));
    }
    for (fault, times) in &by_fault {
        figures.extend(percentile(times, 100).map(|most| (format!("{RECOVERY_MAX}{fault}"), most.into())));
    }
}

/// How long each fault took to be got over, as a picture; none where none was.
pub(super) fn draw_plot(rounds: &[Value]) -> Option<String> {
    let times = |times: &[f64]| {
        Some(Times { p50: percentile(times, 50)?, p99: percentile(times, 99)?, worst: percentile(times, 100)? })
    };
    let by_fault: BTreeMap<String, Times> =
        recoveries(rounds).into_iter().filter_map(|(fault, all)| Some((fault, times(&all)?))).collect();
    (!by_fault.is_empty()).then(|| plot::recovery(&by_fault))
}

/// The siege's part of the page; `fate` is what became of the rounds that failed.
pub(super) fn draw_section(md: &mut String, rounds: &[Value], fate: &str) -> std::fmt::Result {
    let Some(newest) = rounds.last() else { return Ok(()) };
    let failed = failed(rounds);
    let side_by_side = rounds.iter().map(|round| number(round, "clusters")).max().unwrap_or(0).max(1);
    let compared = rounds.iter().map(|round| number(round, "states_compared")).sum::<u64>();
    let equal_s = rounds.iter().filter_map(|round| round.get("equal_s_max")?.as_f64()).fold(0.0, f64::max);
    let late_s = rounds.iter().filter_map(|round| round.get("deadline_late_s_max")?.as_f64()).fold(0.0, f64::max);
    let count = |name: &str| rounds.iter().map(|round| number(round, name)).sum::<u64>();
    let (answered, escalated) = (count("offers_answered"), count("offers_escalated"));
    let [faults, acknowledged, ..] = shared(rounds);
    writeln!(
        md,
        "\n## Siege\n\nReal processes, real RocksDB, real sockets, by `cargo xtask siege --hours N`: {} rounds in {} hours of a cluster, \
         up to {side_by_side} side by side on one machine, {faults} faults, {acknowledged} readings and commands acknowledged, each looked for \
         on every node and both screens; {failed} rounds failed{fate}. After a fault the states of all nodes were compared {compared} times: \
         they were equal within {} s. Of the deadlines that were given each was told once, the latest {} s late; of the offers \
         to units {answered} were acknowledged and {escalated} came back to a person. The newest \
         was on {} at commit `{}`.\n\n\
         Seconds until the next command was acknowledged that was sent after the fault. For a partition that healed: \
         until the node that was cut off heard the quorum again. For a node that was replaced: until it voted in every group. For restarts and \
         upgrades in turn: the longest time without any acknowledgement.\n\n\
         | fault | times | p50 s | p99 s | worst s |\n|---|---:|---:|---:|---:|",
        rounds.len(),
        hours(rounds),
        hundredths(equal_s),
        hundredths(late_s),
        text(newest, "date"),
        text(newest, "commit"),
    )?;
    for (fault, times) in recoveries(rounds) {
        let of = |percent| percentile(&times, percent).unwrap_or_default();
        writeln!(md, "| {fault} | {} | {} | {} | {} |", times.len(), of(50), of(99), of(100))?;
    }
    if !recoveries(rounds).is_empty() {
        writeln!(md, "\n![Seconds until each fault was got over]({PLOT})")?;
    }
    let (reads, writes) = (count("reads_ordered"), count("writes_ordered"));
    if reads > 0 {
        writeln!(
            md,
            "\nRegisters were read and written through every gateway under these faults: {reads} linearizable reads and {writes} writes, \
             key by key in an order that respects real time."
        )?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    fn lines() -> String {
        let round = |seed: u64, happened: Value, failure: Value| {
            json!({
                "commit": "c1", "seed": seed, "seconds": 1800.0, "happened": happened,
                "clusters": 3, "states_compared": 2 + seed % 2, "equal_s_max": 1.5,
                "readings_acknowledged": 100 * seed, "commands_acknowledged": 20, "failure": failure,
                "reads_ordered": 30 * seed, "writes_ordered": 7,
            })
        };
        let killed = |seconds: f64| json!({ "fault": "leader_killed", "recovery_s": seconds });
        let broken = "2 broken promises\n  node 1: incident a was acknowledged and is lost\n  screen 0: 1 gaps";
        let first = round(1, json!([killed(0.2), killed(0.4)]), Value::Null);
        let healed = json!({ "fault": "partition_healed", "recovery_s": 0.5 });
        let second = round(2, json!([{ "fault": "disk_slow", "recovery_s": 1.256 }, healed]), json!(broken));
        format!("{first}\n{second}\n")
    }

    #[test]
    fn rounds_add_up_and_a_failed_one_is_told() {
        let mut detail = Map::new();
        let made = Made { commit: "other".to_owned(), date: "2026-01-02".to_owned(), ..Made::default() };
        // A file that is read twice counts once.
        for _ in 0..2 {
            add_rounds(&mut detail, &made, &lines()).unwrap();
        }
        let rounds = rounds(&detail);
        assert_eq!(shared(rounds), [3, 340, 1, 0]);
        let mut figures =
            Map::from_iter([("recovery_s_max_gone".to_owned(), json!(9)), ("others".to_owned(), json!(1))]);
        draw_figures(rounds, &mut figures);
        assert_eq!(figures["siege_hours"], 1.0);
        assert_eq!((&figures["recovery_s_p50"], &figures["recovery_s_max"]), (&json!(0.4), &json!(1.26)));
        assert_eq!(figures["recovery_s_max_leader_killed"], 0.4);
        assert_eq!(figures["screen_gaps"], 1);
        assert!(!figures.contains_key("recovery_s_max_gone") && figures.contains_key("others"));
        let mut page = String::new();
        draw_section(&mut page, rounds, " (each mended)").unwrap();
        assert!(page.contains("| leader_killed | 2 | 0.2 | 0.4 | 0.4 |"), "{page}");
        assert!(page.contains("; 1 rounds failed (each mended).") && page.contains("up to 3 side by side"), "{page}");
        assert!(page.contains("90 linearizable reads and 14 writes"), "{page}");
        assert!(page.contains("compared 5 times: they were equal within 1.5 s"), "{page}");
        assert!(page.contains("](chaos-recovery.svg)"), "{page}");
        assert!(draw_plot(rounds).is_some_and(|svg| svg.contains(">partition_healed</text>")));
        assert_eq!(draw_plot(&[]), None);
    }

    #[test]
    fn what_is_no_round_is_refused_by_its_line() {
        let made = Made::default();
        let error = add_rounds(&mut Map::new(), &made, "{\"seed\":1}").unwrap_err();
        assert!(error.starts_with("line 1"), "{error}");
        assert!(add_rounds(&mut Map::new(), &made, "nonsense").is_err());
    }
}
