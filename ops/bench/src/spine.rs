//! `bench spine`: three nodes on this machine, measured.

use std::{fs, path::PathBuf};

use crate::{
    Result,
    book::{Book, Part, wanted},
    conditions,
    parts::{self, Found, Setting},
    report,
};

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

/// What one run is asked for.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// Names of parts; empty: all.
    pub(crate) only: Vec<String>,
    /// Where `cargo xtask test` has put down how long it took: a name of [`TEST_TIMES`], a space, seconds, a line each.
    pub(crate) test_times: Option<PathBuf>,
}

/// Measures, and draws the report. `Err` when any part failed.
pub(crate) async fn run(setting: &Setting, asked: Wanted) -> Result<()> {
    let parts = wanted(&PARTS, &asked.only)?;
    let folder = setting.root.join("ops/reports");
    let mut book = Book::open(&folder, report::SPINE, report::DETAIL)?;
    let times = asked.test_times.and_then(|file| fs::read_to_string(file).ok()).unwrap_or_default();
    for (name, seconds) in times.lines().filter_map(|line| line.split_once(' ')) {
        if let (true, Ok(seconds)) = (TEST_TIMES.contains(&name), seconds.parse::<f64>()) {
            book.figures.insert(name.to_owned(), seconds.into());
        }
    }
    // Before anything runs: afterwards the disk is busy with what was left behind.
    let conditions = conditions::of_spine(&setting.root)?;
    let done = book.fill(setting, &parts, &conditions, async |name| measure(name, setting).await).await;
    if !setting.quick {
        book.write()?;
        report::write(&folder)?;
    }
    done
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
