//! `cargo xtask`: the project's own commands. Each module is one of them, beside what they share:
//!
//! - `up` runs the product, `test` checks everything, `codegen` writes what is generated, `fmt` formats, `bench` measures,
//!   `siege` tries to break it, `shots` takes pictures of every screen.
//! - `times` keeps how long a whole test run takes.
//! - `context` knows where the checkout and the build folder are and starts programs; `tools` knows what has to be
//!   installed; `web` knows when the screens have to be installed or built again.

mod bench;
mod codegen;
mod context;
mod fmt;
mod shots;
mod siege;
mod test;
mod times;
mod tools;
mod up;
mod web;

use std::process::ExitCode;

use context::Context;

const USAGE: &str = "\
cargo xtask up [-- ARGS]       build everything and run the demonstration; ARGS go to `trongdong demo`
cargo xtask test [OPTIONS]     check everything; stops at the first failure
            --only STEP        this step only (may be given again)
            --skip STEP        all but this step (may be given again)
cargo xtask codegen            write the Rust and TypeScript that are made from the schema
cargo xtask fmt                format everything
cargo xtask bench ARGS         measure; ARGS go to the benchmark program:
            spine              three nodes: readings, commands, latencies, fan-out, memory
            models             the models: quality and speed, with peers and published figures beside
            consensus          what agreeing costs, with etcd and JetStream beside; --help for more
            trust              deadlines, notices, rights and the record, while leaders are killed
            people             scripted people in real browsers: calls, pops, taps, a peak, a day's calls, axe, a slow phone
            report             draw the reports anew
cargo xtask shots FOLDER [vi|en]
                               pictures of every screen in both themes
cargo xtask siege [OPTIONS]    try to break it, and keep the record in ops/reports
            --hours N          real nodes, storm after storm (0.2); --seed N, --keep-going,
                               --clusters K (beside each other), --no-build (programs as they are)
            --agree-minutes M  seeds of consensus in the simulator for so long
            --city-minutes M   seeds of whole nodes, screens and phones in it; --city-seed N, --city-bugs
            --agree-bugs       put every known mistake back: which judge finds it?";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<(), String> {
    let split = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
    let (own, passed) = args.split_at(split);
    let passed = passed.get(1..).unwrap_or_default();
    let (command, options) = own.split_first().ok_or(USAGE)?;
    let refuse_surplus = |what: &[String]| match what.first() {
        Some(surplus) => Err(format!("`{command}` does not take `{surplus}` here\n\n{USAGE}")),
        None => Ok(()),
    };
    match command.as_str() {
        "up" => {
            refuse_surplus(options)?;
            up::run(&Context::find()?, passed)
        }
        "bench" => {
            // With or without `--`: it has no options of its own.
            bench::run(&Context::find()?, &[options, passed].concat())
        }
        "shots" => {
            refuse_surplus(passed)?;
            shots::run(&Context::find()?, options)
        }
        "siege" => {
            refuse_surplus(passed)?;
            siege::run(&Context::find()?, options)
        }
        "test" => {
            refuse_surplus(passed)?;
            test::run(&Context::find()?, options)
        }
        "codegen" => {
            refuse_surplus(options)?;
            codegen::run(&Context::find()?)
        }
        "fmt" => {
            refuse_surplus(options)?;
            fmt::run(&Context::find()?)
        }
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("`{other}` is not a command\n\n{USAGE}")),
    }
}
