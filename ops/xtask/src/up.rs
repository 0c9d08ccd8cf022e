//! `cargo xtask up`: the screens and the node are built, then the demonstration runs until Ctrl-C.

use std::{os::unix::process::CommandExt, path::Path};

use crate::{
    context::Context,
    tools::{self, Use},
    web,
};

/// Where the demonstration's nodes live unless `--folder` says otherwise; git ignores it.
const FOLDER: &str = ".data/demo";

/// Serves made-up cameras.
const RTSP_SCRIPT: &str = "ops/rtsp/serve.py";

/// Builds what changed and becomes the demonstration.
pub(crate) fn run(context: &Context, passed: &[String]) -> Result<(), String> {
    tools::ensure(&[Use::Build, Use::Screens, Use::Cameras])?;
    web::install(context)?;
    web::build_if_stale(context)?;
    context.say_target();
    let program = context.build(&["trongdong"])?.join("trongdong");
    // This process becomes the demonstration, so that Ctrl-C and the exit status are its own and nothing stays behind.
    let mut demo = context.program(&program.to_string_lossy(), "", &["demo", "--rtsp-script", RTSP_SCRIPT]);
    if !passed.iter().any(|arg| arg.starts_with("--folder")) {
        demo.args(["--folder", FOLDER]);
    }
    let error = demo.args(passed).exec();
    Err(format!("cannot start {}: {error}", Path::new(&program).display()))
}
