//! `bench spine`: runs the parts and writes what they found. A figure whose measurement failed is absent, never zero.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use serde_json::{Map, Value};

use crate::{
    Result, conditions,
    parts::{self, Found, Setting},
    report, stats,
};

/// A part: its name on the command line, and the beginnings of the names of its figures.
struct Part {
    name: &'static str,
    figures: &'static [&'static str],
}

const PARTS: [Part; 7] = [
    Part { name: "readings", figures: &["readings_"] },
    Part { name: "commands", figures: &["commands_"] },
    Part { name: "latency", figures: &["commit_to_socket_"] },
    Part { name: "paint", figures: &["commit_to_paint_"] },
    Part { name: "kill", figures: &["leader_kill_"] },
    Part { name: "fanout", figures: &["fanout_", "nats_", "socket_kib", "reconnect_"] },
    Part { name: "memory", figures: &["node_rss_"] },
];

/// What the test command measures of itself.
const TEST_TIMES: [&str; 2] = ["test_cold_s", "test_warm_s"];

/// Load of a machine that does nothing else.
const LOAD_QUIET_MAX: f64 = 0.5;

/// What one run is asked for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Names of parts; empty: all.
    pub(crate) only: Vec<String>,
    /// Where `cargo xtask test` has put down how long it took: a name of [`TEST_TIMES`], a space, seconds, a line each.
    pub(crate) test_times: Option<PathBuf>,
}

/// Runs the parts, and writes after each, so that what is measured stays when a later one fails. `Err` when any failed.
pub(crate) async fn run(setting: &Setting, wanted: Wanted) -> Result<()> {
    if let Some(unknown) = wanted.only.iter().find(|name| PARTS.iter().all(|part| part.name != **name)) {
        let names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        return Err(format!("--only {unknown}: use any of {}", names.join(", ")).into());
    }
    let folder = setting.root.join("ops/reports");
    fs::create_dir_all(&folder)?;
    let mut spine = read(&folder.join(report::SPINE))?;
    let mut detail = read(&folder.join(report::DETAIL))?;
    let times = wanted.test_times.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    for (name, seconds) in times.lines().filter_map(|line| line.split_once(' ')) {
        if let (true, Ok(seconds)) = (TEST_TIMES.contains(&name), seconds.parse::<f64>()) {
            spine.insert(name.to_owned(), seconds.into());
        }
    }
    // Before anything runs: afterwards the disk is busy with what was left behind.
    let conditions = conditions::conditions(&setting.root)?;
    if conditions::load()? > LOAD_QUIET_MAX {
        eprintln!("The machine is busy with something else (load {}): figures will be worse.", conditions::load()?);
    }
    let mut failed = Vec::new();
    for part in PARTS.iter().filter(|part| wanted.only.is_empty() || wanted.only.iter().any(|name| name == part.name)) {
        println!("{}:", part.name);
        let begun = Instant::now();
        let found = measure(part.name, setting).await;
        spine.retain(|name, _| !part.figures.iter().any(|figure| name.starts_with(figure)));
        detail.remove(part.name);
        match found {
            Ok(mut found) => {
                found.note("commit", conditions::commit(&setting.root));
                found.note("date", conditions::date());
                found.note("seconds", stats::rounded(begun.elapsed().as_secs_f64()));
                for (name, value) in &found.figures {
                    println!("  {name} = {value}");
                }
                spine.extend(found.figures);
                detail.insert(part.name.to_owned(), Value::Object(found.detail));
            }
            Err(error) => {
                eprintln!("  failed: {error}");
                failed.push(part.name);
            }
        }
        if !setting.quick {
            spine.insert("conditions".to_owned(), conditions.clone().into());
            spine.insert("commit".to_owned(), conditions::commit(&setting.root).into());
            spine.insert("date".to_owned(), conditions::date().into());
            write(&folder.join(report::SPINE), &spine)?;
            write(&folder.join(report::DETAIL), &detail)?;
        }
    }
    if setting.quick {
        println!("quick: nothing was written");
    } else {
        write(&folder.join(report::SPINE), &spine)?;
        report::write(&folder)?;
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("these parts failed: {}", failed.join(", ")).into()) }
}

async fn measure(name: &str, setting: &Setting) -> Result<Found> {
    match name {
        "readings" => parts::readings::measure(setting).await,
        "commands" => parts::command::measure(setting).await,
        "latency" => parts::latency::measure(setting).await,
        "paint" => parts::paint::measure(setting).await,
        "kill" => parts::kill::measure(setting).await,
        "fanout" => parts::fanout::measure(setting).await,
        "memory" => parts::memory::measure(setting).await,
        other => Err(format!("no part is called {other}").into()),
    }
}

/// An object in a file; empty when there is no file.
pub(crate) fn read(path: &Path) -> Result<Map<String, Value>> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice(&bytes).map_err(|error| format!("{}: {error}", path.display()))?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(format!("{}: {error}", path.display()).into()),
    }
}

fn write(path: &Path, object: &Map<String, Value>) -> Result<()> {
    let mut text = serde_json::to_string_pretty(object)?;
    text.push('\n');
    Ok(fs::write(path, text)?)
}
