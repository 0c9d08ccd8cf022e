//! The lines between nodes. Each node reaches each other one through a proxy of its own, and each direction of each pair can be
//! cut or made slow: bytes stop where they are and go on later, as they do when a cable is pulled and put back.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::sleep,
};

use crate::Failure;

/// Bytes that are under way in one direction of a connection.
const CHUNK_BYTES: usize = 16 * 1024;

/// Connections that wait to be taken.
const BACKLOG: u32 = 64;
/// Between two looks whether somebody listens at a target that nobody listened at.
const PROBE_PERIOD: Duration = Duration::from_millis(20);
/// Connections that say at the same time that their target is gone; more wait.
const GONE_MAX: usize = 16;

/// One direction between two nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Nothing passes.
    pub is_cut: bool,
    /// How long each chunk takes; together with its size this bounds the bytes a second as well.
    pub delay: Duration,
}

type Lines = BTreeMap<(u64, u64), watch::Sender<Line>>;

/// All lines of a cluster. Dropping it cuts everything for good.
#[derive(Debug)]
pub struct Proxies {
    lines: Arc<Lines>,
    /// Port of the proxy through which the first node reaches the second.
    ports: BTreeMap<(u64, u64), u16>,
    _tasks: JoinSet<()>,
}

impl Proxies {
    /// Opens a proxy for each ordered pair of `nodes`, which are ids with the addresses where they listen for each other.
    ///
    /// # Errors
    /// The system gives no port.
    pub fn open(nodes: &[(u64, SocketAddr)]) -> Result<Self, Failure> {
        let pairs = || {
            nodes.iter().flat_map(|from| nodes.iter().map(move |to| (*from, *to))).filter(|(from, to)| from.0 != to.0)
        };
        let lines: Lines = pairs().map(|(from, to)| ((from.0, to.0), watch::Sender::new(Line::default()))).collect();
        let lines = Arc::new(lines);
        let (mut ports, mut tasks) = (BTreeMap::new(), JoinSet::new());
        for ((from, _), (to, address)) in pairs() {
            let reserved = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
            ports.insert((from, to), reserved.local_addr()?.port());
            let (Some(out), Some(back)) = (lines.get(&(from, to)), lines.get(&(to, from))) else { continue };
            let (is_gone, gone) = mpsc::channel(GONE_MAX);
            let pair = Pair { target: address, out: out.subscribe(), back: back.subscribe(), is_gone };
            tasks.spawn(serve(reserved, pair, gone));
        }
        Ok(Self { lines, ports, _tasks: tasks })
    }

    /// Port of the proxy through which `from` reaches `to`.
    #[must_use]
    pub fn port(&self, from: u64, to: u64) -> Option<u16> {
        self.ports.get(&(from, to)).copied()
    }

    /// Changes one direction.
    pub fn set(&self, from: u64, to: u64, line: Line) {
        if let Some(sender) = self.lines.get(&(from, to)) {
            sender.send_replace(line);
        }
    }

    /// Changes all that a node sends, or all that it is sent, or both.
    pub fn set_around(&self, node: u64, sends: Option<Line>, is_sent: Option<Line>) {
        for ((from, to), sender) in self.lines.iter() {
            let line = if *from == node {
                sends
            } else if *to == node {
                is_sent
            } else {
                None
            };
            if let Some(line) = line {
                sender.send_replace(line);
            }
        }
    }
}

/// Where the proxy of one pair leads, and the lines of both directions.
#[derive(Clone, Debug)]
struct Pair {
    target: SocketAddr,
    out: watch::Receiver<Line>,
    back: watch::Receiver<Line>,
    /// Who finds that nobody listens at the target any more says so, and waits until the proxy refuses too.
    is_gone: mpsc::Sender<oneshot::Sender<()>>,
}

/// Takes connections while somebody listens at the target, and refuses them as the target would while nobody does: nodes tell a
/// process that died from one that is slow by that.
async fn serve(reserved: TcpSocket, pair: Pair, mut gone: mpsc::Receiver<oneshot::Sender<()>>) {
    let Ok(address) = reserved.local_addr() else { return };
    let (mut reserved, mut connections) = (Some(reserved), JoinSet::new());
    loop {
        while TcpStream::connect(pair.target).await.is_err() {
            // Who says that the target is gone knows it late: nobody is let in as it is.
            while let Ok(told) = gone.try_recv() {
                let _ = told.send(());
            }
            sleep(PROBE_PERIOD).await;
        }
        let listener = match reserved.take().map_or_else(|| bind(address), Ok).and_then(|socket| socket.listen(BACKLOG))
        {
            Ok(listener) => listener,
            Err(error) => {
                // Another socket has taken the port for a moment.
                eprintln!("proxy at {address}: {error}; again");
                sleep(PROBE_PERIOD).await;
                continue;
            }
        };
        let told = loop {
            tokio::select! {
                accepted = listener.accept() => {
                    if let Ok((near, _)) = accepted {
                        connections.spawn(connect(near, pair.clone()));
                    }
                }
                Some(told) = gone.recv() => {
                    // By now somebody may listen there again.
                    if TcpStream::connect(pair.target).await.is_err() {
                        break told;
                    }
                    let _ = told.send(());
                }
                Some(_) = connections.join_next() => {}
            }
        };
        drop(listener);
        // Bound and not listening: the port stays ours, and who connects is refused.
        reserved = bind(address).ok();
        let _ = told.send(());
    }
}

fn bind(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn connect(near: TcpStream, mut pair: Pair) {
    if pair.out.wait_for(|line| !line.is_cut).await.is_err() {
        return;
    }
    if let Ok(far) = TcpStream::connect(pair.target).await {
        let _ = (near.set_nodelay(true), far.set_nodelay(true));
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        // When one direction ends, so does the other: a process that died is to be noticed at once.
        let ended = tokio::select! {
            ended = pump(near_in, far_out, pair.out.clone()) => ended,
            ended = pump(far_in, near_out, pair.back.clone()) => ended,
        };
        if TcpStream::connect(pair.target).await.is_ok() {
            return;
        }
        refuse(&pair).await;
        drop(ended);
    } else {
        refuse(&pair).await;
    }
}

async fn refuse(pair: &Pair) {
    let (told, refuses) = oneshot::channel();
    if pair.is_gone.send(told).await.is_ok() {
        let _ = refuses.await;
    }
}

/// Passes bytes on until one side ends. Gives both back, still open, so that who calls decides when the other side hears of it.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
) -> (OwnedReadHalf, OwnedWriteHalf) {
    let mut chunk = vec![0; CHUNK_BYTES];
    while let Ok(count @ 1..) = from.read(&mut chunk).await {
        let delay = line.borrow().delay;
        if !delay.is_zero() {
            sleep(delay).await;
        }
        if line.wait_for(|line| !line.is_cut).await.is_err() || to.write_all(&chunk[..count]).await.is_err() {
            break;
        }
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use tokio::{net::TcpListener, time::timeout};

    use super::*;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_direction_that_is_cut_holds_its_bytes_and_gives_them_later() {
        let target = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = target.local_addr().unwrap();
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
        let proxies = Proxies::open(&[(1, nowhere), (2, address)]).unwrap();
        let port = (Ipv4Addr::LOCALHOST, proxies.port(1, 2).unwrap());
        let (mut near, mut far) = timeout(SOON, joined(&target, port)).await.unwrap();
        let cut = Line { is_cut: true, ..Line::default() };
        proxies.set(1, 2, cut);
        near.write_all(b"there").await.unwrap();
        far.write_all(b"back").await.unwrap();
        let mut back = [0; 4];
        timeout(SOON, near.read_exact(&mut back)).await.unwrap().unwrap();
        assert_eq!(&back, b"back");
        let mut there = [0; 5];
        assert!(timeout(Duration::from_millis(50), far.read_exact(&mut there)).await.is_err());
        proxies.set(1, 2, Line::default());
        timeout(SOON, far.read_exact(&mut there)).await.unwrap().unwrap();
        assert_eq!(&there, b"there");
        // Who dies is noticed, and from then on connections are refused until somebody listens there again.
        drop((far, target));
        assert_eq!(timeout(SOON, near.read(&mut back)).await.unwrap().unwrap_or(0), 0);
        assert!(TcpStream::connect(port).await.is_err());
        let target = TcpListener::bind(address).await.unwrap();
        timeout(SOON, joined(&target, port)).await.unwrap();
    }

    /// Connects through the proxy as soon as it lets anybody in. A probe of the proxy's own ends without a byte.
    async fn joined(target: &TcpListener, port: (Ipv4Addr, u16)) -> (TcpStream, TcpStream) {
        let connected = async {
            loop {
                match TcpStream::connect(port).await {
                    Ok(mut near) => {
                        near.write_all(b"!").await.unwrap();
                        return near;
                    }
                    Err(_) => sleep(Duration::from_millis(5)).await,
                }
            }
        };
        let accepted = async {
            loop {
                let (mut far, _) = target.accept().await.unwrap();
                if far.read(&mut [0; 1]).await.unwrap_or(0) == 1 {
                    return far;
                }
            }
        };
        tokio::join!(connected, accepted)
    }
}
