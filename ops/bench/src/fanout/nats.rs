//! The peer: Debian's `nats-server` with its WebSocket listener, without TLS. It neither stores nor agrees, filters no
//! rights, and resumes nothing: it is what pushing bytes to many sockets costs. Protocol: `INFO CONNECT SUB PUB MSG PING
//! PONG` as text lines over binary frames.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use node::local::free_port;
use tokio::{
    process::{Child, Command},
    sync::watch,
    time::{MissedTickBehavior, interval, sleep},
};

use super::{Board, STALLED_RECEIVE_BYTES, Slot, client_address, wait};
use crate::{
    Result,
    stage::unix_ms,
    websocket::{Socket, Target},
};

/// Where Debian puts it.
const PROGRAMS: [&str; 2] = ["/usr/sbin/nats-server", "nats-server"];
/// What is published under.
const SUBJECT: &str = "picture";
/// Bytes of a line of the protocol.
const LINE_BYTES_MAX: usize = 64 * 1024;
/// Number and time in front of a payload.
const STAMP_BYTES: usize = 16;
/// Pause before a socket that could not be opened is tried again, times the reader's number modulo 10.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// A running server; it ends with this.
pub(crate) struct Server {
    child: Child,
    /// Its WebSocket listener.
    pub(crate) address: SocketAddr,
    /// What it says of its version.
    pub(crate) version: String,
}

impl Server {
    /// Writes its configuration into `folder` and starts it, with the bounds that a node has: the time for one write, and
    /// the bytes that wait for one socket.
    pub(crate) async fn start(folder: &Path) -> Result<Self> {
        let program = PROGRAMS.iter().map(PathBuf::from).find(|program| program.exists() || !program.is_absolute());
        let program = program.ok_or("apt-get install nats-server")?;
        let version = std::process::Command::new(&program).arg("--version").output();
        let version = version.map_err(|error| format!("nats-server ({error}): apt-get install nats-server"))?;
        let version = String::from_utf8_lossy(&version.stdout).trim().to_owned();
        let (own, websocket) = (free_port()?, free_port()?);
        let (own, websocket) = (own.local_addr()?, websocket.local_addr()?);
        let config = folder.join("nats.conf");
        fs::write(
            &config,
            format!(
                "host: 127.0.0.1\nport: {}\nmax_connections: 20000\nmax_pending: 4MB\nwrite_deadline: \"5s\"\n\
                 websocket {{\n  host: 127.0.0.1\n  port: {}\n  no_tls: true\n}}\n",
                own.port(),
                websocket.port()
            ),
        )?;
        let log = fs::File::create(folder.join("nats.log"))?;
        let child = Command::new(&program)
            .arg("-c")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let server = Self { child, address: websocket, version };
        let is_up = wait(Duration::from_secs(10), || std::net::TcpStream::connect(websocket).is_ok()).await;
        if is_up { Ok(server) } else { Err("nats-server does not listen within 10 s".into()) }
    }

    /// Its process.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.id()
    }
}

/// One message of the protocol, as far as a client needs it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Message(BytesMut),
    Ping,
    Pong,
    Other,
}

/// Takes the next whole operation from the stream; `None` when there is none yet.
pub(crate) fn take(input: &mut BytesMut) -> io::Result<Option<Operation>> {
    let Some(end) = input.windows(2).position(|window| window == b"\r\n") else {
        let is_long = input.len() > LINE_BYTES_MAX;
        return if is_long { Err(io::Error::new(io::ErrorKind::InvalidData, "a line is too long")) } else { Ok(None) };
    };
    let line = &input[..end];
    let operation = match line {
        _ if line.starts_with(b"MSG ") => {
            let size = line.rsplit(|byte| *byte == b' ').next().and_then(|size| std::str::from_utf8(size).ok());
            let size: usize = size.and_then(|size| size.parse().ok()).unwrap_or(usize::MAX);
            if size > LINE_BYTES_MAX {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "a message has no size"));
            }
            if input.len() < end + 2 + size + 2 {
                return Ok(None);
            }
            input.advance(end + 2);
            let payload = input.split_to(size);
            input.advance(2);
            return Ok(Some(Operation::Message(payload)));
        }
        b"PING" => Operation::Ping,
        b"PONG" => Operation::Pong,
        _ => Operation::Other,
    };
    input.advance(end + 2);
    Ok(Some(operation))
}

/// A client.
struct Client {
    socket: Socket,
    input: BytesMut,
}

impl Client {
    async fn open(target: &Target, subscribes: bool) -> io::Result<Self> {
        let mut client = Self { socket: Socket::open(target).await?, input: BytesMut::new() };
        let subscription = if subscribes { format!("SUB {SUBJECT} 1\r\n") } else { String::new() };
        let hello =
            format!("CONNECT {{\"verbose\":false,\"pedantic\":false,\"protocol\":1}}\r\n{subscription}PING\r\n");
        client.socket.send(hello.as_bytes()).await?;
        while client.next().await? != Operation::Pong {}
        Ok(client)
    }

    async fn next(&mut self) -> io::Result<Operation> {
        loop {
            match take(&mut self.input)? {
                Some(Operation::Ping) => self.socket.send(b"PONG\r\n").await?,
                Some(operation) => return Ok(operation),
                None => {
                    let payload = self.socket.next().await?;
                    if self.input.is_empty() { self.input = payload } else { self.input.extend_from_slice(&payload) }
                }
            }
        }
    }
}

fn target(address: SocketAddr, at: usize, stalls: bool) -> Target {
    let receive_bytes = stalls.then_some(STALLED_RECEIVE_BYTES);
    Target { address, from: client_address(at), path: "/", headers: String::new(), receive_bytes }
}

/// Reads until it is stopped (by dropping it) or let go. Ready when the server has answered the subscription.
pub(crate) async fn read(address: SocketAddr, at: usize, board: Arc<Board>, slot: Arc<Slot>) {
    let target = target(address, at, slot.stalls);
    let mut client = loop {
        match Client::open(&target, true).await {
            Ok(client) => break client,
            Err(_) => {
                board.failed_opens.fetch_add(1, Ordering::Relaxed);
                sleep(AGAIN_AFTER * u32::try_from(1 + at % 10).unwrap_or(1)).await;
            }
        }
    };
    board.ready.fetch_add(1, Ordering::Relaxed);
    if slot.stalls {
        return std::future::pending().await;
    }
    let mut last = None;
    while let Ok(operation) = client.next().await {
        let Operation::Message(payload) = operation else { continue };
        let Some((number, at_ms)) = stamp(&payload) else { continue };
        if last.is_some_and(|last| number != last + 1) {
            slot.breaks.fetch_add(1, Ordering::Relaxed);
        }
        last = Some(number);
        slot.take(&payload);
        board.deliveries.fetch_add(1, Ordering::Relaxed);
        if board.measures.load(Ordering::Relaxed) {
            board.latency.put(unix_ms().saturating_sub(at_ms), 1);
        }
    }
    slot.ended.store(true, Ordering::Relaxed);
}

fn stamp(payload: &[u8]) -> Option<(u64, u64)> {
    let (number, rest) = payload.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*number), u64::from_be_bytes(*rest.first_chunk::<8>()?)))
}

/// Publishes `per_s` times a second until it is stopped; how many.
pub(crate) async fn publish(
    address: SocketAddr,
    per_s: f64,
    payload_bytes: usize,
    stopped: watch::Receiver<bool>,
) -> io::Result<u64> {
    let mut client = Client::open(&target(address, 0, false), false).await?;
    let mut tick = interval(Duration::from_secs_f64(1.0 / per_s));
    tick.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut payload = vec![b'x'; payload_bytes.max(STAMP_BYTES)];
    let mut number = 0_u64;
    while !*stopped.borrow() {
        tick.tick().await;
        number += 1;
        payload[..8].copy_from_slice(&number.to_be_bytes());
        payload[8..STAMP_BYTES].copy_from_slice(&unix_ms().to_be_bytes());
        let mut message = format!("PUB {SUBJECT} {}\r\n", payload.len()).into_bytes();
        message.extend_from_slice(&payload);
        message.extend_from_slice(b"\r\n");
        client.socket.send(&message).await?;
    }
    // What was sent has been taken when this is answered.
    client.socket.send(b"PING\r\n").await?;
    while client.next().await? != Operation::Pong {}
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_read_in_pieces() {
        let whole = b"INFO {\"a\":1}\r\nMSG picture 1 5\r\na\r\nbc\r\nPING\r\nPONG\r\n";
        let mut input = BytesMut::new();
        let mut got = Vec::new();
        for byte in whole {
            input.extend_from_slice(&[*byte]);
            got.extend(take(&mut input).unwrap());
        }
        let message = Operation::Message(BytesMut::from(&b"a\r\nbc"[..]));
        assert_eq!(got, [Operation::Other, message, Operation::Ping, Operation::Pong]);
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(take(&mut BytesMut::from(&b"MSG a b c\r\n"[..])).is_err());
        assert!(take(&mut BytesMut::from(&vec![b'x'; LINE_BYTES_MAX + 1][..])).is_err());
        assert_eq!(stamp(&[0; 15]), None);
        assert_eq!(stamp(&[0; 16]), Some((0, 0)));
    }
}
