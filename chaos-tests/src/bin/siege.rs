//! `siege`: rounds of a siege one after the other, of one cluster or of several beside each other, until the time is over or one fails.

use std::{
    cell::Cell,
    error::Error,
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Command, ExitCode},
    rc::Rc,
    time::{Duration, Instant},
};

use chaos_tests::{
    older::Older,
    siege::{self, Ground, record::RoundRecord},
    world::NODES,
};
use clap::Parser;
use tokio::task::LocalSet;

/// Clusters beside each other; each has three nodes and a load.
const CLUSTERS_MAX: u16 = 16;
/// Ports of a node: for nodes, people and devices.
const PORTS_A_NODE: u16 = 3;
/// Where the ports of clusters lie that stand beside each other: below those that the system gives to outgoing connections.
const PORTS: std::ops::Range<u16> = 12_000..31_000;

/// Real nodes under load, and one thing after another that befalls them.
#[derive(Clone, Parser)]
struct Args {
    /// How long; a round that has begun is played to its end.
    #[arg(long, default_value_t = 0.2)]
    hours: f64,
    /// Seed of the first round; each further one has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Clusters that are besieged beside each other, each with rounds of its own.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(CLUSTERS_MAX)))]
    clusters: u16,
    /// File to which a line of JSON is added for each round, as soon as it is over.
    #[arg(long)]
    record: Option<PathBuf>,
    /// The commit that the program was built from, for the record; the one that is checked out when nothing is said.
    #[arg(long)]
    commit: Option<String>,
    /// Goes on after a round that failed.
    #[arg(long)]
    keep_going: bool,
    /// A `trongdong` of an earlier build: each round upgrades a cluster from it, node by node, instead of a storm.
    #[arg(long, conflicts_with = "clusters")]
    older: Option<PathBuf>,
}

/// What all clusters share. They are driven by one thread; their nodes and loads are not.
struct Shared {
    args: Args,
    commit: String,
    older: Option<Older>,
    until: Instant,
    next_seed: Cell<u64>,
    rounds: Cell<u32>,
    failed: Cell<u32>,
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args = Args::parse();
    let shared = Rc::new(Shared {
        commit: args.commit.clone().unwrap_or_else(commit),
        older: args.older.clone().map(Older::program).transpose().map_err(|error| error.to_string())?,
        until: Instant::now() + Duration::try_from_secs_f64(args.hours * 3600.0)?,
        next_seed: Cell::new(args.seed),
        rounds: Cell::new(0),
        failed: Cell::new(0),
        args,
    });
    let clusters = LocalSet::new();
    let besieged: Vec<_> =
        (0..shared.args.clusters).map(|number| clusters.spawn_local(besiege(number, Rc::clone(&shared)))).collect();
    clusters.await;
    for cluster in besieged {
        cluster.await??;
    }
    let (rounds, failed) = (shared.rounds.get(), shared.failed.get());
    println!("{rounds} rounds, {failed} failed");
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Round after round of one cluster.
async fn besiege(number: u16, shared: Rc<Shared>) -> Result<(), String> {
    loop {
        let seed = shared.next_seed.replace(shared.next_seed.get() + 1);
        let record = match &shared.older {
            Some(older) => siege::upgrade_round(seed, &shared.commit, older).await,
            None => siege::round(seed, &shared.commit, &ground(number, seed, shared.args.clusters)?).await,
        };
        if let Some(path) = &shared.args.record {
            record.append(path).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        shared.rounds.set(shared.rounds.get() + 1);
        tell(&record);
        shared.failed.set(shared.failed.get() + u32::from(record.failure.is_some()));
        if (shared.failed.get() > 0 && !shared.args.keep_going) || Instant::now() >= shared.until {
            return Ok(());
        }
    }
}

/// Where a round stands: beside others on ports of which each cluster has every so many, so that no two try the same.
fn ground(number: u16, seed: u64, clusters: u16) -> Result<Ground, String> {
    let alone = Ground::alone(&format!("siege-{seed}"));
    if clusters == 1 {
        return Ok(alone);
    }
    let each = u16::try_from(NODES).unwrap_or(u16::MAX).saturating_mul(PORTS_A_NODE);
    let is_free =
        |first: &u16| (*first..first + each).all(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    let mut firsts = (PORTS.start + number * each..PORTS.end - each).step_by(usize::from(clusters * each));
    let first_port = firsts.find(is_free).ok_or("no ports in a row are free")?;
    Ok(Ground { first_port: Some(first_port), clusters: clusters.into(), ..alone })
}

/// The commit that is checked out, and whether it was changed, but for the record itself; empty outside of a checkout.
fn commit() -> String {
    let said = |args: &[&str]| {
        let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success());
        output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
    };
    let commit = said(&["rev-parse", "HEAD"]);
    let is_changed = !said(&["status", "--porcelain", "--", ":/", ":(top,exclude)ops/reports"]).is_empty();
    if is_changed { format!("{commit}+") } else { commit }
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
