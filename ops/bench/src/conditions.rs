//! Under what conditions figures were measured, in words.

use std::{fs, io::Write, path::Path, process::Command, time::Instant};

use crate::{Result, stats};

/// Writes of the disk's own measurement, 4 KiB each.
const FSYNCS: usize = 200;

/// The machine, its disk and the build.
fn machine(root: &Path) -> Result<String> {
    let cores = std::thread::available_parallelism()?;
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default();
    let model = model.trim_start_matches([' ', '\t', ':']);
    let memory = fs::read_to_string("/proc/meminfo")?;
    let memory_kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).unwrap_or_default();
    let memory_kib: f64 = memory_kib.trim().trim_end_matches(" kB").parse()?;
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let fsyncs = fsync_ms(&std::env::temp_dir())?;
    let fsync = |percent| stats::percentile(&fsyncs, percent).map_or(0.0, stats::rounded);
    let load = load()?;
    let rustc = said_by("rustc", &["--version"], root);
    Ok(format!(
        "{cores} cores ({model}), load of {load} before the run, {:.1} GiB memory, Linux {}, disk: write and fdatasync of \
         4 KiB takes {} ms (p50), {} ms (p99); {rustc}, the workspace's one profile (opt-level 2, debug assertions in our crates)",
        memory_kib / 1024.0 / 1024.0,
        kernel.trim(),
        fsync(50.0),
        fsync(99.0),
    ))
}

/// One line: machine, disk, build, and what shares the machine with the nodes.
pub(crate) fn of_spine(root: &Path) -> Result<String> {
    let chromium = said_by("chromium", &["--version"], root);
    let nats = said_by("/usr/sbin/nats-server", &["--version"], root);
    let browser = chromium.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    Ok(format!(
        "{}; {browser}; {nats}. Three node processes, every client, the browser and the peer share these cores and this disk; \
         all traffic is loopback, nodes talk to each other over mutual TLS, screens, HTTP and MQTT come without TLS.",
        machine(root)?
    ))
}

/// One line: machine, disk, build, and the peers.
pub(crate) fn of_consensus(root: &Path, etcd: Option<String>) -> Result<String> {
    let etcd = etcd.unwrap_or_else(|| "etcd is not installed".to_owned());
    let nats = said_by("/usr/sbin/nats-server", &["--version"], root);
    Ok(format!(
        "{}; {etcd}; {nats}. Peers run with what they ship as defaults, but for mutual TLS between their processes; three nodes of \
         each system, one system at a time, and its clients share these cores, and everything stands in one folder of one disk.",
        machine(root)?
    ))
}

/// One line: machine, disk, build, and what shares the machine with the nodes.
pub(crate) fn of_trust(root: &Path) -> Result<String> {
    Ok(format!(
        "{}. Three node processes, all clients, screens and receivers of notices share these cores and this disk; all traffic is \
         loopback, nodes talk to each other over mutual TLS, screens, HTTP and webhooks go without TLS.",
        machine(root)?
    ))
}

/// One line: machine, build, browser, and what shares the machine.
pub(crate) fn of_people(root: &Path) -> Result<String> {
    let chromium = said_by("chromium", &["--version"], root);
    let browser = chromium.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    Ok(format!(
        "{}; {browser}, without graphics processor and map. Three node processes, the scripted people and their browsers share these \
         cores and this disk; all traffic is loopback; the node that leads is killed with -9 in the middle of each part but `look`.",
        machine(root)?
    ))
}

/// One line: machine, build, and how models and their peers compute.
pub(crate) fn of_models(root: &Path) -> Result<String> {
    let python = said_by("python3", &["--version"], root);
    Ok(format!(
        "{}; {python}. Models train and answer on one thread (burn's `flex` backend and plain loops), their peers on one thread as \
         well; speeds are of one core; only `busy` starts a cluster beside it.",
        machine(root)?
    ))
}

/// Sorted milliseconds of a write of 4 KiB with fdatasync, in `folder`.
fn fsync_ms(folder: &Path) -> Result<Vec<f64>> {
    let path = folder.join(format!("trongdong-bench-fsync-{}", std::process::id()));
    let mut file = fs::File::create(&path)?;
    let mut samples = stats::Samples::default();
    for _ in 0..FSYNCS {
        let begun = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        samples.put(begun.elapsed().as_secs_f64() * 1000.0);
    }
    drop(file);
    fs::remove_file(path)?;
    Ok(samples.sorted())
}

/// Processes that wanted to run in the last minute (`/proc/loadavg`), before anything of the benchmark does.
pub(crate) fn load() -> Result<f64> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or_default().parse()?)
}

/// The commit that is checked out; `+` when files differ from it.
pub(crate) fn commit(root: &Path) -> String {
    let commit = said_by("git", &["rev-parse", "HEAD"], root);
    let is_changed = !said_by("git", &["status", "--porcelain", "--", ".", ":!ops/reports"], root).is_empty();
    match (commit.as_str(), is_changed) {
        ("" | "HEAD", _) => "uncommitted".to_owned(),
        (commit, true) => format!("{commit}+"),
        (commit, false) => commit.to_owned(),
    }
}

/// Today, in UTC.
pub(crate) fn date() -> String {
    said_by("date", &["-u", "+%Y-%m-%d"], Path::new("."))
}

fn said_by(program: &str, args: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(args).current_dir(folder).output();
    let output = output.ok().filter(|output| output.status.success());
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
