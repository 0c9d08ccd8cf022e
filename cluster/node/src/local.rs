//! A cluster of real processes on this machine, on loopback: for the demo, the drills and the benchmarks.

use std::{
    collections::VecDeque,
    error::Error,
    fs::{self, File},
    io,
    net::{SocketAddr, TcpListener},
    ops::Range,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::init::{NewNode, init};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The first administrator of a local cluster.
pub const ADMIN: &str = "quan-tri";

/// How long a node may take to be ready: opening RocksDB and electing nine leaders on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(60);

/// How long a node may take to stop when asked.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// One node of a local cluster.
pub struct LocalNode {
    /// Its id.
    pub id: u64,
    /// Its folder.
    pub home: PathBuf,
    /// Origin of its gateway.
    pub url: String,
    /// Its MQTT endpoint.
    pub mqtt: SocketAddr,
    /// Where it listens for the other nodes.
    pub peer: SocketAddr,
    /// Another program than the cluster's; from its next start on.
    pub program: Option<PathBuf>,
    /// What its process has in its environment beside what this one has.
    pub environment: Vec<(String, PathBuf)>,
    child: Option<Child>,
}

impl LocalNode {
    /// The node of this folder. It does not run.
    fn open(home: PathBuf) -> Result<Self> {
        let config = crate::config::NodeConfig::load(&home)?;
        Ok(Self {
            id: config.node,
            home,
            url: format!("http://{}", config.gateway.listen),
            mqtt: config.mqtt.map_or(config.gateway.listen, |mqtt| mqtt.listen),
            peer: config.peer.listen,
            program: None,
            environment: Vec::new(),
            child: None,
        })
    }
}

/// Nodes that run as child processes; they end with it.
pub struct LocalCluster {
    program: PathBuf,
    /// The nodes, by id.
    pub nodes: Vec<LocalNode>,
    /// Password of [`ADMIN`].
    pub password: String,
}

impl LocalCluster {
    /// Makes a cluster of `count` nodes in `folder`, or opens the one that is there. Ports are taken from `first_port`
    /// on, three a node; 0 takes free ones. Nothing runs yet.
    pub fn make(program: &Path, folder: &Path, count: u64, first_port: u16) -> Result<Self> {
        let password_file = folder.join("admin.password");
        if !folder.join("node-1").exists() {
            let mut ports = Ports { next: first_port };
            let nodes = (1..=count)
                .map(|id| {
                    Ok(NewNode {
                        id,
                        host: "127.0.0.1".to_owned(),
                        peer: ports.next()?,
                        gateway: ports.next()?,
                        mqtt: ports.next()?,
                        tls: false,
                    })
                })
                .collect::<Result<Vec<_>>>()?;
            let password = crate::init::random_hex(8)?;
            init(folder, "local", &nodes, ADMIN, &password)?;
            fs::write(&password_file, password)?;
        }
        let mut nodes = Vec::new();
        for id in 1..=count {
            nodes.push(LocalNode::open(folder.join(format!("node-{id}")))?);
        }
        let password = fs::read_to_string(password_file)?.trim().to_owned();
        Ok(Self { program: program.to_owned(), nodes, password })
    }

    fn node(&mut self, id: u64) -> Result<&mut LocalNode> {
        self.nodes.iter_mut().find(|node| node.id == id).ok_or_else(|| format!("no node {id}").into())
    }

    /// Kills a node, and has the one whose folder is `home` in its place from then on, with its environment and under an id of its
    /// own, which is told. It does not run yet.
    pub fn stand_in(&mut self, old: u64, home: PathBuf) -> Result<u64> {
        let stands_in = LocalNode::open(home)?;
        self.kill(old)?;
        let node = self.node(old)?;
        let environment = std::mem::take(&mut node.environment);
        *node = LocalNode { environment, ..stands_in };
        Ok(node.id)
    }

    /// Starts every node that does not run.
    pub fn start(&mut self) -> Result<()> {
        for id in self.nodes.iter().map(|node| node.id).collect::<Vec<_>>() {
            self.start_node(id)?;
        }
        Ok(())
    }

    /// Starts one node; what it logs goes to `node.log` in its folder.
    pub fn start_node(&mut self, id: u64) -> Result<()> {
        let program = self.program.clone();
        let node = self.node(id)?;
        if node.child.is_some() {
            return Ok(());
        }
        let log = File::options().create(true).append(true).open(node.home.join("node.log"))?;
        let child = Command::new(node.program.as_ref().unwrap_or(&program))
            .arg("start")
            .arg(&node.home)
            // Receivers of notices are on loopback as well: a proxy of the machine's would not find them.
            .env("NO_PROXY", "127.0.0.1,localhost")
            .envs(node.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        node.child = Some(child);
        Ok(())
    }

    /// `kill -9`.
    pub fn kill(&mut self, id: u64) -> Result<()> {
        if let Some(mut child) = self.node(id)?.child.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// Process id of a running node.
    pub fn pid(&mut self, id: u64) -> Result<Option<u32>> {
        Ok(self.node(id)?.child.as_ref().map(Child::id))
    }

    /// Whether the node's process has ended, by itself or by a signal.
    pub fn has_ended(&mut self, id: u64) -> Result<bool> {
        let node = self.node(id)?;
        if let Some(child) = &mut node.child
            && child.try_wait()?.is_some()
        {
            node.child = None;
        }
        Ok(node.child.is_none())
    }

    /// Asks a node to stop.
    pub fn ask_to_stop(&mut self, id: u64) -> Result<()> {
        if let Some(child) = &self.node(id)?.child {
            Command::new("kill").arg("-TERM").arg(child.id().to_string()).status()?;
        }
        Ok(())
    }

    /// Asks every node to stop, and kills what has not after a while.
    pub fn stop(&mut self) -> Result<()> {
        let ids: Vec<u64> = self.nodes.iter().map(|node| node.id).collect();
        for id in &ids {
            let _ = self.ask_to_stop(*id);
        }
        let until = Instant::now() + STOP_WITHIN;
        for id in &ids {
            while !self.has_ended(*id)? && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(50));
            }
            self.kill(*id)?;
        }
        Ok(())
    }

    /// Waits until every running node says that it is ready.
    pub async fn ready(&mut self) -> Result<()> {
        let http = reqwest::Client::builder()
            .use_preconfigured_tls(crate::client::tls::config(None)?)
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()?;
        let until = Instant::now() + READY_WITHIN;
        for node in &mut self.nodes {
            let Some(child) = &mut node.child else { continue };
            loop {
                if let Some(status) = child.try_wait()? {
                    let log = node.home.join("node.log");
                    return Err(format!("node {} ended ({status}): see {}", node.id, log.display()).into());
                }
                let said = match http.get(format!("{}/ready", node.url)).send().await {
                    Ok(answer) if answer.status().is_success() => break,
                    Ok(answer) => answer.text().await.unwrap_or_default(),
                    Err(error) => error.to_string(),
                };
                if Instant::now() > until {
                    let log = node.home.join("node.log");
                    return Err(format!("node {} is not ready ({said}): see {}", node.id, log.display()).into());
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        Ok(())
    }

    /// Origins of all nodes.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.url.clone()).collect()
    }
}

impl Drop for LocalCluster {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            if let Some(mut child) = node.child.take() {
                let _ = child.kill();
                let _ = child.wait();
            }
        }
    }
}

/// Where [`free_port`] looks: below the ports that the system gives to outgoing connections (Linux: from 32768, IANA: from
/// 49152), and above those of well-known services.
const FREE_PORTS: Range<u16> = 10_000..32_000;
/// Ports that are tried before there is none.
const FREE_PORT_TRIES: u32 = 1000;
/// Ports that were given last and are not given again: whoever has one may not listen on it yet, or not at the moment.
const GIVEN_MAX: usize = 256;
static GIVEN: Mutex<VecDeque<u16>> = Mutex::new(VecDeque::new());

/// A free port of loopback for a process that may be stopped and started again: no outgoing connection takes it meanwhile.
/// This process gives no other of its clusters the same one soon.
///
/// # Errors
/// All that were tried are taken.
pub fn free_port() -> io::Result<TcpListener> {
    let mut taken = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..FREE_PORT_TRIES {
        let drawn = getrandom::u32().map_err(|e| io::Error::other(e.to_string()))?;
        let port = FREE_PORTS.start + u16::try_from(drawn % u32::from(FREE_PORTS.end - FREE_PORTS.start)).unwrap_or(0);
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(listener) => {
                let mut given = GIVEN.lock().unwrap_or_else(PoisonError::into_inner);
                if given.contains(&port) {
                    continue;
                }
                if given.len() >= GIVEN_MAX {
                    given.pop_front();
                }
                given.push_back(port);
                return Ok(listener);
            }
            Err(error) => taken = error,
        }
    }
    Err(taken)
}

/// Ports in a row, or free ones.
struct Ports {
    /// The next of those in a row; 0: a free one.
    next: u16,
}

impl Ports {
    fn next(&mut self) -> Result<SocketAddr> {
        if self.next == 0 {
            return Ok(free_port()?.local_addr()?);
        }
        let port = self.next;
        self.next = port.checked_add(1).ok_or("choose a lower first port")?;
        Ok(SocketAddr::from(([127, 0, 0, 1], port)))
    }
}
