//! `trongdong init`: makes the folders of a new cluster, one per node, with certificates, keys and configuration.

use std::{
    fs, io,
    io::Write,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use peer::authority::Authority;
use serde::{Deserialize, Serialize};

use crate::config::{FILE, GatewayConfig, MemberConfig, MqttConfig, NodeConfig, PeerConfig, parse_key};

/// Says that the node's founding was done: a founder that comes back without its data must not found again.
pub const FOUNDED: &str = "founded";

/// The account that makes all others, until somebody signs in with it and changes that.
pub const FIRST_ADMIN: &str = "first-admin.toml";

/// The first administrator, as every founder proposes it: the same bytes, so that it is made once.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FirstAdmin {
    /// Login name.
    pub id: String,
    /// argon2id hash, sealed under the cluster's key; base64.
    pub credential_sealed: String,
}

impl FirstAdmin {
    fn make(sealing_key: &str, id: &str, password: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let id = domain::PersonId::new(id)?;
        let key = parse_key(sealing_key).ok_or("the sealing key has 64 hexadecimal digits")?;
        let hash = edge::hash_password(password.as_bytes())?;
        let sealed = edge::Sealer::new(&key).seal(&edge::person_context(&id), hash.as_bytes())?;
        Ok(Self { id: id.to_string(), credential_sealed: BASE64.encode(sealed) })
    }

    /// The person to put.
    pub fn person(&self) -> Result<domain::Person, Box<dyn std::error::Error + Send + Sync>> {
        Ok(domain::Person {
            id: domain::PersonId::new(&self.id)?,
            name: "Quản trị".to_owned(),
            role: domain::Role::Admin,
            districts: Vec::new(),
            everywhere: true,
            disabled: false,
            credential_sealed: BASE64.decode(&self.credential_sealed)?.into(),
            unit: None,
        })
    }
}

/// One node to be.
#[derive(Clone, Debug)]
pub struct NewNode {
    /// Its id.
    pub id: u64,
    /// Name or address that the others and the screens use.
    pub host: String,
    /// Peer listener.
    pub peer: SocketAddr,
    /// Gateway listener.
    pub gateway: SocketAddr,
    /// MQTT listener.
    pub mqtt: SocketAddr,
    /// HTTPS at the gateway.
    pub tls: bool,
}

/// Makes `folder/node-<id>` for every node, and `folder/authority`, which only the operator keeps.
///
/// `password` is the first administrator's; who loses it before others are made makes the cluster again.
pub fn init(
    folder: &Path,
    cluster: &str,
    nodes: &[NewNode],
    admin: &str,
    password: &str,
) -> Result<Vec<PathBuf>, Box<dyn std::error::Error>> {
    fs::create_dir_all(folder)?;
    let authority = Authority::create(&folder.join("authority"), cluster)?;
    let sealing_key = random_hex(32)?;
    let first_admin = FirstAdmin::make(&sealing_key, admin, password)?;
    let epoch = u64::from_str_radix(&random_hex(6)?, 16)?;
    let members: Vec<MemberConfig> = nodes
        .iter()
        .map(|node| MemberConfig {
            id: node.id,
            peer_address: format!("{}:{}", node.host, node.peer.port()),
            public_url: format!("{}://{}:{}", if node.tls { "https" } else { "http" }, node.host, node.gateway.port()),
        })
        .collect();
    let mut folders = Vec::new();
    for node in nodes {
        let home = folder.join(format!("node-{}", node.id));
        let config = NodeConfig {
            cluster: cluster.to_owned(),
            epoch,
            node: node.id,
            peer: PeerConfig { listen: node.peer },
            gateway: GatewayConfig { listen: node.gateway, tls: node.tls },
            mqtt: Some(MqttConfig { listen: node.mqtt, tls: false }),
            mqtt_client: None,
            members: members.clone(),
            certificates: "certificates".into(),
            data: "data".into(),
            sealing_key: "sealing.key".into(),
        };
        let certificates = home.join("certificates");
        fs::create_dir_all(&certificates)?;
        let hosts = [node.host.clone(), "localhost".to_owned(), "127.0.0.1".to_owned()];
        authority.issue_node(&certificates, cluster, node.id, &hosts)?;
        authority.issue_server(&certificates, &hosts)?;
        write_secret(&home.join("sealing.key"), &sealing_key)?;
        write_secret(&home.join(FIRST_ADMIN), &toml::to_string(&first_admin)?)?;
        fs::write(home.join(FILE), toml::to_string_pretty(&config)?)?;
        folders.push(home);
    }
    Ok(folders)
}

/// `bytes` random bytes in hexadecimal.
pub fn random_hex(bytes: usize) -> io::Result<String> {
    let mut raw = vec![0; bytes];
    getrandom::fill(&mut raw).map_err(|e| io::Error::other(e.to_string()))?;
    Ok(raw.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Writes a file that only its owner can read, where none is.
pub(crate) fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}
