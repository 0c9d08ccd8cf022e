//! `siege`: rounds of a siege one after the other, until the time is over or one fails.

use std::{
    error::Error,
    path::PathBuf,
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

use chaos_tests::{
    older::Older,
    siege::{self, record::RoundRecord},
};
use clap::Parser;

/// Real nodes under load, and one thing after another that befalls them.
#[derive(Parser)]
struct Args {
    /// How long; a round that has begun is played to its end.
    #[arg(long, default_value_t = 0.2)]
    hours: f64,
    /// Seed of the first round; each further one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// File to which a line of JSON is added for each round.
    #[arg(long)]
    record: Option<PathBuf>,
    /// Goes on after a round that failed.
    #[arg(long)]
    keep_going: bool,
    /// A `trongdong` of an earlier build: each round upgrades a cluster from it, node by node, instead of a storm.
    #[arg(long)]
    older: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::parse();
    let until = Instant::now() + Duration::try_from_secs_f64(args.hours * 3600.0)?;
    let commit = commit();
    let older = args.older.map(Older::program).transpose().map_err(|error| error.to_string())?;
    let (mut rounds, mut failed) = (0_u32, 0_u32);
    for seed in args.seed.. {
        let record = match &older {
            Some(older) => siege::upgrade_round(seed, &commit, older).await,
            None => siege::round(seed, &commit).await,
        };
        if let Some(path) = &args.record {
            record.append(path)?;
        }
        rounds += 1;
        tell(&record);
        failed += u32::from(record.failure.is_some());
        if (failed > 0 && !args.keep_going) || Instant::now() >= until {
            break;
        }
    }
    println!("{rounds} rounds, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The commit that is checked out, and whether it was changed; empty outside of a checkout.
fn commit() -> String {
    let output =
        Command::new("git").args(["describe", "--always", "--abbrev=40", "--dirty", "--exclude", "*"]).output();
    let said = output.ok().filter(|output| output.status.success()).map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&said).trim().to_owned()
}

fn tell(record: &RoundRecord) {
    let RoundRecord { seed, seconds, readings_acknowledged, commands_acknowledged, .. } = record;
    match &record.failure {
        Some(failure) => {
            println!("round {seed} FAILED after {seconds:.0} s: {failure}\nagain: siege --seed {seed} --hours 0")
        }
        None => println!(
            "round {seed}: {} faults, {readings_acknowledged} readings and {commands_acknowledged} commands kept, {seconds:.0} s",
            record.happened.len()
        ),
    }
}
