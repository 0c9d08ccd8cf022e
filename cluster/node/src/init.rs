//! `trongdong init`: makes the folders of a new cluster, one per node, with certificates, keys and configuration.

use std::{
    fs, io,
    io::Write,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    str::FromStr,
};

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use peer::authority::Authority;
use serde::{Deserialize, Serialize};

use crate::config::{DiskConfig, FILE, GatewayConfig, MemberConfig, MqttConfig, NodeConfig, PeerConfig, parse_key};

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

/// Where a node will be, as a command line says it: `1=node-1.example.vn`, or with the first of three ports in a row (between
/// nodes, gateway, MQTT) behind it: `1=node-1.example.vn:7400`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePlace {
    /// Id of the node.
    pub id: u64,
    /// Name or address of its machine.
    pub host: String,
    /// The first of its ports; none: those that are given for all.
    pub first_port: Option<u16>,
}

impl FromStr for NodePlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (id, place) = text.split_once('=').ok_or("write it as 1=node1.example.vn")?;
        let id = id.parse().ok().filter(|id| *id > 0).ok_or("a node id is a number from 1")?;
        let (host, first_port) = match place.rsplit_once(':') {
            Some((host, port)) => {
                // The two that follow must be ports too.
                let port = port.parse().ok().filter(|port| (1..=u16::MAX - 2).contains(port));
                (host, Some(port.ok_or("a first port is a number from 1 to 65533")?))
            }
            None => (place, None),
        };
        Ok(Self { id, host: host.to_owned(), first_port })
    }
}

impl NodePlace {
    /// The node there, which listens at `ip`; `ports` are those for all: between nodes, gateway, MQTT.
    #[must_use]
    pub fn node(&self, ip: IpAddr, tls: bool, ports: [u16; 3]) -> NewNode {
        let [peer, gateway, mqtt] = self.first_port.map_or(ports, |first| [first, first + 1, first + 2]);
        let at = |port| SocketAddr::new(ip, port);
        NewNode { id: self.id, host: self.host.clone(), peer: at(peer), gateway: at(gateway), mqtt: at(mqtt), tls }
    }

    /// Whether it is on this machine and nobody else can reach it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

/// A cluster to be.
#[derive(Clone, Copy, Debug)]
pub struct NewCluster<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its epoch.
    pub epoch: u64,
    /// Its sealing key, 64 hexadecimal digits.
    pub sealing_key: &'a str,
    /// The first administrator; none: its state knows people already.
    pub first_admin: Option<&'a FirstAdmin>,
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
    let sealing_key = random_hex(32)?;
    let first_admin = FirstAdmin::make(&sealing_key, admin, password)?;
    let epoch = fresh_epoch()?;
    let cluster = NewCluster { name: cluster, epoch, sealing_key: &sealing_key, first_admin: Some(&first_admin) };
    make(folder, &cluster, nodes)
}

/// An epoch that no other cluster has.
///
/// # Errors
/// The system gives no randomness.
pub fn fresh_epoch() -> io::Result<u64> {
    u64::from_str_radix(&random_hex(6)?, 16).map_err(io::Error::other)
}

/// Makes the folders of a cluster, with an authority of its own.
pub fn make(
    folder: &Path,
    cluster: &NewCluster<'_>,
    nodes: &[NewNode],
) -> Result<Vec<PathBuf>, Box<dyn std::error::Error>> {
    fs::create_dir_all(folder)?;
    let authority = Authority::create(&folder.join("authority"), cluster.name)?;
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
            cluster: cluster.name.to_owned(),
            epoch: cluster.epoch,
            node: node.id,
            peer: PeerConfig { listen: node.peer },
            gateway: GatewayConfig { listen: node.gateway, tls: node.tls },
            mqtt: Some(MqttConfig { listen: node.mqtt, tls: false }),
            mqtt_client: None,
            sip: None,
            mail: None,
            oidc: None,
            disk: DiskConfig::default(),
            members: members.clone(),
            certificates: "certificates".into(),
            data: "data".into(),
            sealing_key: "sealing.key".into(),
        };
        let certificates = home.join("certificates");
        fs::create_dir_all(&certificates)?;
        let hosts = [node.host.clone(), "localhost".to_owned(), "127.0.0.1".to_owned()];
        authority.issue_node(&certificates, cluster.name, node.id, &hosts)?;
        authority.issue_server(&certificates, &hosts)?;
        write_secret(&home.join("sealing.key"), cluster.sealing_key)?;
        if let Some(first_admin) = cluster.first_admin {
            write_secret(&home.join(FIRST_ADMIN), &toml::to_string(first_admin)?)?;
        }
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

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_place_names_its_ports_or_takes_those_for_all() {
        let place: NodePlace = "2=node-2.example.vn".parse().unwrap();
        let node = place.node(Ipv4Addr::UNSPECIFIED.into(), true, [7400, 8443, 1883]);
        assert_eq!((node.id, node.peer.port(), node.gateway.port(), node.mqtt.port()), (2, 7400, 8443, 1883));
        assert!(!place.is_loopback());
        let place: NodePlace = "3=127.0.0.1:7421".parse().unwrap();
        let node = place.node(Ipv4Addr::LOCALHOST.into(), false, [7400, 8443, 1883]);
        assert_eq!((node.host.as_str(), node.peer.port(), node.mqtt.port()), ("127.0.0.1", 7421, 7423));
        assert!(place.is_loopback());
    }

    #[test]
    fn a_place_that_is_none_is_refused() {
        for text in ["node-1", "0=node-1", "x=node-1", "1=node-1:", "1=node-1:0", "1=node-1:65534"] {
            assert!(text.parse::<NodePlace>().is_err(), "{text}");
        }
    }
}
