//! Why a figure is not what it should be. What the run itself shows is said with its numbers; what somebody found by reading
//! stands in [`FOUND`], and whoever mends it takes it out. What neither says is said to be unknown.

use serde_json::{Map, Value};

use super::usage::threads;
use crate::report::{human, object};

/// Where the cores are busy to this share, they are the bound.
const FULL: f64 = 0.9;

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
        _ => None,
    };
    let found = FOUND.iter().find(|(name, _)| *name == figure).map(|(_, words)| (*words).to_owned());
    let said: Vec<_> = found.into_iter().chain(shown).collect();
    if said.is_empty() { "The cause is not known.".to_owned() } else { said.join(" ") }
}

fn number(map: &Map<String, Value>, name: &str) -> Option<f64> {
    map.get(name)?.as_f64()
}

/// Cores of the machine, by the first word of the conditions.
fn cores(figures: &Map<String, Value>) -> Option<f64> {
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
    let (cpu_us, cores) = (number(processes, "cpu_us")?, cores(figures)?);
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

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
        assert_eq!(cause("failover_ms_p50", &Map::new(), &Map::new()), "The cause is not known.");
        assert_eq!(cause("restart_ready_s", &Map::new(), &Map::new()), "The cause is not known.");
    }

    #[test]
    fn the_best_run_has_the_highest_rate() {
        let detail = map(json!({ "readings": { "a": { "per_s": 3.0 }, "b": { "per_s": 9.0 }, "commit": "x" } }));
        assert_eq!(best(&detail, "readings"), Some("b"));
    }
}
