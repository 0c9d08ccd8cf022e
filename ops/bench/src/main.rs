//! Benchmarks: `bench spine` measures real node processes and writes `ops/reports/spine.json`, `bench models` measures what models
//! say and writes `ops/reports/models.json`, `bench consensus` does so for what agreeing costs, `bench trust` for deadlines, notices,
//! rights and the record, `bench people` for people at their screens; `bench report` draws the `.md` files from them. See DESIGN.md
//! for what each figure is.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may panic"))]

use std::{
    error::Error,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};

mod book;
mod conditions;
mod consensus;
mod desk;
mod fanout;
mod http;
mod models;
mod parts;
mod people;
mod plot;
mod protobuf;
mod report;
mod screen;
mod spine;
mod stage;
mod stats;
mod trust;
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
    /// Trains and measures models and writes ops/reports/models.json and models.md.
    Models(models::ModelsArgs),
    /// Measures agreement on this machine beside etcd and JetStream, and writes ops/reports/consensus.json and consensus.md.
    Consensus(ConsensusArgs),
    /// Measures deadlines and notices while leaders are killed, rights and the record, and writes ops/reports/trust.json and trust.md.
    Trust(TrustArgs),
    /// Has scripted people work three nodes in real browsers, and writes ops/reports/people.json and people.md.
    People(PeopleArgs),
    /// Draws the reports anew from what was measured.
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

#[derive(Args)]
struct PeopleArgs {
    /// Only these parts: console, pop, tap, calls, day, look.
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
}

#[derive(Args)]
struct ConsensusArgs {
    /// Only these parts: limits, commands, readings, failover, transfer, restart, snapshot, soak.
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
    /// Turns in which the systems are compared.
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Sensors that are registered before the restart; absent: 100,000, or 2,000 with `--quick`.
    #[arg(long)]
    entities: Option<usize>,
    /// Readings that are recorded before the restart; absent: 10,000,000, or 20,000 with `--quick`.
    #[arg(long)]
    readings: Option<u64>,
    /// MiB of notes that are written before the snapshot; absent: 1,024, or 16 with `--quick`.
    #[arg(long)]
    snapshot_mib: Option<u64>,
    /// Minutes of full load in which nobody should stand for election; absent: 60, or 2 short ones with `--quick`.
    #[arg(long)]
    minutes: Option<u64>,
}

#[derive(Args)]
struct TrustArgs {
    /// Only these parts: deadlines, notices, policy, audit, revoke.
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
    let setting = |program: Option<PathBuf>, keep, quick| {
        let program = program.map_or_else(beside_this, Ok)?;
        Ok::<_, Box<dyn Error>>(parts::Setting { program, root: root.clone(), keep, quick })
    };
    match Cli::parse().command {
        Command::Report => {
            report::write(&root.join("ops/reports"))?;
            models::report::write(&root.join("ops/reports"))?;
            people::report::write(&root.join("ops/reports"))?;
            consensus::report::write(&root.join("ops/reports"))?;
            trust::report::write(&root.join("ops/reports"))
        }
        Command::Trust(args) => {
            let setting = setting(args.program, args.keep, args.quick)?;
            until_interrupted(async || trust::run(&setting, &args.only).await)
        }
        Command::Consensus(args) => {
            let setting = setting(args.program, args.keep, args.quick)?;
            let scale = consensus::Scale {
                entities: args.entities.unwrap_or(setting.choose(100_000, 2_000)),
                readings: args.readings.unwrap_or(setting.choose(10_000_000, 20_000)),
                snapshot_mib: args.snapshot_mib.unwrap_or(setting.choose(1024, 16)),
                rounds: args.rounds,
                minutes: args.minutes.unwrap_or(setting.choose(60, 2)),
            };
            until_interrupted(async || consensus::run(&setting, &args.only, scale).await)
        }
        Command::People(args) => {
            let setting = setting(args.program, args.keep, args.quick)?;
            until_interrupted(async || people::run(&setting, &args.only).await)
        }
        Command::Models(args) => {
            let setting = setting(args.program.clone(), args.keep, args.quick)?;
            until_interrupted(async || models::run(&setting, args).await)
        }
        Command::Spine(args) => {
            let setting = setting(args.program, args.keep, args.quick)?;
            let wanted = spine::Wanted { only: args.only, test_times: args.test_times };
            until_interrupted(async || spine::run(&setting, wanted).await)
        }
    }
}

/// Runs a benchmark to its end, or until Ctrl-C.
fn until_interrupted(benchmark: impl AsyncFnOnce() -> Result<()>) -> Result<()> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    // Two threads: the nodes share the cores.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let done = runtime.block_on(async {
        tokio::select! {
            done = benchmark() => done,
            // Dropping the run ends the processes that it has started.
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        }
    });
    // A training that goes on ends with the process.
    runtime.shutdown_background();
    done
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
