//! `cargo xtask shots`: pictures of every screen in both themes, of what is built from these sources.

use std::env;

use crate::{
    context::{self, Context},
    tools::{self, Use},
    web,
};

const USAGE: &str = "cargo xtask shots FOLDER [vi|en]";

/// Builds the screens where they are stale, and takes the pictures into a folder that is named from where one stands.
pub(crate) fn run(context: &Context, options: &[String]) -> Result<(), String> {
    let (folder, language) = match options {
        [folder] => (folder, "vi"),
        [folder, language] => (folder, language.as_str()),
        _ => return Err(USAGE.to_owned()),
    };
    tools::ensure(&[Use::Screens, Use::Browser])?;
    web::install(context)?;
    web::build_if_stale(context)?;
    let here = env::current_dir().map_err(|error| format!("cannot tell where this is: {error}"))?;
    let folder = here.join(folder);
    context::run(context.npm(&["run", "shots", "--", &folder.to_string_lossy(), language]))
}
