//! Three nodes in one process, with real peers on loopback and disks in memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
    net::TcpListener,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
    time::Duration,
};

use bytes::Bytes;
use domain::GroupId;
use futures::future::BoxFuture;
use peer::{Handler, Identity, Peers, StreamReceiver, StreamSender, authority::Authority};
use raft::{Groups, NodeId, disk::Disk, memory::MemoryDisk};

/// Hands peers' messages to consensus.
#[derive(Default)]
struct ToGroups(OnceLock<Groups>);

impl Handler for ToGroups {
    fn call(&self, from: NodeId, kind: u16, payload: Bytes) -> BoxFuture<'static, Result<Bytes, String>> {
        let groups = self.0.get().cloned();
        Box::pin(async move { groups.ok_or("starting")?.serve_call(from, kind, payload).await })
    }
    fn stream(&self, _from: NodeId, kind: u16, header: Bytes, tx: StreamSender, rx: StreamReceiver) {
        if let Some(groups) = self.0.get().cloned() {
            tokio::spawn(async move { groups.serve_stream(kind, header, tx, rx).await });
        }
    }
    fn live(&self, from: NodeId, topic: u16, key: Bytes, value: Bytes) {
        if let Some(groups) = self.0.get() {
            groups.serve_live(from, topic, &key, &value);
        }
    }
}

/// One node.
pub struct TestNode {
    pub groups: Groups,
    pub peers: Peers,
}

impl TestNode {
    /// Gone without a word, but for its disk.
    pub async fn crash(self) {
        self.peers.shutdown().await;
        self.groups.shutdown().await;
    }
}

/// A cluster of nodes 1 to n.
pub struct TestCluster {
    folder: PathBuf,
    authority: Authority,
    founders: u64,
    pub disks: BTreeMap<NodeId, Arc<dyn Disk>>,
    pub nodes: BTreeMap<NodeId, TestNode>,
    ports: BTreeMap<NodeId, u16>,
}

impl TestCluster {
    pub async fn start(name: &str, count: u64) -> Self {
        Self::start_on(name, (0..count).map(|_| MemoryDisk::default()).collect()).await
    }

    /// One node on each of these disks.
    pub async fn start_on(name: &str, disks: Vec<MemoryDisk>) -> Self {
        Self::start_over(name, disks.into_iter().map(|disk| Arc::new(disk) as _).collect()).await
    }

    /// The same on disks of any sort.
    pub async fn start_over(name: &str, disks: Vec<Arc<dyn Disk>>) -> Self {
        let count = disks.len() as u64;
        let folder = std::env::temp_dir().join(format!("trongdong-raft-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        let authority = Authority::create(&folder.join("authority"), "test").unwrap();
        let (nodes, ports) = (BTreeMap::new(), BTreeMap::new());
        let mut cluster = Self { folder, authority, founders: count, disks: BTreeMap::new(), nodes, ports };
        for (id, disk) in (1..).zip(disks) {
            cluster.furnish(id, disk);
        }
        for id in 1..=count {
            cluster.restart(id).await;
        }
        let founders = (1..=count).map(|id| (id, cluster.address(id))).collect();
        for node in cluster.nodes.values() {
            node.groups.initialize(&founders).await.unwrap();
        }
        cluster
    }

    fn furnish(&mut self, id: NodeId, disk: Arc<dyn Disk>) {
        let home = self.folder.join(id.to_string());
        std::fs::create_dir_all(&home).unwrap();
        self.authority.issue_node(&home, "test", id, &["localhost".to_owned()]).unwrap();
        self.disks.insert(id, disk);
        self.ports.insert(id, free_port());
    }

    /// Makes and starts a node with an empty disk, which nobody knows yet.
    pub async fn add(&mut self, id: NodeId) {
        self.furnish(id, Arc::new(MemoryDisk::default()));
        self.restart(id).await;
    }

    /// Where a node is reached.
    pub fn address(&self, id: NodeId) -> raft::Node {
        raft::Node { peer_address: format!("127.0.0.1:{}", self.ports[&id]), public_url: String::new() }
    }

    /// Starts a node that is not running, on the disk that it has. It is told where the founders are, and has to learn from
    /// the log where the others are.
    pub async fn restart(&mut self, id: NodeId) {
        let handler = Arc::new(ToGroups::default());
        let home = self.folder.join(id.to_string());
        let certificate = |file: &str| std::fs::read_to_string(home.join(file)).unwrap();
        let identity = Identity {
            cluster: "test".to_owned(),
            node: id,
            ca_pem: std::fs::read_to_string(self.folder.join("authority/ca.pem")).unwrap(),
            cert_pem: certificate("node.pem"),
            key_pem: certificate("node.key"),
        };
        let listen = format!("127.0.0.1:{}", self.ports[&id]).parse().unwrap();
        let peers = Peers::start(identity, listen, handler.clone()).await.unwrap();
        for founder in 1..=self.founders {
            peers.set_address(founder, &self.address(founder).peer_address);
        }
        let disk = self.disks[&id].clone();
        let groups = Groups::start(id, 7, disk, peers.clone()).await.unwrap();
        let _ = handler.0.set(groups.clone());
        self.nodes.insert(id, TestNode { groups, peers });
    }

    /// The node that leads `group` and is ready for it.
    pub async fn leader(&self, group: GroupId) -> NodeId {
        let wait = async {
            loop {
                for (id, node) in &self.nodes {
                    if node.groups.lead_watch(group).borrow().is_self_ready {
                        return *id;
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("a leader within 20 s")
    }

    /// Gives the lead of `group` to a node. It is asked for again until it is there: whoever is to lead may be behind, and then
    /// nothing comes of it.
    pub async fn hand_over(&self, group: GroupId, to: NodeId) {
        let mut lead = self.nodes[&to].groups.lead_watch(group);
        for _ in 0..60 {
            let leader = self.leader(group).await;
            if leader != to {
                self.nodes[&leader].groups.transfer_leader(group, to).await;
            }
            let ready = tokio::time::timeout(Duration::from_secs(1), lead.wait_for(|lead| lead.is_self_ready)).await;
            if ready.is_ok_and(|ready| ready.is_ok()) {
                return;
            }
        }
        panic!("node {to} does not come to lead group {group}");
    }

    pub async fn stop(mut self) {
        for (_, node) in std::mem::take(&mut self.nodes) {
            node.crash().await;
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Ports of all nodes of this program, also of those that do not listen yet or are down: each is given once.
static GIVEN: Mutex<BTreeSet<u16>> = Mutex::new(BTreeSet::new());

/// Below the ports of outgoing connections (Linux: from 32768), one of which may take a node's port while the node is down.
fn free_port() -> u16 {
    let drawn = |_| 10_000 + u16::try_from(RandomState::new().hash_one(()) % 20_000).unwrap();
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok() && GIVEN.lock().unwrap().insert(*port);
    (0..1000).map(drawn).find(is_free).unwrap()
}
