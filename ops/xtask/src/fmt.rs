//! `cargo xtask fmt`: the only command that writes sources. `cargo xtask test` looks and never writes.

use std::fs;

use crate::{
    context::{self, Context},
    tools::{self, Use},
    web,
};

/// Formats the Rust, and the screens when prettier is set up for them.
pub(crate) fn run(context: &Context) -> Result<(), String> {
    context::run(context.cargo(&["fmt", "--all"]))?;
    let package = context.root.join("web/package.json");
    let package = fs::read_to_string(&package).map_err(|e| format!("cannot read {}: {e}", package.display()))?;
    if !package.contains("\"prettier\"") {
        return Ok(());
    }
    tools::ensure(&[Use::Screens])?;
    web::install(context)?;
    context::run(context.program("npx", "web", &["--no-install", "prettier", "--write", "."]))
}
