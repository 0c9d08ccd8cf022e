//! Nodes on loopback with certificates of their own authority.
#![allow(dead_code, reason = "each test file uses its part")]

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use peer::authority::Authority;
use peer::{BoxFuture, Bytes, Handler, Identity, NodeId, PeerError, Peers, StreamReceiver, StreamSender};
use tokio::sync::mpsc;

pub(crate) const CLUSTER: &str = "test-province";
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Answers with what was asked, and who asked.
pub(crate) const ECHO: u16 = 1;
/// Never answers.
pub(crate) const NEVER: u16 = 2;
/// Answers with an error.
pub(crate) const REFUSE: u16 = 3;
/// Panics.
pub(crate) const PANIC: u16 = 4;
/// Answers with more than a frame holds.
pub(crate) const HUGE: u16 = 5;

/// A folder that goes away with the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("trongdong-peer-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An authority and what it issues.
pub(crate) struct Province {
    pub(crate) folder: Folder,
    pub(crate) authority: Authority,
}

impl Province {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        let authority = Authority::create(&folder.path().join("ca"), CLUSTER).unwrap();
        Self { folder, authority }
    }

    pub(crate) fn identity(&self, node: NodeId) -> Identity {
        let dir = self.folder.path().join(node.to_string());
        self.authority.issue_node(&dir, CLUSTER, node, &["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        Identity::load(&dir, CLUSTER, node).unwrap()
    }
}

pub(crate) type Opened = (NodeId, u16, Bytes, StreamSender, StreamReceiver);
pub(crate) type LiveValue = (NodeId, u16, Bytes, Bytes);

struct TestHandler {
    at_work: Arc<AtomicU64>,
    streams: mpsc::Sender<Opened>,
    live: mpsc::Sender<LiveValue>,
}

impl Handler for TestHandler {
    fn call(&self, from: NodeId, kind: u16, payload: Bytes) -> BoxFuture<'static, Result<Bytes, String>> {
        let at_work = Arc::clone(&self.at_work);
        Box::pin(async move {
            match kind {
                ECHO => Ok([from.to_string().as_bytes(), b":", &payload].concat().into()),
                NEVER => {
                    at_work.fetch_add(1, Ordering::Relaxed);
                    std::future::pending().await
                }
                PANIC => panic!("a handler's own mistake"),
                HUGE => Ok(vec![0; peer::limits::MESSAGE_BYTES_MAX + 1].into()),
                _ => Err("not to be had".to_owned()),
            }
        })
    }

    fn stream(&self, from: NodeId, kind: u16, header: Bytes, tx: StreamSender, rx: StreamReceiver) {
        // A stream that no test takes is refused by dropping it.
        let _ = self.streams.try_send((from, kind, header, tx, rx));
    }

    fn live(&self, from: NodeId, topic: u16, key: Bytes, value: Bytes) {
        // Blocking, as a handler must not: so a test can hold a reader up.
        let live = self.live.clone();
        tokio::task::block_in_place(|| {
            let _ = live.blocking_send((from, topic, key, value));
        });
    }
}

/// A node with what came to it.
pub(crate) struct Node {
    pub(crate) peers: Peers,
    pub(crate) streams: mpsc::Receiver<Opened>,
    pub(crate) live: mpsc::Receiver<LiveValue>,
    /// Calls of kind [`NEVER`] that have begun.
    pub(crate) at_work: Arc<AtomicU64>,
}

pub(crate) async fn node(identity: Identity) -> Node {
    try_node(identity).await.unwrap()
}

pub(crate) async fn try_node(identity: Identity) -> Result<Node, PeerError> {
    let (stream_tx, streams) = mpsc::channel(256);
    let (live_tx, live) = mpsc::channel(1);
    let at_work = Arc::new(AtomicU64::new(0));
    let handler = Arc::new(TestHandler { at_work: Arc::clone(&at_work), streams: stream_tx, live: live_tx });
    let listen: SocketAddr = "127.0.0.1:0".parse().unwrap();
    Ok(Node { peers: Peers::start(identity, listen, handler).await?, streams, live, at_work })
}

impl Node {
    pub(crate) fn knows(&self, other: &Self) {
        self.peers.set_address(other.peers.node(), &other.peers.local_addr().to_string());
    }

    pub(crate) fn counter(&self, name: &str) -> u64 {
        self.peers.counters().all().into_iter().find(|(n, _)| *n == name).unwrap().1
    }

    pub(crate) async fn next_stream(&mut self) -> Opened {
        tokio::time::timeout(SOON, self.streams.recv()).await.unwrap().unwrap()
    }

    pub(crate) async fn next_live(&mut self) -> LiveValue {
        tokio::time::timeout(SOON, self.live.recv()).await.unwrap().unwrap()
    }
}

/// Nodes 1 and 2 that know each other.
pub(crate) async fn pair() -> (Province, Node, Node) {
    let province = Province::new();
    let (a, b) = (node(province.identity(1)).await, node(province.identity(2)).await);
    a.knows(&b);
    b.knows(&a);
    (province, a, b)
}

/// Looks again and again, without resting long, until it holds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    tokio::time::timeout(SOON, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("not within {SOON:?}: {what}"));
}
