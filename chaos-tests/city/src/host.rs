//! What stands on consensus at each node: the real actors and the real edge, over that node's groups. They live as long as the
//! node's process.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
};

use agree::world::{Crew, World};
use edge::{EdgeConfig, staged::Door};
use entity::{EntityConfig, Router};
use raft::{Groups, NodeId};

use crate::{
    bug::Mistake,
    wired::{Inward, Shown, Wired},
};

/// Nobody listens there: the city's edges have no socket.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// What seals passwords; nobody signs in with one here.
const SEALING_KEY: [u8; 32] = [7; 32];

/// What runs on one node beside consensus.
pub struct Host {
    /// Where people and screens come in.
    pub door: Door,
    /// The way to the actors.
    pub router: Router,
    is_alive: Arc<AtomicBool>,
}

/// The hosts of all nodes that are up.
pub struct Hosts {
    places: Mutex<BTreeMap<NodeId, Arc<Host>>>,
    mistake: Option<Mistake>,
    this: Weak<Self>,
}

impl Hosts {
    /// None yet.
    #[must_use]
    pub fn new(mistake: Option<Mistake>) -> Arc<Self> {
        Arc::new_cyclic(|this| Self { places: Mutex::default(), mistake, this: Weak::clone(this) })
    }

    /// The host of a node; none: nobody answers there.
    #[must_use]
    pub fn at(&self, node: NodeId) -> Option<Arc<Host>> {
        self.lock().get(&node).cloned()
    }

    /// The mistake that is made.
    #[must_use]
    pub fn mistake(&self) -> Option<Mistake> {
        self.mistake
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<NodeId, Arc<Host>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The city's browsers ask no node where the others are.
fn no_nodes() -> Vec<(u64, String)> {
    Vec::new()
}

impl Crew for Hosts {
    fn starts(&self, world: &Arc<World>, node: NodeId, groups: &Groups) {
        let is_alive = Arc::new(AtomicBool::new(true));
        let hosts = Weak::clone(&self.this);
        let wired = Wired::new(Arc::clone(world), hosts, node, groups.clone(), Arc::clone(&is_alive));
        let router = Router::over(Arc::new(wired), EntityConfig::default());
        let source = Arc::new(Shown::new(groups.clone(), self.mistake));
        let config = EdgeConfig::new(LISTEN, String::new(), SEALING_KEY);
        let door = Door::open(config, source, Arc::new(Inward(router.clone())), Arc::new(no_nodes));
        self.lock().insert(node, Arc::new(Host { door, router, is_alive }));
    }

    fn ends(&self, node: NodeId) {
        let host = self.lock().remove(&node);
        if let Some(host) = host {
            host.is_alive.store(false, Ordering::Relaxed);
            host.router.cut();
        }
    }
}
