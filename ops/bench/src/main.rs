//! Benchmarks on real node processes: `bench spine` measures and writes `ops/reports/spine.json`, `bench report` draws
//! `ops/reports/spine.md` from it. See DESIGN.md for what each figure is.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic"))]

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

mod conditions;
mod desk;
mod fanout;
mod http;
mod parts;
mod plot;
mod protobuf;
mod report;
mod screen;
mod spine;
mod stage;
mod stats;
mod websocket;

/// What fails a measurement is told and ends it; nobody tells kinds of it apart.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Measures three nodes on this machine and writes ops/reports/spine.json and spine.md.
    Spine(SpineArgs),
    /// Draws ops/reports/spine.md anew from what was measured.
    Report,
}

#[derive(Args)]
struct SpineArgs {
    /// Only these parts: readings, commands, latency, paint, kill, fanout, memory.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// The `trongdong` program; absent: the one built beside this one.
    #[arg(long)]
    program: Option<PathBuf>,
    /// Tries the benchmark itself: fewer, shorter, and nothing is written.
    #[arg(long)]
    quick: bool,
    /// Leaves the clusters' folders, with their logs, in the temporary folder.
    #[arg(long)]
    keep: bool,
    /// How long `cargo xtask test` took, as it has put down itself.
    #[arg(long)]
    test_times: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    // Cargo's word at run time comes first: clones share a build folder, so what was compiled in may be another's.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let root = Path::new(&here).ancestors().nth(2).ok_or("ops/bench does not stand in a checkout")?.to_path_buf();
    match Cli::parse().command {
        Command::Report => report::write(&root.join("ops/reports")),
        Command::Spine(args) => {
            let _ = rustls::crypto::ring::default_provider().install_default();
            let program = args.program.map_or_else(beside_this, Ok)?;
            let setting = parts::Setting { program, root, keep: args.keep, quick: args.quick };
            let wanted = spine::Wanted { only: args.only, test_times: args.test_times };
            // Two threads: the nodes share the cores.
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
            runtime.block_on(async {
                tokio::select! {
                    done = spine::run(&setting, wanted) => done,
                    // Dropping the run ends the processes that it has started.
                    _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
                }
            })
        }
    }
}

/// The node's program in the folder of this one.
fn beside_this() -> Result<PathBuf> {
    let program = std::env::current_exe()?.with_file_name("trongdong");
    if program.exists() {
        Ok(program)
    } else {
        Err(format!("{} is not there: build it with `cargo build --package node`", program.display()).into())
    }
}
