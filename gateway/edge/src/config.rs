//! How an edge is set up.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use ingest::mqtt::Intake;
use raft::backup::Export;
use tokio::sync::watch;

use crate::{accounts::KeyUses, files::Files, oidc::OidcConfig, operations::Operations};

/// Nodes of the cluster: id, and origin (`https://host:port`) for browsers.
pub type Nodes = Arc<dyn Fn() -> Vec<(u64, String)> + Send + Sync>;

/// Counts of other crates, for `/metrics`: names without the `trongdong_` prefix, and values.
pub type MoreMetrics = Arc<dyn Fn() -> Vec<(String, u64)> + Send + Sync>;

/// Freezes the cluster for a backup, within a deadline.
pub type Backups = Arc<dyn Fn(Duration) -> BoxFuture<'static, std::io::Result<Export>> + Send + Sync>;
/// The load forecast of this node as JSON, for `GET /api/load`.
pub type LoadForecast = Arc<dyn Fn() -> serde_json::Value + Send + Sync>;

/// How an edge is set up. [`EdgeConfig::new`] gives what only the operator knows; the rest has defaults.
#[derive(Clone)]
pub struct EdgeConfig {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// TLS, or plain HTTP when `None`. Browsers decode video and keep pages offline only over TLS or on localhost.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Origin of this node for browsers, such as `https://node1.ttdh.example:8443`.
    pub public_url: String,
    /// Seals passwords and camera credentials; the same on all nodes, and in no log.
    pub sealing_key: [u8; 32],
    /// Connections at once. At the bound a new one is closed before it says anything, and counted.
    pub connections_max: usize,
    /// Connections at once from one address.
    pub connections_per_ip_max: usize,
    /// Screens at once. At the bound a new one is told `too-many` and closed.
    pub sockets_max: usize,
    /// Screens at once from one address.
    pub sockets_per_ip_max: usize,
    /// Messages that wait for one screen. At the bound it is told `slow` and closed.
    pub socket_messages_max: usize,
    /// Bytes that wait for one screen, pictures apart. At the bound it is told `slow` and closed.
    pub socket_bytes_max: usize,
    /// Cameras marked sensitive are hidden once this node has not heard of a quorum of group 0 for so long.
    pub sensitive_hidden_after: Duration,
    /// What devices sent over MQTT and could not be recorded, for `GET /api/quarantine`.
    pub intake: Option<Arc<Intake>>,
    /// Counts of other crates.
    pub more_metrics: Option<MoreMetrics>,
    /// Where a backup comes from, for `GET /api/cluster/backup`.
    pub backup: Option<Backups>,
    /// What an administrator may ask of the cluster itself, for `/api/cluster`.
    pub operations: Option<Arc<dyn Operations>>,
    /// True while this node plays dead to screens, in a drill; none: it never does.
    pub closed: Option<watch::Receiver<bool>>,
    /// Uses of service keys at the other doors of this node.
    pub key_uses: KeyUses,
    /// A provider whose word people may sign in by; none: by password only.
    pub oidc: Option<OidcConfig>,
    /// Where photos are; none: this node stores none.
    pub files: Option<Arc<dyn Files>>,
    /// How many incidents there should be, where the node has a model for that.
    pub load: Option<LoadForecast>,
    /// Whom TLS trusts where other services notify; none: no service is subscribed to.
    pub conveyance: Option<Arc<rustls::ClientConfig>>,
}

impl EdgeConfig {
    /// An edge on `listen` without TLS.
    #[must_use]
    pub fn new(listen: SocketAddr, public_url: String, sealing_key: [u8; 32]) -> Self {
        Self {
            listen,
            tls: None,
            public_url,
            sealing_key,
            connections_max: 20_000,
            connections_per_ip_max: 2_000,
            sockets_max: 10_000,
            sockets_per_ip_max: 1_000,
            socket_messages_max: 4_096,
            socket_bytes_max: 4 * 1024 * 1024,
            sensitive_hidden_after: Duration::from_secs(60),
            intake: None,
            more_metrics: None,
            backup: None,
            operations: None,
            closed: None,
            key_uses: KeyUses::default(),
            oidc: None,
            files: None,
            load: None,
            conveyance: None,
        }
    }
}
