//! The `trongdong` program.

use std::{
    error::Error,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use node::{
    Node, demo,
    init::{NewNode, init, random_hex},
};
use tracing_subscriber::EnvFilter;

/// Trống Đồng: the real-time command system of a provincial operations centre.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the folders of a new cluster: certificates, keys, configuration, the first administrator.
    Init(InitArgs),
    /// Runs the node whose folder is given.
    Start {
        /// Folder with node.toml.
        home: PathBuf,
    },
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
    /// Verifies an export of the record.
    Audit(node::audit::AuditArgs),
}

#[derive(Args)]
struct InitArgs {
    /// Folder to make; one sub-folder a node.
    folder: PathBuf,
    /// Name of the cluster.
    #[arg(long, default_value = "trongdong")]
    cluster: String,
    /// `id=host`, once a node; an odd number of them, three or five.
    #[arg(long = "node", required = true, value_parser = parse_node)]
    nodes: Vec<(u64, String)>,
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

fn parse_node(text: &str) -> Result<(u64, String), String> {
    let (id, host) = text.split_once('=').ok_or("write it as 1=node1.example.vn")?;
    let id = id.parse().ok().filter(|id| *id > 0).ok_or("a node id is a number from 1")?;
    Ok((id, host.to_owned()))
}

impl InitArgs {
    fn run(&self) -> Result<(), Box<dyn Error>> {
        let any = |port| SocketAddr::from(([0, 0, 0, 0], port));
        let nodes: Vec<NewNode> = self
            .nodes
            .iter()
            .map(|(id, host)| NewNode {
                id: *id,
                host: host.clone(),
                peer: any(self.peer_port),
                gateway: any(self.gateway_port),
                mqtt: any(self.mqtt_port),
                tls: true,
            })
            .collect();
        let password = random_hex(8)?;
        let folders = init(&self.folder, &self.cluster, &nodes, &self.admin, &password)?;
        for folder in &folders {
            println!("{}", folder.display());
        }
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
        reason = node.failed() => return Err(format!("this node cannot go on: {reason}").into()),
    }
    node.stop().await;
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    let filter = EnvFilter::try_from_env("TRONGDONG_LOG").unwrap_or_else(|_| EnvFilter::new("info,openraft=error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match Cli::parse().command {
        Command::Init(args) => args.run(),
        Command::Start { home } => start(&home).await,
        Command::Demo(args) => demo::run(args).await,
        Command::Replay(args) => node::replay::program(args).await,
        Command::Watch(args) => node::watch::run(args).await,
        Command::Train(args) => node::train::run(&args),
        Command::Model(args) => node::model::run(args).await,
        Command::Audit(args) => node::audit::run(args),
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
