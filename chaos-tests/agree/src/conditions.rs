//! Under what seeds are played, in words: the machine, the build, the commit.

use std::{
    fs,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use crate::record::Made;

/// What is true now, in this checkout.
#[must_use]
pub fn now() -> Made {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Made {
        commit: commit(),
        date: said_by("date", &["-u", "+%Y-%m-%d"]),
        at_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX),
        conditions: machine(),
    }
}

fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpu = read("/proc/cpuinfo");
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let load = read("/proc/loadavg");
    format!(
        "{cores} cores ({}), of which one plays; load of {} before the run; Linux {}; {}, the workspace's one profile \
         (opt-level 2, debug assertions in our crates)",
        model.trim_start_matches([' ', '\t', ':']),
        load.split(' ').next().unwrap_or_default(),
        read("/proc/sys/kernel/osrelease").trim(),
        said_by("rustc", &["--version"]),
    )
}

/// The commit that is checked out; `+` when files differ from it.
fn commit() -> String {
    let commit = said_by("git", &["rev-parse", "HEAD"]);
    let is_changed = !said_by("git", &["status", "--porcelain", "--", ":/", ":(top,exclude)ops/reports"]).is_empty();
    match (commit.as_str(), is_changed) {
        ("" | "HEAD", _) => "uncommitted".to_owned(),
        (commit, true) => format!("{commit}+"),
        (commit, false) => commit.to_owned(),
    }
}

fn said_by(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().ok().filter(|output| output.status.success());
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
