//! How a district centre's node is set up.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use rustls::{ClientConfig, ServerConfig};

use crate::outbox::OutboxLimits;

/// How a district centre's node is set up.
#[derive(Clone)]
pub struct DistrictConfig {
    /// Where the room's screens reach it.
    pub listen: SocketAddr,
    /// TLS towards the room; none: plain HTTP, for loopback only.
    pub tls: Option<Arc<ServerConfig>>,
    /// Origin of this node for the room's browsers.
    pub public_url: String,
    /// Folder of the copy, of what is kept, and of people.
    pub data: PathBuf,
    /// Seals what people entered and how they sign in; this node's own, 32 random bytes.
    pub key: [u8; 32],
    /// Origins of the province's nodes, the first one first.
    pub province: Vec<String>,
    /// Whom to trust as the province.
    pub province_tls: Arc<ClientConfig>,
    /// The account whose view of the province is copied. Its scope bounds what anybody here may see.
    pub account: String,
    /// Its password at the province.
    pub password: String,
    /// Districts to copy; none: all that the account may see.
    pub districts: Vec<String>,
    /// Nouns to copy; none: all. A line too thin for readings leaves them out here.
    pub nouns: Vec<String>,
    /// What is kept while the line is cut.
    pub outbox: OutboxLimits,
    /// How long after the province let somebody in they may sign in here while the line is cut, milliseconds.
    pub sign_in_age_ms_max: u64,
}

impl std::fmt::Debug for DistrictConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // No key, no password.
        f.debug_struct("DistrictConfig").field("listen", &self.listen).field("data", &self.data).finish_non_exhaustive()
    }
}
