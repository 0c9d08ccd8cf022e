//! Measures the suggestions of the same incident: `cargo run --release -p models --example duplicate -- <folder with the data>`;
//! the measurement is the benchmark's own. `-- train actors/models/trained/duplicate.json` makes the shipped weights again;
//! `-- sample` shows a few made-up pleas.

#[path = "../../../ops/bench/src/models/forecast.rs"]
#[allow(dead_code, reason = "this example takes the reading of files from it")]
mod forecast;
#[path = "../../../ops/bench/src/models/duplicate.rs"]
mod measured;

use std::{path::Path, process::ExitCode};

use models::duplicate::{DuplicateOptions, recipe};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["train", out] => make(out),
        ["sample"] => {
            for line in measured::sample(1001, 40) {
                println!("{line}");
            }
            Ok(())
        }
        [data] => measured::measure(Path::new(data), &mut |line| println!("{line}")).map(|figures| {
            for (name, value) in figures {
                println!("{name} {value:.4}");
            }
        }),
        _ => Err("give the folder with the data, or train <file>, or sample".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Makes the shipped weights.
fn make(out: &str) -> Result<(), String> {
    let mut say = |epoch: &models::forecast::fit::Epoch| {
        println!("{:>3} learned {:.5} held {:.5}", epoch.epoch, epoch.train_loss, epoch.stop_loss);
    };
    let trained = recipe(&DuplicateOptions::default(), &mut say).map_err(|error| error.to_string())?;
    println!("{} pairs", trained.quality.rows);
    let text = serde_json::to_string_pretty(&trained.model).map_err(|error| error.to_string())?;
    std::fs::write(out, text + "\n").map_err(|error| format!("{out}: {error}"))
}
