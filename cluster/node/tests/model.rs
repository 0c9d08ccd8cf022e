//! A model from its training to its use, with nothing but the program: real nodes, and the commands as an administrator types them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Output},
    time::{Duration, Instant},
};

use node::local::{ADMIN, LocalCluster};

/// The program.
const PROGRAM: &str = env!("CARGO_BIN_EXE_trongdong");
/// Nodes of the cluster.
const NODES: u64 = 3;
/// How long the first administrator, or what was just agreed, may take to be known at the node that is asked.
const SEEN_WITHIN: Duration = Duration::from_secs(60);
/// Pause before it is looked for again.
const AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A cluster as its administrator reaches it.
struct Door<'a> {
    cluster: &'a LocalCluster,
}

impl Door<'_> {
    /// `trongdong model …`.
    fn try_model(&self, args: &[&str]) -> Output {
        let mut command = Command::new(PROGRAM);
        command.arg("model").args(args).args(["--person", ADMIN]).env("TRONGDONG_PASSWORD", &self.cluster.password);
        for url in self.cluster.urls() {
            command.args(["--url", &url]);
        }
        command.output().unwrap()
    }

    /// The same, which has to succeed; what it printed.
    fn model(&self, args: &[&str]) -> String {
        said(self.try_model(args))
    }

    /// Lists until there is such a list.
    async fn listed(&self, is_it: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let output = self.try_model(&["list"]);
            let listed = String::from_utf8_lossy(&output.stdout).into_owned();
            if output.status.success() && is_it(&listed) {
                return listed;
            }
            assert!(begun.elapsed() < SEEN_WITHIN, "{listed}{}", String::from_utf8_lossy(&output.stderr));
            tokio::time::sleep(AGAIN_AFTER).await;
        }
    }
}

fn said(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// What stands behind a word at the beginning of a line.
fn behind<'a>(lines: &'a str, word: &str) -> &'a str {
    let line = lines.lines().find_map(|line| line.strip_prefix(word));
    line.unwrap_or_else(|| panic!("no line begins with {word:?}: {lines}")).trim()
}

/// A table of hours that a forecaster can learn from: a tide, and what no tide says, without which the seasonal guess it is measured
/// against would be perfect and no ratio would exist.
fn write_table(file: &Path) {
    let mut table = "time,level\n".to_owned();
    for hour in 0..900_u64 {
        let tide = [0, 30, 50, 60, 50, 30, 0, -30, -50, -60, -50, -30][usize::try_from(hour % 12).unwrap()];
        let level = tide + i64::try_from(hour * hour % 17).unwrap();
        writeln!(table, "{},{level}", 1_790_000_000_000 + hour * 3_600_000).unwrap();
    }
    fs::write(file, table).unwrap();
}

#[tokio::test]
async fn a_model_is_trained_registered_shadowed_rolled_out_and_switched_off() {
    let home = std::env::temp_dir().join(format!("trongdong-model-{}", std::process::id()));
    let _ = fs::remove_dir_all(&home);
    fs::create_dir_all(&home).unwrap();
    let mut cluster = LocalCluster::make(Path::new(PROGRAM), &home.join("cluster"), NODES, 0).unwrap();
    cluster.start().unwrap();
    cluster.ready().await.unwrap();
    let door = Door { cluster: &cluster };

    let (table, out) = (home.join("river.csv"), home.join("trained"));
    write_table(&table);
    let (table, out) = (table.to_str().unwrap(), out.to_str().unwrap());
    let train = ["train", "forecast", "--data", table, "--series", "level", "--out", out, "--epochs-max", "1"];
    let trained = said(Command::new(PROGRAM).args(train).output().unwrap());
    let (name, version) = (behind(&trained, "name "), behind(&trained, "version "));
    let sha256 = behind(&trained, "sha256 ");
    // The command as it is printed, but for who signs in where.
    let typed: Vec<&str> = behind(&trained, "register ").trim_end_matches('\\').split_whitespace().collect();
    let ["trongdong", "model", "register", registration] = typed[..] else { panic!("{typed:?}") };

    // What ships is registered by the cluster itself.
    door.listed(|listed| listed.contains("triage (triage), on\n")).await;
    assert!(door.model(&["register", registration]).contains("is registered"));
    // Once more changes nothing.
    door.model(&["register", registration]);
    let known = format!("{name} (forecast), on\n  {version} ");
    let listed = door.listed(|listed| listed.contains(&known)).await;
    assert!(listed.contains(sha256) && listed.contains("pinball_ratio_12h"), "{listed}");
    assert_eq!(listed.matches(name).count(), 1, "{listed}");

    door.model(&["roll-out", name, version]);
    door.listed(|listed| listed.contains(&format!("{version} shadow "))).await;
    door.model(&["roll-out", name, version, "--mode", "active"]);
    door.listed(|listed| listed.contains(&format!("{version} active "))).await;
    door.model(&["switch", name, "off", "--reason", "thử"]);
    door.listed(|listed| listed.contains(&format!("{name} (forecast), off: thử\n"))).await;

    // A refusal of the cluster is the command's failure, in the cluster's words.
    let refused = door.try_model(&["roll-out", name, "of-nobody"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("not_found"), "{refused:?}");
    cluster.stop().unwrap();
    fs::remove_dir_all(home).unwrap();
}
