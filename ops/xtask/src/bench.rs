//! `cargo xtask bench`: the benchmark program of `ops/bench`.

use crate::{
    context::{self, Context},
    times,
    tools::{self, Use},
    web,
};

/// Builds and runs it.
pub(crate) fn run(context: &Context, passed: &[String]) -> Result<(), String> {
    let is = |name: &str| passed.first().is_some_and(|part| part == name);
    let is_spine = is("spine");
    let needs: &[Use] = if is_spine {
        &[Use::Build, Use::Peers]
    } else if is("people") {
        &[Use::Build, Use::Screens, Use::Browser]
    } else {
        &[Use::Build]
    };
    tools::ensure(needs)?;
    if is("people") {
        // The program carries the screens, and the scripted people take their browser's driver from there.
        web::install(context)?;
        web::build_if_stale(context)?;
    }
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
    bench.env("TMPDIR", context.runs_folder()?);
    if is_spine {
        bench.arg("--test-times").arg(times::file(context));
    }
    context::run(bench)
}
