//! `cargo xtask bench`: the benchmark program of `ops/bench`.

use crate::{
    context::{self, Context},
    times,
    tools::{self, Use},
};

/// Builds and runs it.
pub(crate) fn run(context: &Context, passed: &[String]) -> Result<(), String> {
    tools::ensure(&[Use::Build, Use::Peers])?;
    context.say_target();
    // The benchmarks start `trongdong` themselves, and find it beside their own program.
    let folder = context.build(&["trongdong", "bench"])?;
    let mut bench = context.program(&folder.join("bench").to_string_lossy(), "ops/bench", &[]);
    // Clones share a build folder, so what was compiled in may be another's.
    bench.args(passed).env("CARGO_MANIFEST_DIR", context.root.join("ops/bench"));
    if passed.first().is_some_and(|part| part == "spine") {
        bench.arg("--test-times").arg(times::file(context));
    }
    context::run(bench)
}
