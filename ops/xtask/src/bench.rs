//! `cargo xtask bench`: the benchmark program of `ops/bench`.

use crate::{
    context::{self, Context},
    times,
    tools::{self, Use},
};

/// Builds and runs it.
pub(crate) fn run(context: &Context, passed: &[String]) -> Result<(), String> {
    let is_spine = passed.first().is_some_and(|part| part == "spine");
    tools::ensure(if is_spine { &[Use::Build, Use::Peers] } else { &[Use::Build] })?;
    context.say_target();
    // The benchmarks start `trongdong` themselves, and find it beside their own program.
    let folder = context.build(&["trongdong", "bench"])?;
    let mut bench = context.program(&folder.join("bench").to_string_lossy(), "ops/bench", &[]);
    // Clones share a build folder, so what was compiled in may be another's.
    bench.args(passed).env("CARGO_MANIFEST_DIR", context.root.join("ops/bench"));
    // Folders that are named are named from where one stands.
    if let Ok(here) = std::env::current_dir() {
        bench.current_dir(here);
    }
    // Clusters stand beside what was built: /tmp may be memory, which flushes nothing.
    let runs = context.target.join("bench-runs");
    std::fs::create_dir_all(&runs).map_err(|error| format!("{}: {error}", runs.display()))?;
    bench.env("TMPDIR", runs);
    if is_spine {
        bench.arg("--test-times").arg(times::file(context));
    }
    context::run(bench)
}
