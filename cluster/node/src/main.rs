//! The `trongdong` program.

use std::{
    error::Error,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicUsize, Ordering},
};

use clap::{Args, Parser, Subcommand};
use mimalloc::MiMalloc;
use node::{
    Node, demo,
    first_deadlines::{FIRST_DEADLINES, FirstDeadlines},
    init::{NewNode, NodePlace, init, random_hex},
};
use tracing_subscriber::EnvFilter;

/// A command is some hundred small allocations, made by one thread and freed by another. The C library's allocator keeps what is freed so
/// in lists that it walks: under full load half of a node's time, and more from minute to minute.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Trống Đồng: the real-time command system of a provincial operations centre.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the folders of a new cluster: certificates, keys, configuration, the first administrator, the deadlines to begin with.
    Init(InitArgs),
    /// Runs the node whose folder is given.
    Start {
        /// Folder with node.toml.
        home: PathBuf,
    },
    /// Takes a backup of a running cluster, or verifies the backups of a folder.
    Backup(node::backup::BackupArgs),
    /// Makes the folders of a new cluster whose state is a backup's.
    Restore(node::backup::RestoreArgs),
    /// Says how a cluster is, in words; ends with 0 when it is well, 1 when something is to be done, 2 when a group takes nothing.
    Status(node::status::StatusArgs),
    /// Invites a new node: makes its folder, with certificates and a token.
    Invite(node::membership::InviteArgs),
    /// Invites a new node in the place of one that is lost or goes.
    Replace(node::membership::ReplaceArgs),
    /// Has the invited node whose folder is given admitted; then start it.
    Join(node::membership::JoinArgs),
    /// Takes a node out of the cluster.
    Leave(node::membership::LeaveArgs),
    /// Moves the leads away from a node for a while.
    Transfer(node::membership::TransferArgs),
    /// A district centre's own node: makes its folder, runs it, says how it stands.
    District(node::district::DistrictArgs),
    /// Switches on what a newer version brings, once every node runs it.
    Features(node::feature::FeaturesArgs),
    /// Breaks something on purpose, for a while, and says whether every promise was kept.
    Drill(node::drill::DrillArgs),
    /// Says, or sets, how long readings are kept.
    Retention(node::retention::RetentionArgs),
    /// Runs three nodes and a simulated town on this machine.
    Demo(demo::DemoArgs),
    /// Plays the sets of a data folder through the real protocols.
    Replay(node::replay::ReplayArgs),
    /// Follows the stream of a cluster as lines of text.
    Watch(node::watch::WatchArgs),
    /// Trains a model from the operator's own data, and says how good it is.
    Train(node::train::TrainArgs),
    /// Registers, rolls out, rolls back, switches and lists models of a cluster.
    Model(node::model::ModelArgs),
    /// Exports the record of a cluster, and verifies an export.
    Audit(node::audit::AuditArgs),
}

#[derive(Args)]
struct InitArgs {
    /// Folder to make; one sub-folder a node.
    folder: PathBuf,
    /// Name of the cluster.
    #[arg(long, default_value = "trongdong")]
    cluster: String,
    /// `id=host`, once a node; an odd number of them, three or five. `id=host:port` gives the first of three ports in a row.
    #[arg(long = "node", required = true)]
    nodes: Vec<NodePlace>,
    /// Port between nodes.
    #[arg(long, default_value_t = 7400)]
    peer_port: u16,
    /// Port of the gateway (HTTPS).
    #[arg(long, default_value_t = 8443)]
    gateway_port: u16,
    /// Port of the MQTT endpoint.
    #[arg(long, default_value_t = 1883)]
    mqtt_port: u16,
    /// Login name of the first administrator; the password is printed once.
    #[arg(long, default_value = "quan-tri")]
    admin: String,
}

impl InitArgs {
    fn run(&self) -> Result<(), Box<dyn Error>> {
        let ports = [self.peer_port, self.gateway_port, self.mqtt_port];
        let everywhere = Ipv4Addr::UNSPECIFIED.into();
        let nodes: Vec<NewNode> = self.nodes.iter().map(|place| place.node(everywhere, true, ports)).collect();
        let password = random_hex(8)?;
        let folders = init(&self.folder, &self.cluster, &nodes, &self.admin, &password)?;
        let deadlines = FirstDeadlines::of_province(&domain::PersonId::new(&self.admin)?);
        for folder in &folders {
            deadlines.write(folder)?;
            println!("{}", folder.display());
        }
        println!(
            "Deadlines to begin with: {FIRST_DEADLINES} in each; the same in all of them, and later at /deadlines.html."
        );
        println!("Copy each folder to its machine and run there: trongdong start <folder>");
        println!("Keep {} to yourself: it makes nodes.", self.folder.join("authority").display());
        println!("First administrator: {}   password (shown once): {password}", self.admin);
        Ok(())
    }
}

async fn start(home: &Path) -> Result<(), Box<dyn Error>> {
    let node = Node::start(home).await.map_err(|error| error as Box<dyn Error>)?;
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
        () = node.taken_out() => tracing::info!("this node was taken out of the cluster: it stops"),
        reason = node.failed() => return Err(format!("this node cannot go on: {reason}").into()),
    }
    node.stop().await;
    Ok(())
}

/// tokio's threads, as many as there are cores. Those that wait for disks have a name of their own, so that an operator sees, and
/// the benchmark tells, on which the processor's time goes.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let begun = AtomicUsize::new(0);
    // Workers are begun first, all at once, and none is begun later.
    let name = move || {
        let is_worker = begun.fetch_add(1, Ordering::Relaxed) < workers;
        String::from(if is_worker { "async" } else { "blocking" })
    };
    tokio::runtime::Builder::new_multi_thread().worker_threads(workers).thread_name_fn(name).enable_all().build()
}

fn main() -> ExitCode {
    match runtime() {
        Ok(runtime) => runtime.block_on(run()),
        Err(error) => {
            eprintln!("trongdong: no threads can be begun: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> ExitCode {
    let filter = EnvFilter::try_from_env("TRONGDONG_LOG").unwrap_or_else(|_| EnvFilter::new("info,openraft=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match Cli::parse().command {
        Command::Init(args) => args.run(),
        Command::Start { home } => start(&home).await,
        Command::Backup(args) => node::backup::run(args).await,
        Command::Restore(args) => node::backup::run_restore(args).await,
        Command::Status(args) => match node::status::run(args).await {
            Ok(level) => return ExitCode::from(level),
            Err(error) => Err(error),
        },
        Command::Invite(args) => node::membership::invite(args).await,
        Command::Replace(args) => node::membership::replace(args).await,
        Command::Join(args) => node::membership::join(args).await,
        Command::Leave(args) => node::membership::leave(args).await,
        Command::Transfer(args) => node::membership::transfer(args).await,
        Command::District(args) => node::district::run(args).await,
        Command::Features(args) => node::feature::run(args).await,
        Command::Drill(args) => match node::drill::run(args).await {
            Ok(level) => return ExitCode::from(level),
            Err(error) => Err(error),
        },
        Command::Retention(args) => node::retention::run(args).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Replay(args) => node::replay::program(args).await,
        Command::Watch(args) => node::watch::run(args).await,
        Command::Train(args) => node::train::run(&args),
        Command::Model(args) => node::model::run(args).await,
        Command::Audit(args) => node::audit::run(args).await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("trongdong: {error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("  because: {error}");
                cause = error.source();
            }
            ExitCode::FAILURE
        }
    }
}
