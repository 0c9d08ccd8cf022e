//! `cargo xtask siege`: storms drawn from seeds on real nodes, for as long as one likes.

use crate::{
    context::{self, Context},
    tools::{self, Use},
};

/// Where each round adds its line, unless `--record` says otherwise.
const RECORD: &str = "ops/reports/chaos.siege.jsonl";

/// Builds and runs it.
pub(crate) fn run(context: &Context, passed: &[String]) -> Result<(), String> {
    tools::ensure(&[Use::Build])?;
    context.say_target();
    // The siege starts `trongdong` itself, and finds it beside its own program.
    let folder = context.build(&["trongdong", "siege"])?;
    let mut siege = context.program(&folder.join("siege").to_string_lossy(), "", &[]);
    if !passed.iter().any(|arg| arg.starts_with("--record")) {
        siege.args(["--record", RECORD]);
    }
    siege.args(passed).env("TMPDIR", context.runs_folder()?);
    context::run(siege)
}
