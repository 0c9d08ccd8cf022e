//! The second peer: NATS JetStream, Debian's `nats-server`. A stream with three replicas in files; each message is
//! published with a reply subject and counts when the stream's acknowledgement with its number has come. As it ships, it
//! does not flush a message to the disk before it acknowledges it. Between the servers there is mutual TLS, as between our nodes.

use std::{fs, net::SocketAddr, time::Duration};

use bytes::BytesMut;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    time::{Instant, sleep, timeout},
};

use super::{
    load::{self, Client},
    peer::{self, Peer},
};
use crate::{
    Result,
    fanout::nats::{Operation, take},
};

/// Its program.
pub(crate) const PROGRAM: &str = "nats-server";
/// What to install where it is missing.
pub(crate) const PACKAGE: &str = "nats-server";
const STREAM: &str = "BENCH";
/// How long a cluster may take to make the stream.
const READY_WITHIN: Duration = Duration::from_secs(30);
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How long one acknowledgement may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(12);

/// Starts three servers and makes the stream; where their clients connect.
pub(crate) async fn start() -> Result<(Peer, Vec<SocketAddr>)> {
    let program = peer::program(PROGRAM).ok_or_else(|| format!("apt-get install {PACKAGE}"))?;
    let mut running = Peer::new("jetstream")?;
    let ports = peer::ports()?;
    let routes: Vec<_> = ports.iter().map(|(_, peer)| format!("nats://{peer}")).collect();
    let certificates = peer::certificates(&running.folder)?;
    for ((at, (client, peer)), certificate) in ports.iter().enumerate().zip(&certificates) {
        let store = running.folder.join(format!("n{at}"));
        let config = running.folder.join(format!("n{at}.conf"));
        fs::write(
            &config,
            format!(
                "server_name: n{at}\nlisten: \"{client}\"\njetstream {{ store_dir: \"{}\", max_file_store: 20GB }}\n\
                 cluster {{\n  name: bench\n  listen: \"{peer}\"\n  routes: [\"{}\"]\n  tls {{\n    ca_file: \"{}\"\n    cert_file: \
                 \"{}\"\n    key_file: \"{}\"\n    verify: true\n  }}\n}}\n",
                store.display(),
                routes.join("\", \""),
                certificate.ca.display(),
                certificate.own.display(),
                certificate.key.display(),
            ),
        )?;
        running.spawn(Command::new(&program).arg("-c").arg(&config))?;
    }
    let addresses: Vec<_> = ports.into_iter().map(|(client, _)| client).collect();
    make_stream(addresses[0]).await.map_err(|error| format!("{error}{}", running.last_words()))?;
    Ok((running, addresses))
}

async fn make_stream(address: SocketAddr) -> Result<()> {
    let config = json!({
        "name": STREAM, "subjects": ["bench.>"], "retention": "limits", "storage": "file", "num_replicas": 3,
    })
    .to_string();
    let until = Instant::now() + READY_WITHIN;
    loop {
        let asked = async {
            let mut publisher = connect(address, 0).await?;
            publisher.ask(&format!("$JS.API.STREAM.CREATE.{STREAM}"), config.as_bytes()).await
        };
        let last = match timeout(AGAIN_AFTER * 4, asked).await {
            Ok(Ok(answer)) if answer.get("config").is_some() => return Ok(()),
            Ok(Ok(answer)) => answer.to_string(),
            Ok(Err(error)) => error,
            Err(_) => "no answer".to_owned(),
        };
        if Instant::now() > until {
            return Err(format!("the stream could not be made: {last}").into());
        }
        sleep(AGAIN_AFTER).await;
    }
}

/// A client that publishes.
pub(crate) struct Publisher {
    stream: TcpStream,
    input: BytesMut,
    inbox: String,
    client: usize,
    number: u64,
}

/// Connects the client of that number.
pub(crate) async fn connect(address: SocketAddr, client: usize) -> std::result::Result<Publisher, String> {
    let text = |error: std::io::Error| format!("JetStream: {error}");
    let stream = TcpStream::connect(address).await.map_err(text)?;
    stream.set_nodelay(true).map_err(text)?;
    let inbox = format!("_INBOX.bench{client}");
    let mut publisher = Publisher { stream, input: BytesMut::with_capacity(4096), inbox, client, number: 0 };
    let hello = format!(
        "CONNECT {{\"verbose\":false,\"pedantic\":false,\"protocol\":1}}\r\nSUB {} 1\r\nPING\r\n",
        publisher.inbox
    );
    publisher.stream.write_all(hello.as_bytes()).await.map_err(text)?;
    while publisher.next().await? != Operation::Pong {}
    Ok(publisher)
}

impl Publisher {
    async fn next(&mut self) -> std::result::Result<Operation, String> {
        let text = |error: std::io::Error| format!("JetStream: {error}");
        loop {
            match take(&mut self.input).map_err(text)? {
                Some(Operation::Ping) => self.stream.write_all(b"PONG\r\n").await.map_err(text)?,
                Some(operation) => return Ok(operation),
                None => {
                    self.input.reserve(4096);
                    if self.stream.read_buf(&mut self.input).await.map_err(text)? == 0 {
                        return Err("JetStream: the server has closed the connection".to_owned());
                    }
                }
            }
        }
    }

    /// Publishes with the inbox as the subject of the reply, and waits for it.
    async fn exchange(&mut self, subject: &str, payload: &[u8]) -> std::result::Result<BytesMut, String> {
        let mut message = format!("PUB {subject} {} {}\r\n", self.inbox, payload.len()).into_bytes();
        message.extend_from_slice(payload);
        message.extend_from_slice(b"\r\n");
        self.stream.write_all(&message).await.map_err(|error| format!("JetStream: {error}"))?;
        loop {
            if let Operation::Message(reply) = self.next().await? {
                return Ok(reply);
            }
        }
    }

    async fn ask(&mut self, subject: &str, payload: &[u8]) -> std::result::Result<Value, String> {
        let reply = self.exchange(subject, payload).await?;
        serde_json::from_slice(&reply).map_err(|error| format!("JetStream: {error}"))
    }
}

impl Client for Publisher {
    async fn put(&mut self) -> std::result::Result<(), String> {
        self.number += 1;
        let value = load::value(self.client, self.number);
        let subject = format!("bench.{}", self.client);
        let reply = timeout(ANSWER_WITHIN, self.exchange(&subject, value.as_bytes())).await;
        let reply = reply.map_err(|_| "JetStream: no acknowledgement within 12 s")??;
        if is_acknowledgement(&reply) {
            return Ok(());
        }
        Err(format!("JetStream refused: {}", String::from_utf8_lossy(&reply)))
    }
}

/// Whether the stream says that it has the message: `{"stream":"BENCH","seq":7}`, and no error.
fn is_acknowledgement(reply: &[u8]) -> bool {
    let has = |what: &[u8]| reply.windows(what.len()).any(|window| window == what);
    has(b"\"seq\":") && !has(b"\"error\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_number_acknowledges() {
        assert!(is_acknowledgement(br#"{"stream":"BENCH","seq":7}"#));
        assert!(!is_acknowledgement(br#"{"error":{"code":503},"stream":"BENCH","seq":0}"#));
        assert!(!is_acknowledgement(b"{}"));
    }
}
