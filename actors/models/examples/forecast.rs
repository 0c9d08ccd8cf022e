//! Trains the forecasters on the first seven tenths of real series and prints how good they are on the rest:
//! `cargo run --release -p models --example forecast -- <folder with the data>`. The measurement is the benchmark's own.

#[path = "../../../ops/bench/src/models/forecast.rs"]
mod measured;

use std::{path::Path, process::ExitCode};

fn main() -> ExitCode {
    let Some(data) = std::env::args().nth(1) else {
        eprintln!("give the folder with the data (river_stage, air_quality, traffic, montgomery911)");
        return ExitCode::FAILURE;
    };
    match measured::measure(Path::new(&data), &mut |line| println!("{line}")) {
        Ok(figures) => {
            for (name, value) in figures {
                println!("{name} {value:.4}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
