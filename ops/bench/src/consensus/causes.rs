//! Why a figure is not what it should be. What the run itself shows is said with its numbers; what somebody found by reading
//! stands in [`FOUND`], and whoever mends it takes it out. What neither says is said to be unknown.

use serde_json::{Map, Value};

use super::{aims::short, usage::threads};
use crate::report::{human, object, point};

/// Where the cores are busy to this share, they are the bound.
const FULL: f64 = 0.9;

/// Said of what neither the run nor anybody has explained.
const UNKNOWN: &str = "The cause is not known.";

/// What was found by reading and trying, by figure.
const FOUND: [(&str, &str); 4] = [
    (
        "commands_per_s_256",
        "A command is more than a put: rights, the session's window, the incident's timeline, models that look at each note, and \
         TLS between the nodes; and it is applied on all three.",
    ),
    (
        "command_ms_p99_256",
        "The queue before the processor: with 256 clients in a closed loop the time of one is their number divided by the rate.",
    ),
    (
        "command_ms_p50_1",
        "A command goes one after the other through the node that it came to, the leader and a quorum's flush.",
    ),
    (
        "readings_per_s",
        "Each reading is checked, written and applied on all three nodes, which share these cores with the clients.",
    ),
];

/// The cause of what was missed, as far as it is known.
pub(crate) fn cause(figure: &str, figures: &Map<String, Value>, detail: &Map<String, Value>) -> String {
    let shown = match figure {
        "commands_per_s_256" | "command_ms_p99_256" => {
            let wanted = number(figures, "etcd_commands_per_s_256").map(|etcd| etcd * 5.0);
            processor(figures, detail, "commands", "clients_256", wanted.filter(|_| figure == "commands_per_s_256"))
        }
        "command_ms_p50_1" => one_after_the_other(detail),
        "readings_per_s" => {
            best(detail, "readings").and_then(|run| processor(figures, detail, "readings", run, Some(200_000.0)))
        }
        "restart_ready_s" => start(figures, detail),
        "failover_ms_p50" => failover(detail, 50.0),
        "failover_ms_p99" => failover(detail, 99.0),
        "transfer_pause_ms_max" => transfer(detail),
        "snapshot_write_p99_ratio" => snapshot(figures, detail),
        "soak_minutes" => said(detail),
        "spurious_elections" => elections(figures, detail),
        _ => None,
    };
    let found = FOUND.iter().find(|(name, _)| *name == figure).map(|(_, words)| (*words).to_owned());
    let said: Vec<_> = found.into_iter().chain(shown).collect();
    if said.is_empty() { UNKNOWN.to_owned() } else { said.join(" ") }
}

fn number(map: &Map<String, Value>, name: &str) -> Option<f64> {
    map.get(name)?.as_f64()
}

/// Cores of the machine, by the first word of the conditions.
fn cores_of(figures: &Map<String, Value>) -> Option<f64> {
    figures.get("conditions")?.as_str()?.split(' ').next()?.parse().ok()
}

fn spent<'a>(detail: &'a Map<String, Value>, part: &str, run: &str) -> Option<&'a Map<String, Value>> {
    object(object(object(detail, part)?, run)?, "spent")
}

/// The run of a part with the highest rate.
pub(crate) fn best<'a>(detail: &'a Map<String, Value>, part: &str) -> Option<&'a str> {
    let rate = |run: &Value| run.get("per_s").and_then(Value::as_f64);
    let runs = object(detail, part)?.iter().filter_map(|(name, run)| Some((name.as_str(), rate(run)?)));
    runs.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(name, _)| name)
}

/// That the processor is the bound, if it is.
fn processor(
    figures: &Map<String, Value>,
    detail: &Map<String, Value>,
    part: &str,
    run: &str,
    wanted_per_s: Option<f64>,
) -> Option<String> {
    let spent_here = spent(detail, part, run)?;
    let (processes, busy) = (object(spent_here, "processes")?, number(spent_here, "cores_busy")?);
    let (cpu_us, cores) = (number(processes, "cpu_us")?, cores_of(figures)?);
    if busy < FULL * cores {
        return Some(format!("{} of {cores} cores were busy: it waits, and for what is not known.", human(busy)));
    }
    let mut words = format!(
        "The processor is the bound: {} of {cores} cores were busy, and one takes {} µs of them in the three processes ({}).",
        human(busy),
        human(cpu_us),
        threads(processes)
    );
    let etcd = spent(detail, part, &format!("etcd_{run}")).and_then(|spent| object(spent, "processes"));
    if let Some(etcd_us) = etcd.and_then(|etcd| number(etcd, "cpu_us")) {
        words.push_str(&format!(" etcd's put takes {} µs.", human(etcd_us)));
    }
    if let Some(wanted) = wanted_per_s {
        words.push_str(&format!(" {} /s would take {} cores.", human(wanted), human(wanted * cpu_us / 1e6)));
    }
    let flushes = number(figures, "fsyncs_per_s").filter(|_| part == "commands");
    if let Some((flushes, possible)) = flushes.zip(number(figures, "disk_fdatasync_4k_per_s")) {
        words.push_str(&format!(" The disk is not: {} flushes/s of {}.", human(flushes), human(possible)));
    }
    Some(words)
}

/// Of one client, whose command waits for nobody else's.
fn one_after_the_other(detail: &Map<String, Value>) -> Option<String> {
    let ours = spent(detail, "commands", "clients_1")?;
    let processes = object(ours, "processes")?;
    let flush_ms = object(ours, "counted").and_then(|counted| number(counted, "ms_of_one_fsync"));
    let flush = flush_ms.map_or(String::new(), |ms| format!(", a flush takes {} ms", human(ms)));
    let etcd =
        spent(detail, "commands", "etcd_clients_1").and_then(|spent| number(object(spent, "processes")?, "cpu_us"));
    let etcd = etcd.map_or(String::new(), |us| format!("; etcd's put {} µs", human(us)));
    Some(format!(
        "It takes {} µs of processor in the three processes ({}){flush}{etcd}.",
        human(number(processes, "cpu_us")?),
        threads(processes)
    ))
}

/// What a start used.
fn start(figures: &Map<String, Value>, detail: &Map<String, Value>) -> Option<String> {
    let spent = spent(detail, "restart", "one_start")?;
    let processes = object(spent, "processes")?;
    let (cpu_us, ready_s) = (number(processes, "cpu_us")?, number(figures, "restart_ready_s")?);
    Some(format!(
        "Of {} s the process that starts uses {} s of processor, µs by thread: {}.",
        human(ready_s),
        human(cpu_us / 1e6),
        threads(processes)
    ))
}

/// How much of an outage was the election.
fn failover(detail: &Map<String, Value>, percent: f64) -> Option<String> {
    let part = object(detail, "failover")?;
    let elected = point(part.get("group_0_led")?, percent)?;
    let all = part.get("all_groups_led").and_then(|curve| point(curve, percent));
    let all = all.map_or(String::new(), |ms| format!(", until all nine groups were led {} ms", human(ms)));
    Some(format!(
        "Until a survivor led group 0 went by {} ms (p{percent}){all}; the rest is the new leader's first entry, its actors that \
         wake, and the client that asks again.",
        human(elected)
    ))
}

/// Whether a pause is the move's, and whether it grows.
fn transfer(detail: &Map<String, Value>) -> Option<String> {
    let part = object(detail, "transfer")?;
    let of = |name: &str| number(part, name).map(human);
    let (still, first, last) =
        (of("longest_gap_without_a_move_ms")?, of("first_moves_pause_ms_max")?, of("last_moves_pause_ms_max")?);
    Some(format!(
        "Without any move the longest time between two acknowledgements was {still} ms; around the first ten moves {first} ms, \
         around the last ten {last} ms."
    ))
}

/// What was busy while a snapshot was sent, and without.
fn snapshot(figures: &Map<String, Value>, detail: &Map<String, Value>) -> Option<String> {
    let part = object(detail, "snapshot")?;
    let of = |run: &str, name: &str| number(object(part, run)?, name).map(human);
    let (cores, before) = (of("used_during", "cores_busy")?, of("used_without", "cores_busy")?);
    let written = of("used_during", "written_bytes_per_s")?;
    let written_before = of("used_without", "written_bytes_per_s")?;
    let possible = number(figures, "disk_write_bytes_per_s").map_or("?".to_owned(), human);
    let all = cores_of(figures).map_or("?".to_owned(), |all| all.to_string());
    Some(format!(
        "While it was sent the three processes kept {cores} of {all} cores busy ({before} without) and wrote {written} B/s \
         ({written_before} without) of the {possible} that the disk takes: sender, receiver and writers share both."
    ))
}

/// What the load itself said.
fn said(detail: &Map<String, Value>) -> Option<String> {
    let lines = object(detail, "soak")?.get("said")?.as_array()?;
    let lines: Vec<_> = lines.iter().filter_map(Value::as_str).collect();
    let asked = "As many minutes were asked for.".to_owned();
    Some(if lines.is_empty() { asked } else { format!("The load: {}.", lines.join("; ")) })
}

/// In which groups terms began, and how busy the machine was.
fn elections(figures: &Map<String, Value>, detail: &Map<String, Value>) -> Option<String> {
    let part = object(detail, "soak")?;
    let groups = object(part, "elections_by_group")?.iter().filter(|(_, count)| count.as_u64() > Some(0));
    let groups: Vec<_> = groups.map(|(group, count)| format!("group {group}: {count}")).collect();
    let planned = number(part, "leads_handed_over_on_purpose").map_or("?".to_owned(), short);
    let busy = object(part, "used_during").and_then(|used| number(used, "cores_busy"));
    let busy = busy.zip(cores_of(figures)).map_or(String::new(), |(busy, cores)| {
        format!(" {} of {cores} cores were busy in the three processes: a heartbeat may wait behind work.", human(busy))
    });
    Some(format!("Terms that began: {}; {planned} of them were moves on purpose.{busy}", groups.join(", ")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::consensus::aims::{Aim, ROWS, Row};

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_full_processor_is_named_with_its_numbers_and_one_that_is_not_is_not() {
        let figures = map(json!({
            "conditions": "2 cores (a machine)", "etcd_commands_per_s_256": 10_000.0, "fsyncs_per_s": 150.0,
            "disk_fdatasync_4k_per_s": 7_000.0,
        }));
        let detail = |busy: f64| {
            let run = |us: f64| json!({ "spent": { "cores_busy": busy, "processes": { "cpu_us": us, "by_thread_us": { "wal": 30.0 } } } });
            map(json!({ "commands": { "clients_256": run(740.0), "etcd_clients_256": run(162.0) } }))
        };
        let words = cause("commands_per_s_256", &figures, &detail(1.94));
        for part in [
            "740 µs",
            "wal 30.0",
            "etcd's put takes 162 µs",
            "50,000 /s would take 37.0 cores",
            "150 flushes/s of 7,000",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
        assert!(cause("commands_per_s_256", &figures, &detail(0.7)).contains("0.70 of 2 cores were busy: it waits"));
    }

    #[test]
    fn what_nobody_found_is_said_to_be_unknown() {
        for Row(figure, _, aim, _) in &ROWS {
            let words = cause(figure, &Map::new(), &Map::new());
            assert!(
                *aim == Aim::Told || FOUND.iter().any(|found| found.0 == *figure) || words == UNKNOWN,
                "{figure}: {words}"
            );
        }
    }

    #[test]
    fn every_aim_has_a_cause_of_the_run_where_its_part_was_measured() {
        let figures =
            map(json!({ "conditions": "2 cores (a machine)", "restart_ready_s": 4.0, "disk_write_bytes_per_s": 7e8 }));
        let curve = |ms: f64| json!({ "percentiles_ms": [[50.0, ms], [99.0, 2.0 * ms]] });
        let used = |cores: f64| json!({ "cores_busy": cores, "written_bytes_per_s": 5e7 });
        let spent = json!({ "processes": { "cpu_us": 3e6, "by_thread_us": { "main": 2e6 } }, "cores_busy": 0.9 });
        let detail = map(json!({
            "failover": { "group_0_led": curve(310.0), "all_groups_led": curve(400.0) },
            "transfer": { "longest_gap_without_a_move_ms": 9.0, "first_moves_pause_ms_max": 70.0, "last_moves_pause_ms_max": 120.0 },
            "restart": { "one_start": { "spent": spent } },
            "snapshot": { "used_during": used(1.9), "used_without": used(1.2) },
            "soak": {
                "said": ["ended after 3 minutes: the disk has 6000 MiB left"], "elections_by_group": { "0": 2, "1": 0 },
                "leads_handed_over_on_purpose": 1, "used_during": used(1.8),
            },
        }));
        for (figure, part) in [
            ("failover_ms_p50", "310 ms (p50)"),
            ("failover_ms_p99", "620 ms (p99)"),
            ("transfer_pause_ms_max", "around the last ten 120 ms"),
            ("restart_ready_s", "uses 3.00 s of processor"),
            ("snapshot_write_p99_ratio", "kept 1.90 of 2 cores busy (1.20 without)"),
            ("soak_minutes", "ended after 3 minutes"),
            ("spurious_elections", "group 0: 2; 1 of them were moves on purpose. 1.80 of 2 cores"),
        ] {
            let words = cause(figure, &figures, &detail);
            assert!(words.contains(part), "{figure}: {words}");
        }
    }

    #[test]
    fn the_best_run_has_the_highest_rate() {
        let detail = map(json!({ "readings": { "a": { "per_s": 3.0 }, "b": { "per_s": 9.0 }, "commit": "x" } }));
        assert_eq!(best(&detail, "readings"), Some("b"));
    }
}
