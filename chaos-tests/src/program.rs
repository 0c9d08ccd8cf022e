//! Where the program under test is.

use std::{env, path::PathBuf};

use crate::Failure;

/// Environment variable that names another executable.
pub const PROGRAM_VARIABLE: &str = "TRONGDONG_PROGRAM";

/// The `trongdong` that was built beside this test, or the one that [`PROGRAM_VARIABLE`] names.
///
/// # Errors
/// There is none; the text says how to build it.
pub fn program() -> Result<PathBuf, Failure> {
    if let Some(named) = env::var_os(PROGRAM_VARIABLE) {
        let named = PathBuf::from(named);
        return if named.is_file() {
            Ok(named)
        } else {
            Err(format!("{PROGRAM_VARIABLE} names {}, and no file is there", named.display()).into())
        };
    }
    let own = env::current_exe()?;
    // <target>/<profile>/trongdong stands beside <target>/<profile>/siege, and above <target>/<profile>/deps/<test>.
    let beside = own.parent().ok_or("this does not run from a target folder")?;
    let profile = if beside.ends_with("deps") { beside.parent().unwrap_or(beside) } else { beside };
    let program = profile.join("trongdong");
    if program.is_file() {
        return Ok(program);
    }
    let target = profile.parent().unwrap_or(profile);
    Err(format!(
        "{} is not there. Build it first: CARGO_TARGET_DIR={} cargo build -p node --bin trongdong",
        program.display(),
        target.display()
    )
    .into())
}
