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
    // The benchmarks start the program itself, which `cargo run` of another package does not build.
    context::run(context.cargo(&["build", "--package", "node"]))?;
    let mut bench = context.cargo(&["run", "--package", "bench", "--"]);
    bench.args(passed);
    if passed.first().is_some_and(|part| part == "spine") {
        bench.arg("--test-times").arg(times::file(context));
    }
    context::run(bench)
}
