//! The first peer: etcd, Debian's `etcd-server`. Puts through its gRPC interface; messages as in etcd's `rpc.proto`.

use std::{net::SocketAddr, time::Duration};

use prost::Message;
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use super::{
    http2::Unary,
    load::{self, Client},
    peer::{self, Peer},
};
use crate::Result;

/// Its program.
pub(crate) const PROGRAM: &str = "etcd";
/// What to install where it is missing.
pub(crate) const PACKAGE: &str = "etcd-server";
const PUT: &str = "/etcdserverpb.KV/Put";
/// Keys of one client, written round and round.
const KEYS_EACH: u64 = 64;
/// How long a cluster may take to answer.
const READY_WITHIN: Duration = Duration::from_secs(30);
const AGAIN_AFTER: Duration = Duration::from_millis(200);

#[derive(Clone, PartialEq, Message)]
struct PutRequest {
    #[prost(bytes = "vec", tag = "1")]
    key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct PutResponse {
    #[prost(message, optional, tag = "1")]
    header: Option<ResponseHeader>,
}

#[derive(Clone, PartialEq, Message)]
struct ResponseHeader {
    /// Of the store, one more with each write.
    #[prost(int64, tag = "3")]
    revision: i64,
}

/// Starts three nodes with what etcd ships as defaults, but for mutual TLS between them; where their clients connect.
pub(crate) async fn start() -> Result<(Peer, Vec<SocketAddr>)> {
    let program = peer::program(PROGRAM).ok_or_else(|| format!("apt-get install {PACKAGE}"))?;
    let mut running = Peer::new("etcd")?;
    let ports = peer::ports()?;
    let cluster: Vec<_> = ports.iter().enumerate().map(|(at, (_, peer))| format!("n{at}=https://{peer}")).collect();
    let certificates = peer::certificates(&running.folder)?;
    for ((at, (client, peer)), certificate) in ports.iter().enumerate().zip(&certificates) {
        let mut command = Command::new(&program);
        command
            .args(["--name", &format!("n{at}"), "--log-level", "warn", "--logger", "zap"])
            .args(["--listen-client-urls", &format!("http://{client}")])
            .args(["--advertise-client-urls", &format!("http://{client}")])
            .args(["--listen-peer-urls", &format!("https://{peer}")])
            .args(["--initial-advertise-peer-urls", &format!("https://{peer}")])
            .arg("--peer-client-cert-auth")
            .arg("--peer-trusted-ca-file")
            .arg(&certificate.ca)
            .arg("--peer-cert-file")
            .arg(&certificate.own)
            .arg("--peer-key-file")
            .arg(&certificate.key)
            .args(["--initial-cluster", &cluster.join(","), "--initial-cluster-state", "new"])
            .arg("--data-dir")
            .arg(running.folder.join(format!("n{at}")));
        running.spawn(&mut command)?;
    }
    let addresses: Vec<_> = ports.into_iter().map(|(client, _)| client).collect();
    for address in &addresses {
        ready(*address).await.map_err(|error| format!("{error}{}", running.last_words()))?;
    }
    Ok((running, addresses))
}

async fn ready(address: SocketAddr) -> Result<()> {
    let until = Instant::now() + READY_WITHIN;
    loop {
        let tried = async { connect(address, usize::MAX).await?.put().await }.await;
        match tried {
            Ok(()) => return Ok(()),
            Err(error) if Instant::now() > until => return Err(format!("etcd is not ready: {error}").into()),
            Err(_) => sleep(AGAIN_AFTER).await,
        }
    }
}

/// A client that puts.
pub(crate) struct Putter {
    connection: Unary,
    client: usize,
    number: u64,
    revision: i64,
}

/// Connects the client of that number.
pub(crate) async fn connect(address: SocketAddr, client: usize) -> std::result::Result<Putter, String> {
    let connection = Unary::open(address, PUT).await.map_err(|error| error.to_string())?;
    Ok(Putter { connection, client, number: 0, revision: 0 })
}

impl Client for Putter {
    async fn put(&mut self) -> std::result::Result<(), String> {
        self.number += 1;
        let key = format!("bench/{}/{}", self.client, self.number % KEYS_EACH).into_bytes();
        let value = load::value(self.client, self.number).into_bytes();
        let request = PutRequest { key, value }.encode_to_vec();
        let answer = self.connection.call(&request).await.map_err(|error| format!("etcd: {error}"))?;
        let answer = PutResponse::decode(answer).map_err(|error| format!("etcd: {error}"))?;
        let revision = answer.header.unwrap_or_default().revision;
        if revision <= self.revision {
            return Err(format!("etcd: revision {revision} after {}", self.revision));
        }
        self.revision = revision;
        Ok(())
    }
}
