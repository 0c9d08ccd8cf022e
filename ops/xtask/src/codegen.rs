//! `cargo xtask codegen`: everything that is made from the schema and committed.

use crate::{
    context::{self, Context},
    tools::{self, Use},
    web,
};

/// Writes the Rust and the TypeScript.
pub(crate) fn run(context: &Context) -> Result<(), String> {
    tools::ensure(&[Use::Screens])?;
    context::run(context.cargo(&["run", "--package", "codegen"]))?;
    web::install(context)?;
    context::run(context.npm(&["run", "codegen"]))
}
