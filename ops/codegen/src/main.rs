//! `cargo xtask codegen` runs this: writes the Rust files that are made from the schema.

use std::process::ExitCode;

fn main() -> ExitCode {
    match codegen::write(&codegen::root()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("codegen: {error}");
            ExitCode::FAILURE
        }
    }
}
