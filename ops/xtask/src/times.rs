//! How long a whole `cargo xtask test` takes, on a machine that has built nothing and on one that has built everything.
//! Kept beside what was built, where the benchmark's report finds it.

use std::{fs, path::PathBuf, time::Duration};

use crate::context::Context;

/// One figure a line: name, a space, seconds.
const FILE: &str = "test-times";

/// What was there when the run began.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begun {
    /// Nothing was built.
    Cold,
    /// Everything was built: the same sources had passed before.
    Warm,
    /// Something between, which says nothing.
    Between,
}

/// Where the figures stand.
pub(crate) fn file(context: &Context) -> PathBuf {
    context.target.join(FILE)
}

/// The commit that last passed here. A run of the same one again is a warm one.
fn passed_file(context: &Context) -> PathBuf {
    context.target.join("test-passed")
}

/// The commit of the checkout; empty when it cannot be told or has changes.
fn commit(context: &Context) -> String {
    let ask = |args: &[&str]| {
        let output = context.program("git", "", args).output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    };
    let clean = ask(&["status", "--porcelain"]).is_some_and(|changes| changes.trim().is_empty());
    ask(&["rev-parse", "HEAD"]).filter(|_| clean).unwrap_or_default().trim().to_owned()
}

/// What this run begins with. xtask itself is there already, so it is RocksDB that tells.
pub(crate) fn begin(context: &Context) -> Begun {
    let build = fs::read_dir(context.target.join("debug/build"));
    let names = build.into_iter().flatten().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let now = commit(context);
    let last = fs::read_to_string(passed_file(context)).unwrap_or_default();
    match names.into_iter().any(|name| name.starts_with("librocksdb-sys-")) {
        false => Begun::Cold,
        true if !now.is_empty() && now == last => Begun::Warm,
        true => Begun::Between,
    }
}

/// Puts down how long a whole run took that passed.
pub(crate) fn passed(context: &Context, begun: Begun, took: Duration) -> Result<(), String> {
    let path = file(context);
    let before = fs::read_to_string(&path).unwrap_or_default();
    let put = |path: &PathBuf, text: &str| fs::write(path, text).map_err(|e| format!("{}: {e}", path.display()));
    put(&path, &with(&before, begun, took))?;
    put(&passed_file(context), &commit(context))
}

/// The file's text with this run's figure in it.
fn with(before: &str, begun: Begun, took: Duration) -> String {
    let name = match begun {
        Begun::Cold => "test_cold_s",
        Begun::Warm => "test_warm_s",
        Begun::Between => return before.to_owned(),
    };
    let others = before.lines().filter(|line| line.split(' ').next() != Some(name));
    let mut lines: Vec<String> = others.map(str::to_owned).collect();
    lines.push(format!("{name} {:.1}", took.as_secs_f64()));
    lines.sort();
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_is_the_last_of_its_kind() {
        let cold = with("", Begun::Cold, Duration::from_millis(1_500_040));
        assert_eq!(cold, "test_cold_s 1500.0\n");
        let warm = with(&cold, Begun::Warm, Duration::from_secs(200));
        assert_eq!(warm, "test_cold_s 1500.0\ntest_warm_s 200.0\n");
        assert_eq!(with(&warm, Begun::Warm, Duration::from_secs(100)), "test_cold_s 1500.0\ntest_warm_s 100.0\n");
        assert_eq!(with(&warm, Begun::Between, Duration::from_secs(9)), warm);
    }
}
